#!/usr/bin/env bash
# matrix.sh [VERSION...]: builds the extension for other versions of PostgreSQL than the default one, and runs the tests
# that need a server, each version with a private PostgreSQL that server.sh fetches; all versions when none is named.
# The last line is the sum, like that of test.sh. A version that cannot be fetched is one test skipped.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
unset PG PG_CONFIG

if [ $# -eq 0 ]; then
  # shellcheck disable=SC2046
  set -- $(pg_supported | grep -vx "$(pg_default)")
fi
table=
summaries=()
for version in "$@"; do
  logs=$target/ci/pg$version
  summaries+=("$logs/summary")
  mkdir -p "$logs"
  rm -f "$logs/summary"
  say "PostgreSQL $version"
  if pg_config=$(.ci/server.sh "$version"); then
    PG_CONFIG=$pg_config .ci/test.sh client || true
    [ -s "$logs/summary" ] || echo "0 passed, 1 failed" >"$logs/summary"
    table+=$(printf '    %-4s %s' "$version" "$(cat "$logs/summary")")$'\n'
  else
    say "SKIPPED: PostgreSQL $version is NOT TESTED, since it cannot be fetched"
    echo "0 passed, 0 failed, 1 skipped" >"$logs/summary"
    table+=$(printf '    %-4s %s' "$version" "NOT TESTED: it cannot be fetched")$'\n'
  fi
done
say "other versions of PostgreSQL"
printf '%s' "$table"
sum=$(sum_up "${summaries[@]}")
echo "$sum"
[[ $sum == *" 0 failed"* ]]
