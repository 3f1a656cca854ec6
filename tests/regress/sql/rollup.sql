-- health_rollup, health_worst, health_churn_rate, health_usage_rate, health_spark: one value of many rows.
\set SHOW_CONTEXT never

-- A parent as the mean of itself and its children; a portfolio by its numbers.
SELECT health_rollup(score) AS mean, health_rollup(score, 1) AS weighted, health_worst(score) AS worst FROM (VALUES (10), (5), (5), (5)) v (score);
SELECT health_rollup(score, accounts), health_rollup(score::numeric, accounts::numeric) AS of_numeric FROM (VALUES (100, 5), (60, 3), (40, 2)) v (score, accounts);
-- Nothing, NULLs only, one row; a row without score or weight is left out with both.
SELECT health_rollup(s), health_rollup(s, s), health_worst(s), health_churn_rate(s > 0), health_churn_rate(s > 0, s), health_usage_rate(s, s), health_spark(s) FROM generate_series(1, 0) s;
SELECT health_rollup(NULL), health_rollup(NULL, 1), health_rollup(50, NULL), health_worst(NULL), health_churn_rate(NULL), health_churn_rate(NULL, 1), health_churn_rate(true, NULL),
       health_usage_rate(NULL, 1), health_usage_rate(1, NULL), health_spark(NULL) FROM generate_series(1, 3);
SELECT health_rollup(61), health_rollup(61, 7), health_worst(61), health_churn_rate(true), health_churn_rate(false, 5), health_usage_rate(7, 10), health_spark(61);
SELECT health_rollup(score, weight), health_worst(score) FROM (VALUES (80, 1), (20, NULL), (NULL, 9), (60, 1)) v (score, weight);
SELECT health_rollup(score, 0) AS no_weight, health_churn_rate(score > 1, 0) AS no_value, health_usage_rate(0, 0) AS nothing_sold, health_usage_rate(score, 0) AS sold_nothing FROM generate_series(1, 3) score;
-- Rounded as scores are, so that a group of seventies is a seventy whatever its weights.
SELECT health_rollup(70, weight) FROM (VALUES (0.1), (0.2), (0.7)) v (weight);
SELECT health_rollup(-50), health_worst(-50), health_rollup(1e4, 1e100), health_rollup(33.3, 1e-100);

SELECT health_churn_rate(churned) AS accounts, health_churn_rate(churned, value) AS value FROM (VALUES (true, 100), (false, 300.5), (false, 0), (NULL, 1e6), (true, NULL)) v (churned, value);
SELECT health_usage_rate(active, licensed), health_usage_rate(licensed, active) AS above_one FROM (VALUES (7, 10), (0, 5), (NULL, 100), (3, NULL)) v (active, licensed);

-- In any order, and against plain arithmetic in numeric.
CREATE TEMP TABLE book AS SELECT i AS id, (i::bigint * 7919 % 10007 / 100.0)::numeric AS score, ((i::bigint * 104729 % 9973) * power(10::numeric, i % 9 - 4)) AS value, i % 7 = 0 AS churned FROM generate_series(1, 20000) i;
SELECT health_rollup(score, value) = (SELECT health_rollup(score, value ORDER BY md5(id::text)) FROM book) AS same_rollup,
       health_rollup(score, value) = round(sum(score * value) / sum(value), 9)::float8 AS right_rollup,
       abs(health_churn_rate(churned, value) / (sum(value) FILTER (WHERE churned) / sum(value))::float8 - 1) < 1e-14 AS right_churn,
       abs(health_usage_rate(score, value) / (sum(score) / sum(value))::float8 - 1) < 1e-14 AS right_usage,
       health_worst(score) = min(score)::float8 AS right_worst FROM book;

-- Sparklines: eight steps, gaps, order.
SELECT health_spark(s ORDER BY s) FROM generate_series(0, 100, 4) s;
SELECT health_spark(s ORDER BY at) AS forwards, health_spark(s ORDER BY at DESC) AS backwards FROM (VALUES (100, 3), (0, 1), (NULL, 2), (12.5, 4), (12.4, 5), (99.9, 6), (NULL, 7)) v (s, at);
SELECT length(health_spark(s % 101 ORDER BY s)) FROM generate_series(1, 1000) s;

--
-- What is refused
--
SELECT health_rollup('NaN'); \echo :SQLSTATE
SELECT health_rollup(10001, 1); \echo :SQLSTATE
SELECT health_rollup(50, -1); \echo :SQLSTATE
SELECT health_rollup(50, 'NaN'); \echo :SQLSTATE
SELECT health_rollup(50, 'Infinity'); \echo :SQLSTATE
SELECT health_worst(s) FROM (VALUES (5), ('NaN'::float8)) v (s); \echo :SQLSTATE
SELECT health_worst('-Infinity'); \echo :SQLSTATE
SELECT health_churn_rate(true, -5); \echo :SQLSTATE
SELECT health_usage_rate(-1, 5); \echo :SQLSTATE
SELECT health_usage_rate(1, 'NaN'); \echo :SQLSTATE
SELECT health_spark(100.5); \echo :SQLSTATE
SELECT health_spark('NaN'); \echo :SQLSTATE
SELECT health_spark(s % 101) FROM generate_series(1, 1001) s; \echo :SQLSTATE
