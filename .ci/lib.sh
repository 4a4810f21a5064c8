# shellcheck shell=bash
# Shared by the scripts in .ci/: paths, messages, the pins in pgrx.toml, and which PostgreSQL to build for.
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

# pin SECTION.KEY: a value of pgrx.toml; a list gives one element per line.
pin() {
  awk -v section="${1%%.*}" -v key="${1#*.}" '
    { sub(/[[:space:]]*#.*$/, "") }
    /^[[:space:]]*\[/ { gsub(/[][[:space:]]/, ""); current = $0; next }
    current == section {
      eq = index($0, "=")
      if (!eq) next
      name = substr($0, 1, eq - 1); gsub(/[[:space:]]/, "", name)
      if (name != key) next
      found = 1
      value = substr($0, eq + 1); gsub(/^[[:space:]]+|[[:space:]]+$/, "", value)
      if (value ~ /^\[.*\]$/) {
        n = split(substr(value, 2, length(value) - 2), items, ",")
      } else {
        n = 1; items[1] = value
      }
      for (i = 1; i <= n; i++) {
        gsub(/^[[:space:]"]+|[[:space:]"]+$/, "", items[i])
        if (items[i] != "") print items[i]
      }
    }
    END { if (!found) exit 1 }
  ' "$root/pgrx.toml" || die "pgrx.toml has no $1"
}

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

pg_supported() { pin postgres.supported | grep -qx "$1"; }

# Every pg_config worth a look for major version $1, best first.
pg_candidates() {
  command -v pg_config || true
  printf '%s\n' \
    "/usr/lib/postgresql/$1/bin/pg_config" \
    "/usr/pgsql-$1/bin/pg_config" \
    "/opt/homebrew/opt/postgresql@$1/bin/pg_config" \
    "/usr/local/opt/postgresql@$1/bin/pg_config" \
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

# resolve_pg: sets PG_CONFIG (absolute), PG_MAJOR and PG_BINDIR.
#   PG_CONFIG=/path/to/pg_config   this one
#   PG=16                          an installed PostgreSQL 16
#   neither                        the default of pgrx.toml, else whatever supported version is installed
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
    for major in $(pin postgres.default) $(pin postgres.supported | sort -rn); do
      if found=$(pg_find "$major"); then break; else found=; fi
    done
  fi
  if [ -n "$PG_WANTED" ] && ! pg_supported "$PG_WANTED"; then
    die "PostgreSQL $PG_WANTED is not supported; pg_rct builds for: $(pin postgres.supported | xargs)"
  fi
  [ -n "$found" ] || return 1
  PG_BINDIR=$("$found" --bindir)
  # Debian's /usr/bin/pg_config changes its mind when another version is installed; the one beside the server does not
  if [ -x "$PG_BINDIR/pg_config" ]; then found=$PG_BINDIR/pg_config; fi
  PG_CONFIG=$found
  PG_MAJOR=$(pg_major "$found")
  export PG_CONFIG PG_MAJOR PG_BINDIR
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
  if version_at_least "$(cargo_version)" "$(pin toolchain.rust)"; then return; fi
  if [ -x "$home/bin/cargo" ]; then PATH=$home/bin:$PATH; fi
}
find_cargo
PATH=$target/tools/bin:$PATH
export PATH

# pgrx keeps its configuration here and not in ~/.pgrx, which may belong to other projects.
export PGRX_HOME=$target/pgrx-home

# The pinned cargo-pgrx: the private one, else the one in PATH. Empty when neither has the pinned version.
cargo_pgrx() {
  local candidate
  for candidate in "$target/tools/bin/cargo-pgrx" "$(command -v cargo-pgrx || true)"; do
    if [ -x "$candidate" ] && [ "$("$candidate" pgrx --version 2>/dev/null)" = "cargo-pgrx $(pin toolchain.pgrx)" ]; then
      echo "$candidate"
      return
    fi
  done
}

# The flags that `cargo pgrx install` builds with (they keep the linker from dropping the schema). Cargo keeps the results
# of different flags apart, so lint and tests use the same ones and nothing is compiled twice.
# shellcheck disable=SC2034
same_flags=(--config 'target."cfg(all(target_family = \"unix\", not(target_os = \"macos\")))".rustflags = ["-C", "link-arg=-Wl,--no-gc-sections"]')
