#!/usr/bin/env bash
# Prints the path of a pgbouncer for the tests: Debian's packages unpacked in the work directory, since an installed package would
# start a service. Fails, having said why, where they cannot be had.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
. "$SCRIPTS/lib/postgres.sh"
. "$SCRIPTS/lib/work.sh"
make_work_directory

place=$WORK/pgbouncer
exec 8>"$WORK/pgbouncer.lock"
flock 8
if [ ! -x "$place/pgbouncer" ]; then
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then die "pgbouncer: this is not Debian or Ubuntu"; fi
  say "unpacking pgbouncer for the tests"
  rm -rf "$place" "$place.new"
  mkdir -p "$place.new/packages"
  download() {
    local libraries
    libraries=$(apt-cache depends pgbouncer 2>/dev/null | sed -nE 's/^ *Depends: (lib(cares|event)[^ ]*)$/\1/p')
    # shellcheck disable=SC2086  # a list of words
    (cd "$place.new/packages" && apt-get -qq -o APT::Sandbox::User= download pgbouncer $libraries) >"$WORK/pgbouncer.log" 2>&1
  }
  # A machine that never read the package lists knows no package.
  download || { [ "$ME" = 0 ] && apt-get -qq update >&2 && download; } ||
    { tail -n 3 "$WORK/pgbouncer.log" >&2; die "pgbouncer: its packages could not be downloaded"; }
  for package in "$place.new"/packages/*.deb; do dpkg-deb -x "$package" "$place.new/root"; done
  rm -r "$place.new/packages"
  cat >"$place.new/pgbouncer" <<PROGRAM
#!/bin/sh
LD_LIBRARY_PATH=\$(echo '$place'/root/usr/lib/*/ '$place'/root/lib/*/ | tr ' ' ':') exec '$place/root/usr/sbin/pgbouncer' "\$@"
PROGRAM
  chmod -R a+rX "$place.new"
  chmod a+x "$place.new/pgbouncer"
  mv "$place.new" "$place"
  "$place/pgbouncer" --version >/dev/null || { rm -rf "$place"; die "pgbouncer does not start here"; }
fi
printf '%s\n' "$place/pgbouncer"
