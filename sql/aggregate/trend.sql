-- health_trend and health_trend_stats: the direction of an account's score over time.

--@ step health_trend | double precision, timestamptz
--@ step health_trend | double precision, timestamptz, double precision
--@ combine health_trend
--@ final health_trend | text

--@ list trend_moves: part | does
--@   step    | enters
--@   inverse | leaves
--@ list trend_rows: arguments
--@   double precision, timestamptz
--@   double precision, timestamptz, double precision
--@ for trend_moves, trend_rows
CREATE FUNCTION health_trend_moving_{part}(bytea, {arguments})
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_moving_{part}';
COMMENT ON FUNCTION health_trend_moving_{part}(bytea, {arguments}) IS
'A row that {does} a moving window frame of aggregate health_trend. Not meant to be called.';
--@ end

CREATE FUNCTION health_trend_moving_final(bytea)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_moving_final';
COMMENT ON FUNCTION health_trend_moving_final(bytea) IS
'The result of aggregate health_trend over a moving window frame. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_trend(score double precision, observed_at timestamptz) (
    SFUNC = health_trend_step, STYPE = bytea, SSPACE = 144, COMBINEFUNC = health_trend_combine, FINALFUNC = health_trend_final, PARALLEL = SAFE,
    MSFUNC = health_trend_moving_step, MINVFUNC = health_trend_moving_inverse, MSTYPE = bytea, MSSPACE = 680,
    MFINALFUNC = health_trend_moving_final
);
COMMENT ON AGGREGATE @extschema@.health_trend(double precision, timestamptz) IS
'The direction of scores over time by least squares: improving or declining for a change of at least 5 points and two standard errors, otherwise stable. NULL with fewer than two distinct times.';

CREATE AGGREGATE @extschema@.health_trend(score double precision, observed_at timestamptz, tolerance double precision) (
    SFUNC = health_trend_step, STYPE = bytea, SSPACE = 144, COMBINEFUNC = health_trend_combine, FINALFUNC = health_trend_final, PARALLEL = SAFE,
    MSFUNC = health_trend_moving_step, MINVFUNC = health_trend_moving_inverse, MSTYPE = bytea, MSSPACE = 680,
    MFINALFUNC = health_trend_moving_final
);
COMMENT ON AGGREGATE @extschema@.health_trend(double precision, timestamptz, double precision) IS
'The direction of scores over time by least squares: improving or declining for a change of at least tolerance points and two standard errors, otherwise stable. NULL with fewer than two distinct times.';

CREATE TYPE @extschema@.health_trend_row AS (
    direction text, change double precision, slope_per_day double precision, slope_stderr double precision,
    first_score double precision, last_score double precision, lowest double precision, highest double precision,
    observations bigint, from_at timestamptz, to_at timestamptz
);
COMMENT ON TYPE @extschema@.health_trend_row IS
'The result of health_trend_stats: the direction and its numbers.';
COMMENT ON COLUMN @extschema@.health_trend_row.direction IS 'As health_trend: improving, declining or stable, NULL with fewer than two distinct times.';
COMMENT ON COLUMN @extschema@.health_trend_row.change IS 'Points that the fitted line rises or falls from the first to the last time.';
COMMENT ON COLUMN @extschema@.health_trend_row.slope_per_day IS 'Points a day that the fitted line rises or falls.';
COMMENT ON COLUMN @extschema@.health_trend_row.slope_stderr IS 'The standard error of slope_per_day; NULL with fewer than three scores.';
COMMENT ON COLUMN @extschema@.health_trend_row.first_score IS 'The score at the first time; the mean of several scores.';
COMMENT ON COLUMN @extschema@.health_trend_row.last_score IS 'The score at the last time; the mean of several scores.';
COMMENT ON COLUMN @extschema@.health_trend_row.lowest IS 'The lowest score.';
COMMENT ON COLUMN @extschema@.health_trend_row.highest IS 'The highest score.';
COMMENT ON COLUMN @extschema@.health_trend_row.observations IS 'The number of scores with a time.';
COMMENT ON COLUMN @extschema@.health_trend_row.from_at IS 'The first time.';
COMMENT ON COLUMN @extschema@.health_trend_row.to_at IS 'The last time.';

--@ step health_trend_stats | double precision, timestamptz
--@ step health_trend_stats | double precision, timestamptz, double precision
--@ combine health_trend_stats
--@ final health_trend_stats | @extschema@.health_trend_row

CREATE AGGREGATE @extschema@.health_trend_stats(score double precision, observed_at timestamptz) (
    SFUNC = health_trend_stats_step, STYPE = bytea, SSPACE = 208, COMBINEFUNC = health_trend_stats_combine, FINALFUNC = health_trend_stats_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_trend_stats(double precision, timestamptz) IS
'The direction of scores over time as by health_trend, with change, slope, standard error, first and last score, lowest and highest score; one row.';

CREATE AGGREGATE @extschema@.health_trend_stats(score double precision, observed_at timestamptz, tolerance double precision) (
    SFUNC = health_trend_stats_step, STYPE = bytea, SSPACE = 208, COMBINEFUNC = health_trend_stats_combine, FINALFUNC = health_trend_stats_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_trend_stats(double precision, timestamptz, double precision) IS
'The direction of scores over time as by health_trend with this tolerance, with change, slope, standard error, first and last score, lowest and highest score; one row.';
