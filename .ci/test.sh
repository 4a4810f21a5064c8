#!/usr/bin/env bash
# test.sh [lint|core|client]...   every test when none is named, in the order in which a failure is cheapest
# One line at the end sums up all of it:
#   N passed, N failed[, N skipped]
# A suite that fails does not stop the later ones, unless they need its result. The exit code is 0 only when nothing
# failed. Logs: target/ci/pgVERSION/*.log, the last line again in target/ci/pgVERSION/summary.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

need_pg
logs=$target/ci/pg$PG_MAJOR
mkdir -p "$logs"
rm -f "$logs"/*.log "$logs/summary"
export RCT_SKIP_LOG=$logs/skipped.log
: >"$RCT_SKIP_LOG"

passed=0
failed=0
skipped=0
report=
skips=
line() { report+=$(printf '    %-28s %s' "$1" "$2")$'\n'; }

# logged NAME COMMAND...: runs it, showing the output and keeping it in the log.
logged() {
  local name=$1 status=0
  shift
  "$@" 2>&1 | tee "$logs/$name.log" || status=$?
  return "$status"
}

# check NAME TITLE COMMAND...: the exit code decides; counts as one test. 77: it could not be done here.
check() {
  local name=$1 title=$2 status=0
  shift 2
  logged "$name" "$@" || status=$?
  case $status in
    0)
      passed=$((passed + 1))
      line "$title" ok
      ;;
    77)
      skipped=$((skipped + 1))
      line "$title" skipped
      skips+="    $name: $(tail -n 1 "$logs/$name.log")"$'\n'
      ;;
    *)
      failed=$((failed + 1))
      line "$title" FAILED
      return 1
      ;;
  esac
}

# cargo_suite NAME TITLE COMMAND...: counts what the Rust test harness reports.
cargo_suite() {
  local name=$1 title=$2 status=0 p f i late
  shift 2
  logged "$name" "$@" || status=$?
  read -r p f i < <(awk '
    /^test result: / {
      for (k = 2; k <= NF; k++) {
        if ($k ~ /^passed;?$/) p += $(k - 1)
        if ($k ~ /^failed;?$/) f += $(k - 1)
        if ($k ~ /^ignored;?$/) i += $(k - 1)
      }
    }
    END { print p + 0, f + 0, i + 0 }' "$logs/$name.log")
  # tests that found at run time that they cannot run say so in this file; the harness counted them as passed
  late=$(wc -l <"$RCT_SKIP_LOG")
  skips+=$(sed -nE "s/^test (.*) \.\.\. ignored(, (.*))?$/    $name: \1  \3/p" "$logs/$name.log")$'\n'
  skips+=$(sed "s/^/    $name: /" "$RCT_SKIP_LOG")$'\n'
  : >"$RCT_SKIP_LOG"
  p=$((p - late))
  i=$((i + late))
  if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
    f=1
    line "$title" "did not finish (exit code $status)"
  elif [ $((p + f)) -eq 0 ]; then
    f=1
    line "$title" "FAILED: not one test ran"
  else
    line "$title" "$p passed, $f failed$([ "$i" -eq 0 ] || echo ", $i skipped")"
  fi
  passed=$((passed + p))
  failed=$((failed + f))
  skipped=$((skipped + i))
}

suite_lint() {
  local what
  for what in format scripts clippy dependencies advisories; do
    check "lint-$what" "$what" .ci/lint.sh "$what" || true
  done
}

suite_core() {
  say "tests of the pure core (no PostgreSQL)"
  cargo_suite core "core" cargo test -p rct-core --profile core-tests
}

suite_client() {
  if check install "build and install" .ci/install.sh; then
    say "compiling the client tests"
    if check client-build "client tests compile" cargo test -p rct-tests --no-run; then
      say "client tests: manifest, regress, docs, connections"
      cargo_suite client "client" .ci/cluster.sh run -- cargo test -p rct-tests
    fi
  else
    failed=$((failed + 1))
    line client "NOT RUN: there is no extension to test"
  fi
}

if [ $# -eq 0 ]; then set -- lint core client; fi
for suite in "$@"; do "suite_$suite"; done

say "summary"
printf '%s' "$report"
skips=$(printf '%s' "$skips" | sed '/^$/d')
if [ -n "$skips" ]; then
  say "skipped"
  printf '%s\n' "$skips"
fi
summary="$passed passed, $failed failed"
if [ "$skipped" -gt 0 ]; then summary+=", $skipped skipped"; fi
echo "$summary" | tee "$logs/summary"
[ "$failed" -eq 0 ]
