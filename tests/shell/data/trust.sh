#!/usr/bin/env bash
# Learning from outcomes: a fit without predictive power is refused, noise gets no weight, and on real tables the AUC on
# held-out accounts reaches a fixed minimum.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/data/tables.sh"

sql() { psql -X -q -At -v ON_ERROR_STOP=1 -c "$1"; }
at_least() { awk -v value="$1" -v least="$2" 'BEGIN { exit !(value >= least) }' || fail "$3: $1 is below $2"; }

# A book whose churn depends on three of its columns; and columns of noise.
sql "CREATE SCHEMA made; CREATE FUNCTION made.random(i bigint, purpose bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS
  'SELECT (hashint8extended(i, purpose) & 16777215) / 16777216::float8';
CREATE TABLE made.account AS SELECT i AS account_id, round((made.random(i, 1) * 50)::numeric)::int AS logins, CASE WHEN made.random(i, 2) > 0.1 THEN round((made.random(i, 3) * 10)::numeric)::int END AS nps,
  CASE WHEN made.random(i, 4) < 0.5 THEN 'basic' WHEN made.random(i, 4) < 0.9 THEN 'team' ELSE 'enterprise' END AS plan, made.random(i, 5) AS noise_a, round((made.random(i, 6) * 9)::numeric) AS noise_b,
  chr(97 + (made.random(i, 7) * 8)::int) AS noise_c, made.random(i, 8) < 0.3 AS noise_d, date '2026-01-01' - (made.random(i, 9) * 900)::int AS noise_since, 7 AS constant FROM generate_series(1, 8000) i;
CREATE TABLE made.book AS SELECT a.*, a.logins * 2 + 3 AS logins_again,
  made.random(account_id, 10) < 1 / (1 + exp(1.5 + logins / 12.0 - CASE WHEN nps IS NULL THEN 1.5 WHEN nps < 4 THEN 1 ELSE 0 END - CASE plan WHEN 'basic' THEN 1.2 WHEN 'team' THEN 0.4 ELSE 0 END)) AS churned FROM made.account a" >/dev/null
model='{"signals": {"logins": {"label": "Logins", "weight": 5, "scale": {"linear": [0, 1]}}, "nps": {"scale": {"linear": [0, 10]}, "weight": 1}}}'
fitted=$(sql "SELECT health_model_fit('$model'::jsonb, 'made.book', 'churned', '{*}', '2026-02-01')")
[ "$(sql "SELECT string_agg(s, ',' ORDER BY s) FROM jsonb_object_keys('$fitted'::jsonb -> 'signals') s WHERE s LIKE 'noise%' OR s IN ('constant', 'account_id')")" = "" ] ||
  fail "noise has weight: $fitted"
[ "$(sql "SELECT count(*) FROM jsonb_object_keys('$fitted'::jsonb -> 'signals') s WHERE s IN ('logins', 'logins_again', 'nps', 'plan')")" -ge 3 ] || fail "a signal was not found: $fitted"
[ "$(sql "SELECT '$fitted'::jsonb #>> '{signals,logins,label}'")" = Logins ] || [ "$(sql "SELECT '$fitted'::jsonb #>> '{signals,logins_again,label}'")" = 'Logins again' ] || fail "the label is lost"
again=$(sql "SELECT health_model_fit('$model'::jsonb, 'made.book', 'churned', '{*}', '2026-02-01') = '$fitted'::jsonb")
[ "$again" = t ] || fail "the same rows give another fit"
printf 'ok noise, constants and ids get no weight\n'

# Shuffled outcomes: each account has the churn of another account.
refused=0
for seed in $(seq 1 20); do
  sql "CREATE OR REPLACE VIEW made.shuffled AS SELECT a.*, s.churned FROM (SELECT a.*, row_number() OVER (ORDER BY account_id) AS place FROM made.account a) a
    JOIN (SELECT churned, row_number() OVER (ORDER BY made.random(account_id, 1000 + $seed)) AS place FROM made.book) s USING (place)" >/dev/null
  answer=$(psql -X -q -At -c "SELECT health_model_fit('$model'::jsonb, 'made.shuffled', 'churned', '{*}', '2026-02-01') #>> '{meta,fit,auc}'" 2>&1) && printf 'seed %s was fitted: %s\n' "$seed" "$answer"
  case $answer in *'better than chance'*) refused=$((refused + 1)) ;; esac
done
[ "$refused" -ge 19 ] || fail "only $refused of 20 shuffled outcomes were refused"
printf 'ok %s of 20 shuffled outcomes are refused\n' "$refused"

# 10,000 to 1 among 400,000: forty events are enough to learn from.
sql "CREATE TABLE made.rare AS SELECT i AS account_id, made.random(i, 20) AS use, made.random(i, 21) AS noise, i % 10000 = 0 AND made.random(i, 20) < 2 AS churned FROM generate_series(1, 400000) i;
  UPDATE made.rare SET use = use * 0.3 WHERE churned" >/dev/null
rare=$(sql "SELECT jsonb_build_object('signals', (SELECT jsonb_agg(s) FROM jsonb_object_keys(d -> 'signals') s), 'events', d #> '{meta,fit,events}', 'n', d #> '{meta,fit,n}') FROM health_model_fit('{\"signals\": {\"use\": {\"scale\": {\"linear\": [0, 1]}}, \"noise\": {\"scale\": {\"linear\": [0, 1]}}}}'::jsonb, 'made.rare', 'churned') d")
[ "$rare" = '{"n": 400000, "events": 40, "signals": ["use"]}' ] || fail "10,000 to 1: $rare"
printf 'ok 10,000 to 1\n'

if ! has_data telco_customer_churn.csv.gz; then
  skip_without_data "fits of real tables"
  exit 0
fi
churn_tables
sql 'CREATE SCHEMA cdnow; CREATE TABLE cdnow.line (line text)'
gzip -dc "$DATA/cdnow_transactions.txt.gz" | sed 's/^ *//' | psql -X -q -v ON_ERROR_STOP=1 -c "COPY cdnow.line FROM STDIN"
sql "CREATE VIEW telco.account AS SELECT *, nullif(trim(\"TotalCharges\"), '')::numeric AS total_charges FROM telco.customer;
CREATE TABLE cdnow.purchase AS SELECT p[1] AS customer, to_date(p[2], 'YYYYMMDD') AS at, p[3]::int AS items, p[4]::numeric AS value FROM (SELECT regexp_split_to_array(trim(line), '\s+') AS p FROM cdnow.line WHERE line ~ '^\s*[0-9]') l;
CREATE VIEW cdnow.customer AS SELECT customer, max(at) AS last_order, min(at) AS first_order, count(*) AS orders, count(*) FILTER (WHERE at >= date '1997-10-01' - 90) AS orders_90d,
  sum(value) AS monetary, sum(items) AS items, avg(value) AS order_value, max(at) - min(at) AS days_between,
  NOT EXISTS (SELECT FROM cdnow.purchase f WHERE f.customer = p.customer AND f.at >= '1997-10-01' AND f.at < '1998-07-01') AS churned
  FROM cdnow.purchase p WHERE at < '1997-10-01' GROUP BY customer" >/dev/null

# fit NAME DOCUMENT RELATION OUTCOME AS_OF LEAST: the saved model reaches the reported AUC on the same table.
fit() {
  local auc again
  sql "SELECT health_model_save('$1', health_model_fit($2, '$3', '$4', '{*}', $5))" >/dev/null
  auc=$(sql "SELECT health_model_get('$1') #>> '{meta,fit,auc}'")
  at_least "$auc" "$6" "$3"
  again=$(sql "SELECT health_auc(health_score('$1', a, $5), a.\"$4\"::text IN ('Yes', '1', 'true')) FROM $3 a")
  awk -v a="$again" -v b="$auc" 'BEGIN { exit !(a > b - 0.01 && a < b + 0.03) }' || fail "$3: promised $auc, scored by name $again"
  [ "$(sql "SELECT max(jsonb_array_length(coalesce(s -> 'scale' -> 'steps', s -> 'scale' -> 'curve', '[]'))) <= 6 FROM jsonb_each(health_model_get('$1') -> 'signals') x (name, s)")" = t ] || fail "$3: a scale has too many points"
  [[ "$(sql "SELECT health_model_card('$1')")" == *"Checked against the outcomes of"* ]] || fail "$3: the card does not tell of the check"
  printf 'ok %s: AUC %s on held-out accounts (at least %s), %s scored by name\n' "$3" "$auc" "$6" "${again:0:6}"
}
fit telco "health_model_draft('telco.account')" telco.account Churn "'2026-01-01'" 0.848
fit saas "health_model_draft('saas.account')" saas.account churn "'2026-01-01'" 0.795
[ "$(sql "SELECT count(*) FROM jsonb_each(health_model_get('saas') -> 'signals') s (name, j) WHERE coalesce(j ->> 'input', name) = 'nps_score' AND (j ->> 'weight')::numeric > 0")" = 0 ] || fail "NPS has weight in the SaaS table"
fit cdnow "'{\"signals\": {\"orders\": {\"scale\": {\"linear\": [0, 10]}}}}'::jsonb" cdnow.customer churned "'1997-10-01'" 0.770
