#!/usr/bin/env bash
# The extension is not "trusted": a database owner without superuser rights cannot install it. A superuser installs it
# into a separate schema and grants rights; the owner then needs no superuser.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

root() { psql -X -q -At -v ON_ERROR_STOP=1 "$@"; }
owner() { psql -X -q -At -v ON_ERROR_STOP=1 -v SHOW_CONTEXT=never -U health_owner -d owned "$@"; }
clean() { root -d postgres -c "DROP DATABASE IF EXISTS owned" -c "DROP ROLE IF EXISTS health_owner, health_team"; }
trap clean EXIT

# template0 has no look-alikes from an earlier test.
root -c "CREATE ROLE health_owner LOGIN" -c "CREATE ROLE health_team" -c "CREATE DATABASE owned OWNER health_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
root -d owned -c "GRANT health_team TO health_owner" 
[ "$(root -c "SELECT superuser, trusted FROM pg_available_extension_versions v JOIN pg_available_extensions e USING (name) WHERE name = 'health_score' AND v.version = e.default_version")" = 't|f' ] || fail "the control file promises something else"
refused=$(owner -v VERBOSITY=verbose -c "CREATE EXTENSION health_score" 2>&1) && fail "the owner of a database has installed it"
[[ $refused == *42501* && $refused == *'Must be superuser'* ]] || fail "$refused"
[ "$(root -d owned -c "SELECT count(*) FROM pg_proc WHERE proname LIKE 'health\_%'")" = 0 ] || fail "something was left"
printf 'ok the owner of a database cannot install it\n'

# Only the C functions require a superuser.
root -d owned >/dev/null <<'SQL'
CREATE SCHEMA health;
CREATE EXTENSION health_score SCHEMA health;
GRANT USAGE ON SCHEMA health TO PUBLIC;
SELECT count(*) > 10 FROM health.health_grant('health_owner', 'admin');
SQL
[ "$(root -d owned -c "SELECT string_agg(DISTINCT l.lanname, ',' ORDER BY l.lanname) FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'health'::regnamespace AND p.prokind <> 'a' AND NOT l.lanpltrusted AND l.lanname <> 'internal'")" = c ] ||
  fail "a function in another untrusted language"
for statement in "CREATE FUNCTION health.x() RETURNS int LANGUAGE sql RETURN 1" "CREATE TABLE health.x ()" "ALTER EXTENSION health_score UPDATE" "DROP EXTENSION health_score" "ALTER TABLE health.health_model DISABLE TRIGGER ALL" \
  "ALTER FUNCTION health_score_internal.health_model_guard() RENAME TO x" "TRUNCATE health.health_model" "CREATE TRIGGER x BEFORE INSERT ON health.health_model FOR EACH ROW EXECUTE FUNCTION health_score_internal.health_model_guard()"; do
  refused=$(owner -c "$statement" 2>&1) && fail "the owner may: $statement"
  [[ $refused == *'must be owner'* || $refused == *'permission denied'* ]] || fail "$statement: $refused"
done
printf 'ok the owner of a database changes nothing of what a superuser has installed\n'

answer=$(owner <<'SQL'
SET search_path = public, health;
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}, "call": {"ask": "How?", "optional": true, "scale": {"linear": [0, 10]}}}, "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}');
CREATE TABLE account AS SELECT i AS id, i AS a, timestamptz '2026-01-01' AS at FROM generate_series(41, 60) i;
SELECT health_source_add('s', 'm', 'account', 'id', time_column => 'at', hold_alerts_above => 1);
INSERT INTO health_playbook (name, model, trigger, band, action) VALUES ('p', 'm', 'band', 'red', 'call');
CALL health_refresh('s', '2026-02-01');
INSERT INTO account VALUES (60, 1, '2026-02-02');
CALL health_refresh('s', '2026-03-01');
SELECT health_pulse_set('accounts', 41, 'call', 3, 'why') > 0, health_override_set('accounts', 42, 'cap', 5, 'why') > 0, health_identity_link('crm', 7, 'accounts', 43);
INSERT INTO health_outcome (account_id, kind, at) VALUES (60, 'churned', '2026-03-05');
SELECT count(*) FROM s_current;
SELECT account_id, status FROM health_alert_claim();
SELECT health_alert_ack(id), health_alert_resolve(id, 'called') FROM health_alert;
SELECT sum(rows) > 2 FROM health_forget('accounts', 60);
SELECT health_model_reviewed('m', 'seen');
SELECT count(*) > 5 FROM health_grant('health_team', 'operator');
SET ROLE health_team;
SELECT health_model_save('team', '{"signals": {"a": {"scale": {"linear": [0, 100]}}}}');
SQL
) || fail "the owner's own work: $answer"
[ "$(tr '\n' ' ' <<<"$answer")" = '1 s_history t|t|43 20 60|open | t 1 t 1 ' ] || fail "the owner's own work: $answer"
printf 'ok with grants, the owner of a database does all that is to be done, and grants it\n'
