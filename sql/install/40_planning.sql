-- What planning takes from data.

CREATE FUNCTION rct.icc(sketch rct.sketch, within text DEFAULT 'condition', level double precision DEFAULT 0.95)
RETURNS TABLE (
    icc double precision, icc_truncated double precision, f_low double precision, f_high double precision,
    smith_se double precision, smith_low double precision, smith_high double precision, msb double precision,
    msw double precision, n0 double precision, clusters bigint, n bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'icc_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.icc(rct.sketch, text, double precision) IS
    'intra-cluster correlation of the outcome by analysis of variance, with F and Smith limits; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.design_effect(sketch rct.sketch, within text DEFAULT 'condition') RETURNS TABLE (
    design_effect double precision, icc double precision, clusters bigint, n bigint, mean_size double precision,
    cv_size double precision, weight_effect double precision, n_effective double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'design_effect_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.design_effect(rct.sketch, text) IS
    'by how much clustering inflates the variance of the mean, with unequal sizes, and the effective number of rows; no row for a NULL sketch, other NULLs are an error';
