#!/usr/bin/env bash
# make test-package: the Debian package goes onto a bare Postgres and off again, by dpkg itself. Both in a directory of their own:
# the system's packages and files stay as they are.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
"$SCRIPTS/package.sh"
. "$SCRIPTS/lib/postgres.sh"
if [ "$("$PG_CONFIG" --pkglibdir)" != "/usr/lib/postgresql/$PG/lib" ]; then
  printf 'skip package: Postgres %s is not that of a Debian package\n' "$PG"
  exit 0
fi
"$SCRIPTS/install.sh"
. "$SCRIPTS/lib/work.sh"
. "$SCRIPTS/lib/cluster.sh"
private_places
make_work_directory
only_one package "the package of this checkout is already being tested"

fail() { printf 'FAILED package: %s\n' "$1"; exit 1; }

package=$(find "$ROOT/target/deb" -name "postgresql-$PG-health-score_*.deb" | head -n 1)
root=$AREA/package-root
finish() {
  cluster_drop package
  rm -rf "$root"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

rm -rf "$root"
mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers}
touch "$root"/var/lib/dpkg/{status,available}
cp -r --preserve=mode,timestamps "$TREE/." "$root/"
ours() { find "$root" -path "$root/var" -prune -o '(' -name "$EXTENSION*" -o -path '*health-score*' ')' -type f -print; }
ours | xargs rm -f
[ -z "$(ours)" ] || fail "files of ours are left before it is installed"
find "$root/usr" | LC_ALL=C sort >"$AREA/package.before"
dpkg_here() {
  dpkg --root="$root" --force-not-root --force-depends --force-bad-path --log=/dev/null "$@" >"$AREA/package.log" 2>&1 || { cat "$AREA/package.log"; fail "dpkg $1"; }
}

BINDIR=$root/usr/lib/postgresql/$PG/bin
cluster_init package "cluster_name = 'health_score package'"
cluster_start package
available() { cluster_psql package postgres -At -c "SELECT count(*) FROM pg_available_extensions WHERE name = '$EXTENSION'"; }
[ "$(available)" = 0 ] || fail "the server knows the extension before it is installed"

dpkg_here -i "$package"
cluster_database package scored
score=$(cluster_psql package scored -At -c "SELECT health_score('{\"signals\": {\"nps\": {\"scale\": {\"linear\": [0, 10]}}}}'::jsonb, '{\"nps\": 7}'::jsonb)")
[ "$score" = 70 ] || fail "nps 7 of 10 scores $score"
# The libraries that ours is linked with come with the packages that ours depends on.
for library in $(objdump -p "$root/usr/lib/postgresql/$PG/lib/$EXTENSION.so" | sed -n 's/^ *NEEDED *//p'); do
  case $library in libc.so.* | libm.so.* | libgcc_s.so.* | ld-linux*) ;; *) fail "it needs $library, which no package it depends on is sure to have" ;; esac
done
[ "$(dpkg-deb -f "$package" Version)" = "$(cluster_psql package scored -At -c "SELECT extversion FROM pg_extension WHERE extname = '$EXTENSION'")-1" ] ||
  fail "the package has another version than the extension"
cluster_psql package scored -c "DROP EXTENSION $EXTENSION"

dpkg_here -r "postgresql-$PG-health-score"
[ "$(available)" = 0 ] || fail "the server knows the extension after it was removed"
find "$root/usr" | LC_ALL=C sort | cmp -s - "$AREA/package.before" || fail "it leaves something behind, or takes something with it"
printf 'ok package: %s: dpkg -i, CREATE EXTENSION, a score, dpkg -r\n' "$(basename "$package")"
