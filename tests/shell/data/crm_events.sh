#!/usr/bin/env bash
# 605 accounts of a CRM, night by night from their tables of usage and subscriptions: events as a source, without a view by hand of
# what they come to. Each night equals plain SQL without the extension, whenever it is scored, and reads the windows of the model only.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/data/tables.sh"


if ! has_data crm_usage_weekly.csv.gz; then
  skip_without_data crm_events
  exit 0
fi
crm_tables

sql <<'SQL' >/dev/null
-- The events as a log has them, a partition a quarter: a week of a kind of use is known at its end.
CREATE TABLE use_event (account_id int, signal text, value float8, at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT format('CREATE TABLE use_%s PARTITION OF use_event FOR VALUES FROM (%L) TO (%L)', to_char(q, 'YYYY_Q'), q, q + interval '3 months')
  FROM generate_series(timestamptz '2024-01-01Z', '2025-01-01Z', '3 months') q \gexec
INSERT INTO use_event SELECT account_id, v.signal, v.value, (week + 7)::timestamp AT TIME ZONE 'UTC'
  FROM usage_weekly CROSS JOIN LATERAL (VALUES ('activity', events), ('users', users), (event_type, NULL)) v (signal, value);
-- The accounts and what is known of them: those with a subscription at that time.
CREATE VIEW account_then AS
SELECT account_id, sum(mrr) AS mrr, sum(quantity) FILTER (WHERE units = 'users') AS seats, max(end_date) AS renewal
  FROM subscription WHERE start_date <= (health_as_of() AT TIME ZONE 'UTC')::date AND end_date > (health_as_of() AT TIME ZONE 'UTC')::date GROUP BY account_id;

SELECT health_model_save('crm events', '{
  "min_coverage": 0.4,
  "signals": {
    "licence_use": {"weight": 3, "input": {"ratio": ["users", "seats"]}, "combine": "max", "window": "28 days", "scale": {"linear": [0, 0.8]}},
    "momentum":    {"weight": 2, "input": {"change": ["activity", "activity"]}, "combine": "sum", "window": "28 days", "scale": {"linear": [-0.5, 0.25]}},
    "leads":       {"weight": 2, "input": "add_lead", "combine": "count", "window": "28 days", "scale": {"linear": [0, 4]}},
    "active":      {"weight": 2, "input": "activity", "combine": "active_days", "window": "56 days", "scale": {"linear": [0, 8]}},
    "renewal":     {"weight": 1, "input": {"days": ["@as_of", "renewal"]}, "scale": {"linear": [0, 90]}} } }');
SELECT health_source_add('crm', 'crm events', 'account_then', 'account_id', value_column => 'mrr', renewal_column => 'renewal', point_in_time => true,
  events => 'use_event', event_signal => 'signal', event_value => 'value', event_time => 'at', hold_alerts_above => 1);
SQL

# Out of order: what comes later must make no difference.
sql -c "CALL health_refresh('crm', '2024-12-01 03:00Z')" -c "CALL health_backfill('crm', '2024-01-20 03:00Z', '2024-11-30 03:00Z', '5 days')"

sql <<'SQL' >/dev/null
CREATE TABLE night AS SELECT DISTINCT scored_at AS at FROM crm_history;
CREATE TABLE by_hand AS
WITH account AS (
    SELECT n.at, s.account_id, sum(s.quantity) FILTER (WHERE s.units = 'users') AS seats, max(s.end_date) AS renewal, sum(s.mrr) AS mrr
      FROM night n JOIN subscription s ON s.start_date <= (n.at AT TIME ZONE 'UTC')::date AND s.end_date > (n.at AT TIME ZONE 'UTC')::date
     GROUP BY n.at, s.account_id),
past AS (
    SELECT a.at, a.account_id, max(u.users) FILTER (WHERE age < 28) AS users,
           coalesce(sum(u.events) FILTER (WHERE age < 28), 0) AS activity, coalesce(sum(u.events) FILTER (WHERE age >= 28 AND age < 56), 0) AS activity_before,
           count(*) FILTER (WHERE age < 28 AND u.event_type = 'add_lead') AS leads, count(DISTINCT u.week) FILTER (WHERE age < 56) AS active
      FROM account a
      LEFT JOIN LATERAL (SELECT u.*, extract(epoch FROM a.at - ((u.week + 7)::timestamp AT TIME ZONE 'UTC')) / 86400 AS age
                           FROM usage_weekly u WHERE u.account_id = a.account_id) u ON u.age >= 0
     GROUP BY a.at, a.account_id),
subscore AS (
    SELECT a.at, a.account_id, a.mrr, least(100, greatest(0, p.users / nullif(a.seats, 0)::float8 / 0.8 * 100)) AS licence_use,
           least(100, greatest(0, (p.activity / nullif(p.activity_before, 0) - 1 + 0.5) / 0.75 * 100)) AS momentum,
           least(100, p.leads / 4.0 * 100) AS leads, least(100, p.active / 8.0 * 100) AS active,
           least(100, greatest(0, extract(epoch FROM (a.renewal::timestamp AT TIME ZONE 'UTC') - a.at) / 86400 / 90 * 100)) AS renewal,
           p.users IS NOT NULL AND a.seats > 0 AS has_licence, p.activity_before > 0 AS has_momentum
      FROM account a JOIN past p USING (at, account_id))
SELECT at, account_id, mrr, CASE WHEN known >= 4 THEN (CASE WHEN has_licence THEN 3 * licence_use ELSE 0 END + CASE WHEN has_momentum THEN 2 * momentum ELSE 0 END
       + 2 * leads + 2 * active + renewal) / known END AS score
  FROM (SELECT *, 5 + CASE WHEN has_licence THEN 3 ELSE 0 END + CASE WHEN has_momentum THEN 2 ELSE 0 END AS known FROM subscore) s;
SQL

difference="FROM crm_history s FULL JOIN by_hand h ON h.at = s.scored_at AND h.account_id = s.account_id
  WHERE s.account_id IS NULL OR h.account_id IS NULL OR (s.score IS NULL) <> (h.score IS NULL) OR abs(s.score - h.score) > 1e-6 OR s.value IS DISTINCT FROM h.mrr"
differing=$(sql -c "SELECT count(*) $difference")
[ "$differing" = 0 ] || fail "$differing rows differ from plain SQL, for example $(sql -c "SELECT h.at, h.account_id, s.score, h.score, s.inputs $difference ORDER BY 1, 2 LIMIT 3" | tr '\n' ' ')"
read -r nights rows accounts silent spread < <(sql -F ' ' -c "SELECT count(DISTINCT scored_at), count(*), count(DISTINCT account_id), count(*) FILTER (WHERE inputs @> '{\"@active\": 0}'), round(stddev(score)) FROM crm_history")
[ "$nights" -ge 50 ] && [ "$rows" -gt 15000 ] && [ "$accounts" = 605 ] && [ "$silent" -gt 0 ] && [ "$spread" -ge 10 ] || fail "$nights nights, $rows rows of $accounts accounts, $silent without events, spread by $spread"

# What it was is explained from the history alone, and a replay gives the same.
sums=$(sql -c "SELECT count(*) FROM crm_history h, LATERAL (SELECT sum(contribution) AS sum FROM health_drivers(model || '@' || model_version, inputs, scored_at)) d WHERE scored_at = '2024-12-01 03:00Z' AND abs(d.sum - h.score) > 1e-6")
expect "scores that are not the sum of their drivers" "$sums" 0
expect "replayed scores that differ" "$(sql -c "SELECT count(*) FROM health_replay('crm', 'crm events') WHERE change <> 0")" 0

# A night reads the partitions of its windows: 56 days before 1 December lie in the last quarter.
plan=$(sql -c "DO \$\$ DECLARE line text; BEGIN FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off) ' || (SELECT health_score_internal.health_source_query(s) FROM health_source s) USING timestamptz '2024-12-01 03:00Z' LOOP RAISE NOTICE '%', line; END LOOP; END \$\$" 2>&1)
expect "partitions read" "$(grep -o 'Scan on use_2[0-9_]*' <<<"$plan" | sort -u | tr '\n' ' ')" "Scan on use_2024_4 "
printf 'ok crm_events: %s rows of %s nights and %s accounts equal plain SQL, %s of them without events\n' "$rows" "$nights" "$accounts" "$silent"
