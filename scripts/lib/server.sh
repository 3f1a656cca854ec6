# shellcheck shell=bash
# Sourced after env.sh by what runs servers of the private tree, once install.sh has filled it: which Postgres, the work directory
# and the clusters in it.

. "$SCRIPTS/lib/postgres.sh"
. "$SCRIPTS/lib/work.sh"
. "$SCRIPTS/lib/cluster.sh"
private_places
make_work_directory
