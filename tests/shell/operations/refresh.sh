#!/usr/bin/env bash
# Faults of a refresh, in a server of the test's own: the server crashes, the call is cancelled, the session is
# terminated. A real pg_cron runs the refresh.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

. "$ROOT/tests/shell/lib/own_server.sh"

cron=
[ -z "$(find "$BINDIR/.." -name pg_cron.so | head -n 1)" ] || cron=yes
init_server ${cron:+"shared_preload_libraries = 'pg_cron'" "cron.database_name = 'refresh'" "cron.host = '$TMPDIR'"}
start_server
sql -c "CREATE DATABASE refresh"
export PGDATABASE=refresh
sql <<'SQL'
CREATE EXTENSION health_score;
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"linear": [0, 10]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}') \g /dev/null
CREATE TABLE account AS SELECT i AS id, i % 101 AS a, i % 11 AS b, timestamptz '2025-01-01' AS at FROM generate_series(1, 200000) i;
CREATE TABLE few AS SELECT i AS id, i AS a, i AS b, timestamptz '2025-01-01' AS at FROM generate_series(1, 10) i;
SELECT health_source_add('many', 'm', 'account', 'id', time_column => 'at'), health_source_add('few', 'm', 'few', 'id', time_column => 'at') \g /dev/null
CALL health_refresh('many', '2025-05-01');
-- Alerts about the accounts with the best score, raised by the second run.
INSERT INTO health_playbook (name, source, trigger, condition, action) VALUES ('best', 'many', 'opportunity', '{"all": [{"input": "a", "eq": 100}, {"input": "b", "eq": 10}]}', 'Talk about growth.');
SQL
# A checksum of all scores of one time, in the order of the accounts.
checksum() { sql -c "SELECT count(*), md5(string_agg(account_id || ' ' || encode(float8send(score), 'hex') || inputs::text, ',' ORDER BY account_id)) FROM many_history WHERE scored_at = '$1'"; }
expected=$(checksum 2025-05-01)
[[ $expected == 200000\|* ]] || fail "the first refresh: $expected"

# begin_refresh AS_OF NAME: starts a refresh in the background, and waits until it writes rows.
begin_refresh() {
  PGAPPNAME=$2 psql -X -q -At -v VERBOSITY=sqlstate -c "CALL health_refresh('many', '$1')" >"$TMPDIR/$2.out" 2>&1 &
  client=$!
  [ -n "$(at_work "application_name LIKE 'health_score: many as of $1%'")" ] ||
    fail "$2: the refresh never showed itself in pg_stat_activity: $(cat "$TMPDIR/$2.out")"
}

begin_refresh 2025-06-01 crash
expect "a running run" "$(sql -c "SELECT status FROM health_run ORDER BY id DESC LIMIT 1")" running
stop_server
wait "$client" || true
start_server
expect "after the crash" "$(sql -c "SELECT status FROM health_run ORDER BY id DESC LIMIT 1")|$(checksum 2025-06-01)" "running|0|"
expect "alerts after the crash" "$(sql -c "SELECT count(*) FROM health_alert")" 0
whole=$(milliseconds sql -c "CALL health_refresh('many', '2025-06-01')")
expect "runs after the crash" "$(sql -c "SELECT string_agg(status, ',' ORDER BY id) FROM health_run WHERE as_of = '2025-06-01'")" "abandoned,done"
expect "history after the crash" "$(checksum 2025-06-01)" "$expected"
# Who met the playbook in the first run raises no alert in the second.
expect "alerts of the rerun" "$(sql -c "SELECT count(*), count(DISTINCT account_id), count(*) FILTER (WHERE a.run <> r.id OR a.as_of <> r.as_of), min(r.alerts) FROM health_alert a, (SELECT * FROM health_run ORDER BY id DESC LIMIT 1) r")" "0|0|0|"
printf 'ok a crash in the middle: the rerun is exact, the run is marked, no alert is orphaned or doubled\n'

# The time between the cancel and the end of the call, with both connections.
cancelled() {
  local begin
  begin_refresh 2025-07-01 cancel
  begin=$EPOCHREALTIME
  sql -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'health_score: many%'" >/dev/null
  wait "$client" && fail "cancel: the call did not fail"
  since "$begin"
  grep -q 57014 "$TMPDIR/cancel.out" || fail "cancel: $(cat "$TMPDIR/cancel.out")"
}
in_time cancel cancelled
expect "after the cancel" "$(sql -c "SELECT status FROM health_run ORDER BY id DESC LIMIT 1")|$(checksum 2025-07-01)" "cancelled|0|"
sql -c "CALL health_refresh('many', '2025-07-01')"
expect "history after the cancel" "$(checksum 2025-07-01)" "$expected"
printf 'ok cancelled (%s ms, with two connections): nothing written, the run is marked, the next one goes\n' "$TOOK"

# The timeout is shorter than a whole refresh on this machine, which may have been busier when that was measured.
timeout=$whole
until [ $timeout = 0 ]; do
  timeout=$((timeout / 2))
  timed_out=$(sql -c "SET statement_timeout = '${timeout}ms'" -c "CALL health_refresh('many', '2025-07-02', replace => true)" 2>&1) || break
done
[[ $timed_out == *'statement timeout'* ]] || fail "statement_timeout: $timed_out"
expect "after the timeout" "$(sql -c "SELECT status FROM health_run ORDER BY id DESC LIMIT 1")|$(sql -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" "cancelled|0"
printf 'ok statement_timeout\n'

begin_refresh 2025-08-01 terminate
busy=$(psql -X -q -At -v VERBOSITY=sqlstate -c "CALL health_refresh('many', '2025-08-02')" 2>&1) && fail "a second refresh ran beside the first"
[[ $busy == *55P03* ]] || fail "a second refresh: $busy"
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'health_score: many%'" >/dev/null
wait "$client" && fail "terminate: the call did not fail"
unlocked() { [ "$(sql -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 0 ]; }
soon unlocked || fail "a session that has ended holds its lock"
sql -c "CALL health_refresh('many', '2025-08-01')"
expect "runs after the end of a session" "$(sql -c "SELECT string_agg(status, ',' ORDER BY id) FROM health_run WHERE as_of >= '2025-08-01'")" "abandoned,done"
expect "history after the end of a session" "$(checksum 2025-08-01)" "$expected"
printf 'ok a session that is ended leaves no lock; a second refresh is refused at once\n'

if [ -z "$cron" ]; then
  printf 'skip pg_cron: it is not installed (Debian: postgresql-%s-cron)\n' "$(psql -V | sed -E 's/^[^0-9]*([0-9]+).*/\1/')"
  exit 0
fi
sql <<'SQL'
CREATE EXTENSION pg_cron;
CREATE ROLE low LOGIN;
GRANT USAGE ON SCHEMA cron TO low;
GRANT INSERT, UPDATE, DELETE ON health_source TO low;
GRANT SELECT, INSERT, UPDATE ON health_run, health_run_signal TO low;
GRANT SELECT ON health_pulse, health_override TO low;
CREATE SCHEMA low AUTHORIZATION low;
SET ROLE low;
CREATE TABLE low.account AS SELECT i AS id, i AS a, i AS b FROM generate_series(1, 7) i;
CREATE TABLE low.bad AS SELECT NULL::int AS id, 1 AS a, 1 AS b;
SELECT health_source_add('low', 'm', 'low.account', 'id'), health_source_add('bad', 'm', 'low.bad', 'id') \g /dev/null
SELECT health_schedule('low', '0 3 * * *'), health_schedule('low', '* * * * *'), health_schedule('bad', '* * * * *') \g /dev/null
SQL
expect "jobs" "$(sql -c "SELECT string_agg(jobname || ' ' || schedule || ' ' || username, ', ' ORDER BY jobid) FROM cron.job")" "health_refresh low * * * * * low, health_refresh bad * * * * * low"
both_ran() { [ "$(sql -c "SELECT count(DISTINCT jobid) FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')")" = 2 ]; }
soon both_ran || fail "pg_cron has not run both jobs: $(sql -c "SELECT * FROM cron.job_run_details")"
expect "a scheduled run" "$(sql -c "SELECT r.status, r.accounts, r.run_as, d.status, d.command FROM health_run r, cron.job_run_details d WHERE r.source = 'low' AND d.command LIKE '%low%' ORDER BY r.id LIMIT 1")" \
  "done|7|low|succeeded|CALL public.health_refresh('low')"
expect "a scheduled run that fails" "$(sql -c "SELECT r.status, d.status, d.return_message LIKE '%an account of relation low.bad has no id%' FROM health_run r, cron.job_run_details d WHERE r.source = 'bad' AND d.command LIKE '%bad%' ORDER BY r.id LIMIT 1")" "failed|failed|t"
sql -c "ALTER SCHEMA public RENAME TO renamed"
expect "jobs of a renamed schema" "$(sql -c "SELECT string_agg(command, ', ' ORDER BY jobid) FROM cron.job")" "CALL renamed.health_refresh('low'), CALL renamed.health_refresh('bad')"
sql -c "ALTER SCHEMA renamed RENAME TO public"
expect "unscheduled" "$(sql -c "SET ROLE low" -c "SELECT health_unschedule('low'), health_unschedule('bad'), health_unschedule('low')" -c "RESET ROLE" -c "SELECT count(*) FROM cron.job")" $'t|t|f\n0'
printf 'ok pg_cron runs a schedule as the role that made it, and shows a failure\n'
