#!/usr/bin/env bash
# The dashboard of dashboards/superset: imported into a stock Superset on the sample company, each tab opened in a browser by tests/shell/clients/dashboard.py.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

if [[ " ${TESTS:-} " != *" dashboard "* ]]; then
  printf 'skip dashboard: Superset and a browser are for make test-dashboard\n'
  exit 0
fi
if [ -z "${VENV_DASHBOARD:-}" ] || ! command -v chromium >/dev/null; then
  printf 'skip dashboard: %s could not be installed\n' "$([ -z "${VENV_DASHBOARD:-}" ] && echo 'Superset (PyPI)' || echo 'chromium (Debian)')"
  exit 0
fi

run() { psql -X -q -v ON_ERROR_STOP=1 "$@" >"$TMPDIR/dashboard.out" 2>&1 || { tail -n 20 "$TMPDIR/dashboard.out"; fail "$*"; }; }
STARTED_WITHIN=300

for script in company model nightly; do run -f "$ROOT/demo/$script.sql"; done
run -v analyst=dashboard_analyst -f "$ROOT/docs/analyst.sql"
mkdir -p "$TMPDIR/keep"

VENV=$VENV_DASHBOARD "$ROOT/dashboards/superset/serve.sh" "$TMPDIR/superset" 8188 "postgresql://dashboard_analyst@/$PGDATABASE?host=$PGHOST" --until 2026-06-30 >"$TMPDIR/address" &
superset=$!
leave() {
  kill $superset 2>/dev/null || true
  wait $superset 2>/dev/null || true
  cp "$TMPDIR/superset/server.log" "$TMPDIR/keep/" 2>/dev/null || true
}
trap leave EXIT
trap 'exit 143' TERM
for ((second = 0; ; second++)); do
  ! grep -q '^http' "$TMPDIR/address" || break
  kill -0 $superset 2>/dev/null && [ $second -lt $STARTED_WITHIN ] || fail 'Superset did not start'
  sleep 1
done
read -r url _ _ _ password <"$TMPDIR/address"
printf 'ok dashboard: it is built, and imports into Superset\n'

# Of another source: its own names everywhere, and no password in what is handed on.
run -c 'CREATE SCHEMA "Own Data"; CREATE VIEW "Own Data".account AS SELECT * FROM demo.account_inputs' \
  -c "SELECT health_source_add('own', 'company', '\"Own Data\".account', 'account_id', name_column => 'name', value_column => 'mrr', owner_column => 'owner', renewal_column => 'renewal_date')"
run -v analyst=dashboard_analyst -f "$ROOT/docs/analyst.sql"
"$VENV_DASHBOARD/bin/python" "$ROOT/dashboards/superset/build.py" --uri "postgresql://dashboard_analyst:s3cret@/$PGDATABASE?host=$PGHOST" --source own "$TMPDIR/own.zip" >/dev/null
"$VENV_DASHBOARD/bin/python" - "$TMPDIR/own.zip" <<'PYTHON' || fail 'the export of another source'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as bundle:
    text = "".join(bundle.read(name).decode() for name in bundle.namelist())
wrong = [word for word in ("demo.", "customers", "2026-06-30", "s3cret") if word in text]
if wrong or text.count('"Own Data"."own_') + text.count('"Own Data".own_') + text.count('\\"Own Data\\"') < 20 or "XXXXXXXXXX@" not in text:
    sys.exit(f"FAILED dashboard: the export of another source speaks of {wrong or 'nothing of its own'}")
PYTHON
printf 'ok dashboard: the export of another source has its names, and no password\n'

"$VENV_DASHBOARD/bin/python" "$ROOT/tests/shell/clients/dashboard.py" "${url%/superset/*}" "$password" "$TMPDIR/keep"
