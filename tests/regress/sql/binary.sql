-- Outcomes of 0 and 1, and rates of independent students, next to their formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-11) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

CREATE TABLE class AS
SELECT s AS school, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END AS arm, ((i * 7 + s * s) % 5 < 2 + (s + 1) % 2)::int AS passed
FROM generate_series(1, 21) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
CREATE TABLE sketch AS SELECT rct.sketch(passed, arm, school) AS s FROM class;

-- Percentage points are the effect times 100, and all else follows from the rates.
SELECT near(b.percentage_points, 100 * e.estimate) AND near(b.std_error, 100 * e.std_error) AND near(b.df, e.df) AND near(b.p_value, e.p_value)
       AND near(b.ci_low, 100 * e.ci_low, 1e-9) AND near(b.ci_high, 100 * e.ci_high, 1e-9) AS points,
       near(b.rate, e.mean) AND near(b.rate_control, e.mean_control) AS rates, near(b.additional_students, e.n * e.estimate) AS students,
       near(b.number_needed, 1 / abs(e.estimate)) AS needed, near(b.risk_ratio, e.mean / e.mean_control) AS rr,
       near(b.odds_ratio, e.mean / (1 - e.mean) / (e.mean_control / (1 - e.mean_control))) AS odds, near(b.cox_index, ln(b.odds_ratio) / 1.65) AS cox,
       near(b.cox_index, rct.cox_index(b.rate, b.rate_control)) AS cox_index, b.n = e.n AND b.clusters_control = e.clusters_control AS sizes, b.notes
FROM sketch, rct.binary_effects(s, 'old') AS b, rct.effects(s, 'old') AS e;
-- The intervals of the ratios are symmetric on the log scale and hold the estimate.
SELECT near(risk_ratio_low * risk_ratio_high, risk_ratio ^ 2) AND near(odds_ratio_low * odds_ratio_high, odds_ratio ^ 2) AS symmetric,
       risk_ratio_low < risk_ratio AND odds_ratio_low < odds_ratio AS holds
FROM sketch, rct.binary_effects(s, 'old');
-- What does not exist, and why: a rate of 0, equal rates, fewer, one class in an arm, strata.
CREATE FUNCTION brief(s rct.sketch, OUT pp numeric, OUT p numeric, OUT needed numeric, OUT rr numeric, OUT rr_low numeric, OUT odds numeric, OUT odds_low numeric, OUT notes text[])
    LANGUAGE sql AS
    'SELECT round(percentage_points::numeric, 6), round(p_value::numeric, 6), round(number_needed::numeric, 6), round(risk_ratio::numeric, 6), round(risk_ratio_low::numeric, 6),
            round(odds_ratio::numeric, 6), round(odds_ratio_low::numeric, 6), notes FROM rct.binary_effects(s, ''old'')';
SELECT * FROM brief((SELECT rct.sketch(CASE WHEN arm = 'new' THEN passed ELSE 0 END, arm, school) FROM class));
SELECT * FROM brief((SELECT rct.sketch(CASE WHEN arm = 'new' THEN 1 ELSE passed END, arm, school) FROM class));
SELECT * FROM brief((SELECT rct.sketch(0, arm, school) FROM class));
SELECT * FROM brief((SELECT rct.sketch(1 - passed, arm, school) FROM class));
SELECT * FROM brief((SELECT rct.sketch(passed, arm, school) FROM class WHERE arm = 'old' OR school = 2));
SELECT * FROM brief((SELECT rct.sketch(passed, arm, school, school % 3, NULL) FROM class));
SELECT count(*) AS none FROM rct.binary_effects(NULL, 'old');
-- Only 0 and 1 are taken.
SELECT rct.binary_effects((SELECT rct.sketch(CASE WHEN school = 3 THEN 0.5 ELSE passed END, arm, school) FROM class), 'old');
SELECT rct.binary_effects((SELECT rct.sketch(2 * passed, arm, school) FROM class), 'old');
SELECT rct.binary_effects(s, 'other') FROM sketch;
SELECT rct.binary_effects(s, 'old', 95) FROM sketch;
SELECT rct.binary_effects(s, 'old', NULL) FROM sketch;

-- Newcombe (1998), table II, and the textbook intervals.
SELECT x1, n1, x0, n0, round(difference::numeric, 4) AS difference, round(ci_low::numeric, 4) AS low, round(ci_high::numeric, 4) AS high
FROM (VALUES (56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7), (5, 56, 0, 29), (0, 10, 0, 20), (10, 10, 0, 20), (10, 10, 0, 10)) AS v (x1, n1, x0, n0),
     rct.newcombe(x1, n1, x0, n0);
SELECT near(t.newcombe_low, n.ci_low) AND near(t.newcombe_high, n.ci_high) AND near(t.difference, t.rate - t.rate_control) AS newcombe,
       near(t.newcombe_low, t.difference - sqrt((t.rate - p.ci_low) ^ 2 + (q.ci_high - t.rate_control) ^ 2)) AS hybrid,
       near(t.wald_high - t.difference, 1.959963984540054 * sqrt(t.rate * (1 - t.rate) / 70 + t.rate_control * (1 - t.rate_control) / 80)) AS wald,
       near(ln(t.katz_high / t.risk_ratio), 1.959963984540054 * sqrt(1 / 56.0 - 1 / 70.0 + 1 / 48.0 - 1 / 80.0)) AS katz,
       near(ln(t.woolf_high / t.odds_ratio), 1.959963984540054 * sqrt(1 / 56.0 + 1 / 14.0 + 1 / 48.0 + 1 / 32.0)) AS woolf,
       near(t.cox_index, ln(t.odds_ratio) / 1.65) AS cox
FROM rct.two_proportions(56, 70, 48, 80) AS t, rct.newcombe(56, 70, 48, 80) AS n, rct.proportion_interval(56, 70) AS p, rct.proportion_interval(48, 80) AS q;
SELECT risk_ratio, katz_low, odds_ratio, woolf_low, cox_index FROM rct.two_proportions(3, 10, 0, 10);
SELECT risk_ratio, katz_low, odds_ratio, woolf_low, cox_index FROM rct.two_proportions(0, 10, 3, 10);
SELECT ci_low, round(ci_high::numeric, 6) AS ci_high FROM rct.proportion_interval(0, 20, 0.9);
SELECT count(*) AS none FROM rct.proportion_interval(NULL, 3);
SELECT count(*) AS none FROM rct.two_proportions(1, NULL, 1, 2);
SELECT rct.cox_index(1, 0.5) IS NULL AS one, rct.cox_index(NULL, 0.5) IS NULL AS unknown;
SELECT rct.proportion_interval(1, 0);
SELECT rct.proportion_interval(4, 3);
SELECT rct.newcombe(1, 2, -1, 2);
SELECT rct.two_proportions(1, 2, 1, 2, 1);
SELECT rct.cox_index(0.5, 1.5);
