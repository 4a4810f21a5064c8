#!/usr/bin/env bash
# lint.sh [format|clippy|scripts]...   all three when none is named
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

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
  cargo "${same_flags[@]}" clippy --release -p rct-core -p rct-tests --all-targets -- -D warnings
  cargo "${same_flags[@]}" clippy --release -p pg_rct --no-default-features --features "pg$PG_MAJOR" --all-targets -- -D warnings
}

lint_scripts() {
  local file
  for file in .ci/*; do
    if [ -f "$file" ] && head -n 1 "$file" | grep -q bash; then bash -n "$file"; fi
  done
  if command -v shellcheck >/dev/null; then shellcheck -x .ci/*.sh .ci/run; fi
}

if [ $# -eq 0 ]; then set -- format scripts clippy; fi
for what in "$@"; do
  say "lint: $what"
  "lint_$what"
done
