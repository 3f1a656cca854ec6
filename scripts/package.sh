#!/usr/bin/env bash
# make package: a Debian package for the server version chosen (PG=16 …) in target/deb/. Built for any processor of the
# architecture: no flags for the one at hand.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/env.sh"
case " ${RUSTFLAGS:-} " in *target-cpu=*) die "RUSTFLAGS chooses a processor: a package is for all of them" ;; esac
"$SCRIPTS/build.sh"
. "$SCRIPTS/lib/postgres.sh"
command -v dpkg-deb >/dev/null || die "dpkg-deb is not here: Debian packages are made on Debian or Ubuntu"

version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" "$ROOT/$EXTENSION.control")
name=postgresql-$PG-health-score
architecture=$(dpkg --print-architecture)
tree=$ROOT/target/deb/$name
package=$ROOT/target/deb/${name}_${version}-1_$architecture.deb

rm -rf "$tree" "$package"
mkdir -p "$tree/DEBIAN" "$tree/usr/lib/postgresql/$PG/lib" "$tree/usr/share/postgresql/$PG/extension" "$tree/usr/share/doc/$name"
# The place where Debian's server looks, not that of the server that the build used.
find "$ROOT/target/package/pg$PG" -name "$EXTENSION.so" -exec install -m 644 '{}' "$tree/usr/lib/postgresql/$PG/lib/" ';'
find "$ROOT/target/package/pg$PG" '(' -name "$EXTENSION.control" -o -name "$EXTENSION--*.sql" ')' -exec install -m 644 '{}' "$tree/usr/share/postgresql/$PG/extension/" ';'
[ -f "$tree/usr/lib/postgresql/$PG/lib/$EXTENSION.so" ] || die "the build left no $EXTENSION.so"
strip --strip-unneeded "$tree/usr/lib/postgresql/$PG/lib/$EXTENSION.so"
install -m 644 "$ROOT/LICENSE" "$tree/usr/share/doc/$name/copyright"
gzip -9nc "$ROOT/CHANGELOG.md" >"$tree/usr/share/doc/$name/changelog.gz"

# The newest symbol version of glibc that the library asks for is the glibc that it needs.
glibc=$(objdump -T "$tree/usr/lib/postgresql/$PG/lib/$EXTENSION.so" | sed -n 's/.*(\{0,1\}GLIBC_\([0-9.]*\).*/\1/p' | sort -V | tail -n 1)
[ -n "$glibc" ] || die "objdump does not tell which glibc $EXTENSION.so needs"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: $name
Version: $version-1
Architecture: $architecture
Maintainer: The health_score developers <noreply@localhost>
Section: database
Priority: optional
Depends: postgresql-$PG, libc6 (>= $glibc), libgcc-s1
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f 1)
Description: explainable customer health scores for PostgreSQL $PG
 Computes customer health scores where the data is: scores, bands, drivers and
 trends by versioned models, a nightly history with alerts and playbooks, and
 proof of whether the score predicts churn.
 .
 After installation: CREATE EXTENSION health_score.
CONTROL
(cd "$tree" && find usr -type f -exec md5sum '{}' + | LC_ALL=C sort -k 2) >"$tree/DEBIAN/md5sums"
find "$tree" -type d -exec chmod 755 '{}' +
dpkg-deb --root-owner-group --build "$tree" "$package" >/dev/null
rm -rf "$tree"
say "$package"
