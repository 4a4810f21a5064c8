# pg_rct: see `make help`. The work is done by the scripts in .ci/.
# Another PostgreSQL:  make test PG=16   or   make test PG_CONFIG=/path/to/pg_config

PG_CONFIG ?=
PG ?=
VERSIONS ?=
export PG_CONFIG PG

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup install demo test test-matrix bench lint clean

help:
	@echo "make demo         build, install, and run the demonstration in a private cluster"
	@echo "make test         lint, unit tests, and tests against a private cluster; ends with: N passed, N failed"
	@echo "make test-matrix  the tests that need a server on PostgreSQL 16, 17 and 18, which it fetches (VERSIONS=\"16 18\": these)"
	@echo "make install      build (release) and install into the directories of PostgreSQL (root or sudo)"
	@echo "make bench        benchmarks, in a private durable cluster"
	@echo "make lint         format, scripts, clippy -D warnings, licences and sources of dependencies"
	@echo "make setup        install what is missing: PostgreSQL, clang (Debian, Ubuntu; needs Rust)"
	@echo "make clean        remove what was built"
	@echo "make help         this list"
	@echo
	@echo "PG=16 or PG_CONFIG=/path/to/pg_config chooses the PostgreSQL; otherwise the default of Cargo.toml."

setup:
	@.ci/setup.sh
	@echo "==> everything that is needed is there"

install:
	@.ci/setup.sh
	@.ci/install.sh
	@echo "==> in psql:  CREATE EXTENSION pg_rct;"

demo:
	@.ci/setup.sh
	@.ci/install.sh
	@.ci/demo.sh

test:
	@.ci/setup.sh
	@.ci/test.sh

test-matrix:
	@.ci/setup.sh
	@.ci/matrix.sh $(VERSIONS)

bench:
	@.ci/setup.sh
	@.ci/install.sh
	@.ci/cluster.sh run --profile bench -- bash benches/run.sh

lint:
	@.ci/setup.sh
	@.ci/lint.sh

clean:
	@.ci/clean.sh
