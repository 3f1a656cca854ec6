-- Histories with other partitions than months, months that were detached, and what stops a partition from being made.
\set SHOW_CONTEXT never
\set VERBOSITY default
SET timezone = 'UTC';
CREATE SCHEMA histories;
SET search_path = histories, public;
CREATE TABLE account(id int, a int, at timestamptz); INSERT INTO account SELECT i, i*7%100, '2024-01-01Z' FROM generate_series(1,5) i;
SELECT health_model_save('m','{"signals":{"a":{"scale":{"linear":[0,100]}}}}') \g /dev/null
SELECT health_source_add('s','m','account','id', time_column=>'at');

-- Weeks: the night makes only what they leave of its month.
CREATE TABLE w (LIKE s_history INCLUDING ALL) PARTITION BY RANGE (scored_at);
CREATE TABLE w1 PARTITION OF w FOR VALUES FROM ('2025-01-06Z') TO ('2025-01-13Z');
CREATE TABLE w2 PARTITION OF w FOR VALUES FROM ('2025-01-13Z') TO ('2025-01-20Z');
SELECT health_source_add('w','m','account','id', time_column=>'at', history=>'w');
CALL health_refresh('w','2025-01-07Z'); CALL health_refresh('w','2025-01-15Z'); CALL health_refresh('w','2025-01-25Z'); CALL health_refresh('w','2025-01-02Z'); CALL health_refresh('w','2025-02-03Z');
SELECT * FROM health_score_internal.health_history_partitions('w');

-- Months of another time zone.
CREATE TABLE z (LIKE s_history INCLUDING ALL) PARTITION BY RANGE (scored_at);
CREATE TABLE z_2025_01 PARTITION OF z FOR VALUES FROM ('2025-01-01 00:00+01') TO ('2025-02-01 00:00+01');
SELECT health_source_add('z','m','account','id', time_column=>'at', history=>'z');
CALL health_refresh('z','2025-01-07Z'); CALL health_refresh('z','2025-01-31 23:30Z'); CALL health_refresh('z','2025-02-07Z');
SELECT * FROM health_score_internal.health_history_partitions('z');

-- All that is old in one partition.
CREATE TABLE v (LIKE s_history INCLUDING ALL) PARTITION BY RANGE (scored_at);
CREATE TABLE v_old PARTITION OF v FOR VALUES FROM (MINVALUE) TO ('2025-01-20Z');
SELECT health_source_add('v','m','account','id', time_column=>'at', history=>'v');
CALL health_refresh('v','2025-01-07Z'); CALL health_refresh('v','2025-01-21Z');  CALL health_refresh('v','2025-02-21Z');
SELECT * FROM health_score_internal.health_history_partitions('v');

-- A partition for all other rows.
CREATE TABLE d (LIKE s_history INCLUDING ALL) PARTITION BY RANGE (scored_at);
CREATE TABLE d_rest PARTITION OF d DEFAULT;
SELECT health_source_add('d','m','account','id', time_column=>'at', history=>'d');
CALL health_refresh('d','2025-01-07Z'); CALL health_refresh('d','2025-02-21Z');
SELECT count(*) FROM d_rest;

-- A month that was detached: an error that names it and the way out; for the next month a warning.
CALL health_refresh('s','2025-01-07Z');
ALTER TABLE s_history DETACH PARTITION s_history_2025_02;
CALL health_refresh('s','2025-01-08Z');
CALL health_refresh('s','2025-02-08Z');
SELECT source, as_of, status, warning, hint FROM health_run WHERE warning IS NOT NULL OR status <> 'done' ORDER BY id;
ALTER TABLE s_history ATTACH PARTITION s_history_2025_02 FOR VALUES FROM ('2025-02-01 00:00:00+00') TO ('2025-03-01 00:00:00+00');
CALL health_refresh('s','2025-02-08Z');

-- An event trigger that finds no table, or forbids: the error names it. The next month's partition fails no run.
CREATE SCHEMA histories_audit; CREATE TABLE histories_audit.log(what text);
CREATE FUNCTION histories_audit.note() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO log VALUES (tg_tag); END$$;
CREATE EVENT TRIGGER note ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION histories_audit.note();
CALL health_refresh('s','2025-03-08Z');
CALL health_refresh('s','2025-05-08Z');
SELECT health_source_add('t','m','account','id', time_column=>'at');
ALTER FUNCTION histories_audit.note() SET search_path = histories_audit;
CALL health_refresh('s','2025-05-08Z');
DROP EVENT TRIGGER note;
CREATE FUNCTION histories_audit.no() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no tables today'; END$$;
CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION histories_audit.no();
CALL health_refresh('s','2025-06-08Z');
CALL health_refresh('s','2025-09-08Z');
DROP EVENT TRIGGER no;
SELECT as_of, status, warning, detail, hint FROM health_run WHERE source='s' and as_of > '2025-03-01Z' and (warning IS NOT NULL OR status <> 'done') ORDER BY id;

-- A history that moved leaves no views behind.
CREATE SCHEMA histories_other;
SELECT health_source_add('s','m','account','id', time_column=>'at', history=>'histories_other.s_history');
SELECT count(*) FILTER (WHERE relnamespace='histories'::regnamespace), count(*) FILTER (WHERE relnamespace='histories_other'::regnamespace) FROM pg_class WHERE relname ~ '^s_' AND relkind = 'v';

-- Months that ended are dropped, MINVALUE too.
SELECT health_retain('v', now() - '2025-02-01Z');

DELETE FROM health_source;
DELETE FROM health_run;
\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA histories, histories_audit, histories_other CASCADE;
