-- health_assess(model, account, as_of, segment): a score and its details in one row. For FROM, with LATERAL.

--@ for models, accounts
CREATE FUNCTION @extschema@.health_assess(model {model}, account {account}, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c {volatility} PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess({model}, {account}, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as {given}, by {by}. {need}';
--@ end
