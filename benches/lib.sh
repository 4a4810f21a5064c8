# shellcheck shell=bash
# Shared by the parts of the benchmark: statements in turn, A B A B ..., the ratio pair by pair.

# shellcheck disable=SC2034 # the parts use it
rows=${RCT_BENCH_ROWS:-5000000}
pairs=${RCT_BENCH_PAIRS:-7}

# sql OPTION... : psql, which ends at the first error
sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

# fresh_database NAME : an empty one, in which all that follows happens
fresh_database() {
  sql -d postgres -c "SET client_min_messages = warning" -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1"
  export PGDATABASE=$1
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# statement SQL | SETTING@SQL : the statement timed, the setting not
statement() {
  case $1 in
    *@*) printf '\\timing off\n%s;\n\\timing on\n%s;\n' "${1%%@*}" "${1#*@}" ;;
    *) printf '%s;\n' "$1" ;;
  esac
}

# timed SETTINGS SQL... : milliseconds of each statement in turn, `pairs` rounds after one that is not counted
timed() {
  local settings=$1 round one
  shift
  local columns=("${@/*/-}")
  {
    echo "SET max_parallel_workers_per_gather = 0; SET min_parallel_table_scan_size = 0;"
    echo "$settings"
    printf '%s\n' '\o /dev/null' '\timing on'
    for ((round = 0; round <= pairs; round++)); do
      for one in "$@"; do statement "$one"; done
    done
  } | sql -A -t | awk '/^Time:/ { print $2 }' |
    paste -d' ' "${columns[@]}" | tail -n +2
}

# pair NAME TARGET SETTINGS A B : median times of A and B, median, least and largest of A/B
pair() {
  local name=$1 target=$2 settings=$3 times ratio spread
  shift 3
  times=$(timed "$settings" "$@")
  ratio=$(awk '{ print $1 / $2 }' <<<"$times" | median)
  spread=$(awk '{ r = $1 / $2; if (NR == 1 || r < lo) lo = r; if (r > hi) hi = r } END { printf "%.2f-%.2f", lo, hi }' <<<"$times")
  printf '| %s | %.0f ms | %.0f ms | %.2f | %s | %s |\n' "$name" "$(awk '{ print $1 }' <<<"$times" | median)" \
    "$(awk '{ print $2 }' <<<"$times" | median)" "$ratio" "$spread" "$target"
}

# alone NAME TARGET SQL : median time
alone() {
  local time
  time=$(timed 'SET client_min_messages = warning;' "$3" | median)
  printf '| %s | %.1f ms | %s |\n' "$1" "$time" "$2"
}

heading() {
  printf '\n%s\n\n| comparison | first | second | ratio | spread | target |\n|---|---|---|---|---|---|\n' "$1"
}
