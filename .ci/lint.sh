#!/usr/bin/env bash
# lint.sh [format|scripts|clippy|dependencies|advisories]...   all of them when none is named
# What cannot be done here is skipped and says so; the exit code is 77 when nothing else was asked for.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

skipped=
skip() {
  skipped+=" $what"
  say "SKIPPED, $what: $1"
}

need_component() {
  if cargo "$1" --version >/dev/null 2>&1; then return; fi
  if command -v rustup >/dev/null; then
    say "installing $2 (rustup component add $2)"
    rustup component add "$2" && return
  fi
  die "cargo $1 is missing; install it with: rustup component add $2"
}

lint_format() {
  need_component fmt rustfmt
  cargo fmt --all --check
}

# The release profile, because its bindings to PostgreSQL are the ones that the extension is built with anyway.
lint_clippy() {
  need_component clippy clippy
  need_pg
  cargo clippy --release --workspace --no-default-features --features "pg$PG_MAJOR" --all-targets -- -D warnings
}

lint_scripts() {
  local file scripts=(.ci/*.sh .ci/run benches/*.sh demo/*.sh)
  for file in "${scripts[@]}"; do bash -n "$file"; done
  if command -v shellcheck >/dev/null; then shellcheck -x "${scripts[@]}"; else skip "shellcheck is not installed"; fi
}

have_cargo_deny() {
  if cargo deny --version >/dev/null 2>&1; then return; fi
  skip "cargo-deny is not installed (cargo install --locked cargo-deny, some minutes)"
  return 1
}

# Licences, sources and bans need nothing but the crates that were downloaded to build.
lint_dependencies() {
  have_cargo_deny || return 0
  cargo deny --locked check licenses sources bans
}

# Needs the advisories of RustSec, which are a git repository.
lint_advisories() {
  have_cargo_deny || return 0
  if ! cargo deny fetch db; then
    skip "the advisories of RustSec cannot be fetched"
    return 0
  fi
  cargo deny --locked check --disable-fetch advisories
}

if [ $# -eq 0 ]; then set -- format scripts clippy dependencies advisories; fi
for what in "$@"; do
  say "lint: $what"
  "lint_$what"
done
if [ "$skipped" = " $*" ]; then exit 77; fi
