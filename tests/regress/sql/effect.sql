-- Effects and their standard errors, next to formulas in plain SQL where there are some.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-12) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';
-- Two-sided p-value of t: the share of the integral of cos^(df - 1) beyond atan(t / sqrt(df)), by Simpson's rule.
CREATE FUNCTION area(low double precision, high double precision, df double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (high - low) / 12000 * sum(CASE WHEN i IN (0, 4000) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END
                                          * greatest(cos(low + (high - low) * i / 4000.0), 0) ^ (df - 1))
        FROM generate_series(0, 4000) AS i';
CREATE FUNCTION p(t double precision, df double precision) RETURNS double precision LANGUAGE sql IMMUTABLE
    AS 'SELECT area(atan(abs(t) / sqrt(df)), pi() / 2, df) / area(0, pi() / 2, df)';
SELECT round(p(2.776445105, 4)::numeric, 9) AS p4, round(p(12.706204736, 1)::numeric, 9) AS p1;

-- One pupil per cluster.
CREATE TABLE pupil (arm text, y double precision, id int GENERATED ALWAYS AS IDENTITY);
INSERT INTO pupil (arm, y) VALUES ('old', 11), ('old', 12), ('old', 14), ('new', 13), ('new', 17), ('new', 19);
CREATE VIEW arm AS SELECT arm, count(*) AS n, avg(y) AS mean, var_samp(y) AS v FROM pupil GROUP BY arm;
\x on
SELECT condition, control, round(estimate::numeric, 10) AS estimate, round(std_error::numeric, 10) AS std_error,
       round(df::numeric, 10) AS df, round(t::numeric, 10) AS t, round(p_value::numeric, 10) AS p_value,
       round(ci_low::numeric, 10) AS ci_low, round(ci_high::numeric, 10) AS ci_high, n, n_control, clusters,
       clusters_control, round(mean::numeric, 10) AS mean, round(mean_control::numeric, 10) AS mean_control,
       round(sd::numeric, 10) AS sd, round(sd_control::numeric, 10) AS sd_control, round(hedges_g::numeric, 10) AS hedges_g,
       round(lift::numeric, 10) AS lift, round(lift_low::numeric, 10) AS lift_low, round(lift_high::numeric, 10) AS lift_high,
       notes
FROM rct.effects((SELECT rct.sketch(y, arm, id) FROM pupil), 'old');
\x off
-- CR2 is then Welch's standard error, and with equal sizes and the working model's variance 4 degrees of freedom.
SELECT near(e.estimate, a.mean - c.mean) AS estimate, near(e.std_error, sqrt(a.v / a.n + c.v / c.n)) AS std_error,
       near(e.df, 4) AS df, near(e.t, e.estimate / e.std_error) AS t, near(e.p_value, p(e.t, 4), 1e-9) AS p_value,
       near(0.05, p((e.ci_high - e.estimate) / e.std_error, 4), 1e-9) AS ci,
       near(e.ci_high - e.estimate, e.estimate - e.ci_low) AS symmetric,
       (e.n, e.n_control, e.clusters, e.clusters_control) = (a.n, c.n, a.n, c.n) AS sizes,
       near(e.mean, a.mean) AND near(e.mean_control, c.mean) AS means, near(e.sd ^ 2, a.v) AND near(e.sd_control ^ 2, c.v) AS sds,
       near(e.lift, a.mean / c.mean - 1) AS lift
FROM rct.effects((SELECT rct.sketch(y, arm, id) FROM pupil), 'old') AS e, arm AS a, arm AS c
WHERE a.arm = 'new' AND c.arm = 'old';
-- Fieller's limits are the ratios that a t test does not reject.
SELECT near(((e.estimate - r * c.mean) ^ 2 / (a.v / a.n + c.v / c.n + 2 * r * c.v / c.n + r ^ 2 * c.v / c.n)),
            ((e.ci_high - e.estimate) / e.std_error) ^ 2, 1e-9) AS fieller
FROM rct.effects((SELECT rct.sketch(y, arm, id) FROM pupil), 'old') AS e, unnest(ARRAY[e.lift_low, e.lift_high]) AS r, arm AS a, arm AS c
WHERE a.arm = 'new' AND c.arm = 'old';
-- The other standard errors.
SELECT se, near(e.std_error, sqrt(CASE se
           WHEN 'CR2' THEN a.v / a.n + c.v / c.n
           WHEN 'CR0' THEN a.v * (a.n - 1) / a.n ^ 2 + c.v * (c.n - 1) / c.n ^ 2
           WHEN 'CR1' THEN (a.v * (a.n - 1) / a.n ^ 2 + c.v * (c.n - 1) / c.n ^ 2) * 6 / 5
           WHEN 'CR1S' THEN (a.v * (a.n - 1) / a.n ^ 2 + c.v * (c.n - 1) / c.n ^ 2) * 6 * 5 / (5 * 4)
           WHEN 'CR3' THEN a.v / (a.n - 1) + c.v / (c.n - 1)
           WHEN 'HC2' THEN a.v / a.n + c.v / c.n
           WHEN 'HC3' THEN a.v / (a.n - 1) + c.v / (c.n - 1)
           WHEN 'naive' THEN (a.v * (a.n - 1) + c.v * (c.n - 1)) / 4 * (1.0 / a.n + 1.0 / c.n) END)) AS std_error,
       round(e.df::numeric, 9) AS df, near(e.p_value, p(e.estimate / e.std_error, e.df), 1e-9) AS p_value, notes
FROM unnest(ARRAY['CR2', 'CR0', 'CR1', 'CR1S', 'CR3', 'HC2', 'HC3', 'naive']) AS se,
     rct.effects((SELECT rct.sketch(y, arm, id) FROM pupil), 'old', se => se) AS e, arm AS a, arm AS c
WHERE a.arm = 'new' AND c.arm = 'old';
-- Other levels.
SELECT level, near(1 - level, p((e.ci_high - e.estimate) / e.std_error, e.df), 1e-8) AS ci
FROM unnest(ARRAY[0.5, 0.8, 0.9, 0.99, 0.999]) AS level,
     rct.effects((SELECT rct.sketch(y, arm, id) FROM pupil), 'old', level => level) AS e;
-- The other way round.
SELECT near(a.estimate, -b.estimate) AS estimate, near(a.std_error, b.std_error) AS std_error, near(a.df, b.df) AS df,
       near(a.p_value, b.p_value) AS p_value, near(a.ci_low, -b.ci_high) AS ci
FROM rct.effects((SELECT rct.sketch(y, arm, id) FROM pupil), 'old') AS a,
     rct.effects((SELECT rct.sketch(y, arm, id) FROM pupil), 'new') AS b;

-- Schools of unequal size. With r = n (mean of school - mean of arm) and the leverage l = n / N of a school in its arm,
-- CR2 is Σ r² / (1 - l) / N², and the degrees of freedom follow from the matrix of the working model.
CREATE TABLE class (school int, arm text, stratum text, y double precision, x double precision, w double precision);
INSERT INTO class
SELECT s, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END, CASE WHEN s <= 10 THEN 'north' ELSE 'south' END,
       (s * 7 % 5) + (i * 11 % 13) / 2.0 + (s % 2) * -1.5, (s * 3 % 7) + (i * 5 % 11) / 4.0, 1 + s % 3
FROM generate_series(1, 22) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
CREATE VIEW school AS
SELECT arm, school, count(*) AS n, avg(y) AS mean, sum(count(*)) OVER arm AS total,
       count(*) / sum(count(*)) OVER arm AS l, sum(sum(y)) OVER arm / sum(count(*)) OVER arm AS arm_mean
FROM class GROUP BY arm, school WINDOW arm AS (PARTITION BY arm);
SELECT near(e.estimate, f.estimate) AS estimate, near(e.std_error, f.std_error, 1e-11) AS std_error,
       near(e.df, g.df, 1e-11) AS df, near(e.p_value, p(e.t, g.df), 1e-8) AS p_value,
       near(0.05, p((e.ci_high - e.estimate) / e.std_error, g.df), 1e-8) AS ci, e.clusters, e.clusters_control, e.notes
FROM rct.effects((SELECT rct.sketch(y, arm, school) FROM class), 'old') AS e,
     (SELECT max(arm_mean) FILTER (WHERE arm = 'new') - max(arm_mean) FILTER (WHERE arm = 'old') AS estimate,
             sqrt(sum((n * (mean - arm_mean)) ^ 2 / (1 - l) / total ^ 2)) AS std_error FROM school) AS f,
     (SELECT sum(p) FILTER (WHERE same) ^ 2 / sum(p ^ 2) AS df
      FROM (SELECT a.school = b.school AS same,
                   CASE WHEN a.school = b.school THEN a.n / a.total ^ 2
                        ELSE -a.n * b.n / (a.total ^ 3 * sqrt((1 - a.l) * (1 - b.l))) END AS p
            FROM school AS a JOIN school AS b USING (arm)) AS pairs) AS g;
-- Hedges' g of the columns and the intra-cluster correlation.
SELECT near(e.hedges_g, z.hedges_g) AS hedges_g
FROM (SELECT rct.sketch(y, arm, school) AS s FROM class) AS s, rct.effects(s, 'old') AS e, rct.icc(s) AS i,
     rct.effect_sizes(e.estimate, sqrt(((e.n - 1) * e.sd ^ 2 + (e.n_control - 1) * e.sd_control ^ 2) / (e.n + e.n_control - 2)),
                      e.n, e.n_control, (e.n + e.n_control)::double precision / (e.clusters + e.clusters_control), i.icc) AS z;

-- Strata: the regression with an intercept for each, or as if there were none.
SELECT near(e.estimate, f.slope) AS absorbed, near(i.estimate, f.difference) AS ignored, NOT near(e.estimate, i.estimate, 1e-3) AS differ
FROM (SELECT rct.sketch(y, arm, school, stratum) AS s FROM class WHERE school <> 4) AS s,
     rct.effects(s, 'old') AS e, rct.effects(s, 'old', strata => 'ignore') AS i,
     (SELECT regr_slope(y, t - share) AS slope, avg(y) FILTER (WHERE t = 1) - avg(y) FILTER (WHERE t = 0) AS difference
      FROM (SELECT y, t, avg(t) OVER (PARTITION BY stratum) AS share
            FROM (SELECT *, (arm = 'new')::int AS t FROM class WHERE school <> 4) AS c) AS c) AS f;
-- Without strata in the sketch both are the same; so are they with one stratum.
SELECT (SELECT e FROM rct.effects(s, 'old') AS e) = (SELECT e FROM rct.effects(s, 'old', strata => 'ignore') AS e) AS without_strata
FROM (SELECT rct.sketch(y, arm, school) AS s FROM class) AS s;
SELECT near(a.estimate, b.estimate) AND near(a.std_error, b.std_error) AND near(a.df, b.df) AS one_stratum
FROM rct.effects((SELECT rct.sketch(y, arm, school) FROM class), 'old') AS a,
     rct.effects((SELECT rct.sketch(y, arm, school, 'all') FROM class), 'old') AS b;

-- Covariate: the slope within arms, taken off the difference.
SELECT near(e.estimate, (a.y - b.y) - slope * (a.x - b.x), 1e-11) AS estimate, e.n = 0 + a.n AS n
FROM rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM class), 'old', adjust => 'ancova') AS e,
     (SELECT sum(sxy) / sum(sxx) AS slope FROM (SELECT regr_sxy(y, x) AS sxy, regr_sxx(y, x) AS sxx FROM class GROUP BY arm) AS s) AS s,
     (SELECT avg(y) AS y, avg(x) AS x, count(*) AS n FROM class WHERE arm = 'new') AS a,
     (SELECT avg(y) AS y, avg(x) AS x FROM class WHERE arm = 'old') AS b;
-- Its unit and origin do not matter; nor does one that is constant or a copy, which is dropped.
SELECT near(a.estimate, b.estimate, 1e-10) AND near(a.std_error, b.std_error, 1e-10) AND near(a.df, b.df, 1e-10) AS other_unit
FROM rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM class), 'old', 'ancova') AS a,
     rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, 1024 * x + 1048576) FROM class), 'old', 'ancova') AS b;
SELECT near(a.estimate, b.estimate, 1e-10) AND near(a.std_error, b.std_error, 1e-10) AND near(a.df, b.df, 1e-10) AS same, b.notes
FROM rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM class), 'old', 'ancova') AS a,
     rct.effects((SELECT rct.sketch('y ~ five, x, twice', arm, school, NULL, y, 5, x, 2 * x + 1) FROM class), 'old', 'ancova') AS b;
-- Without adjustment covariates do not matter, and rows that lack one are in; with it they are out.
SELECT (SELECT to_jsonb(e) - 'outcome' FROM rct.effects(a, 'old') AS e) = (SELECT to_jsonb(e) - 'outcome' FROM rct.effects(b, 'old') AS e) AS unadjusted
FROM (SELECT rct.sketch(y, arm, school) AS a, rct.sketch('y ~ x', arm, school, NULL, y, x) AS b FROM class) AS s;
SELECT near(a.estimate, b.estimate) AND near(a.std_error, b.std_error) AND near(a.df, b.df) AND a.n = b.n AS complete_rows_only, a.notes
FROM rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, nullif(x, 3)) FROM class), 'old', 'ancova') AS a,
     rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM class WHERE x <> 3), 'old', 'ancova') AS b;

-- Weights: the difference of weighted means; a power of two in all of them does not matter.
SELECT near(e.estimate, f.estimate) AS estimate, near(e.std_error, s.std_error) AND near(e.df, s.df) AS scaled
FROM rct.effects((SELECT rct.sketch('y; weight: w', arm, school, NULL, y, w) FROM class), 'old') AS e,
     rct.effects((SELECT rct.sketch('y; weight: w', arm, school, NULL, y, w / 1024) FROM class), 'old') AS s,
     (SELECT sum(w * y) FILTER (WHERE arm = 'new') / sum(w) FILTER (WHERE arm = 'new')
             - sum(w * y) FILTER (WHERE arm = 'old') / sum(w) FILTER (WHERE arm = 'old') AS estimate FROM class) AS f;
-- For CR0 a row of weight 3 is three rows; and all weights 1 are as none.
SELECT near(a.estimate, b.estimate) AND near(a.std_error, b.std_error) AS cr0
FROM rct.effects((SELECT rct.sketch('y; weight: w', arm, school, NULL, y, w) FROM class), 'old', se => 'CR0') AS a,
     rct.effects((SELECT rct.sketch(y, arm, school) FROM class, generate_series(1, w::int)), 'old', se => 'CR0') AS b;
SELECT near(a.estimate, b.estimate) AND near(a.std_error, b.std_error) AND near(a.df, b.df) AS weights_of_1
FROM rct.effects((SELECT rct.sketch('y; weight: w', arm, school, NULL, y, 1) FROM class), 'old') AS a,
     rct.effects((SELECT rct.sketch(y, arm, school) FROM class), 'old') AS b;
-- Rows without a weight among weighted ones are left out.
SELECT near(a.estimate, b.estimate) AND near(a.std_error, b.std_error) AND near(a.df, b.df) AS weighted_rows_only, a.n = b.n AS n, a.notes
FROM rct.effects((SELECT rct.sketch('y; weight: w', arm, school, NULL, y, nullif(w, 3)) FROM class), 'old') AS a,
     rct.effects((SELECT rct.sketch('y; weight: w', arm, school, NULL, y, w) FROM class WHERE w <> 3), 'old') AS b;

-- Three arms: one row for each but the control, by name, as if the other were not there.
CREATE VIEW three AS SELECT *, CASE WHEN school % 3 = 0 THEN 'basic' WHEN school % 3 = 1 THEN 'full' ELSE 'none' END AS kind FROM class;
SELECT e.condition, e.control,
       near(e.estimate, o.estimate) AND near(e.std_error, o.std_error, 1e-11) AND near(e.df, o.df, 1e-11) AND e.n = o.n AS as_if_alone
FROM rct.effects((SELECT rct.sketch(y, kind, school) FROM three), 'none') AS e,
     LATERAL rct.effects((SELECT rct.sketch(y, kind, school) FROM three WHERE kind IN ('none', e.condition)), 'none') AS o;
-- Joint test: with one condition F = t²; with more Wald's quadratic form, and with two a p-value in closed form.
SELECT se, j.conditions, near(j.f, e.t ^ 2, 1e-10) AS f, j.df_num, near(j.df_den, e.df, 1e-10) AS df_den, near(j.p_value, e.p_value, 1e-10) AS p_value
FROM unnest(ARRAY['CR2', 'CR0', 'CR1', 'CR1S', 'CR3', 'naive']) AS se, (SELECT rct.sketch(y, arm, school) AS s FROM class) AS s,
     rct.effects(s, 'old', se => se) AS e, rct.joint_test(s, 'old', se => se) AS j;
WITH arm AS (
    SELECT kind, sum(n * mean) / sum(n) AS mean, sum((n * (mean - arm_mean)) ^ 2 / total ^ 2) AS cr0,
           sum((n * (mean - arm_mean)) ^ 2 / (1 - n / total) / total ^ 2) AS cr2
    FROM (SELECT kind, school, count(*) AS n, avg(y) AS mean, sum(count(*)) OVER arm AS total, sum(sum(y)) OVER arm / sum(count(*)) OVER arm AS arm_mean
          FROM three GROUP BY kind, school WINDOW arm AS (PARTITION BY kind)) AS s GROUP BY kind
), wald AS (
    SELECT se, (a ^ 2 * (v2 + v0) - 2 * a * b * v0 + b ^ 2 * (v1 + v0)) / ((v1 + v0) * (v2 + v0) - v0 ^ 2) AS wald
    FROM (SELECT se, max(mean) FILTER (WHERE kind = 'basic') - max(mean) FILTER (WHERE kind = 'none') AS a,
                 max(mean) FILTER (WHERE kind = 'full') - max(mean) FILTER (WHERE kind = 'none') AS b,
                 max(v) FILTER (WHERE kind = 'none') AS v0, max(v) FILTER (WHERE kind = 'basic') AS v1, max(v) FILTER (WHERE kind = 'full') AS v2
          FROM (SELECT kind, mean, 'CR0' AS se, cr0 AS v FROM arm UNION ALL SELECT kind, mean, 'CR2', cr2 FROM arm) AS v GROUP BY se) AS q
)
SELECT se, j.conditions, j.df_num,
       near(j.f, wald / 2 * CASE se WHEN 'CR2' THEN j.df_den / (j.df_den + 1) ELSE 1 END, 1e-10) AS f,
       CASE se WHEN 'CR0' THEN near(j.df_den, 21) ELSE j.df_den BETWEEN 8 AND 20 END AS df_den,
       near(j.p_value, (1 + 2 * j.f / j.df_den) ^ (-j.df_den / 2), 1e-10) AS p_value, j.notes
FROM wald, rct.joint_test((SELECT rct.sketch(y, kind, school) FROM three), 'none', se => se) AS j ORDER BY se;

-- Hypotheses by their words: each on its own, and all together, which are the effects if none are given.
SELECT c.hypothesis, near(c.estimate, f.estimate) AS estimate, f.std_error IS NULL OR near(c.std_error, f.std_error, 1e-11) AS std_error, near(c.t, c.estimate / c.std_error) AS t,
       near(c.p_value, p(c.t, c.df), 1e-8) AS p_value, ARRAY(SELECT split_part(n, ':', 1) FROM unnest(c.notes) AS n) AS notes
FROM (SELECT rct.sketch(y, kind, school) AS s FROM three) AS k, rct.contrasts(s, 'none', '{basic = none, none = full, (basic + full) / 2 = none, basic = full}') AS c
JOIN LATERAL (SELECT 'basic = none' AS hypothesis, b.estimate, b.std_error FROM rct.effects(s, 'none') AS b WHERE b.condition = 'basic'
      UNION ALL SELECT 'none = full', -b.estimate, b.std_error FROM rct.effects(s, 'none') AS b WHERE b.condition = 'full'
      UNION ALL SELECT '(basic + full) / 2 = none', avg(b.estimate), NULL FROM rct.effects(s, 'none') AS b
      UNION ALL SELECT 'basic = full', b.estimate, b.std_error FROM rct.effects(s, 'full') AS b WHERE b.condition = 'basic') AS f USING (hypothesis);
SELECT se, near(j.f, d.f, 1e-10) AND near(j.df_den, d.df_den, 1e-10) AND near(j.p_value, d.p_value, 1e-10) AS same, j.hypotheses, d.hypotheses AS by_default
FROM unnest(ARRAY['CR2', 'CR1S']) AS se, (SELECT rct.sketch(y, kind, school) AS s FROM three) AS k, rct.joint_test(s, 'none', '{full = basic, none = (basic + full) / 2}', se => se) AS j, rct.joint_test(s, 'none', se => se) AS d;

-- Mixed models. With clusters of one size the estimate is the difference in means, and its variance is that of the means of clusters:
-- G - 2 degrees of freedom, no correction; the variances of the model are those of the analysis of variance.
CREATE TABLE even AS
SELECT s AS school, CASE WHEN s % 3 = 0 THEN 'new' ELSE 'old' END AS arm, CASE WHEN s <= 9 THEN 'north' ELSE 'south' END AS stratum,
       ((s * 7 % 11) * 1.5 + (i * 11 % 13) / 2.0 + (s * i) % 3)::float8 AS y, (i * 5 % 7)::float8 AS x
FROM generate_series(1, 18) AS s, generate_series(1, 6) AS i;
SELECT se, near(e.estimate, f.estimate) AS estimate, near(e.std_error, sqrt(f.between * (1 / 6.0 + 1 / 12.0)), 1e-10) AS std_error, near(e.df, 16, 1e-9) AS df,
       near(e.p_value, p(e.t, 16), 1e-8) AS p_value, near(0.05, p((e.ci_high - e.estimate) / e.std_error, 16), 1e-8) AS ci, near(e.mean - e.mean_control, e.estimate) AS means,
       near(m[1]::float8, f.between - f.within / 6, 1e-5) AS between, near(m[2]::float8, f.within, 1e-5) AS within, near(m[3]::float8, m[1]::float8 / (m[1]::float8 + m[2]::float8), 1e-5) AS icc, e.notes AS notes
FROM unnest(ARRAY['KR', 'REML']) AS se, rct.effects((SELECT rct.sketch(y, arm, school) FROM even), 'old', se => se) AS e,
     (SELECT avg(mean) FILTER (WHERE arm = 'new') - avg(mean) FILTER (WHERE arm = 'old') AS estimate,
             (var_samp(mean) FILTER (WHERE arm = 'new') * 5 + var_samp(mean) FILTER (WHERE arm = 'old') * 11) / 16 AS between, avg(v) AS within
      FROM (SELECT arm, school, avg(y) AS mean, var_samp(y) AS v FROM even GROUP BY arm, school) AS s) AS f,
     regexp_match(e.notes::text, 'random_intercept: variance between clusters ([0-9.]+), within clusters ([0-9.]+), intra-cluster correlation ([0-9.]+)"') AS m;
-- With arms of one size too it is CR2's standard error.
SELECT se, near(e.estimate, c.estimate) AND near(e.std_error, c.std_error, 1e-10) AND near(e.df, c.df, 1e-9) AND near(e.p_value, c.p_value, 1e-9) AS as_cr2
FROM unnest(ARRAY['KR', 'REML']) AS se, (SELECT rct.sketch(y, arm, school) AS s FROM even WHERE school % 3 < 2) AS k,
     rct.effects(s, 'old', se => se) AS e, rct.effects(s, 'old') AS c;
-- The two differ where sizes do; with a covariate and strata.
SELECT se, round(estimate::numeric, 6) AS estimate, round(std_error::numeric, 6) AS std_error, round(df::numeric, 4) AS df, n, clusters, notes AS notes
FROM unnest(ARRAY['KR', 'REML']) AS se, rct.effects((SELECT rct.sketch('y ~ x', arm, school, stratum, y, x) FROM class), 'old', 'ancova', se => se);
-- no_variance_between: clusters that are less different than chance would make them
SELECT se, round(estimate::numeric, 6) AS estimate, round(std_error::numeric, 6) AS std_error, round(df::numeric, 4) AS df, notes AS notes
FROM unnest(ARRAY['KR', 'REML']) AS se, rct.effects((SELECT rct.sketch(i * i % 11, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END, s) FROM generate_series(1, 20) AS s, generate_series(1, 11) AS i), 'old', se => se);
SELECT rct.effects((SELECT rct.sketch('y; weight: w', arm, school, NULL, y, w) FROM class), 'old', se => 'KR');
SELECT rct.effects((SELECT rct.sketch(y, arm, school) FROM class), 'old', se => 'REML', estimand => 'cluster');

-- HC2 and HC3 are for rows that are clusters of their own, with weights too: residuals over the root of 1 - h, or over it, with h = w / Σ w.
CREATE TABLE one AS SELECT *, row_number() OVER (ORDER BY school, y, x) AS id, (row_number() OVER (ORDER BY y, x, school) % 4)::text AS grade FROM class;
SELECT se, near(e.estimate, f.estimate) AS estimate, near(e.std_error, sqrt(CASE se WHEN 'HC2' THEN hc2 ELSE hc3 END), 1e-11) AS std_error, e.clusters = e.n AS clusters, e.notes
FROM unnest(ARRAY['HC2', 'HC3']) AS se, rct.effects((SELECT rct.sketch('y; weight: w', arm, id, NULL, y, w) FROM one), 'old', se => se) AS e,
     (SELECT sum(CASE arm WHEN 'new' THEN 1 ELSE -1 END * w * y / total) AS estimate, sum((w * (y - mean) / total) ^ 2 / (1 - w / total)) AS hc2,
             sum((w * (y - mean) / total / (1 - w / total)) ^ 2) AS hc3
      FROM (SELECT *, sum(w * y) OVER a / sum(w) OVER a AS mean, sum(w) OVER a AS total FROM one WINDOW a AS (PARTITION BY arm)) AS o) AS f;
-- HC2 without weights, and students who are units of their own, have one standard error.
SELECT near(e.estimate, s.estimate) AND near(e.std_error, s.std_error) AS same, e.df > 100 AND s.df > 100 AS df
FROM rct.effects((SELECT rct.sketch(y, arm, id) FROM one), 'old', se => 'HC2') AS e, rct.effects((SELECT rct.student_sketch(y, arm) FROM one), 'old') AS s;
SELECT rct.effects((SELECT rct.sketch(y, arm, school) FROM class), 'old', se => 'HC2');

-- Two-way clustering: the sandwich by school, plus that by grade, less that by both; as many degrees of freedom as grades less one.
CREATE VIEW score AS
SELECT *, CASE arm WHEN 'new' THEN 1 ELSE -1 END * (y - avg(y) OVER a) / count(*) OVER a AS score FROM one WINDOW a AS (PARTITION BY arm);
SELECT se, near(e.std_error ^ 2, f.cr0 + CASE se WHEN 'CR0' THEN 0 ELSE f.cr1 - f.cr0 END, 1e-10) AS std_error, e.df, near(e.p_value, p(e.t, 3), 1e-8) AS p_value,
       near(e.estimate, o.estimate) AS estimate, e.notes
FROM unnest(ARRAY['CR0', 'CR1']) AS se, (SELECT rct.sketch(y, arm, school, grade) AS s FROM one) AS k, rct.effects(s, 'old', strata => 'clusters', se => se) AS e,
     rct.effects(s, 'old', strata => 'ignore') AS o,
     (SELECT sum(v * CASE WHEN groups = 'both' THEN -1 ELSE 1 END) AS cr0, sum(v * CASE WHEN groups = 'both' THEN -1 ELSE 1 END * g / (g - 1)) AS cr1
      FROM (SELECT 'school' AS groups, sum(s ^ 2) AS v, count(*) AS g FROM (SELECT sum(score) AS s FROM score GROUP BY school) AS t
            UNION ALL SELECT 'grade', sum(s ^ 2), count(*) FROM (SELECT sum(score) AS s FROM score GROUP BY grade) AS t
            UNION ALL SELECT 'both', sum(s ^ 2), count(*) FROM (SELECT sum(score) AS s FROM score GROUP BY school, grade) AS t) AS v) AS f;
-- nested_clusters: it is the sandwich by strata; nested_strata: by clusters
SELECT near(e.std_error, o.std_error, 1e-10) AS by_stratum, e.df, near(e.p_value, p(e.t, 7), 1e-8) AS p_value, e.notes
FROM rct.effects((SELECT rct.sketch(y, arm, school, (school / 3)::text) FROM class), 'old', strata => 'clusters', se => 'CR1') AS e,
     rct.effects((SELECT rct.sketch(y, arm, (school / 3)::text) FROM class), 'old', se => 'CR1') AS o;
SELECT near(e.std_error, o.std_error, 1e-10) AS by_cluster, e.df, e.notes
FROM rct.effects((SELECT rct.sketch(y, arm, school, id::text) FROM one), 'old', strata => 'clusters', se => 'CR0') AS e,
     rct.effects((SELECT rct.sketch(y, arm, school) FROM class), 'old', se => 'CR0') AS o;
-- single_stratum_arm; no_df: one stratum; not_positive_definite: less than nothing is none
SELECT round(std_error::numeric, 9) AS std_error, p_value, notes FROM rct.effects((SELECT rct.sketch(y, arm, school, CASE WHEN arm = 'new' THEN 'a' ELSE grade END) FROM one), 'old', strata => 'clusters', se => 'CR0');
SELECT std_error, df, notes FROM rct.effects((SELECT rct.sketch(y, arm, school) FROM one), 'old', strata => 'clusters', se => 'CR0');
SELECT std_error, p_value, notes
FROM rct.effects((SELECT rct.sketch(CASE WHEN (s + g) % 2 = 0 THEN 1 ELSE 0 END, CASE WHEN s <= 2 THEN 'new' ELSE 'old' END, s, g, NULL) FROM generate_series(1, 4) AS s, generate_series(1, 4) AS g), 'old',
                 strata => 'clusters', se => 'CR0');
SELECT rct.effects((SELECT rct.sketch(y, arm, school, grade) FROM one), 'old', strata => 'clusters');

-- Many at once.
SELECT stratum, round(estimate::numeric, 9) AS estimate, clusters
FROM (SELECT stratum, rct.sketch(y, arm, school) AS s FROM class GROUP BY stratum) AS g, rct.effects(s, 'old') ORDER BY stratum;
-- A NULL sketch has no effects.
SELECT count(*) AS effects FROM rct.effects(NULL, 'old');
SELECT count(*) AS joint FROM rct.joint_test(NULL, 'old');

-- Notes say what is the matter; what does not exist is NULL.
CREATE FUNCTION notes(s rct.sketch, adjust text DEFAULT 'none', se text DEFAULT 'CR2', OUT condition text, OUT estimate numeric, OUT std_error numeric,
                      OUT df numeric, OUT p_value numeric, OUT ci boolean, OUT notes text)
    RETURNS SETOF record LANGUAGE sql
    AS 'SELECT e.condition, round(e.estimate::numeric, 6), round(e.std_error::numeric, 6), round(e.df::numeric, 6), round(e.p_value::numeric, 6),
               e.ci_low IS NOT NULL, array_to_string(e.notes, E''\n'') FROM rct.effects(s, ''c'', adjust, se => se) AS e';
-- few_clusters, shared_clusters: assignment within schools.
SELECT * FROM notes((SELECT rct.sketch(i * i % 11, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 7) FROM generate_series(1, 56) AS i));
-- single_cluster_arm, of the condition and of the control
SELECT * FROM notes((SELECT rct.sketch(i * i % 7, CASE WHEN i % 4 = 0 THEN 't' ELSE 'c' END, i % 4) FROM generate_series(1, 24) AS i));
SELECT * FROM notes((SELECT rct.sketch(i * i % 7, CASE WHEN i % 4 = 0 THEN 'c' ELSE 't' END, i % 4) FROM generate_series(1, 24) AS i));
-- too_low_df: below 2; low_df: below 4
SELECT * FROM notes((SELECT rct.sketch(i * i % 11, CASE WHEN i % 11 < 9 THEN 'c' ELSE 't' END, CASE WHEN i % 11 < 9 THEN i % 3 ELSE i % 11 END) FROM generate_series(1, 44) AS i));
SELECT * FROM notes((SELECT rct.sketch(i * i % 11, CASE WHEN i % 5 < 2 THEN 'c' ELSE 't' END, i % 5) FROM generate_series(1, 30) AS i));
-- no_residual: nothing varies within conditions; nor anywhere
SELECT * FROM notes((SELECT rct.sketch(i % 2, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 8) FROM generate_series(1, 24) AS i));
SELECT * FROM notes((SELECT rct.sketch(3, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 8) FROM generate_series(1, 24) AS i));
-- In every class of the control 10 of 25 pass, in every treated class 13: what is left of the variance is rounding, and is none.
CREATE TABLE pass AS
SELECT k AS class, CASE WHEN k > 3 THEN 't' ELSE 'c' END AS condition, CASE WHEN k % 3 = 0 THEN 'x' ELSE 'y' END AS stratum, (i <= CASE WHEN k > 3 THEN 13 ELSE 10 END)::int AS passed, i AS nr
FROM generate_series(1, 6) AS k, generate_series(1, 25) AS i;
SELECT se, round(estimate::numeric, 12) AS estimate, std_error, df, t, p_value, ci_low, lift_low, lift_high, notes
FROM unnest('{CR2,CR0,CR1,CR1S,CR1p,CR3,CV3}'::text[]) AS se, rct.effects((SELECT rct.sketch(passed, condition, class) FROM pass), 'c', se => se);
SELECT round(std_error::numeric, 6) AS naive, p_value < 0.5 AS p_value FROM rct.effects((SELECT rct.sketch(passed, condition, class) FROM pass), 'c', se => 'naive');
SELECT adjust, std_error, p_value, notes
FROM unnest('{none,ancova,lin}'::text[]) AS adjust, rct.effects((SELECT rct.sketch('passed ~ nr; weight: w', condition, class, stratum, passed, nr, 0.1 + 0.2) FROM pass), 'c', adjust);
SELECT f, p_value, notes FROM rct.joint_test((SELECT rct.sketch(passed, condition, class) FROM pass), 'c');
SELECT measure, round(estimate::numeric, 6) AS estimate, round(std_error::numeric, 6) AS std_error, ci_low, ci_high, notes FROM rct.effect_sizes((SELECT rct.sketch(passed, condition, class) FROM pass), 'c');
SELECT adjust, std_error, p_value FROM unnest('{none,ancova,lin}'::text[]) AS adjust, rct.effects((SELECT rct.sketch('passed ~ nr', condition, class, NULL, passed, nr) FROM pass), 'c', adjust);
-- no_rows: every outcome of the condition is missing; or a covariate is
SELECT * FROM notes((SELECT rct.sketch(CASE WHEN i % 2 = 0 THEN i * i % 7 END, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 8) FROM generate_series(1, 24) AS i));
SELECT * FROM notes((SELECT rct.sketch('y ~ x', CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 8, NULL, i * i % 7, CASE WHEN i % 2 = 0 THEN i % 5 END)
                     FROM generate_series(1, 24) AS i), adjust => 'ancova');
-- no_control_rows: it is the control that has no rows; two other conditions are not compared instead
SELECT * FROM notes((SELECT rct.sketch(CASE WHEN i % 3 > 0 THEN i * i % 7 END, (ARRAY['c', 's', 't'])[1 + i % 3], i % 12) FROM generate_series(1, 48) AS i));
-- no_hedges_g: one school each; no_lift: the control mean is 0
SELECT hedges_g, lift, lift_low, notes FROM rct.effects((SELECT rct.sketch(i % 2 * i * i % 7, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 2)
                                                         FROM generate_series(1, 24) AS i), 'c');
-- aliased_condition, uninformative_strata: a stratum is a condition; one of two says nothing
SELECT * FROM notes((SELECT rct.sketch(i * i % 7, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 8, i % 2, NULL) FROM generate_series(1, 24) AS i));
SELECT * FROM notes((SELECT rct.sketch(i * i % 7, CASE WHEN i % 2 = 0 OR i > 18 THEN 'c' ELSE 't' END, i % 8 + i / 19 * 8, i / 19, NULL)
                     FROM generate_series(1, 24) AS i));
-- naive
SELECT * FROM notes((SELECT rct.sketch(i * i % 7 + i % 8, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 8) FROM generate_series(1, 24) AS i), se => 'naive');
-- rows_left_out
SELECT * FROM notes((SELECT rct.sketch('y ~ x; weight: w', CASE WHEN i % 13 = 12 THEN NULL WHEN i % 2 = 0 THEN 'c' ELSE 't' END, nullif(i % 20, 19), NULL,
                                       nullif(i * i % 7, 2), nullif(i % 9, 3), nullif(i % 11, 10)) FROM generate_series(1, 200) AS i), adjust => 'ancova');
-- leverage_one and cr3_undefined: in the only stratum that compares, the control is one school. A stratum of one school does no harm.
SELECT se, estimate, notes FROM (SELECT rct.sketch(i * i % 11, CASE WHEN i % 10 BETWEEN 1 AND 4 THEN 't' ELSE 'c' END, i % 10, CASE WHEN i % 10 < 5 THEN 'x' ELSE 'y' END) AS s
                     FROM generate_series(1, 63) AS i) AS s, unnest(ARRAY['CR2', 'CR3']) AS se, notes(s, se => se) AS n;
SELECT * FROM notes((SELECT rct.sketch(i * i % 7, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 8, CASE WHEN i % 8 = 0 THEN 'x' ELSE 'y' END)
                     FROM generate_series(1, 24) AS i));
SELECT * FROM notes((SELECT rct.sketch(i * i % 7, CASE WHEN i % 4 = 0 THEN 't' ELSE 'c' END, i % 4) FROM generate_series(1, 24) AS i), se => 'CR3');
-- lift_unbounded: the control mean is near 0; at 0 there is no lift
SELECT round(mean_control::numeric, 6) AS mean_control, round(lift::numeric, 6) AS lift, lift_low, lift_high, notes
FROM rct.effects((SELECT rct.sketch(i * i % 7 - 2.5, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 24) FROM generate_series(1, 48) AS i), 'c');
SELECT mean_control, lift, lift_low, lift_high, notes
FROM rct.effects((SELECT rct.sketch(i % 3 - 1, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i) FROM generate_series(1, 60) AS i), 'c');
-- no_df: as many parameters as rows; but with one cluster that is the reason
SELECT * FROM notes((SELECT rct.sketch(i, CASE WHEN i = 1 THEN 'c' ELSE 't' END, i) FROM generate_series(1, 2) AS i), se => 'naive');
SELECT * FROM notes((SELECT rct.sketch(i, CASE WHEN i = 1 THEN 'c' ELSE 't' END, 1) FROM generate_series(1, 3) AS i), se => 'CR1');
-- The joint test has notes too.
SELECT conditions, f, notes FROM rct.joint_test((SELECT rct.sketch(CASE WHEN i % 3 > 0 THEN i * i % 7 END, (ARRAY['c', 's', 't'])[1 + i % 3], i % 12)
                                                    FROM generate_series(1, 48) AS i), 'c');
SELECT conditions, f, notes FROM rct.joint_test((SELECT rct.sketch(i % 2, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 8) FROM generate_series(1, 24) AS i), 'c');
SELECT conditions, f, notes FROM rct.joint_test((SELECT rct.sketch(i * i % 7, CASE WHEN i % 4 = 0 THEN 't' ELSE 'c' END, i % 4) FROM generate_series(1, 24) AS i), 'c', se => 'CR3');
SELECT conditions, f IS NOT NULL AS tested, notes
FROM rct.joint_test((SELECT rct.sketch(i * i % 7 + i % 8, CASE WHEN i % 2 = 0 THEN 'c' ELSE 't' END, i % 8) FROM generate_series(1, 24) AS i), 'c', se => 'naive');

-- A condition in another unit does not hide the others, whose effect is as without it.
CREATE TABLE unit AS
SELECT k AS class, c AS condition, CASE c WHEN 'x' THEN far ELSE 0 END + CASE c WHEN 't' THEN 0.02 ELSE 0 END + (k * 7 % 5) * 0.01 + i * 0.001 AS y, far
FROM unnest(ARRAY[1, 1e6, 1e12]) AS far, generate_series(1, 60) AS k, generate_series(1, 3) AS i, LATERAL (SELECT (ARRAY['c', 't', 'x'])[k % 3 + 1] AS c) AS a;
CREATE TABLE units AS SELECT far, rct.sketch(y, condition, class) AS s, rct.sketch(y, condition, class) FILTER (WHERE condition <> 'x') AS without FROM unit GROUP BY far;
SELECT far, round(e.estimate::numeric, 10) AS estimate, round(e.std_error::numeric, 10) AS std_error, round(e.df::numeric, 4) AS df, round(e.t::numeric, 5) AS t, e.p_value BETWEEN 9.6033e-5 AND 9.6034e-5 AS p_value,
       near(e.sd, w.sd, 1e-9) AND near(e.sd_control, w.sd_control, 1e-9) AS sd, near(e.std_error, w.std_error, 1e-9) AND near(e.hedges_g, w.hedges_g, 1e-9) AS as_without, e.notes = w.notes AS notes
FROM units, rct.effects(s, 'c') AS e, rct.effects(without, 'c') AS w WHERE e.condition = 't' ORDER BY far;
SELECT far, se, near(e.std_error, w.std_error, 1e-9) AS as_without
FROM units, unnest(ARRAY['CR0', 'CR3']) AS se, rct.effects(s, 'c', se => se) AS e, rct.effects(without, 'c', se => se) AS w WHERE e.condition = 't' ORDER BY far, se;
-- Standard deviations are those of numeric, however far the conditions are apart.
CREATE TABLE spread AS
SELECT k AS class, c AS condition, CASE c WHEN 'x' THEN 1.7e12 WHEN 't' THEN 15 ELSE 0 END + (k * 37 % 11) * 10 + i * 7 AS y
FROM generate_series(1, 60) AS k, generate_series(1, 3) AS i, LATERAL (SELECT (ARRAY['c', 't', 'x'])[k % 3 + 1] AS c) AS a;
SELECT a.condition, round(a.sd::numeric, 6) AS sd, near(a.sd, d.sd, 1e-9) AS as_numeric, near(a.mean, d.mean, 1e-15) AS mean
FROM rct.arms((SELECT rct.sketch(y, condition, class) FROM spread)) AS a
JOIN (SELECT condition, stddev_samp(y::numeric)::float8 AS sd, avg(y::numeric)::float8 AS mean FROM spread GROUP BY 1) AS d USING (condition) ORDER BY 1;
SELECT e.condition, near(e.sd, a.sd) AND near(e.sd_control, c.sd) AS sd, round(e.hedges_g::numeric, 4) AS hedges_g
FROM (SELECT rct.sketch(y, condition, class) AS s FROM spread) AS k, rct.effects(s, 'c') AS e, rct.arms(s) AS a, rct.arms(s) AS c WHERE a.condition = e.condition AND c.condition = 'c' ORDER BY 1;
SELECT near(c.sd, d.sd, 1e-9) AS cells
FROM (SELECT sum(sd) AS sd FROM rct.cells((SELECT rct.sketch(y, condition, class) FROM spread))) AS c,
     (SELECT sum(sd)::float8 AS sd FROM (SELECT stddev_samp(y::numeric) AS sd FROM spread GROUP BY condition, class) AS d) AS d;

-- Two covariates that say nearly the same: points of 21, and their share in percent, rounded. Exact least squares gives these estimates.
CREATE TABLE rounded AS
SELECT y, CASE WHEN (i - 1) / 2 % 2 = 1 THEN 't' ELSE 'c' END AS condition, (i - 1) / 2 AS class, points
FROM unnest('{3.1,4.0,4.6,2.9,5.9,4.4,2.2,4.9,5.6,3.9,2.6,5.1}'::float8[], '{11,14,17,9,20,13,7,16,19,12,8,15}'::int[]) WITH ORDINALITY AS t (y, points, i);
SELECT decimals, near(e.estimate, right_one, tolerance) AS estimate, e.notes
FROM (VALUES (4, 0.07646622123236822, 1e-5), (3, 0.22381395348837185, 1e-9)) AS v (decimals, right_one, tolerance),
     LATERAL (SELECT rct.sketch('y ~ points, percent', condition, class, NULL, y, points, round(points / 0.21, decimals)) AS s FROM rounded) AS k,
     rct.effects(s, 'c', adjust => 'ancova') AS e;
-- The same in other units, in the other order, and shifted.
SELECT form, near(e.estimate, 0.22381395348837185, 1e-8) AS estimate
FROM (SELECT rct.sketch('y ~ percent, points', condition, class, NULL, y, round(points / 0.21, 3), points) AS turned,
             rct.sketch('y ~ points, percent', condition, class, NULL, y, points * 1000, round(points / 0.21, 3) / 1000) AS scaled,
             rct.sketch('y ~ points, percent', condition, class, NULL, y, points - 13, round(points / 0.21, 3) + 100) AS shifted FROM rounded) AS k,
     unnest(ARRAY['turned', 'scaled', 'shifted'], ARRAY[turned, scaled, shifted]) AS forms (form, s), rct.effects(s, 'c', adjust => 'ancova') AS e;

-- The registry of notes: each code once, of three severities, in order of them; and those of results are in it.
SELECT count(*) = count(DISTINCT code) AS once, array_agg(DISTINCT severity) AS severities, bool_and(code ~ '^[a-z][a-z0-9_]+$') AS words, bool_and(meaning ~ '^[A-Z].+[.?]$') AS sentences
FROM rct.notes();
SELECT severity, min(i) = 1 + sum(count(*)) OVER w - count(*) AS together FROM rct.notes() WITH ORDINALITY AS n (code, severity, meaning, i)
GROUP BY severity WINDOW w AS (ORDER BY min(i)) ORDER BY min(i);
SELECT code, severity
FROM (SELECT DISTINCT split_part(note, ':', 1) AS code
      FROM unnest(ARRAY['CR2', 'naive', 'KR']) AS se, unnest(ARRAY['ignore', 'auto']) AS strata,
           rct.effects((SELECT rct.sketch(i * i % 11, CASE WHEN i % 5 < 2 THEN 'c' ELSE 't' END, i % 5, CASE WHEN i % 5 < 1 THEN 'x' ELSE 'y' END) FROM generate_series(1, 30) AS i), 'c', strata => strata, se => se) AS e,
           unnest(e.notes) AS note) AS of_results
LEFT JOIN rct.notes() USING (code) ORDER BY code;
