# shellcheck shell=bash
# Sourced by tests that need a server of their own in $TMPDIR: one that dies, is short of memory, or whose log is read. Not executable,
# so it is no test. After test.sh; the server ends with the script.

SERVER=$TMPDIR/server
LOG=$TMPDIR/log
# Words before every command that starts the server.
SERVER_WITHIN=()

# init_server [setting=value ...]
init_server() {
  export PGHOST=$TMPDIR PGDATABASE=postgres
  initdb -D "$SERVER" -U "$PGUSER" -A trust -E UTF8 --locale=C --no-sync >/dev/null
  {
    printf '%s\n' "listen_addresses = ''" "port = $PGPORT" "unix_socket_directories = '$TMPDIR'" 'fsync = off' "timezone = 'UTC'" \
      "log_line_prefix = '%e [%p] '"
    [ $# = 0 ] || printf '%s\n' "$@"
  } >>"$SERVER/postgresql.conf"
  trap stop_server EXIT
}

start_server() {
  "${SERVER_WITHIN[@]}" env -u RUST_BACKTRACE pg_ctl -D "$SERVER" -l "$LOG" -s -w -t 60 start ||
    { tail -n 20 "$LOG"; fail "the server did not start"; }
}

stop_server() { [ ! -f "$SERVER/postmaster.pid" ] || pg_ctl -D "$SERVER" -s -w -t 60 -m immediate stop; }

# A postmaster that has ended its sessions after a crash takes connections again within a moment.
answers() { [ "$(psql -X -q -At -c 'SELECT 1' 2>/dev/null)" = 1 ]; }
wait_for_server() {
  soon answers || { tail -n 20 "$LOG"; fail "the server does not come back"; }
}

# Whether a process of the server has ended by a signal; not kill -9, which is the tests' own.
crashed() { grep 'was terminated by signal' "$LOG" | grep -v 'signal 9'; }
