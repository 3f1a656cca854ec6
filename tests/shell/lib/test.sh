# shellcheck shell=bash
# Sourced first by the test scripts: psql, what is expected, waiting, and times held against a yardstick of the same run instead
# of a clock. Never starts a server (own_server.sh does).
# shellcheck disable=SC2120  # the arguments of sql are those of whoever sources this

NAME=$(basename "$0" .sh)

sql() { psql -X -q -At -v ON_ERROR_STOP=1 "$@"; }
fail() { printf 'FAILED %s: %s\n' "$NAME" "$1"; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: expected $3, got $2"; }

# soon COMMAND...: waits until the command succeeds, for two minutes at the most.
soon() {
  local last=$((SECONDS + 120))
  until "$@"; do
    [ $SECONDS -lt $last ] || return 1
    sleep 0.05
  done
}

# at_work CONDITION: waits until a statement of a session that the condition on pg_stat_activity finds has run for 200 ms, so that
# it is in the middle of its work, and prints the process id. The server looks: a new psql for each look would come too late.
at_work() {
  sql <<SQL
DO \$\$ BEGIN
  FOR i IN 1 .. 6000 LOOP
    PERFORM pg_stat_clear_snapshot(), pg_sleep(0.02);
    EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE ($1) AND state = 'active' AND pid <> pg_backend_pid() AND query_start < clock_timestamp() - interval '200 ms');
  END LOOP;
END \$\$;
SELECT pid FROM pg_stat_activity WHERE ($1) AND state = 'active' AND pid <> pg_backend_pid() LIMIT 1;
SQL
}

# The yardstick: one call of Postgres's own that nothing interrupts, of some 100 ms on an idle machine of today. A machine that is
# slow, or busy, takes longer for it as for everything else.
YARDSTICK="SELECT length(reverse(repeat('x', 5000000)))"

# since BEGIN: milliseconds from a value of EPOCHREALTIME until now.
since() { printf '%s\n' $(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 1000)); }

# milliseconds COMMAND...: how long the command took.
milliseconds() {
  local begin=$EPOCHREALTIME
  "$@" >/dev/null
  since "$begin"
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

# in_time NAME COMMAND...: the command prints how many ms something took, which may be as long as three yardsticks. What is later
# than that is tried five times, each beside another yardstick, and the medians decide: one stall of a busy machine is nothing.
# Leaves the time in TOOK.
in_time() {
  local name=$1 times=() yards=() try allowed
  shift
  for try in 1 2 3 4 5; do
    [ $try = 1 ] && [ -n "${YARD:-}" ] || YARD=$(milliseconds sql -c "$YARDSTICK")
    yards+=("$YARD")
    TOOK=$("$@") || { printf '%s\n' "$TOOK"; exit 1; }
    times+=("$TOOK")
    TOOK=$(printf '%s\n' "${times[@]}" | median)
    allowed=$((3 * $(printf '%s\n' "${yards[@]}" | median)))
    # The first try may be good at once; after that, only an odd number has a median.
    [ $((try % 2)) = 0 ] || [ "$TOOK" -gt "$allowed" ] || return 0
  done
  fail "$name: $TOOK ms, where three yardsticks take $allowed ms (tries: ${times[*]})"
}
