#!/usr/bin/env bash
# The demo in psql: creates a database, shows what the extension makes of the data of Project STAR, and runs the
# experiment of a semester.
#
#   demo/run.sh [DATABASE]   rct_demo if none is named; it must not exist yet, and it stays
#
# The server is the one that psql would take (PGHOST, PGPORT, PGUSER). It needs the extension: make install.
# make demo runs this in a private server that is gone afterwards.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

database=${1:-rct_demo}
psql=(psql -X -q -v ON_ERROR_STOP=1 -P pager=off)

available=$("${psql[@]}" -At -d postgres -c "SELECT count(*) FROM pg_catalog.pg_available_extensions WHERE name = 'pg_rct'")
if [ "$available" = 0 ]; then
  echo "demo/run.sh: this server does not have the extension pg_rct; run: make install" >&2
  exit 1
fi
createdb "$database"
"${psql[@]}" -d "$database" -c 'CREATE EXTENSION pg_rct' -f demo/load.sql -f demo/star.sql -f demo/semester.sql
