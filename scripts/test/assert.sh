#!/usr/bin/env bash
# make test-assert: regression and isolation tests on a Postgres that checks itself (--enable-cassert), where a wrong use of its
# internals stops the server; first with every query that may run in a parallel worker running in one, then with all that
# Postgres caches thrown away at every chance, so that a pointer that is held too long points to garbage.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
export ASSERTIONS=yes PG=${PG:-15}
"$SCRIPTS/setup.sh"
. "$SCRIPTS/lib/runs.sh"

parallel=debug_parallel_query
[ "$PG" != 15 ] || parallel=force_parallel_mode

# Every look at a table or type makes Postgres read its catalogs again: a score by name takes a second, and most tests hours.
# few is written for this: each function over a few rows, with models and types that change in between.
DISCARDING='few outcome survey'

test_run "parallel query forced" env TEST_OPTIONS="-c $parallel=regress" "$SCRIPTS/test.sh" regress isolation
test_run "caches discarded" env TEST_OPTIONS='-c debug_discard_caches=1' TESTS="${TESTS:-$DISCARDING}" "$SCRIPTS/test.sh" regress isolation
runs_summary
