-- Refresh: what is written, for which time, by which rights; what fails and what then goes on.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA refresh;
SELECT health_model_save('refresh model', '{"signals": {"logins": {"weight": 2, "scale": {"linear": [0, 40]}}, "nps": {"scale": {"linear": [0, 10]}}, "seen": {"scale": {"recency": {"best": "7 days", "worst": "90 days"}}, "optional": true}},
  "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}],
  "segments": [{"name": "big", "when": {"input": "nps", "gt": 9}, "patch": {"signals": {"nps": {"weight": 10}}}}]}') \g /dev/null

-- Snapshots, a week apart: the same once with a time column, once through a view that asks for the time.
CREATE TABLE refresh.snapshot AS
SELECT id, at, (id * 7 + extract(epoch FROM at)::bigint / 86400 / 7 * id) % 41 AS logins, id % 11 AS nps, (at - id * interval '1 day')::date AS seen, 'Account ' || id AS name, 100 * id AS arr
  FROM generate_series(1, 20) id, generate_series(timestamptz '2025-01-01', '2025-12-31', '7 days') at;
CREATE VIEW refresh.pit AS
SELECT DISTINCT ON (id) * FROM refresh.snapshot WHERE at <= health_as_of() ORDER BY id, at DESC;
SELECT health_source_add('by time', 'refresh model', 'refresh.snapshot', 'id', name_column => 'name', value_column => 'arr', time_column => 'at'),
       health_source_add('by view', 'refresh model', 'refresh.pit', 'id', name_column => 'name', value_column => 'arr', point_in_time => true);
CALL health_backfill('by time', '2025-01-31 12:00Z', '2025-12-31', '1 month');
SET timezone = 'America/Los_Angeles';
CALL health_backfill('by view', '2025-01-31 12:00Z', '2025-12-31', '1 month');
SET timezone = 'UTC';
SELECT count(*), count(DISTINCT scored_at) AS times, min(scored_at), max(scored_at), count(DISTINCT score) > 50 AS scores FROM refresh."by time_history";
SELECT count(*) AS differences FROM (
    (SELECT to_jsonb(t) - 'run' FROM refresh."by time_history" t EXCEPT SELECT to_jsonb(v) - 'run' FROM refresh."by view_history" v) UNION ALL
    (SELECT to_jsonb(v) - 'run' FROM refresh."by view_history" v EXCEPT SELECT to_jsonb(t) - 'run' FROM refresh."by time_history" t)) d;
-- By hand, for one time.
SELECT count(*) AS accounts, count(*) FILTER (WHERE h.score IS DISTINCT FROM s.score OR h.band IS DISTINCT FROM s.band OR health_score_internal.health_kept_drivers_jsonb('refresh model', h.inputs, h.scored_at, NULL, h.score, h.coverage) IS DISTINCT FROM s.drivers OR h.coverage IS DISTINCT FROM s.coverage
                            OR h.segment IS DISTINCT FROM s.segment OR h.score IS DISTINCT FROM health_score('refresh model', h.inputs, h.scored_at)) AS differences
  FROM refresh."by time_history" h
  JOIN (SELECT DISTINCT ON (id) * FROM refresh.snapshot WHERE at <= '2025-06-30 12:00Z' ORDER BY id, at DESC) r ON r.id = h.account_id
 CROSS JOIN LATERAL health_assess('refresh model', r, '2025-06-30 12:00Z') s
 WHERE h.scored_at = '2025-06-30 12:00Z';
-- Months of UTC, one partition each, and the next one.
SELECT partition, from_at, to_at FROM health_score_internal.health_history_partitions('refresh."by time_history"');
SELECT source, count(*), min(as_of), max(as_of), sum(accounts), string_agg(DISTINCT status, ',') FROM health_run GROUP BY source ORDER BY source;
SELECT signal, missing, invalid, round(mean::numeric, 3) AS mean,
       mean = (SELECT health_rollup(d.subscore) FROM refresh."by time_drivers" d WHERE d.scored_at = r.as_of AND d.driver = signal) AS by_hand
  FROM health_run r JOIN health_run_signal s ON s.run = r.id WHERE r.source = 'by time' AND as_of = '2025-06-30 12:00Z' ORDER BY signal;
-- Again: nothing is doubled, nothing changed; what is missing is filled in; replace makes the rows anew.
DELETE FROM refresh."by time_history" WHERE account_id = 3;
UPDATE refresh."by time_history" SET score = -1 WHERE account_id = 4;
CALL health_backfill('by time', '2025-01-31 12:00Z', '2025-12-31', '1 month');
SELECT count(*), count(*) FILTER (WHERE score = -1) AS kept FROM refresh."by time_history";
CALL health_refresh('by time', '2025-06-30 12:00Z', replace => true);
SELECT count(*), count(*) FILTER (WHERE score = -1) AS kept FROM refresh."by time_history";
CALL health_refresh('by view', '2025-06-30 12:00Z', true);
SELECT count(*), (SELECT last_as_of FROM health_source WHERE name = 'by view') FROM refresh."by view_history";

-- The views.
SELECT account_id, name, scored_at, round(score) AS score, band, trend, round(change_30_days) AS change, band_30_days_ago, top_driver, value FROM refresh."by time_current" ORDER BY account_id LIMIT 5;
SELECT explanation FROM refresh."by time_current" WHERE account_id = 2;
SELECT account_id, round(change) AS change, round(score) AS score, round(score_30_days_ago) AS before FROM refresh."by time_movers" LIMIT 3;
SELECT band, sum(accounts) AS accounts, sum(value) AS value, sum(at_risk_value) AS at_risk_value FROM refresh."by time_portfolio" GROUP BY band, band_rank ORDER BY band_rank;
SELECT count(*) FROM refresh."by time_parents";
SELECT account_id, inputs - 'seen' AS inputs FROM refresh."by time_inputs" ORDER BY account_id LIMIT 2;
-- They read history alone: the relation may be gone.
ALTER TABLE refresh.snapshot RENAME TO elsewhere;
SELECT count(*) FROM refresh."by time_current";

-- A relation that is gone, is back (as dbt swaps it), has lost a column.
CALL health_refresh('by time', '2025-12-15'); \echo :SQLSTATE
CREATE VIEW refresh.snapshot AS TABLE refresh.elsewhere;
CALL health_refresh('by time', '2025-12-15');
DROP VIEW refresh.snapshot;
CREATE VIEW refresh.snapshot AS SELECT id, at, logins AS login, nps, name, arr FROM refresh.elsewhere;
CALL health_refresh('by time', '2025-12-16'); \echo :SQLSTATE
DROP VIEW refresh.snapshot;
CREATE VIEW refresh.snapshot AS SELECT id, at AS taken, logins, nps, name, arr FROM refresh.elsewhere;
CALL health_refresh('by time', '2025-12-16'); \echo :SQLSTATE
DROP VIEW refresh.snapshot;
ALTER TABLE refresh.elsewhere RENAME TO snapshot;

-- Times that are refused. Today's rows are not filed as history.
CREATE TABLE refresh.today AS SELECT id, 20 AS logins, 5 AS nps FROM generate_series(1, 5) id;
SELECT health_source_add('today', 'refresh model', 'refresh.today', 'id');
CALL health_refresh('today', '2025-06-30'); \echo :SQLSTATE
CALL health_backfill('today', '2025-06-30'); \echo :SQLSTATE
CALL health_refresh('by time', 'infinity'); \echo :SQLSTATE
\set VERBOSITY sqlstate
CALL health_refresh('by time', now() + interval '1 day');
\set VERBOSITY default
CALL health_backfill('by time', '2025-01-01', '2025-02-01', '0'); \echo :SQLSTATE
CALL health_backfill('by time', '2025-01-01', '2025-02-01', '-1 day'); \echo :SQLSTATE
CALL health_backfill('by time', '-infinity', '2025-02-01'); \echo :SQLSTATE
CALL health_backfill('by time', NULL, '2025-02-01'); \echo :SQLSTATE
CALL health_backfill('by tim', '2025-01-01', '2025-02-01'); \echo :SQLSTATE
CALL health_backfill('by time', '2025-02-02', '2025-02-01');
CALL health_refresh('today', now());
SELECT count(*) FROM refresh.today_history;

-- Not inside a transaction or function; a DO block may commit.
BEGIN;
CALL health_refresh('today'); \echo :SQLSTATE
ROLLBACK;
CREATE FUNCTION refresh.inside() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL health_refresh('today'); END $$;
SELECT refresh.inside(); \echo :SQLSTATE
DO $$ BEGIN CALL health_refresh('today'); END $$;
SELECT count(*) FROM refresh.today_history;

-- From a trigger, in the transaction of the change.
CREATE FUNCTION refresh.touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM health_refresh_account('today', NEW.id); RETURN NULL; END $$;
CREATE TRIGGER touched AFTER INSERT OR UPDATE ON refresh.today FOR EACH ROW EXECUTE FUNCTION refresh.touched();
BEGIN;
UPDATE refresh.today SET logins = 40 WHERE id = 2;
UPDATE refresh.today SET logins = 0 WHERE id = 2;
COMMIT;
SELECT account_id, round(score) AS score FROM refresh.today_current ORDER BY 1;
BEGIN; UPDATE refresh.today SET logins = 40 WHERE id = 3; ROLLBACK;
SELECT count(*) FROM refresh.today_history;
DROP TRIGGER touched ON refresh.today;

-- Ids that are missing or doubled are named, also where two snapshots have the same time; nothing is written.
INSERT INTO refresh.today VALUES (4, 1, 1);
CALL health_refresh('today'); \echo :SQLSTATE
DELETE FROM refresh.today WHERE logins = 1;
INSERT INTO refresh.today VALUES (NULL, 1, 1);
CALL health_refresh('today'); \echo :SQLSTATE
DELETE FROM refresh.today WHERE id IS NULL;
INSERT INTO refresh.snapshot SELECT * FROM refresh.snapshot WHERE id = 5 AND at = (SELECT max(at) FROM refresh.snapshot);
CALL health_refresh('by time', '2025-12-31'); \echo :SQLSTATE
DELETE FROM refresh.snapshot WHERE ctid IN (SELECT max(ctid) FROM refresh.snapshot WHERE id = 5 GROUP BY at HAVING count(*) > 1);
SELECT count(*) FROM refresh.today_history;
-- Also in a table of one's own whose key is the other way round.
CREATE TABLE refresh.own (LIKE refresh.today_history, PRIMARY KEY (scored_at, account_id));
CREATE TABLE refresh.twice AS SELECT * FROM refresh.today;
INSERT INTO refresh.twice SELECT * FROM refresh.twice WHERE id = 2;
SELECT health_source_add('twice', 'refresh model', 'refresh.twice', 'id', history => 'refresh.own') \g /dev/null
CALL health_refresh('twice'); \echo :SQLSTATE
SELECT health_source_drop('twice');

-- A feed that has stopped is an error where max_staleness says so; accounts that have stopped are left out.
SELECT health_source_add('by time', 'refresh model', 'refresh.snapshot', 'id', time_column => 'at', max_staleness => '10 days');
CALL health_refresh('by time', '2026-01-20'); \echo :SQLSTATE
DELETE FROM refresh.snapshot WHERE id = 6 AND at > '2025-12-01';
CALL health_refresh('by time', '2025-12-29');
SELECT count(*) AS accounts, count(*) FILTER (WHERE account_id = 6) AS stopped FROM refresh."by time_history" WHERE scored_at = '2025-12-29';

-- Dates and times without zone are those of UTC.
CREATE VIEW refresh.by_date AS SELECT id, at::date AS day, at::timestamp AS moment, logins, nps FROM refresh.snapshot;
SELECT health_source_add('day', 'refresh model', 'refresh.by_date', 'id', time_column => 'day'), health_source_add('moment', 'refresh model', 'refresh.by_date', 'id', time_column => 'moment');
SET timezone = 'Asia/Tokyo';
CALL health_refresh('day', '2025-06-30 23:00Z');
CALL health_refresh('moment', '2025-06-30 23:00Z');
SET timezone = 'UTC';
SELECT count(*) AS accounts, count(*) FILTER (WHERE h.score <> health_score('refresh model', to_jsonb(s) - 'seen')) AS differences
  FROM (SELECT * FROM refresh.day_history UNION ALL SELECT * FROM refresh.moment_history) h
  JOIN refresh.snapshot s ON s.id = h.account_id AND s.at = (SELECT max(at) FROM refresh.snapshot x WHERE x.id = s.id AND at <= '2025-06-30 23:00Z');

-- One source fails on one account, another finds its relation dropped: the rest is refreshed, the call fails, and says why.
SELECT health_source_drop(s) FROM unnest('{day,moment,by time,by view}'::text[]) s;
CREATE VIEW refresh.breaks AS SELECT id, 100 / (id - 3) AS logins, 5 AS nps FROM refresh.today;
CREATE TABLE refresh.dropped AS TABLE refresh.today;
SELECT health_source_add('breaks', 'refresh model', 'refresh.breaks', 'id'), health_source_add('a dropped', 'refresh model', 'refresh.dropped', 'id');
DROP TABLE refresh.dropped;
DELETE FROM health_run;
SELECT count(*) AS before FROM refresh.today_history \gset
CALL health_refresh(); \echo :SQLSTATE
SELECT count(*) - :before AS written FROM refresh.today_history;
SELECT source, status, accounts, sqlstate, message, detail, finished_at >= started_at AS finished FROM health_run ORDER BY source;
SELECT count(*) FROM refresh.breaks_history;
-- The account is named, whatever the relation is and wherever in it: a value that the model does not take, rows with a time, ids
-- of text. An error in no account's data stays as it is.
CREATE TABLE refresh.many AS SELECT 'id ' || id AS id, CASE id WHEN 777 THEN float8 'Infinity' ELSE 1 END AS logins, 5 AS nps, timestamptz '2025-01-01' AS at FROM generate_series(1, 1000) id;
SELECT health_source_add('many', 'refresh model', 'refresh.many', 'id', time_column => 'at', max_staleness => '1 year');
CALL health_refresh('many', '2025-06-01'); \echo :SQLSTATE
CREATE VIEW refresh.raises AS SELECT id, (SELECT 1 FROM generate_series(1, CASE id WHEN 5 THEN 2 ELSE 1 END)) AS logins, 5 AS nps FROM refresh.today;
SELECT health_source_add('raises', 'refresh model', 'refresh.raises', 'id');
CALL health_refresh('raises'); \echo :SQLSTATE
CREATE OR REPLACE VIEW refresh.raises AS SELECT id, 1 / (SELECT count(*) - count(*) FROM refresh.today)::int AS logins, 5 AS nps FROM refresh.today;
CALL health_refresh('raises'); \echo :SQLSTATE
-- A value that no account may have: one account is named, and that others have it too. A per cent sign in a name is only a name.
CREATE VIEW refresh."50% off" AS SELECT id, float8 'NaN' AS logins, 5 AS nps FROM refresh.today ORDER BY id;
SELECT health_source_add('column', 'refresh model', 'refresh."50% off"', 'id', history => 'refresh.column_history');
CALL health_refresh('column'); \echo :SQLSTATE
-- Two of five: the first that is scored is named, not the column. And one account alone, which is all accounts.
CREATE OR REPLACE VIEW refresh."50% off" AS SELECT id, CASE WHEN id IN (2, 4) THEN float8 'NaN' ELSE 5 END AS logins, 5 AS nps FROM refresh.today ORDER BY id;
CALL health_refresh('column'); \echo :SQLSTATE
CREATE OR REPLACE VIEW refresh."50% off" AS SELECT id, float8 'NaN' AS logins, 5 AS nps FROM refresh.today WHERE id = 3;
CALL health_refresh('column'); \echo :SQLSTATE
-- What a view computes below its rows, where it sorts or groups, and what a row is ranked by time with.
CREATE OR REPLACE VIEW refresh."50% off" AS SELECT id, sum(100 / (id - 4))::float8 AS logins, 5 AS nps FROM refresh.today GROUP BY id;
CALL health_refresh('column'); \echo :SQLSTATE
CREATE VIEW refresh.timed AS SELECT id, 100 / (id - 4) AS logins, 5 AS nps, timestamptz '2025-01-01' AS at FROM refresh.today;
SELECT health_source_add('timed', 'refresh model', 'refresh.timed', 'id', time_column => 'at');
CALL health_refresh('timed', '2025-06-01'); \echo :SQLSTATE
-- Where not even the ids can be read, no account can be named.
CREATE OR REPLACE VIEW refresh."50% off" AS SELECT id, (100 / (id - 2))::float8 AS logins, 5 AS nps FROM refresh.today ORDER BY 2, 1;
CALL health_refresh('column'); \echo :SQLSTATE
-- A segment that the model does not have; an error of the history, which is that of no account.
CREATE OR REPLACE VIEW refresh.timed AS SELECT id, 20 AS logins, 5 AS nps, timestamptz '2025-01-01' AS at, CASE id WHEN 4 THEN 'bgi' ELSE 'big' END AS seg FROM refresh.today;
SELECT health_source_drop('timed') \g /dev/null
SELECT health_source_add('timed', 'refresh model', 'refresh.timed', 'id', time_column => 'at', segment_column => 'seg');
CALL health_refresh('timed', '2025-06-01'); \echo :SQLSTATE
CREATE FUNCTION refresh.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no more rows'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON refresh.many_history FOR EACH ROW EXECUTE FUNCTION refresh.refuse();
UPDATE refresh.many SET logins = 1 WHERE id = 'id 777';
CALL health_refresh('many', '2025-06-01'); \echo :SQLSTATE
SELECT health_source_drop('many'), health_source_drop('raises'), health_source_drop('column'), health_source_drop('timed') \g /dev/null
-- The segment that a column names.
CREATE TABLE refresh.segmented AS SELECT 1 AS id, 20 AS logins, 10 AS nps, 'big' AS seg UNION ALL SELECT 2, 20, 10, '' UNION ALL SELECT 3, 20, 10, NULL UNION ALL SELECT 4, 20, 1, 'big';
SELECT health_source_add('segmented', 'refresh model', 'refresh.segmented', 'id', segment_column => 'seg');
CALL health_refresh('segmented');
SELECT account_id, segment, round(score) AS score, left(explanation, 8) AS explanation FROM refresh.segmented_current ORDER BY 1;

-- Row-level security of the relation, and of the history.
CREATE ROLE refresh_low;
GRANT USAGE ON SCHEMA refresh TO refresh_low;
GRANT INSERT, UPDATE, DELETE ON health_source TO refresh_low;
GRANT SELECT, INSERT, UPDATE ON health_run, health_run_signal TO refresh_low;
GRANT SELECT ON health_pulse, health_override TO refresh_low;
CREATE SCHEMA refresh_low AUTHORIZATION refresh_low;
GRANT SELECT ON refresh.today TO refresh_low;
ALTER TABLE refresh.today ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON refresh.today TO refresh_low USING (id <= 2);
CREATE VIEW refresh_low.v WITH (security_invoker = true) AS SELECT * FROM refresh.today;
ALTER VIEW refresh_low.v OWNER TO refresh_low;
SET ROLE refresh_low;
SELECT health_source_add('low', 'refresh model', 'refresh_low.v', 'id');
CALL health_refresh();
SELECT account_id FROM refresh_low.low_current ORDER BY 1;
SELECT count(*) FROM refresh.today_current; \echo :SQLSTATE
RESET ROLE;
GRANT SELECT ON refresh.today_history, refresh.today_current TO refresh_low;
ALTER TABLE refresh.today_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON refresh.today_history TO refresh_low USING (account_id = 1);
SET ROLE refresh_low;
SELECT account_id, explanation FROM refresh.today_current;
SELECT health_source_drop('low');
RESET ROLE;

-- health_as_of() outside a refresh, and the session afterwards.
SELECT health_as_of() = now() AS now;
SET health_score.as_of = '2025-02-03 04:05Z';
SELECT health_as_of();
SET health_score.as_of = 'yesterdy';
SELECT health_as_of(); \echo :SQLSTATE
RESET health_score.as_of;
SHOW search_path;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory';

-- Retention: whole months, the current one never.
SELECT health_retain('today', '-1 day'); \echo :SQLSTATE
SELECT health_retain('today', NULL); \echo :SQLSTATE
SELECT health_retain('toda', '1 day'); \echo :SQLSTATE
SELECT health_source_add('by time', 'refresh model', 'refresh.snapshot', 'id', time_column => 'at');
SELECT count(*) AS months FROM health_score_internal.health_history_partitions('refresh."by time_history"');
SELECT health_retain('by time', now() - '2025-06-15') AS dropped;
SELECT min(from_at) FROM health_score_internal.health_history_partitions('refresh."by time_history"');
SELECT health_retain('today', '1 second') AS dropped;

-- Without pg_cron.
SELECT health_schedule('today', '0 2 * * *'); \echo :SQLSTATE
SELECT health_unschedule('today'); \echo :SQLSTATE
SELECT health_schedule('today', NULL); \echo :SQLSTATE

DELETE FROM health_source;
DELETE FROM health_run;
DROP SCHEMA refresh, refresh_low CASCADE;
REVOKE ALL ON health_source, health_run, health_run_signal, health_pulse, health_override FROM refresh_low;
DROP ROLE refresh_low;
