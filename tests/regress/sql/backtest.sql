-- health_auc, health_backtest, health_psi: how well scores go with what came later, and whether values have shifted.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
CREATE SCHEMA backtest;
SET search_path = backtest, public;

-- Against scikit-learn 1.9.1 (roc_auc_score on scores rounded to 0.01), DeLong's variance pair by pair, scipy 1.17.1 (ks_2samp).
CREATE TABLE past AS SELECT i, (i * 7919 % 10007) / 100.07::float8 AS score, i * 104729 % 997 < 50 + (100 - (i * 7919 % 10007) / 100.07::float8) * 3 AS churned FROM generate_series(1::bigint, 5000) i;
SELECT abs(health_auc(score, churned) - 0.6536830466225527) < 1e-12 AS auc, abs(health_auc(100 - score, churned, true) - 0.6536830466225527) < 1e-12 AS good,
       health_auc(score, churned, false) = health_auc(score, churned) AS bad, health_auc(score, churned) + health_auc(score, churned, true) AS one FROM past;
SELECT (health_backtest(score, churned)).* FROM past \gx
SELECT abs(auc_low - 0.6355436275650423) < 1e-12 AS low, abs(auc_high - 0.6718224656800631) < 1e-12 AS high, abs(ks - 0.23494367377269706) < 1e-12 AS ks,
       abs(worst_decile_capture - 0.16683217477656406) < 1e-12 AS capture, abs(worst_decile_lift - 1.6683217477656407) < 1e-12 AS lift
  FROM (SELECT (health_backtest(score, churned)).* FROM past) b;
-- By the rank sum, as a window function gives it.
SELECT abs(health_auc(score, churned) - (SELECT 1 - (sum(rank) FILTER (WHERE churned) - count(*) FILTER (WHERE churned) * (count(*) FILTER (WHERE churned) + 1) / 2.0)
         / (count(*) FILTER (WHERE churned) * count(*) FILTER (WHERE NOT churned))
    FROM (SELECT churned, rank() OVER (ORDER BY round(score::numeric, 2)) + (count(*) OVER (PARTITION BY round(score::numeric, 2)) - 1) / 2.0 AS rank FROM past) r)) < 1e-9 AS rank_sum FROM past;

-- Bands of a model, saved or by value, in the order of its bands.
SELECT health_model_save('backtest model', '{"signals": {"a": {"scale": {"linear": [0, 1]}}}, "bands": [{"name": "poor", "from": 0}, {"name": "fair", "from": 25.5}, {"name": "good", "from": 50}, {"name": "best", "from": 90}]}');
SELECT b.bands, b.band_accounts, b.band_events, b.band_rates[1], b.verdict FROM (SELECT (health_backtest(score, churned, 'backtest model')).* FROM past) b;
SELECT health_backtest(score, churned, 'backtest model') = health_backtest(score, churned, health_model_get('backtest model')) AS same,
       health_backtest(score, churned, NULL::text) = health_backtest(score, churned) AS usual FROM past;
SELECT count(*) AS bands, bool_and(n.accounts = h.accounts) AS all FROM (SELECT (health_backtest(score, churned, 'backtest model')).* FROM past) b,
  unnest(b.bands, b.band_accounts) n (name, accounts)
  JOIN LATERAL (SELECT count(*) AS accounts FROM past WHERE health_band('backtest model', score) = n.name) h ON true;

-- Nothing, NULLs, one kind, few events, the same score for all.
SELECT health_auc(score, churned), health_backtest(score, churned) IS NULL AS no_row, health_psi(score, churned) FROM past WHERE false;
SELECT health_auc(NULL, true), health_auc(50, NULL), health_backtest(NULL::float8, NULL) IS NULL AS no_row, health_psi(50, NULL) FROM past;
SELECT health_auc(score, true) AS all_churned, health_auc(score, false) AS none_churned, (health_backtest(score, true)).verdict, (health_backtest(score, i <= 5)).verdict AS five FROM past;
SELECT health_auc(50, churned) AS constant, (health_backtest(50, churned)).verdict, (health_backtest(50, churned)).worst_decile_lift, (health_backtest(50, churned)).band_rates FROM past;
SELECT (health_backtest(score, NOT churned)).verdict AS wrong_way, (health_backtest(CASE WHEN churned THEN i % 40 ELSE 50 + i % 51 END, churned)).verdict AS well FROM past;
-- In groups, in any order, by parts.
SELECT count(*) AS groups, count(DISTINCT health_auc) FROM (SELECT i % 500 AS g, health_auc(score, churned) FROM past GROUP BY 1) g;
SELECT health_auc(score, churned ORDER BY score) = health_auc(score, churned ORDER BY md5(i::text)) AS any_order FROM past;

-- The stability index, against numpy on the same values.
CREATE TABLE measured AS SELECT CASE WHEN i % 11 <> 0 THEN i * 7919 % 10007 % 101 + CASE WHEN i % 3 = 0 THEN i % 7 ELSE 0 END END AS value, i % 3 = 0 AS is_current FROM generate_series(1, 5000) i;
SELECT abs(health_psi(value, is_current) - 0.015048464510323737) < 1e-12 AS numpy, health_psi(value, is_current ORDER BY value) = health_psi(value, is_current ORDER BY -value NULLS FIRST) AS any_order FROM measured;
SELECT health_psi(value, false) AS no_today, health_psi(value, true) AS no_baseline, health_psi(7, is_current) AS constant, round(health_psi(CASE WHEN is_current THEN NULL ELSE 1 END, is_current)::numeric, 4) AS gone,
       round(health_psi(CASE WHEN is_current THEN 2 ELSE 1 END, is_current)::numeric, 4) AS apart, health_psi(value::numeric, is_current) = health_psi(value, is_current) AS of_numeric FROM measured;
SELECT health_psi(value, is_current) AS negative FROM (VALUES (-5.0, false), (-5, true), (1e300, false), (1e300, true), (-1e-300, true), (-1e-300, false), (0, true), (0, false)) v (value, is_current);

--
-- What is refused
--
SELECT health_auc(101, true); \echo :SQLSTATE
SELECT health_auc('NaN', true); \echo :SQLSTATE
SELECT health_auc(score, churned, i = 1) FROM past; \echo :SQLSTATE
SELECT health_backtest(-1, true); \echo :SQLSTATE
SELECT health_backtest(score, churned, 'no such model') FROM past; \echo :SQLSTATE
SELECT health_backtest(score, churned, '{"signals": 5}'::jsonb) FROM past; \echo :SQLSTATE
SELECT health_backtest(score, churned, CASE WHEN i < 9 THEN 'backtest model' END) FROM past; \echo :SQLSTATE
SELECT health_psi('Infinity', true); \echo :SQLSTATE

-- With parallel workers the same.
SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT health_auc(score, churned), health_backtest(score, churned, 'backtest model') FROM past;
SELECT abs(health_auc(score, churned) - 0.6536830466225527) < 1e-12 AS auc, (health_backtest(score, churned, 'backtest model')).band_accounts, (health_backtest(score, churned)).events FROM past;
SELECT abs(health_psi(value, is_current) - 0.015048464510323737) < 1e-12 AS psi FROM measured;
DROP SCHEMA backtest CASCADE;
