#!/usr/bin/env bash
# Times pg_rct against plain SQL on the same tables, in one run: statements in turn, A B A B ..., the ratio pair by pair.
# Started by `make bench` in a private, durable cluster with default settings. What the targets are and what was reached
# stands in docs/performance.md.
#
#   RCT_BENCH_PARTS  which parts, in this order (sketch assign inference cancel); each is a script beside this one, with settings of its own.
#                    Not among them unless named: peers, other software on the same rows, which it fetches
set -euo pipefail
cd "$(dirname "$0")/.."

failed=
for part in ${RCT_BENCH_PARTS:-sketch assign inference cancel}; do
  bash "benches/$part.sh" || failed+=" $part"
done
if [ -n "$failed" ]; then
  echo "error: this part did not come to its end:$failed" >&2
  exit 1
fi
