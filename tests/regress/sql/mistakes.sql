-- What newcomers get wrong, and that each message leads to the next step.
CREATE SCHEMA mistakes;
SET search_path = mistakes, public;
\set SHOW_CONTEXT never
CREATE TABLE customer (id int, name text, logins int, nps text, overdue_days int);
INSERT INTO customer VALUES (1, 'Alder', 3, '9', 0), (2, 'Birch', 12, 'n/a', 40);
SELECT health_model_save('mistakes', '{"signals": {"logins": {"weight": 2, "scale": {"linear": [0, 10]}}, "overdue": {"input": "overdue_days", "scale": {"linear": [60, 0]}}}}');

-- A model's name: mistyped, never saved, a version that is not there.
SELECT health_score('mistaks', c) FROM customer c; \echo :SQLSTATE
SELECT health_score('crm of next year', c) FROM customer c; \echo :SQLSTATE
SELECT health_score('mistakes@7', c) FROM customer c; \echo :SQLSTATE
SELECT health_template('sas'); \echo :SQLSTATE
-- A document without its cast.
SELECT health_score('{"signals": {"logins": {"scale": {"linear": [0, 10]}}}}', c) FROM customer c; \echo :SQLSTATE
-- A column: renamed, or of another table.
SELECT health_score('mistakes', c) FROM (SELECT id, logins, overdue_days AS overdue_day FROM customer) c; \echo :SQLSTATE
SELECT health_score('mistakes', c) FROM (SELECT id, name FROM customer) c; \echo :SQLSTATE
-- A text where a number belongs.
SELECT health_score('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}'::jsonb, c) FROM customer c; \echo :SQLSTATE
-- Something that is no account.
SELECT health_score('mistakes', 'Alder'); \echo :SQLSTATE
SELECT health_score('mistakes', ''); \echo :SQLSTATE
SELECT health_score('mistakes', 'true'); \echo :SQLSTATE
SELECT health_band('mistakes', '70'); \echo :SQLSTATE
SELECT health_band('mistakes', 170); \echo :SQLSTATE
SELECT health_score('mistakes', c, segment => 'vip') FROM customer c; \echo :SQLSTATE
-- A signal's name, in a rule and among events; a key; a band.
SELECT health_model_patch('mistakes', '{"rules": [{"name": "silent", "when": {"subscore": "login", "lt": 10}, "cap": 30}]}'); \echo :SQLSTATE
SELECT health_score('mistakes', signal, value) FROM (VALUES ('login', 3)) e (signal, value); \echo :SQLSTATE
SELECT health_model_save('mistakes', '{"signals": {"logins": {"weigth": 2, "scale": {"linear": [0, 10]}}}}'); \echo :SQLSTATE
SELECT health_model_save('mistakes', '{"signals": {"logins": {"scale": {"linear": [0, 10]}}}, "bands": [{"name": "red", "from": 10}]}'); \echo :SQLSTATE
INSERT INTO health_playbook (name, model, trigger, band, action) VALUES ('call', 'mistakes', 'band', 'rot', 'Call.'); \echo :SQLSTATE
INSERT INTO health_playbook (name, model, trigger, rule, action) VALUES ('call', 'mistakes', 'rule', 'silent', 'Call.'); \echo :SQLSTATE
-- A column that is named: near, and far from all.
SELECT health_model_fit('mistakes', 'customer', 'churned'); \echo :SQLSTATE
SELECT * FROM health_signal_power('mistakes', 'customer', 'overdue_day'); \echo :SQLSTATE
SELECT * FROM health_signal_power('mistakes', 'customer', 'churned'); \echo :SQLSTATE
SELECT * FROM health_what_if('mistakes', 'mistakes', 'customer', 'account_id'); \echo :SQLSTATE
SELECT health_source_add('mistakes', 'mistakes', 'customer', 'account_id'); \echo :SQLSTATE
-- A refresh: in a transaction, and of the past.
SELECT health_source_add('mistakes', 'mistakes', 'customer', 'id', book => 'mistakes');
BEGIN;
CALL health_refresh('mistakes'); \echo :SQLSTATE
ROLLBACK;
CALL health_refresh('mistakes', '2020-01-01'); \echo :SQLSTATE
-- What people give.
SELECT health_pulse_set('mistakes', 1, 'login', 3, 'a good call'); \echo :SQLSTATE
SELECT health_pulse_set('mistakes', 1, 'logins', 3, NULL); \echo :SQLSTATE
SELECT health_override_set('mistakes', 1, 'most', 39, 'the sponsor has left'); \echo :SQLSTATE
SELECT health_alert_ack(0); \echo :SQLSTATE
-- A saved version stays.
DELETE FROM health_model WHERE name = 'mistakes'; \echo :SQLSTATE

SELECT health_source_drop('mistakes');
SET client_min_messages = warning;
DROP SCHEMA mistakes CASCADE;
