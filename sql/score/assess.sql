-- health_assess(model, account, as_of, segment): everything about a score in one row. Use it in FROM, with LATERAL.

CREATE FUNCTION @extschema@.health_assess(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(text, record, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_assess(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(text, jsonb, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_assess(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(text, json, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_assess(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(text, text, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_assess(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(jsonb, record, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_assess(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(jsonb, jsonb, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_assess(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(jsonb, json, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_assess(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(jsonb, text, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';
