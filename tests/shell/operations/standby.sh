#!/usr/bin/env bash
# Every function and view that does not write gives the same result on a streaming standby as on the primary. Postgres
# refuses the functions that write, and nothing crashes.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/lib/calls.sh"

primary=$TMPDIR/primary
standby=$TMPDIR/standby
export PGDATABASE=standby
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -h "$TMPDIR" -p "$1" "${@:2}"; }
PRIMARY=$PGPORT
STANDBY=$((PGPORT + 1))

# The trap also stops a server whose start failed halfway.
stop() { [ ! -f "$1/postmaster.pid" ] || pg_ctl -D "$1" -s -w -t 60 -m immediate stop; }
trap 'stop "$standby"; stop "$primary"' EXIT

initdb -D "$primary" -U "$PGUSER" -A trust -E UTF8 --locale=C --no-sync >/dev/null
cat >>"$primary/postgresql.conf" <<SETTINGS
listen_addresses = ''
port = $PRIMARY
unix_socket_directories = '$TMPDIR'
fsync = off
timezone = 'UTC'
SETTINGS
pg_ctl -D "$primary" -l "$TMPDIR/primary.log" -s -w -t 60 start || { tail -n 20 "$TMPDIR/primary.log"; fail "the primary did not start"; }
pg_basebackup -h "$TMPDIR" -p "$PRIMARY" -D "$standby" -R -X stream --checkpoint=fast --no-sync
printf 'port = %s\n' "$STANDBY" >>"$standby/postgresql.conf"
pg_ctl -D "$standby" -l "$TMPDIR/standby.log" -s -w -t 60 start || { tail -n 20 "$TMPDIR/standby.log"; fail "the standby did not start"; }

sql "$PRIMARY" -d postgres -c "CREATE DATABASE standby"
{ echo 'CREATE EXTENSION health_score;'; calls_setup; } | sql "$PRIMARY"
replayed() { [ "$(sql "$STANDBY" -d postgres -c "SELECT pg_last_wal_replay_lsn() >= '$1'")" = t ]; }
caught_up() {
  local at
  at=$(sql "$PRIMARY" -c "SELECT pg_current_wal_lsn()")
  soon replayed "$at" || fail "the standby did not catch up"
}
caught_up
[ "$(sql "$STANDBY" -c "SELECT pg_is_in_recovery()")" = t ] || fail "the standby is none"

# same NAME QUERY: both servers give the same result, not empty. The query must not depend on the time of the
# transaction.
tried=0
same() {
  local there here
  there=$(sql "$PRIMARY" -c "$2" 2>&1) || fail "$1 on the primary: $there"
  here=$(sql "$STANDBY" -c "$2" 2>&1) || fail "$1 on the standby: $here"
  [ -n "$there" ] || fail "$1: nothing"
  [ "$here" = "$there" ] || fail "$1: $here instead of $there"
  tried=$((tried + 1))
}

# Every view and table of the extension and of the source.
while read -r relation; do
  same "$relation" "SELECT count(*), md5(coalesce(string_agg(r::text, ',' ORDER BY r::text COLLATE \"C\"), '')) FROM (SELECT to_jsonb(r) - '{age,late}'::text[] AS r FROM $relation r) r"
done < <(sql "$PRIMARY" -c "
  SELECT d.objid::regclass FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'v')
   WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e'
   UNION ALL SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname IN ('s_history', 's_current', 's_inputs', 's_movers', 's_portfolio', 's_parents') ORDER BY 1")
[ "$tried" -ge 14 ] || fail "only $tried relations were found"
printf 'ok %s tables and views\n' "$tried"

# One call of every function that is not volatile, except parts of aggregates, triggers, and functions of types or of a
# caller's arguments. Functions without a call are listed as a skip.
tried=0
untried=
while read -r function; do
  if [ -n "${call[$function]:-}" ]; then
    same "$function" "SELECT ${call[$function]}"
  else
    untried="$untried $function"
  fi
done < <(sql "$PRIMARY" -c "
  SELECT DISTINCT p.proname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_proc p ON p.oid = d.objid
   WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND p.prokind = 'f' AND p.provolatile <> 'v' AND p.prorettype NOT IN ('trigger'::regtype, 'cstring'::regtype)
     AND NOT (p.proargtypes::oid[] && ARRAY['internal', 'cstring', 'bytea']::regtype[]::oid[]) AND p.prorettype <> 'internal'::regtype
     AND p.proname !~ '_(step|final|combine|columns)$|^health_time_' ORDER BY 1")
[ "$tried" -ge 90 ] || fail "only $tried functions were found"
[ -z "$untried" ] || fail "no call is written in calls.sh of$untried"
printf 'ok %s functions\n' "$tried"

tried=0
for aggregate in "${aggregates[@]}"; do
  same "$aggregate" "SELECT string_agg(x, ',' ORDER BY id) FROM (SELECT id, ($aggregate)::text AS x FROM account GROUP BY id) g"
done
printf 'ok %s aggregates\n' "$tried"

for statement in "CALL health_refresh('s')" "SELECT health_refresh_account('s', 3)" "SELECT health_pulse_set('accounts', 3, 'call', 1, 'why')" "SELECT health_override_set('accounts', 3, 'cap', 1, 'why')" \
  "SELECT health_identity_link('a', 1, 'accounts', 3)" "SELECT * FROM health_forget('accounts', 3)" "SELECT health_model_save('n', health_template('simple'))" "SELECT health_source_drop('s')" "SELECT health_alert_claim()" "SELECT health_model_reviewed('m', 'seen')"; do
  refused=$(psql -X -q -At -v VERBOSITY=sqlstate -h "$TMPDIR" -p "$STANDBY" -c "$statement" 2>&1) && fail "$statement: no error on the standby"
  # A lock that a standby does not grant is 55000.
  [[ $refused == *25006* || $refused == *55000* ]] || fail "$statement: $refused"
done
[ "$(sql "$STANDBY" -c "SELECT count(*) FROM s_history")" = "$(sql "$PRIMARY" -c "SELECT count(*) FROM s_history")" ] || fail "the standby lost rows"
printf 'ok what writes is refused\n'
