-- health_drivers(model, account, as_of, segment): the contribution of each signal and rule to a score.

--@ for models, accounts
CREATE FUNCTION @extschema@.health_drivers(model {model}, account {account}, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c {volatility} PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers({model}, {account}, timestamptz, text) IS
'The drivers of the health score of an account, the largest loss first; contributions sum to the score. The account given as {given}, by {by}. {need}';
--@ end
