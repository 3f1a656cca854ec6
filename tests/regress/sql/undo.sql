-- health_run_undo takes a run back whole: a book that has had the run and one that never had it are the same afterwards, and after the
-- next night. health_import makes nights of another system's scores.
\set SHOW_CONTEXT never
SET client_min_messages = error;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA undo;
SET search_path = undo, public;
DELETE FROM health_run;
DELETE FROM health_alert;
DELETE FROM health_playbook;
ALTER SEQUENCE health_run_id_seq RESTART;
ALTER SEQUENCE health_alert_id_seq RESTART;
SELECT health_model_save('undo', '{"signals": {"a": {"scale": {"linear": [0, 100]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}], "trend": {"window": "10 days"}}') \g /dev/null
CREATE TABLE account AS SELECT id, day::date AS day, 60 + id + (id + extract(day FROM day)::int) % 3 AS a FROM generate_series(1, 20) id, generate_series(timestamp '2025-01-01', '2025-01-20', '1 day') day;
SELECT health_source_add(s, 'undo', 'account', 'id', time_column => 'day', book => s) FROM unnest('{with,without}'::text[]) s \g /dev/null
INSERT INTO health_playbook (name, model, trigger, band, direction, points, within, condition, action, cooldown) VALUES
    ('red', 'undo', 'band', 'red', NULL, NULL, NULL, NULL, 'call', '2 days'), ('decline', 'undo', 'trend', NULL, 'declining', NULL, NULL, NULL, 'call', '0'),
    ('drop', 'undo', 'drop', NULL, NULL, 25, '3 days', NULL, 'call', '0'), ('top', 'undo', 'opportunity', NULL, NULL, NULL, NULL, '{"input": "a", "ge": 85}', 'call', '0');
-- Nights of one source or both.
CREATE FUNCTION nights("from" date, "to" date, VARIADIC sources text[]) RETURNS SETOF text LANGUAGE sql
BEGIN ATOMIC SELECT format('CALL health_refresh(%L, %L)', s, d) FROM unnest(sources) s, generate_series("from"::timestamptz, "to"::timestamptz, '1 day') d ORDER BY d, s; END;
-- All of the state of both sources, but for ids and clock times.
CREATE VIEW history AS SELECT 'with' AS source, to_jsonb(h) - 'run' AS row FROM with_history h UNION ALL SELECT 'without', to_jsonb(h) - 'run' FROM without_history h;
CREATE VIEW state AS
SELECT source, 'history' AS what, row FROM history
UNION ALL SELECT source, 'alert', to_jsonb(a) - '{id,run,source,book,raised_at,resolved_at,delivered_at,leased_until,acknowledged_at,claimed_by,explanation,action}'::text[] || jsonb_build_object('open', resolved_at IS NULL) FROM health_alert a
UNION ALL SELECT a.source, 'score', to_jsonb(s) - 'alert' || jsonb_build_object('playbook', playbook, 'account', account_id) FROM health_alert_score s JOIN health_alert a ON a.id = s.alert
UNION ALL SELECT name, 'source', to_jsonb(last_as_of) FROM health_source
UNION ALL SELECT 'with', 'current', to_jsonb(c) FROM with_current c UNION ALL SELECT 'without', 'current', to_jsonb(c) FROM without_current c;
CREATE FUNCTION differ(OUT what text, OUT of_both bigint, OUT differences bigint) RETURNS SETOF record LANGUAGE sql
BEGIN ATOMIC
    SELECT s.what, count(*), count(*) FILTER (WHERE s.row IS NULL OR o.row IS NULL)
      FROM (SELECT what, row, row_number() OVER (PARTITION BY what, row) AS n FROM undo.state WHERE source = 'with') s
      FULL JOIN (SELECT what, row, row_number() OVER (PARTITION BY what, row) AS n FROM undo.state WHERE source = 'without') o USING (what, row, n)
     GROUP BY s.what ORDER BY s.what;
END;
SELECT nights('2025-01-01', '2025-01-10', 'with', 'without') \gexec
SELECT * FROM differ();
-- People work on alerts of both.
UPDATE account SET a = 10 WHERE id IN (1, 2, 3) AND day = '2025-01-11';
SELECT nights('2025-01-11', '2025-01-11', 'with', 'without') \gexec
SELECT health_alert_resolve(id, 'called') FROM health_alert WHERE account_id = '1' AND playbook = 'red' \g /dev/null
SELECT health_alert_snooze(id, 'tomorrow') FROM health_alert WHERE account_id = '2' AND playbook = 'red' \g /dev/null
SELECT nights('2025-01-12', '2025-01-12', 'with', 'without') \gexec
SELECT * FROM differ();

-- A run that raises alerts, ends some, and follows others.
UPDATE account SET a = 10 WHERE id IN (4, 5) AND day = '2025-01-13';
SELECT nights('2025-01-13', '2025-01-13', 'with') \gexec
SELECT count(*) FILTER (WHERE differences > 0) AS differ FROM differ();
SELECT health_run_undo(max(id)) FROM health_run;
SELECT * FROM differ();
SELECT status, accounts, alerts, message FROM health_run ORDER BY id DESC LIMIT 1;
SELECT nights('2025-01-14', '2025-01-16', 'with', 'without') \gexec
SELECT * FROM differ();
-- The same time again, after an undo of the newest night.
SELECT health_run_undo(max(id)) FROM health_run WHERE source = 'with' AND status = 'done';
SELECT nights('2025-01-16', '2025-01-16', 'with') \gexec
SELECT * FROM differ();
-- An alert that a worker has claimed ends with a note.
UPDATE account SET a = 10 WHERE id IN (6, 7) AND day = '2025-01-17';
SELECT nights('2025-01-17', '2025-01-17', 'with') \gexec
SELECT count(*) FROM health_alert WHERE account_id = '6' AND as_of = '2025-01-17';
UPDATE health_alert SET due_at = '2000-01-01' WHERE account_id = '6' AND as_of = '2025-01-17' AND playbook = 'red';
SELECT account_id FROM health_alert_claim(1);
SELECT health_run_undo(max(id)) FROM health_run;
SELECT playbook, account_id, status, ended_at, note FROM health_alert WHERE as_of = '2025-01-17';
DELETE FROM health_alert WHERE as_of = '2025-01-17';
SELECT * FROM differ();
-- Held runs, the one that takes their level over (declines begin a night later than drops), and a release: each can be taken back.
UPDATE account SET a = 10 WHERE id > 8 AND day >= '2025-01-17';
SELECT nights('2025-01-17', '2025-01-19', 'with') \gexec
SELECT nights('2025-01-17', '2025-01-17', 'without') \gexec
SELECT id, status, message FROM health_run WHERE source = 'with' ORDER BY id DESC LIMIT 3;
SELECT health_run_undo(max(id)) FROM health_run WHERE source = 'with';
SELECT health_run_undo(max(id)) FROM health_run WHERE source = 'with' AND status = 'held';
SELECT * FROM differ();
SELECT source, status, reason, replace(action, run::text, 'N') AS action, due_at FROM health_alert WHERE playbook IS NULL ORDER BY source;
SELECT health_run_release(max(id)) FROM health_run WHERE source = 'with' AND status = 'held';
SELECT count(*) FROM health_alert WHERE source = 'with' AND as_of = '2025-01-17';
SELECT health_run_undo(max(id)) FROM health_run WHERE source = 'with' AND status = 'done';
SELECT health_run_undo(max(id)) FROM health_run WHERE source = 'without' AND status = 'held';
SELECT * FROM differ();
SELECT nights('2025-01-17', '2025-01-17', 'with', 'without') \gexec
SELECT * FROM differ();
-- A good run that ended a data alert.
UPDATE account SET a = 70 WHERE day >= '2025-01-18' AND id > 8;
SELECT nights('2025-01-18', '2025-01-18', 'with') \gexec
SELECT status FROM health_alert WHERE source = 'with' AND playbook IS NULL;
SELECT health_run_undo(max(id)) FROM health_run;
SELECT * FROM differ();
-- An older night: later ones stay.
SELECT nights('2025-01-18', '2025-01-20', 'with') \gexec
SELECT health_run_undo(id) FROM health_run WHERE source = 'with' AND as_of = '2025-01-19' AND status IN ('done', 'held');
SELECT max(scored_at), count(DISTINCT scored_at) FROM with_history WHERE scored_at >= '2025-01-18';
SELECT last_as_of FROM health_source WHERE name = 'with';
-- Runs of one time. What a run replaced is gone, and its run with it.
CALL health_refresh('with', '2025-01-20', true);
SELECT health_run_undo(max(id)) FROM health_run;
SELECT id - (SELECT max(id) FROM health_run) AS run, status, replace(message, (SELECT max(id) FROM health_run)::text, 'N') AS message FROM health_run WHERE source = 'with' AND as_of = '2025-01-20' ORDER BY id;
SELECT last_as_of, (SELECT count(*) FROM with_history WHERE scored_at = '2025-01-20') AS rows FROM health_source WHERE name = 'with';
-- What cannot be taken back.
SELECT health_run_undo(max(id)) FROM health_run; \echo :SQLSTATE
SELECT health_run_undo(0); \echo :SQLSTATE
SELECT health_run_undo(NULL); \echo :SQLSTATE
CREATE ROLE undo_nobody;
GRANT USAGE ON SCHEMA undo TO undo_nobody;
GRANT SELECT ON health_run TO undo_nobody;
SET ROLE undo_nobody;
SELECT health_run_undo(1); \echo :SQLSTATE
RESET ROLE;
REVOKE ALL ON health_run FROM undo_nobody;
DROP OWNED BY undo_nobody;
DROP ROLE undo_nobody;
-- All of them: the source is as it was before its first run.
SELECT count(health_run_undo(r.id)) > 0 AS undone FROM (SELECT id FROM health_run WHERE source = 'with' AND status IN ('done', 'held') ORDER BY id DESC) r;
SELECT last_as_of, (SELECT count(*) FROM with_history) AS rows, (SELECT count(*) FROM health_alert WHERE source = 'with' AND attempts = 0 AND acknowledged_at IS NULL AND resolved_by IS NULL AND snoozed_until IS NULL) AS untouched FROM health_source WHERE name = 'with';
DROP VIEW state CASCADE;
SELECT health_source_drop('with'), health_source_drop('without');
DELETE FROM health_alert;

-- An import: the scores of a vendor become nights of the source; nothing alerts, and the first run after it is not compared with
-- another model's scores.
CREATE TABLE vendor AS SELECT id::text AS account, day::date AS day, (id * 4 + extract(month FROM day))::numeric AS score, CASE WHEN id % 2 = 0 THEN 'green' WHEN id % 3 = 0 THEN 'A' END AS grade
  FROM generate_series(4, 20) id, generate_series(timestamp '2024-09-01', '2024-12-01', '1 month') day;
SELECT health_source_add('book', 'undo', 'account', 'id', time_column => 'day') \g /dev/null
SELECT health_import('book', 'vendor', 'account', 'day', 'score', 'grade', 'vendor@2');
SELECT health_import('book', 'vendor', 'account', 'day', 'score', 'grade', 'vendor@2') AS again;
SELECT as_of, status, backfill, accounts, alerts, message FROM health_run WHERE source = 'book' ORDER BY id;
SELECT account_id, scored_at, score, band, band_rank, status, model, model_version, inputs FROM book_history WHERE account_id IN (5, 6, 9) AND scored_at > '2024-11-15' ORDER BY account_id;
SELECT account_id, score, calculated, band, trend, change_30_days, explanation FROM book_current ORDER BY score LIMIT 2;
SELECT count(*) FROM book_movers;
INSERT INTO health_outcome (book, account_id, kind, at) SELECT 'accounts', id, 'churned', '2024-10-15' FROM generate_series(4, 8) id;
SELECT count(*), count(*) FILTER (WHERE event) AS events FROM health_labelled('book');
SELECT accounts, events, auc FROM health_backtest('book', horizon => '60 days');
CALL health_refresh('book', '2025-01-02');
SELECT status, alerts FROM health_run WHERE source = 'book' ORDER BY id DESC LIMIT 1;
SELECT account_id, model, round(change_30_days) AS change FROM book_current WHERE account_id IN (5, 9) ORDER BY 1;
SELECT health_run_undo(min(id)) FROM health_run WHERE source = 'book';
-- Errors name the account.
CREATE VIEW bad AS SELECT account, day, score, grade FROM vendor;
INSERT INTO vendor VALUES ('7', '2024-08-01', 101);
SELECT health_import('book', 'bad', 'account', 'day', 'score'); \echo :SQLSTATE
UPDATE vendor SET score = 'NaN' WHERE day = '2024-08-01';
SELECT health_import('book', 'bad', 'account', 'day', 'score'); \echo :SQLSTATE
UPDATE vendor SET score = NULL WHERE day = '2024-08-01';
SELECT health_import('book', 'bad', 'account', 'day', 'score'); \echo :SQLSTATE
UPDATE vendor SET score = 1, day = NULL WHERE day = '2024-08-01';
SELECT health_import('book', 'bad', 'account', 'day', 'score'); \echo :SQLSTATE
UPDATE vendor SET day = 'infinity' WHERE day IS NULL;
SELECT health_import('book', 'bad', 'account', 'day', 'score'); \echo :SQLSTATE
UPDATE vendor SET day = '2024-09-01' WHERE day = 'infinity';
SELECT health_import('book', 'bad', 'account', 'day', 'score'); \echo :SQLSTATE
UPDATE vendor SET account = NULL, day = '2024-08-01' WHERE score = 1;
SELECT health_import('book', 'bad', 'account', 'day', 'score'); \echo :SQLSTATE
UPDATE vendor SET account = 'seven' WHERE account IS NULL;
SELECT health_import('book', 'bad', 'account', 'day', 'score'); \echo :SQLSTATE
SELECT health_import('book', 'bad', 'account', 'grade', 'score'); \echo :SQLSTATE
SELECT health_import('book', 'bad', 'account', 'day', 'grade'); \echo :SQLSTATE
SELECT health_import('book', 'bad', 'account', 'day', 'none'); \echo :SQLSTATE
SELECT health_import('book', NULL, 'account', 'day', 'score'); \echo :SQLSTATE
SELECT health_import('none', 'bad', 'account', 'day', 'score'); \echo :SQLSTATE
SELECT health_import('book', 'bad', 'account', 'day', 'score', model => ''); \echo :SQLSTATE
CREATE VIEW many AS SELECT 1 AS account, timestamptz '2020-01-01' + n * interval '1 minute' AS day, 50 AS score FROM generate_series(1, 10001) n;
SELECT health_import('book', 'many', 'account', 'day', 'score'); \echo :SQLSTATE
SELECT count(*) FILTER (WHERE status = 'done') AS done, count(*) FILTER (WHERE status = 'undone') AS undone FROM health_run WHERE source = 'book';

SELECT health_source_drop('book');
DELETE FROM health_outcome;
DELETE FROM health_alert;
DELETE FROM health_playbook;
DELETE FROM health_run;
DROP SCHEMA undo CASCADE;
