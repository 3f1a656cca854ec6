#!/usr/bin/env bash
# A year of a CRM's accounts, month by month, with both kinds of sources for the past: a view that calls health_as_of(),
# and a table with a time column. Both write the same history and raise the same alerts; people and workers process the
# alerts.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/data/tables.sh"


if ! has_data crm_usage_weekly.csv.gz; then
  skip_without_data crm_nightly
  exit 0
fi
crm_tables

sql <<'SQL' >/dev/null
-- Data known before 00:00 UTC of a day, for accounts with a subscription on that day.
CREATE FUNCTION account_at(day date) RETURNS TABLE (account_id int, mrr numeric, seats numeric, renewal date, users int, activity float8,
    activity_before float8, kinds int, last_week date) LANGUAGE sql STABLE AS $$
    SELECT s.account_id, s.mrr, s.seats, s.renewal, u.users, u.activity, u.activity_before, u.kinds, u.last_week
      FROM (SELECT account_id, sum(mrr) AS mrr, sum(quantity) FILTER (WHERE units = 'users') AS seats, max(end_date) AS renewal
              FROM subscription WHERE start_date <= day AND end_date > day GROUP BY account_id) s
      LEFT JOIN (SELECT account_id, max(users) FILTER (WHERE week + 7 > day - 28) AS users,
                        sum(events) FILTER (WHERE week + 7 > day - 28) AS activity,
                        sum(events) FILTER (WHERE week + 7 > day - 56 AND week + 7 <= day - 28) AS activity_before,
                        count(DISTINCT event_type) FILTER (WHERE week + 7 > day - 28)::int AS kinds, max(week) AS last_week
                   FROM usage_weekly WHERE week + 7 <= day GROUP BY account_id) u USING (account_id)
$$;
CREATE VIEW account_then AS SELECT * FROM account_at((health_as_of() AT TIME ZONE 'UTC')::date);
CREATE TABLE account_month AS
SELECT a.*, day FROM generate_series(timestamp '2024-03-01', '2024-12-01', '1 month') month, CAST(month AS date) day, account_at(day) a;

SELECT health_model_save('crm account', '{
  "min_coverage": 0.4,
  "categories": {"usage": {"weight": 70}, "relationship": {"weight": 30}},
  "signals": {
    "licence_use":  {"category": "usage", "weight": 3, "input": {"ratio": ["users", "seats"]}, "scale": {"linear": [0, 0.8]}},
    "momentum":     {"category": "usage", "weight": 2, "input": {"change": ["activity", "activity_before"]}, "scale": {"linear": [-0.5, 0.25]}},
    "breadth":      {"category": "usage", "weight": 2, "input": "kinds", "default": 0, "scale": {"linear": [0, 12]}},
    "last_contact": {"category": "relationship", "input": "last_week", "scale": {"recency": {"best": "7 days", "worst": "35 days"}}} } }');
-- Two sources with one model and one book: each raises its own alerts.
SELECT health_source_add('by view', 'crm account', 'account_then', 'account_id', value_column => 'mrr', renewal_column => 'renewal', point_in_time => true,
                         hold_alerts_above => 0.9);
SELECT health_source_add('by time', 'crm account', 'account_month', 'account_id', value_column => 'mrr', renewal_column => 'renewal', time_column => 'day',
                         max_staleness => '1 day', hold_alerts_above => 0.9);
SQL

for source in 'by view' 'by time'; do
  sql -c "CALL health_backfill('$source', '2024-03-01Z', '2024-09-01Z', '1 month')"
done
expect "alerts of a backfill" "$(sql -c "SELECT count(*) FROM health_alert")" 0
sql -c "INSERT INTO health_playbook SELECT * FROM health_playbook_examples('crm account')"
night() { sql -c "CALL health_refresh('by view', '$1')" -c "CALL health_refresh('by time', '$1')"; }
night 2024-10-01Z

# Some alerts are claimed, delivered and resolved.
claimed=$(sql -c "SELECT count(*) FROM health_alert_claim(12, source => 'by view') a WHERE health_alert_delivered(a.id, 'T-' || a.id)")
expect "claimed and delivered" "$claimed" 12
sql -c "SELECT health_alert_resolve(id, 'training') FROM health_alert WHERE delivered_at IS NOT NULL AND id % 3 = 0" >/dev/null
night 2024-11-01Z
night 2024-12-01Z

# The same history and the same alerts, whatever their end; only a source with max_staleness reports accounts without a
# row.
alone() { sql -c "SELECT count(*) FROM (SELECT to_jsonb(a) - 'run' FROM \"$1\" a EXCEPT SELECT to_jsonb(b) - 'run' FROM \"$2\" b) d"; }
expect "rows by view alone" "$(alone "by view_history" "by time_history")" 0
expect "rows by time alone" "$(alone "by time_history" "by view_history")" 0
alerts="SELECT count(*) || ' ' || md5(string_agg(format('%s %s %s %s %s', playbook, account_id, as_of, reason, explanation), E'\n' ORDER BY playbook, account_id, as_of)) FROM health_alert WHERE as_of = '2024-10-01Z' AND trigger <> 'stale' AND source ="
expect "alerts by time" "$(sql -c "$alerts 'by time'")" "$(sql -c "$alerts 'by view'")"
read -r months rows raised ended < <(sql -F ' ' -c "SELECT (SELECT count(DISTINCT scored_at) FROM \"by view_history\"), (SELECT count(*) FROM \"by view_history\"), count(*), count(ended_at) FROM health_alert WHERE source = 'by view'")
[ "$months" = 10 ] && [ "$rows" -gt 3000 ] && [ "$raised" -gt 50 ] && [ "$ended" -gt 0 ] || fail "$months months, $rows rows, $raised alerts, $ended ended"

# One query for each question: did it help, which scores changed and why, one customer or the whole book?
read -r helped moved told < <(sql -F ' ' -c "SELECT
  (SELECT count(latest_change) FROM health_alert_outcome WHERE action_taken = 'training'),
  (SELECT count(*) FROM \"by view_movers\" WHERE explanation <> ''),
  (SELECT count(*) FROM (SELECT account_id FROM \"by view_movers\" ORDER BY abs(change) DESC LIMIT 50) m,
     LATERAL (SELECT sum(change) FILTER (WHERE part <> 'score') - sum(change) FILTER (WHERE part = 'score') AS rest, max(peers) AS peers
                FROM health_explain_change('by view', m.account_id, '2024-11-01Z', '2024-12-01Z', by => 'all')) c
    WHERE abs(c.rest) < 1e-9 AND c.peers > 100)")
[ "$helped" -ge 1 ] && [ "$moved" -ge 50 ] && [ "$told" = 50 ] || fail "$helped resolved alerts followed, $moved movers explained, $told changes that add up"
printf 'ok crm_nightly: %s rows of %s months twice the same, %s alerts, %s followed after they were resolved\n' "$rows" "$months" "$raised" "$helped"
