#!/usr/bin/env bash
# Prints docs/reference.md: every object of the extension in the database that the PG* variables name, by subject. What is
# public is what README.md describes outside its section for the extension itself.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Title | files of sql/ whose objects belong there. An object of a file that stands nowhere, and is not internal, is an error.
subjects='
One account | score band drivers assess explain change conflicts inputs
Models | model document views workbench what_if model_sql
Events and aggregates | events trend survey rollup rate spark
Proof and fit | backtest source_backtest psi fit labelled risk replay review
Every night | source source_query history refresh run run_write run_alerts schedule retention
Playbooks and alerts | playbook playbook_examples alert alert_steps
What people know | outcome pulse override given
An account in full | account explain_change identity account_id forget'

cat <<'HEAD'
# Reference

Every object of the extension with the comment that it has in the catalog, where `\df+ health_*` and `\d+ health_model` show it too. `make docs`
writes this page; nobody else should. How things work, with examples, is in the [README](../README.md).

HEAD

{
  echo "SET client_min_messages = warning;"
  echo "CREATE TEMP TABLE subject (place int, title text, file text);"
  echo "CREATE TEMP TABLE declared (name text, file text);"
  echo "CREATE TEMP TABLE public (name text);"
  awk -F ' *[|] *' 'NF == 2 { place++; n = split($2, files, " "); for (i = 1; i <= n; i++) printf "INSERT INTO subject VALUES (%d, '\''%s'\'', '\''%s'\'');\n", place, $1, files[i] }' <<<"$subjects"
  for file in "$root"/sql/*.sql; do
    [[ $file == *--* ]] || sed -nE "s/^CREATE (FUNCTION|AGGREGATE|PROCEDURE|TABLE|VIEW|TYPE) (health_[a-z0-9_]+).*/INSERT INTO declared VALUES ('\2', '$(basename "$file" .sql)');/p" "$file"
  done
  echo "COPY public FROM stdin;"
  awk '/^#/ { skip = /^### For the extension itself/ } !skip' "$root/README.md" | grep -oE 'health_[a-z0-9_]+' | LC_ALL=C sort -u
  echo '\.'
  cat "$root/scripts/docs/reference.sql"
} | env PGCLIENTENCODING=UTF8 psql -X -q -A -t -v ON_ERROR_STOP=1
