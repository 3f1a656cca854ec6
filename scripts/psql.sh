#!/usr/bin/env bash
# make psql: psql in the demo's database, with the server running only as long as somebody is in it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
. "$SCRIPTS/lib/postgres.sh"
. "$SCRIPTS/lib/work.sh"

if [ ! -x "$PG_CONFIG" ] || ! as_server test -f "$AREA/demo/loaded"; then
  say "there is no demo database yet: making it"
  "$SCRIPTS/demo.sh" --load-only </dev/null
fi
. "$SCRIPTS/lib/cluster.sh"
private_places
make_work_directory

# Several psql share the server: the last one out stops it.
exec 9>"$AREA/demo.lock"
flock -n -s 9 || die "the demo is being made or shown in another terminal: wait for it"
leave() {
  if flock -n -x 9; then cluster_stop demo; fi
}
trap leave EXIT
# Ctrl-C belongs to psql.
trap : INT
trap 'exit 143' TERM

cluster_running demo || cluster_start demo
if [ -t 0 ]; then
  printf 'The sample company of health_score. \\d lists its tables, \\df health_* the functions, \\q leaves.\n' >&2
fi
mapfile -t client < <(cluster_env demo demo)
env "${TREE_ENV[@]}" "${client[@]}" "$BINDIR/psql"
