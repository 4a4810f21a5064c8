#!/usr/bin/env bash
# Installs what is missing to build and test pg_rct, and nothing else. Safe to run again; says nothing when all is there.
# Debian and Ubuntu: apt-get, as root or through sudo. Elsewhere: a list of what to install.
#   PG=16 or PG_CONFIG=/path/to/pg_config chooses the PostgreSQL version.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

# ---- Rust first: it is the one thing that is not installed from here -------------------------------------------------

rust=$(rust_wanted)
have=$(cargo_version)
if ! version_at_least "$have" "$rust"; then
  if [ -n "$have" ]; then problem="cargo $have is too old"; else problem="cargo is not installed"; fi
  if command -v rustup >/dev/null; then
    die "$problem: pg_rct needs Rust $rust or newer." "rustup toolchain install stable && rustup default stable"
  fi
  die "$problem: pg_rct needs Rust $rust or newer, and the packages of the distribution are usually older." \
    "Install it from https://rustup.rs:" \
    "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y" \
    "then run make again (a new shell is not needed)."
fi

# ---- system packages -------------------------------------------------------------------------------------------------

has_libclang() {
  local dir
  if [ -n "${LIBCLANG_PATH:-}" ]; then return 0; fi
  for dir in /usr/lib/llvm-*/lib /usr/lib /usr/lib64 /usr/local/lib "/usr/lib/$(uname -m)-linux-gnu"; do
    if compgen -G "$dir/libclang*.so*" >/dev/null; then return 0; fi
  done
  return 1
}

packages=()
if ! command -v cc >/dev/null || ! command -v make >/dev/null; then packages+=(build-essential); fi
if ! command -v clang >/dev/null && ! compgen -G '/usr/bin/clang-[0-9]*' >/dev/null; then packages+=(clang); fi
if ! has_libclang; then packages+=(libclang-dev); fi

missing_pg=
if ! resolve_pg; then missing_pg=${PG_WANTED:-any}; fi

offers() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }
apt_updated=
apt_update() {
  if [ -n "$apt_updated" ]; then return; fi
  say "refreshing the package lists (apt-get update)"
  as_root apt-get update -qq || note "apt-get update failed; going on with the lists that are there"
  apt_updated=yes
}

if [ ${#packages[@]} -gt 0 ] || [ -n "$missing_pg" ]; then
  if ! command -v apt-get >/dev/null; then
    die "missing on this system:" \
      ${packages[@]+"$(printf '%s ' "${packages[@]}")(Debian names)"} \
      ${missing_pg:+"PostgreSQL, one of $(pg_supported | xargs): server, client and server headers"} \
      "Install them with the system's own package manager; PG_CONFIG=/path/to/pg_config tells make where PostgreSQL is."
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    major=${missing_pg/any/$(pg_default)}
    die "packages are missing, and installing them needs root or sudo. As root:" "apt-get update" \
      "apt-get install -y ${packages[*]-}${missing_pg:+ postgresql-$major postgresql-server-dev-$major}"
  fi
  if [ -n "$missing_pg" ]; then
    wanted=$missing_pg
    if [ "$wanted" = any ]; then wanted="$(pg_default) $(pg_supported | sort -rn | xargs)"; fi
    chosen=
    for pass in now updated; do
      if [ "$pass" = updated ]; then apt_update; fi
      # an out-of-date list must not decide for another version than the default one
      for major in $wanted; do
        if offers "postgresql-$major" && offers "postgresql-server-dev-$major"; then
          chosen=$major
          break 2
        fi
        if [ "$pass" = now ]; then break; fi
      done
    done
    if [ -z "$chosen" ]; then
      die "this distribution offers no PostgreSQL ${wanted// / or }." \
        "Add the repository of the PostgreSQL project and run make again:" \
        "  apt-get install -y postgresql-common && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y"
    fi
    packages+=("postgresql-$chosen" "postgresql-server-dev-$chosen")
  fi
  for package in "${packages[@]}"; do
    if ! offers "$package"; then apt_update; fi
  done
  say "installing with apt-get: ${packages[*]}"
  mkdir -p "$target/ci"
  log=$target/ci/apt-get.log
  apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$log" 2>&1
  }
  if ! apt_install; then
    apt_update # the lists may name versions that the mirror no longer has
    if ! apt_install; then
      tail -n 20 "$log" >&2
      die "apt-get could not install: ${packages[*]}" "log: $log"
    fi
  fi
  need_pg
fi
