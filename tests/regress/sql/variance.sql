-- Intra-cluster correlation and variance components, next to their formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-12) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

CREATE TABLE class (school int, arm text, stratum text, y double precision, w double precision);
INSERT INTO class
SELECT s, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END, CASE WHEN s <= 10 THEN 'north' ELSE 'south' END,
       (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0 + (s % 2) * -1.5, 1 + (s + i) % 3
FROM generate_series(1, 21) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
CREATE TABLE sketch AS SELECT rct.sketch(y, arm, school) AS s FROM class;

-- Analysis of variance: schools within conditions, and schools within all rows.
CREATE FUNCTION anova(by_arm boolean, OUT msb double precision, OUT msw double precision, OUT n0 double precision, OUT df int, OUT n bigint,
                      OUT squares double precision, OUT cubes double precision)
    LANGUAGE sql STABLE AS $$
    WITH school AS (SELECT CASE WHEN by_arm THEN arm END AS arm, school, count(*) AS n, avg(y) AS mean, var_pop(y) * count(*) AS within
                    FROM class GROUP BY 1, 2),
    with_arm AS (SELECT *, sum(n) OVER a AS arm_n, sum(n * mean) OVER a / sum(n) OVER a AS arm_mean
                 FROM school WINDOW a AS (PARTITION BY arm))
    SELECT sum(n * (mean - arm_mean) ^ 2) / (count(*) - count(DISTINCT coalesce(arm, ''))), sum(within) / (sum(n) - count(*)),
           (sum(n) - sum(n ^ 2 / arm_n)) / (count(*) - count(DISTINCT coalesce(arm, ''))), count(*) - count(DISTINCT coalesce(arm, '')),
           sum(n)::bigint, sum(n ^ 2), sum(n ^ 3)
    FROM with_arm $$;
SELECT within, near(i.msb, a.msb) AS msb, near(i.msw, a.msw) AS msw, near(i.n0, a.n0) AS n0,
       near(i.icc, (a.msb - a.msw) / (a.msb + (a.n0 - 1) * a.msw)) AS icc, i.icc_truncated = i.icc AS truncated, i.clusters, i.n = a.n AS n, i.notes
FROM sketch, unnest(ARRAY['condition', 'all']) AS within, rct.icc(s, within) AS i, anova(within = 'condition') AS a;
-- The two differ by the effect.
SELECT round(c.icc::numeric, 6) AS condition, round(a.icc::numeric, 6) AS "all" FROM sketch, rct.icc(s) AS c, rct.icc(s, 'all') AS a;
-- Smith's standard error and limits.
SELECT within, near(i.smith_se, sqrt(2 * (1 - i.icc) ^ 2 / i.n0 ^ 2
           * ((1 + i.icc * (i.n0 - 1)) ^ 2 / (i.n - i.clusters)
              + (a.df * (1 - i.icc) * (1 + i.icc * (2 * i.n0 - 1)) + i.icc ^ 2 * (a.squares - 2 * a.cubes / i.n + a.squares ^ 2 / i.n ^ 2)) / a.df ^ 2)))
           AS smith_se,
       near(i.smith_high - i.icc, 1.959963984540054 * i.smith_se, 1e-11) AND near(i.icc - i.smith_low, 1.959963984540054 * i.smith_se, 1e-11) AS limits
FROM sketch, unnest(ARRAY['condition', 'all']) AS within, rct.icc(s, within) AS i, anova(within = 'condition') AS a;
-- The limits from F are where its upper tail is 2.5 % and 97.5 %. The tail is that of a beta distribution, by Simpson's rule.
CREATE FUNCTION area(low double precision, a double precision, b double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT (1 - low) / 24000 * sum(CASE WHEN i IN (0, 8000) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END
                                   * CASE WHEN x < 0.999 THEN x ^ (a - 1) * (1 - x) ^ (b - 1) ELSE 0 END)
    FROM (SELECT i, low + (1 - low) * i / 8000.0 AS x FROM generate_series(0, 8000) AS i) AS grid $$;
CREATE FUNCTION f_upper(f double precision, df1 double precision, df2 double precision) RETURNS double precision LANGUAGE sql IMMUTABLE
    AS 'SELECT area(df1 * f / (df1 * f + df2), df1 / 2, df2 / 2) / area(0, df1 / 2, df2 / 2)';
SELECT within, near(f_upper(i.msb / i.msw / ((1 + (i.n0 - 1) * i.f_low) / (1 - i.f_low)), a.df, i.n - i.clusters), 0.025, 1e-7) AS f_low,
       near(f_upper(i.msb / i.msw / ((1 + (i.n0 - 1) * i.f_high) / (1 - i.f_high)), a.df, i.n - i.clusters), 0.975, 1e-7) AS f_high
FROM sketch, unnest(ARRAY['condition', 'all']) AS within, rct.icc(s, within) AS i, anova(within = 'condition') AS a;
-- Other levels give other limits, and nothing else.
SELECT level, i.icc = j.icc AS icc, i.f_low > j.f_low AND i.f_high < j.f_high AS f, i.smith_low > j.smith_low AND i.smith_high < j.smith_high AS smith,
       i.smith_se = j.smith_se AS smith_se
FROM sketch, unnest(ARRAY[0.5, 0.8, 0.9]) AS level, rct.icc(s, level => level) AS i, rct.icc(s) AS j;
-- Weights and strata are not used.
SELECT (SELECT i FROM rct.icc(a) AS i) = (SELECT i FROM rct.icc(b) AS i) AS strata
FROM (SELECT rct.sketch(y, arm, school) AS a, rct.sketch('y ~ y2', arm, school, stratum, y, y) AS b FROM class) AS s;
SELECT near(i.icc, j.icc) AND near(i.smith_se, j.smith_se) AS weights
FROM sketch, rct.icc((SELECT rct.sketch('y; weight: w', arm, school, NULL, y, w) FROM class)) AS i, rct.icc(s) AS j;
-- A thousand million added to the outcome changes nothing.
SELECT near(i.icc, j.icc) AND near(i.msb, j.msb) AND near(i.msw, j.msw) AND near(i.f_low, j.f_low) AS shifted
FROM sketch, rct.icc((SELECT rct.sketch(y + 1e9, arm, school) FROM class)) AS i, rct.icc(s) AS j;

-- What does not exist, and why.
CREATE FUNCTION brief(s rct.sketch, within text DEFAULT 'condition', OUT icc numeric, OUT icc_truncated numeric, OUT f boolean, OUT smith boolean,
                      OUT msb numeric, OUT msw numeric, OUT n0 numeric, OUT clusters bigint, OUT n bigint, OUT notes text[])
    LANGUAGE sql AS
    'SELECT round(icc::numeric, 9), round(icc_truncated::numeric, 9), f_low IS NOT NULL, smith_low IS NOT NULL, round(msb::numeric, 9),
            round(msw::numeric, 9), round(n0::numeric, 9), clusters, n, notes FROM rct.icc(s, within)';
-- no_df: a cluster per condition; a row per cluster; no row
SELECT * FROM brief((SELECT rct.sketch(i, i % 2 || '', i % 2) FROM generate_series(1, 10) AS i));
SELECT * FROM brief((SELECT rct.sketch(i, i % 2 || '', i) FROM generate_series(1, 10) AS i));
SELECT * FROM brief((SELECT rct.sketch(NULL, 'a', 1)));
SELECT * FROM brief((SELECT rct.sketch(i, i % 2 || '', i % 2) FROM generate_series(1, 10) AS i), 'all');
-- no_variation, negative, and complete correlation
SELECT * FROM brief((SELECT rct.sketch(3, 'a', i % 5) FROM generate_series(1, 20) AS i));
SELECT * FROM brief((SELECT rct.sketch(i / 5, 'a', i % 5) FROM generate_series(0, 19) AS i));
SELECT * FROM brief((SELECT rct.sketch(i % 5, 'a', i % 5) FROM generate_series(1, 20) AS i));
SELECT count(*) AS icc FROM rct.icc(NULL);
-- The same within strata: cells of condition and stratum, by anova in plain SQL.
CREATE TABLE strata_sketch AS SELECT rct.sketch('y ~ w, s_mean', arm, school, stratum, y, w, s_mean) AS s
FROM (SELECT *, avg(w) OVER (PARTITION BY school) AS s_mean FROM class) AS c;
WITH school AS (SELECT arm, stratum, school, count(*) AS n, avg(y) AS mean, var_pop(y) * count(*) AS within FROM class GROUP BY 1, 2, 3),
     with_cell AS (SELECT *, sum(n) OVER c AS cell_n, sum(n * mean) OVER c / sum(n) OVER c AS cell_mean
                   FROM school WINDOW c AS (PARTITION BY arm, stratum)),
     a AS (SELECT sum(n * (mean - cell_mean) ^ 2) / (count(*) - 4) AS msb, sum(within) / (sum(n) - count(*)) AS msw,
                  (sum(n) - sum(n ^ 2 / cell_n)) / (count(*) - 4) AS n0 FROM with_cell)
SELECT near(i.msb, a.msb) AS msb, near(i.msw, a.msw) AS msw, near(i.n0, a.n0) AS n0,
       near(i.icc, (a.msb - a.msw) / (a.msb + (a.n0 - 1) * a.msw)) AS icc, i.notes
FROM strata_sketch, rct.icc(s, 'condition_stratum') AS i, a;
-- Given covariates: no Smith's limits; the components and the correlation agree.
SELECT i.smith_se IS NULL AS no_smith, i.f_low < i.icc AND i.icc < i.f_high AS f, near(i.icc, c.icc_adjusted) AS adjusted, near(p.icc, c.icc) AS plain,
       near(c.icc, c.variance_between / (c.variance_between + c.variance_within)) AS share,
       near(c.r2_within, 1 - c.variance_within_adjusted / c.variance_within) AS r2_within, c.covariates, c.clusters, c.n, c.notes
FROM strata_sketch, unnest(ARRAY['condition', 'all', 'stratum', 'condition_stratum']) AS within, rct.icc(s, within, adjust => 'ancova') AS i,
     rct.icc(s, within) AS p, rct.variance_components(s, within) AS c;
SELECT variance_between IS NOT NULL AS between, variance_between_adjusted, r2_between, notes FROM sketch, rct.variance_components(s);
SELECT * FROM rct.variance_components((SELECT rct.sketch(i, i % 2 || '', i) FROM generate_series(1, 10) AS i));
SELECT count(*) AS components FROM rct.variance_components(NULL);

-- What is refused.
SELECT * FROM rct.icc((SELECT s FROM sketch), 'school');
SELECT * FROM rct.icc((SELECT s FROM sketch), adjust => 'ancova');
