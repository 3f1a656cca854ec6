#!/usr/bin/env bash
# Features of later versions of Postgres; the other tests run on all versions.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

server=$(($(sql -c "SHOW server_version_num") / 10000))

# from VERSION NAME: whether this server has the version; otherwise prints a skip.
from() {
  [ "$server" -lt "$1" ] || return 0
  printf 'skip %s: since Postgres %s\n' "$2" "$1"
  return 1
}

document() { printf "'{\"signals\": {\"%s\": {\"scale\": {\"linear\": [0, 100]}}}}'::jsonb" "$1"; }

if from 17 "infinite intervals"; then
  given=$(sql -c "SELECT (health_assess($(document i), health_inputs('i', x), now())).status FROM unnest(ARRAY['30 days', '-1 month']::interval[]) x" | sort -u)
  [ "$given" = partial ] || [ "$given" = ok ] || fail "a finite interval: $given"
  for sign in '' '-'; do
    said=$(sql -c "SELECT health_score($(document i), r) FROM (SELECT '${sign}infinity'::interval AS i) r" 2>&1) && fail "${sign}infinity is a score: $said"
    [[ $said == *"an infinite interval"* ]] || fail "${sign}infinity: $said"
  done
  printf 'ok infinite intervals\n'
fi

if from 17 "MERGE RETURNING"; then
  sql -c "CREATE TABLE merged (id int, a int)" -c "INSERT INTO merged VALUES (1, 10)"
  given=$(sql -c "MERGE INTO merged t USING (VALUES (1, 20), (2, 30)) v (id, a) ON t.id = v.id WHEN MATCHED THEN UPDATE SET a = v.a
    WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.a) RETURNING t.id, health_score($(document a), t)" | sort)
  [ "$given" = $'1|20\n2|30' ] || fail "MERGE RETURNING: $given"
  printf 'ok MERGE RETURNING\n'
fi

if from 18 "RETURNING old and new"; then
  sql -c "CREATE TABLE changed (a int, b int)" -c "INSERT INTO changed VALUES (10, 1)"
  given=$(sql -c "UPDATE changed SET a = 40 RETURNING health_score($(document a), old), health_score($(document a), new), health_score($(document a), changed)")
  [ "$given" = '10|40|40' ] || fail "RETURNING old and new: $given"
  printf 'ok RETURNING old and new\n'
fi

# A row of such a table has no value there: the planner writes the expression in its place, and the rewriting of rows to columns must
# leave that to it.
if from 18 "virtual generated columns"; then
  sql -c "CREATE TABLE generated (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, c int GENERATED ALWAYS AS (a + 1) STORED)" \
    -c "INSERT INTO generated (a) VALUES (5), (NULL), (7)"
  same() {
    local given
    given=$(sql -c "$2" | sort | tr '\n' ' ')
    [ "$given" = ' 10 14 ' ] || fail "virtual generated columns, $1: $given"
  }
  b=$(document b)
  same "row" "SELECT health_score($b, g) FROM generated g"
  same "row of a subquery" "SELECT health_score($b, x) FROM (SELECT * FROM generated) x"
  same "row in a scalar subquery" "SELECT (SELECT health_score($b, g)) FROM generated g"
  same "row in LATERAL" "SELECT x FROM generated g LEFT JOIN LATERAL health_score($b, g) x ON true"
  same "jsonb" "SELECT health_score($b, to_jsonb(g)) FROM generated g"
  same "driver" "SELECT d.value FROM generated g, health_drivers($b, g) d"
  same "row in a loop" "CREATE FUNCTION pg_temp.looped() RETURNS SETOF float8 LANGUAGE plpgsql AS \$\$ DECLARE g generated; BEGIN
    FOR g IN SELECT * FROM generated LOOP RETURN NEXT health_score($b, g); END LOOP; END \$\$; SELECT * FROM pg_temp.looped()"
  printf 'ok virtual generated columns\n'
fi
