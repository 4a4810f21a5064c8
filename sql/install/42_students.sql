-- Assignment of students: a sketch of constant size.

CREATE FUNCTION rct._student_sketch_add(internal, "any", "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_sketch_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, "any", "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome "any", condition "any") (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome "any", condition "any") IS
    'sketch of an outcome by condition where each row is a student who was assigned alone: constant size, for rct.effects; rows without condition are counted and left out; NULL without rows';

CREATE FUNCTION rct._student_sketch_add(internal, "any", "any", "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_sketch_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, "any", "any", "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome "any", condition "any", stratum "any") (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome "any", condition "any", stratum "any") IS
    'sketch of students by condition and stratum, which must not be a number or a boolean here (cast it to text); a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._student_sketch_add(internal, "any", "any", "any", "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_sketch_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add(internal, "any", "any", "any", "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(outcome "any", condition "any", stratum "any", covariate "any") (
    SFUNC = rct._student_sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(outcome "any", condition "any", stratum "any", covariate "any") IS
    'sketch of students with a stratum and one covariate, or an array of covariates; NULL without rows';

CREATE FUNCTION rct._student_sketch_add_named(internal, text, "any", "any", VARIADIC "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_student_sketch_add_named' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._student_sketch_add_named(internal, text, "any", "any", VARIADIC "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.student_sketch(columns text, condition "any", stratum "any", VARIADIC "values" "any") (
    SFUNC = rct._student_sketch_add_named, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.student_sketch(columns text, condition "any", stratum "any", VARIADIC "values" "any") IS
    'sketch of students with several outcomes and covariates, which a constant text names with their roles; the values follow in that order; NULL without rows';
