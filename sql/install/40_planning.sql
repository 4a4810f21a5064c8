-- What is asked before the start.

CREATE FUNCTION rct.design_effect(sketch rct.sketch, within text DEFAULT 'condition', outcome text DEFAULT NULL) RETURNS TABLE (
    design_effect double precision, icc double precision, clusters bigint, n bigint, mean_size double precision,
    cv_size double precision, weight_effect double precision, n_effective double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'design_effect_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.design_effect(rct.sketch, text, text) IS
    'by how much clustering inflates the variance of the mean, with unequal sizes, and the effective number of rows; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.design_effect(icc double precision, sizes integer[], cv_weights double precision DEFAULT 0)
RETURNS double precision
    AS 'MODULE_PATHNAME', 'design_effect_sizes_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.design_effect(double precision, integer[], double precision) IS
    'by how much clustering inflates the variance of a mean, from an intra-cluster correlation and cluster sizes; NULL if an argument is NULL';

CREATE FUNCTION rct.design_effect(
    icc double precision, cluster_size double precision, cv_size double precision DEFAULT 0,
    cv_weights double precision DEFAULT 0
) RETURNS double precision
    AS 'MODULE_PATHNAME', 'design_effect_mean_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.design_effect(double precision, double precision, double precision, double precision) IS
    'by how much clustering inflates the variance of a mean, from an intra-cluster correlation, a mean cluster size and its coefficient of variation; NULL if an argument is NULL';

CREATE TYPE rct.trial AS (
    cluster_size double precision, icc double precision, cv_size double precision, sd double precision,
    r2_between double precision, r2_within double precision, covariates integer, share double precision,
    level double precision, power double precision, design text, blocks integer, icc_class double precision,
    classes double precision, r2_class double precision, attrition_students double precision,
    attrition_clusters double precision, completion double precision, weighting text
);
COMMENT ON TYPE rct.trial IS
    'a planned trial of two conditions that are assigned by cluster, but for the numbers of clusters: made by the function of the same name';

CREATE FUNCTION rct.trial(
    cluster_size double precision, icc double precision, cv_size double precision DEFAULT 0,
    sd double precision DEFAULT 1, r2_between double precision DEFAULT 0, r2_within double precision DEFAULT 0,
    covariates integer DEFAULT 0, share double precision DEFAULT 0.5, level double precision DEFAULT 0.95,
    power double precision DEFAULT 0.8, design text DEFAULT 'two_level', blocks integer DEFAULT NULL,
    icc_class double precision DEFAULT NULL, classes double precision DEFAULT NULL,
    r2_class double precision DEFAULT 0, attrition_students double precision DEFAULT 0,
    attrition_clusters double precision DEFAULT 0, completion double precision DEFAULT 1,
    weighting text DEFAULT 'student'
) RETURNS rct.trial
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    RETURN ROW(
        trial.cluster_size, trial.icc, trial.cv_size, trial.sd, trial.r2_between, trial.r2_within, trial.covariates,
        trial.share, trial.level, trial.power, trial.design, trial.blocks, trial.icc_class, trial.classes,
        trial.r2_class, trial.attrition_students, trial.attrition_clusters, trial.completion, trial.weighting
    )::rct.trial;
COMMENT ON FUNCTION rct.trial(
    double precision, double precision, double precision, double precision, double precision, double precision,
    integer, double precision, double precision, double precision, text, integer, double precision,
    double precision, double precision, double precision, double precision, double precision, text
) IS
    'a planned trial, for rct.power, rct.mde, rct.clusters_needed, rct.power_table, rct.roster_se and rct.duration: size and likeness of the clusters, outcome, covariates, share of the treated, level and target power, design and attrition';

CREATE TYPE rct.planned AS (
    icc double precision, delta double precision, clusters bigint, clusters_control bigint, power double precision,
    mde double precision, mde_approx double precision, std_error double precision, df double precision,
    design_effect double precision, n_effective double precision, clusters_analyzed double precision,
    clusters_control_analyzed double precision, cluster_size_analyzed double precision, notes text[]
);
COMMENT ON TYPE rct.planned IS
    'what a planned trial can show: a row of rct.power, rct.mde, rct.clusters_needed and rct.power_table';

CREATE FUNCTION rct.power(
    trial rct.trial, clusters integer, clusters_control integer, delta double precision
) RETURNS SETOF rct.planned
    AS 'MODULE_PATHNAME', 'power_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.power(rct.trial, integer, integer, double precision) IS
    'power of a trial for an effect delta in units of the outcome, by the noncentral t distribution; NULLs are an error';

CREATE FUNCTION rct.mde(
    trial rct.trial, clusters integer, clusters_control integer
) RETURNS SETOF rct.planned
    AS 'MODULE_PATHNAME', 'mde_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.mde(rct.trial, integer, integer) IS
    'smallest effect that a trial finds with its target power; NULLs are an error';

CREATE FUNCTION rct.clusters_needed(
    trial rct.trial, delta double precision
) RETURNS SETOF rct.planned
    AS 'MODULE_PATHNAME', 'clusters_needed_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.clusters_needed(rct.trial, double precision) IS
    'fewest clusters with which a trial finds an effect with its target power; NULLs are an error';

CREATE FUNCTION rct.power_table(
    trial rct.trial, clusters integer[], clusters_control integer[] DEFAULT NULL,
    icc double precision[] DEFAULT NULL, delta double precision DEFAULT NULL
) RETURNS SETOF rct.planned
    AS 'MODULE_PATHNAME', 'power_table_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION rct.power_table(rct.trial, integer[], integer[], double precision[], double precision) IS
    'smallest detectable effect, and power for an effect delta, over numbers of clusters and intra-cluster correlations (by default that of the trial); NULL clusters_control are as many as clusters, NULL icc is that of the trial, NULL delta gives no power, other NULLs are an error';

CREATE TYPE rct.roster_se_row AS (
    condition text, control text, std_error double precision, df double precision, mde double precision,
    mde_approx double precision, power double precision, n double precision, n_control double precision,
    clusters bigint, clusters_control bigint, design_effect double precision, n_effective double precision,
    notes text[]
);
COMMENT ON TYPE rct.roster_se_row IS
    'a row of rct.roster_se';

CREATE FUNCTION rct.roster_se(
    trial rct.trial, sizes integer[], conditions text[] DEFAULT NULL, control text DEFAULT NULL,
    delta double precision DEFAULT NULL
) RETURNS SETOF rct.roster_se_row
    AS 'MODULE_PATHNAME', 'roster_se_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.roster_se(rct.trial, integer[], text[], text, double precision) IS
    'standard error of the effect from the sizes of the clusters, and from their conditions once they are known; the trial gives the correlation, the outcome, covariates, share and target; NULL trial or sizes are an error';

CREATE FUNCTION rct.duration(
    trial rct.trial, start date, exposure_days integer, enrolled_by date[], clusters integer[],
    target_mde double precision, closed daterange[] DEFAULT '{}', weekdays integer[] DEFAULT '{1,2,3,4,5}',
    assessment_days integer DEFAULT 0, windows daterange[] DEFAULT NULL
) RETURNS TABLE (
    joined_by date, starts date, exposure_ends date, end_date date, instructional_days bigint,
    clusters_joined bigint, mde double precision, reached boolean, notes text[]
)
    AS 'MODULE_PATHNAME', 'duration_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.duration(rct.trial, date, integer, date[], integer[], double precision, daterange[], integer[], integer, daterange[]) IS
    'when exposure and assessment of the clusters that have joined are over on the calendar of instruction, and what effect they can show; NULL windows are any time, NULL closed no holidays, other NULLs are an error';
