#!/usr/bin/env bash
# make matrix: the whole suite on every supported version of Postgres, each in a run of its own that does not stop the others.
# A version that cannot be had here has failed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
. "$SCRIPTS/lib/runs.sh"
[ -z "${PG_CONFIG:-}" ] || die "make matrix takes no PG_CONFIG: it is of one version"

for version in ${PG:-15 16 17 18}; do
  test_run "Postgres $version" env PG="$version" "$SCRIPTS/test.sh" all
  # The next run would overwrite the failure reports of this run.
  rm -rf "$ROOT/target/matrix/pg$version"
  if [ -d "$ROOT/target/test" ]; then
    mkdir -p "$ROOT/target/matrix"
    cp -r "$ROOT/target/test" "$ROOT/target/matrix/pg$version"
  fi
done
runs_summary
