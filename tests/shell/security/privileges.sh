#!/usr/bin/env bash
# The rights of a role without grants, for every table and function in the catalog; and the data that a role sees that
# may read every table of the extension, but no row under row-level security.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/lib/calls.sh"

trap 'sql -c "DROP OWNED BY health_nobody, health_blind" -c "DROP ROLE health_nobody, health_blind" 2>/dev/null || true' EXIT
{
  # Words that occur nowhere else, so that a search finds them.
  calls_setup | sed "s/'Account '/'Zebulon '/; s/'ann'/'Ottilie'/g; s/'why'/'Quagga'/g"
  echo "CREATE ROLE health_nobody; CREATE ROLE health_blind; GRANT CREATE, USAGE ON SCHEMA public TO health_nobody"
} | sql

members="SELECT c.oid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_class c ON c.oid = d.objid WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e'"
may=$(sql -c "
  SELECT string_agg(c.relname || ' ' || p, ', ' ORDER BY c.relname, p) FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'] || CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ARRAY['MAINTAIN'] END) p
   WHERE c.oid IN ($members) AND c.relkind IN ('r', 'v', 'p') AND has_table_privilege('health_nobody', c.oid, p)")
# The trigger of the register asks for privileges on health_source.
[ "$may" = "health_history_register DELETE, health_history_register INSERT, health_history_register SELECT, health_history_register UPDATE, health_model SELECT, health_model_bands SELECT, health_model_rules SELECT, health_model_signals SELECT, health_source SELECT, health_templates SELECT" ] ||
  fail "PUBLIC may: $may"
may=$(sql -c "
  SELECT string_agg(c.relname || '.' || a.attname, ', ') FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
   WHERE c.oid IN ($members) AND c.relkind IN ('r', 'v', 'p') AND has_column_privilege('health_nobody', c.oid, a.attnum, p) AND NOT has_table_privilege('health_nobody', c.oid, p)")
[ -z "$may" ] || fail "PUBLIC may, of columns: $may"
may=$(sql -c "SELECT string_agg(c.relname, ', ') FROM pg_class c WHERE c.oid IN ($members) AND c.relkind = 'S' AND (has_sequence_privilege('health_nobody', c.oid, 'USAGE') OR has_sequence_privilege('health_nobody', c.oid, 'SELECT') OR has_sequence_privilege('health_nobody', c.oid, 'UPDATE'))")
[ -z "$may" ] || fail "PUBLIC may, of sequences: $may"
if sql -c "SET ROLE health_nobody; CREATE TABLE nobody (account_id int, scored_at date); INSERT INTO health_score_internal.health_history_register SELECT 'nobody'::regclass, 'public', 'nobody', 's', 'accounts'" 2>"$TMPDIR/refused"; then fail "PUBLIC may register a history"; fi
grep -qF 'role health_nobody may not register table public.nobody' "$TMPDIR/refused" || fail "$(cat "$TMPDIR/refused")"
printf 'ok PUBLIC may read models, sources and templates, and nothing else\n'

# Every function runs with the rights of its caller, every view with the rights of the querying role.
[ -z "$(sql -c "SELECT p.oid::regprocedure FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_proc p ON p.oid = d.objid WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND p.prosecdef")" ] ||
  fail "a function is SECURITY DEFINER"
[ -z "$(sql -c "SELECT c.oid::regclass FROM pg_class c WHERE c.relkind = 'v' AND (c.oid IN ($members) OR c.relname LIKE 's\\_%') AND NOT 'security_invoker=true' = ANY (coalesce(c.reloptions, '{}'))")" ] ||
  fail "a view has the rights of its owner"
printf 'ok no function and no view lends its owner'"'"'s rights\n'

# Every table, row by row, and every history.
state() { sql -c "SELECT string_agg(format('SELECT %L, count(*), md5(string_agg(r::text, '','' ORDER BY r::text COLLATE \"C\")) FROM %s r', c.oid::regclass, c.oid::regclass), ' UNION ALL ' ORDER BY c.oid::regclass::text) FROM pg_class c WHERE c.relkind = 'r' AND (c.oid IN ($members) OR c.relname LIKE 's\\_history\\_%')" | sql; }
# as ROLE CALL: prints the result of the call by the role.
as() { psql -X -q -At -v SHOW_CONTEXT=never -c "SET ROLE $1" -c "$2" 2>&1; }

before=$(state)
# Steps of other functions, which change only the caller's own transaction: any role may call them, and they disclose no
# data.
harmless=" health_run_mark health_run_marked health_run_insert health_run_resume health_source_lock health_run_show health_refresh_report health_run_fails health_privileges_revoke health_alert_notify health_alert_execute health_unschedule health_revoke health_import_fault health_import_read health_import_write health_run_data_alert health_history_register_clean "
refused=0
for name in "${!write[@]}"; do
  # The refusal must not come from the arguments of the call.
  expression=${write[$name]}
  for argument in run held alert; do
    value=$(sql -c "SELECT ${!argument}")
    expression=${expression//"${!argument}"/"$value"}
  done
  answer=$(as health_nobody "SELECT $expression" || true)
  [[ $answer != *XX000* ]] || fail "$name: $answer"
  case $answer in
    *'permission denied'* | *'may not'* | *'runs as'* | *'belongs to role'* | *'must be owner'* | *'cannot be searched'*) refused=$((refused + 1)) ;;
    *'invalid account id'*) ;;
    *) [[ $harmless == *" ${name%#*} "* ]] || fail "$name, called without any right: $answer" ;;
  esac
done
[ "$refused" -ge 45 ] || fail "only $refused calls were refused"
for statement in "CALL health_refresh()" "CALL health_refresh('s')" "CALL health_backfill('s', '2026-01-01', '2026-02-01', '1 month')" "CALL health_score_internal.health_refresh_source('s', '2026-02-01', true, false, NULL)" \
  "DO 'BEGIN LOCK health_model IN SHARE ROW EXCLUSIVE MODE; END'" "DO 'BEGIN LOCK health_run IN ACCESS SHARE MODE; END'" "NOTIFY health_alert, '{}'"; do
  answer=$(as health_nobody "$statement" || true)
  case $statement in
    # Channels have no owners: a listener needs rights to read the tables, and the message holds no data.
    NOTIFY*) ;;
    *) [[ $answer == *'permission denied'* || $answer == *'has no source'* || $answer == *'runs as'* ]] || fail "$statement, called without any right: $answer" ;;
  esac
done
printf 'ok %s calls that write are refused without a grant\n' "$refused"

for name in "${!call[@]}"; do
  answer=$(as health_nobody "SELECT ${call[$name]}" || true)
  [[ $answer != *Zebulon* && $answer != *Ottilie* && $answer != *Quagga* ]] || fail "$name, called without any right, tells: $answer"
done
[ "$(state)" = "$before" ] || fail "a role without rights has changed something: $(diff <(printf '%s' "$before") <(state))"
printf 'ok %s calls that read show nothing of an account\n' "${#call[@]}"

# Row-level security: the role may read every table, and its policies hide every row. Views, errors and models that the
# session has compiled before disclose no row.
{
  sql -c "SELECT format('GRANT SELECT ON %s TO health_blind; ', c.oid::regclass) || CASE WHEN c.relkind IN ('r', 'p') THEN format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', c.oid::regclass) ELSE '' END
            FROM pg_class c WHERE c.relkind IN ('r', 'v', 'p') AND (c.oid IN ($members) OR c.relname LIKE 's\\_%' OR c.relname = 'account') ORDER BY c.relname"
} | sql
sql -c "SELECT health_model_save('m', jsonb_set(health_model_get('m'), '{signals,a,label}', '\"Xanadu\"')), health_score('m', '{\"a\": 1, \"b\": 2}')" >/dev/null
shown=0
tell() {
  [[ $2 != *Zebulon* && $2 != *Ottilie* && $2 != *Quagga* && $2 != *Xanadu* ]] || fail "$1 shows a row that a policy hides: $2"
  shown=$((shown + 1))
}
while read -r relation; do
  tell "$relation" "$(as health_blind "SELECT string_agg(r::text, ' ') FROM $relation r" || true)"
done < <(sql -c "SELECT c.oid::regclass FROM pg_class c WHERE c.relkind IN ('r', 'v', 'p') AND (c.oid IN ($members) OR c.relname LIKE 's\\_%') ORDER BY 1")
for name in "${!call[@]}"; do
  # A document is not a row: any role can score with a document.
  tell "$name" "$(psql -X -q -At -v SHOW_CONTEXT=never -c "SELECT health_score('m', '{\"a\": 1, \"b\": 2}'), (health_assess('m', '{\"a\": 1, \"b\": 2}')).drivers \\g /dev/null" -c "SET ROLE health_blind" -c "SELECT ${call[$name]}" 2>&1 || true)"
done
# Errors do not distinguish a hidden row from an absent row.
for expression in "health_score('NAME', '{\"a\": 1}')" "health_score('NAME@1', '{\"a\": 1}')" "health_model_get('NAME')" "health_model_card('NAME')" "health_model_review('NAME')" "health_score_internal.health_source_get('NAME')" \
  "health_account('NAME', 3)" "health_backtest('NAME')" "health_score_internal.health_book_check('NAME')" "health_score_internal.health_alert_get(NUMBER)"; do
  hidden=$(as health_blind "SELECT $(sed 's/source_get..NAME/source_get('"'s"'/; s/\(account\|backtest\)..NAME/\1('"'s"'/; s/book_check..NAME/book_check('"'accounts"'/; s/NAME/m/; s/NUMBER/1/' <<<"$expression")" || true)
  absent=$(as health_blind "SELECT $(sed 's/NAME/q/; s/NUMBER/99/' <<<"$expression")" || true)
  [[ $hidden == ERROR* ]] || fail "$expression: $hidden"
  [ "$(sed -E 's/"(q|m|s|accounts)(@1)?"|alert (1|99)\b/THAT/g' <<<"$hidden")" = "$(sed -E 's/"(q|m|s|accounts)(@1)?"|alert (1|99)\b/THAT/g' <<<"$absent")" ] || fail "an error tells what is hidden: $hidden but $absent"
  tell "$expression" "$hidden"
done
printf 'ok %s relations and calls show no row that a policy hides\n' "$shown"
