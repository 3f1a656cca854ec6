#!/usr/bin/env bash
# Parallel queries: workers compute the score, which equals the serial score bit for bit.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

PARALLEL="SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;"
SERIAL="SET max_parallel_workers_per_gather = 0;"
AS_OF="'2026-03-01 00:00+00'"

sql <<'SQL'
SELECT health_model_save('parallel', '{
  "categories": {"usage": {"weight": 40.1}, "mood": {"weight": 20.2}},
  "signals": {
    "logins": {"category": "usage", "weight": 3.3, "scale": {"curve": [[0, 0], [5, 60], [20, 100]]}, "missing": "worst"},
    "seats": {"category": "usage", "weight": 1.7, "input": {"ratio": ["active", "licensed"]}, "scale": {"linear": [0.1, 0.8]}},
    "nps": {"category": "mood", "weight": 0.1, "scale": {"linear": [0, 10]}},
    "tone": {"category": "mood", "weight": 0.7, "scale": {"map": {"good": 100, "bad": 0}, "otherwise": 40}},
    "seen": {"category": "usage", "weight": 0.9, "scale": {"recency": {"best": "7 days", "worst": "90 days"}}}},
  "rules": [{"name": "left", "when": {"input": "sponsor_left", "eq": true}, "cap": 39}],
  "segments": [{"name": "big", "when": {"input": "plan", "eq": "enterprise"}, "patch": {"categories": {"usage": {"weight": 10}}}}],
  "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 60}]
}') \g /dev/null
CREATE TABLE account AS
SELECT i AS id, CASE WHEN i % 7 <> 0 THEN i * 31 % 40 END AS logins, (i * 17 % 90)::int2 AS active, (i * 13 % 100)::numeric AS licensed,
       CASE WHEN i % 3 <> 0 THEN (i * 37 % 101 / 10.0)::float4 END AS nps, (ARRAY['good', 'bad', 'odd', NULL])[1 + i * 11 % 4] AS tone,
       '2026-03-01'::date - i * 7 % 120 AS seen, i % 11 = 0 AS sponsor_left, CASE WHEN i % 5 = 0 THEN 'enterprise' ELSE 'team' END AS plan,
       repeat('x', 60) AS filler
  FROM generate_series(1, 200000) i;
ANALYZE account;
SELECT definition AS document FROM health_model WHERE name = 'parallel' \gset
SELECT format('CREATE FUNCTION document() RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN %L::jsonb', :'document') \gexec
SQL

# A hash over all scores in the order of accounts: every bit of a score and its account count.
checksum() { printf 'md5(string_agg(id || encode(float8send(%s), %s), %s ORDER BY id))' "$1" "'hex'" "''"; }

# same NAME EXPRESSION: workers compute EXPRESSION, and the scores equal the serial ones. OFFSET 0 keeps it below the
# sort.
same() {
  local name=$1 expression=$2 plan serial parallel query
  query="SELECT count(s), $(checksum s) FROM (SELECT id, $expression AS s FROM account a OFFSET 0) x"
  plan=$(sql -c "$PARALLEL EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query")
  # The scan must show the call: at the Gather node, the leader would compute the score.
  [[ ${plan#*Parallel Seq Scan} == *Output:*health_score* ]] || fail "$name: the workers do not compute the score:
$plan"
  [[ $plan == *"Workers Launched: 2"* ]] || fail "$name: no workers, though max_worker_processes should allow two:
$plan"
  serial=$(sql -c "$SERIAL $query")
  parallel=$(sql -c "$PARALLEL $query")
  [ "$serial" = "$parallel" ] || fail "$name: serial $serial, parallel $parallel"
  [ "${serial%%|*}" -gt 100000 ] || fail "$name: only ${serial%%|*} accounts have a score"
  printf 'ok %s\n' "$name"
}

same "row by name" "health_score('parallel', a, $AS_OF)"
same "row by document" "health_score(document(), a, $AS_OF)"
same "row in a segment" "health_score('parallel', a, $AS_OF, 'big')"
same "row as of now()" "health_score('parallel', a) * 0 + health_score('parallel', a, $AS_OF)"
same "jsonb by name" "health_score('parallel', to_jsonb(a), $AS_OF)"
same "health_inputs by document" "health_score(document(), health_inputs('nps', nps, 'logins', logins), $AS_OF)"

# Aggregates and filters in the workers.
aggregate="SELECT health_band('parallel', a, $AS_OF), count(*) FROM account a WHERE health_score('parallel', a, $AS_OF) > 20 GROUP BY 1 ORDER BY 1"
plan=$(sql -c "$PARALLEL EXPLAIN (VERBOSE, COSTS OFF) $aggregate")
[[ $plan == *"Partial"*"Parallel Seq Scan"*"Filter: (health_score"* ]] || fail "aggregate: no partial aggregate over a filtered parallel scan:
$plan"
serial=$(sql -c "$SERIAL $aggregate")
parallel=$(sql -c "$PARALLEL $aggregate")
[ -n "$serial" ] && [ "$serial" = "$parallel" ] || fail "aggregate: serial $serial, parallel $parallel"
printf 'ok aggregate and filter\n'

# A set-returning function and a row in LATERAL.
lateral() {
  local name=$1 query=$2 plan serial parallel
  plan=$(sql -c "$PARALLEL EXPLAIN (VERBOSE, COSTS OFF) $query")
  [[ $plan == *Gather*"Function Scan on public.health_"* && $plan == *"Parallel Seq Scan"* ]] || fail "$name: no parallel plan:
$plan"
  [[ $plan == *Gather*"Nested Loop"*"Parallel Seq Scan"* ]] || fail "$name: the join is not below the Gather:
$plan"
  serial=$(sql -c "$SERIAL $query")
  parallel=$(sql -c "$PARALLEL $query")
  [ -n "$serial" ] && [ "$serial" = "$parallel" ] || fail "$name: serial $serial, parallel $parallel"
  printf 'ok %s\n' "$name"
}
# Sums of hashes, because float8 sums depend on the order.
lateral "drivers" "SELECT count(*), sum(hashtextextended(a.id || d.driver || encode(float8send(d.contribution), 'hex') || d.rank, 0)::numeric)
  FROM account a, health_drivers('parallel', a, $AS_OF) d WHERE id % 10 = 0"
lateral "assess" "SELECT count(*), sum(hashtextextended(a.id || s::text, 0)::numeric) FROM account a, health_assess('parallel', a, $AS_OF) s WHERE id % 10 = 0"

# Workers use the model that their transaction saved and then changed.
own="BEGIN;
SELECT health_model_save('own', '{\"signals\": {\"logins\": {\"scale\": {\"linear\": [0, 40]}}}}') \g /dev/null
SELECT count(s), sum(s::numeric) FROM (SELECT health_score('own', a) AS s FROM account a OFFSET 0) x;
SELECT health_model_patch('own', '{\"signals\": {\"logins\": {\"scale\": {\"linear\": [40, 0]}}}}') \g /dev/null
SELECT count(s), sum(s::numeric) FROM (SELECT health_score('own', a) AS s FROM account a OFFSET 0) x;
ROLLBACK;"
plan=$(printf '%s\n%s\n' "$PARALLEL" "BEGIN; SELECT health_model_save('own', '{\"signals\": {\"logins\": {\"scale\": {\"linear\": [0, 40]}}}}') \g /dev/null
EXPLAIN (VERBOSE, COSTS OFF) SELECT health_score('own', a) FROM account a;" | sql)
[[ $plan == *Gather*"Parallel Seq Scan"*health_score* ]] || fail "own model: no parallel plan:
$plan"
serial=$(printf '%s\n%s\n' "$SERIAL" "$own" | sql)
parallel=$(printf '%s\n%s\n' "$PARALLEL" "$own" | sql)
[ "$serial" = "$parallel" ] || fail "own model: serial $serial, parallel $parallel"
[ "$(printf '%s\n' "$serial" | sort -u | wc -l)" = 2 ] || fail "own model: both versions give $serial"
printf 'ok a model of the same transaction\n'

# An error in a worker reaches the user unchanged.
message=$(sql -c "$PARALLEL SELECT sum(health_score('paralel', a)) FROM account a" 2>&1) && fail "unknown model: no error"
[[ $message == *'unknown model "paralel"'*'Did you mean "parallel"?'* ]] || fail "unknown model: $message"
printf 'ok error from a worker\n'
