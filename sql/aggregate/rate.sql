-- health_churn_rate and health_usage_rate.

--@ step health_churn_rate | boolean
--@ step health_churn_rate | boolean, double precision
--@ combine health_churn_rate
--@ final health_churn_rate | double precision

CREATE AGGREGATE @extschema@.health_churn_rate(churned boolean) (
    SFUNC = health_churn_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_churn_rate_combine, FINALFUNC = health_churn_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_churn_rate(boolean) IS
'The share of accounts that churned, 0 to 1. Rows with a NULL are left out.';

CREATE AGGREGATE @extschema@.health_churn_rate(churned boolean, weight double precision) (
    SFUNC = health_churn_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_churn_rate_combine, FINALFUNC = health_churn_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_churn_rate(boolean, double precision) IS
'The share of value (or another weight) that churned, 0 to 1. Rows with a NULL are left out; NULL if all weights are 0.';

--@ step health_usage_rate | double precision, double precision
--@ combine health_usage_rate
--@ final health_usage_rate | double precision

CREATE AGGREGATE @extschema@.health_usage_rate(active double precision, total double precision) (
    SFUNC = health_usage_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_usage_rate_combine, FINALFUNC = health_usage_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_usage_rate(double precision, double precision) IS
'The sum of active divided by the sum of total, such as used and sold seats; 0 to 1, above 1 if more is used than sold. Rows with a NULL are left out; NULL if the sum of total is 0.';
