#!/usr/bin/env bash
# The way that the documentation shows, on a CRM's accounts with its weekly jumps: backfill, example playbooks, a refresh each night of
# a month under the default settings. No two runs in a row are held, and new playbooks raise no flood.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/data/tables.sh"


if ! has_data crm_usage_weekly.csv.gz; then
  skip_without_data crm_holds
  exit 0
fi
crm_tables

sql <<'SQL' >/dev/null
CREATE INDEX ON usage_weekly (week);
CREATE FUNCTION account_at(day date) RETURNS TABLE (account_id int, mrr numeric, seats numeric, users int, activity float8,
    activity_before float8, kinds int, last_week date) LANGUAGE sql STABLE AS $$
    SELECT s.account_id, s.mrr, s.seats, u.users, u.activity, u.activity_before, u.kinds, u.last_week
      FROM (SELECT account_id, sum(mrr) AS mrr, sum(quantity) FILTER (WHERE units = 'users') AS seats
              FROM subscription WHERE start_date <= day AND end_date > day GROUP BY account_id) s
      LEFT JOIN (SELECT account_id, max(users) FILTER (WHERE week + 7 > day - 28) AS users,
                        sum(events) FILTER (WHERE week + 7 > day - 28) AS activity,
                        sum(events) FILTER (WHERE week + 7 > day - 56 AND week + 7 <= day - 28) AS activity_before,
                        count(DISTINCT event_type) FILTER (WHERE week + 7 > day - 28)::int AS kinds, max(week) AS last_week
                   FROM usage_weekly WHERE week + 7 <= day AND week + 7 > day - 90
                  GROUP BY account_id) u USING (account_id)
$$;
CREATE VIEW account_then AS SELECT * FROM account_at((health_as_of() AT TIME ZONE 'UTC')::date);
SELECT health_model_save('crm account', '{
  "min_coverage": 0.4,
  "categories": {"usage": {"weight": 70}, "relationship": {"weight": 30}},
  "signals": {
    "licence_use":  {"category": "usage", "weight": 3, "input": {"ratio": ["users", "seats"]}, "scale": {"linear": [0, 0.8]}},
    "momentum":     {"category": "usage", "weight": 2, "input": {"change": ["activity", "activity_before"]}, "scale": {"linear": [-0.5, 0.25]}},
    "breadth":      {"category": "usage", "weight": 2, "input": "kinds", "default": 0, "scale": {"linear": [0, 12]}},
    "last_contact": {"category": "relationship", "input": "last_week", "scale": {"recency": {"best": "7 days", "worst": "35 days"}}} } }');
SELECT health_source_add('crm', 'crm account', 'account_then', 'account_id', value_column => 'mrr', point_in_time => true);
CALL health_backfill('crm', '2024-08-15Z', '2024-09-30Z', '1 day');
INSERT INTO health_playbook SELECT * FROM health_playbook_examples('crm account');
SQL
nights() { sql -c "SELECT format('CALL health_refresh(''crm'', %L);', d) FROM generate_series(timestamptz '$1Z', '$2Z', '1 day') d" | sql 2>/dev/null; }
nights 2024-10-01 2024-10-31

# The first night with playbooks alerts on what changed since the night before.
read -r first accounts longest alerts < <(sql -F ' ' -c "SELECT
  (SELECT count(DISTINCT account_id) FROM health_alert WHERE as_of = '2024-10-01Z'), (SELECT count(*) FROM crm_history WHERE scored_at = '2024-10-01Z'),
  (SELECT COALESCE(max(n), 0) FROM (SELECT count(*) FILTER (WHERE status = 'held') AS n FROM
     (SELECT status, count(*) FILTER (WHERE status = 'done') OVER (ORDER BY as_of) AS chain FROM health_run WHERE NOT backfill) r GROUP BY chain) c),
  (SELECT count(*) FROM health_alert WHERE playbook IS NOT NULL)")
[ "$accounts" -gt 300 ] || fail "a book of $accounts accounts"
[ "$((first * 5))" -le "$accounts" ] || fail "$first of $accounts accounts alert on the first night of the playbooks"
[ "$longest" -le 1 ] || fail "$longest nights in a row are held"
[ "$alerts" -gt 100 ] || fail "only $alerts alerts in a month"
printf 'ok crm_holds: %s alerts in 31 nights of %s accounts, %s of them on the first; at most %s nights in a row are held\n' "$alerts" "$accounts" "$first" "$longest"
