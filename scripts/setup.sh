#!/usr/bin/env bash
# Brings a bare machine to where the extension can be built: packages, and a server where they have none.
# Silent where nothing is missing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"

command -v cargo >/dev/null || die "Rust is not here: install it with rustup, then run make again"
"$SCRIPTS/setup/packages.sh"
"$SCRIPTS/setup/servers.sh"
