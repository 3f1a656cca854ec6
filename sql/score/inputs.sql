-- health_inputs: an account as jsonb, for generated columns, indexes and pushdown, which do not accept whole rows.

CREATE FUNCTION @extschema@.health_inputs(VARIADIC inputs "any")
RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_inputs';
COMMENT ON FUNCTION @extschema@.health_inputs("any") IS
'An account as jsonb from alternating names and values, from rows and from jsonb objects, merged from left to right; NULL rows are skipped.';
