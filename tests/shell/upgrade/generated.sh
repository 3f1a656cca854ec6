#!/usr/bin/env bash
# scripts/build/upgrade.pl generates the upgrade script from two install scripts and a hand-written part.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

cat >"$TMPDIR/old.sql" <<'SQL'
\echo psql is told to leave \quit
SET LOCAL search_path = inside, pg_temp;
CREATE TABLE kept (a int);
CREATE FUNCTION same(a int) RETURNS int LANGUAGE sql RETURN 1;
CREATE FUNCTION changed(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN '1;'; END $body$;
COMMENT ON FUNCTION changed(int) IS 'Semicolons; ''quotes'' -- and dashes.';
CREATE FUNCTION gone(a int, b text DEFAULT 'x, (y', c interval DEFAULT now() - interval '1 day', OUT d text) LANGUAGE sql RETURN 'x';
CREATE VIEW seen AS SELECT 1 AS a;
CREATE AGGREGATE gone(int) (SFUNC = int4pl, STYPE = int);
SELECT health_privileges_revoke(d.classid, d.objid)
  FROM pg_depend d WHERE d.deptype = 'e';
GRANT USAGE ON SCHEMA inside TO PUBLIC;
SQL
cat >"$TMPDIR/new.sql" <<'SQL'
\echo psql is told to leave \quit
SET LOCAL search_path = inside, pg_temp;
CREATE TABLE kept (a int, b int); -- by hand
-- A comment between statements changes nothing.
CREATE FUNCTION same(a int) RETURNS int LANGUAGE sql RETURN 1;
CREATE FUNCTION changed(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN '2;'; END $body$;
COMMENT ON FUNCTION changed(int) IS 'Other words.';
CREATE FUNCTION changed(a text) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2;
END;
CREATE VIEW seen AS SELECT 1 AS a, 2 AS b;
SELECT health_privileges_revoke(d.classid, d.objid)
  FROM pg_depend d WHERE d.deptype = 'e';
GRANT USAGE ON SCHEMA inside TO PUBLIC;
GRANT SELECT ON seen TO PUBLIC;
SQL
cat >"$TMPDIR/hand.sql" <<'SQL'
ALTER TABLE kept ADD COLUMN b int;
-- @generated
UPDATE kept SET b = 0;
SQL
cat >"$TMPDIR/expected" <<'SQL'
\echo Use "ALTER EXTENSION health_score UPDATE" to load this file. \quit
SET LOCAL search_path = inside, pg_temp;
CREATE TEMPORARY TABLE health_members_before AS
SELECT d.classid, d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
 WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e';
ALTER TABLE kept ADD COLUMN b int;
CREATE OR REPLACE FUNCTION changed(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN '2;'; END $body$;
COMMENT ON FUNCTION changed(int) IS 'Other words.';
CREATE FUNCTION changed(a text) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2;
END;
CREATE OR REPLACE VIEW seen AS SELECT 1 AS a, 2 AS b;
SELECT health_privileges_revoke(d.classid, d.objid)
  FROM pg_depend d WHERE d.deptype = 'e'
   AND NOT EXISTS (SELECT FROM pg_temp.health_members_before b WHERE b.classid = d.classid AND b.objid = d.objid);
GRANT SELECT ON seen TO PUBLIC;
DROP AGGREGATE IF EXISTS gone(int);
DROP FUNCTION IF EXISTS gone(a int, b text, c interval);
UPDATE kept SET b = 0;
DROP TABLE pg_temp.health_members_before;
SQL
upgrade() { perl "$ROOT/scripts/build/upgrade.pl" "$@"; }

upgrade "$TMPDIR/old.sql" "$TMPDIR/new.sql" "$TMPDIR/hand.sql" | grep . >"$TMPDIR/made"
diff "$TMPDIR/expected" "$TMPDIR/made" || fail "what is changed, new and gone is not what is upgraded"
printf 'ok generated: replaced, made, dropped, and by hand in its place\n'

upgrade "$TMPDIR/new.sql" "$TMPDIR/new.sql" /nonexistent | grep . >"$TMPDIR/made"
[ "$(wc -l <"$TMPDIR/made")" = 2 ] || { cat "$TMPDIR/made"; fail "a script that changes nothing has work to do"; }
printf 'ok generated: nothing changed, nothing done\n'

printf 'CREATE FUNCTION open() RETURNS int LANGUAGE sql AS $$ SELECT 1' >"$TMPDIR/cut.sql"
if upgrade "$TMPDIR/cut.sql" "$TMPDIR/new.sql" /nonexistent >"$TMPDIR/made" 2>&1; then fail "a script that is cut off is read"; fi
grep -q 'ends inside of a statement' "$TMPDIR/made" || fail "a script that is cut off: $(cat "$TMPDIR/made")"
printf 'ok generated: a script that is cut off is refused\n'
