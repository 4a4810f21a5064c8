-- Rates of independent students.

CREATE FUNCTION rct.proportion_interval(x bigint, n bigint, level double precision DEFAULT 0.95)
RETURNS TABLE (rate double precision, ci_low double precision, ci_high double precision)
    AS 'MODULE_PATHNAME', 'proportion_interval_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.proportion_interval(bigint, bigint, double precision) IS
    'rate x / n of independent students with Wilson''s interval; no row if an argument is NULL';

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
