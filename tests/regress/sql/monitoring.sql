-- Looks, harm and margins, next to their formulas in plain SQL and to published numbers.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-12) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

-- Boundaries that are in print.
SELECT spending, array_agg(round(z::numeric, 3) ORDER BY look) AS z
FROM unnest('{obf, pocock}'::text[]) AS spending, rct.sequential_bounds('{0.2, 0.4, 0.6, 0.8, 1}', spending => spending) GROUP BY 1;
SELECT convention, sided, array_agg(round(z::numeric, 6) ORDER BY look) AS z, round(max(cumulative_alpha)::numeric, 12) AS alpha
FROM (VALUES ('per_tail', 2), ('total', 2), ('per_tail', 1), ('total', 1)) AS c (convention, sided),
     rct.sequential_bounds('{0.3, 0.55, 1}', 0.95, sided, 'obf', convention) GROUP BY 1, 2 ORDER BY 1, 2;
-- One look is no sequence; the first look is a quantile.
SELECT round(z::numeric, 9) AS z, round(nominal_p::numeric, 12) AS p, t_bound, notes FROM rct.sequential_bounds('{1}');
-- With degrees of freedom: the t that has the nominal p-value.
SELECT look, round(z::numeric, 4) AS z, round(nominal_p::numeric, 6) AS p, round(t_bound::numeric, 4) AS t, notes
FROM rct.sequential_bounds('{0.25, 0.5, 0.75, 1}', df => '{1.5, 3.5, 20}');
-- More and less information than planned, and a look too early to reject.
SELECT look, information_fraction AS t, round(cumulative_alpha::numeric, 6) AS alpha, round(z::numeric, 4) AS z, notes
FROM rct.sequential_bounds('{0.5, 1.2}');
SELECT look, information_fraction AS t, round(cumulative_alpha::numeric, 6) AS alpha, round(z::numeric, 4) AS z, notes
FROM rct.sequential_bounds('{0.5, 0.9}', final => true);
SELECT look, round(cumulative_alpha::numeric, 6) AS alpha, round(z::numeric, 4) AS z, nominal_p IS NULL AS none, notes
FROM rct.sequential_bounds('{0.001, 0.5, 1}');
SELECT * FROM rct.sequential_bounds('{}');
SELECT * FROM rct.sequential_bounds('{0.5, 0.5}');
SELECT * FROM rct.sequential_bounds('{0.5, NULL}');
SELECT * FROM rct.sequential_bounds('{0.5, 1.1, 1.2}');
SELECT * FROM rct.sequential_bounds('{1}', 0.5);
SELECT * FROM rct.sequential_bounds('{1}', 0.05);
SELECT * FROM rct.sequential_bounds('{1}', sided => 3);
SELECT * FROM rct.sequential_bounds('{1}', spending => 'OBF');
SELECT * FROM rct.sequential_bounds('{1}', convention => 'both');
SELECT * FROM rct.sequential_bounds('{1}', df => '{0}');
SELECT * FROM rct.sequential_bounds('{1}', df => '{5, 6}');
SELECT * FROM rct.sequential_bounds(NULL);
SELECT * FROM rct.sequential_bounds('{1}', NULL);
SELECT * FROM rct.sequential_bounds('{1}', final => NULL);

-- A trial with three of four looks done.
SELECT look, round(statistic::numeric, 4) AS t, round(bound::numeric, 4) AS bound, round(p_value::numeric, 5) AS p, round(nominal_p::numeric, 5) AS nominal,
       crossed, decision, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high, notes
FROM rct.sequential_test('{3, 2.9, 2.8}', '{1.8, 1.2, 0.9}', '{0.25, 0.5, 0.75, 1}', '{18, 27, 38}');
SELECT look, crossed, decision, near(bound, b.z) AS z, near(ci_low, estimate - b.z * std_error) AS low, ci_high, t.notes
FROM rct.sequential_test('{1, NULL, 1}', '{0.5, NULL, 0.1}', '{0.3, 0.6, 1}', sided => 1, spending => 'pocock') AS t
     JOIN rct.sequential_bounds('{0.3, 0.6, 1}', sided => 1, spending => 'pocock') AS b USING (look);
SELECT look, decision, notes FROM rct.sequential_test('{1, 1}', '{0, 0.6}', '{0.5, 0.9}', final => true);
SELECT * FROM rct.sequential_test('{1, 2}', '{1}', '{1}');
SELECT * FROM rct.sequential_test('{1}', '{-1}', '{1}');
SELECT * FROM rct.sequential_test('{NaN}', '{1}', '{1}');
SELECT * FROM rct.sequential_test(NULL, '{1}', '{1}');
SELECT rct.information_fractions('{2, NULL, 1.25, 1}', 1) AS fractions, rct.information_fractions('{1}', NULL) IS NULL AS none;
SELECT rct.information_fractions('{1, 0}', 1);
SELECT rct.information_fractions('{1}', 'Infinity');

-- Confidence sequences: the formula, and the multipliers with 40 clusters planned.
SELECT n, round(c.multiplier::numeric, 3) AS multiplier, near(c.rho, sqrt((-2 * ln(a) + ln(1 - 2 * ln(a))) / 40)) AS rho,
       near(c.halfwidth, 0.5 * sqrt(2 * (r + 1) / r * ln(sqrt(r + 1) / a))) AS halfwidth, near(c.ci_low, 1.5 - c.halfwidth) AND near(c.ci_high, 1.5 + c.halfwidth) AS limits,
       near(c.p_value, least(1, sqrt(r + 1) * exp(-r * 9 / (2 * (r + 1))))) AS p_value, c.notes
FROM (SELECT n, 0.05::double precision AS a FROM unnest('{20, 40, 160}'::int[]) AS n) AS v, rct.confidence_sequence(1.5, 0.5, n, 40) AS c,
     LATERAL (SELECT n * c.rho ^ 2 AS r) AS x;
SELECT ci_low, p_value, multiplier, round(rho::numeric, 4) AS rho, notes FROM rct.confidence_sequence(1.5, 0.5, 19, 40);
SELECT ci_low, notes FROM rct.confidence_sequence(NULL, 0.5, 40, 40) UNION ALL SELECT ci_low, notes FROM rct.confidence_sequence(1, 0, 40, 40);
SELECT look, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high, round(p_value::numeric, 4) AS p, round(running_low::numeric, 3) AS running_low,
       round(running_high::numeric, 3) AS running_high, round(running_p::numeric, 4) AS running_p, notes
FROM rct.confidence_sequence_looks('{1, 2, 2.2, 1.9, NULL, 9}', '{1, 0.6, 0.5, 0.45, 0.4, 0.4}', '{10, 20, 30, 40, 45, 50}', 50);
SELECT * FROM rct.confidence_sequence_looks('{1}', '{1, 2}', '{40}', 40);
SELECT * FROM rct.confidence_sequence(1, 0.5, 40, 0);
SELECT * FROM rct.confidence_sequence(1, 0.5, -1, 40);
SELECT * FROM rct.confidence_sequence(1, -0.5, 40, 40);
SELECT * FROM rct.confidence_sequence('Infinity', 0.5, 40, 40);
SELECT * FROM rct.confidence_sequence(1, 0.5, 40, 40, 1);
SELECT * FROM rct.confidence_sequence(1, 0.5, 40, NULL);

-- Harm: precisions add up.
SELECT near(h.posterior_mean, (-1.5 / 1.44 + 0.1 / 4) / (1 / 1.44 + 1 / 4.0)) AS mean, near(h.posterior_sd, 1 / sqrt(1 / 1.44 + 1 / 4.0)) AS sd,
       round(h.p_harm::numeric, 6) AS p_harm, round(h.p_above::numeric, 6) AS p_above, round(h.weight::numeric, 4) AS weight,
       h.prior_mean_outcome, h.prior_sd_outcome, h.threshold_outcome, h.notes
FROM rct.harm_probability(-1.5, 1.2, 10, prior_mean => 0.01, threshold => 0.05) AS h;
-- With 2 degrees of freedom the tail has a closed form; the other direction mirrors.
SELECT near(h.p_harm, 0.5 - x / (2 * sqrt(2 + x ^ 2)), 1e-11) AS t, near(h.p_harm, m.p_harm) AS mirrored, h.notes
FROM rct.harm_probability(1.5, 1.2, 10, 2) AS h, rct.harm_probability(-1.5, 1.2, 10, 2, direction => 'lower_is_better') AS m,
     LATERAL (SELECT h.posterior_mean / h.posterior_sd AS x) AS v;
SELECT p_harm, prior_sd_outcome, notes FROM rct.harm_probability(NULL, NULL, 10) UNION ALL SELECT p_harm, prior_sd_outcome, notes FROM rct.harm_probability(1, 1, 10, 1.9);
SELECT * FROM rct.harm_probability(1, 1, 0);
SELECT * FROM rct.harm_probability(1, 1, 10, prior_sd => 0);
SELECT * FROM rct.harm_probability(1, 1, 10, prior_mean => 'NaN');
SELECT * FROM rct.harm_probability(1, 1, 10, threshold => 'NaN');
SELECT * FROM rct.harm_probability(1, 1, 10, -1);
SELECT * FROM rct.harm_probability(1, 1, 10, direction => 'up');
SELECT * FROM rct.harm_probability(1, 1, NULL);

-- Margins.
SELECT e, n.verdict, round(n.worst::numeric, 4) AS worst, round(n.best::numeric, 4) AS best, round(n.t::numeric, 4) AS t, round(n.p_value::numeric, 6) AS p_value,
       near(n.p_value + n.p_tripped, 1) AS sum, m.verdict AS mirrored, near(m.worst, -n.worst) AND near(m.p_value, n.p_value) AS same
FROM unnest('{1, -1, -3}'::double precision[]) AS e, rct.non_inferiority(e, 1, 30, 1) AS n, rct.non_inferiority(-e, 1, 30, 1, 'lower_is_better') AS m;
SELECT e, v.verdict, round(v.p_value::numeric, 6) AS p_value, v.p_value = greatest(v.p_low, v.p_high) AS larger, round(v.ci_low::numeric, 4) AS low,
       round(v.ci_high::numeric, 4) AS high
FROM unnest('{0.1, 0.9, 2, -2}'::double precision[]) AS e, rct.equivalence(e, 0.2, NULL, 1) AS v;
SELECT verdict, notes FROM rct.non_inferiority(NULL, 1, 30, 1) UNION ALL SELECT verdict, notes FROM rct.equivalence(1, NULL, 30, 1)
UNION ALL SELECT verdict, notes FROM rct.non_inferiority(0, 1, 1, 1) UNION ALL SELECT verdict, notes FROM rct.equivalence(0, 1, 3, 1);
SELECT * FROM rct.non_inferiority(1, 1, 30, -1);
SELECT * FROM rct.non_inferiority(1, 1, 30, 1, 'up');
SELECT * FROM rct.non_inferiority(1, 1, 30, 1, level => 0.4);
SELECT * FROM rct.non_inferiority(1, 1, 30, NULL);
SELECT * FROM rct.equivalence(1, 1, 30, 0);
SELECT * FROM rct.equivalence(1, 1, 30, 1, NULL);
