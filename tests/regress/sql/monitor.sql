-- health_monitor: what a check sees of a source, a scheduler that stopped, a role that cannot log in; who may read it.
\set SHOW_CONTEXT never
\set VERBOSITY default
SET timezone = 'UTC';
CREATE SCHEMA monitor;
SET search_path = monitor, public;
CREATE TABLE account AS SELECT i AS id, i AS a FROM generate_series(1, 20) i;
SELECT health_model_save('monitor', '{"signals": {"a": {"scale": {"linear": [0, 100]}}}}') \g /dev/null
SELECT health_source_add('new', 'monitor', 'account', 'id'), health_source_add('nightly', 'monitor', 'account', 'id'), health_source_add('weekly', 'monitor', 'account', 'id'),
       health_source_add('stopped', 'monitor', 'account', 'id'), health_source_add('failing', 'monitor', 'account', 'id'), health_source_add('held', 'monitor', 'account', 'id'),
       health_source_add('scheduled', 'monitor', 'account', 'id'), health_source_add('crashed', 'monitor', 'account', 'id'), health_source_add('few', 'monitor', 'account', 'id') \g /dev/null
-- Runs of the last nights; an hour after each night's run.
INSERT INTO health_run (source, as_of, status, started_at, finished_at, accounts)
SELECT s.name, at, 'done', at, at + interval '2 minutes', 20
  FROM (VALUES ('nightly', interval '1 day', 1), ('weekly', '7 days', 1), ('stopped', '1 day', 72), ('failing', '1 day', 49), ('held', '1 day', 25), ('scheduled', '1 day', 49)) s (name, apart, hours),
       generate_series(0, 11) n, LATERAL (SELECT now() - n * apart - hours * interval '1 hour') t (at);
INSERT INTO health_run (source, as_of, status, started_at, finished_at, accounts) VALUES
  ('few', now() - interval '30 days', 'done', now() - interval '30 days', now() - interval '30 days', 20),
  ('failing', now(), 'failed', now() - interval '25 hours', now() - interval '25 hours', NULL), ('failing', now(), 'failed', now() - interval '1 hour', now() - interval '1 hour', NULL),
  ('held', now(), 'held', now() - interval '1 hour', now() - interval '1 hour', 20),
  ('nightly', now(), 'done', now() - interval '10 minutes', now() - interval '9 minutes', 5);
-- A backfill is no night.
UPDATE health_run SET backfill = true WHERE source = 'nightly' AND accounts = 5;
INSERT INTO health_run (source, as_of, status, started_at, pid) VALUES ('crashed', now(), 'running', now(), 0);
UPDATE health_source SET schedule = to_char(now() - interval '1 hour', 'MI HH24') || ' * * *' WHERE name = 'scheduled';
INSERT INTO health_playbook (name, source, trigger, action) VALUES ('p', 'nightly', 'stale', 'call');
INSERT INTO health_alert (playbook, source, book, account_id, run, as_of, trigger, reason, action, severity, due_at, status)
SELECT 'p', 'nightly', 'accounts', id, 1, now(), 'stale', 'r', 'call', 'low', now() + (id - 2.5) * interval '1 day', CASE id WHEN 1 THEN 'resolved' ELSE 'open' END FROM account WHERE id <= 4;

SELECT source, status, round(extract(epoch FROM age) / 3600) AS age, round(extract(epoch FROM expected) / 3600) AS expected, round(extract(epoch FROM late) / 3600) AS late,
       failed, held, alerts_open AS open, alerts_overdue AS overdue, review_due AS review, regexp_replace(problem, '[0-9]{4}-.*', '…') AS problem
  FROM health_monitor ORDER BY source;
-- A role that is gone; a role that cannot log in, which matters to pg_cron only.
CREATE ROLE monitor_night;
UPDATE health_source SET run_as = 'monitor_night' WHERE name IN ('nightly', 'scheduled');
SELECT source, problem FROM health_monitor WHERE source IN ('nightly', 'scheduled') ORDER BY source;
ALTER ROLE monitor_night RENAME TO monitor_later;
SELECT source, problem FROM health_monitor WHERE source IN ('nightly', 'scheduled') ORDER BY source;
-- A model whose review is due.
SELECT max(review_due::int) FROM health_monitor;

-- pg_monitor sees runs and numbers of alerts, and no customer.
CREATE ROLE monitor_watch IN ROLE pg_monitor;
SET ROLE monitor_watch;
SELECT count(*) FROM health_monitor;
SELECT count(*) FROM health_run WHERE source = 'few';
SELECT count(*) FROM health_alert WHERE account_id = '1';
RESET ROLE;

-- Schedules of cron.
SELECT cron, health_score_internal.health_cron_next(cron, after, zone) FROM (VALUES
  ('15 2 * * *', timestamptz '2026-02-27 02:15Z', 'UTC'), ('15 2 * * *', '2026-02-27 02:14:59Z', 'UTC'), ('*/15 * * * *', '2026-02-27 02:15Z', 'UTC'),
  ('0 9-17/4 * * mon-fri', '2026-02-27 20:15Z', 'Europe/Berlin'), ('30 2 * * *', '2026-03-28 12:00Z', 'Europe/Berlin'), ('0 0 29 2 *', '2026-02-27Z', 'UTC'),
  ('0 0 1 * 0', '2026-02-27Z', 'UTC'), ('0 0 13 * fri', '2026-02-27 12:00Z', 'UTC'), ('0 0 $ * *', '2026-02-27Z', 'UTC'), ('0 0 * * 7', '2026-02-27Z', 'UTC'), ('5,10 1,2 * JAN-mar *', '2026-03-31 02:10Z', 'UTC'),
  ('30 seconds', '2026-02-27Z', 'UTC'), ('@daily', '2026-02-27Z', 'UTC'), ('@reboot', '2026-02-27Z', 'UTC'), ('61 * * * *', '2026-02-27Z', 'UTC'), ('0 0 31 2 *', '2026-02-27Z', 'UTC'),
  ('5-1 * * * *', '2026-02-27Z', 'UTC'), ('*/0 * * * *', '2026-02-27Z', 'UTC'), ('0 0 * * xyz', '2026-02-27Z', 'UTC'), ('nonsense', '2026-02-27Z', 'UTC'), ('', '2026-02-27Z', 'UTC'), (NULL, '2026-02-27Z', 'UTC'),
  ('* * * * *', NULL, 'UTC'), ('* * * * *', '2026-02-27Z', 'No/Where')) c (cron, after, zone);

DELETE FROM health_alert;
DELETE FROM health_playbook;
DELETE FROM health_run;
DELETE FROM health_source;
SET client_min_messages = warning;
DROP SCHEMA monitor CASCADE;
DROP ROLE monitor_later, monitor_watch;
