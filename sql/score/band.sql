-- health_band: the band of an account, or of a score. health_display: a score as people see it.

CREATE FUNCTION @extschema@.health_band(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(text, record, timestamptz, text) IS
'The name of the band of the health score of an account, given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_band(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(text, jsonb, timestamptz, text) IS
'The name of the band of the health score of an account, given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_band(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(text, json, timestamptz, text) IS
'The name of the band of the health score of an account, given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_band(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(text, text, timestamptz, text) IS
'The name of the band of the health score of an account, given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_band(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, record, timestamptz, text) IS
'The name of the band of the health score of an account, given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_band(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, jsonb, timestamptz, text) IS
'The name of the band of the health score of an account, given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_band(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, json, timestamptz, text) IS
'The name of the band of the health score of an account, given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_band(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, text, timestamptz, text) IS
'The name of the band of the health score of an account, given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_band(model text, score double precision, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_band_of_score';
COMMENT ON FUNCTION @extschema@.health_band(text, double precision, text) IS
'The name of the band of a score, by a saved model''s name (or name@version); with a segment''s name, by that segment''s bands.';

CREATE FUNCTION @extschema@.health_display(model text, score double precision)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_display';
COMMENT ON FUNCTION @extschema@.health_display(text, double precision) IS
'A score as the model''s display shows it, by a saved model''s name (or name@version): scaled and floored, so that a shown number never crosses a band.';

CREATE FUNCTION @extschema@.health_band(model jsonb, score double precision, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_band_of_score';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, double precision, text) IS
'The name of the band of a score, by a model document; with a segment''s name, by that segment''s bands.';

CREATE FUNCTION @extschema@.health_display(model jsonb, score double precision)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_display';
COMMENT ON FUNCTION @extschema@.health_display(jsonb, double precision) IS
'A score as the model''s display shows it, by a model document: scaled and floored, so that a shown number never crosses a band.';

CREATE FUNCTION health_band_columns(model text, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band_columns(text, text[], timestamptz, text, oid, "any") IS
'What the planner makes of health_band(model, row). Not meant to be called.';

CREATE FUNCTION health_band_columns(model jsonb, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band_columns(jsonb, text[], timestamptz, text, oid, "any") IS
'What the planner makes of health_band(model, row). Not meant to be called.';
