#!/usr/bin/env bash
# make regress-accept: takes the output of the last test run as the expected output. Review it with git diff.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"

taken=0
for kind in regress isolation; do
  for result in "$ROOT/target/test/$kind/results"/*.out; do
    [ -e "$result" ] || continue
    mkdir -p "$ROOT/tests/$kind/expected"
    cp "$result" "$ROOT/tests/$kind/expected/"
    taken=$((taken + 1))
  done
done
[ $taken -gt 0 ] || die "no results yet: run make regress or make isolation first"
say "$taken expected files written: look at git diff tests/ before you commit them"
