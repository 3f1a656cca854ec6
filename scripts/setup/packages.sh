#!/usr/bin/env bash
# Owns the Debian packages: finds out which are missing and installs only those. Never touches an existing cluster,
# and keeps a new server package from making one of its own. With --tests: packages that only tests use, which are
# optional; names after it replace this list. With --tools PACKAGE...: only these packages, or fail.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
. "$SCRIPTS/lib/postgres.sh"

TOOLS=()
if [ "${1:-}" = --tools ]; then TOOLS=("${@:2}"); fi
# A Postgres that the caller brings needs no server package; its compiler and libclang are the caller's affair too.
[ "$PG_ORIGIN" != given ] || [ ${#TOOLS[@]} -gt 0 ] || exit 0

NO_CLUSTER_DIR=/etc/postgresql-common/createcluster.d
NO_CLUSTER=$NO_CLUSTER_DIR/health_score-setup.conf
INSTALL='apt-get install -y --no-install-recommends'

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# libclang is for bindgen, which translates the headers of Postgres.
wanted_packages() {
  if [ ${#TOOLS[@]} -gt 0 ]; then
    printf '%s\n' "${TOOLS[@]}"
    return
  fi
  if [ "$PG_ORIGIN" = debian ]; then printf '%s\n' "postgresql-$PG" "postgresql-server-dev-$PG"; fi
  echo libclang-dev
  command -v cc >/dev/null && [ -e /usr/include/stdio.h ] || echo build-essential
}

missing_packages() {
  local package
  for package in $(wanted_packages); do
    installed "$package" || printf '%s ' "$package"
  done
}

privileged() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

can_be_root() {
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null || [ -t 0 ]
}

tell_what_to_run() {
  cat >&2 <<TELL
error: packages are missing, and there is no sudo here. As root, run

  mkdir -p $NO_CLUSTER_DIR
  echo 'create_main_cluster = false' > $NO_CLUSTER
  apt-get update && $INSTALL $1
  rm $NO_CLUSTER

(the file keeps the package from starting a database server of its own), then run make again.
TELL
  exit 1
}

update_lists() {
  [ -z "${lists_fresh:-}" ] || return 0
  lists_fresh=yes
  say "reading the package lists (apt-get update)"
  privileged apt-get -qq update || say "apt-get update failed; trying with the lists that are here"
}

forbid_main_cluster() {
  trap allow_main_cluster EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  [ -d "$NO_CLUSTER_DIR" ] || made_dir=yes
  privileged mkdir -p "$NO_CLUSTER_DIR"
  echo 'create_main_cluster = false' | privileged tee "$NO_CLUSTER" >/dev/null
}

allow_main_cluster() {
  privileged rm -f "$NO_CLUSTER"
  [ -z "${made_dir:-}" ] || privileged rmdir --ignore-fail-on-non-empty "$NO_CLUSTER_DIR" 2>/dev/null || true
}

# For an installed server; what cannot be had is skipped by its tests.
install_for_tests() {
  local package
  if ! command -v dpkg-query >/dev/null || ! can_be_root; then return; fi
  for package in "$@"; do
    if installed "$package" || [ -z "$(apt-cache madison "$package" 2>/dev/null)" ]; then continue; fi
    say "installing $package for the tests"
    # shellcheck disable=SC2086  # a list of words
    privileged env DEBIAN_FRONTEND=noninteractive $INSTALL -qq "$package" </dev/null >&2 || say "could not install $package"
  done
}

if [ "${1:-}" = --tests ]; then
  shift
  [ $# -gt 0 ] || set -- "postgresql-$PG-cron" python3-psycopg python3-venv sqlsmith
  install_for_tests "$@"
  exit 0
fi

command -v dpkg-query >/dev/null ||
  die "this is not Debian or Ubuntu: give PG_CONFIG=/path/to/pg_config of a Postgres 15 to 18 with its headers"

# Empty or old lists are no reason to take another version, or to obtain a server that apt would offer.
unsure_of_server() {
  [ ${#TOOLS[@]} = 0 ] && [ -z "${ASSERTIONS:-}" ] && ! server_installed "$PG" || return 1
  [ "$PG" != "${PG_GIVEN:-$PG_DEFAULT}" ] || { [ "$PG_ORIGIN" = obtained ] && [ ! -x "$PG_CONFIG" ]; }
}

if unsure_of_server && can_be_root; then
  update_lists
  resolve_postgres
fi
missing=$(missing_packages)
[ -n "$missing" ] || exit 0
can_be_root || tell_what_to_run "$missing"
[ -n "$PG_GIVEN" ] || [ "$PG" = "$PG_DEFAULT" ] || say "this system has no Postgres $PG_DEFAULT package: taking Postgres $PG"

say "installing $missing(a minute or two)"
forbid_main_cluster
# shellcheck disable=SC2086  # a list of words
install_missing() { privileged env DEBIAN_FRONTEND=noninteractive $INSTALL -qq $missing </dev/null >&2; }
install_missing || { update_lists; install_missing; } || die "apt-get could not install: $missing"
