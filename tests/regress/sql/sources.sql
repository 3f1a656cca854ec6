-- Sources: what health_source_add declares and refuses, the history it makes or adopts, who may write whose.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA sources;
SELECT health_model_save('source model', '{"signals": {"logins": {"weight": 2, "scale": {"linear": [0, 40]}}, "nps": {"scale": {"linear": [0, 10]}}},
  "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}]}') \g /dev/null
CREATE TABLE sources.accounts (id int, "The Name" text, logins int, nps numeric, plan text, csm text, arr numeric, grp text, renews date, unused text);
INSERT INTO sources.accounts VALUES (1, 'One', 40, 10, 'a', 'ann', 100, 'g', '2027-01-01', 'u'), (2, 'Two', 0, NULL, 'b', 'bob', 200, 'g', NULL, NULL), (3, 'Three', NULL, NULL, 'b', NULL, NULL, NULL, NULL, NULL);

SELECT health_source_add('crm', 'source model', 'sources.accounts', 'id', name_column => 'The Name', value_column => 'arr', owner_column => 'csm',
                         parent_column => 'grp', renewal_column => 'renews', keep => '{plan}');
SELECT name, model, relation_schema, relation_name, account_column, book, keep, history_schema, history_name, keep_inputs, hold_alerts_above, run_as = current_user AS mine, last_as_of FROM health_source;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'sources.crm_history'::regclass AND attnum > 0 ORDER BY attnum;
SELECT relname, relkind, pg_get_userbyid(relowner) = current_user AS mine, obj_description(oid, 'pg_class') FROM pg_class WHERE relnamespace = 'sources'::regnamespace AND relname LIKE 'crm%' ORDER BY 1;
-- Nothing of it belongs to the extension.
SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND objid IN (SELECT oid FROM pg_class WHERE relnamespace = 'sources'::regnamespace);

-- Ids keep their type.
CREATE TABLE sources.by_uuid (id uuid, logins int, nps int);
CREATE TABLE sources.by_text (id varchar(20), logins int, nps int);
INSERT INTO sources.by_uuid VALUES ('00000000-0000-0000-0000-000000000001', 20, 5);
INSERT INTO sources.by_text VALUES ('a, b) "c"', 20, 5);
SELECT health_source_add('uuid', 'source model', 'sources.by_uuid', 'id'), health_source_add('text', 'source model', 'sources.by_text', 'id');
CALL health_refresh('uuid');
CALL health_refresh('text');
SELECT pg_typeof(account_id), account_id, score FROM sources.uuid_history;
SELECT pg_typeof(account_id), account_id, score FROM sources.text_history;
SELECT health_refresh_account('uuid', '00000000-0000-0000-0000-000000000001'::uuid) AS by_uuid, health_refresh_account('uuid', '00000000-0000-0000-0000-000000000001') AS by_literal,
       health_refresh_account('text', 'a, b) "c"') AS by_text, health_refresh_account('crm', 1) AS by_int, health_refresh_account('crm', 1::bigint) AS by_bigint, health_refresh_account('crm', 9) AS absent;
SELECT health_refresh_account('crm', 'one'); \echo :SQLSTATE
SELECT count(*), count(DISTINCT scored_at) FROM sources.uuid_history;

-- Again under the same name: changed, its history kept.
SELECT health_source_add('crm', 'source model@1', 'sources.accounts', 'id', keep_inputs => false, book => 'customers');
SELECT model, name_column, keep, keep_inputs, book, history_name FROM health_source WHERE name = 'crm';
SELECT count(*) FROM sources.crm_history;
-- Over ids of another type the views are made anew; what others have built on them does not go with them.
CREATE TABLE sources.accounts2 AS SELECT id::text AS id, logins, nps FROM sources.accounts;
CREATE VIEW sources.built AS SELECT account_id FROM sources.uuid_current;
SELECT health_source_add('uuid', 'source model', 'sources.accounts2', 'id'); \echo :SQLSTATE
SELECT health_source_add('uuid', 'source model', 'sources.accounts2', 'id', history => 'uuid2_history'); \echo :SQLSTATE
DROP VIEW sources.built;
SELECT health_source_add('uuid', 'source model', 'sources.accounts2', 'id', history => 'uuid2_history');
CALL health_refresh('uuid');
SELECT pg_typeof(account_id), account_id, score FROM sources.uuid_current ORDER BY account_id;
UPDATE health_source SET hold_alerts_above = 0.5, book = 'accounts' WHERE name = 'crm';

-- What is refused, and how.
SELECT health_source_add('x', 'sauce model', 'sources.accounts', 'id'); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.account', 'id'); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.accounts', 'idd'); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.accounts', 'id', keep => '{plan,plam}'); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.accounts', 'id', time_column => 'csm'); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.accounts', 'id', time_column => 'renews', point_in_time => true); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.accounts', 'id', max_staleness => '1 day'); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.accounts', 'id', hold_alerts_above => 'NaN'); \echo :SQLSTATE
SELECT health_source_add('', 'source model', 'sources.accounts', 'id'); \echo :SQLSTATE
SELECT health_source_add(repeat('x', 41), 'source model', 'sources.accounts', 'id'); \echo :SQLSTATE
SELECT health_source_add(NULL, 'source model', 'sources.accounts', 'id'); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.accounts', 'id', history => 'a.b.c'); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.accounts', 'id', history => 'sources.accounts'); \echo :SQLSTATE
SELECT health_source_add('x', 'source model', 'sources.accounts', 'id', history => 'sources.crm_history'); \echo :SQLSTATE
CREATE TEMP TABLE gone_tomorrow AS SELECT 1 AS id, 2 AS logins, 3 AS nps;
SELECT health_source_add('x', 'source model', 'gone_tomorrow', 'id'); \echo :SQLSTATE
SELECT health_source_drop('crn'); \echo :SQLSTATE
CALL health_refresh('crn'); \echo :SQLSTATE
SELECT count(*) FROM health_source WHERE name = 'x';

-- Autovacuum comes after every night: what alerts compare is read from the key alone where it has been.
SELECT DISTINCT c.reloptions FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent IN ('sources.uuid_history'::regclass, 'sources.text_history'::regclass);

-- An existing table is adopted: plain, or without the unique index refused.
CREATE TABLE sources.mine (LIKE sources.crm_history);
SELECT health_source_add('adopts', 'source model', 'sources.accounts', 'id', parent_column => 'grp', history => 'mine'); \echo :SQLSTATE
-- A column that an index only carries is not part of its key.
CREATE UNIQUE INDEX only_carried ON sources.mine (account_id) INCLUDE (scored_at);
SELECT health_source_add('adopts', 'source model', 'sources.accounts', 'id', parent_column => 'grp', history => 'mine'); \echo :SQLSTATE
DROP INDEX sources.only_carried;
ALTER TABLE sources.mine ADD UNIQUE (scored_at, account_id) INCLUDE (score);
SELECT health_source_add('adopts', 'source model', 'sources.accounts', 'id', parent_column => 'grp', history => 'mine');
CALL health_refresh('adopts');
SELECT account_id, score, band, inputs FROM sources.mine ORDER BY account_id;
SELECT health_retain('adopts', '1 year'); \echo :SQLSTATE
-- Added again, it shows the last run of before, not only the account that was scored since.
SELECT health_refresh_account('adopts', 1), health_source_drop('adopts') \g /dev/null
SELECT health_source_add('adopts', 'source model', 'sources.accounts', 'id', parent_column => 'grp', history => 'mine') \g /dev/null
SELECT account_id, score FROM sources.adopts_current ORDER BY account_id;

-- Dropped: the views go, the history stays, and is adopted by the next one of that name.
SELECT health_source_drop('crm');
SELECT relname FROM pg_class WHERE relnamespace = 'sources'::regnamespace AND relname LIKE 'crm%' AND relkind IN ('v', 'p') ORDER BY 1;
SELECT health_source_add('crm', 'source model', 'sources.accounts', 'id', name_column => 'The Name', parent_column => 'grp');
SELECT account_id, score FROM sources.crm_current ORDER BY account_id;

-- Names that need quotes, in schema, relation, columns and source.
CREATE SCHEMA "Odd ""one""";
CREATE TABLE "Odd ""one"""."T 'x'" AS SELECT 7 AS "I D", 1 AS logins, 2 AS nps, now() AS "at %s";
SELECT health_source_add('it''s %s "odd"', 'source model', '"Odd ""one"""."T ''x''"', 'I D', time_column => 'at %s', max_staleness => '1 day', keep => '{at %s}');
CALL health_refresh('it''s %s "odd"');
SELECT account_id, score, inputs ? 'at %s' AS kept FROM "Odd ""one"""."it's %s ""odd""_history";
SELECT account_id, band FROM "Odd ""one"""."it's %s ""odd""_current";
SELECT health_source_drop('it''s %s "odd"');

-- Rights. A role with the grants adds sources that run as itself, sees those of others, and changes none of them.
CREATE ROLE sources_low;
CREATE SCHEMA sources_low AUTHORIZATION sources_low;
GRANT USAGE ON SCHEMA sources TO sources_low;
GRANT SELECT ON sources.accounts TO sources_low;
SET ROLE sources_low;
SELECT count(*) > 0 AS sees FROM health_source;
SELECT count(*) FROM health_run; \echo :SQLSTATE
SELECT count(*) FROM health_run_signal; \echo :SQLSTATE
CREATE VIEW sources_low.v AS SELECT * FROM sources.accounts;
SELECT health_source_add('low', 'source model', 'sources_low.v', 'id'); \echo :SQLSTATE
RESET ROLE;
GRANT INSERT, UPDATE, DELETE ON health_source TO sources_low;
SET ROLE sources_low;
SELECT health_source_add('low', 'source model', 'sources_low.v', 'id');
CALL health_refresh('low'); \echo :SQLSTATE
RESET ROLE;
GRANT SELECT, INSERT, UPDATE ON health_run, health_run_signal TO sources_low;
GRANT SELECT ON health_pulse, health_override TO sources_low;
SET ROLE sources_low;
CALL health_refresh('low');
SELECT account_id, score FROM sources_low.low_current ORDER BY 1;
CALL health_refresh('crm'); \echo :SQLSTATE
SELECT health_refresh_account('crm', 1); \echo :SQLSTATE
SELECT health_source_drop('crm'); \echo :SQLSTATE
SELECT health_source_add('crm', 'source model', 'sources_low.v', 'id'); \echo :SQLSTATE
UPDATE health_source SET run_as = 'sources_low' WHERE name = 'crm'; \echo :SQLSTATE
UPDATE health_source SET run_as = session_user WHERE name = 'low'; \echo :SQLSTATE
INSERT INTO health_source (name, model, relation_schema, relation_name, account_column, history_schema, history_name, run_as)
     VALUES ('trap', 'source model', 'sources_low', 'v', 'id', 'sources_low', 'h', session_user); \echo :SQLSTATE
INSERT INTO health_run (source, as_of, run_as) VALUES ('crm', now(), session_user); \echo :SQLSTATE
RESET ROLE;
-- A history of somebody else's is not written to: its triggers would run with the writer's rights.
SELECT health_source_add('super', 'source model', 'sources.accounts', 'id', parent_column => 'grp', history => 'sources_low.low_history'); \echo :SQLSTATE
CREATE TABLE sources_low.spare (LIKE sources.mine INCLUDING ALL);
ALTER TABLE sources_low.spare OWNER TO sources_low;
SELECT health_source_add('super', 'source model', 'sources.accounts', 'id', parent_column => 'grp', history => 'sources_low.spare'); \echo :SQLSTATE
-- Not even a superuser's refresh runs what is another's.
CALL health_refresh('low'); \echo :SQLSTATE
SELECT health_refresh_account('low', 1); \echo :SQLSTATE
SELECT source, run_as = 'sources_low' AS low, status FROM health_run WHERE source = 'low';

SELECT health_source_drop(name) FROM health_source WHERE run_as = current_user ORDER BY name;
DELETE FROM health_source;
DELETE FROM health_run;
DROP SCHEMA sources, sources_low, "Odd ""one""" CASCADE;
REVOKE ALL ON health_source, health_run, health_run_signal, health_pulse, health_override FROM sources_low;
DROP ROLE sources_low;
