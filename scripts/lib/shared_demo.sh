# shellcheck shell=bash
# Sourced after env.sh: the demo's database, made if it is missing, and its server, which all sessions share. The last
# session stops the server.

. "$SCRIPTS/lib/postgres.sh"
. "$SCRIPTS/lib/work.sh"
if [ ! -x "$PG_CONFIG" ] || ! as_server test -f "$AREA/demo/loaded"; then
  say "there is no demo database yet: making it"
  "$SCRIPTS/demo.sh" --load-only </dev/null
fi
. "$SCRIPTS/lib/cluster.sh"
private_places
make_work_directory

# File descriptor 7 is the share in the server, which the server itself must not hold.
share_demo() {
  exec 7>"$AREA/demo.lock"
  flock -n -s 7 || die "the demo is being made or shown in another terminal: wait for it"
}
start_demo() { cluster_running demo || cluster_start demo 7>&-; }
leave_demo() { if flock -n -x 7; then cluster_stop demo 7>&-; fi; }
