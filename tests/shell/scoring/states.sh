#!/usr/bin/env bash
# Any user can forge the bytes of an aggregate state: for any bytes, a support function raises an error or returns a
# plausible value. Valid states work in every kind of storage.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

sql <<'SQL'
SELECT health_model_save('states', '{"signals": {"logins": {"combine": "sum", "window": "30 days", "scale": {"linear": [0, 2000]}}, "kinds": {"input": "kind", "combine": "distinct", "scale": {"linear": [0, 9]}},
    "days": {"input": "kind", "combine": "active_days", "scale": {"linear": [0, 20]}}, "plan": {"input": "kind", "max_age": "90 days", "scale": {"map": {"a": 1}, "otherwise": 50}}, "tone": {"scale": {"map": {"a text of some length": 70}, "otherwise": 3}}}}') \g /dev/null
-- Aggregates over the extension's support functions: final_NAME takes any bytes as final state, merge_NAME combines
-- states, step_NAME adds a row to a state (a hypothetical argument reaches the final function unchanged), state_NAME
-- returns a valid state.
CREATE FUNCTION pass(bytea, bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS 'SELECT $2';
CREATE TABLE kind (name text PRIMARY KEY, arguments text, row text, rows text, has_combine boolean DEFAULT true, final text);
INSERT INTO kind (name, arguments, row, rows) VALUES
    ('trend', 'float8, timestamptz', '50, ''2026-05-01''', 'i % 101, ''2026-01-01''::timestamptz + make_interval(hours => i * i)'),
    ('trend_stats', 'float8, timestamptz', '50, ''2026-05-01''', 'i % 101, ''2026-01-01''::timestamptz + make_interval(hours => i * i)'),
    ('nps', 'float8', '9', 'i % 11'),
    ('csat', 'float8', '4', '1 + i % 5'),
    ('ces', 'float8', '4', '1 + i % 7'),
    ('rollup', 'float8, float8', '50, 0.1', 'i % 101, 1 + i * 0.1'),
    ('churn_rate', 'boolean, float8', 'true, 0.1', 'i % 7 = 0, 1 + i * 0.1'),
    ('usage_rate', 'float8, float8', '3, 0.1', 'i % 101, 1 + i * 0.1'),
    ('auc', 'float8, boolean', '50, true', 'i % 101, i % 3 = 0'),
    ('backtest', 'float8, boolean, jsonb', '50, true, ''{"signals": {"a": {"scale": {"linear": [0, 1]}}}}''::jsonb', 'i % 101, i % 3 = 0, ''{"signals": {"a": {"scale": {"linear": [0, 1]}}}}''::jsonb'),
    ('psi', 'float8, boolean', '50, true', 'i % 11, i % 2 = 0');
INSERT INTO kind (name, arguments, row, rows) VALUES
    ('score', 'text, text, jsonb, timestamptz, timestamptz', '''states'', ''logins'', ''40'', ''2026-06-20'', ''2026-06-30''',
     '''states'', (ARRAY[''logins'', ''kind'', ''tone'', ''other''])[1 + i % 4], CASE WHEN i % 4 = 0 THEN to_jsonb(i) WHEN i % 8 = 2 THEN ''"a text of some length"'' ELSE to_jsonb(''kind '' || i % 5) END, ''2026-06-29''::timestamptz - make_interval(hours => i * 20), ''2026-06-30''');
INSERT INTO kind (name, arguments, row, rows, has_combine) VALUES
    ('spark', 'float8', '50', 'CASE WHEN i % 9 > 0 THEN i % 101 END', false),
    ('trend_moving', 'float8, timestamptz', '50, ''2026-05-01''', 'i % 101, ''2026-01-01''::timestamptz + make_interval(hours => i * i)', false);
ALTER TABLE kind ADD state bytea;
DO $$
DECLARE k kind;
BEGIN
    FOR k IN SELECT * FROM kind LOOP
        EXECUTE format('CREATE AGGREGATE state_%s(%s) (SFUNC = health_score_internal.health_%1$s_step, STYPE = bytea)', k.name, k.arguments);
        EXECUTE format('CREATE AGGREGATE final_%s(bytea) (SFUNC = pass, STYPE = bytea, FINALFUNC = health_score_internal.health_%1$s_final)', k.name);
        EXECUTE format('CREATE AGGREGATE step_%s(%s ORDER BY bytea) (SFUNC = pass, STYPE = bytea, FINALFUNC = health_score_internal.health_%1$s_step)', k.name, k.arguments);
        IF k.has_combine THEN
            EXECUTE format('CREATE AGGREGATE merge_%s(bytea) (SFUNC = health_score_internal.health_%1$s_combine, STYPE = bytea, FINALFUNC = health_score_internal.health_%1$s_final)', k.name);
        ELSIF k.name = 'trend_moving' THEN
            EXECUTE format('CREATE AGGREGATE leave_%s(%s ORDER BY bytea) (SFUNC = pass, STYPE = bytea, FINALFUNC = health_score_internal.health_%1$s_inverse)', k.name, k.arguments);
        END IF;
        EXECUTE format('UPDATE kind SET state = (SELECT state_%s(%s) FROM generate_series(1, 40) i) WHERE name = %1$L', k.name, k.rows);
    END LOOP;
END $$;

-- Whether a result is possible for this aggregate.
CREATE FUNCTION is_sensible(name text, result text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT result IS NULL OR CASE name
        WHEN 'trend' THEN result IN ('improving', 'declining', 'stable')
        WHEN 'trend_moving' THEN result IN ('improving', 'declining', 'stable')
        WHEN 'trend_stats' THEN result ~ '^\((improving|declining|stable|),' AND result !~ 'NaN|Infinity|infinity'
        WHEN 'nps' THEN result::float8 BETWEEN -100 AND 100
        WHEN 'csat' THEN result::float8 BETWEEN 0 AND 100
        WHEN 'ces' THEN result::float8 BETWEEN 1 AND 7
        WHEN 'rollup' THEN result::float8 BETWEEN -10000.001 AND 10000.001
        WHEN 'churn_rate' THEN result::float8 BETWEEN 0 AND 1
        WHEN 'usage_rate' THEN result::float8 >= 0 AND result::float8 < 'Infinity'
        WHEN 'score' THEN result::float8 BETWEEN 0 AND 100
        WHEN 'auc' THEN result::float8 BETWEEN 0 AND 1
        WHEN 'backtest' THEN result ~ '^\([0-9]+,[0-9]+,' AND result !~ 'NaN|Infinity'
        WHEN 'psi' THEN result::float8 >= 0 AND result::float8 < 100
        WHEN 'spark' THEN result ~ '^[ ▁▂▃▄▅▆▇█]+$' AND length(result) <= 1000 END
$$;
CREATE FUNCTION random_bytes(n int) RETURNS bytea LANGUAGE sql AS $$
    SELECT substring(string_agg(decode(md5(random()::text), 'hex'), '') FROM 1 FOR n) FROM generate_series(1, n / 16 + 1)
$$;
SQL

# The aggregates work with valid states, a precondition of all tests below.
wrong=$(sql <<'SQL'
CREATE FUNCTION result(how text, name text, states bytea[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT %s_%s(s)::text FROM unnest($1) s', how, name) INTO result USING states;
    RETURN result;
END $$;
SELECT name, result('final', name, ARRAY[state]) FROM kind WHERE result('final', name, ARRAY[state]) IS NULL OR NOT is_sensible(name, result('final', name, ARRAY[state]));
SQL
)
[ -z "$wrong" ] || fail "true states give: $wrong"
printf 'ok true states\n'

# 100,000 corrupt states: as final state, as one of two merged states, or with a row added or removed.
outcome=$(sql <<'SQL'
CREATE TABLE outcome (mutation text, result text, name text, state bytea);
SELECT setseed(0.42) \g /dev/null
DO $$
DECLARE
    mutations text[] := '{random,cut,longer,foreign,bits,words,tagged,compact}';
    words bytea[] := '{"\\x0000000000000000","\\xffffffffffffffff","\\xffffffffffffff7f","\\x0000000000000080","\\x000000000000f87f","\\x000000000000f07f","\\x000000000000f0ff","\\x0100000000000000","\\x0000000001000000"}';
    kinds kind[] := (SELECT array_agg(k ORDER BY name) FROM kind k);
    k kind; mutation text; state bytea; result text; query text; how int; position int;
BEGIN
    FOR i IN 1 .. 100000 LOOP
        k := kinds[1 + i % array_length(kinds, 1)];
        mutation := mutations[1 + (random() * 1e6)::int % 8];
        state := k.state;
        CASE mutation
            WHEN 'random' THEN state := random_bytes(length(state));
            WHEN 'cut' THEN state := substring(state FROM 1 FOR (random() * (length(state) - 1))::int);
            WHEN 'longer' THEN state := state || random_bytes(1 + (random() * 30)::int);
            WHEN 'foreign' THEN state := kinds[1 + (i + 1 + (random() * 9)::int) % array_length(kinds, 1)].state;
            WHEN 'tagged' THEN state := substring(state FROM 1 FOR 4) || random_bytes(length(state) - 4);
            -- A forged form that never leaves its process.
            WHEN 'compact' THEN state := random_bytes(3) || '\x63' || substring(state FROM 5);
            WHEN 'bits' THEN
                FOR j IN 0 .. (random() * 4)::int LOOP
                    position := 32 + (random() * (length(state) * 8 - 33))::int;
                    state := set_bit(state, position, 1 - get_bit(state, position));
                END LOOP;
            WHEN 'words' THEN
                FOR j IN 0 .. (random() * 2)::int LOOP
                    position := 5 + 8 * ((random() * 1e6)::int % ((length(state) - 4) / 8));
                    state := overlay(state PLACING words[1 + (random() * 1e6)::int % 9] FROM position);
                END LOOP;
        END CASE;
        how := (random() * 1e6)::int % 3;
        query := CASE
            WHEN how = 0 THEN format('SELECT final_%s($1)::text', k.name)
            WHEN how = 1 AND k.has_combine THEN format('SELECT merge_%s(s)::text FROM unnest(ARRAY[$1, $2, $1]) s', k.name)
            WHEN how = 1 AND k.name = 'trend_moving' THEN
                format('SELECT final_%s(s)::text FROM (SELECT leave_%1$s(%s) WITHIN GROUP (ORDER BY $1) AS s) x', k.name, k.row)
            ELSE format('SELECT final_%s(s)::text FROM (SELECT step_%1$s(%s) WITHIN GROUP (ORDER BY $1) AS s) x', k.name, k.row) END;
        BEGIN
            EXECUTE query INTO result USING state, k.state;
            result := CASE WHEN is_sensible(k.name, result) THEN 'sensible' ELSE 'nonsense: ' || result END;
        EXCEPTION WHEN OTHERS THEN
            result := SQLSTATE;
            -- A forged sparkline may be full; a forged state of events may be too large or name an unknown model.
            IF SQLSTATE NOT IN ('22P03', '22023') AND (k.name, SQLSTATE) NOT IN (('spark', '54000'), ('score', '54000'), ('score', '42704')) THEN result := SQLSTATE || ' ' || SQLERRM; END IF;
        END;
        INSERT INTO outcome VALUES (mutation, result, k.name, state);
    END LOOP;
END $$;
SELECT mutation, result, count(*) FROM outcome GROUP BY 1, 2 ORDER BY 1, 2;
SQL
)
printf '%s\n' "$outcome"
# A state that looks valid is accepted; every other state is an error that says so.
bad=$(sql -c "SELECT mutation, name, result, left(state::text, 400) FROM outcome
  WHERE NOT (result = '22P03' OR (mutation IN ('bits', 'words', 'tagged') AND result IN ('22023', '54000', '42704', 'sensible'))
    -- Unused space for texts may be cut or added.
    OR (name = 'score' AND mutation IN ('cut', 'longer') AND result = 'sensible')) LIMIT 5")
[ -z "$bad" ] || fail "made-up states: $bad"
[ "$(sql -c "SELECT count(*) FROM outcome WHERE result = '22P03'")" -gt 60000 ] || fail "too few of the made-up states were refused"
printf 'ok 100,000 made-up states\n'

# States in a table: unaligned with short headers, compressed, out of line (TOAST).
sql <<'SQL'
CREATE TABLE stored (odd "char", name text, state bytea);
INSERT INTO stored SELECT 'x', k.name, k.state FROM kind k;
CREATE TABLE large AS SELECT 'x'::"char" AS odd, state_trend_moving(i % 101, '2026-01-01'::timestamptz + make_interval(hours => i / 1000)) AS state FROM generate_series(1, 5000) i;
CREATE TABLE outside (odd "char", state bytea);
ALTER TABLE outside ALTER state SET STORAGE EXTERNAL;
INSERT INTO outside TABLE large;
SQL
[ "$(sql -c "SELECT count(*) FROM stored s JOIN kind k USING (name) WHERE result('final', name, ARRAY[s.state]) IS NOT DISTINCT FROM result('final', name, ARRAY[k.state])")" = 14 ] ||
  fail "a state in a table gives another result"
merged=$(sql -c "SELECT merge_nps(state) FROM stored, generate_series(1, 3) WHERE name = 'nps'")
[ "$merged" = "$(sql -c "SELECT health_nps(i % 11) FROM generate_series(1, 40) i")" ] || fail "merging short states gives $merged"
for table in large outside; do
  [ "$(sql -c "SELECT final_trend_moving(state) FROM $table")" = "$(sql -c "SELECT health_trend(i % 101, '2026-01-01'::timestamptz + make_interval(hours => i / 1000)) FROM generate_series(1, 5000) i")" ] ||
    fail "a state in table $table gives another result"
  [ "$(sql -c "SELECT final_trend_moving(s) IS NOT NULL FROM (SELECT step_trend_moving(1, '2027-01-01') WITHIN GROUP (ORDER BY state) AS s FROM $table) x")" = t ] || fail "no row can be added to the state in table $table"
done
[ "$(sql -c "SELECT pg_column_size(state) < 4000 FROM large")" = t ] || fail "the large state is not compressed"
printf 'ok states in tables\n'

# States of two models or of two as_of are not merged; a state of events finds its model in another session, by name or
# by document.
sql <<'SQL'
SELECT health_model_save('other', '{"signals": {"logins": {"scale": {"linear": [0, 50]}}}}') \g /dev/null
CREATE AGGREGATE state_document(jsonb, text, int, timestamptz, timestamptz) (SFUNC = health_score_internal.health_score_step, STYPE = bytea);
CREATE TABLE passed AS SELECT state_score('other', 'logins', '40', '2026-06-20', '2026-06-30') AS by_name, (SELECT state_document(definition, 'logins', 40, '2026-06-20', '2026-06-30') FROM health_model WHERE name = 'other') AS by_document;
SQL
[ "$(sql -c "SELECT final_score(by_name), final_score(by_document) FROM passed GROUP BY by_name, by_document")" = "80|80" ] || fail "a state from another session: $(sql -c "SELECT final_score(by_name), final_score(by_document) FROM passed")"
for pair in "by_name k.state" "by_document k.state"; do
  message=$(sql -c "SELECT merge_score(s) FROM (SELECT unnest(ARRAY[${pair/ /, }]) AS s FROM passed, kind k WHERE k.name = 'score') x" 2>&1) && fail "states of two models were merged"
  [[ $message == *"model varies within a group"* ]] || fail "two models: $message"
done
printf 'ok states of other models and sessions\n'

# Postgres shares one state between our aggregate and a user's aggregate over the same rows: both find the model.
sql <<'SQL'
CREATE AGGREGATE state_shared(text, text, anyelement) (SFUNC = health_score_internal.health_score_step, STYPE = bytea, COMBINEFUNC = health_score_internal.health_score_combine);
CREATE AGGREGATE state_shared(text, text, anyelement, timestamptz) (SFUNC = health_score_internal.health_score_step, STYPE = bytea, COMBINEFUNC = health_score_internal.health_score_combine);
CREATE TABLE shared (state bytea, score float8);
INSERT INTO shared SELECT state_shared('other', signal, value), health_score('other', signal, value) FROM (VALUES ('logins', 40)) e (signal, value);
INSERT INTO shared (score, state) SELECT health_score('other', signal, value), state_shared('other', signal, value) FROM (VALUES ('logins', 40)) e (signal, value);
INSERT INTO shared (score, state) SELECT health_score('other', signal, value, now()), state_shared('other', signal, value, now()) FROM (VALUES ('logins', 40)) e (signal, value);
SQL
# One row of the table at a time: states of two as_of are not merged.
shared=$(sql -c "SELECT score, merge_score(state) FROM shared GROUP BY state, score")
[ "$shared" = $'80|80\n80|80\n80|80' ] || fail "shared states: $shared"
printf 'ok shared states\n'

# A direct call, even with NULLs, is an error that names the aggregate.
calls=$(sql <<'SQL'
CREATE FUNCTION call_by_hand(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || hint;
END $$;
SELECT p.oid::regprocedure, call
  FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score',
       LATERAL (SELECT string_agg('NULL::' || replace(t::regtype::text, 'anyelement', 'int'), ', ') AS nulls FROM unnest(p.proargtypes::oid[]) t) n,
       LATERAL (SELECT call_by_hand(format('SELECT %s(%s)', p.oid::regproc, nulls)) AS call) c
 WHERE p.prokind = 'f' AND p.proname ~ '_(step|combine|final|inverse)$'
 ORDER BY 1;
SQL
)
[ "$(grep -c '|42809 Call health_[a-z_]* itself\.$' <<<"$calls")" = "$(grep -c . <<<"$calls")" ] && [ "$(grep -c . <<<"$calls")" -gt 30 ] || fail "calls by hand: $calls"
printf 'ok calls by hand\n'
