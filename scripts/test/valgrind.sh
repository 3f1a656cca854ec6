#!/usr/bin/env bash
# make valgrind: the regression tests of what touches raw memory (TESTS="json layout": only these), in a server under valgrind. An
# error with a frame of ours fails, and so does any other that scripts/test/valgrind.supp does not know as Postgres's own. Half an hour.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
"$SCRIPTS/setup/packages.sh" --tests valgrind
command -v valgrind >/dev/null || die "valgrind is not here (Debian: valgrind)"
"$SCRIPTS/install.sh"
. "$SCRIPTS/lib/server.sh"
. "$SCRIPTS/lib/suites.sh"

# Rows, jsonb, numerics, texts read and written in their binary forms, states of aggregates, the model cache, nodes of plans.
TESTS=${TESTS:-change errors events golden json jsonb_write layout plan rollup survey trend types}
PASSED=0
FAILED=0
CLUSTER=valgrind
only_one $CLUSTER "valgrind is already running in this checkout"
trap 'cluster_drop $CLUSTER' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cluster_init $CLUSTER "cluster_name = 'health_score valgrind'" 'jit = off' 'autovacuum = off' 'statement_timeout = 0' 'max_stack_depth = 1MB'
dir=$(cluster_dir $CLUSTER)
FILES=$dir/files
stage_checkout "$FILES"
logs=$RESULTS/valgrind
rm -rf "$logs"
mkdir -p "$logs"
as_server mkdir -p "$dir/logs"
# What pg_ctl starts in the server's place. The postmaster itself is quiet; its children have a log each.
as_server tee "$dir/postgres" >/dev/null <<PROGRAM
#!/bin/sh
exec valgrind --quiet --trace-children=yes --leak-check=no --num-callers=40 --gen-suppressions=all \\
  --suppressions='$FILES/scripts/test/valgrind.supp' --log-file='$dir/logs/%p' '$BINDIR/postgres' "\$@"
PROGRAM
as_server chmod +x "$dir/postgres"
say "starting the server under valgrind"
as_server env -u RUST_BACKTRACE "$BINDIR/pg_ctl" -D "$dir/data" -p "$dir/postgres" -l "$dir/log" -s -w -t 300 start 9>&- || die "the server did not start: $(as_server tail -n 20 "$dir/log")"

mapfile -t names < <(test_names .sql "$ROOT"/tests/regress/sql/*)
say "regression tests under valgrind: ${names[*]}"
run_pg_regress regress "$PGXSDIR/../test/regress/pg_regress" "${names[@]}"
as_server "$BINDIR/pg_ctl" -D "$dir/data" -s -w -t 300 -m fast stop 9>&-
as_server tar -C "$dir/logs" -cf - . | tar -C "$logs" --no-same-owner -xf -
as_server cat "$dir/log" >"$logs/server.log"

ours=$(cat "$logs"/[0-9]* | grep -cE 'health_score\.so' || true)
errors=$(cat "$logs"/[0-9]* | grep -cE '^\{$' || true)
processes=$(find "$logs" -name '[0-9]*' | wc -l)
printf '%s tests of %s went as expected; %s processes, %s errors, %s lines of them in health_score\n' "$PASSED" "${#names[@]}" "$processes" "$errors" "$ours"
[ "$errors" = 0 ] || die "valgrind has found errors: see target/test/valgrind/"
[ "$FAILED" = 0 ] || die "a test did not go as expected: see target/test/regress/"
