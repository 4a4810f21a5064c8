-- Effects on quantiles.

CREATE DOMAIN rct.distribution AS bytea;
COMMENT ON DOMAIN rct.distribution IS
    'all outcomes of an experiment by condition, stratum and cluster; equal rows give equal bytes; holds outcomes but no key; adds up by rct.rollup';

CREATE FUNCTION rct._distribution_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_distribution_combine' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._distribution_combine(internal, internal) IS 'support function of aggregates: merges two states';

CREATE FUNCTION rct._distribution_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_distribution_serial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._distribution_serial(internal) IS 'support function of aggregates: state to bytes';

CREATE FUNCTION rct._distribution_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_distribution_deserial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._distribution_deserial(bytea, internal) IS 'support function of aggregates: bytes to state';

CREATE FUNCTION rct._distribution_final(internal) RETURNS rct.distribution
    AS 'MODULE_PATHNAME', 'rct_distribution_serial' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._distribution_final(internal) IS 'support function of aggregates: the distribution';

-- Clusters and strata are texts, whole numbers, numeric, uuid, enums or booleans; a value of another type is an error that names the
-- argument and its type.

CREATE FUNCTION rct._distribution_add(internal, double precision, text, "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_distribution_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._distribution_add(internal, double precision, text, "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.distribution(outcome double precision, condition text, cluster "any") (
    SFUNC = rct._distribution_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._distribution_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._distribution_combine, SERIALFUNC = rct._distribution_serial,
    DESERIALFUNC = rct._distribution_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.distribution(outcome double precision, condition text, cluster "any") IS
    'all outcomes by condition and cluster, for quantiles; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._distribution_add(internal, double precision, text, "any", "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_distribution_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._distribution_add(internal, double precision, text, "any", "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.distribution(outcome double precision, condition text, cluster "any", stratum "any") (
    SFUNC = rct._distribution_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._distribution_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._distribution_combine, SERIALFUNC = rct._distribution_serial,
    DESERIALFUNC = rct._distribution_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.distribution(outcome double precision, condition text, cluster "any", stratum "any") IS
    'all outcomes by condition, stratum and cluster, for quantiles within strata; rows whose stratum is NULL are a stratum of their own; NULL without rows';

CREATE FUNCTION rct._distribution_merge(internal, rct.distribution) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_distribution_merge' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._distribution_merge(internal, rct.distribution) IS 'support function of aggregates: adds a distribution';

CREATE AGGREGATE rct.rollup(part rct.distribution) (
    SFUNC = rct._distribution_merge, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._distribution_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._distribution_combine, SERIALFUNC = rct._distribution_serial,
    DESERIALFUNC = rct._distribution_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.rollup(part rct.distribution) IS
    'sum of distributions: the distribution of all their rows, bit for bit; NULLs are skipped; NULL without distributions';

CREATE TYPE rct.quantile_effects_row AS (
    outcome text, condition text, control text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint,
    probability double precision, quantile double precision, quantile_low double precision,
    quantile_high double precision, quantile_control double precision, quantile_control_low double precision,
    quantile_control_high double precision, notes text[]
);
COMMENT ON TYPE rct.quantile_effects_row IS
    'a row of rct.quantile_effects';

CREATE FUNCTION rct.quantile_effects(
    distribution rct.distribution, control text,
    probabilities double precision[] DEFAULT ARRAY[0.1, 0.25, 0.5, 0.75, 0.9]::double precision[],
    level double precision DEFAULT 0.95
) RETURNS SETOF rct.quantile_effects_row
    AS 'MODULE_PATHNAME', 'quantile_effects_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.quantile_effects(rct.distribution, text, double precision[], double precision) IS
    'difference of each quantile of each condition from that of the control, with cluster-robust Woodruff intervals; with strata both conditions are weighted to the strata of their rows together; no row for a NULL distribution, other NULLs are an error';
