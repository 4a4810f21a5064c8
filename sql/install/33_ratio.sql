-- Effects on ratio metrics.

CREATE FUNCTION rct.ratio_effects(
    sketch rct.sketch, control text, se text DEFAULT 'CR2', level double precision DEFAULT 0.95,
    outcome text DEFAULT NULL
) RETURNS TABLE (
    condition text, control_condition text, ratio double precision, ratio_control double precision,
    estimate double precision, std_error double precision, df double precision, t double precision,
    p_value double precision, ci_low double precision, ci_high double precision, lift double precision,
    lift_low double precision, lift_high double precision, denominator double precision,
    denominator_control double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint,
    notes text[]
)
    AS 'MODULE_PATHNAME', 'ratio_effects_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.ratio_effects(rct.sketch, text, text, double precision, text) IS
    'effect of each condition on an outcome that is a ratio of two sums, cluster-robust: the delta method with the correction for leverage; no row for a NULL sketch, other NULLs are an error';
