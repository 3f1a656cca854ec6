#!/usr/bin/env bash
# superset.sh DIRECTORY PORT URI [--option value ...]: Superset on 127.0.0.1 with the dashboard of dashboards/superset on the database at URI, until it is stopped. Keeps
# its metadata, secret key and the password of its user in DIRECTORY; makes them the first time. The options are those of build.py. Wants its Python environment in VENV.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

directory=$1
port=$2
uri=$3
shift 3
here=$ROOT/dashboards/superset
log=$directory/setup.log

umask 077
mkdir -p "$directory"
for secret in secret_key password; do
  [ -s "$directory/$secret" ] || "$VENV/bin/python" -c 'import secrets, sys; print(secrets.token_urlsafe(int(sys.argv[1])))' "$([ $secret = password ] && echo 9 || echo 42)" >"$directory/$secret"
done
export SUPERSET_HOME=$directory SUPERSET_CONFIG_PATH=$here/superset_config.py FLASK_APP='superset.app:create_app()' PYTHONWARNINGS=ignore SCARF_ANALYTICS=false HOME=$directory

superset() { "$VENV/bin/superset" "$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "superset ${1:-} failed"; }; }

"$VENV/bin/python" "$here/build.py" --uri "$uri" "$@" "$directory/customer_health.zip" >&2
if [ ! -e "$directory/made" ]; then
  say "making Superset's own tables (a minute)"
  superset db upgrade
  superset fab create-admin --username admin --firstname Demo --lastname Admin --email admin@example.com --password "$(cat "$directory/password")"
  superset init
  touch "$directory/made"
fi
say "importing the dashboard"
superset import-dashboards -p "$directory/customer_health.zip" -u admin
printf 'http://127.0.0.1:%s/superset/dashboard/customer-health-customers/    user admin, password %s\n' "$port" "$(cat "$directory/password")"
exec "$VENV/bin/superset" run -h 127.0.0.1 -p "$port" --with-threads >"$directory/server.log" 2>&1
