-- 1,000,000 accounts with 7 signals each, as rows (bench_account) and as JSON (bench_document), and the model for both.
-- The values come from a hash of the account's number, so every run measures the same data.

\set ON_ERROR_STOP on

-- A pseudo-random number from 0 to 1 for an account and a purpose.
CREATE FUNCTION bench_random(account bigint, purpose bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT (hashint8extended(account, purpose) & 16777215) / 16777216::float8 $$;

-- Each signal is missing in 5 % of the accounts, and every thousandth account has almost no data.
CREATE FUNCTION bench_missing(account bigint, signal bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT bench_random(account, 100 + signal) < 0.05 OR (account % 1000 = 0 AND signal <> account / 1000 % 9) $$;

CREATE TABLE bench_account (
    account_id   bigint PRIMARY KEY,
    nps          integer,
    logins       integer,
    seat_use     double precision,
    tickets      integer,
    overdue      integer,
    usage_change double precision,
    csat         double precision
);

INSERT INTO bench_account
SELECT i,
       CASE WHEN NOT bench_missing(i, 1) THEN (bench_random(i, 1) * 10)::int END,
       CASE WHEN NOT bench_missing(i, 2) THEN (bench_random(i, 2) * 60)::int END,
       CASE WHEN NOT bench_missing(i, 3) THEN round((bench_random(i, 3) * 1.1)::numeric, 3)::float8 END,
       CASE WHEN NOT bench_missing(i, 4) THEN (bench_random(i, 4) * 20)::int END,
       CASE WHEN NOT bench_missing(i, 5) THEN (bench_random(i, 5) * 80)::int END,
       CASE WHEN NOT bench_missing(i, 6) THEN round((bench_random(i, 6) - 0.7)::numeric, 3)::float8 END,
       CASE WHEN NOT bench_missing(i, 7) THEN round((1 + bench_random(i, 7) * 4)::numeric, 1)::float8 END
  FROM generate_series(1::bigint, 1000000) i;

CREATE TABLE bench_document AS
SELECT account_id, to_jsonb(a) AS account
  FROM bench_account a
 ORDER BY account_id;

-- VACUUM sets hint bits and the visibility map now, so that the measured queries do not.
VACUUM (FREEZE, ANALYZE) bench_account;
VACUUM (FREEZE, ANALYZE) bench_document;
CHECKPOINT;

SELECT health_model_save('bench', '{
  "min_coverage": 0.5,
  "signals": {
    "nps":          {"weight": 20, "scale": {"linear": [0, 10]}},
    "logins":       {"weight": 20, "scale": {"linear": [0, 40]}},
    "seat_use":     {"weight": 10, "scale": {"linear": [0.1, 0.9]}},
    "tickets":      {"weight": 15, "scale": {"linear": [15, 0]}},
    "overdue":      {"weight": 10, "scale": {"linear": [60, 0]}},
    "usage_change": {"weight": 10, "scale": {"linear": [-0.5, 0.1]}},
    "csat":         {"weight": 15, "scale": {"linear": [1, 5]}}
  },
  "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}]
}');

-- Outcomes: accounts with a lower score churn more often. Scores are rounded to 0.01, so that ties are the same for all
-- methods.
CREATE TABLE bench_outcome AS
SELECT account_id, round(health_score('bench', a)::numeric, 2)::float8 AS score,
       bench_random(account_id, 200) < 0.3 - 0.003 * health_score('bench', a) AS churned
  FROM bench_account a
 WHERE health_score('bench', a) IS NOT NULL;
CREATE TABLE bench_labelled AS
SELECT a.*, coalesce(bench_random(account_id, 200) < 0.3 - 0.003 * health_score('bench', a), false) AS churned FROM bench_account a;
VACUUM (FREEZE, ANALYZE) bench_outcome;
VACUUM (FREEZE, ANALYZE) bench_labelled;
