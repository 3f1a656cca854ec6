-- health_change(model, before, after, before_as_of, after_as_of): why a score changed.

--@ list change_models: model | volatility | by | need_both
--@   text  | STABLE    | a saved model''s name (or name@version) | An as_of of NULL means the transaction''s now().
--@   jsonb | IMMUTABLE | a model document | A document that reads time needs both as_of.
--@ for change_models, accounts
CREATE FUNCTION @extschema@.health_change(model {model}, before {account}, after {account}, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c {volatility} PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change({model}, {account}, {account}, timestamptz, timestamptz) IS
'Why a score changed, the largest loss first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit. Both given as {given}, by {by}. {need_both}';
--@ end
