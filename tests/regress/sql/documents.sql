-- Model documents by value: health_model_check says everything that is wrong or doubtful, health_patch changes a document.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA documents;
SET search_path = documents, public;

--
-- health_model_check: no row for a good document
--
SELECT * FROM health_model_check('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}');

-- All errors at once, each with its path, part by part.
SELECT * FROM health_model_check('{
    "metod": "weighted",
    "purpose": 5,
    "min_coverage": 40,
    "on_invalid": "ignore",
    "categories": {"usage": {"weight": 60}, "voice": {"label": "What they say"}, "a b": {"weight": -1}},
    "signals": {
        "nps": {"category": "voise", "weight": 1e12, "scale": {"linear": [10, 10]}},
        "logins": {"scale": {"curve": [[0, 0], [5, 101], [5, 50]]}, "missing": "worse", "optional": "yes"},
        "csat": {"category": "voice", "scale": {"linear": [1, 5], "map": {"good": 100}}, "unit": 7},
        "tone": {"category": "voice", "scale": {"map": {"good": "100", "bad": 0}, "otherwise": 101}},
        "last_contact": {"category": "voice", "scale": {"recency": {"best": "7 days", "worst": "3 months"}}},
        "sponsor": {"category": "voice", "scale": {"boolean": "yes"}, "ask": ["Is there one?"]},
        "tickets": {"category": "usage", "scale": {"steps": []}, "input": {"ratio": ["tickets"]}},
        "age": {"category": "usage", "input": {"days": ["@as_of", "@as_of"]}, "scale": {"linear": [0, 1]}},
        "growth": {"category": "usage", "input": {"change": ["seats", "@as_of"]}, "scale": {"linear": [0, 1]}},
        "stage": {"category": "usage", "input": {"ratio": ["a", "b"]}, "scale": {"boolean": true}},
        "@now": {"category": "usage", "scale": {"linear": [0, 1]}, "meta": "free text"}
    },
    "rules": [
        {"when": {"subscore": "npss", "lt": 50}, "cap": 39},
        {"name": "r", "when": {"input": "plan", "eq": "free", "lt": "b"}, "cap": 39, "floor": 10},
        {"name": "r", "when": {"all": []}, "adjust": -101},
        {"name": "s", "when": {"any": [{"category": "vioce", "ge": "high"}, {"score": "final", "lt": 3}]}, "set": 50},
        {"name": "t", "when": {"input": "plan"}, "cap": 39},
        {"name": "u", "when": {"not": {"input": "plan", "in": []}, "eq": 3}},
        {"name": "v", "cap": 39}
    ],
    "bands": [{"name": "red", "from": 5}, {"name": "red", "from": 50, "colour": "#fff"}, {"name": "green", "from": 40}, {"name": "", "from": 200}],
    "segments": [
        {"name": "new", "when": {"score": "base", "lt": 50}, "patch": {}},
        {"name": "new", "when": {"input": "plan", "eq": "free"}, "patch": {"method": "points", "segments": [], "signals": {"nps": {"window": "9 days", "lag": "1 day"}}}},
        {"name": "old", "when": {"input": "plan", "eq": "free"}}
    ],
    "display": {"max": 0, "decimals": 2.5},
    "trend": {"window": "fortnight", "tolerance": 200},
    "start": 0
}');

-- What only a segment's patch breaks is said at the patch, and what the document itself says already is not repeated.
SELECT * FROM health_model_check('{
    "signals": {"nps": {"scale": {"linear": [0, 10]}}, "logins": {"scale": {"linear": [0, 20]}}},
    "segments": [
        {"name": "silent", "when": {"input": "plan", "eq": "free"}, "patch": {"signals": {"nps": {"weight": 0}, "logins": {"weight": 0}}}},
        {"name": "typo", "when": {"input": "plan", "eq": "a"}, "patch": {"signals": {"npss": {"weight": 3}}}},
        {"name": "half", "when": {"input": "plan", "eq": "b"}, "patch": {"signals": {"csat": {"scale": {"linear": [1]}}}}},
        {"name": "rule", "when": {"input": "plan", "eq": "c"}, "patch": {"rules": [{"name": "r", "when": {"subscore": "csat", "lt": 9}, "cap": 1}]}},
        {"name": "none", "when": {"input": "plan", "eq": "d"}, "patch": {"signals": {"nps": null, "logins": null}}},
        {"name": "good", "when": {"input": "plan", "eq": "e"}, "patch": {"signals": {"csat": {"scale": {"linear": [1, 5]}}}}}
    ]
}');

-- Method points has keys of its own.
SELECT * FROM health_model_check('{"method": "points", "signals": {"demo": {"weight": 3, "scale": {"linear": [0, 1]}}}}');
SELECT * FROM health_model_check('{"method": "points", "range": [100, 0], "start": "zero", "categories": {"a": {"weight": 3}},
    "signals": {"demo": {"points": 5, "max": -1, "within": "30 days", "default": "many"}, "visit": {"points": "5"}},
    "rules": [{"name": "r", "when": {"subscore": "demo", "lt": 3}, "cap": 3}]}');
SELECT * FROM health_model_check('{"signals": {"demo": {"points": 5}}, "range": [0, 100], "start": 5}');

-- Warnings: it works, but perhaps not as meant.
SELECT * FROM health_model_check('{
    "categories": {"usage": {"weight": 60}, "voice": {"weight": 40}, "money": {"weight": 10}},
    "signals": {"nps": {"category": "voice", "scale": {"linear": [0, 10]}, "max_age": "90 days"}, "logins": {"category": "usage", "scale": {"linear": [0, 20]}}},
    "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 66.6}]
}');
SELECT * FROM health_model_check('{"method": "points", "range": [0, 100], "signals": {"demo": {"points": 5, "half_life": "30 days", "absent": -5, "within": "30 days"}}}');
-- A document with warnings is still a model.
SELECT health_score('{"signals": {"nps": {"scale": {"linear": [0, 10]}, "max_age": "90 days"}}}'::jsonb, '{"nps": 9}');

-- It raises nothing, whatever it is given.
SELECT * FROM health_model_check('[]');
SELECT * FROM health_model_check('null');
SELECT * FROM health_model_check('{"signals": null, "bands": null, "rules": {}, "segments": 3, "display": [], "trend": true, "meta": []}');
SELECT * FROM health_model_check('{"signals": {"nps": {"weight": 1e400, "scale": {"linear": [0, 10]}}}}');
SELECT * FROM health_model_check((repeat('{"signals": ', 10000) || '1' || repeat('}', 10000))::jsonb);
SELECT * FROM health_model_check(jsonb_build_object('meta', jsonb_build_object('log', repeat('x', 2097152))));
-- What it calls an error stops a score, a warning does not.
CREATE FUNCTION refused(document jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM health_score(document, '{"nps": 9}');
    RETURN false;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN true;
END
$$;
SELECT d.document, refused(d.document), (SELECT count(*) FROM health_model_check(d.document) WHERE severity = 'error') AS errors,
       (SELECT count(*) FROM health_model_check(d.document) WHERE severity = 'warning') AS warnings
  FROM (VALUES (1, '{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}'::jsonb),
               (2, '{"signals": {"nps": {"scale": {"linear": [0, 10]}, "max_age": "1 day"}}}'),
               (3, '{"signals": {"nps": {"scale": {"linear": [0, 0]}, "max_age": "1 day"}}}'),
               (4, '{"signals": {}}')) d (n, document)
 ORDER BY n;

--
-- health_patch: the cases of RFC 7396, appendix A, whose patch is an object
--
SELECT document, patch, health_patch(document, patch) AS result, health_patch(document, patch) = expected AS as_the_rfc_has_it
  FROM (VALUES
    (1, '{"a": "b"}'::jsonb, '{"a": "c"}'::jsonb, '{"a": "c"}'::jsonb),
    (2, '{"a": "b"}', '{"b": "c"}', '{"a": "b", "b": "c"}'),
    (3, '{"a": "b"}', '{"a": null}', '{}'),
    (4, '{"a": "b", "b": "c"}', '{"a": null}', '{"b": "c"}'),
    (5, '{"a": ["b"]}', '{"a": "c"}', '{"a": "c"}'),
    (6, '{"a": "c"}', '{"a": ["b"]}', '{"a": ["b"]}'),
    (7, '{"a": {"b": "c"}}', '{"a": {"b": "d", "c": null}}', '{"a": {"b": "d"}}'),
    (8, '{"a": [{"b": "c"}]}', '{"a": [1]}', '{"a": [1]}'),
    (9, '{"e": null}', '{"a": 1}', '{"e": null, "a": 1}'),
    (10, '[1, 2]', '{"a": "b", "c": null}', '{"a": "b"}'),
    (11, '{}', '{"a": {"bb": {"ccc": null}}}', '{"a": {"bb": {}}}')) t (n, document, patch, expected)
 ORDER BY n;
-- A patch that is no object would throw the whole document away: that is never meant.
SELECT health_patch('{"a": "b"}', '["c"]'); \echo :SQLSTATE
SELECT health_patch('{"a": "b"}', 'null'); \echo :SQLSTATE
SELECT health_patch('{"a": "b"}', '"bar"'); \echo :SQLSTATE

-- Unlike the RFC, a signal's scale and input are replaced whole: half a scale and half of another mean nothing.
SELECT health_patch('{"signals": {"tone": {"weight": 1, "scale": {"map": {"good": 100, "bad": 0}, "otherwise": 50}}}}',
                    '{"signals": {"tone": {"scale": {"linear": [0, 10]}}}}');
SELECT health_patch('{"signals": {"tone": {"scale": {"map": {"good": 100, "bad": 0}, "otherwise": 50}}}}',
                    '{"signals": {"tone": {"scale": {"map": {"fine": 100}}}}}');
SELECT health_patch('{"signals": {"use": {"input": {"ratio": ["a", "b"]}, "scale": {"linear": [0, 1]}}}}',
                    '{"signals": {"use": {"input": {"change": ["a", "b"]}}}}');
SELECT health_patch('{"signals": {"use": {"input": "a", "scale": {"linear": [0, 1]}}}}', '{"signals": {"use": {"input": null}}}');
-- Only there: elsewhere the same words are ordinary keys, and a signal may be called scale.
SELECT health_patch('{"signals": {"scale": {"weight": 1, "scale": {"linear": [0, 1]}, "meta": {"scale": {"a": 1}}}}, "meta": {"scale": {"a": 1}, "signals": {"x": {"scale": {"a": 1}}}}}',
                    '{"signals": {"scale": {"weight": 2, "meta": {"scale": {"b": 2}}}}, "meta": {"scale": {"b": 2}, "signals": {"x": {"scale": {"b": 2}}}}}');
-- Arrays are replaced whole, too: bands, rules and segments are given in full.
SELECT health_patch('{"bands": [{"name": "red", "from": 0}, {"name": "green", "from": 70}], "rules": [{"name": "r"}]}',
                    '{"bands": [{"name": "all", "from": 0}], "rules": null}');
-- A patch of a patch is the patch of both; the empty one changes nothing.
SELECT health_patch(health_patch(d, '{"a": {"b": 1}}'), '{"a": {"c": 2}}') = health_patch(d, '{"a": {"b": 1, "c": 2}}') AS composes,
       health_patch(d, '{}') = d AS neutral
  FROM (SELECT health_template('saas') AS d) t;
-- It changes documents, valid or not; whether the result is a model is said where it is used.
SELECT health_patch('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}', '{"signals": {"nps": null}}');
SELECT health_score(health_patch('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}', '{"signals": {"nps": null}}'), '{"nps": 9}'); \echo :SQLSTATE

-- A segment's patch follows the same rules.
SELECT segment, health_score('{
    "signals": {"tone": {"scale": {"map": {"good": 100, "bad": 0}, "otherwise": 50}}},
    "on_invalid": "missing",
    "segments": [{"name": "strict", "when": {"input": "plan", "eq": "x"}, "patch": {"signals": {"tone": {"scale": {"map": {"good": 90}}}}}}]
}'::jsonb, account, NULL, segment)
  FROM (VALUES (1, NULL, '{"tone": "good"}'::jsonb), (2, NULL, '{"tone": "other"}'), (3, 'strict', '{"tone": "good"}'), (4, 'strict', '{"tone": "bad"}')) t (n, segment, account)
 ORDER BY n;

--
-- What if?
--
SELECT count(*) AS models FROM health_model \gset
CREATE TABLE accounts (id int, logins_30d int, logins_prev_30d int, active_users int, licensed_seats int, tickets_30d int, csat numeric, overdue_days int);
INSERT INTO accounts VALUES (1, 40, 38, 9, 10, 1, 4.5, 0), (2, 12, 20, 4, 10, 7, 3, 0), (3, 2, 9, 1, 10, NULL, 2, 45), (4, 0, 0, 0, 10, 0, NULL, NULL), (5, 25, 22, 8, 10, 2, 4, 95);
SELECT a.id, round(health_score(now_, a)::numeric, 6) AS now, round(health_score(stricter, a)::numeric, 6) AS if_invoices_count_twice,
       health_band(now_, a) AS band_now, health_band(stricter, a) AS band_then
  FROM accounts a,
       (SELECT health_template('simple') AS now_, health_patch(health_template('simple'), '{"signals": {"overdue": {"weight": 40}}}') AS stricter) m
 ORDER BY a.id;
SELECT count(*) = :models AS nothing_was_saved FROM health_model;

DROP SCHEMA documents CASCADE;
