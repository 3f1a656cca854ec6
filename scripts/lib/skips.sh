# shellcheck shell=bash
# Sourced after env.sh: which skips a run may have, by tests/skips.txt. Those of one version need PG.

# permitted_skip TEXT: whether the list has it, for this version of Postgres.
permitted_skip() {
  local versions pattern
  [ "${SKIPS:-}" != any ] || return 0
  while IFS='|' read -r versions pattern _; do
    read -r versions <<<"${versions%%#*}"
    read -r pattern <<<"$pattern"
    [ "$versions" = any ] || [[ " $versions " == *" ${PG:-none} "* ]] || continue
    # shellcheck disable=SC2053  # it is a pattern
    [[ $1 != $pattern ]] || return 0
  done <"$ROOT/tests/skips.txt"
  return 1
}

# count_skips FILE: adds the lines "skip NAME: WHY" of an output to the caller's SKIPPED, or to its FAILED.
count_skips() {
  local skip
  while read -r skip; do
    if permitted_skip "$skip"; then
      SKIPPED=$((SKIPPED + 1))
    else
      printf 'FAILED skip not permitted: %s (tests/skips.txt)\n' "$skip"
      FAILED=$((FAILED + 1))
    fi
  done < <(sed -nE 's/^skip ([^:]+: .*)/\1/p' "$1")
}
