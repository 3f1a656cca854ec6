#!/usr/bin/env bash
# make lint: formatting, clippy without a single warning, and shellcheck where it is installed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$SCRIPTS/setup.sh"
. "$SCRIPTS/postgres.sh"
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
if command -v shellcheck >/dev/null; then
  say "lint: shellcheck"
  shellcheck -S warning -x -P SCRIPTDIR "$SCRIPTS"/*.sh "$ROOT"/.ci/run
fi
