-- What a user reads when something is wrong: SQLSTATE (the line after each), message, DETAIL, HINT.
-- Contexts hold line numbers of functions, which are no promise.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA errors;
SET search_path = errors, public;

-- A good document, and what becomes of it by a patch.
CREATE FUNCTION model(patch jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT health_patch('{
        "categories": {"usage": {"weight": 60}, "voice": {"weight": 40}},
        "signals": {
            "logins": {"category": "usage", "scale": {"steps": [[0, 0], [5, 50], [20, 100]]}},
            "nps": {"category": "voice", "scale": {"linear": [0, 10]}},
            "tone": {"category": "voice", "scale": {"map": {"good": 100, "bad": 0}}, "optional": true}
        },
        "rules": [{"name": "sponsor left", "when": {"input": "sponsor_left", "eq": true}, "cap": 39}],
        "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 70}],
        "segments": [{"name": "enterprise", "when": {"input": "plan", "eq": "enterprise"}, "patch": {"min_coverage": 0.5}}]
    }', patch)
$$;
SELECT health_score(model(), '{"nps": 9, "logins": 7}'); \echo :SQLSTATE
SELECT health_model_save('errors crm', model()) AS version; \echo :SQLSTATE

--
-- Names
--
SELECT health_score('errors crn', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_band('ERRORS-CRM', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_model_get('something else altogether'); \echo :SQLSTATE
SELECT health_score('', '{"nps": 9}'); \echo :SQLSTATE
-- A version is asked for behind @, which no name contains.
SELECT health_score('errors crm@1', '{"nps": 9, "logins": 7}'); \echo :SQLSTATE
SELECT health_score('errors crm@7', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score('errors crn@1', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score('a@b', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score('errors crm@', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score('errors crm@99999999999', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score('errors crm@+1', '{"nps": 9}'); \echo :SQLSTATE
-- Without a cast a document is a text, and a text is a name.
SELECT health_score('{"signals": {"nps": {"scale": {"linear": [0, 10]}}}}', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_drivers(E'\n  {"signals": {}}', '{"nps": 9}'); \echo :SQLSTATE
-- A name of 10 kB is refused without being repeated in full.
SELECT health_score(repeat('x', 10000), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(repeat('x', 10000) || '@1', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_model_save(repeat('x', 10000), model()); \echo :SQLSTATE
SELECT health_model_save('a@b', model()); \echo :SQLSTATE
SELECT health_model_save('', model()); \echo :SQLSTATE
SELECT health_model_drop('errors crm@1'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": 9}', segment => 'enterprize'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": 9}', segment => 'mid market'); \echo :SQLSTATE
SELECT health_band(model(), 50, 'enterprize'); \echo :SQLSTATE
SELECT health_template('sass'); \echo :SQLSTATE
SELECT health_template('spaceflight'); \echo :SQLSTATE

--
-- Documents: each mistake with its path
--
SELECT health_score(model('{"signals": {"nps": {"wieght": 3}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"signal": {}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"scale": {"liner": [0, 10]}}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"logins": {"weight": 0}, "nps": {"weight": 0}, "tone": {"weight": 0}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"categories": {"usage": {"weight": 0}, "voice": {"weight": 0}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"weight": -1}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"categories": {"usage": {"weight": -60}}}'), '{"nps": 9}'); \echo :SQLSTATE
-- JSON has no NaN: it can only come as a text.
SELECT health_score(model('{"signals": {"nps": {"weight": "NaN"}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model() || '{"min_coverage": 1e400}', '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"logins": {"scale": {"steps": [[0, 0], [20, 100], [5, 50]]}}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"logins": {"scale": {"curve": [[0, 0], [0, 50]]}}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"category": "voise"}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"category": null}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"bands": [{"name": "red", "from": 10}, {"name": "green", "from": 70}]}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"bands": [{"name": "red", "from": 0}, {"name": "red", "from": 70}]}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"bands": [{"name": "red", "from": 0}, {"name": "green", "from": 0}]}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"rules": [{"name": "r", "when": {"subscore": "npss", "lt": 20}, "cap": 39}]}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"rules": [{"name": "r", "when": {"category": "usege", "lt": 20}, "cap": 39}]}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"segments": [{"name": "s", "when": {"input": "plan", "eq": "free"}, "patch": {"signals": {"npss": {"weight": 5}}}}]}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"segments": [{"name": "s", "when": {"input": "plan", "eq": "free"}, "patch": {"method": "points"}}]}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"segments": [{"name": "s", "when": {"input": "plan", "eq": "free"}, "patch": {"segments": [], "signals": {"nps": {"combine": "sum", "window": "30 days", "lag": "1 day"}}}}]}'), '{"nps": 9}'); \echo :SQLSTATE
-- A patch that makes a bad document of a good one.
SELECT health_score(model('{"segments": [{"name": "s", "when": {"input": "plan", "eq": "free"}, "patch": {"bands": [{"name": "low", "from": 5}]}}]}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score('[]'::jsonb, '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score('{}'::jsonb, '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score('"errors crm"'::jsonb, '{"nps": 9}'); \echo :SQLSTATE
-- All errors at once, in the order of the document.
SELECT health_model_save('errors crm', model('{"purpos": "renewal", "min_coverage": 2, "signals": {"nps": {"weight": -1, "missing": "zero"}}}')); \echo :SQLSTATE
SELECT health_model_patch('errors crm', '{"signals": {"nps": {"weight": -1}}}'); \echo :SQLSTATE

--
-- Values
--
SELECT health_score(model(), '{"nps": "nine"}'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": "9"}'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": true}'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": [9]}'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": 9, "tone": "so-so"}'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": 9, "tone": 3}'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": 9, "sponsor_left": "yes"}'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": 9, "plan": 7}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"input": {"ratio": ["a", "b"]}}}}'), '{"a": 1, "b": "2"}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"input": {"ratio": ["a", "b"]}}}}'), '{"a": 1e308, "b": 1e-308}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"scale": {"recency": {"best": "1 day", "worst": "9 days"}}}}}'), '{"nps": "yesterday"}', '2026-01-01'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"scale": {"boolean": true}}}}'), '{"nps": 1}'); \echo :SQLSTATE
SELECT health_score(model(), a) FROM (SELECT 'NaN'::float8 AS nps, 7 AS logins, false AS sponsor_left, 'free' AS plan) a; \echo :SQLSTATE
SELECT health_score(model(), a) FROM (SELECT 'NaN'::numeric AS nps, 7 AS logins, false AS sponsor_left, 'free' AS plan) a; \echo :SQLSTATE
SELECT health_score(model(), a) FROM (SELECT 'Infinity'::float4 AS nps, 7 AS logins, false AS sponsor_left, 'free' AS plan) a; \echo :SQLSTATE
SELECT health_score(model(), a) FROM (SELECT '-Infinity'::numeric AS nps, 7 AS logins, false AS sponsor_left, 'free' AS plan) a; \echo :SQLSTATE
SELECT health_score(model(), a) FROM (SELECT date 'infinity' AS nps, 7 AS logins, false AS sponsor_left, 'free' AS plan) a; \echo :SQLSTATE
SELECT health_score(model(), a) FROM (SELECT array[9] AS nps, 7 AS logins, false AS sponsor_left, 'free' AS plan) a; \echo :SQLSTATE
-- A rule that looks at a bad value stops the account as a signal does.
SELECT health_score(model('{"rules": [{"name": "late", "when": {"input": "overdue", "gt": 30}, "cap": 39}]}'), a)
  FROM (SELECT 9 AS nps, 7 AS logins, 'NaN'::float8 AS overdue, 'free' AS plan) a; \echo :SQLSTATE

-- The same values under on_invalid missing: no error, and the driver says what was wrong.
SELECT label, value, status, subscore, reason
  FROM unnest(ARRAY['{"nps": "nine", "logins": 7}', '{"nps": [9], "logins": 7}', '{"nps": 1e400, "logins": 7}']::jsonb[]) WITH ORDINALITY a (account, n),
       health_drivers(model('{"on_invalid": "missing", "signals": {"tone": null}}'), account) d
 ORDER BY n, rank;
SELECT a.nps, round(health_score(model('{"on_invalid": "missing"}'), a)::numeric, 6) AS score
  FROM (VALUES (1, 'NaN'::float8, 7, false, 'free'), (2, 'Infinity', 7, false, 'free'), (3, '-Infinity', 7, false, 'free'), (4, 9, 7, false, 'free'))
       a (n, nps, logins, sponsor_left, plan)
 ORDER BY n;
-- Nothing left: insufficient data, still no error.
SELECT score, band, coverage, low, high, status FROM health_assess(model('{"on_invalid": "missing"}'), '{"nps": "nine"}');

-- jsonb holds numbers that no double does.
SELECT health_score(model(), '{"nps": 1e400}'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": 1e400}'::jsonb); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": -1e400}'::json); \echo :SQLSTATE
-- Where no signal reads it, it is nobody's business.
SELECT health_score(model(), '{"nps": 9, "balance": 1e400}'); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": 9, "balance": {"at": [1e400]}}'::jsonb); \echo :SQLSTATE
SELECT health_score(model(), health_inputs('{"nps": 9, "balance": 1e400}'::jsonb)); \echo :SQLSTATE

--
-- Accounts that are none
--
SELECT health_score(model(), '[{"nps": 9}]'); \echo :SQLSTATE
SELECT health_score(model(), '9'); \echo :SQLSTATE
SELECT health_score(model(), '"nps"'::jsonb); \echo :SQLSTATE
SELECT health_score(model(), 'null'::json); \echo :SQLSTATE
SELECT health_score(model(), '{}'); \echo :SQLSTATE
SELECT health_score(model(), '{"NPS": 9}'); \echo :SQLSTATE
-- A key with null is known, so this account is one: without data.
SELECT health_score(model(), '{"nps": null}') IS NULL AS insufficient; \echo :SQLSTATE
SELECT health_score(model(), '{nps: 9}'); \echo :SQLSTATE
SELECT health_score(model(), ''); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": NaN}'); \echo :SQLSTATE
SELECT health_score(model(), ROW(1, 2)); \echo :SQLSTATE
SELECT health_score(model(), ROW()); \echo :SQLSTATE
SELECT health_score(model(), a) FROM (SELECT 1 AS id, 'Acme' AS account_name) a; \echo :SQLSTATE
-- A renamed column must not quietly re-weigh everybody.
SELECT health_score(model(), a) FROM (SELECT 9 AS nps, 7 AS login, false AS sponsor_left, 'free' AS plan) a; \echo :SQLSTATE
SELECT health_score(model(), a) FROM (SELECT 9 AS nps, false AS sponsor_left, 'free' AS plan) a; \echo :SQLSTATE
SELECT health_score(model(), a) FROM (SELECT 9 AS nps, 7 AS logins, 'free' AS plan) a; \echo :SQLSTATE
SELECT health_score('errors crm', a) FROM (SELECT 9 AS nps, 7 AS logins, false AS sponsor_left) a; \echo :SQLSTATE
-- The optional signal tone may be absent.
SELECT health_score(model(), a) FROM (SELECT 9 AS nps, 7 AS logins, false AS sponsor_left, 'free' AS plan) a; \echo :SQLSTATE

--
-- Sizes
--
-- 10 MB beside what the model reads, and in it.
SELECT health_score(model(), jsonb_build_object('nps', 9, 'transcript', repeat('x', 10000000))); \echo :SQLSTATE
SELECT health_score(model(), jsonb_build_object('nps', 9, 'transcript', repeat('x', 10000000))::text); \echo :SQLSTATE
SELECT health_score(model(), health_inputs(jsonb_build_object('nps', 9, 'transcript', repeat('x', 10000000)))); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"tone": {"scale": {"map": {"good": 100}, "otherwise": 50}}}}'), jsonb_build_object('tone', repeat('x', 10000000))); \echo :SQLSTATE
SELECT health_score(model(), jsonb_build_object('nps', repeat('x', 10000000))); \echo :SQLSTATE
SELECT health_score(model(), jsonb_build_object('nps', (SELECT jsonb_agg(n) FROM generate_series(1, 500000) n))); \echo :SQLSTATE
SELECT health_score(model(), jsonb_object_agg('k' || n, n) || '{"nps": 9}') FROM generate_series(1, 200000) n; \echo :SQLSTATE
-- Nested 10,000 deep: as an account it does not matter, as a document it is refused.
SELECT health_score(model(), ('{"nps": 9, "deep": ' || repeat('[', 10000) || repeat(']', 10000) || '}')::jsonb); \echo :SQLSTATE
SELECT health_score(model(), '{"nps": ' || repeat('{"a": ', 10000) || '1' || repeat('}', 10000) || '}'); \echo :SQLSTATE
SELECT health_score(model(), health_inputs(('{"nps": 9, "deep": ' || repeat('[', 10000) || repeat(']', 10000) || '}')::jsonb)); \echo :SQLSTATE
SELECT health_score((repeat('{"signals": ', 10000) || '1' || repeat('}', 10000))::jsonb, '{"nps": 9}'); \echo :SQLSTATE
SELECT health_model_save('errors deep', (repeat('[', 10000) || repeat(']', 10000))::jsonb); \echo :SQLSTATE
SELECT health_patch(model(), (repeat('{"meta": ', 10000) || '1' || repeat('}', 10000))::jsonb); \echo :SQLSTATE
-- 5,000 signals are scored and explained, one more is refused.
CREATE FUNCTION wide(signals int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('signals', jsonb_object_agg('s' || n, '{"scale": {"linear": [0, 10]}}'::jsonb)) FROM generate_series(1, signals) n
$$;
CREATE FUNCTION wide_account(keys int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg('s' || n, n % 2 * 10) FROM generate_series(1, keys) n
$$;
SELECT health_score(wide(5000), wide_account(5000)); \echo :SQLSTATE
SELECT count(*), round(sum(contribution)::numeric, 9) AS score FROM health_drivers(wide(5000), wide_account(5000)); \echo :SQLSTATE
SELECT health_score(wide(5001), wide_account(5000)); \echo :SQLSTATE
SELECT health_score(wide(5001) || jsonb_build_object('segments', (SELECT jsonb_agg('{}'::jsonb) FROM generate_series(1, 101))), '{}'); \echo :SQLSTATE
SELECT health_score(wide(1000) || jsonb_build_object('segments',
           (SELECT jsonb_agg(jsonb_build_object('name', 's' || n, 'when', '{"input": "plan", "eq": "x"}'::jsonb, 'patch', '{}'::jsonb)) FROM generate_series(1, 50) n)), '{}'); \echo :SQLSTATE
-- A report stays readable: a hundred errors, and how many more.
SELECT count(*), max(message) FILTER (WHERE path = '$') AS rest
  FROM health_model_check((SELECT jsonb_build_object('signals', jsonb_object_agg('s' || n, '{}'::jsonb)) FROM generate_series(1, 1000) n)); \echo :SQLSTATE
-- To look for the nearest of 5,000 long names must not take minutes, a hundred times over.
SET statement_timeout = '2min';
SELECT count(*) FROM health_model_check(jsonb_build_object(
    'signals', (SELECT jsonb_object_agg('s' || n || repeat('x', 180), '{"scale": {"linear": [0, 1]}}'::jsonb) FROM generate_series(1, 5000) n),
    'rules', (SELECT jsonb_agg(jsonb_build_object('name', 'r' || n, 'cap', 1, 'when', jsonb_build_object('subscore', 'q' || n || repeat('y', 180), 'lt', 1)))
                FROM generate_series(1, 100) n))); \echo :SQLSTATE
RESET statement_timeout;
-- A document beyond 2 MiB is no model.
SELECT health_score(model() || jsonb_build_object('meta', jsonb_build_object('log', repeat('x', 2097152))), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_model_save('errors big', model() || jsonb_build_object('meta', jsonb_build_object('log', repeat('x', 2097152)))); \echo :SQLSTATE
SELECT health_score(model() || jsonb_build_object('meta', jsonb_build_object('log', repeat('x', 2000000))), '{"nps": 9}'); \echo :SQLSTATE

--
-- Time
--
SELECT health_score(model(), '{"nps": 9}', 'infinity'); \echo :SQLSTATE
SELECT health_score('errors crm', '{"nps": 9}', '-infinity'); \echo :SQLSTATE
-- By value a score is IMMUTABLE: a document that reads time says so instead of asking the clock.
SELECT health_score(model('{"signals": {"nps": {"scale": {"recency": {"best": "1 day", "worst": "9 days"}}}}}'), '{"nps": "2026-01-01"}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"observed": "nps_at", "max_age": "90 days"}}}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"rules": [{"name": "soon", "when": {"input": {"days": ["@as_of", "renewal"]}, "lt": 90}, "adjust": -10}]}'), '{"nps": 9}'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"observed": "nps_at", "max_age": "90 days"}}}'), '{"nps": 9, "nps_at": "2026-01-01"}', '2026-02-01 00:00+00'); \echo :SQLSTATE
SELECT health_score(model('{"signals": {"nps": {"observed": "nps_at", "max_age": "3 months"}}}'), '{"nps": 9}'); \echo :SQLSTATE

--
-- A score and its band
--
SELECT health_band(model(), 100.5); \echo :SQLSTATE
SELECT health_band(model(), -1); \echo :SQLSTATE
SELECT health_band('errors crm', 'NaN'::float8); \echo :SQLSTATE
SELECT health_display(model(), 'Infinity'); \echo :SQLSTATE
SELECT health_display('errors crm', 101); \echo :SQLSTATE
-- An untyped literal is an account, as everywhere.
SELECT health_band(model(), '50'); \echo :SQLSTATE

--
-- health_inputs
--
SELECT health_inputs('nps'); \echo :SQLSTATE
SELECT health_inputs('nps', 9, 'plan'); \echo :SQLSTATE
SELECT health_inputs(9, 'nps'); \echo :SQLSTATE
SELECT health_inputs(NULL::text, 9); \echo :SQLSTATE
SELECT health_inputs('[9]'::jsonb); \echo :SQLSTATE
SELECT health_inputs('{"nps": 9}'); \echo :SQLSTATE
SELECT health_inputs(VARIADIC ARRAY['nps', '9']); \echo :SQLSTATE

--
-- Sets and triggers where they cannot be
--
SELECT CASE WHEN true THEN health_drivers(model(), '{"nps": 9}') END; \echo :SQLSTATE
SELECT 1 WHERE (health_model_check('{}')).severity = 'error'; \echo :SQLSTATE
SELECT health_score_internal.health_model_changed(); \echo :SQLSTATE
SELECT health_score_internal.health_model_guard(); \echo :SQLSTATE

--
-- NULL in, NULL out: whatever else is wrong, nothing is looked up
--
\pset null NULL
SELECT health_score(NULL::text, '{"nps": 9}'), health_score('no such model', NULL::jsonb), health_score(NULL::jsonb, '{"nps": 9}'), health_score('{}'::jsonb, NULL::record),
       health_score('no such model', NULL::json), health_score(model(), NULL::text);
SELECT health_band(NULL::text, '{"nps": 9}'), health_band(model(), NULL::jsonb), health_band(NULL::jsonb, 50), health_band('errors crm', NULL::float8),
       health_display(NULL::text, 50), health_display(model(), NULL);
SELECT a IS NULL AS no_assessment FROM health_assess('errors crm', NULL::jsonb) a;
SELECT a IS NULL AS no_assessment FROM health_assess(NULL::jsonb, '{"nps": 9}') a;
SELECT count(*) FROM health_drivers('errors crm', NULL::jsonb);
SELECT count(*) FROM health_drivers(NULL::text, '{"nps": 9}');
SELECT count(*) FROM health_model_check(NULL);
SELECT health_patch(NULL, '{}'), health_patch(model(), NULL), health_template(NULL), health_model_get(NULL);
-- A NULL as_of or segment is one that is left out.
SELECT health_score(model(), '{"nps": 9}', NULL, NULL), health_band(model(), 80, NULL);
-- What would save or change a model does not accept NULL.
SELECT health_model_save(NULL, model()); \echo :SQLSTATE
SELECT health_model_save('errors crm', NULL); \echo :SQLSTATE
SELECT health_model_patch('errors crm', NULL); \echo :SQLSTATE
SELECT health_model_activate('errors crm', NULL); \echo :SQLSTATE
SELECT health_model_drop(NULL); \echo :SQLSTATE

DROP SCHEMA errors CASCADE;
