-- What holds a run, what a held run says, and how it ends: too few accounts, too many alerts, a new level, a new playbook.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA holds;
SET search_path = holds, public;
DELETE FROM health_run;
DELETE FROM health_alert;
DELETE FROM health_playbook;
ALTER SEQUENCE health_run_id_seq RESTART;
ALTER SEQUENCE health_alert_id_seq RESTART;
SELECT health_model_save('hold', '{"signals": {"a": {"scale": {"linear": [0, 100]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}], "trend": {"window": "5 days"}}') \g /dev/null
CREATE TABLE account (id int, day date, a int);
-- The accounts of a day: from, to, value; those in odd have another value.
CREATE FUNCTION day(day date, "from" int, "to" int, a int, odd int[] DEFAULT '{}', other int DEFAULT 10) RETURNS void LANGUAGE sql
BEGIN ATOMIC INSERT INTO holds.account SELECT id, day, CASE WHEN id = ANY (odd) THEN other ELSE a END FROM generate_series("from", "to") id; END;
CREATE VIEW runs AS SELECT id, as_of::date AS as_of, status, held_for, accounts, alerts, message FROM health_run ORDER BY id;
CREATE VIEW data_alert AS SELECT run, as_of::date AS as_of, status, reason, explanation, action, due_at::date AS due_at, ended_at::date AS ended_at FROM health_alert WHERE playbook IS NULL AND source = 'hold' ORDER BY id;
CREATE VIEW book AS SELECT DISTINCT ON (id) id, a, day FROM account WHERE day = (health_as_of() AT TIME ZONE 'UTC')::date ORDER BY id;

-- An empty first run: there is nothing to compare it with, and no time to show.
SELECT health_source_add('hold', 'hold', 'book', 'id', point_in_time => true) \g /dev/null
SET client_min_messages = notice;
CALL health_refresh('hold', '2025-01-01');
SET client_min_messages = warning;
SELECT name, hold_accounts_below, last_as_of FROM health_source WHERE name = 'hold';
-- A book that doubles is not held; an emptied relation is, and no playbook is needed for that.
SELECT day('2025-01-02', 1, 10, 80), day('2025-01-03', 1, 20, 80) \g /dev/null
CALL health_refresh('hold', '2025-01-02');
CALL health_refresh('hold', '2025-01-03');
SET client_min_messages = notice;
CALL health_refresh('hold', '2025-01-04');
SET client_min_messages = warning;
SELECT * FROM runs;
SELECT * FROM data_alert \gx
SELECT last_as_of, (SELECT count(*) FROM hold_current) AS shown FROM health_source WHERE name = 'hold';
-- Too few the next night: the alert names that run now, and stays due when it was.
SELECT day('2025-01-05', 1, 9, 80) \g /dev/null
CALL health_refresh('hold', '2025-01-05');
SELECT run, as_of, reason, action, due_at FROM data_alert;
SELECT health_run_release(4); \echo :SQLSTATE
SELECT last_as_of FROM health_source WHERE name = 'hold';
-- Exactly the share is enough; the alert ends.
SELECT day('2025-01-06', 1, 10, 80) \g /dev/null
CALL health_refresh('hold', '2025-01-06');
SELECT run, status, ended_at FROM data_alert;
-- A share of 0 holds no run; but views never become empty by themselves.
UPDATE health_source SET hold_accounts_below = 0 WHERE name = 'hold';
SET client_min_messages = notice;
CALL health_refresh('hold', '2025-01-07');
SET client_min_messages = warning;
SELECT status, accounts, (SELECT last_as_of FROM health_source WHERE name = 'hold') FROM runs ORDER BY id DESC LIMIT 1;
\set VERBOSITY sqlstate
UPDATE health_source SET hold_accounts_below = 1.5 WHERE name = 'hold';
\set VERBOSITY default
SELECT health_source_add('x', 'hold', 'book', 'id', hold_accounts_below => -1); \echo :SQLSTATE
SELECT health_source_add('x', 'hold', 'book', 'id', hold_accounts_below => NULL); \echo :SQLSTATE
UPDATE health_source SET hold_accounts_below = 0.5 WHERE name = 'hold';
SELECT health_run_undo(max(id)) FROM runs;

-- Rows that are there already count, and a run that adds the rest is good. A run that replaces the rows that the views show
-- with too few gives them the night before.
SELECT day('2025-01-08', 1, 3, 80) \g /dev/null
CALL health_refresh('hold', '2025-01-08');
SELECT day('2025-01-08', 4, 10, 80) \g /dev/null
CALL health_refresh('hold', '2025-01-08');
SELECT status, accounts FROM runs ORDER BY id DESC LIMIT 2;
SELECT last_as_of FROM health_source WHERE name = 'hold';
DELETE FROM account WHERE day = '2025-01-08' AND id > 2;
CALL health_refresh('hold', '2025-01-08', true);
SELECT status, accounts FROM runs ORDER BY id DESC LIMIT 1;
SELECT last_as_of, (SELECT count(*) FROM hold_current WHERE scored_at = last_as_of) AS shown FROM health_source WHERE name = 'hold';
-- A person accepts it: the next night is compared with it.
SELECT health_run_release(max(id)) FROM runs;
SELECT last_as_of, (SELECT count(*) FROM hold_current) AS shown FROM health_source WHERE name = 'hold';
SELECT day('2025-01-09', 1, 2, 80) \g /dev/null
CALL health_refresh('hold', '2025-01-09');
SELECT id, status, message FROM runs ORDER BY id DESC LIMIT 2;
SELECT status FROM data_alert ORDER BY run DESC LIMIT 1;
-- One account, and none.
SELECT day('2025-01-10', 1, 1, 80) \g /dev/null
CALL health_refresh('hold', '2025-01-10');
CALL health_refresh('hold', '2025-01-11');
SELECT status, accounts, message FROM runs ORDER BY id DESC LIMIT 2;
-- A backfill is held as well, without playbooks' alerts.
SELECT day('2025-01-12', 1, 20, 80) \g /dev/null
CALL health_backfill('hold', '2025-01-12', '2025-01-13', '1 day');
SELECT as_of, status, accounts FROM runs ORDER BY id DESC LIMIT 2;
SELECT last_as_of FROM health_source WHERE name = 'hold';

-- A backfill says that the views show something later.
SET client_min_messages = notice;
CALL health_backfill('hold', '2025-01-02', '2025-01-02', '1 day');
SET client_min_messages = warning;

-- Half the book is gone for good: seven days of runs that agree are the new level. The alert says so, and stays.
SELECT day(d::date, 1, 9, 80) FROM generate_series(timestamp '2025-01-14', '2025-01-22', '1 day') d \g /dev/null
SELECT format('CALL health_refresh(''hold'', %L)', d) FROM generate_series(timestamptz '2025-01-14', '2025-01-22', '1 day') d \gexec
SELECT as_of, status, accounts FROM runs WHERE as_of >= '2025-01-13' ORDER BY id;
SELECT * FROM data_alert ORDER BY run DESC LIMIT 1 \gx
SELECT last_as_of FROM health_source WHERE name = 'hold';
SELECT health_alert_resolve(id, 'checked') FROM health_alert WHERE playbook IS NULL AND status = 'open' \g /dev/null
-- max_staleness: what is left of the book is compared as well.
CREATE TABLE late AS SELECT id, date '2025-01-01' AS day, 80 AS a FROM generate_series(1, 10) id;
SELECT health_source_add('late', 'hold', 'late', 'id', time_column => 'day', max_staleness => '2 days', book => 'late') \g /dev/null
CALL health_refresh('late', '2025-01-01');
INSERT INTO late VALUES (1, '2025-01-05', 80);
CALL health_refresh('late', '2025-01-05');
SELECT status, message FROM health_run ORDER BY id DESC LIMIT 1;
SELECT health_source_drop('late');

-- Too many alerts: what the run would have raised is known, by playbook. A new playbook alerts on what begins: the accounts
-- that were red, or declined, or had dropped the night before raise none.
SELECT day(d::date, 1, 9, 60, '{1,2}', 40 - 10 * (d::date - date '2025-01-23')) FROM generate_series(timestamp '2025-01-23', '2025-01-25', '1 day') d \g /dev/null
SELECT format('CALL health_refresh(''hold'', %L)', d) FROM generate_series(timestamptz '2025-01-23', '2025-01-25', '1 day') d \gexec
INSERT INTO health_playbook (name, source, trigger, band, direction, points, within, condition, action) VALUES
    ('red', 'hold', 'band', 'red', NULL, NULL, NULL, NULL, 'call'), ('decline', 'hold', 'trend', NULL, 'declining', NULL, NULL, NULL, 'call'),
    ('drop', 'hold', 'drop', NULL, NULL, 15, '3 days', NULL, 'call'), ('top', 'hold', 'opportunity', NULL, NULL, NULL, NULL, '{"input": "a", "ge": 55}', 'call');
UPDATE health_source SET hold_alerts_above = 0.4 WHERE name = 'hold';
SELECT day('2025-01-26', 1, 9, 60, '{1,2,3}', 10) \g /dev/null
CALL health_refresh('hold', '2025-01-26');
SELECT playbook, account_id, reason FROM health_alert WHERE playbook IS NOT NULL ORDER BY playbook, account_id;
-- Its cause ends and returns: then it is one more.
SELECT day('2025-01-27', 1, 9, 60, '{1,3}', 10) \g /dev/null
CALL health_refresh('hold', '2025-01-27');
SELECT day('2025-01-28', 1, 9, 60, '{1,2,3}', 10) \g /dev/null
CALL health_refresh('hold', '2025-01-28');
SELECT playbook, account_id, as_of::date, status FROM health_alert WHERE playbook IS NOT NULL ORDER BY id;
-- A shift of the level. The first night is held.
SELECT day('2025-01-29', 1, 9, 30) \g /dev/null
CALL health_refresh('hold', '2025-01-29');
SELECT id, status, held_for, alerts, message FROM runs ORDER BY id DESC LIMIT 1;
SELECT max(id) AS first FROM health_run \gset
SELECT * FROM health_run_alerts(:first);
SELECT health_run_alerts(0); \echo :SQLSTATE
SELECT run = :first AS named, reason, explanation FROM data_alert WHERE status = 'open';
-- The second differs from it: by now all decline. The third agrees with the second and is done. It raises what has changed
-- since: account 9.
SELECT day('2025-01-30', 1, 9, 30), day('2025-01-31', 1, 9, 30, '{9}', 60) \g /dev/null
CALL health_refresh('hold', '2025-01-30');
SELECT * FROM health_run_alerts(:first + 1);
SELECT run = :first + 1 AS named, reason FROM data_alert WHERE status = 'open';
CALL health_refresh('hold', '2025-01-31');
SELECT status, held_for, alerts, message FROM runs ORDER BY id DESC LIMIT 1;
SELECT * FROM health_run_alerts(:first + 2);
SELECT status, reason, explanation, action FROM data_alert WHERE status = 'open';
-- The fourth is compared with the third. The data alert stays for a person.
SELECT day('2025-02-01', 1, 9, 30, '{9}', 60) \g /dev/null
CALL health_refresh('hold', '2025-02-01');
SELECT status, alerts FROM runs ORDER BY id DESC LIMIT 1;
SELECT status FROM data_alert ORDER BY run DESC LIMIT 1;
-- The first run of another model raises nothing: its scores are not comparable.
SELECT health_model_save('hold other', '{"signals": {"a": {"scale": {"linear": [100, 0]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 80}]}') \g /dev/null
UPDATE health_source SET model = 'hold other' WHERE name = 'hold';
CALL health_refresh('hold', '2025-02-01 12:00');
SELECT status, alerts FROM runs ORDER BY id DESC LIMIT 1;

SELECT health_source_drop('hold');
DELETE FROM health_alert;
DELETE FROM health_playbook;
DELETE FROM health_run;
DROP SCHEMA holds CASCADE;
