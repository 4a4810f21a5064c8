#!/usr/bin/env bash
# How much longer than its statement_timeout a call goes on. That it stops at all, and leaves nothing behind, is tested; how
# soon depends on the machine and is only printed.
#
#   RCT_BENCH_PAIRS  times that each call is stopped (7)
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR source=lib.sh
. benches/lib.sh

fresh_database rct_bench_cancel
psql -X -q -c "CREATE EXTENSION pg_rct"
echo "==> loading what long calls are asked of"
psql -X -q -v ON_ERROR_STOP=1 -f benches/cancel/load.sql

# overruns STATEMENT : milliseconds beyond its time, once for each head start
overruns() {
  local round head_start
  {
    echo "SET client_min_messages = warning;"
    echo '\o /dev/null'
    for ((round = 1; round <= pairs; round++)); do
      head_start=$((50 * round))
      printf '\\timing off\nSET statement_timeout = %d;\n\\timing on\n%s;\n' "$head_start" "$1"
      # the time is told even of a statement that fails
    done
  } | psql -X -q -A -t 2>/dev/null | awk '/^Time:/ { n++; print $2 - 50 * n }'
}

printf '\n%s\n\n| call | median | longest | target |\n|---|---|---|---|\n' "Stopped by statement_timeout: time beyond it"
while IFS='|' read -r name call; do
  case $name in '--'* | '') continue ;; esac
  times=$(overruns "$call")
  [ -n "$times" ] || { echo "nothing was measured of: $name" >&2; exit 1; }
  printf '| %s | %.0f ms | %.0f ms | at most 100 ms |\n' "${name% }" "$(median <<<"$times")" "$(sort -g <<<"$times" | tail -n 1)"
done <benches/cancel/calls.sql
