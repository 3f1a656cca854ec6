#!/usr/bin/env bash
# From each released version to this one by ALTER EXTENSION … UPDATE: the catalog equals that of a fresh install, the
# user's rows are unchanged, and before the update the older objects work with the new library.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

same() { cmp -s "$2" "$3" || { diff "$2" "$3" | cut -c1-300 | head -n 40; fail "$1"; }; }

current=$(sql -c "SELECT default_version FROM pg_available_extensions WHERE name = 'health_score'")

# members VERSION: the objects of a version by tests/upgrade/released.txt. A line has the first version, the first
# version without (or -), and an object.
members() {
  awk -v version="$1" '
    function number(v, part) { split(v, part, "."); return part[1] * 1000000 + part[2] * 1000 + part[3] }
    !/^#/ && NF && number($1) <= number(version) && ($2 == "-" || number($2) > number(version)) { sub(/^[^ ]+ +[^ ]+ +/, ""); print }
  ' tests/upgrade/released.txt | LC_ALL=C sort
}

# columns DATABASE: keeps the columns that the tables have, so that rows() compares those.
columns() {
  sql -d "$1" <<'SQL'
CREATE TABLE column_before AS
SELECT a.attrelid AS relation, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE a.attnum > 0 AND NOT a.attisdropped AND (c.oid IN (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'health_score') OR c.relname IN ('account', 's_history'))
 GROUP BY a.attrelid;
SQL
}

# rows DATABASE: all rows of the extension's tables and of the objects of sources, and scores of them.
rows() {
  sql -d "$1" <<'SQL'
SET timezone = 'UTC';
SELECT format('SELECT %L, count(*), md5(string_agg(r::text, '','' ORDER BY r::text)) FROM (SELECT %s FROM %s) r', b.relation::regclass, b.columns, b.relation::regclass)
  FROM column_before b WHERE to_regclass(b.relation::regclass::text) IS NOT NULL
 ORDER BY b.relation::regclass::text COLLATE "C" \gexec
SELECT id, health_score('m', t), health_band('m', t), health_score('m@1', t) FROM account t ORDER BY id, at;
SELECT account_id, score, band FROM s_current ORDER BY account_id;
SQL
}

sql -d postgres -c "CREATE DATABASE upgrade_fresh"
sql -d upgrade_fresh -c "CREATE EXTENSION health_score"
sql -d upgrade_fresh -f tests/upgrade/catalog.sql >"$TMPDIR/fresh"
sql -d upgrade_fresh -f tests/upgrade/released.sql >"$TMPDIR/members"
members "$current" >"$TMPDIR/released"
same "tests/upgrade/released.txt does not list what version $current has (> should be there, or be marked as withdrawn)" "$TMPDIR/members" "$TMPDIR/released"
printf 'ok upgrade: released.txt lists the %s objects of %s\n' "$(wc -l <"$TMPDIR/members")" "$current"

shopt -s nullglob
for script in tests/upgrade/health_score--*.sql; do
  version=${script#*--}
  version=${version%.sql}
  if [ "$version" = "$current" ]; then
    same "$script is not the script of $current: what was released never changes, raise the version" "$script" "$(sql -c "SELECT setting FROM pg_config WHERE name = 'SHAREDIR'")/extension/${script##*/}"
    printf 'ok upgrade: the script of %s is as it was released\n' "$version"
    continue
  fi
  database=upgrade_from_${version//./_}
  sql -d postgres -c "CREATE DATABASE $database"
  sql -d "$database" -c "CREATE EXTENSION health_score VERSION '$version'"
  sql -d "$database" -f tests/upgrade/released.sql >"$TMPDIR/members"
  members "$version" >"$TMPDIR/released"
  same "tests/upgrade/released.txt does not list what version $version had" "$TMPDIR/members" "$TMPDIR/released"
  sql -d "$database" -f tests/upgrade/fill.sql >/dev/null
  [ "$(sql -d "$database" -c "SELECT count(*) > 0 FROM health_alert")" = t ] || fail "$version: the old objects raise no alert with the new library"
  columns "$database"
  rows "$database" >"$TMPDIR/before"
  printf 'ok upgrade: the objects of %s work with the library of %s\n' "$version" "$current"

  # The extension's schema is not in the caller's search_path.
  sql -d "$database" -c "SET search_path = pg_catalog" -c "ALTER EXTENSION health_score UPDATE"
  # The user's grants stay.
  [ "$(sql -d "$database" -c "SELECT has_table_privilege('public', 'health_alert', 'SELECT')")" = t ] || fail "$version to $current: a grant is gone"
  sql -d "$database" -c "REVOKE SELECT ON health_alert FROM PUBLIC"
  sql -d "$database" -f tests/upgrade/catalog.sql >"$TMPDIR/upgraded"
  same "$version to $current: not the catalog of a fresh install (< upgraded, > fresh)" "$TMPDIR/upgraded" "$TMPDIR/fresh"
  rows "$database" >"$TMPDIR/after"
  same "$version to $current: rows or scores changed" "$TMPDIR/before" "$TMPDIR/after"
  sql -d "$database" -c "CALL health_refresh('s', '2025-05-15')"
  [ "$(sql -d "$database" -c "SELECT count(*) FROM s_history WHERE scored_at = '2025-05-15'")" = 40 ] || fail "$version to $current: a refresh does not write 40 rows"
  printf 'ok upgrade: %s to %s, catalog, rows, scores and a refresh\n' "$version" "$current"
done

# Every version has an upgrade path to this one.
missing=$(sql -c "SELECT string_agg(source, ', ') FROM pg_extension_update_paths('health_score') WHERE target = '$current' AND path IS NULL")
[ -z "$missing" ] || fail "no way from $missing to $current"
printf 'ok upgrade: a way from every version\n'
