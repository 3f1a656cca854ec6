#!/usr/bin/env bash
# Large aggregates: the same values with workers, with spills to disk and in any plan; the cost of a moving frame does
# not grow with its width.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

SERIAL="SET max_parallel_workers_per_gather = 0;"
PARALLEL="SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;"

sql <<'SQL'
CREATE TABLE history AS
SELECT i % 100 AS account, CASE WHEN i % 17 > 0 THEN sqrt(i::bigint * 7919 % 10007) END AS score, '2026-01-01'::timestamptz + make_interval(secs => i * 7.25) AS at,
       i::bigint * 104729 % 11 AS rating, exp((i::bigint * 31 % 97) / 4.0) AS value, i % 13 = 0 AS churned
  FROM generate_series(1, 1000000) i;
ALTER TABLE history SET (parallel_workers = 2);
ANALYZE history;
SQL

aggregates="health_trend(score, at), health_trend(score, at, 1), health_trend_stats(score, at), health_trend_stats(score, at, 1), health_nps(rating),
 health_csat(1 + rating % 5), health_csat(1 + rating % 5, 5), health_ces(1 + rating % 7), health_ces(1 + rating % 5, 5), health_rollup(score), health_rollup(score, value),
 health_worst(score), round(health_churn_rate(churned)::numeric, 12), round(health_churn_rate(churned, value)::numeric, 12), round(health_usage_rate(rating, value)::numeric, 12)"

# Whole table and by account; with workers, where one group has no scores; with a spill to disk.
same() {
  local name=$1 query=$2 setting=$3 shape=$4 plan serial other
  plan=$(sql -c "$setting EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query")
  for part in $shape; do [[ $plan == *${part//_/ }* ]] || fail "$name: no ${part//_/ } in
$plan"; done
  serial=$(sql -c "$SERIAL $query")
  other=$(sql -c "$setting $query")
  [ -n "$serial" ] && [ "$serial" = "$other" ] || fail "$name:
$serial
$other"
  printf 'ok %s\n' "$name"
}
same "workers, one group" "SELECT $aggregates FROM history" "$PARALLEL" "Partial_Aggregate Workers_Launched:_2"
same "workers, a hundred groups" "SELECT account, $aggregates FROM history GROUP BY account ORDER BY account" "$PARALLEL" "Partial_HashAggregate Workers_Launched:_2"
same "workers that see no scores" "SELECT $aggregates FROM history WHERE at < '2026-01-01 00:01'" "$PARALLEL" "Partial_Aggregate Workers_Launched:_2"
same "from disk" "SELECT count(*), sum(hashtextextended(t::text || s::text, id)::numeric) FROM (SELECT id, health_trend(score, at) AS t, health_trend_stats(score, at) AS s FROM
  (SELECT (extract(epoch FROM at) * 4)::bigint / 58 AS id, * FROM history) h GROUP BY id) x" "$SERIAL SET work_mem = '1MB'; SET enable_sort = off; SET hash_mem_multiplier = 1;" "HashAggregate Disk_Usage"
same "sorted groups" "SELECT account, $aggregates FROM history GROUP BY account ORDER BY account" "$SERIAL SET enable_hashagg = off;" "GroupAggregate"
sets=$(sql -c "$SERIAL SELECT account % 10, $aggregates FROM history GROUP BY GROUPING SETS ((account % 10), ()) ORDER BY 1")
[ "$sets" = "$(sql -c "$SERIAL SELECT account % 10, $aggregates FROM history GROUP BY 1 UNION ALL SELECT NULL, $aggregates FROM history ORDER BY 1")" ] || fail "grouping sets: $sets"
printf 'ok grouping sets\n'

# In a million frames of thirty rows, the moving aggregate equals the plain one, which a volatile argument forces.
different=$(sql -c "$SERIAL SELECT count(*), count(moving), count(*) FILTER (WHERE moving IS DISTINCT FROM plain) FROM (
  SELECT health_trend(score, at) OVER w AS moving, health_trend(score + 0 * random(), at) OVER w AS plain FROM history WINDOW w AS (ORDER BY at ROWS 29 PRECEDING)) x")
[ "$different" = "1000000|999999|0" ] || fail "moving frames: rows, results and differences are $different"
printf 'ok a million moving frames\n'

# The width of the frame does not matter: a frame of 100,000 rows may take three times as long as one of 30, not 3,000
# times. All rows fit into memory: on disk, Postgres would search for the frame's first row each time.
took() {
  sql -c "$SERIAL SET work_mem = '512MB';" -c '\timing on' -c "SELECT count(t) FROM (SELECT health_trend(score, at) OVER (ORDER BY at $1 ROWS $2 PRECEDING) AS t FROM history) x" |
    sed -n 's/^Time: \([0-9]*\).*/\1/p' | tail -n 1
}
least() { if [ "$1" -lt "$2" ]; then echo "$1"; else echo "$2"; fi; }
for order in ASC DESC; do
  # Other load may disturb the measurement: the best of up to three tries counts.
  narrow=$(took $order 29)
  wide=$(took $order 99999)
  for _ in 1 2; do
    [ "$wide" -ge $((narrow * 3)) ] || break
    narrow=$(least "$narrow" "$(took $order 29)")
    wide=$(least "$wide" "$(took $order 99999)")
  done
  [ "$wide" -lt $((narrow * 3)) ] || fail "a frame of 30 rows took $narrow ms, one of 100,000 $wide ms ($order)"
  printf 'ok wide frames, times %s (30 rows: %s ms, 100,000 rows: %s ms)\n' "$order" "$narrow" "$wide"
done
