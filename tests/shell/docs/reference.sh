#!/usr/bin/env bash
# docs/reference.md says what the catalog says.
set -euo pipefail

./scripts/docs/reference.sh >"$TMPDIR/reference.md"
diff -U 3 --label "docs/reference.md" --label "the catalog" "$ROOT/docs/reference.md" "$TMPDIR/reference.md" || {
  echo "docs/reference.md is stale: run make docs"
  exit 1
}
objects=$(psql -X -A -t -c "SELECT count(*) FROM pg_depend JOIN pg_extension e ON e.oid = refobjid WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND extname = 'health_score' AND classid = 'pg_proc'::regclass")
forms=$(grep -cE '^health_[a-z0-9_]+\(' "$ROOT/docs/reference.md")
[ "$objects" = "$forms" ] || { echo "the catalog has $objects functions, docs/reference.md $forms"; exit 1; }
echo "ok docs/reference.md has all $objects functions, and says what the catalog says"
