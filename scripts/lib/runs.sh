# shellcheck shell=bash
# Sourced after env.sh: several runs of test.sh, one after the other, whether or not a run fails. The last line is their
# sum.

RUNS=()
RUNS_PASSED=0
RUNS_FAILED=0
RUNS_SKIPPED=0

# test_run LABEL COMMAND...: shows the command's output, and takes its last line for the result. One that ends without a
# result, or with an error that it does not count, is one failure.
test_run() {
  local label=$1 status=0 kept result passed=0 failed=0 skipped=0
  shift
  kept=$ROOT/target/runs/${label// /-}.log
  mkdir -p "$(dirname "$kept")"
  say "$label"
  "$@" 2>&1 | tee "$kept" || status=$?
  result=$(tail -n 1 "$kept")
  if [[ $result =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
    passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]} skipped=${BASH_REMATCH[4]:-0}
  fi
  if [ $((passed + failed + skipped)) = 0 ] || { [ "$status" != 0 ] && [ "$failed" = 0 ]; }; then failed=$((failed + 1)); fi
  RUNS+=("$label: $passed passed, $failed failed, $skipped skipped")
  RUNS_PASSED=$((RUNS_PASSED + passed))
  RUNS_FAILED=$((RUNS_FAILED + failed))
  RUNS_SKIPPED=$((RUNS_SKIPPED + skipped))
}

# Ends the script: a line for each run, then the sum.
runs_summary() {
  printf '\n'
  printf '%s\n' "${RUNS[@]}"
  printf '%s passed, %s failed%s\n' "$RUNS_PASSED" "$RUNS_FAILED" "$([ "$RUNS_SKIPPED" = 0 ] || printf ', %s skipped' "$RUNS_SKIPPED")"
  [ "$RUNS_FAILED" = 0 ] || exit 1
  exit 0
}
