-- ALTER SCHEMA … RENAME: the fixed search_path of the functions contains the name of the extension's schema. This event
-- trigger updates every reference to that name in the transaction of the rename, or refuses the rename.

-- The trigger runs with the rights of the role that renames: it gives that role no further rights.
CREATE FUNCTION health_schema_renamed()
RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    home text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'health_score');
    own_schema text := (SELECT n.nspname FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid JOIN pg_namespace n ON n.oid = p.pronamespace
                         WHERE t.evtname = 'health_schema_renamed');
    pinned record;
    job record;
BEGIN
    IF own_schema <> 'health_score_internal' THEN
        -- Without the word EXCEPTION, which is the default: health_raise() is in the schema that has just lost its name.
        RAISE 'schema health_score_internal cannot be renamed' USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'The objects of extension health_score find each other by that name.',
            HINT = format('The schema of the extension itself can be renamed: ALTER SCHEMA %s RENAME TO ….', home);
    END IF;
    FOR pinned IN
        SELECT f.* FROM (SELECT p.oid::regprocedure AS function, p.proowner, substring(c.setting, '^search_path=pg_catalog, (.*), health_score_internal, pg_temp$') AS old_home
                           FROM pg_depend d
                           JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
                           JOIN pg_proc p ON p.oid = d.objid
                          CROSS JOIN LATERAL unnest(p.proconfig) c (setting)
                          WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e') f
         WHERE f.old_home <> home
    LOOP
        BEGIN
            EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %s, health_score_internal, pg_temp', pinned.function, home);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'role % may not rename schema %', quote_ident(current_user), pinned.old_home USING ERRCODE = 'insufficient_privilege',
                DETAIL = format('The functions of extension health_score refer to the schema and belong to role %I.', pg_get_userbyid(pinned.proowner)),
                HINT = format('Rename the schema as role %I or as a superuser.', pg_get_userbyid(pinned.proowner));
        END;
    END LOOP;
    IF pinned.old_home IS NULL THEN
        RETURN;
    END IF;
    -- The name is also in the sources (relation_schema, history_schema) and in the jobs of health_schedule().
    EXECUTE format('UPDATE %1$s.health_source s SET relation_schema = CASE s.relation_schema WHEN $1 THEN $2 ELSE s.relation_schema END,
                           history_schema = CASE s.history_schema WHEN $1 THEN $2 ELSE s.history_schema END WHERE $1 IN (s.relation_schema, s.history_schema)', home)
      USING (parse_ident(pinned.old_home))[1], (parse_ident(home))[1];
    IF EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron') THEN
        FOR job IN EXECUTE $sql$SELECT j.jobid, s.source FROM cron.job j CROSS JOIN LATERAL substring(j.jobname, '^health_refresh (.*)$') s (source)
                                 WHERE j.database = current_database() AND j.command = format('CALL %s.health_refresh(%L)', $1, s.source)$sql$ USING pinned.old_home
        LOOP
            EXECUTE 'SELECT cron.alter_job(job_id => $1, command => $2)' USING job.jobid, format('CALL %s.health_refresh(%L)', home, job.source);
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION health_schema_renamed() IS
'Event trigger: after the rename of the extension''s schema, updates the functions'' search_path, the sources and the jobs of pg_cron. 42501 for a role that does not own the functions; 55000 for a rename of health_score_internal.';

CREATE EVENT TRIGGER health_schema_renamed ON ddl_command_end WHEN TAG IN ('ALTER SCHEMA')
    EXECUTE FUNCTION health_schema_renamed();
ALTER EVENT TRIGGER health_schema_renamed ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER health_schema_renamed IS 'Updates references to the extension''s schema after ALTER SCHEMA … RENAME.';
