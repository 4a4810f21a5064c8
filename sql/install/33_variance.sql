-- Variance between clusters and within them.

CREATE FUNCTION rct.icc(sketch rct.sketch, within text DEFAULT 'condition', level double precision DEFAULT 0.95, adjust text DEFAULT 'none', outcome text DEFAULT NULL, covariates text[] DEFAULT NULL)
RETURNS TABLE (
    icc double precision, icc_truncated double precision, f_low double precision, f_high double precision,
    smith_se double precision, smith_low double precision, smith_high double precision, msb double precision,
    msw double precision, n0 double precision, clusters bigint, n bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'icc_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.icc(rct.sketch, text, double precision, text, text, text[]) IS
    'intra-cluster correlation of the outcome by analysis of variance, with F and Smith limits; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.variance_components(sketch rct.sketch, within text DEFAULT 'condition', outcome text DEFAULT NULL, covariates text[] DEFAULT NULL) RETURNS TABLE (
    variance_between double precision, variance_within double precision, icc double precision,
    variance_between_adjusted double precision, variance_within_adjusted double precision,
    icc_adjusted double precision, r2_between double precision, r2_within double precision, covariates bigint,
    clusters bigint, n bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'variance_components_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.variance_components(rct.sketch, text, text, text[]) IS
    'variance of the outcome between and within clusters, and the part of each that the covariates explain; no row for a NULL sketch, other NULLs are an error';
