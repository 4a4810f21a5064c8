-- Adjusted effects, matched pairs, influence of clusters.

CREATE TABLE class AS
SELECT s AS school, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END AS arm, 'p' || (s + 1) / 2 AS pair,
       (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0 + (s % 2) * -1.5 AS y, ((s * 3 + i * 5) % 11)::float8 AS x
FROM generate_series(1, 16) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
CREATE TABLE sketch AS SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) AS s, rct.sketch(y, arm, school, pair) AS p FROM class;

-- The same rows, three methods; they are those of rct.effects.
SELECT a.method, a.estimate = e.estimate AS estimate, a.std_error = e.std_error AS std_error, cardinality(theta) AS slopes,
       (variance_reduction IS NULL) = (method = 'none') AS reduction
FROM sketch, rct.adjusted_effects(s, 'old') AS a, rct.effects(s, 'old', a.method) AS e;
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
SELECT abs(e.estimate - f.estimate) < 1e-12 AS estimate, abs(e.std_error - f.std_error) < 1e-12 AS std_error, df, pairs, notes
FROM sketch, rct.paired_effects(p, 'old') AS e,
     LATERAL (SELECT sum(w * d) / sum(w) AS estimate, sqrt(count(*) / (count(*) - 1.0) * var_pop(w * d) * count(*) / sum(w) ^ 2) AS std_error
              FROM (SELECT count(*) AS w, (avg(y) FILTER (WHERE arm = 'new') - avg(y) FILTER (WHERE arm = 'old'))::float8 AS d
                    FROM class GROUP BY pair) AS pair) AS f;
SELECT * FROM sketch, rct.paired_effects(s, 'old');
-- Without a school: the same as never having had its rows.
SELECT count(*), bool_and(abs(i.estimate_without - e.estimate) < 1e-10) AS refit, abs(sum(leverage) - 3) < 1e-10 AS leverage
FROM sketch, rct.influence(s, 'old', 'ancova') AS i, generate_series(1, 16) AS without,
     LATERAL rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM class WHERE school <> without), 'old', 'ancova') AS e
WHERE i.cluster = rct.cluster_key(without::bigint);
SELECT clusters, effective_clusters BETWEEN 1 AND clusters AS effective, se_cr3 > se_cv3 AS cv3, se_cv3 >= se_cv3j AS cv3j, notes
FROM sketch, rct.cluster_diagnostics(s, 'old');
-- NULLs and words.
SELECT * FROM rct.influence(NULL, 'old');
SELECT * FROM sketch, rct.influence(s, NULL);
SELECT * FROM sketch, rct.cluster_diagnostics(s, 'old', 'linear');
SELECT * FROM sketch, rct.adjusted_effects(p, 'old');
SELECT * FROM sketch, rct.effects(s, 'old', estimand => 'school');
