-- Effects on those who complied: instrumental variables.

CREATE TYPE rct.cace_row AS (
    outcome text, condition text, control text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint, exposure text,
    first_stage double precision, first_stage_se double precision, first_stage_f double precision,
    exposure_rate double precision, exposure_rate_control double precision, complier_share double precision,
    itt double precision, ar_low double precision, ar_high double precision, ar_kind text, notes text[]
);
COMMENT ON TYPE rct.cace_row IS
    'a row of rct.cace';

CREATE FUNCTION rct.cace(
    sketch rct.sketch, control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    exposures text[] DEFAULT NULL, se text DEFAULT 'CR2', level double precision DEFAULT 0.95,
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS SETOF rct.cace_row
    AS 'MODULE_PATHNAME', 'cace_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.cace(rct.sketch, text, text, text, text[], text, double precision, text, text[]) IS
    'effect of exposure on those whose exposure the condition changes: two-stage least squares with cluster-robust inference, first stage and Anderson-Rubin set; no row for a NULL sketch, NULL exposures are all of the sketch, other NULLs are an error';
