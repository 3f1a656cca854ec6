#!/usr/bin/env bash
# Scores from many events: equal to scores from rows, bit for bit; equal with workers, with spills to disk and in any
# order.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

SERIAL="SET max_parallel_workers_per_gather = 0;"
workers() { printf 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = %s; SET parallel_leader_participation = off;' "$1"; }
AS_OF="'2026-06-30 00:00+00'"

sql <<'SQL'
SELECT health_model_save('rows', '{
  "categories": {"usage": {"weight": 3}, "voice": {"weight": 2}},
  "signals": {"logins": {"category": "usage", "weight": 3, "input": "logins_30d", "scale": {"curve": [[0, 0], [5.5, 61.3], [20, 100]]}, "missing": "worst"},
              "seats": {"category": "usage", "weight": 1.7, "input": {"ratio": ["used", "bought"]}, "scale": {"linear": [0.1, 0.83]}},
              "growth": {"category": "usage", "weight": 0.3, "input": {"change": ["logins_30d", "logins_prev_30d"]}, "scale": {"linear": [-0.5, 0.1]}},
              "tone": {"category": "voice", "weight": 1, "scale": {"map": {"good": 100, "a longer answer": 33.3}, "otherwise": 50}},
              "nps": {"category": "voice", "weight": 2, "observed": "nps_at", "max_age": "90 days", "default": 6, "scale": {"linear": [0, 10]}}},
  "rules": [{"name": "quiet", "when": {"all": [{"input": "logins_30d", "lt": 3}, {"input": "sponsor", "eq": false}]}, "adjust": -12.5}],
  "segments": [{"name": "big", "when": {"input": "bought", "ge": 50}, "patch": {"signals": {"nps": {"weight": 1}}}}] }') \g /dev/null
CREATE TABLE account AS
SELECT i AS id, nullif(i * 7919 % 37, 9) AS logins_30d, i * 31 % 23 AS logins_prev_30d, (i * 13 % 101) / 7.0 AS used, i * 17 % 97 AS bought,
       (ARRAY['good', 'a longer answer', 'odd', NULL])[1 + i % 4] AS tone, nullif(i % 12, 11)::real / 1.1::real AS nps, '2026-06-30'::timestamptz - make_interval(days => i % 200) AS nps_at, i % 3 = 0 AS sponsor
  FROM generate_series(1, 50000) i;
-- The same data as one row for each value, unordered. The time of nps is the time of its event.
CREATE TABLE event AS
SELECT id, v.signal, v.value, CASE v.signal WHEN 'nps' THEN nps_at ELSE '2026-06-29 00:00+00'::timestamptz - make_interval(hours => id % 90) END AS at
  FROM account, LATERAL (VALUES ('logins_30d', to_jsonb(logins_30d)), ('logins_prev_30d', to_jsonb(logins_prev_30d)), ('used', to_jsonb(used)), ('bought', to_jsonb(bought)), ('tone', to_jsonb(tone)),
                                ('nps', to_jsonb(nps)), ('sponsor', to_jsonb(sponsor)), ('unrelated', '1'::jsonb), (NULL, '2')) v (signal, value)
 ORDER BY hashint8(id * 9 + length(v.signal));
ALTER TABLE event SET (parallel_workers = 4);
ANALYZE event;
SELECT health_model_save('events', '{"signals": {
    "sum": {"input": "used", "combine": "sum", "window": "3 days", "scale": {"linear": [0, 40]}}, "mean": {"input": "bought", "combine": "mean", "scale": {"linear": [0, 100]}}, "count": {"input": "tone", "combine": "count", "window": "2 days", "scale": {"linear": [0, 3]}},
    "kinds": {"input": "tone", "combine": "distinct", "scale": {"linear": [0, 4]}}, "days": {"input": "used", "combine": "active_days", "window": "30 days", "scale": {"linear": [0, 9]}},
    "all days": {"input": "used", "combine": "active_days", "scale": {"linear": [0, 9]}}, "least": {"input": "nps", "combine": "min", "max_age": "60 days", "scale": {"linear": [0, 10]}}, "most": {"input": "nps", "combine": "max", "lag": "2 days", "scale": {"linear": [0, 10]}},
    "growth": {"input": {"change": ["used", "used"]}, "combine": "sum", "window": "2 days", "scale": {"linear": [-1, 1]}}, "seen": {"input": "tone", "scale": {"recency": {"best": "1 day", "worst": "5 days"}}}, "tone": {"scale": {"map": {"good": 100}, "otherwise": 20}}}}') \g /dev/null
SELECT health_model_save('fading', '{"method": "points", "range": [0, 500], "signals": {"used": {"points": 3, "half_life": "20 hours", "max": 400}, "nps": {"points": 2, "combine": "count", "half_life": "30 days"}, "tone": {"points": 1, "combine": "distinct", "absent": -5, "within": "2 days"}}}') \g /dev/null
SQL

# Scores equal those from a row, from jsonb and from the two steps, bit for bit. Without times, the time of nps is an
# ordinary row.
different=$(sql -c "$SERIAL
WITH long AS (SELECT id, health_score('rows', signal, value, at, $AS_OF) AS score, health_signals('rows', signal, value, at, $AS_OF) AS account FROM event GROUP BY id),
     untimed AS (SELECT id, health_score('rows', signal, value, NULL, $AS_OF) AS score FROM (SELECT id, signal, value FROM event UNION ALL SELECT id, 'nps_at', to_jsonb(nps_at) FROM account) e GROUP BY id)
SELECT count(*), count(r.score), count(*) FILTER (WHERE float8send(r.score) IS DISTINCT FROM float8send(long.score)), count(*) FILTER (WHERE float8send(r.score) IS DISTINCT FROM float8send(s.score)),
       count(*) FILTER (WHERE float8send(r.score) IS DISTINCT FROM float8send(untimed.score)), count(*) FILTER (WHERE r.coverage IS DISTINCT FROM s.coverage OR r.segment IS DISTINCT FROM s.segment)
  FROM account a, health_assess('rows', a, $AS_OF) r, long, health_assess('rows', long.account, $AS_OF) s, untimed WHERE a.id = long.id AND a.id = untimed.id" 2>&1) || fail "as rows: $different"
[ "$different" = "50000|50000|0|0|0|0" ] || fail "as rows: accounts, scores and differences are $different"
printf 'ok the same as from rows\n'

# Every form: by name and by document; the state passes the model between workers and leader in two ways.
scores() {
  local model=$1 group=$2 from=${3:-event}
  printf "SELECT count(*), count(s), sum(hashtextextended(g || ' ' || coalesce(encode(float8send(s), 'hex'), '') || account, 0)::numeric) FROM
    (SELECT %s AS g, health_score(%s, signal, value, at, %s) AS s, health_signals(%s, signal, value, at, %s)::text AS account FROM %s GROUP BY 1) x" "$group" "$model" "$AS_OF" "$model" "$AS_OF" "$from"
}
# Sums of these numbers would agree except for the last digits; the object shows every number.
rounded() { printf 'SELECT count(*), sum(round(s::numeric, 9)) FROM (SELECT %s AS g, health_score(%s, signal, value, at, %s) AS s FROM %s GROUP BY 1) x' "$2" "$1" "$AS_OF" "${3:-event}"; }

document() { printf "(SELECT definition FROM health_model WHERE name = '%s')" "$1"; }
literal() { sql -c "SELECT quote_literal(definition) || '::jsonb' FROM health_model WHERE name = '$1'"; }

for model in rows events fading; do
  [ "$model" = rows ] && how=scores || how=rounded
  literal=$(literal $model)
  for group in "id % 7" "id"; do
    serial=$(sql -c "$SERIAL $($how "'$model'" "$group")")
    [ -n "$serial" ] || fail "$model by $group: nothing"
    for count in 2 4; do
      for form in "'$model'" "$literal"; do
        query=$($how "$form" "$group")
        plan=$(sql -c "$(workers $count) SET enable_sort = off; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query")
        # With one group for each account, the planner may gather the rows instead.
        if [ "$group" != id ]; then
          [[ $plan == *"Partial HashAggregate"* && $plan == *"Workers Launched: $count"* ]] || fail "$model: no partial aggregate with $count workers in
$plan"
        fi
        parallel=$(sql -c "$(workers $count) SET enable_sort = off; $query")
        [ "$serial" = "$parallel" ] || fail "$model by $group, $count workers: $serial, $parallel"
      done
    done
    shuffled=$(sql -c "$SERIAL $($how "'$model'" "$group" '(SELECT * FROM event ORDER BY random()) e')")
    [ "$serial" = "$shuffled" ] || fail "$model by $group, shuffled: $serial, $shuffled"
    sorted=$(sql -c "$SERIAL SET enable_hashagg = off; $($how "$(document $model)" "$group")")
    [ "$serial" = "$sorted" ] || fail "$model by $group, document, sorted: $serial, $sorted"
  done
  printf 'ok %s: serial, two and four workers, shuffled, sorted\n' "$model"
done

# Without times and with last values only, a state is compact while it stays in its process and holds only numbers.
# Results are equal for a compact state, for a state from a worker, for a state that becomes full at a text, and for a
# full state.
sql -c "SELECT health_model_save('last', definition #- '{signals,nps}' #- '{segments}') FROM health_model WHERE name = 'rows'" >/dev/null
for only in "true" "signal <> 'tone'" "jsonb_typeof(value) = 'number' OR value IS NULL"; do
  untimed() { printf "SELECT count(*), count(s), sum(hashtextextended(g || ' ' || coalesce(encode(float8send(s), 'hex'), '') || account, 0)::numeric) FROM
    (SELECT %s AS g, health_score(%s, signal, value%s) AS s, health_signals(%s, signal, value%s)::text AS account FROM (SELECT * FROM event WHERE %s%s) e GROUP BY 1) x" "$1" "$2" "$3" "$2" "$3" "$only" "${4:-}"; }
  for group in "id % 7" "id"; do
    expected=$(sql -c "$SERIAL $(untimed "$group" "'last'" ', NULL::timestamptz')")
    [[ $expected == *\|*\|* && ${expected%%|*} -gt 6 ]] || fail "without times, by $group: $expected"
    for found in "$(sql -c "$SERIAL $(untimed "$group" "'last'" '')")" "$(sql -c "$SERIAL $(untimed "$group" "$(literal last)" '')")" \
      "$(sql -c "$SERIAL $(untimed "$group" "'last'" '' ' ORDER BY random()')")" "$(sql -c "$SERIAL SET enable_hashagg = off; $(untimed "$group" "'last'" '')")" \
      "$(sql -c "$(workers 2) SET enable_sort = off; $(untimed "$group" "'last'" '')")" \
      "$(sql -c "$SERIAL SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off; $(untimed "$group" "'last'" '')")"; do
      [ "$found" = "$expected" ] || fail "without times, by $group, where $only: $found, not $expected"
    done
  done
done
printf 'ok without times: serial, two workers, shuffled, sorted, from disk\n'

# A million groups, which do not fit into memory.
query="SELECT count(*), sum(round(s::numeric, 9)) FROM (SELECT health_score('rows', signal, value, at, $AS_OF) AS s FROM (SELECT id + 50000 * n AS id, signal, value, at FROM event, generate_series(0, 19) n WHERE signal IN ('nps', 'bought', 'tone')) e GROUP BY id) x"
plan=$(sql -c "$SERIAL SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query")
[[ $plan =~ Batches:\ ([0-9]+) && ${BASH_REMATCH[1]} -gt 1 && $plan == *"Disk Usage"* ]] || fail "no batches in
$plan"
spilt=$(sql -c "$SERIAL SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off; $query")
kept=$(sql -c "$SERIAL SET work_mem = '2GB'; $query")
[ -n "$kept" ] && [ "${kept%%|*}" = 1000000 ] && [ "$kept" = "$spilt" ] || fail "from disk: $kept, $spilt"
printf 'ok a million groups from disk (%s batches)\n' "${BASH_REMATCH[1]}"

# An error in a worker reaches the user unchanged.
message=$(sql -c "$(workers 2) $(rounded "'rowz'" "id % 7")" 2>&1) && fail "unknown model: no error"
[[ $message == *'unknown model "rowz"'*'Did you mean "rows"?'* ]] || fail "unknown model: $message"
printf 'ok error from a worker\n'
