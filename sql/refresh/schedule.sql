-- Schedules by pg_cron, where it is installed: a job is one CALL of health_refresh and runs as the role that scheduled
-- it.

-- Ordinary roles may not read some of these settings.
CREATE FUNCTION health_cron_setting(name text)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN NULLIF(current_setting(name, true), '');
EXCEPTION WHEN insufficient_privilege THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_cron_setting(text) IS 'A setting of pg_cron; NULL if it is not set or the current role may not read it.';

CREATE FUNCTION health_schedule_require_cron()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron') THEN
        RAISE EXCEPTION 'pg_cron is not installed in this database' USING ERRCODE = 'feature_not_supported',
            DETAIL = 'health_schedule() writes jobs of pg_cron.',
            HINT = 'Set shared_preload_libraries = ''pg_cron'' and cron.database_name, restart, then CREATE EXTENSION pg_cron; or let another scheduler run: CALL health_refresh().';
    END IF;
    IF NOT has_schema_privilege('cron', 'USAGE') THEN
        RAISE EXCEPTION 'permission denied for schema cron' USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'health_schedule() writes jobs of pg_cron.', HINT = health_grant_hint('operator');
    END IF;
END
$$;
COMMENT ON FUNCTION health_schedule_require_cron() IS 'Raises 0A000, with the installation steps in HINT, unless pg_cron is installed; 42501 unless the current role may use it.';

CREATE FUNCTION @extschema@.health_schedule(source text, cron text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    command text := (SELECT format('CALL %I.health_refresh(%L)', n.nspname, source) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.oid = 'health_source'::regclass);
    -- pg_cron is installed in one database of a server.
    elsewhere text := NULLIF(health_cron_setting('cron.database_name'), current_database());
    zone text := COALESCE(health_cron_setting('cron.timezone'), 'GMT');
    job bigint;
BEGIN
    IF source IS NULL OR cron IS NULL THEN
        RAISE EXCEPTION 'source and cron must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_schedule(''crm'', ''15 2 * * *'') refreshes crm every night at 02:15 GMT.';
    END IF;
    PERFORM health_refresh_check(health_source_get(source), now());
    IF health_cron_next(cron, now()) IS NULL THEN
        RAISE WARNING 'cron schedule "%" is never due, or cannot be read', cron USING HINT = 'health_monitor cannot tell whether a run is late.';
    END IF;
    IF elsewhere IS NOT NULL THEN
        RAISE EXCEPTION 'pg_cron is installed in database %, not in this one', quote_ident(elsewhere) USING ERRCODE = 'feature_not_supported',
            DETAIL = format('There a superuser can schedule the source: SELECT cron.schedule_in_database(%L, %L, %L, %L, %L).',
                         'health_refresh ' || source, cron, command, current_database(), current_user),
            HINT = format('After that, UPDATE health_source SET schedule = %L WHERE name = %L tells health_monitor the schedule.', cron, source);
    END IF;
    PERFORM health_schedule_require_cron();
    -- pg_cron logs in as the role of the job.
    IF NOT (SELECT r.rolcanlogin FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE EXCEPTION 'role % cannot log in', quote_ident(current_user) USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'pg_cron opens a session as the role that scheduled a job: every run would fail.',
            HINT = format('ALTER ROLE %I LOGIN.', current_user);
    END IF;
    -- pg_cron replaces a job of the same name and user.
    EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job
      USING 'health_refresh ' || source, cron, command;
    IF zone NOT IN ('GMT', 'UTC') THEN
        RAISE NOTICE 'the schedule is in time zone % (cron.timezone)', zone;
    END IF;
    UPDATE health_source s SET schedule = cron WHERE s.name = health_schedule.source;
    RETURN job;
END
$$;
COMMENT ON FUNCTION @extschema@.health_schedule(text, text) IS
'Schedules the refresh of a source with pg_cron as the current role; returns the id of the job. The schedule is in the time zone of pg_cron: cron.timezone, else GMT. A second one replaces the first. Without pg_cron here: 0A000; a role that cannot log in: 55000.';

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
    UPDATE health_source s SET schedule = NULL WHERE s.name = health_unschedule.source AND s.schedule IS NOT NULL AND s.run_as = current_user;
    RETURN done;
END
$$;
COMMENT ON FUNCTION @extschema@.health_unschedule(text) IS 'Removes the current role''s schedule of a source; false if there is none. Without pg_cron: 0A000.';
