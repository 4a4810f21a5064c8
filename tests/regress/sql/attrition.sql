-- Missing outcomes: attrition, bounds, weights, logistic regression and imputations, next to their formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-9) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b), 1e-6)';

-- 20 schools in two strata; more outcomes are missing in the old condition, and school 1 has none at all. y is 0 to 20.
CREATE TABLE pupil (id int, school int, arm text, stratum text, y double precision, x int, w double precision);
INSERT INTO pupil
SELECT s * 100 + i, s, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END, CASE WHEN s <= 10 THEN 'north' ELSE 'south' END,
       CASE WHEN s <> 1 AND (i * 7 + s) % CASE WHEN s % 2 = 0 THEN 11 ELSE 6 END <> 0
            THEN (s * 7 % 5) * 1.5 + (i * 11 % 13) + (s * 13 + i * 5) % 17 / 17.0 END,
       (i * 5 + s * 3) % 4, 1 + (s + i) % 3
FROM generate_series(1, 20) AS s, generate_series(1, 12 + s * 5 % 9) AS i;
ANALYZE pupil;
CREATE TABLE sketches AS
SELECT rct.sketch(y, arm, school) AS plain, rct.sketch(y, arm, school, stratum) AS strata, rct.distribution(y, arm, school) AS outcomes
FROM pupil;

-- Attrition: counts and shares, and the effect on 1 where the outcome is missing.
SELECT outcome, condition, control, n, n_control, observed, observed_control, round(missing::numeric, 8) AS missing,
       round(missing_control::numeric, 8) AS missing_control, round(overall::numeric, 8) AS overall, round(differential::numeric, 8) AS differential,
       round(cautious_boundary::numeric, 8) AS cautious_boundary, cautious, round(optimistic_boundary::numeric, 8) AS optimistic_boundary, optimistic
FROM sketches, rct.attrition(plain, 'old');
SELECT clusters, clusters_control, clusters_observed, clusters_observed_control, cluster_overall, cluster_differential, cluster_cautious,
       cluster_optimistic, notes
FROM sketches, rct.attrition(plain, 'old');
SELECT a.n = c.n AND a.n_control = c.n_control AS n, a.observed = c.observed AND a.observed_control = c.observed_control AS observed,
       near(a.overall, c.overall) AS overall, near(a.differential, a.missing - a.missing_control) AND near(a.estimate, a.differential) AS differential
FROM sketches, rct.attrition(plain, 'old') AS a,
     (SELECT count(*) FILTER (WHERE arm = 'new') AS n, count(*) FILTER (WHERE arm = 'old') AS n_control, count(y) FILTER (WHERE arm = 'new') AS observed,
             count(y) FILTER (WHERE arm = 'old') AS observed_control, 1.0 * count(*) FILTER (WHERE y IS NULL) / count(*) AS overall FROM pupil) AS c;
SELECT near(a.estimate, e.estimate) AND near(a.std_error, e.std_error) AND near(a.df, e.df) AND near(a.t, e.t) AND near(a.p_value, e.p_value)
       AND near(a.ci_low, e.ci_low) AND near(a.ci_high, e.ci_high) AS as_effects, a.level
FROM (SELECT level, a.* FROM sketches, unnest(ARRAY[0.8, 0.95]) AS level, rct.attrition(strata, 'old', level) AS a) AS a,
     rct.effects((SELECT rct.sketch((y IS NULL)::int, arm, school, stratum) FROM pupil), 'old', level => a.level) AS e;
-- The verdicts are those of wwc_attrition.
SELECT (a.cautious_boundary, a.cautious, a.optimistic_boundary, a.optimistic) = w AS students, (a.cluster_cautious, a.cluster_optimistic) = (c.cautious, c.optimistic) AS clusters
FROM sketches, rct.attrition(plain, 'old') AS a, rct.wwc_attrition(a.overall, a.differential) AS w, rct.wwc_attrition(a.cluster_overall, a.cluster_differential) AS c;
SELECT overall, differential, w.* FROM (VALUES (0, 0.057), (0, -0.058), (0.1, 0.109), (0.125, 0.061), (0.5, 0.01), (0.5, 0.038), (0.51, 0.009), (0.55, 0.003), (0.57, 0), (0.575, 0), (0.6, 0.014),
             (0.65, 0.003), (0.65, -0.004), (0.655, 0), (1, 0)) AS v (overall, differential),
     rct.wwc_attrition(overall, differential) AS w;
-- At the boundary itself attrition is low, whatever the digits of a fraction.
SELECT count(*) AS cases, bool_and((a.cautious, b.cautious) = ('low', 'high')) FILTER (WHERE w.cautious_boundary IS NOT NULL) AS cautious, bool_and((a.optimistic, c.optimistic) = ('low', 'high')) AS optimistic
FROM generate_series(0, 650) AS k, LATERAL (SELECT k / 1000.0::double precision AS overall) AS o, rct.wwc_attrition(overall, 0) AS w,
     rct.wwc_attrition(overall, least(round(w.cautious_boundary::numeric, 6), round(w.optimistic_boundary::numeric, 6))::float8) AS a,
     rct.wwc_attrition(overall, coalesce(w.cautious_boundary, 0) + 0.0001) AS b, rct.wwc_attrition(overall, w.optimistic_boundary + 0.0001) AS c;
-- Of a sketch, too: 55 of 100 are missing in each class.
SELECT overall, differential, cautious_boundary, cautious, optimistic_boundary, optimistic
FROM rct.attrition((SELECT rct.sketch(CASE WHEN i > 55 THEN i END, CASE WHEN k % 2 = 1 THEN 'new' ELSE 'old' END, k) FROM generate_series(1, 20) AS k, generate_series(1, 100) AS i), 'old');
-- A ratio is missing where its numerator or its denominator is.
SELECT to_jsonb(a) - 'outcome' = to_jsonb(b) - 'outcome' AS numerator, to_jsonb(a) - 'outcome' = to_jsonb(c) - 'outcome' AS denominator, b.outcome, d.missing > a.missing AND d.missing_control > a.missing_control AS either
FROM sketches, rct.attrition(plain, 'old') AS a, rct.attrition((SELECT rct.sketch('y / x', arm, school, NULL, y, x) FROM pupil), 'old') AS b,
     rct.attrition((SELECT rct.sketch('x / y', arm, school, NULL, x, y) FROM pupil), 'old') AS c,
     rct.attrition((SELECT rct.sketch('y / x', arm, school, NULL, y, nullif(x, 2)) FROM pupil), 'old') AS d;
-- By reason: an outcome each.
SELECT reason, round(a.missing::numeric, 6) AS missing, round(a.missing_control::numeric, 6) AS missing_control, round(a.p_value::numeric, 4) AS p_value
FROM (SELECT rct.sketch('moved, absent', arm, school, NULL, CASE WHEN y IS NOT NULL OR x >= 2 THEN 1 END, CASE WHEN y IS NOT NULL OR x < 2 THEN 1 END) AS s FROM pupil) AS k,
     unnest(ARRAY['moved', 'absent']) AS reason, rct.attrition(s, 'old', outcome => reason) AS a;
-- Nothing missing; everything missing.
SELECT overall, differential, estimate, cautious, std_error, p_value, notes FROM rct.attrition((SELECT rct.sketch(1, arm, school) FROM pupil), 'old');
SELECT overall, cautious_boundary, cautious, optimistic, clusters_observed, notes FROM rct.attrition((SELECT rct.sketch(NULL, arm, school) FROM pupil), 'old');
SELECT n_control, missing, missing_control, cautious, estimate, notes FROM rct.attrition((SELECT rct.sketch(CASE WHEN arm = 'new' THEN 1 END, arm, school) FROM pupil WHERE y IS NOT NULL), 'old');

-- Worst cases: effects on outcomes that are filled in, with weights too.
CREATE FUNCTION filled(new double precision, old double precision, weighted boolean) RETURNS rct.sketch LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN weighted THEN rct.sketch('y; weight: w', arm, school, stratum, coalesce(y, CASE arm WHEN 'new' THEN new ELSE old END), w)
                ELSE rct.sketch(coalesce(y, CASE arm WHEN 'new' THEN new ELSE old END), arm, school, stratum) END FROM pupil $$;
SELECT near(b.low, l.estimate) AS low, near(b.low_se, l.std_error) AS low_se, near(b.high, h.estimate) AS high, near(b.high_se, h.std_error) AS high_se,
       near(b.df, least(l.df, h.df)) AS df, b.n = l.n AND b.n_control = l.n_control AS n, b.missing, b.missing_control, b.notes
FROM sketches, rct.manski_bounds(strata, 'old', 0, 20) AS b, rct.effects(filled(0, 20, false), 'old') AS l, rct.effects(filled(20, 0, false), 'old') AS h;
SELECT near(b.low, l.estimate) AS low, near(b.low_se, l.std_error) AS low_se, near(b.high, h.estimate) AS high, near(b.high_se, h.std_error) AS high_se
FROM rct.manski_bounds((SELECT rct.sketch('y; weight: w', arm, school, stratum, y, w) FROM pupil), 'old', 0, 20) AS b,
     rct.effects(filled(0, 20, true), 'old') AS l, rct.effects(filled(20, 0, true), 'old') AS h;
-- The bounds are so far apart that the limits are one-sided: the factor is near the critical value of t for 90 %.
SELECT near(b.low - b.ci_low, b.low_se / b.high_se * (b.ci_high - b.high)) AS symmetric, round(((b.low - b.ci_low) / b.low_se)::numeric, 3) AS factor, round(b.df::numeric, 2) AS df
FROM sketches, rct.manski_bounds(strata, 'old', 0, 20) AS b;
SELECT a.low = b.low AND a.low_se = b.low_se AND a.ci_low < b.ci_low AS level FROM sketches, rct.manski_bounds(strata, 'old', 0, 20) AS a, rct.manski_bounds(strata, 'old', 0, 20, 0.8) AS b;
SELECT near(b.low, e.estimate) AND near(b.high, e.estimate) AND near(b.ci_low, e.ci_low) AND near(b.ci_high, e.ci_high) AS the_effect, b.notes
FROM rct.manski_bounds((SELECT rct.sketch(x, arm, school) FROM pupil), 'old', 0, 3) AS b, rct.effects((SELECT rct.sketch(x, arm, school) FROM pupil), 'old') AS e;

-- Lee: the condition with more outcomes loses its highest, or its lowest.
SELECT method, round(low::numeric, 6) AS low, round(high::numeric, 6) AS high, round(low_se::numeric, 6) AS low_se, round(high_se::numeric, 6) AS high_se, df,
       round(ci_low::numeric, 6) AS ci_low, round(ci_high::numeric, 6) AS ci_high, kept_low, kept_high
FROM sketches, unnest(ARRAY['paper', 'fractional', 'integer']) AS method, rct.lee_bounds(outcomes, plain, 'old', method);
SELECT round(untrimmed::numeric, 6) AS untrimmed, trimmed, round(trimmed_share::numeric, 6) AS trimmed_share, round(response::numeric, 6) AS response,
       round(response_control::numeric, 6) AS response_control, n, n_control, notes
FROM sketches, rct.lee_bounds(outcomes, plain, 'old');
WITH share AS (
    SELECT avg((y IS NOT NULL)::int) FILTER (WHERE arm = 'new') AS p1, avg((y IS NOT NULL)::int) FILTER (WHERE arm = 'old') AS p0, avg(y) FILTER (WHERE arm = 'old') AS other
    FROM pupil
), ranked AS (
    SELECT y, row_number() OVER (ORDER BY y) AS up, row_number() OVER (ORDER BY y DESC) AS down, count(*) OVER () AS n, (p1 - p0) / p1 AS q, other
    FROM pupil, share WHERE arm = 'new' AND y IS NOT NULL
)
SELECT near(b.low, (SELECT avg(y) FILTER (WHERE down > floor(q * n)) - min(other) FROM ranked)) AS low,
       near(b.high, (SELECT avg(y) FILTER (WHERE up > floor(q * n)) - min(other) FROM ranked)) AS high,
       near(b.untrimmed, (SELECT avg(y) - min(other) FROM ranked)) AS untrimmed, near(b.trimmed_share, (SELECT min(q) FROM ranked)) AS share
FROM sketches, rct.lee_bounds(outcomes, plain, 'old', 'integer') AS b;
-- Strata: the mean of the bounds within, by those who would have an outcome in either condition; the other way round with the conditions exchanged.
WITH part AS (
    SELECT stratum, count(*) * least(avg((y IS NOT NULL)::int) FILTER (WHERE arm = 'new'), avg((y IS NOT NULL)::int) FILTER (WHERE arm = 'old')) AS always,
           rct.distribution(y, arm, school) AS d, rct.sketch(y, arm, school) AS s
    FROM pupil GROUP BY stratum
)
SELECT near(b.low, (SELECT sum(always * l.low) / sum(always) FROM part, rct.lee_bounds(d, s, 'old') AS l)) AS low,
       near(b.high, (SELECT sum(always * l.high) / sum(always) FROM part, rct.lee_bounds(d, s, 'old') AS l)) AS high,
       near(b.low, -r.high) AND near(b.low_se, r.high_se) AS reversed, b.df
FROM sketches, rct.lee_bounds(outcomes, strata, 'old') AS b, rct.lee_bounds(outcomes, strata, 'new') AS r;
SELECT i = p AS ignored FROM sketches, rct.lee_bounds(outcomes, strata, 'old', strata => 'ignore') AS i, rct.lee_bounds(outcomes, plain, 'old') AS p;
SELECT a.low = b.low AND a.high_se = b.high_se AND a.ci_low < b.ci_low AND a.ci_high > b.ci_high AS level
FROM sketches, rct.lee_bounds(outcomes, plain, 'old') AS a, rct.lee_bounds(outcomes, plain, 'old', level => 0.8) AS b;
-- Weights are not used; of several outcomes it is the one that is named.
SELECT to_jsonb(w) - '{notes,outcome}'::text[] = to_jsonb(l) - '{notes,outcome}'::text[] AS same, w.outcome, w.notes
FROM sketches, (SELECT rct.sketch('y; weight: w', arm, school, NULL, y, w) AS s FROM pupil) AS k, rct.lee_bounds(outcomes, s, 'old') AS w, rct.lee_bounds(outcomes, plain, 'old') AS l;
SELECT (SELECT to_jsonb(a) - 'outcome' FROM rct.lee_bounds(outcomes, s, 'old', outcome => 'y') AS a) = (SELECT to_jsonb(b) - 'outcome' FROM rct.lee_bounds(outcomes, strata, 'old') AS b) AS lee,
       (SELECT to_jsonb(a) - 'outcome' FROM rct.manski_bounds(s, 'old', 0, 20, outcome => 'y') AS a) = (SELECT to_jsonb(b) - 'outcome' FROM rct.manski_bounds(strata, 'old', 0, 20) AS b) AS manski,
       (SELECT to_jsonb(a) - 'outcome' FROM rct.attrition(s, 'old', outcome => 'y') AS a) = (SELECT to_jsonb(b) - 'outcome' FROM rct.attrition(strata, 'old') AS b) AS attrition,
       (SELECT array_agg(a) FROM rct.response_weights(s, outcome => 'y') AS a) = (SELECT array_agg(b) FROM rct.response_weights(strata) AS b) AS weights,
       (SELECT overall FROM rct.attrition(s, 'old')) AS nothing_missing
FROM sketches, (SELECT rct.sketch('x, y', arm, school, stratum, x, y) AS s FROM pupil) AS k;
-- Outcomes of 0 and 1: arithmetic by default and with whole outcomes; the method of the paper trims nothing of the 40 and says so.
CREATE TABLE passed AS
SELECT k AS class, CASE WHEN k % 2 = 1 THEN 'new' ELSE 'old' END AS arm,
       CASE WHEN i <= CASE WHEN k % 2 = 1 THEN 9 ELSE 7 END THEN ((i * 3 + k) % 10 < CASE WHEN k % 2 = 1 THEN 6 ELSE 5 END)::int END AS y
FROM generate_series(1, 40) AS k, generate_series(1, 10) AS i;
SELECT method, round(b.low::numeric, 6) AS low, round(b.high::numeric, 6) AS high, b.kept_low, b.kept_high, b.notes, CASE method WHEN 'fractional' THEN b = d END AS the_default
FROM (SELECT rct.distribution(y, arm, class) AS y, rct.sketch(y, arm, class) AS s FROM passed) AS p,
     unnest(ARRAY['fractional', 'integer', 'paper']) AS method, rct.lee_bounds(y, s, 'old', method) AS b, rct.lee_bounds(y, s, 'old') AS d;
-- What does not exist: outcomes in the control; standard errors of few clusters.
SELECT low, trimmed, response_control, n_control, notes
FROM rct.lee_bounds((SELECT rct.distribution(y, arm, school) FROM pupil WHERE arm = 'new'),
                    (SELECT rct.sketch(CASE WHEN arm = 'new' THEN y END, arm, school) FROM pupil), 'old');
SELECT low IS NOT NULL AS low, low_se, df, ci_low, notes
FROM rct.lee_bounds((SELECT rct.distribution(y, arm, school) FROM pupil WHERE school IN (2, 3)),
                    (SELECT rct.sketch(y, arm, school) FROM pupil WHERE school IN (2, 3)), 'old');

-- Weights by cells.
SELECT condition, s.stratum, n, observed, round(response_rate::numeric, 6) AS rate, round(r.weight::numeric, 6) AS weight, round(stabilized::numeric, 6) AS stabilized,
       capped, round(largest::numeric, 6) AS largest, round(n_effective::numeric, 4) AS n_effective, notes
FROM sketches, rct.response_weights(strata) AS r JOIN unnest(ARRAY['north', 'south']) AS s (stratum) ON rct.cluster_key(s.stratum) = r.stratum
ORDER BY condition, s.stratum;
SELECT bool_and(r.stratum IS NULL AND r.stabilized = 1 AND near(r.n_effective, r.observed)) AS without_strata FROM sketches, rct.response_weights(plain) AS r;
-- The weights of those with an outcome add up to all, and stabilized to themselves.
SELECT near(sum(r.weight * observed), sum(n)) AS all_students, near(sum(r.stabilized * observed), sum(observed)) AS themselves FROM sketches, rct.response_weights(strata) AS r;
WITH w AS (SELECT p.arm, r.stabilized AS w FROM pupil AS p, sketches, rct.response_weights(strata) AS r
           WHERE r.condition = p.arm AND r.stratum = rct.cluster_key(p.stratum) AND p.y IS NOT NULL)
SELECT bool_and(near(n_effective, kish) AND near(largest, most)) AS kish
FROM (SELECT arm, sum(w) ^ 2 / sum(w ^ 2) AS kish, max(w) AS most FROM w GROUP BY arm) AS k JOIN (SELECT r.* FROM sketches, rct.response_weights(strata) AS r) AS r ON condition = arm;
SELECT DISTINCT capped, round(stabilized::numeric, 6) AS stabilized, notes
FROM rct.response_weights((SELECT rct.sketch(CASE WHEN i <= CASE stratum WHEN 'few' THEN 4 ELSE 18 END THEN i END, 'a', i % 5, stratum)
                           FROM generate_series(1, 20) AS i, unnest(ARRAY['few', 'many']) AS stratum), 2) ORDER BY 1;
SELECT n, observed, response_rate, weight, stabilized, capped, largest, n_effective, notes
FROM rct.response_weights((SELECT rct.sketch(CASE WHEN stratum = 'some' THEN 1 END, 'a', i, stratum) FROM generate_series(1, 3) AS i, unnest(ARRAY['none', 'some']) AS stratum)) ORDER BY observed;
SELECT weight, largest, notes FROM rct.response_weights((SELECT rct.sketch(NULL, 'a', i) FROM generate_series(1, 3) AS i));

-- Logistic regression. With an indicator for each group it gives the shares.
CREATE TABLE fit AS SELECT f.* FROM rct.logistic((SELECT rct.logistic_rows((y IS NOT NULL)::int, ARRAY[(arm = 'new')::int, (x > 1)::int, (arm = 'new' AND x > 1)::int]) FROM pupil)) AS f;
SELECT (SELECT array_agg(round(c::numeric, 6)) FROM unnest(coefficients) AS c) AS coefficients,
       (SELECT array_agg(round(c::numeric, 6)) FROM unnest(std_errors) AS c) AS std_errors, n, observed, left_out, patterns, converged, notes
FROM fit;
SELECT bool_and(near(share, rct.logistic_predict(coefficients, ARRAY[new, high, new * high]))) AS shares
FROM fit, (SELECT (arm = 'new')::int AS new, (x > 1)::int AS high, avg((y IS NOT NULL)::int) AS share FROM pupil GROUP BY 1, 2) AS g;
-- The standard error of a difference of two log odds is that of its four counts.
SELECT near(f.std_errors[2], sqrt((SELECT sum(1.0 / c) FROM (SELECT count(*) AS c FROM pupil GROUP BY arm, y IS NULL) AS g))) AS std_error
FROM rct.logistic((SELECT rct.logistic_rows((y IS NOT NULL)::int, ARRAY[(arm = 'new')::int]) FROM pupil)) AS f;
-- At the best fit the residuals are orthogonal to the intercept and to each regressor.
WITH f AS (SELECT f.* FROM rct.logistic((SELECT rct.logistic_rows((y IS NOT NULL)::int, ARRAY[(arm = 'new')::int, x, w * x]) FROM pupil)) AS f),
     r AS (SELECT x, w, arm, (y IS NOT NULL)::int - rct.logistic_predict(coefficients, ARRAY[(arm = 'new')::int, x, w * x]) AS residual FROM pupil, f)
SELECT abs(sum(residual)) < 1e-9 AND abs(sum(residual) FILTER (WHERE arm = 'new')) < 1e-9 AND abs(sum(residual * x)) < 1e-9 AND abs(sum(residual * w * x)) < 1e-9 AS orthogonal
FROM r;
-- The same bytes for any plan and order.
CREATE TABLE whole AS SELECT rct.logistic_rows((y IS NOT NULL)::int, ARRAY[x, w]) AS r FROM pupil;
SELECT rct.logistic_rows((y IS NOT NULL)::int, ARRAY[x, w] ORDER BY id DESC) = (SELECT r FROM whole) AS any_order FROM pupil;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT rct.logistic_rows((y IS NOT NULL)::int, ARRAY[x, w]) FROM pupil;
SELECT rct.logistic_rows((y IS NOT NULL)::int, ARRAY[x, w]) = (SELECT r FROM whole) AS parallel FROM pupil;
RESET ALL;
-- What is NULL is counted and left out; a regressor too many; nothing to fit; no regressors.
SELECT f.n, f.left_out, f.notes FROM rct.logistic((SELECT rct.logistic_rows(o, r) FROM (VALUES (1, ARRAY[1.0]), (NULL, ARRAY[2]), (0, NULL), (0, ARRAY[NULL::float8]), (0, ARRAY[1])) AS v (o, r))) AS f;
SELECT f.coefficients[3] IS NULL AND f.coefficients[2] IS NOT NULL AS dropped, f.notes, near(rct.logistic_predict(f.coefficients, ARRAY[1, 2]), rct.logistic_predict(f.coefficients, ARRAY[1, 9])) AS counts_as_0
FROM rct.logistic((SELECT rct.logistic_rows((y IS NOT NULL)::int, ARRAY[x, 2 * x]) FROM pupil)) AS f;
SELECT f.* FROM rct.logistic((SELECT rct.logistic_rows(1, ARRAY[x]) FROM pupil)) AS f;
SELECT f.coefficients, f.std_errors, f.converged, f.notes FROM rct.logistic((SELECT rct.logistic_rows((i > 5)::int, ARRAY[i]) FROM generate_series(1, 10) AS i)) AS f;
SELECT near(f.coefficients[1], ln(3.0)) AS log_odds, f.patterns FROM rct.logistic((SELECT rct.logistic_rows((i > 5)::int, '{}') FROM generate_series(1, 20) AS i)) AS f;
SELECT rct.logistic_rows(1, ARRAY[x]) IS NULL AS none FROM pupil WHERE false;
SELECT count(*) FROM rct.logistic(NULL);
SELECT rct.logistic_predict(NULL, ARRAY[1]) AS a, rct.logistic_predict(ARRAY[1, 2], NULL) AS b, rct.logistic_predict(ARRAY[1, 2], ARRAY[NULL::float8]) AS c,
       rct.logistic_predict(ARRAY[0], '{}') AS d, rct.logistic_predict(ARRAY[NULL, 1::float8], ARRAY[1]) AS e;

-- Imputations.
SELECT near(p.estimate, mean) AND near(p.variance_within, u) AND near(p.variance_between, b) AS parts, near(p.std_error, sqrt(u + 1.2 * b)) AS std_error,
       near(p.lambda, 1.2 * b / (u + 1.2 * b)) AS lambda, near(p.df, 4 / p.lambda ^ 2) AS rubin, near(p.relative_increase, p.lambda / (1 - p.lambda)) AS increase,
       near(1 / br.df, 1 / p.df + 1 / (21.0 / 23 * 20 * (1 - p.lambda))) AS barnard_rubin,
       near(br.missing_information, (br.relative_increase + 2 / (br.df + 3)) / (1 + br.relative_increase)) AS missing_information, br.notes
FROM (SELECT array_agg(e) AS es, array_agg(v) AS vs, avg(e) AS mean, var_samp(e) AS b, avg(v) AS u
      FROM (VALUES (2.1::float8, 0.4::float8), (2.5, 0.5), (1.9, 0.45), (2.2, 0.38), (2.8, 0.6)) AS i (e, v)) AS i,
     rct.pool_imputations(es, vs) AS p, rct.pool_imputations(es, vs, 20) AS br;
SELECT round(p.t::numeric, 6) AS t, round(p.p_value::numeric, 6) AS p_value, round(p.ci_low::numeric, 6) AS ci_low, round(p.ci_high::numeric, 6) AS ci_high
FROM unnest(ARRAY[0.95, 0.5]) AS level, rct.pool_imputations(ARRAY[2.1, 2.5, 1.9, 2.2, 2.8], ARRAY[0.4, 0.5, 0.45, 0.38, 0.6], 20, level) AS p;
SELECT p.* FROM rct.pool_imputations(ARRAY[2, 2], ARRAY[1, 1]) AS p;
SELECT p.df, p.p_value, p.relative_increase, p.notes FROM rct.pool_imputations(ARRAY[2, 3], ARRAY[0, 0], 10) AS p;
SELECT p.* FROM rct.pool_imputations(ARRAY[2, 2], ARRAY[0, 0]) AS p;

-- No rows.
SELECT (SELECT count(*) FROM rct.attrition(NULL, 'old')) AS attrition, (SELECT count(*) FROM rct.wwc_attrition(NULL, 1)) AS wwc,
       (SELECT count(*) FROM rct.manski_bounds(NULL, 'old', 0, 1)) AS manski, (SELECT count(*) FROM rct.lee_bounds(NULL, plain, 'old')) AS lee,
       (SELECT count(*) FROM rct.lee_bounds(outcomes, NULL, 'old')) AS students, (SELECT count(*) FROM rct.response_weights(NULL)) AS weights,
       (SELECT count(*) FROM rct.pool_imputations(NULL, ARRAY[1])) AS pool, (SELECT count(*) FROM rct.pool_imputations(ARRAY[1], NULL)) AS variances
FROM sketches;
-- Errors.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SELECT rct.attrition(plain, NULL) FROM sketches;
SELECT rct.attrition(plain, 'old', NULL) FROM sketches;
SELECT rct.attrition(plain, 'Old') FROM sketches;
SELECT rct.attrition(plain, 'old', 95) FROM sketches;
SELECT rct.attrition(plain, 'old', outcome => 'y') FROM sketches;
SELECT rct.manski_bounds((SELECT rct.sketch('y / x', arm, school, NULL, y, x) FROM pupil), 'old', 0, 1);
SELECT rct.wwc_attrition(-1, 0);
SELECT rct.wwc_attrition('NaN', 0);
SELECT rct.wwc_attrition(0.1, 1.01);
SELECT rct.wwc_attrition(12.5, 6.1);
SELECT rct.manski_bounds(strata, NULL, 0, 1) FROM sketches;
SELECT rct.manski_bounds(strata, 'old', NULL, 1) FROM sketches;
SELECT rct.manski_bounds(strata, 'old', 0, NULL) FROM sketches;
SELECT rct.manski_bounds(strata, 'old', 0, 1, NULL) FROM sketches;
SELECT rct.manski_bounds(strata, 'old', 1, 0) FROM sketches;
SELECT rct.manski_bounds(strata, 'old', 0, 'Infinity') FROM sketches;
SELECT rct.manski_bounds(strata, 'old', 0, 1, 1) FROM sketches;
SELECT rct.manski_bounds(plain, 'old', 0, 1, outcome => 'y') FROM sketches;
SELECT rct.lee_bounds(outcomes, plain, NULL) FROM sketches;
SELECT rct.lee_bounds(outcomes, plain, 'old', NULL) FROM sketches;
SELECT rct.lee_bounds(outcomes, plain, 'old', 'Paper') FROM sketches;
SELECT rct.lee_bounds(outcomes, plain, 'old', strata => 'all') FROM sketches;
SELECT rct.lee_bounds(outcomes, plain, 'old', level => 0) FROM sketches;
SELECT rct.lee_bounds(outcomes, plain, 'Old') FROM sketches;
SELECT rct.lee_bounds(outcomes, plain, 'old', outcome => 'y') FROM sketches;
SELECT rct.lee_bounds((SELECT rct.distribution(y, arm, school) FROM pupil WHERE id % 7 > 0), plain, 'old') FROM sketches;
SELECT rct.lee_bounds(outcomes, (SELECT rct.sketch(y, arm, school, x::text) FROM pupil), 'old') FROM sketches;
SELECT rct.lee_bounds('\x00', plain, 'old') FROM sketches;
SELECT rct.response_weights(plain, 0.5) FROM sketches;
SELECT rct.response_weights(plain, outcome => 'y') FROM sketches;
SELECT rct.logistic_rows(2, ARRAY[1]);
SELECT rct.logistic_rows(1, ARRAY['NaN'::float8]);
SELECT rct.logistic_rows(1, ARRAY[ARRAY[1], ARRAY[2]]);
SELECT rct.logistic_rows(1, array_fill(1, ARRAY[51]));
SELECT rct.logistic_rows(1, array_fill(1, ARRAY[i])) FROM generate_series(1, 2) AS i;
SELECT rct.logistic('\x00');
SELECT rct.logistic(set_byte(r, 20, 1 + get_byte(r, 20))) FROM whole;
SELECT rct.logistic_predict(ARRAY[1, 2], ARRAY[1, 2]);
SELECT rct.logistic_predict('{}', '{}');
SELECT rct.logistic_predict(ARRAY[1, 2], ARRAY['Infinity'::float8]);
SELECT rct.pool_imputations(ARRAY[1], ARRAY[1]);
SELECT rct.pool_imputations(ARRAY[1, 2], ARRAY[1]);
SELECT rct.pool_imputations(ARRAY[1, NULL], ARRAY[1, 1]);
SELECT rct.pool_imputations(ARRAY[1, 2], ARRAY[1, NULL]);
SELECT rct.pool_imputations(ARRAY[1, 'NaN'::float8], ARRAY[1, 1]);
SELECT rct.pool_imputations(ARRAY[1, 2], ARRAY[1, -1]);
SELECT rct.pool_imputations(ARRAY[1, 2], ARRAY[1, 1], 0);
SELECT rct.pool_imputations(ARRAY[1, 2], ARRAY[1, 1], level => 95);
SELECT rct.pool_imputations(ARRAY[1, 2], ARRAY[1, 1], level => NULL);
SET rct.memory_limit = '64kB';
SELECT rct.logistic_rows(1, ARRAY[i]) FROM generate_series(1, 100000) AS i;

-- Missing students against observed ones, next to plain means: the covariate of those without an outcome less that of the others.
CREATE TABLE who AS SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) AS s, rct.sketch('y ~ x, w', arm, school, stratum, y, x, w) AS two FROM pupil;
SELECT m.outcome, m.condition, m.covariate, m.n_observed = p.observed AND m.n_missing = p.missing AS n, near(m.mean_observed, p.mean_observed) AND near(m.mean_missing, p.mean_missing) AS means,
       near(m.sd, p.sd) AS sd, near(m.estimate, p.mean_missing - p.mean_observed) AS estimate, near(m.standardized, m.estimate / m.sd) AS standardized,
       near(m.t, m.estimate / m.std_error) AND m.ci_low < m.estimate AND m.estimate < m.ci_high AS test, m.notes
FROM who, rct.missing_balance(s) AS m
JOIN (SELECT arm, count(y) AS observed, count(*) - count(y) AS missing, avg(x) FILTER (WHERE y IS NOT NULL) AS mean_observed,
             avg(x) FILTER (WHERE y IS NULL) AS mean_missing, stddev(x) AS sd FROM pupil GROUP BY arm) AS p ON p.arm = m.condition;
SELECT condition, covariate, n_missing, estimate IS NOT NULL AS estimate, notes FROM who, rct.missing_balance(two);
SELECT condition, n_missing, estimate, notes FROM rct.missing_balance((SELECT rct.sketch('one ~ x', arm, school, NULL, 1, x) FROM pupil));
SELECT count(*) FROM rct.missing_balance(NULL);
SELECT rct.missing_balance(plain) FROM sketches;
SELECT rct.missing_balance(two, covariates => '{z}') FROM who;
SELECT rct.missing_balance(s, 95) FROM who;
SELECT rct.missing_balance(s, NULL) FROM who;
