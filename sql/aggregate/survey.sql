-- health_nps, health_csat, health_ces: survey metrics from single answers, by their standard definitions.

--@ step health_nps | double precision
--@ combine health_nps
--@ final health_nps | double precision

CREATE AGGREGATE @extschema@.health_nps(rating double precision) (
    SFUNC = health_nps_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_nps_combine, FINALFUNC = health_nps_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_nps(double precision) IS
'Net Promoter Score, -100 to 100, of ratings 0 to 10: the percentage of promoters (9 and 10) less that of detractors (0 to 6).';

--@ step health_csat | double precision
--@ step health_csat | double precision, integer
--@ combine health_csat
--@ final health_csat | double precision

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

--@ step health_ces | double precision
--@ step health_ces | double precision, integer
--@ combine health_ces
--@ final health_ces | double precision

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
