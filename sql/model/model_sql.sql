-- health_model_sql: a model as a query that runs without the extension.

--@ for models
CREATE FUNCTION @extschema@.health_model_sql(model {model}, relation regclass, as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'health_model_sql';
--@ end
COMMENT ON FUNCTION @extschema@.health_model_sql(text, regclass, timestamptz) IS
'A query in standard SQL over a relation: its columns, and health_score, health_band and health_segment by a saved model, equal to the functions to 1e-9; NULL where they raise an error. Ages count to as_of, by default CURRENT_TIMESTAMP. Not for models of events.';
COMMENT ON FUNCTION @extschema@.health_model_sql(jsonb, regclass, timestamptz) IS
'A model document as a query in standard SQL: as the form by name.';
