#!/usr/bin/env bash
# 605 accounts of a CRM scored for every week of a year, directly from the tables of usage and subscriptions, compared
# with plain SQL without the extension: the same score for every account and week, and no use of later data.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/data/tables.sh"


if ! has_data crm_usage_weekly.csv.gz; then
  skip_without_data crm_weekly
  exit 0
fi
crm_tables
sql <<'SQL'
CREATE INDEX ON usage_weekly (account_id, week);
ANALYZE usage_weekly, subscription;
SQL

sql <<'SQL' >/dev/null
-- The data of a week is known at its end. Seats are looked up then too: a subscription has terms, not events.
CREATE TABLE moment AS SELECT DISTINCT week, (week + 7)::timestamp AT TIME ZONE 'UTC' AS at FROM usage_weekly;
CREATE TABLE seats AS
SELECT account_id, week, sum(quantity)::float8 AS seats
  FROM moment JOIN subscription ON units = 'users' AND start_date <= week + 7 AND end_date > week + 7
 GROUP BY account_id, week;
CREATE INDEX ON seats (account_id, week);
CREATE TABLE usage_event AS
SELECT account_id, v.signal, v.value, at
  FROM usage_weekly JOIN moment USING (week)
 CROSS JOIN LATERAL (VALUES ('activity', to_jsonb(events)), ('users', to_jsonb(users)), ('kind', to_jsonb(event_type))) v (signal, value)
UNION ALL
SELECT account_id, 'seats', to_jsonb(seats), at FROM seats JOIN moment USING (week);

SELECT health_model_save('crm usage', '{
  "min_coverage": 0.4,
  "signals": {
    "licence use":  {"weight": 3, "input": {"ratio": ["users", "seats"]}, "scale": {"linear": [0, 0.8]}},
    "momentum":     {"weight": 2, "input": {"change": ["activity", "activity"]}, "combine": "sum", "window": "28 days", "scale": {"linear": [-0.5, 0.25]}},
    "breadth":      {"weight": 2, "input": "kind", "combine": "distinct", "window": "28 days", "scale": {"linear": [0, 12]}},
    "active weeks": {"weight": 2, "input": "activity", "combine": "active_days", "window": "84 days", "scale": {"linear": [0, 12]}},
    "recency":      {"weight": 1, "input": "activity", "scale": {"recency": {"best": "7 days", "worst": "35 days"}}} } }');
SQL

# Each account at the end of each week. The rows include events of the next five weeks, which must not count.
sql <<'SQL' >/dev/null
CREATE TABLE scored AS
SELECT m.week, e.account_id, health_score('crm usage', e.signal, e.value, e.at, m.at) AS score
  FROM moment m JOIN usage_event e ON e.at < m.at + interval '35 days'
 GROUP BY m.week, e.account_id;

-- Plain SQL: no aggregate over events, no extension.
CREATE TABLE by_hand AS
WITH account AS (SELECT m.week, a.account_id FROM moment m
                   JOIN (SELECT account_id, min(at) AS since FROM usage_event GROUP BY account_id) a ON a.since < m.at + interval '35 days'),
past AS (
    SELECT a.week, a.account_id,
           coalesce(sum(u.events) FILTER (WHERE u.week > a.week - 28), 0) AS activity,
           coalesce(sum(u.events) FILTER (WHERE u.week > a.week - 56 AND u.week <= a.week - 28), 0) AS activity_before,
           count(DISTINCT u.event_type) FILTER (WHERE u.week > a.week - 28) AS kinds,
           count(DISTINCT u.week) FILTER (WHERE u.week > a.week - 84) AS active_weeks,
           max(u.week) AS last_week
      FROM account a LEFT JOIN usage_weekly u ON u.account_id = a.account_id AND u.week <= a.week
     GROUP BY a.week, a.account_id),
licence AS (
    SELECT p.*,
           (SELECT max(u.users) FROM usage_weekly u WHERE u.account_id = p.account_id AND u.week = p.last_week) AS users,
           -- From the last week with a subscription.
           (SELECT s.seats FROM seats s WHERE s.account_id = p.account_id AND s.week <= p.week ORDER BY s.week DESC LIMIT 1) AS seats
      FROM past p),
subscore AS (
    SELECT week, account_id,
           least(100, greatest(0, users / nullif(seats, 0) / 0.8 * 100)) AS licence_use,
           least(100, greatest(0, (activity / nullif(activity_before, 0) - 1 + 0.5) / 0.75 * 100)) AS momentum,
           least(100, kinds / 12.0 * 100) AS breadth,
           least(100, active_weeks / 12.0 * 100) AS active_weeks,
           least(100, greatest(0, (35 - (week - last_week)) / 28.0 * 100)) AS recency,
           users / nullif(seats, 0) IS NOT NULL AS has_licence, activity_before > 0 AS has_momentum, last_week IS NOT NULL AS has_recency
      FROM licence)
SELECT week, account_id,
       CASE WHEN known >= 4 THEN (CASE WHEN has_licence THEN 3 * licence_use ELSE 0 END + CASE WHEN has_momentum THEN 2 * momentum ELSE 0 END
            + 2 * breadth + 2 * active_weeks + CASE WHEN has_recency THEN recency ELSE 0 END) / known END AS score
  FROM (SELECT *, 4 + CASE WHEN has_licence THEN 3 ELSE 0 END + CASE WHEN has_momentum THEN 2 ELSE 0 END + CASE WHEN has_recency THEN 1 ELSE 0 END AS known
          FROM subscore) s;
SQL

differing=$(sql -c "SELECT count(*) FROM scored s FULL JOIN by_hand h USING (week, account_id)
  WHERE (s.score IS NULL) <> (h.score IS NULL) OR abs(s.score - h.score) > 1e-6")
[ "$differing" = 0 ] || fail "$differing scores differ from plain SQL, for example $(sql -c "SELECT week, account_id, s.score, h.score FROM scored s FULL JOIN by_hand h USING (week, account_id)
  WHERE (s.score IS NULL) <> (h.score IS NULL) OR abs(s.score - h.score) > 1e-6 ORDER BY 1, 2 LIMIT 3" | tr '\n' ' ')"

# The scores must differ between accounts; many zeros would prove nothing.
read -r scores accounts spread < <(sql -F ' ' -c "SELECT count(score), count(DISTINCT account_id), round(stddev(score)) FROM scored")
[ "$accounts" = 605 ] && [ "$scores" -gt 20000 ] && [ "$spread" -ge 15 ] || fail "$scores scores of $accounts accounts that spread by $spread"

# Two steps give the same score as one.
differing=$(sql -c "SELECT count(*) FROM scored s JOIN (
    SELECT account_id, health_signals('crm usage', signal, value, e.at, m.at) AS account, m.at
      FROM usage_event e, moment m WHERE m.week = '2024-06-24' GROUP BY account_id, m.at) e USING (account_id)
  WHERE s.week = '2024-06-24' AND abs(s.score - (SELECT sum(contribution) FROM health_drivers('crm usage', e.account, e.at))) > 1e-9")
[ "$differing" = 0 ] || fail "$differing scores differ from the sum of the drivers of their signals"

printf 'ok crm_weekly: %s scores of %s accounts equal plain SQL\n' "$scores" "$accounts"
