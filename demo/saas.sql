-- A hand-made score for 10,000 accounts of a software service (public data, synthetic:
-- shadalishah/churn-ml-causal-business-insights, MIT).
--
--   gunzip -c saas_accounts.csv.gz > DIR/saas_accounts.csv
--   psql -X -q -v ON_ERROR_STOP=1 -v data=DIR -f demo/saas.sql
--
-- The model is a short list of warning signs (new, few logins, unhappy, failed payments), with weights by judgement.
-- Its break points were set with knowledge of this file, so the churn by band below illustrates a score but does not
-- prove its predictive power. The model ignores gender, age, country and city, which the file contains.

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

DROP SCHEMA IF EXISTS saas CASCADE;
CREATE SCHEMA saas;
CREATE TABLE saas.account (
    customer_id text PRIMARY KEY, gender text, age int, country text, city text, customer_segment text, tenure_months int,
    signup_channel text, contract_type text, monthly_logins int, weekly_active_days int, avg_session_time float8, features_used int,
    usage_growth_rate numeric, last_login_days_ago int, monthly_fee numeric, total_revenue numeric, payment_method text,
    payment_failures int, discount_applied text, price_increase_last_3m text, support_tickets int, avg_resolution_time float8,
    complaint_type text, csat_score numeric, escalations int, email_open_rate numeric, marketing_click_rate numeric, nps_score int,
    survey_response text, referral_count int, churn int
);
COMMENT ON TABLE saas.account IS 'health_score demo: synthetic SaaS accounts with their outcome';
-- \copy expands no variables, so that a variable holds the whole command.
\set file :data /saas_accounts.csv
\set load '\\copy saas.account FROM ' :'file' ' WITH (FORMAT csv, HEADER)'
:load
ANALYZE saas.account;

SELECT health_model_save('saas_accounts', $json$
{
  "purpose": "Which accounts are likely to leave?",
  "categories": {
    "usage":      {"label": "Product usage", "weight": 25},
    "sentiment":  {"label": "Sentiment",     "weight": 25},
    "finance":    {"label": "Payments",      "weight": 25},
    "commitment": {"label": "Commitment",    "weight": 20},
    "service":    {"label": "Support",       "weight": 5}
  },
  "signals": {
    "logins":      {"category": "usage", "weight": 70, "label": "Logins", "unit": "a month", "input": "monthly_logins",
                    "scale": {"curve": [[0, 0], [5, 30], [10, 80], [20, 100]]}},
    "last_login":  {"category": "usage", "weight": 20, "label": "Last login", "unit": "days ago", "input": "last_login_days_ago",
                    "scale": {"linear": [45, 7]}},
    "growth":      {"category": "usage", "weight": 10, "label": "Usage growth", "input": "usage_growth_rate", "scale": {"linear": [-0.4, 0.1]}},
    "csat":        {"category": "sentiment", "weight": 80, "label": "CSAT", "unit": "of 5", "input": "csat_score",
                    "scale": {"curve": [[1, 0], [2, 10], [3, 80], [4, 100]]}},
    "nps":         {"category": "sentiment", "weight": 20, "label": "NPS", "input": "nps_score", "scale": {"linear": [-100, 50]}},
    "failures":    {"category": "finance", "weight": 80, "label": "Failed payments", "input": "payment_failures",
                    "scale": {"curve": [[0, 100], [1, 80], [2, 20], [3, 0]]}},
    "price_rise":  {"category": "finance", "weight": 20, "label": "Price raised lately", "input": "price_increase_last_3m",
                    "scale": {"map": {"Yes": 30, "No": 100}}},
    "tenure":      {"category": "commitment", "weight": 80, "label": "Customer for", "unit": "months", "input": "tenure_months",
                    "scale": {"curve": [[0, 0], [6, 40], [12, 100]]}},
    "contract":    {"category": "commitment", "weight": 20, "label": "Contract", "input": "contract_type",
                    "scale": {"map": {"Monthly": 30, "Quarterly": 65, "Yearly": 100}}},
    "tickets":     {"category": "service", "label": "Tickets", "input": "support_tickets", "scale": {"steps": [[0, 85], [1, 100], [3, 50], [5, 0]]}},
    "escalations": {"category": "service", "label": "Escalations", "scale": {"curve": [[0, 100], [1, 40], [2, 0]]}}
  },
  "rules": [
    {"name": "hardly used", "label": "Hardly used", "when": {"input": "monthly_logins", "lt": 5}, "adjust": -15, "reason": "fewer than 5 logins a month"},
    {"name": "unhappy", "label": "Unhappy", "when": {"input": "csat_score", "le": 2}, "adjust": -15, "reason": "CSAT of 2 or less"},
    {"name": "card fails", "label": "Card keeps failing", "when": {"input": "payment_failures", "ge": 2}, "adjust": -15,
     "reason": "two failed payments or more"}
  ],
  "bands": [
    {"name": "red", "label": "At risk", "from": 0, "color": "#c0392b"},
    {"name": "yellow", "label": "Needs attention", "from": 40, "color": "#f1c40f"},
    {"name": "green", "label": "Healthy", "from": 70, "color": "#27ae60"}
  ],
  "segments": [
    {"name": "enterprise", "label": "Enterprise", "when": {"input": "customer_segment", "eq": "Enterprise"},
     "patch": {"categories": {"service": {"weight": 15}}}}
  ]
}
$json$::jsonb, 'hand-made') AS version \gset

DROP TABLE IF EXISTS pg_temp.scored;
\echo
\echo '── 1. 10,000 software accounts: scores by a hand-made model, and churn ─────────────────────────────────────────'
\set ECHO queries
CREATE TEMP TABLE scored AS
SELECT a.*, h.score, h.band, h.rules FROM saas.account AS a, health_assess('saas_accounts', a) AS h;

SELECT band, count(*) AS accounts, sum(monthly_fee) AS fees, sum(churn) AS "left",
       round(100 * avg(churn), 1) AS "churn %", repeat('█', round(60 * avg(churn))::int) AS " "
FROM scored GROUP BY band ORDER BY min(score);
\set ECHO none
\echo '── 2. The ten accounts most at risk, and the drivers that lower each score ─────────────────────────────────────'
\set ECHO queries
SELECT s.customer_id, s.monthly_fee AS fee, round(s.score::numeric, 1) AS score, s.band, d.why, s.churn AS "left"
FROM scored AS s, LATERAL (
       SELECT string_agg(label || ' −' || round(lost), ', ' ORDER BY rank) AS why
       FROM health_drivers('saas_accounts', s) WHERE rank <= 3) AS d
ORDER BY s.score, s.customer_id LIMIT 10;
\set ECHO none
\echo '── 3. One account, driver by driver: new, unhappy, hardly used ─────────────────────────────────────────────────'
\set ECHO queries
SELECT d.label, left(d.value, 10) || coalesce(' ' || d.unit, '') AS value, round(d.subscore) AS subscore,
       round(100 * d.weight) AS weight, round(d.contribution::numeric, 1) AS adds, round(d.lost::numeric, 1) AS costs,
       coalesce(d.reason, nullif(d.status, 'ok'), '') AS note
FROM scored AS s, health_drivers('saas_accounts', s) AS d
WHERE s.customer_id = 'CUST_07935' ORDER BY d.rank;

SELECT round(s.score::numeric, 9) AS score, round(sum(d.contribution)::numeric, 9) AS "sum of the lines", s.rules
FROM scored AS s, health_drivers('saas_accounts', s) AS d
WHERE s.customer_id = 'CUST_07935' GROUP BY s.score, s.rules;
\set ECHO none
\echo '── 4. What if NPS did not count? In this file NPS does not predict churn ───────────────────────────────────────'
\set ECHO queries
WITH new AS MATERIALIZED (
    SELECT health_patch(health_model_get('saas_accounts'), '{"signals": {"nps": null}}') AS model
), changed AS (
    SELECT s.band, s.churn, health_band(new.model, s) AS band_then FROM scored AS s, new
)
SELECT band AS "band now", count(*) AS accounts,
       count(*) FILTER (WHERE band_then = 'red') AS "→ red",
       count(*) FILTER (WHERE band_then = 'yellow') AS "→ yellow",
       count(*) FILTER (WHERE band_then = 'green') AS "→ green",
       sum(churn) FILTER (WHERE band_then <> band) AS "left, of those that move"
FROM changed GROUP BY band ORDER BY array_position(ARRAY['red', 'yellow', 'green'], band);
\set ECHO none
