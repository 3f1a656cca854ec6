#!/usr/bin/env bash
# Random statements on the extension's functions (sqlsmith): no crash, and no XX000, which would be a bug. Wrappers of
# the test call set-returning functions and functions that take a row. SQLSMITH_STATEMENTS is the number of statements;
# make faults has 5,000.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

. "$ROOT/tests/shell/lib/own_server.sh"

STATEMENTS=${SQLSMITH_STATEMENTS:-500}
SEED=${SQLSMITH_SEED:-1}
if ! command -v sqlsmith >/dev/null; then
  printf 'skip sqlsmith: it is not installed (Debian: sqlsmith)\n'
  exit 0
fi

init_server "track_functions = 'all'"
start_server
psql -X -q -At -c "CREATE DATABASE smith"
export PGDATABASE=smith
sql >/dev/null <<'SQL'
CREATE EXTENSION health_score;
CREATE TABLE account (id int, a int, b float8, tone text, at timestamptz, plan text);
INSERT INTO account SELECT i, i * 7 % 101, i % 11, (ARRAY['good', 'bad', NULL])[1 + i % 3], timestamptz '2026-01-01' + make_interval(days => i), 'p' || i % 3 FROM generate_series(1, 60) i;
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"curve": [[0, 0], [5, 60], [20, 100]]}, "optional": true}, "tone": {"scale": {"map": {"good": 100, "bad": 0}}, "optional": true}},
    "segments": [{"name": "big", "when": {"input": "plan", "eq": "p1"}, "patch": {"signals": {"a": {"weight": 9}}}}], "rules": [{"name": "low", "when": {"input": "a", "lt": 9}, "cap": 30}]}');
SELECT health_model_save(name, health_template(name)) FROM unnest(health_template_names()) AS name;
SELECT health_source_add('s', 'm', 'account', 'id', time_column => 'at');
CALL health_backfill('s', '2026-01-15', '2026-03-15', '1 month');
SELECT health_pulse_set('accounts', 3, 'a', 9, 'why'), health_override_set('accounts', 4, 'cap', 10, 'why'), health_identity_link('zendesk', 5, 'accounts', 5);
INSERT INTO health_outcome (account_id, kind, at) SELECT i, 'churned', '2026-02-20' FROM generate_series(1, 20) i;
-- The values for arguments: sqlsmith itself knows only columns, small numbers and NULL.
CREATE TABLE words AS SELECT unnest(ARRAY['m', 'm@1', 'm@99', 'saas', 'actions', 's', 'accounts', 'account', '3', '', 'big', 'a', 'nobody', '{"a": 5}', '{"a": "x"}', '[1]', '{', 'true', 'cap', 'churned', 'drop', '2026-02-01', repeat('long ', 300), 'ä''"\', '1 month', 'segment']) AS w1,
    unnest(ARRAY['m', 's', 'a', 'tone', 'accounts', 'zendesk', '4', 'saas@1', 'all', 'owner', 'red', 'x.%I', 'text', 'account', '*', '%', 'public']) AS w2, ARRAY['a', 'b', NULL, '*'] AS w3;
CREATE TABLE document AS SELECT definition AS d1, (SELECT to_jsonb(a) FROM account a WHERE id = version) AS d2 FROM health_model
    UNION ALL SELECT d::jsonb, d::jsonb FROM unnest(ARRAY['{}', '[]', '1', 'null', '"text"', '{"signals": 3}', '{"signals": {"a": {"scale": {"linear": [0, 1]}}}}', '{"a": 1e400}', '{"a": [1, {"b": 2}], "b": null}', '{"all": [{"input": "a", "lt": 3}]}', '{"signals": {"a": {"scale": {"linear": [0, 1]}, "combine": "sum", "window": "7 days"}}}']) d
    UNION ALL SELECT jsonb_build_object('a', i * 30 - 40, 'b', i), health_inputs('a', i, 'tone', 'good') FROM generate_series(0, 5) i;
CREATE TABLE number AS SELECT unnest(ARRAY[0, 50, 100, -1, 101, 'NaN', 'Infinity', '-Infinity', 1e308, 1e-320, 39.9999999]) AS f1, unnest(ARRAY[0, 1, 7, -1, 2147483647, -2147483648, 100]) AS i1,
    unnest(ARRAY[0, 9223372036854775807, -9223372036854775808, 5]) AS l1, unnest(ARRAY[true, false, NULL]) AS b1, unnest(ARRAY[0, 1.5, 'NaN', 1e40]::numeric[]) AS n1, unnest(ARRAY[3, 7]::int2[]) AS s1, unnest(ARRAY[1.5, 'NaN']::float4[]) AS g1;
CREATE TABLE moment AS SELECT unnest(ARRAY['2026-02-01', '2026-03-15', 'infinity', '-infinity', '4714-11-24 BC', '294276-12-31', NULL]::timestamptz[]) AS t1, unnest(ARRAY['1 day', '-1 day', '0', '1 month', '178000000 years', NULL]::interval[]) AS v1,
    unnest(ARRAY['account', 'words', 'health_model', 's_history', 's_current', 'pg_class']::regclass[]) AS r1, unnest(ARRAY['2026-02-01', 'infinity']::date[]) AS d1, unnest(ARRAY['\x6873', '\x', '\x000173680000000000000000']::bytea[]) AS y1;
SQL
# sqlsmith reads the first pg_proc in its search_path: this view has only the extension's functions and those that make
# arguments. Each function that returns rows or takes a row has a wrapper.
sql >/dev/null <<'SQL'
CREATE SCHEMA smith;
CREATE TABLE smith.ours AS SELECT p.oid, p.proname, p.prokind, p.proretset FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_catalog.pg_proc p ON p.oid = d.objid
 WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e';
CREATE SCHEMA wrapped;
DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT p.oid, p.pronamespace::regnamespace AS schema, p.proname, p.proretset,
                    (SELECT string_agg(CASE WHEN t = 'record'::regtype THEN 'jsonb' WHEN t = '"any"'::regtype THEN 'text' ELSE t::regtype::text END, ', ' ORDER BY at) FROM unnest(p.proargtypes) WITH ORDINALITY u (t, at)) AS types,
                    (SELECT string_agg(CASE WHEN t = 'record'::regtype THEN format('jsonb_populate_record(NULL::public.account, $%s)', at) ELSE '$' || at END, ', ' ORDER BY at) FROM unnest(p.proargtypes) WITH ORDINALITY u (t, at)) AS arguments
               FROM smith.ours o JOIN pg_proc p USING (oid) WHERE p.prokind = 'f' AND (p.proretset OR 'record'::regtype = ANY (p.proargtypes) OR '"any"'::regtype = ANY (p.proargtypes) OR p.prorettype = 'record'::regtype)
                AND NOT p.proargtypes::oid[] && ARRAY['internal', 'cstring']::regtype[]::oid[] AND p.provariadic = 0 AND p.proname !~ '_columns$' LOOP
        EXECUTE format('CREATE FUNCTION wrapped.%I(%s) RETURNS bigint LANGUAGE sql AS %L', f.proname || '_' || f.oid, f.types, format('SELECT count(*) + count(x::text) FROM %s.%I(%s) x', f.schema, f.proname, f.arguments));
    END LOOP;
END $$;
-- Most statements with these operators fail before a function is called.
SET allow_system_table_mods = on;
DELETE FROM pg_catalog.pg_operator WHERE EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid IN (oprleft, oprright) AND (t.typcategory IN ('G', 'I', 'R', 'V') OR t.typname IN ('anyrange', 'anymultirange', 'tsvector', 'tsquery')));
CREATE VIEW smith.pg_proc AS SELECT p.* FROM pg_catalog.pg_proc p
 WHERE (p.oid IN (SELECT oid FROM smith.ours) AND NOT 'record'::regtype = ANY (p.proargtypes) AND NOT '"any"'::regtype = ANY (p.proargtypes) AND p.prorettype <> 'record'::regtype AND p.prokind <> 'p')
    OR p.pronamespace = 'wrapped'::regnamespace
    OR (p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN ('jsonb_build_object', 'jsonb_object_field', 'concat', 'upper', 'make_interval', 'to_jsonb', 'float8', 'now') AND p.provariadic = 0);
SELECT pg_stat_reset();
SQL
# sqlsmith rolls each statement back and gives it one second.
sqlsmith --verbose --target="host=$TMPDIR port=$PGPORT dbname=smith user=$PGUSER options='-c search_path=smith,pg_catalog,public'" \
  --exclude-catalog --max-queries="$STATEMENTS" --seed="$SEED" >"$TMPDIR/smith.out" 2>&1 || true
wait_for_server
! crashed || fail "a server process has crashed: $(grep -B 5 'terminated by signal' "$LOG" | head -n 30)"
internal=$(grep -A 12 '^XX' "$LOG" | head -n 60) || true
[ -z "$internal" ] || fail "an internal error: $internal"
ran=$(grep -aoE 'queries: [0-9]+' "$TMPDIR/smith.out" | tail -n 1) || true
[ "${ran#queries: }" -ge "$STATEMENTS" ] || fail "only ${ran:-none} of $STATEMENTS: $(tail -n 5 "$TMPDIR/smith.out")"
read -r called calls all < <(sql -F ' ' -c "SELECT count(s.calls), sum(s.calls), count(*) FROM smith.ours o LEFT JOIN pg_stat_user_functions s ON s.funcid = o.oid")
[ "$called" -ge 50 ] || fail "only $called functions were called"
printf 'ok %s random statements: %s functions of %s were called %s times, no crash and no internal error\n' "$STATEMENTS" "$called" "$all" "$calls"
