#!/usr/bin/env bash
# pgspot over the install script: its findings are exactly those that tests/shell/security/pgspot.expected lists with a
# reason.
set -euo pipefail

if [ -z "${VENV_PGSPOT:-}" ]; then
  printf 'skip pgspot: it could not be installed (PyPI: pgspot)\n'
  exit 0
fi
pgspot() { "$VENV_PGSPOT/bin/python" "$here/pgspot.py" "$VENV_PGSPOT/bin/pgspot" "$1"; }
fail() { printf 'FAILED pgspot: %s\n' "$1"; exit 1; }
here=$(dirname "$0")
directory=$(psql -X -q -At -c "SELECT setting FROM pg_config WHERE name = 'SHAREDIR'")/extension
version=$(psql -X -q -At -c "SELECT default_version FROM pg_available_extensions WHERE name = 'health_score'")

found=$TMPDIR/found
pgspot "$directory/health_score--$version.sql" >"$found"
diff <(grep -v '^#\|^$' "$here/pgspot.expected" | LC_ALL=C sort) <(LC_ALL=C sort "$found") || fail "not what tests/shell/security/pgspot.expected says"
printf 'ok %s findings, each with its reason\n' "$(wc -l <"$found")"

# No further finding in the upgrade scripts. (These replace functions; Postgres allows that only for functions of the
# extension.)
shopt -s nullglob
scripts=0
for script in "$directory"/health_score--*--*.sql; do
  pgspot "$script" | grep -v '^[a-z]* PS002 ' | sed 's/: [^:]*$//' >"$TMPDIR/found" || true
  more=$(grep -vxFf <(sed 's/: [^:]*$//' "$here/pgspot.expected") "$TMPDIR/found" || true)
  [ -z "$more" ] || fail "$(basename "$script"): $more"
  scripts=$((scripts + 1))
done
printf 'ok %s scripts that upgrade\n' "$scripts"

# pgspot does find holes: a body without a path, a path with a schema that others may write to, a procedure, the script.
while IFS='|' read -r finding hole; do
  { cat "$directory/health_score--$version.sql"; printf '%b\n' "$hole"; } >"$TMPDIR/hole.sql"
  pgspot "$TMPDIR/hole.sql" >"$TMPDIR/found"
  grep -qF "$finding: health_hole" "$TMPDIR/found" || fail "a hole is not found: $hole"
done <<'HOLES'
functions PS001 '<' in 1 < 2|CREATE FUNCTION health_hole() RETURNS boolean LANGUAGE sql AS $$ SELECT 1 < 2 $$;
functions PS001 '<' in 1 < 2|CREATE FUNCTION health_hole() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, elsewhere, pg_temp AS $$ BEGIN PERFORM 1 < 2; END $$;
functions PS001 '<' in 1 < 2|CREATE PROCEDURE health_hole() LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 < 2; END $$;
functions PS016 health_source_get|CREATE PROCEDURE health_hole() LANGUAGE plpgsql AS $$ BEGIN PERFORM health_source_get('s'); END $$;
script PS001 '<' in 1 < 2|SET LOCAL search_path = @extschema@, pg_temp;\nCREATE VIEW health_hole AS SELECT 1 < 2 AS x;
HOLES
printf 'ok a hole is found\n'
