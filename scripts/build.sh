#!/usr/bin/env bash
# Builds the extension (release) and lays its files out under target/package/, as they would lie in the system.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$SCRIPTS/setup.sh"
. "$SCRIPTS/postgres.sh"
point_pgrx_at_postgres

package=$ROOT/target/package/pg$PG
say "building for Postgres $PG (the first time 2 to 4 minutes, later only what changed)"
cd "$ROOT"
rm -rf "$package"
cargo_pgrx package --package "$EXTENSION" --pg-config "$PG_CONFIG" --out-dir "$package"
