-- 1,000,000 accounts with 7 signals each and the model for them: as narrow rows (bench_account), as rows of 30 columns with text
-- (bench_wide), and as JSON as applications write it (bench_document with 8 keys, bench_document_30 with 30).
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
       CASE WHEN NOT bench_missing(i, 3) THEN bench_random(i, 3) * 1.1 END,
       CASE WHEN NOT bench_missing(i, 4) THEN (bench_random(i, 4) * 20)::int END,
       CASE WHEN NOT bench_missing(i, 5) THEN (bench_random(i, 5) * 80)::int END,
       CASE WHEN NOT bench_missing(i, 6) THEN bench_random(i, 6) - 0.7 END,
       CASE WHEN NOT bench_missing(i, 7) THEN 1 + bench_random(i, 7) * 4 END
  FROM generate_series(1::bigint, 1000000) i;

-- A customer table has names, addresses and dates, too.
CREATE TABLE bench_wide AS
SELECT account_id, 'Company ' || account_id AS name, 'contact' || account_id || '@example.com' AS mail, md5(account_id::text) AS external_id, nps,
       date '2020-01-01' + (account_id % 2000)::int AS created_on, logins, 'Long Street ' || account_id % 500 AS street, 'Springfield' AS city,
       (10000 + account_id % 90000)::text AS zip, 'US' AS country, seat_use, (ARRAY['free', 'pro', 'enterprise'])[1 + account_id % 3] AS plan,
       'Owner ' || account_id % 200 AS owner, tickets, (account_id % 5000)::numeric(12, 2) AS mrr, account_id % 7 = 0 AS is_partner,
       overdue, timestamptz '2026-01-01Z' - account_id % 100 * interval '1 hour' AS seen_at, usage_change, account_id % 250 AS seats,
       'emea' AS region, 'usd' AS currency, csat, repeat('note ', (account_id % 20)::int) AS note, account_id % 12 AS month,
       account_id % 31 AS day, 'monthly' AS billing, NULL::text AS parent, account_id % 9 AS industry
  FROM bench_account
 ORDER BY account_id;

-- to_jsonb(float8) writes up to 17 digits. Every hundredth long document is stored out of line.
CREATE TABLE bench_document AS
SELECT account_id, to_jsonb(d) AS account
  FROM (SELECT account_id, nps + bench_random(account_id, 21) / 8 AS nps, logins + bench_random(account_id, 22) AS logins, seat_use,
               tickets + bench_random(account_id, 23) AS tickets, overdue + bench_random(account_id, 24) AS overdue, usage_change, csat FROM bench_account) d
 ORDER BY account_id;
CREATE TABLE bench_document_30 AS
SELECT account_id, account || jsonb_build_object('name', 'Company ' || account_id, 'mail', 'contact' || account_id || '@example.com', 'plan', 'pro', 'city', 'Springfield',
           'zip', '12345', 'owner', jsonb_build_object('id', account_id % 200, 'name', 'Owner ' || account_id % 200), 'tags', jsonb_build_array('a', 'b', account_id % 9),
           'created', '2026-01-01T00:00:00Z', 'partner', account_id % 7 = 0, 'parent', NULL, 'mrr', bench_random(account_id, 31) * 5000, 'seats', account_id % 250,
           'sessions', bench_random(account_id, 32) * 100, 'minutes', bench_random(account_id, 33) * 1000, 'reports', account_id % 31, 'exports', account_id % 12,
           'region', 'emea', 'currency', 'usd', 'billing', 'monthly', 'industry', account_id % 9, 'phase', 'live',
           'note', CASE WHEN account_id % 100 = 0 THEN (SELECT string_agg(md5((account_id * 1000 + n)::text), ' ') FROM generate_series(1, 200) n) ELSE 'none' END) AS account
  FROM bench_document
 ORDER BY account_id;

-- VACUUM sets hint bits and the visibility map now, so that the measured queries do not.
VACUUM (FREEZE, ANALYZE) bench_account;
VACUUM (FREEZE, ANALYZE) bench_wide;
VACUUM (FREEZE, ANALYZE) bench_document;
VACUUM (FREEZE, ANALYZE) bench_document_30;
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
