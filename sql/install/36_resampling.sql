-- Inference by resampling clusters or assignments.

CREATE TYPE rct.wild_bootstrap_row AS (
    outcome text, condition text, control text, estimate double precision, std_error double precision,
    t double precision, p_value double precision, ci_low double precision, ci_high double precision, n bigint,
    n_control bigint, clusters bigint, clusters_control bigint, p_strict double precision, draws bigint,
    enumerated boolean, seed text, notes text[]
);
COMMENT ON TYPE rct.wild_bootstrap_row IS
    'a row of rct.wild_bootstrap';

CREATE FUNCTION rct.wild_bootstrap(
    sketch rct.sketch, control text, seed text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    draws integer DEFAULT 9999, weights text DEFAULT 'auto', null_imposed boolean DEFAULT true,
    single_cluster boolean DEFAULT false, se text DEFAULT 'CR1S', level double precision DEFAULT 0.95, outcome text DEFAULT NULL,
    covariates text[] DEFAULT NULL
) RETURNS SETOF rct.wild_bootstrap_row
    AS 'MODULE_PATHNAME', 'wild_bootstrap_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100000 ROWS 2;
COMMENT ON FUNCTION rct.wild_bootstrap(rct.sketch, text, text, text, text, integer, text, boolean, boolean, text, double precision, text, text[]) IS
    'effect of each condition against the control, with p-value and interval of the wild cluster bootstrap; a condition of one cluster has neither unless single_cluster is true; no row for a NULL sketch, other NULLs are an error';

CREATE TYPE rct.randomization_test_row AS (
    outcome text, condition text, control text, estimate double precision, std_error double precision,
    t double precision, p_value double precision, ci_low double precision, ci_high double precision, n bigint,
    n_control bigint, clusters bigint, clusters_control bigint, p_difference double precision,
    p_studentized double precision, draws bigint, enumerated boolean, seed text, notes text[]
);
COMMENT ON TYPE rct.randomization_test_row IS
    'a row of rct.randomization_test';

CREATE FUNCTION rct.randomization_test(
    sketch rct.sketch, control text, seed text, adjust text DEFAULT 'none', statistic text DEFAULT 'studentized',
    draws integer DEFAULT 9999, strata text DEFAULT 'auto', level double precision DEFAULT 0.95,
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS SETOF rct.randomization_test_row
    AS 'MODULE_PATHNAME', 'randomization_test_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100000 ROWS 2;
COMMENT ON FUNCTION rct.randomization_test(rct.sketch, text, text, text, text, integer, text, double precision, text, text[]) IS
    'effect of each condition against the control, tested by giving the conditions anew to the clusters of each stratum; no row for a NULL sketch, other NULLs are an error';

CREATE TYPE rct.simultaneous_intervals_row AS (
    outcome text, condition text, control text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint,
    p_adjusted double precision, p_stepdown double precision, critical double precision, draws bigint, seed text, notes text[]
);
COMMENT ON TYPE rct.simultaneous_intervals_row IS
    'a row of rct.simultaneous_intervals';

CREATE FUNCTION rct.simultaneous_intervals(
    sketch rct.sketch, control text, seed text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    draws integer DEFAULT 9999, level double precision DEFAULT 0.95, outcomes text[] DEFAULT NULL,
    covariates text[] DEFAULT NULL
) RETURNS SETOF rct.simultaneous_intervals_row
    AS 'MODULE_PATHNAME', 'simultaneous_intervals_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100000 ROWS 4;
COMMENT ON FUNCTION rct.simultaneous_intervals(rct.sketch, text, text, text, text, integer, double precision, text[], text[]) IS
    'effects of several conditions and outcomes with intervals that hold for all of them at once; no row for a NULL sketch, all outcomes that are no ratios for NULL outcomes, other NULLs are an error';
