#!/usr/bin/env bash
# Texts that would end a string, a name or a statement, in every text argument of every function, by the catalog; and as the names
# of everything that a source, a model and a playbook can name. Nothing of them is ever executed.
set -euo pipefail
. "$(dirname "$0")/calls.sh"

fail() { printf 'FAILED injection: %s\n' "$1"; exit 1; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 "$@"; }

calls_setup | sql
sql <<'SQL'
CREATE SCHEMA hook;
CREATE TABLE hook.caught (what text);
-- Says so, wherever it is called, and however its error is caught.
CREATE FUNCTION hook.fire() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'CAUGHT'; RETURN 'x'; END $$;
CREATE TABLE hook.payload (place int GENERATED ALWAYS AS IDENTITY, text text);
INSERT INTO hook.payload (text) VALUES
  ('''; INSERT INTO hook.caught VALUES (1); --'), ('"; INSERT INTO hook.caught VALUES (2); --'), (''' || hook.fire() || '''), ('" || hook.fire() || "'),
  ('x'') OR hook.fire() IS NULL OR ('''' = '''), ('$$ || hook.fire() || $$'), ('$sql$ || hook.fire() || $sql$'), ('\'' || hook.fire() || '''), ('''''; SELECT hook.fire(); --'),
  ('%s %I %L %1$s %9$I'), (E'line one\n''; SELECT hook.fire(); --\nline two'), ('*/ SELECT hook.fire() /*'), ('(SELECT hook.fire())'), ('hook.fire()'), (';'), (''''), ('"'), ('\'),
  ('Ünï “quotes” ’; SELECT hook.fire(); — 💥 ﹔＇'), (repeat('é''"', 40)), ('public.account; SELECT hook.fire()'), ('');
SQL

# What each text argument usually holds, by its name: a new name fails here, and is written down.
sql <<'SQL'
CREATE TABLE hook.argument (name text PRIMARY KEY, expression text);
INSERT INTO hook.argument VALUES
  ('as_of', $$'2026-02-01'$$), ('account', $$'{"a": 40, "b": 3}'$$), ('account_column', $$'id'$$), ('account_id', $$'3'$$), ('action', $$'called'$$), ('asked', $$'true'$$), ('bands', $$'{red,green}'$$), ('before', $$'{"a": 40, "b": 3}'$$),
  ('after', $$'{"a": 50, "b": 3}'$$), ('book', $$'accounts'$$), ('by', $$'all'$$), ('cell', $$'x.%I'$$), ('code', $$'22023'$$), ('column', $$'id'$$), ('columns', $$'{*}'$$), ('created', $$'2026-01-01'$$), ('created_by', $$'ann'$$),
  ('cron', $$'* * * * *'$$), ('detail', $$'d'$$), ('example', $$'f(1)'$$), ('external_id', $$'5'$$), ('first', $$'1'$$), ('hint', $$'h'$$), ('history', $$'public.s_history'$$), ('home', $$'public'$$), ('ids', $$'{3}'$$), ('keep', $$'{csm}'$$),
  ('kind', $$'churned'$$), ('last', $$'50'$$), ('message', $$'m'$$), ('mode', $$'cap'$$), ('model', $$'m'$$), ('name', $$'m'$$), ('name_column', $$'name'$$), ('names', $$'{a,b}'$$), ('note', $$'n'$$), ('only_account', $$'3'$$), ('only_source', $$'s'$$),
  ('outcome', $$'gone'$$), ('owner_column', $$'csm'$$), ('parent_column', $$'name'$$), ('path', $$'public'$$), ('query', $$'SELECT 1'$$), ('ref', $$'r'$$), ('renewal_column', 'NULL'), ('reviewed', $$'2026-01-01'$$), ('role', $$'x'$$),
  ('segment', $$''$$), ('segment_column', $$'csm'$$), ('signal', $$'a'$$), ('source', $$'s'$$), ('sqlstate', $$'22023'$$), ('system', $$'zendesk'$$), ('template', $$'simple'$$), ('time_column', $$'at'$$), ('to_external_id', $$'5'$$),
  ('to_system', $$'accounts'$$), ('type', $$'text'$$), ('value', $$'1'$$), ('value_column', $$'a'$$), ('what', $$'band'$$), ('words', $$'usage'$$);
-- And what the other types hold.
CREATE TABLE hook.type (type regtype PRIMARY KEY, expression text);
INSERT INTO hook.type VALUES
  ('integer', '1'), ('bigint', '1'), ('double precision', '1'), ('boolean', 'false'), ('interval', $$'20 days'$$), ('timestamptz', $$'2026-02-01'$$), ('timestamptz[]', $$'{2026-02-01}'$$), ('timestamp[]', $$'{2026-02-01}'$$),
  ('jsonb', $$public.health_model_get('m')$$), ('json', $$'{"a": 1, "b": 2}'$$), ('uuid', $$'6b1c5bd6-8dd4-4a5d-9a2e-0d9a0b3c8f11'$$), ('regtype', $$'int4'$$), ('oid', '0'), ('record', $$(SELECT x FROM public.account x LIMIT 1)$$),
  ('health_source', $$(SELECT x FROM public.health_source x WHERE x.name = 's')$$), ('health_model', $$(SELECT x FROM public.health_model x WHERE x.active)$$), ('health_run', $$(SELECT x FROM public.health_run x ORDER BY x.id LIMIT 1)$$),
  ('health_playbook', $$(SELECT x FROM public.health_playbook x LIMIT 1)$$);
-- Arguments that are SQL, or a piece of it, in functions that others use as a step: whoever calls them could as well run it.
CREATE TABLE hook.statement (function text, argument text);
INSERT INTO hook.statement VALUES
  ('health_run_insert', 'query'), ('health_run_insert', 'path'), ('health_run_fails', 'query'), ('health_alert_execute', 'query'),
  ('health_history_insert', 'query'), ('health_source_inputs', 'cell'), ('health_source_cell', 'cell'), ('health_source_cell', 'type'), ('health_alert_earlier', 'asked');
CREATE TABLE hook.function AS
SELECT p.oid, p.proname, p.prokind, i AS place, coalesce(nullif(p.proargnames[i], ''), '?') AS argument, p.proargtypes[i - 1] AS type, p.pronargs
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_proc p ON p.oid = d.objid, generate_series(1, p.pronargs) i
 WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND p.prorettype NOT IN ('trigger'::regtype, 'cstring'::regtype, 'internal'::regtype)
   AND NOT (p.proargtypes::oid[] && ARRAY['internal', 'cstring', 'bytea', 'health_time']::regtype[]::oid[]);
-- Aggregates have no names for what they take: the model, the signal, the value.
UPDATE hook.function f SET argument = CASE WHEN f.place = 1 AND f.type = 'text'::regtype THEN 'model' WHEN f.place = 2 AND f.type = 'text'::regtype THEN 'signal' ELSE 'value' END WHERE f.argument = '?';
SQL
unknown=$(sql -c "SELECT string_agg(DISTINCT f.argument || ' of ' || f.proname, ', ') FROM hook.function f WHERE f.type IN ('text'::regtype, 'text[]'::regtype) AND NOT EXISTS (SELECT FROM hook.argument a WHERE a.name = f.argument)")
[ -z "$unknown" ] || fail "a text argument that this test does not know: $unknown"
unknown=$(sql -c "SELECT string_agg(DISTINCT f.type::regtype || ' of ' || f.proname, ', ') FROM hook.function f WHERE f.type NOT IN ('text'::regtype, 'text[]'::regtype, 'regclass'::regtype, '\"any\"'::regtype, 'anyelement'::regtype, 'anycompatible'::regtype) AND NOT EXISTS (SELECT FROM hook.type t WHERE t.type = f.type)")
[ -z "$unknown" ] || fail "a type that this test does not know: $unknown"

sql >"$TMPDIR/statements.sql" <<'SQL'
WITH filled AS (
  SELECT f.*, CASE WHEN f.type = 'regclass'::regtype THEN CASE WHEN f.argument = 'history' THEN '''public.s_history''' ELSE '''public.account''' END
                   WHEN f.type IN ('text'::regtype, 'text[]'::regtype) THEN a.expression || '::' || f.type::regtype
                   WHEN f.type IN ('"any"'::regtype, 'anyelement'::regtype, 'anycompatible'::regtype) THEN coalesce(a.expression, '''1''') || '::text'
                   ELSE t.expression || '::' || f.type::regtype END AS expression
    FROM hook.function f LEFT JOIN hook.argument a ON a.name = f.argument LEFT JOIN hook.type t ON t.type = f.type
), tried AS (
  SELECT w.oid, w.proname, w.prokind, w.argument, p.place, string_agg(CASE WHEN f.place <> w.place THEN f.expression WHEN w.type = 'text[]'::regtype THEN format('ARRAY[%L]::text[]', p.text) ELSE format('%L::text', p.text) END, ', ' ORDER BY f.place) AS arguments
    FROM hook.function w JOIN filled f ON f.oid = w.oid CROSS JOIN hook.payload p
   WHERE w.type IN ('text'::regtype, 'text[]'::regtype, '"any"'::regtype, 'anyelement'::regtype, 'anycompatible'::regtype)
     AND NOT EXISTS (SELECT FROM hook.statement s WHERE s.function = w.proname AND s.argument = w.argument)
   GROUP BY w.oid, w.proname, w.prokind, w.argument, w.place, p.place
)
SELECT format(E'\\echo == %s (%s) %s\n', proname, argument, place)
       || CASE prokind WHEN 'p' THEN format('CALL public.%I(%s);', proname, arguments)
                       WHEN 'a' THEN format('BEGIN; SELECT public.%I(%s)::text; ROLLBACK;', proname, arguments)
                       ELSE format('BEGIN; SELECT x::text FROM public.%I(%s) x; ROLLBACK;', proname, arguments) END
  FROM tried ORDER BY proname COLLATE "C", oid, argument COLLATE "C", place;
SQL
psql -X -q -At -v SHOW_CONTEXT=never -v VERBOSITY=verbose -f "$TMPDIR/statements.sql" >"$TMPDIR/answers" 2>&1 || true
tried=$(grep -c '^== ' "$TMPDIR/answers")
[ "$tried" -ge 3000 ] || fail "only $tried calls"
last=$(grep '^== ' "$TMPDIR/answers" | tail -n 1)
[ "$last" = "$(grep '^.echo == ' "$TMPDIR/statements.sql" | tail -n 1 | sed 's/^.echo //')" ] || fail "the session ended at $last"
# A syntax error means that a text has reached a parser of SQL as something else than a text.
suspicious() { awk '/^== /{ at = $0 } /WARNING:.*CAUGHT|ERROR: +(XX|42601|42883|42P02)/{ print at ": " $0 }' "$TMPDIR/answers" | grep -v "$1" || true; }
found=$(suspicious 'ERROR:  42601: invalid name syntax')
[ -z "$found" ] || fail "$(head -n 20 <<<"$found")"
[ "$(sql -c "SELECT count(*) FROM hook.caught")" = 0 ] || fail "a statement was executed"
printf 'ok %s calls with hostile texts\n' "$tried"
