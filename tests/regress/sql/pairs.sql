-- A signal of two inputs: the same score in every form, one driver with both values, words, plain SQL.
CREATE SCHEMA pairs;
SET search_path = pairs, public;
\set model '{"signals": {"logins": {"label": "Logins", "weight": 6, "scale": {"linear": [0, 10]}}, "seats": {"label": "Seats", "weight": 3, "scale": {"linear": [40, 0]}}, "logins with seats": {"weight": 1, "input": {"cross": ["logins", "seats"]}, "missing": 70, "scale": {"table": {"rows": [0, 8], "columns": [1, 20], "subscores": [[70, 10], [70, 100]], "neutral": 70}}}}}'
CREATE TABLE account (id int, logins float8, seats int);
INSERT INTO account VALUES (1, 3, 40), (2, 3, 2), (3, 9, 30), (4, NULL, 30), (5, 9, NULL), (6, 7.9, 20), (7, 8, 19);
CREATE VIEW event AS SELECT id, signal, value FROM account, LATERAL (VALUES ('logins', logins), ('seats', seats::float8)) v (signal, value) WHERE value IS NOT NULL;
SELECT health_model_save('pair', :'model');
SELECT a.id, health_score('pair', a) AS score, health_score('pair', a) = health_score('pair', to_jsonb(a)) AS as_jsonb, health_score('pair', a) = e.score AS as_events
  FROM account a JOIN (SELECT id, health_score('pair', signal, value) AS score FROM event GROUP BY id) e USING (id) ORDER BY id;
SELECT d.rank, d.driver, d.value, d.subscore, d.contribution, d.lost, d.status FROM account a, health_drivers('pair', a) d WHERE a.id IN (1, 4) ORDER BY a.id, d.rank;
SELECT a.id, health_explain('pair', a) FROM account a ORDER BY id;
SELECT d FROM account a, jsonb_array_elements((health_assess('pair', a)).drivers) d WHERE a.id IN (1, 4) AND d ? 'lost' AND d ->> 'driver' = 'logins with seats';
SELECT driver, before_value, after_value, change FROM health_change('pair', '{"logins": 3, "seats": 40}', '{"logins": 9, "seats": 30}');
-- A combine applies to both values.
SELECT health_score(health_patch(:'model', '{"signals": {"logins with seats": {"combine": "sum"}, "logins": {"combine": "sum"}, "seats": {"combine": "sum"}}}'), signal, value)
  FROM (VALUES ('logins', 1.0), ('logins', 2), ('seats', 30), ('seats', 10)) e (signal, value);
SELECT health_model_sql('pair', 'account') AS query \gset
SELECT bool_and(q.health_score IS NOT DISTINCT FROM health_score('pair', a)) AS plain_sql FROM (:query) q JOIN account a USING (id);
SELECT * FROM health_model_match('pair', 'account') WHERE signal LIKE '%with%';
SELECT * FROM health_model_check('{"signals": {"x": {"input": {"cross": ["a", "b"]}, "scale": {"table": {"rows": [0, 8], "columns": [1], "subscores": [[1]], "neutral": 101}}}}}');
SET client_min_messages = warning;
DROP SCHEMA pairs CASCADE;
