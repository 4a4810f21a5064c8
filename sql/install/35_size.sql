-- Effects in units of standard deviations.

CREATE FUNCTION rct.effect_sizes(
    sketch rct.sketch, control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    level double precision DEFAULT 0.95,
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS TABLE (
    condition text, control_condition text, g double precision, g_std_error double precision, ci_low double precision,
    ci_high double precision, g_individual double precision, glass_delta double precision, omega double precision,
    gamma double precision, h double precision, icc double precision, sd double precision,
    cluster_size double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'effect_sizes_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.effect_sizes(rct.sketch, text, text, text, double precision, text, text[]) IS
    'Hedges'' g of the effect of each condition with standard error and interval, and what it was made with; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.effect_sizes(
    estimate double precision, sd double precision, n bigint, n_control bigint, cluster_size double precision DEFAULT 1,
    icc double precision DEFAULT 0, std_error double precision DEFAULT NULL, df double precision DEFAULT NULL,
    sd_control double precision DEFAULT NULL, level double precision DEFAULT 0.95
) RETURNS TABLE (
    g double precision, g_std_error double precision, ci_low double precision, ci_high double precision,
    g_individual double precision, glass_delta double precision, omega double precision, gamma double precision,
    h double precision
)
    AS 'MODULE_PATHNAME', 'effect_sizes_of_numbers_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    ROWS 1;
COMMENT ON FUNCTION rct.effect_sizes(double precision, double precision, bigint, bigint, double precision, double precision, double precision, double precision, double precision, double precision) IS
    'Hedges'' g of a published effect with standard error and interval; std_error, df and sd_control may be NULL, other NULLs are an error';

CREATE FUNCTION rct.wwc_correct_t(t double precision, n bigint, cluster_size double precision, icc double precision)
RETURNS TABLE (t_corrected double precision, df double precision, p_value double precision)
    AS 'MODULE_PATHNAME', 'wwc_correct_t_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.wwc_correct_t(double precision, bigint, double precision, double precision) IS
    'a t statistic that ignored clustering, corrected by the formula of the What Works Clearinghouse; no row if an argument is NULL';
