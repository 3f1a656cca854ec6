#!/usr/bin/env bash
# docs/bi.md is correct: each block runs in the demo's database as the role that docs/analyst.sql makes, gives rows, and
# is flat: no composites, arrays, JSON or NaN. The role cannot write, and can read only what docs/analyst.sql grants.
set -euo pipefail

page=$ROOT/docs/bi.md
fail() { printf 'FAILED bi: %s\n' "$1"; exit 1; }
run() { psql -X -q -v ON_ERROR_STOP=1 "$@" >"$TMPDIR/bi.out" 2>&1 || { tail -n 20 "$TMPDIR/bi.out"; fail "$*"; }; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -c "$1"; }
as_analyst() { PGUSER=bi_analyst psql -X -q -At -v ON_ERROR_STOP=1 "$@"; }

for script in company model nightly; do run -f "$ROOT/demo/$script.sql"; done
# The owner of a source is no superuser and lacks CREATEROLE: before the role exists, the script says who can create the
# role.
run -f - <<'SQL'
CREATE ROLE bi_owner;
SELECT health_grant('bi_owner', 'operator');
CREATE SCHEMA bi_own AUTHORIZATION bi_owner;
SET ROLE bi_owner;
CREATE TABLE bi_own.customer (id int, logins int);
SELECT health_model_save('bi_own', '{"signals": {"logins": {"scale": {"linear": [0, 10]}}}}');
SELECT health_source_add('bi_own', 'bi_own', 'bi_own.customer', 'id');
SQL
as_owner() { psql -X -q -At -v ON_ERROR_STOP=1 -c 'SET ROLE bi_owner' -v analyst=bi_analyst -f "$ROOT/docs/analyst.sql" 2>&1; }
answer=$(as_owner) && fail 'the owner of a source made a role'
grep -q 'does not exist yet, and bi_owner may not create it' <<<"$answer" || fail "without the role: $answer"
run -v analyst=bi_analyst -f "$ROOT/docs/analyst.sql"
run -v analyst=bi_analyst -f "$ROOT/docs/analyst.sql"

# When the role exists, the owner grants it a new source, and the script lists the objects of other owners.
sql 'REVOKE SELECT ON bi_own.bi_own_history, bi_own.bi_own_current, health_run FROM bi_analyst' >/dev/null
answer=$(as_owner) || fail "as the owner of a source: $answer"
[[ $answer == *'DETAIL:  GRANT SELECT ON public.health_run TO bi_analyst'*'each owner (postgres)'* && $answer == *'GRANT SELECT ON bi_own.bi_own_current TO bi_analyst'* ]] || fail "what is left: $answer"
[ "$(as_analyst -c 'SELECT count(*) FROM bi_own.bi_own_current')" = 0 ] || fail 'the analyst cannot read a new source'
run -v analyst=bi_analyst -f "$ROOT/docs/analyst.sql"
[ "$(as_analyst -c 'SELECT count(*) > 0 FROM health_run')" = t ] || fail 'the analyst cannot read the runs'
printf 'ok analyst.sql runs as a superuser and as the owner of a source\n'

awk -v to="$TMPDIR/block" '/^```/ { if (inside) inside = 0; else if ($0 == "```sql") { inside = 1; n++ } next } inside { print > sprintf("%s.%03d.sql", to, n) }' "$page"
blocks=0
for block in "$TMPDIR"/block.*.sql; do
  blocks=$((blocks + 1))
  title=$(head -n 1 "$block")
  as_analyst -f "$block" >"$TMPDIR/rows" 2>&1 || { cat "$TMPDIR/rows" "$block"; fail "block $blocks: $title"; }
  [ -s "$TMPDIR/rows" ] || { cat "$block"; fail "block $blocks has no rows: $title"; }
  ! grep -qwE 'NaN|-?Infinity' "$TMPDIR/rows" || { cat "$block"; fail "block $blocks shows a number that is none: $title"; }
  # The result columns of the block, by name and type.
  { sed '$s/;[[:space:]]*$//' "$block"; printf ' \\gdesc\n'; } | as_analyst >"$TMPDIR/types"
  types=$(cut -d '|' -f 2 "$TMPDIR/types" | sort -u | grep -vxE 'text|integer|bigint|numeric|double precision|date|timestamp with time zone|boolean' || true)
  [ -z "$types" ] || { cat "$TMPDIR/types"; fail "block $blocks is not flat: $types"; }
done
[ "$blocks" -ge 20 ] || fail "only $blocks blocks were found"
# Each block is a dataset of the dashboard, and the dashboard has no other datasets.
difference=$(diff <(sed -nE 's/^<!-- dataset: (.*) -->$/\1/p' "$page" | sort) <(grep -ohE 'dataset: \w+' "$ROOT"/dashboards/superset/tabs/*.yaml | sed 's/dataset: //' | sort -u)) ||
  fail "docs/bi.md (<) and dashboards/superset/tabs (>) have other datasets: $difference"
[ "$(grep -c '^<!-- dataset: ' "$page")" = "$blocks" ] || fail 'a block of docs/bi.md has no name'
printf 'ok %s blocks of docs/bi.md run as the analyst and are flat, each is in the dashboard\n' "$blocks"

# The blocks agree with the tables. numbered WORDS: the block whose text has these words.
numbered() { grep -lF -- "$1" "$TMPDIR"/block.*.sql | head -n 1; }
count=$(as_analyst -f "$(numbered 'AS day, coalesce(b.label')" | awk -F '|' '{ accounts += $5 } $4 == "" && $2 != "No score" { exit 1 } END { print accounts }') || fail 'a band has no colour'
[ "$count" = "$(sql 'SELECT count(*) FROM demo.customers_history')" ] || fail "bands over time hold $count accounts"
last=$(as_analyst -f "$(numbered 'AS from_score')" | tail -n 1 | cut -d '|' -f 9)
score=$(as_analyst -f "$(numbered 'score, low, high, band')" | tail -n 1 | cut -d '|' -f 3)
awk -v a="$last" -v b="$score" 'BEGIN { exit !(a - b < 1e-6 && b - a < 1e-6) }' || fail "the waterfall ends at $last, the score is $score"
at_risk=$(as_analyst -f "$(numbered 'AS at_risk_percent')" | cut -d '|' -f 3)
[ "$at_risk" = "$(sql 'SELECT count(*) FROM demo.customers_current WHERE band_rank = 1')" ] && [ "$at_risk" -gt 10 ] || fail "at risk: $at_risk"
rates=$(as_analyst -f "$(numbered 'AS churn_rate')" | awk -F '|' '{ printf "%s ", $1; if (NR > 1 && $5 >= last) exit 1; last = $5 }') || fail 'churn does not fall from band to band'
[ "$rates" = 'red yellow green ' ] || fail "churn by band: $rates"
printf 'ok their numbers agree with the tables\n'

# shellcheck disable=SC2016  # SQL, not shell
for statement in 'DELETE FROM health_alert' 'UPDATE health_model SET active = false' 'SELECT health_model_save($$x$$, health_template($$simple$$))' \
  'TABLE demo.account' 'TABLE health_pulse' 'CREATE TABLE demo.mine ()'; do
  for read_only in on off; do
    answer=$(as_analyst -c "SET default_transaction_read_only = $read_only" -c "$statement" 2>&1) && fail "the analyst may: $statement"
    grep -qE 'permission denied|read-only transaction|must be owner' <<<"$answer" || fail "$statement: $answer"
  done
done
printf 'ok the analyst cannot write, nor read the relations behind the scores\n'
