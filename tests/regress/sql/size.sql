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
SELECT round(g::numeric, 9) AS g, round(g_std_error::numeric, 9) AS se, round(omega::numeric, 6) AS omega, round(gamma::numeric, 6) AS gamma, round(h::numeric, 3) AS h,
       near(g, rct.hedges_g(5, 20, 500, 500, 25, 0.2)) AS hedges_g
FROM rct.effect_sizes(5, 20, 500, 500, 25, 0.2);
SELECT round(t_corrected::numeric, 6) AS t, round(df::numeric, 3) AS df, round(p_value::numeric, 6) AS p FROM rct.wwc_correct_t(1, 1000, 25, 0.2);
-- Standard error: from the design effect, or from that of the estimate.
SELECT near(a.g_std_error, sqrt(a.omega ^ 2 * 5.8 * (1 / 400.0 + 1 / 600.0) + a.g ^ 2 / (2 * a.h))) AS by_design,
       near(b.g_std_error, sqrt((b.omega * b.gamma * 1.5 / 20) ^ 2 + b.g ^ 2 / (2 * b.h))) AS by_std_error,
       near(a.ci_high - a.g, 1.959963984540054 * a.g_std_error) AS normal, near(b.ci_high - b.g, 2.2281388519649385 * b.g_std_error) AS t,
       a.glass_delta, b.glass_delta
FROM rct.effect_sizes(5, 20, 400, 600, 25, 0.2) AS a, rct.effect_sizes(5, 20, 400, 600, 25, 0.2, 1.5, 10, 25) AS b;
-- Students who were assigned themselves: the usual correction 1 - 3 / (4 N - 9).
SELECT near(g, g_individual) AS same, near(g, 0.25 * (1 - 3 / 391.0)) AS usual, h FROM rct.effect_sizes(5, 20, 50, 50);

-- Of a sketch: what rct.effects and rct.icc say, put together.
SELECT near(z.g, e.hedges_g) AS g, near(z.icc, i.icc_truncated) AS icc, near(z.glass_delta, e.estimate / e.sd_control) AS glass,
       near(z.g_std_error, sqrt((z.omega * z.gamma * e.std_error / z.sd) ^ 2 + z.g ^ 2 / (2 * z.h))) AS g_std_error,
       near(z.sd, sqrt(((e.n - 1) * e.sd ^ 2 + (e.n_control - 1) * e.sd_control ^ 2) / (e.n + e.n_control - 2))) AS sd,
       near(z.cluster_size, (e.n + e.n_control) / 21.0::double precision) AS size, near(z.ci_low, f.ci_low) AND near(z.ci_high, f.ci_high) AS ci, z.notes
FROM sketch, rct.effect_sizes(s, 'old') AS z, rct.effects(s, 'old') AS e, rct.icc(s) AS i,
     rct.effect_sizes(e.estimate, z.sd, e.n, e.n_control, z.cluster_size, i.icc, e.std_error, e.df) AS f;
-- Adjusted: the adjusted effect over the unadjusted standard deviation.
SELECT near(z.g, z.omega * z.gamma * e.estimate / z.sd) AS g, z.sd = u.sd AS sd
FROM sketch, rct.effect_sizes(x, 'old', 'ancova') AS z, rct.effects(x, 'old', 'ancova') AS e, rct.effect_sizes(s, 'old') AS u;

-- What does not exist, and why: no likeness to be told, no spread, one cluster in an arm.
SELECT g, g_std_error, ci_low, glass_delta, icc, notes FROM rct.effect_sizes((SELECT rct.sketch(3, arm, school) FROM class), 'old');
SELECT g IS NULL AS g, g_std_error IS NULL AS se, ci_low IS NULL AS ci, notes FROM rct.effect_sizes((SELECT rct.sketch(y, arm, school) FROM class WHERE arm = 'old' OR school = 2), 'old');
SELECT count(*) AS none FROM rct.effect_sizes(NULL::rct.sketch, 'old');
SELECT count(*) AS none FROM rct.wwc_correct_t(1, NULL, 25, 0.2);

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
