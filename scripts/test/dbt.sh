#!/usr/bin/env bash
# make test-dbt: the dbt package alone, by its integration tests, in a throw-away cluster. Part of make test too.
set -euo pipefail
TESTS=dbt exec "$(dirname "${BASH_SOURCE[0]}")/../test.sh" shell
