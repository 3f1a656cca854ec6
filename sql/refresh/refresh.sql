-- Refresh: scores a source's accounts as of a time into its history. Procedures control the transactions; functions are
-- the steps.
--
-- A procedure that commits can have no SET clause and runs under the search_path of its caller: every name, type and
-- operator in such a procedure is qualified. The steps are internal functions, because the schema of the extension can
-- be renamed.

CREATE PROCEDURE health_refresh_outside_transaction()
LANGUAGE c
AS 'MODULE_PATHNAME', 'health_refresh_outside_transaction';
COMMENT ON PROCEDURE health_refresh_outside_transaction() IS
'Raises 25001 unless the calling procedure may commit. Used by health_refresh and health_backfill.';

CREATE FUNCTION health_refresh_check(source @extschema@.health_source, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF source.run_as <> current_user THEN
        RAISE EXCEPTION 'source "%" runs as %, not as %', source.name, quote_ident(source.run_as), quote_ident(current_user)
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'The relation can run code with the rights of the role that refreshes the source. Only the role that added the source may refresh it.',
                  HINT = format('SET ROLE %I first, or schedule the refresh as that role.', source.run_as);
    END IF;
    IF NOT (has_table_privilege('health_run', 'SELECT') AND has_table_privilege('health_run', 'INSERT')
            AND has_table_privilege('health_run', 'UPDATE') AND has_table_privilege('health_run_signal', 'INSERT')
            AND has_table_privilege('health_source', 'UPDATE')
            AND has_table_privilege('health_pulse', 'SELECT') AND has_table_privilege('health_override', 'SELECT')) THEN
        RAISE EXCEPTION 'role % lacks privileges on the log of runs, pulses or overrides', quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
            HINT = health_grant_hint('operator');
    END IF;
    IF has_table_privilege('health_playbook', 'SELECT') AND EXISTS (SELECT FROM health_alert_playbooks(source))
       AND NOT (has_table_privilege('health_alert', 'SELECT') AND has_table_privilege('health_alert', 'INSERT')
                AND has_table_privilege('health_alert', 'UPDATE') AND has_table_privilege('health_alert_score', 'SELECT')
                AND has_table_privilege('health_alert_score', 'INSERT') AND has_table_privilege('health_alert_score', 'UPDATE')) THEN
        RAISE EXCEPTION 'role % may not raise alerts', quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('Source "%s" has playbooks.', source.name),
            HINT = health_grant_hint('operator');
    END IF;
    IF NOT isfinite(as_of) OR as_of > clock_timestamp() THEN
        RAISE EXCEPTION 'as_of % lies in the future', as_of USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Omit as_of to use now().';
    END IF;
    -- A refresh commits several times and each commit moves now(); statement_timestamp() stays the time of the call.
    IF as_of < LEAST(statement_timestamp(), now()) AND source.time_column IS NULL AND NOT source.point_in_time THEN
        RAISE EXCEPTION 'source "%" cannot be scored as of a time in the past', source.name USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The relation shows only its current rows, not those of that time.',
            HINT = 'Add the source with a time_column, or with point_in_time => true and a view that filters by health_as_of().';
    END IF;
END
$$;
COMMENT ON FUNCTION health_refresh_check(@extschema@.health_source, timestamptz) IS
'Raises unless the current role may refresh the source (42501) as of that time (22023).';

CREATE FUNCTION health_failure(source text, sqlstate text, message text, detail text, hint text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN jsonb_strip_nulls(jsonb_build_object('source', source, 'sqlstate', sqlstate, 'message', message,
        'detail', NULLIF(detail, ''), 'hint', NULLIF(hint, '')));
END
$$;
COMMENT ON FUNCTION health_failure(text, text, text, text, text) IS 'The error that ended a source''s run, as jsonb: source, sqlstate, message, detail, hint.';

CREATE FUNCTION health_refresh_report(failures jsonb, sources integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    first jsonb := failures -> 0;
BEGIN
    IF jsonb_array_length(failures) = 0 THEN
        RETURN;
    END IF;
    IF sources = 1 THEN
        -- An empty DETAIL or HINT would still be shown.
        IF first ? 'detail' AND first ? 'hint' THEN
            RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate', DETAIL = first ->> 'detail', HINT = first ->> 'hint';
        ELSIF first ? 'detail' THEN
            RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate', DETAIL = first ->> 'detail';
        ELSIF first ? 'hint' THEN
            RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate', HINT = first ->> 'hint';
        END IF;
        RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate';
    END IF;
    RAISE EXCEPTION '% of % sources were not refreshed: %', jsonb_array_length(failures), sources,
        (SELECT string_agg(f ->> 'source', ', ') FROM jsonb_array_elements(failures) f)
        USING ERRCODE = first ->> 'sqlstate',
              DETAIL = (SELECT string_agg(format('%s: %s', f ->> 'source', f ->> 'message'), E'\n') FROM jsonb_array_elements(failures) f),
              HINT = 'The other sources were refreshed and committed. For details: SELECT * FROM health_run ORDER BY id DESC.';
END
$$;
COMMENT ON FUNCTION health_refresh_report(jsonb, integer) IS
'Raises the failures of a refresh as one error, with the SQLSTATE of the first failure. The results of the other sources are already committed.';

CREATE FUNCTION health_refresh_sources(source text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    names text[];
BEGIN
    IF source IS NOT NULL THEN
        PERFORM health_source_get(source);
        RETURN ARRAY[source];
    END IF;
    SELECT array_agg(s.name ORDER BY s.name) INTO names FROM health_source s WHERE s.run_as = current_user;
    IF names IS NULL THEN
        RAISE EXCEPTION 'role % has no source', quote_ident(current_user) USING ERRCODE = 'undefined_object',
            DETAIL = 'A refresh runs only the sources of the role that calls it.',
            HINT = 'SELECT name, run_as FROM health_source lists all sources; schedule each role''s refresh as that role.';
    END IF;
    RETURN names;
END
$$;
COMMENT ON FUNCTION health_refresh_sources(text) IS 'The names of the sources that a refresh runs: the named source, or for NULL all sources of the current role. Unknown or none: 42704.';

-- A failure is returned, not raised, so that a refresh goes on with the other sources.
CREATE PROCEDURE health_refresh_source(source text, as_of timestamptz, replace boolean, backfill boolean, INOUT failure jsonb)
LANGUAGE plpgsql
AS $$
DECLARE
    path pg_catalog.text;
    run pg_catalog.int8;
    code pg_catalog.text;
    message pg_catalog.text;
    detail pg_catalog.text;
    hint pg_catalog.text;
BEGIN
    failure := NULL;
    BEGIN
        PERFORM health_score_internal.health_source_lock(source);
        PERFORM health_score_internal.health_refresh_check(health_score_internal.health_source_get(source), as_of);
        run := health_score_internal.health_run_begin(source, as_of, backfill);
        BEGIN
            PERFORM health_score_internal.health_run_prepare(health_score_internal.health_source_get(source), as_of);
        EXCEPTION WHEN OTHERS OR query_canceled THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            failure := health_score_internal.health_failure(source, code, message, detail, hint);
            PERFORM health_score_internal.health_run_fail(run, failure);
        END;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        failure := health_score_internal.health_failure(source, code, message, detail, hint);
    END;
    COMMIT;

    path := pg_catalog.current_setting('search_path');
    IF failure IS NULL THEN
        -- Each transaction takes the lock anew: a session lock would outlive a cancelled call, behind a connection pooler for
        -- hours.
        BEGIN
            PERFORM health_score_internal.health_run_resume(run, source);
            PERFORM health_score_internal.health_run_show(source, as_of);
            PERFORM health_score_internal.health_run_write(run, health_score_internal.health_source_get(source), as_of, replace, path);
        EXCEPTION WHEN OTHERS OR query_canceled THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            failure := health_score_internal.health_failure(source, code, message, detail, hint);
            PERFORM health_score_internal.health_run_fail(run, failure);
        END;
        COMMIT;
    END IF;
END
$$;
COMMENT ON PROCEDURE health_refresh_source(text, timestamptz, boolean, boolean, jsonb) IS
'Scores one source as of one time, in two transactions. A failure is recorded in health_run and returned. Used by health_refresh and health_backfill.';

CREATE PROCEDURE @extschema@.health_refresh(source text DEFAULT NULL, as_of timestamptz DEFAULT NULL, replace boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    at pg_catalog.timestamptz := COALESCE(as_of, pg_catalog.statement_timestamp());
    names pg_catalog.text[];
    name pg_catalog.text;
    failure pg_catalog.jsonb;
    failures pg_catalog.jsonb := '[]';
BEGIN
    CALL health_score_internal.health_refresh_outside_transaction();
    names := health_score_internal.health_refresh_sources(source);
    FOREACH name IN ARRAY names LOOP
        CALL health_score_internal.health_refresh_source(name, at, COALESCE(replace, false), false, failure);
        IF failure IS NOT NULL THEN
            failures := failures OPERATOR(pg_catalog.||) failure;
            EXIT WHEN failure OPERATOR(pg_catalog.->>) 'sqlstate' OPERATOR(pg_catalog.=) '57014';
        END IF;
    END LOOP;
    PERFORM health_score_internal.health_refresh_report(failures, pg_catalog.cardinality(names));
END
$$;
COMMENT ON PROCEDURE @extschema@.health_refresh(text, timestamptz, boolean) IS
'Scores a source (NULL: all sources of the current role) as of a time (NULL: now) into its history. Existing rows of that time stay, unless replace is true. Failures are raised at the end, after the other sources are committed. Inside a transaction block: 25001.';

CREATE FUNCTION health_backfill_times("from" timestamptz, "to" timestamptz, step interval)
RETURNS timestamptz[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    -- Steps are counted in UTC from the first time: monthly steps from the 31st return to the 31st after February.
    start timestamp := "from" AT TIME ZONE 'UTC';
    stop timestamp := "to" AT TIME ZONE 'UTC';
    times timestamptz[] := '{}';
    at timestamp := start;
BEGIN
    IF "from" IS NULL OR "to" IS NULL OR step IS NULL THEN
        RAISE EXCEPTION 'from, to and step must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: CALL health_backfill(''crm'', ''2025-01-01'', now(), ''1 month'').';
    END IF;
    IF NOT isfinite("from") OR NOT isfinite("to") OR NOT (start + step > start) THEN
        RAISE EXCEPTION 'from and to must be finite, and step positive' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: CALL health_backfill(''crm'', ''2025-01-01'', now(), ''1 month'').';
    END IF;
    WHILE at <= stop LOOP
        times := times || (at AT TIME ZONE 'UTC');
        at := start + (step * cardinality(times)::double precision);
    END LOOP;
    RETURN times;
END
$$;
COMMENT ON FUNCTION health_backfill_times(timestamptz, timestamptz, interval) IS 'The times from, from + step, from + 2 · step … up to and including to, in UTC. An argument that is NULL: 22004; not finite, or a step that is not positive: 22023.';

-- The first refresh of historical data is often one of today.
CREATE FUNCTION health_backfill_shown(source text, "to" timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    shown timestamptz := (health_source_get(source)).last_as_of;
    run bigint := (SELECT max(r.id) FROM health_run r WHERE r.source = health_backfill_shown.source AND r.as_of = shown AND r.status IN ('done', 'held'));
BEGIN
    IF shown > "to" THEN
        RAISE NOTICE 'the views of source "%" show the scores of %, later than this backfill', source, shown
            USING HINT = CASE WHEN run IS NULL THEN '' ELSE format('If that run came too early: SELECT health_run_undo(%s).', run) END;
    END IF;
END
$$;
COMMENT ON FUNCTION health_backfill_shown(text, timestamptz) IS 'Notices that the views of a source show a later time than the end of a backfill, and which run wrote it.';

CREATE PROCEDURE @extschema@.health_backfill(source text, "from" timestamptz, "to" timestamptz DEFAULT now(), step interval DEFAULT '1 month')
LANGUAGE plpgsql
AS $$
DECLARE
    at pg_catalog.timestamptz;
    times pg_catalog.timestamptz[];
    failure pg_catalog.jsonb;
BEGIN
    CALL health_score_internal.health_refresh_outside_transaction();
    PERFORM health_score_internal.health_source_get(source);
    times := health_score_internal.health_backfill_times("from", "to", step);
    FOREACH at IN ARRAY times LOOP
        CALL health_score_internal.health_refresh_source(source, at, false, true, failure);
        EXIT WHEN failure IS NOT NULL;
    END LOOP;
    PERFORM health_score_internal.health_night_settle(source);
    COMMIT;
    IF failure IS NOT NULL THEN
        PERFORM health_score_internal.health_refresh_report(pg_catalog.jsonb_build_array(failure), 1);
    END IF;
    PERFORM health_score_internal.health_backfill_shown(source, times[pg_catalog.cardinality(times)]);
END
$$;
COMMENT ON PROCEDURE @extschema@.health_backfill(text, timestamptz, timestamptz, interval) IS
'Scores a source with time_column or point_in_time as of the times from, from + step, from + 2 · step … up to and including to (UTC), each in its own transactions. Stops at the first failure; a second call fills in the missing times.';

CREATE FUNCTION health_refresh_one(source text, account_id text, path text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_source := health_source_get(source);
    columns text[] := ARRAY['name', 'score', 'band', 'band_rank', 'coverage', 'low', 'high', 'status', 'model', 'model_version', 'segment',
        'value', 'owner', 'parent', 'renewal', 'inputs', 'calculated', 'rules', 'trend', 'change', 'before_at', 'band_before'];
BEGIN
    PERFORM health_refresh_check(found, now());
    PERFORM health_run_prepare(found, now());
    found.model := health_model_pinned(found.model);
    -- Two calls in one transaction have the same now(): the second call replaces the row of the first.
    RETURN health_run_insert(found, format('%s ON CONFLICT (account_id, scored_at) DO UPDATE SET (%s) = ROW (excluded.%s)',
            health_history_insert(found, health_source_query(found, true), health_recall_of(found, now(), NULL)),
            array_to_string(columns, ', '), array_to_string(columns, ', excluded.')),
        now(), path, ARRAY[account_id]) > 0;
END
$$;
COMMENT ON FUNCTION health_refresh_one(text, text, text) IS 'Implements health_refresh_account for an id as text, under the caller''s search_path.';

CREATE FUNCTION @extschema@.health_refresh_account(source text, account_id text)
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id, current_setting('search_path'));
COMMENT ON FUNCTION @extschema@.health_refresh_account(text, text) IS
'Scores one account of a source as of now(), in the current transaction, for example in a trigger or after a pulse. False if the relation lacks the account.';

--@ for other_ids
CREATE FUNCTION @extschema@.health_refresh_account(source text, account_id {id})
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id::text, current_setting('search_path'));
COMMENT ON FUNCTION @extschema@.health_refresh_account(text, {id}) IS 'Like the form for text, for an id that is {what}.';
--@ end
