-- What the planner makes of health_score(model, t): the columns of t instead of its row, where that is the same; and never anything else.

-- Models of other tests would show in hints and version numbers.
SET session_replication_role = replica;
TRUNCATE health_model;
RESET session_replication_role;
-- Line numbers of functions are nobody's promise.
\set SHOW_CONTEXT never

CREATE FUNCTION document() RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT '{"signals": {"a": {"scale": {"linear": [0, 10]}}, "b": {"scale": {"linear": [0, 10]}, "weight": 3}},
             "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}'::jsonb
$$;
SELECT health_model_save('m', document());

-- A dropped column, so that attribute numbers are not positions
CREATE TABLE t (id integer PRIMARY KEY, gone text, a integer, b integer);
ALTER TABLE t DROP COLUMN gone;
INSERT INTO t SELECT i, i % 11, i * 7 % 11 FROM generate_series(1, 10) AS i;
INSERT INTO t VALUES (11, NULL, NULL);
CREATE TABLE u (id integer PRIMARY KEY, x integer);
INSERT INTO u SELECT i * 2, i FROM generate_series(1, 7) AS i;

-- Plans show OIDs, so only whether the columns stand in one for the row.
CREATE FUNCTION rewritten(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        IF line ~ 'health_(score|band)_columns' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;
-- Whether the query is rewritten, and gives the rows that it gives with the account as jsonb, which no planner touches.
CREATE FUNCTION probe(query text, OUT rewritten boolean, OUT same boolean, OUT row_count bigint) LANGUAGE plpgsql AS $$
DECLARE
    of_row text[];
    of_jsonb text[];
    collect text := 'SELECT array_agg(q::text ORDER BY q::text COLLATE "C") FROM (%s) AS q';
BEGIN
    rewritten := rewritten(format(query, 't'));
    EXECUTE format(collect, format(query, 't')) INTO of_row;
    EXECUTE format(collect, format(query, 'to_jsonb(t)')) INTO of_jsonb;
    same := of_row IS NOT DISTINCT FROM of_jsonb;
    row_count := cardinality(of_row);
END
$$;

-- Rewritten: a table's row, wherever in the query
SELECT p.*, query FROM (VALUES
    (1, 'SELECT id, health_score(''m'', %s) FROM t'),
    (2, 'SELECT id, health_band(''m'', %s) FROM t'),
    (3, 'SELECT id, health_score(document(), %s) FROM t'),
    (4, 'SELECT id, health_band(document(), %s) FROM t'),
    (5, 'SELECT id, health_score(segment => '''', account => %s, model => ''m@1'', as_of => now()) FROM t'),
    (6, 'SELECT x, health_score(''m'', %s) FROM t AS t (x, y, z)'),
    (7, 'SELECT t.id, o.id, health_score(''m'', %s) FROM t, t AS o WHERE o.id = t.id + 1'),
    (8, 'SELECT t.id, u.id FROM t JOIN u ON u.x * 10 < health_score(''m'', %s)'),
    (9, 'SELECT t.id, s FROM t, LATERAL health_score(''m'', %s) AS s'),
    (10, 'SELECT u.id, (SELECT health_score(''m'', %s) FROM t WHERE t.id = u.id) FROM u'),
    (11, 'SELECT id FROM u WHERE EXISTS (SELECT FROM t WHERE t.id = u.id AND u.x * 10 < health_score(''m'', %s))'),
    (12, 'SELECT id FROM u WHERE x NOT IN (SELECT floor(health_score(''m'', %s) / 20) FROM t WHERE a IS NOT NULL)'),
    (13, 'SELECT * FROM (SELECT id, health_score(''m'', %1$s) AS s FROM t UNION ALL SELECT -id, health_score(''m'', %1$s) FROM t WHERE a > 3) AS q WHERE s > 30'),
    (14, 'WITH c AS MATERIALIZED (SELECT id, health_score(''m'', %s) AS s FROM t) SELECT * FROM c WHERE s > 30'),
    (15, 'SELECT id, rank() OVER (ORDER BY health_score(''m'', %1$s)), lag(health_score(''m'', %1$s)) OVER (PARTITION BY health_band(''m'', %1$s) ORDER BY id) FROM t'),
    (16, 'SELECT DISTINCT ON (health_band(''m'', %1$s)) id, health_score(''m'', %1$s) FROM t ORDER BY health_band(''m'', %1$s), id'),
    (17, 'SELECT health_band(''m'', %1$s), count(*), sum(health_score(''m'', %1$s)) FROM t GROUP BY 1 HAVING health_band(''m'', %1$s) > ''a'''),
    (18, 'SELECT id, health_score(''m'', %s), count(*) FROM t GROUP BY id'),
    (19, 'SELECT id, health_score(''m'', %s) FROM t TABLESAMPLE system (100)'),
    (20, 'SELECT id, CASE WHEN a > 3 THEN health_score(''m'', %s) END FROM t'),
    (21, 'SELECT id, health_score(''m'', w), health_score(''m'', %s) FROM (SELECT t AS w, t.* FROM t) AS t')
) AS tried (number, query), probe(query) AS p ORDER BY number;

-- Left alone: where the row may be NULL as a whole, or columns could be NULL that the row does not lack
SELECT p.*, query FROM (VALUES
    (1, 'SELECT u.id, health_score(''m'', %s) FROM u LEFT JOIN t ON t.id = u.id AND t.a > 3'),
    (2, 'SELECT u.id, health_score(''m'', %s) FROM t RIGHT JOIN u ON t.id = u.id'),
    (3, 'SELECT u.id, health_score(''m'', %s) FROM t FULL JOIN u ON t.id = u.id'),
    (4, 'SELECT u.id, s FROM u LEFT JOIN (SELECT id, coalesce(health_score(''m'', %s), -1) AS s FROM t) AS q ON q.id = u.id'),
    (5, 'SELECT u.id, health_score(''m'', q.w), health_score(''m'', %s) FROM t, u LEFT JOIN (SELECT id, t AS w FROM t) AS q ON q.id = u.id'),
    (6, 'SELECT t.id, s FROM t LEFT JOIN LATERAL health_score(''m'', %s) AS s ON t.a > 3'),
    (7, 'SELECT id, a, health_score(''m'', %s) FROM t GROUP BY GROUPING SETS ((id), (id, a))'),
    (8, 'SELECT health_score(''m'', %s) FROM t GROUP BY ROLLUP (t)'),
    (9, 'SELECT t.id, (SELECT max(health_score(''m'', %s) + u.x) FROM u) FROM t'),
    (10, 'SELECT id, health_score(''m'', %s) FROM (SELECT * FROM t OFFSET 0) AS t')
) AS tried (number, query), probe(query) AS p ORDER BY number;

-- Rows without any value are no NULL rows; a NULL model or row is.
SELECT health_score('m', t), health_score(NULL::text, t), health_score('m', NULL::t) FROM t WHERE id = 11;
SELECT rewritten('SELECT health_score(''m'', NULL::t)'), rewritten('SELECT health_score(''m'', ROW(1, 2))');

-- Children that order their columns otherwise
CREATE TABLE parts (id integer, a integer, b integer) PARTITION BY RANGE (id);
CREATE TABLE part_1 (b integer, gone integer, id integer, a integer);
ALTER TABLE part_1 DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION part_1 FOR VALUES FROM (0) TO (5);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (5) TO (100);
INSERT INTO parts SELECT id, a, b FROM t;
CREATE TABLE parent (id integer, a integer, b integer);
CREATE TABLE child (c integer, b integer, id integer, a integer);
ALTER TABLE child INHERIT parent;
INSERT INTO parent SELECT id, a, b FROM t WHERE id < 5;
INSERT INTO child (id, a, b, c) SELECT id, a, b, 7 FROM t WHERE id >= 5;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM t;
CREATE VIEW shown AS SELECT * FROM t;
CREATE VIEW scored AS SELECT t.*, health_score('m', t) AS score FROM t;
CREATE VIEW guarded WITH (security_barrier) AS SELECT t.*, health_score('m', t) AS score FROM t;
CREATE FUNCTION score_of(account t) RETURNS double precision LANGUAGE sql STABLE AS $$ SELECT health_score('m', account) $$;
SELECT p.*, query FROM (VALUES
    (1, 'SELECT id, health_score(''m'', %s) FROM parts AS t'),
    (2, 'SELECT id FROM parts AS t WHERE health_score(''m'', %1$s) > 30 ORDER BY health_score(''m'', %1$s)'),
    (3, 'SELECT id, health_score(''m'', %s) FROM parent AS t'),
    (4, 'SELECT id FROM parent AS t WHERE health_score(''m'', %s) > 30'),
    (5, 'SELECT id, health_score(''m'', %s) FROM kept AS t'),
    (6, 'SELECT id, health_score(''m'', %s) FROM shown AS t'),
    (7, 'SELECT id, score, health_score(''m'', %s) = score FROM scored AS t'),
    (8, 'SELECT u.id, score, health_score(''m'', %s) = score FROM u LEFT JOIN scored AS t ON t.id = u.id'),
    (9, 'SELECT u.id, score, health_score(''m'', %s) = score FROM u LEFT JOIN guarded AS t ON t.id = u.id'),
    (10, 'SELECT id, score_of(t), health_score(''m'', %s) = score_of(t) FROM t'),
    (11, 'SELECT u.id, score_of(t), health_score(''m'', %s) = score_of(t) FROM u LEFT JOIN t ON t.id = u.id')
) AS tried (number, query), probe(query) AS p ORDER BY number;

-- As wide as is rewritten, and one wider
DO $$
BEGIN
    FOR width IN 64..65 LOOP
        EXECUTE format('CREATE TABLE wide_%s (a integer, b integer, %s)', width, (SELECT string_agg(format('c%s integer', i), ', ') FROM generate_series(3, width) AS i));
        EXECUTE format('INSERT INTO wide_%s VALUES (1, 2)', width);
    END LOOP;
END
$$;
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
SELECT health_score('m', wide_64), health_score('m', wide_65) FROM wide_64, wide_65;
SELECT rewritten('SELECT health_score(''m'', wide_64) FROM wide_64'), rewritten('SELECT health_score(''m'', wide_65) FROM wide_65');
SELECT health_score('m', no_columns) FROM no_columns;
SELECT health_score('m', u) FROM u;

-- Rows that change
BEGIN;
UPDATE t SET a = health_score('m', t) / 10 WHERE health_score('m', t) > 60 RETURNING id, health_score('m', t), health_score('m', to_jsonb(t));
DELETE FROM t WHERE health_score('m', t) < 30 RETURNING id, health_score('m', t), health_score('m', to_jsonb(t));
UPDATE t SET a = o.b FROM t AS o WHERE o.id = 4 AND t.id = 3 AND health_score('m', o) > 30 RETURNING t.id, health_score('m', t), health_score('m', to_jsonb(t)), health_score('m', o), health_score('m', to_jsonb(o));
INSERT INTO t VALUES (20, 1, 2) RETURNING health_score('m', t), health_score('m', to_jsonb(t));
INSERT INTO t VALUES (20, 9, 9) ON CONFLICT (id) DO UPDATE SET a = health_score('m', excluded) / 10, b = health_score('m', t)
    WHERE health_score('m', excluded) > health_score('m', t) RETURNING *;
MERGE INTO t USING (SELECT u.id + 100 AS id, u.x AS a, 5 AS b FROM u UNION ALL SELECT t.* FROM t WHERE id = 20) AS s ON s.id = t.id
    WHEN MATCHED AND health_score('m', t) > 10 THEN UPDATE SET b = health_score('m', t)
    WHEN NOT MATCHED AND s.a = 7 THEN INSERT VALUES (s.id, s.a, health_score('m', s));
SELECT *, health_score('m', t), health_score('m', to_jsonb(t)) FROM t WHERE id >= 20 ORDER BY id;
UPDATE parts SET id = id + 5, a = 3 WHERE id IN (1, 6) RETURNING tableoid::regclass, id, health_score('m', parts), health_score('m', to_jsonb(parts));
UPDATE parent SET a = 3 WHERE id IN (1, 6) RETURNING tableoid::regclass, id, health_score('m', parent), health_score('m', to_jsonb(parent));
ROLLBACK;

-- A plan that is kept goes with its table.
SET plan_cache_mode = force_generic_plan;
PREPARE score(text) AS SELECT health_score($1, parent) FROM parent WHERE id = 2;
BEGIN;
PREPARE direct AS SELECT health_score('m', part_2), health_score('m', to_jsonb(part_2)) FROM part_2 WHERE id = 8;
EXECUTE direct;
ALTER TABLE parts RENAME COLUMN a TO c;
EXECUTE direct;
ROLLBACK;
BEGIN;
ALTER TABLE parts RENAME COLUMN a TO c;
ALTER TABLE parts RENAME COLUMN b TO a;
ALTER TABLE parts RENAME COLUMN c TO b;
EXECUTE direct;
ALTER TABLE parts DROP COLUMN a, ADD COLUMN a text DEFAULT '1';
EXECUTE direct;
ROLLBACK;
EXECUTE direct;
EXECUTE score('m');
EXECUTE score('m@1');
EXECUTE score(NULL);
EXECUTE score('n');
RESET plan_cache_mode;
DEALLOCATE ALL;

-- Indexes are on the row as it is written, so the row stays where its table has one: for searches, and to name it in ON CONFLICT.
CREATE TABLE indexed (id integer, a integer, b integer);
INSERT INTO indexed SELECT id, a, b FROM t WHERE id < 4;
CREATE UNIQUE INDEX by_score ON indexed (health_score(document(), indexed));
CREATE INDEX of_low ON indexed (id) WHERE health_band(document(), indexed) = 'low';
SET enable_seqscan = off;
SET enable_bitmapscan = off;
CREATE FUNCTION index_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        RETURN QUERY SELECT (regexp_match(line, 'Scan using (\w+)'))[1] WHERE line ~ 'Scan using';
    END LOOP;
END
$$;
SELECT index_of('SELECT id FROM indexed WHERE health_score(document(), indexed) > 50');
SELECT index_of('SELECT id FROM indexed WHERE health_band(document(), indexed) = ''low'' AND id > 0');
SELECT id FROM indexed WHERE health_score(document(), indexed) > 50 ORDER BY id;
INSERT INTO indexed SELECT 4, a, b FROM indexed WHERE id = 1 ON CONFLICT (health_score(document(), indexed)) DO UPDATE SET id = excluded.id RETURNING *;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- Rights are those of the query as it is written.
CREATE ROLE regress_health_ann;
CREATE ROLE regress_health_bob;
GRANT SELECT ON t, scored TO regress_health_ann;
GRANT SELECT (id, a) ON t TO regress_health_bob;
GRANT EXECUTE ON FUNCTION health_score(text, record, timestamptz, text) TO regress_health_bob;
PREPARE before AS SELECT health_score('m', t) FROM t WHERE id = 1;
SET ROLE regress_health_ann;
EXECUTE before;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION health_score(text, record, timestamptz, text) FROM PUBLIC;
CREATE FUNCTION lent() RETURNS double precision LANGUAGE sql SECURITY DEFINER AS $$ SELECT health_score('m', t) FROM t WHERE id = 1 $$;
SET ROLE regress_health_ann;
EXECUTE before;
SELECT health_score('m', t) FROM t WHERE id = 1;
SELECT health_score('m', t) FROM t WHERE id = 0;
SELECT health_score('n', t) FROM t WHERE id = 1;
SELECT score FROM scored WHERE id = 1;
SELECT lent();
-- Not by the function for the planner either, whatever function it is told
SELECT health_score_internal.health_score_columns('m', '{a,b}', NULL, NULL, 'health_score(text, record, timestamptz, text)'::regprocedure, 1, 2);
SELECT health_score_internal.health_score_columns('m', '{a,b}', NULL, NULL, 'health_band(text, record, timestamptz, text)'::regprocedure, 1, 2);
SELECT health_score_internal.health_score_columns('m', '{a,b}', NULL, NULL, 'now()'::regprocedure, 1, 2);
RESET ROLE;
-- All columns are needed for a row.
SET ROLE regress_health_bob;
SELECT health_score('m', t) FROM t WHERE id = 1;
RESET ROLE;
GRANT SELECT ON t TO regress_health_bob;
-- Nobody needs a right to the planner's function.
REVOKE EXECUTE ON FUNCTION health_score_internal.health_score_columns(text, text[], timestamptz, text, oid, "any") FROM PUBLIC;
SET ROLE regress_health_bob;
SELECT health_score('m', t) FROM t WHERE id = 1;
RESET ROLE;
GRANT EXECUTE ON FUNCTION health_score_internal.health_score_columns(text, text[], timestamptz, text, oid, "any") TO PUBLIC;
GRANT EXECUTE ON FUNCTION health_score(text, record, timestamptz, text) TO PUBLIC;
-- A policy that asks for the score, and no look at other rows through a cheap function
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY healthy ON t USING (health_score('m', t) > 60);
CREATE FUNCTION peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
SET ROLE regress_health_bob;
SELECT id, health_score('m', t) FROM t WHERE peek(t::text) ORDER BY id;
RESET ROLE;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;

-- Called by hand, it says what it is for.
SELECT health_score_internal.health_score_columns('m', '{a,b}', NULL, NULL, NULL, 1, 2);
SELECT health_score_internal.health_score_columns('m', '{a,b}', NULL, NULL, 'now()'::regprocedure, 1, 2);
SELECT health_score_internal.health_score_columns('m', '{a,b}', NULL, NULL, 0, 1, 2);
SELECT health_score_internal.health_score_columns('m', '{a}', NULL, NULL, 'health_score(text, record, timestamptz, text)'::regprocedure, 1, 2);
SELECT health_score_internal.health_score_columns('m', '{a,b,c}', NULL, NULL, 'health_score(text, record, timestamptz, text)'::regprocedure, 1, 2);
SELECT health_score_internal.health_score_columns('m', '{a,b}', NULL, NULL, 'health_score(text, record, timestamptz, text)'::regprocedure, VARIADIC ARRAY[1, 2]);
SELECT health_score_internal.health_score_columns('m', ARRAY['a', id::text], NULL, NULL, 'health_score(text, record, timestamptz, text)'::regprocedure, 1, 2) FROM t;
SELECT health_score_internal.health_score_columns('m', '{a,b}', NULL, NULL, 'health_score(text, record, timestamptz, text)'::regprocedure, 'x', ROW(1));
SELECT health_score_internal.health_score_columns('m', NULL, NULL, NULL, 'health_score(text, record, timestamptz, text)'::regprocedure, 1, 2);

\set SHOW_CONTEXT errors
DROP OWNED BY regress_health_ann, regress_health_bob;
DROP ROLE regress_health_ann, regress_health_bob;
DROP VIEW scored;
