-- Alerts: what each trigger raises and when it ends, what is held, what people and workers do, who may see it.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA alerts;
DELETE FROM health_run;
ALTER SEQUENCE health_run_id_seq RESTART;
ALTER SEQUENCE health_alert_id_seq RESTART;
SELECT health_model_save('alert model', '{"categories": {"usage": {"weight": 60}, "finance": {"weight": 40}}, "min_coverage": 0.4,
  "signals": {"logins": {"category": "usage", "scale": {"linear": [0, 100]}}, "overdue": {"category": "finance", "scale": {"linear": [100, 0]}}},
  "rules": [{"name": "default", "when": {"input": "overdue", "ge": 95}, "cap": 25}],
  "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}], "trend": {"window": "20 days", "tolerance": 5},
  "segments": [{"name": "big", "when": {"input": "arr", "gt": 1000}, "patch": {}}]}') \g /dev/null

-- The score is 0.6 logins + 0.4 (100 − overdue). Twenty accounts; what changes is written as a new row.
CREATE TABLE alerts.account (id int, at timestamptz, logins float8, overdue float8 DEFAULT 20, csm text DEFAULT 'ann', arr int DEFAULT 100, name text);
CREATE FUNCTION alerts.set(id int, at timestamptz, logins float8, overdue float8 DEFAULT 20) RETURNS void LANGUAGE sql
BEGIN ATOMIC INSERT INTO alerts.account (id, at, logins, overdue, arr, name) VALUES (id, at, logins, overdue, CASE WHEN id = 20 THEN 5000 ELSE 100 END, 'Account ' || id); END;
SELECT alerts.set(id, '2025-01-01', 80) FROM generate_series(1, 20) id \g /dev/null
SELECT health_source_add('alerts', 'alert model', 'alerts.account', 'id', name_column => 'name', value_column => 'arr', owner_column => 'csm', time_column => 'at', book => 'alert book') \g /dev/null
CREATE VIEW alerts.seen AS SELECT playbook, account_id, as_of::date AS as_of, trigger, reason, score, band, score_before, band_before, status, ended_at::date FROM health_alert ORDER BY id;

-- Band: those that come into it, and not those that were first seen in it. A backfill raises nothing.
INSERT INTO health_playbook (name, model, trigger, band, action, due_in, severity, hysteresis) VALUES ('red', 'alert model', 'band', 'red', 'Call them.', '2 days', 'critical', 3);
SELECT alerts.set(1, '2025-01-01 01:00', 0);
CALL health_backfill('alerts', '2025-01-02', '2025-01-04', '1 day');
SELECT alerts.set(2, '2025-01-05', 0), alerts.set(21, '2025-01-05', 0, 90) \g /dev/null
CALL health_refresh('alerts', '2025-01-05');
SELECT * FROM alerts.seen;
SELECT name, owner, value, explanation, action, severity, due_at, source, book, run = (SELECT max(id) FROM health_run) AS of_last_run FROM health_alert;
SELECT as_of, status, backfill, alerts FROM health_run WHERE source = 'alerts' ORDER BY id;
-- The same as_of twice, with replace and without: nothing is doubled; nor after it was resolved.
CALL health_refresh('alerts', '2025-01-05');
CALL health_refresh('alerts', '2025-01-05', true);
SELECT health_alert_resolve(id, 'called') FROM health_alert;
CALL health_refresh('alerts', '2025-01-05', true);
CALL health_refresh('alerts', '2025-01-06');
SELECT * FROM alerts.seen;
-- A run of the past raises nothing, and is compared with nothing.
CALL health_refresh('alerts', '2025-01-03 12:00');
SELECT alerts FROM health_run ORDER BY id DESC LIMIT 1;
-- Out of the band by less than the hysteresis it has not ended; beyond it has, and the next time raises another.
SELECT alerts.set(2, '2025-01-07', 15) \g /dev/null
CALL health_refresh('alerts', '2025-01-07');
SELECT alerts.set(2, '2025-01-08', 11) \g /dev/null
CALL health_refresh('alerts', '2025-01-08');
SELECT * FROM alerts.seen;
SELECT alerts.set(2, '2025-01-09', 80) \g /dev/null
CALL health_refresh('alerts', '2025-01-09');
SELECT alerts.set(2, '2025-01-10', 11) \g /dev/null
CALL health_refresh('alerts', '2025-01-10');
SELECT * FROM alerts.seen;
-- An alert that nobody has taken up ends with the matter; one that somebody has stays until it is resolved.
SELECT alerts.set(3, '2025-01-11', 0) \g /dev/null
CALL health_refresh('alerts', '2025-01-11');
SELECT health_alert_ack(id) FROM health_alert WHERE account_id = '3';
SELECT alerts.set(id, '2025-01-12', 80) FROM generate_series(2, 3) id \g /dev/null
CALL health_refresh('alerts', '2025-01-12');
SELECT * FROM alerts.seen;
DELETE FROM health_alert;

-- A score that swings by 1 around a bound for 30 runs raises one alert, even where it is resolved at once.
SELECT alerts.set(4, '2025-02-01'::timestamptz + n * interval '1 day', CASE WHEN n % 2 = 0 THEN 15 ELSE 35.0 / 3 END) FROM generate_series(0, 30) n \g /dev/null
SELECT format('CALL health_refresh(''alerts'', %L)', '2025-02-01'::timestamptz + n * interval '1 day') FROM generate_series(0, 15) n \gexec
SELECT account_id, count(*), min(status) FROM health_alert GROUP BY account_id;
SELECT health_alert_resolve(id, 'called') FROM health_alert;
SELECT format('CALL health_refresh(''alerts'', %L)', '2025-02-01'::timestamptz + n * interval '1 day') FROM generate_series(16, 30) n \gexec
SELECT account_id, count(*), min(status), count(ended_at) AS ended FROM health_alert GROUP BY account_id;
-- Without it, by cooldown alone: the account that is in the band when the time is over raises the next.
DELETE FROM health_alert;
UPDATE health_playbook SET hysteresis = 0, cooldown = '10 days';
SELECT alerts.set(4, '2025-03-01'::timestamptz + n * interval '1 day', CASE WHEN n % 2 = 0 OR n > 6 THEN 35.0 / 3 ELSE 15 END) FROM generate_series(0, 14) n \g /dev/null
SELECT format('CALL health_refresh(''alerts'', %L)', '2025-03-01'::timestamptz + n * interval '1 day') FROM generate_series(0, 14) n \gexec
SELECT * FROM alerts.seen;
UPDATE health_playbook SET active = false;
DELETE FROM health_alert;

-- Drop, by cause: against the newest run at least as old as within; a young account against its first score.
INSERT INTO health_playbook (name, source, trigger, points, within, condition, action, owner) VALUES
    ('usage', 'alerts', 'drop', 15, '30 days', '{"category_drop": "usage", "ge": 20}', 'Train them.', 'enablement'),
    ('payments', 'alerts', 'drop', 15, '30 days', '{"category_drop": "finance", "ge": 20}', 'Ask finance.', 'finance');
SELECT alerts.set(22, '2025-04-01', 90) \g /dev/null
CALL health_refresh('alerts', '2025-04-01');
CALL health_refresh('alerts', '2025-04-02');
SELECT alerts.set(5, '2025-04-03', 20), alerts.set(6, '2025-04-03', 60, 80), alerts.set(7, '2025-04-03', 40), alerts.set(22, '2025-04-03', 10) \g /dev/null
CALL health_refresh('alerts', '2025-04-03');
SELECT * FROM alerts.seen;
SELECT account_id, owner, explanation FROM health_alert ORDER BY id;
-- It ends with the recovery; resolved, it may come again after the window.
SELECT health_alert_resolve(id, 'trained') FROM health_alert WHERE account_id = '5';
SELECT alerts.set(6, '2025-04-04', 80, 20) \g /dev/null
CALL health_refresh('alerts', '2025-04-04');
SELECT alerts.set(5, '2025-05-04', 0) \g /dev/null
CALL health_refresh('alerts', '2025-05-04');
SELECT * FROM alerts.seen;
UPDATE health_playbook SET active = false;
DELETE FROM health_alert;

-- Trend, rule, stale: over the model's window; a rule that had not fired before; a score that there was.
INSERT INTO health_playbook (name, model, trigger, direction, action) VALUES ('decline', 'alert model', 'trend', 'declining', 'Ask.');
INSERT INTO health_playbook (name, model, trigger, rule, action) VALUES ('default', 'alert model', 'rule', 'default', 'Ask.');
INSERT INTO health_playbook (name, model, trigger, action) VALUES ('stale', 'alert model', 'stale', 'Ask.');
SELECT alerts.set(8, '2025-06-01'::timestamptz + n * interval '5 days', 80 - 5 * n) FROM generate_series(0, 3) n \g /dev/null
SELECT alerts.set(1, '2025-06-01', 80, 100), alerts.set(9, '2025-06-11', 80, 100), alerts.set(10, '2025-06-11', NULL, NULL) \g /dev/null
CALL health_refresh('alerts', '2025-06-01');
CALL health_refresh('alerts', '2025-06-06');
CALL health_refresh('alerts', '2025-06-11');
CALL health_refresh('alerts', '2025-06-16');
SELECT * FROM alerts.seen;
SELECT account_id, explanation FROM health_alert ORDER BY id;
SELECT alerts.set(9, '2025-06-21', 80, 20), alerts.set(10, '2025-06-21', 80), alerts.set(8, '2025-06-21', 100), alerts.set(8, '2025-06-26', 100) \g /dev/null
CALL health_refresh('alerts', '2025-06-21');
CALL health_refresh('alerts', '2025-06-26');
SELECT * FROM alerts.seen;
-- An account that is left out for the age of its rows is stale; one that only its source leaves out is not looked for.
SELECT health_source_add('alerts', 'alert model', 'alerts.account', 'id', name_column => 'name', value_column => 'arr', owner_column => 'csm', time_column => 'at', book => 'alert book', max_staleness => '20 days', hold_alerts_above => 1, hold_accounts_below => 0) \g /dev/null
DELETE FROM health_alert;
SELECT alerts.set(8, '2025-07-12', 100), alerts.set(10, '2025-07-12', 80) \g /dev/null
CALL health_refresh('alerts', '2025-07-12');
SELECT playbook, reason, count(*), min(account_id), min(name) AS name, min(owner) AS owner, bool_or(explanation IS NOT NULL) AS explained FROM health_alert GROUP BY playbook, reason;
-- A segment.
DELETE FROM health_alert;
UPDATE health_playbook SET active = false;
UPDATE health_playbook SET active = true, segment = 'big' WHERE name = 'red';
SELECT health_source_add('alerts', 'alert model', 'alerts.account', 'id', name_column => 'name', value_column => 'arr', owner_column => 'csm', time_column => 'at', book => 'alert book') \g /dev/null
SELECT alerts.set(id, '2025-07-14', 80) FROM generate_series(1, 22) id \g /dev/null
CALL health_refresh('alerts', '2025-07-14');
SELECT alerts.set(id, '2025-07-15', 0) FROM generate_series(19, 20) id \g /dev/null
CALL health_refresh('alerts', '2025-07-15');
SELECT playbook, account_id, name FROM health_alert;
UPDATE health_playbook SET segment = NULL, cooldown = '0', hysteresis = 0 WHERE name = 'red';
DELETE FROM health_alert;

-- A feed that has stopped: what would alert on 60 % of the book is held, the scores are written, one data alert says so.
SELECT alerts.set(id, '2025-08-01', 80) FROM generate_series(1, 20) id \g /dev/null
CALL health_refresh('alerts', '2025-08-01');
SELECT alerts.set(id, '2025-08-02', 0, 30) FROM generate_series(1, 12) id \g /dev/null
CALL health_refresh('alerts', '2025-08-02');
SELECT alerts.set(id, '2025-08-03', 0, 30) FROM generate_series(13, 19) id \g /dev/null
CALL health_refresh('alerts', '2025-08-03');
SELECT as_of, status, accounts, alerts FROM health_run WHERE as_of >= '2025-08-01' ORDER BY id;
SELECT trigger, playbook, account_id, reason, explanation, severity, replace(action, run::text, 'N') AS action FROM health_alert;
SELECT count(*) FROM alerts.alerts_current WHERE band = 'red';
SELECT min(id) AS first, max(id) AS last FROM health_run WHERE status = 'held' \gset
SELECT health_run_release(:first); \echo :SQLSTATE
SELECT health_run_release(0); \echo :SQLSTATE
SELECT health_run_release(NULL); \echo :SQLSTATE
SELECT health_run_release(:last);
SELECT health_run_release(:last); \echo :SQLSTATE
SELECT trigger, status, count(*), min(score_before) FROM health_alert GROUP BY trigger, status ORDER BY trigger;
SELECT as_of, status, alerts FROM health_run WHERE as_of >= '2025-08-01' ORDER BY id;
CALL health_refresh('alerts', '2025-08-04');
SELECT status, alerts FROM health_run ORDER BY id DESC LIMIT 1;
-- The feed is back: held rows are compared with nothing, and nothing is raised.
DELETE FROM health_alert;
SELECT alerts.set(id, '2025-08-05', 80) FROM generate_series(1, 20) id \g /dev/null
CALL health_refresh('alerts', '2025-08-05');
SELECT alerts.set(id, '2025-08-06', 0) FROM generate_series(1, 12) id \g /dev/null
CALL health_refresh('alerts', '2025-08-06');
SELECT alerts.set(id, '2025-08-07', 80) FROM generate_series(1, 12) id \g /dev/null
CALL health_refresh('alerts', '2025-08-07');
SELECT trigger, status, ended_at FROM health_alert;
SELECT health_run_release(id) FROM health_run WHERE status = 'held' ORDER BY id DESC LIMIT 1; \echo :SQLSTATE
DELETE FROM health_alert;
-- A run that is released counts its own rows for the trends: without them nothing declines yet.
UPDATE health_playbook SET active = name = 'decline';
CREATE TABLE alerts.slide AS SELECT id, '2025-08-01'::timestamptz + n * interval '1 day' AS at, 80 - 6 * n AS logins, 0 AS overdue, 1000 AS arr FROM generate_series(1, 5) id, generate_series(0, 2) n;
SELECT health_source_add('slide', 'alert model', 'alerts.slide', 'id', time_column => 'at', book => 'slide') \g /dev/null
CALL health_refresh('slide', '2025-08-01');
CALL health_refresh('slide', '2025-08-02');
CALL health_refresh('slide', '2025-08-03');
SELECT as_of, status, alerts FROM health_run WHERE source = 'slide' ORDER BY id;
SELECT health_run_release(id) FROM health_run WHERE source = 'slide' ORDER BY id DESC LIMIT 1;
SELECT playbook, reason, score, score_before, count(*) FROM health_alert WHERE playbook IS NOT NULL GROUP BY 1, 2, 3, 4;
SELECT health_source_drop('slide');
DELETE FROM health_alert;

-- Expansion: a second source over the same book. Whoever another source sees at risk is no opportunity.
UPDATE health_playbook SET active = false;
SELECT health_model_save('alert expansion', '{"purpose": "expansion", "categories": {"growing": {"weight": 1}, "near_limit": {"weight": 1}},
  "signals": {"growth": {"category": "growing", "input": {"change": ["users", "users_before"]}, "scale": {"linear": [-0.1, 0.3]}}, "seat_use": {"category": "near_limit", "input": {"ratio": ["users", "seats"]}, "scale": {"linear": [0.5, 1]}}},
  "bands": [{"name": "not_now", "from": 0}, {"name": "ready", "from": 70}]}') \g /dev/null
CREATE TABLE alerts.seats AS SELECT id, timestamptz '2025-08-01' AS at, 50 AS users, 50 AS users_before, 100 AS seats FROM generate_series(1, 20) id;
SELECT health_source_add('expansion', 'alert expansion', 'alerts.seats', 'id', time_column => 'at', book => 'alert book') \g /dev/null
INSERT INTO health_playbook SELECT * FROM health_playbook_examples('alert expansion');
SELECT name, trigger, condition FROM health_playbook WHERE model = 'alert expansion';
CALL health_refresh('expansion', '2025-08-07');
INSERT INTO alerts.seats VALUES (13, '2025-08-08', 95, 70, 100), (14, '2025-08-08', 95, 70, 100), (15, '2025-08-08', 95, 95, 100);
SELECT alerts.set(14, '2025-08-08', 0) \g /dev/null
CALL health_refresh('alerts', '2025-08-08');
CALL health_refresh('expansion', '2025-08-08');
SELECT playbook, account_id, reason, round(score) AS score, band, explanation FROM health_alert;
INSERT INTO alerts.seats VALUES (13, '2025-08-09', 95, 95, 100);
CALL health_refresh('expansion', '2025-08-09');
SELECT account_id, status FROM health_alert;
SELECT health_source_drop('expansion');
DELETE FROM health_alert;

-- What people and workers do.
UPDATE health_playbook SET active = true WHERE name = 'red';
SELECT alerts.set(id, '2025-08-09', 0) FROM generate_series(1, 4) id \g /dev/null
CALL health_refresh('alerts', '2025-08-09');
SELECT min(id) AS a, min(id) + 1 AS b, min(id) + 2 AS c, min(id) + 3 AS d FROM health_alert \gset
\set gone 0
SELECT id - :a AS alert, status, attempts, claimed_by = current_user AS mine, leased_until > clock_timestamp() + interval '4 minutes' AS leased FROM health_alert_claim(2);
SELECT id - :a AS alert, leased_until < clock_timestamp() + interval '2 minutes' AS short FROM health_alert_claim(10, '1 minute');
SELECT count(*) FROM health_alert_claim(10);
UPDATE health_alert SET leased_until = now() - interval '1 second' WHERE id IN (:c, :d);
SELECT id - :a AS alert, attempts FROM health_alert_claim(10, source => 'alerts');
SELECT count(*) FROM health_alert_claim(10, source => 'expansion');
SELECT health_alert_delivered(:a, 'T-1'), health_alert_delivered(:a, 'T-2');
SELECT ref, delivered_at IS NOT NULL AS delivered, leased_until, status FROM health_alert WHERE id = :a;
SELECT health_alert_ack(:a);
\set VERBOSITY terse
SELECT health_alert_ack(:a); \echo :SQLSTATE
\set VERBOSITY default
SELECT health_alert_snooze(:b, now() - interval '1 day'); \echo :SQLSTATE
SELECT health_alert_snooze(:b, NULL); \echo :SQLSTATE
SELECT health_alert_snooze(:b, clock_timestamp() + interval '1 minute');
SELECT count(*) FROM health_alert_claim(10);
UPDATE health_alert SET snoozed_until = now() - interval '1 second' WHERE id = :b;
SELECT id - :a AS alert, status, snoozed_until < clock_timestamp() AS was_put_off FROM health_alert_claim(10);
SELECT health_alert_resolve(:b, NULL); \echo :SQLSTATE
SELECT health_alert_resolve(:b, 'called', 'spoke with the new sponsor');
\set VERBOSITY terse
SELECT health_alert_resolve(:b, 'called'); \echo :SQLSTATE
SELECT health_alert_ack(:b); \echo :SQLSTATE
SELECT health_alert_snooze(:b, now() + interval '1 day'); \echo :SQLSTATE
\set VERBOSITY default
SELECT health_alert_delivered(:b) AS late_but_true;
SELECT health_alert_ack(:gone); \echo :SQLSTATE
SELECT health_alert_delivered(NULL); \echo :SQLSTATE
SELECT health_alert_claim(0); \echo :SQLSTATE
SELECT health_alert_claim(1, '-1 minute'); \echo :SQLSTATE
SELECT health_alert_claim(NULL); \echo :SQLSTATE
SELECT id - :a AS alert, status, acknowledged_by = current_user AS acknowledged, resolved_by = current_user AS resolved, action_taken, note FROM health_alert ORDER BY id;

-- Did it help? The scores are followed after the end.
SELECT health_alert_resolve(:a, 'training');
SELECT alerts.set(1, '2025-08-20', 40), alerts.set(1, '2025-09-20', 80), alerts.set(1, '2025-11-20', 60), alerts.set(3, '2025-08-20', 80) \g /dev/null
CALL health_refresh('alerts', '2025-08-20');
CALL health_refresh('alerts', '2025-09-20');
CALL health_refresh('alerts', '2025-11-20');
CALL health_refresh('alerts', '2025-11-20', true);
SELECT account_id, status, action_taken, score, score_30_days, change_30_days, score_90_days, latest_score, latest_change, latest_band, latest_at FROM health_alert_outcome ORDER BY alert;
SELECT COALESCE(action_taken, 'nothing') AS action, count(*), avg(change_30_days) AS change FROM health_alert_outcome GROUP BY 1 ORDER BY 1;
SELECT alert - :a AS alert, scored_at, score, band FROM health_alert_score ORDER BY 1, 2;

-- Without inputs in history, and where segments are named: what explains then.
SELECT health_source_add('alerts', 'alert model', 'alerts.account', 'id', time_column => 'at', keep => '{csm}', keep_inputs => false, hold_alerts_above => 1) \g /dev/null
SELECT alerts.set(18, '2025-11-21', 0, 40) \g /dev/null
CALL health_refresh('alerts', '2025-11-21');
SELECT explanation FROM health_alert WHERE account_id = '18';
ALTER TABLE alerts.account ADD seg text DEFAULT 'big';
SELECT health_source_add('alerts', 'alert model', 'alerts.account', 'id', time_column => 'at', segment_column => 'seg', hold_alerts_above => 1) \g /dev/null
SELECT alerts.set(17, '2025-11-22', 0, 40) \g /dev/null
CALL health_refresh('alerts', '2025-11-22');
SELECT explanation, segment FROM health_alert WHERE account_id = '17';
SELECT health_source_add('alerts', 'alert model', 'alerts.account', 'id', time_column => 'at', hold_alerts_above => 1) \g /dev/null
SELECT alerts.set(16, '2025-11-23', 0, 40) \g /dev/null
CALL health_refresh('alerts', '2025-11-23');
SELECT explanation, segment FROM health_alert WHERE account_id = '16';
-- The version that scored tells the bands, whatever has become of the model since.
SELECT health_model_save('alert model', '{"signals": {"logins": {"scale": {"linear": [0, 100]}}}, "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}') \g /dev/null
SELECT health_source_add('alerts', 'alert model@2', 'alerts.account', 'id', time_column => 'at', hold_alerts_above => 1) \g /dev/null
CALL health_refresh('alerts', '2025-11-24');
SELECT account_id, status FROM health_alert WHERE account_id IN ('16', '17', '18') ORDER BY account_id;
SELECT health_model_activate('alert model', 1);

-- Rights: PUBLIC has none; who raises alerts needs some, and is told; who works on them can only do that.
CREATE ROLE alert_ops;
CREATE ROLE alert_worker;
CREATE ROLE alert_nobody;
GRANT INSERT, UPDATE, DELETE ON health_source TO alert_ops;
GRANT SELECT, INSERT, UPDATE ON health_run, health_run_signal TO alert_ops;
GRANT SELECT ON health_pulse, health_override TO alert_ops;
GRANT SELECT, INSERT ON health_playbook TO alert_ops;
GRANT SELECT, UPDATE ON health_alert TO alert_worker;
CREATE SCHEMA alert_ops AUTHORIZATION alert_ops;
SELECT relname FROM pg_class c, aclexplode(c.relacl) a WHERE relname ~ '^health_(alert|playbook|run)' AND relkind IN ('r', 'v', 'S') AND a.grantee = 0;
SET ROLE alert_nobody;
\set VERBOSITY sqlstate
SELECT count(*) FROM health_alert;
SELECT count(*) FROM health_alert_score;
SELECT count(*) FROM health_alert_outcome;
SELECT count(*) FROM health_playbook;
SELECT health_alert_claim();
SELECT health_alert_resolve(:a, 'x');
\set VERBOSITY default
SET ROLE alert_ops;
CREATE TABLE alert_ops.account (id int, at timestamptz, logins float8, overdue float8, arr int);
INSERT INTO alert_ops.account SELECT id, '2025-01-01', 80, 20 FROM generate_series(1, 10) id;
SELECT health_source_add('ops', 'alert model', 'alert_ops.account', 'id', time_column => 'at') \g /dev/null
CALL health_refresh('ops', '2025-01-01');
INSERT INTO alert_ops.account VALUES (1, '2025-01-02', 0, 50);
-- The playbooks of another role are not its.
CALL health_refresh('ops', '2025-01-02');
SELECT alerts FROM health_run WHERE source = 'ops' ORDER BY id DESC LIMIT 1;
INSERT INTO health_playbook (name, source, trigger, band, action) VALUES ('ops red', 'ops', 'band', 'red', 'call');
CALL health_refresh('ops', '2025-01-03'); \echo :SQLSTATE
RESET ROLE;
GRANT SELECT, INSERT, UPDATE ON health_alert, health_alert_score TO alert_ops;
SET ROLE alert_ops;
INSERT INTO alert_ops.account VALUES (2, '2025-01-03', 0, 50);
CALL health_refresh('ops', '2025-01-03');
SELECT account_id, run_as FROM health_alert WHERE source = 'ops';
INSERT INTO health_alert (playbook, source, book, account_id, run, as_of, trigger, reason, action, severity, due_at, run_as) VALUES ('red', 'alerts', 'b', '1', 1, now(), 'band', 'r', 'a', 'low', now(), 'postgres'); \echo :SQLSTATE
SELECT health_run_release(:last); \echo :SQLSTATE
SET ROLE alert_worker;
SELECT account_id, claimed_by FROM health_alert_claim(1, source => 'ops');
SELECT health_alert_resolve(id, 'called') FROM health_alert WHERE source = 'ops';
UPDATE health_alert SET account_id = '9' WHERE source = 'ops'; \echo :SQLSTATE
DELETE FROM health_alert; \echo :SQLSTATE
RESET ROLE;

SELECT health_source_drop('ops'), health_source_drop('alerts');
SELECT count(*) FROM health_playbook WHERE source IS NOT NULL;
DELETE FROM health_alert;
SELECT count(*) FROM health_alert_score;
DELETE FROM health_playbook;
DELETE FROM health_run;
DROP SCHEMA alerts, alert_ops CASCADE;
REVOKE ALL ON health_source, health_run, health_run_signal, health_playbook, health_alert, health_alert_score, health_pulse, health_override FROM alert_ops, alert_worker;
DROP ROLE alert_ops, alert_worker, alert_nobody;
SET session_replication_role = replica;
TRUNCATE health_model;
