-- Rights by job: what a job needs, health_grant, health_revoke, health_grants, and the error for a lack of rights. Which
-- job a role has is read from the privileges themselves, so that a dump, a rename and a plain GRANT cannot contradict it.

-- A relation that a source names may be any table: its row in health_source is a user's. Only a history that belongs to
-- the source's role, or to a role that it is a member of, counts, and only views that health_source_add has made for it.
CREATE FUNCTION health_source_relations(OUT source text, OUT relation regclass, OUT kind text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT s.name, c.oid::regclass, k.kind
      FROM health_source s
      JOIN pg_namespace n ON n.nspname = s.history_schema
      JOIN pg_class c ON c.relnamespace = n.oid
      JOIN pg_roles r ON r.rolname = s.run_as
     CROSS JOIN LATERAL (SELECT CASE WHEN c.relname = s.history_name AND c.relkind IN ('r', 'p') THEN 'history'
                                     WHEN left(c.relname, length(s.name) + 1) = s.name || '_' AND health_source_view_own(c.oid) THEN 'view'
                                     WHEN c.relname = s.name || '_bands' AND health_source_table_own(c.oid, '_bands') THEN 'bands'
                                     WHEN c.relname = s.name || '_recent' AND health_source_table_own(c.oid, '_recent') THEN 'recent' END) k (kind)
     WHERE k.kind IS NOT NULL AND (c.relowner = r.oid OR NOT r.rolsuper AND pg_has_role(r.oid, c.relowner, 'USAGE'))
     ORDER BY s.name, k.kind, c.relname;
END
$$;
COMMENT ON FUNCTION health_source_relations() IS
'The history, the views and the tables _bands and _recent of each source, as far as they belong to the source''s role or a role that it is a member of.';

CREATE FUNCTION health_job_rights(job text, OUT kind text, OUT object oid, OUT target text, OUT privilege text, OUT option text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    place integer := array_position('{analyst,csm,operator,admin}', job);
BEGIN
    IF place IS NULL THEN
        RAISE EXCEPTION 'unknown job %', COALESCE('"' || job || '"', 'NULL') USING ERRCODE = 'invalid_parameter_value',
            HINT = 'The jobs are admin, operator, csm and analyst.';
    END IF;
    RETURN QUERY
    WITH tables (name, letters) AS (
        -- S, I, U, D: SELECT, INSERT, UPDATE, DELETE; for analyst, csm, operator, admin.
        VALUES ('health_model', '{S,S,SIU,SIU}'::text[]), ('health_model_signals', '{S,S,S,S}'), ('health_model_bands', '{S,S,S,S}'),
               ('health_model_rules', '{S,S,S,S}'), ('health_templates', '{S,S,S,S}'), ('health_source', '{S,S,SIUD,SIUD}'),
               ('health_run', '{S,S,SIU,SIUD}'), ('health_run_signal', '{S,S,SIU,SIUD}'), ('health_monitor', '{S,S,S,S}'), ('health_playbook', '{S,S,SIUD,SIUD}'),
               ('health_alert', '{S,SU,SIU,SIUD}'), ('health_alert_score', '{S,S,SIU,SIUD}'), ('health_alert_outcome', '{S,S,S,S}'),
               ('health_outcome', '{S,SI,SIU,SIUD}'), ('health_pulse', '{"",SI,S,SIUD}'), ('health_override', '{"",SI,S,SIUD}'),
               ('health_pulse_due', '{"",S,S,S}'), ('health_identity', '{"",S,SIU,SIUD}')),
    relations AS (
        SELECT to_regclass(t.name)::oid AS relation, t.letters[place] AS letters FROM tables t
         UNION ALL
        -- Who runs a source owns its history. Erasure deletes from histories. _bands has the sums of all accounts, also of
        -- those that row-level security of the history hides.
        SELECT h.relation, CASE WHEN place < 3 OR h.kind IN ('view', 'bands') THEN 'S' WHEN h.kind = 'recent' THEN 'SD' ELSE 'SUD' END
          FROM health_source_relations() h
         WHERE place <> 3 AND NOT (place < 3 AND h.kind = 'recent')
           AND NOT (place < 3 AND h.kind = 'bands' AND EXISTS (SELECT FROM health_source_relations() r JOIN pg_class c ON c.oid = r.relation
                                                                 WHERE r.source = h.source AND r.kind = 'history' AND c.relrowsecurity))),
    schemas AS (
        SELECT DISTINCT c.relnamespace AS schema FROM relations r JOIN pg_class c ON c.oid = r.relation
         UNION
        SELECT n.oid FROM pg_namespace n JOIN pg_extension e ON e.extname = 'pg_cron' WHERE n.nspname = 'cron' AND place > 2)
    SELECT 'schema', s.schema, format('SCHEMA %I', n.nspname), 'USAGE', ''
      FROM schemas s JOIN pg_namespace n ON n.oid = s.schema
     UNION ALL
    SELECT 'table', r.relation, format('%I.%I', n.nspname, c.relname), w.word,
           -- An admin may call health_grant for others.
           CASE place WHEN 4 THEN ' WITH GRANT OPTION' ELSE '' END
      FROM relations r JOIN pg_class c ON c.oid = r.relation JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) w (word) ON strpos(r.letters, left(w.word, 1)) > 0;
END
$$;
COMMENT ON FUNCTION health_job_rights(text) IS
'The privileges that a job needs, one row each: on tables and views of the extension, on histories and views of sources, on their schemas. Unknown job: 22023.';

CREATE FUNCTION health_job_lacking(role oid, job text, OUT object oid, OUT command text, OUT owner name, OUT may_grant boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT l.object, format('GRANT %s ON %s TO %s%s', string_agg(l.privilege, ', ' ORDER BY array_position('{SELECT,INSERT,UPDATE,DELETE,USAGE}', l.privilege)), l.target, role::regrole, l.option),
           pg_get_userbyid(CASE l.kind WHEN 'schema' THEN (SELECT n.nspowner FROM pg_namespace n WHERE n.oid = l.object)
                                       ELSE (SELECT c.relowner FROM pg_class c WHERE c.oid = l.object) END),
           l.may_grant
      FROM (SELECT r.*,
                   CASE r.kind WHEN 'schema' THEN has_schema_privilege(role, r.object, r.privilege || r.option)
                               ELSE has_table_privilege(role, r.object, r.privilege || r.option) END AS has,
                   CASE r.kind WHEN 'schema' THEN has_schema_privilege(r.object, r.privilege || ' WITH GRANT OPTION')
                               ELSE has_table_privilege(r.object, r.privilege || ' WITH GRANT OPTION') END AS may_grant
              FROM health_job_rights(job) r) l
     WHERE NOT l.has
     GROUP BY l.kind, l.object, l.target, l.option, l.may_grant
     ORDER BY l.kind, l.target;
END
$$;
COMMENT ON FUNCTION health_job_lacking(oid, text) IS
'The privileges of a job that a role does not have, itself or as a member of another role: one GRANT for each object, its owner, and whether the current role may grant.';

CREATE FUNCTION health_grantee(role text)
RETURNS oid
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found oid := (SELECT r.oid FROM pg_roles r WHERE r.rolname = role);
BEGIN
    IF role IS NULL THEN
        RAISE EXCEPTION 'role must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_grant(''cs_ops'', ''operator'').';
    END IF;
    IF found IS NULL THEN
        RAISE EXCEPTION 'unknown role "%"', role USING ERRCODE = 'undefined_object',
            DETAIL = CASE lower(role) WHEN 'public' THEN 'PUBLIC is every role, now and in future; the tables name customers.'
                ELSE 'The name is taken as it is, upper and lower case apart.' END,
            HINT = CASE lower(role) WHEN 'public' THEN 'Name a role; its members have the same rights.'
                ELSE COALESCE('Did you mean "' || (SELECT min(r.rolname) FROM pg_roles r WHERE lower(r.rolname) = lower(role)) || '"?',
                              format('CREATE ROLE %I first; SELECT rolname FROM pg_roles lists the roles.', role)) END;
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_grantee(text) IS 'The role of that name; 42704 if there is none, also for PUBLIC; 22004 for NULL.';

CREATE FUNCTION @extschema@.health_grant(role text, job text)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    grantee oid := health_grantee(role);
    granted boolean := false;
    lacking record;
BEGIN
    FOR lacking IN SELECT * FROM health_job_lacking(grantee, job) l WHERE l.may_grant LOOP
        EXECUTE lacking.command;
        granted := true;
        RETURN QUERY SELECT lacking.command;
    END LOOP;
    SELECT string_agg(l.command, E';\n') AS commands, string_agg(DISTINCT quote_ident(l.owner), ', ') AS owners
      INTO lacking FROM health_job_lacking(grantee, job) l;
    IF lacking.commands IS NULL THEN
        RETURN;
    END IF;
    IF NOT granted THEN
        RAISE EXCEPTION 'role % may not grant what role % lacks for the job %', quote_ident(current_user), grantee::regrole, job
            USING ERRCODE = 'insufficient_privilege', DETAIL = lacking.commands,
                  HINT = format('SELECT health_grant(%L, %L) as each owner (%s), as an admin or as a superuser.', role, job, lacking.owners);
    END IF;
    RAISE WARNING 'role % still lacks privileges for the job %', grantee::regrole, job
        USING DETAIL = lacking.commands, HINT = format('SELECT health_grant(%L, %L) as each owner (%s), or as a superuser.', role, job, lacking.owners);
END
$$;
COMMENT ON FUNCTION @extschema@.health_grant(text, text) IS
'Grants a role what a job needs (admin, operator, csm, analyst) and what the current role may grant; returns the grants that were missing. Call it again for sources that are added later. Nothing may be granted: 42501.';

CREATE FUNCTION @extschema@.health_revoke(role text)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    target oid := health_grantee(role);
    held record;
    kept regclass[] := '{}';
    owners name[] := '{}';
BEGIN
    FOR held IN
        SELECT c.oid, format('REVOKE ALL ON %I.%I FROM %s', n.nspname, c.relname, target::regrole) AS command, pg_get_userbyid(c.relowner) AS owner,
               -- Otherwise Postgres warns of each column.
               EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = target AND pg_has_role(a.grantor, 'USAGE')) AS may_revoke
          FROM (SELECT d.objid AS relation
                  FROM pg_depend d
                  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
                 WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
                 UNION
                SELECT h.relation FROM health_source_relations() h) r
          JOIN pg_class c ON c.oid = r.relation
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v') AND c.relowner <> target
           AND EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = target)
         ORDER BY n.nspname, c.relname
    LOOP
        BEGIN
            IF held.may_revoke THEN
                EXECUTE held.command;
            END IF;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE EXCEPTION 'role % has granted its privileges to other roles', target::regrole USING ERRCODE = 'dependent_objects_still_exist',
                DETAIL = held.command, HINT = format('SELECT * FROM health_grants() lists roles; health_revoke() of theirs first, as role %s.', target::regrole);
        END;
        -- Grants of another grantor stay.
        IF EXISTS (SELECT FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE c.oid = held.oid AND a.grantee = target) THEN
            kept := kept || held.oid::regclass;
            owners := owners || held.owner;
        ELSE
            RETURN QUERY SELECT held.command;
        END IF;
    END LOOP;
    IF kept <> '{}' THEN
        RAISE WARNING 'role % keeps privileges that role % may not revoke', target::regrole, quote_ident(current_user)
            USING DETAIL = array_to_string(kept, ', '),
                  HINT = format('SELECT health_revoke(%L) as each role that granted them, or as each owner: %s.', role,
                      (SELECT string_agg(DISTINCT quote_ident(o), ', ') FROM unnest(owners) o));
    END IF;
END
$$;
COMMENT ON FUNCTION @extschema@.health_revoke(text) IS
'Revokes all privileges of a role on the tables of the extension and on histories and views of sources, as far as the current role may; returns the statements. USAGE on schemas stays. The role has granted privileges to others: 2BP01.';

CREATE FUNCTION @extschema@.health_grants(OUT role text, OUT job text, OUT complete boolean, OUT lacking text[])
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH known AS (
        SELECT DISTINCT r.oid, r.rolname
          FROM pg_depend d
          JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
          JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'v')
         CROSS JOIN LATERAL aclexplode(c.relacl) a
          JOIN pg_roles r ON r.oid = a.grantee
         WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
           -- Roles of Postgres itself have what the script grants.
           AND a.grantee <> c.relowner AND r.oid >= 16384::oid),
    jobs AS (
        SELECT k.oid, k.rolname, has_table_privilege(k.oid, 'health_alert', 'DELETE') AS admin,
               has_table_privilege(k.oid, 'health_source', 'INSERT') AS operator, has_table_privilege(k.oid, 'health_pulse', 'INSERT') AS csm,
               has_table_privilege(k.oid, 'health_alert', 'SELECT') AND has_table_privilege(k.oid, 'health_outcome', 'SELECT') AS analyst
          FROM known k)
    SELECT j.rolname::text, n.name, CASE WHEN n.name IS NOT NULL THEN l.commands IS NULL END, l.commands
      FROM jobs j
      -- The jobs by the privilege that only they have; a job that another one includes is not told.
     CROSS JOIN LATERAL (SELECT 'admin' AS name WHERE j.admin
                         UNION ALL SELECT 'operator' WHERE j.operator AND NOT j.admin
                         UNION ALL SELECT 'csm' WHERE j.csm AND NOT j.admin
                         UNION ALL SELECT 'analyst' WHERE j.analyst AND NOT (j.admin OR j.operator OR j.csm)
                         UNION ALL SELECT NULL WHERE NOT (j.admin OR j.operator OR j.csm OR j.analyst)) n
     CROSS JOIN LATERAL (SELECT array_agg(m.command) AS commands FROM health_job_lacking(j.oid, COALESCE(n.name, 'analyst')) m
                          WHERE n.name IS NOT NULL) l
     ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION @extschema@.health_grants() IS
'The roles that have privileges on the extension''s tables: their job, whether it is complete, and the grants that it lacks, for example on a source that was added later. The job is NULL for single grants that make none.';

-- The privileges that a function needs, before its first statement needs them: Postgres'' own error names no way out.
CREATE FUNCTION health_require(job text, relation regclass, privileges text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    lacking text := (SELECT string_agg(p.name, ', ') FROM unnest(string_to_array(privileges, ', ')) p (name)
                      WHERE NOT CASE p.name WHEN 'DELETE' THEN has_table_privilege(relation, p.name) ELSE has_any_column_privilege(relation, p.name) END);
BEGIN
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'permission denied for table %', (SELECT quote_ident(c.relname) FROM pg_class c WHERE c.oid = relation)
            USING ERRCODE = 'insufficient_privilege', DETAIL = format('Role %I lacks %s.', current_user, lacking),
                  HINT = health_grant_hint(job, relation);
    END IF;
END
$$;
COMMENT ON FUNCTION health_require(text, regclass, text) IS
'Raises 42501 unless the current role has the privileges, written as in GRANT, on a table; the hint is the call of health_grant for the job.';

CREATE FUNCTION health_grant_hint(job text, relation regclass DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format('As role %s: SELECT health_grant(%L, %L).',
        (SELECT c.relowner::regrole FROM pg_class c WHERE c.oid = COALESCE(relation, 'health_source'::regclass)), current_user, job);
END
$$;
COMMENT ON FUNCTION health_grant_hint(text, regclass) IS 'The hint of an error for lack of rights: which call repairs it, and as which role.';

-- A history is read with the rights of the caller.
CREATE FUNCTION health_require_history(source @extschema@.health_source, job text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history oid := (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE n.nspname = source.history_schema AND c.relname = source.history_name);
BEGIN
    IF history IS NOT NULL AND NOT (has_schema_privilege(source.history_schema, 'USAGE') AND has_any_column_privilege(history, 'SELECT')) THEN
        RAISE EXCEPTION 'permission denied for history %.%', quote_ident(source.history_schema), quote_ident(source.history_name)
            USING ERRCODE = 'insufficient_privilege', DETAIL = format('Role %I may not read the scores of source "%s".', current_user, source.name),
                  HINT = health_grant_hint(job, history);
    END IF;
END
$$;
COMMENT ON FUNCTION health_require_history(@extschema@.health_source, text) IS
'Raises 42501 unless the current role may read the history of a source; the hint is the call of health_grant for the job.';
