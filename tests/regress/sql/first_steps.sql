-- First steps: errors that repair, without lines about the insides of the extension; what a draft asks about; the names of common tools.
\set SHOW_CONTEXT errors
\set VERBOSITY default
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA first_steps;

-- A save.
SELECT health_model_save('first', '{"signals": {"v": {"scael": {"linear": [0, 10]}}}}'); \echo :SQLSTATE
SELECT health_model_save('first', 'hello'); \echo :SQLSTATE
SELECT health_model_save('first', ''); \echo :SQLSTATE
SELECT health_model_save('{"signals": {}}', 'first'); \echo :SQLSTATE
SELECT health_model_save('{"signals": {}}'::jsonb, 'first'); \echo :SQLSTATE
SELECT health_model_save('first', NULL); \echo :SQLSTATE
SELECT health_model_save('first', '{"signals": {"v": {"scale": {"linear": [0, 10]}}}}'::text), health_model_save('first', '{"signals": {"v": {"scale": {"linear": [0, 10]}}}}'::jsonb, 'the same');
SELECT health_model_save(definition => '{"signals": {"v": {"scale": {"linear": [0, 20]}}}}', name => 'first', note => 'named');
INSERT INTO health_model (name, version, definition) VALUES ('first', 9, '{}'); \echo :SQLSTATE
SELECT health_model_activate('first', 7); \echo :SQLSTATE
-- An id for a row.
SELECT health_score('first', 17); \echo :SQLSTATE
SELECT health_explain('first', 17.5); \echo :SQLSTATE
SELECT health_score('first', '{"v": 5}'), health_score('first', NULL), health_score('first@1', '{"v": 5}'::jsonb);
-- A source.
CREATE TABLE first_steps.account AS SELECT i AS id, i AS v, date '2025-01-01' AS at FROM generate_series(1, 5) i;
SELECT health_source_add('first', 'frist', 'first_steps.account', 'id'); \echo :SQLSTATE
SELECT health_source_add('first', 'first', 'first_steps.account', 'idd'); \echo :SQLSTATE
SELECT health_source_add('first', 'first', 'first_steps.account', 'id', max_staleness => '1 day'); \echo :SQLSTATE
SELECT health_source_add('first', 'first', 'first_steps.account', 'id', time_column => 'at') \g /dev/null
CALL health_refresh('frist'); \echo :SQLSTATE
SELECT health_pulse_set('accounts', 1, 'w', 1, 'why'); \echo :SQLSTATE
-- The lines about the caller's own functions stay; who catches an error gets all of it, and goes on.
CREATE FUNCTION first_steps.nightly() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM health_source_drop('frist'); END $$;
SELECT first_steps.nightly(); \echo :SQLSTATE
DO $$
DECLARE hint text; context text;
BEGIN
    PERFORM health_source_drop('frist');
EXCEPTION WHEN undefined_object THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
    RAISE WARNING '% | % | %', SQLERRM, hint, context;
    GET DIAGNOSTICS context = PG_CONTEXT;
    RAISE WARNING '%', context;
END $$;
SELECT 1 / 0 FROM health_model_get('first');

-- Times that are filled in before the latest one are not in the views, and that is said.
SET client_min_messages = notice;
CALL health_refresh('first', '2025-03-01');
-- The hint has the number of a run.
\set VERBOSITY terse
CALL health_backfill('first', '2025-01-01', '2025-02-01', '1 month');
\set VERBOSITY default
CALL health_backfill('first', '2025-03-01', '2025-04-01', '1 month');

-- What a draft does not know it asks about.
CREATE TABLE first_steps.asked AS SELECT i AS id, i % 30 AS logins_30d, i % 7 AS frobs, i % 3 AS "open deals", now() AS contract_end_date, i % 2 = 0 AS churned FROM generate_series(1, 100) i;
SELECT jsonb_object_keys(d -> 'signals') FROM health_model_draft('first_steps.asked') d;
SET client_min_messages = warning;
SELECT origin, kind, name, note FROM health_model_notes(health_model_draft('first_steps.asked')) WHERE kind <> 'signal';
SELECT count(*) FROM health_model_notes(health_template('saas'));
SELECT count(*) FROM health_model_notes('{"meta": {"draft": [1], "fit": {"notes": 5, "left_out": [], "dropped": {"x": 3}}, "x": null}}');
SELECT count(*) FROM health_model_notes(NULL);

-- Metric names from the public documentation of CRM, billing, support and product tools. Each becomes a signal, or gets a reason that is not "unknown name".
CREATE TABLE first_steps.name (name text, type text, place int GENERATED ALWAYS AS IDENTITY);
INSERT INTO first_steps.name (name, type) VALUES
    ('contract_end_date', 'date'), ('days_to_renewal', 'int'), ('last_qbr_date', 'date'), ('api_calls_30d', 'int'), ('feature_adoption_pct', 'int'),
    ('notes_last_contacted', 'timestamptz'), ('num_contacted_notes', 'int'), ('hs_last_sales_activity_timestamp', 'timestamptz'), ('hs_analytics_num_page_views', 'int'), ('num_associated_contacts', 'int'),
    ('LastActivityDate', 'date'), ('LastLoginDate', 'timestamptz'), ('NumberOfOpenCases', 'int'), ('ContractTerm', 'int'), ('AnnualRevenue', 'numeric'),
    ('delinquent', 'boolean'), ('cancel_at_period_end', 'boolean'), ('current_period_end', 'timestamptz'), ('past_due_amount', 'numeric'), ('attempt_count', 'int'), ('dispute_count', 'int'), ('mrr', 'numeric'), ('mrr_growth', 'numeric'),
    ('reopens', 'int'), ('reply_time_in_minutes', 'int'), ('full_resolution_time_in_minutes', 'int'), ('requester_wait_time_in_minutes', 'int'), ('satisfaction_rating', 'survey'), ('sla_breaches', 'int'), ('open_tickets', 'int'),
    ('last_request_at', 'timestamptz'), ('session_count', 'int'), ('user_count', 'int'), ('monthly_spend', 'numeric'), ('unsubscribed_from_emails', 'boolean'),
    ('dau', 'int'), ('wau', 'int'), ('mau', 'int'), ('stickiness', 'numeric'), ('dau_mau_ratio', 'numeric'), ('retention_rate', 'numeric'), ('time_on_site_minutes', 'int'),
    ('license_utilization', 'numeric'), ('onboarding_completion_pct', 'int'), ('csm_sentiment', 'survey'), ('nps_score', 'survey'), ('training_completed', 'boolean'), ('adoption_score', 'int'), ('executive_sponsor', 'boolean'), ('days_since_last_login', 'int');
CREATE FUNCTION first_steps.known(name text, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE document jsonb;
BEGIN
    EXECUTE format('CREATE OR REPLACE TEMP VIEW one AS SELECT i AS id, i %% 13 AS products_held, %s AS %I FROM generate_series(1, 200) i',
        CASE type WHEN 'int' THEN 'i % 97' WHEN 'numeric' THEN '(i % 97 / 100.0)' WHEN 'boolean' THEN 'i % 3 = 0' WHEN 'survey' THEN '1 + i % 5'
                  ELSE '(now() - i * interval ''1 day'')::' || type END, name);
    document := health_model_draft('one');
    DROP VIEW one;
    RETURN COALESCE((SELECT 'signal ' || s.key FROM jsonb_each(document -> 'signals') s WHERE s.value ->> 'input' = name OR s.value -> 'input' IS NULL AND s.key = name),
                    document #>> ARRAY['meta', 'draft', 'left_out', name]);
END $$;
SELECT name, first_steps.known(name, type) FROM first_steps.name ORDER BY place;
-- The earlier period of a metric is recognised as such.
CREATE TABLE first_steps.calls AS SELECT i AS id, i % 50 AS api_calls_30d, i % 40 AS api_calls_prev_30d FROM generate_series(1, 100) i;
SELECT name, note FROM health_model_notes(health_model_draft('first_steps.calls')) WHERE name LIKE 'api%';

SELECT health_source_drop('first'), health_model_drop('first') \g /dev/null
DROP SCHEMA first_steps CASCADE;
