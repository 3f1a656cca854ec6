# shellcheck shell=bash
# Sourced after cluster.sh and skips.sh: the three kinds of tests against a server, each adding to the caller's PASSED, FAILED, SKIPPED.
# Results and diffs end up in the checkout's target/test/. TESTS="a b" picks tests by name; TEST_OPTIONS="-c name=value" are
# settings of the sessions of pg_regress.

CLUSTER="test"
RESULTS=$ROOT/target/test
MOST_DIFF_LINES=400

# test_names SUFFIX FILE...: the names of all, in bytewise order, or of those in TESTS.
test_names() {
  local path name
  for path in "${@:2}"; do
    [ -e "$path" ] || continue
    name=$(basename "$path" "$1")
    if [ -z "${TESTS:-}" ] || [[ " $TESTS " == *" $name "* ]]; then printf '%s\n' "$name"; fi
  done | LC_ALL=C sort
}

# pg_regress wants an expected file even for a test that has none yet; an empty one gives the diff to look at.
empty_expected() {
  local directory=$1
  shift
  as_server mkdir -p "$directory"
  as_server touch "${@/#/$directory/}"
}

# run_pg_regress KIND PROGRAM NAME...: KIND is the directory under tests/. Postgres 15 writes "test x ... ok", 16 and later TAP.
run_pg_regress() {
  local kind=$1 program=$2 input=$FILES/tests/$1 output shown=$RESULTS/$1.out good
  shift 2
  output=$(cluster_dir "$CLUSTER")/$kind
  [ -x "$program" ] || die "$(basename "$program") is not in this Postgres: it comes with postgresql-server-dev-$PG"
  as_server mkdir -p "$output"
  empty_expected "$input/expected" "${@/%/.out}"
  cluster_database "$CLUSTER" "${kind}_hs"
  as_server env ${TEST_OPTIONS:+"PGOPTIONS=$TEST_OPTIONS"} "$program" --inputdir="$input" --outputdir="$output" --bindir="$BINDIR" --use-existing \
    --host="$(cluster_dir "$CLUSTER")" --port="$PGPORT_PRIVATE" --user="$SUPERUSER" --dbname="${kind}_hs" "$@" 2>&1 |
    tee "$shown" || true
  good=$(grep -cE '^(test +[^ ]+ +\.\.\. +ok|ok +[0-9]+)' "$shown" || true)
  PASSED=$((PASSED + good))
  FAILED=$((FAILED + $# - good))
  keep_results "$kind" "$output"
}

keep_results() {
  local to=$RESULTS/$1
  rm -rf "$to"
  mkdir -p "$to"
  as_server tar -C "$2" -cf - . | tar -C "$to" --no-same-owner -xf -
  [ -s "$to/regression.diffs" ] || return 0
  head -n $MOST_DIFF_LINES "$to/regression.diffs"
  say "the whole diff: target/test/$1/regression.diffs; the output in question: target/test/$1/results/"
}

suite_regress() {
  local names
  mapfile -t names < <(test_names .sql "$ROOT"/tests/regress/sql/*)
  [ ${#names[@]} -gt 0 ] || return 0
  say "regression tests"
  run_pg_regress regress "$PGXSDIR/../test/regress/pg_regress" "${names[@]}"
}

suite_isolation() {
  local names
  mapfile -t names < <(test_names .spec "$ROOT"/tests/isolation/specs/*)
  [ ${#names[@]} -gt 0 ] || return 0
  say "isolation tests"
  run_pg_regress isolation "$PGXSDIR/../test/isolation/pg_isolation_regress" "${names[@]}"
}

# The programs of the newest older Postgres that has the extension in this work directory: what pg_upgrade starts from.
older_bindir() {
  local version found
  for version in 17 16 15; do
    [ "$version" -lt "$PG" ] || continue
    found=$(find "$WORK/pg$version"* -path '*/tree/*/bin/postgres' -not -path '*.new/*' 2>/dev/null | head -n 1)
    if [ -n "$found" ] && [ -n "$(find "${found%%/tree/*}/tree" -name health_score.so | head -n 1)" ]; then
      dirname "$found"
      return
    fi
  done
}

# The test scripts, by folders of what they try. What they source lies there too, and is not executable.
shell_tests() { find "$ROOT/tests/shell" -name "${1:-*}.sh" -perm -u+x; }

# Each script has a database of its own, with the extension, and a scratch directory. It says "ok name" or
# "skip name: why" for each thing it tries; leaving with an error is one failure. What it puts into $TMPDIR/keep is kept.
run_shell_test() {
  local name=$1 script database scratch shown=$RESULTS/shell/$1.out status=0 good skipped
  script=$(shell_tests "$name")
  database=shell_${name//[^a-z0-9_]/_}
  scratch=$(cluster_dir "$CLUSTER")/scratch-$name
  as_server mkdir -p "$scratch"
  cluster_database "$CLUSTER" "$database"
  mapfile -t client < <(cluster_env "$CLUSTER" "$database")
  as_server env -C "$FILES" -u RUST_BACKTRACE -u RUST_LIB_BACKTRACE -u DATA "${client[@]}" "PATH=$BINDIR:$PATH" "BINDIR=$BINDIR" "ROOT=$FILES" \
    ${DATA_COPY:+"DATA=$DATA_COPY"} ${OLD_BINDIR:+"OLD_BINDIR=$OLD_BINDIR"} "${VENVS[@]}" \
    "TMPDIR=$scratch" "HOME=$scratch" \
    ".${script#"$ROOT"}" </dev/null 2>&1 | tee "$shown" || status=$?
  if as_server test -d "$scratch/keep"; then keep_results "shell/$name" "$scratch/keep"; fi
  good=$(grep -cE '^ok ' "$shown" || true)
  skipped=$(grep -cE '^skip [^:]+: ' "$shown" || true)
  PASSED=$((PASSED + good))
  count_skips "$shown"
  if [ "$status" != 0 ]; then
    printf 'FAILED %s (exit status %s)\n' "$name" "$status"
    FAILED=$((FAILED + 1))
  elif [ $((good + skipped)) = 0 ]; then
    printf 'FAILED %s (it said neither ok nor skip)\n' "$name"
    FAILED=$((FAILED + 1))
  fi
}

# test_venv TEST REQUIREMENTS: the test finds the Python environment in VENV_<TEST>, where one can be had.
test_venv() {
  local venv
  [[ " ${names[*]} " == *" $1 "* ]] || return 0
  if venv=$("$SCRIPTS/setup/venv.sh" "$1" "$2"); then VENVS+=("VENV_${1^^}=$venv"); fi
}

suite_shell() {
  local scripts names name bouncer data=$ROOT/../shared/data
  mapfile -t scripts < <(shell_tests)
  mapfile -t names < <(test_names .sh "${scripts[@]}")
  [ ${#names[@]} -gt 0 ] || return 0
  [ -z "$(printf '%s\n' "${names[@]}" | uniq -d)" ] || die "two test scripts have one name: $(printf '%s\n' "${names[@]}" | uniq -d)"
  say "test scripts"
  mkdir -p "$RESULTS/shell"
  VENVS=()
  test_venv pgspot "$ROOT/tests/shell/security/pgspot.txt"
  test_venv model_sql "$ROOT/tests/shell/scoring/duckdb.txt"
  test_venv dbt "$ROOT/dbt/integration_tests/requirements.txt"
  if [[ " ${names[*]} " == *" locks "* ]] && bouncer=$("$SCRIPTS/setup/pgbouncer.sh"); then VENVS+=("PGBOUNCER=$bouncer"); fi
  # Too large to be fetched unasked.
  if [[ " ${TESTS:-} " == *" dashboard "* ]]; then test_venv dashboard "$ROOT/dashboards/superset/requirements.txt"; fi
  OLD_BINDIR=${OLD_BINDIR:-$(older_bindir)}
  DATA_COPY=
  if [ -d "$data" ]; then
    DATA_COPY=$(cluster_dir "$CLUSTER")/data-sets
    as_server mkdir -p "$DATA_COPY"
    tar -C "$data" -cf - . | as_server tar -C "$DATA_COPY" --no-same-owner -xf -
  fi
  for name in "${names[@]}"; do run_shell_test "$name"; done
}
