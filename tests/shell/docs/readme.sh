#!/usr/bin/env bash
# README.md and the pages of docs/ are true: their examples run, page by page, each page in its order, in one session and in
# a database of its own, and print what is shown; their links lead somewhere; no name of the extension in them is made up.
# README.md besides describes every function, table and result column that there is.
set -euo pipefail

work=$(mktemp -d)
home=$PGDATABASE

fail() {
  printf '%s\n' "$*"
  exit 1
}

ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }

# What the pages assume of their reader's server: a role to grant things to.
drop_role() { ask "SET client_min_messages = error; DROP OWNED BY cs_ops; DROP ROLE cs_ops" >/dev/null; }
trap 'drop_role 2>/dev/null || true; rm -rf "$work"' EXIT

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

# run_page PAGE: a page without examples is fine. (Those of docs/bi.md are for the demo's database, where tests/shell/docs/bi.sh runs them.)
run_page() {
  local page=$1 status=0 blocks silent
  [ "$page" != docs/bi.md ] && grep -q '^```sql$' "$ROOT/$page" || return 0
  awk -v page="$page" -v script="$work/script.sql" -v expected="$work/expected" -f "$ROOT/tests/shell/docs/readme.awk" "$ROOT/$page"

  # As in a terminal, but for what differs from reader to reader: the time zone, and the line numbers of CONTEXT. The script
  # comes from stdin, since psql -f would print its own file name before each error.
  env PGTZ=UTC PGCLIENTENCODING=UTF8 psql -X -q -v SHOW_CONTEXT=never -P pager=off <"$work/script.sql" >"$work/output" 2>&1 || status=$?
  if [ "$status" != 0 ]; then
    tail -n 20 "$work/output"
    fail "$page: an example stopped with the error above"
  fi

  tidy "$work/expected" >"$work/expected.tidy"
  tidy "$work/output" >"$work/output.tidy"
  diff -U 5 --label "$page shows" --label "psql prints" "$work/expected.tidy" "$work/output.tidy" || fail "$page: an example prints something else"
  blocks=$(grep -c '^@ .*:' "$work/expected")
  silent=$(grep -c '^(not shown)$' "$work/expected" || true)
  echo "ok $page: $blocks examples run, $((blocks - silent)) of them print what is shown"
}

# The headings of a page as GitHub makes anchors of them: lower case, blanks to hyphens, no other signs.
anchors() { sed -n 's/^##* //p' "$1" | tr '[:upper:] ' '[:lower:]-' | tr -cd 'a-z0-9_\n-' | sed 's/^/#/'; }

# check_links PAGE: to files and headings of the repository.
check_links() {
  local page=$1 link file to
  { grep -oE '\]\([^):]+\)' "$ROOT/$page" || true; } | sed 's/^](//; s/)$//' | sort -u >"$work/links"
  while read -r link; do
    file=${link%%#*}
    to=$ROOT/$page
    [ -z "$file" ] || to=$(dirname "$ROOT/$page")/$file
    [ -e "$to" ] || fail "$page: links to $link, which is not there"
    case $link in
      *#*) grep -qxF -- "#${link#*#}" <<<"$(anchors "$to")" || fail "$page: links to $link, which is no heading" ;;
    esac
  done <"$work/links"
  links=$((links + $(wc -l <"$work/links")))
}

mapfile -t pages < <(cd "$ROOT" && find README.md docs -name '*.md' | LC_ALL=C sort)
for page in "${pages[@]}"; do
  export PGDATABASE=$home
  if [ "$page" != README.md ]; then
    ask "CREATE DATABASE ${home}_page"
    export PGDATABASE=${home}_page
    ask "CREATE EXTENSION health_score"
  fi
  ask "CREATE ROLE cs_ops"
  run_page "$page"
  drop_role
  export PGDATABASE=$home
  [ "$page" = README.md ] || ask "DROP DATABASE ${home}_page"
done
trap 'rm -rf "$work"' EXIT

# The functions and tables that belong to the extension.
members="
  SELECT objid AS oid, classid, coalesce(proname, relname) AS name
    FROM pg_depend JOIN pg_extension e ON e.oid = refobjid
    LEFT JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
    LEFT JOIN pg_class c ON c.oid = objid AND classid = 'pg_class'::regclass
   WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND extname = 'health_score'
     AND classid IN ('pg_proc'::regclass, 'pg_class'::regclass)"
ask "SELECT DISTINCT name FROM ($members) m" | LC_ALL=C sort >"$work/there"
[ -s "$work/there" ] || fail "the extension seems to be empty"

# Of dbt they speak of macros, each in its file, and of vars.
{
  cat "$work/there"
  basename -s .sql "$ROOT"/dbt/macros/*/*.sql
  grep -rhoE "var\('health_[a-z_]+" "$ROOT/dbt/macros" | cut -d "'" -f 2
} | LC_ALL=C sort -u >"$work/known"
# (Of docs/reference.md, which is made from the catalog, tests/shell/docs/reference.sh says whether it is true.)
for page in "${pages[@]}"; do
  [ "$page" != docs/reference.md ] || continue
  { grep -oE 'health_[a-z0-9_]+' "$ROOT/$page" || true; } | LC_ALL=C sort -u >"$work/named"
  unknown=$(LC_ALL=C comm -13 "$work/known" "$work/named" | tr '\n' ' ')
  [ -z "$unknown" ] || fail "$page: speaks of what the extension does not have: $unknown"
done
echo "ok every name they use exists"

readme=$ROOT/README.md
grep -oE 'health_[a-z0-9_]+' "$readme" | LC_ALL=C sort -u >"$work/named"
absent=$(LC_ALL=C comm -23 "$work/there" "$work/named" | tr '\n' ' ')
[ -z "$absent" ] || fail "README.md: says nothing about: $absent"
echo "ok all $(wc -l <"$work/there") functions and tables are described"

ask "SELECT DISTINCT a.name FROM ($members) m JOIN pg_proc p ON p.oid = m.oid, unnest(proargnames, proargmodes) AS a (name, mode) WHERE mode = 'o'
      UNION SELECT attname FROM ($members) m JOIN pg_attribute ON attrelid = m.oid JOIN pg_class c ON c.oid = attrelid AND c.relkind <> 'S' WHERE m.classid = 'pg_class'::regclass AND attnum > 0 AND NOT attisdropped" >"$work/columns"
while read -r column; do
  grep -qF "\`$column\`" "$readme" || fail "README.md: does not describe the column $column"
done <"$work/columns"
echo "ok all $(wc -l <"$work/columns") result columns are described"

links=0
for page in "${pages[@]}"; do
  check_links "$page"
done
echo "ok all $links links lead somewhere"
