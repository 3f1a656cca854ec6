#!/usr/bin/env bash
# make docs: writes docs/reference.md and docs/internals.md from a throw-away database with the extension as it is now.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
"$SCRIPTS/install.sh"
. "$SCRIPTS/lib/server.sh"

only_one docs "the reference of this checkout is already being written"
trap 'cluster_drop docs' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cluster_init docs "cluster_name = 'health_score docs'"
cluster_start docs
cluster_database docs docs
mapfile -t client < <(cluster_env docs docs)
for page in reference:public internals:internal; do
  text=$(env "${TREE_ENV[@]}" "${client[@]}" "PATH=$BINDIR:$PATH" "$SCRIPTS/docs/reference.sh" "${page#*:}")
  printf '%s\n' "$text" >"$ROOT/docs/${page%:*}.md"
done
say "docs/reference.md and docs/internals.md written"
