# shellcheck shell=bash
# Shared by the scripts in .ci/: paths, messages, what Cargo.toml says, and which PostgreSQL to build for.
# Source it; it does nothing but define names and extend PATH.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
target=${CARGO_TARGET_DIR:-$root/target}
case $target in /*) ;; *) target=$root/$target ;; esac

# cargo must not see a make job server that it cannot use
unset MAKEFLAGS MFLAGS MAKELEVEL

say() { printf '==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  if [ $# -gt 0 ]; then printf '       %s\n' "$@" >&2; fi
  exit 1
}

# What Cargo.toml says: the oldest Rust, the versions of PostgreSQL, and the one of them that is built by default.
rust_wanted() { sed -nE 's/^rust-version = "(.*)"$/\1/p' "$root/Cargo.toml" | head -n 1; }
pg_supported() { sed -nE 's/^pg([0-9]+) = .*/\1/p' "$root/Cargo.toml"; }
pg_default() { sed -nE 's/^default = \["pg([0-9]+)"\]$/\1/p' "$root/Cargo.toml"; }

# version_at_least HAVE WANT: compares dotted numbers.
version_at_least() {
  awk -v have="$1" -v want="$2" 'BEGIN {
    n = split(want, w, "."); split(have, h, ".")
    for (i = 1; i <= n; i++) {
      if (h[i] + 0 > w[i] + 0) exit 0
      if (h[i] + 0 < w[i] + 0) exit 1
    }
  }'
}

# The digest of standard input, whatever the system calls the program.
digest() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1
}

# sum_up FILE...: files with one line "N passed, N failed[, N skipped]" each, as one such line.
sum_up() {
  awk '{ for (i = 1; i < NF; i += 2) n[substr($(i + 1), 1, 4)] += $i }
    END { printf "%d passed, %d failed%s\n", n["pass"], n["fail"], n["skip"] ? ", " n["skip"] " skipped" : "" }' "$@"
}

# Runs a command as root: directly, or through sudo. Dies with what to do when neither is possible.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this step needs root, and there is no sudo:" "$*" "Run it as root, then repeat."
  fi
}

# ---- which PostgreSQL ------------------------------------------------------------------------------------------------

pg_major() { "$1" --version | sed -E 's/^[^0-9]*([0-9]+).*$/\1/'; }

# pg_complete PG_CONFIG: the server programs and the server headers are both there.
pg_complete() {
  local include bin
  include=$("$1" --includedir-server 2>/dev/null) && bin=$("$1" --bindir 2>/dev/null) || return 1
  [ -f "$include/postgres.h" ] && [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] && [ -x "$bin/psql" ]
}

# Every pg_config worth a look for major version $1, best first.
pg_candidates() {
  command -v pg_config || true
  printf '%s\n' \
    "/usr/lib/postgresql/$1/bin/pg_config" \
    "/usr/pgsql-$1/bin/pg_config" \
    "/usr/local/pgsql/bin/pg_config"
}

# The first complete installation of major version $1.
pg_find() {
  local candidate
  while read -r candidate; do
    [ -x "$candidate" ] || continue
    [ "$(pg_major "$candidate")" = "$1" ] || continue
    if pg_complete "$candidate"; then
      echo "$candidate"
      return 0
    fi
  done < <(pg_candidates "$1")
  return 1
}

# resolve_pg: sets PG_CONFIG (absolute), PG_MAJOR and PG_BINDIR, and tells the build of pgrx which PostgreSQL that is.
#   PG_CONFIG=/path/to/pg_config   this one
#   PG=16                          an installed PostgreSQL 16
#   neither                        the default of Cargo.toml, else whatever supported version is installed
# When nothing fits it returns 1 and leaves the version to install in PG_WANTED ("" = no preference).
resolve_pg() {
  local found major
  PG_WANTED=${PG:-}
  if [ -n "${PG_CONFIG:-}" ]; then
    found=$(command -v "$PG_CONFIG") || die "PG_CONFIG=$PG_CONFIG is not a program"
    major=$(pg_major "$found")
    if [ -n "${PG:-}" ] && [ "$PG" != "$major" ]; then
      die "PG=$PG and PG_CONFIG=$PG_CONFIG (PostgreSQL $major) contradict each other"
    fi
    PG_WANTED=$major
    if ! pg_complete "$found"; then found=; fi
  elif [ -n "${PG:-}" ]; then
    found=$(pg_find "$PG") || found=
  else
    found=
    for major in $(pg_default) $(pg_supported | sort -rn); do
      if found=$(pg_find "$major"); then break; else found=; fi
    done
  fi
  if [ -n "$PG_WANTED" ] && ! pg_supported | grep -qx "$PG_WANTED"; then
    die "PostgreSQL $PG_WANTED is not supported; pg_rct builds for: $(pg_supported | xargs)"
  fi
  [ -n "$found" ] || return 1
  PG_BINDIR=$("$found" --bindir)
  # Debian's /usr/bin/pg_config changes its mind when another version is installed; the one beside the server does not
  if [ -x "$PG_BINDIR/pg_config" ]; then found=$PG_BINDIR/pg_config; fi
  PG_CONFIG=$found
  PG_MAJOR=$(pg_major "$found")
  export PG_CONFIG PG_MAJOR PG_BINDIR PGRX_PG_CONFIG_PATH=$PG_CONFIG
}

need_pg() {
  resolve_pg || die "no complete PostgreSQL ${PG_WANTED:-installation} (server and headers) found" \
    "run: make setup${PG_WANTED:+ PG=$PG_WANTED}"
}

# ---- Rust ------------------------------------------------------------------------------------------------------------

cargo_version() { (cargo --version 2>/dev/null || true) | sed -E 's/^cargo ([0-9.]+).*$/\1/'; }

# A cargo from rustup that the shell does not know yet, or that hides behind an older one of the system.
find_cargo() {
  local home=${CARGO_HOME:-${HOME:-/root}/.cargo}
  if version_at_least "$(cargo_version)" "$(rust_wanted)"; then return; fi
  if [ -x "$home/bin/cargo" ]; then PATH=$home/bin:$PATH; fi
}
find_cargo
export PATH
