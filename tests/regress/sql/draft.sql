-- health_model_draft on tables whose percentiles, surveys and words are known by hand: what is read, how, and why.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA draft;
SET search_path = draft, public;
SET timezone = 'UTC';
\set as_of '''2026-03-01 00:00:00+00'''

-- What a draft reads, with scale and reason.
CREATE FUNCTION shown(document jsonb) RETURNS TABLE (signal text, input jsonb, scale jsonb, why text) LANGUAGE sql IMMUTABLE AS $$
    SELECT s.key, s.value -> 'input', s.value -> 'scale', s.value #>> '{meta,why}' FROM jsonb_each(document -> 'signals') s ORDER BY s.key
$$;

-- 1001 accounts, n from 0 to 1000: 5 % lie below 50, 95 % below 950.
CREATE TABLE account AS
SELECT 'a' || n AS account_id, n AS monthly_logins, 500 AS "Previous Logins", n::numeric AS "activeUsers", 1000::bigint AS seats, n % 21 AS support_tickets,
       (1 + n % 5)::smallint AS csat_score, greatest(n - 900, 0) AS days_overdue, n % 2 = 0 AS churned, 'f' AS gender, 'EMEA' AS region,
       n * 12.5 AS mrr, point(n, n) AS position, n::text AS points, md5(n::text) AS remark
  FROM generate_series(0, 1000) n;
SELECT key, value FROM jsonb_each(health_model_draft('account') - 'signals' - 'meta') ORDER BY key;
SELECT * FROM shown(health_model_draft('account'));
SELECT health_model_draft('account') #> '{signals,usage_change}' AS usage_change;
SELECT jsonb_pretty(health_model_draft('account') -> 'meta') AS meta;
-- The same by name of every argument, a second time, with all defaults written out; the document is good, scores everybody, and can be saved.
SELECT health_model_draft(relation => 'account', template => 'simple', inputs => NULL, as_of => NULL, bands => NULL) = health_model_draft('draft.account') AS same;
SELECT * FROM health_model_check(health_model_draft('account'));
SELECT health_model_save('draft account', health_model_draft('account')) AS version;
SELECT count(*) AS accounts, count(health_score('draft account', a)) AS scores, min(health_score('draft account', a)), max(health_score('draft account', a)) FROM account a;
-- Nothing is known of NULL; a template of NULL is the default one.
SELECT health_model_draft(NULL) IS NULL AS nothing, health_model_draft('account', NULL) = health_model_draft('account') AS simple;

-- inputs: an input of the template, a signal of it, a measure of the catalogue, a column; NULL leaves out.
CREATE VIEW odd AS SELECT account_id, monthly_logins AS "Ümläut ""x""", seats AS s, "activeUsers" AS u, n % 11 AS mood, n / 10.0 AS tenure, n AS logins
  FROM account, LATERAL (SELECT monthly_logins AS n) x;
SELECT * FROM shown(health_model_draft('odd'));
SELECT * FROM shown(health_model_draft('odd', inputs => '{"logins_30d": "Ümläut \"x\"", "active_users": "u", "licensed_seats": "s", "tenure": null}'));
SELECT signal, why LIKE 'column mood, by inputs;%' AS by_inputs FROM shown(health_model_draft('odd', inputs => '{"nps": "mood"}')) WHERE input = '"mood"';
SELECT * FROM shown(health_model_draft('odd', inputs => '{"logins": "tenure", "csat": "mood"}'));
SELECT s.*, d #>> '{meta,draft,left_out,mood}' AS mood FROM health_model_draft('odd', inputs => '{"logins": null, "mood": null}') d, shown(d) s;
SELECT d #>> '{meta,draft,left_out,logins}' = 'left out by inputs' AS left_out_by_inputs FROM health_model_draft('odd', inputs => '{"logins": null}') d;
SELECT health_model_draft('odd', inputs => '{}') = health_model_draft('odd') AS same;
SELECT health_model_draft('odd', inputs => '{"login": "u"}'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => '{"something else": null}'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => '{"mood": "u"}'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => '{"logins_30d": "tenur"}'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => '{"logins_30d": ""}'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => '{"logins_30d": "u", "nps": "u"}'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => '{"logins_30d": "account_id"}'); \echo :SQLSTATE
SELECT signal, why LIKE 'column mood, by inputs;%' AS by_inputs FROM shown(health_model_draft('odd', inputs => '{"last_active": "mood"}')) WHERE input = '"mood"';
SELECT health_model_draft('odd', inputs => '{"contract": "account_id"}'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => '{"nps": 7}'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => '{"nps": ["mood"]}'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => '["nps"]'); \echo :SQLSTATE
SELECT health_model_draft('odd', inputs => 'null'); \echo :SQLSTATE
SELECT health_model_draft('odd', 'sass'); \echo :SQLSTATE
SELECT health_model_draft('odd', ''); \echo :SQLSTATE

-- Surveys: the range that holds all answers is read as the scale of the question. 0 to 10 in elevenths, and so on.
CREATE FUNCTION survey(question text, answer text) RETURNS TABLE (reading text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP VIEW IF EXISTS asked; CREATE TEMP VIEW asked AS SELECT n AS logins, (%s)::float8 AS %I FROM generate_series(0, 1000) n', answer, question);
    RETURN QUERY SELECT concat_ws(' | ', s.value -> 'scale', s.value -> 'unit', substring(s.value #>> '{meta,why}' FROM '; ([^;]*)$'))
                   FROM jsonb_each(health_model_draft('asked', 'saas') -> 'signals') s WHERE s.key = question;
END
$$;
SELECT question, answer, (SELECT reading FROM survey(question, answer)) FROM (VALUES
    ('nps', 'n % 11'), ('nps', 'n % 11 * 20 - 100'), ('nps', 'n % 90 + 11'), ('nps', 'n % 11 * 200 - 1000'), ('nps', '7'),
    ('csat', '1 + n % 5'), ('csat', 'n % 6'), ('csat', '1 + n % 10'), ('csat', 'n % 11'), ('csat', 'n % 101'), ('csat', 'n / 1000.0'), ('csat', 'n % 2'),
    ('csat', '-n'), ('csat', 'CASE WHEN n = 5 THEN 5 END'), ('ces', '1 + n % 5'), ('ces', '1 + n % 7'), ('ces', '1 + n % 10'), ('ces', 'n % 101'),
    ('csat', $q$CASE n % 4 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '4' ELSE '5' END$q$)) AS questions (question, answer);

-- Bands of a third of the accounts each: scores are 0 to 100 in tenths, all alike.
CREATE TABLE even AS SELECT n AS logins FROM generate_series(1, 999) n;
SELECT d -> 'bands' AS bands, d #>> '{meta,draft,bands}' AS why FROM health_model_draft('even', bands => 'terciles', inputs => '{"logins": "logins"}') d;
SELECT health_band(d, e), count(*) FROM even e, health_model_draft('even', bands => 'terciles') d GROUP BY 1 ORDER BY 2, 1;
SELECT health_model_draft('even', bands => 'quartiles'); \echo :SQLSTATE
SELECT health_model_draft('even', bands => ''); \echo :SQLSTATE
CREATE VIEW halves AS SELECT n % 2 * 10 AS logins FROM generate_series(1, 100) n;
SELECT health_model_draft('halves', bands => 'terciles'); \echo :SQLSTATE

-- Words, answers and times, in all the types that hold them; ages count to as_of.
CREATE TYPE term AS ENUM ('Month-to-month', 'One year', 'Two year');
CREATE DOMAIN answer AS text;
CREATE DOMAIN amount AS numeric(12, 2);
CREATE TABLE worded AS
SELECT (ARRAY['Month-to-month', 'One year', 'Two year']::term[])[1 + n % 3] AS contract, (ARRAY['Yes', 'no', 'sometimes'])[1 + n % 3]::answer AS autopay,
       n % 4 = 0 AS complained, n % 2 AS auto_renewal, (ARRAY['very satisfied', 'Unhappy', 'hm'])[1 + n % 3]::varchar(20) AS sentiment,
       (timestamptz '2026-03-01 00:00+00' - n * interval '1 day') AS last_login, to_char(date '2026-03-01' - n, 'YYYY-MM-DD') AS customer_since,
       date '2026-03-01' + n AS last_contact, n::amount AS key_actions, n * interval '1 hour' AS session_time, (n / 1000.0)::float4 AS adoption_rate, to_char(date '2026-03-01' - n, 'DD.MM.YYYY') AS last_order_date
  FROM generate_series(0, 1000) n;
SELECT * FROM shown(health_model_draft('worded', as_of => :as_of));
SELECT * FROM shown(health_model_draft('worded', as_of => '2027-03-01')) WHERE signal IN ('last_active', 'last_contact', 'tenure');
SELECT d #> '{meta,draft,dropped,signals}' AS dropped, d #>> '{meta,draft,left_out,last_order_date}' AS last_order_date FROM health_model_draft('worded', as_of => :as_of) d;
SELECT health_model_draft('worded', as_of => 'infinity'); \echo :SQLSTATE
SELECT health_model_draft('worded', as_of => '-infinity'); \echo :SQLSTATE
-- A good document, by a template with categories too.
SELECT * FROM health_model_check(health_model_draft('worded', 'saas', as_of => :as_of));
-- Nothing that tells accounts apart, and nothing at all, is no signal.
CREATE VIEW alike AS SELECT 5 AS logins, NULL::int AS nps, NULL::text AS contract, NULL::date AS last_contact, 3 AS open_tickets, 'Yes' AS autopay, n AS tenure FROM generate_series(1, 9) n;
SELECT jsonb_object_keys(d -> 'signals') AS signal FROM health_model_draft('alike', 'saas') d;
SELECT key AS signal, value AS why FROM jsonb_each_text(health_model_draft('alike', 'saas') #> '{meta,draft,dropped,signals}') WHERE value NOT LIKE 'no column for %' ORDER BY key;
-- No reason says that a column does not hold what it does hold (autopay has only one of the answers, contract no words).
SELECT count(*) AS untrue FROM jsonb_each_text(health_model_draft('alike', 'saas') #> '{meta,draft,left_out}') WHERE value LIKE '%does not hold%' AND key NOT IN ('autopay', 'contract');
-- (The DETAIL names what would be known.)
\set VERBOSITY terse
SELECT health_model_draft('alike', inputs => '{"tenure": null}'); \echo :SQLSTATE
\set VERBOSITY default

-- What the template has and the relation lacks is taken out of rules, segments and categories; what is there stays.
CREATE TABLE subscriber AS SELECT n AS logins_30d, date '2024-01-01' + n AS signup_date, (ARRAY['enterprise', 'team', 'solo'])[1 + n % 3] AS plan, n % 10 = 0 AS sponsor_left FROM generate_series(0, 500) n;
SELECT key, value FROM jsonb_each(health_model_draft('subscriber', 'saas', as_of => :as_of) - 'bands' - 'meta') ORDER BY key;
SELECT jsonb_pretty(health_model_draft('subscriber', 'saas', as_of => :as_of) -> 'meta') AS meta;
SELECT key, value FROM jsonb_each(health_model_draft('subscriber', 'actions', '{"active_days_30d": "logins_30d"}') - 'bands' - 'meta') ORDER BY key;
SELECT health_model_draft('subscriber', 'actions', '{"active_days_30d": "logins_30d"}') #>> '{meta,draft,left_out,plan}' AS plan;

-- Every template on a table that has all its inputs: nothing is dropped, the document has no finding, every account is scored.
CREATE TABLE everything (n int);
DO $$
DECLARE
    kind text;
    input text;
BEGIN
    FOR input, kind IN
        SELECT i, max(k) FROM health_templates t, LATERAL (
            SELECT s.key, 'any' FROM jsonb_each(t.definition -> 'signals') s WHERE NOT s.value ? 'input'
            UNION ALL SELECT p #>> '{}', 'any' FROM jsonb_path_query(t.definition, '$.**.input ? (@.type() == "string")') p
            UNION ALL SELECT p #>> '{}', 'any' FROM jsonb_path_query(t.definition, '$.**.input.*[*]') p
            UNION ALL SELECT p #>> '{}', 'time' FROM jsonb_path_query(t.definition, '$.signals.*.observed') p
            UNION ALL SELECT p #>> '{}', 'time' FROM jsonb_path_query(t.definition, '$.**.days[*]') p
            UNION ALL SELECT p #>> '{}', 'time' FROM jsonb_path_query(t.definition, '$.signals.* ? (exists (@.scale.recency)).input') p
            UNION ALL SELECT p #>> '{}', 'flag' FROM jsonb_path_query(t.definition, '$.** ? (@.eq == true || @.eq == false).input') p
            UNION ALL SELECT s.key, 'flag' FROM jsonb_each(t.definition -> 'signals') s WHERE s.value #> '{scale,boolean}' IS NOT NULL OR s.value #> '{scale,map,true}' IS NOT NULL
            UNION ALL SELECT s.value ->> 'input', 'flag' FROM jsonb_each(t.definition -> 'signals') s WHERE s.value #> '{scale,map,true}' IS NOT NULL AND s.value ? 'input'
            UNION ALL SELECT p #>> '{}', 'word' FROM jsonb_path_query(t.definition, '$.** ? (@.eq.type() == "string" || exists (@.in)).input') p
        ) inputs (i, k) WHERE i <> '@as_of' GROUP BY i
    LOOP
        EXECUTE format('ALTER TABLE everything ADD %I %s', input,
                       CASE kind WHEN 'time' THEN 'timestamptz' WHEN 'flag' THEN 'boolean' WHEN 'word' THEN 'text' ELSE 'numeric' END);
    END LOOP;
    INSERT INTO everything (n) SELECT generate_series(1, 300);
    EXECUTE (SELECT 'UPDATE everything SET ' || string_agg(format('%I = %s', attname, CASE atttypid
                        WHEN 'timestamptz'::regtype THEN format($q$timestamptz '2026-02-28 00:00+00' - n * %s %% 300 * interval '1 day'$q$, attnum * 2 + 1)
                        WHEN 'boolean'::regtype THEN format('n * %s %% 9 = 0', attnum)
                        WHEN 'text'::regtype THEN $q$(ARRAY['standard', 'other'])[1 + n % 2]$q$
                        ELSE CASE WHEN attname ~ '^(csat|claim_csat|review_rating)$' THEN '1 + n % 5' WHEN attname ~ '^(nps|csm_pulse|lead_pulse)$' THEN '1 + n % 10'
                                  ELSE format('1 + n * %s %% 97', attnum * 2 + 1) END END), ', ')
               FROM pg_attribute WHERE attrelid = 'everything'::regclass AND attnum > 1);
END
$$;
SELECT t.name, (SELECT count(*) FROM jsonb_object_keys(d -> 'signals')) >= t.signals AS all_signals, d #> '{meta,draft,dropped}' AS dropped,
       (SELECT jsonb_agg(c) FROM health_model_check(d) c) AS findings, d - 'signals' - 'meta' - 'segments' = t.definition - 'signals' - 'meta' - 'segments' AS otherwise_same,
       s.accounts, s.scores, s.lowest < s.highest AS differ
  FROM health_templates t, health_model_draft('everything', t.name, as_of => :as_of) d,
       LATERAL (SELECT count(*) AS accounts, count(score) AS scores, min(score) AS lowest, max(score) AS highest FROM (SELECT health_score(d, e, :as_of) AS score FROM everything e) x) s;
-- 0 and 1 stand for no and yes where a template has a map for true and false, as they do in a measure of our own.
CREATE VIEW coded AS SELECT n AS policies_held, n % 2 AS auto_renew FROM generate_series(1, 100) n;
SELECT count(health_score(d, c)) AS scores FROM coded c, health_model_draft('coded', 'insurance') d;

DROP SCHEMA draft CASCADE;
