-- Conditions of playbooks over what a history keeps of an account: its own columns, unknown names, what is new, what repeats; alerts made by hand.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
CREATE SCHEMA conditions;
DELETE FROM health_alert;
ALTER SEQUENCE health_alert_id_seq RESTART;
SELECT health_model_save('vendor model', '{"signals": {"v": {"scale": {"linear": [0, 100]}}}, "bands": [{"name": "D", "from": 0}, {"name": "A", "from": 50}],
  "rules": [{"name": "unpaid", "when": {"input": "plan", "eq": "free"}, "adjust": -1}]}') \g /dev/null
CREATE TABLE conditions.account (id int, at timestamptz, v int, renewal date, csm text, arr numeric, name text, region text, grp text, plan text);
INSERT INTO conditions.account
SELECT i, '2024-01-01', 80, date '2024-01-01' + 10 * i, CASE WHEN i % 2 = 0 THEN 'ann' ELSE 'bob' END, 100 * i, 'Account ' || i, 'north', 'g' || i % 3, 'paid' FROM generate_series(1, 20) i;
SELECT health_source_add('vendor', 'vendor model', 'conditions.account', 'id', book => 'vendor', time_column => 'at', name_column => 'name', value_column => 'arr', owner_column => 'csm', renewal_column => 'renewal', parent_column => 'grp', keep => '{region}', hold_alerts_above => 1) \g /dev/null
SELECT health_source_add('bare', 'vendor model', 'conditions.account', 'id', book => 'bare', time_column => 'at', keep_inputs => false, hold_alerts_above => 1) \g /dev/null

-- What a condition may read: what the history of its source keeps. An unknown name is an error with the nearest one.
CREATE FUNCTION conditions.try(source text, condition jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    INSERT INTO health_playbook (name, source, trigger, condition, action) VALUES ('x', source, 'stale', condition, 'call');
    DELETE FROM health_playbook WHERE name = 'x';
    RETURN 'taken';
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END $$;
SELECT s, c, conditions.try(s, c) FROM (VALUES
    ('vendor', '{"input": {"days": ["@as_of", "renewal"]}, "lt": 90}'::jsonb), ('vendor', '{"input": {"days": ["@as_of", "renewel"]}, "lt": 90}'),
    ('vendor', '{"input": "owner", "eq": "ann"}'), ('vendor', '{"input": "csm", "eq": "ann"}'), ('vendor', '{"input": "value", "gt": 5}'), ('vendor', '{"input": "parent", "eq": "g1"}'),
    ('vendor', '{"input": "segment", "missing": true}'), ('vendor', '{"input": "region", "eq": "north"}'), ('vendor', '{"any": [{"input": "regoin", "eq": "north"}, {"not": {"input": "V", "gt": 5}}]}'),
    ('bare', '{"input": "v", "gt": 5}'), ('bare', '{"input": "renewal", "present": true}'), ('bare', '{"input": "segment", "missing": true}'), ('bare', '{"driver": "v", "gt": 5}')) t (s, c);
-- The sources of a model together; a model without a source has its inputs and all columns.
INSERT INTO health_playbook (name, model, trigger, condition, action) VALUES ('y', 'vendor model', 'stale', '{"input": "region", "eq": "north"}', 'call');
INSERT INTO health_playbook (name, model, trigger, condition, action) VALUES ('z', 'vendor model', 'stale', '{"input": "regoin", "eq": "north"}', 'call'); \echo :SQLSTATE
DELETE FROM health_playbook WHERE name = 'y';
SELECT health_playbook_condition_check('{"input": "owner", "eq": "ann"}', definition), health_playbook_condition_check('{"input": "region", "eq": "ann"}', definition, '{region}') FROM health_model WHERE name = 'vendor model';
SELECT health_playbook_condition_check('{"input": "owner", "eq": "ann"}', definition, '{region}') FROM health_model WHERE name = 'vendor model';

-- The case: in band D, and the renewal is near. New are the accounts that come into the band, and those whose renewal comes near.
CALL health_refresh('vendor', '2024-01-02');
INSERT INTO health_playbook (name, source, trigger, band, condition, action) VALUES ('at renewal', 'vendor', 'band', 'D', '{"input": {"days": ["@as_of", "renewal"]}, "lt": 90}', 'call');
INSERT INTO conditions.account SELECT id, '2024-01-03', 10, renewal, csm, arr, name, region, grp, plan FROM conditions.account WHERE id IN (3, 9, 15);
CALL health_refresh('vendor', '2024-01-03');
SELECT account_id, as_of::date, reason, status FROM health_alert ORDER BY id;
CALL health_refresh('vendor', '2024-01-04');
SELECT count(*) FROM health_alert;
-- 2024-05-31 is in 90 days.
CALL health_refresh('vendor', '2024-03-03');
CALL health_refresh('vendor', '2024-03-04');
SELECT account_id, as_of::date, reason, status FROM health_alert ORDER BY id;
-- The cause ends with the condition, and can be new again.
INSERT INTO conditions.account SELECT id, '2024-03-05', 10, renewal + 365, csm, arr, name, region, grp, plan FROM conditions.account WHERE id IN (3, 9) AND v = 10;
CALL health_refresh('vendor', '2024-03-05');
SELECT account_id, as_of::date, status, ended_at::date FROM health_alert ORDER BY id;
CALL health_refresh('vendor', '2025-01-02');
SELECT account_id, as_of::date, status, ended_at::date FROM health_alert ORDER BY id;
-- Each column, and an input of the same name, which hides the column.
DELETE FROM health_alert;
DELETE FROM health_playbook;
INSERT INTO health_playbook (name, source, trigger, band, condition, action) VALUES
    ('owner', 'vendor', 'band', 'D', '{"input": "owner", "eq": "ann"}', 'call'), ('value', 'vendor', 'band', 'D', '{"input": "value", "ge": 1500}', 'call'),
    ('name', 'vendor', 'band', 'D', '{"input": "name", "in": ["Account 10", "Account 11"]}', 'call'), ('parent', 'vendor', 'band', 'D', '{"input": "parent", "eq": "g1"}', 'call'),
    ('kept', 'vendor', 'band', 'D', '{"input": "region", "eq": "south"}', 'call'), ('segment', 'vendor', 'band', 'D', '{"input": "segment", "present": true}', 'call');
INSERT INTO conditions.account SELECT id, '2025-01-03', 10, renewal, csm, arr, name, CASE WHEN id = 10 THEN 'south' ELSE region END, grp, plan FROM conditions.account WHERE id IN (10, 11, 16) AND v = 80;
CALL health_refresh('vendor', '2025-01-03');
SELECT playbook, string_agg(account_id, ', ' ORDER BY id) AS accounts FROM health_alert GROUP BY playbook ORDER BY playbook COLLATE "C";
DELETE FROM health_alert;
SELECT health_source_add('vendor', 'vendor model', 'conditions.account', 'id', book => 'vendor', time_column => 'at', name_column => 'csm', value_column => 'arr', owner_column => 'region', renewal_column => 'renewal', parent_column => 'grp', keep => '{region,name}', hold_alerts_above => 1) \g /dev/null
INSERT INTO conditions.account SELECT id, '2025-01-04', 80, renewal, csm, arr, name, region, grp, plan FROM conditions.account WHERE id IN (10, 11, 16) AND v = 10 AND at = '2025-01-03';
CALL health_refresh('vendor', '2025-01-04');
INSERT INTO conditions.account SELECT id, '2025-01-05', 10, renewal, csm, arr, name, region, grp, plan FROM conditions.account WHERE id IN (10, 11, 16) AND at = '2025-01-04';
CALL health_refresh('vendor', '2025-01-05');
SELECT playbook, string_agg(account_id, ', ' ORDER BY id) AS accounts FROM health_alert GROUP BY playbook ORDER BY playbook COLLATE "C";

-- repeat: after its time and never sooner, through acknowledgements, snoozes and resolved alerts.
DELETE FROM health_alert;
DELETE FROM health_playbook;
INSERT INTO health_playbook (name, source, trigger, band, action, repeat) VALUES ('bad', 'vendor', 'band', 'D', 'call', '0'); \echo :SQLSTATE
INSERT INTO health_playbook (name, source, trigger, band, action, repeat, cooldown) VALUES ('bad', 'vendor', 'band', 'D', 'call', '3 days', '4 days'); \echo :SQLSTATE
INSERT INTO health_playbook (name, source, trigger, band, action, repeat, cooldown) VALUES ('often', 'vendor', 'band', 'D', 'call', '7 days', '2 days');
INSERT INTO health_playbook (name, source, trigger, band, action) VALUES ('once', 'vendor', 'band', 'D', 'call');
INSERT INTO conditions.account SELECT i, '2025-02-01', 10, '2026-01-01', 'ann', 1, 'Account ' || i, 'north', 'g', 'paid' FROM generate_series(1, 5) i WHERE i <> 3;
INSERT INTO conditions.account SELECT i, '2025-01-31', 80, '2026-01-01', 'ann', 1, 'Account ' || i, 'north', 'g', 'paid' FROM generate_series(1, 20) i;
CALL health_refresh('vendor', '2025-01-31');
CALL health_refresh('vendor', '2025-02-01');
SELECT playbook, count(*) FROM health_alert GROUP BY playbook ORDER BY playbook;
-- 1 stays open, 2 is acknowledged, 4 is snoozed, 5 is resolved.
SELECT health_alert_ack(id) FROM health_alert WHERE account_id = '2' AND playbook = 'often' \g /dev/null
SELECT health_alert_snooze(id, now() + interval '1 year') FROM health_alert WHERE account_id = '4' AND playbook = 'often' \g /dev/null
SELECT health_alert_resolve(id, 'called') FROM health_alert WHERE account_id = '5' AND playbook = 'often' \g /dev/null
SELECT format('CALL health_refresh(''vendor'', %L)', timestamptz '2025-02-01' + n * interval '1 day') FROM generate_series(1, 6) n \gexec
SELECT playbook, count(*) FROM health_alert GROUP BY playbook ORDER BY playbook;
CALL health_refresh('vendor', '2025-02-08');
-- Twice the same run raises nothing twice.
CALL health_refresh('vendor', '2025-02-08', true);
SELECT playbook, account_id, as_of::date, status, acknowledged_by IS NOT NULL AS acknowledged, ended_at::date FROM health_alert ORDER BY id;
SELECT health_alert_ack((SELECT min(id) FROM health_alert WHERE playbook = 'often' AND account_id = '1'));
SELECT as_of, alerts, status FROM health_run WHERE source = 'vendor' ORDER BY id DESC LIMIT 2;
-- One that is held raises nothing and ends nothing; the account that leaves the band is not raised again.
INSERT INTO conditions.account SELECT id, '2025-02-10', 90, renewal, csm, arr, name, region, grp, plan FROM conditions.account WHERE id = 1 AND at = '2025-02-01';
UPDATE health_source SET hold_alerts_above = 0 WHERE name = 'vendor';
CALL health_refresh('vendor', '2025-02-15');
SELECT status, alerts FROM health_run WHERE source = 'vendor' ORDER BY id DESC LIMIT 1;
SELECT account_id, as_of::date, status, ended_at::date FROM health_alert WHERE playbook = 'often' AND as_of = '2025-02-08' ORDER BY id;
UPDATE health_source SET hold_alerts_above = 1 WHERE name = 'vendor';
CALL health_refresh('vendor', '2025-02-16');
SELECT account_id, as_of::date, status, ended_at::date FROM health_alert WHERE playbook = 'often' AND as_of >= '2025-02-08' ORDER BY id;

-- By hand: raised, given to another, resolved; followed as any other, and left alone by runs.
DELETE FROM health_alert;
ALTER SEQUENCE health_alert_id_seq RESTART;
SELECT health_alert_raise('vendor', 7, 'the sponsor has left', 'Find the next one.', severity => 'high');
SELECT health_alert_raise('vendor', '007', 'again', 'x'); \echo :SQLSTATE
SELECT health_alert_raise('vendor', '7', 'price', 'Talk.', owner => 'zoe', playbook => 'price talk', due_in => '1 day');
SELECT health_alert_raise('vendro', 7, 'x', 'y'); \echo :SQLSTATE
SELECT health_alert_raise('vendor', 'seven', 'x', 'y'); \echo :SQLSTATE
SELECT health_alert_raise('vendor', NULL::int, 'x', 'y'); \echo :SQLSTATE
SELECT health_alert_raise('vendor', 7, '', 'y'); \echo :SQLSTATE
SELECT health_alert_raise('vendor', 8, 'x', 'y', severity => 'urgent'); \echo :SQLSTATE
SELECT health_alert_raise('vendor', 8, 'x', 'y', playbook => 'often'); \echo :SQLSTATE
SET client_min_messages = notice;
SELECT health_alert_raise('vendor', 99, 'not yet a customer', 'Ask.', due_in => '30 days');
SET client_min_messages = warning;
SELECT id, playbook, account_id, NULLIF(as_of, raised_at)::date AS as_of, trigger, reason, name, owner, value, score, band, action, severity, due_at - raised_at AS due_in, status, run FROM health_alert ORDER BY id;
SELECT health_alert_assign(3, 'zoe'), health_alert_assign(3, 'max');
SELECT health_alert_assign(3, ''); \echo :SQLSTATE
SELECT health_alert_assign(99, 'max'); \echo :SQLSTATE
SELECT owner FROM health_alert WHERE id = 3;
SELECT book, account_id, name, owners, score, band, alerts, severity, playbooks, reasons, actions, ids FROM health_alert_digest('vendor');
SELECT account_id, ids FROM health_alert_digest(owner => 'max');
SELECT * FROM health_alert_digest('vendro'); \echo :SQLSTATE
CALL health_refresh('vendor', '2025-02-17');
SELECT count(*) FROM health_alert_digest('vendor') WHERE account_id = '7' AND alerts = 2;
SELECT health_alert_resolve(1, 'found'), health_alert_snooze(3, now() + interval '1 day');
\set VERBOSITY terse
SELECT health_alert_assign(1, 'max'); \echo :SQLSTATE
\set VERBOSITY default
SELECT account_id, ids FROM health_alert_digest() WHERE account_id = '7';
CALL health_refresh('vendor', '2025-02-18');
SELECT alert, playbook, account_id, latest_at::date, latest_score FROM health_alert_outcome;

DELETE FROM health_alert;
DELETE FROM health_playbook;
SELECT health_source_drop('vendor'), health_source_drop('bare') \g /dev/null
DROP SCHEMA conditions CASCADE;
