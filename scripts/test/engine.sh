#!/usr/bin/env bash
# make test-engine: the engine's own tests; no Postgres and no packages needed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"
cd "$ROOT"
say "engine tests (the first time about a minute)"
cargo test --package health-score-engine
say "what the fuzzers know, replayed (the first time half a minute)"
CARGO_TARGET_DIR=$ROOT/target/replay cargo test --manifest-path fuzz/Cargo.toml
