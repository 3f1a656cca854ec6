-- What is computed from rows, jsonb and models, each over a handful of rows: quick enough for a server that throws its caches
-- away at every chance (make test-assert), where whatever is held too long is garbage.
CREATE SCHEMA few;
SET search_path = few, public;
CREATE TYPE plan AS ENUM ('free', 'team');
CREATE TABLE account (id int, gone text, logins int4, seats float4, spend numeric, plan plan, seen timestamptz, left_us bool, note text);
ALTER TABLE account DROP COLUMN gone;
INSERT INTO account VALUES (1, 10, 0.1, 12.5, 'team', '2026-01-01', false, repeat('long ', 500)), (2, 0, NULL, 0, 'free', '2025-10-01', true, NULL),
  (3, NULL, 7.3, 8, NULL, NULL, NULL, 'x');
SELECT health_model_save('few', '{
  "signals": {"logins": {"scale": {"linear": [0, 20]}}, "spend": {"scale": {"curve": [[0, 0], [10, 60], [20, 100]]}},
              "plan": {"scale": {"map": {"team": 100, "free": 20}}}, "seen": {"scale": {"recency": {"best": "7 days", "worst": "90 days"}}},
              "seats": {"input": {"ratio": ["seats", "logins"]}, "scale": {"linear": [0, 1]}}},
  "rules": [{"name": "left", "when": {"input": "left_us", "eq": true}, "cap": 39}],
  "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}');
SELECT definition AS document FROM health_model WHERE name = 'few' \gset
SELECT id, health_score('few', a, '2026-01-08') FROM account a ORDER BY id;
SELECT id, health_score(:'document'::jsonb, a, '2026-01-08') FROM account a ORDER BY id;
SELECT id, health_band(:'document'::jsonb, to_jsonb(a), '2026-01-08') FROM account a ORDER BY id;
SELECT health_score('few', x, '2026-01-08') FROM (SELECT id, logins, seats, spend, plan, seen, left_us, note FROM account) x ORDER BY id;
SELECT health_score(:'document'::jsonb, health_inputs('logins', 3, 'spend', 4.5::numeric, 'plan', 'team', 'seen', now(), 'seats', NULL, 'left_us', false, 'note', ''), now());
SELECT health_explain('few', a, '2026-01-08') FROM account a WHERE id = 2;
SELECT a.id, d.* FROM account a, health_drivers('few', a, '2026-01-08') d WHERE a.id = 1;
SELECT (health_drivers('few', a, '2026-01-08')).driver FROM account a WHERE id = 1 LIMIT 2;
SELECT s.score, s.band, s.coverage, left(s.drivers::text, 60) FROM account a, health_assess('few', a, '2026-01-08') s WHERE id = 1;
SELECT c.driver FROM health_change('few', '{"logins": 1}'::jsonb, '{"logins": 9}'::jsonb, '2026-01-08', '2026-01-08') c LIMIT 2;
SELECT count(*) FROM account a, health_conflicts('few', a, '2026-01-08');
SELECT severity, path FROM health_model_check('{"signals": {"a": {"scale": "nonsense"}}}');
SELECT length(health_model_card('few')) > 100, jsonb_typeof(health_model_describe(:'document'::jsonb));
SELECT health_model_get('few') = :'document'::jsonb, health_patch('{"a": {"b": 1}}', '{"a": {"c": 2}}');
SELECT health_trend(logins, '2026-01-01'::timestamptz + id * interval '1 day'), health_rollup(logins), health_worst(seats), health_nps(id) FROM account;
SELECT health_spark(logins::float8 ORDER BY id), health_auc(logins::float8, left_us), health_psi(logins::float8, id > 1) FROM account;
SELECT id, health_trend(id, '2026-01-01'::timestamptz + id * interval '1 day') OVER (ORDER BY id ROWS 1 PRECEDING) FROM account ORDER BY id;
SELECT health_score('few', 'logins', logins::float8) FROM account WHERE logins IS NOT NULL GROUP BY id ORDER BY id;
-- A type and a model that change while their plans, layouts and compiled models are kept.
CREATE FUNCTION told() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  said text := '';
  given account;
BEGIN
  FOR given IN SELECT * FROM account ORDER BY id LOOP
    said := said || health_score('few', given, '2026-01-08') || ' ';
    PERFORM health_model_patch('few', '{"signals": {"logins": {"weight": 3}}}');
  END LOOP;
  RETURN said;
END
$$;
SELECT told();
ALTER TABLE account ALTER COLUMN logins TYPE numeric, ADD COLUMN more int DEFAULT 1;
SELECT id, health_score('few', a, '2026-01-08') FROM account a ORDER BY id;
-- Errors, from within rows too.
SELECT health_score('few', a) FROM account a;
SELECT health_score('few', '[1]'::jsonb);
SELECT health_score('{"signals": {"nobody": {"scale": {"linear": [0, 1]}}}}'::jsonb, a) FROM account a;
SELECT health_model_drop('few') \g /dev/null
SET client_min_messages = warning;
DROP SCHEMA few CASCADE;
