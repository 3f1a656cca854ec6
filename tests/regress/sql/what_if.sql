-- health_what_if against the same counts by hand: every account once, by the bands before and after, in every kind of relation and form of call.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA what_if;
SET search_path = what_if, public;
SET timezone = 'UTC';

SELECT health_model_save('what if model', '{
  "min_coverage": 0.5,
  "signals": {"logins": {"weight": 2, "scale": {"linear": [0, 40]}}, "nps": {"scale": {"linear": [0, 10]}}, "seen": {"scale": {"recency": {"best": "10 days", "worst": "60 days"}}}},
  "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}],
  "segments": [{"name": "big", "when": {"input": "plan", "eq": "big"}, "patch": {"bands": [{"name": "low", "from": 0}, {"name": "green", "from": 50}]}}]}');
SELECT health_model_patch('what if model', '{"signals": {"nps": {"weight": 3}}, "rules": [{"name": "r", "when": {"input": "nps", "eq": 0}, "cap": 10}], "min_coverage": 0.3}');
CREATE TABLE account AS
SELECT n AS id, nullif(n % 53, 7) AS logins, CASE WHEN n % 6 <> 0 THEN n * 7 % 11 END AS nps, CASE WHEN n % 8 <> 0 THEN date '2026-03-01' - n % 77 END AS seen,
       CASE WHEN n % 9 = 0 THEN 'big' END AS plan, CASE WHEN n % 10 <> 0 THEN n * 1.25::numeric(10, 2) END AS value, md5(n::text)::uuid AS key
  FROM generate_series(1, 3000) n;

-- By hand: bands, counts, shares, mean changes, sums, who moved farthest.
CREATE VIEW by_hand AS
SELECT health_band('what if model@1', a, '2026-03-01') AS before_band, health_band('what if model@2', a, '2026-03-01') AS after_band,
       health_score('what if model@2', a, '2026-03-01') - health_score('what if model@1', a, '2026-03-01') AS change, value, id FROM account a;
SELECT w.before_band, w.after_band, w.accounts, w.accounts = h.accounts AS same_accounts, abs(w.share - h.accounts / 3000.0) < 1e-12 AS same_share,
       CASE WHEN h.mean_change IS NULL OR w.mean_change IS NULL THEN h.mean_change IS NOT DISTINCT FROM w.mean_change ELSE abs(w.mean_change - h.mean_change) < 1e-9 END AS same_change,
       abs(w.value - h.value) < 1e-6 AS same_value, cardinality(w.who) AS named, cardinality(w.who) = CASE WHEN w.before_band IS NOT DISTINCT FROM w.after_band THEN 0 ELSE least(100, h.accounts) END AS named_all
  FROM health_what_if('what if model@1', 'what if model@2', 'account', 'id', 'value', '2026-03-01') w
  FULL JOIN (SELECT before_band, after_band, count(*) AS accounts, avg(change) AS mean_change, coalesce(sum(value), 0)::float8 AS value FROM by_hand GROUP BY 1, 2) h
    ON (coalesce(h.before_band, '-'), coalesce(h.after_band, '-')) = (coalesce(w.before_band, '-'), coalesce(w.after_band, '-')) ORDER BY w.before_band COLLATE "C" NULLS FIRST, w.after_band COLLATE "C" NULLS FIRST;
-- A segment with bands of its own has a row of its own only where the names differ.
SELECT count(*) - count(DISTINCT (before_band, after_band)) AS twice FROM health_what_if('what if model@1', 'what if model@2', 'account', as_of => '2026-03-01');
SELECT sum(accounts) = (SELECT count(*) FROM account) AS everybody, abs(sum(share) - 1) < 1e-12 AS whole, abs(sum(value) - (SELECT sum(value) FROM account)::float8) < 1e-6 AS all_value
  FROM health_what_if('what if model@1', 'what if model@2', 'account', 'id', 'value', '2026-03-01');
-- Those named are the ones that moved farthest, in that order.
CREATE VIEW named AS
SELECT w.before_band, w.after_band, who.id::int AS id, who.place FROM health_what_if('what if model@1', 'what if model@2', 'account', 'id', as_of => '2026-03-01') w, unnest(w.who) WITH ORDINALITY who (id, place);
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE h.before_band IS DISTINCT FROM n.before_band OR h.after_band IS DISTINCT FROM n.after_band) AS elsewhere,
       count(*) FILTER (WHERE abs(h.change) > before) AS out_of_order FROM (
    SELECT n.*, min(abs(h.change)) OVER (PARTITION BY n.before_band, n.after_band ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM named n JOIN by_hand h USING (id)) n JOIN by_hand h USING (id);
SELECT count(*) AS farther FROM by_hand h WHERE h.before_band <> h.after_band AND NOT EXISTS (SELECT FROM named n WHERE n.id = h.id)
   AND abs(h.change) > (SELECT min(abs(f.change)) FROM named n JOIN by_hand f USING (id) WHERE n.before_band = h.before_band AND n.after_band = h.after_band);

-- Names and documents in any mixture, arguments by name; value and who only if asked for.
SELECT count(DISTINCT rows) AS kinds, count(*) AS forms FROM (VALUES
    ((SELECT array_agg(w::text) FROM health_what_if('what if model@1', 'what if model', 'account', 'key', 'value', '2026-03-01') w)),
    ((SELECT array_agg(w::text) FROM health_what_if('what if model@1', health_model_get('what if model@2'), 'what_if.account', 'key', 'value', '2026-03-01') w)),
    ((SELECT array_agg(w::text) FROM health_what_if(health_model_get('what if model@1'), 'what if model', 'account'::regclass, 'key', 'value', '2026-03-01') w)),
    ((SELECT array_agg(w::text) FROM health_what_if(after => health_model_get('what if model'), before => health_model_get('what if model@1'), as_of => '2026-03-01', value_column => 'value', account_column => 'key', relation => 'account') w))) forms (rows);
SELECT count(value) AS values, count(who) AS who FROM health_what_if('what if model@1', 'what if model', 'account');
SELECT count(value) AS values, count(who) AS who, min(who[1]) ~ '^[0-9a-f-]{36}$' AS uuid FROM health_what_if('what if model@1', 'what if model', 'account', 'key', as_of => '2026-03-01') WHERE before_band <> after_band;
SELECT (SELECT count(*) FROM health_what_if(NULL::text, 'what if model', 'account')) AS before, (SELECT count(*) FROM health_what_if('what if model', NULL::jsonb, 'account')) AS after, (SELECT count(*) FROM health_what_if('what if model', 'what if model', NULL)) AS relation;

-- Nobody, one, partitions, a view with names that need quotes, an id that is NULL.
CREATE TABLE nobody (LIKE account);
CREATE TABLE "Parted ""by"" id" (LIKE account) PARTITION BY HASH (id);
CREATE TABLE part_0 PARTITION OF "Parted ""by"" id" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF "Parted ""by"" id" FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO "Parted ""by"" id" SELECT * FROM account;
CREATE VIEW quoted AS SELECT logins, nps, seen, plan, CASE WHEN id > 500 THEN 'id ' || id || ', "x"' END AS "Account's name, ""quoted""", value AS "Wert €" FROM account WHERE id IN (34, 998);
SELECT count(*) FROM health_what_if('what if model@1', 'what if model', 'nobody', 'id', 'value');
SELECT count(*) AS different FROM (SELECT before_band, after_band, accounts FROM health_what_if('what if model@1', 'what if model', '"Parted ""by"" id"', as_of => '2026-03-01')
  EXCEPT ALL SELECT before_band, after_band, accounts FROM health_what_if('what if model@1', 'what if model', 'account', as_of => '2026-03-01')) d;
SELECT before_band, after_band, accounts, value, who FROM health_what_if('what if model@1', '{"signals": {"nps": {"scale": {"linear": [10, 0]}}}}'::jsonb, 'quoted', 'Account''s name, "quoted"', 'Wert €', '2026-03-01');

-- What cannot be asked; an account that cannot be scored stops it all.
CREATE VIEW failing AS SELECT *, 1 / (id - 500) AS x FROM account;
CREATE VIEW wrong AS SELECT id, CASE WHEN id = 700 THEN 'NaN' ELSE nps::float8 END AS nps, logins, seen, plan, CASE WHEN id = 700 THEN 'Infinity' ELSE 1::float8 END AS value FROM account;
SELECT * FROM health_what_if('what if', 'what if model', 'account'); \echo :SQLSTATE
SELECT * FROM health_what_if('what if model@9', 'what if model', 'account'); \echo :SQLSTATE
SELECT * FROM health_what_if('what if model', '{"signals": 1}'::jsonb, 'account'); \echo :SQLSTATE
SELECT * FROM health_what_if('what if model', 'what if model', 'account', 'ID'); \echo :SQLSTATE
SELECT * FROM health_what_if('what if model', 'what if model', 'account', NULL, 'valeu'); \echo :SQLSTATE
SELECT * FROM health_what_if('what if model', 'what if model', 'account', value_column => 'key'); \echo :SQLSTATE
SELECT * FROM health_what_if('what if model', 'what if model', 'account', as_of => '-infinity'); \echo :SQLSTATE
SELECT * FROM health_what_if('what if model', 'what if model', 'failing'); \echo :SQLSTATE
SELECT * FROM health_what_if('what if model', 'what if model', 'wrong'); \echo :SQLSTATE
SELECT * FROM health_what_if('{"signals": {"logins": {"scale": {"linear": [0, 9]}}}}'::jsonb, '{"signals": {"logins": {"scale": {"linear": [0, 8]}}}}'::jsonb, 'wrong', value_column => 'value'); \echo :SQLSTATE
SELECT * FROM health_what_if('what if model', '{"signals": {"gone": {"scale": {"linear": [10, 0]}}, "nps": {"scale": {"linear": [0, 10]}}}}'::jsonb, 'account'); \echo :SQLSTATE

-- Rights: on the relation, its rows and columns, and on the models.
CREATE ROLE regress_health_ann;
GRANT USAGE ON SCHEMA what_if TO regress_health_ann;
GRANT SELECT (id, nps) ON account TO regress_health_ann;
GRANT SELECT ON nobody, "Parted ""by"" id" TO regress_health_ann;
ALTER TABLE "Parted ""by"" id" ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON "Parted ""by"" id" TO regress_health_ann USING (id <= 25);
SET ROLE regress_health_ann;
SELECT * FROM health_what_if('what if model', 'what if model', 'account'); \echo :SQLSTATE
SELECT sum(accounts) AS accounts FROM health_what_if('what if model@1', 'what if model', '"Parted ""by"" id"');
RESET ROLE;
REVOKE SELECT ON health_model FROM PUBLIC;
SET ROLE regress_health_ann;
SELECT * FROM health_what_if('what if model', 'what if model', 'nobody'); \echo :SQLSTATE
SELECT sum(accounts) AS accounts FROM health_what_if('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}'::jsonb, '{"signals": {"nps": {"scale": {"linear": [10, 0]}}}}'::jsonb, '"Parted ""by"" id"');
RESET ROLE;
GRANT SELECT ON health_model TO PUBLIC;
DROP OWNED BY regress_health_ann;
DROP ROLE regress_health_ann;
DROP SCHEMA what_if CASCADE;
