#!/usr/bin/env bash
# make psql: psql in the demo's database, with the server running only as long as somebody is in it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
. "$SCRIPTS/lib/shared_demo.sh"

share_demo
trap leave_demo EXIT
# Ctrl-C belongs to psql.
trap : INT
trap 'exit 143' TERM

start_demo
if [ -t 0 ]; then
  printf 'The sample company of health_score. \\d lists its tables, \\df health_* the functions, \\q leaves.\n' >&2
fi
mapfile -t client < <(cluster_env demo demo)
env "${TREE_ENV[@]}" "${client[@]}" "$BINDIR/psql"
