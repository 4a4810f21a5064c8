-- Intra-cluster correlation, design effect and Hedges' g, next to their formulas in plain SQL.

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
FROM (SELECT rct.sketch(y, arm, school) AS a, rct.sketch(y, arm, school, stratum, ARRAY[y], NULL, NULL) AS b FROM class) AS s;
SELECT near(i.icc, j.icc) AND near(i.smith_se, j.smith_se) AS weights
FROM sketch, rct.icc((SELECT rct.sketch(y, arm, school, NULL::text, NULL, NULL, w) FROM class)) AS i, rct.icc(s) AS j;
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

-- Design effect: 1 + (Σn²/N - 1) icc, times N Σw² / (Σw)² for weights.
SELECT within, near(d.design_effect, 1 + (a.squares / a.n - 1) * i.icc) AS design_effect, near(d.icc, i.icc) AS icc, d.clusters, d.n = a.n AS n,
       near(d.mean_size, a.n / 21.0) AS mean_size, near(d.cv_size, sqrt(a.squares / 21 / (a.n / 21.0) ^ 2 - 1)) AS cv_size, d.weight_effect,
       near(d.n_effective, d.n / d.design_effect) AS n_effective, d.notes
FROM sketch, unnest(ARRAY['condition', 'all']) AS within, rct.design_effect(s, within) AS d, rct.icc(s, within) AS i, anova(within = 'condition') AS a;
SELECT near(d.weight_effect, w.effect) AS weight_effect, near(d.design_effect, e.design_effect) AS design_effect,
       near(d.n_effective, d.n / (d.design_effect * w.effect)) AS n_effective
FROM sketch, rct.design_effect((SELECT rct.sketch(y, arm, school, NULL::text, NULL, NULL, w) FROM class)) AS d, rct.design_effect(s) AS e,
     (SELECT count(*) * sum(w ^ 2) / sum(w) ^ 2 AS effect FROM class) AS w;
-- Equal sizes, and a negative correlation, which counts as 0.
SELECT design_effect, icc, mean_size, cv_size, weight_effect, n_effective, notes
FROM rct.design_effect((SELECT rct.sketch(i / 5, 'a', i % 5) FROM generate_series(0, 19) AS i));
SELECT * FROM rct.design_effect((SELECT rct.sketch(i, i % 2 || '', i % 2) FROM generate_series(1, 10) AS i));
SELECT * FROM rct.design_effect((SELECT rct.sketch(NULL, 'a', 1)));
SELECT count(*) AS design_effect FROM rct.design_effect(NULL);

-- Hedges' g: the example of the WWC Procedures Handbook, and the formula.
SELECT round(rct.hedges_g(5, 20, 500, 500, 25, 0.2)::numeric, 12) AS handbook;
CREATE FUNCTION g(b double precision, s double precision, n double precision, m double precision, r double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE AS $$
    SELECT (1 - 3 / (4 * ((n - 2) - 2 * (m - 1) * r) ^ 2
                         / ((n - 2) * (1 - r) ^ 2 + m * (n - 2 * m) * r ^ 2 + 2 * (n - 2 * m) * r * (1 - r)) - 1))
           * sqrt(1 - 2 * (m - 1) * r / (n - 2)) * b / s $$;
SELECT count(*) AS cases, bool_and(near(rct.hedges_g(b, s, n1, n0, m, r), g(b, s, n1 + n0, m, r))) AS same
FROM unnest(ARRAY[-3, 0, 0.5, 1e6]) AS b, unnest(ARRAY[0.25, 20]) AS s, unnest(ARRAY[40, 5000]) AS n1, unnest(ARRAY[35, 400]) AS n0,
     unnest(ARRAY[1, 5, 7.5]) AS m, unnest(ARRAY[0, 0.05, 0.3, 1]) AS r;
-- A negative correlation counts as 0; without clusters it is the usual correction 1 - 3 / (4 (n - 2) - 1).
SELECT rct.hedges_g(1, 2, 30, 30, 10, -0.1) = rct.hedges_g(1, 2, 30, 30, 10, 0) AS negative,
       near(rct.hedges_g(1, 2, 30, 30, 1, 0), 0.5 * (1 - 3.0 / (4 * 58 - 1))) AS usual;
SELECT rct.hedges_g(NULL, 20, 500, 500, 25, 0.2) IS NULL AS estimate, rct.hedges_g(5, NULL, 500, 500, 25, 0.2) IS NULL AS sd,
       rct.hedges_g(5, 20, NULL, 500, 25, 0.2) IS NULL AS n, rct.hedges_g(5, 20, 500, NULL, 25, 0.2) IS NULL AS n_control,
       rct.hedges_g(5, 20, 500, 500, NULL, 0.2) IS NULL AS cluster_size, rct.hedges_g(5, 20, 500, 500, 25, NULL) IS NULL AS icc;
