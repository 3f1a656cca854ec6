#!/usr/bin/env bash
# Four workers claim alerts at once: each alert is handed out exactly once, and an alert whose lease has expired once
# more. Alerts read no row of an earlier run.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

sql <<'SQL'
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}') \g /dev/null
CREATE TABLE account AS SELECT id, 80 AS a, timestamptz '2025-01-01Z' AS at FROM generate_series(1, 3000) id;
SELECT health_source_add('many', 'm', 'account', 'id', time_column => 'at', hold_alerts_above => 1) \g /dev/null
INSERT INTO health_playbook (name, model, trigger, band, action) VALUES ('red', 'm', 'band', 'red', 'Call them.');
CALL health_refresh('many', '2025-01-01Z');
INSERT INTO account SELECT id, 10, '2025-01-02Z' FROM generate_series(1, 2000) id;
CALL health_refresh('many', '2025-01-02Z');
SQL
expect "alerts" "$(sql -c "SELECT count(*) FROM health_alert")" 2000

# claim FILE: claims seven alerts at a time, more often than there are alerts.
claim() {
  for _ in $(seq 400); do printf "SELECT id FROM health_alert_claim(7, '10 minutes');\n"; done | sql >"$1"
}
four() {
  local worker pids=()
  for worker in 1 2 3 4; do
    claim "$TMPDIR/$1.$worker" &
    pids+=($!)
  done
  for worker in "${pids[@]}"; do wait "$worker" || fail "$1: a worker failed"; done
}
four first
expect "handed out" "$(cat "$TMPDIR"/first.? | sort -n | uniq | wc -l)|$(cat "$TMPDIR"/first.? | wc -l)" "2000|2000"
for worker in 1 2 3 4; do [ -s "$TMPDIR/first.$worker" ] || fail "worker $worker got nothing"; done
printf 'ok four workers are handed each alert once\n'

sql -c "SELECT count(health_alert_delivered(id)) FROM health_alert WHERE id % 2 = 0" >/dev/null
sql -c "UPDATE health_alert SET leased_until = now() - interval '1 second' WHERE id % 4 = 1"
four second
expect "handed out again" "$(cat "$TMPDIR"/second.? | sort -n | uniq | wc -l)|$(cat "$TMPDIR"/second.? | wc -l)|$(cat "$TMPDIR"/second.? | awk '$1 % 4 != 1' | wc -l)" "500|500|0"
printf 'ok what a lease lost is handed out again, once\n'

# What alerts compare with stands in one row an account: no row of an earlier run is read.
sql -c "INSERT INTO health_playbook (name, model, trigger, direction, points, within, action)
  VALUES ('declines', 'm', 'trend', 'declining', NULL, NULL, 'Ask.'), ('drops', 'm', 'drop', NULL, 10, '1 day', 'Ask.')"
pairs=$(sql -c "SELECT health_score_internal.health_alert_pairs(s, '2025-01-03Z', 'many_history') FROM health_source s")
sql >"$TMPDIR/plan" <<SQL
SET plan_cache_mode = force_custom_plan;
PREPARE pairs (timestamptz, timestamptz, timestamptz[]) AS $pairs;
EXPLAIN (COSTS off) EXECUTE pairs('2025-01-03Z', '2025-01-02Z', '{}');
SQL
if ! grep -q 'many_recent' "$TMPDIR/plan" || grep -q 'many_history' "$TMPDIR/plan"; then
  cat "$TMPDIR/plan"
  fail "alerts read the rows of earlier runs"
fi
printf 'ok alerts read no row of an earlier run\n'
