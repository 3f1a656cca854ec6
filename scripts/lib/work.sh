# shellcheck shell=bash
# Sourced after postgres.sh: the work directory outside the checkout, the private Postgres tree in it, the server's user.
# The checkout itself may lie where the server's user cannot read.
# shellcheck disable=SC2034  # the variables are for those who source this

ME=$(id -u)

if [ "$ME" = 0 ]; then
  SERVER_USER=postgres
  # Only a hand-built Postgres (PG_CONFIG) comes without that user.
  id -u postgres >/dev/null 2>&1 || SERVER_USER=nobody
else
  SERVER_USER=$(id -un)
fi

# Set by private_places where the tree brings its own libraries.
TREE_ENV=()

# Runs a command as the user that owns the servers; from /, since the current directory may be closed to that user.
as_server() {
  if [ "$ME" = 0 ]; then
    (cd / && exec runuser -u "$SERVER_USER" -- env HOME=/nonexistent "${TREE_ENV[@]}" "$@")
  else
    (cd / && exec env "${TREE_ENV[@]}" "$@")
  fi
}

# Longest cluster name, version key and socket name, out of the 107 bytes that a socket path may have.
SOCKET_ROOM=$((107 - 45))

work_directory() {
  local base=${TMPDIR:-/tmp} name
  if [ -n "${HEALTH_SCORE_WORK:-}" ]; then
    case $HEALTH_SCORE_WORK in /*) ;; *) die "HEALTH_SCORE_WORK must be an absolute path" ;; esac
    [ ${#HEALTH_SCORE_WORK} -le $SOCKET_ROOM ] ||
      die "HEALTH_SCORE_WORK is longer than $SOCKET_ROOM characters: a Unix socket would not fit below it"
    printf '%s' "$HEALTH_SCORE_WORK"
    return
  fi
  name=health_score-$ME-$(printf '%s' "$ROOT" | sha256sum | cut -c1-8)
  if [ $((${#base} + ${#name} + 1)) -gt $SOCKET_ROOM ] || ! as_server test -x "$base"; then
    base=/tmp
  fi
  printf '%s/%s' "${base%/}" "$name"
}

# /tmp is open to everybody: a directory, or a link, that somebody else put there is not used. Nor is one that holds
# other things, since make clean removes it.
make_work_directory() {
  mkdir -p "$(dirname "$WORK")"
  if mkdir -m 755 "$WORK" 2>/dev/null; then touch "$WORK/$WORK_MARK"; fi
  if [ -L "$WORK" ] || [ ! -f "$WORK/$WORK_MARK" ] || [ "$(stat -c %u "$WORK")" != "$ME" ]; then
    die "$WORK exists and is not a work directory of ours; set HEALTH_SCORE_WORK to a path that does not exist yet"
  fi
  chmod 755 "$WORK"
  as_server test -x "$WORK" || die "the user $SERVER_USER, who runs the server, cannot enter $WORK; set HEALTH_SCORE_WORK"
  mkdir -p "$AREA"
}

WORK=$(work_directory)
WORK_MARK=made-by-health_score
# Two Postgres builds of one version do not share a tree.
AREA=$WORK/pg$PG
if [ "$PG_CONFIG" != "$(debian_pg_config "$PG")" ]; then
  AREA=$AREA-$(printf '%s' "$PG_CONFIG" | sha256sum | cut -c1-6)
fi
TREE=$AREA/tree

# Places in the private tree; needs an installed Postgres.
private_places() {
  [ -x "$PG_CONFIG" ] || die "no Postgres $PG here yet: run make setup"
  BINDIR=$TREE$("$PG_CONFIG" --bindir)
  PKGLIBDIR=$TREE$("$PG_CONFIG" --pkglibdir)
  SHAREDIR=$TREE$("$PG_CONFIG" --sharedir)
  PGXSDIR=$TREE$(dirname "$("$PG_CONFIG" --pgxs)")
  # Not needed if the programs find their libraries in the tree: other programs that tests start would use these
  # libraries too.
  local libdir
  libdir=$("$PG_CONFIG" --libdir)
  if [[ $libdir != /usr/lib/* ]] && own_libraries_elsewhere; then TREE_ENV=("LD_LIBRARY_PATH=$TREE$libdir"); fi
}

own_libraries_elsewhere() {
  ldd "$BINDIR/postgres" "$BINDIR/psql" 2>/dev/null |
    awk -v tree="$TREE/" '/not found/ || ($3 ~ /^\// && $3 !~ /^(\/usr)?\/lib/ && index($3, tree) != 1) { found = 1 } END { exit !found }'
}

# One run at a time: takes the named lock or says who has it. The lock goes with the process.
only_one() {
  exec 9>"$AREA/$1.lock"
  flock -n 9 || die "$2"
}

# Copies the checkout, without what is built, to where the server's user can read it.
stage_checkout() {
  local to=$1
  as_server rm -rf "$to"
  as_server mkdir -p "$to"
  tar -C "$ROOT" --exclude=./target --exclude=./.git --exclude=node_modules --exclude=.venv -cf - . | as_server tar -C "$to" --no-same-owner -xf -
}
