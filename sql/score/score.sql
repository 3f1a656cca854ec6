-- health_score(model, account, as_of, segment): the score of one account.

-- The support function replaces a row argument with one argument for each column when a query is planned: building a
-- row for every account costs more than scoring it.

CREATE FUNCTION health_row_support(internal)
RETURNS internal
LANGUAGE c STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_row_support';
COMMENT ON FUNCTION health_row_support(internal) IS
'Planner support: passes the columns of a table instead of its whole row. Not meant to be called.';

--@ for models, accounts
CREATE FUNCTION @extschema@.health_score(model {model}, account {account}, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c {volatility} PARALLEL SAFE COST 50 {planner}
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score({model}, {account}, timestamptz, text) IS
'The health score of an account, 0 to 100 (higher is healthier; NULL: insufficient data). The account given as {given}, by {by}. {need}';
--@ end

-- Otherwise Postgres says that the function does not exist.
CREATE FUNCTION @extschema@.health_score(model text, account double precision)
RETURNS double precision
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the account is a number, not a row' USING ERRCODE = 'invalid_parameter_value',
        DETAIL = 'An account is a row, or an object in JSON, with the inputs of the model.',
        HINT = 'Name the row: SELECT health_score(''crm'', c) FROM customer c; for an id in a source: SELECT * FROM health_account(source, id).';
END
$$;
COMMENT ON FUNCTION @extschema@.health_score(text, double precision) IS 'Raises 22023: an account is a row or an object in JSON, not a number.';

-- In the position of as_of, the aggregate health_score over events (sql/aggregate/events.sql) has a value of any type.
-- Type health_time makes an untyped literal or parameter in this position resolve to as_of: Postgres prefers the string
-- category for untyped arguments, and no other health_score has a type of this category there. Its input function is
-- that of timestamptz.

CREATE TYPE health_time;

CREATE FUNCTION health_time_in(cstring, oid, integer)
RETURNS health_time
LANGUAGE internal STABLE STRICT PARALLEL SAFE
AS 'timestamptz_in';
COMMENT ON FUNCTION health_time_in(cstring, oid, integer) IS
'Input of type health_time. Not meant to be called.';

CREATE FUNCTION health_time_out(health_time)
RETURNS cstring
LANGUAGE internal STABLE STRICT PARALLEL SAFE
AS 'timestamptz_out';
COMMENT ON FUNCTION health_time_out(health_time) IS
'Output of type health_time. Not meant to be called.';

CREATE FUNCTION health_time_recv(internal, oid, integer)
RETURNS health_time
LANGUAGE internal STABLE STRICT PARALLEL SAFE
AS 'timestamptz_recv';
COMMENT ON FUNCTION health_time_recv(internal, oid, integer) IS
'Binary input of type health_time. Not meant to be called.';

CREATE FUNCTION health_time_send(health_time)
RETURNS bytea
LANGUAGE internal STABLE STRICT PARALLEL SAFE
AS 'timestamptz_send';
COMMENT ON FUNCTION health_time_send(health_time) IS
'Binary output of type health_time. Not meant to be called.';

CREATE TYPE health_time (
    INPUT = health_time_in, OUTPUT = health_time_out, RECEIVE = health_time_recv, SEND = health_time_send, LIKE = timestamptz, CATEGORY = 'S'
);
COMMENT ON TYPE health_time IS
'The type of as_of of health_score for an untyped literal or parameter; same values as timestamptz. Not meant for columns.';

--@ for models
CREATE FUNCTION @extschema@.health_score(model {model}, account text, as_of health_time, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c {volatility} PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score({model}, text, health_time, text) IS
'As the form for timestamptz, for as_of as an untyped literal or parameter.';
--@ end

--@ for models
CREATE FUNCTION health_score_columns(model {model}, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS double precision
LANGUAGE c {volatility} PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score_columns({model}, text[], timestamptz, text, oid, "any") IS
'The planner replaces health_score(model, row) with this function. Not meant to be called.';
--@ end
