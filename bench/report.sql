-- The measurements (bench_time, bench_tps) as a Markdown table. A ratio is the median over the rounds of the ratios
-- within a round, where both queries ran one after the other: what else the machine does hits both.

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
    (10, '`health_score(row)`, 2 workers : 1 process (elapsed)', 'parallel', 'row', 'elapsed', true, NULL);

CREATE TEMP VIEW measured AS
SELECT round, what, 'cpu' AS unit, cpu AS ms FROM bench_time
UNION ALL
SELECT round, what, 'elapsed', elapsed FROM bench_time;

WITH pair AS (
    SELECT c.line,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY t.ms) AS this,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY b.ms) AS baseline,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN c.faster THEN b.ms / t.ms ELSE t.ms / b.ms END) AS ratio
      FROM comparison c
      JOIN measured t ON t.what = c.this AND t.unit = c.unit
      LEFT JOIN measured b ON b.what = c.baseline AND b.unit = c.unit AND b.round = t.round
     GROUP BY c.line
), sql_lines AS (
    SELECT c.line, c.title,
           format('%s ms', round(p.this)) AS this,
           CASE WHEN c.baseline IS NOT NULL THEN format('%s ms', round(p.baseline)) ELSE '' END AS baseline,
           CASE WHEN c.baseline IS NULL THEN ''
                WHEN c.faster THEN format('%s× as fast', to_char(p.ratio, 'FM990.0'))
                ELSE format('%s× the time', to_char(p.ratio, 'FM990.0')) END AS ratio,
           CASE WHEN c.bar IS NULL THEN ''
                ELSE format('%s %s×', CASE WHEN c.faster THEN 'at least' ELSE 'at most' END, c.bar) END AS bar,
           CASE WHEN c.bar IS NULL THEN ''
                WHEN CASE WHEN c.faster THEN p.ratio >= c.bar ELSE p.ratio <= c.bar END THEN 'ok' ELSE 'missed' END AS verdict
      FROM comparison c JOIN pair p USING (line)
), tps AS (
    SELECT b.line, b.title,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY t.tps) AS this,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY s.tps) AS baseline,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY t.tps / s.tps) AS ratio
      FROM (VALUES (11, 'pgbench: `SELECT health_score(''bench'', $1)` : `SELECT $1`', 'score_text', 'select_text'),
                   (12, 'pgbench: `SELECT health_score(''bench'', $1::jsonb)` : `SELECT $1::jsonb`', 'score_jsonb', 'select_jsonb'))
           AS b (line, title, this, baseline)
      JOIN bench_tps t ON t.what = b.this
      JOIN bench_tps s ON s.what = b.baseline AND s.round = t.round
     GROUP BY b.line, b.title
)
SELECT E'| what | this | baseline | ratio | bar | |\n|---|---:|---:|---:|---|---|'
UNION ALL
SELECT format('| %s | %s | %s | %s | %s | %s |', title, this, baseline, ratio, bar, verdict)
  FROM (SELECT * FROM sql_lines
        UNION ALL
        SELECT line, title, format('%s/s', round(this)), format('%s/s', round(baseline)), format('%s %%', round(ratio * 100)),
               'at least 85 %', CASE WHEN ratio >= 0.85 THEN 'ok' ELSE 'missed' END
          FROM tps
         ORDER BY line) lines;
