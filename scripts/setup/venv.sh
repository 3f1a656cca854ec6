#!/usr/bin/env bash
# venv.sh NAME REQUIREMENTS: prints the path of a Python virtual environment in the work directory that has what a requirements file
# pins, made the first time. Fails with a message where there is no Python or no registry: then the caller does without
# it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
. "$SCRIPTS/lib/postgres.sh"
. "$SCRIPTS/lib/work.sh"
make_work_directory

name=$1
requirements=$2
# Without the checksums that a line may have.
packages=$(cut -d " " -f 1 "$requirements" | tr "\n" " ")
venv=$WORK/venv-$name

# Tests run as the server's user, who may not see what lies in somebody's home.
find_python() {
  local candidate
  for candidate in "$(command -v python3 || true)" /usr/bin/python3; do
    if [ -n "$candidate" ] &&
      as_server "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
      printf '%s' "$candidate"
      return
    fi
  done
  die "$name: there is no Python 3.10 or newer with venv (Debian package python3-venv)"
}

exec 8>"$WORK/venv-$name.lock"
flock 8

python=$(find_python)
state=$("$python" --version; cat "$requirements")
if [ "$(cat "$venv/made" 2>/dev/null)" != "$state" ]; then
  say "installing ${packages}for $name (a minute)"
  rm -rf "$venv"
  "$python" -m venv "$venv" >&2 || die "$name: python3 -m venv failed"
  if ! timeout 600 "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 -r "$requirements" >"$WORK/venv-$name.log" 2>&1; then
    tail -n 3 "$WORK/venv-$name.log" >&2
    rm -rf "$venv"
    die "$name: pip could not install $packages"
  fi
  printf '%s\n' "$state" >"$venv/made"
fi
printf '%s\n' "$venv"
