#!/usr/bin/env bash
# Called by make bench, in a copy of the checkout, with the environment of a fresh database that has the extension.
# Prints the table and leaves it in target/bench.md. About fifteen minutes.
set -euo pipefail

rounds=${BENCH_ROUNDS:-5}
refresh_rounds=${BENCH_REFRESH_ROUNDS:-3}
events_rounds=${BENCH_EVENTS_ROUNDS:-3}
pgbench_rounds=${BENCH_PGBENCH_ROUNDS:-15}
pgbench_seconds=${BENCH_PGBENCH_SECONDS:-2}
night_accounts=${BENCH_NIGHT_ACCOUNTS:-100000}
result=target/bench.md

run_psql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
say() { printf '==> %s\n' "$*" >&2; }

declare -A queries=(
  [scan]="SELECT sum(csat) FROM bench_account"
  [row]="SELECT sum(health_score('bench', a)) FROM bench_account a"
  [inline]="SELECT sum(score) FROM bench_inline"
  [inline_tuned]="SELECT sum(score) FROM bench_inline_tuned"
  [plpgsql]="SELECT sum(bench_plpgsql(a)) FROM bench_account a"
  [jsonb]="SELECT sum(health_score('bench', account)) FROM bench_document"
  [inline_jsonb]="SELECT sum(score) FROM bench_inline_jsonb"
  [jsonb_30]="SELECT sum(health_score('bench', account)) FROM bench_document_30"
  [inline_jsonb_30]="SELECT sum(score) FROM bench_inline_jsonb_30"
  [wide]="SELECT sum(health_score('bench', a)) FROM bench_wide a"
  [inline_wide]="SELECT sum(score) FROM bench_inline_wide"
  [scan_wide]="SELECT sum(csat) FROM bench_wide"
  [drivers]="SELECT sum(d.contribution) FROM bench_account a CROSS JOIN LATERAL health_drivers('bench', a) d"
  # The cost of Postgres itself for seven rows per account: the argument forces one call of the function for each
  # account.
  [series]="SELECT sum(d) FROM bench_account a CROSS JOIN LATERAL generate_series(1, 7 + a.account_id * 0) d"
  [band]="SELECT count(health_band('bench', a)) FROM bench_account a"
  [assess]="SELECT sum(h.score) FROM bench_account a CROSS JOIN LATERAL health_assess('bench', a) h WHERE account_id <= 100000"
  [parallel]="SELECT sum(health_score('bench', a)) FROM bench_account a"
  [auc]="SELECT health_auc(score, churned) FROM bench_outcome"
  [backtest]="SELECT (health_backtest(score, churned)).auc FROM bench_outcome"
  [rank_sum]="SELECT auc FROM bench_rank_sum_tuned"
  [fit]="SELECT length(health_model_fit('bench', 'bench_labelled', 'churned')::text)"
)

# Aggregates over rows of events and of nights; names with by_time read the rows in order of time.
grouped() { printf 'SELECT sum(s) FROM (SELECT %s AS s FROM %s GROUP BY %s) g' "$1" "$2" "${3:-account_id}"; }
SCORE="health_score('bench', signal, value)"
TREND="length(health_trend(score, scored_at))"
SLOPE="regr_slope(score, extract(epoch FROM scored_at))"
queries+=(
  [event_sum]=$(grouped "sum(value)" bench_event)
  # The cost of Postgres itself for a state of more than one number.
  [event_avg]=$(grouped "avg(value)" bench_event)
  [event_score]=$(grouped "$SCORE" bench_event)
  [event_timed]=$(grouped "health_score('bench', signal, value, observed_at)" bench_event)
  [event_join]="SELECT sum(score) FROM bench_event_join"
  [event_sum_by_time]=$(grouped "sum(value)" bench_event_by_time)
  [event_score_by_time]=$(grouped "$SCORE" bench_event_by_time)
  [event_join_by_time]="SELECT sum(score) FROM bench_event_join_by_time"
  [event_few]=$(grouped "$SCORE" bench_event "account_id % 10000")
  [event_few_parallel]=$(grouped "$SCORE" bench_event "account_id % 10000")
  [event_parallel]=$(grouped "$SCORE" bench_event)
  [night_trend]=$(grouped "$TREND" bench_night)
  [night_slope]=$(grouped "$SLOPE" bench_night)
  [night_trend_by_time]=$(grouped "$TREND" bench_night_by_time)
  [night_slope_by_time]=$(grouped "$SLOPE" bench_night_by_time)
)
events_order=(event_sum event_score event_join event_avg event_timed event_score event_sum_by_time event_score_by_time event_join_by_time
  event_few event_few_parallel event_parallel night_trend night_slope night_trend_by_time night_slope_by_time night_trend night_slope)

# The planner overestimates the number of groups and would not use workers without these settings.
two_workers='SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;'
one_process='SET max_parallel_workers_per_gather = 0; RESET parallel_setup_cost; RESET parallel_tuple_cost;'

# One round. The short queries, the baselines of the others, are measured several times in a round.
order=(scan row inline jsonb plpgsql row inline inline_tuned jsonb inline_jsonb row inline band inline_tuned drivers
  wide inline_wide jsonb_30 inline_jsonb_30 scan scan_wide wide inline_wide
  row inline jsonb series row inline assess row inline_tuned parallel
  auc rank_sum backtest auc fit auc)

# timed ROUND NAME STATEMENT: runs the statement and records the CPU time of its process and the elapsed time.
timed() {
  cat <<SQL
SELECT bench_cpu() AS cpu, clock_timestamp() AS at \gset before_
$3
INSERT INTO bench_time SELECT $1, '$2', bench_cpu() - :before_cpu, extract(epoch FROM clock_timestamp() - :'before_at') * 1000;
SQL
}

# round_script ROUND NAME...: times every query.
round_script() {
  local round=$1 name
  shift
  for name; do
    case $name in *parallel) echo "$two_workers" ;; esac
    timed "$round" "$name" "${queries[$name]} \gset result_"
    case $name in *parallel) echo "$one_process" ;; esac
  done
}

# pgbench_run STATEMENT: transactions per second on one connection, as a prepared statement.
pgbench_run() {
  printf '%s;\n' "$1" >"$scratch/statement.sql"
  "${one_processor[@]}" pgbench -n -M prepared -c 1 -T "$pgbench_seconds" -D "account=$account" -f "$scratch/statement.sql" 2>"$scratch/pgbench.log" |
    sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PGOPTIONS='-c max_parallel_workers_per_gather=0 -c jit=off'

say "1,000,000 accounts"
run_psql -o /dev/null -f bench/setup.sql
run_psql -o /dev/null -f bench/baselines.sql
say "7,000,000 events, 3,000,000 nights"
run_psql -o /dev/null -f bench/events.sql
run_psql -f bench/check.sql
for name in parallel event_few_parallel event_parallel; do
  printf '%s\nEXPLAIN %s' "$two_workers" "${queries[$name]}" | run_psql | grep 'Workers Planned: 2' >/dev/null || { say "$name would run without workers"; exit 1; }
done

say "$rounds rounds"
run_psql <<'SQL'
CREATE TABLE bench_time (round int, what text, cpu float8, elapsed float8);
CREATE TABLE bench_tps (round int, what text, tps float8);
-- Milliseconds that this process had a processor; where the kernel does not say, milliseconds.
CREATE FUNCTION bench_cpu() RETURNS float8 LANGUAGE sql VOLATILE AS $$
SELECT coalesce(nullif(split_part(pg_read_file('/proc/self/schedstat', 0, 100, true), ' ', 1)::float8, 0) / 1e6,
                extract(epoch FROM clock_timestamp()) * 1000)
$$;
SQL
{
  # Round 0 is the warm-up.
  for round in $(seq 0 "$rounds"); do round_script "$round" "${order[@]}"; done
  echo "DELETE FROM bench_time WHERE round = 0;"
} | run_psql

say "events, $events_rounds rounds"
{
  # With the leader there would be three processes on two processors.
  echo "SET parallel_leader_participation = off;"
  for round in $(seq 0 "$events_rounds"); do round_script "$round" "${events_order[@]}"; done
  echo "DELETE FROM bench_time WHERE round = 0;"
} | run_psql

python=${BENCH_PYTHON:-python3}
if "$python" -W ignore -c 'import pandas, psycopg2, sklearn' 2>/dev/null; then
  say "scikit-learn"
  for round in 1 2 3; do
    for way in read_sql copy; do
      seconds=$(OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" -W ignore bench/logistic_regression.py bench_labelled churned $way)
      run_psql -c "INSERT INTO bench_time VALUES ($round, 'sklearn_$way', $seconds * 1000, $seconds * 1000)"
    done
  done
else
  say "without scikit-learn: $python lacks pandas, psycopg2 or sklearn"
fi

# Refresh: 1,000,000 accounts into a history, compared for alerts with the run before. Baseline: an INSERT … SELECT that
# writes the same rows into a table with the same indexes, without scores. A refresh without playbooks shows the cost of
# alerts. VACUUM stands for autovacuum, which is off here and would run in the day between two runs. Each measurement
# starts from empty tables.
second_refresh() {
  local round=$1 name=$2 playbooks=$3
  cat <<SQL
TRUNCATE bench_history, health_alert CASCADE;
DELETE FROM health_run;
UPDATE health_playbook SET active = $playbooks;
CALL health_refresh('bench');
VACUUM bench_history;
CHECKPOINT;
$(timed "$round" "$name" "CALL health_refresh('bench');")
SQL
}

# written_again ROUND NAME HISTORY: writes the newest night of a history into a table like it.
written_again() {
  local round=$1 name=$2 history=$3
  cat <<SQL
CREATE TABLE bench_scored AS SELECT * FROM $history WHERE scored_at = (SELECT max(scored_at) FROM $history);
CREATE TABLE bench_written (LIKE $history INCLUDING INDEXES);
CHECKPOINT;
$(timed "$round" "$name" "INSERT INTO bench_written TABLE bench_scored;")
DROP TABLE bench_written, bench_scored;
SQL
}

say "refresh"
{
  echo "SET client_min_messages = warning;"
  echo "SELECT health_source_add('bench', 'bench', 'bench_account', 'account_id') \\g /dev/null"
  echo "INSERT INTO health_playbook SELECT * FROM health_playbook_examples('bench');"
  for round in $(seq "$refresh_rounds"); do
    second_refresh "$round" refresh_quiet false
    second_refresh "$round" refresh true
    written_again "$round" write bench_history
  done
  echo "TRUNCATE bench_history, health_alert CASCADE;"
} | run_psql

# The same after a month of nights: what the run carries from night to night, and what the views read. Some inputs change
# every day. BENCH_NIGHT_ACCOUNTS=1000000 takes some ten minutes.
say "refresh after a month of nights"
{
  echo "SET client_min_messages = warning;"
  echo "CREATE VIEW bench_month AS SELECT account_id, nps, logins + (account_id + extract(day FROM health_as_of())::int) % 9 - 4 AS logins,
          seat_use, tickets, overdue, usage_change, csat FROM bench_account WHERE account_id <= $night_accounts;"
  echo "SELECT health_source_add('bench_month', 'bench', 'bench_month', 'account_id', book => 'month', point_in_time => true) \\g /dev/null"
  echo "CALL health_backfill('bench_month', '2026-01-08Z', '2026-02-07Z', '1 day');"
  echo "CALL health_refresh('bench_month', '2026-02-08Z');"
  for round in $(seq "$refresh_rounds"); do
    echo "VACUUM bench_month_history;"
    echo "CHECKPOINT;"
    timed "$round" refresh_month "CALL health_refresh('bench_month', timestamptz '2026-02-08Z' + interval '$round days');"
    written_again "$round" write_month bench_month_history
  done
  echo "VACUUM (ANALYZE) bench_month_history; SET work_mem = '64MB';"
  # Round 0 is the warm-up.
  for round in $(seq 0 "$refresh_rounds"); do
    timed "$round" month_scan "SELECT count(*) FROM (SELECT band, count(*), sum(value) FROM bench_month_history WHERE scored_at = (SELECT last_as_of FROM health_source WHERE name = 'bench_month') GROUP BY band) s \gset result_"
    timed "$round" month_current "SELECT count(*) FROM (SELECT * FROM bench_month_current WHERE band = 'red' ORDER BY score LIMIT 50) s \gset result_"
    timed "$round" month_movers "SELECT count(explanation) FROM (SELECT * FROM bench_month_movers LIMIT 100) s \gset result_"
    timed "$round" month_portfolio "SELECT count(*) FROM (SELECT * FROM bench_month_portfolio OFFSET 0) s \gset result_"
    timed "$round" month_bands "SELECT count(*) FROM (SELECT scored_at, band, sum(accounts) FROM bench_month_bands GROUP BY 1, 2) s \gset result_"
  done
  echo "DELETE FROM bench_time WHERE round = 0;"
  echo "CREATE TABLE bench_bytes AS SELECT sum(pg_total_relation_size(i.inhrelid)) / (SELECT count(*) FROM bench_month_history) AS bytes FROM pg_inherits i WHERE i.inhparent = 'bench_month_history'::regclass;"
} | run_psql
# A held run writes no alerts.
[ "$(run_psql -c "SELECT count(*) FROM health_run WHERE status <> 'done'")" = 0 ] || { echo "a refresh was held" >&2; exit 1; }

say "pgbench"
account=$(run_psql -c "SELECT account - 'account_id' FROM bench_document WHERE account_id = 1")
# Client and server take turns. On one processor each turn costs the same; on two processors the cost depends on the
# wake-up time of the idle processor. New server processes inherit the affinity of the postmaster.
one_processor=()
if command -v taskset >/dev/null; then
  processor=$(taskset -pc $$ | sed 's/.*[^0-9]//')
  taskset -pc "$processor" "$(run_psql -c "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")" >/dev/null
  one_processor=(taskset -c "$processor")
fi
pgbench_statements=(
  "select_text=SELECT :account"
  "score_text=SELECT health_score('bench', :account)"
  "select_jsonb=SELECT :account::jsonb"
  "score_jsonb=SELECT health_score('bench', :account::jsonb)"
)
for round in $(seq "$pgbench_rounds"); do
  for statement in "${pgbench_statements[@]}"; do
    tps=$(pgbench_run "${statement#*=}")
    if [ -z "$tps" ]; then
      cat "$scratch/pgbench.log" >&2
      exit 1
    fi
    run_psql -c "INSERT INTO bench_tps VALUES ($round, '${statement%%=*}', $tps)"
  done
done

mkdir -p "$(dirname "$result")"
machine=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
run_psql -v machine="${machine:-$(uname -m)}" -f bench/report.sql | tee "$result"
