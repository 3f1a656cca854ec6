#!/usr/bin/env bash
# What a CI server runs: make test on the default Postgres, then the regression and isolation tests on the newest, and the dashboard
# in a browser. A skip without permission is a failure (tests/skips.txt). The last line is the sum.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
. "$SCRIPTS/lib/runs.sh"
NEWEST=18

test_run "whole suite" "$SCRIPTS/test.sh" all
test_run "Postgres $NEWEST" env PG=$NEWEST PG_CONFIG= "$SCRIPTS/test.sh" regress isolation
test_run dashboard "$SCRIPTS/test/dashboard.sh"
runs_summary
