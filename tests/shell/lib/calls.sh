# shellcheck shell=bash
# Sourced by the tests that try every function: what there is to call them on, and a call of each. They are SQL expressions that
# give one text; they fail or give nothing where the setup has not run.
# shellcheck disable=SC2034  # the variables are for those who source this

# A source with playbooks, alerts, runs, and all that people give; a source whose last run is held.
calls_setup() {
  cat <<'SQL'
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"linear": [0, 10]}}, "call": {"ask": "How?", "optional": true, "scale": {"linear": [0, 10]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}') \g /dev/null
CREATE TABLE account AS SELECT i AS id, (7 * i + m) % 101 AS a, i % 11 AS b, 'Account ' || i AS name, 'ann'::text AS csm, timestamptz '2026-01-01' + m * interval '1 month' AS at FROM generate_series(1, 50) i, generate_series(0, 2) m;
SELECT health_source_add('s', 'm', 'account', 'id', name_column => 'name', owner_column => 'csm', time_column => 'at', hold_alerts_above => 1) \g /dev/null
SELECT health_source_add('h', 'm', 'account', 'id', book => 'held', time_column => 'at', hold_alerts_above => 0) \g /dev/null
CALL health_backfill('s', '2026-01-01', '2026-03-01', '1 month');
SELECT health_pulse_set('accounts', 3, 'call', 9, 'why'), health_override_set('accounts', 4, 'cap', 10, 'why'), health_identity_link('zendesk', 5, 'accounts', 5) \g /dev/null
INSERT INTO health_outcome (account_id, kind, at) VALUES (3, 'renewed', '2026-02-01');
CALL health_refresh();
INSERT INTO health_outcome (account_id, kind, at) SELECT i, 'churned', '2026-02-20' FROM generate_series(10, 20) i;
CREATE TABLE fitted AS SELECT i AS id, i % 100 AS a, i % 10 AS b, i * 7919 % 101 > i % 100 AS gone FROM generate_series(1, 1000) i;
INSERT INTO health_playbook SELECT * FROM health_playbook_examples('m');
INSERT INTO account SELECT i, 0, 0, 'Account ' || i, 'ann', clock_timestamp() FROM generate_series(1, 50) i WHERE (7 * i + 2) % 101 > 50;
CALL health_refresh();
SQL
}

row="(SELECT x FROM account x WHERE id = 9 AND at = '2026-02-01')"
run="(SELECT max(id) FROM health_run WHERE source = 's')"
m="(SELECT definition FROM health_model WHERE name = 'm' AND active)"
src="(SELECT x FROM health_source x WHERE name = 's')"
j="'{\"a\": 40, \"b\": 3}'"
recall="health_score_internal.health_recall_of($src, '2026-03-05', $run)"
past="health_score_internal.health_past_make('{2026-01-01Z,2026-02-01Z,2026-03-01Z}', '{40,50,60}', '{red,green,green}')"
kept="'m@1', '{\"a\": 40, \"b\": 3}', '2026-02-01', NULL"
declare -A call=(
  [health_past_make]="$past" [health_past_next]="health_score_internal.health_past_next($past, NULL, '2026-03-02', 70, 'green', '2026-02-01', '{}')"
  [health_past_compare]="health_score_internal.health_past_compare($past, NULL, '2026-03-05', 70, '{}', 2592000000000, 5)" [health_past_has]="health_score_internal.health_past_has($past, '2026-02-01Z')"
  [health_past_score]="health_score_internal.health_past_score($past, '2026-02-01Z')" [health_past_band]="health_score_internal.health_past_band($past, '2026-02-01Z')"
  [health_past_first]="health_score_internal.health_past_first($past, '2026-01-02Z')" [health_past_trend]="health_score_internal.health_past_trend($past, '2026-01-01Z', 5)"
  [health_model_trend]="health_score_internal.health_model_trend('m')" [health_model_pinned]="health_score_internal.health_model_pinned('m')"
  [health_kept_drivers]="(SELECT count(*) FROM health_score_internal.health_kept_drivers($kept, 1, 1))" [health_kept_drivers_jsonb]="COALESCE(health_score_internal.health_kept_drivers_jsonb($kept, 1, 1)::text, 'none')"
  [health_kept_drivers_stored]="(SELECT count(*) FROM health_score_internal.health_kept_drivers_stored($kept, 1, 1, '[{\"rank\": 1}]'))" [health_kept_signals]="(SELECT count(*) FROM health_score_internal.health_kept_signals($kept, 1, 1, NULL, NULL, NULL))"
  [health_kept_top_driver]="COALESCE(health_score_internal.health_kept_top_driver($kept, 1, 1), 'none')" [health_kept_assess]="health_score_internal.health_kept_assess($kept)"
  [health_kept_assess#document]="health_score_internal.health_kept_assess($m, $j, now(), NULL)" [health_kept_change]="(SELECT count(*) FROM health_score_internal.health_kept_change($m, $j, $j, now(), now()))"
  [health_kept_explain]="COALESCE(health_score_internal.health_kept_explain($kept, 1, 1), 'none')" [health_kept_explain_change]="health_score_internal.health_kept_explain_change('m', $j, $j, now(), now())"
  [health_kept_words]="md5(health_score_internal.health_kept_words($src, 'h', 'b'))" [health_kept_arguments]="health_score_internal.health_kept_arguments($src, 'h')" [health_kept_drivers_of]="health_score_internal.health_kept_drivers_of($src, 's_history', 'h')"
  [health_history_has_column]="health_score_internal.health_history_has_column('s_history', 'run')" [health_history_compared]="health_score_internal.health_history_compared()" [health_id_equals]="health_score_internal.health_id_equals('s_history')"
  [health_source_table]="health_score_internal.health_source_table($src, '_recent')" [health_source_table_columns]="health_score_internal.health_source_table_columns('_recent', 'integer')" [health_source_table_own]="health_score_internal.health_source_table_own('s_recent', '_recent')"
  [health_recent_fits]="health_score_internal.health_recent_fits($src)" [health_recent_span]="health_score_internal.health_recent_span($src)" [health_recall_of]="md5(($recall)::text)" [health_recall_oldest]="health_score_internal.health_recall_oldest($recall)"
  [health_recall_times]="health_score_internal.health_recall_times('{2026-01-01Z}')" [health_recall_look_back]="md5(health_score_internal.health_recall_look_back($src, $recall, 'x'))" [health_recall_entered]="md5(health_score_internal.health_recall_entered($src, $recall, 'x') || 'x')"
  [health_recall_entered_list]="health_score_internal.health_recall_entered_list($recall)" [health_recall_list]="md5(health_score_internal.health_recall_list($src, $recall, 'x'))"
  [health_account]="health_account('s', 3)" [health_account_id]="health_account_id('zendesk', 5)" [health_account_of]="health_score_internal.health_account_of('s', '3')"
  [health_account_places]="(SELECT count(*) FROM health_score_internal.health_account_places())" [health_as_of]="health_as_of() IS NOT NULL" [health_assess]="health_assess('m', $row, '2026-02-01')"
  [health_backfill_times]="health_score_internal.health_backfill_times('2026-01-01', '2026-03-01', '1 month')" [health_band]="health_band('m', $row)" [health_book_account]="health_score_internal.health_book_account('accounts', '07')"
  [health_account_ids]="health_score_internal.health_account_ids('accounts', '3')" [health_book_histories]="(SELECT string_agg(h::text, ',') FROM health_score_internal.health_book_histories('accounts') h)" [health_book_sources]="health_score_internal.health_book_sources('accounts')"
  [health_history_found]="(SELECT count(*) FROM health_score_internal.health_history_register r WHERE health_score_internal.health_history_found(r) IS NULL)" [health_history_like]="health_score_internal.health_history_like('s_history'::regclass)" [health_history_safe]="health_score_internal.health_history_safe('s_history')"
  [health_day]="health_score_internal.health_day('2026-01-02 23:30Z'::timestamptz)" [health_day#text]="health_score_internal.health_day('2026-01-02'::text)" [health_id_folds]="health_score_internal.health_id_folds('s_history')" [health_source_id_check]="health_score_internal.health_source_id_check('account', 'id')::text || 'void'"
  [health_id_cast]="health_score_internal.health_id_cast('int8')" [health_id_equality]="health_score_internal.health_id_equality('int8')" [health_id_same]="health_score_internal.health_id_same('{007,x,8}', '7', 'int8', 0)" [health_id_struck]="health_score_internal.health_id_struck('account \"7\": Key (id)=(7)', '7')"
  [health_book_check]="health_score_internal.health_book_check('accounts')::text || 'void'" [health_book_warn]="health_score_internal.health_book_warn('accounts', '7')::text || 'void'"
  [health_change]="(SELECT string_agg(c::text, ',') FROM health_change('m', $j::jsonb, '{\"a\": 50, \"b\": 3}'::jsonb) c)" [health_conflicts]="(SELECT count(*) FROM health_conflicts('m', $row))"
  [health_display]="health_display('m', 61.2)" [health_drivers]="(SELECT string_agg(d::text, ',') FROM health_drivers('m', $row) d)" [health_explain]="health_explain('m', $row)"
  [health_explain_change]="(SELECT string_agg(c::text, ',') FROM health_explain_change('s', 3, '2026-01-15', '2026-02-15', 'all') c)"
  [health_explain_change#text]="(SELECT string_agg(c::text, ',') FROM health_explain_change('s', '3'::text, '2026-01-15', '2026-02-15') c)" [health_explain_change#uuid]="(SELECT count(*) FROM health_explain_change('s', '6b1c5bd6-8dd4-4a5d-9a2e-0d9a0b3c8f11'::uuid, '2026-01-15', '2026-02-15') c)"
  [health_explain_change_of]="(SELECT string_agg(c::text, ',') FROM health_score_internal.health_explain_change_of('s', '3', '2026-01-15', '2026-02-15', 'all') c)"
  [health_explain_change_query]="md5(health_score_internal.health_explain_change_query('s_history', 'all'))" [health_labelled_query]="md5(health_score_internal.health_labelled_query($src, false))"
  [health_export]="health_export('accounts', 3) - 'exported_at'" [health_export_account]="health_score_internal.health_export_account('accounts', '3') - 'exported_at'"
  [health_failure]="health_score_internal.health_failure('s', '22000', 'm', 'd', 'h')" [health_given]="(SELECT string_agg(g::text, ',') FROM health_score_internal.health_given('accounts', 'm', now()) g)" [health_given_any]="health_score_internal.health_given_any('accounts')"
  [health_history_has]="health_score_internal.health_history_has('s_history', '3')" [health_history_insert]="md5(health_score_internal.health_history_insert($src, 'SELECT 1', $recall))" [health_history_match]="health_score_internal.health_history_match('s_history')" [health_history_month]="health_score_internal.health_history_month('2026-02-03')"
  [health_source_view_own]="health_score_internal.health_source_view_own('s_current')"
  [health_history_partitions]="(SELECT count(*) FROM health_score_internal.health_history_partitions('s_history'))" [health_history_named]="health_score_internal.health_history_named($src)" [health_history_plain]="health_score_internal.health_history_plain($src)" [health_history_relation]="health_score_internal.health_history_relation($src)" [health_history_trusted]="health_score_internal.health_history_trusted('s_history')::text || 'void'"
  [health_id_spelt]="health_score_internal.health_id_spelt('007', 'int8')" [health_id_type]="health_score_internal.health_id_type('s_history')" [health_identity_accounts]="health_score_internal.health_identity_accounts('accounts', '5')" [health_inputs]="health_inputs('a', 1)"
  [health_model_card]="md5(health_model_card('m'))" [health_model_check]="(SELECT count(*) FROM health_model_check('{}'))" [health_model_describe]="md5(health_model_describe($m)::text)" [health_model_diff]="(SELECT count(*) FROM health_model_diff('m', 1, 1))"
  [health_model_draft]="md5(health_model_draft('account', 'simple', '{\"csat\": \"b\"}')::text)" [health_model_get]="health_model_get('m')" [health_model_match]="(SELECT string_agg(x::text, ',') FROM health_model_match('m', 'account', '2026-02-01') x)"
  [health_model_require_valid]="health_score_internal.health_model_require_valid($m)" [health_note_check]="health_score_internal.health_note_check('n', '1 day', 'e') > now()" [health_patch]="health_patch('{\"a\": 1}', '{\"a\": 2}')"
  [health_pulse_questions]="(SELECT count(*) FROM health_pulse_questions('s'))" [health_pulse_signals]="(SELECT count(*) FROM health_score_internal.health_pulse_signals('m'))" [health_pulse_try]="health_score_internal.health_pulse_try('m', 'call', '3')"
  [health_refresh_check]="health_score_internal.health_refresh_check($src, now())::text || 'void'" [health_refresh_sources]="health_score_internal.health_refresh_sources('s')" [health_run_names]="(SELECT count(*) FROM health_run r WHERE NOT health_score_internal.health_run_names(r, 'accounts', '3'))"
  [health_schedule_require_cron]="to_regproc('health_score_internal.health_schedule_require_cron')" [health_score]="health_score('m', $row)" 
  [health_source_score]="health_score_internal.health_source_score('m', $row, '2026-02-01', NULL, '{\"call\": 3}')" [health_source_cell]="health_score_internal.health_source_cell('x.%I', 'a', 'text')" [health_source_column]="health_score_internal.health_source_column('account', 'a', 'x')"
  [health_event_check]="health_score_internal.health_event_check(jsonb_populate_record($src, jsonb_build_object('events_schema', ($src).relation_schema, 'events_name', 'account', 'event_account', 'id', 'event_signal', 'csm', 'event_time', 'at')), 'account')::text || 'void'" [health_event_relation]="health_score_internal.health_event_relation(jsonb_populate_record($src, jsonb_build_object('events_schema', ($src).relation_schema, 'events_name', 'account', 'event_account', 'id', 'event_signal', 'csm', 'event_time', 'at')))"
  [health_event_rows]="md5(health_score_internal.health_event_rows(jsonb_populate_record($src, jsonb_build_object('events_schema', ($src).relation_schema, 'events_name', 'account', 'event_account', 'id', 'event_signal', 'csm', 'event_time', 'at')), 'account', 'x.id', 'x', 'NULL', 'true'))"
  [health_event_account]="health_score_internal.health_event_account('m', $row, '2026-02-01', NULL, NULL)" [health_event_feeds]="(SELECT string_agg(f::text, ',') FROM health_score_internal.health_event_feeds($src, 'account') f)"
  [health_event_names]="(SELECT string_agg(n::text, ',') FROM health_score_internal.health_event_names('m') n)" [health_event_recipe]="health_score_internal.health_event_recipe($m -> 'signals')" [health_event_replay_check]="health_score_internal.health_event_replay_check($src, $m)::text || 'void'"
  [health_event_state]="md5((SELECT health_score_internal.health_event_state('m', 'a', 1, '2026-02-01', '2026-02-02'))::text)"
  [health_source_score#account]="health_score_internal.health_source_score('m', '{\"a\": 40, \"b\": 3}'::jsonb, '2026-02-01', NULL, NULL)" [health_source_check]="health_score_internal.health_source_check($src, 'account')::text || 'void'"
  
  
  [health_source_get]="health_score_internal.health_source_get('s')" [health_source_inputs]="health_score_internal.health_source_inputs($src, 'account', 'x.%I', 'public')" [health_source_lock_key]="health_score_internal.health_source_lock_key('s')" [health_source_query]="health_score_internal.health_source_query($src)" [health_source_relation]="health_score_internal.health_source_relation($src)"
  [health_alert_at_risk]="health_score_internal.health_alert_at_risk($src) || 'none'" [health_alert_candidates]="md5(health_score_internal.health_alert_candidates($src, 'trend', '2026-02-01', NULL, 's_history', 'public'))"
  [health_alert_earlier]="health_score_internal.health_alert_earlier('s_history', 'true')" [health_alert_has_ended]="md5(health_score_internal.health_alert_has_ended($src, '2026-03-01', 's_history', 'public'))" [health_alert_playbooks]="(SELECT count(*) FROM health_score_internal.health_alert_playbooks($src))"
  [health_alert_query]="md5(health_score_internal.health_alert_query($src, '2026-03-01'))" [health_alert_pairs]="md5(health_score_internal.health_alert_pairs($src, '2026-03-01', 's_history'))"
  [health_alert_watches]="(SELECT count(*) FROM health_score_internal.health_alert_watches($src, '2026-03-01'))" [health_alert_model]="health_score_internal.health_alert_model($src)" [health_alert_time]="health_score_internal.health_alert_time('2026-03-01')"
  [health_alert_met_before]="md5(health_score_internal.health_alert_met_before($src, 's_history', 'public'))" [health_alert_met]="md5(health_score_internal.health_alert_met($src, 's_history', 'public'))" [health_backfill_shown]="health_score_internal.health_backfill_shown('s', '2026-02-01')::text || 'void'" [health_import_check]="health_score_internal.health_import_check('account', 'id', 'at', 'a', NULL)::text || 'void'"
  [health_run_accounts]="health_score_internal.health_run_accounts($src, '2026-02-01')" [health_run_alerts]="(SELECT string_agg(a::text, ',') FROM health_run_alerts((SELECT max(id) FROM health_run WHERE status = 'held')) a)" [health_run_few_stay]="health_score_internal.health_run_few_stay($src, '2026-03-01', '2026-02-01', 3)" [health_run_last]="health_score_internal.health_run_last($src)"
  [health_alert_account]="health_score_internal.health_alert_account('s_history', '3')" [health_alert_inputs]="health_score_internal.health_alert_inputs('h')" [health_alert_meets]="md5(health_score_internal.health_alert_meets($src, 's_history', 'public'))" [health_alert_digest]="(SELECT string_agg(d.account_id || d.alerts, ',' ORDER BY d.account_id) FROM health_alert_digest('s') d)"
  [health_model_notes]="(SELECT string_agg(n::text, ',') FROM health_model_notes('{\"meta\": {\"draft\": {\"notes\": [\"n\"]}}}') n)" [health_review_unscored]="(SELECT count(*) FROM health_score_internal.health_review_unscored((SELECT x FROM health_model x WHERE name = 'm' AND active)))"
  [health_playbook_inputs]="health_score_internal.health_playbook_inputs('s', NULL, $m)" [health_pulse_range]="health_score_internal.health_pulse_range('m', 'call')"
  [health_alert_column]="health_score_internal.health_alert_column('score', '2026-03-01')" [health_backtest]="health_backtest('s', horizon => '20 days', until => '2026-03-01')"
  [health_labelled]="(SELECT string_agg(l::text, ',' ORDER BY l::text COLLATE \"C\") FROM health_labelled('s', horizon => '20 days', until => '2026-03-01') l)" [health_labelled_check]="health_score_internal.health_labelled_check('churned', '0', '1 day')::text || 'void'"
  [health_model_fit]="md5(health_model_fit('m', 'fitted', 'gone')::text)" [health_model_review]="(SELECT string_agg(r::text, ',') FROM health_model_review('m', until => '2026-03-01') r)" [health_model_sql]="md5(health_model_sql('m', 'account', '2026-02-01'))"
  [health_playbook_condition]="health_playbook_condition('{\"input\": \"a\", \"lt\": 50}', now(), 50, $j, '[]')" [health_playbook_condition_check]="health_playbook_condition_check('{\"input\": \"a\", \"lt\": 50}')"
  [health_playbook_examples]="(SELECT string_agg(p.name, ',') FROM health_playbook_examples('m') p)" [health_playbook_fault]="(SELECT health_score_internal.health_playbook_fault(p) IS NULL FROM health_playbook p LIMIT 1)"
  [health_replay]="(SELECT string_agg(r::text, ',' ORDER BY r::text COLLATE \"C\") FROM health_replay('s', $m) r)" [health_replay_check]="health_score_internal.health_replay_check($src, $m)::text || 'void'" [health_replay_query]="health_score_internal.health_replay_query($src, 'x')"
  [health_replay#name]="(SELECT string_agg(r::text, ',' ORDER BY r::text COLLATE \"C\") FROM health_replay('s', 'm') r)" [health_band#columns]="(SELECT string_agg(health_band('m', x), ',' ORDER BY x.id, x.at) FROM account x)" [health_band#document]="(SELECT count(health_band('{\"signals\": {\"a\": {\"scale\": {\"linear\": [0, 9]}}}}'::jsonb, x)) FROM account x)"
  [health_score#columns]="(SELECT string_agg(health_score('m', x)::text, ',' ORDER BY x.id, x.at) FROM account x)" [health_score#document]="(SELECT count(health_score('{\"signals\": {\"a\": {\"scale\": {\"linear\": [0, 9]}}}}'::jsonb, x)) FROM account x)"
  [health_risk]="health_risk('s', 50, horizon => '20 days', until => '2026-03-01')" [health_run_base]="health_score_internal.health_run_base('s', '2026-03-01')" [health_runs_held]="health_score_internal.health_runs_held('s')"
  [health_share_interval]="health_score_internal.health_share_interval(3, 10)" [health_signal_power]="(SELECT string_agg(p::text, ',') FROM health_signal_power('m', 'fitted', 'gone') p)"
  [health_playbook_cause]="health_score_internal.health_playbook_cause('overdue invoices')" [health_playbook_causes]="(SELECT string_agg(c::text, ',' ORDER BY c::text COLLATE \"C\") FROM health_score_internal.health_playbook_causes(health_template('saas')) c)" [health_playbook_growth]="health_score_internal.health_playbook_growth(health_template('expansion'))"
  [health_playbook_model]="md5(health_score_internal.health_playbook_model('s', NULL)::text)" [health_playbook_name]="health_score_internal.health_playbook_name('band', 'red', '[\"red\"]')::text || 'void'" [health_replay_reads]="(SELECT string_agg(r, ',' ORDER BY r) FROM health_score_internal.health_replay_reads($m, false) r)"
  [health_review_drift]="(SELECT string_agg(r::text, ',') FROM health_score_internal.health_review_drift((SELECT x FROM health_model x WHERE name = 'm' AND active), $src) r)" [health_review_model]="(SELECT string_agg(r::text, ',') FROM health_score_internal.health_review_model((SELECT x FROM health_model x WHERE name = 'm' AND active)) r)"
  [health_review_proof]="(SELECT string_agg(r::text, ',') FROM health_score_internal.health_review_proof((SELECT x FROM health_model x WHERE name = 'm' AND active), $src, '20 days', '2026-03-01') r)"
  [health_run_suspects]="health_score_internal.health_run_suspects((SELECT max(id) FROM health_run WHERE source = 's'), 's', (SELECT min(as_of) FROM health_run WHERE source = 's' AND NOT backfill))" [health_times_apart]="health_score_internal.health_times_apart('{2026-01-01,2026-01-02,2026-02-01}', '10 days')"
  [health_cron_field]="health_score_internal.health_cron_field('1-5', 0, 59)" [health_cron_next]="health_score_internal.health_cron_next('15 2 * * *', '2026-02-01Z')" [health_cron_setting]="COALESCE((health_score_internal.health_cron_setting('cron.timezone'))::text, 'none')"
  [health_alert_others]="COALESCE(health_score_internal.health_alert_others($src), 'none')" [health_ddl_stopped]="COALESCE((health_score_internal.health_ddl_stopped('42P01', 'x', NULL))::text, 'none')"
  [health_grants]="COALESCE(((SELECT string_agg(g::text, ',') FROM health_grants() g))::text, 'none')" [health_source_relations]="(SELECT string_agg(r::text, ',') FROM health_score_internal.health_source_relations() r)" [health_job_rights]="(SELECT count(*) FROM health_score_internal.health_job_rights('csm'))"
  [health_job_lacking]="(SELECT count(*) FROM health_score_internal.health_job_lacking(10::oid, 'admin'))" [health_grantee]="health_score_internal.health_grantee('pg_monitor')" [health_require]="health_score_internal.health_require('csm', 'health_model', 'SELECT')::text || 'void'"
  [health_require_history]="health_score_internal.health_require_history($src, 'csm')::text || 'void'" [health_grant_hint]="health_score_internal.health_grant_hint('csm')"
  [health_template]="md5(health_template('saas')::text)" [health_template_names]="health_template_names()" [health_what_if]="(SELECT count(*) FROM health_what_if('m', $m, 'account'))"
)

# Functions that write, or lock, or tell. Ids count on whatever becomes of a transaction: they are not shown.
held="(SELECT max(id) FROM health_run WHERE status = 'held')"
alert="(SELECT min(id) FROM health_alert WHERE status = 'open' AND playbook IS NOT NULL)"
last="(SELECT last_as_of FROM health_source WHERE name = 's')"
declare -A write=(
  [health_model_activate]="health_model_activate('m', 1)::text || 'void'" [health_model_drop]="health_model_drop('m')::text || 'void'" [health_model_save]="health_model_save('m', health_template('simple'), 'n')"
  [health_model_patch]="health_model_patch('m', '{\"purpose\": \"p\"}')" [health_model_reviewed]="health_model_reviewed('m', 'seen')"
  [health_source_add]="health_source_add('s', 'm', 'account', 'id', name_column => 'name', time_column => 'at', keep => '{csm}')" [health_source_add#new]="health_source_add('n', 'm', 'account', 'id', time_column => 'at')" [health_source_drop]="health_source_drop('s')::text || 'void'"
  [health_hand_over]="(SELECT count(*) FROM health_hand_over((SELECT run_as FROM health_source WHERE name = 's'), 'health_nobody'))" [health_run_warn]="health_score_internal.health_run_warn(NULL, 'w')::text || 'void'" [health_source_make]="health_score_internal.health_source_make($src, 'account', NULL)::text || 'void'"
  [health_grant]="(SELECT count(*) FROM health_grant('health_nobody', 'csm'))" [health_revoke]="(SELECT count(*) FROM health_revoke('health_nobody'))"
  [health_privileges_revoke]="health_score_internal.health_privileges_revoke('pg_class', 's_history'::regclass)::text || 'void'"
  [health_history_upgrade]="health_score_internal.health_history_upgrade($src)" [health_recent_make]="health_score_internal.health_recent_make($src)::text || 'void'" [health_recent_drop]="health_score_internal.health_recent_drop($src)::text || 'void'"
  [health_bands_write]="health_score_internal.health_bands_write($src, $last)::text || 'void'" [health_recent_write]="health_score_internal.health_recent_write($src, $recall)::text || 'void'" [health_recent_ensure]="health_score_internal.health_recent_ensure($src, $run, $last)::text || 'void'"
  [health_recall_done]="health_score_internal.health_recall_done($src, $recall, true, false)::text || 'void'" [health_night_renew]="health_score_internal.health_night_renew($src, $last)::text || 'void'" [health_night_settle]="health_score_internal.health_night_settle('s')::text || 'void'"
  [health_history_make]="health_score_internal.health_history_make($src, 'account')::text || 'void'" [health_history_partition]="health_score_internal.health_history_partition($src, '2025-05-05')::text || 'void'" [health_source_drop_views]="health_score_internal.health_source_drop_views($src)::text || 'void'" [health_source_views]="health_score_internal.health_source_views($src)::text || 'void'"
  [health_run_resume]="health_score_internal.health_run_resume((SELECT health_score_internal.health_run_begin('s', '2026-03-03')), 's')::text || 'void'" [health_source_lock]="health_score_internal.health_source_lock('s')::text || 'void'" [health_run_begin]="health_score_internal.health_run_begin('s', '2026-03-02') > 0" [health_run_show]="health_score_internal.health_run_show('s', '2026-03-02')::text || 'void'" [health_run_prepare]="health_score_internal.health_run_prepare($src, '2025-05-05')::text || 'void'"
  [health_run_fail]="health_score_internal.health_run_fail($run, '{\"message\": \"m\", \"sqlstate\": \"22023\"}')::text || 'void'" [health_run_finish]="health_score_internal.health_run_finish($run, 3)::text || 'void'" [health_run_signals]="health_score_internal.health_run_signals((SELECT min(id) FROM health_run WHERE source = 'h'), $src, '2026-02-01')::text || 'void'"
  [health_run_write]="health_score_internal.health_run_write($run, $src, '2026-02-15', true, 'public')" [health_run_insert]="health_score_internal.health_run_insert($src, 'SELECT \$1, \$2', now(), 'public')" [health_run_undo]="health_run_undo($run) > 0" [health_undo_rows]="health_score_internal.health_undo_rows((SELECT r FROM health_run r WHERE id = $run), 's_history') > 0" [health_undo_alerts]="health_score_internal.health_undo_alerts((SELECT r FROM health_run r WHERE id = $run))::text || 'void'" [health_run_data_alert]="health_score_internal.health_run_data_alert($held) >= 0" [health_run_settle]="health_score_internal.health_run_settle($run, $src, 3)" [health_run_release]="health_run_release($held)"
  [health_import]="health_import('s', 'account', 'id', 'at', 'a')" [health_import_rows]="health_score_internal.health_import_rows('s', 'account', 'id', 'at', 'a', NULL, 'v', 'public')" [health_import_fault]="health_score_internal.health_import_fault('3', '2025-01-01', 50, 1, 'account', '{id,at,a}')::text || 'void'"
  [health_import_read]="(health_score_internal.health_import_read('SELECT ARRAY[pg_catalog.now()]', 'public')).many" [health_import_write]="(health_score_internal.health_import_write('SELECT 1, NULL, NULL, NULL, NULL, NULL', 'public', '[]')).written"
  [health_run_mark]="health_score_internal.health_run_mark('3')::text || 'void'" [health_run_marked]="health_score_internal.health_run_marked()" [health_run_ids]="health_score_internal.health_run_ids($src, '2026-03-01', 'public')" [health_run_fails]="health_score_internal.health_run_fails('SELECT 1/0', '2026-03-01', 'public', '1', '2', '22012')" [health_run_culprit]="health_score_internal.health_run_culprit($src, '2026-03-01', 'public', '22023') IS NULL"
  [health_alert_get]="(health_score_internal.health_alert_get($alert)).account_id" [health_alert_require_open]="health_score_internal.health_alert_require_open($alert)::text || 'void'" [health_alert_claim]="(SELECT string_agg(c.account_id, ',' ORDER BY c.id) FROM health_alert_claim(3) c)" [health_alert_delivered]="health_alert_delivered($alert, 'ref')::text || 'void'"
  [health_alert_ack]="health_alert_ack($alert)::text || 'void'" [health_alert_snooze]="health_alert_snooze($alert, now() + '1 day')::text || 'void'" [health_alert_resolve]="health_alert_resolve($alert, 'called', 'n')::text || 'void'" [health_alert_notify]="health_score_internal.health_alert_notify('s', 1, 1)::text || 'void'"
  [health_model_save#text]="health_model_save('n', '{\"signals\": {\"a\": {\"scale\": {\"linear\": [0, 1]}}}}'::text)"
  [health_alert_assign]="health_alert_assign($alert, 'zoe')::text || 'void'" [health_alert_raise]="health_alert_raise('s', 3, 'r', 'a') > 0"
  [health_alert_execute]="(health_score_internal.health_alert_execute('SELECT 1, 2, 3, true', now(), now(), '{}', 's', 'accounts', $run, 1)).alerts" [health_history_analyze]="health_score_internal.health_history_analyze('s_history', '2026-02-01')::text || 'void'"
  [health_refresh_report]="health_score_internal.health_refresh_report('[{\"source\": \"s\", \"sqlstate\": \"22023\", \"message\": \"m\"}]', 1)" [health_refresh_one]="health_score_internal.health_refresh_one('s', '3', 'public')" [health_refresh_account]="health_refresh_account('s', 3)"
  [health_schedule]="health_schedule('s', '0 3 * * *')" [health_unschedule]="health_unschedule('s')" [health_retain]="health_retain('s', '1 day')"
  [health_pulse_write]="health_score_internal.health_pulse_write('accounts', '3', 'call', '4', 'n', '1 day') > 0" [health_pulse_set]="health_pulse_set('accounts', '3'::text, 'call', 4, 'n') > 0" [health_pulse_set#bigint]="health_pulse_set('accounts', 3, 'call', 4, 'n') > 0" [health_pulse_set#uuid]="health_pulse_set('accounts', '6b1c5bd6-8dd4-4a5d-9a2e-0d9a0b3c8f11'::uuid, 'call', 4, 'n') > 0"
  [health_override_set]="health_override_set('accounts', '3'::text, 'cap', 4, 'n') > 0" [health_override_set#bigint]="health_override_set('accounts', 3, 'cap', 4, 'n') > 0"
  [health_identity_add]="health_score_internal.health_identity_add('accounts', 'crm', 'x', 'n') > 0" [health_identity_join]="health_score_internal.health_identity_join('accounts', 'crm', 'x', 'accounts', '7', 'n')" [health_identity_link]="health_identity_link('crm', 'x'::text, 'accounts', 7)" [health_identity_link#bigint]="health_identity_link('crm', 8, 'accounts', 7)" [health_identity_link#uuid]="health_identity_link('crm', '6b1c5bd6-8dd4-4a5d-9a2e-0d9a0b3c8f11'::uuid, 'accounts', 7)"
  [health_history_registered]="health_score_internal.health_history_registered($src, 's_history', false)::text || 'void'" [health_history_register_clean]="health_score_internal.health_history_register_clean()::text || 'void'"
  [health_history_search]="health_score_internal.health_history_search('s_history')::text || 'void'" [health_history_forget]="health_score_internal.health_history_forget('s_history', '{3}')" [health_forget_account]="(SELECT sum(rows) FROM health_score_internal.health_forget_account('accounts', '3'))" [health_forget]="(SELECT sum(rows) FROM health_forget('accounts', '3'::text))"
  [health_forget#bigint]="(SELECT sum(rows) FROM health_forget('accounts', 3))" [health_forget#uuid]="(SELECT sum(rows) FROM health_forget('accounts', '6b1c5bd6-8dd4-4a5d-9a2e-0d9a0b3c8f11'::uuid))"
)

# Over account, grouped by id.
aggregates=(
  "health_score('m', 'a', a::float8)"
  "health_signals('m', 'a', a::float8)"
  "health_trend(a, at)"
  "health_trend_stats(a, at)"
  "health_rollup(a, b)"
  "health_worst(a)"
  "health_spark(a ORDER BY at)"
  "health_nps(b % 11)"
  "health_csat(1 + b % 5)"
  "health_ces(1 + b % 7)"
  "health_churn_rate(b > 5)"
  "health_usage_rate(b, 11)"
  "health_auc(a, at > '2026-01-15')"
  "health_backtest(a, at > '2026-01-15')"
  "health_psi(a, at > '2026-01-15')"
)

# Each call as a view in schema safe, and each aggregate: they are parsed here, in safety, so that what is tried is what the functions do.
calls_views() {
  local name aggregate
  view() { printf 'CREATE VIEW safe."%s" AS SELECT (%s)::text AS x;\n' "$1" "$2"; }
  for name in "${!call[@]}"; do view "$name" "${call[$name]}"; done
  for name in "${!write[@]}"; do view "write $name" "${write[$name]}"; done
  for aggregate in "${aggregates[@]}"; do
    printf 'CREATE VIEW safe."over %s" AS SELECT string_agg(x, '"','"' ORDER BY id) AS x FROM (SELECT id, (%s)::text AS x FROM account GROUP BY id) g;\n' "${aggregate//\"/}" "$aggregate"
  done
}

# Statements that ask those views, each in a transaction that is taken back.
calls_of_views() {
  psql -X -q -At -v ON_ERROR_STOP=1 -c "SELECT format('\\echo %s', relname) || E'\n' || format('BEGIN; SELECT x FROM safe.%I; ROLLBACK;', relname)
            FROM pg_class WHERE relnamespace = 'safe'::regnamespace AND relkind = 'v' ORDER BY relname COLLATE \"C\""
}
