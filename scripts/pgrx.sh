#!/usr/bin/env bash
# Owns the build tool: cargo-pgrx in the version that Cargo.toml names, knowing the chosen Postgres.
# With --check only tells, by its exit status, whether the right cargo-pgrx is there.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

version=$(sed -nE 's/^pgrx *=.*"=([0-9.]+)".*/\1/p' "$ROOT/Cargo.toml")
[ -n "$version" ] || die "Cargo.toml does not pin pgrx as \"=x.y.z\""

have_cargo_pgrx() { [ "$(cargo pgrx --version 2>/dev/null)" = "cargo-pgrx $version" ]; }

if [ "${1:-}" = --check ]; then
  have_cargo_pgrx
  exit
fi

command -v cargo >/dev/null || die "Rust is not here: install it with rustup, then run make again"

if ! have_cargo_pgrx; then
  say "building the Postgres extension tool cargo-pgrx $version (once; about 5 minutes)"
  cargo install --locked cargo-pgrx --version "$version"
fi

. "$SCRIPTS/postgres.sh"
if [ "$PG_ORIGIN" = debian ] && [ -z "$(pgrx_configured)" ]; then
  say "telling pgrx about Postgres $PG"
  unset "PG${PG}_PG_CONFIG"
  cargo_pgrx init "--pg$PG" "$PG_CONFIG" --no-run
fi
