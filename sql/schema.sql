-- Two schemas: the extension's own (@extschema@) has what users call, health_score_internal what the extension is made of. All that
-- is named without a schema below is internal, or Postgres' own: nobody else can write to the schemas that the script searches.

CREATE SCHEMA health_score_internal;
COMMENT ON SCHEMA health_score_internal IS 'What extension health_score is made of: steps, triggers, support functions. Not meant to be called; the public functions are in the schema of the extension.';
-- Views and functions of the extension run with the rights of whoever uses them.
GRANT USAGE ON SCHEMA health_score_internal TO PUBLIC;
SET LOCAL search_path = health_score_internal, pg_temp;
