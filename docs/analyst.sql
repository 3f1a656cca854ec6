-- A role for dashboards: it reads the histories and views of your sources and what the extension keeps, and can write nothing.
--
--   psql -v analyst=analyst -f docs/analyst.sql
--
-- Run it as the owner of the sources, with a superuser or the owner of the extension for the last part, and again after a source was added.
-- The relations that sources read, pulses, overrides and linked ids stay closed.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I LOGIN', :'analyst') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'analyst') \gexec
ALTER ROLE :"analyst" SET default_transaction_read_only = on;
ALTER ROLE :"analyst" SET statement_timeout = '5min';

SELECT DISTINCT format('GRANT USAGE ON SCHEMA %I TO %I', history_schema, :'analyst') FROM health_source \gexec
SELECT format('GRANT SELECT ON %1$I.%2$I, %1$I.%3$I, %1$I.%4$I, %1$I.%5$I, %1$I.%6$I, %1$I.%7$I TO %8$I', history_schema, history_name,
              name || '_current', name || '_inputs', name || '_movers', name || '_portfolio', name || '_parents', :'analyst')
  FROM health_source \gexec

-- Models, sources, templates are open to everybody already.
GRANT SELECT ON health_run, health_run_signal, health_playbook, health_alert, health_alert_score, health_alert_outcome, health_outcome TO :"analyst";
