-- Effects in segments.

CREATE TYPE rct.subgroup_effects_row AS (
    outcome text, condition text, control text, segment text, estimate double precision, std_error double precision,
    df double precision, t double precision, p_value double precision, ci_low double precision,
    ci_high double precision, n bigint, n_control bigint, clusters bigint, clusters_control bigint,
    p_holm double precision, guarded boolean, notes text[]
);
COMMENT ON TYPE rct.subgroup_effects_row IS
    'a row of rct.subgroup_effects';

CREATE FUNCTION rct.subgroup_effects(
    segments text[], sketches rct.sketch[], control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    level double precision DEFAULT 0.95, min_students integer DEFAULT 10, min_clusters integer DEFAULT 5,
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS SETOF rct.subgroup_effects_row
    AS 'MODULE_PATHNAME', 'subgroup_effects_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.subgroup_effects(text[], rct.sketch[], text, text, text, double precision, integer, integer, text, text[]) IS
    'effect of each condition in each segment, CR2 with Satterthwaite degrees of freedom, p-values also by Holm over the segments; nothing for segments with few students or clusters; exploratory unless planned; no row if one of the arrays is NULL, other NULLs are an error';

CREATE TYPE rct.interaction_test_row AS (
    outcome text, condition text, control text, segments text[], f double precision, df_num double precision,
    df_den double precision, p_value double precision, estimate double precision, std_error double precision,
    t double precision, ci_low double precision, ci_high double precision, notes text[]
);
COMMENT ON TYPE rct.interaction_test_row IS
    'a row of rct.interaction_test';

CREATE FUNCTION rct.interaction_test(
    segments text[], sketches rct.sketch[], control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto',
    level double precision DEFAULT 0.95, min_students integer DEFAULT 10, min_clusters integer DEFAULT 5,
    outcome text DEFAULT NULL, covariates text[] DEFAULT NULL
) RETURNS SETOF rct.interaction_test_row
    AS 'MODULE_PATHNAME', 'interaction_test_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.interaction_test(text[], rct.sketch[], text, text, text, double precision, integer, integer, text, text[]) IS
    'one test per condition that its effect is the same in all segments, which may share clusters: approximate Hotelling F with CR2; no row if one of the arrays is NULL, other NULLs are an error';
