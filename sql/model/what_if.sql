-- health_what_if(model, model, relation): the accounts that change band if one model replaces another.

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
'All accounts of a relation scored by two models ({before_is}; {after_is}): one row for each pair of bands before and after (NULL: no score), with accounts, share, mean change, sum of value_column, and up to 100 ids (account_column) of accounts that change band, the largest change first.';
--@ end
