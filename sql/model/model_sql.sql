-- health_model_sql: a model as a query that needs no extension.

--@ for models
CREATE FUNCTION @extschema@.health_model_sql(model {model}, relation regclass, as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'health_model_sql';
--@ end
COMMENT ON FUNCTION @extschema@.health_model_sql(text, regclass, timestamptz) IS
'A query in plain standard SQL: the columns of a relation with health_score, health_band and health_segment as a saved model gives them, to 1e-9; NULL where the function raises an error. Ages count to as_of, else to CURRENT_TIMESTAMP. Models of events are refused.';
COMMENT ON FUNCTION @extschema@.health_model_sql(jsonb, regclass, timestamptz) IS
'A model document as a query in plain standard SQL: as the form by name.';
