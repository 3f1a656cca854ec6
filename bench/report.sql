-- The measurements (bench_time, bench_tps) as a Markdown table: medians, and their ratios.

\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on

SELECT format(E'PostgreSQL %s, %s, %s rounds.\n', current_setting('server_version'), :'machine', max(round)) FROM bench_time;

CREATE TEMP TABLE comparison (line int, title text, this text, baseline text, unit text, faster boolean, bar numeric);
INSERT INTO comparison VALUES
    (1, 'reading the table: `sum(csat)`', 'scan', NULL, 'cpu', true, NULL),
    (2, '`health_score(row)` : inline SQL', 'row', 'inline', 'cpu', true, 2),
    (3, '`health_score(row)` : inline SQL with weights folded in by hand', 'row', 'inline_tuned', 'cpu', true, NULL),
    (4, '`health_score(row)` : PL/pgSQL function', 'row', 'plpgsql', 'cpu', true, 10),
    (5, '`health_score(jsonb)` : inline SQL with `(j->>''x'')::float8`', 'jsonb', 'inline_jsonb', 'cpu', true, 6),
    (6, '`health_drivers(row)` : `health_score(row)`', 'drivers', 'row', 'cpu', false, 4),
    (7, '`generate_series(1, 7)` for every account : `health_score(row)`', 'series', 'row', 'cpu', false, NULL),
    (8, '`health_band(row)` : `health_score(row)`', 'band', 'row', 'cpu', false, NULL),
    (9, '`health_assess(row)`, 100,000 accounts', 'assess', NULL, 'cpu', false, NULL),
    (10, '`health_score(row)`, 2 workers : 1 process (elapsed)', 'parallel', 'row', 'elapsed', true, NULL),
    (11, '`CALL health_refresh` (scores, drivers, inputs, counts, alerts) : `INSERT … SELECT` of the same rows', 'refresh', 'write', 'cpu', false, 2),
    (12, 'pgbench: `SELECT health_score(''bench'', $1)` : `SELECT $1`', 'score_text', 'select_text', 'tps', false, 0.85),
    (13, 'pgbench: `SELECT health_score(''bench'', $1::jsonb)` : `SELECT $1::jsonb`', 'score_jsonb', 'select_jsonb', 'tps', false, NULL);

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
