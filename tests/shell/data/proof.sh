#!/usr/bin/env bash
# A year of a CRM's customers, point in time: each month's scores from the data known then, compared with later churn.
# The labels are also computed by hand; a column that is written at churn has no predictive power before.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/data/tables.sh"


if ! has_data crm_usage_weekly.csv.gz; then
  skip_without_data proof
  exit 0
fi
crm_tables

sql >/dev/null <<'SQL'
-- A week is known at its end, a cancellation when it takes effect.
CREATE TABLE cancellation AS SELECT account_id, max(end_date) AS at FROM subscription GROUP BY account_id HAVING max(end_date) < '2024-12-01';
CREATE TABLE weekly AS SELECT account_id, (week + 7)::timestamp AT TIME ZONE 'UTC' AS known, sum(events) AS events, max(users) AS users, count(*) AS kinds,
    coalesce(sum(value) FILTER (WHERE event_type = 'win_opportunity'), 0) AS won, coalesce(sum(events) FILTER (WHERE event_type = 'lose_opportunity'), 0) AS lost FROM usage_weekly GROUP BY account_id, week;
CREATE INDEX ON weekly (account_id, known);
CREATE INDEX ON subscription (account_id, start_date);
CREATE VIEW customer AS
SELECT a.account_id, t.mrr, t.seats, t.monthly, t.tenure, w.events, w.events_before, w.users, w.kinds, w.weeks, w.won, w.lost,
       (SELECT count(*) FROM cancellation c WHERE c.account_id = a.account_id AND c.at <= health_as_of()) AS cancelled
  FROM (SELECT DISTINCT account_id FROM subscription) a
 CROSS JOIN LATERAL (SELECT sum(s.mrr) AS mrr, sum(s.quantity) FILTER (WHERE s.units = 'users') AS seats, min(s.bill_period_months) = 1 AS monthly,
                            (health_as_of()::date - (SELECT min(f.start_date) FROM subscription f WHERE f.account_id = a.account_id)) AS tenure
                       FROM subscription s WHERE s.account_id = a.account_id AND s.start_date <= health_as_of() AND s.end_date > health_as_of()) t
  LEFT JOIN LATERAL (SELECT coalesce(sum(events) FILTER (WHERE known > health_as_of() - interval '28 days'), 0) AS events, coalesce(sum(events) FILTER (WHERE known <= health_as_of() - interval '28 days'), 0) AS events_before,
                            max(users) FILTER (WHERE known > health_as_of() - interval '28 days') AS users, max(kinds) FILTER (WHERE known > health_as_of() - interval '28 days') AS kinds,
                            count(*) AS weeks, sum(won) AS won, sum(lost) AS lost
                       FROM weekly WHERE account_id = a.account_id AND known <= health_as_of() AND known > health_as_of() - interval '56 days') w ON true
 WHERE t.mrr IS NOT NULL;
SELECT health_model_save('crm', '{"signals": {
  "licence use": {"weight": 3, "input": {"ratio": ["users", "seats"]}, "scale": {"linear": [0, 0.8]}},
  "momentum": {"weight": 2, "input": {"change": ["events", "events_before"]}, "scale": {"linear": [-0.5, 0.25]}},
  "volume": {"weight": 2, "input": {"ratio": ["events", "seats"]}, "scale": {"linear": [0, 20]}},
  "breadth": {"weight": 2, "input": "kinds", "scale": {"linear": [0, 15]}},
  "active weeks": {"weight": 1, "input": "weeks", "scale": {"linear": [0, 8]}}}}');
SELECT health_source_add('crm', 'crm', 'customer', 'account_id', book => 'crm', value_column => 'mrr', point_in_time => true, keep => '{cancelled,mrr,monthly,tenure,won,lost,seats,users,events,events_before,kinds,weeks}');
INSERT INTO health_outcome (book, account_id, kind, at) SELECT 'crm', account_id, 'churned', at::timestamp AT TIME ZONE 'UTC' FROM cancellation;
SQL
sql -c "CALL health_backfill('crm', '2024-04-01', '2024-11-01', '1 month')" >/dev/null

until="until => '2024-12-01'"
proof=$(sql -c "SELECT format('%s scores, %s churned in 60 days, AUC %s (%s to %s)', accounts, events, round(auc::numeric, 3), round(auc_low::numeric, 3), round(auc_high::numeric, 3)) FROM health_backtest('crm', 'churned', '60 days', $until)")
[ "$(sql -c "SELECT events >= 30 AND auc_low < auc AND auc < auc_high AND auc_low > 0 AND auc_high < 1 FROM health_backtest('crm', 'churned', '60 days', $until)")" = t ] || fail "$proof"
printf 'ok point in time: %s\n' "$proof"

# By hand, from the subscriptions: a last term that ends within the horizon.
different=$(sql -c "SELECT count(*) FROM health_labelled('crm', 'churned', '0 days', '60 days', $until) l
  FULL JOIN (SELECT h.account_id::text, h.scored_at, c.at IS NOT NULL AND c.at::timestamp AT TIME ZONE 'UTC' <= h.scored_at + interval '60 days' AS event FROM crm_history h LEFT JOIN cancellation c USING (account_id)
              WHERE h.scored_at <= timestamptz '2024-10-02 00:00+00' AND (c.at IS NULL OR c.at::timestamp AT TIME ZONE 'UTC' > h.scored_at)) b USING (account_id, scored_at)
  WHERE l.event IS DISTINCT FROM b.event")
[ "$different" = 0 ] || fail "$different labels differ from those made by hand"
printf 'ok labels as made by hand\n'

# A signal from the future: in today's table it predicts churn perfectly, in the history it has no predictive power.
seer='{"signals": {"cancelled": {"scale": {"linear": [1, 0]}}}}'
naive=$(sql -c "SELECT health_auc(health_score('$seer'::jsonb, jsonb_build_object('cancelled', (c.at IS NOT NULL)::int)), c.at IS NOT NULL) FROM (SELECT DISTINCT account_id FROM subscription) a LEFT JOIN cancellation c USING (account_id)")
then=$(sql -c "SELECT health_auc(health_score('$seer'::jsonb, inputs), event) FROM health_labelled('crm', 'churned', '0 days', '60 days', $until)")
[ "$naive $then" = "1 0.5" ] || fail "a signal from the future: AUC $naive in today's table, $then in history"
printf 'ok a signal from the future is worth 1 in the table of today, and 0.5 in history\n'

# A fit to the data known then; its model card shows the uncertainty.
sql >/dev/null <<SQL
CREATE VIEW known_then AS SELECT r.*, l.event AS churned FROM health_labelled('crm', 'churned', '0 days', '60 days', $until, apart => true) l,
  jsonb_to_record(l.inputs) AS r (seats float8, users float8, events float8, events_before float8, kinds float8, weeks float8, won float8, lost float8, mrr float8, monthly boolean, tenure float8, cancelled float8);
SQL
fitted=$(sql -c "SELECT format('AUC %s (%s to %s) from %s', d #>> '{meta,fit,auc}', d #>> '{meta,fit,auc_low}', d #>> '{meta,fit,auc_high}', (SELECT string_agg(s, ', ') FROM jsonb_object_keys(d -> 'signals') s)) FROM health_model_fit('crm', 'known_then', 'churned', '{*}') d" 2>&1) || true
case $fitted in
*cancelled*) fail "the fit gives weight to what is written afterwards: $fitted" ;;
AUC* | *'better than chance'*) printf 'ok a fit to what was known then: %s\n' "$(printf '%s' "${fitted#ERROR:  }" | head -n 1)" ;;
*) fail "$fitted" ;;
esac
SQL_REVIEW="SELECT count(*) FILTER (WHERE source = 'crm' AND item IN ('psi', 'highest band', 'auc')), count(*) FILTER (WHERE item LIKE 'missing %'), count(*) FILTER (WHERE item = 'verdict') FROM health_model_review('crm', '60 days', '2024-12-01')"
[ "$(sql -c "$SQL_REVIEW")" = "3|5|1" ] || fail "the review lacks something: $(sql -c "SELECT * FROM health_model_review('crm', '60 days', '2024-12-01')")"
printf 'ok the review looks at all\n'
