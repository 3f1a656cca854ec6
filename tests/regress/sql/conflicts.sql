-- health_conflicts: categories of one account 40 points or more apart, in every form of call.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA conflicts;
SET search_path = conflicts, public;
SET timezone = 'UTC';

-- A subscore is the value itself. A category of weight 0 has a say too, and so has a value that stands in for a missing one.
SELECT health_model_save('conflicts model', '{
  "categories": {"usage": {"label": "Usage | \"real\"", "weight": 50}, "mood": {"label": "Mood", "weight": 30}, "money": {"weight": 20}, "none": {"label": "Nothing", "weight": 0}},
  "signals": {
    "logins": {"category": "usage", "label": "Logins", "unit": "a month", "weight": 3, "scale": {"linear": [0, 100]}},
    "depth": {"category": "usage", "weight": 1, "scale": {"linear": [0, 100]}, "default": 50},
    "nps": {"category": "mood", "label": "NPS", "weight": 1, "scale": {"linear": [0, 100]}},
    "tone": {"category": "mood", "weight": 1, "scale": {"map": {"good": 100, "bad": 0}}, "missing": "neutral"},
    "paid": {"category": "money", "label": "Last payment", "scale": {"recency": {"best": "1 day", "worst": "101 days"}}},
    "gossip": {"category": "none", "scale": {"linear": [0, 100]}}},
  "segments": [{"name": "calm", "when": {"input": "plan", "eq": "calm"}, "patch": {"signals": {"logins": {"scale": {"linear": [-100, 100]}}}, "display": {"max": 10, "decimals": 1}}}]}');
CREATE TABLE account (id int PRIMARY KEY, logins numeric, depth int, nps float8, tone text, paid timestamptz, gossip int, plan text);
INSERT INTO account VALUES
  (1, 20, 20, 90, 'good', '2026-01-10', 0, NULL),        -- usage 20, mood 95, money 80, none 0
  (2, 55, 55, 95, NULL, '2026-01-18', 100, NULL),        -- 55, 72.5 (tone counts 50), 88
  (3, NULL, NULL, 90, 'good', NULL, NULL, NULL),         -- usage 50 by its default, mood 95, money unknown
  (4, 20, 20, 90, 'good', '2026-01-10', 0, 'calm'),      -- usage (3 * 60 + 20) / 4 = 50
  (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT id, c.* FROM account a, health_conflicts('conflicts model', a, '2026-01-31') c ORDER BY id, gap DESC;
-- 40 points and not a billionth less.
SELECT n AS mood, c.gap, c.message FROM unnest(ARRAY[59.9999999999, 59.999999999, 60, 60.000000001]) n
  LEFT JOIN LATERAL health_conflicts('{"categories": {"a": {"weight": 1}, "b": {"weight": 1}}, "signals": {"x": {"category": "a", "scale": {"linear": [0, 100]}}, "y": {"category": "b", "scale": {"linear": [0, 100]}}}}'::jsonb,
      jsonb_build_object('x', 20, 'y', n)) c ON true ORDER BY n;
-- Ties in the order of the names; of equal signals the first; at most 100 pairs are told.
SELECT high_category, high_signal, low_category, low_signal, gap FROM health_conflicts('{"categories": {"a": {"weight": 1}, "b": {"weight": 2}, "c": {"weight": 3}}, "signals": {
    "z": {"category": "a", "scale": {"linear": [0, 1]}}, "p": {"category": "b", "scale": {"linear": [0, 1]}}, "q": {"category": "b", "scale": {"linear": [0, 1]}}, "k": {"category": "c", "scale": {"linear": [0, 1]}}}}'::jsonb, '{"z": 1, "p": 0, "q": 0, "k": 1}'::jsonb);
SELECT count(*), min(gap), max(gap) FROM (SELECT jsonb_object_agg('c' || n, '{"weight": 1}'::jsonb) AS c, jsonb_object_agg('s' || n, jsonb_build_object('category', 'c' || n, 'scale', '{"linear": [0, 60]}'::jsonb)) AS s,
    jsonb_object_agg('s' || n, n) AS values FROM generate_series(1, 60) n) m, health_conflicts(jsonb_build_object('categories', c, 'signals', s), values);

-- The categories' subscores are those of the drivers.
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE abs(c.high_subscore - high.mean) > 1e-8 OR abs(c.low_subscore - low.mean) > 1e-8 OR abs(c.gap - (c.high_subscore - c.low_subscore)) > 1e-8 OR c.gap < 40) AS wrong
  FROM account a, health_conflicts('conflicts model', a, '2026-01-31') c,
       LATERAL (SELECT sum(weight * subscore) / sum(weight) AS mean FROM health_drivers('conflicts model', a, '2026-01-31') d WHERE d.category = c.high_category AND weight > 0) high,
       LATERAL (SELECT sum(weight * subscore) / sum(weight) AS mean FROM health_drivers('conflicts model', a, '2026-01-31') d WHERE d.category = c.low_category AND weight > 0) low;

-- Every form of call gives the same conflicts of the first account.
SELECT DISTINCT found FROM account a, LATERAL (VALUES
    ((SELECT array_agg(c.message) FROM health_conflicts('conflicts model', a, '2026-01-31') c)), ((SELECT array_agg(c.message) FROM health_conflicts('conflicts model@1', a.*, '2026-01-31', '') c)),
    ((SELECT array_agg(c.message) FROM health_conflicts('conflicts model', to_jsonb(a), as_of => '2026-01-31', segment => NULL) c)), ((SELECT array_agg(c.message) FROM health_conflicts('conflicts model', to_json(a), '2026-01-31') c)),
    ((SELECT array_agg(c.message) FROM health_conflicts('conflicts model', to_json(a)::text, '2026-01-31') c)), ((SELECT array_agg(c.message) FROM health_conflicts(account => a, as_of => '2026-01-31', model => 'conflicts model') c)),
    ((SELECT array_agg(c.message) FROM health_conflicts(health_model_get('conflicts model'), a, '2026-01-31') c)), ((SELECT array_agg(c.message) FROM health_conflicts(health_model_get('conflicts model'), to_jsonb(a), '2026-01-31') c)),
    ((SELECT array_agg(c.message) FROM health_conflicts(health_model_get('conflicts model'), to_json(a), '2026-01-31') c)), ((SELECT array_agg(c.message) FROM health_conflicts(health_model_get('conflicts model'), to_json(a)::text, '2026-01-31') c))) forms (found)
 WHERE id = 1;
SELECT id, high_subscore, low_subscore, message FROM account a, health_conflicts('conflicts model', a, '2026-01-31', 'calm') WHERE id = 1;
SELECT (SELECT count(*) FROM health_conflicts(NULL::text, '{"logins": 1}'::jsonb)) AS model, (SELECT count(*) FROM health_conflicts('conflicts model', NULL::account)) AS account,
       (SELECT count(*) FROM health_conflicts('{"signals": {"a": {"scale": {"linear": [0, 1]}}}}'::jsonb, '{"a": 1}'::jsonb)) AS no_categories;

SELECT * FROM health_conflicts('conflict model', '{"logins": 1}'); \echo :SQLSTATE
SELECT * FROM health_conflicts('conflicts model', '{"logins": "x"}'); \echo :SQLSTATE
SELECT * FROM health_conflicts('conflicts model', '{"login": 1}'); \echo :SQLSTATE
SELECT * FROM health_conflicts('conflicts model', '{"logins": 1}', '2026-01-31', 'clam'); \echo :SQLSTATE
SELECT * FROM health_conflicts('conflicts model', '{"logins": 1}', 'infinity'); \echo :SQLSTATE
SELECT * FROM health_conflicts('{"signals": {"a": {}}}', '{"a": 1}'); \echo :SQLSTATE
SELECT * FROM health_conflicts('{"signals": {"a": {}}}'::jsonb, '{"a": 1}'); \echo :SQLSTATE
SELECT * FROM health_conflicts(health_model_get('conflicts model'), '{"logins": 1}'); \echo :SQLSTATE
CREATE ROLE regress_health_ann;
REVOKE SELECT ON health_model FROM PUBLIC;
SET ROLE regress_health_ann;
SELECT * FROM health_conflicts('conflicts model', '{"logins": 1}'); \echo :SQLSTATE
RESET ROLE;
GRANT SELECT ON health_model TO PUBLIC;
DROP ROLE regress_health_ann;
DROP SCHEMA conflicts CASCADE;
