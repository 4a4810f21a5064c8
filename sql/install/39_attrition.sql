-- Missing outcomes.

CREATE TYPE rct.attrition_row AS (
    outcome text, condition text, control text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint, observed bigint,
    observed_control bigint, missing double precision, missing_control double precision, overall double precision,
    differential double precision, cautious_boundary double precision, cautious text,
    optimistic_boundary double precision, optimistic text, clusters_observed bigint,
    clusters_observed_control bigint, cluster_overall double precision, cluster_differential double precision,
    cluster_cautious text, cluster_optimistic text, notes text[]
);
COMMENT ON TYPE rct.attrition_row IS
    'a row of rct.attrition; shares are fractions';

CREATE FUNCTION rct.attrition(sketch rct.sketch, control text, level double precision DEFAULT 0.95, outcome text DEFAULT NULL) RETURNS SETOF rct.attrition_row
    AS 'MODULE_PATHNAME', 'attrition_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.attrition(rct.sketch, text, double precision, text) IS
    'overall and differential attrition of students and clusters as fractions, with the boundaries of the What Works Clearinghouse and a cluster-robust test; from a sketch of the outcome, of which NULL is missing; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.wwc_attrition(overall double precision, differential double precision) RETURNS TABLE (
    cautious_boundary double precision, cautious text, optimistic_boundary double precision, optimistic text
)
    AS 'MODULE_PATHNAME', 'wwc_attrition_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.wwc_attrition(double precision, double precision) IS
    'largest differential attrition, a fraction, that the What Works Clearinghouse calls low at an overall attrition between 0 and 0.65, and its verdict; no row if an argument is NULL';

CREATE TYPE rct.missing_balance_row AS (
    outcome text, condition text, covariate text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n_observed bigint, n_missing bigint, mean_observed double precision,
    mean_missing double precision, sd double precision, standardized double precision, notes text[]
);
COMMENT ON TYPE rct.missing_balance_row IS
    'a row of rct.missing_balance';

CREATE FUNCTION rct.missing_balance(sketch rct.sketch, level double precision DEFAULT 0.95, outcome text DEFAULT NULL, covariates text[] DEFAULT NULL) RETURNS SETOF rct.missing_balance_row
    AS 'MODULE_PATHNAME', 'missing_balance_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION rct.missing_balance(rct.sketch, double precision, text, text[]) IS
    'students without an outcome against those with one, on each covariate of each condition, cluster-robust; from a sketch of the outcome, of which NULL is missing; no row for a NULL sketch, NULL level is an error';

CREATE TYPE rct.manski_bounds_row AS (
    outcome text, condition text, control text, low double precision, high double precision,
    low_se double precision, high_se double precision, df double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint, missing bigint,
    missing_control bigint, notes text[]
);
COMMENT ON TYPE rct.manski_bounds_row IS
    'a row of rct.manski_bounds';

CREATE FUNCTION rct.manski_bounds(
    sketch rct.sketch, control text, y_min double precision, y_max double precision, level double precision DEFAULT 0.95,
    outcome text DEFAULT NULL
) RETURNS SETOF rct.manski_bounds_row
    AS 'MODULE_PATHNAME', 'manski_bounds_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.manski_bounds(rct.sketch, text, double precision, double precision, double precision, text) IS
    'what can be said of the effect whatever the missing outcomes are, if they lie between y_min and y_max; from a sketch of the outcome, of which NULL is missing; no row for a NULL sketch, other NULLs are an error';

CREATE TYPE rct.lee_bounds_row AS (
    outcome text, condition text, control text, low double precision, high double precision,
    low_se double precision, high_se double precision, df double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint,
    untrimmed double precision, trimmed text, trimmed_share double precision, response double precision,
    response_control double precision, kept_low bigint, kept_high bigint, notes text[]
);
COMMENT ON TYPE rct.lee_bounds_row IS
    'a row of rct.lee_bounds';

CREATE FUNCTION rct.lee_bounds(
    outcomes rct.distribution, students rct.sketch, control text, method text DEFAULT 'fractional',
    strata text DEFAULT 'auto', level double precision DEFAULT 0.95,
    outcome text DEFAULT NULL
) RETURNS SETOF rct.lee_bounds_row
    AS 'MODULE_PATHNAME', 'lee_bounds_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.lee_bounds(rct.distribution, rct.sketch, text, text, text, double precision, text) IS
    'bounds on the effect on those who would have an outcome in either condition (Lee 2009), cluster-robust; no row for NULL outcomes or students, other NULLs are an error';

CREATE FUNCTION rct.response_weights(sketch rct.sketch, cap double precision DEFAULT NULL, outcome text DEFAULT NULL) RETURNS TABLE (
    condition text, stratum uuid, n bigint, observed bigint, response_rate double precision, weight double precision,
    stabilized double precision, capped boolean, largest double precision, n_effective double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'response_weights_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION rct.response_weights(rct.sketch, double precision, text) IS
    'inverse probability weights by condition and stratum, from a sketch of the outcome, of which NULL is missing; no row for a NULL sketch, no cap if it is NULL';

CREATE DOMAIN rct.logistic_rows AS bytea;
COMMENT ON DOMAIN rct.logistic_rows IS
    'rows of a logistic regression, counted by pattern of regressors; equal rows give equal bytes; for rct.logistic';

CREATE FUNCTION rct._logistic_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_logistic_combine' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._logistic_combine(internal, internal) IS 'support function of aggregates: merges two states';

CREATE FUNCTION rct._logistic_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_logistic_serial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._logistic_serial(internal) IS 'support function of aggregates: state to bytes';

CREATE FUNCTION rct._logistic_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_logistic_deserial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._logistic_deserial(bytea, internal) IS 'support function of aggregates: bytes to state';

CREATE FUNCTION rct._logistic_final(internal) RETURNS rct.logistic_rows
    AS 'MODULE_PATHNAME', 'rct_logistic_serial' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._logistic_final(internal) IS 'support function of aggregates: the rows';

CREATE FUNCTION rct._logistic_add(internal, double precision, double precision[]) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_logistic_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._logistic_add(internal, double precision, double precision[]) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.logistic_rows(outcome double precision, regressors double precision[]) (
    SFUNC = rct._logistic_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._logistic_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._logistic_combine, SERIALFUNC = rct._logistic_serial,
    DESERIALFUNC = rct._logistic_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.logistic_rows(outcome double precision, regressors double precision[]) IS
    'rows of a logistic regression of an outcome of 0 and 1; same bytes for any plan and row order; rows in which something is NULL are counted and left out; NULL without rows';

CREATE FUNCTION rct.logistic(rows rct.logistic_rows) RETURNS TABLE (
    coefficients double precision[], std_errors double precision[], n bigint, observed bigint, left_out bigint,
    patterns bigint, iterations integer, converged boolean, notes text[]
)
    AS 'MODULE_PATHNAME', 'logistic_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.logistic(rct.logistic_rows) IS
    'logistic regression by maximum likelihood: log odds, the intercept first; no row for NULL';

CREATE FUNCTION rct.logistic_predict(coefficients double precision[], regressors double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'logistic_predict_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.logistic_predict(double precision[], double precision[]) IS
    'probability that a logistic regression gives to regressors; NULL coefficients count as 0; NULL if an argument or a regressor is NULL';

CREATE FUNCTION rct.pool_imputations(
    estimates double precision[], variances double precision[], complete_df double precision DEFAULT NULL,
    level double precision DEFAULT 0.95
) RETURNS TABLE (
    estimate double precision, std_error double precision, df double precision, t double precision,
    p_value double precision, ci_low double precision, ci_high double precision, variance_within double precision,
    variance_between double precision, relative_increase double precision, lambda double precision,
    missing_information double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'pool_imputations_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.pool_imputations(double precision[], double precision[], double precision, double precision) IS
    'one estimate from those of several imputations (Rubin 1987, Barnard and Rubin 1999); no row for NULL estimates or variances, no limit of the degrees of freedom for a NULL complete_df';
