-- health_run and health_run_signal: what each refresh did. The steps of a run are functions here; sql/refresh/refresh.sql puts them into
-- transactions.

CREATE TABLE @extschema@.health_run (
    id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text        NOT NULL,
    as_of       timestamptz NOT NULL,
    status      text        NOT NULL DEFAULT 'running',
    run_as      text        NOT NULL DEFAULT current_user,
    pid         integer     NOT NULL DEFAULT pg_backend_pid(),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    accounts    bigint,
    sqlstate    text,
    message     text,
    detail      text,
    hint        text,
    backfill    boolean     NOT NULL DEFAULT false,
    alerts      bigint,
    CONSTRAINT health_run_status_check CHECK (status IN ('running', 'done', 'held', 'failed', 'cancelled', 'abandoned'))
);
CREATE INDEX health_run_source_idx ON @extschema@.health_run (source, started_at);

COMMENT ON TABLE @extschema@.health_run IS 'What each refresh did: one row for each source and as_of. No grants to PUBLIC: messages may quote data.';
COMMENT ON COLUMN @extschema@.health_run.id IS 'Counts up.';
COMMENT ON COLUMN @extschema@.health_run.source IS 'The name of the source.';
COMMENT ON COLUMN @extschema@.health_run.as_of IS 'The time that the scores are for; scored_at in the history.';
COMMENT ON COLUMN @extschema@.health_run.status IS 'One of running, done, failed, cancelled, abandoned: its session ended before it did, and held: it wrote its scores, but would have raised too many alerts.';
COMMENT ON COLUMN @extschema@.health_run.run_as IS 'The role with whose rights it ran.';
COMMENT ON COLUMN @extschema@.health_run.pid IS 'The server process, as in pg_stat_activity, while it runs.';
COMMENT ON COLUMN @extschema@.health_run.started_at IS 'When it began.';
COMMENT ON COLUMN @extschema@.health_run.finished_at IS 'When it ended.';
COMMENT ON COLUMN @extschema@.health_run.accounts IS 'How many rows it wrote into the history.';
COMMENT ON COLUMN @extschema@.health_run.sqlstate IS 'Of the error that ended it.';
COMMENT ON COLUMN @extschema@.health_run.message IS 'Of the error that ended it.';
COMMENT ON COLUMN @extschema@.health_run.detail IS 'Of the error that ended it.';
COMMENT ON COLUMN @extschema@.health_run.hint IS 'Of the error that ended it.';
COMMENT ON COLUMN @extschema@.health_run.backfill IS 'Whether it wrote the past: such runs raise no alerts.';
COMMENT ON COLUMN @extschema@.health_run.alerts IS 'How many alerts it raised, or holds; NULL where there was nothing to compare with.';
COMMENT ON SEQUENCE @extschema@.health_run_id_seq IS 'Numbers the runs of health_run.';
COMMENT ON INDEX @extschema@.health_run_source_idx IS 'The runs of a source, in their order.';

CREATE TABLE @extschema@.health_run_signal (
    run     bigint           NOT NULL REFERENCES @extschema@.health_run (id) ON DELETE CASCADE,
    signal  text             NOT NULL,
    missing bigint           NOT NULL,
    invalid bigint           NOT NULL,
    mean    double precision,
    PRIMARY KEY (run, signal)
);
-- Deletes cascade; that a run is there is not checked. pg_restore --jobs fills extensions' tables in any order, and who inserts
-- rows has made the run before. (The triggers of the check are all that this table has.)
ALTER TABLE @extschema@.health_run_signal DISABLE TRIGGER ALL;
COMMENT ON TABLE @extschema@.health_run_signal IS 'What a refresh met in each signal: a feed that stopped shows here first.';
COMMENT ON COLUMN @extschema@.health_run_signal.run IS 'The run in health_run.';
COMMENT ON COLUMN @extschema@.health_run_signal.signal IS 'The signal of the model.';
COMMENT ON COLUMN @extschema@.health_run_signal.missing IS 'How many accounts have no value of their own.';
COMMENT ON COLUMN @extschema@.health_run_signal.invalid IS 'How many accounts have a value that the model cannot read, under on_invalid missing.';
COMMENT ON COLUMN @extschema@.health_run_signal.mean IS 'The mean subscore, 0 to 100, of the accounts that have one.';

SELECT pg_extension_config_dump('@extschema@.health_run', '');
SELECT pg_extension_config_dump('@extschema@.health_run_id_seq', '');
SELECT pg_extension_config_dump('@extschema@.health_run_signal', '');

CREATE TRIGGER health_run_guard BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.health_run
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

-- The lock of a source: one refresh at a time. It goes with its transaction or session, so a crash leaves none behind.
CREATE FUNCTION health_source_lock_key(source text)
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN hashtextextended('health_source ' || source, 0);
END
$$;
COMMENT ON FUNCTION health_source_lock_key(text) IS 'The key of the advisory lock that a refresh of the source holds; NULL for NULL.';

CREATE FUNCTION health_source_lock(source text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(health_source_lock_key(source)) THEN
        RAISE EXCEPTION 'source "%" is being refreshed by another session', source USING ERRCODE = 'lock_not_available',
            HINT = 'SELECT * FROM health_run WHERE status = ''running'' shows it; try again when it is done.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_source_lock(text) IS 'Takes the lock of a source until the end of the transaction; 55P03 at once where another session has it.';

CREATE FUNCTION health_run_begin(source text, as_of timestamptz, backfill boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    run bigint;
BEGIN
    -- Whoever holds the lock is the only one at work: other runs of this source that say so have lost their session.
    UPDATE health_run r SET status = 'abandoned', finished_at = clock_timestamp(),
           message = 'the session ended before the run did'
     WHERE r.source = health_run_begin.source AND r.status = 'running';
    INSERT INTO health_run (source, as_of, backfill) VALUES (health_run_begin.source, COALESCE(health_run_begin.as_of, now()), health_run_begin.backfill) RETURNING id INTO run;
    RETURN run;
END
$$;
COMMENT ON FUNCTION health_run_begin(text, timestamptz, boolean) IS 'Writes the row of a new run, and marks runs of the source that a crash left running as abandoned.';

CREATE FUNCTION health_run_show(source text, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- Postgres would cut it to a name's length, too, but say so each time.
    PERFORM set_config('application_name',
        format('health_score: %s as of %s', source, to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))::name::text, true);
END
$$;
COMMENT ON FUNCTION health_run_show(text, timestamptz) IS 'Shows in application_name, until the end of the transaction, what is being refreshed.';

CREATE FUNCTION health_run_prepare(source @extschema@.health_source, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET lock_timeout = '5s'
AS $$
BEGIN
    PERFORM health_history_partition(source, as_of);
    -- Next month's too, so that its first refresh and health_refresh_account find it.
    PERFORM health_history_partition(source, health_history_month(as_of) + '35 days'::interval);
END
$$;
COMMENT ON FUNCTION health_run_prepare(@extschema@.health_source, timestamptz) IS
'Makes the partitions that a run needs; gives up after five seconds where somebody holds the history.';

CREATE FUNCTION health_run_fail(run bigint, failure jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    UPDATE health_run r
       SET status = CASE failure ->> 'sqlstate' WHEN '57014' THEN 'cancelled' ELSE 'failed' END, finished_at = clock_timestamp(),
           sqlstate = failure ->> 'sqlstate', message = failure ->> 'message', detail = failure ->> 'detail', hint = failure ->> 'hint'
     WHERE r.id = run;
END
$$;
COMMENT ON FUNCTION health_run_fail(bigint, jsonb) IS 'Writes into the row of a run why it failed.';

CREATE FUNCTION health_run_finish(run bigint, written bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    UPDATE health_run r SET status = CASE r.status WHEN 'held' THEN 'held' ELSE 'done' END, finished_at = clock_timestamp(), accounts = written
     WHERE r.id = run;
    UPDATE health_source s SET last_as_of = GREATEST(s.last_as_of, r.as_of)
      FROM health_run r WHERE r.id = run AND s.name = r.source;
END
$$;
COMMENT ON FUNCTION health_run_finish(bigint, bigint) IS 'Writes into the row of a run that it is done, unless it is held, and into that of its source the as_of.';

CREATE FUNCTION health_signal_counts(history regclass, scored_at timestamptz,
    OUT signal text, OUT missing bigint, OUT invalid bigint, OUT mean double precision)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_signal_counts';
COMMENT ON FUNCTION health_signal_counts(regclass, timestamptz) IS
'What each signal held in the rows of a history of one time: how many accounts have no value of their own, how many an invalid one, and the mean subscore.';

CREATE FUNCTION health_run_tally_begin()
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_tally_begin';
COMMENT ON FUNCTION health_run_tally_begin() IS 'From now on this session counts what the signals hold of the accounts that health_source_assess() scores.';

CREATE FUNCTION health_run_tally(accounts bigint,
    OUT signal text, OUT missing bigint, OUT invalid bigint, OUT mean double precision)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'health_run_tally';
COMMENT ON FUNCTION health_run_tally(bigint) IS
'Ends the count that health_run_tally_begin() began, and returns it as health_signal_counts() would; no row, where it is not of so many accounts.';

-- accounts: how many one statement has scored and written, where no others are in history as of that time.
CREATE FUNCTION health_run_signals(run bigint, history regclass, as_of timestamptz, accounts bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    INSERT INTO health_run_signal (run, signal, missing, invalid, mean)
    SELECT health_run_signals.run, t.signal, t.missing, t.invalid, t.mean FROM health_run_tally(accounts) t;
    IF NOT FOUND THEN
        INSERT INTO health_run_signal (run, signal, missing, invalid, mean)
        SELECT health_run_signals.run, c.signal, c.missing, c.invalid, c.mean FROM health_signal_counts(history, as_of) c;
    END IF;
END
$$;
COMMENT ON FUNCTION health_run_signals(bigint, regclass, timestamptz, bigint) IS 'Writes what each signal held in the rows of a run into health_run_signal.';
