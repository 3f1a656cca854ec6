#!/usr/bin/env bash
# Faults, in a server of the test's own: kill -9 during long statements, a full disk, and no more memory. Committed data
# stays, uncommitted data is gone, the server lives.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

. "$ROOT/tests/shell/lib/own_server.sh"

# A disk of 24 MB that only the server sees, mounted in a user namespace if the kernel has them. The server must not be
# root, so it runs as another user in a second namespace.
small=$TMPDIR/small
mkdir "$small"
# shellcheck disable=SC2016
mounted=(unshare --user --map-root-user --mount -- sh -c 'mount -t tmpfs -o size=24m none "$1" && mkdir -m 700 "$1/space" && head -c 4194304 /dev/zero >"$1/ballast" && shift && exec unshare --user --map-user=1000 --map-group=1000 -- "$@"' sh "$small")
disk=
if "${mounted[@]}" true 2>/dev/null; then disk=yes; SERVER_WITHIN=("${mounted[@]}"); fi

init_server 'jit = off' 'shared_buffers = 32MB' 'max_wal_size = 1GB' 'parallel_setup_cost = 0' 'parallel_tuple_cost = 0'
start_server
sql -c "CREATE DATABASE faults"
export PGDATABASE=faults
sql >/dev/null <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION health_score;
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"linear": [0, 10]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}');
SELECT health_model_save('events', '{"signals": {"n": {"input": "use", "combine": "count", "scale": {"linear": [0, 100]}}, "kinds": {"input": "use", "combine": "distinct", "scale": {"linear": [0, 9]}}, "last": {"input": "use", "scale": {"map": {"a": 1}, "otherwise": 50}}}}');
CREATE TABLE account AS SELECT i AS id, i % 101 AS a, i % 11 AS b, timestamptz '2025-01-01' AS at FROM generate_series(1, 100000) i;
CREATE TABLE labelled AS SELECT i % 100 AS a, i % 20 AS b, i * 7919 % 10007 AS x, i * 104729 % 1009 AS y, (i * 31 % 97) + i % 100 < 60 AS churned FROM generate_series(1::bigint, 600000) i;
ANALYZE;
SELECT health_source_add('many', 'm', 'account', 'id', time_column => 'at');
CALL health_refresh('many', '2025-05-01');
INSERT INTO health_playbook (name, source, trigger, condition, action) VALUES ('best', 'many', 'opportunity', '{"all": [{"input": "a", "eq": 100}, {"input": "b", "eq": 10}]}', 'Talk about growth.');
SQL

# The state that a crash must not change.
state() {
  sql -c "SELECT (SELECT md5(string_agg(m::text, ',' ORDER BY name, version)) FROM health_model m), (SELECT md5(string_agg(s::text, ',' ORDER BY name)) FROM health_source s),
    (SELECT count(*) || md5(string_agg(account_id || score::text || scored_at::text, ',' ORDER BY scored_at, account_id)) FROM many_history), (SELECT count(*) FROM health_alert), (SELECT count(*) FROM health_outcome),
    health_score('m', '{\"a\": 40, \"b\": 3}'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')"
}
before=$(state)

# killed NAME STATEMENT [BACKEND]: kill -9 of the process that runs the statement, or of one of its workers.
killed=0
killed() {
  local name=$1 statement=$2 backend=${3:-client backend} pid client
  psql -X -q -At -c "$statement" >"$TMPDIR/killed.out" 2>&1 &
  client=$!
  pid=$(at_work "backend_type = '$backend'")
  [ -n "$pid" ] || fail "$name: it was never seen at work: $(head -c 500 "$TMPDIR/killed.out")"
  kill -9 "$pid"
  wait "$client" && fail "$name: it ended by itself"
  wait_for_server
  grep -qE 'server closed the connection|terminating connection' "$TMPDIR/killed.out" || fail "$name: $(head -c 500 "$TMPDIR/killed.out")"
  expect "$name: after the crash" "$(state)" "$before"
  killed=$((killed + 1))
}
rows="SELECT i % 100 AS a, i % 10 AS b FROM (SELECT generate_series(1, 20000000) AS i) g"
events="'events', 'use', 'text ' || i % 1000, timestamptz '2026-01-01' + make_interval(secs => i), '2030-01-01'"

killed "refresh" "CALL health_refresh('many', '2025-06-01')"
expect "runs after a crash" "$(sql -c "SELECT string_agg(status, ',' ORDER BY id) FROM health_run")" "done,running"
killed "backfill" "CALL health_backfill('many', '2025-06-01', '2025-12-01', '1 month')"
# (A function in FROM that depends on no row is called only once and would end too soon.)
killed "fit" "SELECT health_model_fit('m', 'labelled', 'churned', '{*}')"
killed "signal power" "SELECT count(*) FROM generate_series(1, 1000) i, health_signal_power('m', CASE WHEN i > 0 THEN 'labelled'::regclass END, 'churned', 'b')"
killed "backtest" "SELECT health_backtest(a, b < 3, 'm') FROM ($rows) a"
killed "what if" "SELECT count(*) FROM generate_series(1, 1000) i, health_what_if('m', '{\"signals\": {\"a\": {\"scale\": {\"linear\": [100, 0]}}}}'::jsonb, CASE WHEN i > 0 THEN 'labelled'::regclass END)"
killed "replay" "SELECT count(*) FROM generate_series(1, 1000) i, health_replay(CASE WHEN i > 0 THEN 'many' END, '{\"signals\": {\"a\": {\"scale\": {\"linear\": [100, 0]}}}}'::jsonb)"
killed "scan" "SELECT sum(health_score('m', r)) FROM ($rows) r"
killed "aggregate of events" "SELECT health_score($events) FROM generate_series(1, 20000000) i"
killed "worker of an aggregate" "SELECT sum(health_score('m', l)), health_trend(a, now() + make_interval(secs => b)) FROM labelled l, generate_series(1, 100)" "parallel worker"
killed "saving" "DO \$\$ BEGIN FOR i IN 1 .. 100000 LOOP PERFORM health_model_save('other', jsonb_build_object('signals', jsonb_build_object('s' || i, '{\"scale\": {\"linear\": [0, 1]}}'::jsonb))); END LOOP; END \$\$"
killed "exporting" "SELECT count(health_export('accounts', i)) FROM generate_series(1, 100000) i"
killed "in its history" "INSERT INTO health_outcome (account_id, kind, at) SELECT i % 1000, 'churned', '2025-05-20' FROM generate_series(1, 10000000) i"
# Who met the playbook in the first run raises no alert in the second.
sql -c "CALL health_refresh('many', '2025-06-01')"
expect "the run after the crashes" "$(sql -c "SELECT string_agg(status, ',' ORDER BY id), max(accounts), max(alerts) FROM health_run")" "done,abandoned,abandoned,done|100000|0"
printf 'ok kill -9 in %s statements: nothing half done, the next run goes\n' "$killed"

# refused NAME SQLSTATE STATEMENT...
refused() {
  local name=$1 code=$2 output
  output=$(psql -X -q -At -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "${@:3}" 2>&1) && fail "$name: no error"
  [[ $output == *"ERROR:  $code"* ]] || fail "$name: ${output:0:600}"
}
begin=(-c "SET work_mem = '64kB'" -c "SET temp_file_limit = '1MB'")
refused "temp_file_limit" 53400 "${begin[@]}" -c "SELECT count(s) FROM (SELECT health_spark(a ORDER BY b, a) AS s FROM labelled GROUP BY x % 1000) g"
refused "temp_file_limit, aggregates" 53400 "${begin[@]}" -c "SELECT count(t) FROM (SELECT health_trend_stats(a, now() + make_interval(secs => b)) AS t FROM labelled GROUP BY x * y) g"
refused "temp_file_limit, events" 53400 "${begin[@]}" -c "SELECT count(t) FROM (SELECT health_signals('events', 'use', x::text) AS t FROM labelled GROUP BY x * y) g"
printf 'ok temp_file_limit\n'

if [ -z "$disk" ]; then
  printf 'skip a full disk: there is no user namespace in which to mount a small one\n'
else
  # The history is on the small disk: ten accounts fit, the accounts that are added later do not.
  sql >/dev/null <<SQL
SET client_min_messages = warning;
CREATE TABLESPACE small LOCATION '$small/space';
CREATE TABLE book AS SELECT * FROM account WHERE id <= 10;
SET default_tablespace = small;
SELECT health_source_add('book', 'm', 'book', 'id', time_column => 'at');
CALL health_refresh('book', '2025-06-01');
SQL
  expect "where the history lies" "$(sql -c "SELECT count(*) > 0 FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE t.spcname = 'small' AND c.relname LIKE 'book_history%' AND c.relkind = 'r'")" t
  sql -c "INSERT INTO book SELECT id + 10, a, b, at FROM account"
  refused "a full disk" 53100 -c "SET default_tablespace = small" -c "CALL health_refresh('book', '2025-06-02')"
  expect "the run on a full disk" "$(sql -c "SELECT status, sqlstate FROM health_run ORDER BY id DESC LIMIT 1")|$(sql -c "SELECT count(*) FROM book_history WHERE scored_at = '2025-06-02'")" "failed|53100|0"
  refused "backfill on a full disk" 53100 -c "SET default_tablespace = small" -c "CALL health_backfill('book', '2025-06-03', '2025-06-05', '1 day')"
  # After the ballast is removed, a VACUUM removes the rows that were written before the error.
  sql -c "COPY (SELECT 1) TO PROGRAM 'rm $small/ballast'" -c "DELETE FROM book WHERE id > 10" -c "VACUUM book_history" -c "SET default_tablespace = small" -c "CALL health_refresh('book', '2025-06-02')"
  expect "when there is room again" "$(sql -c "SELECT count(*) FROM book_history WHERE scored_at = '2025-06-02'")" 10
  ! crashed || fail "a server process has crashed: $(crashed)"
  printf 'ok a full disk under the history: an error, nothing written, the next run goes\n'
fi

if ! command -v prlimit >/dev/null || [ ! -r "/proc/$$/status" ]; then
  printf 'skip memory: there is no prlimit or no /proc here\n'
  exit 0
fi
# starved NAME STATEMENT: runs the statement in sessions whose memory may grow by 6 or 80 MB (make faults: 2 to 256).
# The outcome is a result, or "out of memory" as an error or as the end of this session alone.
starved() {
  local name=$1 statement=$2 output room errors=0 ends=0 fine=0
  for room in ${FAULT_ROOMS:-6 80}; do
    # An error before the limit: the messages of the first error need stack, which cannot grow under the limit.
    output=$(psql -X -q -At -v VERBOSITY=verbose 2>&1 <<SQL || true
SELECT pg_backend_pid() AS pid \\gset
SET max_parallel_workers_per_gather = 0;
DO \$\$ BEGIN PERFORM health_score('m', '{"a": 5, "b": 1}'); PERFORM health_score('nobody', '{}'); EXCEPTION WHEN undefined_object THEN NULL; END \$\$;
\\setenv PID :pid
\\! prlimit --pid "\$PID" --as=\$((\$(sed -n 's/^VmSize:[^0-9]*\\([0-9]*\\) kB/\\1/p' "/proc/\$PID/status") * 1024 + $room * 1048576))
$statement;
\\echo over
SQL
)
    case $output in
      *'FATAL:  53200'*) ends=$((ends + 1)) ;;
      *'ERROR:  53200'*) errors=$((errors + 1)) ;;
      *ERROR* | *FATAL* | *'server closed'*) fail "$name with $room MB: ${output:0:600}" ;;
      *over) fine=$((fine + 1)) ;;
      *) fail "$name with $room MB: ${output:0:600}" ;;
    esac
    [ "$(sql -c 'SELECT 1')" = 1 ] || fail "$name with $room MB: the server is gone"
  done
  [ $((errors + ends)) -gt 0 ] || fail "$name: it was never short of memory"
  printf 'ok no memory, %s: %s errors, %s ended sessions, %s results\n' "$name" "$errors" "$ends" "$fine"
}
long="repeat('x', 100000000)"
starved "fit" "SELECT length(health_model_fit('m', 'labelled', 'churned', '{*}')::text)"
starved "signal power" "SELECT count(*) FROM health_signal_power('m', 'labelled', 'churned', 'b')"
starved "match" "SELECT count(*) FROM health_model_match('m', 'labelled')"
starved "a large document" "SELECT count(*) FROM health_model_check((SELECT jsonb_build_object('signals', jsonb_object_agg('s' || i, '{\"scale\": {\"linear\": [0, 100]}}'::jsonb)) FROM generate_series(1, 5000) i))"
starved "a segmented document" "SELECT health_score((SELECT jsonb_build_object('signals', jsonb_object_agg('s' || i, '{\"scale\": {\"linear\": [0, 100]}}'::jsonb), 'segments', (SELECT jsonb_agg(jsonb_build_object('name', 'g' || j, 'when', '{\"input\": \"s1\", \"eq\": 1}'::jsonb, 'patch', '{\"min_coverage\": 0}'::jsonb)) FROM generate_series(1, 9) j)) FROM generate_series(1, 4000) i), '{\"s1\": 5}'::jsonb)"
starved "a large object" "SELECT length(health_inputs('a', $long, 'b', $long)::text)"
starved "a large json" "SELECT health_score('m', ('{\"a\": 5, \"b\": [\"' || $long || '\"]}')::json)"
starved "different texts" "SELECT health_score('events', 'use', 'text ' || i) FROM generate_series(1, 3000000) i"
starved "a moving frame" "SELECT count(t) FROM (SELECT health_trend(i % 100, to_timestamp(i)) OVER (ROWS 10000000 PRECEDING) AS t FROM (SELECT generate_series(1, 3000000) AS i) g) x"
starved "many documents" "SELECT count(health_score(jsonb_build_object('signals', jsonb_build_object('s' || i % 100, '{\"scale\": {\"linear\": [0, 10]}}'::jsonb, 'm', jsonb_build_object('scale', jsonb_build_object('map', (SELECT jsonb_object_agg('k' || j, j % 100) FROM generate_series(1, 5000) j))))), jsonb_build_object('s' || i % 100, 5))) FROM generate_series(1, 100) i"
starved "refresh" "CALL health_refresh('many', '2025-07-01')"
! crashed || fail "a server process has crashed: $(crashed)"
