#!/usr/bin/env bash
# The worker of docs/examples against a local endpoint that fails every third time, once with an error, once by hanging up: in the
# end every alert was taken exactly once.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

python=/usr/bin/python3
if ! "$python" -c 'import psycopg' 2>/dev/null; then
  printf 'skip worker: %s has no psycopg 3 (Debian: python3-psycopg)\n' "$python"
  exit 0
fi

cat >"$TMPDIR/endpoint.py" <<'PY'
import http.server, json, sys

class Endpoint(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Endpoint.asked += 1
        if Endpoint.asked % 6 == 0:
            self.close_connection = True
            return
        if Endpoint.asked % 3 == 0:
            self.send_error(503)
            return
        print(self.headers["Idempotency-Key"], body["id"], body["account_id"], body["reason"], body["due_at"], sep="|", flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"T-{body['id']}\n".encode())

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Endpoint)
print(server.server_port, file=open(sys.argv[1], "w"), flush=True)
server.serve_forever()
PY
"$python" "$TMPDIR/endpoint.py" "$TMPDIR/port" >"$TMPDIR/taken" &
endpoint=$!
trap 'kill "$endpoint" 2>/dev/null || true' EXIT
soon test -s "$TMPDIR/port" || fail "the endpoint did not start"
url=http://127.0.0.1:$(cat "$TMPDIR/port")/hook

sql <<'SQL'
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}') \g /dev/null
CREATE TABLE account AS SELECT id, 80 AS a, timestamptz '2025-01-01Z' AS at FROM generate_series(1, 100) id;
SELECT health_source_add('worker', 'm', 'account', 'id', time_column => 'at', hold_alerts_above => 1) \g /dev/null
INSERT INTO health_playbook (name, model, trigger, band, action) VALUES ('red', 'm', 'band', 'red', 'Call them.');
CALL health_refresh('worker', '2025-01-01Z');
INSERT INTO account SELECT id, 10, '2025-01-02Z' FROM generate_series(1, 50) id;
CALL health_refresh('worker', '2025-01-02Z');
CREATE ROLE alert_worker LOGIN;
GRANT SELECT, UPDATE ON health_alert TO alert_worker;
SQL
work() { "$python" "$ROOT/docs/examples/alert_worker.py" "user=alert_worker" "$url" --once 2>>"$TMPDIR/errors"; }

first=$(work)
expect "the first round" "$first" "delivered 34, failed 16"
expect "after the first round" "$(sql -c "SELECT count(delivered_at), count(leased_until) FROM health_alert")" "34|16"
expect "while the leases last" "$(work)" "delivered 0, failed 0"
for _ in $(seq 10); do
  sql -c "UPDATE health_alert SET leased_until = now() - interval '1 second' WHERE leased_until IS NOT NULL"
  work >/dev/null &
  other=$!
  work >/dev/null
  wait "$other"
  [ "$(sql -c "SELECT count(*) FROM health_alert WHERE delivered_at IS NULL")" = 0 ] && break
done
expect "in the end" "$(sql -c "SELECT count(*), count(delivered_at), count(DISTINCT ref), bool_and(ref = 'T-' || id), bool_and(claimed_by = 'alert_worker'), max(attempts) > 1 FROM health_alert")" "50|50|50|t|t|t"
expect "taken" "$(sort -u "$TMPDIR/taken" | wc -l)|$(wc -l <"$TMPDIR/taken")" "50|50"
expect "what an endpoint gets" "$(head -n 1 "$TMPDIR/taken" | cut -d '|' -f 3-)" "1|in red, before in green|2025-01-09T00:00:00+00:00"
grep -q 503 "$TMPDIR/errors" || fail "no failure was told: $(cat "$TMPDIR/errors")"
printf 'ok every alert is taken once by an endpoint that fails every third time\n'

# A reminder is not what was delivered before: an endpoint that drops a key it knows must not drop it.
sql -c "SELECT health_alert_snooze(id, clock_timestamp() + interval '1 second'), pg_sleep(1.1) FROM health_alert WHERE account_id = '1'" >/dev/null
for _ in 1 2 3; do
  sql -c "UPDATE health_alert SET leased_until = now() - interval '1 second' WHERE leased_until IS NOT NULL"
  work >/dev/null
done
expect "a reminder" "$(awk -F '|' '$3 == 1 { print $1 }' "$TMPDIR/taken" | sort -u | wc -l)|$(awk -F '|' '$3 == 1' "$TMPDIR/taken" | wc -l)" "2|2"
printf 'ok what was put off comes again, under another key\n'

# Woken by NOTIFY, it delivers within a moment; the payload names no account.
"$python" "$ROOT/docs/examples/alert_worker.py" "user=alert_worker" "$url" >"$TMPDIR/daemon" 2>>"$TMPDIR/errors" &
worker=$!
trap 'kill "$endpoint" "$worker" 2>/dev/null || true' EXIT
soon grep -q delivered "$TMPDIR/daemon" || fail "the worker did not start: $(tail -n 5 "$TMPDIR/errors")"
heard=$(sql -c "LISTEN health_alert" -c "INSERT INTO account VALUES (77, 10, '2025-01-03Z')" -c "CALL health_refresh('worker', '2025-01-03Z')" -c "SELECT 1")
[[ $heard == *'"health_alert" with payload "{"source" : "worker", "run" : '*', "count" : 1}"'* ]] || fail "NOTIFY: $heard"
# Not to be taken for a number of the process that sent it.
payload=${heard#*with payload }
[[ ${payload%% received from*} != *77* ]] || fail "NOTIFY names an account: $heard"
claimed() { [ "$(sql -c "SELECT count(*) FROM health_alert WHERE account_id = '77' AND attempts > 0")" = 1 ]; }
soon claimed || fail "nothing is claimed after NOTIFY"
expect "claimed after NOTIFY" "$(sql -c "SELECT attempts FROM health_alert WHERE account_id = '77'")" 1
kill "$worker"
printf 'ok woken by NOTIFY, whose payload is source, run and count\n'
sql -c "DROP OWNED BY alert_worker" -c "DROP ROLE alert_worker"
