#!/usr/bin/env bash
# Assigning and marking, call by call with pgbench (prepared statements) against a primary-key look-up and a bare insert,
# both sides durable; whole districts at once; and the hash against Postgres's.
#
#   RCT_BENCH_USERS     users for calls one by one (100000)
#   RCT_BENCH_DISTRICT  users for rct.load_roster and rct.assign_all (1000000)
#   RCT_BENCH_ROWS      rows that are hashed (5000000)
#   RCT_BENCH_PAIRS     pairs per comparison (7)
#   RCT_BENCH_SECONDS   seconds of each run of pgbench (5)
#   RCT_BENCH_ONLY      some of: calls marks latency district hash (all)
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR source=lib.sh
. benches/lib.sh

users=${RCT_BENCH_USERS:-100000}
district=${RCT_BENCH_DISTRICT:-1000000}
seconds=${RCT_BENCH_SECONDS:-5}
only=${RCT_BENCH_ONLY:-calls marks latency district hash}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

does() { [[ " $only " == *" $1 "* ]]; }

# load USERS KEYS : a database's tables; KEYS are the experiments that half of the users are enrolled in
load() {
  sql -v users="$1" -f benches/assign/load.sql
  sql -v users="$1" -v keys="$2" -f benches/assign/enroll.sql
}

marked=0 inserted=0 # how many pairs of users and decision points first marks and first inserts have used up

# run CLIENTS SCRIPT|lookup OPTION... : what pgbench prints
run() {
  local clients=$1 script=$2 out
  shift 2
  local options=(-n -M prepared -c "$clients" -j 2 -T "$seconds")
  if [ "$script" = lookup ]; then
    options+=(-S)
  else
    options+=(-f "benches/assign/$script.sql" -D "users=$users" -D "clients=$clients" -D next=0)
    case $script in mark*) options+=(-D "base=$marked") ;; insert*) options+=(-D "base=$inserted") ;; esac
  fi
  out=$(pgbench "${options[@]}" "$@" 2>&1) || { echo "$out" >&2; exit 1; }
  # an error ends a client of pgbench, but not pgbench: its rate would be that of the others
  if grep -qE 'aborted|number of failed transactions: [1-9]' <<<"$out"; then echo "$out" >&2; exit 1; fi
  echo "$out"
}
rate() { awk '/^tps/ { print $3 }'; }
# advance SCRIPT : clients do not proceed evenly, so more is left out than was used
advance() {
  local used
  used=$(awk '/transactions actually processed/ { sub("/.*", "", $6); print int(1.5 * $6) + 1000 }')
  case $1 in mark_first*) marked=$((marked + used)) ;; insert_first) inserted=$((inserted + used)) ;; esac
}

# duel NAME TARGET A B : rates of A and B with 2 clients in turn, median, least and largest of A/B
duel() {
  local name=$1 target=$2 a=$3 b=$4 round rates=() out one
  for ((round = 0; round <= pairs; round++)); do
    for one in "$a" "$b"; do
      out=$(run 2 "$one")
      advance "$one" <<<"$out"
      rates+=("$(rate <<<"$out")")
    done
  done
  # the first pair fills the caches
  printf '%s\n' "${rates[@]}" | paste -d' ' - - | tail -n +2 >"$logs/rates"
  printf '| %s | %.0f/s | %.0f/s | %.0f %% | %.0f-%.0f %% | %s |\n' "$name" \
    "$(awk '{ print $1 }' "$logs/rates" | median)" "$(awk '{ print $2 }' "$logs/rates" | median)" \
    "$(awk '{ print 100 * $1 / $2 }' "$logs/rates" | median)" \
    "$(awk '{ print 100 * $1 / $2 }' "$logs/rates" | sort -g | head -n 1)" \
    "$(awk '{ print 100 * $1 / $2 }' "$logs/rates" | sort -g | tail -n 1)" "$target"
}

# latency NAME TARGET SCRIPT [RATE] : percentiles of 50 clients, as fast as they can or at a rate in all; the first calls of
# each connection, which plan and fill its caches, are not counted
latency() {
  local name=$1 target=$2 script=$3 rate=${4:-} out
  rm -f "$logs"/log*
  # not through a subshell: advance must be remembered
  run 50 "$script" -l --log-prefix="$logs/log" ${rate:+-R "$rate"} >"$logs/out"
  advance "$script" <"$logs/out"
  out=$(cat "$logs"/log* | awk '$2 >= 10 { print $3 / 1000 }' | sort -g |
    awk '{ v[NR] = $1 } function at(p) { return v[int(1 + p * (NR - 1))] }
         END { if (NR) printf "%.2f ms | %.2f ms | %.2f ms | %.2f ms", at(0.5), at(0.95), at(0.99), at(1)
               else printf "too few calls | - | - | -" }')
  printf '| %s | %.0f/s | %s | %s |\n' "$name" "$(rate <"$logs/out")" "$out" "$target"
}

if does calls || does marks || does latency; then
  fresh_database rct_bench_assign
  echo "==> loading $users users and 20 experiments; half of the users enrolled in all of them"
  load "$users" "{$(seq -s, -f 'e%g' 20)}"
  pgbench -i -s 1 -q 2>/dev/null
  sql -c CHECKPOINT
  sql -A -t -c "SELECT 'fsync ' || current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit')"
fi

if does calls; then
  heading "one call, $users users, 20 experiments, 2 clients: rate against that of a primary-key look-up"
  duel "rct.condition_for / look-up" "at least 40 %" condition_for lookup
  duel "rct.assign, 20 experiments / look-up" "at least 25 %" assign lookup
fi

if does marks; then
  heading "one mark, durable, 2 clients: rate against that of INSERT ... ON CONFLICT DO NOTHING"
  duel "first mark / first insert" "at least 40 %" mark_first insert_first
  duel "first mark with event_id / first insert" "-" mark_first_event insert_first
  duel "mark where one has been / first insert" "at least 40 %" mark_again insert_first
  duel "the same event again / the same insert again" "-" mark_same_event insert_again
fi

if does latency; then
  printf '\n%s\n\n| call | rate | median | 95 %% | 99 %% | longest | target for 99 %% |\n|---|---|---|---|---|---|---|\n' \
    "50 clients"
  for script in lookup assign insert_first mark_first mark_again; do
    case $script in assign | mark*) target='below 5 ms' ;; *) target='-' ;; esac
    latency "$script, as fast as they can" "$target" "$script"
    # half of what was reached; latency counts from when the call was due
    latency "$script, at half that rate" "$target" "$script" "$(awk '/^tps/ { print int($3 / 2) }' "$logs/out")"
  done
fi

if does district; then
  fresh_database rct_bench_district
  echo "==> loading $district users; half of them enrolled in one experiment by user and in one by class"
  load "$district" '{e1,e11}'
  printf '\n%s\n\n| call | time | spread | target |\n|---|---|---|---|\n' "$district users at once"
  for key in e1 e11 e19; do
    timed '' "SELECT count(*), count(condition), count(DISTINCT reason) FROM rct.assign_all('$key')" >"$logs/times"
    printf '| rct.assign_all, %s | %.1f s | %.1f-%.1f s | below 10 s |\n' \
      "$(case $key in e1) echo 'by user' ;; e11) echo 'by class' ;; e19) echo 'by user, include list of nested segments' ;; esac)" \
      "$(awk '{ print $1 / 1000 }' "$logs/times" | median)" "$(awk '{ print $1 / 1000 }' "$logs/times" | sort -g | head -n 1)" \
      "$(awk '{ print $1 / 1000 }' "$logs/times" | sort -g | tail -n 1)"
  done
fi

if does hash; then
  fresh_database rct_bench_hash
  sql -c "CREATE EXTENSION pg_rct" \
    -c "CREATE TABLE ids AS SELECT (1000000 + n)::text AS id FROM generate_series(1, $rows) n" -c "VACUUM (ANALYZE, FREEZE) ids" -c CHECKPOINT
  heading "$rows rows hashed, serial"
  pair "rct.bucket / hashtextextended" "at most 1.3" "" \
    "SELECT max(rct.bucket('hints-2026', id)) FROM ids" "SELECT max(hashtextextended(id, 0)) FROM ids"
fi
