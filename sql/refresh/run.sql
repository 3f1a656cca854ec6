-- health_run and health_run_signal: the log of runs. This file has the steps of a run as functions;
-- sql/refresh/refresh.sql puts them into transactions.

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
    held_for    text,
    held_alerts jsonb,
    warning     text,
    book        text,
    CONSTRAINT health_run_status_check CHECK (status IN ('running', 'done', 'held', 'failed', 'cancelled', 'abandoned', 'undone')),
    CONSTRAINT health_run_held_for_check CHECK (held_for IN ('accounts', 'alerts'))
);
CREATE INDEX health_run_source_idx ON @extschema@.health_run (source, started_at);

COMMENT ON TABLE @extschema@.health_run IS 'The log of runs: one row for each refresh of a source as of a time. No grants to PUBLIC: messages may quote data.';
COMMENT ON COLUMN @extschema@.health_run.id IS 'The number of the run.';
COMMENT ON COLUMN @extschema@.health_run.source IS 'The name of the source.';
COMMENT ON COLUMN @extschema@.health_run.as_of IS 'The time of the scores: scored_at in the history.';
COMMENT ON COLUMN @extschema@.health_run.status IS 'One of running, done, held (the scores are written, but there are too many alerts or too few accounts), failed, cancelled, abandoned (orphaned: the session ended before the run), undone (taken back).';
COMMENT ON COLUMN @extschema@.health_run.run_as IS 'The role with whose rights the run works.';
COMMENT ON COLUMN @extschema@.health_run.pid IS 'The server process of the run, as in pg_stat_activity.';
COMMENT ON COLUMN @extschema@.health_run.started_at IS 'When the run began.';
COMMENT ON COLUMN @extschema@.health_run.finished_at IS 'When the run ended.';
COMMENT ON COLUMN @extschema@.health_run.accounts IS 'The number of rows that the run wrote into the history.';
COMMENT ON COLUMN @extschema@.health_run.sqlstate IS 'The SQLSTATE of the error that ended the run.';
COMMENT ON COLUMN @extschema@.health_run.message IS 'The message of the error that ended the run; or why the run is held, or why it was accepted.';
COMMENT ON COLUMN @extschema@.health_run.detail IS 'The DETAIL of the error that ended the run; of a held run, the signals that changed most.';
COMMENT ON COLUMN @extschema@.health_run.hint IS 'The HINT of the error that ended the run; of a held run, what to do.';
COMMENT ON COLUMN @extschema@.health_run.backfill IS 'Whether health_backfill made the run. Such a run raises no alerts.';
COMMENT ON COLUMN @extschema@.health_run.alerts IS 'The number of alerts that the run raised or holds; NULL where alerts were not evaluated, as in a first run.';
COMMENT ON COLUMN @extschema@.health_run.held_for IS 'Why the run is or was held: accounts (too few of them) or alerts (too many of them). NULL: it never was.';
COMMENT ON COLUMN @extschema@.health_run.held_alerts IS 'The alerts that the held run would have raised, by playbook; health_run_alerts() shows them.';
COMMENT ON COLUMN @extschema@.health_run.warning IS 'What the run warns of although it goes on, such as playbooks of another role.';
COMMENT ON COLUMN @extschema@.health_run.book IS 'The book that the source had; NULL in runs before 1.0.0 whose source was already dropped.';
COMMENT ON SEQUENCE @extschema@.health_run_id_seq IS 'Numbers the runs of health_run.';
COMMENT ON INDEX @extschema@.health_run_source_idx IS 'The runs of a source by start time.';

CREATE TABLE @extschema@.health_run_signal (
    run     bigint           NOT NULL REFERENCES @extschema@.health_run (id) ON DELETE CASCADE,
    signal  text             NOT NULL,
    missing bigint           NOT NULL,
    invalid bigint           NOT NULL,
    mean    double precision,
    PRIMARY KEY (run, signal)
);
-- Deletes cascade, but an insert does not check that the run exists: pg_restore --jobs fills the tables of an extension
-- in any order, and a refresh inserts the run first. (The only triggers of this table are those of the foreign key.)
ALTER TABLE @extschema@.health_run_signal DISABLE TRIGGER ALL;
COMMENT ON TABLE @extschema@.health_run_signal IS 'The input quality of each signal in a run. A feed that stopped shows here first.';
COMMENT ON COLUMN @extschema@.health_run_signal.run IS 'The run in health_run.';
COMMENT ON COLUMN @extschema@.health_run_signal.signal IS 'The signal of the model.';
COMMENT ON COLUMN @extschema@.health_run_signal.missing IS 'The number of accounts without a value of their own.';
COMMENT ON COLUMN @extschema@.health_run_signal.invalid IS 'The number of accounts with a value that the model cannot read, under on_invalid missing.';
COMMENT ON COLUMN @extschema@.health_run_signal.mean IS 'The mean subscore, 0 to 100, of the accounts that have one.';

SELECT pg_extension_config_dump('@extschema@.health_run', '');
SELECT pg_extension_config_dump('@extschema@.health_run_id_seq', '');
SELECT pg_extension_config_dump('@extschema@.health_run_signal', '');

CREATE TRIGGER health_run_guard BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.health_run
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

-- The advisory lock of a source allows one refresh at a time. It ends with its transaction or session, so a crash
-- leaves no lock.
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
            HINT = 'SELECT * FROM health_run WHERE status = ''running'' shows the run; try again when it has ended.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_source_lock(text) IS 'Takes the lock of a source until the end of the transaction. If another session holds the lock: 55P03, without waiting.';

CREATE FUNCTION health_run_warn(run bigint, warning text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF warning IS NOT NULL THEN
        UPDATE health_run r SET warning = concat_ws(E'\n', r.warning, health_run_warn.warning) WHERE r.id = run;
        RAISE WARNING '%', warning;
    END IF;
END
$$;
COMMENT ON FUNCTION health_run_warn(bigint, text) IS 'Warns, and adds the warning to the row of a run, if there is one; no warning for NULL.';

CREATE FUNCTION health_run_begin(source text, as_of timestamptz, backfill boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    run bigint;
BEGIN
    -- This session holds the lock of the source: another run that is marked as running is orphaned.
    UPDATE health_run r SET status = 'abandoned', finished_at = clock_timestamp(),
           message = 'the session ended before the run did'
     WHERE r.source = health_run_begin.source AND r.status = 'running';
    INSERT INTO health_run (source, as_of, backfill, book)
    VALUES (health_run_begin.source, COALESCE(health_run_begin.as_of, now()), health_run_begin.backfill,
            (SELECT s.book FROM health_source s WHERE s.name = health_run_begin.source))
    RETURNING id INTO run;
    PERFORM health_run_warn(run, health_alert_others(health_source_get(health_run_begin.source)));
    RETURN run;
END
$$;
COMMENT ON FUNCTION health_run_begin(text, timestamptz, boolean) IS 'Inserts the row of a new run and returns its id. Marks orphaned runs of the source as abandoned.';

CREATE FUNCTION health_run_resume(run bigint, source text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- Asked before the lock is taken, too: an abandoned run must not hold the lock against the refresh that overtook it.
    FOR i IN 1 .. 2 LOOP
        IF NOT EXISTS (SELECT FROM health_run r WHERE r.id = run AND r.status = 'running') THEN
            RAISE EXCEPTION 'source "%" is being refreshed by another session', source USING ERRCODE = 'lock_not_available',
                DETAIL = format('Another refresh began between the two transactions of run %s.', run),
                HINT = 'SELECT * FROM health_run ORDER BY id DESC shows the other run; try again when it has ended.';
        END IF;
        PERFORM health_source_lock(source);
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_run_resume(bigint, text) IS 'Takes the lock of the source for the second transaction of a run. If another refresh has marked the run as abandoned, or holds the lock: 55P03.';

CREATE FUNCTION health_run_show(source text, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- The cast to name truncates silently; set_config() would truncate with a NOTICE.
    PERFORM set_config('application_name',
        format('health_score: %s as of %s', source, to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))::name::text, true);
END
$$;
COMMENT ON FUNCTION health_run_show(text, timestamptz) IS 'Shows the source and the as_of in application_name until the end of the transaction.';

CREATE FUNCTION health_run_prepare(source @extschema@.health_source, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
    month timestamptz := health_history_month(as_of);
    next_month timestamptz := health_history_month(month + '35 days'::interval);
    history regclass;
    code text;
    message text;
    detail text;
    hint text;
    context text;
    stopped text[];
BEGIN
    PERFORM health_history_upgrade(source);
    history := health_history_relation(source);
    FOR turn IN 1 .. 2 LOOP
        -- The first refresh of the next month and health_refresh_account need the partition of that month. Who partitions
        -- in another way makes partitions ahead as well.
        EXIT WHEN turn = 2 AND NOT EXISTS (SELECT FROM health_history_partitions(history) p WHERE p.from_at = month AND p.to_at = next_month);
        BEGIN
            PERFORM health_history_partition(source, CASE turn WHEN 1 THEN as_of ELSE next_month END);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
            stopped := health_ddl_stopped(code, context, history);
            IF turn = 2 THEN
                -- Nobody needs that partition yet: each refresh tries again.
                PERFORM health_run_warn((SELECT max(r.id) FROM health_run r WHERE r.source = health_run_prepare.source.name AND r.status = 'running'),
                    concat_ws(' ', format('the partition of history %s for the next month was not made: %s.', history, message), stopped[1], COALESCE(NULLIF(hint, ''), stopped[2])));
            ELSIF stopped IS NULL THEN
                RAISE;
            ELSE
                RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = concat_ws(' ', NULLIF(detail, ''), stopped[1]), HINT = COALESCE(NULLIF(hint, ''), stopped[2]);
            END IF;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_run_prepare(@extschema@.health_source, timestamptz) IS
'Brings a history of an earlier version up to date, and creates the partitions that a run needs, for the month of as_of and the next. If another session locks the history for five seconds: 55P03. For the next month an error is a warning.';

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
COMMENT ON FUNCTION health_run_fail(bigint, jsonb) IS 'Marks a run as failed or cancelled, with the error.';

-- If several runs have the same as_of, the status of the last one counts.
CREATE FUNCTION health_run_last(source @extschema@.health_source)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass := health_history_relation(source);
    last timestamptz;
BEGIN
    EXECUTE format($sql$
        SELECT r.as_of
          FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status, r.held_for FROM health_run r
                 WHERE r.source = $1 AND r.status IN ('done', 'held') ORDER BY r.as_of DESC, r.id DESC) r
         WHERE (r.status = 'done' OR r.held_for IS DISTINCT FROM 'accounts') AND EXISTS (SELECT FROM %s h WHERE h.scored_at = r.as_of)
         LIMIT 1$sql$, history) INTO last USING source.name;
    RETURN last;
END
$$;
COMMENT ON FUNCTION health_run_last(@extschema@.health_source) IS
'The latest as_of of a source''s runs that have accounts in the history and are not held for too few of them; NULL if there is none.';

CREATE FUNCTION health_run_finish(run bigint, written bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    this health_run;
    source health_source;
    there boolean;
    shown timestamptz;
BEGIN
    UPDATE health_run r SET status = CASE r.status WHEN 'held' THEN 'held' ELSE 'done' END, finished_at = clock_timestamp(), accounts = written
     WHERE r.id = run RETURNING r.* INTO this;
    source := health_source_get(this.source);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s h WHERE h.scored_at = $1)', health_history_relation(source)) INTO there USING this.as_of;
    shown := source.last_as_of;
    IF there AND NOT (this.status = 'held' AND this.held_for = 'accounts') THEN
        shown := GREATEST(shown, this.as_of);
    ELSIF shown = this.as_of THEN
        -- The run replaced the rows that the views show.
        shown := health_run_last(source);
    END IF;
    IF shown IS DISTINCT FROM source.last_as_of THEN
        UPDATE health_source s SET last_as_of = shown WHERE s.name = source.name;
    END IF;
    IF this.status = 'held' THEN
        RAISE NOTICE 'run % of source "%" is held: %', run, source.name, this.message USING HINT = this.hint;
    ELSIF NOT there THEN
        RAISE NOTICE 'source "%" has no account as of %', source.name, this.as_of
            USING DETAIL = CASE WHEN shown IS NULL THEN 'Its views are empty.' ELSE format('Its views show the scores of %s.', shown) END;
    END IF;
END
$$;
COMMENT ON FUNCTION health_run_finish(bigint, bigint) IS
'Marks a run as done, unless it is held, and updates last_as_of of its source: never to a time without accounts, or with too few of them.';

CREATE FUNCTION health_run_tally_begin()
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_tally_begin';
COMMENT ON FUNCTION health_run_tally_begin() IS 'Starts a count in this session: the values of each signal in the accounts that health_source_score() scores.';

CREATE FUNCTION health_run_tally(accounts bigint,
    OUT signal text, OUT missing bigint, OUT invalid bigint, OUT mean double precision)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'health_run_tally';
COMMENT ON FUNCTION health_run_tally(bigint) IS
'Ends the count of health_run_tally_begin(): for each signal the number of accounts without a value of their own, the number with an invalid value, and the mean subscore, 0 to 100. No rows if the number of counted accounts differs from the argument.';

-- accounts: the number of rows that one statement scored and wrote; NULL if the history already had rows as of that
-- time.
CREATE FUNCTION health_run_signals(run bigint, source @extschema@.health_source, as_of timestamptz, accounts bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    INSERT INTO health_run_signal (run, signal, missing, invalid, mean)
    SELECT health_run_signals.run, t.signal, t.missing, t.invalid, t.mean FROM health_run_tally(accounts) t;
    IF NOT FOUND THEN
        EXECUTE format($sql$
            INSERT INTO health_run_signal (run, signal, missing, invalid, mean)
            SELECT $1, d.driver, count(*) FILTER (WHERE d.status NOT IN ('ok', 'invalid')), count(*) FILTER (WHERE d.status = 'invalid'), health_rollup(d.subscore)
              FROM %I.%I h CROSS JOIN LATERAL health_kept_drivers(%s) d
             WHERE h.scored_at = $2 AND d.kind = 'signal' GROUP BY d.driver$sql$,
            source.history_schema, source.history_name, health_kept_arguments(source, 'h')) USING run, as_of;
    END IF;
END
$$;
COMMENT ON FUNCTION health_run_signals(bigint, @extschema@.health_source, timestamptz, bigint) IS 'Writes the input quality of each signal in a run into health_run_signal.';
