#!/usr/bin/env bash
# README.md and the pages of docs/ are true: the examples run, page by page, each page in order, in one session and in
# a database of its own, and print what the page shows. Links and anchors lead somewhere, docs/SUMMARY.md lists every
# page, every name of the extension and every file exists, every public object and result column is described, lines
# are wrapped.
set -euo pipefail

work=$(mktemp -d)
home=$PGDATABASE

fail() {
  printf '%s\n' "$*"
  exit 1
}

ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }

# The pages grant rights to a role that the reader's server is assumed to have.
drop_role() { ask "SET client_min_messages = error; DROP OWNED BY cs_ops; DROP ROLE cs_ops" >/dev/null; }
trap 'drop_role 2>/dev/null || true; rm -rf "$work"' EXIT

# Editors remove trailing blanks, so they are not compared, nor are blank lines at the end of a block. The output of a
# block for which the page shows nothing is not compared either.
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

# run_page PAGE: runs the examples of a page. bi.sh runs those of docs/bi.md in the database of the demo.
run_page() {
  local page=$1 status=0 blocks silent
  awk -v page="$page" -v script="$work/script.sql" -v expected="$work/expected" \
    -f "$ROOT/tests/shell/docs/readme.awk" "$ROOT/$page"

  # The settings that differ between readers are fixed: the time zone, and the CONTEXT of errors with its line numbers.
  # The script comes from stdin, since psql -f would print the file's name before each error.
  env PGTZ=UTC PGCLIENTENCODING=UTF8 psql -X -q -v SHOW_CONTEXT=never -P pager=off \
    <"$work/script.sql" >"$work/output" 2>&1 || status=$?
  if [ "$status" != 0 ]; then
    tail -n 20 "$work/output"
    fail "$page: an example stopped with the error above"
  fi

  tidy "$work/expected" >"$work/expected.tidy"
  tidy "$work/output" >"$work/output.tidy"
  diff -U 5 --label "$page shows" --label "psql prints" "$work/expected.tidy" "$work/output.tidy" ||
    fail "$page: an example prints something else"
  blocks=$(grep -c '^@ .*:' "$work/expected")
  silent=$(grep -c '^(not shown)$' "$work/expected" || true)
  echo "ok $page: $blocks examples run, $((blocks - silent)) of them print what is shown"
}

# The headings of a page as GitHub and mdBook turn them into anchors: lower case, blanks to hyphens, no other signs.
anchors() { sed -n 's/^##* //p' "$1" | tr '[:upper:] ' '[:lower:]-' | tr -cd 'a-z0-9_\n-' | sed 's/^/#/'; }

# check_links PAGE: links to files and headings of the repository.
check_links() {
  local page=$1 link file to
  { tr '\n' ' ' <"$ROOT/$page" | grep -oE '\]\([^):]+\)' || true; } | sed 's/^](//; s/)$//' | sort -u >"$work/links"
  while read -r link; do
    file=${link%%#*}
    to=$ROOT/$page
    [ -z "$file" ] || to=$(dirname "$ROOT/$page")/$file
    [ -e "$to" ] || fail "$page: the target of the link $link does not exist"
    case $link in
      *#*)
        grep -qxF -- "#${link#*#}" <<<"$(anchors "$to")" || fail "$page: the anchor of the link $link is no heading"
        ;;
    esac
  done <"$work/links"
  links=$((links + $(wc -l <"$work/links")))
}

# long_lines PAGE: lines of prose over 100 characters. Code, tables and images cannot be wrapped.
long_lines() {
  awk '/^ *```/ { inside = !inside; print ""; next } inside || /^ *(\||!\[)/ { print ""; next } { print }' "$ROOT/$1" |
    LC_ALL=C.UTF-8 grep -nE '^.{101}' | cut -c 1-80 | sed "s|^|$1:|" || true
}

mapfile -t pages < <(cd "$ROOT" && find README.md docs -name '*.md' | LC_ALL=C sort)
for page in "${pages[@]}"; do
  if [ "$page" = docs/bi.md ] || ! grep -q '^```sql$' "$ROOT/$page"; then continue; fi
  export PGDATABASE=$home
  ask "CREATE DATABASE ${home}_page"
  export PGDATABASE=${home}_page
  ask "CREATE EXTENSION health_score"
  ask "CREATE ROLE cs_ops"
  run_page "$page"
  drop_role
  export PGDATABASE=$home
  ask "DROP DATABASE ${home}_page"
done
trap 'rm -rf "$work"' EXIT

# The pages that people write; reference.sh compares the generated ones with the catalog.
written=()
for page in "${pages[@]}"; do
  case $page in docs/reference.md | docs/internals.md) ;; *) written+=("$page") ;; esac
done

# Functions, tables, views and sequences of the extension. The public ones are in the schema of the extension.
members="
  SELECT d.objid AS oid, d.classid, coalesce(p.proname, c.relname) AS name,
         coalesce(p.pronamespace, c.relnamespace) = e.extnamespace AS is_public, coalesce(c.relkind, 'f') AS kind
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    LEFT JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
    LEFT JOIN pg_class c ON c.oid = d.objid AND d.classid = 'pg_class'::regclass
   WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'health_score'
     AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass)"
ask "SELECT DISTINCT name FROM ($members) m WHERE is_public AND kind <> 'S'" | LC_ALL=C sort >"$work/public"
[ -s "$work/public" ] || fail "the extension seems to be empty"

# Pages also name the schemas, sequences, dbt macros (each in a file of its own) and dbt variables.
{
  cat "$work/public"
  ask "SELECT DISTINCT name FROM ($members) m WHERE is_public"
  echo health_score_internal
  basename -s .sql "$ROOT"/dbt/macros/*/*.sql
  grep -rhoE "var\('health_[a-z_]+" "$ROOT/dbt/macros" | cut -d "'" -f 2
} | LC_ALL=C sort -u >"$work/known"
# docs/architecture.md is for contributors, and names internal objects too.
{ cat "$work/known"; ask "SELECT DISTINCT name FROM ($members) m"; } | LC_ALL=C sort -u >"$work/known_inside"
: >"$work/described"
for page in "${written[@]}"; do
  { grep -oE 'health_[a-z0-9_]+' "$ROOT/$page" || true; } | LC_ALL=C sort -u >"$work/named"
  known=$work/known
  [ "$page" != docs/architecture.md ] || known=$work/known_inside
  unknown=$(LC_ALL=C comm -13 "$known" "$work/named" | tr '\n' ' ')
  [ -z "$unknown" ] || fail "$page: names what the extension does not have, or what is internal: $unknown"
  cat "$work/named" >>"$work/described"
done
echo "ok every name on the pages exists"

LC_ALL=C sort -u -o "$work/described" "$work/described"
absent=$(LC_ALL=C comm -23 "$work/public" "$work/described" | tr '\n' ' ')
[ -z "$absent" ] || fail "no page describes: $absent"
echo "ok all $(wc -l <"$work/public") public functions and tables are described"

ask "
  SELECT DISTINCT a.name
    FROM ($members) m JOIN pg_proc p ON p.oid = m.oid AND m.classid = 'pg_proc'::regclass,
         unnest(proargnames, proargmodes) AS a (name, mode)
   WHERE m.is_public AND a.mode IN ('o', 't')
   UNION
  SELECT attname FROM ($members) m JOIN pg_attribute ON attrelid = m.oid AND m.classid = 'pg_class'::regclass
   WHERE m.is_public AND m.kind <> 'S' AND attnum > 0 AND NOT attisdropped" >"$work/columns"
undescribed=
while read -r column; do
  (cd "$ROOT" && grep -qF "\`$column\`" "${written[@]}") || undescribed="$undescribed $column"
done <"$work/columns"
[ -z "$undescribed" ] || fail "no page describes the columns:$undescribed"
echo "ok all $(wc -l <"$work/columns") result columns are described"

links=0
for page in "${pages[@]}"; do
  check_links "$page"
done
echo "ok all $links links lead somewhere"

folders="bench|dashboards|dbt|demo|docs|engine|fuzz|scripts|sql|src|tests"
for page in "${written[@]}"; do
  { grep -oE "\`($folders)/[A-Za-z0-9_./*-]*\`" "$ROOT/$page" || true; } | tr -d '\`' >"$work/files"
  while read -r file; do
    (cd "$ROOT" && compgen -G "$file" >/dev/null) || fail "$page: names the file $file, which does not exist"
  done <"$work/files"
done
echo "ok every file of the repository that the pages name exists"

for page in "${pages[@]#docs/}"; do
  case $page in README.md | SUMMARY.md) continue ;; esac
  grep -qF "]($page)" "$ROOT/docs/SUMMARY.md" || fail "docs/SUMMARY.md does not list $page"
done
echo "ok docs/SUMMARY.md lists every page"

lines=$(wc -l <"$ROOT/README.md")
[ "$lines" -le 250 ] || fail "README.md has $lines lines, 250 at most are allowed: move details to docs/"
long=$(for page in "${written[@]}"; do long_lines "$page"; done)
[ -z "$long" ] || fail "lines of prose over 100 characters:
$long"
echo "ok README.md has $lines lines, and prose is wrapped at 100 characters"
