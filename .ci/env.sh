#!/usr/bin/env bash
# Prints the environment in which make runs cargo, for use by hand:  eval "$(.ci/env.sh)" && cargo build --release
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_pg
printf 'export %s\n' "PATH=$(printf %q "$PG_BINDIR:$PATH")" "PG_CONFIG=$(printf %q "$PG_CONFIG")" "PG_MAJOR=$PG_MAJOR" \
  "PGRX_PG_CONFIG_PATH=$(printf %q "$PG_CONFIG")"
