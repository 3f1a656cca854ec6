# shellcheck shell=bash
# Sourced first by every script: the checkout's place, messages, cargo on PATH, a clean environment.
# Never starts, installs or removes anything.
# shellcheck disable=SC2034  # the variables are for those who source this

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SCRIPTS=$ROOT/scripts
EXTENSION=health_score
# The server's user reads files that the user of make creates.
umask 022

# Messages go to stderr, so that `echo 'select 1' | make psql` prints rows and nothing else.
say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# A shell that was not a login shell often lacks cargo's directory.
cargo_bin=${CARGO_HOME:-${HOME:-/root}/.cargo}/bin
case ":$PATH:" in
  *":$cargo_bin:"*) ;;
  *) if [ -d "$cargo_bin" ]; then PATH=$cargo_bin:$PATH; fi ;;
esac
export PATH
[ -t 2 ] || export CARGO_TERM_COLOR=never

# make's own jobserver is not meant for the builds started from here.
unset MAKEFLAGS MAKELEVEL MFLAGS
# The caller's Postgres must never be the one that is tested or filled.
unset PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE \
  PGOPTIONS PGDATA PGTZ PGCLIENTENCODING PGDATESTYLE PGSSLMODE PGAPPNAME
