-- health_score and health_signals over events.
\set VERBOSITY default
SET client_min_messages = warning;

SELECT health_model_save('events', $$
{ "signals": {
    "logins":  {"weight": 2, "input": "login", "combine": "count", "window": "30 days", "scale": {"linear": [0, 20]}},
    "days":    {"input": "login", "combine": "active_days", "window": "30 days", "scale": {"linear": [0, 10]}},
    "devices": {"input": "login", "combine": "distinct", "scale": {"linear": [0, 3]}},
    "growth":  {"input": {"change": ["login", "login"]}, "combine": "count", "window": "30 days", "scale": {"linear": [-1, 1]}},
    "seen":    {"input": "login", "scale": {"recency": {"best": "1 day", "worst": "31 days"}}},
    "seats":   {"input": {"ratio": ["users", "licences"]}, "combine": "mean", "window": "30 days", "scale": {"linear": [0, 1]}},
    "tickets": {"combine": "sum", "window": "30 days", "lag": "1 day", "scale": {"linear": [10, 0]}},
    "nps":     {"max_age": "90 days", "scale": {"linear": [0, 10]}, "evidence": "comment"},
    "peak":    {"input": "users", "combine": "max", "scale": {"linear": [0, 100]}},
    "low":     {"input": "users", "combine": "min", "scale": {"linear": [0, 100]}},
    "plan":    {"weight": 0, "scale": {"map": {"gold": 100, "basic": 20}}} },
  "segments": [{"name": "gold", "when": {"input": "plan", "eq": "gold"}, "patch": {"signals": {"logins": {"weight": 1}}}}] }
$$);

CREATE TABLE event (account_id int, signal text, value jsonb, at timestamptz);
INSERT INTO event VALUES
    (1, 'login', '"web"', '2026-06-29 10:00+00'), (1, 'login', '"web"', '2026-06-29 12:00+00'), (1, 'login', '"mobile app"', '2026-06-10 09:00+00'),
    (1, 'login', '"a client of a long name"', '2026-05-10 09:00+00'), (1, 'login', '"later"', '2026-07-01 09:00+00'),
    (1, 'users', '12', '2026-06-20'), (1, 'users', '18', '2026-06-27'), (1, 'licences', '20', '2026-06-01'), (1, 'tickets', '3', '2026-06-28'),
    (1, 'tickets', '5', '2026-06-30'), (1, 'nps', '9', '2026-05-01'), (1, 'comment', '"fine, but slow at times"', '2026-05-01'), (1, 'plan', '"gold"', '2026-01-01'),
    (2, 'login', 'true', '2026-03-01'), (2, 'nps', '2', '2026-03-01'), (2, 'page', '"home"', '2026-06-30'),
    (3, NULL, NULL, NULL), (4, 'users', NULL, '2026-06-01');

SELECT account_id, health_score('events', signal, value, at, '2026-06-30 00:00+00') AS score,
       jsonb_pretty(health_signals('events', signal, value, at, '2026-06-30 00:00+00')) AS signals
  FROM event GROUP BY account_id ORDER BY account_id;

-- In two steps: the account that the events come to, with everything that explains it.
CREATE VIEW account AS
SELECT account_id, health_signals('events', signal, value, at, '2026-06-30 00:00+00') AS account, health_score('events', signal, value, at, '2026-06-30 00:00+00') AS score
  FROM event GROUP BY account_id;
SELECT account_id, a.score, a.score IS NOT DISTINCT FROM s.score AS same, s.band, round(s.coverage::numeric, 3) AS coverage, s.segment
  FROM account a, health_assess('events', account, '2026-06-30 00:00+00') s ORDER BY account_id;
SELECT rank, driver, value, round(subscore::numeric, 2) AS subscore, round(contribution::numeric, 3) AS contribution, status, reason, evidence
  FROM account, health_drivers('events', account, '2026-06-30 00:00+00') WHERE account_id = 1 ORDER BY rank;
SELECT account_id, health_explain('events', account, '2026-06-30 00:00+00') FROM account ORDER BY account_id;
SELECT d.driver, d.before_value, d.after_value, round(d.change::numeric, 3) AS change
  FROM account a, account b, health_change('events', a.account, b.account, '2026-06-30 00:00+00', '2026-06-30 00:00+00') d
 WHERE a.account_id = 1 AND b.account_id = 2 ORDER BY d.rank LIMIT 5;

-- A document needs as_of for its windows; with the name it is now(), whatever the data's age.
SELECT account_id, round(health_score(health_model_get('events'), signal, value, at, '2026-06-30 00:00+00')::numeric, 9) AS score FROM event GROUP BY account_id ORDER BY account_id;
SELECT health_score(health_model_get('events'), signal, value, at) FROM event;
SELECT health_score('events', signal, value, at) BETWEEN 0 AND 100 AS recent FROM event WHERE account_id = 1;
SELECT health_drivers(health_model_get('events'), account) FROM account WHERE account_id = 1;

-- An event without a value is counted, with and without a time; nothing else reads it.
SELECT health_signals(m, signal, NULL::int, at, '2026-06-30 00:00+00') AS silent, health_score(m, signal, NULL::text, at, '2026-06-30 00:00+00') AS score,
       health_score(m, signal, 1, at, '2026-06-30 00:00+00') AS with_values
  FROM (VALUES ('login', timestamptz '2026-06-29 10:00+00'), ('login', '2026-06-29 11:00+00'), ('login', '2026-06-28 11:00+00'), ('login', '2026-07-01 00:00+00'), ('login', NULL)) e (signal, at),
       (VALUES ('{"signals": {"n": {"input": "login", "combine": "count", "window": "30 days", "scale": {"linear": [0, 10]}}, "d": {"input": "login", "combine": "active_days", "scale": {"linear": [0, 10]}},
                              "all": {"input": "login", "combine": "count", "scale": {"linear": [0, 10]}}, "s": {"weight": 0, "optional": true, "input": "login", "combine": "sum", "scale": {"linear": [0, 10]}}}}'::jsonb)) d (m) GROUP BY m;

-- Values of every type that a column may have, without times.
SELECT health_model_save('tall', '{"signals": {"nps": {"scale": {"linear": [0, 10]}}, "plan": {"input": "tier", "scale": {"map": {"gold": 100, "1": 40, "true": 10}}}, "seen": {"weight": 0, "optional": true, "scale": {"recency": {"best": "1 day", "worst": "31 days"}}}}}');
CREATE TYPE tier AS ENUM ('basic', 'gold');
SELECT health_score('tall', 'nps'::text, 9), health_score('tall', 'nps'::text, 9.0), health_score('tall', 'nps'::text, 9::real), health_score('tall', 'nps'::text, 9::smallint),
       health_score('tall', 'tier'::text, 'gold'::text), health_score('tall', 'plan'::text, 'gold'::varchar), health_score('tall', 'plan'::text, 'gold'::tier), health_score('tall', 'plan'::text, 'gold'::char(9)),
       health_score('tall', 'plan'::text, true), health_score('tall', 'plan'::text, 1), health_score('tall', 'plan'::text, '"gold"'::jsonb), health_score('tall', 'nps'::text, '9'::jsonb),
       health_score('tall', 'nps'::varchar, 0.1::real) = health_score('tall', '{"nps": 0.1}') AS real;
SELECT health_signals('tall', signal, value) FROM (VALUES ('seen', date '2026-06-01'), ('seen', '2026-05-01'), ('tier', NULL)) e (signal, value);
SELECT health_signals('tall', signal, value) FROM (VALUES ('nps', 'NaN'::float8), ('tier', 'Infinity')) e (signal, value);
SELECT health_signals('tall', signal, value) FROM (VALUES ('nps', '{"a": 1}'::jsonb), ('tier', 'null'), ('seen', '[1]')) e (signal, value);

-- Numbers alone, and what comes between them: the account is the same in any order, and whatever else is asked for beside it.
SELECT health_model_save('flat', '{"on_invalid": "missing", "signals": {"nps": {"scale": {"linear": [0, 10]}}, "plan": {"input": "tier", "scale": {"map": {"gold": 100, "1": 40}}}, "use": {"scale": {"linear": [0, 1]}}}}');
CREATE TABLE flat_event (account_id int, place int, signal text, value jsonb);
INSERT INTO flat_event
SELECT a, row_number() OVER (PARTITION BY a), e ->> 0, e -> 1 FROM (VALUES
    (1, '[["nps", 4], ["nps", 7], ["nps", -0.0], ["use", 0.5]]'::jsonb), (2, '[["page", "home"], ["nps", 4], ["page", 2]]'), (3, '[["nps", 4], ["page", 2], ["tier", "gold"], ["nps", 9], ["tier", 1]]'),
    (4, '[["use", null], ["page", 1]]'), (5, '[["use", null], ["use", 0.25], ["use", true]]'), (6, '[["nps", 5], [null, 7], ["use", [1]], ["use", 0.5]]'), (7, '[["page", 1], ["home", 2]]')) v (a, events),
    jsonb_array_elements(events) e;
SELECT account_id, health_signals('flat', signal, value ORDER BY place) AS signals,
       health_signals('flat', signal, value ORDER BY place)::text = health_signals('flat', signal, value ORDER BY place DESC)::text AS in_any_order,
       health_signals('flat', signal, value)::text = health_signals('flat', signal, value, NULL::timestamptz)::text AS as_with_times,
       health_score('flat', signal, value) IS NOT DISTINCT FROM health_score('flat', health_signals('flat', signal, value)) AS same_score
  FROM flat_event WHERE account_id < 7 GROUP BY account_id ORDER BY account_id;
SELECT account_id, health_score('flat', signal, value) AS score, health_score('flat', signal, value) FILTER (WHERE signal = 'nps') AS of_nps, health_score(DISTINCT 'flat', signal, value) IS NOT DISTINCT FROM health_score('flat', signal, value) AS of_different
  FROM flat_event WHERE account_id IN (1, 3) GROUP BY GROUPING SETS ((account_id), ()) ORDER BY account_id;
SELECT health_signals('flat', signal, value) FROM flat_event WHERE account_id = 7;
SELECT health_score(model, signal, value ORDER BY model) FROM (VALUES ('flat', 'nps', 4), ('tall', 'nps', 5)) e (model, signal, value);
SELECT health_score(model, signal, value ORDER BY model DESC) FROM (VALUES ('flat', 'nps', 4), ('tall', 'nps', 5)) e (model, signal, value);
SELECT health_score(model, signal, value) = health_score('flat', '{"nps": 4}') AS other_model_in_another_group FROM (VALUES ('flat', 'nps', 4), ('flat@1', 'nps', 4)) e (model, signal, value) GROUP BY model;

-- An untyped literal stays what it was: an account's as_of.
SELECT health_score('tall', '{"nps": 9}', '2026-06-30'), health_score('tall', '{"nps": 9}', '2026-06-30', ''), health_score('tall', '{"nps": 9}', NULL), health_score('tall', '{"nps": 9}', NULL, NULL),
       health_score('tall', '{"nps": 9, "seen": "2026-06-30"}'::text, as_of => '2026-06-30');
PREPARE by_position AS SELECT health_score($1, $2, $3);
EXECUTE by_position('tall', '{"nps": 9}', '2026-06-30');
DEALLOCATE by_position;
SELECT health_score('tall', signal, value, '2026-06-30') AS text_with_a_time FROM (VALUES ('tier', 'gold'::text)) e (signal, value);

-- Nothing, or nothing that counts.
SELECT health_score('events', signal, value, at) AS score, health_signals('events', signal, value, at) AS signals FROM event WHERE false;
SELECT health_score('events', signal, value, at) AS score, health_signals('events', signal, value, at) AS signals FROM event WHERE account_id = 3;
SELECT health_score(NULL::text, signal, value, at) AS score FROM event;
SELECT c.id, health_score('events', e.signal, e.value, e.at, '2026-06-30 00:00+00') AS score FROM (VALUES (1), (7)) c (id) LEFT JOIN event e ON e.account_id = c.id GROUP BY c.id ORDER BY c.id;

-- Several models, each for its group.
SELECT model, health_score(model, 'nps', 8, now()) AS score FROM (VALUES ('events'), ('tall'), ('tall@1'), (NULL)) m (model) GROUP BY model ORDER BY model;
SELECT model, health_score(model, 'nps', 8) AS score
  FROM (SELECT jsonb_build_object('signals', jsonb_build_object('nps', jsonb_build_object('scale', jsonb_build_object('linear', jsonb_build_array(0, n))))) AS model FROM generate_series(9, 11) n, generate_series(1, 3)) m
 GROUP BY model ORDER BY model;

-- The next call sees a changed model.
SELECT health_score('tall', 'nps'::text, 8);
SELECT health_model_patch('tall', '{"signals": {"nps": {"scale": {"linear": [0, 16]}}}}');
SELECT health_score('tall', 'nps'::text, 8), health_score('tall@1', 'nps'::text, 8);

-- Running totals: the state goes on after each result.
SELECT at::date, round(health_score('events', signal, value, at, '2026-06-30 00:00+00') OVER (ORDER BY at, value)::numeric, 3) AS score FROM event WHERE account_id = 1 AND signal <> 'tickets' ORDER BY at, value;

-- Method points: every action counts, and fades.
SELECT health_model_save('actions', '{"method": "points", "range": [-50, 50], "signals": {
    "demo": {"points": 15, "half_life": "30 days", "max": 20}, "visit": {"points": 0.5, "combine": "count", "window": "30 days", "max": 10}, "review": {"points": 10, "absent": -10, "within": "90 days"}}}');
SELECT a.id, s.score, s.coverage, health_explain('actions', a.account, '2026-06-30 00:00+00') AS explanation
  FROM (SELECT id, health_signals('actions', signal, true, at, '2026-06-30 00:00+00') AS account
          FROM (VALUES (1, 'demo', timestamptz '2026-05-31 00:00+00'), (1, 'demo', '2026-05-31 00:00+00'), (1, 'visit', '2026-06-01'), (1, 'visit', '2026-06-02'), (1, 'visit', '2026-05-02'), (1, 'review', '2026-06-01'),
                       (2, 'demo', '2026-06-30 00:00+00'), (2, 'demo', '2026-06-30 00:00+00'), (2, 'review', '2026-01-01'), (3, NULL, NULL)) e (id, signal, at) GROUP BY id) a,
       health_assess('actions', a.account, '2026-06-30 00:00+00') s ORDER BY a.id;

-- Errors.
SELECT health_score('events', signal, value) FROM event;
SELECT health_score('tall', signal, 1) FROM (VALUES ('npss'), ('csat'), ('npss')) e (signal);
SELECT health_score('tall', signal, 1) FROM (VALUES ('npss'), ('nps')) e (signal);
SELECT health_score('evnts', signal, value, at) FROM event;
SELECT health_score('{"signals": {}}'::jsonb, signal, value, at) FROM event;
SELECT health_score('{"signals": {}}', signal, value, at) FROM event;
SELECT health_score(model, 'nps', 8, now()) FROM (VALUES ('events'), ('tall')) m (model);
SELECT health_score('events', 'nps', 8, now(), as_of) FROM (VALUES (now()), (now() - interval '1 day')) m (as_of);
SELECT health_score('events', 'nps', 8, now(), 'infinity');
SELECT health_score('events', 'nps', 8, 'infinity'::timestamptz);
SELECT health_score('events', 'nps', 8, at) FROM (VALUES ('-infinity'::timestamptz)) e (at);
SELECT health_score('events', 'tickets', 'three'::text, now() - interval '2 days');
SELECT health_score('events', 'tickets', 'NaN'::float8, now() - interval '2 days');
SELECT health_score('events', 'nps', 'nine'::text, now() - interval '2 days');
SELECT health_score('events', 'login', '2026-13-13'::text, now() - interval '2 days');
SELECT health_score_internal.health_score_step(NULL, 'events'::text, 'nps', 8);
SELECT health_score_internal.health_score_final('\x00');
SELECT health_score_internal.health_signals_final(NULL);
SELECT health_score_internal.health_score_combine(NULL, NULL);

-- What a model may not ask of events.
SELECT path, message FROM health_model_check('{"signals": {"a": {"combine": "sum", "scale": {"boolean": true}}, "b": {"combine": "count", "scale": {"recency": {"best": "1 day", "worst": "2 days"}}},
    "c": {"combine": "max", "input": {"days": ["x", "@as_of"]}, "scale": {"linear": [0, 1]}}, "d": {"input": {"change": ["x", "x"]}, "scale": {"linear": [0, 1]}}}}');

DROP VIEW account;
DROP TABLE event;
DROP TYPE tier;
