-- Rates of independent students, next to their formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-11) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

-- Newcombe (1998), table II, and the textbook intervals.
SELECT x1, n1, x0, n0, round(difference::numeric, 4) AS difference, round(newcombe_low::numeric, 4) AS low, round(newcombe_high::numeric, 4) AS high
FROM (VALUES (56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7), (5, 56, 0, 29), (0, 10, 0, 20), (10, 10, 0, 20), (10, 10, 0, 10)) AS v (x1, n1, x0, n0),
     rct.two_proportions(x1, n1, x0, n0);
SELECT near(t.rate, p.rate) AND near(t.rate_control, q.rate) AND near(t.difference, t.rate - t.rate_control) AS rates,
       near(t.newcombe_low, t.difference - sqrt((t.rate - p.ci_low) ^ 2 + (q.ci_high - t.rate_control) ^ 2))
           AND near(t.newcombe_high, t.difference + sqrt((p.ci_high - t.rate) ^ 2 + (t.rate_control - q.ci_low) ^ 2)) AS newcombe,
       near(t.wald_high - t.difference, 1.959963984540054 * sqrt(t.rate * (1 - t.rate) / 70 + t.rate_control * (1 - t.rate_control) / 80)) AS wald,
       near(ln(t.katz_high / t.risk_ratio), 1.959963984540054 * sqrt(1 / 56.0 - 1 / 70.0 + 1 / 48.0 - 1 / 80.0)) AS katz,
       near(ln(t.woolf_high / t.odds_ratio), 1.959963984540054 * sqrt(1 / 56.0 + 1 / 14.0 + 1 / 48.0 + 1 / 32.0)) AS woolf,
       near(t.cox_index, ln(t.odds_ratio) / 1.65) AS cox
FROM rct.two_proportions(56, 70, 48, 80) AS t, rct.proportion_interval(56, 70) AS p, rct.proportion_interval(48, 80) AS q;
SELECT risk_ratio, katz_low, odds_ratio, woolf_low, cox_index FROM rct.two_proportions(3, 10, 0, 10);
SELECT risk_ratio, katz_low, odds_ratio, woolf_low, cox_index FROM rct.two_proportions(0, 10, 3, 10);
SELECT ci_low, round(ci_high::numeric, 6) AS ci_high FROM rct.proportion_interval(0, 20, 0.9);
SELECT count(*) AS none FROM rct.proportion_interval(NULL, 3);
SELECT count(*) AS none FROM rct.two_proportions(1, NULL, 1, 2);
SELECT rct.cox_index(1, 0.5) IS NULL AS one, rct.cox_index(NULL, 0.5) IS NULL AS unknown;
SELECT rct.proportion_interval(1, 0);
SELECT rct.proportion_interval(4, 3);
SELECT rct.two_proportions(1, 2, -1, 2);
SELECT rct.two_proportions(1, 2, 1, 2, 1);
SELECT rct.cox_index(0.5, 1.5);
