#!/usr/bin/env bash
# Prepares a bare machine for the build of the extension: packages, and a server where the packages have none. Silent
# where nothing is missing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"

command -v cargo >/dev/null || die "Rust is not here: install it with rustup, then run make again"
"$SCRIPTS/setup/packages.sh"
"$SCRIPTS/setup/servers.sh"
