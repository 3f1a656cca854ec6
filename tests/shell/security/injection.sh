#!/usr/bin/env bash
# Texts that try to end a string, a name or a statement: in every text argument of every function, found by the catalog,
# and as every name in a source, a model and a playbook. No part of a text is executed.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/lib/calls.sh"

calls_setup | sql
sql <<'SQL'
CREATE SCHEMA hook;
CREATE TABLE hook.caught (what text);
-- Records each call, even if the caller catches its error.
CREATE FUNCTION hook.fire() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'CAUGHT'; RETURN 'x'; END $$;
CREATE TABLE hook.payload (place int GENERATED ALWAYS AS IDENTITY, text text);
INSERT INTO hook.payload (text) VALUES
  ('''; INSERT INTO hook.caught VALUES (1); --'), ('"; INSERT INTO hook.caught VALUES (2); --'), (''' || hook.fire() || '''), ('" || hook.fire() || "'),
  ('x'') OR hook.fire() IS NULL OR ('''' = '''), ('$$ || hook.fire() || $$'), ('$sql$ || hook.fire() || $sql$'), ('\'' || hook.fire() || '''), ('''''; SELECT hook.fire(); --'),
  ('%s %I %L %1$s %9$I'), (E'line one\n''; SELECT hook.fire(); --\nline two'), ('*/ SELECT hook.fire() /*'), ('(SELECT hook.fire())'), ('hook.fire()'), (';'), (''''), ('"'), ('\'),
  ('Ünï “quotes” ’; SELECT hook.fire(); — 💥 ﹔＇'), (repeat('é''"', 40)), ('public.account; SELECT hook.fire()'), ('');
SQL

# The usual value of each text argument, by name: the test fails for a new name until it is added here.
sql <<'SQL'
CREATE TABLE hook.argument (name text PRIMARY KEY, expression text);
INSERT INTO hook.argument VALUES
  ('as_of', $$'2026-02-01'$$), ('account', $$'{"a": 40, "b": 3}'$$), ('at', $$'2026-02-01'$$), ('account_column', $$'id'$$), ('account_id', $$'3'$$), ('action', $$'called'$$), ('asked', $$'true'$$), ('band_column', $$'csm'$$), ('bands', $$'terciles'$$), ('before', $$'{"a": 40, "b": 3}'$$),
  ('after', $$'{"a": 50, "b": 3}'$$), ('book', $$'accounts'$$), ('by', $$'all'$$), ('cell', $$'x.%I'$$), ('code', $$'22023'$$), ('column', $$'id'$$), ('columns', $$'{*}'$$), ('created', $$'2026-01-01'$$), ('created_by', $$'ann'$$),
  ('cron', $$'* * * * *'$$), ('context', $$'c'$$), ('new_role', $$'pg_monitor'$$), ('old_role', $$'postgres'$$), ('field', $$'1-5'$$), ('zone', $$'UTC'$$), ('warning', $$'w'$$), ('detail', $$'d'$$), ('example', $$'f(1)'$$), ('external_id', $$'5'$$), ('first', $$'1'$$), ('hint', $$'h'$$), ('history', $$'public.s_history'$$), ('home', $$'public'$$), ('ids', $$'{3}'$$), ('job', $$'csm'$$), ('keep', $$'{csm}'$$), ('privileges', $$'SELECT'$$),
  ('kind', $$'churned'$$), ('last', $$'50'$$), ('message', $$'m'$$), ('mode', $$'cap'$$), ('model', $$'m'$$), ('name', $$'m'$$), ('name_column', $$'name'$$), ('names', $$'{a,b}'$$), ('note', $$'n'$$), ('only_account', $$'3'$$), ('only_source', $$'s'$$),
  ('account_type', $$'integer'$$), ('row', $$'h'$$), ('suffix', $$'_recent'$$),
  ('outcome', $$'gone'$$), ('owner_column', $$'csm'$$), ('parent_column', $$'name'$$), ('path', $$'public'$$), ('query', $$'SELECT 1'$$), ('ref', $$'r'$$), ('renewal_column', 'NULL'), ('reviewed', $$'2026-01-01'$$), ('role', $$'x'$$),
  ('segment', $$''$$), ('segment_column', $$'csm'$$), ('signal', $$'a'$$), ('source', $$'s'$$), ('sqlstate', $$'22023'$$), ('system', $$'zendesk'$$), ('template', $$'simple'$$), ('time_column', $$'at'$$), ('to_external_id', $$'5'$$), ('trigger', $$'trend'$$),
  ('score_column', $$'a'$$), ('event_account', $$'id'$$), ('event_signal', $$'name'$$), ('event_value', $$'a'$$), ('event_time', $$'at'$$), ('account_row', $$'account'$$), ('given', $$'NULL::jsonb'$$), ('wanted', $$'true'$$), ('only_accounts', $$'{3}'$$),
  ('to_system', $$'accounts'$$), ('type', $$'text'$$), ('value', $$'1'$$), ('value_column', $$'a'$$), ('what', $$'band'$$), ('words', $$'usage'$$),
  ('definition', $$'{"signals": {"a": {"scale": {"linear": [0, 1]}}}}'$$), ('history_row', $$'h'$$), ('inputs', $$'{a,b}'$$), ('owner', $$'ann'$$), ('playbook', $$'by hand'$$), ('reason', $$'r'$$), ('saved_name', $$'m'$$), ('severity', $$'high'$$);
-- Usual values of the other types.
CREATE TABLE hook.type (type regtype PRIMARY KEY, expression text);
INSERT INTO hook.type VALUES
  ('date', $$'2026-02-01'$$), ('timestamp', $$'2026-02-01'$$), ('integer', '1'), ('bigint', '1'), ('bigint[]', $$'{1}'$$), ('double precision', '1'), ('double precision[]', $$'{1}'$$), ('boolean', 'false'), ('interval', $$'20 days'$$), ('timestamptz', $$'2026-02-01'$$), ('timestamptz[]', $$'{2026-02-01}'$$), ('timestamp[]', $$'{2026-02-01}'$$),
  ('jsonb', $$public.health_model_get('m')$$), ('json', $$'{"a": 1, "b": 2}'$$), ('uuid', $$'6b1c5bd6-8dd4-4a5d-9a2e-0d9a0b3c8f11'$$), ('regtype', $$'int4'$$), ('oid', '0'), ('record', $$(SELECT x FROM public.account x LIMIT 1)$$),
  ('health_source', $$(SELECT x FROM public.health_source x WHERE x.name = 's')$$), ('health_model', $$(SELECT x FROM public.health_model x WHERE x.active)$$), ('health_score_internal.health_history_register', $$(SELECT x FROM health_score_internal.health_history_register x LIMIT 1)$$),
  ('health_run', $$(SELECT x FROM public.health_run x ORDER BY x.id LIMIT 1)$$),
  ('health_playbook', $$(SELECT x FROM public.health_playbook x LIMIT 1)$$),
  ('health_score_internal.health_recall', $$(SELECT health_score_internal.health_recall_of(x, '2026-03-05', 1) FROM public.health_source x WHERE x.name = 's')$$);
-- Other values for single arguments or functions.
CREATE TABLE hook.special (function text, argument text, type regtype, expression text);
INSERT INTO hook.special VALUES
  ('health_grant%', 'role', 'text', $$'pg_monitor'$$), ('health_revoke', 'role', 'text', $$'pg_monitor'$$),
  ('health_past_make', 'bands', 'text[]', $$'{red}'$$),
  ('%', 'account', 'jsonb', $$'{"a": 40, "b": 3}'$$), ('%', 'before', 'jsonb', $$'{"a": 40, "b": 3}'$$), ('%', 'after', 'jsonb', $$'{"a": 50, "b": 3}'$$), ('%', 'condition', 'jsonb', $$'{"input": "a", "lt": 50}'$$),
  ('health_what_if', 'before', 'jsonb', $$public.health_model_get('m')$$), ('health_what_if', 'after', 'jsonb', $$public.health_model_get('m')$$), ('health_what_if', 'before', 'text', $$'m'$$), ('health_what_if', 'after', 'text', $$'m'$$),
  ('%', 'value', 'jsonb', $$'4'$$), ('health_pulse_set', 'value', 'anycompatible', '4'), ('health_pulse_%', 'signal', 'text', $$'call'$$), ('%', 'inputs', 'jsonb', $$'{"csat": "b"}'$$), ('%', 'known', 'jsonb', $$'["red"]'$$), ('%', 'drivers%', 'jsonb', $$'[]'$$),
  ('health_playbook_name', 'name', 'text', $$'red'$$), ('health_model_fit', 'relation', 'regclass', $$'public.fitted'$$), ('health_signal_power', 'relation', 'regclass', $$'public.fitted'$$), ('health_signal_power', 'by', 'text', $$'b'$$),
  ('health_source_drop', 'name', 'text', $$'s'$$), ('health_source_add', 'name', 'text', $$'s'$$), ('health_source_add', 'history', 'text', 'NULL'), ('health_source_add', 'events', 'regclass', 'NULL'), ('health_source_add', 'event%', 'text', 'NULL'), ('health_template', 'name', 'text', $$'simple'$$), ('health_alert_snooze', 'until', 'timestamptz', $$(now() + '1 day')$$),
  ('health_source_get', 'name', 'text', $$'s'$$), ('health_refresh_report', 'failures', 'jsonb', $$'[]'$$), ('health_run_release', 'run', 'bigint', $$(SELECT max(id) FROM public.health_run WHERE status = 'held')$$),
  ('health_run_alerts', 'run', 'bigint', $$(SELECT max(id) FROM public.health_run)$$), ('health_run_undo', 'run', 'bigint', $$(SELECT max(id) FROM public.health_run WHERE source = 's' AND status = 'done')$$),
  ('health_import_read', 'query', 'text', $$'SELECT ARRAY[pg_catalog.now()]'$$), ('health_import_fault', 'columns', 'text[]', $$'{id,at,a}'$$),
  ('health_run_%', 'run', 'bigint', $$(SELECT health_score_internal.health_run_begin('s', '2026-02-01'))$$), ('health_alert_delivered', 'id', 'bigint', $$(SELECT c.id FROM public.health_alert_claim(1) c)$$);
-- Arguments that are SQL or a part of it, in steps of other functions: a caller could as well execute the SQL directly.
CREATE TABLE hook.statement (function text, argument text);
INSERT INTO hook.statement VALUES
  ('health_run_insert', 'query'), ('health_run_insert', 'path'), ('health_run_fails', 'query'), ('health_import_read', 'query'), ('health_import_write', 'query'), ('health_alert_execute', 'query'),
  ('health_history_insert', 'query'), ('health_source_inputs', 'cell'), ('health_source_cell', 'cell'), ('health_source_cell', 'type'), ('health_alert_earlier', 'asked'),
  ('health_kept_arguments', 'history_row'), ('health_kept_drivers_of', 'history_row'), ('health_kept_words', 'history_row'), ('health_kept_words', 'before'), ('health_source_table_columns', 'account_type'),
  ('health_source_table_columns', 'suffix'), ('health_source_table', 'suffix'), ('health_source_table_own', 'suffix'), ('health_recall_look_back', 'account'), ('health_recall_entered', 'account'), ('health_recall_list', 'account');
CREATE TABLE hook.function AS
SELECT p.oid, p.proname, p.prokind, i AS place, coalesce(nullif(p.proargnames[i], ''), '?') AS argument, p.proargtypes[i - 1] AS type, p.pronargs
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_proc p ON p.oid = d.objid, generate_series(1, p.pronargs) i
 WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND p.prorettype NOT IN ('trigger'::regtype, 'cstring'::regtype, 'internal'::regtype)
   AND NOT (p.proargtypes::oid[] && ARRAY['internal', 'cstring', 'bytea', 'health_score_internal.health_time']::regtype[]::oid[]);
-- Arguments of aggregates have no names: model, signal, value.
UPDATE hook.function f SET argument = CASE WHEN f.place = 1 AND f.type = 'text'::regtype THEN 'model' WHEN f.place = 2 AND f.type = 'text'::regtype THEN 'signal' ELSE 'value' END WHERE f.argument = '?';
SQL
unknown=$(sql -c "SELECT string_agg(DISTINCT f.argument || ' of ' || f.proname, ', ') FROM hook.function f WHERE f.type IN ('text'::regtype, 'text[]'::regtype) AND NOT EXISTS (SELECT FROM hook.argument a WHERE a.name = f.argument)")
[ -z "$unknown" ] || fail "a text argument that this test does not know: $unknown"
unknown=$(sql -c "SELECT string_agg(DISTINCT f.type::regtype || ' of ' || f.proname, ', ') FROM hook.function f WHERE f.type NOT IN ('text'::regtype, 'text[]'::regtype, 'regclass'::regtype, '\"any\"'::regtype, 'anyelement'::regtype, 'anycompatible'::regtype) AND NOT EXISTS (SELECT FROM hook.type t WHERE t.type = f.type)")
[ -z "$unknown" ] || fail "a type that this test does not know: $unknown"

sql <<'SQL'
CREATE TABLE hook.filled AS
SELECT f.*, coalesce((SELECT x.expression || CASE WHEN f.type = 'anycompatible'::regtype THEN '' ELSE '::' || f.type::regtype END FROM hook.special x WHERE f.proname LIKE x.function AND f.argument LIKE x.argument AND f.type = x.type ORDER BY length(x.function) DESC LIMIT 1),
         CASE WHEN f.type = 'regclass'::regtype THEN CASE WHEN f.argument = 'history' THEN '''public.s_history''' ELSE '''public.account''' END
              WHEN f.type IN ('text'::regtype, 'text[]'::regtype) THEN a.expression || '::' || f.type::regtype
              WHEN f.type IN ('"any"'::regtype, 'anyelement'::regtype, 'anycompatible'::regtype) THEN coalesce(a.expression, '''1''') || '::text'
              ELSE t.expression || '::' || f.type::regtype END) AS expression
  FROM hook.function f LEFT JOIN hook.argument a ON a.name = f.argument LEFT JOIN hook.type t ON t.type = f.type;
SQL
# With the usual arguments the calls succeed: otherwise a hostile text would not get far.
sql >"$TMPDIR/usual.sql" <<'SQL'
SELECT format(E'\\echo == %s\n', oid::regprocedure) || format('BEGIN; SELECT x::text FROM %s.%I(%s) x; ROLLBACK;', (SELECT p.pronamespace::regnamespace FROM pg_proc p WHERE p.oid = filled.oid), proname, string_agg(expression, ', ' ORDER BY place))
  FROM hook.filled WHERE prokind = 'f' GROUP BY oid, proname ORDER BY oid::regprocedure::text;
SQL
# Expected errors: functions for the planner and for aggregates; functions that need pg_cron; ids that are UUIDs (the
# book has none); no complete horizon in the history; a model as text that looks like JSON.
refusals="cannot be called directly|pg_cron is not installed|6b1c5bd6|has no score with a complete horizon|has no value for|the account is a number, not a row|the name comes before the document|health_raise.*ERROR:  m$|health_event_[a-z]*.*null values cannot be formatted as an SQL identifier"
refused=$(psql -X -q -At -v SHOW_CONTEXT=never -f "$TMPDIR/usual.sql" 2>&1 | awk '/^== /{ at = $0 } /ERROR:/{ print at ": " $0 }' | grep -Ev "$refusals" || true)
[ -z "$refused" ] || fail "the usual arguments: $refused"

sql >"$TMPDIR/statements.sql" <<'SQL'
WITH tried AS (
  SELECT w.oid, w.proname, w.prokind, w.argument, p.place, string_agg(CASE WHEN f.place <> w.place THEN f.expression WHEN w.type = 'text[]'::regtype THEN format('ARRAY[%L]::text[]', p.text) ELSE format('%L::text', p.text) END, ', ' ORDER BY f.place) AS arguments
    FROM hook.function w JOIN hook.filled f ON f.oid = w.oid CROSS JOIN hook.payload p
   WHERE w.type IN ('text'::regtype, 'text[]'::regtype, '"any"'::regtype, 'anyelement'::regtype, 'anycompatible'::regtype)
     AND NOT EXISTS (SELECT FROM hook.statement s WHERE s.function = w.proname AND s.argument = w.argument)
   GROUP BY w.oid, w.proname, w.prokind, w.argument, w.place, p.place
)
SELECT format(E'\\echo == %s (%s) %s\n', proname, argument, place)
       || CASE prokind WHEN 'p' THEN format('CALL %s.%I(%s);', home, proname, arguments)
                       WHEN 'a' THEN format('BEGIN; SELECT %s.%I(%s)::text; ROLLBACK;', home, proname, arguments)
                       ELSE format('BEGIN; SELECT x::text FROM %s.%I(%s) x; ROLLBACK;', home, proname, arguments) END
  FROM (SELECT t.*, (SELECT p.pronamespace::regnamespace FROM pg_proc p WHERE p.oid = t.oid) AS home FROM tried t) t ORDER BY proname COLLATE "C", oid, argument COLLATE "C", place;
SQL
psql -X -q -At -v SHOW_CONTEXT=never -v VERBOSITY=verbose -f "$TMPDIR/statements.sql" >"$TMPDIR/answers" 2>&1 || true
tried=$(grep -c '^== ' "$TMPDIR/answers")
[ "$tried" -ge 3000 ] || fail "only $tried calls"
last=$(grep '^== ' "$TMPDIR/answers" | tail -n 1)
[ "$last" = "$(grep '^.echo == ' "$TMPDIR/statements.sql" | tail -n 1 | sed 's/^.echo //')" ] || fail "the session ended at $last"
# A syntax error means that a text reached the SQL parser as code.
suspicious() { awk '/^== /{ at = $0 } /WARNING:.*CAUGHT|ERROR: +(XX|42601|42883|42P02)/{ print at ": " $0 }' "$TMPDIR/answers" | grep -v "$1" || true; }
found=$(suspicious 'ERROR:  42601: invalid name syntax')
[ -z "$found" ] || fail "$(head -n 20 <<<"$found")"
[ "$(sql -c "SELECT count(*) FROM hook.caught")" = 0 ] || fail "a statement was executed"
printf 'ok %s calls with hostile texts\n' "$tried"

# The same texts as names: of the schema, the relation and its columns, of source, model, book, signal, rule, band and segment, of
# accounts, owners and playbooks. The whole cycle works, from source to alert to removal, and the numbers are correct.
names() { sql -v payload="$1" -f - <<'SQL'
-- A draft asks about columns by name.
SET client_min_messages = warning;
SELECT set_config('hook.name', (SELECT left(rtrim(translate(p.text, '@{', '..')), CASE WHEN octet_length(p.text) > length(p.text) THEN 12 ELSE 30 END) FROM hook.payload p WHERE p.place = :payload), false) \g /dev/null
SELECT current_setting('hook.name') AS n, quote_ident('s' || current_setting('hook.name')) AS s \gset
CREATE SCHEMA :s;
CREATE FUNCTION hook.model(n text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object(
  'signals', jsonb_build_object('a' || n, jsonb_build_object('scale', '{"linear": [0, 100]}'::jsonb, 'label', n, 'unit', n, 'evidence', 'w' || n, 'category', 'c' || n, 'meta', jsonb_build_object('x', n)),
                                'q' || n, jsonb_build_object('ask', n, 'optional', true, 'category', 'c' || n, 'scale', jsonb_build_object('map', jsonb_build_object(n || 'x', 100), 'otherwise', 0))),
  'categories', jsonb_build_object('c' || n, jsonb_build_object('label', n)),
  'rules', jsonb_build_array(jsonb_build_object('name', 'r' || n, 'reason', n, 'when', jsonb_build_object('input', 'w' || n, 'eq', n || 'never'), 'cap', 1)),
  'segments', jsonb_build_array(jsonb_build_object('name', 'g' || n, 'when', jsonb_build_object('input', 'w' || n, 'eq', n || 'x'), 'patch', jsonb_build_object('purpose', n))),
  'bands', jsonb_build_array(jsonb_build_object('name', 'low' || n, 'label', n, 'from', 0), jsonb_build_object('name', 'high' || n, 'from', 50)), 'purpose', n) $$;
SELECT health_model_save('m' || :'n', hook.model(:'n'), :'n') \g /dev/null
SELECT format('CREATE TABLE %s.%I (%I text, %I int, %I text, %I timestamptz, %I text, %I numeric)', :'s', 't' || :'n', 'id' || :'n', 'a' || :'n', 'w' || :'n', 'at' || :'n', 'p' || :'n', 'v' || :'n') \gexec
SELECT format('INSERT INTO %s.%I SELECT i || %L, CASE WHEN m = 2 THEN i ELSE 100 - i END, %L, timestamptz ''2026-01-01'' + m * interval ''1 month'', ''p'' || %L, i FROM generate_series(1, 40) i, generate_series(0, 2) m', :'s', 't' || :'n', :'n', :'n' || 'x', :'n') \gexec
SELECT format('%s.%I', :'s', 't' || :'n') AS t, format('%s.%I', :'s', left('s' || :'n', 12) || '_history') AS h, left('s' || :'n', 12) AS src \gset
SELECT health_source_add(:'src', 'm' || :'n', :'t', 'id' || :'n', book => 'b' || :'n', name_column => 'w' || :'n', owner_column => 'w' || :'n', parent_column => 'p' || :'n', value_column => 'v' || :'n', segment_column => NULL,
                         time_column => 'at' || :'n', keep => ARRAY['w' || :'n'], hold_alerts_above => 1) \g /dev/null
INSERT INTO health_playbook (name, model, trigger, band, condition, segment, action, owner)
SELECT 'p' || :'n', 'm' || :'n', 'band', 'low' || :'n', jsonb_build_object('input', 'w' || :'n', 'eq', :'n' || 'x'), 'g' || :'n', :'n', :'n';
CALL health_refresh(:'src', '2026-02-15');
CALL health_refresh(:'src', '2026-03-15');
SELECT health_pulse_set('b' || :'n', '1' || :'n', 'q' || :'n', :'n' || 'x', :'n' || 'why') > 0, health_override_set('b' || :'n', '2' || :'n', 'cap', 5, :'n' || 'why') > 0,
       health_identity_link('y' || :'n', 'e' || :'n', 'b' || :'n', '3' || :'n', 'b' || :'n') = '3' || :'n';
SELECT health_account_id('y' || :'n', 'e' || :'n', 'b' || :'n') = '3' || :'n', health_refresh_account(:'src', '1' || :'n');
INSERT INTO health_outcome (book, account_id, kind, at, note) SELECT 'b' || :'n', i || :'n', 'churned', '2026-02-20', :'n' FROM generate_series(1, 12) i;
SELECT 'rows', count(*), count(DISTINCT h.band), bool_and(h.name = :'n' || 'x'), bool_and(h.segment = 'g' || :'n'), bool_and(h.inputs ? ('w' || :'n')) FROM :h h;
SELECT 'alerts', count(*), bool_and(right(a.account_id, 1) = right(:'n', 1)), bool_and(a.playbook = 'p' || :'n'), bool_and(a.explanation <> '') FROM health_alert a WHERE a.source = :'src';
SELECT 'views', (SELECT count(*) FROM health_model_signals x WHERE x.name = 'm' || :'n'), (SELECT count(*) FROM health_model_rules x WHERE x.name = 'm' || :'n');
SELECT format('SELECT ''current'', count(*), bool_and(c.explanation <> '''') FROM %s.%I c', :'s', :'src' || '_current') \gexec
SELECT format('SELECT ''more'', (SELECT count(*) FROM %1$s.%2$I), (SELECT count(*) FROM %1$s.%3$I), (SELECT count(*) FROM %1$s.%4$I)', :'s', :'src' || '_portfolio', :'src' || '_parents', :'src' || '_inputs') \gexec
SELECT 'reads', health_account(:'src', '1' || :'n') ? 'current', (SELECT count(*) FROM health_labelled(:'src', horizon => '5 days', until => '2026-03-10')), (SELECT count(*) FROM health_replay(:'src', hook.model(:'n'))),
       (SELECT count(*) > 0 FROM health_model_review('m' || :'n')), (SELECT count(*) FROM health_explain_change(:'src', '5' || :'n', '2026-02-16', '2026-03-16', 'owner')) > 0,
       (SELECT count(*) FROM health_model_match('m' || :'n', :'t')), length(health_model_card('m' || :'n')) > 100, health_model_draft(:'t', 'simple', jsonb_build_object('csat', 'a' || :'n')) ? 'signals', (SELECT count(*) FROM health_what_if('m' || :'n', hook.model(:'n'), :'t', 'id' || :'n')) > 0;
SELECT format('SELECT ''sql'', count(*), count(*) FILTER (WHERE abs(q.health_score - health_score(%L, t)) <= 1e-9) FROM (%s) q JOIN %s t USING (%I, %I)', 'm' || :'n', rtrim(health_model_sql('m' || :'n', :'t'), E'; \n'), :'t', 'id' || :'n', 'at' || :'n') \gexec
SELECT 'export', (SELECT count(*) FROM jsonb_object_keys(health_export('b' || :'n', '1' || :'n') -> 'rows')) > 5, (SELECT sum(rows) FROM health_forget('b' || :'n', '1' || :'n')) > 3, (SELECT count(*) FROM :h WHERE account_id = '1' || :'n');
SELECT health_retain(:'src', '1 day') > 0;
SELECT health_source_drop(:'src'), health_model_drop('m' || :'n') \g /dev/null
SELECT 'caught', count(*) FROM hook.caught;
DROP FUNCTION hook.model;
SQL
}
flows=0
first=
for payload in $(sql -c "SELECT place FROM hook.payload WHERE text <> '' ORDER BY place"); do
  answer=$(names "$payload" 2>&1) || fail "names of payload $payload: $answer"
  [[ $answer != *CAUGHT* && $answer == *'caught|0'* ]] || fail "payload $payload was executed: $answer"
  first=${first:-$answer}
  [ "$answer" = "$first" ] || fail "payload $payload: $(diff <(printf '%s' "$first") <(printf '%s' "$answer"))"
  flows=$((flows + 1))
done
printf 'ok %s hostile names go all the way\n' "$flows"

# Names of 63 bytes, the maximum of Postgres: code that counts characters instead of bytes would cut a character in two.
for name in "$(printf 'n%.0s' {1..63})" "$(printf 'é%.0s' {1..31})" "x$(printf '💥%.0s' {1..15})y"; do
  answer=$(sql -v name="$name" -f - 2>&1 <<'SQL'
SELECT format('CREATE SCHEMA %I', :'name') \gexec
SELECT format('CREATE TABLE %1$I.%1$I (%1$I int, at timestamptz)', :'name') \gexec
SELECT format('INSERT INTO %1$I.%1$I SELECT i, timestamptz ''2026-01-01'' + m * interval ''1 month'' FROM generate_series(1, 9) i, generate_series(0, 3) m', :'name') \gexec
SELECT health_model_save(:'name', jsonb_build_object('signals', jsonb_build_object(:'name', '{"scale": {"linear": [0, 10]}}'::jsonb))) \g /dev/null
SELECT health_source_add(left(:'name', 9), :'name', format('%1$I.%1$I', :'name')::regclass, :'name', time_column => 'at', history => format('%1$I.%2$I', :'name', left(:'name', -1) || 'h')) \g /dev/null
CALL health_backfill(left(:'name', 9), '2026-01-15', '2026-04-15');
SELECT format('SELECT count(*), count(DISTINCT tableoid) FROM %I.%I', :'name', left(:'name', -1) || 'h') \gexec
SELECT health_retain(left(:'name', 9), '1 day') >= 4;
SELECT health_source_drop(left(:'name', 9)) \g /dev/null
SQL
  ) || fail "a name of 63 bytes: $answer"
  [ "$answer" = $'36|4\nt' ] || fail "a name of 63 bytes: $answer"
done
printf 'ok names of 63 bytes\n'
