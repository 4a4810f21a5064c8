-- What planning takes from data, and what is asked before the start.

CREATE FUNCTION rct.icc(sketch rct.sketch, within text DEFAULT 'condition', level double precision DEFAULT 0.95, adjust text DEFAULT 'none', outcome text DEFAULT NULL, covariates text[] DEFAULT NULL)
RETURNS TABLE (
    icc double precision, icc_truncated double precision, f_low double precision, f_high double precision,
    smith_se double precision, smith_low double precision, smith_high double precision, msb double precision,
    msw double precision, n0 double precision, clusters bigint, n bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'icc_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.icc(rct.sketch, text, double precision, text, text, text[]) IS
    'intra-cluster correlation of the outcome by analysis of variance, with F and Smith limits; no row for a NULL sketch, other NULLs are an error';

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

CREATE FUNCTION rct.variance_components(sketch rct.sketch, within text DEFAULT 'condition', outcome text DEFAULT NULL, covariates text[] DEFAULT NULL) RETURNS TABLE (
    variance_between double precision, variance_within double precision, icc double precision,
    variance_between_adjusted double precision, variance_within_adjusted double precision,
    icc_adjusted double precision, r2_between double precision, r2_within double precision, covariates bigint,
    clusters bigint, n bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'variance_components_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.variance_components(rct.sketch, text, text, text[]) IS
    'variance of the outcome between and within clusters, and the part of each that the covariates explain; no row for a NULL sketch, other NULLs are an error';

CREATE FUNCTION rct.power(
    delta double precision, clusters integer, clusters_control integer, cluster_size double precision,
    icc double precision, cv_size double precision DEFAULT 0, sd double precision DEFAULT 1,
    r2_between double precision DEFAULT 0, r2_within double precision DEFAULT 0, covariates integer DEFAULT 0,
    alpha double precision DEFAULT 0.05, design text DEFAULT 'two_level', blocks integer DEFAULT NULL,
    icc_class double precision DEFAULT NULL, classes double precision DEFAULT NULL,
    r2_class double precision DEFAULT 0, attrition_students double precision DEFAULT 0,
    attrition_clusters double precision DEFAULT 0, completion double precision DEFAULT 1,
    weighting text DEFAULT 'student'
) RETURNS TABLE (
    power double precision, std_error double precision, df double precision, design_effect double precision,
    n_effective double precision, clusters_analysed double precision, clusters_control_analysed double precision,
    cluster_size_analysed double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'power_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.power(
    double precision, integer, integer, double precision, double precision, double precision, double precision,
    double precision, double precision, integer, double precision, text, integer, double precision, double precision,
    double precision, double precision, double precision, double precision, text
) IS
    'power of an experiment assigned by cluster for a given effect, by the noncentral t distribution; NULLs are an error where a value is needed';

CREATE FUNCTION rct.mde(
    clusters integer, clusters_control integer, cluster_size double precision, icc double precision,
    cv_size double precision DEFAULT 0, sd double precision DEFAULT 1, r2_between double precision DEFAULT 0,
    r2_within double precision DEFAULT 0, covariates integer DEFAULT 0, alpha double precision DEFAULT 0.05,
    power double precision DEFAULT 0.8, design text DEFAULT 'two_level', blocks integer DEFAULT NULL,
    icc_class double precision DEFAULT NULL, classes double precision DEFAULT NULL,
    r2_class double precision DEFAULT 0, attrition_students double precision DEFAULT 0,
    attrition_clusters double precision DEFAULT 0, completion double precision DEFAULT 1,
    weighting text DEFAULT 'student'
) RETURNS TABLE (
    mde double precision, mde_approx double precision, std_error double precision, df double precision,
    design_effect double precision, n_effective double precision, clusters_analysed double precision,
    clusters_control_analysed double precision, cluster_size_analysed double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'mde_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.mde(
    integer, integer, double precision, double precision, double precision, double precision, double precision,
    double precision, integer, double precision, double precision, text, integer, double precision, double precision,
    double precision, double precision, double precision, double precision, text
) IS
    'smallest effect that an experiment assigned by cluster finds with the given power; NULLs are an error where a value is needed';

CREATE FUNCTION rct.clusters_needed(
    delta double precision, cluster_size double precision, icc double precision, cv_size double precision DEFAULT 0,
    sd double precision DEFAULT 1, r2_between double precision DEFAULT 0, r2_within double precision DEFAULT 0,
    covariates integer DEFAULT 0, alpha double precision DEFAULT 0.05, power double precision DEFAULT 0.8,
    share double precision DEFAULT 0.5, design text DEFAULT 'two_level', blocks integer DEFAULT NULL,
    icc_class double precision DEFAULT NULL, classes double precision DEFAULT NULL,
    r2_class double precision DEFAULT 0, attrition_students double precision DEFAULT 0,
    attrition_clusters double precision DEFAULT 0, completion double precision DEFAULT 1,
    weighting text DEFAULT 'student'
) RETURNS TABLE (
    clusters_total bigint, clusters bigint, clusters_control bigint, power_reached double precision,
    mde double precision, std_error double precision, df double precision, design_effect double precision,
    n_effective double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'clusters_needed_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.clusters_needed(
    double precision, double precision, double precision, double precision, double precision, double precision,
    double precision, integer, double precision, double precision, double precision, text, integer, double precision,
    double precision, double precision, double precision, double precision, double precision, text
) IS
    'fewest clusters with which an effect is found with the given power; NULLs are an error where a value is needed';

CREATE FUNCTION rct.power_table(
    clusters integer[], cluster_size double precision, icc double precision[] DEFAULT '{0.05,0.10,0.20}',
    clusters_control integer[] DEFAULT NULL, delta double precision DEFAULT NULL, cv_size double precision DEFAULT 0,
    sd double precision DEFAULT 1, r2_between double precision DEFAULT 0, r2_within double precision DEFAULT 0,
    covariates integer DEFAULT 0, alpha double precision DEFAULT 0.05, power double precision DEFAULT 0.8,
    design text DEFAULT 'two_level', blocks integer DEFAULT NULL, icc_class double precision DEFAULT NULL,
    classes double precision DEFAULT NULL, r2_class double precision DEFAULT 0,
    attrition_students double precision DEFAULT 0, attrition_clusters double precision DEFAULT 0,
    completion double precision DEFAULT 1, weighting text DEFAULT 'student'
) RETURNS TABLE (
    assumed_icc double precision, treated_clusters integer, control_clusters integer, mde double precision,
    power_for_delta double precision, std_error double precision, df double precision, design_effect double precision,
    n_effective double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'power_table_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION rct.power_table(
    integer[], double precision, double precision[], integer[], double precision, double precision, double precision,
    double precision, double precision, integer, double precision, double precision, text, integer, double precision,
    double precision, double precision, double precision, double precision, double precision, text
) IS
    'smallest detectable effect, and power for an effect, over intra-cluster correlations and numbers of clusters; NULLs are an error where a value is needed';

CREATE FUNCTION rct.roster_se(
    sizes integer[], icc double precision, conditions text[] DEFAULT NULL, control text DEFAULT NULL,
    share double precision DEFAULT 0.5, delta double precision DEFAULT NULL, sd double precision DEFAULT 1,
    r2_between double precision DEFAULT 0, r2_within double precision DEFAULT 0, covariates integer DEFAULT 0,
    alpha double precision DEFAULT 0.05, power double precision DEFAULT 0.8
) RETURNS TABLE (
    condition text, control_condition text, std_error double precision, df double precision, mde double precision,
    mde_approx double precision, power_for_delta double precision, clusters bigint, clusters_control bigint,
    n double precision, n_control double precision, design_effect double precision, n_effective double precision,
    notes text[]
)
    AS 'MODULE_PATHNAME', 'roster_se_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.roster_se(
    integer[], double precision, text[], text, double precision, double precision, double precision, double precision,
    double precision, integer, double precision, double precision
) IS
    'standard error of the effect from the sizes of the clusters, and from their conditions once they are known; NULLs are an error where a value is needed';

CREATE FUNCTION rct.duration(
    start date, exposure_days integer, enrolled_by date[], clusters integer[], target_mde double precision,
    cluster_size double precision, icc double precision, closed daterange[] DEFAULT '{}',
    weekdays integer[] DEFAULT '{1,2,3,4,5}', assessment_days integer DEFAULT 0, windows daterange[] DEFAULT NULL,
    share double precision DEFAULT 0.5, cv_size double precision DEFAULT 0, sd double precision DEFAULT 1,
    r2_between double precision DEFAULT 0, r2_within double precision DEFAULT 0, covariates integer DEFAULT 0,
    alpha double precision DEFAULT 0.05, power double precision DEFAULT 0.8, design text DEFAULT 'two_level',
    blocks integer DEFAULT NULL, icc_class double precision DEFAULT NULL, classes double precision DEFAULT NULL,
    r2_class double precision DEFAULT 0, attrition_students double precision DEFAULT 0,
    attrition_clusters double precision DEFAULT 0, completion double precision DEFAULT 1,
    weighting text DEFAULT 'student'
) RETURNS TABLE (
    joined_by date, starts date, exposure_ends date, end_date date, instructional_days bigint, clusters_joined bigint,
    mde double precision, reached boolean, notes text[]
)
    AS 'MODULE_PATHNAME', 'duration_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.duration(
    date, integer, date[], integer[], double precision, double precision, double precision, daterange[], integer[],
    integer, daterange[], double precision, double precision, double precision, double precision, double precision,
    integer, double precision, double precision, text, integer, double precision, double precision, double precision,
    double precision, double precision, double precision, text
) IS
    'when exposure and assessment of the clusters that have joined are over on the calendar of instruction, and what effect they can show; NULLs are an error where a value is needed';
