-- What a source's history is proved by: health_labelled, health_backtest of a source, health_risk, health_replay, health_model_review.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET extra_float_digits = 0;
CREATE SCHEMA proof;
INSERT INTO health_model (name, version, definition, active, created_at) VALUES
  ('proof', 1, '{"signals": {"use": {"scale": {"linear": [0, 100]}}, "csat": {"optional": true, "weight": 0.5, "scale": {"linear": [1, 5]}}}, "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}]}', true, '2025-02-01');
CREATE TABLE proof.account (id int, use float8, csat int, plan text);
SELECT health_source_add('proof', 'proof', 'proof.account', 'id', book => 'proof', keep => '{plan}');
SELECT health_score_internal.health_history_partition(health_score_internal.health_source_get('proof'), m) FROM generate_series(timestamptz '2025-01-15', '2025-06-15', '1 month') m \g /dev/null
-- remember(account, at, use): a row of history as a refresh would have written it.
CREATE PROCEDURE proof.remember(account int, at timestamptz, use float8) LANGUAGE sql AS $$
  INSERT INTO proof.proof_history (account_id, scored_at, score, band, band_rank, model, model_version, inputs)
  SELECT account, at, h.score, h.band, h.band_rank, 'proof', 1, jsonb_build_object('use', use, 'plan', 'team') FROM health_assess('proof', jsonb_build_object('use', use)) h $$;
CALL proof.remember(1, '2025-01-10', 80);
CALL proof.remember(1, '2025-03-01', 30);
CALL proof.remember(1, '2025-04-20', 20);
CALL proof.remember(2, '2025-01-10', 90);
CALL proof.remember(2, '2025-03-01', 90);
CALL proof.remember(3, '2025-03-01', NULL);
CALL proof.remember(4, '2025-03-01', 10);
CALL proof.remember(4, '2025-05-01', 60);
INSERT INTO health_outcome (book, account_id, kind, at) VALUES
  ('proof', '1', 'churned', '2025-04-10'),        -- 91 days after its first score, 40 after the second; the third is of a customer lost
  ('proof', '2', 'expanded', '2025-03-01'),       -- at the time of the score itself: it is no forecast
  ('proof', '2', 'expanded', '2025-05-01'),
  ('proof', '4', 'churned', '2025-02-01'), ('proof', '4', 'renewed', '2025-04-15'),  -- lost, and back
  ('other', '2', 'churned', '2025-03-10');

SELECT account_id, scored_at::date, score, event, event_at::date, hindsight FROM health_labelled('proof', until => '2025-08-01') ORDER BY 1, 2;
-- A horizon that ends after what is known is left out, whatever has happened in it.
SELECT account_id, scored_at::date, event FROM health_labelled('proof', until => '2025-04-15') ORDER BY 1, 2;
-- With a lead, what comes within it decides nothing: account 1 in March is neither forecast nor kept.
SELECT account_id, scored_at::date, event, event_at::date FROM health_labelled('proof', lead => '60 days', horizon => '60 days', until => '2025-08-01') ORDER BY 1, 2;
SELECT account_id, scored_at::date, event, event_at::date FROM health_labelled('proof', 'expanded', until => '2025-08-01') WHERE account_id = '2' ORDER BY 1, 2;
-- One row an account and horizon.
SELECT account_id, scored_at::date FROM health_labelled('proof', horizon => '30 days', until => '2025-08-01', apart => true) ORDER BY 1, 2;
-- The end of a horizon belongs to it, its beginning does not; days are those of UTC whatever the session says.
SET timezone = 'America/New_York';
SELECT scored_at AT TIME ZONE 'UTC' AS scored_at, event FROM health_labelled('proof', horizon => '40 days', until => '2025-08-01') WHERE account_id = '1' ORDER BY 1;
SELECT scored_at AT TIME ZONE 'UTC' AS scored_at, event FROM health_labelled('proof', horizon => '39 days 23:59:59', until => '2025-08-01') WHERE account_id = '1' ORDER BY 1;
SET timezone = 'UTC';

SELECT health_labelled('proof', 'lost'); \echo :SQLSTATE
SELECT health_labelled('proof', horizon => '0'); \echo :SQLSTATE
SELECT health_labelled('proof', lead => '-1 day'); \echo :SQLSTATE
SELECT health_labelled('proof', NULL); \echo :SQLSTATE
SELECT health_labelled('prof'); \echo :SQLSTATE

-- Too little to judge is said, nothing at all is an error, good events are another matter.
SELECT accounts, events, verdict FROM health_backtest('proof', until => '2025-08-01');
SELECT health_backtest('proof', until => '2025-02-01'); \echo :SQLSTATE
SELECT health_backtest('proof', 'expanded'); \echo :SQLSTATE
SELECT accounts, risk, message FROM health_risk('proof', 61, until => '2025-08-01');
SELECT health_risk('proof', 161); \echo :SQLSTATE

-- A book of 1,200 scored every 30 days, a third of those with little use lost; and whoever knows the future.
SELECT health_model_save('proof seer', '{"signals": {"seer": {"scale": {"linear": [1, 0]}}}}') \g /dev/null
CREATE TABLE proof.seen (id int, at date, use float8, seer int);
INSERT INTO proof.seen SELECT i, date '2025-01-01' + 30 * n, (i * 37 + n * 11) % 100, 0 FROM generate_series(1, 1200) i, generate_series(0, 5) n WHERE i % 7 > 0 OR n < 4;
INSERT INTO health_outcome (book, account_id, kind, at) SELECT 'seen', i::text, 'churned', date '2025-01-01' + 30 * 3 + 20 FROM generate_series(1, 1200) i WHERE i % 7 = 0 AND (i * 37 + 3 * 11) % 100 < 30;
-- Written once the account is lost, dated when it was written.
INSERT INTO proof.seen SELECT account_id::int, at::date, 0, 1 FROM health_outcome WHERE book = 'seen';
SELECT health_source_add('seen', 'proof', 'proof.seen', 'id', book => 'seen', time_column => 'at', keep => '{seer}');
CALL health_backfill('seen', '2025-01-01', '2025-07-01', '30 days');
-- As the table stands today, it tells everything; as it stood when scores were made, nothing.
SELECT health_auc(health_score('proof seer', s), o.at IS NOT NULL) AS as_it_stands FROM (SELECT DISTINCT ON (id) * FROM proof.seen ORDER BY id, at DESC) s LEFT JOIN health_outcome o ON book = 'seen' AND account_id = s.id::text;
SELECT health_auc(health_score('proof seer', l.inputs), l.event) AS as_it_stood, count(*) FILTER (WHERE event) AS events FROM health_labelled('seen', until => '2025-07-01') l;
SELECT count(*) AS scores_after_the_event FROM health_labelled('seen', until => '2025-07-01') WHERE event_at <= scored_at;

SELECT accounts, events, round(auc::numeric, 3) AS auc, auc_low < auc AND auc < auc_high AS inside, bands, band_accounts, band_events FROM health_backtest('seen', horizon => '30 days', until => '2025-06-01');
-- The same by hand.
SELECT count(*), count(*) FILTER (WHERE happened), round(health_auc(score, happened)::numeric, 3)
  FROM (SELECT h.*, EXISTS (SELECT FROM health_outcome o WHERE o.book = 'seen' AND o.account_id = h.account_id::text AND o.at > h.scored_at AND o.at <= h.scored_at + '30 days'::interval) AS happened
          FROM proof.seen_history h WHERE scored_at <= timestamptz '2025-06-01' - '30 days'::interval
           AND NOT EXISTS (SELECT FROM health_outcome o WHERE o.book = 'seen' AND o.account_id = h.account_id::text AND o.at <= h.scored_at)) h;
SELECT from_score, to_score, accounts, events, round(risk::numeric, 4) AS risk, round(risk_low::numeric, 4) AS low, round(risk_high::numeric, 4) AS high, message FROM health_risk('seen', 15, horizon => '30 days', until => '2025-06-01');
-- Wilson's interval, as published for 8 of 10 and for none of 20.
SELECT round(low::numeric, 4) AS low, round(high::numeric, 4) AS high FROM (VALUES (8, 10), (0, 20), (0, 0)) v (events, accounts), health_score_internal.health_share_interval(events, accounts);

-- Who would have been what under another model.
SELECT replayed_band, band, count(*), round(avg(change)::numeric, 3) AS change FROM health_replay('seen', '{"signals": {"use": {"scale": {"linear": [0, 50]}}}, "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}'::jsonb) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*), count(*) FILTER (WHERE change <> 0) AS changed FROM health_replay('seen', 'proof@1', '2025-02-01', '2025-03-15');
SELECT health_replay('seen', '{"signals": {"seats": {"scale": {"linear": [0, 50]}}}}'::jsonb); \echo :SQLSTATE
SELECT count(*) FROM health_replay('seen', '{"signals": {"use": {"scale": {"linear": [0, 50]}}, "seats": {"optional": true, "scale": {"linear": [0, 50]}}}}'::jsonb);
-- One optional signal more that reads it does not make it optional.
SELECT health_replay('seen', '{"signals": {"seats": {"scale": {"linear": [0, 50]}}, "share": {"optional": true, "input": {"ratio": ["use", "seats"]}, "scale": {"linear": [0, 1]}}}}'::jsonb); \echo :SQLSTATE
SELECT health_replay('seen', 'prof'); \echo :SQLSTATE
SELECT count(*) FROM health_replay('seen', NULL::jsonb);

-- Learning from what was known then: the inputs as a table.
CREATE VIEW proof.then AS SELECT r.*, l.event AS churned FROM health_labelled('seen', horizon => '30 days', until => '2025-06-01') l, jsonb_to_record(l.inputs) AS r (use float8, seer int);
SELECT d #> '{meta,fit,no_weight}' AS no_weight, (d #>> '{meta,fit,auc}')::numeric > 0.6 AS learnt, jsonb_object_keys(d -> 'signals') AS signals FROM health_model_fit('proof', 'proof.then', 'churned', '{*}') d;

-- Is the model still right?
UPDATE health_model SET reviewed_at = now() - interval '100 days' WHERE name = 'proof';
SELECT source, item, round(before::numeric, 3) AS before, CASE WHEN item <> 'reviewed' THEN round(now::numeric, 3) END AS now, verdict, message FROM health_model_review('proof', '60 days', '2025-05-31') WHERE source = 'seen' OR item IN ('reviewed', 'triggers');
SELECT verdict, message ~ 'every quarter' AS reason FROM health_model_review('proof') WHERE item = 'verdict';
SELECT health_model_reviewed('proof', '  weights stay ');
SELECT note = 'reviewed ' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ' by ' || current_user || ': weights stay' AS noted, reviewed_at > now() - interval '1 minute' AS now FROM health_model WHERE name = 'proof';
BEGIN;
SELECT health_model_reviewed('proof@1', 'again') \g /dev/null
SELECT item, now, verdict FROM health_model_review('proof') WHERE item = 'reviewed';
ROLLBACK;
BEGIN;
ALTER TABLE health_model DISABLE TRIGGER health_model_guard;
SELECT before, now, verdict, message FROM health_model_review('proof') WHERE item = 'triggers';
ROLLBACK;
-- A model that nothing was compared with is not found good: without a source, without outcomes.
SELECT health_model_save('unscored', '{"signals": {"use": {"scale": {"linear": [0, 50]}}}}') \g /dev/null
SELECT source, item, verdict, message FROM health_model_review('unscored') WHERE item IN ('auc', 'verdict');
CREATE TABLE proof.quiet AS SELECT i AS id, i AS use FROM generate_series(1, 50) i;
SELECT health_source_add('quiet', 'unscored', 'proof.quiet', 'id', book => 'quiet') \g /dev/null
CALL health_refresh('quiet');
SELECT source, item, verdict, message FROM health_model_review('unscored') WHERE item IN ('auc', 'verdict');
SELECT health_source_drop('quiet');
SELECT health_model_drop('unscored');
SELECT health_model_reviewed('proof', ' '); \echo :SQLSTATE
SELECT health_model_reviewed('prof', 'x'); \echo :SQLSTATE
SELECT health_model_review('prof'); \echo :SQLSTATE
SELECT DISTINCT model FROM health_model_review() WHERE model LIKE 'proof%' ORDER BY 1;
-- A score of one time is looked for in its month alone, by the index of times; those of all times need no column but those of the key's
-- index. Neither reads what a score was made of.
CREATE FUNCTION proof.reads(apart boolean, at timestamptz, OUT places text, OUT columns text) LANGUAGE plpgsql SET search_path = public, health_score_internal AS $$
DECLARE
    plan text;
BEGIN
    EXECUTE format('EXPLAIN (VERBOSE, FORMAT JSON) SELECT health_auc(l.score, l.event) FROM (%s) l WHERE l.scored_at = coalesce($6, l.scored_at)',
                   health_score_internal.health_labelled_query(health_score_internal.health_source_get('seen'), apart)) INTO plan USING 'seen', 'churned', interval '0', interval '30 days', timestamptz '2025-07-01', at;
    places := (SELECT string_agg(DISTINCT m[1], ', ' ORDER BY m[1]) FROM regexp_matches(plan, '"(?:Relation|Index) Name": "(seen_history_\w+)"', 'g') m);
    columns := (SELECT string_agg(DISTINCT m[1], ', ' ORDER BY m[1]) FROM regexp_matches(plan, '\mh(?:_\d+)?\.(\w+)', 'g') m);
END $$;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT * FROM proof.reads(false, '2025-04-01');
SELECT columns FROM proof.reads(true, NULL);
RESET enable_seqscan;
RESET enable_bitmapscan;
-- A history that is more than a table is not read: it may run the code of its owner.
CREATE VIEW proof.trap AS SELECT * FROM proof.seen_history;
UPDATE health_source SET history_name = 'trap' WHERE name = 'seen';
SELECT count(*) FROM health_model_review('proof') WHERE source = 'seen';
UPDATE health_source SET history_name = 'seen_history' WHERE name = 'seen';
DROP VIEW proof.trap;

SELECT health_source_drop('proof'), health_source_drop('seen');
DELETE FROM health_outcome WHERE book IN ('proof', 'other', 'seen');
DELETE FROM health_run WHERE source IN ('proof', 'seen');
SELECT health_model_drop('proof'), health_model_drop('proof seer');
DROP SCHEMA proof CASCADE;
