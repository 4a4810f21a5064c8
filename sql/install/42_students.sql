-- Assignment of students: a sketch of constant size.

CREATE FUNCTION rct._student_sketch_add(internal, double precision, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, double precision, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome double precision, condition text) (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome double precision, condition text) IS
    'sketch of an outcome by condition where each row is a student who was assigned alone: constant size, for rct.student_effects; rows without outcome or condition are counted and left out; NULL without rows';

CREATE FUNCTION rct._student_sketch_add(internal, double precision, text, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_add_t' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, double precision, text, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum text) (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum text) IS
    'sketch of students by condition and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._student_sketch_add(internal, double precision, text, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_add_b' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, double precision, text, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum bigint) (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum bigint) IS
    'sketch of students by condition and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._student_sketch_add(internal, double precision, text, uuid) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_add_u' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, double precision, text, uuid) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum uuid) (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum uuid) IS
    'sketch of students by condition and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._student_sketch_add(internal, double precision, text, text, double precision[]) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_add_covariates_t' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, double precision, text, text, double precision[]) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum text, covariates double precision[]) (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum text, covariates double precision[]) IS
    'sketch of students with stratum and covariates, each of which may be NULL; NULL without rows';

CREATE FUNCTION rct._student_sketch_add(internal, double precision, text, bigint, double precision[]) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_add_covariates_b' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, double precision, text, bigint, double precision[]) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum bigint, covariates double precision[]) (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum bigint, covariates double precision[]) IS
    'sketch of students with stratum and covariates, each of which may be NULL; NULL without rows';

CREATE FUNCTION rct._student_sketch_add(internal, double precision, text, uuid, double precision[]) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_add_covariates_u' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, double precision, text, uuid, double precision[]) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum uuid, covariates double precision[]) (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome double precision, condition text, stratum uuid, covariates double precision[]) IS
    'sketch of students with stratum and covariates, each of which may be NULL; NULL without rows';

CREATE FUNCTION rct.student_effects(
    sketch rct.sketch, control text, adjust text DEFAULT 'none', strata text DEFAULT 'auto', level double precision DEFAULT 0.95
) RETURNS TABLE (
    condition text, control_condition text, estimate double precision, std_error double precision, df double precision,
    t double precision, p_value double precision, ci_low double precision, ci_high double precision, n bigint,
    n_control bigint, strata_used bigint, mean double precision, mean_control double precision, sd double precision,
    sd_control double precision, hedges_g double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'student_effects_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION rct.student_effects(rct.sketch, text, text, text, double precision) IS
    'effect of each condition against the control where students were assigned one by one: Neyman''s variance within strata, Welch''s degrees of freedom; no row for a NULL sketch, other NULLs are an error';
