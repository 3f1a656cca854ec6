-- Columns of every type, and rows of every shape.
CREATE SCHEMA types;
SET search_path = types, public;
SET timezone = 'America/Los_Angeles';
SET datestyle = 'German, DMY';

SELECT health_model_save('types unit', '{"signals": {"v": {"scale": {"linear": [0, 1]}}}}');
SELECT health_model_save('types hundred', '{"signals": {"v": {"scale": {"linear": [0, 100]}}}}');
SELECT health_model_save('types map', '{"signals": {"v": {"scale": {"map":
    {"gold": 100, "silver": 50, "true": 70, "false": 30, "2.5": 25, "1": 10, "": 5, "Größe": 55}}}}}');
SELECT health_model_save('types boolean', '{"signals": {"v": {"scale": {"boolean": true}}}}');
SELECT health_model_save('types recency', '{"signals": {"v": {"scale": {"recency": {"best": "1 day", "worst": "101 days"}}}}}');
SELECT health_model_save('types days', '{"signals": {"d": {"input": {"days": ["v", "@as_of"]}, "scale": {"linear": [100, 0]}}}}');

-- The score, and as what the value was read; or the error. The same for the row as jsonb and as health_inputs.
CREATE FUNCTION read_as(model text, account jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    detail text;
BEGIN
    SELECT concat_ws(' ', coalesce(health_score(model, account, '2026-03-01 00:00+00')::text, 'NULL'), 'from', value, nullif(status, 'ok'))
      INTO result FROM health_drivers(model, account, '2026-03-01 00:00+00');
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, detail);
END
$$;
CREATE FUNCTION read_as(model text, account record) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    detail text;
BEGIN
    SELECT concat_ws(' ', coalesce(health_score(model, account, '2026-03-01 00:00+00')::text, 'NULL'), 'from', value, nullif(status, 'ok'))
      INTO result FROM health_drivers(model, account, '2026-03-01 00:00+00');
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, detail);
END
$$;

CREATE TYPE tier AS ENUM ('gold', 'silver');
CREATE DOMAIN tiers AS tier;
CREATE DOMAIN whole AS int CHECK (VALUE >= 0);
CREATE DOMAIN wholes AS whole;
CREATE DOMAIN amount AS numeric(12, 2);
CREATE DOMAIN share AS float4;
CREATE DOMAIN mark AS boolean;
CREATE DOMAIN word AS varchar(20);
CREATE DOMAIN padded AS char(10);
CREATE DOMAIN day AS date;
CREATE TYPE pair AS (a int, b text);

-- Numbers. A float4 is read by its shortest decimal, a numeric correctly rounded.
SELECT what, by_row, by_jsonb = by_row AS jsonb, by_inputs = by_row AS inputs
  FROM (
    SELECT 'int2' AS what, read_as('types hundred', t) AS by_row, read_as('types hundred', to_jsonb(t)) AS by_jsonb, read_as('types hundred', health_inputs(t)) AS by_inputs FROM (SELECT 42::int2 AS v) t
    UNION ALL SELECT 'int2, least', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT (-32768)::int2 AS v) t
    UNION ALL SELECT 'int4', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT 42 AS v) t
    UNION ALL SELECT 'int4, least', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT (-2147483648)::int4 AS v) t
    UNION ALL SELECT 'int8', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT 42::int8 AS v) t
    UNION ALL SELECT 'int8, above 2^53', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT 9007199254740993::int8 AS v) t
    UNION ALL SELECT 'int8, least', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT (-9223372036854775808)::int8 AS v) t
    UNION ALL SELECT 'float4 0.1', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 0.1::float4 AS v) t
    UNION ALL SELECT 'float4 1e-30', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 1e-30::float4 AS v) t
    UNION ALL SELECT 'float4 1.5e38', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 1.5e38::float4 AS v) t
    UNION ALL SELECT 'float4 16777217.5', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT 16777217.5::float4 AS v) t
    UNION ALL SELECT 'float4 123456789', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT 123456789::float4 AS v) t
    UNION ALL SELECT 'float8 0.1', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 0.1::float8 AS v) t
    UNION ALL SELECT 'float8 0.1 + 0.2', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 0.1::float8 + 0.2::float8 AS v) t
    UNION ALL SELECT 'float8 -0', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT '-0'::float8 AS v) t
    UNION ALL SELECT 'float8, subnormal', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 5e-324::float8 AS v) t
    UNION ALL SELECT 'float8, largest', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 1.7976931348623157e308::float8 AS v) t
    UNION ALL SELECT 'numeric 0.1', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 0.1::numeric AS v) t
    UNION ALL SELECT 'numeric 0.10000', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 0.10000::numeric AS v) t
    UNION ALL SELECT 'numeric 0', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 0::numeric AS v) t
    UNION ALL SELECT 'numeric, negative', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT (-12.75)::numeric AS v) t
    UNION ALL SELECT 'numeric, 40 digits', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 0.1234567890123456789012345678901234567890::numeric AS v) t
    UNION ALL SELECT 'numeric, 40 digits before the point', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 1234567890123456789012345678901234567890::numeric AS v) t
    UNION ALL SELECT 'numeric, half way', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 0.500000000000000055511151231257827021181583404541015625::numeric AS v) t
    UNION ALL SELECT 'numeric, tiny', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 1e-300::numeric AS v) t
    UNION ALL SELECT 'numeric, below double', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 1e-400::numeric AS v) t
    UNION ALL SELECT 'numeric, huge', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 1e300::numeric AS v) t
    UNION ALL SELECT 'numeric(10,2)', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT 33.335::numeric(10, 2) AS v) t
    UNION ALL SELECT 'domain over int', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT 42::whole AS v) t
    UNION ALL SELECT 'domain over a domain', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT 42::wholes AS v) t
    UNION ALL SELECT 'domain over numeric', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT 42.5::amount AS v) t
    UNION ALL SELECT 'domain over float4', read_as('types unit', t), read_as('types unit', to_jsonb(t)), read_as('types unit', health_inputs(t)) FROM (SELECT 0.1::share AS v) t
    UNION ALL SELECT 'interval', read_as('types hundred', t), '42 from 42', read_as('types hundred', health_inputs(t)) FROM (SELECT interval '42 days' AS v) t
    UNION ALL SELECT 'interval of a month and 12 hours', read_as('types hundred', t), '30.5 from 30.5', read_as('types hundred', health_inputs(t)) FROM (SELECT interval '1 month 12 hours' AS v) t
    UNION ALL SELECT 'NULL', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)), read_as('types hundred', health_inputs(t)) FROM (SELECT NULL::int AS v) t
  ) AS x (what, by_row, by_jsonb, by_inputs);
-- Correctly rounded: as Postgres itself turns the text into a double. Digits of every count, with every exponent around the
-- short and the long form of numeric.
SELECT count(*), count(*) FILTER (WHERE float8send(d.value::float8) <> float8send(v::text::float8)) AS wrong
  FROM (SELECT (CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END * (i * 7919 + 1)::numeric * ('1e' || i % 60 - 30)::numeric
                + CASE WHEN i % 3 = 0 THEN 1e-30 ELSE 0 END) AS v
          FROM generate_series(1, 3000) i) t, health_drivers('types unit', t) d;
-- A float4 by its shortest decimal, also where it is a whole number beyond its digits.
SELECT count(*), count(*) FILTER (WHERE float8send(d.value::float8) <> float8send(v::text::float8)) AS wrong
  FROM (SELECT (i / 3000.0)::float4 AS v FROM generate_series(1, 3000) i
        UNION ALL SELECT (i * 7919.0 * ('1e' || i % 30)::numeric)::float4 FROM generate_series(1, 3000) i) t, health_drivers('types unit', t) d;
SELECT count(*), count(*) FILTER (WHERE float8send(health_score('types unit', t)) <> float8send(health_score('types unit', format('{"v": %s}', v)))) AS wrong
  FROM (SELECT sqrt(i / 3000.0)::numeric AS v FROM generate_series(1, 3000) i) t;

-- Text, names, enums, booleans.
SELECT what, by_row, by_jsonb = by_row AS jsonb, by_inputs = by_row AS inputs
  FROM (
    SELECT 'text' AS what, read_as('types map', t) AS by_row, read_as('types map', to_jsonb(t)) AS by_jsonb, read_as('types map', health_inputs(t)) AS by_inputs FROM (SELECT 'gold'::text AS v) t
    UNION ALL SELECT 'text, empty', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT ''::text AS v) t
    UNION ALL SELECT 'text, not ASCII', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 'Größe'::text AS v) t
    UNION ALL SELECT 'text with a blank behind', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 'gold '::text AS v) t
    UNION ALL SELECT 'untyped', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 'gold' AS v) t
    UNION ALL SELECT 'varchar', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 'gold'::varchar(9) AS v) t
    UNION ALL SELECT 'name', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 'gold'::name AS v) t
    UNION ALL SELECT 'enum', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 'gold'::tier AS v) t
    UNION ALL SELECT 'domain over enum', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 'silver'::tiers AS v) t
    UNION ALL SELECT 'domain over varchar', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 'gold'::word AS v) t
    UNION ALL SELECT 'boolean in a map', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT true AS v) t
    UNION ALL SELECT 'numeric in a map', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 2.50 AS v) t
    UNION ALL SELECT 'int in a map', read_as('types map', t), read_as('types map', to_jsonb(t)), read_as('types map', health_inputs(t)) FROM (SELECT 1 AS v) t
    UNION ALL SELECT 'boolean', read_as('types boolean', t), read_as('types boolean', to_jsonb(t)), read_as('types boolean', health_inputs(t)) FROM (SELECT true AS v) t
    UNION ALL SELECT 'boolean, false', read_as('types boolean', t), read_as('types boolean', to_jsonb(t)), read_as('types boolean', health_inputs(t)) FROM (SELECT false AS v) t
    UNION ALL SELECT 'domain over boolean', read_as('types boolean', t), read_as('types boolean', to_jsonb(t)), read_as('types boolean', health_inputs(t)) FROM (SELECT true::mark AS v) t
  ) AS x (what, by_row, by_jsonb, by_inputs);
-- char(n): the padding means nothing. (to_jsonb keeps it, so there the key is not found.)
SELECT read_as('types map', t) AS by_row, read_as('types map', health_inputs(t)) AS by_inputs, read_as('types map', to_jsonb(t)) AS by_jsonb
  FROM (SELECT 'gold'::char(10) AS v) t;
SELECT read_as('types map', t) AS by_row, read_as('types map', health_inputs(t)) AS by_inputs FROM (SELECT 'gold'::padded AS v) t;
SELECT read_as('types map', t) AS all_blanks FROM (SELECT ''::char(3) AS v) t;

-- Dates and times, scored as of 2026-03-01 UTC: without zone they are UTC, whatever zone and date style the session has.
SELECT what, by_row, by_jsonb, by_inputs = by_row AS inputs
  FROM (
    SELECT 'date' AS what, read_as('types recency', t) AS by_row, read_as('types recency', to_jsonb(t)) AS by_jsonb, read_as('types recency', health_inputs(t)) AS by_inputs FROM (SELECT '2026-02-18'::date AS v) t
    UNION ALL SELECT 'timestamp', read_as('types recency', t), read_as('types recency', to_jsonb(t)), read_as('types recency', health_inputs(t)) FROM (SELECT '2026-02-18 12:00'::timestamp AS v) t
    UNION ALL SELECT 'timestamptz', read_as('types recency', t), read_as('types recency', to_jsonb(t)), read_as('types recency', health_inputs(t)) FROM (SELECT '2026-02-18 12:00+00'::timestamptz AS v) t
    UNION ALL SELECT 'domain over date', read_as('types recency', t), read_as('types recency', to_jsonb(t)), read_as('types recency', health_inputs(t)) FROM (SELECT '2026-02-18'::day AS v) t
    UNION ALL SELECT 'text', read_as('types recency', t), read_as('types recency', to_jsonb(t)), read_as('types recency', health_inputs(t)) FROM (SELECT '2026-02-18'::text AS v) t
    UNION ALL SELECT 'text with an offset', read_as('types recency', t), read_as('types recency', to_jsonb(t)), read_as('types recency', health_inputs(t)) FROM (SELECT '2026-02-18T12:00:00+02:00'::text AS v) t
    UNION ALL SELECT 'in the future', read_as('types recency', t), read_as('types recency', to_jsonb(t)), read_as('types recency', health_inputs(t)) FROM (SELECT '2027-01-01'::date AS v) t
    UNION ALL SELECT 'before Christ', read_as('types recency', t), read_as('types recency', t), read_as('types recency', t) FROM (SELECT '0044-03-15 BC'::date AS v) t
    UNION ALL SELECT 'date in days', read_as('types days', t), read_as('types days', to_jsonb(t)), read_as('types days', health_inputs(t)) FROM (SELECT '2026-02-19'::date AS v) t
    UNION ALL SELECT 'timestamptz in days', read_as('types days', t), read_as('types days', to_jsonb(t)), read_as('types days', health_inputs(t)) FROM (SELECT '2026-02-19 06:00+00'::timestamptz AS v) t
    UNION ALL SELECT 'NULL date', read_as('types recency', t), read_as('types recency', to_jsonb(t)), read_as('types recency', health_inputs(t)) FROM (SELECT NULL::date AS v) t
  ) AS x (what, by_row, by_jsonb, by_inputs);

-- What is no value for a signal: an error that says what it is.
SELECT what, by_row, by_jsonb FROM (
    SELECT 'NaN numeric' AS what, read_as('types hundred', t) AS by_row, read_as('types hundred', to_jsonb(t)) AS by_jsonb FROM (SELECT 'NaN'::numeric AS v) t
    UNION ALL SELECT 'NaN float4', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT 'NaN'::float4 AS v) t
    UNION ALL SELECT 'NaN float8', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT 'NaN'::float8 AS v) t
    UNION ALL SELECT 'Infinity numeric', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT 'Infinity'::numeric AS v) t
    UNION ALL SELECT '-Infinity numeric', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT '-Infinity'::numeric AS v) t
    UNION ALL SELECT 'Infinity float8', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT 'Infinity'::float8 AS v) t
    UNION ALL SELECT 'numeric above double', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT 1e400 AS v) t
    UNION ALL SELECT 'text for a number', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT '5' AS v) t
    UNION ALL SELECT 'boolean for a number', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT true AS v) t
    UNION ALL SELECT 'date for a number', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT '2026-01-01'::date AS v) t
    UNION ALL SELECT 'number for a time', read_as('types recency', t), read_as('types recency', to_jsonb(t)) FROM (SELECT 5 AS v) t
    UNION ALL SELECT 'number for a boolean', read_as('types boolean', t), read_as('types boolean', to_jsonb(t)) FROM (SELECT 1 AS v) t
    UNION ALL SELECT 'infinity date', read_as('types recency', t), read_as('types recency', to_jsonb(t)) FROM (SELECT 'infinity'::date AS v) t
    UNION ALL SELECT '-infinity timestamp', read_as('types recency', t), read_as('types recency', to_jsonb(t)) FROM (SELECT '-infinity'::timestamp AS v) t
    UNION ALL SELECT 'infinity timestamptz', read_as('types days', t), read_as('types days', to_jsonb(t)) FROM (SELECT 'infinity'::timestamptz AS v) t
    UNION ALL SELECT 'word for a time', read_as('types recency', t), read_as('types recency', to_jsonb(t)) FROM (SELECT 'yesterday' AS v) t
    UNION ALL SELECT 'money', read_as('types hundred', t), NULL FROM (SELECT '5'::money AS v) t
    UNION ALL SELECT 'array', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT ARRAY[5] AS v) t
    UNION ALL SELECT 'json', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT '{"a": 1}'::json AS v) t
    UNION ALL SELECT 'jsonb', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT '{"a": 1}'::jsonb AS v) t
    UNION ALL SELECT 'composite', read_as('types hundred', t), read_as('types hundred', to_jsonb(t)) FROM (SELECT ROW(1, 'x')::pair AS v) t
    UNION ALL SELECT 'uuid', read_as('types map', t), NULL FROM (SELECT '00000000-0000-0000-0000-000000000001'::uuid AS v) t
    UNION ALL SELECT 'bytea', read_as('types map', t), NULL FROM (SELECT '\x01'::bytea AS v) t
    UNION ALL SELECT 'unknown key', read_as('types map', t), read_as('types map', to_jsonb(t)) FROM (SELECT 'bronze' AS v) t
  ) AS x (what, by_row, by_jsonb);
-- In health_inputs they stay unreadable: an array is no value of any signal.
SELECT health_inputs('date', 'infinity'::date, 'stamp', '-infinity'::timestamptz, 'nan', 'NaN'::numeric, 'inf', '-Infinity'::float8);
-- As texts, a map with otherwise would give them a subscore.
SELECT health_model_save('types otherwise', '{"signals": {"v": {"scale": {"map": {"x": 100}, "otherwise": 50}}}}');
SELECT what, by_row, left(by_inputs, 5) = left(by_row, 5) AS inputs FROM (
    SELECT 'NaN' AS what, read_as('types otherwise', t) AS by_row, read_as('types otherwise', health_inputs(t)) AS by_inputs FROM (SELECT 'NaN'::float8 AS v) t
    UNION ALL SELECT 'infinity', read_as('types otherwise', t), read_as('types otherwise', health_inputs(t)) FROM (SELECT 'infinity'::timestamptz AS v) t
    UNION ALL SELECT 'array', read_as('types otherwise', t), read_as('types otherwise', health_inputs(t)) FROM (SELECT ARRAY['x'] AS v) t
    UNION ALL SELECT 'money', read_as('types otherwise', t), read_as('types otherwise', health_inputs(t)) FROM (SELECT 1::money AS v) t
    UNION ALL SELECT 'uuid', read_as('types otherwise', t), read_as('types otherwise', health_inputs(t)) FROM (SELECT '00000000-0000-0000-0000-000000000001'::uuid AS v) t
    UNION ALL SELECT 'word', read_as('types otherwise', t), read_as('types otherwise', health_inputs(t)) FROM (SELECT 'y' AS v) t
  ) AS x (what, by_row, by_inputs);
-- All of it as an error meets the user, once.
SELECT health_score('types hundred', t) FROM (SELECT '5'::money AS v) t;
-- What no signal reads may be of any type.
SELECT health_score('types hundred', t)
  FROM (SELECT '5'::money AS m, ARRAY[1] AS a, '{}'::json AS j, '\x01'::bytea AS b, ROW(1, 'x')::pair AS c, 'infinity'::date AS d,
               'NaN'::float8 AS n, '[1,2]'::int4range AS r, B'101' AS bits, 42 AS v, point(1, 2) AS p, '<a/>'::text AS x) t;

-- Tables: dropped columns before and between, added columns with a default that no stored row holds, renamed ones.
CREATE TABLE worn (gone int, a int, gone_too text, v int, last text);
INSERT INTO worn VALUES (1, 2, 'x', 42, 'y');
ALTER TABLE worn DROP gone, DROP gone_too;
INSERT INTO worn VALUES (3, 43, 'z');
SELECT a, health_score('types hundred', w), health_score('types hundred', to_jsonb(w)), health_inputs(w) FROM worn w ORDER BY a;
ALTER TABLE worn RENAME v TO old_v;
SELECT health_score('types hundred', w) FROM worn w;
ALTER TABLE worn ADD v numeric DEFAULT 12.5 NOT NULL, ADD more text DEFAULT 'more';
SELECT a, health_score('types hundred', w), health_score('types hundred', to_jsonb(w)), health_inputs(w) FROM worn w ORDER BY a;
UPDATE worn SET v = 13 WHERE a = 3;
SELECT a, health_score('types hundred', w) FROM worn w ORDER BY a;
ALTER TABLE worn ALTER v TYPE float8 USING v * 2, DROP last;
SELECT a, health_score('types hundred', w), health_score('types hundred', to_jsonb(w)) FROM worn w ORDER BY a;
-- Text that a default adds, beyond the last column that rows hold.
CREATE TABLE grown AS SELECT i AS id FROM generate_series(1, 3) i;
ALTER TABLE grown ADD v text DEFAULT 'gold', ADD w int;
SELECT id, health_score('types map', g), health_score('types map', to_jsonb(g)) FROM grown g ORDER BY id;

-- Generated columns.
CREATE TABLE made (a int, v int GENERATED ALWAYS AS (a * 2) STORED, b text GENERATED ALWAYS AS (a::text) STORED);
INSERT INTO made VALUES (21);
SELECT health_score('types hundred', m) FROM made m;

-- Partitioned tables, the partitions with columns in another order, and inheritance.
CREATE TABLE parts (id int, v int, extra text) PARTITION BY RANGE (id);
CREATE TABLE part_same PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE part_other (extra text, filler date, v int, id int);
ALTER TABLE part_other DROP filler;
ALTER TABLE parts ATTACH PARTITION part_other FOR VALUES FROM (10) TO (20);
INSERT INTO parts SELECT i, i * 2, 'x' FROM generate_series(0, 19) i;
SELECT tableoid::regclass, count(*), sum(health_score('types hundred', p)), sum(health_score('types hundred', to_jsonb(p))) FROM parts p GROUP BY 1 ORDER BY 1;
SELECT sum(health_score('types hundred', p)) FROM part_other p;
CREATE TABLE child (more int) INHERITS (grown);
INSERT INTO child VALUES (9, 'silver', 1, 1);
SELECT id, health_score('types map', g) FROM grown g ORDER BY id;

-- Views, also over joins; a view's column of another type than the table's.
CREATE VIEW joined AS SELECT w.a, w.v::numeric(8, 1) AS v, m.b FROM worn w LEFT JOIN made m ON m.a = 21;
SELECT a, health_score('types hundred', j) FROM joined j ORDER BY a;
CREATE VIEW doubled AS SELECT j.*, v * 2 AS twice FROM joined j;
SELECT a, health_score('types hundred', d), health_score('types hundred', to_jsonb(d)) FROM doubled d ORDER BY a;

-- Composites inside rows: their own columns are not the row's; as rows of their own they score.
CREATE TYPE inner_type AS (v int, w text);
CREATE TABLE outer_table (id int, inside inner_type, v int, many inner_type[]);
INSERT INTO outer_table VALUES (1, ROW(10, 'x'), 42, ARRAY[ROW(11, 'y'), ROW(12, 'z')]::inner_type[]), (2, NULL, 43, NULL);
SELECT id, health_score('types hundred', o), health_score('types hundred', inside), health_score('types hundred', (o).inside),
       health_score('types hundred', many[2]) FROM outer_table o ORDER BY id;

-- Mixed case, blanks and quotes in column names, and two that differ in case only.
SELECT health_model_save('types names', '{"signals": {"Logins 30d": {"scale": {"linear": [0, 100]}}, "logins": {"scale": {"linear": [0, 10]}},
                                                      "Logins": {"scale": {"linear": [0, 1000]}}, "a\"b": {"scale": {"linear": [0, 1]}}}}');
CREATE TABLE "Names" ("Logins 30d" int, "Logins" int, logins int, "a""b" int);
INSERT INTO "Names" VALUES (10, 200, 3, 1);
SELECT driver, value, subscore FROM "Names" n, health_drivers('types names', n) ORDER BY driver COLLATE "C";
SELECT health_score('types names', n), health_score('types names', to_jsonb(n)) FROM "Names" n;

-- 1,000 columns, of changing width and partly NULL, the needed ones at the end.
DO $$
BEGIN
    EXECUTE (SELECT 'CREATE TABLE wide (' || string_agg(format('c%s %s', i, (ARRAY['int2', 'text', 'int8', 'bool', 'numeric'])[i % 5 + 1]), ', ' ORDER BY i)
                    || ', v int, z int)' FROM generate_series(1, 998) i);
END
$$;
INSERT INTO wide (c1, c3, c500, v) VALUES ('x', true, 1, 42);
INSERT INTO wide (c6, c8, v) VALUES (repeat('x', 50), true, 43);
SELECT health_score('types hundred', w), health_score('types hundred', to_jsonb(w)) FROM wide w ORDER BY 1;

-- Long texts: compressed in the row, stored outside it, beside the used column and as the used column.
CREATE TABLE long (id int, beside text, v text, far text, n int);
ALTER TABLE long ALTER far SET STORAGE EXTERNAL;
INSERT INTO long VALUES (1, repeat('x', 100000), repeat('gold', 25000), repeat('far', 30000), 42), (2, 'x', 'gold', NULL, 43);
SELECT health_model_save('types long', ('{"signals": {"n": {"scale": {"linear": [0, 100]}},
    "v": {"scale": {"map": {"gold": 20, "' || repeat('gold', 25000) || '": 80}}, "evidence": "far"}}}')::jsonb);
SELECT id, health_score('types long', l), health_score('types long', to_jsonb(l)), health_score('types long', health_inputs(l)),
       health_score(health_model_get('types long'), l) FROM long l ORDER BY id;
SELECT id, driver, length(value) AS value, length(evidence) AS evidence FROM long l, health_drivers('types long', l) ORDER BY id, driver;
SELECT id, health_score('types hundred', t) FROM (SELECT id, beside, n AS v FROM long) t ORDER BY id;
SELECT id, read_as('types map', t) FROM (SELECT id, v FROM long WHERE id = 1) t;
-- A whole row stored compressed in a composite column.
CREATE TABLE holder (id int, kept long);
INSERT INTO holder SELECT id, l FROM long l;
SELECT id, pg_column_size(kept) < 10000 AS compressed, health_score('types long', kept) FROM holder ORDER BY id;
SELECT count(*), sum(health_score('types long', kept)) FROM holder, generate_series(1, 100);

-- Numbers go into a jsonb as Postgres itself writes them, to the last digit.
SELECT count(*) AS numbers, count(*) FILTER (WHERE health_inputs('x', x)::text = jsonb_build_object('x', x)::text AND pg_column_size(health_inputs('x', x)) = pg_column_size(jsonb_build_object('x', x))) AS the_same
  FROM generate_series(1, 20000) i, LATERAL (VALUES (i::float8), (-i / 1e3), ((i * 7919::bigint % 1000003) / 10.0 ^ (i % 12)), (sqrt(i)), (1 / i::float8), (i * 1e5 + 0.5), (round(sqrt(i)::numeric, 9)::float8), (10.0 ^ (i % 40 - 20))) v (x);
