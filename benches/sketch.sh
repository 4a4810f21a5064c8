#!/usr/bin/env bash
# Sketches and effects against plain SQL on the same tables.
#
#   RCT_BENCH_ROWS   rows of the large tables (5000000)
#   RCT_BENCH_PAIRS  pairs per comparison (7)
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR source=lib.sh
. benches/lib.sh

fresh_database rct_bench
echo "==> loading $rows rows with 2,000 and with 100,000 clusters, in random order"
sql -v rows="$rows" -f benches/sketch/load.sql

size() { echo "SELECT octet_length($1::bytea) FROM $2"; }
sketch3='rct.sketch(y, arm, cluster)'
sketch4='rct.sketch(y, arm, cluster, NULL, x)'
sketch5="rct.sketch('y ~ x, z', arm, cluster, NULL, y, x, z)"
sketch6="rct.sketch('y, v ~ x, z', arm, cluster, NULL, y, v, x, z)"
floor() { echo "SELECT count(*), sum(y), sum(y * y) FROM $1"; }
groups3() {
  echo "SELECT count(n), sum(s), sum(q) FROM
    (SELECT cluster, arm, count(*) n, sum(y) s, sum(y * y) q FROM $1 GROUP BY cluster, arm) g"
}
groups5() {
  echo "SELECT count(n), sum(s), sum(q), sum(a), sum(b), sum(c), sum(d), sum(e), sum(f), sum(g) FROM
    (SELECT cluster, arm, count(*) n, sum(y) s, sum(y * y) q, sum(x) a, sum(z) b, sum(x * x) c, sum(z * z) d,
            sum(x * z) e, sum(x * y) f, sum(z * y) g FROM $1 GROUP BY cluster, arm) g"
}
# A cluster-robust (CR1) difference in means by hand: means, then residual sums by cluster.
by_hand3() {
  echo "WITH m AS (SELECT arm, avg(y) AS mean, count(*) AS n FROM $1 GROUP BY arm),
    u AS (SELECT cluster, arm, sum(y - mean) / min(n) AS score FROM $1 JOIN m USING (arm) GROUP BY cluster, arm)
    SELECT max(mean) FILTER (WHERE arm = 'treated') - max(mean) FILTER (WHERE arm = 'control'),
           (SELECT sqrt(count(*)::float8 / (count(*) - 1) * sum(score * score)) FROM u) FROM m"
}
# With two covariates: the sums of the normal equations, whose solution is in the table beta, then scores by cluster.
by_hand5() {
  echo "WITH s AS (SELECT count(*), sum(y), sum(x), sum(z), sum(t), sum(x * x), sum(z * z), sum(x * z), sum(t * x),
      sum(t * z), sum(x * y), sum(z * y), sum(t * y) FROM (SELECT *, (arm = 'treated')::int AS t FROM $1) a),
    u AS (SELECT cluster, sum(e) a, sum(e * t) b, sum(e * x) c, sum(e * z) d FROM
      (SELECT cluster, t, x, z, y - b0 - b1 * t - b2 * x - b3 * z AS e
         FROM (SELECT *, (arm = 'treated')::int AS t FROM $1) a, beta) r GROUP BY cluster)
    SELECT s.*, (SELECT sum(a * a + b * b + c * c + d * d) FROM u) FROM s"
}

for table in t2k t100k; do
  # What is aimed at: 3 arguments, one and two covariates, two outcomes; GROUP BY; a second process.
  if [ "$table" = t2k ]; then
    clusters='2,000' a=1.4 x=1.6 xz=2 yv=2.6 b3=1.8 b5=2 second=1.7
  else
    clusters='100,000' a=2.2 x=- xz=3 yv=- b3=- b5=- second=1.4
  fi
  for workers in 0 2; do
    settings="SET max_parallel_workers_per_gather = $workers;"
    [ "$workers" = 0 ] && plan='serial' || plan="$workers workers"
    heading "$rows rows, $clusters clusters, $plan: rct.sketch against"
    only() { [ "$workers" = 0 ] && [ "$2" != - ] && echo "$1 $2" || echo '-'; }
    pair "3 arguments / floor (a)" "$(only 'at most' "$a")" "$settings" "$(size "$sketch3" $table)" "$(floor $table)"
    pair "1 covariate / floor (a)" "$(only 'at most' "$x")" "$settings" "$(size "$sketch4" $table)" "$(floor $table)"
    pair "2 covariates / floor (a)" "$(only 'at most' "$xz")" "$settings" "$(size "$sketch5" $table)" "$(floor $table)"
    pair "2 outcomes, 2 covariates / floor (a)" "$(only 'at most' "$yv")" "$settings" "$(size "$sketch6" $table)" "$(floor $table)"
    pair "GROUP BY (b) / 3 arguments" "$(only 'at least' "$b3")" "$settings" "$(groups3 $table)" "$(size "$sketch3" $table)"
    pair "GROUP BY (b) / 2 covariates" "$(only 'at least' "$b5")" "$settings" "$(groups5 $table)" "$(size "$sketch5" $table)"
    pair "by hand (c) / 3 arguments and effects" "$(only 'at least' 2.5)" "$settings" "$(by_hand3 $table)" \
      "SELECT * FROM rct.effects((SELECT $sketch3 FROM $table), control => 'control')"
    pair "by hand (c) / 2 covariates and effects" "$(only 'at least' 2.5)" "$settings" "$(by_hand5 $table)" \
      "SELECT * FROM rct.effects((SELECT $sketch5 FROM $table), control => 'control', adjust => 'ancova')"
  done
  heading "$rows rows, $clusters clusters: a second process (leader and one worker)"
  for s in "$sketch3" "$sketch5"; do
    [ "$s" = "$sketch3" ] && name='3 arguments' || name='2 covariates'
    pair "$name: serial / two processes" "at least $second" "" \
      "SET max_parallel_workers_per_gather = 0@$(size "$s" $table)" \
      "SET max_parallel_workers_per_gather = 1@$(size "$s" $table)"
  done
done

heading "$((rows < 2000000 ? rows : 2000000)) rows, 5,000 clusters, one covariate, from rows to CR2, df and interval"
pair "effects / floor (a)" "at most 1.7" "" \
  "SELECT * FROM rct.effects((SELECT $sketch4 FROM t5k), control => 'control', adjust => 'ancova')" "$(floor t5k)"

heading "$((rows / 5)) rows, 2,000 clusters, ten outcomes, each missing for a tenth of the rows"
ten=$(seq -s ', ' -f 'y%g' 10)
one=$(seq -s ', ' -f 'octet_length(rct.sketch(y%g, arm, cluster)::bytea)' 10)
pair "ten sketches / one sketch of ten outcomes" "at least 2" "" "SELECT $one FROM t10" \
  "$(size "rct.sketch('$ten', arm, cluster, NULL, $ten)" t10)"

printf '\n%s\n\n| call | time | target |\n|---|---|---|\n' "stored sketches"
alone "effects, G = 10,000, p = 8 (intercept, treated, 6 covariates)" "at most 25 ms" \
  "SELECT * FROM rct.effects((SELECT s FROM stored WHERE name = 'p8'), control => 'control', adjust => 'ancova')"
alone "effects, G = 10,000, difference in means" "-" \
  "SELECT * FROM rct.effects((SELECT s FROM stored WHERE name = 'p2'), control => 'control')"
alone "rollup of 1,000 sketches of 10 clusters" "-" "SELECT octet_length(rct.rollup(s)::bytea) FROM parts"

printf '\n%s\n\n' "bytes per cell as stored"
sql -c "SELECT name, clusters, cardinality(outcomes) AS outcomes, cardinality(covariates) AS covariates, bytes, bytes / stored_cells AS bytes_per_cell
  FROM stored, rct.sketch_info(s) ORDER BY name"
