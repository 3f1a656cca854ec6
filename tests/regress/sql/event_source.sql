-- Events as a source: the relation gives the accounts and what is known of them, a table of events the rest.
\set SHOW_CONTEXT never
SELECT health_model_save('use', '{"on_invalid": "error", "signals": {
  "logins":  {"input": {"ratio": ["login", "seats"]}, "combine": "count", "window": "30 days", "scale": {"linear": [0, 4]}},
  "growth":  {"input": {"change": ["login", "login"]}, "combine": "count", "window": "10 days", "scale": {"linear": [-1, 1]}},
  "days":    {"input": "login", "combine": "active_days", "window": "30 days", "lag": "1 day", "scale": {"linear": [0, 10]}},
  "size":    {"input": "seats", "max_age": "90 days", "scale": {"linear": [0, 10]}},
  "tickets": {"combine": "sum", "window": "20 days", "scale": {"linear": [5, 0]}}}}');
CREATE TABLE customer (id int PRIMARY KEY, name text, csm text, seats int, at timestamptz NOT NULL DEFAULT '2025-01-01Z');
INSERT INTO customer VALUES (1, 'Acme', 'ann', 2), (2, 'Birch', 'ann', 5), (3, 'Cole', 'bob', NULL), (4, 'Dune', 'bob', 10);
CREATE TABLE usage_event (account_id bigint, event text, value jsonb, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE usage_04 PARTITION OF usage_event FOR VALUES FROM ('2025-04-01Z') TO ('2025-05-01Z');
CREATE TABLE usage_05 PARTITION OF usage_event FOR VALUES FROM ('2025-05-01Z') TO ('2025-06-01Z');
CREATE TABLE usage_06 PARTITION OF usage_event FOR VALUES FROM ('2025-06-01Z') TO ('2025-07-01Z');
INSERT INTO usage_event
SELECT 1 + i % 3, (ARRAY['login', 'page', 'login', 'login', 'seats'])[1 + i % 5], NULL, timestamptz '2025-04-02Z' + i * interval '9 hours' FROM generate_series(0, 230) i;
INSERT INTO usage_event VALUES (1, 'tickets', '2', '2025-06-10Z'), (1, 'tickets', '1', '2025-06-20Z'), (1, 'tickets', '9', '2025-04-20Z'), (9, 'login', NULL, '2025-06-20Z'),
    (NULL, 'login', NULL, '2025-06-20Z'), (4, 'page', NULL, '2025-06-20Z'), (2, 'tickets', '9', '2025-06-25 00:00:00.000001Z');
SELECT health_source_add('use', 'use', 'customer', 'id', name_column => 'name', owner_column => 'csm', time_column => 'at', keep => '{csm}',
    events => 'usage_event', event_account => 'account_id', event_signal => 'event', event_value => 'value', event_time => 'at');
SELECT events_schema, events_name, event_account, event_signal, event_value, event_time FROM health_source;

-- By hand, without the extension.
CREATE FUNCTION by_hand(as_of timestamptz) RETURNS TABLE (account_id int, inputs jsonb) LANGUAGE sql AS $$
    SELECT c.id, jsonb_strip_nulls(jsonb_build_object('@', true, 'csm', c.csm, 'seats', c.seats, '@size', c.seats,
               '@logins', count(*) FILTER (WHERE e.event = 'login' AND e.at > as_of - interval '720 hours')::float8 / c.seats,
               '@growth', count(*) FILTER (WHERE e.event = 'login' AND e.at > as_of - interval '240 hours')::float8
                          / nullif(count(*) FILTER (WHERE e.event = 'login' AND e.at > as_of - interval '480 hours' AND e.at <= as_of - interval '240 hours'), 0) - 1,
               '@days', count(DISTINCT (e.at AT TIME ZONE 'UTC')::date) FILTER (WHERE e.event = 'login' AND e.at > as_of - interval '744 hours' AND e.at <= as_of - interval '24 hours'),
               '@tickets', COALESCE(sum((e.value #>> '{}')::int) FILTER (WHERE e.event = 'tickets' AND e.at > as_of - interval '480 hours'), 0)))
      FROM customer c LEFT JOIN usage_event e ON e.account_id = c.id AND e.at <= as_of
     WHERE c.at <= as_of GROUP BY c.id $$;
CALL health_backfill('use', '2025-05-01Z', '2025-06-24Z', '3 days');
CALL health_refresh('use', '2025-06-25Z');
-- Numbers are compared as numbers: 0.5 and 0.50 are equal as jsonb.
SELECT count(*) AS rows, count(DISTINCT scored_at) AS nights,
       count(*) FILTER (WHERE jsonb_strip_nulls(h.inputs) - '@growth' - '@logins' = b.inputs - '@growth' - '@logins'
                          AND abs(COALESCE((h.inputs ->> '@growth')::float8, -9) - COALESCE((b.inputs ->> '@growth')::float8, -9)) < 1e-12
                          AND abs(COALESCE((h.inputs ->> '@logins')::float8, -9) - COALESCE((b.inputs ->> '@logins')::float8, -9)) < 1e-12) AS equal,
       count(*) FILTER (WHERE h.score IS DISTINCT FROM health_score('use', h.inputs, h.scored_at)) AS scores_that_differ
  FROM use_history h JOIN LATERAL (SELECT * FROM by_hand(h.scored_at) b WHERE b.account_id = h.account_id) b ON true;
SELECT account_id, name, owner, score, band, inputs FROM use_history WHERE scored_at = '2025-06-25Z' ORDER BY 1;
SELECT account_id, score, top_driver, explanation FROM use_current ORDER BY 1;

-- The events of a month are read, not those of a year: other partitions are pruned, at the start of the query.
CREATE FUNCTION plan_of(source text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || (SELECT health_score_internal.health_source_query(s) FROM health_source s WHERE name = source) USING timestamptz '2025-06-25Z' LOOP
        IF line ~ 'usage_|Subplans' THEN
            RETURN NEXT regexp_replace(trim(line), '^-> *', '');
        END IF;
    END LOOP;
END $$;
SELECT * FROM plan_of('use') p WHERE p !~ 'Filter|Cond';
CREATE INDEX ON usage_event (at);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(*) AS by_index FROM plan_of('use') p WHERE p ~ 'Index Scan';
RESET enable_seqscan;
RESET enable_bitmapscan;

-- One account, as in a trigger; what people say replaces what events and columns say.
INSERT INTO usage_event VALUES (4, 'login', NULL, '2025-06-24Z');
SELECT health_pulse_set('accounts', 4, 'tickets', 4, 'they called'), health_override_set('accounts', 2, 'cap', 10, 'in dispute') \g /dev/null
SELECT health_refresh_account('use', 4), health_refresh_account('use', 2), health_refresh_account('use', 77);
SELECT account_id, calculated IS DISTINCT FROM score AS overridden, score, inputs - '@override' AS inputs, inputs ? '@override' AS override FROM use_current JOIN use_inputs USING (account_id) WHERE account_id IN (2, 4) ORDER BY 1;
DELETE FROM health_pulse;
DELETE FROM health_override;

-- Why a score changed, and what it would be under another version.
SELECT part, driver, before_value, after_value, round(change::numeric, 6) AS change FROM health_explain_change('use', 1, '2025-05-25Z', '2025-06-25Z');
SELECT count(*), count(*) FILTER (WHERE change = 0) AS same FROM health_replay('use', 'use@1');
SELECT health_model_save('use', health_patch(health_model_get('use'), '{"signals": {"logins": {"weight": 5, "scale": {"linear": [0, 8]}}}}'));
SELECT count(*), count(*) FILTER (WHERE change = 0) AS same FROM health_replay('use', 'use');
SELECT count(*) FROM health_replay('use', health_patch(health_model_get('use'), '{"signals": {"logins": {"window": "60 days"}}}'));
SELECT count(*) FROM health_replay('use', health_patch(health_model_get('use'), '{"signals": {"other": {"scale": {"linear": [0, 8]}}}}'));

-- An error in the data names the account.
INSERT INTO usage_event VALUES (3, 'tickets', '1', '2025-06-25Z');
INSERT INTO usage_event VALUES (2, 'tickets', '"many"', '2025-06-24Z');
CALL health_refresh('use', '2025-06-26Z');
DELETE FROM usage_event WHERE value = '"many"';

-- A date, a time without a zone, and a log without values; accounts that stopped are left out.
CREATE VIEW by_day AS SELECT account_id, event, at::date AS day, at AT TIME ZONE 'UTC' AS local FROM usage_event;
SELECT health_model_save('days', '{"signals": {"login": {"combine": "active_days", "window": "30 days", "scale": {"linear": [0, 10]}}}}');
SET timezone = 'Asia/Tokyo';
SELECT health_source_add('days', 'days', 'customer', 'id', time_column => 'at', max_staleness => '200 days', events => 'by_day', event_account => 'account_id', event_signal => 'event', event_time => 'local');
CALL health_refresh('days', '2025-06-25Z');
SELECT account_id, inputs, (SELECT count(DISTINCT (at AT TIME ZONE 'UTC')::date) FROM usage_event e WHERE e.account_id = h.account_id AND event = 'login' AND at <= '2025-06-25Z' AND at > timestamptz '2025-06-25Z' - interval '720 hours') AS by_hand
  FROM days_history h ORDER BY 1;
RESET timezone;
SELECT health_source_add('days', 'days', 'customer', 'id', time_column => 'at', max_staleness => '200 days', events => 'by_day', event_account => 'account_id', event_signal => 'event', event_time => 'day');
CALL health_refresh('days', '2025-06-25 12:00Z');
SELECT account_id, inputs FROM days_history WHERE scored_at = '2025-06-25 12:00Z' ORDER BY 1;
UPDATE customer SET at = '2024-01-01' WHERE id = 4;
CALL health_refresh('days', '2025-06-25 13:00Z');
SELECT account_id FROM days_history WHERE scored_at = '2025-06-25 13:00Z' ORDER BY 1;

-- Without inputs kept, and without events again.
SELECT health_source_add('days', 'days', 'customer', 'id', time_column => 'at', keep_inputs => false, keep => '{csm}', events => 'by_day', event_account => 'account_id', event_signal => 'event', event_time => 'day');
CALL health_refresh('days', '2025-06-25 14:00Z');
SELECT account_id, inputs, score IS NOT NULL AS scored FROM days_history WHERE scored_at = '2025-06-25 14:00Z' ORDER BY 1;
SELECT health_source_add('days', 'days', 'customer', 'id', time_column => 'at');
ALTER TABLE customer ADD login int;
SELECT health_source_add('days', 'days', 'customer', 'id', time_column => 'at');
SELECT events_name, event_account, event_time FROM health_source WHERE name = 'days';

-- What is refused at once, and what is only told.
SELECT health_source_add('x', 'use', 'usage_event', 'account_id');
CREATE VIEW gathered AS SELECT account_id, health_signals('use', event, value, at) AS account FROM usage_event GROUP BY 1;
SELECT health_source_add('x', 'use', 'gathered', 'account_id');
SELECT health_source_add('x', 'days', 'customer', 'id', events => 'usage_event', event_account => 'account_id', event_signal => 'event', event_time => 'at');
SELECT health_source_add('x', 'use', 'customer', 'id', events => 'usage_event', event_account => 'account_id', event_signal => 'event', event_time => 'at');
ALTER TABLE customer DROP login;
SELECT health_source_add('x', 'use', 'customer', 'id', events => 'usage_event', event_signal => 'event', event_time => 'at');
SELECT health_source_add('x', 'use', 'customer', 'id', events => 'usage_event', event_account => 'account_id', event_signal => 'event', event_time => 'event');
SELECT health_source_add('x', 'use', 'customer', 'name', events => 'usage_event', event_account => 'account_id', event_signal => 'event', event_time => 'at');
SELECT health_source_add('x', 'use', 'customer', 'id', events => 'usage_event', event_account => 'account_id', event_signal => 'event');
SELECT health_source_add('x', 'use', 'customer', 'id', event_signal => 'event');
CREATE TEMP TABLE passing AS TABLE usage_event;
SELECT health_source_add('x', 'use', 'customer', 'id', events => 'passing', event_account => 'account_id', event_signal => 'event', event_time => 'at');
SELECT health_model_save('ever', '{"signals": {"login": {"combine": "count", "scale": {"linear": [0, 10]}}, "page": {"combine": "count", "window": "7 days", "scale": {"linear": [0, 10]}}}}');
SELECT health_source_add('ever', 'ever', 'customer', 'id', time_column => 'at', events => 'usage_event', event_account => 'account_id', event_signal => 'event', event_time => 'at');
CALL health_refresh('ever', '2025-06-25Z');
SELECT account_id, inputs FROM ever_history ORDER BY 1;
DROP VIEW by_day, gathered;
ALTER TABLE usage_event RENAME TO renamed_event;
CALL health_refresh('ever', '2025-06-26Z');
SELECT health_score_internal.health_event_account('use', c, '2025-06-25Z', '{"login": 7}', NULL) FROM customer c WHERE id = 1;
SELECT health_score_internal.health_event_account('use', c, '2025-06-25Z', NULL, '\x00') FROM customer c WHERE id = 1;
SELECT health_score_internal.health_event_account('use', c, '2025-06-25Z', NULL, (SELECT health_score_internal.health_event_state('ever', 'login', 1, '2025-06-25Z', '2025-06-25Z'))) FROM customer c WHERE id = 1;
SELECT health_score_internal.health_event_account('use', c, '2025-06-25Z', NULL, (SELECT health_score_internal.health_event_state('use', 'login', 1, '2025-06-25Z', '2025-06-24Z'))) FROM customer c WHERE id = 1;
SELECT health_score_internal.health_event_account(NULL, c, '2025-06-25Z', NULL, NULL) FROM customer c WHERE id = 1;

SELECT health_source_drop(name) FROM health_source \g /dev/null
DROP TABLE use_history, days_history, ever_history, customer, renamed_event;
DROP FUNCTION by_hand, plan_of;
DELETE FROM health_run;
SELECT health_model_drop(m) FROM unnest('{use,days,ever}'::text[]) m \g /dev/null
