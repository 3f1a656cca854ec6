-- A hand-made score for 7,043 customers of a telephone company (public data: IBM/telco-customer-churn-on-icp4d, Apache-2.0).
--
--   gunzip -c telco_customer_churn.csv.gz > DIR/telco_customer_churn.csv
--   psql -X -q -v ON_ERROR_STOP=1 -v data=DIR -f demo/telco.sql
--
-- The model comes from common sense, not from a fit: customers stay if they have a long contract, use more services and
-- pay automatically. The model ignores gender, age, partner and dependants, which the file contains: service must not
-- depend on them.

\set ECHO none
\encoding UTF8
\pset pager off
\pset footer off
\pset border 1
\pset null '-'
\timing off
\if :{?data}
\else
DO $$BEGIN RAISE 'variable data is not set: psql -v data=DIR'; END$$;
\endif
SET client_min_messages = warning;
SET timezone = 'UTC';

DROP SCHEMA IF EXISTS telco CASCADE;
CREATE SCHEMA telco;
CREATE TABLE telco.customer (
    "customerID" text PRIMARY KEY, gender text, "SeniorCitizen" int, "Partner" text, "Dependents" text, tenure int, "PhoneService" text,
    "MultipleLines" text, "InternetService" text, "OnlineSecurity" text, "OnlineBackup" text, "DeviceProtection" text, "TechSupport" text,
    "StreamingTV" text, "StreamingMovies" text, "Contract" text, "PaperlessBilling" text, "PaymentMethod" text,
    "MonthlyCharges" numeric, "TotalCharges" numeric, "Churn" text
);
COMMENT ON TABLE telco.customer IS 'health_score demo: IBM Telco customer churn; TotalCharges is NULL for 11 customers without a first bill';
-- \copy expands no variables, so that a variable holds the whole command. A blank in TotalCharges means NULL.
\set file :data /telco_customer_churn.csv
\set load '\\copy telco.customer FROM ' :'file' ' WITH (FORMAT csv, HEADER, NULL '' '')'
:load
ANALYZE telco.customer;

SELECT health_model_save('telco', $json$
{
  "purpose": "Which customers are likely to leave?",
  "categories": {
    "commitment": {"label": "Commitment", "weight": 50},
    "services":   {"label": "Services",   "weight": 25},
    "price":      {"label": "Price",      "weight": 15},
    "payment":    {"label": "Payment",    "weight": 10}
  },
  "signals": {
    "contract":  {"category": "commitment", "weight": 50, "label": "Contract", "input": "Contract",
                  "scale": {"map": {"Month-to-month": 20, "One year": 80, "Two year": 100}}},
    "tenure":    {"category": "commitment", "weight": 40, "label": "Customer for", "unit": "months",
                  "scale": {"curve": [[0, 10], [12, 40], [36, 80], [60, 100]]}},
    "paid":      {"category": "commitment", "weight": 10, "label": "Paid so far", "unit": "dollars", "input": "TotalCharges",
                  "scale": {"curve": [[0, 20], [1000, 60], [4000, 100]]}},
    "security":  {"category": "services", "label": "Online security", "input": "OnlineSecurity", "scale": {"map": {"Yes": 100, "No": 20}}},
    "support":   {"category": "services", "label": "Tech support", "input": "TechSupport", "scale": {"map": {"Yes": 100, "No": 20}}},
    "backup":    {"category": "services", "label": "Online backup", "input": "OnlineBackup", "scale": {"map": {"Yes": 100, "No": 40}}},
    "insurance": {"category": "services", "label": "Device protection", "input": "DeviceProtection", "scale": {"map": {"Yes": 100, "No": 40}}},
    "bill":      {"category": "price", "label": "Monthly bill", "unit": "dollars", "input": "MonthlyCharges", "scale": {"linear": [120, 20]}},
    "method":    {"category": "payment", "label": "Paid by", "input": "PaymentMethod",
                  "scale": {"map": {"Electronic check": 20, "Mailed check": 40}, "otherwise": 100}}
  },
  "rules": [
    {"name": "new and unbound", "label": "New, can leave any month", "adjust": -10, "reason": "first half-year, monthly contract",
     "when": {"all": [{"input": "Contract", "eq": "Month-to-month"}, {"input": "tenure", "lt": 6}]}}
  ],
  "bands": [
    {"name": "red", "label": "At risk", "from": 0, "color": "#c0392b"},
    {"name": "yellow", "label": "Needs attention", "from": 40, "color": "#f1c40f"},
    {"name": "green", "label": "Healthy", "from": 70, "color": "#27ae60"}
  ],
  "segments": [
    {"name": "phone only", "label": "No internet service", "when": {"input": "InternetService", "eq": "No"},
     "patch": {"categories": {"services": null}, "signals": {"security": null, "support": null, "backup": null, "insurance": null}}}
  ]
}
$json$::jsonb, 'hand-made') AS version \gset

DROP TABLE IF EXISTS pg_temp.scored;
\echo
\echo '── 1. 7,043 telephone customers: scores by a hand-made model, and churn ────────────────────────────────────────'
\set ECHO queries
CREATE TEMP TABLE scored AS
SELECT c.*, h.score, h.band FROM telco.customer AS c, health_assess('telco', c) AS h;

SELECT band, count(*) AS customers, round(sum("MonthlyCharges")) AS "monthly bills",
       count(*) FILTER (WHERE "Churn" = 'Yes') AS "left", round(100 * avg(("Churn" = 'Yes')::int), 1) AS "churn %",
       repeat('█', round(60 * avg(("Churn" = 'Yes')::int))::int) AS " "
FROM scored GROUP BY band ORDER BY min(score);
\set ECHO none
\echo '── 2. The ten customers most at risk, and the drivers that lower each score ────────────────────────────────────'
\set ECHO queries
SELECT s."customerID", s."MonthlyCharges" AS bill, round(s.score::numeric, 1) AS score, s.band, d.why,
       s."Churn" AS "left"
FROM scored AS s, LATERAL (
       SELECT string_agg(label || ' −' || round(lost), ', ' ORDER BY rank) AS why
       FROM health_drivers('telco', s) WHERE rank <= 3) AS d
ORDER BY s.score, s."customerID" LIMIT 10;
\set ECHO none
\echo '── 3. One customer, driver by driver: no first bill yet, so that "Paid so far" is missing ──────────────────────'
\set ECHO queries
SELECT d.label, left(d.value, 25) || coalesce(' ' || d.unit, '') AS value, round(d.subscore) AS subscore,
       round(100 * d.weight) AS weight, round(d.contribution::numeric, 1) AS adds, round(d.lost::numeric, 1) AS costs,
       coalesce(d.reason, nullif(d.status, 'ok'), '') AS note
FROM scored AS s, health_drivers('telco', s) AS d
WHERE s."customerID" = '4472-LVYGI' ORDER BY d.rank;

SELECT round(s.score::numeric, 9) AS score, round(sum(d.contribution)::numeric, 9) AS "sum of the lines"
FROM scored AS s, health_drivers('telco', s) AS d
WHERE s."customerID" = '4472-LVYGI' GROUP BY s.score;
\set ECHO none
\echo '── 4. What if the contract were the only signal of commitment? Nothing is saved ────────────────────────────────'
\set ECHO queries
WITH new AS MATERIALIZED (
    SELECT health_patch(health_model_get('telco'), '{"signals": {"tenure": null, "paid": null}}') AS model
), changed AS (
    SELECT s.band, s."Churn", health_band(new.model, s) AS band_then FROM scored AS s, new
)
SELECT band AS "band now", count(*) AS customers,
       count(*) FILTER (WHERE band_then = 'red') AS "→ red",
       count(*) FILTER (WHERE band_then = 'yellow') AS "→ yellow",
       count(*) FILTER (WHERE band_then = 'green') AS "→ green"
FROM changed GROUP BY band ORDER BY array_position(ARRAY['red', 'yellow', 'green'], band);
\set ECHO none
