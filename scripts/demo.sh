#!/usr/bin/env bash
# make demo: a sample company in a cluster of its own, scored and shown. Leaves no server running, keeps the data.
# With --load-only it only makes sure that the sample company is there; DATA=<dir> adds the real-world data sets.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
. "$SCRIPTS/lib/datasets.sh"
find_data_sets
"$SCRIPTS/install.sh"
. "$SCRIPTS/lib/server.sh"

only_one demo "the demo database is in use (make psql or make demo in another terminal): leave it there first"
trap 'cluster_stop demo' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

marker=$(cluster_dir demo)/loaded
files=$(cluster_dir demo)/files

# The sample company is loaded again when the extension or the script that makes it has changed.
state() {
  cat "$PKGLIBDIR/$EXTENSION".so "$SHAREDIR/extension/$EXTENSION"* "$ROOT/demo/company.sql" | sha256sum
}

run_file() { cluster_psql demo demo -v data="$files/data" -f "$files/demo/$1"; }

for script in company model tour nightly; do
  [ -f "$ROOT/demo/$script.sql" ] || die "demo/$script.sql is not there"
done

if cluster_exists demo && [ "$(as_server cat "$marker" 2>/dev/null)" = "$(state)" ]; then
  cluster_start demo
  stage_checkout "$files"
else
  say "making the sample company (a few seconds)"
  cluster_init demo "cluster_name = 'health_score demo'"
  cluster_start demo
  stage_checkout "$files"
  cluster_database demo demo
  run_file company.sql
  state | as_server tee "$marker" >/dev/null
fi
# Saving a model that is stored already changes nothing.
run_file model.sql >/dev/null
[ "${1:-}" != --load-only ] || exit 0

run_file tour.sql
run_file nightly.sql
if [ -n "$DATA_DIR" ]; then
  unpack_data_sets "$files/data"
  run_file telco.sql
  run_file saas.sql
fi

printf '\nThe demo database is kept. To look around in it yourself:  make psql\n'
