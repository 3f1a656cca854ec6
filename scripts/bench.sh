#!/usr/bin/env bash
# make bench: runs bench/run.sh against a cluster set up for measuring, as the server's user, in a copy of the checkout.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
[ -f "$ROOT/bench/run.sh" ] || die "bench/run.sh is not there"
"$SCRIPTS/install.sh"
. "$SCRIPTS/lib/server.sh"

only_one bench "a benchmark of this checkout is already running"
trap 'cluster_drop bench' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# One core, everything in memory, no compiler at work: what remains is the cost of the functions.
cluster_init bench "cluster_name = 'health_score bench'" 'shared_buffers = 1GB' 'work_mem = 256MB' \
  'maintenance_work_mem = 512MB' 'max_wal_size = 8GB' 'checkpoint_timeout = 1h' 'jit = off' 'max_parallel_workers_per_gather = 0' 'autovacuum = off'
cluster_start bench
files=$(cluster_dir bench)/files
stage_checkout "$files"
cluster_database bench bench
venv=$("$SCRIPTS/setup/venv.sh" bench "$ROOT/bench/requirements.txt") || venv=
say "benchmarks (several minutes)"
mapfile -t client < <(cluster_env bench bench)
as_server env -C "$files" "${client[@]}" "PATH=$BINDIR:$PATH" "BINDIR=$BINDIR" "ROOT=$files" ${venv:+"BENCH_PYTHON=$venv/bin/python3"} bash bench/run.sh
mkdir -p "$ROOT/target"
as_server cat "$files/target/bench.md" >"$ROOT/target/bench.md"
say "the table is in target/bench.md"
