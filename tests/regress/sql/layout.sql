-- Rows whose shape changes: the columns are found again whenever the row type is another, or the same one altered.

-- Models of other tests would show in hints and version numbers.
SET session_replication_role = replica;
TRUNCATE health_model;
RESET session_replication_role;

-- a and b weigh 1 and 3; c need not be there.
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 10]}}, "b": {"scale": {"linear": [0, 10]}, "weight": 3}, "c": {"scale": {"linear": [0, 10]}, "optional": true}},
                                "bands": [{"name": "all", "from": 0}]}');

-- ALTER TABLE under a running loop: one call site, one table, another shape in every turn
CREATE TABLE account (filler text, a integer, b integer, tail text);
INSERT INTO account VALUES ('some filler', 4, 8, 'tail'), (NULL, 8, 4, NULL);
DO $$
DECLARE
    change text;
    scores double precision[];
BEGIN
    FOREACH change IN ARRAY ARRAY[
        'SELECT 1',
        'ALTER TABLE account DROP COLUMN filler',
        'ALTER TABLE account ADD COLUMN c numeric DEFAULT 10',
        'ALTER TABLE account ALTER COLUMN a TYPE text',
        'ALTER TABLE account ALTER COLUMN a TYPE float4 USING a::float4 + 0.1',
        'ALTER TABLE account ALTER COLUMN b TYPE numeric(10, 4), ALTER COLUMN a TYPE bigint',
        'ALTER TABLE account DROP COLUMN c',
        'ALTER TABLE account RENAME COLUMN b TO old_b',
        'ALTER TABLE account RENAME COLUMN a TO c; ALTER TABLE account RENAME COLUMN b TO a; ALTER TABLE account RENAME COLUMN c TO b',
        'ALTER TABLE account ADD COLUMN z text DEFAULT ''z'', ADD COLUMN c boolean',
        'ALTER TABLE account ALTER COLUMN c TYPE integer USING 5',
        'ALTER TABLE account DROP COLUMN a',
        'ALTER TABLE account DROP COLUMN b, DROP COLUMN c',
        'ALTER TABLE account DROP COLUMN a, DROP COLUMN b, ADD COLUMN a smallint DEFAULT 5, ADD COLUMN b double precision DEFAULT 6'
    ] LOOP
        BEGIN
            EXECUTE change;
            SELECT array_agg(health_score('m', account) ORDER BY ctid) INTO scores FROM account;
            RAISE NOTICE '%: %', change, scores;
        EXCEPTION WHEN undefined_column OR invalid_parameter_value THEN
            -- Which undoes the change, too.
            RAISE NOTICE '%: % %', change, SQLSTATE, SQLERRM;
        END;
    END LOOP;
END
$$;

-- A row variable through one call site, while its table changes
DO $$
DECLARE
    r record;
    score double precision;
BEGIN
    FOR turn IN 1..4 LOOP
        SELECT account AS whole INTO r FROM account ORDER BY ctid LIMIT 1;
        score := health_score('m', r.whole);
        RAISE NOTICE '%: % %', turn, r.whole, score;
        EXECUTE format('ALTER TABLE account DROP COLUMN a, ADD COLUMN a %s DEFAULT 1', (ARRAY['integer', 'text', 'numeric', 'integer'])[turn]);
        IF turn = 2 THEN
            EXECUTE 'ALTER TABLE account ALTER COLUMN a TYPE float8 USING 3';
        END IF;
    END LOOP;
END
$$;
DROP TABLE account;

-- Old tuples on disk: columns that were added later have their default, or nothing
CREATE TABLE account (a integer, b integer);
INSERT INTO account VALUES (4, 8);
ALTER TABLE account ADD COLUMN label text DEFAULT 'a default that takes some room', ADD COLUMN c integer DEFAULT 10;
INSERT INTO account VALUES (4, 8, 'x', 0);
ALTER TABLE account ADD COLUMN later integer;
SELECT account AS row, health_score('m', account) AS of_row, health_score('m', to_jsonb(account)) AS of_jsonb FROM account ORDER BY c;
DROP TABLE account;

-- Values of a composite type on disk, from before and after it got more attributes
CREATE TYPE measures AS (a integer, b integer);
CREATE TABLE snapshot (id integer, taken measures);
INSERT INTO snapshot VALUES (1, (4, 8)), (2, NULL), (3, (NULL, 8));
ALTER TYPE measures ADD ATTRIBUTE c integer, ADD ATTRIBUTE note text;
INSERT INTO snapshot VALUES (4, (4, 8, 10, repeat('compressible ', 1000))), (5, (4, 8, NULL, NULL));
SELECT id, health_score('m', taken), health_score('m', to_jsonb(taken)) AS of_jsonb FROM snapshot ORDER BY id;
-- Out of line, and read again and again
INSERT INTO snapshot SELECT 6, (4, 8, 0, string_agg(md5(n::text), ''))::measures FROM generate_series(1, 1000) n;
SELECT id, health_score('m', taken) FROM snapshot, generate_series(1, 3) WHERE id >= 4 ORDER BY id;
DROP TABLE snapshot;
DROP TYPE measures;

-- A table is replaced by another one of its name, as dbt does it: views, prepared statements and functions go on.
CREATE TABLE account AS SELECT 1 AS id, 4 AS a, 8 AS b;
CREATE FUNCTION scores() RETURNS SETOF double precision LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT health_score('m', account) FROM account ORDER BY id;
END
$$;
PREPARE scores AS SELECT id, health_score('m', account) FROM account ORDER BY id;
SELECT scores();
EXECUTE scores;
BEGIN;
CREATE TABLE account_new AS SELECT 9.5 AS b, 'two' AS id, NULL::text AS x, 4 AS a;
ALTER TABLE account RENAME TO account_old;
ALTER TABLE account_new RENAME TO account;
DROP TABLE account_old;
SELECT scores();
ROLLBACK;
SELECT scores();
CREATE TABLE account_new AS SELECT 9.5 AS b, 2 AS id, NULL::text AS x, 4 AS a;
BEGIN;
ALTER TABLE account RENAME TO account_old;
ALTER TABLE account_new RENAME TO account;
COMMIT;
DROP TABLE account_old;
SELECT scores();
EXECUTE scores;
DEALLOCATE scores;
DROP FUNCTION scores();
DROP TABLE account;

-- Rows of many types through one variable, and so one call site
CREATE TABLE first_kind (a integer, b integer);
CREATE TABLE second_kind (b numeric, padding text, a text);
CREATE TYPE third_kind AS (c integer, b float4, a smallint);
INSERT INTO first_kind VALUES (4, 8);
INSERT INTO second_kind VALUES (8, 'padding', '4');
CREATE FUNCTION score_of(r record) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN health_score('m', r);
EXCEPTION WHEN undefined_column OR invalid_parameter_value THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
DO $$
DECLARE
    r record;
    whole first_kind;
    third third_kind := (10, 8, 4);
BEGIN
    FOR turn IN 1..2 LOOP
        SELECT * INTO r FROM first_kind;
        RAISE NOTICE 'columns: %', score_of(r);
        SELECT * INTO whole FROM first_kind;
        RAISE NOTICE 'row variable: %', score_of(whole);
        whole.b := 4;
        RAISE NOTICE 'changed field: %', score_of(whole);
        SELECT t AS t INTO r FROM first_kind t;
        RAISE NOTICE 'row in a column: %', score_of(r.t);
        SELECT 8.0::numeric AS b, 4 AS a INTO r;
        RAISE NOTICE 'another order: %', score_of(r);
        SELECT NULL::text AS x, 4 AS a, 8 AS b, 10 AS c INTO r;
        RAISE NOTICE 'with c: %', score_of(r);
        SELECT 4 AS a, NULL::integer AS b INTO r;
        RAISE NOTICE 'b missing: %', score_of(r);
        SELECT 4 AS a, 8 AS "B" INTO r;
        RAISE NOTICE 'b absent: %', score_of(r);
        SELECT 4 AS x INTO r;
        RAISE NOTICE 'none: %', score_of(r);
        RAISE NOTICE 'composite type: %', score_of(third);
        third.c := NULL;
        RAISE NOTICE 'changed field: %', score_of(third);
        third := NULL;
        RAISE NOTICE 'NULL: %', score_of(third);
        third := (10, 8, 4);
        SELECT * INTO r FROM second_kind;
        RAISE NOTICE 'text: %', score_of(r);
    END LOOP;
END
$$;
-- In one query: the shape changes from row to row
CREATE FUNCTION shape(n integer) RETURNS record LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    CASE n % 3
        WHEN 0 THEN SELECT 4 AS a, 8 AS b INTO r;
        WHEN 1 THEN SELECT 8 AS b, 'x' AS x, 4.0 AS a INTO r;
        ELSE SELECT 10 AS c, 8::bigint AS b, 4::float4 AS a INTO r;
    END CASE;
    RETURN r;
END
$$;
SELECT n, health_score('m', shape(n)) FROM generate_series(0, 5) n;

-- Partitions and children, each with its own order of columns, and what the parent shows of them
CREATE TABLE account (id integer, a integer, b integer) PARTITION BY LIST (id);
CREATE TABLE account_1 PARTITION OF account FOR VALUES IN (1);
CREATE TABLE account_2 (b integer, dropped text, note text, id integer, a integer);
ALTER TABLE account_2 DROP COLUMN dropped, DROP COLUMN note;
ALTER TABLE account ATTACH PARTITION account_2 FOR VALUES IN (2);
CREATE TABLE account_3 (dropped text, id integer, a integer, b integer);
ALTER TABLE account_3 DROP COLUMN dropped;
ALTER TABLE account ATTACH PARTITION account_3 FOR VALUES IN (3);
INSERT INTO account VALUES (1, 4, 8), (2, 4, 8), (3, 4, 8);
SELECT id, health_score('m', account) FROM account ORDER BY id;
SELECT health_score('m', account_2), (SELECT health_score('m', account_3) FROM account_3) FROM account_2;
ALTER TABLE account ADD COLUMN c integer DEFAULT 10;
SELECT id, health_score('m', account) FROM account ORDER BY id;
UPDATE account SET b = 4 RETURNING id, health_score('m', account), health_score('m', account.*);
CREATE TABLE child (extra text, c2 integer) INHERITS (first_kind);
INSERT INTO child VALUES (4, 8, 'extra', 1);
SELECT tableoid::regclass AS of, health_score('m', first_kind) FROM first_kind ORDER BY 1;

-- Wherever a row comes from: views, subqueries, joins, functions, triggers, domains
CREATE VIEW seen AS SELECT id, b, a FROM account;
SELECT health_score('m', seen) FROM seen WHERE id = 1;
SELECT health_score('m', j) FROM (SELECT f.a, s.b FROM first_kind f JOIN second_kind s ON s.b = f.b) j;
SELECT health_score('m', r) FROM (SELECT 4 AS a, 8 AS b, first_kind FROM ONLY first_kind) r;
SELECT health_score('m', r) FROM json_to_record('{"b": 8, "a": 4}') AS r (b integer, a integer);
SELECT health_score('m', r) FROM first_kind f LEFT JOIN second_kind r ON r.b = 99 ORDER BY 1;
CREATE DOMAIN checked AS third_kind CHECK ((VALUE).a > 0);
SELECT health_score('m', ROW(10, 8, 4)::third_kind), health_score('m', ROW(10, 8, 4)::third_kind::checked);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %: % -> %', TG_TABLE_NAME, TG_OP, health_score('m', OLD), health_score('m', NEW);
    RETURN NEW;
END
$$;
CREATE TRIGGER tell BEFORE INSERT OR UPDATE ON first_kind FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER tell BEFORE INSERT OR UPDATE ON child FOR EACH ROW EXECUTE FUNCTION tell();
INSERT INTO first_kind VALUES (8, 4);
UPDATE first_kind SET b = b + 1;
ALTER TABLE first_kind ADD COLUMN c numeric DEFAULT 10;
UPDATE first_kind SET b = b + 1;

-- A wide row, its inputs at both ends and toasted text between
DO $$
BEGIN
    EXECUTE (SELECT format('CREATE TABLE wide (a integer, %s, b integer)', string_agg(format('c%s text', n), ', ' ORDER BY n)) FROM generate_series(1, 300) n);
END
$$;
INSERT INTO wide (a, c5, c150, b) SELECT 4, string_agg(md5(n::text), ''), repeat('x', 10000), 8 FROM generate_series(1, 300) n;
SELECT health_score('m', wide) FROM wide;
ALTER TABLE wide DROP COLUMN c299;
SELECT health_score('m', wide) FROM wide;

-- Memory does not grow with the number of changes at a call site.
CREATE FUNCTION used() RETURNS bigint LANGUAGE sql AS $$ SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts $$;
SELECT health_model_save('n', '{"signals": {"b": {"scale": {"linear": [0, 10]}}}, "bands": [{"name": "all", "from": 0}]}');
DO $$
DECLARE
    r record;
    score double precision;
    before bigint;
BEGIN
    FOR turn IN 1..4000 LOOP
        IF turn = 2000 THEN before := used(); END IF;
        IF turn % 2 = 0 THEN SELECT 4 AS a, 8 AS b INTO r; ELSE SELECT 8 AS b, 4 AS a, 1 AS x INTO r; END IF;
        score := health_score('m', r);
    END LOOP;
    RAISE NOTICE 'two shapes: %', CASE WHEN used() - before < 100000 THEN 'flat' ELSE format('%s bytes more', used() - before) END;
    FOR turn IN 1..400 LOOP
        IF turn = 200 THEN before := used(); END IF;
        SELECT health_score(CASE turn % 2 WHEN 0 THEN 'm' ELSE 'n' END, wide) INTO score FROM wide;
    END LOOP;
    RAISE NOTICE 'two statements: %', CASE WHEN used() - before < 100000 THEN 'flat' ELSE format('%s bytes more', used() - before) END;
END
$$;
SELECT CASE WHEN max(bytes) - min(bytes) < 100000 THEN 'flat' ELSE format('%s bytes more', max(bytes) - min(bytes)) END AS two_models
  FROM (SELECT CASE WHEN turn IN (200, 400) THEN used() END AS bytes
          FROM (SELECT turn, health_score(CASE turn % 2 WHEN 0 THEN 'm' ELSE 'n' END, wide) AS score FROM wide, generate_series(1, 400) turn OFFSET 0) s
         WHERE score > 0) t;

SET client_min_messages = warning;
DROP TABLE account, first_kind, second_kind, wide CASCADE;
DROP TYPE third_kind CASCADE;
DROP FUNCTION score_of(record), shape(integer), tell(), used();
SET session_replication_role = replica;
TRUNCATE health_model;
