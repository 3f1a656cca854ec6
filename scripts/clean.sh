#!/usr/bin/env bash
# make clean: stops what still runs and removes target/ and this checkout's work directory with all its clusters.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
. "$SCRIPTS/lib/postgres.sh"
. "$SCRIPTS/lib/work.sh"
. "$SCRIPTS/lib/cluster.sh"

if [ -d "$WORK" ]; then
  make_work_directory
  for AREA in "$WORK"/pg*; do
    BINDIR=$(dirname "$(find "$AREA/tree" -name pg_ctl -path '*/bin/*' 2>/dev/null | head -n 1)")
    for cluster in demo test bench; do
      cluster_drop $cluster
    done
  done
  rm -rf "$WORK"
fi
rm -rf "$ROOT/target"
