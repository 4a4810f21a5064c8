-- Effects of treated conditions against a control.

CREATE TYPE rct.effects_row AS (
    outcome text, condition text, control text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint,
    mean double precision, mean_control double precision, sd double precision, sd_control double precision,
    hedges_g double precision, lift double precision, lift_low double precision, lift_high double precision,
    notes text[]
);
COMMENT ON TYPE rct.effects_row IS
    'a row of rct.effects';

CREATE FUNCTION rct.effects(
    sketch rct.sketch, control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto', se text DEFAULT 'CR2',
    level double precision DEFAULT 0.95, estimand text DEFAULT 'student', outcome text DEFAULT NULL,
    covariates text[] DEFAULT NULL
) RETURNS SETOF rct.effects_row
    AS 'MODULE_PATHNAME', 'effects_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.effects(rct.sketch, text, text, text, text, double precision, text, text, text[]) IS
    'effect of each condition against the control, cluster-robust: CR2 with Satterthwaite degrees of freedom unless another se is asked for; of students assigned one by one, of ratios, or within pairs, as the sketch and the call ask for; no row for a NULL sketch, other NULLs are an error';

CREATE TYPE rct.coefficients_row AS (
    outcome text, kind text, condition text, covariate text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, covariance double precision[], notes text[]
);
COMMENT ON TYPE rct.coefficients_row IS
    'a row of rct.coefficients';

CREATE FUNCTION rct.coefficients(
    sketch rct.sketch, control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto', se text DEFAULT 'CR2',
    level double precision DEFAULT 0.95, estimand text DEFAULT 'student', outcome text DEFAULT NULL,
    covariates text[] DEFAULT NULL
) RETURNS SETOF rct.coefficients_row
    AS 'MODULE_PATHNAME', 'coefficients_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.coefficients(rct.sketch, text, text, text, text, double precision, text, text, text[]) IS
    'all that the regression behind rct.effects estimates: means of the conditions, effects, slopes of the covariates and their interactions (kind mean, effect, slope, interaction), with their covariances; no row for a NULL sketch, other NULLs are an error';

CREATE TYPE rct.contrasts_row AS (
    outcome text, hypothesis text, estimate double precision, std_error double precision, df double precision,
    t double precision, p_value double precision, ci_low double precision, ci_high double precision, notes text[]
);
COMMENT ON TYPE rct.contrasts_row IS
    'a row of rct.contrasts';

CREATE FUNCTION rct.contrasts(
    sketch rct.sketch, control text, hypotheses text[], adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    se text DEFAULT 'CR2', level double precision DEFAULT 0.95, estimand text DEFAULT 'student',
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS SETOF rct.contrasts_row
    AS 'MODULE_PATHNAME', 'contrasts_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION rct.contrasts(rct.sketch, text, text[], text, text, text, double precision, text, text, text[]) IS
    'linear hypotheses on means of conditions and slopes of covariates, such as ''(tutor + hints) / 2 = control'', each on its own: left side less right side; no row for a NULL sketch, other NULLs are an error';

CREATE TYPE rct.joint_test_row AS (
    outcome text, hypotheses text[], conditions text[], f double precision, df_num double precision,
    df_den double precision, p_value double precision, notes text[]
);
COMMENT ON TYPE rct.joint_test_row IS
    'a row of rct.joint_test';

CREATE FUNCTION rct.joint_test(
    sketch rct.sketch, control text, hypotheses text[] DEFAULT NULL, adjust text DEFAULT 'none',
    strata text DEFAULT 'auto', se text DEFAULT 'CR2', estimand text DEFAULT 'student', outcome text DEFAULT NULL,
    covariates text[] DEFAULT NULL
) RETURNS SETOF rct.joint_test_row
    AS 'MODULE_PATHNAME', 'joint_test_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.joint_test(rct.sketch, text, text[], text, text, text, text, text, text[]) IS
    'one test of several linear hypotheses, by default that no condition differs from the control: approximate Hotelling F with CR2; no row for a NULL sketch, NULL hypotheses are all effects, other NULLs are an error';

CREATE FUNCTION rct.arms(
    sketch rct.sketch, outcome text DEFAULT NULL
) RETURNS TABLE (
    condition text, n bigint, clusters bigint, mean double precision, sd double precision, weight double precision,
    n_complete bigint, missing_outcome bigint, missing_rate double precision, missing_cluster bigint,
    missing_weight bigint, zero_weight bigint
)
    AS 'MODULE_PATHNAME', 'arms_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 3;
COMMENT ON FUNCTION rct.arms(rct.sketch, text) IS
    'size, mean, standard deviation and missing outcomes of each condition; no row for a NULL sketch';

CREATE FUNCTION rct.notes() RETURNS TABLE (code text, severity text, meaning text)
    AS 'MODULE_PATHNAME', 'notes_wrapper' LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION rct.notes() IS
    'every note that a result can have: code, severity (info, warning, error) and meaning';
