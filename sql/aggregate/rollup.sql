-- health_rollup and health_worst: one score from many, for parents and portfolios.

--@ step health_rollup | double precision
--@ step health_rollup | double precision, double precision
--@ combine health_rollup
--@ final health_rollup | double precision

CREATE AGGREGATE @extschema@.health_rollup(score double precision) (
    SFUNC = health_rollup_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_rollup_combine, FINALFUNC = health_rollup_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_rollup(double precision) IS
'The mean of scores, rounded to 9 decimals: the score of a parent from its accounts. Rows without a score are left out.';

CREATE AGGREGATE @extschema@.health_rollup(score double precision, weight double precision) (
    SFUNC = health_rollup_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_rollup_combine, FINALFUNC = health_rollup_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_rollup(double precision, double precision) IS
'The mean of scores weighted by value or size, rounded to 9 decimals. Rows without a score or weight are left out; NULL if all weights are 0.';

CREATE FUNCTION health_worst_step(double precision, double precision)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_worst_step';
COMMENT ON FUNCTION health_worst_step(double precision, double precision) IS
'One row of aggregate health_worst, or the result of another worker. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_worst(score double precision) (
    SFUNC = health_worst_step, STYPE = double precision, COMBINEFUNC = health_worst_step, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_worst(double precision) IS
'The lowest score: a parent is as healthy as its worst account.';
