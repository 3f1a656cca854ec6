-- health_hand_over: all that belongs to one role, given to another; and the warning of a run whose playbooks belong to another role.
\set SHOW_CONTEXT never
\set VERBOSITY default
CREATE ROLE hand_old;
CREATE ROLE hand_new;
CREATE ROLE hand_nobody;
CREATE SCHEMA hand AUTHORIZATION hand_old;
GRANT USAGE, CREATE ON SCHEMA hand TO hand_new;
SET search_path = hand, public;
SELECT health_model_save('hand', '{"signals": {"a": {"scale": {"linear": [0, 100]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}') \g /dev/null
SELECT count(*) > 0 AS granted FROM health_grant('hand_old', 'operator');
SET ROLE hand_old;
CREATE TABLE account AS SELECT i AS id, 60 AS a, timestamptz '2025-01-01Z' AS at FROM generate_series(1, 20) i;
SELECT health_source_add('s', 'hand', 'hand.account', 'id', time_column => 'at', hold_alerts_above => 1);
INSERT INTO health_playbook (name, source, trigger, band, action) VALUES ('low', 's', 'band', 'red', 'call');
CALL health_refresh('s', '2025-01-02Z');
INSERT INTO account SELECT id, 10, '2025-01-03Z' FROM account WHERE id <= 3;
RESET ROLE;

-- A rename, and the repair that comes to mind: the run warns, where 0 alerts in silence would look like a quiet night.
ALTER ROLE hand_old RENAME TO hand_renamed;
SET ROLE hand_renamed;
CALL health_refresh();
RESET ROLE;
UPDATE health_source SET run_as = 'hand_renamed' WHERE name = 's';
SET ROLE hand_renamed;
CALL health_refresh('s', '2025-01-04Z');
SELECT * FROM health_hand_over('hand_old', 'hand_renamed');
RESET ROLE;
SELECT as_of, status, alerts, warning FROM health_run ORDER BY id;
SELECT * FROM health_hand_over('hand_old', 'hand_renamed');
SET ROLE hand_renamed;
INSERT INTO account SELECT id, 10, '2025-01-05Z' FROM account WHERE id BETWEEN 4 AND 6 AND at < '2025-01-02Z';
CALL health_refresh('s', '2025-01-06Z');
SELECT status, alerts, warning FROM health_run ORDER BY id DESC LIMIT 1;
RESET ROLE;

-- To another role: histories, partitions and views as well; what the new role lacks is said.
SELECT * FROM health_hand_over('hand_renamed', 'hand_new') ORDER BY what, name COLLATE "C";
SELECT count(*) > 0 AS granted FROM health_grant('hand_new', 'operator');
GRANT SELECT ON hand.account TO hand_new;
SET ROLE hand_new;
CALL health_refresh('s', '2025-01-07Z');
SELECT status, run_as FROM health_run ORDER BY id DESC LIMIT 1;
SELECT count(*) FROM s_current;
RESET ROLE;
SELECT DISTINCT run_as FROM health_run UNION SELECT run_as FROM health_alert UNION SELECT run_as FROM health_playbook UNION SELECT run_as FROM health_source;
-- Nothing is left to hand over.
SELECT * FROM health_hand_over('hand_renamed', 'hand_new');

-- Playbooks for a model of several roles are usual: they count only if the source has none of its own.
INSERT INTO health_playbook (name, model, trigger, band, action, run_as) VALUES ('all', 'hand', 'band', 'red', 'call', 'hand_renamed');
SELECT health_score_internal.health_alert_others(s) FROM health_source s;
UPDATE health_playbook SET active = false WHERE name = 'low';
SELECT health_score_internal.health_alert_others(s) FROM health_source s;
UPDATE health_playbook SET book = 'another' WHERE name = 'all';
SELECT health_score_internal.health_alert_others(s) FROM health_source s;

SELECT * FROM health_hand_over('hand_gone', 'hand_new');
SELECT * FROM health_hand_over('hand_new', 'hand_gone');
SELECT * FROM health_hand_over('hand_new', 'hand_new');
SELECT * FROM health_hand_over(NULL, 'hand_new');
SET ROLE hand_nobody;
SELECT * FROM health_hand_over('hand_new', 'hand_nobody');
RESET ROLE;
SELECT run_as FROM health_source;

DELETE FROM health_source;
DELETE FROM health_playbook;
DELETE FROM health_alert;
DELETE FROM health_run;
\set VERBOSITY terse
SET client_min_messages = warning;
DROP OWNED BY hand_renamed, hand_new, hand_nobody CASCADE;
DROP ROLE hand_renamed, hand_new, hand_nobody;
