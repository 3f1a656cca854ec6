-- Two schemas: @extschema@ has the public objects, health_score_internal the internal ones. A name without a schema in
-- this script is internal or a system object: the search_path of the script has no schema that another role can write
-- to.

CREATE SCHEMA health_score_internal;
COMMENT ON SCHEMA health_score_internal IS 'Internal objects of extension health_score: steps, triggers, support functions. Do not call them; the public functions are in the schema of the extension.';
SET LOCAL search_path = health_score_internal, pg_temp;

-- The build writes each RAISE EXCEPTION of the functions below as a call of this one (scripts/build/raise.pl).
CREATE FUNCTION health_raise(sqlstate text, message text, detail text, hint text)
RETURNS void
LANGUAGE c PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_raise';
COMMENT ON FUNCTION health_raise(text, text, text, text) IS 'Raises an error of this extension: its CONTEXT has no line about functions of the extension, only about those that called them.';
