-- Why a score changed, from history: behaviour, coverage, rules, override, segment and model add up to it; and whether others changed too.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA explain_change;
SELECT health_model_save('explain change', '{"signals": {"logins": {"weight": 2, "scale": {"linear": [0, 40]}}, "nps": {"scale": {"linear": [0, 10]}}, "call": {"optional": true, "ask": "How was it?", "scale": {"linear": [0, 10]}}},
  "rules": [{"name": "late", "when": {"input": "overdue", "gt": 30}, "cap": 35, "reason": "pays late"}],
  "segments": [{"name": "big", "when": {"input": "nps", "gt": 100}, "patch": {"signals": {"nps": {"weight": 8}}}}]}') \g /dev/null
CREATE TABLE explain_change.account (id bigint, at timestamptz, logins int, nps int, overdue int, tickets int, name text, csm text, tier text);
INSERT INTO explain_change.account
SELECT id, at, CASE WHEN at < '2026-03-01' THEN 40 ELSE 30 END - id % 3, 8, 0, 2, 'Account ' || id, CASE WHEN id <= 10 THEN 'ann' ELSE 'bob' END, CASE WHEN id % 2 = 0 THEN 'big' ELSE '' END
  FROM generate_series(1, 20) id, unnest('{2026-02-01,2026-03-01}'::timestamptz[]) at;
-- Behaviour, coverage, rule; bob's accounts do not log in less; one has no score in March.
UPDATE explain_change.account SET nps = 3 WHERE id = 1 AND at = '2026-03-01';
UPDATE explain_change.account SET nps = NULL WHERE id = 2 AND at = '2026-03-01';
UPDATE explain_change.account SET overdue = 40 WHERE id = 3 AND at = '2026-03-01';
UPDATE explain_change.account SET logins = 40 - id % 3 WHERE csm = 'bob' AND at = '2026-03-01';
UPDATE explain_change.account SET logins = NULL, nps = NULL WHERE id = 5 AND at = '2026-03-01';
UPDATE explain_change.account SET tier = 'big' WHERE id = 7 AND at = '2026-03-01';
DELETE FROM explain_change.account WHERE id = 9 AND at = '2026-02-01';
SELECT health_source_add('c', 'explain change', 'explain_change.account', 'id', name_column => 'name', owner_column => 'csm', time_column => 'at', book => 'explain'),
       health_source_add('t', 'explain change', 'explain_change.account', 'id', owner_column => 'csm', segment_column => 'tier', time_column => 'at', book => 'explain');
CALL health_backfill('c', '2026-02-01', '2026-03-01', '1 month');
CALL health_backfill('t', '2026-02-01', '2026-03-01', '1 month');
SELECT rank, part, driver, label, before_value, after_value, round(change::numeric, 6) AS change FROM health_explain_change('c', 1, '2026-02-15', '2026-03-15');
SELECT rank, part, driver, before_value, after_value, round(change::numeric, 6) AS change FROM health_explain_change('c', '2', '2026-02-15', '2026-03-15');
SELECT rank, part, driver, before_value, after_value, round(change::numeric, 6) AS change FROM health_explain_change('c', 3::bigint, '2026-02-15', '2026-03-15');
-- Without a score nothing can be counted; what went missing is told. A first score has nothing before it.
SELECT rank, part, driver, before_value, after_value, change FROM health_explain_change('c', 5, '2026-02-15', '2026-03-15');
SELECT rank, part, change FROM health_explain_change('c', 9, '2026-02-15', '2026-03-15');
-- One customer or the whole book? Ann's log in less, bob's do not.
SELECT rank, part, driver, round(change::numeric, 3) AS change, peers, round(peers_change::numeric, 3) AS peers_change, peers_alike FROM health_explain_change('c', 1, '2026-02-15', '2026-03-15', by => 'owner');
SELECT rank, part, driver, round(change::numeric, 3) AS change, peers, round(peers_change::numeric, 3) AS peers_change, peers_alike FROM health_explain_change('c', 1, '2026-02-15', '2026-03-15', by => 'all');
-- Segments that a column names.
SELECT rank, part, driver, before_value, after_value, round(change::numeric, 6) AS change, peers, round(peers_change::numeric, 3) AS peers_change, peers_alike FROM health_explain_change('t', 7, '2026-02-15', '2026-03-15', by => 'segment');

-- Another version of the model, that reads what was not kept before; a pulse, an override.
SELECT health_model_patch('explain change', '{"signals": {"tickets": {"scale": {"linear": [10, 0]}}, "nps": {"weight": 3}}}') \g /dev/null
INSERT INTO explain_change.account SELECT id, '2026-04-01', logins, nps, overdue, tickets, name, csm, tier FROM explain_change.account WHERE at = '2026-03-01';
UPDATE explain_change.account SET logins = logins - 4 WHERE id = 1 AND at = '2026-04-01';
INSERT INTO health_pulse (book, account_id, signal, value, note, set_at, expires_at) VALUES ('explain', '4', 'call', '2', 'angry', '2026-03-20', '2027-01-01');
INSERT INTO health_override (book, account_id, mode, score, note, set_at, expires_at) VALUES ('explain', '4', 'cap', 20, 'leaves', '2026-03-20', '2027-01-01');
CALL health_refresh('c', '2026-04-01');
CALL health_refresh('t', '2026-04-01');
SELECT rank, part, driver, before_value, after_value, round(change::numeric, 6) AS change FROM health_explain_change('c', 1, '2026-03-15', '2026-04-15');
SELECT rank, part, driver, before_value, after_value, round(change::numeric, 6) AS change FROM health_explain_change('c', 4, '2026-03-15', '2026-04-15');
SELECT rank, part, driver, round(change::numeric, 6) AS change, peers, peers_alike FROM health_explain_change('c', 6, '2026-03-15', '2026-04-15', by => 'all');
-- The others are those of the book's refreshes, whatever single account was scored since or in between.
SELECT health_refresh_account('c', 1) \g /dev/null
SELECT max(peers) AS peers FROM health_explain_change('c', 1, '2026-03-15', now() + interval '1 day', by => 'all');
INSERT INTO explain_change.c_history (account_id, scored_at, score, model, model_version, inputs) SELECT account_id, '2026-03-20', score, model, model_version, inputs FROM explain_change.c_history WHERE account_id = 1 AND scored_at = '2026-03-01';
SELECT max(peers) AS peers FROM health_explain_change('c', 1, '2026-02-15', '2026-03-25', by => 'all');
DELETE FROM explain_change.c_history WHERE scored_at NOT IN ('2026-02-01', '2026-03-01', '2026-04-01');
-- For every account, span and source the parts are the change, and so is what history says.
SELECT count(*) AS spans, count(*) FILTER (WHERE abs(parts - whole) > 1e-9 OR (parts IS NULL) <> (whole IS NULL)) AS wrong, count(*) FILTER (WHERE whole IS DISTINCT FROM by_history) AS differ
  FROM (SELECT count(*) FILTER (WHERE part <> 'score'), sum(x.change) FILTER (WHERE part <> 'score') + 0 AS parts, max(x.change) FILTER (WHERE part = 'score') AS whole, h2.score - h1.score AS by_history
          FROM (SELECT 'c' AS source, h.* FROM explain_change.c_history h UNION ALL SELECT 't', h.* FROM explain_change.t_history h) h1
          JOIN (SELECT 'c' AS source, h.* FROM explain_change.c_history h UNION ALL SELECT 't', h.* FROM explain_change.t_history h) h2 ON (h1.source, h1.account_id) = (h2.source, h2.account_id) AND h1.scored_at < h2.scored_at
         CROSS JOIN LATERAL health_explain_change(h1.source, h1.account_id, h1.scored_at, h2.scored_at) x
         GROUP BY h1.source, h1.account_id, h1.scored_at, h2.scored_at, h1.score, h2.score) s
 WHERE whole <> 0 OR whole IS NULL AND parts IS NOT NULL;
-- What is refused.
SELECT health_explain_change('c', 99); \echo :SQLSTATE
SELECT health_explain_change('c', 'one'); \echo :SQLSTATE
SELECT health_explain_change('c', 1, by => 'region'); \echo :SQLSTATE
SELECT health_explain_change('c', 1, NULL); \echo :SQLSTATE
SELECT health_explain_change('d', 1); \echo :SQLSTATE
UPDATE explain_change.c_history SET inputs = NULL WHERE account_id = 1 AND scored_at = '2026-03-01';
SELECT health_explain_change('c', 1, '2026-02-15', '2026-03-15'); \echo :SQLSTATE

-- All that is known of an account.
INSERT INTO health_outcome (book, account_id, kind, at) VALUES ('explain', '4', 'complained', '2026-03-21');
SELECT health_identity_link('zendesk', 'z4', 'explain', 4, 'explain') \g /dev/null
SELECT k FROM jsonb_object_keys(health_account('c', 4)) k WHERE k NOT LIKE 'alert%' ORDER BY 1;
SELECT a ->> 'account_id' AS account_id, a #>> '{current,name}' AS name, a #>> '{current,score}' AS score, a #>> '{current,calculated}' AS calculated, jsonb_array_length(a -> 'history') AS history, jsonb_array_length(a -> 'drivers') AS drivers,
       a #>> '{pulses,0,note}' AS pulse, a #>> '{overrides,0,mode}' AS override, a #>> '{outcomes,0,kind}' AS outcome, a #>> '{identities,1,external_id}' AS zendesk, a -> 'linked_accounts' AS linked FROM health_account('c', '04') a;
SELECT health_account('c', 99); \echo :SQLSTATE
CREATE ROLE explain_change_low;
GRANT USAGE ON SCHEMA explain_change TO explain_change_low;
GRANT SELECT ON explain_change.c_history, explain_change.c_current TO explain_change_low;
SET ROLE explain_change_low;
SELECT k FROM jsonb_object_keys(health_account('c', 4)) k WHERE k NOT LIKE 'alert%' ORDER BY 1;
SELECT count(*) > 0 AS explains FROM health_explain_change('c', 4, '2026-03-15', '2026-04-15', by => 'all');
SELECT health_account('t', 4); \echo :SQLSTATE
RESET ROLE;
DELETE FROM health_source;
DELETE FROM health_run;
DELETE FROM health_pulse;
DELETE FROM health_override;
DELETE FROM health_outcome;
DELETE FROM health_identity;
DROP SCHEMA explain_change CASCADE;
DROP ROLE explain_change_low;
