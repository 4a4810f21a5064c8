#!/usr/bin/env bash
# Runs demo/run.sh (or demo/demo.sql) in a private cluster that already has the extension's files.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

if [ -f demo/run.sh ]; then
  demo=(bash demo/run.sh)
elif [ -f demo/demo.sql ]; then
  demo=(psql -X -q -v ON_ERROR_STOP=1 -f demo/demo.sql)
else
  die "there is neither demo/run.sh nor demo/demo.sql"
fi
start=$SECONDS
.ci/cluster.sh run -- "${demo[@]}"
say "demo finished in $((SECONDS - start)) s; its cluster is gone"
