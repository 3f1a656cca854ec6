#!/usr/bin/env bash
# Memory stays flat: a statement over ten times the rows needs no more memory. The test compares the peak of the
# backend, which no later free can hide.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

# Measurements differ by 1.5 MB at most; a leak of one small allocation per row is more than this limit.
MOST_KB=6144

if [ ! -r "/proc/$$/status" ]; then
  printf 'skip memory: there is no /proc here\n'
  exit 0
fi

# session STATEMENT...: runs the statements in one new backend and prints its peak in kB. The peak includes shared
# buffers, so tables are read once before. Parallel workers are off: their memory is not in the peak. JIT is off: its
# code is in the peak.
session() {
  {
    printf '%s\n' "SET max_parallel_workers_per_gather = 0; SET jit = off; SET work_mem = '4MB';"
    printf '%s;\n' "$@"
    printf '%s\n' "SELECT '/proc/' || pg_backend_pid() || '/status' AS status \\gset"
    # shellcheck disable=SC2016
    printf '%s\n' '\setenv STATUS :status' '\! sed -n "s/^VmHWM:[^0-9]*\([0-9]*\) kB/peak \1/p" "$STATUS"'
  } | psql -X -q -At -v ON_ERROR_STOP=1 | sed -n 's/^peak //p'
}

# flat NAME QUERY FEW MANY: runs QUERY with :rows = FEW and with :rows = MANY, each in its own backend.
flat() {
  local name=$1 query=$2 few=$3 many=$4 less more
  less=$(session "${query//:rows/$few}")
  more=$(session "${query//:rows/$many}")
  [ -n "$less" ] && [ -n "$more" ] || fail "$name: no peak was read"
  [ $((more - less)) -le $MOST_KB ] || fail "$name: $less kB for $few rows, $more kB for $many"
  printf 'ok %s (%s kB for %s rows, %s kB for %s)\n' "$name" "$less" "$few" "$more" "$many"
}

psql -X -q -v ON_ERROR_STOP=1 <<'SQL'
SELECT health_model_save('memory', '{
  "categories": {"usage": {"weight": 40}, "mood": {"weight": 20}},
  "signals": {
    "logins": {"category": "usage", "weight": 3, "scale": {"curve": [[0, 0], [5, 60], [20, 100]]}, "missing": "worst"},
    "amount": {"category": "usage", "weight": 1, "scale": {"linear": [0, 1000]}},
    "tone": {"category": "mood", "weight": 1, "scale": {"map": {"good": 100, "bad": 0}, "otherwise": 40}, "evidence": "words"}},
  "rules": [{"name": "quiet", "when": {"input": "logins", "eq": 0}, "cap": 39}],
  "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 60}]
}') \g /dev/null
CREATE TYPE seen AS (logins int, amount numeric, tone text, words text);
-- A stored composite: compressed in its column, with an attribute that was compressed before.
CREATE TABLE stored (id int, a seen);
INSERT INTO stored SELECT i, ROW(i % 40, i * 1.1, (ARRAY['good', 'bad', 'odd'])[1 + i % 3], repeat('words ', 1000 + i))::seen FROM generate_series(1, 100) i;
CREATE TABLE packed (id int, logins int, amount numeric, tone text, words text);
INSERT INTO packed SELECT i, i % 40, i * 1.1, repeat('good', 2000 + i), repeat('words ', 1000 + i) FROM generate_series(1, 100) i;
SQL
[ "$(psql -X -At -c "SELECT max(pg_column_size(a)) < 3000 AND min(length((a).words)) > 6000 FROM stored")" = t ] || fail "the composites are not stored compressed"
[ "$(psql -X -At -c "SELECT max(pg_column_size(tone)) < 2000 FROM packed")" = t ] || fail "the texts are not stored compressed"

numbers="SELECT i % 40 AS logins, i::numeric / 7 AS amount, CASE WHEN i % 3 = 0 THEN 'good' END AS tone, 'x' AS words FROM generate_series(1, :rows) i"
flat "row" "SELECT count(health_score('memory', a)) FROM ($numbers) a" 1000000 10000000
flat "row, compressed composite" "SELECT count(health_score('memory', a)) FROM stored, generate_series(1, :rows / 100)" 50000 500000
flat "row with a compressed text" "SELECT count(health_score('memory', p)) FROM packed p, generate_series(1, :rows / 100)" 20000 200000
flat "jsonb" "SELECT count(health_score('memory', jsonb_build_object('logins', i % 40, 'amount', i::numeric / 7))) FROM generate_series(1, :rows) i" 50000 500000
flat "json text" "SELECT count(health_score('memory', '{\"logins\": ' || i % 40 || '}')) FROM generate_series(1, :rows) i" 50000 500000
flat "document" "SELECT count(health_score((SELECT definition FROM health_model WHERE name = 'memory'), a)) FROM ($numbers) a" 50000 500000
flat "drivers" "SELECT count(*) FROM ($numbers) a, health_drivers('memory', a) d" 100000 1000000
flat "drivers in the SELECT list" "SELECT count(*) FROM (SELECT health_drivers('memory', a) FROM ($numbers) a) x" 50000 500000
flat "drivers, compressed composite" "SELECT count(*) FROM stored, generate_series(1, :rows / 100), health_drivers('memory', a) d" 20000 200000
flat "assess" "SELECT count(*) FROM ($numbers) a, health_assess('memory', a) s" 30000 300000
flat "health_inputs" "SELECT count(health_inputs(a)) FROM ($numbers) a" 30000 300000
# A model that changes from row to row, new calls in a loop, caught errors.
flat "two models in turn" "SELECT count(health_score(CASE WHEN logins % 2 = 0 THEN 'memory' ELSE 'memory@1' END, a)) FROM ($numbers) a" 30000 300000
loop() { printf 'DO $$ DECLARE r record; s float8; BEGIN FOR r IN SELECT i %% 40 AS logins, i AS amount, %s AS tone, 1 AS words FROM generate_series(1, :rows) i LOOP %s END LOOP; END $$;' "$1" "$2"; }
flat "loop" "$(loop "''" "s := health_score('memory', r);")" 30000 300000
flat "dynamic SQL in a loop" "$(loop "''" "EXECUTE 'SELECT health_score(''memory'', \$1)' INTO s USING jsonb_build_object('logins', r.logins);")" 5000 50000
flat "errors in a loop" "$(loop "'x'::bytea" "BEGIN s := health_score('memory', r); RAISE division_by_zero; EXCEPTION WHEN invalid_parameter_value THEN NULL; END;")" 3000 30000
flat "many documents" "SELECT count(health_score(jsonb_build_object('signals', jsonb_build_object('s' || i, '{\"scale\": {\"linear\": [0, 10]}}'::jsonb)), jsonb_build_object('s' || i, 5))) FROM generate_series(1, :rows) i" 3000 30000
# Aggregates: a state changes in place and is freed with its group; a moving frame keeps only its rows.
points="SELECT i, (i % 101)::float8 AS score, '2026-01-01'::timestamptz + make_interval(secs => i) AS at FROM (SELECT generate_series(1, :rows) AS i) g"
flat "aggregates of one group" "SELECT health_trend(score, at), health_trend_stats(score, at), health_rollup(score, i), health_worst(score), health_nps(i % 11) FROM ($points) p" 300000 3000000
flat "aggregates of many groups" "SELECT count(t), count(s) FROM (SELECT health_trend(score, at) AS t, health_trend_stats(score, at) AS s FROM ($points) p GROUP BY i / 3 ORDER BY i / 3) x" 300000 3000000
flat "a moving frame" "SELECT count(t) FROM (SELECT health_trend(score, at) OVER (ROWS 29 PRECEDING) AS t FROM ($points) p) x" 300000 3000000
# Scores from events: numbers change a state in place, a new text replaces the last, and a repeated value takes no more
# memory.
psql -X -q -v ON_ERROR_STOP=1 <<'SQL'
SELECT health_model_save('memory of events', '{"signals": {
    "sum": {"input": "amount", "combine": "sum", "window": "30 days", "scale": {"linear": [0, 1000]}}, "last": {"input": "amount", "scale": {"linear": [0, 1000]}},
    "kinds": {"input": "tone", "combine": "distinct", "scale": {"linear": [0, 9]}}, "tone": {"scale": {"map": {"good": 100}, "otherwise": 40}}, "days": {"input": "tone", "combine": "active_days", "scale": {"linear": [0, 9]}}}}') \g /dev/null
SQL
numbers="SELECT i, 'amount'::text AS signal, (i % 101)::float8 AS value, '2026-01-01'::timestamptz + make_interval(secs => i % 100000) AS at FROM (SELECT generate_series(1, :rows) AS i) g"
texts="SELECT i, 'tone'::text AS signal, repeat('a text that is kept ', 1 + i % 7) AS value, '2026-01-01'::timestamptz + make_interval(secs => i % 100000) AS at FROM (SELECT generate_series(1, :rows) AS i) g"
flat "events of one group" "SELECT health_score('memory of events', signal, value, at, '2026-01-03') FROM ($numbers) e" 1000000 10000000
flat "texts of one group" "SELECT health_score('memory of events', signal, value, at, '2026-01-03'), health_signals('memory of events', signal, value, at, '2026-01-03') FROM ($texts) e" 300000 3000000
flat "events of many groups" "SELECT count(s) FROM (SELECT health_score('memory of events', signal, value, at, '2026-01-03') AS s FROM ($texts) e GROUP BY i / 5 ORDER BY i / 5) x" 200000 2000000
# The peak of a refresh includes the shared buffers (128 MB): the smaller number of rows fills them already. Structures
# that may grow up to work_mem, such as a bitmap of the new rows, stay below the limit.
psql -X -q -v ON_ERROR_STOP=1 <<'SQL'
SET client_min_messages = warning;
DO $$
DECLARE rows int;
BEGIN
    FOREACH rows IN ARRAY '{200000,800000}'::int[] LOOP
        EXECUTE format('CREATE VIEW refresh_%1$s AS SELECT i AS id, i %% 40 AS logins, i * 1.1 AS amount, %2$L AS tone, %3$L AS words FROM generate_series(1, %1$s) i', rows, 'good', 'x');
        PERFORM health_source_add('refresh_' || rows, 'memory', ('refresh_' || rows)::regclass, 'id');
    END LOOP;
    PERFORM health_override_set('accounts', 7, 'cap', 39, 'the sponsor has left');
END $$;
SQL
flat "refresh" "SET work_mem = '256kB'; CALL health_refresh('refresh_:rows')" 200000 800000
