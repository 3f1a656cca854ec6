-- A tour of health_score on the sample company: each statement is printed above its result.
--
--   psql -X -q -v ON_ERROR_STOP=1 -f demo/tour.sql        after demo/company.sql and demo/model.sql
--
-- The script saves a model named 'drafted' and creates temporary tables. "Today" is 2026-06-30.

\set ECHO none
\encoding UTF8
\pset pager off
\pset footer off
\pset border 1
\pset null '-'
\timing off
SET client_min_messages = warning;
SET timezone = 'UTC';
DROP TABLE IF EXISTS pg_temp.scored, pg_temp.draft;
\echo
\echo '── 1. A first model drafted from the table: draft, match, save, score ──────────────────────────────────────────'
\set ECHO queries
CREATE TEMP TABLE draft AS
SELECT health_model_draft('demo.account_inputs', template => 'saas', as_of => '2026-06-30 00:00+00') AS model;

SELECT key AS signal, left(value #>> '{meta,why}', 112) AS why
FROM draft, jsonb_each(model -> 'signals') WHERE key IN ('last_contact', 'seat_use', 'csat', 'nps', 'key_actions');

SELECT m.signal, m.status, m.message
FROM draft, health_model_match(model, 'demo.account_inputs', '2026-06-30 00:00+00') AS m WHERE m.status <> 'ok';

SELECT health_model_save('drafted', model, 'as drafted') AS version FROM draft;

SELECT coalesce(h.band, 'too little data') AS band, count(*) AS accounts, round(avg(h.score)) AS "mean score"
FROM demo.account_inputs AS a, health_assess('drafted', a, as_of => '2026-06-30 00:00+00') AS h GROUP BY 1 ORDER BY avg(h.score);
\set ECHO none
\echo '── 2. A hand-made model: one score for every customer ──────────────────────────────────────────────────────────'
\set ECHO queries
CREATE TEMP TABLE scored AS
SELECT a.*, h.score, h.band, h.rules
FROM demo.account_inputs AS a, health_assess('company', a, as_of => '2026-06-30 00:00+00') AS h;

SELECT coalesce(band, 'too little data') AS band, count(*) AS accounts, round(sum(mrr)) AS mrr,
       repeat('█', (60 * count(*) / sum(count(*)) OVER ())::int) AS share
FROM scored GROUP BY band ORDER BY min(score);
\set ECHO none
\echo '── 3. The ten largest accounts at risk, and the drivers that lower each score ──────────────────────────────────'
\set ECHO queries
SELECT s.name, round(s.mrr) AS mrr, s.renewal_date AS renewal, round(s.score) AS score, d.why
FROM scored AS s, LATERAL (
       SELECT string_agg(label || ' −' || round(lost), ', ' ORDER BY rank) AS why
       FROM health_drivers('company', s, as_of => '2026-06-30 00:00+00') WHERE rank <= 3 AND lost >= 1) AS d
WHERE s.band = 'red' ORDER BY s.mrr DESC LIMIT 10;
\set ECHO none
\echo '── 4. One account, in words and driver by driver: satisfied, but the sponsor left and the renewal is near ──────'
\set ECHO queries
SELECT regexp_split_to_table(health_explain('company', s, as_of => '2026-06-30 00:00+00'), '(?<=[.;]) ') AS explanation
FROM scored AS s WHERE s.name = 'Hazelton Analytics';

SELECT d.label, left(d.value, 10) || coalesce(' ' || d.unit, '') AS value, round(d.subscore) AS subscore,
       round(100 * d.weight) AS weight, round(d.contribution::numeric, 1) AS adds, round(d.lost::numeric, 1) AS costs,
       coalesce(d.evidence, d.reason, nullif(d.status, 'ok'), '') AS note
FROM scored AS s, health_drivers('company', s, as_of => '2026-06-30 00:00+00') AS d
WHERE s.name = 'Hazelton Analytics' ORDER BY d.rank;
\set ECHO none
\echo '── 5. Why is another account, healthy in March, at risk now? In words, and as rows that add up ─────────────────'
\set ECHO queries
SELECT regexp_split_to_table(health_explain('company', s, b, '2026-06-30 00:00+00', '2026-03-31 00:00+00'), '(?<=[.;]) ') AS explanation
FROM scored AS s JOIN demo.account_inputs_at('2026-03-31') AS b USING (account_id) WHERE s.name = 'Halden Hotels';

SELECT c.kind, c.label, left(c.before_value, 10) AS before, left(c.after_value, 10) AS after, round(c.change::numeric, 1) AS change
FROM scored AS s JOIN demo.account_inputs_at('2026-03-31') AS b USING (account_id),
     health_change('company', b, s, '2026-03-31 00:00+00', '2026-06-30 00:00+00') AS c
WHERE s.name = 'Halden Hotels' AND abs(c.change) >= 0.5 ORDER BY c.rank;
\set ECHO none
\echo '── 6. What if product usage weighed 60 instead of 40? Nothing is saved ─────────────────────────────────────────'
\set ECHO queries
SELECT before_band AS "band now", after_band AS "band then", accounts, round(mean_change::numeric, 1) AS "mean change",
       round(value) AS mrr, who[1:3] AS "moved farthest"
FROM health_what_if('company', health_patch(health_model_get('company'), '{"categories": {"usage": {"weight": 60}}}'),
                    'demo.account_inputs', 'account_id', 'mrr', '2026-06-30 00:00+00');
\set ECHO none
\echo '── 7. The model card, for the people whom the model scores: its first lines ────────────────────────────────────'
\set ECHO queries
SELECT left(line, 118) AS card
FROM string_to_table(health_model_card('company'), E'\n') WITH ORDINALITY AS lines (line, number) WHERE number > 5 AND line <> '' LIMIT 9;
\set ECHO none
\echo '── 8. Does the score predict churn? Scores from data known on 1 January, and churn in the next six months ──────'
\set ECHO queries
WITH january AS (
    SELECT a.account_id, health_band('company', a, as_of => '2026-01-01 00:00+00') AS band
    FROM demo.account_inputs_at('2026-01-01') AS a
)
SELECT coalesce(band, 'too little data') AS band, count(*) AS accounts, count(o.at) AS "left by 30 June",
       round(100.0 * count(o.at) / count(*), 1) AS "churn %", repeat('█', (100 * count(o.at) / count(*))::int) AS " "
FROM january LEFT JOIN demo.outcome AS o
     ON o.account_id = january.account_id AND o.kind = 'churned' AND o.at >= '2026-01-01'
GROUP BY band ORDER BY array_position(ARRAY['red', 'yellow', 'green'], band);
\set ECHO none
\echo '── 9. How fast? The whole book, scored thirty times ────────────────────────────────────────────────────────────'
\set ECHO queries
WITH start AS MATERIALIZED (SELECT clock_timestamp() AS at), run AS MATERIALIZED (
    SELECT count(*) AS calls, count(health_score('company', a, as_of => '2026-06-30 00:00+00')) AS scored
    FROM start, generate_series(1, 30), demo.account_inputs AS a)
SELECT calls, scored, round(calls / extract(epoch FROM clock_timestamp() - start.at)) AS "accounts a second"
FROM run, start;
\set ECHO none
