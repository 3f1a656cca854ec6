#!/usr/bin/env bash
# Owns dbt: a virtual environment in the work directory with what dbt/integration_tests/requirements.txt pins. Prints
# DBT_VENV=<its path>, or DBT_MISSING=<why there is none>: who has no Python or no registry goes without.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$SCRIPTS/postgres.sh"
. "$SCRIPTS/work.sh"
make_work_directory

requirements=$ROOT/dbt/integration_tests/requirements.txt
venv=$WORK/dbt-venv

missing() {
  printf 'DBT_MISSING=%s\n' "$*"
  exit 0
}

# dbt will run as the server's user, who may not see what lies in somebody's home.
find_python() {
  local candidate
  for candidate in "$(command -v python3 || true)" /usr/bin/python3; do
    if [ -n "$candidate" ] &&
      as_server "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
      printf '%s' "$candidate"
      return
    fi
  done
  return 1
}

exec 8>"$WORK/dbt.lock"
flock 8

python=$(find_python) || missing "there is no Python 3.10 or newer with venv (Debian package python3-venv)"
state=$("$python" --version; cat "$requirements")
if [ "$(cat "$venv/made" 2>/dev/null)" != "$state" ]; then
  say "installing dbt into $venv (a minute)"
  rm -rf "$venv"
  "$python" -m venv "$venv" >&2 || missing "python3 -m venv failed"
  if ! timeout 600 "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 -r "$requirements" >"$WORK/dbt-pip.log" 2>&1; then
    tail -n 3 "$WORK/dbt-pip.log" >&2
    rm -rf "$venv"
    missing "pip could not install $(tr '\n' ' ' <"$requirements")"
  fi
  printf '%s\n' "$state" >"$venv/made"
fi
printf 'DBT_VENV=%s\n' "$venv"
