-- health_churn_rate and health_usage_rate: shares of a book.

CREATE FUNCTION health_churn_rate_step(bytea, boolean)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_churn_rate_step';
COMMENT ON FUNCTION health_churn_rate_step(bytea, boolean) IS
'One row of aggregate health_churn_rate. Not meant to be called.';

CREATE FUNCTION health_churn_rate_step(bytea, boolean, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_churn_rate_step';
COMMENT ON FUNCTION health_churn_rate_step(bytea, boolean, double precision) IS
'One row of aggregate health_churn_rate. Not meant to be called.';

CREATE FUNCTION health_churn_rate_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_churn_rate_combine';
COMMENT ON FUNCTION health_churn_rate_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_churn_rate. Not meant to be called.';

CREATE FUNCTION health_churn_rate_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_churn_rate_final';
COMMENT ON FUNCTION health_churn_rate_final(bytea) IS
'The result of aggregate health_churn_rate. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_churn_rate(churned boolean) (
    SFUNC = health_churn_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_churn_rate_combine, FINALFUNC = health_churn_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_churn_rate(boolean) IS
'The share of accounts that churned, 0 to 1. Rows that do not say are left out.';

CREATE AGGREGATE @extschema@.health_churn_rate(churned boolean, weight double precision) (
    SFUNC = health_churn_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_churn_rate_combine, FINALFUNC = health_churn_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_churn_rate(boolean, double precision) IS
'The share of value (or another weight) that churned, 0 to 1. Rows that do not say, or have no weight, are left out; NULL where all weights are 0.';

CREATE FUNCTION health_usage_rate_step(bytea, double precision, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_usage_rate_step';
COMMENT ON FUNCTION health_usage_rate_step(bytea, double precision, double precision) IS
'One row of aggregate health_usage_rate. Not meant to be called.';

CREATE FUNCTION health_usage_rate_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_usage_rate_combine';
COMMENT ON FUNCTION health_usage_rate_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_usage_rate. Not meant to be called.';

CREATE FUNCTION health_usage_rate_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_usage_rate_final';
COMMENT ON FUNCTION health_usage_rate_final(bytea) IS
'The result of aggregate health_usage_rate. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_usage_rate(active double precision, total double precision) (
    SFUNC = health_usage_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_usage_rate_combine, FINALFUNC = health_usage_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_usage_rate(double precision, double precision) IS
'The sum of what is active by the sum of what there is, such as seats; 0 to 1, above 1 where more is used than was sold. Rows that lack one of them are left out; NULL where the total is 0.';
