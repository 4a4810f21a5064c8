-- Whether the experiment ran as designed: counts and baselines.

CREATE FUNCTION rct.srm(
    counts bigint[], expected double precision[] DEFAULT NULL, conditions text[] DEFAULT NULL, level double precision DEFAULT 0.999
) RETURNS TABLE (
    n bigint, chi2 double precision, df bigint, p_value double precision, p_exact double precision, verdict text,
    expected_counts double precision[], notes text[]
)
    AS 'MODULE_PATHNAME', 'srm_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.srm(bigint[], double precision[], text[], double precision) IS
    'sample ratio: whether units fell into conditions as the weights (by default equal) let expect, by chi-squared and exactly; a unit where the weight is 0 is a leak; NULL counts or level is an error';

CREATE TYPE rct.srm_row AS (
    conditions text[], counts bigint[], n bigint, chi2 double precision, df bigint, p_value double precision,
    p_exact double precision, verdict text, expected_counts double precision[], students bigint,
    students_p double precision, notes text[]
);
COMMENT ON TYPE rct.srm_row IS
    'sample ratio of a sketch';

CREATE FUNCTION rct.srm(
    sketch rct.sketch, expected double precision[] DEFAULT NULL, conditions text[] DEFAULT NULL, level double precision DEFAULT 0.999
) RETURNS SETOF rct.srm_row
    AS 'MODULE_PATHNAME', 'srm_sketch_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.srm(rct.sketch, double precision[], text[], double precision) IS
    'sample ratio of the clusters of a sketch, and of its students by the randomization variance of whole clusters; no row for a NULL sketch, NULL level is an error';

CREATE TYPE rct.srm_by_stratum_row AS (
    scope text, stratum text, conditions text[], counts bigint[], n bigint, chi2 double precision, df bigint,
    p_value double precision, p_exact double precision, p_holm double precision, verdict text,
    expected_counts double precision[], notes text[]
);
COMMENT ON TYPE rct.srm_by_stratum_row IS
    'sample ratio of a stratum, or of all together';

CREATE FUNCTION rct.srm_by_stratum(
    strata text[], conditions text[], counts bigint[], expected double precision[] DEFAULT NULL, level double precision DEFAULT 0.999
) RETURNS SETOF rct.srm_by_stratum_row
    AS 'MODULE_PATHNAME', 'srm_by_stratum_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.srm_by_stratum(text[], text[], bigint[], double precision[], double precision) IS
    'sample ratio of each stratum, with Holm''s correction, and of all together, from the counts of each stratum and condition; a NULL stratum is one of its own, other NULLs but expected are an error';

CREATE FUNCTION rct.srm_blocked(
    strata text[], conditions text[], assigned bigint[], observed bigint[], level double precision DEFAULT 0.999
) RETURNS SETOF rct.srm_by_stratum_row
    AS 'MODULE_PATHNAME', 'srm_blocked_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.srm_blocked(text[], text[], bigint[], bigint[], double precision) IS
    'sample ratio where the counts of the assignment were fixed in each stratum: whether those observed are spread like those assigned (hypergeometric; together Cochran, Mantel and Haenszel); a NULL stratum is one of its own, other NULLs are an error';

CREATE FUNCTION rct.srm_sequential(
    counts bigint[], expected double precision[] DEFAULT NULL, k double precision DEFAULT 100, level double precision DEFAULT 0.999
) RETURNS TABLE (
    look bigint, n bigint, log_e double precision, e_value double precision, p_value double precision,
    p_running double precision, alarm boolean, notes text[]
)
    AS 'MODULE_PATHNAME', 'srm_sequential_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.srm_sequential(bigint[], double precision[], double precision, double precision) IS
    'sample ratio that may be looked at any time: Dirichlet-multinomial e-value; NULL counts, k or level is an error';

CREATE FUNCTION rct.srm_looks(
    counts bigint[], arms integer DEFAULT 2, expected double precision[] DEFAULT NULL, k double precision DEFAULT 100,
    level double precision DEFAULT 0.999
) RETURNS TABLE (
    look bigint, n bigint, log_e double precision, e_value double precision, p_value double precision,
    p_running double precision, alarm boolean, notes text[]
)
    AS 'MODULE_PATHNAME', 'srm_looks_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 30;
COMMENT ON FUNCTION rct.srm_looks(bigint[], integer, double precision[], double precision, double precision) IS
    'rct.srm_sequential at a series of looks, from cumulative counts look by look, with the running p-value; NULLs but expected are an error';

CREATE TYPE rct.balance_row AS (
    outcome text, condition text, control text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint,
    mean double precision, mean_control double precision, standardized double precision, category text, notes text[]
);
COMMENT ON TYPE rct.balance_row IS
    'a row of rct.balance; the outcome is the covariate';

CREATE FUNCTION rct.balance(
    sketch rct.sketch, control text, strata text DEFAULT 'auto',
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS SETOF rct.balance_row
    AS 'MODULE_PATHNAME', 'balance_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION rct.balance(rct.sketch, text, text, text, text[]) IS
    'covariates of a sketch by condition: standardized difference, cluster-robust test, and the category of the What Works Clearinghouse; no row for a NULL sketch, NULL control or strata is an error';

CREATE TYPE rct.balance_joint_row AS (
    condition text, control text, covariates bigint, f double precision, df_num double precision,
    df_den double precision, p_value double precision, notes text[]
);
COMMENT ON TYPE rct.balance_joint_row IS
    'a row of rct.balance_joint';

CREATE FUNCTION rct.balance_joint(sketch rct.sketch, control text, strata text DEFAULT 'auto', outcome text DEFAULT NULL, covariates text[] DEFAULT NULL) RETURNS SETOF rct.balance_joint_row
    AS 'MODULE_PATHNAME', 'balance_joint_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.balance_joint(rct.sketch, text, text, text, text[]) IS
    'one cluster-robust test per condition that no covariate of a sketch differs from the control; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.impossible_patterns(
    sketch rct.sketch, control text DEFAULT NULL, conditions text[] DEFAULT NULL, expected double precision[] DEFAULT NULL
) RETURNS SETOF rct.finding
    AS 'MODULE_PATHNAME', 'impossible_patterns_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION rct.impossible_patterns(rct.sketch, text, text[], double precision[]) IS
    'what the design rules out and a sketch shows nevertheless, one row for each place; no row if there is nothing';
