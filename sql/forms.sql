-- Templates for functions with many forms; scripts/build/sql.pl expands them.

-- The model by name or as a document. The default of as_of: the transaction's now() for a name, none for a document.
--@ list models: model | volatility | by | need
--@   text  | STABLE    | a saved model''s name (or name@version) | as_of NULL means the transaction''s now().
--@   jsonb | IMMUTABLE | a model document | A document that reads time needs as_of.

-- The account as a row or as an object.
--@ list accounts: account | given | planner
--@   record | a row | SUPPORT health_row_support
--@   jsonb  | a jsonb object |
--@   json   | a json object |
--@   text   | a text or literal holding a JSON object |

-- The account as a row or as an object, for functions with a separate form for literals.
--@ list typed_accounts: account | given
--@   record | a row
--@   jsonb  | a jsonb object
--@   json   | a json object

-- Types of an account's id other than text.
--@ list other_ids: id | what
--@   bigint | a number
--@   uuid   | a UUID

-- The functions of an aggregate: transition, combine, final.
--@ define step: aggregate | arguments
CREATE FUNCTION {aggregate}_step(bytea, {arguments})
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{aggregate}_step';
COMMENT ON FUNCTION {aggregate}_step(bytea, {arguments}) IS
'One row of aggregate {aggregate}. Not meant to be called.';
--@ end

--@ define combine: aggregate
CREATE FUNCTION {aggregate}_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{aggregate}_combine';
COMMENT ON FUNCTION {aggregate}_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate {aggregate}. Not meant to be called.';
--@ end

--@ define final: aggregate | result
CREATE FUNCTION {aggregate}_final(bytea)
RETURNS {result}
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{aggregate}_final';
COMMENT ON FUNCTION {aggregate}_final(bytea) IS
'The result of aggregate {aggregate}. Not meant to be called.';
--@ end
