# shellcheck shell=bash
# Sourced after env.sh: which Postgres to build for. Sets PG (major version) and PG_CONFIG (its pg_config).
# Installs nothing. Callers set PG=16, or PG_CONFIG=/path, which overrides PG.

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
  else
    PG=${PG_GIVEN:-$(choose_version)}
    PG_CONFIG=$(debian_pg_config "$PG")
  fi
  case " $PG_DEFAULT $PG_NEWER " in
    *" $PG "*) ;;
    *) die "PG=$PG: the supported versions are $PG_DEFAULT $PG_NEWER" ;;
  esac
}

# What pgrx's configuration says about this version, if anything.
pgrx_configured() {
  local config=${PGRX_HOME:-$HOME/.pgrx}/config.toml
  [ -f "$config" ] || return 0
  sed -n "s/^pg$PG *= *[\"']\\(.*\\)[\"'].*/\\1/p" "$config"
}

# pgrx takes its headers from its own configuration. Where that names another Postgres, ours goes first.
point_pgrx_at_postgres() {
  local configured
  configured=$(pgrx_configured)
  if [ -n "$configured" ] && [ -x "$configured" ] &&
    [ "$("$configured" --includedir-server)" = "$("$PG_CONFIG" --includedir-server)" ]; then
    return
  fi
  if [ -n "$PG_CONFIG_GIVEN$configured" ]; then
    export PGRX_PG_CONFIG_PATH=$PG_CONFIG
  fi
}

resolve_postgres
