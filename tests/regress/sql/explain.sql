-- health_explain, health_change, health_conflicts: a score and its change in words and in rows, in every form of call.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA explain;
SET search_path = explain, public;
SET timezone = 'UTC';

SELECT health_model_save('explain model', '{
  "min_coverage": 0.3,
  "categories": {"usage": {"label": "Usage", "weight": 60}, "mood": {"label": "Mood", "weight": 40}},
  "signals": {
    "logins": {"category": "usage", "label": "Logins", "unit": "a month", "weight": 2, "scale": {"linear": [0, 50]}},
    "seen": {"category": "usage", "label": "Last seen", "scale": {"recency": {"best": "10 days", "worst": "110 days"}}, "missing": "worst"},
    "nps": {"category": "mood", "label": "NPS", "unit": "of 10", "scale": {"linear": [0, 10]}, "observed": "nps_at", "max_age": "90 days"},
    "tickets": {"category": "mood", "label": "Tickets", "scale": {"linear": [10, 0]}, "default": 0}},
  "rules": [{"name": "sponsor", "when": {"input": "sponsor_left", "eq": true}, "cap": 39, "reason": "executive sponsor left"}],
  "bands": [{"name": "red", "label": "At risk", "from": 0}, {"name": "yellow", "label": "Needs attention", "from": 40}, {"name": "green", "label": "Healthy", "from": 70}],
  "segments": [{"name": "big", "label": "Large accounts", "when": {"input": "plan", "eq": "big"}, "patch": {"signals": {"logins": {"scale": {"linear": [0, 500]}}}}}]}');
CREATE TABLE state (at timestamptz, logins int, seen date, nps int, nps_at date, tickets int, sponsor_left boolean, plan text);
INSERT INTO state VALUES ('2026-01-01', 42, '2025-12-30', 9, '2025-12-01', 1, false, 'small'), ('2026-02-01', 11, '2026-01-02', 9, '2025-12-01', 4, false, 'small'),
  ('2026-03-15', 11, '2026-03-02', 9, '2025-12-01', NULL, true, 'small'), ('2026-04-01', 120, '2026-03-31', NULL, NULL, NULL, false, 'big'), ('2026-05-01', NULL, NULL, NULL, NULL, NULL, NULL, 'small');
SELECT to_char(at, 'MM-DD') AS at, health_explain('explain model', s, at) FROM state s ORDER BY s.at;
SELECT to_char(a.at, 'MM-DD') AS at, health_explain('explain model', a, b, a.at, b.at) FROM state a JOIN LATERAL (SELECT * FROM state s WHERE s.at < a.at ORDER BY at DESC LIMIT 1) b ON true ORDER BY a.at;
SELECT c.* FROM state a, state b, health_change('explain model', a, b, a.at, b.at) c WHERE a.at = '2026-01-01' AND b.at = '2026-02-01';
SELECT c.* FROM state a, state b, health_change('explain model', a, b, a.at, b.at) c WHERE a.at = '2026-02-01' AND b.at = '2026-03-15';
SELECT c.* FROM state a, state b, health_change('explain model', a, b, a.at, b.at) c WHERE a.at = '2026-03-15' AND b.at = '2026-04-01';
SELECT c.* FROM state a, state b, health_change('explain model', a, b, a.at, b.at) c WHERE a.at = '2026-04-01' AND b.at = '2026-05-01';
-- The rows sum to the difference, over all pairs that have scores, both ways, in every form of account.
WITH pair AS (SELECT a, b, health_score('explain model', a, a.at) AS before, health_score('explain model', b, b.at) AS after FROM state a, state b)
SELECT count(*) AS pairs, count(*) FILTER (WHERE abs(coalesce(r.sum, 0) - (after - before)) > 1e-9) AS row_wrong, count(*) FILTER (WHERE r.sum IS DISTINCT FROM j.sum OR r.sum IS DISTINCT FROM d.sum) AS form_wrong
  FROM pair, LATERAL (SELECT sum(change) FROM health_change('explain model', a, b, (a).at, (b).at)) r,
       LATERAL (SELECT sum(change) FROM health_change('explain model@1', to_jsonb(a), to_jsonb(b), (a).at, (b).at)) j,
       LATERAL (SELECT sum(change) FROM health_change(health_model_get('explain model'), to_json(a), to_json(b), after_as_of => (b).at, before_as_of => (a).at)) d;
-- Of random accounts too, with what is missing, in and out of the segment.
SELECT count(*) AS pairs, count(*) FILTER (WHERE abs(c.sum - (after - before)) > 1e-9) AS wrong, count(*) FILTER (WHERE (after - before) IS NULL) AS without_score
  FROM (SELECT x, y, health_score('explain model', x, '2026-06-01') AS before, health_score('explain model', y, '2026-05-01') AS after
          FROM (SELECT jsonb_strip_nulls(jsonb_build_object('logins', nullif(n * 37 % 101, 7), 'seen', date '2026-05-01' - n * 13 % 150, 'nps', nullif(n * 7 % 11, 4), 'nps_at', date '2026-05-01' - n * 11 % 120,
                         'tickets', nullif(n % 12, 3), 'sponsor_left', n % 9 = 0, 'plan', CASE WHEN n % 5 = 0 THEN 'big' END)) AS x,
                       jsonb_strip_nulls(jsonb_build_object('logins', nullif(n * 53 % 89, 5), 'seen', date '2026-05-01' - n * 17 % 140, 'nps', nullif(n * 3 % 11, 2), 'sponsor_left', n % 7 = 0, 'plan', CASE WHEN n % 4 = 0 THEN 'big' END)) AS y
                  FROM generate_series(1, 500) n) accounts) p, LATERAL (SELECT sum(change) FROM health_change('explain model', x, y, '2026-06-01', '2026-05-01')) c;
-- The words say the drivers' numbers, and the number that health_display shows.
SELECT count(*) AS accounts, count(*) FILTER (WHERE text NOT LIKE health_display('explain model', score) || ', %') AS wrong_score,
       count(*) FILTER (WHERE costliest IS NOT NULL AND position('(−' || round(lost::numeric) || ')' IN text) = 0) AS wrong_cost
  FROM (SELECT health_score('explain model', s, at) AS score, health_explain('explain model', s, at) AS text, d.driver AS costliest, d.lost
          FROM state s LEFT JOIN LATERAL (SELECT driver, lost FROM health_drivers('explain model', s, at) WHERE lost >= 1 AND rank = 1) d ON true) x WHERE score IS NOT NULL;
-- Never a number that crosses a band.
SELECT health_explain('{"signals": {"a": {"scale": {"linear": [0, 100]}}}}'::jsonb, json_build_object('a', a)) FROM unnest(ARRAY[39.999, 40, 69.96, 70]) a;
SELECT health_explain('{"signals": {"a": {"scale": {"linear": [0, 100]}}}, "display": {"max": 10, "decimals": 1}}'::jsonb, json_build_object('a', a), '{"a": 12}') FROM unnest(ARRAY[39.999, 40, 69.96, 70]) a;

-- Every form of call: literals in the third and fourth place mean what they look like.
CREATE VIEW x AS SELECT * FROM state WHERE at = '2026-02-01';
SELECT DISTINCT health_explain FROM x s, LATERAL (VALUES (health_explain('explain model', s, '2026-02-01')), (health_explain('explain model', s, as_of => '2026-02-01')), (health_explain('explain model', to_jsonb(s), '2026-02-01')),
  (health_explain('explain model', to_json(s), '2026-02-01')), (health_explain('explain model', to_json(s)::text, '2026-02-01')), (health_explain('explain model', s, '2026-02-01', '')), (health_explain('explain model', s, timestamptz '2026-02-01', '')),
  (health_explain('explain model', to_jsonb(s), '2026-02-01', '')), (health_explain('explain model', to_json(s)::text, '2026-02-01', '')), (health_explain(health_model_get('explain model'), s, '2026-02-01')),
  (health_explain(health_model_get('explain model'), to_jsonb(s), '2026-02-01')), (health_explain(health_model_get('explain model'), to_json(s), date '2026-02-01', segment => ''))) v (health_explain);
SELECT health_explain('explain model', s, '2026-02-01', 'big') FROM x s;
SELECT DISTINCT health_explain FROM x s, LATERAL (VALUES (health_explain('explain model', s, s, '2026-02-01', '2026-01-05')), (health_explain('explain model', to_jsonb(s), to_jsonb(s), '2026-02-01', '2026-01-05')),
  (health_explain('explain model', to_json(s), to_json(s), before_as_of => '2026-01-05', as_of => '2026-02-01')), (health_explain(health_model_get('explain model'), to_jsonb(s), to_jsonb(s), '2026-02-01', '2026-01-05'))) v (health_explain);
SELECT health_explain('explain model', '{"logins": 30, "nps": 5}', '{"logins": 40, "nps": 5}');
SELECT health_explain('explain model', '{"logins": 30, "nps": 5}', '{"logins": 40, "nps": 5}', '2026-02-01');
SELECT health_explain('explain model', '{"logins": 30, "nps": 5}'::jsonb, '{"logins": 40, "nps": 5}', '2026-02-01');
SELECT health_explain('explain model', s, NULL) IS NULL AS a, health_explain(NULL::text, s) IS NULL AS b, health_explain('explain model', NULL::jsonb) IS NULL AS c, health_explain('explain model', s, NULL::state) IS NULL AS d FROM x s;
SELECT count(*) FROM x s, health_change('explain model', NULL::state, s);
SELECT health_explain('explain model', s, 'soon') FROM x s; \echo :SQLSTATE
SELECT health_explain('explain model', s, 'infinity') FROM x s; \echo :SQLSTATE
SELECT health_explain('explain model', s, '2026-02-01', 'bog') FROM x s; \echo :SQLSTATE
SELECT health_explain('explain modle', s) FROM x s; \echo :SQLSTATE
SELECT health_explain(health_model_get('explain model'), s) FROM x s; \echo :SQLSTATE
SELECT health_explain('explain model', '{"logins": "many"}'); \echo :SQLSTATE
SELECT * FROM health_change('explain model', '{"logins": 1}', '{"logins": "many"}'); \echo :SQLSTATE
SELECT * FROM health_change('explain model', '{"logins": 1}', '[]'); \echo :SQLSTATE
SELECT * FROM health_change('explain model', '{"logins": 1, "nps": 3}', '{"logins": 9, "nps": 3}', 'infinity'); \echo :SQLSTATE
-- In a select list, and two row types at one call site.
SELECT (health_change('explain model', s, s, '2026-02-01', '2026-02-01')).driver FROM x s;

-- Categories that contradict each other.
SELECT * FROM health_conflicts('explain model', '{"logins": 2, "seen": "2026-01-01", "nps": 9, "tickets": 0}', '2026-02-01');
SELECT count(*) FROM health_conflicts('explain model', '{"logins": 40, "seen": "2026-01-30", "nps": 9}', '2026-02-01');
SELECT count(*) FROM health_conflicts(health_template('actions'), '{"active_days_30d": 3}'::jsonb, '2026-02-01');
SELECT count(*) FROM x s, health_conflicts('explain model', s, '2026-02-01', 'big');
SELECT count(*) FROM health_conflicts('explain model', NULL::json);

DROP SCHEMA explain CASCADE;
