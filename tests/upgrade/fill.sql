-- What a user of an older version has: something in every table.
SET client_min_messages = warning;
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}, "call": {"optional": true, "ask": "How was it?", "scale": {"linear": [0, 10]}}}, "rules": [{"name": "late", "when": {"input": "overdue", "gt": 30}, "cap": 30}], "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}', 'first');
SELECT health_model_patch('m', '{"signals": {"a": {"weight": 2}}}', 'second');
SELECT health_model_save('draft', '{"signals": {"a": {"scale": {"linear": [0, 50]}}}}', 'not active', false);
CREATE TABLE account AS SELECT i AS id, (i * 37 % 101)::float8 AS a, i AS overdue, 'Account ' || i AS name, timestamptz '2025-01-01' + (m || ' months')::interval AS at FROM generate_series(1, 40) i, generate_series(0, 3) m;
UPDATE account SET a = 5 WHERE at >= '2025-04-01' AND id <= 4;
SELECT health_source_add('s', 'm', 'account', 'id', name_column => 'name', time_column => 'at', book => 'b');
INSERT INTO health_playbook SELECT * FROM health_playbook_examples('m');
CALL health_backfill('s', '2025-01-15', '2025-03-15', '1 month');
SELECT health_pulse_set('b', 3, 'call', 2, 'angry');
SELECT health_override_set('b', 5, 'cap', 20, 'leaves');
INSERT INTO health_outcome (book, account_id, kind, at) VALUES ('b', '7', 'churned', '2025-06-01');
SELECT health_identity_link('zendesk', 'z3', 'b', 3, 'b');
CALL health_refresh('s', '2025-04-15');
SELECT health_alert_resolve(min(id), 'called') FROM health_alert;
GRANT SELECT ON health_alert TO PUBLIC;
