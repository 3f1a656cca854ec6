#!/usr/bin/env bash
# A streaming standby answers every function and view that does not write, with what the primary says; what writes is refused by
# Postgres itself, and nothing crashes.
set -euo pipefail

fail() { printf 'FAILED standby: %s\n' "$1"; exit 1; }

primary=$TMPDIR/primary
standby=$TMPDIR/standby
export PGDATABASE=standby
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -h "$TMPDIR" -p "$1" "${@:2}"; }
PRIMARY=$PGPORT
STANDBY=$((PGPORT + 1))

# On exit also of a start that failed halfway.
stop() { [ ! -f "$1/postmaster.pid" ] || pg_ctl -D "$1" -s -w -t 60 -m immediate stop; }
trap 'stop "$standby"; stop "$primary"' EXIT

initdb -D "$primary" -U "$PGUSER" -A trust -E UTF8 --locale=C --no-sync >/dev/null
cat >>"$primary/postgresql.conf" <<SETTINGS
listen_addresses = ''
port = $PRIMARY
unix_socket_directories = '$TMPDIR'
fsync = off
timezone = 'UTC'
SETTINGS
pg_ctl -D "$primary" -l "$TMPDIR/primary.log" -s -w -t 60 start || { tail -n 20 "$TMPDIR/primary.log"; fail "the primary did not start"; }
pg_basebackup -h "$TMPDIR" -p "$PRIMARY" -D "$standby" -R -X stream --checkpoint=fast --no-sync
printf 'port = %s\n' "$STANDBY" >>"$standby/postgresql.conf"
pg_ctl -D "$standby" -l "$TMPDIR/standby.log" -s -w -t 60 start || { tail -n 20 "$TMPDIR/standby.log"; fail "the standby did not start"; }

sql "$PRIMARY" -d postgres -c "CREATE DATABASE standby"
sql "$PRIMARY" <<'SQL'
CREATE EXTENSION health_score;
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"linear": [0, 10]}}, "call": {"ask": "How?", "optional": true, "scale": {"linear": [0, 10]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}') \g /dev/null
CREATE TABLE account AS SELECT i AS id, (7 * i + m) % 101 AS a, i % 11 AS b, 'Account ' || i AS name, 'ann'::text AS csm, timestamptz '2026-01-01' + m * interval '1 month' AS at FROM generate_series(1, 50) i, generate_series(0, 2) m;
SELECT health_source_add('s', 'm', 'account', 'id', name_column => 'name', owner_column => 'csm', time_column => 'at') \g /dev/null
CALL health_backfill('s', '2026-01-01', '2026-03-01', '1 month');
SELECT health_pulse_set('accounts', 3, 'call', 9, 'why'), health_override_set('accounts', 4, 'cap', 10, 'why'), health_identity_link('zendesk', 5, 'accounts', 5) \g /dev/null
INSERT INTO health_outcome (account_id, kind, at) VALUES (3, 'renewed', '2026-02-01');
CALL health_refresh('s');
INSERT INTO health_outcome (account_id, kind, at) SELECT i, 'churned', '2026-02-20' FROM generate_series(10, 20) i;
CREATE TABLE fitted AS SELECT i AS id, i % 100 AS a, i % 10 AS b, i * 7919 % 101 > i % 100 AS gone FROM generate_series(1, 1000) i;
INSERT INTO health_playbook SELECT * FROM health_playbook_examples('m');
SQL
caught_up() {
  local at
  at=$(sql "$PRIMARY" -c "SELECT pg_current_wal_lsn()")
  for _ in $(seq 300); do
    [ "$(sql "$STANDBY" -d postgres -c "SELECT pg_last_wal_replay_lsn() >= '$at'")" = t ] && return
    sleep 0.1
  done
  fail "the standby did not catch up"
}
caught_up
[ "$(sql "$STANDBY" -c "SELECT pg_is_in_recovery()")" = t ] || fail "the standby is none"

# same NAME QUERY: both servers give the same, and something. The time of the transaction is not the same on both.
tried=0
same() {
  local there here
  there=$(sql "$PRIMARY" -c "$2" 2>&1) || fail "$1 on the primary: $there"
  here=$(sql "$STANDBY" -c "$2" 2>&1) || fail "$1 on the standby: $here"
  [ -n "$there" ] || fail "$1: nothing"
  [ "$here" = "$there" ] || fail "$1: $here instead of $there"
  tried=$((tried + 1))
}

# Every view and table of the extension, and of the source.
while read -r relation; do
  same "$relation" "SELECT count(*), md5(coalesce(string_agg(r::text, ',' ORDER BY r::text COLLATE \"C\"), '')) FROM $relation r"
done < <(sql "$PRIMARY" -c "
  SELECT d.objid::regclass FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'v')
   WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e'
   UNION ALL SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname IN ('s_history', 's_current', 's_inputs', 's_movers', 's_portfolio', 's_parents') ORDER BY 1")
[ "$tried" -ge 14 ] || fail "only $tried relations were found"
printf 'ok %s tables and views\n' "$tried"

# Every function that is not declared to write, but for parts of aggregates, triggers, types and checks of a caller's arguments. Of
# each one call; those that have none here are named.
tried=0
untried=
row="(SELECT x FROM account x WHERE id = 9 AND at = '2026-02-01')"
m="(SELECT definition FROM health_model WHERE name = 'm' AND active)"
src="(SELECT x FROM health_source x WHERE name = 's')"
j="'{\"a\": 40, \"b\": 3}'"
declare -A call=(
  [health_account]="health_account('s', 3)" [health_account_id]="health_account_id('zendesk', 5)" [health_account_of]="health_account_of('s', '3')"
  [health_account_tables]="(SELECT count(*) FROM health_account_tables())" [health_as_of]="health_as_of() IS NOT NULL" [health_assess]="health_assess('m', $row, '2026-02-01')"
  [health_backfill_times]="health_backfill_times('2026-01-01', '2026-03-01', '1 month')" [health_band]="health_band('m', $row)" [health_book_account]="health_book_account('accounts', '07')"
  [health_book_check]="health_book_check('accounts')::text || 'void'" [health_book_warn]="health_book_warn('accounts', '7')::text || 'void'"
  [health_change]="(SELECT string_agg(c::text, ',') FROM health_change('m', $j::jsonb, '{\"a\": 50, \"b\": 3}'::jsonb) c)" [health_conflicts]="(SELECT count(*) FROM health_conflicts('m', $row))"
  [health_display]="health_display('m', 61.2)" [health_drivers]="(SELECT string_agg(d::text, ',') FROM health_drivers('m', $row) d)" [health_explain]="health_explain('m', $row)"
  [health_explain_change]="(SELECT string_agg(c::text, ',') FROM health_explain_change('s', 3, '2026-01-15', '2026-02-15', 'all') c)"
  [health_explain_change_of]="(SELECT string_agg(c::text, ',') FROM health_explain_change_of('s', '3', '2026-01-15', '2026-02-15', 'all') c)"
  [health_explain_change_query]="md5(health_explain_change_query('s_history', 'all'))" [health_export]="health_export('accounts', 3) - 'exported_at'" [health_export_account]="health_export_account('accounts', '3') - 'exported_at'"
  [health_failure]="health_failure('s', '22000', 'm', 'd', 'h')" [health_given]="(SELECT string_agg(g::text, ',') FROM health_given('accounts', 'm', now()) g)" [health_given_any]="health_given_any('accounts')"
  [health_history_has]="health_history_has('s_history', '3')" [health_history_insert]="health_history_insert($src, 'SELECT 1')" [health_history_match]="health_history_match('s_history')" [health_history_month]="health_history_month('2026-02-03')"
  [health_history_partitions]="(SELECT count(*) FROM health_history_partitions('s_history'))" [health_history_named]="health_history_named($src)" [health_history_plain]="health_history_plain($src)" [health_history_relation]="health_history_relation($src)" [health_history_trusted]="health_history_trusted('s_history')::text || 'void'"
  [health_id_spelt]="health_id_spelt('007', 'int8')" [health_id_type]="health_id_type('s_history')" [health_identity_accounts]="health_identity_accounts('accounts', '5')" [health_inputs]="health_inputs('a', 1)"
  [health_model_card]="md5(health_model_card('m'))" [health_model_check]="(SELECT count(*) FROM health_model_check('{}'))" [health_model_describe]="md5(health_model_describe($m)::text)" [health_model_diff]="(SELECT count(*) FROM health_model_diff('m', 1, 1))"
  [health_model_draft]="md5(health_model_draft('account', 'simple', '{\"csat\": \"b\"}')::text)" [health_model_get]="health_model_get('m')" [health_model_match]="(SELECT string_agg(x::text, ',') FROM health_model_match('m', 'account', '2026-02-01') x)"
  [health_model_require_valid]="health_model_require_valid($m)" [health_note_check]="health_note_check('n', '1 day', 'e') > now()" [health_patch]="health_patch('{\"a\": 1}', '{\"a\": 2}')"
  [health_pulse_questions]="(SELECT count(*) FROM health_pulse_questions('s'))" [health_pulse_signals]="(SELECT count(*) FROM health_pulse_signals('m'))" [health_pulse_try]="health_pulse_try('m', 'call', '3')"
  [health_refresh_check]="health_refresh_check($src, now())::text || 'void'" [health_refresh_sources]="health_refresh_sources('s')" [health_run_names]="(SELECT count(*) FROM health_run r WHERE NOT health_run_names(r, 'accounts', '3'))"
  [health_schedule_require_cron]="to_regproc('health_schedule_require_cron')" [health_score]="health_score('m', $row)" [health_signal_counts]="(SELECT string_agg(c::text, ',') FROM health_signal_counts('s_history', '2026-02-01') c)"
  [health_source_assess]="health_source_assess('m', $row, '2026-02-01', NULL, '{\"call\": 3}')" [health_source_cell]="health_source_cell('x.%I', 'a', 'text')" [health_source_column]="health_source_column('account', 'a', 'x')"
  [health_source_get]="health_source_get('s')" [health_source_inputs]="health_source_inputs($src, 'account', 'x.%I', 'public')" [health_source_lock_key]="health_source_lock_key('s')" [health_source_query]="health_source_query($src)" [health_source_relation]="health_source_relation($src)"
  [health_alert_at_risk]="health_alert_at_risk($src) || 'none'" [health_alert_candidates]="md5(health_alert_candidates($src, 'trend', '2026-02-01', NULL, 's_history', 'public'))"
  [health_alert_earlier]="health_alert_earlier('s_history', 'true')" [health_alert_has_ended]="md5(health_alert_has_ended($src, '2026-03-01', 's_history', 'public'))" [health_alert_playbooks]="(SELECT count(*) FROM health_alert_playbooks($src))"
  [health_alert_query]="md5(health_alert_query($src, '2026-03-01'))" [health_alert_pairs]="md5(health_alert_pairs($src, '2026-03-01', 's_history', 'public'))"
  [health_alert_watches]="(SELECT count(*) FROM health_alert_watches($src, '2026-03-01'))" [health_alert_model]="health_alert_model($src)" [health_alert_time]="health_alert_time('2026-03-01')"
  [health_alert_column]="health_alert_column('score', '2026-03-01')" [health_backtest]="health_backtest('s', horizon => '20 days', until => '2026-03-01')"
  [health_labelled]="(SELECT string_agg(l::text, ',' ORDER BY l::text COLLATE \"C\") FROM health_labelled('s', horizon => '20 days', until => '2026-03-01') l)" [health_labelled_check]="health_labelled_check('churned', '0', '1 day')::text || 'void'"
  [health_model_fit]="md5(health_model_fit('m', 'fitted', 'gone')::text)" [health_model_review]="(SELECT string_agg(r::text, ',') FROM health_model_review('m', until => '2026-03-01') r)" [health_model_sql]="md5(health_model_sql('m', 'account', '2026-02-01'))"
  [health_playbook_condition]="health_playbook_condition('{\"input\": \"a\", \"lt\": 50}', now(), 50, $j, '[]')" [health_playbook_condition_check]="health_playbook_condition_check('{\"input\": \"a\", \"lt\": 50}')"
  [health_playbook_examples]="(SELECT string_agg(p.name, ',') FROM health_playbook_examples('m') p)" [health_playbook_fault]="(SELECT health_playbook_fault(p) IS NULL FROM health_playbook p LIMIT 1)"
  [health_replay]="(SELECT string_agg(r::text, ',' ORDER BY r::text COLLATE \"C\") FROM health_replay('s', $m) r)" [health_replay_check]="health_replay_check($src, $m)::text || 'void'" [health_replay_query]="health_replay_query($src, 'x')"
  [health_risk]="health_risk('s', 50, horizon => '20 days', until => '2026-03-01')" [health_run_base]="health_run_base('s', '2026-03-01')" [health_runs_held]="health_runs_held('s')"
  [health_share_interval]="health_share_interval(3, 10)" [health_signal_power]="(SELECT string_agg(p::text, ',') FROM health_signal_power('m', 'fitted', 'gone') p)"
  [health_template]="md5(health_template('saas')::text)" [health_template_names]="health_template_names()" [health_what_if]="(SELECT count(*) FROM health_what_if('m', $m, 'account'))"
)
while read -r function; do
  if [ -n "${call[$function]:-}" ]; then
    same "$function" "SELECT ${call[$function]}"
  else
    untried="$untried $function"
  fi
done < <(sql "$PRIMARY" -c "
  SELECT DISTINCT p.proname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_proc p ON p.oid = d.objid
   WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND p.prokind = 'f' AND p.provolatile <> 'v' AND p.prorettype NOT IN ('trigger'::regtype, 'cstring'::regtype)
     AND NOT (p.proargtypes::oid[] && ARRAY['internal', 'cstring', 'bytea']::regtype[]::oid[]) AND p.prorettype <> 'internal'::regtype
     AND p.proname !~ '_(step|final|combine|columns)$|^health_time_' ORDER BY 1")
[ "$tried" -ge 90 ] || fail "only $tried functions were found"
printf 'ok %s functions\n' "$tried"
[ -z "$untried" ] || printf 'skip functions: no call is written here of%s\n' "$untried"

tried=0
for aggregate in "health_score('m', 'a', a::float8)" "health_signals('m', 'a', a::float8)" "health_trend(a, at)" "health_trend_stats(a, at)" "health_rollup(a, b)" "health_worst(a)" "health_spark(a ORDER BY at)" \
  "health_nps(b % 11)" "health_csat(1 + b % 5)" "health_ces(1 + b % 7)" "health_churn_rate(b > 5)" "health_usage_rate(b, 11)" \
  "health_auc(a, at > '2026-01-15')" "health_backtest(a, at > '2026-01-15')" "health_psi(a, at > '2026-01-15')"; do
  same "$aggregate" "SELECT string_agg(x, ',' ORDER BY id) FROM (SELECT id, ($aggregate)::text AS x FROM account GROUP BY id) g"
done
printf 'ok %s aggregates\n' "$tried"

for statement in "CALL health_refresh('s')" "SELECT health_refresh_account('s', 3)" "SELECT health_pulse_set('accounts', 3, 'call', 1, 'why')" "SELECT health_override_set('accounts', 3, 'cap', 1, 'why')" \
  "SELECT health_identity_link('a', 1, 'accounts', 3)" "SELECT * FROM health_forget('accounts', 3)" "SELECT health_model_save('n', health_template('simple'))" "SELECT health_source_drop('s')" "SELECT health_alert_claim()" "SELECT health_model_reviewed('m', 'seen')"; do
  refused=$(psql -X -q -At -v VERBOSITY=sqlstate -h "$TMPDIR" -p "$STANDBY" -c "$statement" 2>&1) && fail "$statement: no error on the standby"
  # A lock that a standby does not give is 55000.
  [[ $refused == *25006* || $refused == *55000* ]] || fail "$statement: $refused"
done
[ "$(sql "$STANDBY" -c "SELECT count(*) FROM s_history")" = "$(sql "$PRIMARY" -c "SELECT count(*) FROM s_history")" ] || fail "the standby lost rows"
printf 'ok what writes is refused\n'
