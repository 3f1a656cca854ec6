#!/usr/bin/env bash
# The dbt package, used as a project uses it: dbt/integration_tests on a production, a staging and a pull request's target of one database.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

if [ -z "${VENV_DBT:-}" ]; then
  printf 'skip dbt: it could not be installed (PyPI: dbt-core, dbt-postgres)\n'
  exit 0
fi

sql() { psql -X -q -At -v ON_ERROR_STOP=1 -c "$1"; }

# dbt writes beside the project: it gets a copy.
project=$TMPDIR/dbt/integration_tests
log=$TMPDIR/dbt.log
cp -r "$ROOT/dbt" "$TMPDIR/dbt"
cd "$project"
export DBT_PROFILES_DIR=$project DBT_SEND_ANONYMOUS_USAGE_STATS=false DBT_USER=dbt
python=$VENV_DBT/bin/python
document=models/health/crm.yml

# What dbt has parsed serves again as long as the target stays the same: each has a place of its own.
try_dbt() {
  [[ " $* " =~ \ --target\ ([a-z]+) ]]
  DBT_TARGET_PATH=target/${BASH_REMATCH[1]} "$VENV_DBT/bin/dbt" "$@" >"$log" 2>&1
}
dbt() { try_dbt "$@" || { cat "$log"; fail "dbt $*"; }; }
# refused PATTERN ARGUMENTS...: dbt fails, and says why.
refused() {
  local pattern=$1
  shift
  if try_dbt "$@"; then fail "dbt $* did not fail"; fi
  grep -qE "$pattern" "$log" || { cat "$log"; fail "dbt $* does not say: $pattern"; }
}

# state SCHEMA NAMES: all that dbt has made there and in the extension's tables, except when a source was first added.
state() {
  local relation
  sql "SELECT c.relkind, c.relname, c.relacl FROM pg_class c WHERE c.relnamespace = '$1'::regnamespace AND c.relkind <> 'i' ORDER BY 2"
  sql "SELECT tablename, regexp_replace(indexdef, 'INDEX [^ ]+', 'INDEX') FROM pg_indexes WHERE schemaname = '$1' ORDER BY 1, 2"
  for relation in $(sql "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = '$1'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1"); do
    printf '%s\n' "$relation"
    sql "COPY (SELECT * FROM $1.$relation AS r ORDER BY r::text COLLATE \"C\") TO STDOUT"
  done
  sql "SELECT * FROM health_model WHERE name ~ '^($2)$' ORDER BY name, version"
  sql "SELECT to_jsonb(s) - 'created_at' - 'history_changed_at' - 'last_written_at' FROM health_source s WHERE name ~ '^($2)$' ORDER BY name"
}
same() { diff "$1" "$2" >"$TMPDIR/diff" || { head -n 40 "$TMPDIR/diff"; fail "$3"; }; }

# The role that README.md describes; no more rights than it says.
sql "CREATE ROLE dbt LOGIN; CREATE ROLE analyst; GRANT CREATE ON DATABASE $PGDATABASE TO dbt"
sed -n '/^SELECT health_grant/,/^```/{/^```/!p}' "$ROOT/dbt/README.md" | tee "$log" | psql -X -q -v ON_ERROR_STOP=1 || fail 'the grants of dbt/README.md'
[ "$(grep -c health_grant "$log")" = 1 ] || fail 'dbt/README.md does not say what to grant'

dbt deps --target prod
dbt parse --target prod --show-all-deprecations
! grep -iE 'warning|invalid type|deprecat' "$log" || fail 'dbt parse warns'
"$python" - <<'PYTHON' || exit 1
import json, sys
manifest = json.load(open("target/prod/manifest.json"))
for macro in manifest["macros"].values():
    name = macro["name"]
    if macro["package_name"] != "health_score" or name.startswith(("_", "default__")):
        continue
    if not macro["description"] or not all(argument["description"] for argument in macro["arguments"]):
        sys.exit(f"FAILED dbt: macro {name} or an argument of it is not described")
    if f"macro.health_score.default__{name}" not in manifest["macros"]:
        sys.exit(f"FAILED dbt: macro {name} cannot be overridden by dispatch")
    if not macro["original_file_path"].endswith(f"/{name.removeprefix('test_')}.sql"):
        sys.exit(f"FAILED dbt: macro {name} is in {macro['original_file_path']}")
PYTHON
printf 'ok dbt parses it without a warning; every macro has its file, its arguments described, and can be overridden\n'

# Everything once, with data tests and unit tests; dbt's own count is compared so that a test that vanished is seen.
dbt build --target prod --exclude tag:must_fail
count=$(sed -nE 's/.*Finished running .* ([0-9]+) data tests?, ([0-9]+) unit tests?.*/\1 and \2/p' "$log")
[ "$count" = '20 and 2' ] || { cat "$log"; fail "$count data and unit tests ran"; }
[ "$(sql "SELECT string_agg(name || '@' || version, ' ' ORDER BY name) FROM health_model WHERE active")" = 'crm@1 engagement@1' ] || fail 'production has other models'
printf 'ok dbt build on production: seeds, models, %s tests\n' "$count"

[ "$(sql "SELECT source || ' ' || status || ' ' || accounts || ' ' || (as_of = '2026-06-30 00:00Z') FROM health_run")" = 'customers done 0 true' ] ||
  fail "a refresh of what dbt had written: $(sql 'SELECT * FROM health_run')"
[ "$(sql "SELECT string_agg(account_id || ' ' || round(change) || ' ' || band_30_days_ago, ', ' ORDER BY account_id) FROM analytics.customers_movers")" = '2 -22 green, 3 -55 green' ] ||
  fail 'the views of the source do not stand on what dbt wrote'
printf 'ok a source adopts the history: views, runs\n'

# What the extension would have written is what dbt wrote: another history of the same rows, cell by cell.
sql "SET ROLE dbt; SELECT health_source_add('again', 'crm', 'analytics.customer_month', 'id', name_column => 'name', value_column => 'mrr', renewal_column => 'renewal',
  keep => '{plan}', time_column => 'month', max_staleness => '1 second')" >/dev/null
psql -X -q -v ON_ERROR_STOP=1 -c 'SET ROLE dbt' -c "CALL health_refresh('again', '2026-04-30Z')" -c "CALL health_refresh('again', '2026-05-31Z')" -c "CALL health_refresh('again', '2026-06-30Z')"
columns='account_id, scored_at, name, score, band, band_rank, coverage, low, high, status, model, model_version, segment, value, owner, parent, renewal, inputs, calculated, rules'
for one in 'again_history customer_history' 'customer_history again_history'; do
  read -r left right <<<"$one"
  [ "$(sql "SELECT count(*) FROM (SELECT $columns FROM analytics.$left EXCEPT ALL SELECT $columns FROM analytics.$right) d")" = 0 ] || fail "$left has rows that $right has not"
done
[ "$(sql 'SELECT count(*) FROM analytics.again_history')" = 11 ] || fail 'the refresh wrote other rows'
sql "SET ROLE dbt; SELECT health_source_drop('again'); DROP TABLE analytics.again_history" >/dev/null
printf 'ok history by dbt is history by health_refresh\n'

# A rebuild is the same as what it rebuilds, and what was granted on the views of the source stays granted.
sql 'GRANT SELECT ON analytics.customers_current TO analyst'
state analytics 'crm|engagement|customers' >"$TMPDIR/state.0"
for run in 1 2; do
  dbt build --target prod --full-refresh --exclude tag:must_fail
  state analytics 'crm|engagement|customers' >"$TMPDIR/state.$run"
  same "$TMPDIR/state.0" "$TMPDIR/state.$run" "full refresh $run gives another state"
done
grep -q 'customers_current|.*analyst=r' "$TMPDIR/state.2" || fail 'the grant on a view is lost'
dbt run --target prod --exclude tag:must_fail
state analytics 'crm|engagement|customers' >"$TMPDIR/state.3"
same "$TMPDIR/state.0" "$TMPDIR/state.3" 'an incremental run without new rows gives another state'
grep -q 'health_model crm: version 1 is there already, active' "$log" || fail 'an applied document is applied again'
printf 'ok --full-refresh twice and a run without changes leave the same state\n'

# A pull request changes the document. Its target builds with it, beside production.
sed -i 's/linear: \[0, 20\]/linear: [0, 10]/' "$document"
dbt build --target ci --exclude tag:must_fail --exclude-resource-type test --exclude-resource-type unit_test
state analytics 'crm|engagement|customers' >"$TMPDIR/state.4"
same "$TMPDIR/state.0" "$TMPDIR/state.4" 'a pull request has changed production'
ci=dbt_ci_pull_request_1234567890_long
[ "$(sql "SELECT string_agg(name || ' ' || version || ' ' || active, ', ' ORDER BY name) FROM health_model WHERE name ~ '__'")" = "crm__$ci 1 true, engagement__$ci 1 true" ] ||
  fail "the pull request's models: $(sql 'SELECT name, version, active FROM health_model')"
[ "$(sql "SELECT p.score || ' ' || c.score FROM analytics.customer_scores p JOIN $ci.customer_scores c USING (id) WHERE id = 2")" = '50 75' ] ||
  fail 'the pull request is not scored with its own document'
source=$(sql "SELECT name FROM health_source WHERE name <> 'customers'")
[[ $source =~ ^customers__[0-9a-f]{8}$ ]] && [ "$(sql "SELECT history_schema FROM health_source WHERE name = '$source'")" = $ci ] || fail "the pull request's source: $source"
printf 'ok a pull request never changes or switches a model, a source or a table of production\n'

# Nothing is read under --empty: dbt limits each ref to no rows, by a subquery that has an alias of its own.
dbt run --target ci --empty --exclude tag:must_fail
[ "$(sql "SELECT count(*) FROM $ci.customer_health")|$(sql "SELECT count(*) FROM $ci.customer_scores")|$(sql "SELECT count(*) FROM $ci.customer_drivers")" = '0|0|0' ] ||
  fail 'dbt run --empty has scored accounts'
dbt run --target ci --exclude tag:must_fail
[ "$(sql "SELECT count(*) > 0 FROM $ci.customer_health")" = t ] || fail 'the run after dbt run --empty has scored nothing'
printf 'ok dbt run --empty\n'

# A project without a document is told so.
mv models/health "$TMPDIR/health"
try_dbt run-operation health_model_apply --target ci || true
grep -q 'none of the 0 exposures of this project has a health_model' "$log" || { cat "$log"; fail 'a project without a document is not told so'; }
mv "$TMPDIR/health" models/health
printf 'ok a project without a document is warned\n'

# Each generic test has something that it finds.
if try_dbt build --target ci --select tag:must_fail; then fail 'the tests that must fail passed'; fi
"$python" - <<'PYTHON' || { cat "$log"; exit 1; }
import json, sys
results = {result["unique_id"].split(".")[2]: (result["status"], result["failures"])
           for result in json.load(open("target/ci/run_results.json"))["results"] if result["unique_id"].startswith("test.")}
expected = {"fails_valid_score": 3, "fails_known_bands": 1, "fails_coverage_at_least": 1, "fails_model_current_version": 2, "fails_model_current_unknown": 1,
            "fails_model_current_review": 1, "fails_relation_matches_model": 2, "fails_relation_matches_model_warnings": 3, "fails_equal_to": 9}
if results != {name: ("fail", failures) for name, failures in expected.items()}:
    sys.exit(f"FAILED dbt: of the tests that must fail: {results}")
PYTHON
printf 'ok each generic test fails on data that are wrong\n'

# A target that has the names of production, but is not told to activate: the version waits for a person.
refused 'FAIL 1 .*model_current_customer_health' test --target staged --select customer_health
grep -q 'health_model crm: version 2 applied, not activated' "$log" || fail 'staging did not save the version'
[ "$(sql "SELECT string_agg(version || ' ' || active, ', ' ORDER BY version) FROM health_model WHERE name = 'crm'")" = '1 true, 2 false' ] || fail 'staging has switched production'
printf 'ok a version is saved without being activated, and model_current tells\n'

# The merge: production takes the new version over, in one step, and then leaves it alone.
dbt run-operation health_score.health_model_apply --target prod
grep -q 'health_model crm: version 2 applied, active' "$log" || { cat "$log"; fail 'production did not take the version over'; }
written=$(sql "SELECT string_agg(xmin::text, ' ' ORDER BY name, version) FROM health_model")
dbt run --target prod --select customer_scores
[ "$(sql "SELECT string_agg(xmin::text, ' ' ORDER BY name, version) FROM health_model")" = "$written" ] || fail 'an applied document is written again'
[ "$(sql 'SELECT score || $$ $$ || model_version FROM analytics.customer_scores WHERE id = 2')" = '75 2' ] || fail 'production is not scored with version 2'
[ "$(sql "SELECT created_by || ': ' || note FROM health_model WHERE name = 'crm' AND version = 2")" = 'dbt: dbt health_score_integration_tests' ] || fail 'the note of version 2'
printf 'ok production activates a merged document once\n'

# A month more, and a row that comes late: the history takes up both and nothing else, and the month raises alerts.
sql "SET ROLE dbt; INSERT INTO health_playbook SELECT * FROM health_playbook_examples('crm')"
sql 'COPY (SELECT * FROM analytics.customer_history ORDER BY account_id, scored_at) TO STDOUT' >"$TMPDIR/history.before"
cat >>seeds/customer_month.csv <<'CSV'
1,Alder Foods,team,2026-07-31,20,5,,100,2026-09-30
2,Birch Logistics,business,2026-07-31,0,1,60,200,2026-07-21
4,Dune Media,starter,2026-06-30,0,,,50,2026-08-02
CSV
dbt build --target prod --select customer_month customer_history --exclude-resource-type test --exclude-resource-type unit_test
sql "COPY (SELECT * FROM analytics.customer_history WHERE scored_at < '2026-07-01' AND (account_id, scored_at) <> (4, '2026-06-30Z') ORDER BY account_id, scored_at) TO STDOUT" >"$TMPDIR/history.after"
same "$TMPDIR/history.before" "$TMPDIR/history.after" 'rows of the history that were there have changed'
[ "$(sql "SELECT string_agg(account_id || ' ' || scored_at::date || ' ' || round(score) || ' ' || model_version, ', ' ORDER BY account_id) FROM analytics.customer_history
  WHERE scored_at > '2026-07-01' OR (account_id, scored_at) = (4, '2026-06-30Z')")" = '1 2026-07-31 100 2, 2 2026-07-31 0 2, 4 2026-06-30 29 2' ] || fail "what was added: $(sql 'TABLE analytics.customer_history')"
[ "$(sql "SELECT string_agg(account_id || ' ' || playbook, ', ' ORDER BY playbook) FROM health_alert WHERE playbook = 'crm: lowest band'")" = '2 crm: lowest band' ] ||
  fail "alerts: $(sql 'TABLE health_alert') $(sql 'TABLE health_run')"
printf 'ok new and late rows are added to the history, and raise alerts\n'

# The end of the pull request.
dbt run-operation health_score.health_teardown --target ci
[ "$(sql "SELECT (SELECT count(*) FROM health_model WHERE active AND name ~ '__') || ' ' || (SELECT string_agg(name, ' ') FROM health_source)")" = '0 customers' ] ||
  fail 'the teardown leaves something in use'
[ "$(sql "SELECT count(*) FROM health_model WHERE active")" = 2 ] || fail 'the teardown took models of production out of use'
refused 'is a production target' run-operation health_score.health_teardown --target prod
printf 'ok a target that is taken down leaves nothing in use\n'

# From the database into the project and back is the same document.
try_dbt --quiet run-operation health_score.health_model_export --target prod --args '{health_model: crm@1}' || { cat "$log"; fail 'health_model_export'; }
{ printf '\n'; cat "$log"; } >"$TMPDIR/export.yml"
cp "$document" "$TMPDIR/crm.yml"
cp "$TMPDIR/export.yml" "$document"
dbt run-operation health_score.health_model_apply --target prod
grep -q 'health_model crm: version 1 applied, active' "$log" || { cat "$log" "$document"; fail 'an exported document is another one'; }
cp "$TMPDIR/crm.yml" "$document"
printf 'ok a document exported is the document applied\n'

# Mistakes are said, and change nothing.
before=$(sql 'SELECT count(*) FROM health_model')
sed 's/linear: \[0, 10\]/map: {yes: 100, no: 0}/' "$TMPDIR/crm.yml" >"$document"
refused 'has the key True at \$\.signals\.logins\.scale\.map.* Write it in quotes' run-operation health_score.health_model_apply --target prod
sed 's/linear: \[0, 10\]/linear: [0, 0]/' "$TMPDIR/crm.yml" >"$document"
refused '\$\.signals\.logins\.scale' run-operation health_score.health_model_apply --target prod
cp "$TMPDIR/crm.yml" "$document"
refused 'health_score_suffix is empty' run-operation health_score.health_model_apply --target ci --vars '{health_score_suffix: ""}'
sed 's/name: crm/name: engagement__x/' "$TMPDIR/crm.yml" >"$document"
refused 'would have the name of another model' run-operation health_score.health_model_apply --target ci --vars '{health_score_suffix: __x}'
cp "$TMPDIR/crm.yml" "$document"
[ "$(sql 'SELECT count(*) FROM health_model')" = "$before" ] || fail 'a mistake left a version'
printf 'ok mistakes in documents and settings are said, and nothing is saved\n'

dbt docs generate --target prod
"$python" - <<'PYTHON' || exit 1
import json, sys
catalog, manifest = json.load(open("target/prod/catalog.json")), json.load(open("target/prod/manifest.json"))
project = "health_score_integration_tests"
columns = catalog["nodes"][f"model.{project}.customer_history"]["columns"]
score = manifest["nodes"][f"model.{project}.customer_health"]["columns"]["score"]["description"]
exposure = manifest["exposures"][f"exposure.{project}.crm"]
if catalog["errors"] or columns["inputs"]["type"] != "jsonb" or "higher is healthier" not in score or exposure["depends_on"]["nodes"] != [f"seed.{project}.customer"]:
    sys.exit("FAILED dbt: the documentation lacks something")
PYTHON
[ -s target/prod/index.html ] || fail 'there is no index.html'
printf 'ok dbt docs generate\n'
