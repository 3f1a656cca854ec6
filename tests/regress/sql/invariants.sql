-- What must hold for every account, over 2,000 of them with missing, stale and odd data, and models of every kind.
CREATE SCHEMA invariants;
SET search_path = invariants, public;
-- No clock and no random numbers: hash(n, salt) is the n-th of a fixed row of numbers from 0 to 1.
CREATE FUNCTION hash(n int, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (('x' || substr(md5(n || '/' || salt), 1, 8))::bit(32)::int8::float8 / 4294967295);

CREATE TYPE plan AS ENUM ('free', 'team', 'enterprise');
CREATE TABLE account (
    id int PRIMARY KEY, plan plan, logins_30d int, logins_prev_30d int8, active_users int2, licensed_seats int, nps numeric, nps_at date,
    tone text, last_comment text, tickets_30d int, overdue_days float8, share float4, sponsor_left boolean, last_contact timestamptz,
    renewal_date date, signup_date timestamp, demos int, demos_at timestamptz, webinars int);
INSERT INTO account
SELECT n,
       (ARRAY['free', 'team', 'enterprise'])[1 + (hash(n, 1) * 2.999)::int % 3]::plan,
       CASE WHEN hash(n, 2) > 0.15 THEN (hash(n, 3) ^ 2 * 40)::int END,
       CASE WHEN hash(n, 4) > 0.2 THEN (hash(n, 5) * 40)::int END,
       CASE WHEN hash(n, 6) > 0.3 THEN (hash(n, 7) * 100)::int END,
       CASE WHEN hash(n, 8) > 0.1 THEN (hash(n, 9) * 120)::int / 10 * 10 END,
       CASE WHEN hash(n, 10) > 0.4 THEN round((hash(n, 11) * 10)::numeric, 1 + n % 3) END,
       CASE WHEN hash(n, 12) > 0.3 THEN '2026-03-01'::date - (hash(n, 13) * 200)::int END,
       CASE WHEN hash(n, 14) > 0.3 THEN (ARRAY['positive', 'neutral', 'negative', 'other'])[1 + (hash(n, 15) * 3.99)::int % 4] END,
       CASE WHEN hash(n, 16) > 0.5 THEN 'comment "' || n || '" — ä' END,
       CASE WHEN hash(n, 17) > 0.5 THEN (hash(n, 18) * 20)::int END,
       CASE WHEN hash(n, 19) > 0.2 THEN hash(n, 20) * 90 END,
       CASE WHEN hash(n, 21) > 0.2 THEN hash(n, 22) END,
       CASE WHEN hash(n, 23) > 0.5 THEN hash(n, 24) > 0.8 END,
       CASE WHEN hash(n, 25) > 0.3 THEN '2026-03-01 00:00+00'::timestamptz - hash(n, 26) * interval '120 days' END,
       CASE WHEN hash(n, 27) > 0.2 THEN '2026-03-01'::date + (hash(n, 28) * 400)::int END,
       CASE WHEN hash(n, 29) > 0.1 THEN '2026-03-01'::timestamp - hash(n, 30) * interval '900 days' END,
       CASE WHEN hash(n, 31) > 0.5 THEN (hash(n, 32) * 6)::int END,
       CASE WHEN hash(n, 33) > 0.5 THEN '2026-03-01 00:00+00'::timestamptz - hash(n, 34) * interval '90 days' END,
       CASE WHEN hash(n, 35) > 0.5 THEN (hash(n, 36) * 2)::int END
  FROM generate_series(1, 2000) n;
-- One account without any data.
INSERT INTO account (id) VALUES (0);

SELECT health_model_save('invariants weighted', '{
  "min_coverage": 0.2,
  "categories": {"usage": {"weight": 40}, "sentiment": {"weight": 20.5}, "service": {"weight": 15}, "finance": {"weight": 12.3}, "relationship": {"weight": 7.7}},
  "signals": {
    "nps": {"category": "sentiment", "weight": 20, "scale": {"linear": [0, 10]}, "observed": "nps_at", "max_age": "90 days"},
    "tone": {"category": "sentiment", "weight": 10, "scale": {"map": {"positive": 100, "neutral": 50, "negative": 0}, "otherwise": 40}, "evidence": "last_comment"},
    "logins": {"category": "usage", "weight": 20.1, "input": "logins_30d", "scale": {"curve": [[0, 0], [5, 60], [20, 100]]}, "missing": "worst"},
    "seat_use": {"category": "usage", "weight": 10, "input": {"ratio": ["active_users", "licensed_seats"]}, "scale": {"linear": [0.1, 0.8]}, "optional": true},
    "usage_change": {"category": "usage", "weight": 9.9, "input": {"change": ["logins_30d", "logins_prev_30d"]}, "scale": {"linear": [-0.5, 0.1]}, "missing": 33.3},
    "tickets": {"category": "service", "weight": 15, "input": "tickets_30d", "default": 0, "scale": {"steps": [[0, 60], [1, 100], [5, 60], [15, 20]]}},
    "overdue": {"category": "finance", "weight": 10, "input": "overdue_days", "scale": {"linear": [60, 0]}, "missing": "neutral"},
    "last_contact": {"category": "relationship", "weight": 5, "scale": {"recency": {"best": "7 days", "worst": "90 days"}}},
    "share": {"category": "relationship", "weight": 0.7, "scale": {"linear": [0, 1]}, "missing": "best"}
  },
  "rules": [
    {"name": "sponsor left", "when": {"input": "sponsor_left", "eq": true}, "cap": 39, "reason": "executive sponsor left"},
    {"name": "renewal near, silent", "when": {"all": [{"input": {"days": ["@as_of", "renewal_date"]}, "lt": 90}, {"subscore": "last_contact", "lt": 30}]}, "adjust": -15},
    {"name": "big and happy", "when": {"any": [{"input": "plan", "eq": "enterprise"}, {"category": "sentiment", "gt": 90}]}, "floor": 33.3},
    {"name": "new blood", "when": {"all": [{"score": "running", "lt": 20}, {"not": {"input": "tone", "in": ["negative", "other"]}}]}, "adjust": 7.7},
    {"name": "frozen", "when": {"all": [{"input": "logins_30d", "eq": 0}, {"input": "last_comment", "missing": true}]}, "set": 12.5}
  ],
  "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}],
  "segments": [
    {"name": "onboarding", "when": {"input": {"days": ["signup_date", "@as_of"]}, "lt": 60}, "patch": {"min_coverage": 0, "signals": {"nps": {"weight": 0.1}}}},
    {"name": "enterprise", "when": {"input": "plan", "eq": "enterprise"}, "patch": {"categories": {"usage": {"weight": 10}}, "rules": []}}]
}');
SELECT health_model_save('invariants points', '{
  "method": "points", "start": 10, "range": [-20, 80],
  "signals": {
    "demos": {"points": 5.5, "max": 20, "half_life": "30 days", "observed": "demos_at", "absent": -10, "within": "30 days"},
    "logins": {"points": 0.7, "max": 25, "input": "logins_30d"},
    "tickets": {"points": -2, "input": "tickets_30d", "default": 1},
    "webinars": {"points": 4, "absent": -3},
    "overdue": {"points": -0.3, "input": "overdue_days"},
    "sponsor": {"points": -30, "input": "sponsor_left"}
  },
  "rules": [{"name": "never quite lost", "when": {"input": "plan", "eq": "enterprise"}, "floor": 5},
            {"name": "overdue", "when": {"input": "overdue_days", "gt": 80}, "adjust": -12.5}],
  "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 33.3}]
}');
SELECT health_model_save('invariants plain', '{
  "signals": {"nps": {"weight": 0.1, "scale": {"linear": [0, 10]}}, "overdue_days": {"weight": 0.2, "scale": {"linear": [90, 0]}},
              "share": {"weight": 0.7, "scale": {"linear": [0, 1]}}, "tone": {"weight": 0, "scale": {"map": {"positive": 100}, "otherwise": 0}}},
  "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]
}');
CREATE TABLE model AS SELECT name, definition, definition ->> 'method' AS method, definition ? 'rules' AS has_rules
  FROM health_model WHERE name LIKE 'invariants %' AND active;

-- All forms, as of one day, bit for bit.
CREATE TABLE scored AS
SELECT m.name, m.method, m.has_rules, a.id,
       health_score(m.name, a, t.as_of) AS score,
       health_score(m.name, to_jsonb(a), t.as_of) AS by_jsonb,
       health_score(m.name, row_to_json(a), t.as_of) AS by_json,
       health_score(m.name, to_jsonb(a)::text, t.as_of) AS by_text,
       health_score(m.name, health_inputs(a), t.as_of) AS by_inputs,
       health_score(m.name || '@1', a, t.as_of) AS by_version,
       health_score(m.definition, a, t.as_of) AS by_document,
       health_score(m.definition, to_jsonb(a), t.as_of) AS document_jsonb,
       health_score(m.definition, row_to_json(a), t.as_of) AS document_json,
       health_score(m.definition, to_jsonb(a)::text, t.as_of) AS document_text,
       health_score(m.definition, health_inputs(a), t.as_of) AS document_inputs,
       health_band(m.name, a, t.as_of) AS band
  FROM model m, account a, (VALUES ('2026-03-01 00:00+00'::timestamptz)) t (as_of);

-- The population is worth testing: scores spread, some missing, all rules and bands occur.
SELECT name, count(*), count(score) AS scored, count(DISTINCT score) > 500 AS spread, count(*) FILTER (WHERE score = 0) > 0 AS zeros,
       string_agg(DISTINCT band, ' ' ORDER BY band) AS bands FROM scored GROUP BY name ORDER BY name;
SELECT name, r AS rule, count(*) > 5 AS seen
  FROM model m, account a, health_assess(m.name, a, '2026-03-01 00:00+00') s, unnest(s.rules) r GROUP BY 1, 2 ORDER BY 1, 2;
SELECT name, coalesce(segment, '-') AS segment, count(*) > 100 AS seen
  FROM model m, account a, health_assess(m.name, a, '2026-03-01 00:00+00') s GROUP BY 1, 2 ORDER BY 1, 2;

CREATE FUNCTION bits(float8) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN float8send($1);
SELECT name, count(*) FILTER (WHERE bits(by_jsonb) IS DISTINCT FROM bits(score)) AS jsonb,
       count(*) FILTER (WHERE bits(by_json) IS DISTINCT FROM bits(score)) AS json,
       count(*) FILTER (WHERE bits(by_text) IS DISTINCT FROM bits(score)) AS text,
       count(*) FILTER (WHERE bits(by_inputs) IS DISTINCT FROM bits(score)) AS inputs,
       count(*) FILTER (WHERE bits(by_version) IS DISTINCT FROM bits(score)) AS version,
       count(*) FILTER (WHERE bits(by_document) IS DISTINCT FROM bits(score)) AS document,
       count(*) FILTER (WHERE bits(document_jsonb) IS DISTINCT FROM bits(score)) AS document_jsonb,
       count(*) FILTER (WHERE bits(document_json) IS DISTINCT FROM bits(score)) AS document_json,
       count(*) FILTER (WHERE bits(document_text) IS DISTINCT FROM bits(score)) AS document_text,
       count(*) FILTER (WHERE bits(document_inputs) IS DISTINCT FROM bits(score)) AS document_inputs
  FROM scored GROUP BY name ORDER BY name;
-- An untyped literal is the text form; a dozen of them, written out as a client would.
SELECT string_agg(format('SELECT %L, bits(health_score(%L, %L, ''2026-03-01 00:00+00'')) = bits(score) AS equal FROM scored WHERE (name, id) = (%L, %s)',
                         id, name, to_jsonb(a), name, id), ' UNION ALL ' ORDER BY name, id) AS query
  FROM scored JOIN account a USING (id) WHERE id % 500 = 3 \gset
SELECT count(*), count(*) FILTER (WHERE equal) AS equal FROM (:query) x;

-- Drivers: contributions sum to the score, rules, start and limit included; lost completes it to 100; ranks and order.
CREATE TABLE drivers AS
SELECT m.name, m.method, a.id, d.* FROM model m, account a, health_drivers(m.name, a, '2026-03-01 00:00+00') d;
SELECT kind, count(*) > 50 AS seen FROM drivers GROUP BY kind ORDER BY kind;
SELECT status, count(*) > 50 AS seen FROM drivers GROUP BY status ORDER BY status;
SELECT s.name, count(*) AS accounts, count(score) AS scored,
       count(*) FILTER (WHERE abs(contribution - score) > 1e-9) AS wrong_sums,
       count(*) FILTER (WHERE s.method IS NULL AND abs(score + lost - 100) > 1e-9) AS wrong_losses,
       count(*) FILTER (WHERE (score IS NULL) <> (contribution IS NULL)) AS wrong_nulls,
       count(*) FILTER (WHERE abs(weight - 1) > 1e-9) AS wrong_weights
  FROM scored s
  JOIN (SELECT name, id, sum(contribution) AS contribution, sum(lost) AS lost, sum(weight) FILTER (WHERE contribution IS NOT NULL) AS weight FROM drivers GROUP BY 1, 2) d USING (name, id)
 GROUP BY s.name ORDER BY s.name;
SELECT count(*) AS wrong_parts FROM drivers WHERE kind = 'signal' AND method IS NULL
   AND (abs(contribution - weight * subscore) > 1e-9 OR abs(lost - weight * (100 - subscore)) > 1e-9);
SELECT count(*) AS under_points FROM drivers WHERE method = 'points' AND (weight IS NOT NULL OR subscore IS NOT NULL OR lost IS NOT NULL);
SELECT count(*) AS wrong_order
  FROM (SELECT name, id, rank, row_number() OVER (PARTITION BY name, id ORDER BY rank) AS expected,
               coalesce(lost, -contribution) AS cost, lag(coalesce(lost, -contribution)) OVER (PARTITION BY name, id ORDER BY rank) AS before,
               driver, lag(driver) OVER (PARTITION BY name, id ORDER BY rank) AS driver_before
          FROM drivers WHERE contribution IS NOT NULL) d
 WHERE rank <> expected OR cost > before + 1e-9 OR (cost = before AND driver COLLATE "C" < driver_before COLLATE "C");

-- health_assess says the same as the others, and its interval is one.
CREATE TABLE assessed AS
SELECT m.name, m.method, m.has_rules, a.id, s.* FROM model m, account a,
       LATERAL (SELECT score, band, band_rank, coverage, low, high, status, segment, model, model_version, rules, drivers
                  FROM health_assess(m.name, a, '2026-03-01 00:00+00')) s;
SELECT count(*) AS different FROM scored s JOIN assessed a USING (name, id)
 WHERE bits(s.score) IS DISTINCT FROM bits(a.score) OR s.band IS DISTINCT FROM a.band OR a.model IS DISTINCT FROM name OR a.model_version <> 1
    OR s.band IS DISTINCT FROM health_band(name, s.score, coalesce(a.segment, ''))
    OR a.status <> CASE WHEN s.score IS NULL THEN 'insufficient_data' ELSE 'ok' END;
SELECT count(*) AS different FROM assessed a, model m
 WHERE a.name = m.name AND a.band_rank IS DISTINCT FROM
       (SELECT min(r) FROM jsonb_array_elements(m.definition -> 'bands') WITH ORDINALITY b (b, r) WHERE b ->> 'name' = a.band);
SELECT count(*) AS different
  FROM (SELECT name, a.id, j.* FROM assessed a, jsonb_to_recordset(a.drivers) j (rank int, kind text, category text, driver text, label text,
               value text, unit text, subscore float8, weight float8, contribution float8, lost float8, status text, reason text, evidence text)) j
  FULL JOIN (SELECT name, id, rank, kind, category, driver, label, value, unit, subscore, weight, contribution, lost, status, reason, evidence FROM drivers) d
       USING (name, id, rank)
 WHERE (j.kind, j.category, j.driver, j.label, j.value, j.unit, j.subscore, j.weight, j.contribution, j.lost, j.status, j.reason, j.evidence)
       IS DISTINCT FROM (d.kind, d.category, d.driver, d.label, d.value, d.unit, d.subscore, d.weight, d.contribution, d.lost, d.status, d.reason, d.evidence);
SELECT count(*) AS different
  FROM (SELECT name, id, r FROM assessed, unnest(rules) r) a FULL JOIN (SELECT name, id, driver AS r FROM drivers WHERE kind = 'rule') d USING (name, id, r)
 WHERE a IS NULL OR d IS NULL;
-- 0 <= low <= score <= high <= 100 where no rule fired (a rule moves all three, but may move them past each other).
SELECT name, count(*) > 100 AS many, count(*) FILTER (WHERE NOT (low >= 0 AND high <= 100 AND low <= score AND score <= high)) AS outside,
       count(*) FILTER (WHERE coverage = 1 AND (low <> score OR high <> score)) AS wide_though_covered,
       count(*) FILTER (WHERE coverage < 0 OR coverage > 1 OR coverage IS NULL) AS wrong_coverage
  FROM assessed WHERE rules = '{}' AND score IS NOT NULL GROUP BY name ORDER BY name;
SELECT count(*) FILTER (WHERE NOT (low >= 0 AND high <= 100 AND low <= high)) AS outside_with_rules FROM assessed WHERE rules <> '{}';
SELECT count(*) FILTER (WHERE score < 0 OR score > 100 OR score = 'NaN') AS outside FROM assessed;

-- Monotone: a better value of one signal never lowers the score of a model whose rules do not look at it.
SELECT count(*), count(*) FILTER (WHERE better < score) AS worse
  FROM (SELECT health_score('invariants plain', a) AS score,
               health_score('invariants plain', to_jsonb(a) || jsonb_build_object('nps', nps + 0.1)) AS better FROM account a WHERE nps IS NOT NULL
        UNION ALL
        SELECT health_score('invariants plain', a), health_score('invariants plain', to_jsonb(a) || jsonb_build_object('overdue_days', overdue_days - 1))
          FROM account a WHERE overdue_days IS NOT NULL) x;

-- The weighted score once more, in plain SQL: within the categories, between them, with the weight of missing signals shared out.
-- STRICT, because least() and greatest() pass over NULL.
CREATE FUNCTION clamp(s float8) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT least(greatest(s, 0), 100) $$;
WITH part AS (
    SELECT id, 40.0 AS cw, 20.1 AS w, coalesce(clamp(CASE WHEN logins_30d <= 5 THEN logins_30d * 12.0 ELSE 60 + (logins_30d - 5) * 40 / 15.0 END), 0) AS s FROM account
    UNION ALL SELECT id, 40.0, 10, clamp((active_users::float8 / nullif(licensed_seats, 0) - 0.1) / 0.7 * 100) FROM account
    UNION ALL SELECT id, 40.0, 9.9, coalesce(clamp((logins_30d::float8 / nullif(logins_prev_30d, 0) - 1 + 0.5) / 0.6 * 100), 33.3) FROM account
    UNION ALL SELECT id, 20.5, 20, CASE WHEN nps_at IS NULL OR '2026-03-01'::date - nps_at <= 90 THEN nps::float8 * 10 END FROM account
    UNION ALL SELECT id, 20.5, 10, CASE tone WHEN 'positive' THEN 100 WHEN 'neutral' THEN 50 WHEN 'negative' THEN 0 WHEN 'other' THEN 40 END FROM account
    UNION ALL SELECT id, 15, 15, CASE WHEN t >= 15 THEN 20 WHEN t >= 5 THEN 60 WHEN t >= 1 THEN 100 ELSE 60 END FROM (SELECT id, coalesce(tickets_30d, 0) AS t FROM account) a
    UNION ALL SELECT id, 12.3, 10, coalesce(clamp((60 - overdue_days) / 60 * 100), 50) FROM account
    UNION ALL SELECT id, 7.7, 5, clamp((90 - extract(epoch FROM '2026-03-01 00:00+00' - last_contact) / 86400) / 83 * 100) FROM account
    UNION ALL SELECT id, 7.7, 0.7, coalesce(clamp(share::text::float8 * 100), 100) FROM account
), category AS (
    SELECT id, cw, sum(w * s) / sum(w) AS s FROM part WHERE s IS NOT NULL GROUP BY id, cw
), base AS (
    SELECT id, sum(cw * s) / sum(cw) AS score FROM category GROUP BY id
)
SELECT count(*) > 500 AS many, count(*) FILTER (WHERE abs(a.score - b.score) > 1e-6 OR a.score IS NULL) AS wrong
  FROM assessed a JOIN base b USING (id) WHERE a.name = 'invariants weighted' AND a.rules = '{}' AND a.segment IS NULL AND a.status = 'ok';

-- Equal subscores of 70 are in the band that starts at 70, whatever the weights: 200 models with decimal weights, with and
-- without categories, over the whole range of magnitudes.
WITH models AS (
    SELECT n, jsonb_build_object(
               'bands', '[{"name": "yellow", "from": 0}, {"name": "green", "from": 70}]'::jsonb,
               'signals', (SELECT jsonb_object_agg('s' || i, jsonb_build_object('scale', '{"linear": [0, 100]}'::jsonb,
                                  'weight', round((hash(n * 100 + i, 40) * ('1e' || n % 7 - 3)::float8 + 0.01)::numeric, 2 + n % 5))
                                  || CASE WHEN n % 2 = 0 THEN jsonb_build_object('category', 'c' || i % 3) ELSE '{}' END)
                             FROM generate_series(1, 3 + n % 12) i))
           || CASE WHEN n % 2 = 0 THEN jsonb_build_object('categories', (SELECT jsonb_object_agg('c' || c, jsonb_build_object('weight', round((hash(n * 100 + c, 41) * 50 + 0.01)::numeric, 2))) FROM generate_series(0, 2) c))
                  ELSE '{}' END AS definition
      FROM generate_series(1, 200) n
)
SELECT count(*), count(*) FILTER (WHERE health_score(definition, values) = 70) AS score_70,
       count(*) FILTER (WHERE health_band(definition, values) = 'green') AS green,
       count(*) FILTER (WHERE health_band(definition, below) = 'yellow') AS just_below
  FROM models, LATERAL (SELECT jsonb_object_agg(key, 70) AS values, jsonb_object_agg(key, 69.99) AS below FROM jsonb_object_keys(definition -> 'signals') key) v;
