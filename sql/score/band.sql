-- health_band: the band of an account, or of a score. health_display: a score as text for people.

--@ for models, accounts
CREATE FUNCTION @extschema@.health_band(model {model}, account {account}, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c {volatility} PARALLEL SAFE COST 50 {planner}
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band({model}, {account}, timestamptz, text) IS
'The name of the band of the health score of an account, given as {given}, by {by}. {need}';
--@ end

--@ for models
CREATE FUNCTION @extschema@.health_band(model {model}, score double precision, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c {volatility} PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_band_of_score';
COMMENT ON FUNCTION @extschema@.health_band({model}, double precision, text) IS
'The name of the band of a score, by {by}; with a segment''s name, by that segment''s bands.';
CREATE FUNCTION @extschema@.health_display(model {model}, score double precision)
RETURNS text
LANGUAGE c {volatility} PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_display';
COMMENT ON FUNCTION @extschema@.health_display({model}, double precision) IS
'A score as the model''s display shows it, by {by}: scaled and rounded down, so that the shown number stays within its band.';
--@ end

--@ for models
CREATE FUNCTION health_band_columns(model {model}, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS text
LANGUAGE c {volatility} PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band_columns({model}, text[], timestamptz, text, oid, "any") IS
'The planner replaces health_band(model, row) with this function. Not meant to be called.';
--@ end
