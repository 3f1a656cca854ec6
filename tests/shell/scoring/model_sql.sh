#!/usr/bin/env bash
# health_model_sql against the functions: random models over random rows. The query runs in Postgres, and in SQLite and
# DuckDB if Python has them. A row for which the function raises an error has no score in the query.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

# Scores are rounded to 9 decimals: a sum in another order may change the last decimal.
most='1.5e-9'
models=120

sql <<'SQL'
CREATE TYPE plan AS ENUM ('basic', 'team', 'enterprise');
SELECT setseed(0.7) \g /dev/null
-- Values of every type that a signal reads, with NULL, infinity and NaN. Table "clean" has no infinity and no NaN.
CREATE TABLE account AS
SELECT i AS id, CASE WHEN random() > 0.1 THEN (random() * 20)::int END AS "whole", CASE WHEN random() < 0.03 THEN 'NaN' WHEN random() < 0.03 THEN '-Infinity' WHEN random() > 0.1 THEN random() * 10 - 2 END::float8 AS "double",
  CASE WHEN random() < 0.03 THEN 'NaN' WHEN random() > 0.1 THEN (random() * 3)::numeric(8, 3) END AS "decimal", CASE WHEN random() > 0.1 THEN (random() * 5)::real END AS "real one",
  CASE WHEN random() > 0.1 THEN random() < 0.5 END AS flag, CASE WHEN random() > 0.1 THEN (ARRAY['good', 'bad', 'it''s "odd"', ''])[1 + (random() * 3.9)::int % 4] END AS words,
  CASE WHEN random() > 0.1 THEN (ARRAY['basic', 'team', 'enterprise']::plan[])[1 + (random() * 2.9)::int % 3] END AS plan, CASE WHEN random() > 0.1 THEN (ARRAY['a', 'bb'])[1 + (random() * 1.9)::int % 2]::char(4) END AS padded,
  CASE WHEN random() > 0.1 THEN date '2026-01-01' - (random() * 200)::int END AS day, CASE WHEN random() < 0.03 THEN 'infinity' WHEN random() > 0.1 THEN timestamptz '2026-01-05 12:00+00' - random() * interval '90 days' END AS at,
  CASE WHEN random() > 0.1 THEN timestamp '2026-01-01' - random() * interval '300 days' END AS local_at, ARRAY[1] AS list
  FROM generate_series(1, 150) i;
CREATE VIEW clean AS SELECT id, "whole", CASE WHEN abs("double") < 100 THEN "double" END AS "double", nullif("decimal", 'NaN') AS "decimal", "real one"::float8 AS "real one", flag, words, plan::text AS plan, padded::text AS padded,
  day, CASE WHEN isfinite(at) THEN at AT TIME ZONE 'UTC' END AS at, local_at FROM account;

CREATE FUNCTION one_of(VARIADIC list text[]) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT list[1 + floor(random() * cardinality(list))::int]';
CREATE FUNCTION chance(p float8) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT random() < p';
CREATE FUNCTION a_number(most float8) RETURNS jsonb LANGUAGE sql VOLATILE AS 'SELECT to_jsonb(round((random() * most)::numeric, floor(random() * 4)::int))';
CREATE FUNCTION points() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
  SELECT jsonb_agg(jsonb_build_array(x, round((random() * 100)::numeric, 1)) ORDER BY x) FROM (SELECT DISTINCT round((random() * 12 - 2)::numeric, 1) AS x FROM generate_series(1, 1 + floor(random() * 5)::int)) p $$;
CREATE FUNCTION a_source(kind text) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
  SELECT CASE kind WHEN 'number' THEN CASE WHEN chance(0.6) THEN to_jsonb(one_of('whole', 'double', 'decimal', 'real one'))
         ELSE (ARRAY[jsonb_build_object('ratio', jsonb_build_array(one_of('whole', 'double'), one_of('whole', 'decimal'))), jsonb_build_object('change', jsonb_build_array(one_of('whole', 'decimal'), one_of('double', 'real one'))),
                     jsonb_build_object('days', jsonb_build_array(one_of('@as_of', 'day', 'at'), one_of('local_at', 'day')))])[1 + floor(random() * 3)::int] END
       WHEN 'time' THEN to_jsonb(one_of('day', 'at', 'local_at')) WHEN 'code' THEN to_jsonb(one_of('words', 'plan', 'padded', 'whole', 'flag')) ELSE to_jsonb('flag'::text) END $$;
CREATE FUNCTION a_condition(depth int, segment boolean, points boolean, categories text[]) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF depth > 0 AND chance(0.5) THEN
    RETURN CASE one_of('all', 'any', 'not') WHEN 'all' THEN jsonb_build_object('all', jsonb_build_array(a_condition(depth - 1, segment, points, categories), a_condition(depth - 1, segment, points, categories)))
      WHEN 'any' THEN jsonb_build_object('any', jsonb_build_array(a_condition(depth - 1, segment, points, categories), a_condition(depth - 1, segment, points, categories))) ELSE jsonb_build_object('not', a_condition(depth - 1, segment, points, categories)) END;
  END IF;
  IF NOT segment AND chance(0.5) THEN
    RETURN jsonb_build_object(one_of('lt', 'le', 'gt', 'ge', 'eq', 'ne'), a_number(100)) || CASE WHEN points OR chance(0.3) THEN jsonb_build_object('score', one_of('running', 'base'))
      WHEN chance(0.5) THEN jsonb_build_object('subscore', 's1') WHEN categories IS NOT NULL THEN jsonb_build_object('category', one_of(VARIADIC categories)) ELSE jsonb_build_object('subscore', 's2') END;
  END IF;
  RETURN CASE floor(random() * 6)::int
    WHEN 0 THEN jsonb_build_object('input', a_source('number'), one_of('lt', 'le', 'gt', 'ge', 'eq', 'ne'), a_number(10))
    WHEN 1 THEN jsonb_build_object('input', one_of('words', 'plan', 'padded'), one_of('eq', 'ne'), one_of('good', 'bad', 'team', 'a', 'it''s "odd"'))
    WHEN 2 THEN jsonb_build_object('input', 'words', 'in', '["good", "", "team"]'::jsonb)
    WHEN 3 THEN jsonb_build_object('input', a_source('time'), one_of('lt', 'ge', 'eq', 'ne'), '2025-11-01T00:00:00Z')
    WHEN 4 THEN jsonb_build_object('input', a_source(one_of('number', 'time', 'code', 'flag')), one_of('missing', 'present'), chance(0.5))
    ELSE jsonb_build_object('input', 'flag', one_of('eq', 'ne'), chance(0.5)) END;
END $$;
-- A model of any kind. "tidy" models accept every row of clean.
CREATE FUNCTION a_model() RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  document jsonb := '{}'; signals jsonb := '{}'; signal jsonb; scale jsonb; kind text; categories text[]; weighted boolean := chance(0.5); points boolean := chance(0.25); rules jsonb := '[]';
BEGIN
  IF chance(0.5) THEN
    categories := '{usage,money}';
    document := document || jsonb_build_object('categories', CASE WHEN weighted AND NOT points THEN '{"usage": {"weight": 3}, "money": {"weight": 0.7}}'::jsonb ELSE '{"usage": {}, "money": {}}' END);
  END IF;
  FOR i IN 1 .. 2 + floor(random() * 4)::int LOOP
    kind := CASE WHEN points THEN one_of('number', 'flag') ELSE one_of('number', 'number', 'time', 'code', 'flag') END;
    signal := jsonb_build_object('input', a_source(kind));
    IF points THEN
      signal := signal || jsonb_build_object('points', round((random() * 20 - 5)::numeric, 1));
      IF chance(0.4) THEN signal := signal || jsonb_build_object('max', 1 + floor(random() * 30)); END IF;
      IF chance(0.4) THEN signal := signal || jsonb_build_object('observed', one_of('day', 'local_at'), 'half_life', '20 days'); END IF;
      IF chance(0.4) THEN signal := signal || jsonb_build_object('absent', -7.5) || CASE WHEN signal ? 'observed' THEN '{"within": "60 days"}'::jsonb ELSE '{}' END; END IF;
      IF chance(0.3) THEN signal := signal || jsonb_build_object('default', floor(random() * 3)); END IF;
    ELSE
      scale := CASE kind WHEN 'number' THEN (ARRAY[jsonb_build_object('linear', CASE WHEN chance(0.5) THEN '[0, 7.3]' ELSE '[9, 1]' END::jsonb), jsonb_build_object('steps', points()), jsonb_build_object('curve', points())])[1 + floor(random() * 3)::int]
        WHEN 'time' THEN '{"recency": {"best": "5 days", "worst": "100 days"}}'::jsonb WHEN 'flag' THEN jsonb_build_object('boolean', chance(0.5))
        ELSE '{"map": {"good": 90, "bad": 10, "basic": 0, "team": 55.5, "a": 33, "3": 70, "7": 20, "true": 80, "it''s \"odd\"": 45}}'::jsonb || CASE WHEN chance(0.6) THEN jsonb_build_object('otherwise', a_number(100)) ELSE '{}' END END;
      signal := signal || jsonb_build_object('scale', scale, 'weight', a_number(9));
      IF chance(0.4) THEN signal := signal || jsonb_build_object('missing', (ARRAY['"worst"', '"neutral"', '"best"', '"exclude"', '37.5']::jsonb[])[1 + floor(random() * 5)::int]); END IF;
      IF chance(0.3) AND kind IN ('number', 'code') THEN signal := signal || jsonb_build_object('default', CASE kind WHEN 'number' THEN a_number(9) ELSE '"bad"' END); END IF;
      IF chance(0.3) THEN signal := signal || jsonb_build_object('observed', one_of('day', 'at', 'local_at'), 'max_age', '50 days'); END IF;
      IF chance(0.2) THEN
        signal := (signal - '{observed,max_age,default}'::text[]) || jsonb_build_object('input', jsonb_build_object('cross', jsonb_build_array(a_source('number'), one_of('words', 'plan', 'whole', 'flag'))),
          'scale', '{"table": {"rows": [0, 2.5, 6], "columns": [["good", "basic", "3"], ["bad", "team", "true"]], "subscores": [[10, 90], [55.5, 40], [100, 0]], "neutral": 47}}'::jsonb);
      END IF;
    END IF;
    IF categories IS NOT NULL THEN signal := signal || jsonb_build_object('category', one_of(VARIADIC categories)); END IF;
    signals := signals || jsonb_build_object('s' || i, signal);
  END LOOP;
  document := document || jsonb_build_object('signals', signals);
  IF points THEN document := document || '{"method": "points", "range": [-20, 60], "start": 5}'; END IF;
  IF chance(0.5) THEN document := document || jsonb_build_object('min_coverage', (ARRAY['0.5', '1', '0.75']::jsonb[])[1 + floor(random() * 3)::int]); END IF;
  IF chance(0.5) THEN document := document || '{"on_invalid": "missing"}'; END IF;
  FOR i IN 1 .. floor(random() * 3)::int LOOP
    rules := rules || jsonb_build_array(jsonb_build_object('name', 'r' || i, 'when', a_condition(2, false, points, categories)) || (ARRAY['{"cap": 39.5}', '{"floor": 60}', '{"set": 12}', '{"adjust": -15.25}']::jsonb[])[1 + floor(random() * 4)::int]);
  END LOOP;
  document := document || jsonb_build_object('rules', rules);
  IF chance(0.4) THEN
    document := document || jsonb_build_object('segments', jsonb_build_array(jsonb_build_object('name', 'it''s one', 'when', a_condition(1, true, points, categories), 'patch', '{"bands": [{"name": "low", "from": 0}, {"name": "high", "from": 33.3333333333}], "min_coverage": 0}'::jsonb),
      jsonb_build_object('name', 'two', 'when', a_condition(1, true, points, categories), 'patch', CASE WHEN points THEN '{"start": 10}' ELSE '{"signals": {"s1": {"weight": 7, "missing": "worst"}}}' END::jsonb)));
  END IF;
  RETURN document;
END $$;
SQL

# compare TABLE SEED: compares each model's query with the function, row by row.
compare() {
  sql <<SQL
CREATE FUNCTION by_function_$1(model jsonb, a $1, OUT score float8, OUT band text, OUT segment text) LANGUAGE plpgsql AS \$\$
BEGIN
  SELECT h.score, h.band, h.segment INTO score, band, segment FROM health_assess(model, a, '2026-01-10 06:00+00') h;
EXCEPTION WHEN invalid_parameter_value THEN score := NULL; band := NULL; segment := NULL;
END \$\$;
CREATE TABLE difference_$1 (model jsonb, what text);
DO \$\$
DECLARE model jsonb; query text; wrong record; models int := 0;
BEGIN
  PERFORM setseed($2);
  FOR i IN 1 .. $models LOOP
    model := a_model();
    CONTINUE WHEN EXISTS (SELECT FROM health_model_check(model) WHERE severity = 'error');
    BEGIN
      query := health_model_sql(model, '$1', '2026-01-10 06:00+00');
      models := models + 1;
      EXECUTE format('SELECT count(*) AS rows, count(*) FILTER (WHERE (q.health_score IS NULL) <> (f.score IS NULL) OR abs(q.health_score - f.score) > $most OR q.health_band IS DISTINCT FROM f.band) AS wrong,
          min(q.id) FILTER (WHERE (q.health_score IS NULL) <> (f.score IS NULL) OR abs(q.health_score - f.score) > $most OR q.health_band IS DISTINCT FROM f.band) AS first,
          count(*) FILTER (WHERE f.segment IS NOT NULL AND q.health_segment IS DISTINCT FROM f.segment) AS elsewhere, count(f.score) AS scored
        FROM (%s) q JOIN $1 a USING (id), by_function_$1(\$1, a) f', query) INTO wrong USING model;
      IF wrong.wrong > 0 OR wrong.elsewhere > 0 OR wrong.rows <> (SELECT count(*) FROM $1) THEN INSERT INTO difference_$1 VALUES (model, wrong::text); END IF;
    EXCEPTION WHEN OTHERS THEN INSERT INTO difference_$1 VALUES (model, SQLSTATE || ' ' || SQLERRM);
    END;
  END LOOP;
  IF models < $((models / 2)) THEN INSERT INTO difference_$1 VALUES (NULL, 'only ' || models || ' models were valid'); END IF;
END \$\$;
SQL
  local different
  different=$(sql -c "SELECT what, model FROM difference_$1 LIMIT 3")
  [ -z "$different" ] || fail "$(sql -c "SELECT count(*) FROM difference_$1") models differ over $1: $different"
  printf 'ok random models as queries over %s\n' "$1"
}
compare account 0.1
compare clean 0.2

# A planner that inlines each step into the next would copy the first step 2^60 times.
sql -c "SELECT health_model_sql(jsonb_build_object('signals', '{\"s\": {\"input\": \"whole\", \"scale\": {\"linear\": [0, 20]}}}'::jsonb, 'rules', (SELECT jsonb_agg(jsonb_build_object('name', 'r' || i, 'when', '{\"score\": \"running\", \"gt\": 5}'::jsonb, 'adjust', -0.5)) FROM generate_series(1, 60) i)), 'account')" >"$TMPDIR/rules.sql"
PGOPTIONS='-c statement_timeout=5min' sql -o /dev/null -f "$TMPDIR/rules.sql" || fail "a query of sixty rules does not come to an end"
printf 'ok a query of sixty rules\n'

if ! python3 -c 'import sqlite3' 2>/dev/null; then
  printf 'skip queries in SQLite and DuckDB: there is no Python with sqlite3\n'
  exit 0
fi
sql -c "COPY (SELECT * FROM clean) TO STDOUT WITH (FORMAT csv, HEADER, NULL '\N')" >"$TMPDIR/clean.csv"
sql <<SQL
SELECT setseed(0.3) \g /dev/null
CREATE TABLE shown AS SELECT i, model, health_model_sql(model, 'clean', '2026-01-10 06:00+00') AS query FROM (SELECT i, a_model() AS model FROM generate_series(1, 5 * $models) i) m
 WHERE NOT EXISTS (SELECT FROM health_model_check(model) WHERE severity = 'error');
-- SQLite needs models that read no time, which are few.
DELETE FROM shown WHERE i > $models AND query ~ 'EXTRACT\(';
SQL
sql -c "SELECT json_agg(json_build_object('i', i, 'query', query)) FROM shown" >"$TMPDIR/queries.json"
sql -c "SELECT json_agg(json_build_array(i, id, f.score, f.band)) FROM shown, clean a, by_function_clean(model, a) f" >"$TMPDIR/expected.json"

cat >"$TMPDIR/elsewhere.py" <<'PYTHON'
# elsewhere.py ENGINE DIRECTORY MOST: runs the queries there and compares.
import collections, csv, json, sys
engine, place, most = sys.argv[1], sys.argv[2], float(sys.argv[3])
types = {'id': 'INTEGER', 'whole': 'INTEGER', 'double': 'DOUBLE', 'decimal': 'DECIMAL(8,3)', 'real one': 'DOUBLE', 'flag': 'BOOLEAN',
         'words': 'VARCHAR', 'plan': 'VARCHAR', 'padded': 'VARCHAR', 'day': 'DATE', 'at': 'TIMESTAMP', 'local_at': 'TIMESTAMP'}

def skip(why):
    print(f'skip queries in {engine}: {why}')
    sys.exit(0)

def open_duckdb():
    try:
        import duckdb
    except ImportError:
        skip('it could not be installed (PyPI: duckdb)')
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    columns = ', '.join(f"'{name}': '{kind}'" for name, kind in types.items())
    connection.execute(f"CREATE TABLE clean AS SELECT * FROM read_csv('{place}/clean.csv', columns = {{{columns}}}, nullstr = '\\N', header = true)")
    return connection, duckdb.__version__

def open_sqlite():
    import sqlite3
    connection = sqlite3.connect(':memory:')
    try:
        connection.execute('SELECT floor(1.5), power(2, 3)')
    except sqlite3.Error:
        skip(f'SQLite {sqlite3.sqlite_version} has no FLOOR and POWER')
    connection.execute('CREATE TABLE clean (' + ', '.join(f'"{name}" {kind}' for name, kind in types.items()) + ')')
    with open(f'{place}/clean.csv', newline='') as file:
        for line in csv.DictReader(file):
            values = [None if text == '\\N' else text == 't' if name == 'flag' else text for name, text in line.items()]
            connection.execute('INSERT INTO clean VALUES (' + ', '.join('?' * len(values)) + ')', values)
    return connection, sqlite3.sqlite_version

connection, version = {'DuckDB': open_duckdb, 'SQLite': open_sqlite}[engine]()
expected = collections.defaultdict(dict)
for number, account, score, band in json.load(open(f'{place}/expected.json')):
    expected[number][account] = (score, band)
queries = json.load(open(f'{place}/queries.json'))
if engine == 'SQLite':
    # SQLite has no EXTRACT, so that models with times are excluded.
    queries = [query for query in queries if 'EXTRACT(' not in query['query']]
wrong = 0
for query in queries:
    rows = connection.execute('SELECT id, health_score, health_band FROM (' + query['query'].replace('public.clean', 'clean') + ')').fetchall()
    for account, score, band in rows:
        want = expected[query['i']][account]
        if (score is None) != (want[0] is None) or (score is not None and abs(score - want[0]) > most) or band != want[1]:
            wrong += 1
            if wrong < 4:
                print('model', query['i'], 'account', account, engine, score, band, 'Postgres', *want)
    wrong += len(rows) != len(expected[query['i']])
print(f'{"FAILED" if wrong or len(queries) < 15 else "ok"} {len(queries)} models as queries in {engine} {version}: {wrong} differences')
sys.exit(wrong > 0 or len(queries) < 15)
PYTHON
python3 "$TMPDIR/elsewhere.py" SQLite "$TMPDIR" "$most" || fail "SQLite gives other scores"
"${VENV_MODEL_SQL:+$VENV_MODEL_SQL/bin/}python3" "$TMPDIR/elsewhere.py" DuckDB "$TMPDIR" "$most" || fail "DuckDB gives other scores"
