-- health_explain(model, account [, before] …): a score, or why it changed, in plain words.

--@ for models, accounts
CREATE FUNCTION @extschema@.health_explain(model {model}, account {account}, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c {volatility} PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain({model}, {account}, timestamptz, text) IS
'The health score of an account in plain words: the largest losses, missing values, uncertainty; the account given as {given}, by {by}. {need}';
--@ end

-- Otherwise Postgres says that the function does not exist.
CREATE FUNCTION @extschema@.health_explain(model text, account double precision)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the account is a number, not a row' USING ERRCODE = 'invalid_parameter_value',
        DETAIL = 'An account is a row, or an object in JSON, with the inputs of the model.',
        HINT = 'Name the row: SELECT health_explain(''crm'', c) FROM customer c; for an id in a source: SELECT * FROM health_account(source, id).';
END
$$;
COMMENT ON FUNCTION @extschema@.health_explain(text, double precision) IS 'Raises 22023: an account is a row or an object in JSON, not a number.';

--@ for models, typed_accounts
CREATE FUNCTION @extschema@.health_explain(model {model}, account {account}, before {account}, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c {volatility} PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain({model}, {account}, {account}, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as {given}, by {by}. {need}';
--@ end

--@ for models
CREATE FUNCTION @extschema@.health_explain(model {model}, account text, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain({model}, text, text, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as a text or literal holding a JSON object, by {by}. {need}';
--@ end

-- Postgres resolves a literal as third argument to text: a JSON object is the account before, anything else is as_of.

--@ for models, typed_accounts
CREATE FUNCTION @extschema@.health_explain(model {model}, account {account}, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain({model}, {account}, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as {given}, by {by}. {need}';
--@ end

-- Forms for two literals: as_of and segment, or the account before and as_of.

--@ for models, accounts
CREATE FUNCTION @extschema@.health_explain(model {model}, account {account}, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain({model}, {account}, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as {given}, by {by}. {need}';
--@ end
