-- Sample ratios, balance and impossible patterns, next to their formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-10) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

-- One table. The exact p-value is the sum of the probabilities that are not above the observed one.
CREATE FUNCTION binomial(x int, n int, p double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    WITH RECURSIVE pmf (k, f) AS (
        SELECT 0, (1 - p) ^ n UNION ALL SELECT k + 1, f * (n - k) / (k + 1) * p / (1 - p) FROM pmf WHERE k < n)
    SELECT sum(f) FILTER (WHERE f <= (SELECT f FROM pmf WHERE k = x) * (1 + 1e-7)) FROM pmf $$;
SELECT count(*) AS cases, bool_and(near(r.chi2, (x - m * p) ^ 2 / (m * p) + (x - m * p) ^ 2 / (m * (1 - p)), 1e-9)) AS chi2,
       bool_and(near(r.p_exact, binomial(x, m, p), 1e-9)) AS exact, bool_and(near(r.expected_counts[1], m * p)) AS expected
FROM unnest(ARRAY[1, 12, 60, 300]) AS m, unnest(ARRAY[0, 0.2, 0.5, 0.8, 1]) AS share, unnest(ARRAY[0.1, 0.5, 0.7]) AS p,
     LATERAL (SELECT round(share * m)::int AS x) AS s, rct.srm(ARRAY[x, m - x]::bigint[], ARRAY[p, 1 - p]) AS r;
SELECT n, chi2, df, p_value, p_exact, verdict, expected_counts, notes FROM rct.srm(ARRAY[5100, 4900]);
SELECT chi2, df, round(p_value::numeric, 12) AS p_value, round(p_exact::numeric, 12) AS p_exact, verdict FROM rct.srm(ARRAY[330, 340, 330]);
SELECT p_value BETWEEN 1.94e-41 AND 1.95e-41 AS far_out, verdict FROM rct.srm(ARRAY[10000, 12000]);
-- Weights of any scale; a weight of 0 takes no part.
SELECT a = b AS same FROM rct.srm(ARRAY[70, 30], ARRAY[2, 1]) AS a, rct.srm(ARRAY[70, 30], ARRAY[200, 100]) AS b;
SELECT * FROM rct.srm(ARRAY[50, 50, 0], ARRAY[1, 1, 0]);
SELECT * FROM rct.srm(ARRAY[50, 50, 2], ARRAY[1, 1, 0], '{a,b,c}');
-- Small counts are judged exactly; what is too large to enumerate has no exact p-value.
SELECT round(p_value::numeric, 6) AS p_value, round(p_exact::numeric, 6) AS p_exact, verdict FROM rct.srm(ARRAY[0, 10], level => 0.9982);
SELECT p_exact, verdict, notes FROM rct.srm(array_fill(100::bigint, ARRAY[20]));
SELECT p_exact, verdict, notes FROM rct.srm(array_fill(2::bigint, ARRAY[20]));
SELECT * FROM rct.srm('{0,0}'::bigint[]);

-- Strata.
CREATE TABLE counted (school text, condition text, n bigint, weight double precision);
INSERT INTO counted VALUES ('Aspen', 'a', 60, 1), ('Aspen', 'b', 40, 1), ('Birch', 'a', 45, 1), ('Birch', 'b', 80, 2), (NULL, 'a', 5, 1), (NULL, 'b', 1, 1);
CREATE TABLE by_school AS SELECT r.* FROM (
    SELECT array_agg(school) AS s, array_agg(condition) AS c, array_agg(n) AS n, array_agg(weight) AS w FROM counted) AS x,
    rct.srm_by_stratum(s, c, n, w) AS r;
SELECT scope, stratum, conditions, counts, expected_counts, n, round(chi2::numeric, 6) AS chi2, df, round(p_exact::numeric, 6) AS p_exact,
       round(p_holm::numeric, 6) AS p_holm, verdict, notes FROM by_school;
-- All together: the sums of differences and of variances.
SELECT near(chi2, (SELECT sum(n - e) ^ 2 / sum(e * (t - e) / t) FROM (
    SELECT condition, n, sum(n) OVER s AS t, sum(n) OVER s * weight / sum(weight) OVER s AS e FROM counted WINDOW s AS (PARTITION BY school)) AS x
    WHERE condition = 'a')) AS combined FROM by_school WHERE scope = 'combined';
-- The order of the rows does not matter.
SELECT count(*) = 4 AS same FROM (SELECT array_agg(school ORDER BY n) AS s, array_agg(condition ORDER BY n) AS c, array_agg(n ORDER BY n) AS n,
    array_agg(weight ORDER BY n) AS w FROM counted) AS x, rct.srm_by_stratum(s, c, n, w) AS r JOIN by_school AS b ON r.scope = b.scope
    AND r.stratum IS NOT DISTINCT FROM b.stratum AND r.chi2 = b.chi2 AND r.p_holm IS NOT DISTINCT FROM b.p_holm;

-- Fixed counts.
CREATE TABLE fixed (school text, condition text, assigned bigint, observed bigint);
INSERT INTO fixed VALUES ('Aspen', 'a', 10, 9), ('Aspen', 'b', 10, 6), ('Birch', 'a', 12, 12), ('Birch', 'b', 8, 5), ('Cedar', 'a', 6, 6), ('Cedar', 'b', 6, 6);
CREATE TABLE spread AS SELECT r.* FROM (
    SELECT array_agg(school) AS s, array_agg(condition) AS c, array_agg(assigned) AS m, array_agg(observed) AS o FROM fixed) AS x,
    rct.srm_blocked(s, c, m, o) AS r;
SELECT scope, stratum, counts, expected_counts, n, round(chi2::numeric, 6) AS chi2, df, round(p_exact::numeric, 6) AS p_exact,
       round(p_holm::numeric, 6) AS p_holm, verdict, notes FROM spread;
SELECT near(chi2, (SELECT sum(o - n * m / t) ^ 2 / sum(n * (t - n) * m * (t - m) / t ^ 2 / (t - 1)) FROM (
    SELECT condition, assigned::float8 AS m, observed::float8 AS o, sum(assigned) OVER s AS t, sum(observed) OVER s AS n
    FROM fixed WINDOW s AS (PARTITION BY school)) AS x WHERE condition = 'a')) AS combined FROM spread WHERE scope = 'combined';
SELECT verdict, notes FROM rct.srm_blocked('{x,x}', '{a,b}', '{5,5}', '{6,4}');

-- Any number of looks.
SELECT n, round(log_e::numeric, 6) AS log_e, round(e_value::numeric, 3) AS e_value, p_value < 1e-6 AS small, alarm, notes FROM rct.srm_sequential(ARRAY[5300, 4700]);
SELECT n, round(log_e::numeric, 6) AS log_e, round(e_value::numeric, 6) AS e_value, p_value, alarm FROM rct.srm_sequential(ARRAY[520, 480]);
SELECT round(log_e::numeric, 3) AS log_e, e_value, p_value, alarm, notes FROM rct.srm_sequential(ARRAY[200000, 100000]);
SELECT * FROM rct.srm_sequential(ARRAY[5, 5, 1], ARRAY[1, 1, 0]);
SELECT * FROM rct.srm_sequential('{0,0}');
SELECT l.look, l.n, round(l.log_e::numeric, 4) AS log_e, round(l.p_value::numeric, 6) AS p_value, round(l.p_running::numeric, 6) AS p_running, l.alarm,
       l.log_e = s.log_e AS same
FROM (VALUES (1, ARRAY[50, 50]), (2, ARRAY[160, 90]), (3, ARRAY[210, 190])) AS v (look, counts),
     rct.srm_looks(ARRAY[[50, 50], [160, 90], [210, 190]], level => 0.99) AS l, rct.srm_sequential(counts::bigint[]) AS s WHERE l.look = v.look;
SELECT count(*) AS looks FROM rct.srm_looks('{}');

-- Clusters and students of a sketch.
CREATE TABLE class (school int, arm text, stratum text, y double precision, x double precision, z double precision);
INSERT INTO class
SELECT s, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END, CASE WHEN s <= 12 THEN 'north' ELSE 'south' END,
       (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0, (s * 5 % 7) + (i * 3 % 11), (i * s) % 5
FROM generate_series(1, 24) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
SELECT conditions, counts, expected_counts, n, chi2, df, p_value, round(p_exact::numeric, 6) AS p_exact, verdict, students, round(students_p::numeric, 9) AS students_p, notes
FROM rct.srm((SELECT rct.sketch(y, arm, school) FROM class), ARRAY[2, 1]);
-- The normal tail by Simpson's rule.
CREATE FUNCTION two_sided(z double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT 2 * sum(CASE WHEN i IN (0, 4000) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END * exp(-(z + i / 400.0) ^ 2 / 2)) / 1200 / sqrt(2 * pi())
    FROM generate_series(0, 4000) AS i $$;
SELECT near(r.students_p, two_sided(f.z), 1e-8) AS students_p
FROM rct.srm((SELECT rct.sketch(y, arm, school) FROM class), ARRAY[2, 1]) AS r,
     (SELECT abs(sum(size * (new - 2.0 / 3))) / sqrt(sum(size ^ 2 * 2.0 / 9)) AS z FROM (
         SELECT count(*) AS size, (arm = 'new')::int AS new FROM class GROUP BY school, arm) AS c) AS f;
SELECT conditions, counts, verdict, notes FROM rct.srm((SELECT rct.sketch(y, arm, school) FROM class), conditions => '{old,video}');
-- Who was assigned counts, with an outcome or without: 60 clusters of 100, though 20 of them have no outcome.
CREATE TABLE assigned AS
SELECT rct.sketch(CASE WHEN k > 20 THEN i END, CASE WHEN k <= 60 THEN 'a' ELSE 'b' END, k) AS s,
       rct.sketch('y, z; weight: w', CASE WHEN k <= 60 THEN 'a' ELSE 'b' END, k, NULL, CASE WHEN k > 20 THEN i END, NULL, 1 + k % 2) AS two,
       rct.sketch(CASE WHEN k > 60 THEN i END, CASE WHEN k <= 60 THEN 'a' ELSE 'b' END, k) AS one_sided
FROM generate_series(1, 100) AS k, generate_series(1, 5) AS i;
SELECT form, r.counts, r.n, round(r.p_exact::numeric, 6) AS p_exact, r.p_exact = c.p_exact AS as_counted, r.verdict, r.students, r.notes
FROM assigned, unnest(ARRAY['s', 'two', 'one_sided'], ARRAY[s, two, one_sided]) AS forms (form, sketch), rct.srm(sketch, level => 0.9) AS r, rct.srm(ARRAY[60, 40], level => 0.9) AS c;
SELECT count(*) AS rows FROM rct.srm(NULL::rct.sketch);
SELECT students_p, notes FROM rct.srm((SELECT rct.sketch(y, arm, stratum) FROM class));

-- Balance: each covariate as an outcome.
CREATE TABLE sketch AS SELECT rct.sketch('y ~ x, z', arm, school, stratum, y, x, z) AS s FROM class;
SELECT b.outcome, b.estimate = e.estimate AS estimate, b.std_error = e.std_error AS std_error, b.df = e.df AS df, b.p_value = e.p_value AS p_value, b.t = e.t AS t,
       b.ci_low = e.ci_low AND b.ci_high = e.ci_high AS ci,
       b.n = e.n AND b.n_control = e.n_control AND b.clusters = e.clusters AS counts, b.mean = e.mean AND b.mean_control = e.mean_control AS means,
       near(b.standardized, (1 - 3.0 / (4 * (e.n + e.n_control) - 9)) * e.estimate
            / sqrt(((e.n - 1) * e.sd ^ 2 + (e.n_control - 1) * e.sd_control ^ 2) / (e.n + e.n_control - 2))) AS standardized, b.category, b.notes
FROM sketch, rct.balance(s, 'old') AS b
JOIN (SELECT e.* FROM rct.effects((SELECT rct.sketch('x', arm, school, stratum, x) FROM class), 'old') AS e
      UNION ALL SELECT e.* FROM rct.effects((SELECT rct.sketch('z', arm, school, stratum, z) FROM class), 'old') AS e) AS e USING (outcome);
-- Some of the covariates, in any order.
SELECT outcome, round(estimate::numeric, 6) AS estimate, category FROM sketch, rct.balance(s, 'old', covariates => '{z,x}');
SELECT covariates, near(j.p_value, b.p_value) AS p_value FROM sketch, rct.balance_joint(s, 'old', covariates => '{z}') AS j, rct.balance(s, 'old', covariates => '{z}') AS b;
SELECT condition, control, covariates, round(f::numeric, 6) AS f, df_num, round(df_den::numeric, 6) AS df_den, round(p_value::numeric, 6) AS p_value, notes
FROM sketch, rct.balance_joint(s, 'old');
-- With one covariate the joint test is the square of its t test.
SELECT near(j.f, (b.estimate / b.std_error) ^ 2) AS f, near(j.df_den, b.df) AS df, near(j.p_value, b.p_value) AS p_value
FROM (SELECT rct.sketch('y ~ x', arm, school, stratum, y, x) AS s FROM class) AS o, rct.balance(s, 'old') AS b, rct.balance_joint(s, 'old') AS j;
-- With weights, and several conditions.
CREATE TABLE weighted AS SELECT school, CASE WHEN school % 3 = 0 THEN 'video' ELSE arm END AS arm, stratum, y, x, z, 1 + (school + x::int) % 3 AS w FROM class;
SELECT b.condition, b.estimate = e.estimate AND b.std_error = e.std_error AND b.df = e.df AS same, near(j.f, b.estimate ^ 2 / b.std_error ^ 2) AS f,
       near(j.p_value, b.p_value) AS p_value
FROM (SELECT rct.sketch('y ~ x; weight: w', arm, school, stratum, y, x, w) AS s, rct.sketch('x; weight: w', arm, school, stratum, x, w) AS o FROM weighted) AS k,
     rct.balance(s, 'old') AS b JOIN rct.balance_joint(s, 'old') AS j USING (condition) JOIN rct.effects(o, 'old') AS e USING (condition);
SELECT outcome, round(estimate::numeric, 6) AS estimate FROM sketch, rct.balance(s, 'old', strata => 'ignore');
-- A covariate twice, one that is constant, too few clusters.
SELECT covariates, f IS NOT NULL AS f, notes FROM rct.balance_joint((SELECT rct.sketch('y ~ x, twice, seven', arm, school, NULL, y, x, 2 * x, 7) FROM class), 'old');
SELECT outcome, standardized, category, p_value, notes FROM rct.balance((SELECT rct.sketch('y ~ x, seven', arm, school, NULL, y, x, 7) FROM class WHERE school <= 4), 'old') WHERE outcome = 'seven';
SELECT f, df_den, p_value, notes FROM rct.balance_joint((SELECT rct.sketch('y ~ x, z', arm, school, NULL, y, x, z) FROM class WHERE school <= 4), 'old');
SELECT count(*) AS rows FROM rct.balance(NULL, 'old');
SELECT count(*) AS rows FROM rct.balance_joint(NULL, 'old');

-- Impossible patterns.
SELECT * FROM sketch, rct.impossible_patterns(s, conditions => '{old,new}');
CREATE FUNCTION digest(key text) RETURNS text LANGUAGE sql AS 'SELECT rct.cluster_key(key)::text';
SELECT p.severity, p.code, coalesce(c.school, p.place) AS place, p.detail
FROM (SELECT rct.sketch('one; exposure: exposed', v.arm, v.school, v.stratum, 1, v.exposed) AS s FROM (VALUES
    ('old', 'A', 'north', 0), ('new', 'A', 'north', 1), ('old', 'B', 'south', 0.5), ('old', 'C', 'south', 0), ('video', 'D', 'north', 1), ('new', 'D', 'west', 1))
    AS v (arm, school, stratum, exposed)) AS x, rct.impossible_patterns(s, 'old', '{old,new,video}', '{1,1,0}') AS p
LEFT JOIN (SELECT k, digest(k) AS d FROM unnest('{A,B,C,D,north,south,west}'::text[]) AS k) AS c (school, d) ON c.d = p.place;
-- Rows without an outcome were assigned, too: a cluster in two conditions is seen though only one of its rows has an outcome.
SELECT severity, code, coalesce(c.school, p.place) AS place, detail
FROM (SELECT rct.sketch(y, arm, school, stratum) AS s FROM (VALUES (1, 'old', 'A', 'north'), (NULL, 'new', 'A', 'south'), (2, 'new', 'B', 'north'), (NULL, 'video', 'C', 'north')) AS v (y, arm, school, stratum)) AS x,
     rct.impossible_patterns(s, 'old', '{old,new}') AS p
LEFT JOIN (SELECT k, digest(k) FROM unnest('{A,B,C,north,south}'::text[]) AS k) AS c (school, d) ON c.d = p.place;
SELECT count(*) AS patterns FROM rct.impossible_patterns(NULL::rct.sketch);

-- What a caller can do wrong.
SELECT * FROM rct.srm(NULL::bigint[]);
SELECT * FROM rct.srm('{1,NULL}'::bigint[]);
SELECT * FROM rct.srm('{1,-2}'::bigint[]);
SELECT * FROM rct.srm('{1}'::bigint[]);
SELECT * FROM rct.srm(ARRAY[1, 2], '{1}');
SELECT * FROM rct.srm(ARRAY[1, 2], '{1,NULL}');
SELECT * FROM rct.srm(ARRAY[1, 2], '{1,-1}');
SELECT * FROM rct.srm(ARRAY[1, 2], '{1,NaN}');
SELECT * FROM rct.srm(ARRAY[1, 2], '{1,0}');
SELECT * FROM rct.srm(ARRAY[1, 2], conditions => '{a}');
SELECT * FROM rct.srm(ARRAY[1, 2], level => 1);
SELECT * FROM rct.srm(ARRAY[1, 2], level => NULL);
SELECT * FROM rct.srm(ARRAY[1, 9007199254740992]);
SELECT * FROM sketch, rct.srm(s, conditions => '{old,new,old}');
SELECT * FROM sketch, rct.srm(s, '{1,2,3}');
SELECT * FROM rct.srm_by_stratum('{x,x}', '{a,b}', '{1}');
SELECT * FROM rct.srm_by_stratum('{x,x}', '{a,a}', '{1,2}');
SELECT * FROM rct.srm_by_stratum('{x,x,x}', '{a,b,a}', '{1,2,3}');
SELECT * FROM rct.srm_by_stratum(NULL, '{a,b}', '{1,2}');
SELECT * FROM rct.srm_by_stratum('{x,x}', '{a,b}', '{1,2}', '{1}');
SELECT * FROM rct.srm_blocked('{x,x}', '{a,b}', '{1}', '{1,2}');
SELECT * FROM rct.srm_blocked('{x,x}', '{a,b}', '{1,2}', NULL);
SELECT * FROM rct.srm_sequential(ARRAY[1, 2], k => 0);
SELECT * FROM rct.srm_sequential(ARRAY[1, 2], k => NULL);
SELECT * FROM rct.srm_looks(ARRAY[1, 2, 3]);
SELECT * FROM rct.srm_looks(ARRAY[[1, 2], [2, 1]]);
SELECT * FROM rct.srm_looks(ARRAY[1, 2], arms => 1);
SELECT * FROM sketch, rct.balance(s, 'none');
SELECT * FROM sketch, rct.balance(s, NULL);
SELECT * FROM sketch, rct.balance(s, 'old', covariates => '{x,y}');
SELECT * FROM sketch, rct.balance(s, 'old', covariates => '{x,x}');
SELECT * FROM sketch, rct.balance(s, 'old', covariates => '{}');
SELECT * FROM sketch, rct.balance(s, 'old', strata => 'some');
SELECT * FROM rct.balance((SELECT rct.sketch(y, arm, school) FROM class), 'old');
SELECT * FROM rct.balance_joint((SELECT rct.sketch(y, arm, school) FROM class), 'old');
SELECT * FROM sketch, rct.impossible_patterns(s, 'none');
SELECT * FROM sketch, rct.impossible_patterns(s, expected => '{1}');
SELECT * FROM sketch, rct.impossible_patterns(s, conditions => '{old,new}', expected => '{1,-1}');
