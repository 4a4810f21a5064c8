-- Design effects, Hedges' g, power and rosters, next to their formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-12) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

CREATE TABLE class (school int, arm text, stratum text, y double precision, w double precision);
INSERT INTO class
SELECT s, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END, CASE WHEN s <= 10 THEN 'north' ELSE 'south' END,
       (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0 + (s % 2) * -1.5, 1 + (s + i) % 3
FROM generate_series(1, 21) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
CREATE TABLE sketch AS SELECT rct.sketch(y, arm, school) AS s FROM class;

-- Design effect: 1 + (Σn²/N - 1) icc, times N Σw² / (Σw)² for weights.
SELECT within, near(d.design_effect, 1 + (a.squares / a.n - 1) * i.icc) AS design_effect, near(d.icc, i.icc) AS icc, d.clusters, d.n = a.n AS n,
       near(d.mean_size, a.n / 21.0) AS mean_size, near(d.cv_size, sqrt(a.squares / 21 / (a.n / 21.0) ^ 2 - 1)) AS cv_size, d.weight_effect,
       near(d.n_effective, d.n / d.design_effect) AS n_effective, d.notes
FROM sketch, unnest(ARRAY['condition', 'all']) AS within, rct.design_effect(s, within) AS d, rct.icc(s, within) AS i,
     (SELECT sum(n)::bigint AS n, sum(n ^ 2) AS squares FROM (SELECT count(*) AS n FROM class GROUP BY school) AS c) AS a;
SELECT near(d.weight_effect, w.effect) AS weight_effect, near(d.design_effect, e.design_effect) AS design_effect,
       near(d.n_effective, d.n / (d.design_effect * w.effect)) AS n_effective
FROM sketch, rct.design_effect((SELECT rct.sketch('y; weight: w', arm, school, NULL, y, w) FROM class)) AS d, rct.design_effect(s) AS e,
     (SELECT count(*) * sum(w ^ 2) / sum(w) ^ 2 AS effect FROM class) AS w;
-- Equal sizes, and a negative correlation, which counts as 0.
SELECT design_effect, icc, mean_size, cv_size, weight_effect, n_effective, notes
FROM rct.design_effect((SELECT rct.sketch(i / 5, 'a', i % 5) FROM generate_series(0, 19) AS i));
SELECT * FROM rct.design_effect((SELECT rct.sketch(i, i % 2 || '', i % 2) FROM generate_series(1, 10) AS i));
SELECT * FROM rct.design_effect((SELECT rct.sketch(NULL, 'a', 1)));
SELECT count(*) AS design_effect FROM rct.design_effect(NULL);

-- Hedges' g: the example of the WWC Procedures Handbook, and the formula.
SELECT round(hedges_g::numeric, 12) AS handbook FROM rct.effect_sizes(5, 20, 500, 500, 25, 0.2);
CREATE FUNCTION g(b double precision, s double precision, n double precision, m double precision, r double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE AS $$
    SELECT (1 - 3 / (4 * ((n - 2) - 2 * (m - 1) * r) ^ 2
                         / ((n - 2) * (1 - r) ^ 2 + m * (n - 2 * m) * r ^ 2 + 2 * (n - 2 * m) * r * (1 - r)) - 1))
           * sqrt(1 - 2 * (m - 1) * r / (n - 2)) * b / s $$;
SELECT count(*) AS cases, bool_and(near(hedges_g, g(b, s, n1 + n0, m, r))) AS same
FROM unnest(ARRAY[-3, 0, 0.5, 1e6]) AS b, unnest(ARRAY[0.25, 20]) AS s, unnest(ARRAY[40, 5000]) AS n1, unnest(ARRAY[35, 400]) AS n0,
     unnest(ARRAY[1, 5, 7.5]) AS m, unnest(ARRAY[0, 0.05, 0.3, 1]) AS r, rct.effect_sizes(b, s, n1, n0, m, r);
-- A negative correlation counts as 0; without clusters it is the usual correction 1 - 3 / (4 (n - 2) - 1).
SELECT n.hedges_g = z.hedges_g AS negative, near(u.hedges_g, 0.5 * (1 - 3.0 / (4 * 58 - 1))) AS usual
FROM rct.effect_sizes(1, 2, 30, 30, 10, -0.1) AS n, rct.effect_sizes(1, 2, 30, 30, 10, 0) AS z, rct.effect_sizes(1, 2, 30, 30, 1, 0) AS u;
SELECT rct.effect_sizes(NULL, 20, 500, 500, 25, 0.2);
SELECT rct.effect_sizes(5, NULL, 500, 500, 25, 0.2);
SELECT rct.effect_sizes(5, 20, NULL, 500, 25, 0.2);
SELECT rct.effect_sizes(5, 20, 500, NULL, 25, 0.2);
SELECT rct.effect_sizes(5, 20, 500, 500, NULL, 0.2);
SELECT rct.effect_sizes(5, 20, 500, 500, 25, NULL);


-- Design effects of numbers, of sizes, and NULLs.
SELECT near(rct.design_effect(0.1, 25, 0.6), 4.3) AS mean, near(rct.design_effect(0.1, 25), 3.4) AS equal,
       near(rct.design_effect(0.2, ARRAY[10, 40, 25, 5]), 1 + (2350 / 80.0 - 1) * 0.2) AS sizes,
       near(rct.design_effect(0.2, ARRAY[10, 40], cv_weights => 0.5), 1.25 * rct.design_effect(0.2, ARRAY[10, 40])) AS weights,
       rct.design_effect(NULL, 25) IS NULL AS null_icc, rct.design_effect(0.1, NULL::int[]) IS NULL AS null_sizes;

-- Standard error, degrees of freedom and both approximations, next to their formulas.
CREATE TABLE plan (id int, g1 int, g0 int, m double precision, icc double precision, cv double precision, r2b double precision, r2w double precision, q int);
INSERT INTO plan VALUES (1, 20, 20, 25, 0.15, 0, 0, 0, 0), (2, 12, 30, 18.5, 0.1, 0.6, 0.5, 0.3, 2), (3, 4, 4, 25, 0.2, 0, 0, 0, 0), (4, 50, 40, 1, 0, 0, 0, 0.4, 1);
SELECT id, near(a.std_error, sqrt((plan.icc * (1 - r2b) * (1 + cv ^ 2) + (1 - plan.icc) * (1 - r2w) / m) * (1.0 / g1 + 1.0 / g0))) AS std_error,
       a.df = g1 + g0 - 2 - q AS df, near(a.design_effect, 1 + ((1 + cv ^ 2) * m - 1) * plan.icc) AS design_effect,
       near(a.n_effective, (g1 + g0) * m / a.design_effect) AS n_effective, round((a.mde / a.std_error)::numeric, 6) AS ratio,
       round((a.mde_approx / a.std_error)::numeric, 6) AS multiplier, near(p.power, 0.8, 1e-9) AS power, a.notes
FROM plan, rct.mde(rct.trial(m, plan.icc, cv, 1, r2b, r2w, q), g1, g0) AS a, rct.power(rct.trial(m, plan.icc, cv, 1, r2b, r2w, q), g1, g0, a.mde) AS p ORDER BY id;
-- The published table: J, n, icc.
SELECT j, round(std_error::numeric, 4) AS se, df, round(mde_approx::numeric, 4) AS approx, round(mde::numeric, 4) AS exact
FROM (VALUES (8, 25, 0.2), (12, 25, 0.2), (20, 25, 0.15), (40, 25, 0.1), (60, 20, 0.15)) AS t (j, n, icc), rct.mde(rct.trial(n, icc), j / 2, j / 2);
SELECT round(std_error::numeric, 4) AS se, df, round(mde_approx::numeric, 4) AS approx, round(mde::numeric, 4) AS exact
FROM rct.mde(rct.trial(25, 0.2, r2_between => 0.7, r2_within => 0.5, covariates => 1), 20, 20);
-- Units of the outcome, sign, certainty.
SELECT near(b.mde, 7 * a.mde) AS units, near(c.power, 0.8, 1e-9) AS sign, d.power AS certain
FROM rct.mde(rct.trial(20, 0.1), 10, 10) AS a, rct.mde(rct.trial(20, 0.1, sd => 7), 10, 10) AS b, rct.power(rct.trial(20, 0.1), 10, 10, -a.mde) AS c, rct.power(rct.trial(20, 0.1), 10, 10, 1e30) AS d;
-- Designs, attrition and weighting.
SELECT b.df AS blocked_df, near(b.std_error, a.std_error) AS blocked,
       near(t.std_error, sqrt((0.1 + 0.05 / 3 + 0.85 / 60) * 0.1)) AS three_level, t.df AS three_level_df,
       near(l.std_error, e.std_error) AS attrition, l.clusters_analyzed, l.clusters_control_analyzed, l.cluster_size_analyzed,
       near(w.std_error, sqrt((0.1 + 0.9 * 1.25 / 20) * 0.1)) AS by_cluster
FROM rct.mde(rct.trial(20, 0.1), 20, 20) AS a, rct.mde(rct.trial(20, 0.1, design => 'blocked', blocks => 10), 20, 20) AS b,
     rct.mde(rct.trial(20, 0.1, design => 'three_level', icc_class => 0.05, classes => 3), 20, 20) AS t,
     rct.mde(rct.trial(32, 0.1, attrition_students => 0.25, attrition_clusters => 0.1, completion => 0.5), 20, 20) AS l, rct.mde(rct.trial(12, 0.1), 18, 18) AS e,
     rct.mde(rct.trial(20, 0.1, cv_size => 0.5, weighting => 'cluster'), 20, 20) AS w;
-- No degrees of freedom, and clusters without students.
SELECT mde, mde_approx, df, notes FROM rct.mde(rct.trial(25, 0.1), 1, 1);
SELECT power, notes FROM rct.power(rct.trial(2, 0.1, design => 'blocked', blocks => 7, attrition_students => 0.9), 4, 4, 0.2);

-- The fewest clusters: one less does not suffice.
SELECT share, n.clusters + n.clusters_control AS clusters_total, n.clusters, n.clusters_control, n.power >= 0.8 AS reached, n.mde <= 0.3 AS mde, n.icc, n.delta,
       (SELECT bool_and(less.power < 0.8) FROM generate_series(2, (n.clusters + n.clusters_control)::int - 1) AS j,
               rct.power(rct.trial(25, 0.15), greatest(1, round(j * share))::int, greatest(1, (j - round(j * share)))::int, 0.3) AS less) AS fewest
FROM unnest(ARRAY[0.5, 0.25, 0.8]) AS share, rct.clusters_needed(rct.trial(25, 0.15, share => share), 0.3) AS n;
SELECT * FROM rct.clusters_needed(rct.trial(25, 0.15), 0.00001);
SELECT clusters + clusters_control AS clusters_total, near(n.power, (SELECT p.power FROM rct.power(rct.trial(25, 0.15, attrition_clusters => 0.2), clusters::int, clusters_control::int, 0.3) AS p)) AS power
FROM rct.clusters_needed(rct.trial(25, 0.15, attrition_clusters => 0.2), 0.3) AS n;

SELECT t.icc, t.clusters, t.clusters_control, near(t.mde, m.mde) AS mde, near(t.power, p.power) AS power, near(t.n_effective, m.n_effective) AS n_effective, t.delta
FROM rct.power_table(rct.trial(25, 0.1), '{10,20}', '{10,30}', '{0.05,0.1,0.2}', 0.3) AS t, rct.mde(rct.trial(25, t.icc), t.clusters::int, t.clusters_control::int) AS m,
     rct.power(rct.trial(25, t.icc), t.clusters::int, t.clusters_control::int, 0.3) AS p;
-- Without correlations that of the trial, without an effect that which is found with the target power.
SELECT count(*) AS rows, bool_and(t.delta IS NULL) AS no_delta, bool_and(near(t.power, 0.7)) AS target, bool_and(t.clusters_control = t.clusters) AS as_many, min(t.icc) AS icc
FROM rct.power_table(rct.trial(25, 0.17, power => 0.7), ARRAY[10, 12]) AS t;
-- All rows are of one type, with what was asked, what was given and what follows.
SELECT to_jsonb(m) - '{delta,power}'::text[] = to_jsonb(p) - '{delta,power}'::text[] AS power, p.delta, to_jsonb(m) = to_jsonb(t) AS power_table, m.power AS target, m.delta IS NULL AS no_delta
FROM rct.mde(rct.trial(25, 0.15), 20, 24) AS m, rct.power(rct.trial(25, 0.15), 20, 24, 0.3) AS p, rct.power_table(rct.trial(25, 0.15), '{20}', '{24}') AS t;
-- A trial is a row: a column of a table, made again from its own fields, with its defaults.
CREATE TABLE trial AS SELECT 'all' AS name, rct.trial(18.5, 0.1, 0.6, 7, 0.5, 0.3, 2, 0.4, 0.9, 0.85, 'three_level', NULL, 0.05, 3, 0.2, 0.25, 0.1, 0.5, 'cluster') AS plan
UNION ALL SELECT 'blocked', rct.trial(20, 0.1, design => 'blocked', blocks => 4) UNION ALL SELECT 'defaults', rct.trial(25, 0.15);
SELECT name, (plan).*, (SELECT t FROM rct.trial((plan).cluster_size, (plan).icc, (plan).cv_size, (plan).sd, (plan).r2_between, (plan).r2_within, (plan).covariates, (plan).share, (plan).level, (plan).power,
        (plan).design, (plan).blocks, (plan).icc_class, (plan).classes, (plan).r2_class, (plan).attrition_students, (plan).attrition_clusters, (plan).completion, (plan).weighting) AS t) = plan AS made_again
FROM trial;
SELECT name, jsonb_populate_record(NULL::rct.trial, to_jsonb(plan)) = plan AS json, plan::text::rct.trial = plan AS text, near(m.mde, d.mde) AS mde
FROM trial, rct.mde(plan, 20, 20) AS m, rct.mde(jsonb_populate_record(NULL::rct.trial, to_jsonb(plan)), 20, 20) AS d;

-- Rosters: by the formula, and the mean over all assignments.
CREATE TABLE roster (cluster int, size int, condition text);
INSERT INTO roster VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c'), (4, 15, 'b'), (5, 25, 'a'), (6, 40, 'a');
WITH arm AS (SELECT condition, sum(size ^ 2 * (0.3 + 0.7 / size)) / sum(size) ^ 2 AS v, count(*) AS g FROM roster GROUP BY 1)
SELECT r.condition, r.control, near(r.std_error, sqrt(t.v + c.v)) AS std_error, r.df = t.g + c.g - 2 AS df, r.clusters, r.clusters_control, r.n, r.n_control,
       near(r.design_effect, rct.design_effect(0.3, (SELECT array_agg(size) FROM roster WHERE roster.condition IN (r.condition, 'a')))) AS design_effect, r.notes
FROM rct.roster_se(rct.trial(25, 0.3), (SELECT array_agg(size ORDER BY cluster) FROM roster), (SELECT array_agg(condition ORDER BY cluster) FROM roster), 'a') AS r
JOIN arm AS t USING (condition) JOIN arm AS c ON c.condition = 'a';
WITH pairs AS (SELECT i.cluster AS a, j.cluster AS b FROM roster AS i, roster AS j WHERE i.cluster < j.cluster),
     drawn AS (SELECT a, b, cluster IN (a, b) AS treated, sum(size ^ 2 * (0.3 + 0.7 / size)) / sum(size) ^ 2 AS v FROM pairs, roster GROUP BY 1, 2, 3)
SELECT near(r.std_error, (SELECT sqrt(sum(v) / (count(*) / 2)) FROM drawn)) AS expected, r.clusters, r.clusters_control, r.n, r.notes
FROM rct.roster_se(rct.trial(25, 0.3, share => 1 / 3.0), (SELECT array_agg(size) FROM roster)) AS r;
SELECT near(r.mde, m.mde) AS equal_sizes, r.notes FROM rct.roster_se(rct.trial(25, 0.15), array_fill(25, ARRAY[40])) AS r, rct.mde(rct.trial(25, 0.15), 20, 20) AS m;

-- The school year: closed on a week in October, two days in November and over the turn of the year.
CREATE TABLE year AS SELECT ARRAY['[2026-10-12,2026-10-16]', '[2026-11-26,2026-11-27]', 'empty', '(2026-12-18,2027-01-04)']::daterange[] AS closed;
SELECT d.* FROM year, rct.duration(rct.trial(25, 0.15), '2026-09-07', 30, '{2026-09-07,2026-09-21,2026-10-12}', '{16,30,48}', 0.46, closed, assessment_days => 3) AS d;
-- Days of instruction, counted in plain SQL.
SELECT d.instructional_days = (SELECT count(*) FROM generate_series(date '2026-09-07', d.end_date, '1 day') AS day
                               WHERE extract(isodow FROM day) < 6 AND NOT day::date <@ ANY (closed)) AS instructional_days
FROM year, rct.duration(rct.trial(25, 0.15), '2026-09-07', 60, '{2026-09-14,2026-11-02}', '{16,30}', 0.46, closed, assessment_days => 5) AS d;
-- Assessment windows; the last has no end.
SELECT joined_by, exposure_ends, end_date, reached, notes
FROM year, rct.duration(rct.trial(25, 0.15), '2026-09-07', 30, '{2026-09-07,2026-09-21,2026-10-12}', '{16,30,48}', 0.46, closed, assessment_days => 2, windows => ARRAY['[2026-11-09,2026-11-13]', '[2027-01-11,)']::daterange[]);
SELECT joined_by, end_date, reached, notes
FROM rct.duration(rct.trial(25, 0.15), '2026-09-07', 30, '{2026-09-07,2026-10-12}', '{1,48}', 0.46, windows => '{"(,2026-11-09]"}');
SELECT starts, end_date, notes FROM rct.duration(rct.trial(25, 0.15), '2026-09-07', 1, '{2026-09-07}', '{40}', 0.46, closed => '{"(,)"}');

-- What is refused.
SELECT * FROM rct.mde(rct.trial(25, 1.1), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 'NaN'), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1), 0, 20);
SELECT * FROM rct.mde(rct.trial(25, NULL), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, power => 0.01), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, level => 1), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, r2_within => 1), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, completion => 0), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, design => 'crossover'), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, design => 'blocked'), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, blocks => 4), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, design => 'three_level', icc_class => 0.95, classes => 3), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, weighting => 'equal'), 20, 20);
SELECT * FROM rct.power(rct.trial(25, 0.1), 20, 20, 0);
SELECT * FROM rct.clusters_needed(rct.trial(25, 0.1, share => 1), 0.3);
SELECT * FROM rct.power_table(rct.trial(25, 0.1), '{}');
SELECT * FROM rct.power_table(rct.trial(25, 0.1), '{10,20}', clusters_control => '{10}');
SELECT * FROM rct.power_table(rct.trial(25, 0.1), '{10,NULL}');
SELECT * FROM rct.power_table(rct.trial(25, 0.1), '{10,20}', icc => '{}');
SELECT * FROM rct.mde(NULL, 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1, power => NULL), 20, 20);
SELECT * FROM rct.mde(rct.trial(25, 0.1), 20, NULL);
SELECT * FROM rct.roster_se(NULL, '{10,20}');
SELECT * FROM rct.duration(NULL, '2026-09-07', 1, '{2026-09-07}', '{40}', 0.46);
SELECT * FROM rct.mde(jsonb_populate_record(NULL::rct.trial, '{"cluster_size": 25, "icc": 0.1}'), 20, 20);
SELECT * FROM rct.roster_se(rct.trial(25, 0.1), '{10}');
SELECT * FROM rct.roster_se(rct.trial(25, 0.1), '{10,20}', '{a}', 'a');
SELECT * FROM rct.roster_se(rct.trial(25, 0.1), '{10,20}', '{a,b}');
SELECT * FROM rct.roster_se(rct.trial(25, 0.1), '{10,20}', '{a,b}', 'c');
SELECT * FROM rct.duration(rct.trial(25, 0.15), '2026-09-07', 0, '{2026-09-07}', '{40}', 0.46);
SELECT * FROM rct.duration(rct.trial(25, 0.15), '2026-09-07', 30, '{2026-09-07}', '{40,50}', 0.46);
SELECT * FROM rct.duration(rct.trial(25, 0.15), 'infinity', 30, '{2026-09-07}', '{40}', 0.46);
SELECT * FROM rct.duration(rct.trial(25, 0.15), '2026-09-07', 30, '{2026-09-07}', '{40}', 0.46, weekdays => '{8}');
SELECT rct.design_effect(0.1, '{}'::int[]);
