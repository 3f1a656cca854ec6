#!/usr/bin/env bash
# Builds, then installs into a private copy of Postgres in the work directory. The system's directories stay untouched.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
"$SCRIPTS/build.sh"
. "$SCRIPTS/lib/postgres.sh"
. "$SCRIPTS/lib/work.sh"
private_places
make_work_directory

exec 8>"$AREA/install.lock"
flock 8

# Changes when Postgres is upgraded or another extension is added to the system.
source_state() {
  "$PG_CONFIG" --version
  stat -c '%n %s %Y' "$("$PG_CONFIG" --bindir)/postgres" "$("$PG_CONFIG" --pkglibdir)" "$("$PG_CONFIG" --sharedir)/extension"
}

# A Postgres outside the system's directories brings its own libpq and whatever else its programs were linked with; they look
# for it by the way from where they are, or by a path that the server's user may not be able to enter.
copy_own_libraries() {
  local bin drivers library directory
  bin=$("$PG_CONFIG" --bindir)
  drivers=$(dirname "$("$PG_CONFIG" --pgxs)")/../test
  # Not every Postgres comes with the test drivers, which need not have the same libpq.
  for library in $(ldd "$bin/postgres" "$bin/psql" "$bin/initdb" "$drivers/isolation/isolationtester" 2>/dev/null |
    awk '$3 ~ /^\// && $3 !~ /^(\/usr)?\/lib/ { print $3 }' | sort -u); do
    for directory in "$1$(cd "$(dirname "$library")" && pwd)" "$1$("$PG_CONFIG" --libdir)"; do
      mkdir -p "$directory"
      cp -L --preserve=mode,timestamps "$library" "$directory/"
    done
  done
}

# The server finds its share directory by the way from its binary, so relative positions are kept.
copy_postgres() {
  local new=$TREE.new dir
  say "copying Postgres $PG to $TREE"
  rm -rf "$new"
  for dir in --bindir --pkglibdir --sharedir; do
    dir=$("$PG_CONFIG" "$dir")
    mkdir -p "$new$dir"
    cp -rL --preserve=mode,timestamps "$dir/." "$new$dir/"
  done
  copy_own_libraries "$new"
  # A hand-made Postgres may be closed to the server's user, or may have lost execute bits on its way out of an archive.
  chmod -R a+rX "$new"
  find "$new" '(' -name 'pg_*regress' -o -name isolationtester ')' -exec chmod a+x '{}' +
  rm -rf "$TREE"
  mv "$new" "$TREE"
  source_state >"$AREA/tree.state"
}

if [ ! -d "$TREE" ] || ! source_state | cmp -s - "$AREA/tree.state"; then
  rm -f "$AREA/tree.state"
  copy_postgres
fi
# Files that an older build had and this one has not must go.
rm -f "$SHAREDIR/extension/$EXTENSION".control "$SHAREDIR/extension/$EXTENSION"--*.sql "$PKGLIBDIR/$EXTENSION".so
cp -r "$ROOT/target/package/pg$PG/." "$TREE/"
# What was released stands beside it, so that tests can begin there. The script of this version is the one that was built.
find "$ROOT/tests/upgrade" -name "$EXTENSION--*.sql" -exec cp -n '{}' "$SHAREDIR/extension/" ';'
