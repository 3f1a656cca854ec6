#!/usr/bin/env bash
# Score by lunch, on real tables as they are: draft, save, score in three statements; what does not fit is seen; a draft of a
# large table reads a sample. AUC = the share of pairs (one that left, one that stayed) in which the score of who left is lower.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/data/tables.sh"

sql() { psql -X -q -At -v ON_ERROR_STOP=1 -c "$1"; }

# auc QUERY of (score, event), ties half.
auc() {
  sql "WITH scored AS ($1), ranked AS (SELECT event, rank() OVER (ORDER BY score DESC) + (count(*) OVER (PARTITION BY score) - 1) / 2.0 AS rank FROM scored)
    SELECT round((sum(rank) FILTER (WHERE event) - count(*) FILTER (WHERE event) * (count(*) FILTER (WHERE event) + 1) / 2.0)
      / (count(*) FILTER (WHERE event) * count(*) FILTER (WHERE NOT event)), 4) FROM ranked"
}
above() { awk -v value="$1" -v least="$2" 'BEGIN { exit !(value >= least) }' || fail "$3: $1 is below $2"; }

# The whole way: draft, save, score. Then what match says of the ends is compared with the subscores of all accounts.
three_statements() {
  local model=$1 relation=$2 as_of=$3 unscored unwarned
  sql "SELECT health_model_save('$model', health_model_draft('$relation', as_of => '$as_of'))" >/dev/null
  unscored=$(sql "SELECT count(*) FROM $relation a WHERE health_score('$model', a, '$as_of') IS NULL")
  [ "$unscored" = 0 ] || fail "$relation: $unscored rows without a score"
  unwarned=$(sql "WITH ends AS (
      SELECT d.driver, avg((d.subscore <= 0)::int) AS worst, avg((d.subscore >= 100)::int) AS best
        FROM $relation a, health_drivers('$model', a, '$as_of') d WHERE d.kind = 'signal' GROUP BY d.driver)
    SELECT string_agg(driver, ', ') FROM ends JOIN health_model_match('$model', '$relation', '$as_of') m ON m.signal = driver
     WHERE (worst > 0.605 OR best > 0.605) AND m.status = 'ok'")
  [ -z "$unwarned" ] || fail "$relation: crowded at one end, and match says nothing: $unwarned"
}

# A table of ten million rows is sampled, not scanned.
sql "CREATE TABLE large AS SELECT n AS account_id, n % 101 AS logins, n % 11 AS nps FROM generate_series(1, 10000000) n; ANALYZE large" >/dev/null
read=$(sql "SELECT health_model_draft('large') #>> '{meta,draft,read}'")
scale=$(sql "SELECT health_model_draft('large') #>> '{signals,logins,scale}'")
pages=$(sql "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT health_model_draft('large')" |
  awk '/Buffers:/ && !seen++ { while (match($0, /(hit|read)=[0-9]+/)) { n = substr($0, RSTART, RLENGTH); sub(/.*=/, "", n); sum += n; $0 = substr($0, RSTART + RLENGTH) } print sum }')
all=$(sql "SELECT pg_relation_size('large') / 8192")
sql "DROP TABLE large"
case $read in 'a sample of 50,000 of about 10,000,000 rows, from blocks chosen at random') ;; *) fail "a draft of 10,000,000 rows read $read" ;; esac
# The 5th and 95th percentile of 0 to 100.
[[ $scale =~ ^\{\"linear\":\ \[[456],\ 9[456]\]\}$ ]] || fail "the sample's percentiles are $scale"
[ "$pages" -gt 0 ] && [ "$pages" -lt $((all / 4)) ] || fail "a draft of 10,000,000 rows read $pages pages of $all"
printf 'ok a draft of a table of 10,000,000 rows read %s pages of %s: %s\n' "$pages" "$all" "$read"

if ! has_data crm_accounts.csv; then
  skip_without_data "drafts of real tables"
  exit 0
fi
churn_tables
sql 'CREATE SCHEMA crm; CREATE TABLE crm.account (account_id int, channel text, country text)'
load crm.account crm_accounts.csv
crm_tables crm.

three_statements 'draft telco' telco.customer 2026-01-01
telco=$(auc "SELECT health_score('draft telco', c) AS score, \"Churn\" = 'Yes' AS event FROM telco.customer c")
above "$telco" 0.79 telco_customer_churn
printf 'ok telco_customer_churn: AUC of the untouched draft %s\n' "$telco"
three_statements 'draft saas' saas.account 2026-01-01
saas=$(auc "SELECT health_score('draft saas', a) AS score, churn = 1 AS event FROM saas.account a")
above "$saas" 0.63 saas_accounts
printf 'ok saas_accounts: AUC of the untouched draft %s\n' "$saas"
three_statements 'draft subscriptions' crm.subscription 2024-12-01
three_statements 'draft usage' crm.usage_weekly 2024-12-30
notes=$(sql "SELECT health_model_get('draft usage') #>> '{meta,draft,notes,0}'")
case $notes in *'make it one row an account'*) ;; *) fail "a draft of many rows an account says: $notes" ;; esac
error=$(sql "SELECT health_model_draft('crm.account')" 2>&1 || true)
case $error in *'no column of crm.account can be read as a signal'*HINT*) ;; *) fail "a draft of ids and groups says: $error" ;; esac
printf 'ok crm tables: subscriptions and weekly usage drafted and scored, accounts without a signal refused\n'

said() { sql "SELECT count(*) FROM health_model_match('$1', '$2', '2026-01-01') WHERE status = '$3' AND message LIKE '$4'"; }
sql 'ALTER TABLE telco.customer RENAME "Contract" TO "ContractType"'
[ "$(said 'draft telco' telco.customer error '%no column "Contract"%')" = 1 ] || fail "a renamed column is not seen"
sql "UPDATE saas.account SET monthly_logins = monthly_logins * 10"
[ "$(said 'draft saas' saas.account warning '%best end of the scale%')" -ge 1 ] || fail "a scale that no longer fits is not seen"
sql "SELECT health_model_patch('draft saas', '{\"segments\": [{\"name\": \"e\", \"when\": {\"input\": \"customer_segment\", \"in\": [\"Enterprise\", \"SME\", \"Individual\"]}, \"patch\": {\"min_coverage\": 0}}]}');
  UPDATE saas.account SET customer_segment = 'Government' WHERE customer_id LIKE '%7'" >/dev/null
[ "$(said 'draft saas' saas.account warning '%no segment names \"Government\" (10 \%)%')" = 1 ] || fail "a new segment value is not seen"
printf 'ok match sees a renamed column, a scale that no longer fits, a new segment value\n'
