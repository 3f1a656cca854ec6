-- health_trend and health_trend_stats: directions, their numbers, what is refused; plain, moving and in any order.
\set SHOW_CONTEXT never
CREATE SCHEMA trend;
SET search_path = trend, public;
SET datestyle = 'ISO';
SET timezone = 'UTC';

CREATE TABLE history (account text, score numeric, at timestamptz);
INSERT INTO history VALUES
    ('falling', 88, '2026-01-01 00:00+00'), ('falling', 72, '2026-02-01 00:00+00'),
    ('rising', 55, '2026-02-01 00:00+00'), ('rising', 35, '2026-01-01 00:00+00'),
    ('one', 50, '2026-01-01 00:00+00'),
    ('one instant', 88, '2026-01-01 00:00+00'), ('one instant', 72, '2026-01-01 00:00+00'),
    ('no scores', NULL, '2026-01-01 00:00+00'), ('no scores', NULL, '2026-02-01 00:00+00'),
    ('no times', 88, NULL), ('no times', 72, NULL),
    ('gaps', 88, '2026-01-01 00:00+00'), ('gaps', NULL, '2026-01-15 00:00+00'), ('gaps', 1, NULL), ('gaps', 72, '2026-02-01 00:00+00');
INSERT INTO history SELECT 'noise', 70 + (i * 7 % 5 - 2) * 3, '2026-01-01 00:00+00'::timestamptz + make_interval(hours => i * 24) FROM generate_series(0, 29) i;
INSERT INTO history SELECT 'spike', CASE i WHEN 29 THEN 20 ELSE 80 END, '2026-01-01 00:00+00'::timestamptz + make_interval(hours => i * 24) FROM generate_series(0, 29) i;
INSERT INTO history SELECT 'years', 90 - i * 4, '1996-01-01 00:00+00'::timestamptz + make_interval(hours => i * 24 * 3652) FROM generate_series(0, 3) i;

SELECT account, health_trend(score, at) FROM history GROUP BY account ORDER BY account COLLATE "C";
SELECT account, (s).* FROM (SELECT account, health_trend_stats(score, at) AS s FROM history GROUP BY account) x ORDER BY account COLLATE "C";
-- No rows at all.
SELECT health_trend(score, at), health_trend(score, at, 3), health_trend_stats(score, at), health_trend_stats(score, at, 3) FROM history WHERE account = 'none';
-- FILTER, DISTINCT and ORDER BY, as with any aggregate.
SELECT health_trend(score, at) FILTER (WHERE at < '2026-01-10'), health_trend(DISTINCT score, at), health_trend(score, at ORDER BY at DESC)
  FROM history WHERE account = 'falling';
-- The usual types of columns, without a cast.
SELECT health_trend(s::int, t::date) AS int_date, health_trend(s::real, t::timestamp) AS real_timestamp, health_trend(s, t, 10::int) AS with_integer,
       health_trend(s, t, 10.5) AS with_numeric
  FROM (VALUES (88.0, '2026-01-01 00:00'::timestamptz), (72, '2026-02-01 00:00')) v (s, t);

-- The tolerance: reached is enough, as the scores are written.
SELECT tolerance, health_trend(s, t, tolerance) AS up, health_trend(-s, t, tolerance) AS down
  FROM (VALUES (65.1, '2026-01-01'::date), (70.1, '2026-01-02')) v (s, t), unnest('{0,4.9,5,5.1,16,NULL}'::float8[]) tolerance GROUP BY tolerance ORDER BY tolerance;
SELECT health_trend(s, t, 0) FROM (VALUES (50, '2026-01-01'::date), (50, '2026-01-02')) v (s, t);
-- From three points on, the change must stand out of the noise: here it is 1.73 standard errors, then more.
SELECT (s).direction, (s).change, round(((s).slope_per_day / (s).slope_stderr)::numeric, 6) AS errors
  FROM (SELECT health_trend_stats(score, '2026-01-01'::date + day) AS s FROM (VALUES (1, 60, 0), (1, 60, 1), (1, 90, 2), (2, 60, 0), (2, 70, 1), (2, 90, 2)) v (series, score, day)
         GROUP BY series ORDER BY series) x;

-- Against regr_slope, for 500 series of 60 rows each; times in the year 2026, and a microsecond apart at the ends of time.
CREATE FUNCTION differences(origin timestamptz, step interval) RETURNS TABLE (series bigint, worst_slope boolean) LANGUAGE sql AS $$
    SELECT count(*), bool_or(abs((t).slope_per_day - slope * 86400e6) > 1e-9 * abs((t).slope_per_day) + 1e-12 * 86400e6 / extract(epoch FROM $2) / 1e6)
      FROM (SELECT health_trend_stats(score, $1 + n * $2) AS t, regr_slope(score, n * extract(epoch FROM $2) * 1e6) AS slope
              FROM (SELECT i / 60 AS series, i % 60 AS n, (i::bigint * 7919 * (i / 60 + 3) % 10007)::float8 / 100 AS score FROM generate_series(0, 29999) i) x GROUP BY series) y
$$;
SELECT * FROM differences('2026-01-01 00:00+00', '1 day');
SELECT * FROM differences('294276-12-31 23:59:59+00', '1 microsecond');
SELECT * FROM differences('4714-12-01 00:00+00 BC', '1 microsecond');
-- All of time, and the largest scores.
SELECT (health_trend_stats(s, t)).* FROM (VALUES (-10000, '4714-11-24 00:00+00 BC'::timestamptz), (10000, '294276-12-31 23:59:59.999999+00'), (0, '2026-01-01 00:00+00')) v (s, t);

-- Neither the order of the rows nor parts make a difference, to the last bit.
CREATE TABLE many AS SELECT i AS id, sqrt(i * 7919 % 10007) AS score, '2020-01-01 00:00+00'::timestamptz + make_interval(secs => (i::bigint * 104729 % 99991)::float8 * 1000) AS at FROM generate_series(1, 20000) i;
SELECT health_trend_stats(score, at) = (SELECT health_trend_stats(score, at ORDER BY md5(id::text)) FROM many) AS same,
       health_trend_stats(score, at) = (SELECT health_trend_stats(score, at ORDER BY at DESC) FROM many) AS same FROM many;

--
-- Moving window frames: the same as plain ones
--
-- A volatile argument keeps the server from moving the frame.
CREATE VIEW moving AS
SELECT id, frame, moved, plain FROM (
    SELECT id, 'rows 30' AS frame, health_trend(score, at) OVER w AS moved, health_trend(score + 0 * random(), at) OVER w AS plain
      FROM many WHERE id <= 2000 WINDOW w AS (ORDER BY at ROWS 29 PRECEDING)
    UNION ALL
    SELECT id, 'rows 3, any order of times', health_trend(score, at, 20) OVER w, health_trend(score + 0 * random(), at, 20) OVER w
      FROM many WHERE id <= 2000 WINDOW w AS (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)
    UNION ALL
    SELECT id, 'rows 100, falling times', health_trend(score, at, 1) OVER w, health_trend(score + 0 * random(), at, 1) OVER w
      FROM many WHERE id <= 2000 WINDOW w AS (ORDER BY at DESC ROWS BETWEEN 200 PRECEDING AND 100 PRECEDING)
    UNION ALL
    SELECT id, 'range of days', health_trend(score, at, 2) OVER w, health_trend(score + 0 * random(), at, 2) OVER w
      FROM many WHERE id <= 2000 WINDOW w AS (ORDER BY at RANGE '20 days' PRECEDING)
    UNION ALL
    SELECT id, 'with gaps', health_trend(CASE WHEN id % 3 > 0 THEN score END, CASE WHEN id % 5 > 0 THEN at END) OVER w,
           health_trend(CASE WHEN id % 3 > 0 THEN score + 0 * random() END, CASE WHEN id % 5 > 0 THEN at END) OVER w
      FROM many WHERE id <= 2000 WINDOW w AS (ORDER BY at ROWS 2 PRECEDING)
    UNION ALL
    SELECT id, 'equal times', health_trend(score, date_trunc('day', at)) OVER w, health_trend(score + 0 * random(), date_trunc('day', at)) OVER w
      FROM many WHERE id <= 2000 WINDOW w AS (ORDER BY date_trunc('day', at) ROWS 2 PRECEDING)) x;
SELECT frame, count(*) FILTER (WHERE moved IS NOT DISTINCT FROM plain) AS same, count(*) FILTER (WHERE moved IS DISTINCT FROM plain) AS different,
       count(*) FILTER (WHERE moved = 'improving') AS improving, count(*) FILTER (WHERE moved = 'declining') AS declining,
       count(*) FILTER (WHERE moved = 'stable') AS stable, count(*) FILTER (WHERE moved IS NULL) AS none
  FROM moving GROUP BY frame ORDER BY frame COLLATE "C";
-- An empty frame, and one that becomes empty and fills again.
SELECT n, health_trend(score, at) OVER (ORDER BY n ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING) AS later, health_trend(score, at) OVER (ORDER BY n RANGE 1 PRECEDING) AS near
  FROM (VALUES (1, 88, '2026-01-01'::date), (2, 72, '2026-02-01'), (7, NULL, '2026-02-02'), (8, 10, '2026-02-03'), (9, 90, '2026-02-04')) v (n, score, at);
-- health_trend_stats in a window frame.
SELECT (s).direction, (s).change, (s).observations FROM (SELECT health_trend_stats(score, at) OVER (ORDER BY at ROWS 1 PRECEDING) AS s FROM history WHERE account = 'years') x;

--
-- What is refused
--
SELECT health_trend(score, now()) FROM (VALUES (50), ('NaN'::float8)) v (score); \echo :SQLSTATE
SELECT health_trend('Infinity'::float8, now()); \echo :SQLSTATE
SELECT health_trend('-Infinity'::numeric, now()); \echo :SQLSTATE
SELECT health_trend(10000.5, now()); \echo :SQLSTATE
SELECT health_trend(50, 'infinity'); \echo :SQLSTATE
SELECT health_trend_stats(50, '-infinity'::date); \echo :SQLSTATE
SELECT health_trend_stats('NaN', now()); \echo :SQLSTATE
SELECT health_trend(50, now(), -1); \echo :SQLSTATE
SELECT health_trend(50, now(), 'NaN'); \echo :SQLSTATE
SELECT health_trend(50, now(), n) FROM generate_series(5, 6) n; \echo :SQLSTATE
SELECT health_trend(50, now(), n) OVER (ORDER BY n ROWS 1 PRECEDING) FROM generate_series(5, 6) n; \echo :SQLSTATE
SELECT health_trend('NaN', at) OVER (ORDER BY at ROWS 1 PRECEDING) FROM history; \echo :SQLSTATE
-- A row without a score or time is not looked at any further.
SELECT health_trend(NULL, 'infinity', -1), health_trend('NaN', NULL);
DROP SCHEMA trend CASCADE;
