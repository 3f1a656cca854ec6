#!/usr/bin/env bash
# ALTER DEFAULT PRIVILEGES gives a role everything, in general and in the schema. It may do what PUBLIC may all the same: with the
# objects of the extension, and with the history, the partitions and the views of a source.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

clean() { sql -d postgres -c "DROP DATABASE IF EXISTS health_widened WITH (FORCE)" -c "DROP DATABASE IF EXISTS health_usual WITH (FORCE)" -c "DROP ROLE IF EXISTS health_web"; }
trap clean EXIT

sql -c "CREATE ROLE health_web"
for database in health_widened health_usual; do
  sql -d postgres -c "CREATE DATABASE $database TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
done
for kind in TABLES SEQUENCES ROUTINES TYPES SCHEMAS; do
  sql -d health_widened -c "ALTER DEFAULT PRIVILEGES GRANT ALL ON $kind TO health_web WITH GRANT OPTION"
  [ $kind = SCHEMAS ] || sql -d health_widened -c "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON $kind TO health_web WITH GRANT OPTION"
done
sql -d health_widened -c "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC" -c "ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC" -c "ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC"
# The default privileges work: an object of no extension has them.
sql -d health_widened -c "CREATE TABLE plain ()"
expect "a table of nobody's extension" "$(sql -d health_widened -c "SELECT has_table_privilege('health_web', 'plain', 'DELETE WITH GRANT OPTION')")" t
for database in health_widened health_usual; do sql -d $database -c "CREATE EXTENSION health_score"; done

# rights DATABASE: what the role may do with each object of the extension.
rights() {
  sql -d "$1" <<'SQL'
SET search_path = pg_catalog;
WITH member AS (SELECT d.classid, d.objid, (SELECT c.relkind FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid) AS kind
                  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
                 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
     allowed AS (
        SELECT m.*, p AS privilege FROM member m, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'] || CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ARRAY['MAINTAIN'] END) p
         WHERE m.kind IN ('r', 'v') AND has_table_privilege('health_web', m.objid, p)
        UNION ALL
        SELECT m.*, p FROM member m, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) p WHERE m.kind = 'S' AND has_sequence_privilege('health_web', m.objid, p)
        UNION ALL
        SELECT m.*, p FROM member m, unnest(ARRAY['EXECUTE', 'EXECUTE WITH GRANT OPTION']) p WHERE m.classid = 'pg_proc'::regclass AND has_function_privilege('health_web', m.objid, p)
        UNION ALL
        SELECT m.*, p FROM member m, unnest(ARRAY['USAGE', 'USAGE WITH GRANT OPTION']) p WHERE m.classid = 'pg_type'::regclass AND has_type_privilege('health_web', m.objid, p)
        UNION ALL
        SELECT m.*, p FROM member m, unnest(ARRAY['USAGE', 'CREATE', 'USAGE WITH GRANT OPTION']) p WHERE m.classid = 'pg_namespace'::regclass AND has_schema_privilege('health_web', m.objid, p))
SELECT format('%s %s: %s', i.type, i.identity, a.privilege) AS line FROM allowed a, pg_identify_object(a.classid, a.objid, 0) i ORDER BY 1;
SQL
}
rights health_usual >"$TMPDIR/usual"
rights health_widened >"$TMPDIR/widened"
for line in 'table public.health_model: SELECT' 'schema health_score_internal: USAGE' 'type public.health_trend_row: USAGE'; do
  grep -qxF "$line" "$TMPDIR/usual" || fail "PUBLIC lacks $line"
done
diff -U 0 "$TMPDIR/usual" "$TMPDIR/widened" || fail "default privileges widen what the extension grants"
printf 'ok default privileges give a role no right on an object of the extension that PUBLIC has not\n'

# widened PATTERN: relations of the source on which somebody else than their owner has a right.
widened() { sql -d health_widened -c "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c WHERE c.relname LIKE '$1' AND c.relkind IN ('r', 'p', 'v') AND EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner)"; }
sql -d health_widened >/dev/null <<'SQL'
SELECT health_model_save('m', '{"signals": {"v": {"scale": {"linear": [0, 10]}}}}');
CREATE TABLE account AS SELECT i AS id, i AS v FROM generate_series(1, 10) i;
SELECT health_source_add('s', 'm', 'account', 'id');
CALL health_refresh('s');
SQL
expect "relations of a source" "$(sql -d health_widened -c "SELECT count(*) FROM pg_class WHERE relname LIKE 's\\_%' AND relkind IN ('r', 'p', 'v')")" 12
expect "others' rights on what a source owns" "$(widened 's\_%')" ''
printf 'ok default privileges give nobody the history, the partitions and the views of a source\n'

# What was granted on purpose stays.
sql -d health_widened -c "GRANT SELECT ON s_history, s_current TO health_web" -c "SELECT health_source_add('s', 'm', 'account', 'id')" -c "CALL health_refresh('s')" >/dev/null
expect "what was granted on purpose" "$(widened 's\_%')" 's_current s_history'
# The views are made anew, since the id has another type.
sql -d health_widened -c "ALTER TABLE account ALTER id TYPE bigint" -c "SELECT health_source_add('s', 'm', 'account', 'id', history => 'wide')" >/dev/null
expect "others' rights on views that were made anew" "$(widened 's\_current') $(widened 'wide%')" ' '
printf 'ok grants on what a source owns stay as long as the object does\n'
