#!/usr/bin/env bash
# Prints the install script of the extension: the files that sql/files lists, in its order, with their templates (scripts/build/sql.pl).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
cd "$ROOT/sql"

mapfile -t files < <(sed -E 's/[[:space:]]*(#.*)?$//; /^$/d' files)
listed=$(printf '%s\n' "${files[@]}" | LC_ALL=C sort)
there=$(find . -name '*.sql' -not -path './upgrade/*' -printf '%P\n' | LC_ALL=C sort)
[ "$listed" = "$there" ] || die "sql/files and the files below sql/ differ: $(diff <(printf '%s\n' "$listed") <(printf '%s\n' "$there") | grep '^[<>]' | tr '\n' ' ')"

cat <<HEAD
-- Complain if the script is run in psql instead of by CREATE EXTENSION.
\echo Use "CREATE EXTENSION $EXTENSION" to load this file. \quit
HEAD
perl "$SCRIPTS/build/sql.pl" "${files[@]}" | perl "$SCRIPTS/build/raise.pl"
