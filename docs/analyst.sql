-- Makes a role for dashboards. The role reads the histories and views of all sources, and the runs, alerts and outcomes that
-- the extension keeps. It cannot write. Relations that sources read, pulses, overrides and linked ids stay closed to it.
--
--   psql -v analyst=analyst -f docs/analyst.sql
--
-- The first run needs a superuser, or a role with CREATEROLE. Run the script again as the owner of the sources after a source
-- was added, and as the owner of the extension where that is another role: each run grants what the current role may grant, and
-- lists what is left for others.
\set ON_ERROR_STOP on

SELECT format('SET search_path = %I', nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
 WHERE extname = 'health_score' \gexec

SELECT rolsuper OR rolcreaterole AS may_create, EXISTS (SELECT FROM pg_roles WHERE rolname = :'analyst') AS is_there
  FROM pg_roles WHERE rolname = current_user \gset
\if :is_there
\elif :may_create
  CREATE ROLE :"analyst" LOGIN;
  ALTER ROLE :"analyst" SET default_transaction_read_only = on;
  ALTER ROLE :"analyst" SET statement_timeout = '5min';
\else
  DO $$ BEGIN
    RAISE 'the role for dashboards does not exist yet, and % may not create it', current_user
      USING ERRCODE = 'insufficient_privilege', HINT = 'Run this script once as a superuser, or as a role with CREATEROLE.';
  END $$;
\endif

-- Models, sources and templates are open to every role already.
CREATE TEMPORARY VIEW analyst_reads AS
SELECT c.oid, n.nspname, c.relname, c.relowner
  FROM health_source s
  JOIN pg_namespace n ON n.nspname = s.history_schema
  JOIN pg_class c ON c.relnamespace = n.oid
   AND c.relname IN (s.history_name, s.name || '_current', s.name || '_inputs', s.name || '_drivers', s.name || '_signals', s.name || '_movers', s.name || '_portfolio',
                     s.name || '_parents', s.name || '_bands')
 UNION
SELECT c.oid, n.nspname, c.relname, c.relowner
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = ANY ('{health_run, health_run_signal, health_playbook, health_alert, health_alert_score, health_alert_outcome, health_outcome}'::regclass[]);

SELECT DISTINCT format('GRANT USAGE ON SCHEMA %I TO %I', nspname, :'analyst') FROM analyst_reads
 WHERE NOT has_schema_privilege(:'analyst', nspname, 'USAGE') AND has_schema_privilege(nspname, 'USAGE WITH GRANT OPTION') \gexec
SELECT format('GRANT SELECT ON %I.%I TO %I', nspname, relname, :'analyst') FROM analyst_reads
 WHERE NOT has_table_privilege(:'analyst', oid, 'SELECT') AND has_table_privilege(oid, 'SELECT WITH GRANT OPTION') \gexec

SELECT count(*) > 0 AS something_left FROM analyst_reads WHERE NOT has_table_privilege(:'analyst', oid, 'SELECT') \gset
\if :something_left
  \echo 'Not granted yet; run this script again as the owner:'
  SELECT format('%I.%I', nspname, relname) AS relation, pg_get_userbyid(relowner) AS owner
    FROM analyst_reads WHERE NOT has_table_privilege(:'analyst', oid, 'SELECT') ORDER BY 2, 1;
\endif
DROP VIEW analyst_reads;
