-- Every natural way to call the functions of one account. The account of this test scores 70 in every form (80 in the
-- segment vip): a call that resolves to the wrong function, or reads the wrong column, cannot give that number.
CREATE SCHEMA calls;
SET search_path = calls, public;
SET timezone = 'America/Los_Angeles';

SELECT health_model_save('calls', '{
  "signals": {"nps": {"scale": {"linear": [0, 10]}}, "logins": {"scale": {"linear": [0, 20]}}},
  "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}],
  "segments": [{"name": "vip", "when": {"input": "nps", "gt": 100},
                "patch": {"signals": {"nps": {"weight": 3}}, "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 60}]}}]
}');
-- A second version, not active: 80, where the first gives 70.
SELECT health_model_save('calls', health_patch(health_model_get('calls'), '{"signals": {"nps": {"weight": 3}}}'), 'nps counts more', false);
-- Reads time: 100 on 2026-01-01 UTC, and a point less for each day after.
SELECT health_model_save('calls clock', '{"signals": {"age": {"input": {"days": ["since", "@as_of"]}, "scale": {"linear": [100, 0]}}}}');

CREATE DOMAIN object AS jsonb;
CREATE DOMAIN phrase AS text;
CREATE TABLE account (
    id int PRIMARY KEY, nps int, logins int, model text, short varchar(20), named name, padded char(8),
    payload jsonb, body json, words text, few varchar(100), checked object, lined phrase, definition jsonb, since date);
INSERT INTO account VALUES (
    1, 9, 10, 'calls', 'calls', 'calls', 'calls',
    '{"nps": 9, "logins": 10}', '{"nps": 9, "logins": 10}', '{"nps": 9, "logins": 10}', '{"nps": 9, "logins": 10}',
    '{"nps": 9, "logins": 10}', '{"nps": 9, "logins": 10}', health_model_get('calls'), '2026-01-01');
CREATE TYPE usage AS (nps int, logins int);
CREATE DOMAIN used AS usage;
CREATE TABLE nested (id int, latest usage, proven used);
INSERT INTO nested VALUES (1, ROW(9, 10), ROW(9, 10));

-- The account in all its forms, by name.
SELECT form, score FROM account a, LATERAL (VALUES
    ('row', health_score('calls', a)),
    ('row, a.*', health_score('calls', a.*)),
    ('row of a constructor', health_score('calls', ROW(a.*)::account)),
    ('jsonb', health_score('calls', payload)),
    ('json', health_score('calls', body)),
    ('text', health_score('calls', words)),
    ('varchar', health_score('calls', few)),
    ('domain over jsonb', health_score('calls', checked)),
    ('domain over text', health_score('calls', lined)),
    ('untyped literal', health_score('calls', '{"nps": 9, "logins": 10}')),
    ('to_jsonb', health_score('calls', to_jsonb(a))),
    ('row_to_json', health_score('calls', row_to_json(a))),
    ('jsonb_build_object', health_score('calls', jsonb_build_object('nps', nps, 'logins', logins))),
    ('health_inputs of pairs', health_score('calls', health_inputs('nps', nps, 'logins', logins))),
    ('health_inputs of the row', health_score('calls', health_inputs(a)))
) AS forms (form, score);

-- The same by document, and the document from a column, a literal, a function.
SELECT form, score FROM account a, LATERAL (VALUES
    ('row', health_score(definition, a)),
    ('jsonb', health_score(definition, payload)),
    ('json', health_score(definition, body)),
    ('text', health_score(definition, words)),
    ('varchar', health_score(definition, few)),
    ('domain over jsonb', health_score(definition, checked)),
    ('untyped literal', health_score(definition, '{"nps": 9, "logins": 10}')),
    ('document from a domain', health_score(definition::object, a)),
    ('document as a literal', health_score('{"signals": {"nps": {"scale": {"linear": [2, 12]}}}}'::jsonb, a)),
    ('document from health_patch', health_score(health_patch(definition, '{"signals": {"nps": {"weight": 3}}}'), a)),
    ('document from health_model_get', health_score(health_model_get('calls'), a))
) AS forms (form, score);

-- The model's name from a column of each kind.
SELECT form, score FROM account a, LATERAL (VALUES
    ('text', health_score(model, a)),
    ('varchar', health_score(short, a)),
    ('name', health_score(named, a)),
    ('char(8)', health_score(padded, a)),
    ('expression', health_score(model || '@' || id, a)),
    ('version 1', health_score('calls@1', payload)),
    ('version 2', health_score('calls@2', payload))
) AS forms (form, score);

-- Named arguments, in any order and mixed.
SELECT form, score FROM account a, LATERAL (VALUES
    ('model, account', health_score(model => 'calls', account => a)),
    ('account, model', health_score(account => payload, model => 'calls')),
    ('literal', health_score(model => 'calls', account => '{"nps": 9, "logins": 10}')),
    ('document', health_score(model => definition, account => a)),
    ('mixed', health_score('calls', account => a)),
    ('segment alone', health_score('calls', a, segment => 'vip')),
    ('as_of and segment', health_score('calls', a, as_of => '2026-01-01', segment => 'vip')),
    ('by position', health_score('calls', a, '2026-01-01', 'vip')),
    ('NULL as_of by position', health_score('calls', a, NULL, 'vip')),
    ('no segment', health_score('calls', a, segment => '')),
    ('jsonb in a segment', health_score('calls', payload, segment => 'vip')),
    ('literal in a segment', health_score('calls', '{"nps": 9, "logins": 10}', NULL, 'vip')),
    ('document in a segment', health_score(definition, words, segment => 'vip')),
    ('segment from a column', health_score('calls', a, segment => CASE WHEN id = 1 THEN 'vip' END)),
    ('segment as varchar', health_score('calls', a, segment => 'vip'::varchar)),
    ('NULL segment', health_score('calls', a, NULL, NULL))
) AS forms (form, score);

-- as_of: a date or a timestamp without zone is cast by the session's zone, as everywhere in Postgres (8 hours here).
SELECT form, round(score::numeric, 4) AS score FROM account a, LATERAL (VALUES
    ('untyped', health_score('calls clock', a, '2026-01-11 00:00+00')),
    ('timestamptz', health_score('calls clock', a, '2026-01-11 00:00+00'::timestamptz)),
    ('timestamp', health_score('calls clock', a, '2026-01-11'::timestamp)),
    ('date', health_score('calls clock', a, '2026-01-11'::date)),
    ('column', health_score('calls clock', a, since)),
    ('expression', health_score('calls clock', a, since + interval '10 days')),
    ('jsonb', health_score('calls clock', '{"since": "2026-01-01"}'::jsonb, '2026-01-11 00:00+00')),
    ('now()', health_score('calls clock', jsonb_build_object('since', now()), now())),
    ('left out', health_score('calls clock', jsonb_build_object('since', now()))),
    ('left out, a day later', health_score('calls clock', jsonb_build_object('since', now() - interval '24 hours')))
) AS forms (form, score);

-- health_band: of an account, and of a score of each number type.
SELECT form, band FROM account a, LATERAL (VALUES
    ('row', health_band('calls', a)),
    ('jsonb', health_band('calls', payload)),
    ('json', health_band('calls', body)),
    ('text', health_band('calls', words)),
    ('literal', health_band('calls', '{"nps": 9, "logins": 10}')),
    ('row by document', health_band(definition, a)),
    ('segment', health_band('calls', a, segment => 'vip')),
    ('literal by document in a segment', health_band(definition, '{"nps": 9, "logins": 10}', NULL, 'vip')),
    ('int', health_band('calls', 70)),
    ('int column', health_band('calls', id)),
    ('smallint', health_band('calls', 40::smallint)),
    ('bigint', health_band('calls', 40::bigint)),
    ('numeric', health_band('calls', 69.9)),
    ('real', health_band('calls', 70::real)),
    ('float8', health_band('calls', 69.9::float8)),
    ('of a score', health_band('calls', health_score('calls', a))),
    ('named', health_band(model => 'calls', score => 40)),
    ('score in a segment', health_band('calls', 60, 'vip')),
    ('score in a named segment', health_band('calls', 60, segment => 'vip')),
    ('score in no segment', health_band('calls', 60, '')),
    ('score by document', health_band(definition, 70.0)),
    ('score by document in a segment', health_band(definition, 60, 'vip'))
) AS forms (form, band);
-- A literal in quotes is an account, not a score: said so, not guessed.
SELECT health_band('calls', '70');

SELECT form, shown FROM account a, LATERAL (VALUES
    ('int', health_display('calls', 70)),
    ('numeric', health_display('calls', 69.999)),
    ('float8', health_display('calls', 69.999::float8)),
    ('literal', health_display('calls', '69.999')),
    ('of a score', health_display('calls', health_score('calls', a))),
    ('document', health_display(definition, 12.5)),
    ('other maximum', health_display(health_patch(definition, '{"display": {"max": 10, "decimals": 1}}'), 69.999))
) AS forms (form, shown);

-- Rows that are no table's.
SELECT health_score('calls', t) FROM (SELECT 9 AS nps, 10 AS logins) t;
SELECT health_score('calls', t) FROM (SELECT a.*, logins + 0 AS more FROM account a) t;
WITH t AS (SELECT nps, logins FROM account) SELECT health_score('calls', t) FROM t;
WITH t AS MATERIALIZED (SELECT nps, logins FROM account) SELECT health_score('calls', t) FROM t;
WITH RECURSIVE t AS (SELECT 9 AS nps, 10 AS logins UNION ALL SELECT nps, logins + 2 FROM t WHERE logins < 13)
SELECT logins, health_score('calls', t) FROM t ORDER BY logins;
SELECT health_score('calls', t) FROM (VALUES (9, 10)) t (nps, logins);
SELECT health_score('calls', t) FROM account a JOIN LATERAL (SELECT a.nps, a.logins) t ON true;
SELECT health_score('calls', r) FROM jsonb_to_record('{"nps": 9, "logins": 10}') r (nps int, logins int);
SELECT health_score('calls', r) FROM jsonb_populate_record(NULL::account, '{"nps": 9, "logins": 10}') r;
SELECT health_score('calls', (SELECT a FROM account a LIMIT 1));
SELECT health_score('calls', ROW(9, 10)::usage);
SELECT health_score('calls', latest), health_score('calls', (n).latest), health_score('calls', proven) FROM nested n;
SELECT health_score('calls', u) FROM unnest(ARRAY[ROW(9, 10), ROW(1, 2)]::usage[]) u ORDER BY 1;
SELECT health_score('calls', (array_agg(a))[1]) FROM account a;
SELECT health_score('calls', t) FROM (SELECT nps, sum(logins) AS logins FROM account GROUP BY nps) t;
-- A row constructor has no column names.
SELECT health_score('calls', ROW(9, 10));
SELECT health_score('calls', ROW(a.*)) FROM account a;
-- A scalar column is not a row; Postgres says so by itself.
SELECT health_score('calls', nps) FROM account;
-- One call site that meets rows of several types.
CREATE FUNCTION score_any(r record) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN health_score('calls', r); END $$;
SELECT score_any(a), score_any(n.latest), score_any(t), score_any(a), score_any(ROW(9, 10)::usage)
  FROM account a, nested n, (SELECT 10 AS logins, 1 AS other, 9 AS nps) t;

-- health_drivers and health_assess in FROM, with LATERAL or a comma, in the SELECT list, and as (f()).*.
SELECT d.* FROM account a CROSS JOIN LATERAL health_drivers('calls', a) d ORDER BY d.rank;
SELECT d.driver, d.contribution FROM account a, health_drivers('calls', a, segment => 'vip') d ORDER BY rank;
SELECT driver FROM health_drivers('calls', '{"nps": 9, "logins": 10}') ORDER BY rank;
SELECT d.driver FROM account a JOIN LATERAL health_drivers(definition, words) d ON d.lost > 10 ORDER BY rank;
SELECT (health_drivers('calls', a)).driver FROM account a;
SELECT health_drivers('calls', payload) FROM account;
SELECT string_agg(d.driver, ', ' ORDER BY rank) FROM account a, health_drivers('calls', a) WITH ORDINALITY d WHERE rank = ordinality;
SELECT s.score, s.band, s.band_rank, s.coverage, s.low, s.high, s.status, s.segment, s.model, s.model_version, s.rules
  FROM account a, health_assess('calls', a) s;
SELECT s.score, s.band, s.segment, s.model, s.model_version FROM account a, health_assess(definition, a, segment => 'vip') s;
SELECT (health_assess('calls', a)).score, (health_assess('calls', a)).band FROM account a;
SELECT score, band, jsonb_array_length(drivers) FROM (SELECT (health_assess('calls', a)).* FROM account a) s;
SELECT (s).score, (s).rules FROM (SELECT health_assess('calls', a) AS s FROM account a OFFSET 0) t;
SELECT score FROM health_assess('calls', '{"nps": 9, "logins": 10}');
SELECT d.value ->> 'driver' AS driver FROM account a, health_assess('calls', body) s, jsonb_array_elements(s.drivers) d;

-- PREPAREd parameters, with types and without: an untyped one takes the place of a literal, so it is JSON text.
PREPARE untyped AS SELECT health_score('calls', $1);
EXECUTE untyped('{"nps": 9, "logins": 10}');
EXECUTE untyped(NULL);
PREPARE of_jsonb(jsonb) AS SELECT health_score('calls', $1);
EXECUTE of_jsonb('{"nps": 9, "logins": 10}');
PREPARE of_json(json) AS SELECT health_score('calls', $1);
EXECUTE of_json('{"nps": 9, "logins": 10}');
PREPARE of_text(text) AS SELECT health_score('calls', $1);
EXECUTE of_text('{"nps": 9, "logins": 10}');
PREPARE of_row(account) AS SELECT health_score('calls', $1);
EXECUTE of_row(jsonb_populate_record(NULL::account, '{"nps": 9, "logins": 10}'));
PREPARE of_all AS SELECT health_score($1, $2, $3, $4);
EXECUTE of_all('calls', '{"nps": 9, "logins": 10}', '2026-01-01', 'vip');
EXECUTE of_all('calls', '{"nps": 9, "logins": 10}', NULL, NULL);
PREPARE of_model(text) AS SELECT health_score($1, a) FROM account a;
EXECUTE of_model('calls');
SELECT definition FROM account \gset
PREPARE of_document(jsonb) AS SELECT health_score($1, a), health_score($1, '{"nps": 9, "logins": 10}') FROM account a;
EXECUTE of_document(:'definition');
PREPARE of_score(float8, text) AS SELECT health_band('calls', $1, $2);
EXECUTE of_score(65, 'vip');
PREPARE drivers AS SELECT driver FROM health_drivers('calls', $1) ORDER BY rank;
EXECUTE drivers('{"nps": 9, "logins": 10}');
-- More than five times, so that the generic plan has its turn.
SET plan_cache_mode = force_generic_plan;
EXECUTE untyped('{"nps": 9, "logins": 10}');
EXECUTE of_row(jsonb_populate_record(NULL::account, '{"nps": 9, "logins": 10}'));
EXECUTE of_all('calls', '{"nps": 9, "logins": 10}', NULL, 'vip');
EXECUTE of_document(:'definition');
RESET plan_cache_mode;

-- NULL: a NULL model or account gives NULL, no drivers, one empty row.
SELECT health_score('calls', NULL), health_score(NULL, NULL), health_score(NULL, '{"nps": 9}'), health_score('calls', NULL::jsonb),
       health_score('calls', NULL::account), health_score('calls', NULL::text), health_score(NULL::jsonb, '{"nps": 9}'),
       health_score(NULL::text, a), health_score(NULL::jsonb, a) FROM account a;
SELECT health_band('calls', NULL), health_band('calls', NULL::float8), health_band(NULL, 50), health_band(NULL::jsonb, 50),
       health_display('calls', NULL), health_display(NULL, 50), health_display(NULL::jsonb, 50);
SELECT count(*) FROM health_drivers('calls', NULL);
SELECT count(*) FROM health_drivers(NULL, '{"nps": 9}');
SELECT count(*), count(score), count(status), count(drivers) FROM health_assess('calls', NULL);
SELECT health_assess('calls', NULL) IS NULL AS is_null;
SELECT health_model_get(NULL), health_template(NULL), health_patch(NULL, '{}'), health_patch('{}', NULL);
SELECT count(*) FROM health_model_check(NULL);
-- The left side of an outer join: no row at all is a NULL account; a row of NULLs has the columns, and no data.
SELECT id, health_score('calls', b) FROM (VALUES (1), (2)) v (id) LEFT JOIN account b USING (id) ORDER BY id;
SELECT health_score('calls', t), s.status, s.coverage FROM (SELECT NULL::int AS nps, NULL::int AS logins) t, health_assess('calls', t) s;
SELECT health_score('calls', '{"nps": null}'), status FROM health_assess('calls', '{"nps": null}');

-- health_inputs: pairs, rows, objects, and all of them together, the later winning.
SELECT health_inputs('nps', nps, 'logins', logins) FROM account;
SELECT health_inputs('a', NULL, 'b', true, 'c', 1.50, 'd', 'text', 'e', '2026-01-02'::date, 'f', 0.1::real);
SELECT health_inputs('at', '2026-01-02 03:04:05+00'::timestamptz, 'local', '2026-01-02 03:04:05'::timestamp, 'wait', interval '36 hours');
SELECT health_inputs('tags', ARRAY['x', 'y'], 'more', '{"deep": [1, 2]}'::jsonb);
SELECT health_inputs(n.latest) FROM nested n;
SELECT health_inputs(t) FROM (SELECT 9 AS nps, NULL::int AS logins) t;
SELECT health_inputs('{"nps": 9}'::jsonb, t, 'logins', 10) FROM (SELECT 3 AS nps, 'x' AS plan) t;
SELECT health_inputs(t, '{"nps": 9}'::jsonb) FROM (SELECT 3 AS nps, 'x' AS plan) t;
SELECT health_inputs(named, nps, 'x'::varchar(9), logins, 'tier'::char(6), 1) FROM account;
SELECT health_inputs(NULL::account), health_inputs(NULL::account, 'nps', 9), health_inputs(NULL::jsonb, 'nps', 9);
SELECT id, health_inputs('id', id, b) FROM (VALUES (1), (2)) v (id) LEFT JOIN nested b USING (id) ORDER BY id;
SELECT health_score('calls', health_inputs(n.latest, 'logins', 20)) FROM nested n;
-- Neither a name nor a row, a name without a value, no name.
SELECT health_inputs(1, 2);
SELECT health_inputs('nps');
SELECT health_inputs(NULL, 2);
SELECT health_inputs('[1]'::jsonb);
SELECT health_inputs(VARIADIC ARRAY['a', 'b']);
SELECT health_inputs();

-- Where only IMMUTABLE functions that read no table may stand: by document.
CREATE TABLE stored (
    id int, nps int, logins int,
    score float8 GENERATED ALWAYS AS (health_score('{"signals": {"nps": {"scale": {"linear": [0, 10]}}, "logins": {"scale": {"linear": [0, 20]}}}}'::jsonb,
                                                   health_inputs('nps', nps, 'logins', logins))) STORED,
    inputs jsonb GENERATED ALWAYS AS (health_inputs('nps', nps, 'logins', logins)) STORED,
    CONSTRAINT not_hopeless CHECK (health_score('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}'::jsonb, health_inputs('nps', nps)) >= 10));
INSERT INTO stored VALUES (1, 9, 10), (2, 2, 4), (3, NULL, 4);
UPDATE stored SET logins = 20 WHERE id = 1;
SELECT * FROM stored ORDER BY id;
INSERT INTO stored VALUES (4, 0, 4);
CREATE INDEX stored_score ON stored (health_score('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}'::jsonb, inputs));
SET enable_seqscan = off;
EXPLAIN (COSTS OFF)
SELECT id FROM stored WHERE health_score('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}'::jsonb, inputs) > 50;
SELECT id FROM stored WHERE health_score('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}'::jsonb, inputs) > 50;
RESET enable_seqscan;
-- By name they are refused: the model may change.
CREATE INDEX ON stored (health_score('calls', inputs));
ALTER TABLE stored ADD named float8 GENERATED ALWAYS AS (health_score('calls', health_inputs('nps', nps))) STORED;

-- Everywhere else by name.
CREATE VIEW seen AS SELECT a.id, health_score('calls', a) AS score, health_band('calls', a) AS band FROM account a;
CREATE MATERIALIZED VIEW kept AS SELECT a.id, s.score, s.band, s.rules FROM account a, health_assess('calls', a) s;
SELECT * FROM seen;
SELECT * FROM kept;
REFRESH MATERIALIZED VIEW kept;
SELECT * FROM kept;
CREATE TABLE book AS SELECT i AS id, i % 11 AS nps, i % 21 AS logins, 'calls'::text AS model FROM generate_series(1, 231) i;
SELECT id FROM book b WHERE health_score('calls', b) > 98 ORDER BY id;
SELECT id, health_score('calls', b) FROM book b ORDER BY health_score('calls', b) DESC, id LIMIT 3;
SELECT health_band('calls', b) AS band, count(*), round(avg(health_score('calls', b))::numeric, 3) AS mean FROM book b
 GROUP BY health_band('calls', b) HAVING max(health_score('calls', b)) > 0 ORDER BY min(health_score('calls', b));
SELECT count(*) FILTER (WHERE health_score('calls', b) >= 70), count(DISTINCT health_band('calls', b)) FROM book b;
SELECT id, rank() OVER (ORDER BY health_score('calls', b)) FROM book b WHERE id < 4 ORDER BY id;
SELECT count(*) FROM book b JOIN book c ON b.id = c.id AND health_score('calls', b) = health_score('calls', to_jsonb(c));
UPDATE book b SET logins = 20 WHERE health_score('calls', b) < 5 RETURNING id, health_score('calls', b);
DELETE FROM book b WHERE health_band('calls', b) = 'green';
SELECT health_band('calls', b), count(*) FROM book b GROUP BY 1 ORDER BY 1;
-- The name varies from row to row.
SELECT id, health_score(CASE WHEN id % 2 = 0 THEN 'calls' ELSE 'calls@2' END, b), health_score('calls', b) FROM book b WHERE id <= 4 ORDER BY id;
-- Set operations and a trigger's NEW.
SELECT health_score('calls', t) FROM (SELECT nps, logins FROM account UNION ALL SELECT 9, 10) t;
CREATE FUNCTION note_score() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% has a score of %, was %', NEW.id, health_score('calls', NEW), health_score('calls', OLD);
    RETURN NEW;
END
$$;
CREATE TRIGGER note_score BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION note_score();
UPDATE account SET nps = 10;

-- PL/pgSQL: records, row variables, dynamic SQL; SQL functions, inlined and not.
DO $$
DECLARE
    r record;
    a calls.account;
    u calls.usage;
    j jsonb := '{"nps": 9, "logins": 10}';
    t text := '{"nps": 9, "logins": 10}';
    m text := 'calls';
    s float8;
BEGIN
    FOR r IN SELECT nps - 1 AS nps, logins FROM calls.account LOOP
        RAISE NOTICE 'record %', health_score(m, r);
    END LOOP;
    SELECT * INTO a FROM calls.account;
    a.nps := 9;
    RAISE NOTICE 'row variable %', health_score(m, a);
    u := ROW(9, 10);
    RAISE NOTICE 'composite % jsonb % text %', health_score(m, u), health_score(m, j), health_score(m, t);
    EXECUTE 'SELECT health_score($1, $2)' INTO s USING m, j;
    RAISE NOTICE 'dynamic %', s;
    EXECUTE 'SELECT health_score($1, $2)' INTO s USING m, u;
    RAISE NOTICE 'dynamic row %', s;
    FOR r IN SELECT * FROM health_drivers(m, u) LOOP
        RAISE NOTICE '% %', r.driver, r.contribution;
    END LOOP;
    SELECT * INTO r FROM health_assess(m, u);
    RAISE NOTICE 'assessed % %', r.score, r.band;
END
$$;
CREATE FUNCTION score_of(a account) RETURNS float8 LANGUAGE sql STABLE AS $$ SELECT health_score('calls', a) $$;
CREATE FUNCTION score_at(a account, at timestamptz) RETURNS float8 LANGUAGE sql STABLE RETURN health_score('calls clock', a, at);
SELECT score_of(a), a.score_of, score_at(a, '2026-01-11 00:00+00') FROM account a;

-- In a schema that is not on the path, by its full name.
SET search_path = pg_catalog;
SELECT public.health_score('calls', a), public.health_band('calls', a), (SELECT count(*) FROM public.health_drivers('calls', a))
  FROM calls.account a;
