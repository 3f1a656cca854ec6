#!/usr/bin/env bash
# make dashboard: Superset with the dashboard on the demo's database, until Ctrl-C. The demo's server runs as long.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
. "$SCRIPTS/lib/shared_demo.sh"
python3 -c 'import ensurepip' 2>/dev/null || "$SCRIPTS/setup/packages.sh" --tools python3-venv
venv=$("$SCRIPTS/setup/venv.sh" dashboard "$ROOT/dashboards/superset/requirements.txt")

only_one dashboard "the dashboard is open in another terminal already"
share_demo
superset=
leave() {
  trap '' INT TERM
  if [ -n "$superset" ]; then
    kill -- "-$superset" 2>/dev/null || true
    wait "$superset" 2>/dev/null || true
  fi
  leave_demo
}
trap leave EXIT
trap 'echo; exit 0' INT
trap 'exit 143' TERM

place=$AREA/dashboard
if [ "$ME" = 0 ]; then install -d -m 700 -o "$SERVER_USER" "$place"; else install -d -m 700 "$place"; fi
stage_checkout "$place/files"
start_demo
if [ "$(cluster_psql demo demo -At -c "SELECT count(*) FROM health_source WHERE name = 'customers'")" = 0 ]; then
  say "two years of nights of the sample company (half a minute)"
  cluster_psql demo demo -f "$place/files/demo/nightly.sql" >/dev/null
fi
cluster_psql demo demo -v analyst=analyst -f "$place/files/docs/analyst.sql"

# A process group of its own, which ends as a whole.
set -m
as_server env "VENV=$venv" "$place/files/dashboards/superset/serve.sh" "$place/superset" "${DASHBOARD_PORT:-8088}" "postgresql://analyst@/demo?host=$(cluster_dir demo)" \
  --until 2026-06-30 7>&- 9>&- &
superset=$!
set +m
wait "$superset"
