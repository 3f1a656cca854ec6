#!/usr/bin/env bash
# Builds the extension (release) and lays its files out under target/package/, as they lie in the system: the library, the
# control file, the install script joined from sql/, and the upgrade scripts.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
"$SCRIPTS/setup.sh"
. "$SCRIPTS/lib/postgres.sh"

version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" "$ROOT/$EXTENSION.control")
[ "$version" = "$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")" ] ||
  die "$EXTENSION.control and Cargo.toml name different versions"
package=$ROOT/target/package/pg$PG
library=$package$("$PG_CONFIG" --pkglibdir)
extension=$package$("$PG_CONFIG" --sharedir)/extension

say "building for Postgres $PG (the first time 2 to 4 minutes, later only what changed)"
cd "$ROOT"
cargo build --release --locked --target-dir target --package "$EXTENSION" --no-default-features --features "pg$PG"

rm -rf "$package"
mkdir -p "$library" "$extension"
cp "target/release/lib$EXTENSION.so" "$library/$EXTENSION.so"
cp "$EXTENSION.control" "$extension/"
"$SCRIPTS/build/sql.sh" >"$extension/$EXTENSION--$version.sql"
for kept in tests/upgrade/"$EXTENSION"--*.sql; do
  old=${kept#*--}
  old=${old%.sql}
  if [ ! -f "$kept" ] || [ "$old" = "$version" ]; then continue; fi
  perl "$SCRIPTS/build/upgrade.pl" "$kept" "$extension/$EXTENSION--$version.sql" "sql/upgrade/$old--$version.sql" >"$extension/$EXTENSION--$old--$version.sql"
done
