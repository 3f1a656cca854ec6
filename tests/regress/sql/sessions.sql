-- On a Postgres without citext, ltree, cube or ICU this test ends here.
SELECT (SELECT count(*) FROM pg_available_extensions WHERE name IN ('citext', 'ltree', 'cube')) = 3
   AND EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i') AS testable \gset
\if :testable
\else
\quit
\endif
-- What a session decides, what a type is, and one rounding: none of them changes a score, a band or a history.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA sessions;
CREATE EXTENSION IF NOT EXISTS citext SCHEMA sessions;
CREATE EXTENSION IF NOT EXISTS ltree SCHEMA sessions;
CREATE EXTENSION IF NOT EXISTS cube SCHEMA sessions;

-- A score lies in one band everywhere: also just below a bound, just above, and at a bound between two hundredths.
SELECT s.score, health_band(health_template('saas'), s.score) AS band, b.bands[array_position(b.band_accounts, 1)] AS backtest, health_display(health_template('saas'), s.score) AS shown
  FROM (VALUES (39.996), (39.9999999999), (40), (69.994), (69.996), (69.9999), (69.9999999996), (70), (100)) s (score)
 CROSS JOIN LATERAL (SELECT (x).* FROM (SELECT health_backtest(v.score, true, health_template('saas')) AS x FROM (VALUES (s.score)) v (score)) y) b;
SELECT s.score, health_band(m.model, s.score) AS band, b.bands[array_position(b.band_accounts, 1)] AS backtest
  FROM (SELECT '{"signals": {"v": {"scale": {"linear": [0, 10]}}}, "bands": [{"name": "low", "from": 0}, {"name": "middle", "from": 33.333333333}, {"name": "high", "from": 66.666666667}]}'::jsonb AS model) m
 CROSS JOIN (VALUES (33.33), (33.333333332), (33.333333333), (33.3333333333), (33.334), (33.34), (66.66), (66.666666666), (66.666666667), (66.6699)) s (score)
 CROSS JOIN LATERAL (SELECT (x).* FROM (SELECT health_backtest(v.score, true, m.model) AS x FROM (VALUES (s.score)) v (score)) y) b;

-- A type whose values are text is read as text: in a row, in a draft, by match, as an id.
SELECT health_model_save('sessions model', '{"signals": {"plan": {"scale": {"map": {"pro": 90, "free": 20}}}, "call": {"ask": "How was it?", "scale": {"linear": [0, 10]}, "optional": true}}}') \g /dev/null
CREATE DOMAIN sessions.plan AS sessions.citext CHECK (VALUE <> ''::sessions.citext);
CREATE TABLE sessions.account AS SELECT i::sessions.citext AS id, p::sessions.plan AS plan, timestamptz '2026-12-31 23:30Z' AS renews, '2027-01-02'::text AS renews_text, timestamp '2026-12-31 23:30' AS renews_here
  FROM (VALUES ('Acct-A', 'pro'), ('Acct-B', 'free')) x (i, p);
SELECT a.id, health_score('sessions model', a) FROM sessions.account a ORDER BY 1;
SELECT signal, status FROM health_model_match('sessions model', 'sessions.account') WHERE signal = 'plan';
SELECT a.id, health_score('sessions model', 'plan', a.plan) AS of_events FROM sessions.account a GROUP BY a.id ORDER BY 1;
SELECT health_score('sessions model', health_inputs('plan', a.plan)) FROM sessions.account a ORDER BY a.id;

-- The day of a renewal is the day in UTC, whatever session runs the night.
SELECT health_source_add('c', 'sessions model', 'sessions.account', 'id', renewal_column => 'renews', book => 'sessions') AS c,
       health_source_add('t', 'sessions model', 'sessions.account', 'id', renewal_column => 'renews_text', book => 'sessions') AS t,
       health_source_add('w', 'sessions model', 'sessions.account', 'id', renewal_column => 'renews_here', book => 'sessions') AS w;
SET timezone = 'Pacific/Kiritimati';
SET datestyle = 'German';
CALL health_refresh('c');
CALL health_refresh('t');
CALL health_refresh('w');
SET timezone = 'America/New_York';
SET datestyle = 'SQL, DMY';
CALL health_refresh('c');
CALL health_refresh('t');
CALL health_refresh('w');
SET datestyle = 'ISO';
SET timezone = 'UTC';
SELECT 'c' AS source, renewal, count(*) FROM sessions.c_history GROUP BY 2
 UNION ALL SELECT 't', renewal, count(*) FROM sessions.t_history GROUP BY 2
 UNION ALL SELECT 'w', renewal, count(*) FROM sessions.w_history GROUP BY 2 ORDER BY 1, 2;

-- A source with such ids is not left out, and a pulse finds the account in any spelling.
SELECT source, account_id, signal FROM health_pulse_due WHERE source = 'c' ORDER BY 2;
SELECT health_pulse_set('sessions', 'ACCT-A', 'call', 10, 'a good call') > 0 AS given;
SELECT account_id FROM health_pulse;
CALL health_refresh('c');
SELECT account_id, inputs ->> 'call' AS call FROM sessions.c_history WHERE inputs ? 'call';

-- Ids that cannot be compared everywhere are refused when the source is added.
CREATE TABLE sessions.tree AS SELECT 'a.b'::sessions.ltree AS id, 'pro' AS plan;
CREATE TABLE sessions.cubes AS SELECT sessions.cube(1) AS id, 'pro' AS plan;
CREATE TABLE sessions.documents AS SELECT '{}'::json AS id, point '(1,2)' AS at, 'pro' AS plan;
SELECT health_source_add('x', 'sessions model', 'sessions.tree', 'id'); \echo :SQLSTATE
SELECT health_source_add('x', 'sessions model', 'sessions.cubes', 'id'); \echo :SQLSTATE
SELECT health_source_add('x', 'sessions model', 'sessions.documents', 'id'); \echo :SQLSTATE
SELECT health_source_add('x', 'sessions model', 'sessions.documents', 'at'); \echo :SQLSTATE

DELETE FROM health_source;
DELETE FROM health_run;
DELETE FROM health_pulse;
DROP SCHEMA sessions CASCADE;
