#!/usr/bin/env bash
# make lint: formatting, clippy without a single warning, shellcheck of every script, and what the dependencies may be (deny.toml).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
"$SCRIPTS/setup.sh"
. "$SCRIPTS/lib/postgres.sh"
cd "$ROOT"

for tool in fmt clippy; do
  cargo "$tool" --version >/dev/null 2>&1 && continue
  component=$tool
  [ "$tool" = clippy ] || component=rustfmt
  command -v rustup >/dev/null || die "cargo $tool is missing: install $component for your Rust"
  rustup component add "$component" >&2
done

say "lint: cargo fmt"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check
say "lint: cargo clippy (the first time a minute or two)"
cargo clippy --workspace --all-targets --no-default-features --features "pg$PG" -- -D warnings
command -v shellcheck >/dev/null || "$SCRIPTS/setup/packages.sh" --tests shellcheck
if command -v shellcheck >/dev/null; then
  say "lint: shellcheck"
  # The search path of sourced files: beside a script, and the values of $SCRIPTS and $ROOT.
  find .ci/run bench dashboards scripts tests '(' -name '*.sh' -o -path .ci/run ')' -exec shellcheck -S warning -x -P "SCRIPTDIR:$SCRIPTS:$ROOT" '{}' +
else
  printf 'skip shellcheck: it is not installed (Debian: shellcheck)\n'
fi
say "lint: dependencies"
"$SCRIPTS/test/dependencies.sh"
