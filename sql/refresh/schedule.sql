-- Schedules by pg_cron, where it is installed: a job is one CALL of health_refresh and runs as the role that scheduled
-- it.

CREATE FUNCTION health_schedule_require_cron()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF to_regprocedure('cron.schedule(text, text, text)') IS NULL
       OR NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron') THEN
        RAISE EXCEPTION 'pg_cron is not installed in this database' USING ERRCODE = 'feature_not_supported',
            DETAIL = 'health_schedule() writes jobs of pg_cron.',
            HINT = 'Set shared_preload_libraries = ''pg_cron'' and cron.database_name, restart, then CREATE EXTENSION pg_cron and GRANT USAGE ON SCHEMA cron; or let another scheduler run: CALL health_refresh().';
    END IF;
END
$$;
COMMENT ON FUNCTION health_schedule_require_cron() IS 'Raises 0A000, with the installation steps in HINT, unless pg_cron is installed.';

CREATE FUNCTION @extschema@.health_schedule(source text, cron text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    home text := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.oid = 'health_source'::regclass);
    job bigint;
BEGIN
    IF source IS NULL OR cron IS NULL THEN
        RAISE EXCEPTION 'source and cron must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_schedule(''crm'', ''15 2 * * *'') refreshes crm every night at 02:15 GMT.';
    END IF;
    PERFORM health_refresh_check(health_source_get(source), now());
    PERFORM health_schedule_require_cron();
    -- pg_cron replaces a job of the same name and user.
    EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job
      USING 'health_refresh ' || source, cron, format('CALL %I.health_refresh(%L)', home, source);
    RETURN job;
END
$$;
COMMENT ON FUNCTION @extschema@.health_schedule(text, text) IS
'Schedules the refresh of a source with pg_cron, by a cron schedule (GMT), as the current role; returns the id of the job. A second schedule of the source replaces the first. Without pg_cron: 0A000.';

CREATE FUNCTION @extschema@.health_unschedule(source text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    done boolean := false;
    there boolean;
BEGIN
    IF source IS NULL THEN
        RAISE EXCEPTION 'source must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'SELECT jobname, schedule FROM cron.job lists the schedules.';
    END IF;
    PERFORM health_schedule_require_cron();
    EXECUTE 'SELECT EXISTS (SELECT FROM cron.job WHERE jobname = $1 AND username = current_user)' INTO there
      USING 'health_refresh ' || source;
    IF there THEN
        EXECUTE 'SELECT cron.unschedule($1)' INTO done USING ('health_refresh ' || source);
    END IF;
    RETURN done;
END
$$;
COMMENT ON FUNCTION @extschema@.health_unschedule(text) IS 'Removes the current role''s schedule of a source; false if there is none. Without pg_cron: 0A000.';
