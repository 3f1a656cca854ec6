#!/usr/bin/env bash
# serve.sh DIRECTORY PORT URI [--option value ...]: Superset on 127.0.0.1 with the dashboard on the database at URI, until it is stopped. Prints its address, user and
# password once it answers. What it keeps is in DIRECTORY. PORT is the first that is tried; the options are those of build.py; VENV is the Python environment.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/env.sh"

directory=$1
first_port=$2
uri=$3
shift 3
here=$ROOT/dashboards/superset
python=$VENV/bin/python
log=$directory/setup.log
STARTED_WITHIN=120

random_text() { "$python" -c "import secrets; print(secrets.token_urlsafe($1))"; }
superset() { "$VENV/bin/superset" "$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "superset ${1:-} failed"; }; }
free_port() {
  "$python" - "$first_port" <<'PYTHON'
import socket, sys
for port in range(int(sys.argv[1]), 65536):
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
PYTHON
}
answers() { "$python" -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/health', timeout=5)" 2>/dev/null; }

umask 077
mkdir -p "$directory"
[ -s "$directory/secret_key" ] || random_text 42 >"$directory/secret_key"
[ -s "$directory/password" ] || random_text 9 >"$directory/password"
export SUPERSET_HOME=$directory SUPERSET_CONFIG_PATH=$here/superset_config.py FLASK_APP='superset.app:create_app()' HOME=$directory PYTHONWARNINGS=ignore
# It would call home.
export SCARF_ANALYTICS=false

"$python" "$here/build.py" --uri "$uri" "$@" "$directory/customer_health.zip" >&2
if [ ! -e "$directory/made" ]; then
  say "making Superset's own tables (half a minute)"
  superset db upgrade
  superset fab create-admin --username admin --firstname Demo --lastname Admin --email admin@example.com --password "$(cat "$directory/password")"
  superset init
  touch "$directory/made"
fi
say "importing the dashboard (ten seconds)"
superset import-dashboards -p "$directory/customer_health.zip" -u admin

port=$(free_port)
"$VENV/bin/superset" run -h 127.0.0.1 -p "$port" --with-threads >"$directory/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for ((second = 0; ; second++)); do
  ! answers || break
  kill -0 $server 2>/dev/null && [ $second -lt $STARTED_WITHIN ] || { tail -n 30 "$directory/server.log" >&2; die "Superset did not start"; }
  sleep 1
done
printf 'http://127.0.0.1:%s/superset/dashboard/customer-health-customers/  user admin  password %s\n' "$port" "$(cat "$directory/password")"
wait $server
