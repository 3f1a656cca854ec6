#!/usr/bin/env bash
# The scripts of make demo run to their end, and the scores separate churned accounts from others.
# The real-world data sets are used if DATA names their directory.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

run() { psql -X -q -v ON_ERROR_STOP=1 "$@" >"$TMPDIR/demo.out" 2>&1 || { tail -n 20 "$TMPDIR/demo.out"; fail "$*"; }; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -c "$1"; }

# auc QUERY: the share of pairs (one with event, one without) in which the one with event has the lower score; ties count half.
auc() {
  sql "WITH scored AS ($1), ranked AS (SELECT event, rank() OVER (ORDER BY score DESC) + (count(*) OVER (PARTITION BY score) - 1) / 2.0 AS rank FROM scored)
    SELECT round((sum(rank) FILTER (WHERE event) - count(*) FILTER (WHERE event) * (count(*) FILTER (WHERE event) + 1) / 2.0)
      / (count(*) FILTER (WHERE event) * count(*) FILTER (WHERE NOT event)), 4) FROM ranked"
}
above() { awk -v value="$1" -v least="$2" 'BEGIN { exit !(value >= least) }' || fail "$3: $1 is below $2"; }

run -f "$ROOT/demo/company.sql"
run -f "$ROOT/demo/model.sql"
run -f "$ROOT/demo/tour.sql"
[ "$(grep -c '^── ' "$TMPDIR/demo.out")" = 9 ] || fail "the tour has nine parts"
printf 'ok tour of the sample company\n'

run -f "$ROOT/demo/nightly.sql"
[ "$(grep -c '^── ' "$TMPDIR/demo.out")" = 6 ] || fail "the nights have six parts"
read -r months accounts alerts delivered resolved followed < <(sql "SELECT (SELECT count(DISTINCT scored_at) FROM demo.customers_history), (SELECT min(n) FROM (SELECT count(*) AS n FROM demo.customers_history GROUP BY scored_at) m),
  count(*), count(delivered_at), count(action_taken), (SELECT count(*) FROM health_alert_outcome WHERE source = 'customers' AND action_taken IS NOT NULL AND latest_at = '2026-06-30 00:00Z') FROM health_alert WHERE source = 'customers'" | tr '|' ' ')
if [ "$months" != 23 ] || [ "$accounts" -lt 1000 ] || [ "$alerts" -lt 100 ] || [ "$delivered" != 20 ] || [ "$resolved" -lt 5 ] || [ "$followed" != "$resolved" ]; then
  fail "history and alerts of the sample company: $months months, $accounts accounts, $alerts alerts, $delivered delivered, $resolved resolved, $followed followed"
fi
printf 'ok nights of the sample company: %s alerts, %s delivered, %s resolved and followed\n' "$alerts" "$delivered" "$resolved"

lines=$(sql "SELECT count(*) FROM demo.account_inputs a, health_assess('company', a, '2026-06-30 00:00+00') h,
    LATERAL (SELECT sum(contribution) AS sum FROM health_drivers('company', a, '2026-06-30 00:00+00')) d
  WHERE abs(d.sum - h.score) > 1e-9 OR h.score NOT BETWEEN h.low AND h.high OR (h.score IS NULL) <> (h.status = 'insufficient_data')")
[ "$lines" = 0 ] || fail "$lines accounts whose lines do not add up"
company=$(auc "SELECT health_score('company', a, '2026-01-01 00:00+00') AS score,
    EXISTS (SELECT FROM demo.outcome o WHERE o.account_id = a.account_id AND o.kind = 'churned' AND o.at >= '2026-01-01') AS event
  FROM demo.account_inputs_at('2026-01-01') a WHERE health_score('company', a, '2026-01-01 00:00+00') IS NOT NULL")
above "$company" 0.75 "sample company, scored six months before"
printf 'ok sample company: lines add up, AUC six months ahead %s\n' "$company"

if [ -z "${DATA:-}" ]; then
  printf 'skip %s: the data sets are not there (DATA)\n' telco_customer_churn saas_accounts
  exit 0
fi
for name in telco_customer_churn saas_accounts; do
  gzip -dc "$DATA/$name.csv.gz" >"$TMPDIR/$name.csv"
done
run -v data="$TMPDIR" -f "$ROOT/demo/telco.sql"
telco=$(auc "SELECT health_score('telco', c) AS score, \"Churn\" = 'Yes' AS event FROM telco.customer c")
above "$telco" 0.80 telco_customer_churn
[ "$(sql "SELECT count(*) FROM telco.customer c WHERE health_score('telco', c) IS NULL")" = 0 ] || fail "telco: accounts without a score"
printf 'ok telco_customer_churn: AUC %s\n' "$telco"
run -v data="$TMPDIR" -f "$ROOT/demo/saas.sql"
saas=$(auc "SELECT health_score('saas_accounts', a) AS score, churn::text IN ('1', 'true', 't', 'yes', 'Yes') AS event FROM saas.account a")
above "$saas" 0.78 saas_accounts
printf 'ok saas_accounts: AUC %s\n' "$saas"
