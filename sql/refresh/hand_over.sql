-- Hand-over: all that the extension keeps for one role, given to another role. The tables name roles, as pg_cron does:
-- ALTER ROLE … RENAME and REASSIGN OWNED do not reach them.

CREATE FUNCTION @extschema@.health_hand_over(old_role text, new_role text, OUT what text, OUT name text)
RETURNS SETOF record
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    heir oid := health_grantee(new_role);
    old oid := (SELECT r.oid FROM pg_roles r WHERE r.rolname = old_role);
    super boolean := (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user);
    source health_source;
    kept record;
    lacking text;
BEGIN
    IF old_role IS NULL OR old_role = new_role THEN
        RAISE EXCEPTION 'old_role must be a name, and not that of new_role' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT * FROM health_hand_over(''cs_ops'', ''cs_night'').';
    END IF;
    IF NOT EXISTS (SELECT FROM health_source s WHERE s.run_as = old_role)
       AND NOT (has_table_privilege('health_playbook', 'SELECT') AND EXISTS (SELECT FROM health_playbook p WHERE p.run_as = old_role))
       AND old IS NULL THEN
        RAISE EXCEPTION 'role "%" has no source and no playbook', old_role USING ERRCODE = 'undefined_object',
            HINT = COALESCE('There are things of: ' || (SELECT string_agg(DISTINCT s.run_as, ', ') FROM health_source s) || '.', 'There is no source.');
    END IF;
    -- For the rows of a role that no longer exists, the triggers ask for a superuser.
    IF NOT super AND (old IS NULL OR NOT (pg_has_role(old, 'USAGE') AND pg_has_role(heir, 'USAGE'))) THEN
        RAISE EXCEPTION 'role % may not give what belongs to role % to role %', quote_ident(current_user), quote_ident(old_role), heir::regrole
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'A hand-over needs the rights of both roles.',
                  HINT = CASE WHEN old IS NULL THEN 'Call it as a superuser: the old role does not exist any more.' ELSE format('Call it as a superuser, or as a member of %I and %s.', old_role, heir::regrole) END;
    END IF;
    FOR source IN SELECT s.* FROM health_source s WHERE s.run_as = old_role ORDER BY s.name LOOP
        PERFORM health_source_lock(source.name);
        what := 'relation';
        -- After REASSIGN OWNED, or the rename of the role, the new role owns them already.
        FOR kept IN
            SELECT c.oid, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = source.history_schema AND c.relowner = old
               AND (c.relname = source.history_name AND c.relkind IN ('r', 'p')
                    OR left(c.relname, length(source.name) + 1) = source.name || '_' AND health_source_view_own(c.oid)
                    OR c.relname IN (source.name || '_bands', source.name || '_recent') AND health_source_table_own(c.oid, substr(c.relname, length(source.name) + 1)))
             UNION ALL
            SELECT c.oid, c.relkind FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
              JOIN pg_namespace n ON n.oid = p.relnamespace
             WHERE n.nspname = source.history_schema AND p.relname = source.history_name AND c.relowner = old AND c.relkind IN ('r', 'p')
        LOOP
            name := kept.oid::regclass::text;
            EXECUTE format('ALTER %s %s OWNER TO %s', CASE kept.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, kept.oid::regclass, heir::regrole);
            RETURN NEXT;
        END LOOP;
        UPDATE health_source s SET run_as = new_role WHERE s.name = source.name;
        what := 'source';
        name := source.name;
        RETURN NEXT;
        IF to_regclass(format('%I.%I', source.relation_schema, source.relation_name)) IS NOT NULL
           AND NOT has_table_privilege(heir, format('%I.%I', source.relation_schema, source.relation_name), 'SELECT') THEN
            RAISE WARNING 'role % may not read relation %.% of source "%"', heir::regrole, quote_ident(source.relation_schema), quote_ident(source.relation_name), source.name
                USING HINT = format('GRANT SELECT ON %I.%I TO %s.', source.relation_schema, source.relation_name, heir::regrole);
        END IF;
    END LOOP;
    what := 'playbook';
    FOR name IN UPDATE health_playbook p SET run_as = new_role WHERE p.run_as = old_role RETURNING p.name LOOP
        RETURN NEXT;
    END LOOP;
    -- run_as of a run and of an alert says who may change the row.
    UPDATE health_run r SET run_as = new_role WHERE r.run_as = old_role;
    UPDATE health_alert a SET run_as = new_role WHERE a.run_as = old_role;
    IF EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron') THEN
        IF super THEN
            what := 'job of pg_cron';
            FOR kept IN EXECUTE 'SELECT j.jobid, j.jobname FROM cron.job j WHERE j.username = $1 AND j.database = current_database() AND j.jobname LIKE ''health_refresh %'' ORDER BY j.jobid' USING old_role LOOP
                EXECUTE 'UPDATE cron.job SET username = $2 WHERE jobid = $1' USING kept.jobid, new_role;
                -- pg_cron reads its jobs again.
                EXECUTE 'SELECT cron.alter_job(job_id => $1, active => active) FROM cron.job WHERE jobid = $1' USING kept.jobid;
                name := kept.jobname;
                RETURN NEXT;
            END LOOP;
        ELSE
            RAISE WARNING 'jobs of pg_cron stay with role %', quote_ident(old_role)
                USING HINT = format('As role %s: SELECT health_schedule(source, cron) for each source; or call health_hand_over as a superuser.', heir::regrole);
        END IF;
    END IF;
    SELECT string_agg(l.command, E';\n') INTO lacking FROM health_job_lacking(heir, 'operator') l;
    IF lacking IS NOT NULL THEN
        RAISE WARNING 'role % lacks privileges of an operator', heir::regrole USING DETAIL = lacking, HINT = format('SELECT health_grant(%L, ''operator'').', new_role);
    END IF;
END
$$;
COMMENT ON FUNCTION @extschema@.health_hand_over(text, text) IS
'Gives a role''s sources, playbooks, runs, alerts, histories, views and jobs of pg_cron to another role, also after ALTER ROLE … RENAME or REASSIGN OWNED; returns what was handed over. Needs the rights of both roles; a refresh that runs: 55P03.';
