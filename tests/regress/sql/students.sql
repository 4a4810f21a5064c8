-- Students as units, next to their formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-10) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

CREATE TABLE student (id int, grade int, arm text, y double precision, x double precision);
INSERT INTO student
SELECT i, i % 4, CASE WHEN i * 7 % 11 < 5 THEN 'new' ELSE 'old' END, (i * 37 % 101) / 7.0 + (i % 4) * 3 + (i * 7 % 11 < 5)::int * 0.8, i * 53 % 97
FROM generate_series(1, 2000) AS i;

-- Without strata: the difference in means, Neyman's variance, Welch's degrees of freedom.
CREATE TABLE arms AS SELECT arm, count(*) AS n, avg(y) AS mean, var_samp(y) AS v FROM student GROUP BY arm;
SELECT e.n = a.n AND e.n_control = b.n AS n, near(e.estimate, a.mean - b.mean) AS estimate, near(e.std_error, sqrt(a.v / a.n + b.v / b.n)) AS std_error,
       near(e.df, (a.v / a.n + b.v / b.n) ^ 2 / ((a.v / a.n) ^ 2 / (a.n - 1) + (b.v / b.n) ^ 2 / (b.n - 1))) AS df,
       near(e.mean, a.mean) AND near(e.sd, sqrt(a.v)) AND near(e.mean_control, b.mean) AS arm, near(e.t, e.estimate / e.std_error) AS t,
       near(e.hedges_g, h.hedges_g) AS g, e.clusters = e.n AND e.clusters_control = e.n_control AS clusters, e.notes
FROM arms AS a, arms AS b, rct.effects((SELECT rct.student_sketch(y, arm) FROM student), 'old') AS e,
     rct.effect_sizes(e.estimate, sqrt(((a.n - 1) * a.v + (b.n - 1) * b.v) / (a.n + b.n - 2)), a.n, b.n) AS h WHERE a.arm = 'new' AND b.arm = 'old';
-- The relative effect, with the limits that a t test does not reject.
SELECT near(e.lift, a.mean / b.mean - 1) AS lift, near(min(f), 1, 1e-8) AND near(max(f), 1, 1e-8) AS fieller, count(DISTINCT r) AS limits
FROM arms AS a, arms AS b, rct.effects((SELECT rct.student_sketch(y, arm) FROM student), 'old') AS e, unnest(ARRAY[e.lift_low, e.lift_high]) AS r,
     LATERAL (SELECT (e.estimate - r * b.mean) ^ 2 / ((e.ci_high - e.estimate) / e.std_error) ^ 2 / (a.v / a.n + (1 + r) ^ 2 * b.v / b.n) AS f) AS f
WHERE a.arm = 'new' AND b.arm = 'old' GROUP BY e.lift, a.mean, b.mean;
-- With strata.
SELECT near(e.estimate, f.tau) AS estimate, near(e.std_error, sqrt(f.v)) AS std_error, near(e.df, f.v ^ 2 / f.d) AS df, e.notes
FROM rct.effects((SELECT rct.student_sketch(y, arm, grade::text) FROM student), 'old') AS e, (
    SELECT sum(w * sign * mean) AS tau, sum(w ^ 2 * v / n) AS v, sum((w ^ 2 * v / n) ^ 2 / (n - 1)) AS d FROM (
        SELECT CASE arm WHEN 'new' THEN 1 ELSE -1 END AS sign, count(*) AS n, avg(y) AS mean, var_samp(y) AS v,
            sum(count(*)) OVER (PARTITION BY grade) / sum(count(*)) OVER () AS w FROM student GROUP BY grade, arm) AS c) AS f;
-- Lin's adjustment without strata: residual variance of a regression in each condition.
SELECT near(e.estimate, a.mean - a.slope * (a.mx - t.mx) - b.mean + b.slope * (b.mx - t.mx)) AS estimate,
       near(e.std_error, sqrt(a.rss / (a.n - 2) / a.n + b.rss / (b.n - 2) / b.n)) AS std_error
FROM rct.effects((SELECT rct.student_sketch('y ~ x', arm, NULL, y, x) FROM student), 'old', adjust => 'lin') AS e,
     (SELECT avg(x) AS mx FROM student) AS t,
     (SELECT count(*) AS n, avg(y) AS mean, avg(x) AS mx, regr_slope(y, x) AS slope, regr_syy(y, x) - regr_sxy(y, x) ^ 2 / regr_sxx(y, x) AS rss FROM student WHERE arm = 'new') AS a,
     (SELECT count(*) AS n, avg(y) AS mean, avg(x) AS mx, regr_slope(y, x) AS slope, regr_syy(y, x) - regr_sxy(y, x) ^ 2 / regr_sxx(y, x) AS rss FROM student WHERE arm = 'old') AS b;
-- Keys of all types are strata; strata may be ignored; covariates that are not asked for change nothing.
-- (the order of strata is that of their digests, so that sums round differently)
SELECT near(a.estimate, b.estimate) AND near(a.estimate, c.estimate) AND near(a.estimate, h.estimate) AS keys, d.estimate = e.estimate AS covariates, f.estimate = g.estimate AND f.std_error = g.std_error AS ignored
FROM rct.effects((SELECT rct.student_sketch(y, arm, grade::text) FROM student), 'old') AS a,
     rct.effects((SELECT rct.student_sketch(y, arm, grade, NULL) FROM student), 'old') AS b,
     rct.effects((SELECT rct.student_sketch('y', arm, grade, y) FROM student), 'old') AS h,
     rct.effects((SELECT rct.student_sketch(y, arm, rct.cluster_key(grade)) FROM student), 'old') AS c,
     rct.effects((SELECT rct.student_sketch('y ~ x', arm, grade, y, x) FROM student), 'old') AS d,
     rct.effects((SELECT rct.student_sketch(y, arm, grade::text) FROM student), 'old') AS e,
     rct.effects((SELECT rct.student_sketch(y, arm, grade::text) FROM student), 'old', strata => 'ignore') AS f,
     rct.effects((SELECT rct.student_sketch(y, arm) FROM student), 'old') AS g;
-- The size is that of the strata; order, parts and roll-up give the same bytes.
SELECT n, clusters, strata, stored_cells, bytes < 1000 AS small FROM rct.sketch_info((SELECT rct.student_sketch(y, arm, grade::text) FROM student));
SELECT (SELECT rct.student_sketch(y, arm, grade::text) FROM student)::bytea = (SELECT rct.student_sketch(y, arm, grade::text ORDER BY x DESC) FROM student)::bytea AS ordered,
       (SELECT rct.student_sketch(y, arm, grade::text) FROM student)::bytea
           = (SELECT rct.rollup(s) FROM (SELECT rct.student_sketch(y, arm, grade::text) AS s FROM student GROUP BY id % 7) AS p)::bytea AS rolled_up;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT (SELECT rct.student_sketch(y, arm, grade::text) FROM student)::bytea = (SELECT rct.student_sketch(y, arm, grade::text ORDER BY id) FROM student)::bytea AS parallel;
RESET ALL;
-- Standard errors of rows that are clusters of their own (HC2) are the same without covariates, with other degrees of freedom.
SELECT near(h.estimate, e.estimate) AS estimate, near(h.std_error, e.std_error) AS std_error, near(h.mean, e.mean) AND near(h.sd_control, e.sd_control) AS arms,
       h.n = e.n AND h.n_control = e.n_control AND h.clusters = e.clusters AND h.clusters_control = e.clusters_control AS sizes, abs(h.df - e.df) < 1 AS df
FROM rct.effects((SELECT rct.sketch(y, arm, id) FROM student), 'old', se => 'HC2') AS h, rct.effects((SELECT rct.student_sketch(y, arm) FROM student), 'old') AS e;
-- An offset of a thousand million changes nothing.
SELECT near(a.estimate, b.estimate, 1e-6) AND near(a.std_error, b.std_error, 1e-6) AS shifted
FROM rct.effects((SELECT rct.student_sketch(y + 1e9, arm, grade::text) FROM student), 'old') AS a,
     rct.effects((SELECT rct.student_sketch(y, arm, grade::text) FROM student), 'old') AS b;

-- What is missing is counted.
SELECT n, n_control, notes FROM rct.effects((
    SELECT rct.student_sketch('y ~ x', CASE WHEN id < 1990 THEN arm END, grade, CASE WHEN id > 10 THEN y END, CASE WHEN id <> 500 THEN x END) FROM student),
    'old', adjust => 'lin');
-- What does not exist, and why.
SELECT estimate, std_error, notes FROM rct.effects((SELECT rct.student_sketch(i, CASE WHEN i = 3 THEN 'b' ELSE 'a' END) FROM generate_series(1, 3) AS i), 'a');
SELECT estimate, std_error, notes FROM rct.effects((SELECT rct.student_sketch(i, i / 3 || '', (i / 3)::text) FROM generate_series(0, 5) AS i), '0');
SELECT estimate, std_error, p_value, notes FROM rct.effects((SELECT rct.student_sketch(i % 2, i % 2 || '') FROM generate_series(0, 5) AS i), '0');
SELECT estimate, n, n_control, notes FROM rct.effects((SELECT rct.student_sketch(CASE WHEN i % 2 = 0 THEN i END, i % 2 || '') FROM generate_series(0, 5) AS i), '0');
SELECT notes FROM rct.effects((SELECT rct.student_sketch(y, arm, (CASE WHEN id <= 3 THEN id + 100 ELSE grade END)::text) FROM student), 'old');
SELECT notes FROM rct.effects((SELECT rct.student_sketch('y ~ x, twice', arm, grade, y, x, 2 * x) FROM student), 'old', adjust => 'lin');
SELECT rct.student_sketch(1, 'a') FILTER (WHERE false) IS NULL AS no_row;
SELECT count(*) AS rows FROM rct.effects(NULL, 'a');

-- What a caller can do wrong.
CREATE TABLE sketch AS SELECT rct.student_sketch(y, arm, grade::text) AS s, rct.sketch(y, arm, grade) AS clusters FROM student;
SELECT * FROM sketch, rct.effects(s, 'old', se => 'CR1');
SELECT * FROM sketch, rct.effects(s, 'old', strata => 'pairs');
SELECT * FROM sketch, rct.effects(s, 'old', strata => 'clusters');
SELECT * FROM sketch, rct.joint_test(s, 'old');
SELECT * FROM sketch, rct.arms(s);
SELECT * FROM sketch, rct.icc(s);
SELECT * FROM sketch, rct.cells(s);
SELECT * FROM sketch, rct.srm(s);
SELECT * FROM sketch, rct.balance(s, 'old');
SELECT * FROM rct.effects((SELECT rct.rollup(p) FROM (SELECT s FROM sketch UNION ALL SELECT clusters FROM sketch) AS x (p)), 'old');
SELECT * FROM sketch, rct.effects(s, 'none');
SELECT * FROM sketch, rct.effects(s, NULL);
SELECT * FROM sketch, rct.effects(s, 'old', adjust => 'lin');
SELECT * FROM sketch, rct.effects(s, 'old', adjust => 'ancova');
SELECT * FROM sketch, rct.effects(s, 'old', adjust => 'some');
SELECT * FROM sketch, rct.effects(s, 'old', strata => NULL);
SELECT * FROM sketch, rct.effects(s, 'old', level => 1);
SELECT * FROM rct.effects((SELECT rct.student_sketch(y, arm) FROM student WHERE arm = 'old'), 'old');
SELECT rct.student_sketch('NaN', 'a');
SELECT rct.student_sketch(y, arm, grade) FROM student;
SELECT rct.student_sketch('y ~ x', arm, grade, y) FROM student;
SELECT rct.student_sketch(1, 'a', NULL, '{{1}}'::double precision[]);
