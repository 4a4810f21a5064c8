-- Adjusted effects by three calls, matched pairs, influence of clusters.

CREATE TABLE class AS
SELECT s AS school, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END AS arm, 'p' || (s + 1) / 2 AS pair,
       (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0 + (s % 2) * -1.5 AS y, ((s * 3 + i * 5) % 11)::float8 AS x
FROM generate_series(1, 16) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
CREATE TABLE sketch AS SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) AS s, rct.sketch(y, arm, school, pair) AS p FROM class;

-- The same rows, three methods: the coefficient of the condition among those of least squares on the rows.
CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-11) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';
SELECT adjust, near(e.estimate, f.estimate) AS estimate, e.n + e.n_control = f.n AS n, near(e.mean - e.mean_control, f.plain) AS means,
       round(1 - (e.std_error / n.std_error)::numeric ^ 2, 4) AS reduction, e.notes
FROM sketch, unnest('{none,ancova,lin}'::text[]) AS adjust, rct.effects(s, 'old', adjust) AS e, rct.effects(s, 'old') AS n,
     LATERAL (SELECT count(*) AS n, avg(y) FILTER (WHERE t) - avg(y) FILTER (WHERE NOT t) AS plain,
                     avg(y) FILTER (WHERE t) - avg(y) FILTER (WHERE NOT t) - CASE adjust WHEN 'none' THEN 0
                         WHEN 'ancova' THEN (avg(x) FILTER (WHERE t) - avg(x) FILTER (WHERE NOT t)) *
                             (regr_sxy(y, x) FILTER (WHERE t) + regr_sxy(y, x) FILTER (WHERE NOT t)) / (regr_sxx(y, x) FILTER (WHERE t) + regr_sxx(y, x) FILTER (WHERE NOT t))
                         ELSE (avg(x) FILTER (WHERE t) - avg(x)) * regr_slope(y, x) FILTER (WHERE t) - (avg(x) FILTER (WHERE NOT t) - avg(x)) * regr_slope(y, x) FILTER (WHERE NOT t) END AS estimate
              FROM (SELECT y::float8, x, arm = 'new' AS t FROM class) AS c) AS f;
-- Slopes are among the coefficients, with an interaction for Lin's method; the slope and the effect are those of least squares.
SELECT adjust, count(*) FILTER (WHERE kind IN ('slope', 'interaction')) AS slopes, array_agg(kind) AS kinds, bool_and(near(c.estimate, e.estimate) AND near(c.std_error, e.std_error) AND near(c.df, e.df)) FILTER (WHERE kind = 'effect') AS effect,
       bool_and(near(c.estimate, s.slope)) FILTER (WHERE kind = 'slope' AND adjust = 'ancova') AS slope
FROM sketch, unnest('{none,ancova,lin}'::text[]) AS adjust, rct.coefficients(s, 'old', adjust) AS c, rct.effects(s, 'old', adjust) AS e,
     (SELECT sum(sxy) / sum(sxx) AS slope FROM (SELECT regr_sxy(y, x) AS sxy, regr_sxx(y, x) AS sxx FROM class GROUP BY arm) AS a) AS s GROUP BY adjust ORDER BY 2;
-- Each cluster counts the same: the difference of the means of school means.
SELECT abs(estimate - means) < 1e-12 AS estimate, notes
FROM sketch, rct.effects(s, 'old', estimand => 'cluster'),
     (SELECT avg(m) FILTER (WHERE arm = 'new') - avg(m) FILTER (WHERE arm = 'old') AS means
      FROM (SELECT arm, school, avg(y)::float8 AS m FROM class GROUP BY 1, 2) AS school) AS plain;
-- CV3 is CR3 with a factor, CR1p is CR0 with one.
SELECT abs(v.std_error / r.std_error - sqrt(15 / 16.0)) < 1e-12 AS cv3, abs(p.std_error / o.std_error - sqrt(16 / 14.0)) < 1e-12 AS cr1p
FROM sketch, rct.effects(s, 'old', se => 'CV3') AS v, rct.effects(s, 'old', se => 'CR3') AS r,
     rct.effects(s, 'old', se => 'CR1p') AS p, rct.effects(s, 'old', se => 'CR0') AS o;
-- Matched pairs, by their formula.
SELECT abs(e.estimate - f.estimate) < 1e-12 AS estimate, abs(e.std_error - f.std_error) < 1e-12 AS std_error, df, clusters AS pairs, clusters_control AS pairs_too, notes
FROM sketch, rct.effects(p, 'old', strata => 'pairs') AS e,
     LATERAL (SELECT sum(w * d) / sum(w) AS estimate, sqrt(count(*) / (count(*) - 1.0) * var_pop(w * d) * count(*) / sum(w) ^ 2) AS std_error
              FROM (SELECT count(*) AS w, (avg(y) FILTER (WHERE arm = 'new') - avg(y) FILTER (WHERE arm = 'old'))::float8 AS d
                    FROM class GROUP BY pair) AS pair) AS f;
SELECT * FROM sketch, rct.effects(s, 'old', strata => 'pairs');
-- Without a school: the same as never having had its rows.
SELECT count(*), bool_and(abs(i.estimate_without - e.estimate) < 1e-10) AS refit, abs(sum(leverage) - 3) < 1e-10 AS leverage
FROM sketch, rct.influence(s, 'old', 'ancova') AS i, generate_series(1, 16) AS without,
     LATERAL rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM class WHERE school <> without), 'old', 'ancova') AS e
WHERE i.cluster = rct.cluster_key(without::bigint);
SELECT clusters, clusters_control, effective_clusters BETWEEN 1 AND clusters + clusters_control AS effective, se_cr3 > se_cv3 AS cv3, se_cv3 >= se_cv3j AS cv3j, notes
FROM sketch, rct.cluster_diagnostics(s, 'old');
-- NULLs and words.
SELECT * FROM rct.influence(NULL, 'old');
SELECT * FROM sketch, rct.influence(s, NULL);
SELECT * FROM sketch, rct.cluster_diagnostics(s, 'old', 'linear');
SELECT * FROM sketch, rct.effects(p, 'old', 'ancova');
SELECT * FROM sketch, rct.effects(s, 'old', estimand => 'school');
