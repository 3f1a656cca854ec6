-- Which version of a model a score comes from, whatever the session did before: a statement uses the version that its own
-- snapshot shows, never an older or newer one that a cache still holds.

-- Line numbers of functions are nobody's promise.
\set SHOW_CONTEXT never

-- Models of other tests would show in hints and version numbers.
SET session_replication_role = replica;
TRUNCATE health_model;
RESET session_replication_role;

-- Every document scores a constant, so that a score says which version made it.
CREATE FUNCTION constant(score integer) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('signals', jsonb_build_object('a', jsonb_build_object('scale', jsonb_build_object('steps', jsonb_build_array(jsonb_build_array(0, score))))),
                              'bands', '[{"name": "all", "from": 0}]'::jsonb)
$$;

-- One statement after another
SELECT health_model_save('m', constant(10));
SELECT health_score('m', '{"a": 1}');
SELECT health_model_save('m', constant(20));
SELECT health_score('m', '{"a": 1}'), health_score('m@1', '{"a": 1}'), health_score('m@2', '{"a": 1}');
SELECT health_model_activate('m', 1);
SELECT health_score('m', '{"a": 1}'), (health_assess('m', '{"a": 1}')).model_version, health_band('m', '{"a": 1}');
SELECT health_model_drop('m');
SELECT health_score('m', '{"a": 1}');
SELECT health_score('m@2', '{"a": 1}');
SELECT health_model_activate('m', 2);
SELECT health_score('m', '{"a": 1}'), (health_assess('m', '{"a": 1}')).model_version;
COPY health_model (name, version, definition) FROM stdin;
m	7	{"signals": {"a": {"scale": {"steps": [[0, 17]]}}}, "bands": [{"name": "all", "from": 0}]}
\.
SELECT health_score('m', '{"a": 1}'), health_score('m@7', '{"a": 1}');

-- One transaction: its own changes count at once, and are gone with a rollback
BEGIN;
SELECT health_model_save('m', constant(30));
SELECT health_score('m', '{"a": 1}'), health_score('m@8', '{"a": 1}');
SAVEPOINT before;
SELECT health_model_save('m', constant(40));
SELECT health_score('m', '{"a": 1}');
ROLLBACK TO before;
SELECT health_score('m', '{"a": 1}');
SELECT health_score('m@9', '{"a": 1}');
ROLLBACK TO before;
SAVEPOINT kept;
SELECT health_model_save('m', constant(50));
RELEASE kept;
SELECT health_score('m', '{"a": 1}'), health_score('m@9', '{"a": 1}');
ROLLBACK;
SELECT health_score('m', '{"a": 1}');
SELECT health_score('m@8', '{"a": 1}');
-- The number of a version that was rolled back is free again, for another document.
SELECT health_model_save('m', constant(60));
SELECT health_score('m@8', '{"a": 1}');
BEGIN;
SELECT health_model_save('m', constant(70));
SELECT health_score('m', '{"a": 1}');
COMMIT;
SELECT health_score('m', '{"a": 1}');

-- Inside one statement nothing changes, not even by the statement itself.
SELECT health_score('m', '{"a": 1}') AS before, health_model_save('m', constant(71)) AS version, health_score('m', '{"a": 1}') AS after;
SELECT health_score('m', '{"a": 1}');
WITH saved AS (SELECT health_model_save('m', constant(72)) AS version)
SELECT version, health_score('m', '{"a": 1}') FROM saved, generate_series(1, 2);
SELECT health_score('m', '{"a": 1}');

-- A replicated change is a change.
SET session_replication_role = replica;
UPDATE health_model SET active = false WHERE name = 'm';
SELECT health_score('m', '{"a": 1}');
UPDATE health_model SET active = true WHERE name = 'm' AND version = 1;
SELECT health_score('m', '{"a": 1}');
\set VERBOSITY terse
UPDATE health_model SET definition = constant(1) WHERE name = 'm';
DELETE FROM health_model WHERE name = 'm';
INSERT INTO health_model (name, version, definition) VALUES ('m', 99, '{}');
\set VERBOSITY default
-- What only an owner can do: without the guard, rows may go, and the caches hear of it.
BEGIN;
ALTER TABLE health_model DISABLE TRIGGER health_model_guard;
DELETE FROM health_model WHERE name = 'm' AND version = 1;
SELECT health_score('m', '{"a": 1}');
ROLLBACK;
SELECT health_score('m', '{"a": 1}');
BEGIN;
TRUNCATE health_model;
SELECT health_score('m', '{"a": 1}');
ROLLBACK;
SELECT health_score('m', '{"a": 1}');
RESET session_replication_role;
TRUNCATE health_model;
SELECT health_score('m', '{"a": 1}');

-- A trigger of the user's own sees what fired it, whatever its name sorts before.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% of version %: %', TG_NAME, NEW.version, health_score('m', '{"a": 1}');
    RETURN NULL;
EXCEPTION WHEN undefined_object THEN
    RAISE NOTICE '% of version %: %', TG_NAME, NEW.version, SQLERRM;
    RETURN NULL;
END
$$;
CREATE TRIGGER "A first" AFTER UPDATE ON health_model FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER "z last" AFTER UPDATE ON health_model FOR EACH ROW EXECUTE FUNCTION tell();
SELECT health_score('m', '{"a": 1}');
SELECT health_model_drop('m');
SELECT health_model_activate('m', 2);
SELECT health_score('m', '{"a": 1}');
DROP TRIGGER "A first" ON health_model;
DROP TRIGGER "z last" ON health_model;

-- Prepared statements, with custom and with generic plans
PREPARE by_name AS SELECT health_score('m', $1);
PREPARE by_typed_name (text, jsonb) AS SELECT health_score($1, $2), health_band($1, $2);
PREPARE by_document (jsonb) AS SELECT health_score($1, '{"a": 1}');
SET plan_cache_mode = force_generic_plan;
EXECUTE by_name('{"a": 1}');
EXECUTE by_typed_name('m', '{"a": 1}');
EXECUTE by_document(constant(3));
SELECT health_model_activate('m', 1);
EXECUTE by_name('{"a": 1}');
EXECUTE by_typed_name('m', '{"a": 1}');
EXECUTE by_document(constant(4));
SET plan_cache_mode = force_custom_plan;
SELECT health_model_activate('m', 2);
EXECUTE by_name('{"a": 1}');
EXECUTE by_typed_name('m', '{"a": 1}');
RESET plan_cache_mode;
DEALLOCATE ALL;

-- PL/pgSQL keeps the call sites of simple expressions for the whole transaction.
CREATE FUNCTION current_score() RETURNS double precision LANGUAGE plpgsql AS $$ BEGIN RETURN health_score('m', '{"a": 1}'); END $$;
CREATE FUNCTION stable_score() RETURNS double precision LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN health_score('m', '{"a": 1}'); END $$;
DO $$
DECLARE
    before double precision;
    score double precision;
BEGIN
    before := health_score('m', '{"a": 1}');
    FOR turn IN 1..4 LOOP
        score := health_score('m', '{"a": 1}');
        RAISE NOTICE '% from %: in place %, by function %, by query %', turn, before, score, current_score(), (SELECT health_score('m', '{"a": 1}'));
        before := score;
        IF turn % 2 = 1 THEN
            PERFORM health_model_save('m', constant(80 + turn));
        END IF;
    END LOOP;
END
$$;
SELECT current_score(), stable_score();
-- A volatile function sees what the statement has done so far, a stable one what the statement saw at its begin.
SELECT current_score() AS volatile_before, stable_score() AS stable_before, health_model_save('m', constant(90)) AS version,
       current_score() AS volatile_after, stable_score() AS stable_after;
SELECT current_score(), stable_score();
-- The changes of a block that failed are gone, for the call site inside it too.
DO $$
DECLARE
    inside double precision;
BEGIN
    FOR turn IN 1..4 LOOP
        BEGIN
            IF turn % 2 = 0 THEN
                PERFORM health_model_save('m', constant(90 + turn));
            END IF;
            inside := health_score('m', '{"a": 1}');
            RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ001';
        EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
            RAISE NOTICE '%: inside %, afterwards %', turn, inside, health_score('m', '{"a": 1}');
        END;
    END LOOP;
END
$$;
-- And so it is across the transactions of one procedure.
CREATE PROCEDURE save_and_score() LANGUAGE plpgsql AS $$
DECLARE
    score double precision;
BEGIN
    FOR turn IN 1..4 LOOP
        PERFORM health_model_save('m', constant(10 + turn));
        score := health_score('m', '{"a": 1}');
        RAISE NOTICE '%: %', turn, score;
        IF turn % 2 = 0 THEN ROLLBACK; ELSE COMMIT; END IF;
        score := health_score('m', '{"a": 1}');
        RAISE NOTICE '%: then %', turn, score;
    END LOOP;
END
$$;
CALL save_and_score();

-- A cursor keeps the version of its snapshot; statements beside it use the new one.
SELECT health_model_save('m', constant(20)), health_score('m', '{"a": 1}') AS old;
BEGIN;
SELECT health_score('m', '{"a": 1}');
DECLARE running CURSOR FOR SELECT turn, health_score('m', '{"a": 1}') FROM generate_series(1, 3) turn;
DECLARE late CURSOR FOR SELECT turn, health_score('m', '{"a": 1}') FROM generate_series(1, 2) turn;
DECLARE held CURSOR WITH HOLD FOR SELECT health_score('m', '{"a": 1}');
FETCH 1 FROM running;
SELECT health_model_save('m', constant(21));
SELECT health_score('m', '{"a": 1}');
FETCH 1 FROM running;
SELECT health_score('m', '{"a": 1}');
-- Its first row is scored only now.
FETCH 1 FROM late;
SELECT health_score('m', '{"a": 1}'), current_score(), stable_score();
SELECT health_model_save('m', constant(22));
FETCH 1 FROM late;
FETCH 1 FROM running;
SELECT health_score('m', '{"a": 1}');
COMMIT;
FETCH held;
SELECT health_score('m', '{"a": 1}');
CLOSE held;

-- The workers of a parallel plan use the version that the transaction has just saved.
CREATE FUNCTION plan_has(node text, query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        IF strpos(line, node) > 0 THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END
$$;
CREATE TABLE account AS SELECT id, 1 AS a FROM generate_series(1, 2000) id;
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT health_model_save('m', constant(23));
SELECT plan_has('Gather', 'SELECT count(*) FROM account WHERE health_score(''m'', jsonb_build_object(''a'', a)) = 23');
SELECT count(*) FROM account WHERE health_score('m', jsonb_build_object('a', a)) = 23;
ROLLBACK;

-- One call site, many models: by name, by version, by document, more than any cache holds
SELECT count(health_model_save(format('many %s', n), constant(n % 100))) FROM generate_series(1, 300) n;
SELECT count(*), sum(health_score(format('many %s', n), '{"a": 1}') - n % 100) FROM generate_series(1, 300) n, generate_series(1, 2);
SELECT count(*), sum(health_score(format('many %s', n), '{"a": 1}') - n % 100) FROM generate_series(1, 300) n, generate_series(1, 2);
SELECT health_model_save('many 150', constant(99)), health_model_drop('many 151');
SELECT n, health_score(format('many %s', n), '{"a": 1}') FROM generate_series(149, 150) n;
SELECT health_score('many 151', '{"a": 1}');
SELECT count(*), sum(health_score(constant(n), '{"a": 1}') - n) FROM generate_series(1, 3), generate_series(1, 50) n;
SELECT n, health_score(constant(n % 2), '{"a": 1}') FROM generate_series(1, 4) n;
SELECT r.id, m.name, m.version, health_score(format('%s@%s', m.name, m.version), r) AS of_row,
       health_score(m.definition, to_jsonb(r)) AS of_document, health_score(m.name, r) AS active
  FROM health_model m, (VALUES (1, 0), (2, 5)) r (id, a) WHERE m.name IN ('many 1', 'many 150') ORDER BY r.id, m.name, m.version;
-- NULL in between leaves the call site as it was.
SELECT n, health_score(CASE WHEN n % 2 = 0 THEN 'many 1' END, '{"a": 1}'), health_score('many 1', CASE WHEN n % 2 = 0 THEN '{"a": 1}'::jsonb END)
  FROM generate_series(1, 4) n;
-- So does an error that is caught.
DO $$
BEGIN
    FOR turn IN 1..4 LOOP
        BEGIN
            RAISE NOTICE '%: %', turn, health_score(CASE WHEN turn % 2 = 0 THEN 'nobody''s' ELSE 'many 1' END, '{"a": 1}');
        EXCEPTION WHEN undefined_object THEN
            RAISE NOTICE '%: %', turn, SQLERRM;
        END;
    END LOOP;
END
$$;

-- Models with other inputs, and segments that change from row to row
SELECT health_model_save('b first', '{"signals": {"b": {"scale": {"linear": [0, 10]}}, "a": {"scale": {"linear": [0, 10]}, "weight": 3}}, "bands": [{"name": "all", "from": 0}]}');
SELECT health_model_save('lanes', '{"signals": {"a": {"scale": {"linear": [0, 10]}}}, "bands": [{"name": "all", "from": 0}],
    "segments": [{"name": "half", "when": {"input": "a", "gt": 8}, "patch": {"signals": {"a": {"scale": {"linear": [0, 20]}}}}},
                 {"name": "turned", "when": {"input": "a", "lt": 0}, "patch": {"signals": {"a": {"scale": {"linear": [10, 0]}}}}}]}');
SELECT r.a, r.b, m.name, health_score(m.name, r) AS of_row, health_score(m.name, to_jsonb(r)) AS of_jsonb
  FROM (VALUES (10, 0), (2, 6)) r (a, b), unnest('{b first,lanes,many 7}'::text[]) m (name) ORDER BY r.a, m.name;
SELECT a, coalesce(segment, 'NULL') AS segment, health_score('lanes', r, segment => r.segment)
  FROM (SELECT a, segment FROM unnest('{2,9}'::int[]) a, unnest(array[NULL, '', 'half', 'turned']) segment) r ORDER BY 1, 2;

-- The extension dropped and created again: another table, nothing of the old one
\set here :DBNAME
CREATE DATABASE health_score_again ENCODING 'UTF8' TEMPLATE template0;
\c health_score_again
CREATE EXTENSION health_score;
CREATE FUNCTION current_score() RETURNS double precision LANGUAGE plpgsql AS $$ BEGIN RETURN health_score('m', '{"a": 1}'); END $$;
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 10]}}}, "bands": [{"name": "all", "from": 0}]}'), current_score() AS before;
SELECT health_score('m', '{"a": 1}'), current_score();
DROP EXTENSION health_score;
\set VERBOSITY sqlstate
SELECT health_score('m', '{"a": 1}');
SELECT current_score();
\set VERBOSITY default
CREATE EXTENSION health_score;
SELECT health_score('m', '{"a": 1}');
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [10, 0]}}}, "bands": [{"name": "all", "from": 0}]}');
SELECT health_score('m', '{"a": 1}'), current_score();
-- Both in one transaction, and undone
BEGIN;
DROP EXTENSION health_score;
CREATE EXTENSION health_score;
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 5]}}}, "bands": [{"name": "all", "from": 0}]}');
SELECT health_score('m', '{"a": 1}'), current_score();
ROLLBACK;
SELECT health_score('m', '{"a": 1}'), current_score();
\c :here
DROP DATABASE health_score_again;

DROP TABLE account;
DROP PROCEDURE save_and_score();
DROP FUNCTION current_score(), stable_score(), tell(), plan_has(text, text), constant(integer);
SET session_replication_role = replica;
TRUNCATE health_model;
