#!/usr/bin/env bash
# pg_upgrade from an older Postgres with the extension (OLD_BINDIR: its programs) to this one: all data is kept, and
# works.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/lib/calls.sh"
. "$(dirname "$0")/dump_lib.sh"

if [ -z "${OLD_BINDIR:-}" ]; then
  printf 'skip pg_upgrade: no older Postgres has been installed beside this one (PG=16 make install, then PG=18 make test)\n'
  exit 0
fi
sql() { "$BINDIR/psql" -X -q -At -v ON_ERROR_STOP=1 "$@"; }
major() { "$1/pg_config" --version | sed -E 's/^PostgreSQL ([0-9]+).*/\1/'; }

old=$TMPDIR/old
new=$TMPDIR/new
export PGHOST=$TMPDIR PGDATABASE=origin PGOPTIONS='-c client_min_messages=error'
# A server may have its own libraries in a directory beside its programs.
old_tools() { LD_LIBRARY_PATH=$(dirname "$OLD_BINDIR")/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$@"; }
stop() { [ ! -f "$1/postmaster.pid" ] || old_tools "$OLD_BINDIR/pg_ctl" -D "$1" -s -w -t 60 -m "$2" stop; }
trap 'stop "$old" immediate; stop "$new" immediate' EXIT
settings="
listen_addresses = ''
port = $PGPORT
unix_socket_directories = '$TMPDIR'
fsync = off
timezone = 'UTC'"

old_tools "$OLD_BINDIR/initdb" -D "$old" -U "$PGUSER" -A trust -E UTF8 --locale=C --no-sync >/dev/null
printf '%s\n' "$settings" >>"$old/postgresql.conf"
old_tools "$OLD_BINDIR/pg_ctl" -D "$old" -l "$TMPDIR/old.log" -s -w -t 60 start || { tail -n 20 "$TMPDIR/old.log"; fail "the old server did not start"; }
sql -d postgres -c "CREATE DATABASE origin"
fill origin
state origin >"$TMPDIR/origin.state"
expect "triggers before" "$(triggers origin)" AAAAO
stop "$old" fast

# From 18 on checksums are the default, and both clusters must agree.
checksums=
[ "$(major "$BINDIR")" -lt 18 ] || [ "$(major "$OLD_BINDIR")" -ge 18 ] || checksums=--no-data-checksums
"$BINDIR/initdb" -D "$new" -U "$PGUSER" -A trust -E UTF8 --locale=C --no-sync ${checksums:+"$checksums"} >/dev/null
printf '%s\n' "$settings" >>"$new/postgresql.conf"
(cd "$TMPDIR" && env -u PGHOST -u PGPORT -u PGDATABASE -u PGOPTIONS LD_LIBRARY_PATH="$(dirname "$OLD_BINDIR")/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
  "$BINDIR/pg_upgrade" -b "$OLD_BINDIR" -B "$BINDIR" -d "$old" -D "$new" -U "$PGUSER" -s "$TMPDIR" -p "$PGPORT" -P "$((PGPORT + 1))" >"$TMPDIR/pg_upgrade.out" 2>&1) ||
  { tail -n 30 "$TMPDIR/pg_upgrade.out"; fail "pg_upgrade failed"; }
"$BINDIR/pg_ctl" -D "$new" -l "$TMPDIR/new.log" -s -w -t 60 start || { tail -n 20 "$TMPDIR/new.log"; fail "the new server did not start"; }

# The versions print expressions slightly differently; the expressions are tested below.
comparable() { awk -F'|' '/^[a-z_0-9]+\|[0-9]+\|[0-9a-f]*$/ || /_seq\|/ || /^[0-9]+\|/' "$1"; }
state origin >"$TMPDIR/new.state"
[ "$(comparable "$TMPDIR/origin.state" | wc -l)" -ge 30 ] || fail "too little to compare: $(comparable "$TMPDIR/origin.state")"
diff <(comparable "$TMPDIR/origin.state") <(comparable "$TMPDIR/new.state") >"$TMPDIR/diff" || { head -n 40 "$TMPDIR/diff"; fail "not what was there"; }
expect "triggers" "$(triggers origin)" AAAAO
expect "the extension" "$(sql -c "SELECT count(*), bool_and(e.extversion = a.default_version) FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname WHERE e.extname = 'health_score'")" '1|t'
[ "$(sql -c "SELECT count(*) > 250 FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' WHERE d.deptype = 'e'")" = t ] || fail "the objects are no longer the extension's"

# A dump of the upgraded database restores, in any order.
"$BINDIR/pg_dump" -Fd --jobs 2 -f "$TMPDIR/directory"
sql -d postgres -c "CREATE DATABASE restored"
"$BINDIR/pg_restore" --exit-on-error --jobs 4 -d restored "$TMPDIR/directory" >"$TMPDIR/said" 2>&1 || { head "$TMPDIR/said"; fail "a dump after the upgrade"; }
state origin >"$TMPDIR/origin.state"
state restored >"$TMPDIR/restored.state"
diff "$TMPDIR/origin.state" "$TMPDIR/restored.state" >"$TMPDIR/diff" || { head -n 40 "$TMPDIR/diff"; fail "a dump after the upgrade is not what was dumped"; }
goes_on origin
goes_on restored
printf 'ok pg_upgrade %s to %s: rows, sequences, triggers, and what users built; goes on, and is dumped\n' "$(major "$OLD_BINDIR")" "$(major "$BINDIR")"
