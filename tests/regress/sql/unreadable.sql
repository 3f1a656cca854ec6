-- One row that a model cannot read, or that kept too little, never takes down what is beside it.
CREATE SCHEMA unreadable;
SET search_path = public, unreadable;
\pset null ~
CREATE TABLE unreadable.h(id int, at date, v int);
INSERT INTO unreadable.h VALUES (1, '2026-01-01', 5), (1, '2026-03-01', 7), (2, '2026-01-01', 7), (2, '2026-03-01', 7);
SELECT health_model_save('unreadable', '{"signals": {"v": {"scale": {"linear": [0, 10]}}}}');
SELECT health_source_add('u', 'unreadable', 'unreadable.h', 'id', time_column => 'at');
CALL health_refresh('u', '2026-01-02');
-- Strict: 7 is all that it reads. The inputs of January have a 5.
SELECT health_model_save('unreadable', '{"signals": {"v": {"scale": {"map": {"7": 100}}}}}');
CALL health_refresh('u', '2026-03-02');
SELECT account_id, score, trend, change_30_days, top_driver, explanation FROM u_current ORDER BY 1;
SELECT account_id, change, explanation FROM u_movers ORDER BY 1;
SELECT a #>> '{current,score}' AS score, jsonb_array_length(a -> 'history') AS history FROM health_account('u', 1) a;
SELECT part, before_value, after_value, change, peers FROM health_explain_change('u', 1, '2026-01-02', '2026-03-02', by => 'all');
SELECT part, before_value, after_value, change, peers FROM health_explain_change('u', 2, '2026-01-02', '2026-03-02', by => 'all');
SELECT account_id, scored_at::date, score, replayed_score FROM health_replay('u', 'unreadable') ORDER BY 1, 2;
SELECT account_id, scored_at::date, driver, subscore FROM u_drivers ORDER BY 1, 2, 3;
SELECT account_id, scored_at::date, signal, subscore, band, change, trend FROM u_signals ORDER BY 1, 2, 3;
-- A row whose inputs do not give its score has no drivers: somebody has changed it.
UPDATE u_history SET inputs = '{"v": 6}' WHERE account_id = 1 AND scored_at = '2026-01-02';
SELECT account_id, scored_at::date, driver FROM u_drivers WHERE account_id = 1 ORDER BY 2;
SELECT health_account('u', 1) -> 'drivers' -> 0 ->> 'driver' AS driver;

-- Without inputs there are no drivers, and that is said.
SELECT health_source_add('k', 'unreadable', 'unreadable.h', 'id', time_column => 'at', keep_inputs => false);
CALL health_refresh('k', '2026-03-02');
SELECT account_id, score, top_driver, explanation FROM k_current ORDER BY 1;
SELECT count(*) FROM k_drivers;
SELECT health_account('k', 2) -> 'drivers' AS drivers;

-- A window means what the document means.
SELECT health_model_save('unreadable', '{"signals": {"v": {"scale": {"linear": [0, 10]}}}, "trend": {"window": "4 wks"}}');
SELECT "window" / 86400000000 AS day, tolerance FROM health_score_internal.health_model_trend('unreadable');
CALL health_refresh('u', '2026-03-03');
SELECT account_id, score, trend FROM u_current ORDER BY 1;
INSERT INTO health_playbook (name, source, trigger, direction, action) VALUES ('unreadable', 'u', 'trend', 'declining', 'Ask.');
CALL health_refresh('u', '2026-03-04');
SELECT status FROM health_run WHERE source = 'u' ORDER BY id DESC LIMIT 1;
-- What a segment says of the trend has no effect: the check says so, the card says nothing.
SELECT severity, path, message FROM health_model_check('{"signals": {"v": {"scale": {"linear": [0, 10]}}}, "segments": [{"name": "a", "when": {"input": "v", "gt": 5}, "patch": {"trend": {"window": "9 days"}}}]}');
SELECT health_model_card('{"signals": {"v": {"scale": {"linear": [0, 10]}}}, "segments": [{"name": "a", "when": {"input": "v", "gt": 5}, "patch": {"trend": {"window": "9 days"}}}]}'::jsonb) ~ '9 days' AS told;

SELECT health_source_drop(s) FROM unnest('{u,k}'::text[]) s;
DELETE FROM health_playbook WHERE name = 'unreadable';
DELETE FROM health_alert WHERE source = 'u';
DELETE FROM health_run WHERE source IN ('u', 'k');
DROP SCHEMA unreadable CASCADE;
