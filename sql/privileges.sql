-- What PUBLIC may do, and that nobody else may do more. ALTER DEFAULT PRIVILEGES gives roles rights on every object that
-- is created, the extension's too. This file is the last one: all objects exist.

CREATE FUNCTION health_privileges_revoke(catalog regclass, object oid)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format('REVOKE ALL ON %s FROM %s', o.target, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
          FROM (SELECT format('%s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass), c.relacl, c.relowner, true
                  FROM pg_class c WHERE catalog = 'pg_class'::regclass AND c.oid = object
                UNION ALL
                SELECT format('SCHEMA %I', n.nspname), n.nspacl, n.nspowner, true
                  FROM pg_namespace n WHERE catalog = 'pg_namespace'::regclass AND n.oid = object
                UNION ALL
                -- PUBLIC has EXECUTE of functions and USAGE of types without a grant.
                SELECT format('ROUTINE %s', p.oid::regprocedure), p.proacl, p.proowner, false
                  FROM pg_proc p WHERE catalog = 'pg_proc'::regclass AND p.oid = object
                UNION ALL
                SELECT format('TYPE %s', t.oid::regtype), t.typacl, t.typowner, false
                  FROM pg_type t WHERE catalog = 'pg_type'::regclass AND t.oid = object) o (target, acl, owner, of_public)
         CROSS JOIN LATERAL (SELECT DISTINCT a.grantee FROM aclexplode(o.acl) a) g
         WHERE g.grantee <> o.owner AND (o.of_public OR g.grantee <> 0)
    LOOP
        EXECUTE command;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_privileges_revoke(regclass, oid) IS
'Revokes all privileges of roles other than the owner on a new object, for example those of ALTER DEFAULT PRIVILEGES. The catalog is pg_class, pg_namespace, pg_proc or pg_type. PUBLIC keeps its privileges on functions and types.';

SELECT health_privileges_revoke(d.classid, d.objid)
  FROM pg_depend d
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';

-- Views and functions of the extension run with the rights of their caller.
GRANT USAGE ON SCHEMA health_score_internal TO PUBLIC;
-- health_source holds only names, as the system catalogs do. A role that adds sources needs INSERT, UPDATE and DELETE.
GRANT SELECT ON @extschema@.health_model, @extschema@.health_source, @extschema@.health_templates, @extschema@.health_model_signals,
    @extschema@.health_model_bands, @extschema@.health_model_rules TO PUBLIC;
-- A monitoring system sees runs, and of alerts only how many there are.
GRANT SELECT ON @extschema@.health_monitor, @extschema@.health_run, @extschema@.health_run_signal TO pg_monitor;
GRANT SELECT (source, status, due_at) ON @extschema@.health_alert TO pg_monitor;
-- The register of histories is written by whoever adds and refreshes sources; its trigger asks for the rights to do so.
GRANT SELECT, INSERT, UPDATE, DELETE ON health_history_register TO PUBLIC;
