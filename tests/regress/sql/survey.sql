-- health_nps, health_csat, health_ces: definitions, edges, what is refused.
\set SHOW_CONTEXT never

-- 100 promoters, 30 passives, 80 detractors; then each rating once.
SELECT health_nps(rating) FROM (SELECT CASE WHEN i <= 60 THEN 9 WHEN i <= 100 THEN 10 WHEN i <= 115 THEN 7 WHEN i <= 130 THEN 8 ELSE i % 7 END AS rating FROM generate_series(1, 210) i) x;
SELECT health_nps(rating) FROM generate_series(0, 10) rating;
SELECT rating, health_nps(rating), health_nps(rating::numeric) AS of_numeric, health_nps(rating::smallint) AS of_smallint, health_nps(rating::real) AS of_real
  FROM generate_series(0, 10) rating GROUP BY rating ORDER BY rating;
-- Nothing, NULLs only, NULLs between.
SELECT health_nps(r), health_csat(r), health_csat(r, 5), health_ces(r), health_ces(r, 5) FROM generate_series(1, 0) r;
SELECT health_nps(NULL), health_csat(NULL), health_csat(NULL, 5), health_ces(NULL), health_ces(NULL, 5) FROM generate_series(1, 3);
SELECT health_nps(r), health_csat(r), health_ces(r) FROM (VALUES (5), (NULL), (NULL)) v (r);

SELECT health_csat(r) AS csat, health_csat(r, NULL) AS by_default, health_csat(r, 1) AS one, health_csat(r, 2) AS two, health_csat(r, 3) AS three, health_csat(r, 4) AS four, health_csat(r, 5) AS five
  FROM generate_series(1, 5) r;
SELECT health_ces(r) AS ces, health_ces(r, 7) AS seven, health_ces(r, NULL) AS by_default FROM (VALUES (7), (6), (2)) v (r);
SELECT health_ces(r, 5) FROM (VALUES (1), (5), (4.0)) v (r);

-- By group, filtered, moving.
SELECT plan, health_nps(rating), health_nps(rating) FILTER (WHERE rating > 6) AS without_detractors, count(*)
  FROM (SELECT (ARRAY['free', 'team'])[1 + i % 2] AS plan, i % 11 AS rating FROM generate_series(0, 100) i) x GROUP BY plan ORDER BY plan;
SELECT rating, health_nps(rating) OVER (ORDER BY rating ROWS 1 PRECEDING) FROM generate_series(5, 10) rating;

-- Against counting by hand.
SELECT health_nps(r) = (count(*) FILTER (WHERE r >= 9) - count(*) FILTER (WHERE r <= 6)) * 100.0::float8 / count(*) AS nps,
       health_csat(1 + r % 5) = avg(CASE WHEN 1 + r % 5 >= 4 THEN 100 ELSE 0 END)::float8 AS csat, abs(health_ces(1 + r % 7) - avg(1 + r % 7)) < 1e-13 AS ces
  FROM (SELECT i * 7919 % 11 AS r FROM generate_series(1, 10000) i) x;

--
-- What is refused
--
SELECT health_nps(11); \echo :SQLSTATE
SELECT health_nps(-1); \echo :SQLSTATE
SELECT health_nps(8.5); \echo :SQLSTATE
SELECT health_nps('NaN'); \echo :SQLSTATE
SELECT health_nps(r) FROM (VALUES (9), ('Infinity'::float8)) v (r); \echo :SQLSTATE
SELECT health_csat(0); \echo :SQLSTATE
SELECT health_csat(4.5); \echo :SQLSTATE
SELECT health_csat(6, 4); \echo :SQLSTATE
SELECT health_csat(4, 0); \echo :SQLSTATE
SELECT health_csat(4, 6); \echo :SQLSTATE
SELECT health_csat(4, top) FROM generate_series(4, 5) top; \echo :SQLSTATE
SELECT health_ces(8); \echo :SQLSTATE
SELECT health_ces(6, 5); \echo :SQLSTATE
SELECT health_ces(1, 10); \echo :SQLSTATE
SELECT health_ces(1, highest) FROM (VALUES (7), (5)) v (highest); \echo :SQLSTATE
