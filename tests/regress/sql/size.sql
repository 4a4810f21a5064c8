-- Effect sizes, next to their formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-11) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

CREATE TABLE class AS
SELECT s AS school, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END AS arm, (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0 + (s % 2) * -1.5 AS y,
       (i * 5 % 7)::double precision AS x
FROM generate_series(1, 21) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
CREATE TABLE sketch AS SELECT rct.sketch(y, arm, school) AS s, rct.sketch('y ~ x', arm, school, NULL, y, x) AS x FROM class;

-- The example of the handbook: from sizes, and the correction of a naive t.
SELECT round(hedges_g::numeric, 9) AS g, round(std_error::numeric, 9) AS se, round(omega::numeric, 6) AS omega, round(gamma::numeric, 6) AS gamma, round(h::numeric, 3) AS h,
       near(hedges_g, omega * gamma * 5 / 20) AND near(omega, 1 - 3 / (4 * h - 1)) AND near(gamma, sqrt(1 - 2 * 24 * 0.2 / 998)) AS hedges_g
FROM rct.effect_sizes(5, 20, 500, 500, 25, 0.2);
SELECT round(t_corrected::numeric, 6) AS t, round(df::numeric, 3) AS df, round(p_value::numeric, 6) AS p FROM rct.wwc_correct_t(1, 1000, 25, 0.2);
-- Standard error: from the design effect, or from that of the estimate.
SELECT near(a.std_error, sqrt(a.omega ^ 2 * 5.8 * (1 / 400.0 + 1 / 600.0) + a.hedges_g ^ 2 / (2 * a.h))) AS by_design,
       near(b.std_error, sqrt((b.omega * b.gamma * 1.5 / 20) ^ 2 + b.hedges_g ^ 2 / (2 * b.h))) AS by_std_error,
       near(a.ci_high - a.hedges_g, 1.959963984540054 * a.std_error) AS normal, near(b.ci_high - b.hedges_g, 2.2281388519649385 * b.std_error) AS t,
       a.glass_delta, b.glass_delta
FROM rct.effect_sizes(5, 20, 400, 600, 25, 0.2) AS a, rct.effect_sizes(5, 20, 400, 600, 25, 0.2, 1.5, 10, 25) AS b;
-- Students who were assigned themselves: the usual correction 1 - 3 / (4 N - 9).
SELECT near(hedges_g, hedges_g_individual) AS same, near(hedges_g, 0.25 * (1 - 3 / 391.0)) AS usual, h FROM rct.effect_sizes(5, 20, 50, 50);

-- Of a sketch: what rct.effects and rct.icc say, put together.
CREATE FUNCTION sized(s rct.sketch, measure text, adjust text DEFAULT 'none') RETURNS SETOF rct.effect_sizes_row
    LANGUAGE sql IMMUTABLE AS 'SELECT z.* FROM rct.effect_sizes(s, ''old'', adjust) AS z WHERE z.measure = $2';
SELECT near(z.estimate, e.hedges_g) AS g, near(z.icc, i.icc_truncated) AS icc, near(d.estimate, e.estimate / e.sd_control) AS glass,
       near(z.std_error, sqrt((f.omega * f.gamma * e.std_error / z.sd) ^ 2 + z.estimate ^ 2 / (2 * f.h))) AS std_error,
       near(z.sd, sqrt(((e.n - 1) * e.sd ^ 2 + (e.n_control - 1) * e.sd_control ^ 2) / (e.n + e.n_control - 2))) AS sd,
       near(z.cluster_size, (e.n + e.n_control) / 21.0::double precision) AS size, near(z.ci_low, f.ci_low) AND near(z.ci_high, f.ci_high) AS ci, z.notes
FROM sketch, sized(s, 'hedges_g') AS z, sized(s, 'glass_delta') AS d, rct.effects(s, 'old') AS e, rct.icc(s) AS i,
     rct.effect_sizes(e.estimate, z.sd, e.n, e.n_control, z.cluster_size, i.icc, e.std_error, e.df) AS f;
SELECT z.outcome, z.condition, z.control, z.measure, z.estimate IS NOT NULL AS estimate, near(z.df, e.df) AS df, z.t, z.p_value,
       z.n = e.n AND z.n_control = e.n_control AND z.clusters = e.clusters AND z.clusters_control = e.clusters_control AS sizes, z.notes
FROM sketch, rct.effect_sizes(s, 'old') AS z, rct.effects(s, 'old') AS e;
SELECT near(i.estimate, (1 - 3 / (4 * (e.n + e.n_control - 2) - 1.0)) * e.estimate / g.sd) AS individual, near(i.estimate, f.hedges_g_individual) AS numbers,
       near(l.estimate, e.lift) AND near(l.ci_low, e.lift_low) AND near(l.ci_high, e.lift_high) AND near(l.estimate, e.estimate / e.mean_control) AS lift
FROM sketch, sized(s, 'hedges_g') AS g, sized(s, 'hedges_g_individual') AS i, sized(s, 'lift') AS l, rct.effects(s, 'old') AS e,
     rct.effect_sizes(e.estimate, g.sd, e.n, e.n_control, g.cluster_size, g.icc) AS f;
-- Adjusted: the adjusted effect over the unadjusted standard deviation.
SELECT near(z.estimate, f.omega * f.gamma * e.estimate / z.sd) AS g, z.sd = u.sd AS sd
FROM sketch, sized(x, 'hedges_g', 'ancova') AS z, rct.effects(x, 'old', 'ancova') AS e, sized(s, 'hedges_g') AS u,
     rct.effect_sizes(e.estimate, z.sd, e.n, e.n_control, z.cluster_size, z.icc) AS f;
-- What does not exist, and why: no likeness to be told, no spread, one cluster in an arm.
SELECT g.measure, g.estimate, g.std_error, g.ci_low, g.icc, g.notes FROM rct.effect_sizes((SELECT rct.sketch(3, arm, school) FROM class), 'old') AS g;
SELECT measure, estimate IS NULL AS estimate, std_error IS NULL AS se, ci_low IS NULL AS ci, notes
FROM rct.effect_sizes((SELECT rct.sketch(y, arm, school) FROM class WHERE arm = 'old' OR school = 2), 'old');
SELECT count(*) AS none FROM rct.effect_sizes(NULL::rct.sketch, 'old');
SELECT count(*) AS none FROM rct.wwc_correct_t(1, NULL, 25, 0.2);

-- Outcomes of 0 and 1: all follows from the rates.
CREATE TABLE pass AS
SELECT s AS school, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END AS arm, ((i * 7 + s * s) % 5 < 2 + (s + 1) % 2)::int AS passed
FROM generate_series(1, 21) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
CREATE TABLE passes AS SELECT rct.sketch(passed, arm, school) AS s FROM pass;
SELECT near(e.estimate, e.mean - e.mean_control) AND near(e.mean, r.new) AND near(e.mean_control, r.old) AS rates, near(e.std_error, sqrt(r.v)) AS std_error,
       near(a.estimate, e.n * e.estimate) AS students, near(w.estimate, 1 / abs(e.estimate)) AS needed, near(k.estimate, e.mean / e.mean_control) AS rr,
       near(o.estimate, e.mean / (1 - e.mean) / (e.mean_control / (1 - e.mean_control))) AS odds, near(c.estimate, ln(o.estimate) / 1.65) AS cox,
       near(c.estimate, rct.cox_index(e.mean, e.mean_control)) AS cox_index, e.notes || a.notes || w.notes || k.notes || o.notes || c.notes AS notes
FROM passes, rct.effects(s, 'old') AS e, sized(s, 'additional_students') AS a, sized(s, 'number_needed') AS w, sized(s, 'risk_ratio') AS k,
     sized(s, 'odds_ratio') AS o, sized(s, 'cox_index') AS c,
     (SELECT max(m) FILTER (WHERE arm = 'new') AS new, max(m) FILTER (WHERE arm = 'old') AS old, sum(v) AS v
      FROM (SELECT arm, sum(x) / sum(n) AS m, sum((x - n * total / size) ^ 2 / (1 - n / size)) / max(size) ^ 2 AS v
            FROM (SELECT arm, count(*)::float8 AS n, sum(passed)::float8 AS x, sum(count(*)) OVER a::float8 AS size, sum(sum(passed)) OVER a::float8 AS total
                  FROM pass GROUP BY arm, school WINDOW a AS (PARTITION BY arm)) AS k GROUP BY arm) AS m) AS r;
-- The intervals of the ratios are symmetric on the log scale and hold the estimate.
SELECT near(r.ci_low * r.ci_high, r.estimate ^ 2) AND near(o.ci_low * o.ci_high, o.estimate ^ 2) AS symmetric, r.ci_low < r.estimate AND o.ci_low < o.estimate AS holds
FROM passes, sized(s, 'risk_ratio') AS r, sized(s, 'odds_ratio') AS o;
-- What does not exist, and why: a rate of 0, equal rates, fewer, one class in an arm, strata.
CREATE FUNCTION brief(s rct.sketch, OUT difference numeric, OUT p numeric, OUT needed numeric, OUT rr numeric, OUT rr_low numeric, OUT odds numeric, OUT odds_low numeric,
                      OUT notes text[])
    LANGUAGE sql AS
    'SELECT round(e.estimate::numeric, 8), round(e.p_value::numeric, 6), round(w.estimate::numeric, 6), round(r.estimate::numeric, 6), round(r.ci_low::numeric, 6),
            round(o.estimate::numeric, 6), round(o.ci_low::numeric, 6),
            (SELECT array_agg(z.measure || '': '' || n.note ORDER BY z.measure, n.i) FROM rct.effect_sizes(s, ''old'', strata => ''ignore'') AS z, unnest(z.notes) WITH ORDINALITY AS n (note, i))
     FROM rct.effects(s, ''old'', strata => ''ignore'') AS e, sized(s, ''number_needed'') AS w, sized(s, ''risk_ratio'') AS r, sized(s, ''odds_ratio'') AS o';
SELECT * FROM brief((SELECT rct.sketch(CASE WHEN arm = 'new' THEN passed ELSE 0 END, arm, school) FROM pass));
SELECT * FROM brief((SELECT rct.sketch(CASE WHEN arm = 'new' THEN 1 ELSE passed END, arm, school) FROM pass));
SELECT * FROM brief((SELECT rct.sketch(0, arm, school) FROM pass));
SELECT * FROM brief((SELECT rct.sketch(1 - passed, arm, school) FROM pass));
SELECT * FROM brief((SELECT rct.sketch(passed, arm, school) FROM pass WHERE arm = 'old' OR school = 2));
SELECT * FROM brief((SELECT rct.sketch(passed, arm, school, school % 3, NULL) FROM pass));
SELECT measure, round(estimate::numeric, 6) AS estimate, round(ci_low::numeric, 6) AS low, notes
FROM rct.effect_sizes((SELECT rct.sketch(passed, arm, school, school % 3, NULL) FROM pass), 'old');
-- Only those of 0 and 1 without covariates have ratios.
SELECT 'half' AS outcome, array_agg(measure) AS measures FROM rct.effect_sizes((SELECT rct.sketch(CASE WHEN school = 3 THEN 0.5 ELSE passed END, arm, school) FROM pass), 'old')
UNION ALL SELECT 'twice', array_agg(measure) FROM rct.effect_sizes((SELECT rct.sketch(2 * passed, arm, school) FROM pass), 'old')
UNION ALL SELECT 'adjusted', array_agg(measure) FROM rct.effect_sizes((SELECT rct.sketch('passed ~ x', arm, school, NULL, passed, school % 5) FROM pass), 'old', 'ancova');
SELECT rct.effect_sizes(s, 'other') FROM passes;
SELECT rct.effect_sizes(s, 'old', level => 95) FROM passes;
SELECT rct.effect_sizes(s, 'old', level => NULL) FROM passes;

-- Errors.
SELECT rct.effect_sizes(5, 0, 500, 500);
SELECT rct.effect_sizes(5, 20, 500, 500, std_error => -1);
SELECT rct.effect_sizes(5, 20, 500, 500, df => 0);
SELECT rct.effect_sizes(5, 20, 500, 500, sd_control => 'NaN');
SELECT rct.effect_sizes(5, 20, 500, 500, level => 1);
SELECT rct.effect_sizes(5, NULL, 500, 500);
SELECT rct.effect_sizes(s, 'other') FROM sketch;
SELECT rct.effect_sizes(s, 'old', 'lin') FROM sketch;
SELECT rct.effect_sizes(s, 'old', 'ancova') FROM sketch;
SELECT rct.wwc_correct_t('NaN', 1000, 25, 0.2);
SELECT rct.wwc_correct_t(1, 10, 9, 0.9);
