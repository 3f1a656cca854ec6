#!/usr/bin/env bash
# docs/reference.md and docs/internals.md say what the catalog says, and hold every function.
set -euo pipefail

# check PAGE KIND CONDITION: KIND is the argument of scripts/docs/reference.sh, CONDITION tells which functions belong
# on the page.
check() {
  local page=$1 functions forms
  ./scripts/docs/reference.sh "$2" >"$TMPDIR/$2.md"
  diff -U 3 --label "$page" --label "the catalog" "$ROOT/$page" "$TMPDIR/$2.md" || {
    echo "$page is stale: run make docs"
    exit 1
  }
  functions=$(psql -X -A -t -c "
    SELECT count(*) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_proc p ON p.oid = d.objid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'health_score'
       AND d.classid = 'pg_proc'::regclass AND $3")
  forms=$(grep -cE '^health_[a-z0-9_]+\(' "$ROOT/$page" || true)
  [ "$functions" = "$forms" ] || { echo "the catalog has $functions functions, $page $forms"; exit 1; }
  echo "ok $page has all $functions functions, and says what the catalog says"
}

check docs/reference.md public "p.pronamespace = e.extnamespace"
check docs/internals.md internal "p.pronamespace <> e.extnamespace"
