#!/usr/bin/env bash
# make fuzz: each fuzzer of fuzz/ for FUZZ_SECONDS (600), or only those of FUZZ="document states". What it finds lies in
# target/fuzz/artifacts/; what it learns is kept in target/fuzz/corpus/. A fixed finding goes to fuzz/seeds/, which make
# test-engine replays.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"

CARGO_FUZZ=0.13.2
SECONDS_EACH=${FUZZ_SECONDS:-600}
read -ra fuzzers <<<"${FUZZ:-document jsonb states}"

command -v cargo >/dev/null || die "Rust is not here: install it with rustup, then run make again"
command -v c++ >/dev/null || die "libFuzzer is built with a C++ compiler: install g++ (Debian: build-essential)"
if [ "$(cargo fuzz --version 2>/dev/null)" != "cargo-fuzz $CARGO_FUZZ" ]; then
  say "building cargo-fuzz $CARGO_FUZZ (once; a minute or two)"
  cargo install --locked cargo-fuzz --version "$CARGO_FUZZ"
fi

# The address sanitizer and the coverage that libFuzzer follows are switches of an unstable compiler; the stable one has them
# too, and nothing else here is unstable.
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$ROOT/target/fuzz/build
cd "$ROOT"
for fuzzer in "${fuzzers[@]}"; do
  [ -f "fuzz/targets/$fuzzer.rs" ] || die "FUZZ: there is no fuzzer named $fuzzer"
  say "fuzzing $fuzzer for $SECONDS_EACH seconds"
  corpus=target/fuzz/corpus/$fuzzer
  found=target/fuzz/artifacts/$fuzzer/
  mkdir -p "$corpus" "$found"
  dictionary=()
  [ ! -f "fuzz/$fuzzer.dict" ] || dictionary=(-dict="fuzz/$fuzzer.dict")
  cargo fuzz run --fuzz-dir fuzz --features libfuzzer "$fuzzer" "$corpus" "fuzz/seeds/$fuzzer" -- \
    -max_total_time="$SECONDS_EACH" -max_len=8192 -timeout=25 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$found" "${dictionary[@]}" 2>&1 | tee "target/fuzz/$fuzzer.log" |
    grep -E --line-buffered '^(==|SUMMARY|thread|stat::|Done|error)' ||
    die "$fuzzer has stopped: see target/fuzz/$fuzzer.log"
  grep -q '^Done ' "target/fuzz/$fuzzer.log" || die "$fuzzer has found something: see $found and target/fuzz/$fuzzer.log"
done
