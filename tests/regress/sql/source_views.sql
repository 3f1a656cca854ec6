-- What has the name of a source's view and is no view of the source is neither replaced nor dropped.

-- Models of other tests would show in hints and version numbers.
SET session_replication_role = replica;
TRUNCATE health_model;
RESET session_replication_role;
\set VERBOSITY terse

SELECT health_model_save('m', '{"signals": {"v": {"scale": {"linear": [0, 10]}}}}');
CREATE TABLE acc (id integer, v integer);
INSERT INTO acc VALUES (1, 5);

-- The relation itself, then each name and each kind of relation
CREATE VIEW crm_current AS SELECT id, v FROM acc;
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT health_source_add('crm', 'm', 'crm_current', 'id');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT * FROM crm_current;
DROP VIEW crm_current;
DO $$
DECLARE
    suffix text;
    kind text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_current', '_inputs', '_movers', '_portfolio', '_parents'] LOOP
        FOREACH kind IN ARRAY ARRAY['TABLE %I AS TABLE acc', 'VIEW %I AS TABLE acc', 'MATERIALIZED VIEW %I AS TABLE acc', 'SEQUENCE %I', 'INDEX %I ON acc (id)', 'TYPE %I AS (a integer)'] LOOP
            BEGIN
                EXECUTE 'CREATE ' || format(kind, 'crm' || suffix);
                PERFORM health_source_add('crm', 'm', 'acc', 'id');
                RAISE NOTICE 'added beside %', kind;
            EXCEPTION WHEN duplicate_table THEN
                RAISE NOTICE '%: %', split_part(kind, ' %', 1), SQLERRM;
            END;
        END LOOP;
    END LOOP;
END
$$;
SELECT count(*) FROM health_source WHERE name = 'crm';

-- A view of the user in the place of the source's: modified, an exact copy, and with the comment
SELECT health_source_add('crm', 'm', 'acc', 'id');
CALL health_refresh('crm');
SELECT pg_get_viewdef('crm_inputs') AS body, obj_description('crm_inputs'::regclass) AS comment \gset
DROP VIEW crm_inputs;
CREATE VIEW crm_inputs AS :body
COMMENT ON VIEW crm_inputs IS :'comment';
SELECT health_source_add('crm', 'm', 'acc', 'id');
SELECT health_source_drop('crm');
SELECT count(*) FROM crm_inputs;
SELECT relname FROM pg_class WHERE relname LIKE 'crm\_%' AND relkind = 'v';
DROP VIEW crm_inputs;

-- The source's own: replaced, also by CREATE OR REPLACE and under new ids; written to by nobody; dropped
SELECT health_source_add('crm', 'm', 'acc', 'id');
CREATE OR REPLACE VIEW crm_inputs WITH (security_invoker = true) AS SELECT account_id, name, scored_at, segment, inputs FROM crm_history;
SELECT health_source_add('crm', 'm', 'acc', 'id', history => 'crm_history');
SELECT pg_get_viewdef('crm_inputs') LIKE '%DISTINCT ON%' AS replaced;
CREATE VIEW acc_text AS SELECT id::text AS id, v FROM acc;
SELECT health_source_add('crm', 'm', 'acc_text', 'id', history => 'crm_text');
INSERT INTO crm_current (account_id) VALUES ('1');
SELECT health_source_drop('crm');
SELECT count(*) FROM pg_class WHERE relname LIKE 'crm\_%' AND relkind = 'v';
DROP VIEW acc_text;
DROP TABLE crm_history, crm_text, acc;
