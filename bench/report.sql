-- The measurements (bench_time, bench_tps) as a Markdown table: medians, and their ratios.

\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on

SELECT format(E'PostgreSQL %s, %s, %s rounds.\n', current_setting('server_version'), :'machine', max(round)) FROM bench_time;

CREATE TEMP TABLE comparison (line int GENERATED ALWAYS AS IDENTITY, title text, this text, baseline text, unit text, faster boolean, bar numeric);
INSERT INTO comparison (title, this, baseline, unit, faster, bar) VALUES
    ('reading the table: `sum(csat)`', 'scan', NULL, 'cpu', true, NULL),
    ('`health_score(row)` : inline SQL', 'row', 'inline', 'cpu', true, 2.5),
    ('`health_score(row)` : reading the table', 'row', 'scan', 'cpu', false, 3),
    ('`health_score(row)` of 30 columns : inline SQL', 'wide', 'inline_wide', 'cpu', true, 2),
    ('`health_score(row)` of 30 columns : reading the table', 'wide', 'scan_wide', 'cpu', false, NULL),
    ('`health_score(row)` : inline SQL with weights folded in by hand', 'row', 'inline_tuned', 'cpu', true, NULL),
    ('`health_score(row)` : PL/pgSQL function', 'row', 'plpgsql', 'cpu', true, 10),
    ('`health_score(jsonb)` : inline SQL with `(j->>''x'')::float8`', 'jsonb', 'inline_jsonb', 'cpu', true, 6),
    ('`health_score(jsonb)` of 30 keys : inline SQL with `(j->>''x'')::float8`', 'jsonb_30', 'inline_jsonb_30', 'cpu', true, 6),
    ('`health_drivers(row)` : `health_score(row)`', 'drivers', 'row', 'cpu', false, 4),
    ('`generate_series(1, 7)` for every account : `health_score(row)`', 'series', 'row', 'cpu', false, NULL),
    ('`health_band(row)` : `health_score(row)`', 'band', 'row', 'cpu', false, NULL),
    ('`health_assess(row)`, 100,000 accounts', 'assess', NULL, 'cpu', false, NULL),
    ('`health_score(row)`, 2 workers : 1 process (elapsed)', 'parallel', 'row', 'elapsed', true, NULL),
    ('events: `health_score(m, signal, value)` : `sum(value)`', 'event_score', 'event_sum', 'cpu', false, 1.4),
    ('events: `health_score(m, signal, value)` : join with a table of weights', 'event_score', 'event_join', 'cpu', true, 1.5),
    ('events: `avg(value)` : join with a table of weights', 'event_avg', 'event_join', 'cpu', true, NULL),
    ('events: `health_score(m, signal, value, observed_at)` : `sum(value)`', 'event_timed', 'event_sum', 'cpu', false, NULL),
    ('events in order of time: `health_score(m, signal, value)` : `sum(value)`', 'event_score_by_time', 'event_sum_by_time', 'cpu', false, NULL),
    ('events in order of time: `health_score(m, signal, value)` : join with a table of weights', 'event_score_by_time', 'event_join_by_time', 'cpu', true, NULL),
    ('events in order of time: `sum(value)` : join with a table of weights', 'event_sum_by_time', 'event_join_by_time', 'cpu', true, NULL),
    ('events of 10,000 accounts, 2 workers : 1 process (elapsed)', 'event_few_parallel', 'event_few', 'elapsed', true, 1.7),
    ('events of 1,000,000 accounts, 2 workers : 1 process (elapsed)', 'event_parallel', 'event_score', 'elapsed', true, NULL),
    ('nights: `health_trend` : `regr_slope(score, extract(epoch FROM at))`', 'night_trend', 'night_slope', 'cpu', true, 2),
    ('nights in order of time: `health_trend` : `regr_slope(score, extract(epoch FROM at))`', 'night_trend_by_time', 'night_slope_by_time', 'cpu', true, NULL),
    ('`health_auc` : rank sum by window function', 'auc', 'rank_sum', 'cpu', true, 5),
    ('`health_backtest` : `health_auc`', 'backtest', 'auc', 'cpu', false, NULL),
    ('`health_model_fit`, five folds : `pandas.read_sql` and `LogisticRegression`, one fit (elapsed)', 'fit', 'sklearn_read_sql', 'elapsed', true, 1),
    ('`health_model_fit`, five folds : `COPY` into pandas and `LogisticRegression`, one fit (elapsed)', 'fit', 'sklearn_copy', 'elapsed', true, NULL),
    ('`CALL health_refresh` (scores, inputs, counts, alerts) : `INSERT … SELECT` of the same rows', 'refresh', 'write', 'cpu', false, 2),
    ('the same without playbooks: no alerts', 'refresh_quiet', 'write', 'cpu', false, NULL),
    ('the same for accounts that have a month of nights', 'refresh_month', 'write_month', 'cpu', false, 2),
    ('nights: the red accounts by score, `_current … ORDER BY score LIMIT 50` : reading the night once', 'month_current', 'month_scan', 'cpu', false, 2),
    ('nights: `_movers LIMIT 100` : reading the night once', 'month_movers', 'month_scan', 'cpu', false, 4),
    ('nights: `_portfolio` : reading the night once', 'month_portfolio', 'month_scan', 'cpu', false, 2),
    ('nights: bands over time from `_bands`', 'month_bands', NULL, 'cpu', false, NULL),
    ('pgbench: `SELECT health_score(''bench'', $1)` : `SELECT $1`', 'score_text', 'select_text', 'tps', false, 0.85),
    ('pgbench: `SELECT health_score(''bench'', $1::jsonb)` : `SELECT $1::jsonb`', 'score_jsonb', 'select_jsonb', 'tps', false, NULL);

-- For a run without scikit-learn.
UPDATE comparison SET baseline = NULL, bar = NULL WHERE baseline LIKE 'sklearn%' AND NOT EXISTS (SELECT FROM bench_time WHERE what = baseline);

CREATE TEMP TABLE median AS
SELECT what, 'cpu' AS unit, percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) AS value FROM bench_time GROUP BY what
UNION ALL
SELECT what, 'elapsed', percentile_cont(0.5) WITHIN GROUP (ORDER BY elapsed) FROM bench_time GROUP BY what
UNION ALL
SELECT what, 'tps', percentile_cont(0.5) WITHIN GROUP (ORDER BY tps) FROM bench_tps GROUP BY what;

WITH ratio AS (
    SELECT c.*, t.value AS this_value, b.value AS baseline_value,
           CASE WHEN c.faster THEN b.value / t.value ELSE t.value / b.value END AS ratio
      FROM comparison c
      JOIN median t ON t.what = c.this AND t.unit = c.unit
      LEFT JOIN median b ON b.what = c.baseline AND b.unit = c.unit
), shown AS (
    SELECT line, title,
           format(CASE unit WHEN 'tps' THEN '%s/s' ELSE '%s ms' END, round(this_value)) AS this,
           format(CASE unit WHEN 'tps' THEN '%s/s' ELSE '%s ms' END, round(baseline_value)) AS baseline,
           CASE WHEN unit = 'tps' THEN format('%s %%', round(ratio * 100))
                WHEN faster THEN format('%s× as fast', round(ratio::numeric, 2))
                ELSE format('%s× the time', round(ratio::numeric, 2)) END AS ratio,
           CASE WHEN unit = 'tps' THEN format('at least %s %%', round(bar * 100))
                WHEN faster THEN format('at least %s×', bar)
                ELSE format('at most %s×', bar) END AS bar,
           CASE WHEN CASE WHEN faster OR unit = 'tps' THEN ratio >= bar ELSE ratio <= bar END THEN 'ok' ELSE 'missed' END AS verdict,
           baseline IS NOT NULL AS compared, bar IS NOT NULL AS required
      FROM ratio
)
SELECT E'| what | this | baseline | ratio | bar | |\n|---|---:|---:|---|---|---|'
UNION ALL
SELECT format('| %s | %s | %s | %s | %s | %s |', title, this, CASE WHEN compared THEN baseline END,
              CASE WHEN compared THEN ratio END, CASE WHEN required THEN bar END, CASE WHEN required THEN verdict END)
  FROM (SELECT * FROM shown ORDER BY line) lines;

SELECT format(E'\n%s bytes an account-night with indexes (bar 550: %s).', round(bytes), CASE WHEN bytes <= 550 THEN 'ok' ELSE 'missed' END) FROM bench_bytes;
