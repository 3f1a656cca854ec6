# shellcheck shell=bash
# Sourced after work.sh: named throw-away or kept Postgres clusters in the work directory.
# Unix socket only, never run as root, never anything of the machine's own clusters.

PGPORT_PRIVATE=5432
SUPERUSER=postgres

cluster_dir() { printf '%s/%s' "$AREA" "$1"; }
cluster_log() { printf '%s/log' "$(cluster_dir "$1")"; }
cluster_exists() { as_server test -f "$(cluster_dir "$1")/data/PG_VERSION"; }

# A process id left by a crash may belong to somebody else by now: a server's working directory is its data directory.
cluster_running() {
  local data pid
  data=$(cluster_dir "$1")/data
  pid=$(as_server head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && [ "$(as_server readlink "/proc/$pid/cwd" 2>/dev/null)" = "$data" ]
}

cluster_stop() {
  cluster_running "$1" || return 0
  local ctl=("$BINDIR/pg_ctl" -D "$(cluster_dir "$1")/data" -s -w -t 60)
  as_server "${ctl[@]}" -m fast stop 9>&- || as_server "${ctl[@]}" -m immediate stop 9>&-
}

cluster_drop() {
  cluster_stop "$1"
  rm -rf "$(cluster_dir "$1")"
}

# cluster_init NAME [setting=value ...]: a fresh, empty cluster; an older one of that name goes away.
cluster_init() {
  local name=$1 dir
  shift
  dir=$(cluster_dir "$name")
  cluster_drop "$name"
  if [ "$ME" = 0 ]; then install -d -m 700 -o "$SERVER_USER" "$dir"; else install -d -m 700 "$dir"; fi
  # shellcheck disable=SC2024  # the redirection is meant to be ours
  as_server "$BINDIR/initdb" -D "$dir/data" -U $SUPERUSER -A trust -E UTF8 --locale=C --no-sync >"$AREA/initdb.log" 2>&1 ||
    { cat "$AREA/initdb.log" >&2; die "initdb failed"; }
  {
    cat <<SETTINGS
listen_addresses = ''
port = $PGPORT_PRIVATE
unix_socket_directories = '$dir'
timezone = 'UTC'
log_timezone = 'UTC'
# A cluster that can be made again in seconds needs no durability.
fsync = off
synchronous_commit = off
full_page_writes = off
SETTINGS
    [ $# = 0 ] || printf '%s\n' "$@"
  } | as_server tee -a "$dir/data/postgresql.conf" >/dev/null
}

# With RUST_BACKTRACE set, every error would carry 50 lines of backtrace in its DETAIL.
# File descriptor 9 is the lock of only_one: the server must not hold it.
cluster_start() {
  local dir
  dir=$(cluster_dir "$1")
  cluster_stop "$1"
  as_server rm -f "$dir/data/postmaster.pid"
  as_server env -u RUST_BACKTRACE -u RUST_LIB_BACKTRACE "$BINDIR/pg_ctl" -D "$dir/data" -l "$dir/log" -s -w -t 60 start 9>&- ||
    { as_server tail -n 20 "$dir/log" >&2; die "the $1 server did not start"; }
}

# What a client needs to reach the cluster, as NAME=value words for env.
cluster_env() {
  printf '%s\n' "PGHOST=$(cluster_dir "$1")" "PGPORT=$PGPORT_PRIVATE" "PGUSER=$SUPERUSER" "PGDATABASE=$2"
}

# cluster_psql NAME DATABASE [psql's arguments ...]: stops at the first error.
cluster_psql() {
  local name=$1 database=$2
  shift 2
  as_server "$BINDIR/psql" -X -q -v ON_ERROR_STOP=1 -P pager=off \
    -h "$(cluster_dir "$name")" -p $PGPORT_PRIVATE -U $SUPERUSER -d "$database" "$@"
}

# A database with the extension in it.
cluster_database() {
  cluster_psql "$1" postgres -c "CREATE DATABASE $2"
  cluster_psql "$1" "$2" -c "CREATE EXTENSION $EXTENSION"
}
