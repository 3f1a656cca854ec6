-- health_change and health_explain over many random accounts: the rows sum to the difference of the scores, whatever is missing,
-- whichever rules fire and segments apply; the words show the numbers that health_display shows.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA change;
SET search_path = change, public;
SET timezone = 'UTC';

-- Category weights, defaults, policies, values that go stale, all four actions of rules, segments with other weights, scales and rules.
SELECT health_model_save('change weighted', '{
  "min_coverage": 0.2, "on_invalid": "missing",
  "categories": {"usage": {"weight": 50}, "mood": {"weight": 30}, "money": {"weight": 20}},
  "signals": {
    "logins": {"category": "usage", "weight": 3, "scale": {"curve": [[0, 0], [5, 60], [20, 100]]}, "missing": "worst"},
    "growth": {"category": "usage", "weight": 2, "input": {"change": ["logins", "before"]}, "scale": {"linear": [-0.5, 0.5]}},
    "seen": {"category": "usage", "scale": {"recency": {"best": "3 days", "worst": "63 days"}}, "missing": 25},
    "nps": {"category": "mood", "weight": 0.7, "scale": {"linear": [0, 10]}, "observed": "nps_at", "max_age": "30 days"},
    "tone": {"category": "mood", "weight": 0.1, "scale": {"map": {"good": 100, "bad": 0}}},
    "overdue": {"category": "money", "scale": {"steps": [[0, 100], [1, 60], [30, 0]]}, "default": 0}},
  "rules": [{"name": "a cap", "when": {"input": "flag", "eq": 1}, "cap": 39}, {"name": "b floor", "when": {"input": "flag", "eq": 2}, "floor": 61},
            {"name": "c set", "when": {"input": "flag", "eq": 3}, "set": 12.5}, {"name": "d adjust", "when": {"category": "usage", "lt": 40}, "adjust": -7.5}],
  "segments": [{"name": "big", "when": {"input": "plan", "eq": "big"}, "patch": {"categories": {"usage": {"weight": 10}}, "signals": {"logins": {"scale": {"linear": [0, 60]}}, "tone": {"weight": 0}}}},
               {"name": "tiny", "when": {"input": "plan", "eq": "tiny"}, "patch": {"on_invalid": "error", "rules": [{"name": "a cap", "when": {"score": "running", "gt": 50}, "cap": 50}]}}]}');
SELECT health_model_save('change points', '{
  "method": "points", "start": 10, "range": [-40, 60],
  "signals": {"logins": {"points": 2, "max": 30}, "overdue": {"points": -3, "max": 45, "observed": "nps_at", "half_life": "20 days"},
              "nps": {"points": 1, "observed": "nps_at", "absent": -15, "within": "30 days"}, "before": {"points": 9, "default": 0}},
  "rules": [{"name": "a cap", "when": {"input": "flag", "eq": 1}, "cap": 39}],
  "segments": [{"name": "big", "when": {"input": "plan", "eq": "big"}, "patch": {"range": [-100, 100], "signals": {"logins": {"points": 0.5}}}}]}');

-- 400 accounts on two days, one input in seven or so not there; the same numbers as rows and as JSON.
CREATE TABLE state AS
SELECT n, day, nullif(n * 31 * day % 67, 12) % 40 AS logins, nullif(n * 17 * day % 29, 5) AS before, date '2026-01-01' + day - nullif(n * 13 * day % 80, 7) AS seen,
       CASE WHEN n * day % 7 <> 0 THEN n * 7 * day % 11 END AS nps, date '2026-01-01' + day - n * 3 * day % 50 AS nps_at,
       (ARRAY['good', 'bad', NULL, 'unheard of'])[1 + n * day % 4] AS tone, CASE WHEN n * day % 5 <> 0 THEN n * 11 * day % 45 END AS overdue,
       n * day % 8 AS flag, (ARRAY['big', 'tiny', 'some', 'some', NULL])[1 + n * day % 15 / 3] AS plan
  FROM generate_series(1, 400) n, unnest(ARRAY[17, 101]) day;
UPDATE state SET tone = NULL WHERE tone = 'unheard of' AND plan = 'tiny';
CREATE VIEW pair AS
SELECT m AS named, a, b, timestamptz '2026-01-01' + a.day * interval '1 day' AS day_a, timestamptz '2026-01-01' + b.day * interval '1 day' AS day_b
  FROM unnest(ARRAY['change weighted', 'change points']) m, state a, state b WHERE a.n = b.n AND a.day < b.day;
CREATE TABLE changed AS
SELECT p.named AS model, (a).n, x.score AS before, y.score AS after, x.segment AS segment_before, y.segment AS segment_after, c.*
  FROM pair p, LATERAL health_assess(named, a, day_a) x, LATERAL health_assess(named, b, day_b) y, LATERAL health_change(named, a, b, day_a, day_b) c;

SELECT model, count(*) AS accounts, count(*) FILTER (WHERE before IS NULL OR after IS NULL) AS without, count(*) FILTER (WHERE segment_before IS DISTINCT FROM segment_after) AS moved,
       count(*) FILTER (WHERE abs(sum - (after - before)) > 1e-9) AS wrong, count(*) FILTER (WHERE (sum IS NULL) <> (before IS NULL OR after IS NULL)) AS wrongly_null,
       count(*) FILTER (WHERE some_null) AS partly_null
  FROM (SELECT model, n, before, after, segment_before, segment_after, sum(change), bool_or(change IS NULL) AND bool_or(change IS NOT NULL) AS some_null
          FROM changed GROUP BY model, n, before, after, segment_before, segment_after) s GROUP BY model ORDER BY model;
-- Every kind of row occurs; a segment's row exactly where the segment is another one; every signal once; ranks count from 1 by change and name.
SELECT model, kind, count(*) > 0 AS some, count(*) FILTER (WHERE change <> 0) > 0 AS moving FROM changed GROUP BY model, kind ORDER BY model, kind;
SELECT count(*) AS wrong FROM (SELECT model, n FROM changed GROUP BY model, n HAVING bool_or(kind = 'segment') <> bool_or(segment_before IS DISTINCT FROM segment_after)) w;
SELECT model, min(signals), max(signals), min(different) FROM (SELECT model, n, count(*) AS signals, count(DISTINCT driver) AS different FROM changed WHERE kind = 'signal' GROUP BY model, n) s GROUP BY model ORDER BY model;
SELECT count(*) AS wrong FROM (SELECT rank, row_number() OVER (PARTITION BY model, n ORDER BY round(change::numeric, 9), driver COLLATE "C", kind <> 'signal') AS place FROM changed WHERE change IS NOT NULL) r WHERE rank <> place;
-- Backwards, in one segment, every row is the other way round.
SELECT count(*) > 1000 AS many, count(*) FILTER (WHERE abs(c.change + back.change) > 1e-8 OR c.before_value IS DISTINCT FROM back.after_value OR c.after_value IS DISTINCT FROM back.before_value) AS wrong
  FROM changed c JOIN pair p ON p.named = c.model AND (p.a).n = c.n, LATERAL health_change(p.named, b, a, day_b, day_a) back
 WHERE c.segment_before IS NOT DISTINCT FROM c.segment_after AND back.driver = c.driver AND back.kind = c.kind;
-- From an account to itself nothing changes.
SELECT count(*) AS wrong FROM pair p, LATERAL health_change(named, a, a, day_a, day_a) c WHERE change <> 0 OR before_value IS DISTINCT FROM after_value;
-- By value and in the other forms of an account: the same rows.
SELECT count(*) AS wrong FROM (SELECT * FROM pair WHERE (a).n <= 50) p, LATERAL (
    SELECT array_agg(c ORDER BY rank) FILTER (WHERE form = 1) AS r, array_agg(c ORDER BY rank) FILTER (WHERE form = 2) AS j, array_agg(c ORDER BY rank) FILTER (WHERE form = 3) AS t FROM (
        SELECT 1 AS form, * FROM health_change(named || '@1', a, b, day_a, day_b)
        UNION ALL SELECT 2, * FROM health_change(health_model_get(named), before => to_jsonb(a), after => to_jsonb(b), after_as_of => day_b, before_as_of => day_a)
        UNION ALL SELECT 3, * FROM health_change(named, to_json(a)::text, to_json(b)::text, day_a, day_b)) f,
        LATERAL (SELECT concat_ws('|', rank, driver, category, before_value, after_value, change, kind, label, unit) AS c) g) forms
 WHERE r IS DISTINCT FROM j OR r IS DISTINCT FROM t;

-- The words: the number shown and its band before and after, and no nonsense.
SELECT model, count(*) AS accounts, count(*) FILTER (WHERE alone NOT LIKE shown || ', ' || label || '%') AS wrong_number, count(*) FILTER (WHERE movement NOT LIKE shown || ', ' || label || '%') AS wrong_end,
       count(*) FILTER (WHERE movement ~ 'from' AND movement !~ (' from ' || shown_before || '(,|\.)')) AS wrong_start,
       count(*) FILTER (WHERE alone || movement ~ 'NaN|inf|NULL|−0\)|\+0\)|\(\)|  |\.\.|;\.') AS nonsense
  FROM (SELECT named AS model, health_display(named, y.score) AS shown, health_display(named, x.score) AS shown_before,
               (SELECT label FROM health_model_bands v WHERE v.name = named AND v.band = y.band) AS label,
               health_explain(named, b, day_b) AS alone, health_explain(named, b, a, day_b, day_a) AS movement
          FROM pair p, LATERAL health_assess(named, a, day_a) x, LATERAL health_assess(named, b, day_b) y WHERE x.score IS NOT NULL AND y.score IS NOT NULL) w GROUP BY model ORDER BY model;

-- What cannot be asked.
SELECT * FROM health_change('change wieghted', '{"logins": 1}', '{"logins": 2}'); \echo :SQLSTATE
SELECT * FROM health_change('change weighted@7', '{"logins": 1}', '{"logins": 2}'); \echo :SQLSTATE
SELECT * FROM health_change(health_model_get('change weighted'), '{"logins": 1}'::jsonb, '{"logins": 2}'::jsonb, '2026-01-01'); \echo :SQLSTATE
SELECT * FROM health_change('change weighted', '{"login": 1}', '{"logins": 2}'); \echo :SQLSTATE
SELECT * FROM health_change('change weighted', '{"logins": 1}', '{"login": 2}'); \echo :SQLSTATE
SELECT * FROM health_change('change weighted', '{"logins": 1}', '{"logins": 2', '2026-01-01'); \echo :SQLSTATE
SELECT * FROM health_change('change weighted', '{"logins": 1}', '{"logins": 2, "plan": "tiny", "tone": "?"}'); \echo :SQLSTATE
SELECT * FROM health_change('change weighted', '{"logins": 1}', '{"logins": 2}', after_as_of => 'infinity'); \echo :SQLSTATE
SELECT c.* FROM state s, (SELECT 1 AS x) t, health_change('change weighted', s, t) c; \echo :SQLSTATE
SELECT (SELECT count(*) FROM health_change(NULL::text, '{"logins": 1}'::jsonb, '{"logins": 2}')) AS model, (SELECT count(*) FROM health_change('change weighted', NULL::jsonb, '{"logins": 2}')) AS before,
       (SELECT count(*) FROM health_change('change weighted', '{"logins": 2}'::json, NULL)) AS after;

-- Without the right to read models none is to be had by name; a document says itself what to do.
CREATE ROLE regress_health_ann;
REVOKE SELECT ON health_model FROM PUBLIC;
SET ROLE regress_health_ann;
SELECT * FROM health_change('change weighted', '{"logins": 1}', '{"logins": 2}'); \echo :SQLSTATE
SELECT health_explain('change weighted', '{"logins": 1}'); \echo :SQLSTATE
SELECT health_explain('change weighted', '{"logins": 1}', '{"logins": 2}'); \echo :SQLSTATE
SELECT driver, change FROM health_change('{"signals": {"a": {"scale": {"linear": [0, 10]}}}}'::jsonb, '{"a": 1}'::jsonb, '{"a": 3}');
RESET ROLE;
GRANT SELECT ON health_model TO PUBLIC;
DROP ROLE regress_health_ann;
DROP SCHEMA change CASCADE;
