#!/usr/bin/env bash
# Builds the extension (release) and installs it into the directories of the chosen PostgreSQL, unless exactly this
# source is already installed there. PostgreSQL looks for extensions nowhere else before version 18.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
need_pg

extension_dir=$("$PG_CONFIG" --sharedir)/extension
library_dir=$("$PG_CONFIG" --pkglibdir)
stamp=$target/.installed-pg$PG_MAJOR

# Everything that the build reads, and where the result goes.
source_digest() {
  {
    echo "$PG_CONFIG $("$PG_CONFIG" --version) $(cargo --version)"
    find src sql Cargo.toml Cargo.lock pg_rct.control pgrx.toml -type f 2>/dev/null | LC_ALL=C sort | while read -r file; do
      echo "$file $(digest <"$file")"
    done
  } | digest
}
# What is in those directories now: somebody else may have replaced it.
installed_digest() {
  cat "$library_dir"/pg_rct.* "$extension_dir"/pg_rct.control "$extension_dir"/pg_rct--*.sql 2>/dev/null | digest
}

# cargo writes Cargo.lock when it is missing or out of date: settle it before taking the digest
cargo metadata --format-version 1 >/dev/null

wanted=$(source_digest)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted $(installed_digest)" ]; then
  say "pg_rct is up to date in PostgreSQL $PG_MAJOR ($library_dir)"
  exit 0
fi

sudo=()
if [ -w "$extension_dir" ] && [ -w "$library_dir" ]; then
  :
elif command -v sudo >/dev/null; then
  sudo=(--sudo)
else
  die "no permission to write to $extension_dir and $library_dir, and there is no sudo." \
    "Run make as root, or use a PostgreSQL of your own: make PG_CONFIG=/path/to/pg_config"
fi

if compgen -G "$target/release/libpg_rct.*" >/dev/null; then how="what changed"; else how="about 3 minutes the first time"; fi
say "building pg_rct for PostgreSQL $PG_MAJOR (release), $how"
say "and installing it into $library_dir and $extension_dir${sudo[0]:+ with sudo}"
rm -f "$stamp"
# with --sudo cargo-pgrx would overwrite the library in place, under the feet of servers that have it loaded
if [ ${#sudo[@]} -gt 0 ]; then sudo rm -f "$library_dir/pg_rct.so"; fi
"$(cargo_pgrx)" pgrx install --release --pg-config "$PG_CONFIG" \
  --no-default-features --features "pg$PG_MAJOR" ${sudo[@]+"${sudo[@]}"}

echo "$wanted $(installed_digest)" >"$stamp"
