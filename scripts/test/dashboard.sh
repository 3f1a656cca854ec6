#!/usr/bin/env bash
# make test-dashboard: the dashboard in a browser, in a throw-away cluster. What it needs is large: Superset from PyPI (800 MB) and Debian's chromium; where they cannot be
# had, it says so and skips. Its pictures of the tabs are left in target/test/shell/dashboard/.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"

command -v chromium >/dev/null || timeout --foreground 300 "$SCRIPTS/setup/packages.sh" --tools chromium || say "there is no chromium"
TESTS=dashboard exec "$SCRIPTS/test.sh" shell
