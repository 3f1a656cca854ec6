-- Raw events (seven signals of 1,000,000 accounts, each observed once), thirty nightly scores of 100,000 accounts, and
-- hand-written queries. Rows are stored by account (bench_event, bench_night) and by time (…_by_time). By time, the
-- rows of an account lie far apart, and memory access to a million groups dominates the time of every aggregate.

\set ON_ERROR_STOP on

CREATE TABLE bench_event AS
SELECT account_id, signal, value, timestamptz '2026-05-01 00:00Z' + bench_random(account_id, 20 + place) * interval '60 days' AS observed_at
  FROM generate_series(1::bigint, 1000000) AS account_id
 CROSS JOIN LATERAL (VALUES
    (1, 'nps', floor(bench_random(account_id, 1) * 11)), (2, 'logins', floor(bench_random(account_id, 2) * 61)),
    (3, 'seat_use', bench_random(account_id, 3) * 1.1), (4, 'tickets', floor(bench_random(account_id, 4) * 21)),
    (5, 'overdue', floor(bench_random(account_id, 5) * 81)), (6, 'usage_change', bench_random(account_id, 6) - 0.7),
    (7, 'csat', 1 + bench_random(account_id, 7) * 4)) AS v (place, signal, value)
 ORDER BY account_id, place;
CREATE TABLE bench_event_by_time AS SELECT * FROM bench_event ORDER BY observed_at;

CREATE TABLE bench_night AS
SELECT account_id, least(100, greatest(0, 60 + bench_random(account_id, 31) * 30 + (bench_random(account_id, 32) - 0.5) * night
                                          + (bench_random(account_id, 40 + night) - 0.5) * 6)) AS score,
       timestamptz '2026-06-01 02:00Z' + night * interval '1 day' AS scored_at
  FROM generate_series(1, 30) AS night, generate_series(1::bigint, 100000) AS account_id
 ORDER BY account_id, night;
CREATE TABLE bench_night_by_time AS SELECT * FROM bench_night ORDER BY scored_at, account_id;

VACUUM (FREEZE, ANALYZE) bench_event, bench_event_by_time, bench_night, bench_night_by_time;

-- The weights of model "bench" as a table, the usual alternative to a CASE expression.
CREATE TABLE bench_weight (signal text PRIMARY KEY, weight double precision NOT NULL, worst double precision NOT NULL, best double precision NOT NULL);
INSERT INTO bench_weight VALUES ('nps', 20, 0, 10), ('logins', 20, 0, 40), ('seat_use', 10, 0.1, 0.9), ('tickets', 15, 15, 0),
                                ('overdue', 10, 60, 0), ('usage_change', 10, -0.5, 0.1), ('csat', 15, 1, 5);
ANALYZE bench_weight;
CHECKPOINT;

-- An event without a value has no weight. Slower forms: the weights in (VALUES …) instead of a table,
-- a sum for each signal with FILTER, round(…::numeric, 9).
CREATE VIEW bench_event_join AS
SELECT account_id, CASE WHEN known >= 50 THEN round(earned / known * 1e9::float8) / 1e9::float8 END AS score
  FROM (SELECT account_id, sum(weight) FILTER (WHERE value IS NOT NULL) AS known,
               sum(weight * least(100, greatest(0, (value - worst) / (best - worst) * 100))) AS earned
          FROM bench_event JOIN bench_weight USING (signal)
         GROUP BY account_id) a;
CREATE VIEW bench_event_join_by_time AS
SELECT account_id, CASE WHEN known >= 50 THEN round(earned / known * 1e9::float8) / 1e9::float8 END AS score
  FROM (SELECT account_id, sum(weight) FILTER (WHERE value IS NOT NULL) AS known,
               sum(weight * least(100, greatest(0, (value - worst) / (best - worst) * 100))) AS earned
          FROM bench_event_by_time JOIN bench_weight USING (signal)
         GROUP BY account_id) a;
