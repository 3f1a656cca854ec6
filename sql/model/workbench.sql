-- Drafts a model from a relation, and matches a model with a relation.

CREATE FUNCTION @extschema@.health_model_draft(relation regclass, template text DEFAULT 'simple', inputs jsonb DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, bands text DEFAULT NULL)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'health_model_draft';
COMMENT ON FUNCTION @extschema@.health_model_draft(regclass, text, jsonb, timestamptz, text) IS
'A first model for a relation with one row per account: columns found by name or synonym, scales from the 5th to the 95th percentile of a sample; meta gives the reasons. inputs maps inputs or signals to columns (null omits one); ages count to as_of; bands: NULL or ''terciles''.';

--@ for models
CREATE FUNCTION @extschema@.health_model_match(model {model}, relation regclass, as_of timestamptz DEFAULT NULL,
    OUT signal text, OUT input text, OUT column_type text, OUT status text, OUT message text,
    OUT missing_share double precision, OUT invalid_share double precision,
    OUT at_worst_share double precision, OUT at_best_share double precision,
    OUT min double precision, OUT median double precision, OUT max double precision)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_model_match';
--@ end
COMMENT ON FUNCTION @extschema@.health_model_match(text, regclass, timestamptz) IS
'Whether a relation fits a saved model, and the scales fit the data: a row for the relation, for each signal, and for each input that only rules or segments read; status ok, warning or error. Shares (0 to 1) of a sample of accounts; min, median and max of raw numbers or of ages in days.';
COMMENT ON FUNCTION @extschema@.health_model_match(jsonb, regclass, timestamptz) IS
'Whether a relation fits a model document, and the scales fit the data: as the form by name.';
