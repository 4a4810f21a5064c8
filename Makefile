# pg_rct: see `make help`. The work is done by the scripts in .ci/.
# Another PostgreSQL:  make test PG=16   or   make test PG_CONFIG=/path/to/pg_config

PG_CONFIG ?=
PG ?=
export PG_CONFIG PG

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup install demo test bench lint clean

help:
	@echo "make demo      build, install, and run the demonstration in a private cluster"
	@echo "make test      lint, unit tests, and tests against a private cluster; ends with: N passed, N failed"
	@echo "make install   build (release) and install into the directories of PostgreSQL (root or sudo)"
	@echo "make bench     benchmarks, in a private durable cluster"
	@echo "make lint      cargo fmt --check, clippy -D warnings"
	@echo "make setup     install what is missing: PostgreSQL, clang, cargo-pgrx (Debian, Ubuntu; needs Rust)"
	@echo "make clean     remove what was built, except the tools that setup compiled"
	@echo "make help      this list"
	@echo
	@echo "PG=16 or PG_CONFIG=/path/to/pg_config chooses the PostgreSQL; otherwise the default of pgrx.toml."

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

bench:
	@.ci/setup.sh
	@.ci/install.sh
	@.ci/cluster.sh run --profile bench -- bash benches/run.sh

lint:
	@.ci/setup.sh
	@.ci/lint.sh

clean:
	@.ci/clean.sh
