-- health_nps, health_csat, health_ces: survey figures of single answers, by their standard definitions.

CREATE FUNCTION health_nps_step(bytea, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_nps_step';
COMMENT ON FUNCTION health_nps_step(bytea, double precision) IS
'One row of aggregate health_nps. Not meant to be called.';

CREATE FUNCTION health_nps_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_nps_combine';
COMMENT ON FUNCTION health_nps_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_nps. Not meant to be called.';

CREATE FUNCTION health_nps_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_nps_final';
COMMENT ON FUNCTION health_nps_final(bytea) IS
'The result of aggregate health_nps. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_nps(rating double precision) (
    SFUNC = health_nps_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_nps_combine, FINALFUNC = health_nps_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_nps(double precision) IS
'Net Promoter Score, -100 to 100, of ratings 0 to 10: the percentage of promoters (9 and 10) less that of detractors (0 to 6).';

CREATE FUNCTION health_csat_step(bytea, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_csat_step';
COMMENT ON FUNCTION health_csat_step(bytea, double precision) IS
'One row of aggregate health_csat. Not meant to be called.';

CREATE FUNCTION health_csat_step(bytea, double precision, integer)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_csat_step';
COMMENT ON FUNCTION health_csat_step(bytea, double precision, integer) IS
'One row of aggregate health_csat. Not meant to be called.';

CREATE FUNCTION health_csat_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_csat_combine';
COMMENT ON FUNCTION health_csat_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_csat. Not meant to be called.';

CREATE FUNCTION health_csat_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_csat_final';
COMMENT ON FUNCTION health_csat_final(bytea) IS
'The result of aggregate health_csat. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_csat(rating double precision) (
    SFUNC = health_csat_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_csat_combine, FINALFUNC = health_csat_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_csat(double precision) IS
'Customer satisfaction, 0 to 100, of ratings 1 to 5: the percentage of ratings 4 and 5.';

CREATE AGGREGATE @extschema@.health_csat(rating double precision, top integer) (
    SFUNC = health_csat_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_csat_combine, FINALFUNC = health_csat_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_csat(double precision, integer) IS
'Customer satisfaction, 0 to 100, of ratings 1 to 5: the percentage of ratings at or above top.';

CREATE FUNCTION health_ces_step(bytea, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_ces_step';
COMMENT ON FUNCTION health_ces_step(bytea, double precision) IS
'One row of aggregate health_ces. Not meant to be called.';

CREATE FUNCTION health_ces_step(bytea, double precision, integer)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_ces_step';
COMMENT ON FUNCTION health_ces_step(bytea, double precision, integer) IS
'One row of aggregate health_ces. Not meant to be called.';

CREATE FUNCTION health_ces_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_ces_combine';
COMMENT ON FUNCTION health_ces_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_ces. Not meant to be called.';

CREATE FUNCTION health_ces_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_ces_final';
COMMENT ON FUNCTION health_ces_final(bytea) IS
'The result of aggregate health_ces. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_ces(rating double precision) (
    SFUNC = health_ces_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_ces_combine, FINALFUNC = health_ces_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_ces(double precision) IS
'Customer Effort Score (CES 2.0): the mean of ratings 1 to 7, agreement with "the company made it easy"; higher is easier.';

CREATE AGGREGATE @extschema@.health_ces(rating double precision, highest integer) (
    SFUNC = health_ces_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_ces_combine, FINALFUNC = health_ces_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_ces(double precision, integer) IS
'Customer Effort Score (CES 2.0): the mean of ratings 1 to highest (5 or 7), agreement with "the company made it easy"; higher is easier.';
