-- Adjusted effects: what covariates change, matched pairs, and what single clusters do to an effect.

CREATE FUNCTION rct.adjusted_effects(
    sketch rct.sketch, control text, strata text DEFAULT 'auto', level double precision DEFAULT 0.95,
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS TABLE (
    condition text, control_condition text, method text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision, ci_high double precision,
    variance_reduction double precision, theta double precision[], theta_pooled double precision[], n bigint,
    n_control bigint, clusters bigint, clusters_control bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'adjusted_effects_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 6;
COMMENT ON FUNCTION rct.adjusted_effects(rct.sketch, text, text, double precision, text, text[]) IS
    'effect of each condition without covariates, with common slopes and with slopes by condition, on the same rows; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.paired_effects(
    sketch rct.sketch, control text, level double precision DEFAULT 0.95,
    outcome text DEFAULT NULL
) RETURNS TABLE (
    condition text, control_condition text, estimate double precision, std_error double precision, df double precision,
    t double precision, p_value double precision, ci_low double precision, ci_high double precision, pairs bigint,
    pairs_left_out bigint, n bigint, n_control bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'paired_effects_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.paired_effects(rct.sketch, text, double precision, text) IS
    'effect of each condition from matched pairs of clusters, the strata of the sketch (Imai, King and Nall 2009); no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.influence(
    sketch rct.sketch, control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS TABLE (
    cluster uuid, condition text, n bigint, leverage double precision, partial_leverage double precision,
    estimate_without double precision, change double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'influence_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION rct.influence(rct.sketch, text, text, text, text, text[]) IS
    'leverage of each cluster and each effect without it; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.cluster_diagnostics(
    sketch rct.sketch, control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS TABLE (
    condition text, control_condition text, estimate double precision, clusters bigint,
    effective_clusters double precision, effective_clusters_independent double precision,
    leverage_max double precision, leverage_cv double precision, partial_leverage_max double precision,
    partial_leverage_cv double precision, most_influential uuid, estimate_without double precision,
    se_cr2 double precision, df double precision, se_cr3 double precision, se_cv3 double precision,
    se_cv3j double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'cluster_diagnostics_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.cluster_diagnostics(rct.sketch, text, text, text, text, text[]) IS
    'how many clusters each effect rests on, and its jackknife standard errors; no row for a NULL sketch, other NULLs are an error';
