-- Distributions and effects on quantiles.

CREATE TABLE pupil (id int, school int, arm text, y double precision);
INSERT INTO pupil
SELECT s * 100 + i, s, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END,
       (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0 + (s * 13 + i * 7) % 17 / 19.0 + CASE WHEN s % 2 = 0 THEN i % 13 / 4.0 ELSE 0 END
FROM generate_series(1, 24) AS s, generate_series(1, 20 + s * 5 % 9) AS i;
ANALYZE pupil;

SELECT outcome, condition, control, probability, round(quantile::numeric, 6) AS quantile, round(quantile_low::numeric, 6) AS low,
       round(quantile_high::numeric, 6) AS high, round(quantile_control::numeric, 6) AS q_control, round(quantile_control_low::numeric, 6) AS control_low,
       round(quantile_control_high::numeric, 6) AS control_high, n, n_control, clusters, clusters_control, notes
FROM rct.quantile_effects((SELECT rct.distribution(y, arm, school) FROM pupil), 'old');
SELECT probability, round(estimate::numeric, 6) AS estimate, round(std_error::numeric, 6) AS std_error, round(df::numeric, 4) AS df,
       round(t::numeric, 6) AS t, round(p_value::numeric, 6) AS p_value, round(ci_low::numeric, 6) AS ci_low, round(ci_high::numeric, 6) AS ci_high
FROM rct.quantile_effects((SELECT rct.distribution(y, arm, school) FROM pupil), 'old', ARRAY[0.75, 0.25, 0.5]);
-- Quantiles are those of percentile_disc.
SELECT bool_and(e.quantile = (SELECT percentile_disc(probability) WITHIN GROUP (ORDER BY y) FROM pupil WHERE arm = 'new')
            AND e.quantile_control = (SELECT percentile_disc(probability) WITHIN GROUP (ORDER BY y) FROM pupil WHERE arm = 'old')
            AND e.estimate = e.quantile - e.quantile_control) AS as_percentile_disc
FROM rct.quantile_effects((SELECT rct.distribution(y, arm, school) FROM pupil), 'old', ARRAY[0.01, 0.1, 0.33, 0.5, 0.9, 0.999]) AS e;
-- The level moves limits, and not the standard error.
SELECT bool_and(a.std_error = b.std_error AND a.p_value = b.p_value) AS same, bool_and(b.quantile_low >= a.quantile_low AND b.ci_high < a.ci_high) AS narrower
FROM (SELECT rct.distribution(y, arm, school) AS d FROM pupil) AS d, rct.quantile_effects(d, 'old') AS a, rct.quantile_effects(d, 'old', level => 0.8) AS b
WHERE a.probability = b.probability AND a.std_error IS NOT NULL;

-- The same bytes for any plan, order and way of merging.
CREATE TABLE whole AS SELECT rct.distribution(y, arm, school) AS d FROM pupil;
SELECT rct.distribution(y, arm, school ORDER BY id DESC) = (SELECT d FROM whole) AS any_order FROM pupil;
SELECT rct.rollup(d) = (SELECT d FROM whole) AS rolled_up FROM (SELECT rct.distribution(y, arm, school) AS d FROM pupil GROUP BY id % 7) AS part;
SELECT rct.rollup(d) = (SELECT d FROM whole) AS nulls_skipped FROM (SELECT d FROM whole UNION ALL SELECT NULL) AS part;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT rct.distribution(y, arm, school) FROM pupil;
SELECT rct.distribution(y, arm, school) = (SELECT d FROM whole) AS parallel FROM pupil;
RESET ALL;
-- Clusters may be numbers, text or UUIDs.
SELECT round((a.std_error - b.std_error)::numeric, 12) AS "text", round((a.std_error - c.std_error)::numeric, 12) AS uuid
FROM rct.quantile_effects((SELECT rct.distribution(y, arm, school) FROM pupil), 'old', '{0.5}') AS a,
     rct.quantile_effects((SELECT rct.distribution(y, arm, school::text) FROM pupil), 'old', '{0.5}') AS b,
     rct.quantile_effects((SELECT rct.distribution(y, arm, md5(school::text)::uuid) FROM pupil), 'old', '{0.5}') AS c;

-- What is NULL is counted and left out.
SELECT n, n_control, notes FROM rct.quantile_effects((
    SELECT rct.distribution(y, arm, school) FROM (
        TABLE pupil UNION ALL VALUES (1, 1, NULL, 1.0::double precision), (2, NULL, 'new', 1.0), (3, 1, 'old', NULL)) AS p), 'old', '{0.5}');
-- Few different outcomes, and a quantile at the end.
SELECT probability, quantile, quantile_high, std_error, notes
FROM rct.quantile_effects((SELECT rct.distribution(round(y / 4), arm, school) FROM pupil), 'old', '{0.5}')
UNION ALL SELECT probability, NULL, quantile_high, std_error, notes
FROM rct.quantile_effects((SELECT rct.distribution(y, arm, school) FROM pupil), 'old', '{0.999}');
-- No rows.
SELECT rct.distribution(y, arm, school) IS NULL AS none FROM pupil WHERE false;
SELECT count(*) FROM rct.quantile_effects(NULL, 'old');
SELECT count(*) FROM whole, rct.quantile_effects(d, 'old', '{}');
-- Errors.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SELECT rct.quantile_effects(d, NULL) FROM whole;
SELECT rct.quantile_effects(d, 'old', NULL) FROM whole;
SELECT rct.quantile_effects(d, 'old', '{0.5, NULL}') FROM whole;
SELECT rct.quantile_effects(d, 'old', '{50}') FROM whole;
SELECT rct.quantile_effects(d, 'old', level => 95) FROM whole;
SELECT rct.quantile_effects(d, 'Old') FROM whole;
SELECT rct.quantile_effects((SELECT rct.distribution(y, arm, school) FROM pupil WHERE arm = 'old'), 'old');
SELECT rct.quantile_effects('\x4401', 'old');
SELECT rct.quantile_effects(substr(d, 1, 100) || '\x00'::bytea || substr(d, 102), 'old') FROM whole;
SELECT rct.distribution('NaN', arm, school) FROM pupil;
SET rct.memory_limit = '64kB';
SELECT rct.distribution(i, 'a', 1) FROM generate_series(1, 100000) AS i;

-- Strata: a row counts as many times as its stratum has rows of both conditions for each of its own. Weighted quantiles in plain SQL.
CREATE TABLE blocked AS SELECT s AS school, s % 3 AS block, CASE WHEN s % 6 < 3 OR s % 5 = 0 THEN 'new' ELSE 'old' END AS arm, ((s * 7 + i * i * 3) % 41)::float8 AS y
FROM generate_series(1, 36) AS s, generate_series(1, 4 + s % 5) AS i;
WITH n AS (SELECT block, count(*)::float8 AS both FROM blocked GROUP BY block),
     weighted AS (SELECT b.arm, b.y, n.both / count(*) OVER (PARTITION BY b.arm, b.block) AS w FROM blocked AS b JOIN n USING (block)),
     ordered AS (SELECT arm, y, sum(w) OVER (PARTITION BY arm ORDER BY y) / sum(w) OVER (PARTITION BY arm) AS share FROM weighted)
SELECT e.probability, e.quantile = (SELECT min(y) FROM ordered WHERE arm = 'new' AND share >= e.probability - 1e-9) AS quantile,
       e.quantile_control = (SELECT min(y) FROM ordered WHERE arm = 'old' AND share >= e.probability - 1e-9) AS control,
       e.estimate = e.quantile - e.quantile_control AS estimate, e.std_error > 0 AS std_error, e.df > 2 AS df, e.notes
FROM rct.quantile_effects((SELECT rct.distribution(y, arm, school, block) FROM blocked), 'old') AS e;
-- The same bytes whatever the order, the parts and the kind of whole number; without a stratum is as with none.
SELECT (SELECT rct.distribution(y, arm, school, block ORDER BY y DESC) FROM blocked) = (SELECT rct.distribution(y, arm, school::bigint, block::smallint) FROM blocked) AS sorted,
       (SELECT rct.rollup(d) FROM (SELECT rct.distribution(y, arm, school, block) AS d FROM blocked GROUP BY school % 4) AS p) = (SELECT rct.distribution(y, arm, school, block) FROM blocked) AS parts,
       (SELECT rct.distribution(y, arm, school, NULL::text) FROM blocked) = (SELECT rct.distribution(y, arm, school) FROM blocked) AS without;
-- A stratum that is the condition leaves nothing to compare; keys of other types are refused.
SELECT estimate, notes FROM rct.quantile_effects((SELECT rct.distribution(y, arm, school, arm) FROM blocked), 'old', '{0.5}');
SELECT rct.distribution(1, 'a', 1, 0.5::float8);
SELECT rct.distribution(1, 'a', '{1}'::int[]);
