-- Makes a role for dashboards. The role has the job of an analyst: it reads the histories and views of all sources, and the runs,
-- alerts and outcomes that the extension keeps. It cannot write. Relations that sources read, pulses, overrides and linked ids
-- stay closed to it.
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
SELECT health_grant(:'analyst', 'analyst');
