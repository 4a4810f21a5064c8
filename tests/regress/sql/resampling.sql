-- Wild cluster bootstrap, randomization test and simultaneous intervals, next to plain SQL where that can do it.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-9) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

CREATE TABLE pupil (school int, arm text, region text, y double precision, x double precision);
INSERT INTO pupil
SELECT s, CASE WHEN s IN (1, 4, 6, 7) THEN 'new' ELSE 'old' END, CASE WHEN s <= 4 THEN 'north' ELSE 'south' END,
       (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0 + CASE WHEN s IN (1, 4, 6, 7) THEN 3 ELSE 0 END, i * 5 % 7 + s % 3
FROM generate_series(1, 8) AS s, generate_series(1, 3 + s * 5 % 4) AS i;
CREATE TABLE sketch AS
SELECT rct.sketch(y, arm, school) AS plain, rct.sketch(y, arm, school, region) AS strata,
       rct.sketch('y ~ x', arm, school, region, y, x) AS x
FROM pupil;

-- All 70 assignments of 4 of 8 schools, in plain SQL: difference of means and its standard error (CR0).
CREATE VIEW school AS SELECT school, region, arm, count(*) AS n, sum(y) AS total FROM pupil GROUP BY school, region, arm;
CREATE VIEW assignment AS
SELECT ways, school, n, total, (ways >> (school - 1)) & 1 AS t
FROM generate_series(0, 255) AS ways, school
WHERE length(replace(ways::bit(8)::text, '0', '')) = 4;
CREATE VIEW statistic AS
WITH mean AS (SELECT *, sum(total) OVER arm / sum(n) OVER arm AS mean, sum(n) OVER arm AS arm_n FROM assignment WINDOW arm AS (PARTITION BY ways, t))
SELECT ways, max(mean) FILTER (WHERE t = 1) - max(mean) FILTER (WHERE t = 0) AS difference,
       sqrt(sum(((total - n * mean) / arm_n) ^ 2)) AS std_error
FROM mean GROUP BY ways;
CREATE VIEW observed AS SELECT s.* FROM statistic AS s WHERE ways = (SELECT sum(1 << (school - 1)) FROM school WHERE arm = 'new');
SELECT near(r.estimate, o.difference) AS estimate, near(r.std_error, o.std_error) AS std_error, near(r.t, o.difference / o.std_error) AS t,
       near(r.p_difference, (SELECT avg((abs(s.difference) >= abs(o.difference) * (1 - 1e-9))::int) FROM statistic AS s)) AS p_difference,
       near(r.p_studentized, (SELECT avg((abs(s.difference / s.std_error) >= abs(o.difference / o.std_error) * (1 - 1e-9))::int) FROM statistic AS s)) AS p_studentized,
       r.p_value = r.p_studentized AS asked, r.draws, r.enumerated, r.clusters, r.clusters_control, r.seed, r.notes
FROM sketch, rct.randomization_test(plain, 'old', '1') AS r, observed AS o;
-- Within regions there are C(4, 2) x C(4, 2) ways; without, as if there were none.
SELECT r.draws, r.enumerated, near(r.estimate, e.estimate) AS estimate, near(r.std_error, e.std_error) AS std_error, i.draws AS ignored
FROM sketch, rct.randomization_test(strata, 'old', '1') AS r, rct.effects(strata, 'old', se => 'CR0') AS e,
     rct.randomization_test(strata, 'old', '1', strata => 'ignore') AS i;
SELECT statistic, near(r.estimate, e.estimate) AS estimate, near(r.std_error, e.std_error) AS std_error,
       r.p_value = CASE statistic WHEN 'difference' THEN r.p_difference ELSE r.p_studentized END AS p_value,
       r.ci_low < r.estimate AND r.estimate < r.ci_high AS inside
FROM sketch, unnest(ARRAY['difference', 'studentized']) AS statistic,
     rct.randomization_test(x, 'old', '1', 'ancova', statistic, level => 0.9) AS r, rct.effects(x, 'old', 'ancova', se => 'CR0') AS e;
-- With weights, and with a third condition, whose rows and clusters play no role.
SELECT near(r.estimate, e.estimate) AS estimate, near(r.std_error, e.std_error) AS std_error, r.draws
FROM (SELECT rct.sketch('y ~ x; weight: w', arm, school, region, y, x, 1 + school % 3) AS s FROM pupil) AS w, rct.randomization_test(s, 'old', '1', 'ancova') AS r,
     rct.effects(s, 'old', 'ancova', se => 'CR0') AS e;
SELECT r.condition, near(r.estimate, t.estimate) AND r.p_value = t.p_value AND near(r.ci_low, t.ci_low) AND near(r.ci_high, t.ci_high) AS same, r.draws, r.clusters, r.clusters_control
FROM (SELECT rct.sketch('y ~ x', CASE WHEN school IN (3, 8) THEN 'more' ELSE arm END, school, region, y, x) AS s FROM pupil) AS three,
     (SELECT rct.sketch('y ~ x', arm, school, region, y, x) AS s FROM pupil WHERE school NOT IN (3, 8)) AS two,
     rct.randomization_test(three.s, 'old', '1', 'ancova', level => 0.5) AS r, rct.randomization_test(two.s, 'old', '1', 'ancova', level => 0.5) AS t WHERE r.condition = 'new';
-- An effect at an end of the interval is the last that is not rejected.
SELECT e.edge, (SELECT t.p_value > 0.1 FROM rct.randomization_test((SELECT rct.sketch(y - CASE arm WHEN 'new' THEN inside ELSE 0 END, arm, school) FROM pupil), 'old', '1') AS t) AS inside,
       (SELECT t.p_value > 0.1 FROM rct.randomization_test((SELECT rct.sketch(y - CASE arm WHEN 'new' THEN outside ELSE 0 END, arm, school) FROM pupil), 'old', '1') AS t) AS outside
FROM sketch, rct.randomization_test(plain, 'old', '1', level => 0.9) AS r,
     LATERAL (VALUES ('low', ci_low + 1e-6, ci_low - 1e-6), ('high', ci_high - 1e-6, ci_high + 1e-6)) AS e (edge, inside, outside);
-- Random draws count the data as one; fewer draws than assignments.
SELECT r.draws, r.enumerated, near(r.p_value * 51, round(r.p_value * 51)) AS steps, r.seed
FROM sketch, rct.randomization_test(plain, 'old', draws => 50, seed => 'other') AS r;
-- Three schools against three: exchanging them gives the same statistic, so no p-value is less than 2 of 20.
SELECT statistic, level, r.p_value, r.ci_low IS NULL AS no_end, r.draws, r.notes
FROM (SELECT rct.sketch(y, arm, school) AS s FROM (VALUES (1.0, 'old', 1), (2, 'old', 2), (3, 'old', 3), (11, 'new', 4), (12, 'new', 5), (14, 'new', 6)) AS d (y, arm, school)) AS six,
     unnest(ARRAY['studentized', 'difference']) AS statistic, unnest(ARRAY[0.9, 0.95]) AS level, rct.randomization_test(s, 'old', '1', statistic => statistic, level => level) AS r
ORDER BY statistic, level;

-- Wild bootstrap: 2^8 sign vectors, or 6^8 random ones of Webb's weights.
SELECT weights, near(w.estimate, e.estimate) AS estimate, near(w.std_error, e.std_error) AS std_error, near(w.t, e.t) AS t, w.p_value, w.p_strict,
       w.draws, w.enumerated, w.clusters, w.clusters_control, w.seed, w.notes
FROM sketch, unnest(ARRAY['auto', 'rademacher', 'webb']) AS weights, rct.wild_bootstrap(plain, 'old', '1', weights => weights) AS w,
     rct.effects(plain, 'old', se => 'CR1S') AS e;
-- The sign vectors in plain SQL. Without strata and covariates the restricted residuals are those about the grand mean,
-- and a refit has the mean of each arm.
CREATE VIEW centred AS
SELECT school, n, total - n * (SELECT avg(y) FROM pupil) AS r, arm FROM school;
WITH draw AS (
    SELECT signs, c.*, CASE WHEN (signs >> (school - 1)) & 1 = 1 THEN 1 ELSE -1 END * r AS star FROM generate_series(0, 255) AS signs, centred AS c
), mean AS (
    SELECT *, sum(star) OVER arms / sum(n) OVER arms AS mean, sum(n) OVER arms AS arm_n FROM draw WINDOW arms AS (PARTITION BY signs, arm)
), t AS (
    SELECT signs, abs(max(mean) FILTER (WHERE arm = 'new') - max(mean) FILTER (WHERE arm = 'old')) / sqrt(sum(((star - n * mean) / arm_n) ^ 2)) AS t
    FROM mean GROUP BY signs
)
SELECT near(w.p_value, (SELECT avg((t.t >= abs(o.difference / o.std_error) * (1 - 1e-9))::int) FROM t)) AS p_value,
       near(w.p_strict, (SELECT avg((t.t > abs(o.difference / o.std_error) * (1 + 1e-9))::int) FROM t)) AS p_strict
FROM sketch, rct.wild_bootstrap(plain, 'old', '1', weights => 'rademacher') AS w, observed AS o;
-- The factor of the standard error is that of all draws: same p-value and interval.
SELECT se, w.p_value = v.p_value AS p_value, near(w.ci_low, v.ci_low) AND near(w.ci_high, v.ci_high) AS ci, near(w.std_error, e.std_error) AS std_error
FROM sketch, unnest(ARRAY['CR0', 'CR1', 'CR1S']) AS se, rct.wild_bootstrap(x, 'old', '1', 'ancova', se => se) AS w, rct.wild_bootstrap(x, 'old', '1', 'ancova') AS v,
     rct.effects(x, 'old', 'ancova', se => se) AS e;
-- The same seed gives the same row, another seed another one; WCU is another test.
SELECT a = b AS same, a.p_value <> c.p_value AS other_seed, a.p_value <> d.p_value AS unrestricted
FROM sketch, rct.wild_bootstrap(x, 'old', '1', 'ancova') AS a, rct.wild_bootstrap(x, 'old', '1', 'ancova') AS b,
     rct.wild_bootstrap(x, 'old', '2', 'ancova') AS c, rct.wild_bootstrap(x, 'old', '1', 'ancova', null_imposed => false) AS d;
-- An interval without an end.
SELECT w.ci_low, w.ci_high, w.notes FROM sketch, rct.wild_bootstrap(plain, 'old', '1', weights => 'rademacher', level => 0.999) AS w;

-- Simultaneous intervals: two outcomes and two conditions; alone as rct.effects.
CREATE TABLE outcomes AS
SELECT rct.sketch('y, x', arm, school, NULL, y, x) AS s
FROM (SELECT y, x, school, CASE WHEN school IN (3, 8, 9, 12) THEN 'more' ELSE arm END AS arm FROM pupil
      UNION ALL SELECT (s * 3 % 7) + i * 3 % 5, i * 5 % 7, s, CASE s % 3 WHEN 0 THEN 'more' WHEN 1 THEN 'new' ELSE 'old' END
      FROM generate_series(9, 20) AS s, generate_series(1, 5) AS i) AS p;
SELECT r.outcome, r.condition, r.control, near(r.estimate, e.estimate) AS estimate, near(r.std_error, e.std_error) AS std_error, near(r.df, e.df) AS df,
       near(r.t, e.t) AS t, near(r.p_value, e.p_value) AS p_value, r.p_adjusted >= r.p_value AND r.p_adjusted <= 1 AS adjusted, r.p_stepdown >= r.p_value AND r.p_stepdown <= r.p_adjusted AS stepdown,
       r.ci_low < e.ci_low AND r.ci_high > e.ci_high AS wider, near(r.ci_high - r.estimate, r.critical * r.std_error) AS critical,
       r.clusters, r.clusters_control, r.draws, r.seed, r.notes = e.notes AS notes
FROM outcomes, rct.simultaneous_intervals(s, 'old', '1') AS r,
     LATERAL (SELECT * FROM rct.effects(s, 'old', outcome => r.outcome) AS e WHERE e.condition = r.condition) AS e
ORDER BY r.outcome, r.condition;
-- Step by step: the largest |t| is compared with all, the same as without steps; the smallest with itself alone; never in another order than t.
SELECT count(*) AS n_tests, bool_and(p_stepdown <= p_adjusted) AS no_larger, bool_or(p_stepdown < p_adjusted) AS smaller, bool_and(p_stepdown = p_adjusted) FILTER (WHERE place = 1) AS first,
       bool_and(p_stepdown >= before) AS in_order, bool_and(abs(p_stepdown - p_value) < 0.02) FILTER (WHERE place = tests) AS last
FROM (SELECT r.*, row_number() OVER w AS place, count(*) OVER () AS tests, lag(p_stepdown) OVER w AS before
      FROM outcomes, rct.simultaneous_intervals(s, 'old', '1') AS r WINDOW w AS (ORDER BY abs(t) DESC)) AS r;
SELECT near(r.p_stepdown, r.p_adjusted) AS one_test FROM sketch, rct.simultaneous_intervals(plain, 'old', '1') AS r;
-- Outcomes by name; they come in the order in which they are asked for.
SELECT r.outcome, r.condition FROM outcomes, rct.simultaneous_intervals(s, 'old', '1', outcomes => '{x,y}') AS r;
SELECT DISTINCT r.outcome, (SELECT e.estimate FROM rct.effects(s, 'old', outcome => 'x') AS e WHERE e.condition = r.condition) = r.estimate AS estimate
FROM outcomes, rct.simultaneous_intervals(s, 'old', '1', outcomes => '{x}') AS r;
SELECT count(*) AS rows, bool_and(abs(r.p_adjusted - e.p_value) < 0.02) AS p_value, bool_and(near(r.ci_low, e.ci_low, 0.05)) AS ci
FROM (SELECT rct.sketch('y, again', arm, school, NULL, y, y) AS s FROM pupil) AS two, sketch, rct.simultaneous_intervals(s, 'old', '1') AS r, rct.effects(plain, 'old') AS e;
SELECT r.critical, r.ci_low, r.notes FROM sketch, rct.simultaneous_intervals(plain, 'old', '1', draws => 10) AS r;

-- NULLs, and what cannot be asked.
SELECT (SELECT count(*) FROM rct.wild_bootstrap(NULL, 'old', '1')) AS wild, (SELECT count(*) FROM rct.randomization_test(NULL, 'old', '1')) AS test,
       (SELECT count(*) FROM rct.simultaneous_intervals(NULL, 'old', '1')) AS intervals;
-- The seed is the caller's.
SELECT proname, pronargs - pronargdefaults AS without_default, proargnames[3] AS third FROM pg_proc WHERE pronamespace = 'rct'::regnamespace AND proname IN ('wild_bootstrap', 'randomization_test', 'simultaneous_intervals') ORDER BY 1;
SELECT rct.simultaneous_intervals(plain, 'old', NULL) FROM sketch;
SELECT rct.wild_bootstrap(plain, NULL, '1') FROM sketch;
SELECT rct.wild_bootstrap(plain, 'old', '1', draws => NULL) FROM sketch;
SELECT rct.wild_bootstrap(plain, 'old', '1', null_imposed => NULL) FROM sketch;
SELECT rct.wild_bootstrap(plain, 'old', '1', draws => 0) FROM sketch;
SELECT rct.wild_bootstrap(plain, 'old', '1', draws => 10000001) FROM sketch;
SELECT rct.wild_bootstrap(plain, 'old', '1', weights => 'normal') FROM sketch;
SELECT rct.wild_bootstrap(plain, 'old', '1', se => 'CR2') FROM sketch;
SELECT rct.wild_bootstrap(plain, 'old', '1', level => 1) FROM sketch;
SELECT rct.wild_bootstrap(plain, 'Old', '1') FROM sketch;
SELECT rct.randomization_test(plain, 'old', seed => NULL) FROM sketch;
SELECT rct.randomization_test(plain, 'old', '1', statistic => 't') FROM sketch;
SELECT rct.randomization_test(plain, 'old', '1', 'ancova') FROM sketch;
SELECT rct.randomization_test((SELECT rct.sketch(y, CASE WHEN x > 3 THEN 'new' ELSE 'old' END, school) FROM pupil), 'old', '1');
SELECT rct.randomization_test((SELECT rct.sketch(y, arm, school, (x > 3)::text) FROM pupil), 'old', '1');
SELECT rct.simultaneous_intervals(s, 'old', '1', outcomes => '{}') FROM outcomes;
SELECT rct.simultaneous_intervals(s, 'old', '1', outcomes => '{x,NULL}') FROM outcomes;
SELECT rct.simultaneous_intervals(s, 'old', '1', outcomes => '{x,z}') FROM outcomes;
-- A long computation can be stopped.
SET statement_timeout = '50ms';
DO $$
BEGIN
    PERFORM rct.wild_bootstrap(plain, 'old', '1', draws => 10000000) FROM sketch;
EXCEPTION WHEN query_canceled THEN
    RAISE NOTICE 'canceled';
END $$;
RESET statement_timeout;
