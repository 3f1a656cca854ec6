#!/usr/bin/env bash
# README.md is true: its examples run, in their order and in one session, and print what it shows; and it describes every
# function, table and result column of the extension, and none that is not there.
set -euo pipefail

page=$ROOT/README.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  printf 'README.md: %s\n' "$*"
  exit 1
}

ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }

# What the page assumes of its reader's server: a role to grant things to.
drop_role() { ask "SET client_min_messages = error; DROP OWNED BY cs_ops; DROP ROLE cs_ops" >/dev/null; }
ask "CREATE ROLE cs_ops"
trap 'drop_role || true; rm -rf "$work"' EXIT

awk -v page=README.md -v script="$work/script.sql" -v expected="$work/expected" -f "$ROOT/tests/readme.awk" "$page"

# As in a terminal, but for what differs from reader to reader: the time zone, and the line numbers of CONTEXT. The script
# comes from stdin, since psql -f would print its own file name before each error.
status=0
env PGTZ=UTC PGCLIENTENCODING=UTF8 psql -X -q -v SHOW_CONTEXT=never -P pager=off <"$work/script.sql" >"$work/output" 2>&1 || status=$?
if [ "$status" != 0 ]; then
  tail -n 20 "$work/output"
  fail "an example stopped with the error above"
fi

# Trailing blanks, which editors remove, do not count, nor do blank lines at the end of a block. Of a block for which the
# page shows nothing, the output does not count.
tidy() {
  awk '
    NR == FNR { if (/^@ /) mark = $0; if (/^\(not shown\)$/) silent[mark] = 1; next }
    { sub(/[ \t]+$/, "") }
    /^@ / { blank = 0; print; skip = ($0 in silent); if (skip) print "(not shown)"; next }
    skip { next }
    /^$/ { blank++; next }
    { for (; blank > 0; blank--) print ""; print }
  ' "$work/expected" "$1"
}
tidy "$work/expected" >"$work/expected.tidy"
tidy "$work/output" >"$work/output.tidy"
diff -U 5 --label "README.md shows" --label "psql prints" "$work/expected.tidy" "$work/output.tidy" || fail "an example prints something else"
blocks=$(grep -c '^@ README' "$work/expected")
silent=$(grep -c '^(not shown)$' "$work/expected" || true)
echo "ok $blocks examples run, $((blocks - silent)) of them print what is shown"

# The functions and tables that belong to the extension.
members="
  SELECT objid AS oid, classid, coalesce(proname, relname) AS name
    FROM pg_depend JOIN pg_extension e ON e.oid = refobjid
    LEFT JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
    LEFT JOIN pg_class c ON c.oid = objid AND classid = 'pg_class'::regclass
   WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND extname = 'health_score'
     AND classid IN ('pg_proc'::regclass, 'pg_class'::regclass)"
ask "SELECT DISTINCT name FROM ($members) m" | LC_ALL=C sort >"$work/there"
grep -oE 'health_[a-z0-9_]+' "$page" | LC_ALL=C sort -u >"$work/named"
[ -s "$work/there" ] || fail "the extension seems to be empty"

absent=$(LC_ALL=C comm -23 "$work/there" "$work/named" | tr '\n' ' ')
[ -z "$absent" ] || fail "says nothing about: $absent"
echo "ok all $(wc -l <"$work/there") functions and tables are described"

# What the page says of dbt are macros, each in its file, and vars.
{
  cat "$work/there"
  basename -s .sql "$ROOT"/dbt/macros/*/*.sql
  grep -rhoE "var\('health_[a-z_]+" "$ROOT/dbt/macros" | cut -d "'" -f 2
} | LC_ALL=C sort -u >"$work/known"
unknown=$(LC_ALL=C comm -13 "$work/known" "$work/named" | tr '\n' ' ')
[ -z "$unknown" ] || fail "speaks of what the extension does not have: $unknown"
echo "ok every name it uses exists"

ask "SELECT DISTINCT a.name FROM ($members) m JOIN pg_proc p ON p.oid = m.oid, unnest(proargnames, proargmodes) AS a (name, mode) WHERE mode = 'o'
      UNION SELECT attname FROM ($members) m JOIN pg_attribute ON attrelid = m.oid JOIN pg_class c ON c.oid = attrelid AND c.relkind <> 'S' WHERE m.classid = 'pg_class'::regclass AND attnum > 0 AND NOT attisdropped" >"$work/columns"
while read -r column; do
  grep -qF "\`$column\`" "$page" || fail "does not describe the column $column"
done <"$work/columns"
echo "ok all $(wc -l <"$work/columns") result columns are described"

# Links to files and headings of the repository. GitHub makes anchors of headings: lower case, blanks to hyphens, no other signs.
anchors=$(sed -n 's/^##* //p' "$page" | tr '[:upper:] ' '[:lower:]-' | tr -cd 'a-z0-9_\n-' | sed 's/^/#/')
grep -oE '\]\([^):]+\)' "$page" | sed 's/^](//; s/)$//' | sort -u >"$work/links"
while read -r link; do
  case $link in
    \#*) grep -qxF -- "$link" <<<"$anchors" || fail "links to $link, which is no heading" ;;
    *) [ -e "$ROOT/$link" ] || fail "links to $link, which is not there" ;;
  esac
done <"$work/links"
echo "ok all $(wc -l <"$work/links") links lead somewhere"
