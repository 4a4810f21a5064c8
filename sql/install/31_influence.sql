-- What single clusters do to an effect.

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

CREATE TYPE rct.cluster_diagnostics_row AS (
    outcome text, condition text, control text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint,
    effective_clusters double precision, effective_clusters_independent double precision,
    leverage_max double precision, leverage_cv double precision, partial_leverage_max double precision,
    partial_leverage_cv double precision, most_influential uuid, estimate_without double precision,
    se_cr3 double precision, se_cv3 double precision, se_cv3j double precision, notes text[]
);
COMMENT ON TYPE rct.cluster_diagnostics_row IS
    'a row of rct.cluster_diagnostics';

CREATE FUNCTION rct.cluster_diagnostics(
    sketch rct.sketch, control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS SETOF rct.cluster_diagnostics_row
    AS 'MODULE_PATHNAME', 'cluster_diagnostics_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.cluster_diagnostics(rct.sketch, text, text, text, text, text[]) IS
    'how many clusters each effect rests on, and its jackknife standard errors; no row for a NULL sketch, other NULLs are an error';
