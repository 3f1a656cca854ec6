#!/usr/bin/env bash
# No lock outlives a refresh: refreshes that end at any time, by a timeout, an error at COMMIT or a conflict, leave their
# session without an advisory lock, and another session can refresh at once. CUT_REFRESHES sets how many are cut off.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

cuts=${CUT_REFRESHES:-300}
sql <<'SQL'
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}}}') \g /dev/null
CREATE TABLE account AS SELECT i AS id, i % 101 AS a FROM generate_series(1, 2000) i;
CREATE VIEW other AS SELECT * FROM account;
SELECT health_source_add('s', 'm', 'account', 'id'), health_source_add('o', 'm', 'other', 'id') \g /dev/null
CALL health_refresh();
SQL
locks() { sql -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"; }

# cut NUMBER: one session that calls so many refreshes, each cut off at another time between 1 and 60 ms; its errors by SQLSTATE,
# then the locks that are left in it.
cut_off() {
  local i
  {
    for ((i = 0; i < $1; i++)); do
      printf "SET statement_timeout = '%sms';\nCALL health_refresh('s');\n" $((RANDOM % 60 + 1))
    done
    printf "SET statement_timeout = 0;\nSELECT 'locks', count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();\n"
  } | psql -X -q -At -v ON_ERROR_STOP=0 -v VERBOSITY=sqlstate 2>&1 | sort | uniq -c | awk '{ $1 = $1; print }'
}
said=$(cut_off "$cuts")
[[ $said == *'1 locks|0'* ]] || fail "locks are left: $said"
[[ $said == *57014* ]] || fail "no refresh was cut off: $said"
[ -z "$(grep -vE '57014|55P03|locks' <<<"$said" || true)" ] || fail "other errors: $said"
sql -c "CALL health_refresh('s')"
expect "running runs" "$(sql -c "SELECT count(*) FROM health_run WHERE status = 'running'")" 0
printf 'ok %s refreshes, cut off after 1 to 60 ms: no lock is left (%s)\n' "$cuts" "$(tr '\n' ',' <<<"$said" | sed 's/,$//; s/,/, /g')"

# An error that the procedure cannot catch, at the COMMIT of either transaction.
sql <<'SQL'
CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.status = current_setting('test.boom', true) THEN RAISE 'no'; END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER boom AFTER INSERT OR UPDATE ON health_run DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION boom();
SQL
for status in running 'done'; do
  left=$(psql -X -q -At -c "SET test.boom = '$status'" -c "CALL health_refresh('s')" -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'" 2>"$TMPDIR/error")
  grep -q 'ERROR:  no' "$TMPDIR/error" || fail "an error at COMMIT ($status): $(cat "$TMPDIR/error")"
  expect "locks after an error at COMMIT ($status)" "$left" 0
done
sql -c "DROP TRIGGER boom ON health_run" -c "CALL health_refresh('s')"
printf 'ok an error at the COMMIT of either transaction leaves no lock\n'

# A run that was overtaken between its two transactions gives way, and does not hold the lock meanwhile.
overtaken=$(sql -c "INSERT INTO health_run (source, as_of, status) VALUES ('s', now(), 'abandoned') RETURNING id")
said=$(psql -X -q -At -v VERBOSITY=verbose -c "BEGIN" -c "SELECT health_score_internal.health_run_resume($overtaken, 's')" \
  -c "SELECT 1" 2>&1) && status=0 || status=$?
[[ $said == *55P03*"between the two transactions of run $overtaken"* ]] || fail "a run that was overtaken ($status): $said"
printf 'ok a run that was overtaken gives way\n'

# Under SERIALIZABLE, two sessions that refresh and change what the other reads.
serializable() {
  {
    printf "SET default_transaction_isolation = 'serializable';\n"
    for ((i = 0; i < 15; i++)); do printf "CALL health_refresh('%s');\nUPDATE account SET a = a + 1 WHERE id %% 10 = %s;\n" "$1" "$2"; done
    printf "SELECT 'locks', count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();\n"
  } | psql -X -q -At -v VERBOSITY=sqlstate >"$TMPDIR/serializable.$2" 2>&1 || true
}
serializable s 1 & one=$!
serializable o 2 & two=$!
serializable s 3
wait $one $two
for i in 1 2 3; do
  grep -qx 'locks|0' "$TMPDIR/serializable.$i" || fail "SERIALIZABLE: $(cat "$TMPDIR/serializable.$i")"
done
conflicts=$(cat "$TMPDIR"/serializable.? | grep -cE '40001|55P03' || true)
[ "$conflicts" -gt 0 ] || fail "SERIALIZABLE: there was no conflict"
[ -z "$(cat "$TMPDIR"/serializable.? | grep -vE '40001|55P03|locks' || true)" ] || fail "SERIALIZABLE: $(cat "$TMPDIR"/serializable.?)"
expect "locks of all sessions" "$(locks)" 0
sql -c "CALL health_refresh()"
printf 'ok SERIALIZABLE: %s conflicts, no lock is left\n' "$conflicts"

# Behind a pooler that gives each transaction to any of its server connections, which live on.
if [ -z "${PGBOUNCER:-}" ]; then
  printf 'skip a pooler: there is no pgbouncer (Debian: pgbouncer)\n'
  exit 0
fi
cat >"$TMPDIR/pgbouncer.ini" <<INI
[databases]
pooled = host=$PGHOST port=$PGPORT user=$PGUSER dbname=$PGDATABASE
[pgbouncer]
listen_addr =
unix_socket_dir = $TMPDIR
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = extra_float_digits
logfile = $TMPDIR/pgbouncer.log
pidfile = $TMPDIR/pgbouncer.pid
INI
"$PGBOUNCER" -q "$TMPDIR/pgbouncer.ini" >"$TMPDIR/pgbouncer.out" 2>&1 &
bouncer=$!
trap 'kill $bouncer 2>/dev/null || true' EXIT
pooled() { PGHOST=$TMPDIR PGPORT=6432 PGDATABASE=pooled "$@"; }
answers() { pooled psql -X -q -c 'SELECT 1' >/dev/null 2>&1; }
soon answers || fail "pgbouncer does not answer: $(cat "$TMPDIR/pgbouncer.out" "$TMPDIR/pgbouncer.log")"
for ((i = 0; i < cuts / 10; i++)); do
  # A client that is gone in the middle, too.
  pooled timeout -s KILL "0.0$((RANDOM % 60 + 10))" psql -X -q -c "CALL health_refresh('s')" >/dev/null 2>&1 || true
done
free() { [ "$(locks)" = 0 ]; }
soon free || fail "behind a pooler locks are left: $(sql -c "SELECT * FROM pg_locks WHERE locktype = 'advisory'")"
soon pooled psql -X -q -v ON_ERROR_STOP=1 -c "CALL health_refresh('s')" >/dev/null 2>&1 || fail "behind a pooler the source stays locked"
printf 'ok behind a pooler %s clients vanished: no lock is left\n' $((cuts / 10))
