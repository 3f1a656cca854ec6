#!/usr/bin/env bash
# Calls every function of the extension in a session whose search_path begins with a schema of look-alikes
# (tests/shell/security/trap.sql), with temporary tables of the same names: results equal those of a safe session, and
# no look-alike runs.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"
. "$ROOT/tests/shell/lib/calls.sh"

calls_setup | sql
laid=$(sql -f "$(dirname "$0")/trap.sql" 2>&1) || fail "the trap: $laid"
for kind in cast function operator table type; do
  [[ $laid =~ $kind:\ ([0-9]+)\ of\ ([0-9]+) ]] || fail "no $kind was laid: $laid"
  # Only Postgres itself can create some objects.
  [ "${BASH_REMATCH[1]}" -ge $((BASH_REMATCH[2] * 19 / 20)) ] || fail "too few of one kind: $laid"
done
printf 'ok the trap is laid: %s\n' "$(tr '\n' ',' <<<"$laid" | sed 's/,$//; s/,/, /g')"

calls_views | sql

# Includes statements that fire triggers.
calls() {
  calls_of_views
  cat <<'SQL'
\echo triggers
BEGIN; INSERT INTO public.health_model (name, version, definition) VALUES ('t', 1, public.health_template('simple')); UPDATE public.health_model SET note = 'n'; ROLLBACK;
BEGIN; UPDATE public.health_model SET definition = '{}'; ROLLBACK;
BEGIN; DELETE FROM public.health_model; ROLLBACK;
BEGIN; TRUNCATE public.health_model; ROLLBACK;
BEGIN; UPDATE public.health_source SET run_as = 'nobody'; ROLLBACK;
BEGIN; UPDATE public.health_run SET status = 'done'; ROLLBACK;
BEGIN; UPDATE public.health_playbook SET band = 'blue', segment = 'none'; ROLLBACK;
BEGIN; UPDATE public.health_playbook SET model = 'm'; ROLLBACK;
BEGIN; UPDATE public.health_pulse SET set_by = 'nobody'; ROLLBACK;
BEGIN; UPDATE public.health_override SET note = 'n'; ROLLBACK;
BEGIN; UPDATE public.health_identity SET set_by = 'nobody'; ROLLBACK;
BEGIN; UPDATE public.health_alert SET action = 'a'; ROLLBACK;
BEGIN; INSERT INTO public.s_current (account_id) VALUES (1); ROLLBACK;
BEGIN; ALTER SCHEMA public RENAME TO elsewhere; SELECT elsewhere.health_display('m', 61.2); ROLLBACK;
BEGIN; ALTER SCHEMA health_score_internal RENAME TO elsewhere; ROLLBACK;
\echo views
SELECT x.* FROM public.health_model_signals x;
SELECT x.* FROM public.health_model_bands x;
SELECT x.* FROM public.health_model_rules x;
SELECT x.* FROM public.health_pulse_due x;
SELECT x.account_id, x.score, x.trend, x.explanation FROM public.s_current x;
SELECT x.* FROM public.s_movers x;
SELECT x.* FROM public.s_portfolio x;
SQL
}
# The procedures commit; the rows that they write, with a scored_at of their own, are compared below.
procedures() {
  cat <<'SQL'
CALL public.health_refresh('s', '2026-03-05', true);
CALL public.health_backfill('s', '2026-03-06', '2026-03-07', '1 day');
CALL public.health_refresh('nobody''s');
CALL health_score_internal.health_refresh_source('nobody''s', '2026-03-05', true, false, NULL);
CALL health_score_internal.health_refresh_outside_transaction();
SQL
}
calls >"$TMPDIR/calls.sql"
procedures >"$TMPDIR/procedures.sql"

# Times, sequence numbers and the schema in a name are not compared.
same_for_all() { sed -E 's/\bpublic\.//g; s/[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+\+00(:00)?/TIME/g; s/"id": [0-9]+/"id": N/g; s/run [0-9]+/run N/g; s/\((version )?[0-9]+, |health_run_release\([0-9]+/(N, /g'; }
answers() {
  local file=$1
  shift
  psql -X -q -At -v SHOW_CONTEXT=never -c "SET track_functions = 'all'" "$@" -f "$TMPDIR/$file.sql" -c 'SELECT pg_catalog.pg_stat_force_next_flush()' 2>&1 | sed 's/^psql:[^ ]*: //' | same_for_all
}
rows() { sql -c "SELECT count(*), md5(string_agg((to_jsonb(h) - 'run')::text, ',' ORDER BY h.account_id, h.scored_at)) FROM s_history h WHERE h.scored_at BETWEEN '2026-03-05' AND '2026-03-07'"; }
temporary=$(sql -c "SELECT string_agg(format('CREATE TEMPORARY TABLE %I AS TABLE trap.%I', relname, relname), '; ') FROM pg_class WHERE relnamespace = 'trap'::regnamespace AND relkind = 'r'")
hostile=(-c "$temporary" -c 'SET search_path = trap, pg_catalog, public')

answers calls >"$TMPDIR/calls.safe"
answers procedures >"$TMPDIR/procedures.safe"
written=$(rows)
[[ $written == 150\|* ]] || fail "the refreshes wrote $written"
sql -c "DELETE FROM s_history WHERE scored_at BETWEEN '2026-03-05' AND '2026-03-07'" \
  -c "DELETE FROM health_run WHERE as_of BETWEEN '2026-03-05' AND '2026-03-07'" -c "SELECT pg_stat_reset()" >/dev/null
for file in calls procedures; do
  answers $file "${hostile[@]}" >"$TMPDIR/$file.hostile"
  ! grep -q 'TRAPPED\|trapped\|of type any' "$TMPDIR/$file.hostile" || fail "trapped: $(grep -m 5 -B 2 'TRAPPED\|of type any' "$TMPDIR/$file.hostile")"
  diff "$TMPDIR/$file.safe" "$TMPDIR/$file.hostile" >"$TMPDIR/diff" || { head -n 60 "$TMPDIR/diff"; fail "the answers of $file differ"; }
done
[ "$(rows)" = "$written" ] || fail "the refreshes wrote $(rows), not $written"
printf 'ok %s answers are the same\n' "$(cat "$TMPDIR"/*.sql | grep -c 'SELECT x FROM\|^[A-Z].*;')"

# The trap works.
caught=$(psql -X -q -At -c 'SET search_path = trap, pg_catalog, public' -c "SELECT 1 = 1" 2>&1) && fail "the trap is open"
[[ $caught == *TRAPPED* ]] || fail "the trap: $caught"
printf 'ok the trap snaps\n'

# No function was forgotten: each function that looks up names at run time; one C function of each name.
forgotten=$(sql -c "
  SELECT string_agg(p.oid::regprocedure::text, ', ' ORDER BY p.oid::regprocedure::text)
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_proc p ON p.oid = d.objid JOIN pg_language l ON l.oid = p.prolang
    WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND p.prokind <> 'a'
      -- Parsed at creation.
      AND NOT (l.lanname = 'sql' AND p.prosqlbody IS NOT NULL)
      AND NOT EXISTS (SELECT FROM pg_stat_user_functions f JOIN pg_proc o ON o.oid = f.funcid WHERE CASE WHEN l.lanname = 'c' THEN o.proname = p.proname ELSE o.oid = p.oid END)
      -- Support functions of aggregates, which the statistics do not count, and of type health_time.
      AND NOT EXISTS (SELECT FROM pg_aggregate a WHERE p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn))
      AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.castfunc = p.oid) AND NOT EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend))
      -- The statistics do not count a call that ends with an error.
      AND obj_description(p.oid, 'pg_proc') !~ '^Raises (22023: |an error of this extension)'
      -- Called by the planner.
      AND NOT (p.proargtypes[0] = 'internal'::regtype AND p.pronargs = 1)")
[ -z "$forgotten" ] || fail "not called: $forgotten"
printf 'ok no function is forgotten\n'

# Installation into the schema of the trap: names of Postgres come first there, but a look-alike with a better match
# would win. No object of the install script (constraint, default, view, index, parsed function) depends on an object of
# the trap.
installed=${PGDATABASE}_installed
sql -d postgres -c "CREATE DATABASE $installed"
trap 'psql -X -q -d postgres -c "DROP DATABASE $installed"' EXIT
sql -d "$installed" -f "$(dirname "$0")/trap.sql" >/dev/null
said=$(sql -d "$installed" -c "CREATE EXTENSION health_score SCHEMA trap" 2>&1) || fail "installed into the trap: $said"
[[ $said != *TRAPPED* ]] || fail "the script is trapped: $said"
held=$(sql -d "$installed" -c "
  WITH RECURSIVE member AS (SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    UNION SELECT d.classid, d.objid FROM member m JOIN pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid AND d.deptype IN ('i', 'a'))
  SELECT DISTINCT pg_describe_object(m.classid, m.objid, 0) || ' on ' || pg_describe_object(d.refclassid, d.refobjid, 0)
    FROM member m JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.objid AND d.deptype = 'n'
    LEFT JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
    LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid LEFT JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
   WHERE 'trap'::regnamespace IN (p.pronamespace, o.oprnamespace, t.typnamespace, c.relnamespace) AND NOT EXISTS (SELECT FROM member x WHERE x.classid = d.refclassid AND x.objid = d.refobjid)")
[ -z "$held" ] || fail "made of what was laid out: $held"
printf 'ok installed among look-alikes, it is made of none\n'
