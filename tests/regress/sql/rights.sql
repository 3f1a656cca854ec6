-- Who may use which model: SELECT on health_model decides, asked anew whenever the user changes; a document needs no right.

-- Line numbers of functions are nobody's promise.
\set SHOW_CONTEXT never

-- Models of other tests would show in hints and version numbers.
SET session_replication_role = replica;
TRUNCATE health_model;
RESET session_replication_role;

CREATE FUNCTION constant(score integer) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('signals', jsonb_build_object('a', jsonb_build_object('scale', jsonb_build_object('steps', jsonb_build_array(jsonb_build_array(0, score))))),
                              'bands', '[{"name": "all", "from": 0}]'::jsonb)
$$;
CREATE ROLE regress_health_ann;
CREATE ROLE regress_health_bob;
CREATE ROLE regress_health_author;
CREATE TABLE account AS SELECT 1 AS a;
GRANT SELECT ON account TO regress_health_ann, regress_health_bob;
SELECT health_model_save('m', constant(10));

-- By default, everybody may read models, and nobody else may change them.
SET ROLE regress_health_ann;
SELECT health_score('m', '{"a": 1}'), health_score('m', account) FROM account;
SELECT health_model_save('m', constant(20));
SELECT health_model_activate('m', 1);
SELECT health_model_drop('m');
SELECT health_model_patch('m', '{"purpose": "mine"}');
INSERT INTO health_model (name, version, definition) VALUES ('mine', 1, constant(20));
RESET ROLE;

-- Revoked: no way to a stored model by its name, whether this session has it in memory or not
REVOKE SELECT ON health_model FROM PUBLIC;
GRANT SELECT ON health_model TO regress_health_bob;
SELECT health_score('m', '{"a": 1}');
SET ROLE regress_health_ann;
\set VERBOSITY sqlstate
SELECT health_score('m', '{"a": 1}');
SELECT health_score('m', account) FROM account;
SELECT health_score('m@1', '{"a": 1}'::json);
SELECT health_band('m', '{"a": 1}');
SELECT health_band('m', 50);
SELECT health_display('m', 50);
SELECT * FROM health_drivers('m', '{"a": 1}');
SELECT * FROM health_assess('m', '{"a": 1}');
SELECT health_model_get('m');
-- Not even whether there is one of that name
SELECT health_score('nobody''s', '{"a": 1}');
\set VERBOSITY default
SELECT health_score('m', '{"a": 1}');
SELECT health_model_get('m');
-- NULL needs no model.
SELECT health_score('m', NULL::jsonb), health_score(NULL::text, '{"a": 1}');
-- A document says itself what to do.
SELECT health_score(constant(30), account), health_band(constant(30), '{"a": 1}'), health_display(constant(30), 50),
       (health_assess(constant(30), '{"a": 1}')).score FROM account;
SELECT count(*) FROM health_drivers(constant(30), '{"a": 1}');
SELECT count(*) FROM health_model_check(constant(30));
SET ROLE regress_health_bob;
SELECT health_score('m', '{"a": 1}'), health_score('m', account) FROM account;
RESET ROLE;

-- The user may change between two calls of one call site.
DO $$
BEGIN
    FOR turn IN 1..5 LOOP
        PERFORM set_config('role', CASE turn % 3 WHEN 1 THEN 'regress_health_bob' WHEN 2 THEN 'regress_health_ann' ELSE 'none' END, true);
        BEGIN
            RAISE NOTICE '% %: %', turn, current_setting('role'), health_score('m', '{"a": 1}');
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE '% %: % %', turn, current_setting('role'), SQLSTATE, SQLERRM;
        END;
    END LOOP;
END
$$;
-- Even within one statement
SELECT turn, set_config('role', CASE turn WHEN 3 THEN 'regress_health_ann' ELSE 'regress_health_bob' END, true), health_score('m', '{"a": 1}')
  FROM generate_series(1, 3) turn;

-- A wrapper of somebody who may
CREATE FUNCTION bobs_score(account jsonb) RETURNS double precision LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT health_score('m', account) $$;
ALTER FUNCTION bobs_score(jsonb) OWNER TO regress_health_bob;
CREATE FUNCTION anns_score(account jsonb) RETURNS double precision LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$ BEGIN RETURN health_score('m', account); END $$;
ALTER FUNCTION anns_score(jsonb) OWNER TO regress_health_ann;
SET ROLE regress_health_ann;
SELECT bobs_score('{"a": 1}');
SELECT health_score('m', '{"a": 1}'), bobs_score('{"a": 1}');
SELECT bobs_score('{"a": 1}'), health_score('m', '{"a": 1}');
RESET ROLE;
SET ROLE regress_health_bob;
SELECT health_score('m', '{"a": 1}'), anns_score('{"a": 1}');
RESET ROLE;
SELECT bobs_score('{"a": 1}'), anns_score('{"a": 1}');

-- A view's functions run as the one who asks, as everywhere in Postgres.
CREATE VIEW scored AS SELECT a, health_score('m', account) AS score FROM account;
ALTER VIEW scored OWNER TO regress_health_bob;
GRANT SELECT ON scored TO regress_health_ann;
SET ROLE regress_health_ann;
SELECT * FROM scored;
SELECT a FROM scored;
SET ROLE regress_health_bob;
SELECT * FROM scored;
RESET ROLE;

-- Prepared under one user, executed under another
PREPARE score AS SELECT health_score('m', $1::jsonb);
SET plan_cache_mode = force_generic_plan;
SET ROLE regress_health_bob;
EXECUTE score('{"a": 1}');
SET ROLE regress_health_ann;
EXECUTE score('{"a": 1}');
RESET ROLE;
EXECUTE score('{"a": 1}');

-- Given back; and taken while a call site remembers the model
GRANT SELECT ON health_model TO PUBLIC;
SET ROLE regress_health_ann;
EXECUTE score('{"a": 1}');
SELECT * FROM scored;
RESET ROLE;
DO $$
BEGIN
    FOR turn IN 1..4 LOOP
        IF turn % 2 = 0 THEN
            REVOKE SELECT ON health_model FROM PUBLIC;
        ELSE
            GRANT SELECT ON health_model TO PUBLIC;
        END IF;
        PERFORM set_config('role', 'regress_health_ann', true);
        BEGIN
            RAISE NOTICE '%: %', turn, health_score('m', '{"a": 1}');
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE '%: %', turn, SQLERRM;
        END;
        PERFORM set_config('role', 'none', true);
    END LOOP;
END
$$;

-- An author needs three rights, and is written down.
GRANT SELECT, INSERT, UPDATE ON health_model TO regress_health_author, regress_health_ann, regress_health_bob;
SET ROLE regress_health_author;
SELECT health_model_save('m', constant(40));
SELECT name, version, active, created_by FROM health_model ORDER BY name, version;
SELECT health_score('m', '{"a": 1}');
SELECT health_model_activate('m', 1);
\set VERBOSITY terse
UPDATE health_model SET definition = constant(1);
UPDATE health_model SET created_by = 'regress_health_ann';
DELETE FROM health_model;
TRUNCATE health_model;
\set VERBOSITY default
RESET ROLE;
REVOKE INSERT, UPDATE ON health_model FROM regress_health_ann, regress_health_bob;

-- Row security: under one name everybody has a model of their own, and never gets another's from the cache.
SELECT health_model_save('shared', constant(50)), health_model_save('shared', constant(60), activate => false);
ALTER TABLE health_model ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON health_model FOR SELECT USING (note IS NULL OR note = current_user);
INSERT INTO health_model (name, version, definition, note) VALUES ('hidden', 1, constant(70), 'regress_health_bob');
UPDATE health_model SET active = true WHERE name = 'hidden';
SELECT health_score('hidden', '{"a": 1}');
SET ROLE regress_health_ann;
SELECT health_score('hidden', '{"a": 1}');
SELECT health_score('hidden@1', '{"a": 1}');
SELECT health_score('shared', '{"a": 1}');
SET ROLE regress_health_bob;
SELECT health_score('hidden', '{"a": 1}'), health_score('shared', '{"a": 1}');
RESET ROLE;
PREPARE hidden AS SELECT health_score('hidden', '{"a": 1}');
SET ROLE regress_health_bob;
EXECUTE hidden;
SET ROLE regress_health_ann;
EXECUTE hidden;
RESET ROLE;
DO $$
BEGIN
    FOR turn IN 1..4 LOOP
        PERFORM set_config('role', CASE turn % 2 WHEN 1 THEN 'regress_health_bob' ELSE 'regress_health_ann' END, true);
        BEGIN
            RAISE NOTICE '%: %', turn, health_score('hidden', '{"a": 1}');
        EXCEPTION WHEN undefined_object THEN
            RAISE NOTICE '%: %', turn, SQLERRM;
        END;
    END LOOP;
END
$$;
-- A policy may ask a setting instead of the user: here it names the one version that is shown.
DROP POLICY everybody ON health_model;
CREATE POLICY by_setting ON health_model FOR SELECT USING (name || '@' || version = current_setting('health.shown', true));
SET ROLE regress_health_ann;
SET health.shown = 'shared@1';
SELECT health_score('shared', '{"a": 1}');
SELECT health_score('shared@2', '{"a": 1}');
SET health.shown = 'shared@2';
SELECT health_score('shared', '{"a": 1}');
SELECT health_score('shared@2', '{"a": 1}');
-- One call site across a change of the setting
DO $$
BEGIN
    FOR turn IN 1..4 LOOP
        PERFORM set_config('health.shown', CASE turn % 2 WHEN 1 THEN 'shared@1' ELSE 'shared@2' END, true);
        BEGIN
            RAISE NOTICE '%: %', current_setting('health.shown'), health_score('shared@1', '{"a": 1}');
        EXCEPTION WHEN undefined_object THEN
            RAISE NOTICE '%: %', current_setting('health.shown'), SQLERRM;
        END;
    END LOOP;
END
$$;
-- Who wants to see all or nothing is told, as by a query on the table.
SET row_security = off;
SELECT health_score('shared', '{"a": 1}');
RESET row_security;
RESET ROLE;
DROP POLICY by_setting ON health_model;
ALTER TABLE health_model DISABLE ROW LEVEL SECURITY;
SET ROLE regress_health_ann;
SELECT health_score('hidden', '{"a": 1}'), health_score('shared', '{"a": 1}');
RESET ROLE;

-- A hostile search_path: nothing of the extension looks anything up there.
CREATE SCHEMA trap;
CREATE TABLE trap.health_model (name text, version integer, definition jsonb, active boolean);
INSERT INTO trap.health_model VALUES ('m', 1, constant(99), true), ('trapped', 1, constant(99), true);
CREATE FUNCTION trap.spring(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION trap.spring(integer, integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION trap.spring(jsonb, jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.spring);
CREATE OPERATOR trap.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.spring);
CREATE OPERATOR trap.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = trap.spring);
CREATE OPERATOR trap.<> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = trap.spring);
CREATE OPERATOR trap.= (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = trap.spring);
CREATE FUNCTION trap.max(integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION trap.coalesce(integer, integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION trap.concat(text, text, integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION trap.health_model_get(text) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION trap.health_model_require_valid(jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION trap.health_model_activate(text, integer) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE TYPE trap.text AS (a integer);
CREATE TYPE trap.jsonb AS (a integer);
GRANT USAGE ON SCHEMA trap TO regress_health_ann, regress_health_author;
SET search_path = trap, pg_catalog, public;
-- The trap is open.
SELECT 1 = 1;
SELECT public.health_score('m'::pg_catalog.text, '{"a": 1}'::pg_catalog.jsonb), public.health_score('m@1'::pg_catalog.text, '{"a": 1}'::pg_catalog.jsonb);
SELECT public.health_score('trapped'::pg_catalog.text, '{"a": 1}'::pg_catalog.jsonb);
SELECT public.health_score('m'::pg_catalog.text, account) FROM account;
SELECT public.health_model_get('shared@2');
SET ROLE regress_health_author;
SELECT public.health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 10]}}}, "bands": [{"name": "all", "from": 0}]}');
SELECT public.health_model_patch('m', '{"signals": {"a": {"scale": {"linear": [0, 20]}}}}');
SELECT public.health_model_activate('m', 3);
SELECT public.health_model_drop('shared');
INSERT INTO public.health_model (name, version, definition) VALUES ('m', 9, '{"signals": {"a": {"scale": {"linear": [0, 10]}}}, "bands": [{"name": "all", "from": 0}]}');
UPDATE public.health_model SET note = 'looked at' WHERE note IS NULL;
\set VERBOSITY terse
UPDATE public.health_model SET definition = '{}';
\set VERBOSITY default
RESET ROLE;
SELECT public.health_score('m'::pg_catalog.text, '{"a": 1}'::pg_catalog.jsonb), public.health_band('m'::pg_catalog.text, 50),
       (public.health_assess('m'::pg_catalog.text, '{"a": 1}'::pg_catalog.jsonb)).model_version;
RESET search_path;
-- Nor do temporary tables get in the way.
CREATE TEMPORARY TABLE health_model (name text, version integer, definition jsonb, active boolean);
INSERT INTO health_model VALUES ('m', 1, constant(99), true);
SELECT health_score('m', '{"a": 1}'), health_score('m@4', '{"a": 1}'), health_model_save('m', constant(5));
SELECT count(*) FROM health_model;
SELECT health_score('m', '{"a": 1}');
DROP TABLE pg_temp.health_model;

-- As it was
DEALLOCATE ALL;
RESET plan_cache_mode;
SET client_min_messages = warning;
DROP SCHEMA trap CASCADE;
RESET client_min_messages;
DROP VIEW scored;
DROP TABLE account;
DROP FUNCTION bobs_score(jsonb), anns_score(jsonb), constant(integer);
REVOKE ALL ON health_model FROM regress_health_ann, regress_health_bob, regress_health_author;
DROP ROLE regress_health_ann, regress_health_bob, regress_health_author;
GRANT SELECT ON health_model TO PUBLIC;
SET session_replication_role = replica;
TRUNCATE health_model;
