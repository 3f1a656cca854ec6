-- A tour of health_score on the sample company: each statement is printed above its result.
--
--   psql -X -q -v ON_ERROR_STOP=1 -f demo/tour.sql        after demo/company.sql and demo/model.sql
--
-- It saves a model named 'first draft' and changes nothing else but a temporary table. "Today" is 2026-06-30.

\set ECHO none
\encoding UTF8
\pset pager off
\pset footer off
\pset border 1
\pset null '-'
\timing off
SET client_min_messages = warning;
SET timezone = 'UTC';
DROP TABLE IF EXISTS pg_temp.scored;
\echo
\echo '── 1. From a table to a score: draft, match, save ──────────────────────────────────────────────────────────────'
\set ECHO queries
SELECT health_model_save('first draft', health_model_draft('demo.account_inputs', 'saas', as_of => '2026-06-30 00:00+00')) AS version;

SELECT label, input, left(scale, 60) AS scale, round(100 * share) AS share
FROM health_model_signals WHERE name = 'first draft' AND active ORDER BY share DESC, signal LIMIT 6;

SELECT coalesce(signal, input) AS "signal or input", status, left(message, 90) AS message
FROM health_model_match('first draft', 'demo.account_inputs', '2026-06-30 00:00+00') WHERE status <> 'ok' LIMIT 6;

SELECT sentence FROM demo.account_inputs AS a, string_to_table(health_explain('first draft', a, '2026-06-30 00:00+00'), '. ') AS sentence
WHERE a.name = 'Hazelton Analytics';
\set ECHO none
\echo '── 2. With a model made by hand: every customer, one row in, one row out ───────────────────────────────────────'
\set ECHO queries
CREATE TEMP TABLE scored AS
SELECT a.*, h.score, h.band, h.rules
FROM demo.account_inputs AS a, health_assess('company', a, as_of => '2026-06-30 00:00+00') AS h;

SELECT coalesce(band, 'too little data') AS band, count(*) AS accounts, round(sum(mrr)) AS mrr,
       repeat('█', (60 * count(*) / sum(count(*)) OVER ())::int) AS share
FROM scored GROUP BY band ORDER BY min(score);
\set ECHO none
\echo '── 3. The ten largest accounts at risk, and what pulls each down ───────────────────────────────────────────────'
\set ECHO queries
SELECT s.name, round(s.mrr) AS mrr, s.renewal_date AS renewal, round(s.score) AS score, d.why
FROM scored AS s, LATERAL (
       SELECT string_agg(label || ' −' || round(lost), ', ' ORDER BY rank) AS why
       FROM health_drivers('company', s, as_of => '2026-06-30 00:00+00') WHERE rank <= 3 AND lost >= 1) AS d
WHERE s.band = 'red' ORDER BY s.mrr DESC LIMIT 10;
\set ECHO none
\echo '── 4. One account line by line: happy in the survey, but the sponsor is gone and the renewal two weeks away ────'
\set ECHO queries
SELECT d.label, left(d.value, 10) || coalesce(' ' || d.unit, '') AS value, round(d.subscore) AS subscore,
       round(100 * d.weight) AS weight, round(d.contribution::numeric, 1) AS adds, round(d.lost::numeric, 1) AS costs,
       coalesce(d.evidence, d.reason, nullif(d.status, 'ok'), '') AS note
FROM scored AS s, health_drivers('company', s, as_of => '2026-06-30 00:00+00') AS d
WHERE s.name = 'Hazelton Analytics' ORDER BY d.rank;

SELECT round(s.score::numeric, 9) AS score, round(sum(d.contribution)::numeric, 9) AS "sum of the lines", s.rules
FROM scored AS s, health_drivers('company', s, as_of => '2026-06-30 00:00+00') AS d
WHERE s.name = 'Hazelton Analytics' GROUP BY s.score, s.rules;
\set ECHO none
\echo '── 5. Why did it change since March? In a sentence, and in rows that add up ────────────────────────────────────'
\set ECHO queries
SELECT part FROM scored AS s, demo.account_inputs_at('2026-03-31') AS b,
       string_to_table(health_explain('company', s, b, '2026-06-30 00:00+00', '2026-03-31 00:00+00'), '; ') AS part
WHERE s.name = 'Hazelton Analytics' AND b.account_id = s.account_id;

SELECT c.kind, c.label, left(c.before_value, 10) AS before, left(c.after_value, 10) AS after, round(c.change::numeric, 1) AS change
FROM scored AS s, demo.account_inputs_at('2026-03-31') AS b,
     health_change('company', b, s, '2026-03-31 00:00+00', '2026-06-30 00:00+00') AS c
WHERE s.name = 'Hazelton Analytics' AND b.account_id = s.account_id AND abs(c.change) >= 0.05 ORDER BY c.rank;
\set ECHO none
\echo '── 6. What if product usage weighed 60 instead of 40? Nothing is saved ─────────────────────────────────────────'
\set ECHO queries
SELECT before_band AS "band now", after_band AS "band then", accounts, round(mean_change::numeric, 1) AS "mean change",
       round(value) AS mrr, who[1:3] AS "moved farthest"
FROM health_what_if('company', health_patch(health_model_get('company'), '{"categories": {"usage": {"weight": 60}}}'),
                    'demo.account_inputs', 'account_id', 'mrr', '2026-06-30 00:00+00');
\set ECHO none
\echo '── 7. Does it say something? Scored on what was known on 1 January, against who left in the six months after ───'
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
\echo '── 8. How fast? The whole book thirty times over ───────────────────────────────────────────────────────────────'
\set ECHO queries
WITH start AS MATERIALIZED (SELECT clock_timestamp() AS at), run AS MATERIALIZED (
    SELECT count(*) AS calls, count(health_score('company', a, as_of => '2026-06-30 00:00+00')) AS scored
    FROM start, generate_series(1, 30), demo.account_inputs AS a)
SELECT calls, scored, round(calls / extract(epoch FROM clock_timestamp() - start.at)) AS "accounts a second"
FROM run, start;
\set ECHO none
