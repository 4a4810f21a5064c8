#!/usr/bin/env bash
# What one would take instead of pg_rct, side by side on the same rows: see benches/peers/README.md.
# Not part of `make bench`, since it installs Python packages: RCT_BENCH_PARTS=peers make bench
#
#   RCT_BENCH_ROWS    rows of the table, at most 2000000 (2000000)
#   RCT_BENCH_PAIRS   rounds, in each of which every peer runs once (5)
#   RCT_PEERS_DRAWS   draws of the bootstrap of duckreg (100)
#   RCT_PEERS_LIMIT   a peer that takes longer than so many seconds runs only once (20)
#   RCT_PEERS_PYTHON  the Python of the virtual environment, 3.11 or newer (python3)
#   RCT_PEERS_DUCKLM  path of regression_macros.sql of duckLM, if it is there already; otherwise it is fetched with git
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR source=lib.sh
. benches/lib.sh

rounds=${RCT_BENCH_PAIRS:-5}
scratch=${CARGO_TARGET_DIR:-target}/peers
ducklm_commit=c92ad7f5457dc64e69507fad6b82aa09dfe564e8
mkdir -p "$scratch"

echo "==> installing the Python packages of benches/peers/requirements.txt into $scratch/venv"
if [ ! -x "$scratch/venv/bin/pip" ]; then
  "${RCT_PEERS_PYTHON:-python3}" -m venv --clear "$scratch/venv"
fi
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check -r benches/peers/requirements.txt

# duckLM is one file of SQL in a git repository, and no package.
if [ -n "${RCT_PEERS_DUCKLM:-}" ]; then
  ducklm=$RCT_PEERS_DUCKLM ducklm_version='version not known'
else
  ducklm=$scratch/duckLM-$ducklm_commit/regression_macros.sql ducklm_version=${ducklm_commit:0:7}
  if [ ! -f "$ducklm" ]; then
    echo "==> fetching duckLM"
    clone=${ducklm%/*}
    rm -rf "$clone"
    if ! { GIT_TERMINAL_PROMPT=0 git clone --quiet https://github.com/lab1702/duckLM "$clone" &&
      git -C "$clone" checkout --quiet "$ducklm_commit"; }; then
      echo "    it cannot be fetched; its row will say so"
      rm -rf "$clone"
    fi
  fi
fi

fresh_database rct_bench_peers
echo "==> loading $((rows < 2000000 ? rows : 2000000)) rows with 5,000 clusters, in random order"
sql -v rows="$rows" -f benches/peers/load.sql

echo "==> $rounds rounds, after one that is not counted"
"$scratch/venv/bin/python" benches/peers/peers.py --rounds "$rounds" --draws "${RCT_PEERS_DRAWS:-100}" \
  --limit "${RCT_PEERS_LIMIT:-20}" --scratch "$scratch" --ducklm "$ducklm" --ducklm-version "$ducklm_version"
