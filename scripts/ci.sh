#!/usr/bin/env bash
# What a CI server runs: make test on the default Postgres, then the regression and isolation tests on the newest, and the dashboard
# in a browser, where they can be had. The last line is the sum of them.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$SCRIPTS/runs.sh"
NEWEST=18

test_run "whole suite" "$SCRIPTS/test.sh" all
if env PG=$NEWEST PG_CONFIG= "$SCRIPTS/setup.sh"; then
  test_run "Postgres $NEWEST" env PG=$NEWEST PG_CONFIG= "$SCRIPTS/test.sh" regress isolation
else
  printf 'skip Postgres %s: it can not be had here\n' $NEWEST
  RUNS_SKIPPED=$((RUNS_SKIPPED + 1))
fi
test_run dashboard "$SCRIPTS/test-dashboard.sh"
runs_summary
