#!/usr/bin/env bash
# ALTER SCHEMA … RENAME of the extension's schema: every function gives the same answers as before, also in the session
# that renames, and also when a schema of look-alikes (tests/shell/security/trap.sql) takes the old name. Sources, views
# and dumps still work. health_score_internal cannot be renamed.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/lib/calls.sh"

answer() { psql -X -q -At -v VERBOSITY=verbose -v SHOW_CONTEXT=never "$@" 2>&1 | sed '/^LOCATION/d' || true; }

calls_setup | sql
sql -f "$ROOT/tests/shell/security/trap.sql" >/dev/null
# Without md5(): the comparison replaces the schema's name in texts, which a hash would hide.
calls_views | sed 's/\bmd5(/(/g' | sql
calls_of_views >"$TMPDIR/calls.sql"
paths() { sql -c "SELECT DISTINCT unnest(p.proconfig) FROM pg_proc p WHERE p.proname LIKE 'health\_%' ORDER BY 1"; }
pinned=$(paths)

# The same session before and after the rename: it has plans and models in its caches.
{
  cat "$TMPDIR/calls.sql"
  printf '\\echo == renamed\n'
  printf 'ALTER SCHEMA public RENAME TO scores; ALTER SCHEMA trap RENAME TO public; SET search_path = public;\n'
  cat "$TMPDIR/calls.sql"
} >"$TMPDIR/session.sql"
psql -X -q -At -v SHOW_CONTEXT=never -f "$TMPDIR/session.sql" >"$TMPDIR/answers" 2>&1
same_for_all() { sed -E 's/^psql:[^ ]*: //; s/\b(scores|public)\.//g; s/\b(scores|public)\b/HOME/g; s/[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+\+00(:00)?/TIME/g; s/"id": [0-9]+/"id": N/g; s/run [0-9]+/run N/g; s/\((version )?[0-9]+, |health_run_release\([0-9]+/(N, /g'; }
sed '/^== renamed$/,$d' "$TMPDIR/answers" | same_for_all >"$TMPDIR/before"
sed '1,/^== renamed$/d' "$TMPDIR/answers" | same_for_all >"$TMPDIR/after"
! grep -q 'TRAPPED\|trapped' "$TMPDIR/after" || fail "the old name supplies: $(grep -m 3 -B 2 'TRAPPED' "$TMPDIR/after")"
diff "$TMPDIR/before" "$TMPDIR/after" >"$TMPDIR/diff" || { head -n 40 "$TMPDIR/diff" | cut -c1-300; fail "answers differ"; }
printf 'ok %s answers are those of before the rename\n' "$(grep -c 'SELECT x FROM' "$TMPDIR/calls.sql")"

refreshes() {
  sql -c "SET search_path = pg_catalog" -c "CALL $1.health_refresh('s', '2026-03-0$2')" -c "CALL $1.health_backfill('s', '2026-03-1$2', '2026-03-1$2')"
  expect "refreshes as $1" "$(sql -c "SELECT count(*), count(DISTINCT scored_at) FROM $1.s_history WHERE scored_at IN ('2026-03-0$2', '2026-03-1$2')")" "100|2"
  expect "the current view as $1" "$(sql -c "SELECT count(*) FILTER (WHERE score IS NOT NULL AND explanation <> '') FROM $1.s_current")" 50
}
# A name that needs quotes.
sql -c 'ALTER SCHEMA scores RENAME TO "of scores"'
refreshes '"of scores"' 5
expect "the source" "$(sql -c "SELECT relation_schema, history_schema FROM \"of scores\".health_source WHERE name = 's'")" "of scores|of scores"
printf 'ok a source in the renamed schema is refreshed\n'

# The dump excludes the look-alikes; their casts have no schema, so they are dropped first.
sql <<<"SELECT format('DROP CAST (%s AS %s)', c.castsource::regtype, c.casttarget::regtype) FROM pg_cast c JOIN pg_proc p ON p.oid = c.castfunc WHERE p.pronamespace = 'public'::regnamespace \\gexec"
sql -d postgres -c "CREATE DATABASE renamed_copy"
pg_dump -N public -N safe | psql -X -q -v ON_ERROR_STOP=1 -d renamed_copy >"$TMPDIR/restored" 2>&1 || fail "the dump: $(tail -n 3 "$TMPDIR/restored")"
PGDATABASE=renamed_copy refreshes '"of scores"' 6
sql -d postgres -c "DROP DATABASE renamed_copy"
printf 'ok a dump of the renamed schema comes back\n'

# A role that does not own the functions.
sql -c "CREATE ROLE health_renamer; ALTER SCHEMA \"of scores\" OWNER TO health_renamer" -c "DO \$\$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO health_renamer', current_database()); END \$\$"
refused=$(answer -c "SET ROLE health_renamer" -c 'ALTER SCHEMA "of scores" RENAME TO mine')
expect "a role that does not own the functions" "$refused" 'ERROR:  42501: role health_renamer may not rename schema "of scores"
DETAIL:  The functions of extension health_score refer to the schema and belong to role postgres.
HINT:  Rename the schema as role postgres or as a superuser.'
refused=$(answer -c 'ALTER SCHEMA health_score_internal RENAME TO mine')
expect "the internals" "$refused" 'ERROR:  55000: schema health_score_internal cannot be renamed
DETAIL:  The objects of extension health_score find each other by that name.
HINT:  The schema of the extension itself can be renamed: ALTER SCHEMA "of scores" RENAME TO ….'
# Every role may still rename other schemas of its own.
sql -c "SET ROLE health_renamer" -c "CREATE SCHEMA health_mine" -c "ALTER SCHEMA health_mine RENAME TO health_yours" -c "DROP SCHEMA health_yours"
printf 'ok who may not rename is told who may\n'

sql -c "ALTER SCHEMA public RENAME TO trap" -c 'ALTER SCHEMA "of scores" RENAME TO public' -c "ALTER SCHEMA public OWNER TO postgres"
sql -c "DO \$\$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM health_renamer', current_database()); END \$\$" -c "DROP ROLE health_renamer"
expect "the paths" "$(paths)" "$pinned"
refreshes public 7
printf 'ok and back\n'
