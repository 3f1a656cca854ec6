# Thin: every target is one script under scripts/. Works from any directory (make -C here demo, make -f here/Makefile demo).
SCRIPTS := $(shell cd "$$(dirname "$(strip $(MAKEFILE_LIST))")" && pwd)/scripts

# PG=16 chooses another Postgres, PG_CONFIG=/path/to/pg_config one of your own, DATA=<dir> more demo data, TESTS="a b" some tests.
export PG PG_CONFIG DATA TESTS
export INVOKED_FROM := $(PWD)

.PHONY: help setup build install demo dashboard psql test test-engine regress regress-accept isolation matrix test-assert ci package test-package test-dbt test-dashboard lint docs book bench fuzz faults soak valgrind clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' "$(SCRIPTS)/../Makefile" | expand -t 24
	@echo
	@echo '  PG=16              Postgres version (15 is the default; 16, 17, 18): of the system'"'"'s packages, else obtained'
	@echo '  PG_CONFIG=/path    pg_config of a Postgres of your own; overrides PG'

setup: ## install what is missing: Postgres, its headers, libclang
	@"$(SCRIPTS)/setup.sh"

build: ## build the extension; its files land in target/package/
	@"$(SCRIPTS)/build.sh"

install: ## build, and install into a private copy of Postgres (the system stays untouched)
	@"$(SCRIPTS)/install.sh"

demo: ## a sample company, scored and explained (DATA=<dir>: real-world data sets too)
	@"$(SCRIPTS)/demo.sh"

dashboard: ## Superset with the dashboard on the demo's database, until Ctrl-C
	@"$(SCRIPTS)/dashboard.sh"

psql: ## psql in the demo's database
	@"$(SCRIPTS)/psql.sh"

test: ## everything: lint, engine, regression, isolation and script tests
	@"$(SCRIPTS)/test.sh" all

test-engine: ## the engine's tests; no Postgres needed
	@"$(SCRIPTS)/test/engine.sh"

regress: ## SQL regression tests (TESTS="errors cache": only these)
	@"$(SCRIPTS)/test.sh" regress

regress-accept: ## take the last results as the expected ones, for review in git diff
	@"$(SCRIPTS)/test/accept.sh"

isolation: ## concurrency tests
	@"$(SCRIPTS)/test.sh" isolation

package: ## a Debian package in target/deb/
	@"$(SCRIPTS)/package.sh"

test-package: ## the package goes onto a bare Postgres, scores, and off again
	@"$(SCRIPTS)/test/package.sh"

matrix: ## the whole suite on Postgres 15, 16, 17 and 18 (an hour; PG="16 18": only these)
	@"$(SCRIPTS)/test/matrix.sh"

test-assert: ## regression and isolation tests on a Postgres with assertions, in parallel workers and without caches
	@"$(SCRIPTS)/test/assert.sh"

ci: ## what .ci/run runs: everything, then the regression tests on Postgres 18 and the dashboard
	@"$(SCRIPTS)/ci.sh"

test-dbt: ## the dbt package, by its integration tests
	@"$(SCRIPTS)/test/dbt.sh"

test-dashboard: ## the dashboard, by a browser (installs Superset, 800 MB, and chromium)
	@"$(SCRIPTS)/test/dashboard.sh"

lint: ## formatting, clippy, shellcheck
	@"$(SCRIPTS)/lint.sh"

docs: ## write docs/reference.md and docs/internals.md from the comments in the catalog
	@"$(SCRIPTS)/docs.sh"

book: ## README and docs/ as a book with search, in target/book (mdBook, built once)
	@"$(SCRIPTS)/docs/book.sh"

bench: ## benchmarks
	@"$(SCRIPTS)/bench.sh"

fuzz: ## the fuzzers, ten minutes each (FUZZ_SECONDS=60, FUZZ="document": only these)
	@"$(SCRIPTS)/test/fuzz.sh"

faults: ## what kills, fills and starves a server, and 5,000 random statements
	@SQLSMITH_STATEMENTS=$${SQLSMITH_STATEMENTS:-5000} FAULT_ROOMS="2 6 20 40 80 160 256" TESTS="faults sqlsmith cancel refresh" "$(SCRIPTS)/test.sh" shell

soak: ## eight clients for ten minutes (SOAK_SECONDS=60)
	@SOAK_SECONDS=$${SOAK_SECONDS:-600} TESTS=soak "$(SCRIPTS)/test.sh" shell

valgrind: ## what touches raw memory, under valgrind (half an hour)
	@"$(SCRIPTS)/test/valgrind.sh"

clean: ## remove target/ and the work directory with its clusters
	@"$(SCRIPTS)/clean.sh"
