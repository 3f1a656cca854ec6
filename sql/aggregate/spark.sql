-- health_spark: scores over time as a line of block characters. The order of rows matters, so that there is no combine
-- function.

--@ step health_spark | double precision
--@ final health_spark | text

CREATE AGGREGATE @extschema@.health_spark(score double precision) (
    SFUNC = health_spark_step, STYPE = bytea, SSPACE = 520, FINALFUNC = health_spark_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_spark(double precision) IS
'Scores between 0 and 100 as a line of block characters, at most 1,000; a NULL score is a gap. Use it as health_spark(score ORDER BY at).';
