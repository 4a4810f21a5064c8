#!/usr/bin/env bash
# Resampling, simulation, and students assigned one by one.
#
#   RCT_BENCH_ROWS   rows of the large table (5000000)
#   RCT_BENCH_PAIRS  pairs per comparison (7)
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR source=lib.sh
. benches/lib.sh

fresh_database rct_bench_inference
sql -c "CREATE EXTENSION pg_rct"
echo "==> loading 40 clusters, and $rows students"
sql -v rows="$rows" -f benches/inference/load.sql

printf '\n%s\n\n| call | median | target |\n|---|---|---|\n' "40 clusters of 25 students, p = 8 (intercept, treated, 6 covariates)"
alone "wild bootstrap, 99,999 draws, with its interval" "at most 150 ms" \
  "SELECT * FROM made, rct.wild_bootstrap(s, 'control', 'seed', adjust => 'ancova', draws => 99999)"
alone "randomization test, 10,000 permutations, covariate-adjusted, with its interval" "at most 200 ms" \
  "SELECT * FROM made, rct.randomization_test(s, 'control', 'seed', adjust => 'ancova', draws => 10000)"
alone "effects (CR2, Satterthwaite)" "-" "SELECT * FROM made, rct.effects(s, 'control', adjust => 'ancova')"
pairs=3
alone "simulation, 10,000 rosters of 40 x 25, two analyses, with and without effect" "at most 20 s" \
  "SELECT * FROM rct.simulate('{\"clusters\": 40, \"size\": 25, \"icc\": 0.15, \"effect\": 0.3}', draws => 10000)"

pairs=${RCT_BENCH_PAIRS:-7}
floor="SELECT count(*), sum(y), sum(y * y) FROM students"
heading "$rows students assigned one by one, serial: from the rows to the effect, against (a)"
of() { echo "SELECT * FROM rct.effects((SELECT rct.student_sketch($1) FROM students), 'control'${2:-})"; }
pair "no strata / floor (a)" "at most 4" "" "$(of 'y, arm')" "$floor"
pair "21 strata / floor (a)" "at most 4" "" "$(of 'y, arm, school')" "$floor"
pair "21 strata and a covariate (Lin) / floor (a)" "at most 4" "" "$(of 'y, arm, school, x' ", adjust => 'lin'")" "$floor"
