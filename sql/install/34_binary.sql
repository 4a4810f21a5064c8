-- Effects on outcomes of 0 and 1, and rates of independent students.

CREATE FUNCTION rct.binary_effects(sketch rct.sketch, control text, level double precision DEFAULT 0.95, outcome text DEFAULT NULL)
RETURNS TABLE (
    condition text, control_condition text, rate double precision, rate_control double precision,
    percentage_points double precision, std_error double precision, df double precision, t double precision,
    p_value double precision, ci_low double precision, ci_high double precision,
    additional_students double precision, number_needed double precision, risk_ratio double precision,
    risk_ratio_low double precision, risk_ratio_high double precision, odds_ratio double precision,
    odds_ratio_low double precision, odds_ratio_high double precision, cox_index double precision, n bigint,
    n_control bigint, clusters bigint, clusters_control bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'binary_effects_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.binary_effects(rct.sketch, text, double precision, text) IS
    'effect of each condition on the rate of an outcome of 0 and 1: percentage points, risk ratio and odds ratio with cluster-robust intervals; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.proportion_interval(x bigint, n bigint, level double precision DEFAULT 0.95)
RETURNS TABLE (rate double precision, ci_low double precision, ci_high double precision)
    AS 'MODULE_PATHNAME', 'proportion_interval_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.proportion_interval(bigint, bigint, double precision) IS
    'rate x / n of independent students with Wilson''s interval; no row if an argument is NULL';

CREATE FUNCTION rct.newcombe(x1 bigint, n1 bigint, x0 bigint, n0 bigint, level double precision DEFAULT 0.95)
RETURNS TABLE (difference double precision, ci_low double precision, ci_high double precision)
    AS 'MODULE_PATHNAME', 'newcombe_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.newcombe(bigint, bigint, bigint, bigint, double precision) IS
    'difference of two rates of independent students with Newcombe''s hybrid score interval; no row if an argument is NULL';

CREATE FUNCTION rct.two_proportions(x1 bigint, n1 bigint, x0 bigint, n0 bigint, level double precision DEFAULT 0.95)
RETURNS TABLE (
    rate double precision, rate_control double precision, difference double precision,
    newcombe_low double precision, newcombe_high double precision, wald_low double precision,
    wald_high double precision, risk_ratio double precision, katz_low double precision, katz_high double precision,
    odds_ratio double precision, woolf_low double precision, woolf_high double precision, cox_index double precision
)
    AS 'MODULE_PATHNAME', 'two_proportions_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.two_proportions(bigint, bigint, bigint, bigint, double precision) IS
    'two rates of independent students: difference, risk ratio and odds ratio with their textbook intervals; no row if an argument is NULL';

CREATE FUNCTION rct.cox_index(rate double precision, rate_control double precision) RETURNS double precision
    AS 'MODULE_PATHNAME', 'cox_index_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.cox_index(double precision, double precision) IS
    'ln(odds ratio) / 1.65, two rates on the scale of a standardized mean difference; NULL if an argument is NULL or a rate is 0 or 1';
