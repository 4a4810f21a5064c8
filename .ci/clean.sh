#!/usr/bin/env bash
# Removes what was built, and a cluster that was left running.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
if [ -f "$target/cluster.env" ]; then "$root/.ci/cluster.sh" stop; fi
if [ -d "$target" ]; then find "$target" -mindepth 1 -maxdepth 1 -exec rm -rf {} +; fi
