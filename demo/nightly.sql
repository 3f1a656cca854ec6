-- The nightly run on the sample company: two years of history, playbooks, alerts and their results.
--
--   psql -X -q -v ON_ERROR_STOP=1 -f demo/nightly.sql        after demo/company.sql and demo/model.sql
--
-- The script creates source 'customers' with its history and views in schema demo, and replaces existing ones.
-- "Today" is 2026-06-30.

\set ECHO none
\encoding UTF8
\pset pager off
\pset footer off
\pset border 1
\pset null '-'
\timing off
SET client_min_messages = warning;
SET timezone = 'UTC';
SET search_path = demo, public;
DELETE FROM health_alert WHERE source = 'customers';
SELECT health_source_drop(name) FROM health_source WHERE name = 'customers' \g /dev/null
DELETE FROM health_playbook WHERE model = 'company';
DELETE FROM health_run WHERE source = 'customers';
DROP TABLE IF EXISTS demo.customers_history CASCADE;
-- Outcomes of accounts, to compare with scores.
INSERT INTO health_outcome (book, account_id, kind, at, value)
SELECT 'accounts', account_id, kind, at::timestamp AT TIME ZONE 'UTC', mrr FROM demo.outcome ON CONFLICT DO NOTHING;
\echo
\echo '── 10. Two years of history: each month scored from the data known then ────────────────────────────────────────'
\set ECHO queries
CREATE OR REPLACE VIEW demo.account_then AS
SELECT * FROM demo.account_inputs_at((health_as_of() AT TIME ZONE 'UTC')::date);

SELECT health_source_add('customers', model => 'company', relation => 'demo.account_then', account_column => 'account_id', name_column => 'name',
                         value_column => 'mrr', owner_column => 'owner', renewal_column => 'renewal_date', point_in_time => true) AS history;

CALL health_backfill('customers', '2024-08-31 00:00Z', '2026-03-31 00:00Z', '1 month');

SELECT to_char(scored_at, 'YYYY-MM') AS month, count(*) AS accounts, count(*) FILTER (WHERE band = 'red') AS red,
       count(*) FILTER (WHERE band = 'yellow') AS yellow, count(*) FILTER (WHERE band = 'green') AS green,
       round(100 * sum(value) FILTER (WHERE band = 'red') / sum(value), 1) AS "mrr at risk %"
FROM customers_history WHERE extract(month FROM scored_at) IN (3, 9, 12) GROUP BY scored_at ORDER BY scored_at;
\set ECHO none
\echo '── 11. Playbooks, and the alerts of one night: event, account, task, owner and due date ────────────────────────'
\set ECHO queries
INSERT INTO health_playbook SELECT * FROM health_playbook_examples('company');
UPDATE health_source SET hold_alerts_above = 0.5 WHERE name = 'customers';
CALL health_refresh('customers', '2026-04-30 00:00Z');

SELECT playbook, severity, count(*) AS alerts, round(sum(value)) AS mrr, min(due_at)::date AS due
FROM health_alert WHERE source = 'customers' GROUP BY 1, 2 ORDER BY alerts DESC;
\set ECHO none
\echo '── 12. A worker claims and delivers alerts, people resolve alerts ──────────────────────────────────────────────'
\set ECHO queries
SELECT count(health_alert_delivered(id, 'CS-' || id)) AS delivered FROM health_alert_claim(20, source => 'customers');

SELECT name, playbook, left(explanation, 100) AS explanation FROM health_alert
WHERE source = 'customers' AND delivered_at IS NOT NULL ORDER BY value DESC LIMIT 3;

SELECT count(health_alert_resolve(id, 'called the sponsor')) AS resolved FROM health_alert
WHERE source = 'customers' AND delivered_at IS NOT NULL AND id % 2 = 0;

CALL health_refresh('customers', '2026-05-31 00:00Z');
CALL health_refresh('customers', '2026-06-30 00:00Z');
\set ECHO none
\echo '── 13. Did it help? Scores since the alert, by action taken ────────────────────────────────────────────────────'
\set ECHO queries
SELECT coalesce(action_taken, 'ended by itself') AS "action taken", count(*) AS alerts, round(avg(score)) AS "score then",
       round(avg(latest_change)::numeric, 1) AS "change since"
FROM health_alert_outcome WHERE source = 'customers' GROUP BY 1 ORDER BY 1;
\set ECHO none
\echo '── 14. Which scores changed most, and why? ─────────────────────────────────────────────────────────────────────'
\set ECHO queries
SELECT name, round(change) AS change, band_30_days_ago AS before, band, left(explanation, 110) AS explanation
FROM customers_movers ORDER BY change LIMIT 5;
\set ECHO none
\echo '── 15. One customer, or the whole book? How many peers changed by the same driver ──────────────────────────────'
\set ECHO queries
SELECT c.part, c.label, round(c.change::numeric, 1) AS change, c.peers, round(c.peers_change::numeric, 1) AS "peers' change", c.peers_alike AS alike
FROM (SELECT account_id FROM customers_movers ORDER BY change LIMIT 1) AS m,
     health_explain_change('customers', m.account_id, '2026-05-31 00:00Z', '2026-06-30 00:00Z', by => 'all') AS c
WHERE abs(c.change) >= 1 ORDER BY c.rank;
\set ECHO none
