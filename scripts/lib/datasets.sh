# shellcheck shell=bash
# Sourced after env.sh: the optional real-world data sets of the demo (DATA=<dir>). Sets DATA_DIR, empty without DATA.

DATA_SETS='telco_customer_churn saas_accounts'
DATA_DIR=

# A relative DATA counts from where make was called; under make -C that is not where make works.
find_data_sets() {
  local place name
  [ -n "${DATA:-}" ] || return 0
  for place in "$DATA" "${INVOKED_FROM:-$PWD}/$DATA" "$PWD/$DATA" "$ROOT/$DATA"; do
    case $place in /*) ;; *) continue ;; esac
    if [ -d "$place" ]; then DATA_DIR=$(cd "$place" && pwd) && break; fi
  done
  [ -n "$DATA_DIR" ] || die "DATA=$DATA: no such directory"
  for name in $DATA_SETS; do
    [ -r "$DATA_DIR/$name.csv.gz" ] || die "DATA=$DATA: $DATA_DIR/$name.csv.gz is not there"
  done
  for name in telco saas; do
    [ -f "$ROOT/demo/$name.sql" ] || die "demo/$name.sql is not there"
  done
}

# Needs work.sh.
unpack_data_sets() {
  local name
  as_server mkdir -p "$1"
  for name in $DATA_SETS; do
    gzip -dc "$DATA_DIR/$name.csv.gz" | as_server tee "$1/$name.csv" >/dev/null
  done
}
