-- Saved models: versions, activation, immutability, privileges. Names here begin with "models", since all tests share one table.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA models;
SET search_path = models, public;
CREATE FUNCTION doc(at_best numeric DEFAULT 10) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('signals', jsonb_build_object('nps', jsonb_build_object('scale', jsonb_build_object('linear', jsonb_build_array(0, at_best)))))
$$;
CREATE FUNCTION versions(of text) RETURNS TABLE (version int, active boolean, best jsonb, note text) LANGUAGE sql AS $$
    SELECT version, active, definition #> '{signals,nps,scale,linear,1}', note FROM health_model WHERE name = of ORDER BY version
$$;

-- The very first call, before anything is saved.
BEGIN;
ALTER TABLE health_model DISABLE TRIGGER health_model_guard_truncate;
TRUNCATE health_model;
SELECT health_score('saas', '{"nps": 9}'); \echo :SQLSTATE
ROLLBACK;

--
-- Versions
--
SELECT health_model_save('models a', doc(10), 'first');
SELECT health_model_save('models a', doc(20), 'second');
SELECT health_model_save(name => 'models a', definition => doc(40), activate => false, note => 'a draft');
SELECT * FROM versions('models a');
SELECT health_score('models a', '{"nps": 5}') AS active, health_score('models a@1', '{"nps": 5}') AS v1, health_score('models a@3', '{"nps": 5}') AS draft;
SELECT model, model_version, score FROM health_assess('models a', '{"nps": 5}');
SELECT model, model_version, score FROM health_assess('models a@1', '{"nps": 5}');
-- Each name counts for itself.
SELECT health_model_save('models b', doc(10));
-- An equal document is no new version, however it is written; it becomes the active one, and its note stays.
SELECT health_model_save('models a', '{"signals":{"nps":{"scale":{"linear":[0,10.0]}}}}', 'not kept');
SELECT * FROM versions('models a');
-- Unless told not to.
SELECT health_model_save('models a', doc(40), activate => false);
SELECT * FROM versions('models a');
SELECT health_model_activate('models a', 3);
SELECT health_model_activate('models a', 3);
SELECT * FROM versions('models a');
SELECT health_model_activate('models a', 4); \echo :SQLSTATE
SELECT health_model_activate('models aa', 1); \echo :SQLSTATE
SELECT health_model_activate('models a@1', 1); \echo :SQLSTATE
-- What rolls back was never saved, and its number is given again.
BEGIN;
SELECT health_model_save('models a', doc(50));
SELECT health_score('models a', '{"nps": 5}'), health_score('models a@4', '{"nps": 5}');
ROLLBACK;
SELECT health_score('models a', '{"nps": 5}');
SELECT health_score('models a@4', '{"nps": 5}'); \echo :SQLSTATE
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT health_score('models a', '{"nps": 5}');
SELECT health_model_save('models a', doc(80), 'saved under REPEATABLE READ');
SELECT health_score('models a', '{"nps": 5}');
COMMIT;
SELECT * FROM versions('models a');
BEGIN READ ONLY;
SELECT health_model_save('models a', doc(90)); \echo :SQLSTATE
ROLLBACK;

--
-- Reading back
--
SELECT health_model_get('models a') = doc(80) AS active, health_model_get('models a@2') = doc(20) AS v2;
SELECT health_model_get('models a@9'); \echo :SQLSTATE
SELECT health_model_get('models c'); \echo :SQLSTATE

--
-- Patches: read, patched and saved in one step
--
SELECT health_model_patch('models a', '{"min_coverage": 0.5}', 'half at least');
SELECT health_model_get('models a') = doc(80) || '{"min_coverage": 0.5}' AS patched;
-- Of an older version; the result is the newest.
SELECT health_model_patch('models a@1', '{"purpose": "renewal"}');
SELECT version, active, definition, note FROM health_model WHERE name = 'models a' AND version > 4 ORDER BY version;
-- A patch that changes nothing makes no version.
SELECT health_model_patch('models a', '{}'), (SELECT count(*) FROM health_model WHERE name = 'models a') AS versions;
SELECT health_model_patch('models a', '[]'); \echo :SQLSTATE
SELECT health_model_patch('models a', '{"signals": {"nps": {"weight": -1}}}'); \echo :SQLSTATE
SELECT health_model_patch('models nowhere', '{}'); \echo :SQLSTATE

--
-- Dropping: out of use, never out of reach
--
SELECT health_model_drop('models a@1'); \echo :SQLSTATE
SELECT health_model_drop('models a');
SELECT count(*) FILTER (WHERE active) AS active, count(*) AS versions FROM health_model WHERE name = 'models a';
SELECT health_score('models a', '{"nps": 5}'); \echo :SQLSTATE
SELECT health_model_patch('models a', '{}'); \echo :SQLSTATE
SELECT health_score('models a@1', '{"nps": 5}');
SELECT health_model_drop('models a'); \echo :SQLSTATE
SELECT health_model_drop('models nowhere'); \echo :SQLSTATE
SELECT health_model_activate('models a', 2);
SELECT health_score('models a', '{"nps": 5}');

--
-- Names
--
SELECT health_model_save('models @ home', doc()); \echo :SQLSTATE
SELECT health_model_save('{models}', doc()); \echo :SQLSTATE
SELECT health_model_save('', doc()); \echo :SQLSTATE
SELECT health_model_save('models ' || repeat('é', 97), doc()); \echo :SQLSTATE
-- 200 bytes are a name, and so is anything else that people write.
SELECT health_model_save('models ' || repeat('é', 96) || '.', doc()); \echo :SQLSTATE
SELECT health_model_save(E'models "quoted" ''n\\'' ünïcode %s', doc()); \echo :SQLSTATE
SELECT health_score(E'models "quoted" ''n\\'' ünïcode %s@1', '{"nps": 5}'); \echo :SQLSTATE
SELECT health_score(E'models "quoted" ''n\\'' ünïcode %d', '{"nps": 5}'); \echo :SQLSTATE

-- A HINT can be copied, whatever the name.
SELECT health_model_save('models o''brien', doc(), activate => false); \echo :SQLSTATE
SELECT health_score('models o''brien', '{"nps": 5}'); \echo :SQLSTATE

--
-- A saved version does not change, whoever asks and however
--
INSERT INTO health_model (name, version, definition, created_at, created_by) VALUES ('models fixed', 1, doc(), '2026-01-02 03:04:05+00', 'somebody');
UPDATE health_model SET definition = doc(20) WHERE name = 'models fixed'; \echo :SQLSTATE
UPDATE health_model SET version = 2 WHERE name = 'models fixed'; \echo :SQLSTATE
UPDATE health_model SET name = 'models changed' WHERE name = 'models fixed'; \echo :SQLSTATE
UPDATE health_model SET created_by = 'somebody else' WHERE name = 'models fixed'; \echo :SQLSTATE
UPDATE health_model SET created_at = now() WHERE name = 'models fixed'; \echo :SQLSTATE
INSERT INTO health_model (name, version, definition) VALUES ('models fixed', 1, doc(20))
    ON CONFLICT (name, version) DO UPDATE SET definition = excluded.definition; \echo :SQLSTATE
DELETE FROM health_model WHERE name = 'models fixed'; \echo :SQLSTATE
TRUNCATE health_model; \echo :SQLSTATE
-- Not as a replica either.
SET session_replication_role = replica;
UPDATE health_model SET definition = doc(20) WHERE name = 'models fixed'; \echo :SQLSTATE
DELETE FROM health_model WHERE name = 'models fixed'; \echo :SQLSTATE
INSERT INTO health_model (name, version, definition) VALUES ('models fixed', 2, '{}'); \echo :SQLSTATE
RESET session_replication_role;
-- What is said about it may change, and which version is active.
UPDATE health_model SET note = 'checked', reviewed_at = '2026-04-01 00:00:00+00', active = true WHERE name = 'models fixed'; \echo :SQLSTATE
SELECT name, version, active, note, created_at, created_by, reviewed_at FROM health_model WHERE name = 'models fixed';
SELECT health_score('models fixed', '{"nps": 5}');

--
-- Every way in is checked
--
INSERT INTO health_model (name, version, definition) VALUES ('models bad', 1, '{"signals": {"nps": {"wieght": 1, "scale": {"linear": [0, 10]}}}}'); \echo :SQLSTATE
INSERT INTO health_model (name, version, definition) VALUES ('models bad', 1, 'null'); \echo :SQLSTATE
INSERT INTO health_model (name, version, definition) VALUES ('models@bad', 1, doc()); \echo :SQLSTATE
COPY health_model (name, version, definition) FROM stdin;
models bad	1	{"signals": {"nps": {"scale": {"linear": [0, 0]}}}}
\.
SELECT count(*) FROM health_model WHERE name LIKE 'models%bad';
-- One active version a name.
INSERT INTO health_model (name, version, definition, active) VALUES ('models b', 2, doc(20), true); \echo :SQLSTATE
INSERT INTO health_model (name, version, definition) VALUES ('models b', 2, doc(20)); \echo :SQLSTATE
UPDATE health_model SET active = true WHERE name = 'models b'; \echo :SQLSTATE
SELECT * FROM versions('models b');
-- Of two equal versions, made by hand, save takes the active one, else the newest.
INSERT INTO health_model (name, version, definition) VALUES ('models b', 7, doc(20));
SELECT health_model_save('models b', doc(20));
SELECT health_model_activate('models b', 2);
SELECT health_model_save('models b', doc(20));
-- And counts on from the highest.
SELECT health_model_save('models b', doc(30));

--
-- Privileges: everybody reads and scores, who may write is for the owner to say
--
SELECT a.privilege_type FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = 'health_model'::regclass AND a.grantee = 0;
-- Nothing runs with another role's rights.
SELECT count(*) > 0 AS functions, bool_or(p.prosecdef) AS security_definer, bool_and(has_function_privilege('public', p.oid, 'EXECUTE')) AS everybody_executes
  FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
 WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'health_score');
CREATE ROLE regress_health_reader;
CREATE ROLE regress_health_editor;
GRANT USAGE ON SCHEMA models TO regress_health_reader, regress_health_editor;
GRANT INSERT, UPDATE ON health_model TO regress_health_editor;

SET ROLE regress_health_reader;
SELECT health_score('models a', '{"nps": 5}'), health_band('models a', 50), health_model_get('models a') = doc(20) AS reads;
SELECT health_model_save('models a', doc(60)); \echo :SQLSTATE
SELECT health_model_save('models mine', doc()); \echo :SQLSTATE
SELECT health_model_patch('models a', '{}'); \echo :SQLSTATE
SELECT health_model_activate('models a', 1); \echo :SQLSTATE
SELECT health_model_drop('models a'); \echo :SQLSTATE
INSERT INTO health_model (name, version, definition) VALUES ('models mine', 1, doc()); \echo :SQLSTATE
RESET ROLE;

SET ROLE regress_health_editor;
SELECT health_model_save('models team', doc(), 'by the editor'), health_model_patch('models team', '{"purpose": "renewal"}');
SELECT health_model_activate('models team', 1);
SELECT version, active, note, created_by FROM health_model WHERE name = 'models team' ORDER BY version;
SELECT health_model_drop('models team');
DELETE FROM health_model WHERE name = 'models team'; \echo :SQLSTATE
RESET ROLE;
GRANT DELETE, TRUNCATE ON health_model TO regress_health_editor;
SET ROLE regress_health_editor;
DELETE FROM health_model WHERE name = 'models team'; \echo :SQLSTATE
TRUNCATE health_model; \echo :SQLSTATE
RESET ROLE;

-- INSERT alone is not enough: saving takes the table's lock and activates.
REVOKE UPDATE, DELETE, TRUNCATE ON health_model FROM regress_health_editor;
SET ROLE regress_health_editor;
SELECT health_model_save('models team', doc(70)); \echo :SQLSTATE
RESET ROLE;

-- The table's SELECT is the right to use the models in it, at every function, also after others of the session have used them.
REVOKE SELECT ON health_model FROM PUBLIC;
SET ROLE regress_health_reader;
SELECT health_score('models a', '{"nps": 5}'); \echo :SQLSTATE
SELECT health_score('models a@1', a) FROM (SELECT 5 AS nps) a; \echo :SQLSTATE
SELECT health_band('models a', '{"nps": 5}'); \echo :SQLSTATE
SELECT health_band('models a', 50); \echo :SQLSTATE
SELECT health_display('models a', 50); \echo :SQLSTATE
SELECT health_drivers('models a', '{"nps": 5}'); \echo :SQLSTATE
SELECT health_assess('models a', '{"nps": 5}'); \echo :SQLSTATE
SELECT health_model_get('models a'); \echo :SQLSTATE
-- Whether a name exists is not told either.
SELECT health_score('models zzz', '{"nps": 5}'); \echo :SQLSTATE
-- Documents by value belong to who has them.
SELECT health_score(doc(), '{"nps": 5}'), health_band(doc(), '{"nps": 5}'), health_band(doc(), 50), health_display(doc(), 50),
       (SELECT count(*) FROM health_drivers(doc(), '{"nps": 5}')) AS drivers, (health_assess(doc(), '{"nps": 5}')).status,
       (SELECT count(*) FROM health_model_check(doc())) AS issues, health_patch(doc(), '{}') = doc() AS patch, health_template('simple') IS NOT NULL AS template;
RESET ROLE;
-- And can be given to one role.
GRANT SELECT ON health_model TO regress_health_reader;
SET ROLE regress_health_reader;
SELECT health_score('models a', '{"nps": 5}');
RESET ROLE;
GRANT SELECT ON health_model TO PUBLIC;

REVOKE ALL ON health_model FROM regress_health_reader, regress_health_editor;
DROP SCHEMA models CASCADE;
DROP ROLE regress_health_reader, regress_health_editor;
