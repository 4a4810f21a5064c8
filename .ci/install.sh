#!/usr/bin/env bash
# Builds the extension (release) and installs it into the directories of the chosen PostgreSQL, unless exactly this
# source is already installed there. PostgreSQL looks for extensions nowhere else before version 18.
set -euo pipefail
export LC_ALL=C # the order of file names
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
need_pg

extension_dir=$("$PG_CONFIG" --sharedir)/extension
library_dir=$("$PG_CONFIG" --pkglibdir)
stamp=$target/.installed-pg$PG_MAJOR
version=$(sed -nE "s/^default_version = '(.*)'$/\1/p" pg_rct.control)

# Everything that the build reads, and where the result goes.
source_digest() {
  {
    echo "$PG_CONFIG $("$PG_CONFIG" --version) $(cargo --version)"
    find src sql Cargo.toml Cargo.lock pg_rct.control .ci/install.sh -type f | sort | while read -r file; do
      echo "$file $(digest <"$file")"
    done
  } | digest
}
# What is in those directories now: somebody else may have replaced it.
installed_digest() {
  cat "$library_dir/pg_rct.so" "$extension_dir"/pg_rct.control "$extension_dir"/pg_rct--*.sql 2>/dev/null | digest
}

wanted=$(source_digest)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted $(installed_digest)" ]; then
  say "pg_rct is up to date in PostgreSQL $PG_MAJOR ($library_dir)"
  exit 0
fi

sudo=()
if [ -w "$extension_dir" ] && [ -w "$library_dir" ]; then
  :
elif command -v sudo >/dev/null; then
  sudo=(sudo)
else
  die "no permission to write to $extension_dir and $library_dir, and there is no sudo." \
    "Run make as root, or use a PostgreSQL of your own: make PG_CONFIG=/path/to/pg_config"
fi

if [ -f "$target/release/libpg_rct.so" ]; then how="what changed"; else how="about 4 minutes the first time"; fi
say "building pg_rct for PostgreSQL $PG_MAJOR (release), $how"
cargo build --locked --release -p pg_rct --no-default-features --features "pg$PG_MAJOR"

# put MODE FILE DESTINATION: by renaming, never in place, under the feet of servers that have the library loaded.
put() {
  ${sudo[@]+"${sudo[@]}"} install -m "$1" "$2" "$3.new"
  ${sudo[@]+"${sudo[@]}"} mv -f "$3.new" "$3"
}

say "installing it into $library_dir and $extension_dir${sudo[0]:+ with sudo}"
rm -f "$stamp"
script=$(mktemp)
trap 'rm -f "$script"' EXIT
files=(sql/install/*.sql) # in the order of their names
cat "${files[@]}" >"$script"
put 755 "$target/release/libpg_rct.so" "$library_dir/pg_rct.so"
put 644 pg_rct.control "$extension_dir/pg_rct.control"
put 644 "$script" "$extension_dir/pg_rct--$version.sql"
for upgrade in sql/pg_rct--*--*.sql; do
  if [ -f "$upgrade" ]; then put 644 "$upgrade" "$extension_dir/${upgrade#sql/}"; fi
done

echo "$wanted $(installed_digest)" >"$stamp"
