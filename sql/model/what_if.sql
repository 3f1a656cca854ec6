-- health_what_if(model, model, relation): who changes band if one model takes the place of another.

--@ list models_before: before | before_is
--@   text  | by name
--@   jsonb | a document
--@ list models_after: after | after_is
--@   text  | by name
--@   jsonb | a document
--@ for models_before, models_after
CREATE FUNCTION @extschema@.health_what_if(before {before}, after {after}, relation regclass,
    account_column text DEFAULT NULL, value_column text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT before_band text, OUT after_band text, OUT accounts bigint, OUT share double precision, OUT mean_change double precision,
    OUT value double precision, OUT who text[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'health_what_if';
COMMENT ON FUNCTION @extschema@.health_what_if({before}, {after}, regclass, text, text, timestamptz) IS
'All accounts of a relation scored by two models ({before_is}; {after_is}): a row for each band before and after (NULL: no score), with accounts, share of all, mean change, the sum of value_column, and up to 100 ids from account_column of those that move, the farthest first.';
--@ end
