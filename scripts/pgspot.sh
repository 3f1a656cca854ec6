#!/usr/bin/env bash
# Prints the path of pgspot, a checker of install scripts, in a virtual environment of its own in the work directory, where it is
# put the first time. Prints nothing where it cannot be had: its test then skips.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$SCRIPTS/postgres.sh"
. "$SCRIPTS/work.sh"

PGSPOT_VERSION=0.9.4
place=$WORK/pgspot-$PGSPOT_VERSION

install_pgspot() {
  rm -rf "$place"
  say "installing pgspot $PGSPOT_VERSION for the tests"
  # The system's own: one of somebody's home may be closed to the user who runs the servers, and so the tests.
  local python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m venv "$place" && "$place/bin/pip" install --quiet --disable-pip-version-check "pgspot==$PGSPOT_VERSION"
}

make_work_directory
exec 8>"$WORK/pgspot.lock"
flock 8
if [ ! -x "$place/bin/pgspot" ] && ! install_pgspot >&2; then
  rm -rf "$place"
  exit 0
fi
if as_server "$place/bin/pgspot" --version >/dev/null 2>&1; then printf '%s\n' "$place/bin/pgspot"; fi
