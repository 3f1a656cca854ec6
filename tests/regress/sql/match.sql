-- health_model_match: does this relation fit this model, does the scale fit the data; and every kind of relation that a draft or match can be asked for.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA match;
SET search_path = match, public;
SET timezone = 'UTC';

CREATE TABLE account AS
SELECT n AS account_id, n AS logins, n % 11 AS nps, CASE WHEN n % 4 = 0 THEN n % 30 END AS overdue, (ARRAY['basic', 'enterprise', 'pro'])[1 + n % 3] AS plan,
       timestamptz '2026-03-01 00:00+00' - n * interval '1 day' AS seen_at, n % 2 = 0 AS onboarded
  FROM generate_series(0, 99) n;
SELECT health_model_save('match model', '{
  "signals": {"logins": {"scale": {"linear": [5, 95]}}, "nps": {"scale": {"linear": [0, 10]}}, "overdue": {"scale": {"linear": [30, 0]}, "default": 0},
              "last_seen": {"input": "seen_at", "scale": {"recency": {"best": "5 days", "worst": "95 days"}}}, "onboarded": {"scale": {"boolean": true}}},
  "segments": [{"name": "large", "when": {"input": "plan", "in": ["enterprise", "pro"]}, "patch": {"signals": {"nps": {"weight": 2}}}}],
  "meta": {"known_values": {"plan": ["basic"]}}}');
CREATE FUNCTION shown(model text, relation regclass) RETURNS TABLE (line text) LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' | ', coalesce(signal, '·'), coalesce(input, '·'), column_type, status, message) FROM health_model_match(model, relation, '2026-03-01 00:00+00')
$$;
SELECT * FROM health_model_match('match model', 'account', '2026-03-01 00:00+00');
-- By document, by version, with now(): the same.
SELECT count(*) AS different FROM (SELECT * FROM health_model_match('match model@1', 'account', '2026-03-01 00:00+00')
  EXCEPT SELECT * FROM health_model_match(health_model_get('match model'), 'account', as_of => '2026-03-01 00:00+00')) d;
SELECT count(*) FROM health_model_match('match model', 'match.account');
SELECT (health_model_match('match model', 'account')).status, count(*) FROM generate_series(1, 2) GROUP BY 1;

-- A renamed column, a new value that no segment names, a scale that no longer fits.
ALTER TABLE account RENAME logins TO login_count;
UPDATE account SET plan = 'platinum' WHERE account_id < 7;
UPDATE account SET nps = nps * 10;
SELECT * FROM shown('match model', 'account') WHERE line !~ '\| ok$';
ALTER TABLE account RENAME login_count TO logins;
UPDATE account SET plan = 'pro', nps = nps / 10;
-- Types, values and shares.
CREATE VIEW twisted AS SELECT logins::text, CASE WHEN nps = 3 THEN 'NaN'::float8 ELSE nps END AS nps, NULL::int AS overdue, 'infinity'::timestamptz AS seen_at,
       1 AS onboarded, plan FROM account;
SELECT * FROM shown('match model', 'twisted');
SELECT health_model_patch('match model', '{"on_invalid": "missing"}');
SELECT * FROM shown('match model', 'twisted');
SELECT * FROM shown('match model@1', 'twisted') EXCEPT SELECT * FROM shown('match model', 'twisted') ORDER BY 1;

-- Every kind of relation.
CREATE TABLE parted (account_id int, logins int) PARTITION BY RANGE (account_id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (60);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (60) TO (1000);
INSERT INTO parted SELECT n, n FROM generate_series(1, 100) n;
CREATE TABLE parent (account_id int, logins int);
CREATE TABLE child () INHERITS (parent);
INSERT INTO parent VALUES (1, 1); INSERT INTO child VALUES (2, 2);
CREATE MATERIALIZED VIEW kept AS SELECT * FROM parted;
CREATE TEMP TABLE passing AS SELECT n AS account_id, n AS logins FROM generate_series(1, 5) n;
CREATE TABLE "Odd ""name" ("log ins" int, "Ärger" int, dropped int, logins int);
ALTER TABLE "Odd ""name" DROP COLUMN dropped;
INSERT INTO "Odd ""name" SELECT n, n, n FROM generate_series(1, 5) n;
CREATE TABLE empty (logins int, tenure int);
CREATE TABLE columnless ();
INSERT INTO columnless DEFAULT VALUES;
DO $$ BEGIN EXECUTE 'CREATE TABLE wide (' || (SELECT string_agg(format('c%s int', n), ', ') FROM generate_series(1, 1599) n) || ', logins int)';
  INSERT INTO wide (logins) SELECT n FROM generate_series(1, 100) n; END $$;
SELECT r AS relation, d #>> '{meta,draft,read}' AS read, d #> '{signals,logins,scale}' AS scale
  FROM unnest(ARRAY['account', 'parted', 'parent', 'kept', 'twisted', '"Odd ""name"', 'empty', 'wide']) r, health_model_draft(r::regclass, inputs => CASE WHEN r = 'twisted' THEN '{"nps": "nps"}'::jsonb END) d;
SELECT health_model_draft('passing') #>> '{meta,draft,read}' AS temporary;
SELECT d #>> '{meta,draft,relation}' AS relation, (SELECT count(*) FROM jsonb_object_keys(d #> '{meta,draft,left_out}')) AS reasons, d #>> '{meta,draft,left_out,…}' AS more FROM health_model_draft('wide') d;
SELECT * FROM shown('match model', 'empty');
SELECT health_model_draft('columnless'); \echo :SQLSTATE
SELECT count(*) FROM health_model_match('match model', 'columnless') WHERE status = 'error';
SELECT health_model_draft('nowhere'); \echo :SQLSTATE
SELECT health_model_draft(0); \echo :SQLSTATE
CREATE SEQUENCE counter;
CREATE INDEX account_index ON account (logins);
SELECT health_model_draft('counter'); \echo :SQLSTATE
SELECT health_model_match('match model', 'account_index'); \echo :SQLSTATE
SELECT * FROM health_model_match('match modle', 'account'); \echo :SQLSTATE
SELECT * FROM health_model_match('{}', 'account'); \echo :SQLSTATE
SELECT * FROM health_model_match('{"signals": {}}'::jsonb, 'account'); \echo :SQLSTATE
SELECT count(*) FROM health_model_match(NULL::text, 'account');
SELECT count(*) FROM health_model_match('match model', NULL);
SELECT * FROM health_model_match('match model', 'account', 'infinity'); \echo :SQLSTATE

-- A view that fails names the relation; inside a block that catches, the session goes on.
CREATE VIEW failing AS SELECT logins / (logins - 50) AS logins, account_id FROM account;
SELECT health_model_draft('failing'); \echo :SQLSTATE
SELECT * FROM health_model_match('match model', 'failing'); \echo :SQLSTATE
DO $$ BEGIN PERFORM health_model_draft('match.failing'); EXCEPTION WHEN division_by_zero THEN RAISE WARNING 'caught: %', sqlerrm; END $$;
SELECT count(*) FROM health_model_match('match model', 'account');
-- Rows of the running transaction count, and nothing is written: no transaction id is taken.
BEGIN; INSERT INTO parted VALUES (500, 500); SELECT health_model_draft('parted') #>> '{meta,draft,read}' AS read; ROLLBACK;
BEGIN READ ONLY; SELECT health_model_draft('parted') #>> '{meta,draft,read}' AS read, pg_current_xact_id_if_assigned() AS xid; COMMIT;

-- Rights: of the relation, row by row, and of the models.
CREATE ROLE match_reader;
GRANT USAGE ON SCHEMA match TO match_reader;
GRANT SELECT ON parent TO match_reader;
ALTER TABLE parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY two ON parent TO match_reader USING (account_id = 2);
SET ROLE match_reader;
SELECT health_model_draft('match.account'); \echo :SQLSTATE
SELECT * FROM health_model_match('match model', 'match.account'); \echo :SQLSTATE
SELECT health_model_draft('match.parent', inputs => '{"logins": "logins"}') #>> '{meta,draft,read}' AS read;
RESET ROLE;

RESET search_path;
DROP OWNED BY match_reader;
DROP ROLE match_reader;
DROP SCHEMA match CASCADE;
