-- health_score(model, account, as_of, segment): the score of one account.

-- A row of a table reaches the functions as its columns, each an argument of its own: the support function does that when a query
-- is planned, since building a row for every account costs more than scoring it. Not meant to be called by hand.

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
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account, given as {given}, by {by}. {need}';
--@ end

-- health_score over events (sql/aggregate/events.sql) takes a value of any type where an account's as_of stands. So that an untyped literal or
-- parameter in that place is still as_of, there is a type that nothing but a literal can be: what a call leaves without a type is
-- taken for a string before all else, and no other function has a string there. It reads what timestamptz reads.

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
'A timestamptz that an untyped literal or parameter stands for, as as_of of health_score. Not meant for columns.';

--@ for models
CREATE FUNCTION @extschema@.health_score(model {model}, account text, as_of health_time, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c {volatility} PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score({model}, text, health_time, text) IS
'The same with as_of as an untyped literal or parameter.';
--@ end

--@ for models
CREATE FUNCTION health_score_columns(model {model}, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS double precision
LANGUAGE c {volatility} PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score_columns({model}, text[], timestamptz, text, oid, "any") IS
'What the planner makes of health_score(model, row). Not meant to be called.';
--@ end
