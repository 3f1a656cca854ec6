-- health_spark: scores over time as a line of block characters. Its rows have an order, so that it has no combine function.

CREATE FUNCTION health_spark_step(bytea, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_spark_step';
COMMENT ON FUNCTION health_spark_step(bytea, double precision) IS
'One row of aggregate health_spark. Not meant to be called.';

CREATE FUNCTION health_spark_final(bytea)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_spark_final';
COMMENT ON FUNCTION health_spark_final(bytea) IS
'The result of aggregate health_spark. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_spark(score double precision) (
    SFUNC = health_spark_step, STYPE = bytea, SSPACE = 520, FINALFUNC = health_spark_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_spark(double precision) IS
'Scores between 0 and 100 as a line of block characters, at most 1,000; a NULL score is a gap. Use it as health_spark(score ORDER BY at).';
