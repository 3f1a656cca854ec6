-- Playbooks: what the table takes and refuses, conditions over what history keeps, the examples.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA playbooks;
SELECT health_model_save('playbook model', '{"categories": {"usage": {"weight": 60}, "finance": {"weight": 40}},
  "signals": {"logins": {"category": "usage", "weight": 2, "scale": {"linear": [0, 100]}}, "seats": {"category": "usage", "scale": {"linear": [0, 100]}}, "overdue": {"category": "finance", "scale": {"linear": [100, 0]}}},
  "rules": [{"name": "default", "when": {"input": "overdue", "ge": 90}, "cap": 25}],
  "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}],
  "segments": [{"name": "big", "when": {"input": "plan", "eq": "big"}, "patch": {"bands": [{"name": "low", "from": 0}, {"name": "high", "from": 60}], "rules": [{"name": "unpaid", "when": {"input": "overdue", "ge": 30}, "adjust": -10}]}}]}') \g /dev/null
CREATE TABLE playbooks.account AS SELECT 1 AS id, 1 AS logins, 1 AS seats, 1 AS overdue, 'small' AS plan;
SELECT health_source_add('playbook source', 'playbook model@1', 'playbooks.account', 'id') \g /dev/null

-- One of each kind.
INSERT INTO health_playbook (name, model, trigger, band, action, due_in, severity, cooldown, hysteresis) VALUES ('band', 'playbook model', 'band', 'red', 'call', '1 day', 'critical', '7 days', 2.5);
INSERT INTO health_playbook (name, source, trigger, points, within, action) VALUES ('drop', 'playbook source', 'drop', 15, '30 days', 'call');
INSERT INTO health_playbook (name, model, trigger, direction, action) VALUES ('trend', 'playbook model', 'trend', 'declining', 'call');
INSERT INTO health_playbook (name, model, trigger, rule, action, segment) VALUES ('rule', 'playbook model', 'rule', 'unpaid', 'call', 'big');
INSERT INTO health_playbook (name, source, trigger, action, book) VALUES ('stale', 'playbook source', 'stale', 'call', 'accounts');
INSERT INTO health_playbook (name, model, trigger, condition, action) VALUES ('opportunity', 'playbook model', 'opportunity', '{"input": {"ratio": ["logins", "seats"]}, "ge": 0.9}', 'call');
INSERT INTO health_playbook (name, model, trigger, band, action) VALUES ('of a segment', 'playbook model', 'band', 'low', 'call');
SELECT name, source, model, trigger, due_in, severity, cooldown, hysteresis, active, run_as = current_user AS mine FROM health_playbook ORDER BY name COLLATE "C";

-- What is refused, and how.
CREATE FUNCTION playbooks.try(columns text, "values" text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text; code text;
BEGIN
    EXECUTE format('INSERT INTO health_playbook (name, %s) VALUES (''x'', %s)', columns, "values");
    DELETE FROM health_playbook WHERE name = 'x';
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, code = RETURNED_SQLSTATE;
    RETURN concat_ws(' | ', code, message, CASE WHEN code NOT LIKE '235%' THEN NULLIF(detail, '') END, CASE WHEN code NOT LIKE '235%' THEN NULLIF(hint, '') END);
END $$;
SELECT playbooks.try(c, v) FROM (VALUES
    ('model, trigger, action', $$'playbook model', 'bnad', 'call'$$),
    ('trigger, action', $$'stale', 'call'$$),
    ('model, source, trigger, action', $$'playbook model', 'playbook source', 'stale', 'call'$$),
    ('model, trigger, action', $$'playbook model@1', 'stale', 'call'$$),
    ('source, trigger, action', $$'playbook sauce', 'stale', 'call'$$),
    ('model, trigger, action', $$'playbook model', 'band', 'call'$$),
    ('model, trigger, action, band', $$'playbook model', 'stale', 'call', 'red'$$),
    ('model, trigger, action, band', $$'playbook model', 'band', 'call', 'rde'$$),
    ('model, trigger, action, within', $$'playbook model', 'drop', 'call', '1 day'$$),
    ('model, trigger, action, points', $$'playbook model', 'drop', 'call', 5$$),
    ('model, trigger, action, points, within', $$'playbook model', 'drop', 'call', 0, '1 day'$$),
    ('model, trigger, action, points, within', $$'playbook model', 'drop', 'call', 'NaN', '1 day'$$),
    ('model, trigger, action, points, within', $$'playbook model', 'drop', 'call', 5, '-1 day'$$),
    ('model, trigger, action, within', $$'playbook model', 'stale', 'call', '1 day'$$),
    ('model, trigger, action', $$'playbook model', 'trend', 'call'$$),
    ('model, trigger, action, direction', $$'playbook model', 'trend', 'call', 'down'$$),
    ('model, trigger, action', $$'playbook model', 'rule', 'call'$$),
    ('model, trigger, action, rule', $$'playbook model', 'rule', 'call', 'defalt'$$),
    ('model, trigger, action', $$'playbook model', 'opportunity', 'call'$$),
    ('model, trigger, action', $$'playbook model', 'stale', ''$$),
    ('model, trigger, action, severity', $$'playbook model', 'stale', 'call', 'urgent'$$),
    ('model, trigger, action, due_in', $$'playbook model', 'stale', 'call', '-1 day'$$),
    ('model, trigger, action, cooldown', $$'playbook model', 'stale', 'call', '-1 day'$$),
    ('model, trigger, action, hysteresis', $$'playbook model', 'stale', 'call', -1$$),
    ('model, trigger, action, hysteresis', $$'playbook model', 'stale', 'call', 'NaN'$$),
    ('model, trigger, action, segment', $$'playbook model', 'stale', 'call', 'small'$$),
    ('model, trigger, action, condition', $$'playbook model', 'stale', 'call', '{"driver": "login", "ge": 5}'$$),
    ('model, trigger, action, condition', $$'playbook model', 'stale', 'call', '{"all": [{"category_drop": "use", "ge": 5}, {"subscore": "x", "lt": "a"}, {"score": "last", "lt": 3}]}'$$),
    ('model, trigger, action, condition', $$'playbook model', 'stale', 'call', '{"driver": "default", "ge": 5, "input": "x"}'$$),
    ('model, trigger, action, condition', $$'playbook model', 'stale', 'call', '[]'$$),
    ('model, trigger, action, condition', $$'playbook model', 'stale', 'call', '{"driver": "unpaid", "ge": 5}'$$),
    ('model, trigger', $$'playbook model', 'stale'$$)) t (c, v);
INSERT INTO health_playbook (name, model, trigger, band, action) VALUES ('band', 'playbook model', 'band', NULL, 'call'); \echo :SQLSTATE
INSERT INTO health_playbook (name, model, trigger, action) VALUES ('', 'playbook model', 'stale', 'call'); \echo :SQLSTATE
-- A rule of a model knows the two subjects not.
SELECT path, message FROM health_model_check('{"signals": {"a": {"scale": {"linear": [0, 1]}}}, "rules": [{"name": "r", "when": {"driver": "a", "ge": 5}, "cap": 5}]}');
-- A model that is not there yet, as in a dump that is being restored.
SET client_min_messages = notice;
INSERT INTO health_playbook (name, model, trigger, band, action) VALUES ('early', 'no model yet', 'band', 'red', 'call');
SET client_min_messages = warning;
-- With its source a playbook is renamed, and goes.
UPDATE health_source SET name = 'renamed' WHERE name = 'playbook source';
SELECT name, source FROM health_playbook WHERE source IS NOT NULL ORDER BY name;
SELECT health_source_drop('renamed');
SELECT count(*) FROM health_playbook WHERE source IS NOT NULL;

-- Conditions, over the drivers that health_assess gives, and those of an earlier time.
CREATE TABLE playbooks.asked AS
SELECT i.inputs, n.drivers, n.score, b.drivers AS before
  FROM (VALUES ('{"logins": 40, "seats": 10, "overdue": 95, "plan": "small", "since": "2025-01-01"}'::jsonb)) i (inputs)
 CROSS JOIN LATERAL health_assess('playbook model', i.inputs) n
 CROSS JOIN LATERAL health_assess('playbook model', '{"logins": 70, "seats": 40, "overdue": 5}'::jsonb) b;
SELECT (d ->> 'driver') AS driver, d ->> 'kind' AS kind, round((d ->> 'lost')::numeric, 4) AS lost, d ->> 'subscore' AS subscore FROM playbooks.asked, jsonb_array_elements(drivers) d;
SELECT condition, health_playbook_condition(condition, '2025-06-01', score, inputs, drivers, before) AS holds, health_playbook_condition(condition, '2025-06-01', score, inputs, drivers) AS without_before
  FROM playbooks.asked, unnest(ARRAY[
    '{"driver": "overdue", "ge": 38}', '{"driver": "overdue", "gt": 38}', '{"driver": "default", "gt": 0}', '{"driver": "nobody", "ge": 0}', '{"driver": "nobody", "missing": true}',
    '{"category_drop": "usage", "ge": 30}', '{"category_drop": "usage", "gt": 30}', '{"category_drop": "finance", "eq": 90}', '{"category_drop": "nobody", "missing": true}',
    '{"category": "usage", "eq": 30}', '{"subscore": "seats", "eq": 10}', '{"score": "base", "eq": 20}', '{"score": "running", "lt": 25.1}',
    '{"input": "plan", "eq": "small"}', '{"input": "plan", "in": ["big", "small"]}', '{"input": {"ratio": ["seats", "logins"]}, "eq": 0.25}', '{"input": {"days": ["since", "@as_of"]}, "gt": 100}',
    '{"input": "plan", "gt": 5}', '{"not": {"input": "plan", "gt": 5}}', '{"input": "nobody", "eq": 1}',
    '{"any": [{"input": "nobody", "eq": 1}, {"category_drop": "usage", "ge": 10}]}']::jsonb[]) condition;
SELECT health_playbook_condition('{"input": "a", "eq": 1}', '2025-01-01', NULL, '{"b": 1}', NULL) AS nothing, health_playbook_condition('{"input": "a", "eq": 1}', '2025-01-01', NULL, '[1]', '5') AS no_account,
       health_playbook_condition('{"score": "running", "ge": 0}', '2025-01-01', NULL, NULL, NULL) AS no_score, health_playbook_condition(NULL, '2025-01-01', 5, '{}', '[]') AS no_condition,
       health_playbook_condition('{"score": "running", "ge": 0}', NULL, 5, '{}', '[]') AS no_time, health_playbook_condition_check(NULL);
SELECT health_playbook_condition('{"input": "a"}', '2025-01-01', 5, '{}', '[]'); \echo :SQLSTATE
SELECT health_playbook_condition('{"score": "running", "ge": 0}', 'infinity', 5, '{}', '[]'); \echo :SQLSTATE

-- The examples fit every template, and are copied in one statement.
DELETE FROM health_playbook;
SELECT health_model_save('playbook ' || name, definition) FROM health_templates \g /dev/null
INSERT INTO health_playbook SELECT e.* FROM health_templates t, health_playbook_examples('playbook ' || t.name) e;
SELECT t.name, string_agg(split_part(p.name, ': ', 2), ', ' ORDER BY p.name COLLATE "C") FROM health_templates t JOIN health_playbook p ON p.model = 'playbook ' || t.name GROUP BY t.name ORDER BY t.name;
SELECT name, trigger, band, points, within, direction, condition, due_in, severity, cooldown, hysteresis FROM health_playbook_examples('playbook saas');
SELECT name, condition FROM health_playbook_examples('playbook expansion');
SELECT name, condition FROM health_playbook_examples('playbook simple') WHERE condition IS NOT NULL;
SELECT health_playbook_examples('playbook sass'); \echo :SQLSTATE

-- Nobody reads or writes playbooks without a grant, and with one nobody writes another's.
CREATE ROLE playbook_ann;
CREATE ROLE playbook_bob;
GRANT SELECT, INSERT, UPDATE, DELETE ON health_playbook TO playbook_ann;
SET ROLE playbook_bob;
SELECT count(*) FROM health_playbook; \echo :SQLSTATE
SET ROLE playbook_ann;
UPDATE health_playbook SET active = false WHERE name = 'playbook saas: stale'; \echo :SQLSTATE
DELETE FROM health_playbook WHERE name = 'playbook saas: stale'; \echo :SQLSTATE
INSERT INTO health_playbook (name, model, trigger, action, run_as) VALUES ('x', 'playbook saas', 'stale', 'call', 'postgres'); \echo :SQLSTATE
INSERT INTO health_playbook (name, model, trigger, action) VALUES ('x', 'playbook saas', 'stale', 'call');
DELETE FROM health_playbook WHERE name = 'x';
RESET ROLE;
REVOKE ALL ON health_playbook FROM playbook_ann;
DROP ROLE playbook_ann, playbook_bob;

DELETE FROM health_playbook;
DROP SCHEMA playbooks CASCADE;
SET session_replication_role = replica;
TRUNCATE health_model;
