-- jsonb as health_inputs and health_assess write it is what Postgres's own input makes of the same JSON: the same value, in the
-- same bytes (sizes and order agree, keys are found, and it reads back as it was written).
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE FUNCTION same(written jsonb, expected jsonb) RETURNS boolean LANGUAGE sql AS $$
    SELECT written = expected AND written::text = expected::text AND pg_column_size(written) = pg_column_size(expected)
       AND jsonb_hash_extended(written, 1) = jsonb_hash_extended(expected, 1)
       AND (jsonb_typeof(written) <> 'object' OR coalesce((SELECT bool_and(written ? key AND written -> key = value) FROM jsonb_each(expected)), true))
$$;

-- Numbers: everywhere between the ends of double precision, whole, with few decimals, powers of two and ten, and around the
-- borders between numeric's short and long form.
CREATE TABLE number AS
SELECT x::float8 FROM unnest(ARRAY['0', '-0', '1', '-1', '9999', '10000', '10001', '99999999', '100000000', '0.1', '0.0001', '0.00001', '1e15', '1e16', '1e17',
    '123456789012345678', '1e22', '1e63', '1e64', '1e252', '1e256', '1.7976931348623157e308', '-1.7976931348623157e308', '4.9e-324', '2.2250738585072014e-308', '1e-62', '1e-63', '1e-64', '1e-65',
    '0.30000000000000004', '-40.122807017543863', '1e-256', '12345.678', '1000000.5', '0.99999999999999989']) x
UNION ALL SELECT sign * power(10::float8, e) * m FROM generate_series(-300, 300, 7) e, unnest(ARRAY[1, 1.5, 3.14159265358979, 9.999]) m, unnest(ARRAY[1, -1]) sign
UNION ALL SELECT power(2::float8, e) FROM generate_series(-1000, 1000, 13) e
UNION ALL SELECT (hashint8extended(i, 1) % 1000000)::float8 / 1000 FROM generate_series(1, 2000) i
UNION ALL SELECT (hashint8extended(i, 2) % 100000000000)::float8 / 4096 FROM generate_series(1, 2000) i;
SELECT count(*) > 4000 AS many, count(*) FILTER (WHERE NOT same(health_inputs('x', x), format('{"x": %s}', CASE WHEN x = 0 THEN 0 ELSE x END)::jsonb)) AS wrong FROM number;
-- bigint and numeric keep every digit, and trailing zeros.
SELECT count(*) FILTER (WHERE NOT same(health_inputs('n', n, 'i', i), format('{"n": %s, "i": %s}', n, i)::jsonb)) AS wrong
  FROM (SELECT (hashint8extended(k, 3)::numeric / power(10::numeric, k % 40)) AS n, hashint8extended(k, 4) AS i FROM generate_series(1, 2000) k
        UNION ALL SELECT n::numeric, 9223372036854775807 FROM unnest(ARRAY['1.500', '0.000', '-0.0', '1e-100', '1e100', '100000000000000000000000000000000000000', '0.00000000000000000000000000000000000000000000000000000000000000000001']) n) x;

-- Texts and keys: escapes, other scripts, empty, long; keys in any order, twice, and more of them than one stride of offsets.
SELECT same(health_inputs('a', t, t || 'k', 1, 'b', NULL::text), jsonb_build_object('a', t, t || 'k', 1, 'b', NULL)) AS same, left(t, 12) AS text
  FROM unnest(ARRAY['', 'plain', E'quote " back \\ slash', E'new\nline\ttab', 'Ünïcödé', '漢字', '🙂', E'\x01', repeat('long', 5000)]) t;
SELECT same(health_inputs('b', 1, 'a', 2, 'b', 3, 'aa', 4, 'a', true), '{"b": 1, "a": 2, "b": 3, "aa": 4, "a": true}') AS twice;
SELECT count(*) FILTER (WHERE NOT same(health_inputs(before, after), before || after)) AS wrong, count(*) AS merged
  FROM (SELECT (SELECT coalesce(jsonb_object_agg('k' || (i * 37 % 101), i / 8.0), '{}') FROM generate_series(1, n) i) AS before,
               (SELECT coalesce(jsonb_object_agg('k' || (i * 53 % 97), 'v' || i), '{}') FROM generate_series(1, n % 70) i) AS after FROM generate_series(0, 120) n) x;

-- Values that are JSON themselves, of each kind, at different alignments.
SELECT count(*) FILTER (WHERE NOT same(health_inputs(repeat('k', n), v, 'z', v::json, 'm', v), jsonb_build_object(repeat('k', n), v, 'z', v, 'm', v))) AS wrong
  FROM generate_series(1, 9) n, unnest(ARRAY['1', '"text"', 'true', 'null', '[]', '{}', '[1, [2, "x"], {"a": null}]', '{"b": {"c": [1.50, false]}, "a": "é"}', '-0.001']::jsonb[]) v;
SELECT same(health_inputs('{}'::jsonb), '{}') AS nothing;
-- What no signal can read stays unreadable.
SELECT health_inputs('nan', 'NaN'::float8, 'inf', '-Infinity'::float8, 'day', date 'infinity', 'list', ARRAY[1, 2], 'at', timestamptz '2026-01-02 03:04:05.6Z');
SELECT same(d, d::text::jsonb) AS same FROM (SELECT health_inputs('nan', 'NaN'::float8, 'list', ARRAY[1, 2], 'at', timestamptz '2026-01-02 03:04:05.6Z', 'n', 1) AS d) x;

-- The drivers of health_assess are the rows of health_drivers, without their NULLs.
SELECT health_model_save('jsonb write', '{"signals": {"n": {"weight": 3.3, "scale": {"linear": [0, 37]}, "unit": "a \"unit\"", "label": "Ñ"}, "t": {"scale": {"map": {"é": 70}, "otherwise": 12.345678901234}, "evidence": "note"}, "b": {"scale": {"map": {"true": 100, "false": 0}}, "missing": "neutral"}},
  "rules": [{"name": "cap", "when": {"input": "n", "lt": 5}, "cap": 30, "reason": "few"}]}') \g /dev/null
CREATE TABLE jsonb_account AS
SELECT k AS id, CASE WHEN k % 7 > 0 THEN k % 41 / 3.0::float8 END AS n, (ARRAY['é', 'other', NULL])[1 + k % 3] AS t, (ARRAY[true, false, NULL])[1 + k % 3] AS b, CASE WHEN k % 2 = 0 THEN E'said "no"\n' END AS note FROM generate_series(1, 500) k;
SELECT count(*) AS accounts, count(*) FILTER (WHERE NOT same(s.drivers, s.drivers::text::jsonb)) AS not_canonical,
       count(*) FILTER (WHERE (SELECT jsonb_agg(e - 'value' - 'evidence' ORDER BY n) FROM jsonb_array_elements(s.drivers) WITH ORDINALITY x (e, n)) IS DISTINCT FROM r.rest) AS other_drivers,
       count(*) FILTER (WHERE (SELECT array_agg((e ->> 'value', e ->> 'evidence')::text ORDER BY n) FROM jsonb_array_elements(s.drivers) WITH ORDINALITY x (e, n)) IS DISTINCT FROM r.texts) AS other_values
  FROM jsonb_account a CROSS JOIN LATERAL health_assess('jsonb write', a) s
 CROSS JOIN LATERAL (SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(d) - 'value' - 'evidence') ORDER BY d.rank) AS rest, array_agg((d.value, d.evidence)::text ORDER BY d.rank) AS texts
                       FROM health_drivers('jsonb write', a) d) r;
DROP TABLE number, jsonb_account;
DROP FUNCTION same(jsonb, jsonb);
