#!/usr/bin/env bash
# make test, and its parts: "test.sh all" or some of lint, engine, regress, isolation, shell, package. Tests against a server run in a
# throw-away cluster. The last line is "N passed, N failed[, N skipped]"; a failing lint or engine run counts as one failure, and
# so does a skip that tests/skips.txt does not permit.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
. "$SCRIPTS/lib/skips.sh"
[ "${1:-all}" != all ] || set -- lint engine regress isolation shell package

wanted() { [[ " $PARTS " == *" $1 "* ]]; }
PARTS=$*

PASSED=0
FAILED=0
SKIPPED=0
BROKEN=0
# The last line always gives the result; a run that did not reach its end has failed.
summary() {
  local line
  [ "$1" = 0 ] || [ $((FAILED + BROKEN)) -gt 0 ] || BROKEN=1
  line="$PASSED passed, $((FAILED + BROKEN)) failed"
  [ "$SKIPPED" = 0 ] || line="$line, $SKIPPED skipped"
  printf '%s\n' "$line"
  [ $((FAILED + BROKEN)) = 0 ] || exit 1
}
trap 'summary $?' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# step NAME COMMAND: a step that fails must not hide the results of the others.
step() {
  local output=$ROOT/target/test/$1.out
  mkdir -p "$ROOT/target/test"
  if ! "${@:2}" | tee "$output"; then
    printf 'FAILED %s\n' "$1"
    BROKEN=$((BROKEN + 1))
  fi
  PASSED=$((PASSED + $(grep -c '^ok ' "$output" || true)))
  count_skips "$output"
}

for name in ${TESTS:-}; do
  [ -e "$ROOT/tests/regress/sql/$name.sql" ] || [ -e "$ROOT/tests/isolation/specs/$name.spec" ] ||
    [ -n "$(find "$ROOT/tests/shell" -name "$name.sh" -perm -u+x)" ] || die "TESTS: there is no test named $name"
done

if wanted lint; then step lint "$SCRIPTS/lint.sh"; fi
if wanted engine; then step engine "$SCRIPTS/test/engine.sh"; fi

if wanted regress || wanted isolation || wanted shell; then
  if wanted shell; then "$SCRIPTS/setup.sh" && "$SCRIPTS/setup/packages.sh" --tests; fi
  "$SCRIPTS/install.sh" || { printf 'FAILED build\n'; exit 1; }
  . "$SCRIPTS/lib/server.sh"
  . "$SCRIPTS/lib/suites.sh"

  only_one "$CLUSTER" "tests of this checkout are already running"
  finish() {
    local status=$?
    as_server cat "$(cluster_log "$CLUSTER")" >"$RESULTS/server.log" 2>/dev/null || true
    cluster_drop "$CLUSTER" || true
    summary "$status"
  }
  trap finish EXIT

  mkdir -p "$RESULTS"
  cluster_init "$CLUSTER" "cluster_name = 'health_score test'"
  cluster_start "$CLUSTER"
  FILES=$(cluster_dir "$CLUSTER")/files
  stage_checkout "$FILES"
  for suite in regress isolation shell; do
    if wanted $suite; then "suite_$suite"; fi
  done
  if as_server grep -q 'was terminated by signal' "$(cluster_log "$CLUSTER")"; then
    say "a server process crashed during the tests: see target/test/server.log"
  fi
fi

if wanted package && [ -z "${TESTS:-}" ]; then step package "$SCRIPTS/test/package.sh"; fi
