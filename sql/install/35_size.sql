-- Effects on other scales.

CREATE TYPE rct.effect_sizes_row AS (
    outcome text, condition text, control text, measure text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint,
    sd double precision, icc double precision, cluster_size double precision, notes text[]
);
COMMENT ON TYPE rct.effect_sizes_row IS
    'a row of rct.effect_sizes';

CREATE FUNCTION rct.effect_sizes(
    sketch rct.sketch, control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    level double precision DEFAULT 0.95, outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS SETOF rct.effect_sizes_row
    AS 'MODULE_PATHNAME', 'effect_sizes_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.effect_sizes(rct.sketch, text, text, text, double precision, text, text[]) IS
    'effect of each condition in standard deviations (hedges_g, hedges_g_individual, glass_delta), as a share of the control mean (lift), and, for an outcome of 0 and 1, risk_ratio, odds_ratio, cox_index, number_needed and additional_students: a row for each measure; no row for a NULL sketch, other NULLs are an error';

CREATE TYPE rct.published_effect_size AS (
    hedges_g double precision, std_error double precision, ci_low double precision, ci_high double precision,
    hedges_g_individual double precision, glass_delta double precision, omega double precision,
    gamma double precision, h double precision
);
COMMENT ON TYPE rct.published_effect_size IS
    'sizes of a published effect';

CREATE FUNCTION rct.effect_sizes(
    estimate double precision, sd double precision, n bigint, n_control bigint,
    cluster_size double precision DEFAULT 1, icc double precision DEFAULT 0,
    std_error double precision DEFAULT NULL, df double precision DEFAULT NULL,
    sd_control double precision DEFAULT NULL, level double precision DEFAULT 0.95
) RETURNS SETOF rct.published_effect_size
    AS 'MODULE_PATHNAME', 'effect_sizes_of_numbers_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.effect_sizes(double precision, double precision, bigint, bigint, double precision, double precision, double precision, double precision, double precision, double precision) IS
    'Hedges'' g of a published effect with standard error and interval; std_error, df and sd_control may be NULL, other NULLs are an error';

CREATE FUNCTION rct.wwc_correct_t(t double precision, n bigint, cluster_size double precision, icc double precision)
RETURNS TABLE (t_corrected double precision, df double precision, p_value double precision)
    AS 'MODULE_PATHNAME', 'wwc_correct_t_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.wwc_correct_t(double precision, bigint, double precision, double precision) IS
    'a t statistic that ignored clustering, corrected by the formula of the What Works Clearinghouse; no row if an argument is NULL';
