-- The sketch: per-cluster sufficient statistics.

CREATE TYPE rct.sketch;

CREATE FUNCTION rct._sketch_in(cstring) RETURNS rct.sketch
    AS 'MODULE_PATHNAME', 'rct_sketch_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_in(cstring) IS 'text input of rct.sketch';

CREATE FUNCTION rct._sketch_out(rct.sketch) RETURNS cstring
    AS 'MODULE_PATHNAME', 'rct_sketch_out' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_out(rct.sketch) IS 'text output of rct.sketch';

CREATE FUNCTION rct._sketch_recv(internal) RETURNS rct.sketch
    AS 'MODULE_PATHNAME', 'rct_sketch_recv' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_recv(internal) IS 'binary input of rct.sketch';

CREATE FUNCTION rct._sketch_send(rct.sketch) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_sketch_send' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_send(rct.sketch) IS 'binary output of rct.sketch';

CREATE TYPE rct.sketch (
    INPUT = rct._sketch_in, OUTPUT = rct._sketch_out, RECEIVE = rct._sketch_recv, SEND = rct._sketch_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended
);
COMMENT ON TYPE rct.sketch IS
    'per-cluster sufficient statistics of an experiment: exact sums by stratum, cluster and condition; holds no row and no key; adds up by rct.rollup';

-- The stored bytes, for digests and comparison: equal sketches have equal bytes.
CREATE CAST (rct.sketch AS bytea) WITHOUT FUNCTION;
COMMENT ON CAST (rct.sketch AS bytea) IS 'the stored bytes; equal sketches have equal bytes';

-- Equal sketches have equal bytes, so they are compared by these. The operators are in pg_catalog, where every search_path finds
-- them: IS DISTINCT FROM, which row versioning and upserts write, looks them up by name.

CREATE FUNCTION rct._sketch_compare(rct.sketch, rct.sketch) RETURNS integer
    AS 'MODULE_PATHNAME', 'rct_sketch_compare' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_compare(rct.sketch, rct.sketch) IS 'order of two sketches, by their bytes';

CREATE FUNCTION rct._sketch_hash(rct.sketch, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rct_sketch_hash' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_hash(rct.sketch, bigint) IS 'hash of a sketch with a salt';

CREATE FUNCTION rct._sketch_hash(rct.sketch) RETURNS integer
    AS 'MODULE_PATHNAME', 'rct_sketch_hash_32' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_hash(rct.sketch) IS 'hash of a sketch';

CREATE FUNCTION rct._sketch_eq(rct.sketch, rct.sketch) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rct_sketch_eq' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION rct._sketch_eq(rct.sketch, rct.sketch) IS 'support function of the operator = of sketches';
CREATE OPERATOR pg_catalog.= (
    FUNCTION = rct._sketch_eq, LEFTARG = rct.sketch, RIGHTARG = rct.sketch, COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
    RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR pg_catalog.= (rct.sketch, rct.sketch) IS 'equal bytes';

CREATE FUNCTION rct._sketch_ne(rct.sketch, rct.sketch) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rct_sketch_ne' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION rct._sketch_ne(rct.sketch, rct.sketch) IS 'support function of the operator <> of sketches';
CREATE OPERATOR pg_catalog.<> (
    FUNCTION = rct._sketch_ne, LEFTARG = rct.sketch, RIGHTARG = rct.sketch, COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
    RESTRICT = pg_catalog.neqsel, JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR pg_catalog.<> (rct.sketch, rct.sketch) IS 'other bytes';

CREATE FUNCTION rct._sketch_lt(rct.sketch, rct.sketch) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rct_sketch_lt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION rct._sketch_lt(rct.sketch, rct.sketch) IS 'support function of the operator < of sketches';
CREATE OPERATOR pg_catalog.< (
    FUNCTION = rct._sketch_lt, LEFTARG = rct.sketch, RIGHTARG = rct.sketch, COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=),
    RESTRICT = pg_catalog.scalarltsel, JOIN = pg_catalog.scalarltjoinsel
);
COMMENT ON OPERATOR pg_catalog.< (rct.sketch, rct.sketch) IS 'bytes come first';

CREATE FUNCTION rct._sketch_le(rct.sketch, rct.sketch) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rct_sketch_le' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION rct._sketch_le(rct.sketch, rct.sketch) IS 'support function of the operator <= of sketches';
CREATE OPERATOR pg_catalog.<= (
    FUNCTION = rct._sketch_le, LEFTARG = rct.sketch, RIGHTARG = rct.sketch, COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>),
    RESTRICT = pg_catalog.scalarlesel, JOIN = pg_catalog.scalarlejoinsel
);
COMMENT ON OPERATOR pg_catalog.<= (rct.sketch, rct.sketch) IS 'bytes come first or are equal';

CREATE FUNCTION rct._sketch_gt(rct.sketch, rct.sketch) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rct_sketch_gt' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION rct._sketch_gt(rct.sketch, rct.sketch) IS 'support function of the operator > of sketches';
CREATE OPERATOR pg_catalog.> (
    FUNCTION = rct._sketch_gt, LEFTARG = rct.sketch, RIGHTARG = rct.sketch, COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=),
    RESTRICT = pg_catalog.scalargtsel, JOIN = pg_catalog.scalargtjoinsel
);
COMMENT ON OPERATOR pg_catalog.> (rct.sketch, rct.sketch) IS 'bytes come later';

CREATE FUNCTION rct._sketch_ge(rct.sketch, rct.sketch) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rct_sketch_ge' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION rct._sketch_ge(rct.sketch, rct.sketch) IS 'support function of the operator >= of sketches';
CREATE OPERATOR pg_catalog.>= (
    FUNCTION = rct._sketch_ge, LEFTARG = rct.sketch, RIGHTARG = rct.sketch, COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<),
    RESTRICT = pg_catalog.scalargesel, JOIN = pg_catalog.scalargejoinsel
);
COMMENT ON OPERATOR pg_catalog.>= (rct.sketch, rct.sketch) IS 'bytes come later or are equal';

CREATE OPERATOR CLASS rct.sketch_ops DEFAULT FOR TYPE rct.sketch USING btree AS
    OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=, OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
    FUNCTION 1 rct._sketch_compare(rct.sketch, rct.sketch);
COMMENT ON OPERATOR CLASS rct.sketch_ops USING btree IS 'order of sketches by their bytes';
CREATE OPERATOR CLASS rct.sketch_hash_ops DEFAULT FOR TYPE rct.sketch USING hash AS
    OPERATOR 1 pg_catalog.=, FUNCTION 1 rct._sketch_hash(rct.sketch), FUNCTION 2 rct._sketch_hash(rct.sketch, bigint);
COMMENT ON OPERATOR CLASS rct.sketch_hash_ops USING hash IS 'hash of sketches by their bytes';

CREATE FUNCTION rct._sketch_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_combine' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_combine(internal, internal) IS 'support function of aggregates: merges two states';

CREATE FUNCTION rct._sketch_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_sketch_serial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_serial(internal) IS 'support function of aggregates: state to bytes';

CREATE FUNCTION rct._sketch_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_deserial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_deserial(bytea, internal) IS 'support function of aggregates: bytes to state';

CREATE FUNCTION rct._sketch_final(internal) RETURNS rct.sketch
    AS 'MODULE_PATHNAME', 'rct_sketch_final' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_final(internal) IS 'support function of aggregates: the sketch';

-- Arguments of any type: conditions are texts, enums, booleans or whole numbers, clusters and strata these or uuid or numeric,
-- values numbers or booleans. A value that does not fit is an error that names the argument and its type.

CREATE FUNCTION rct._sketch_add(internal, "any", "any", "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, "any", "any", "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome "any", condition "any", cluster "any") (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome "any", condition "any", cluster "any") IS
    'sketch of an outcome by condition and cluster, in one pass; same bytes for any plan and row order; rows without condition or cluster are counted and left out, rows without an outcome are kept as missing; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, "any", "any", "any", "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, "any", "any", "any", "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome "any", condition "any", cluster "any", stratum "any") (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome "any", condition "any", cluster "any", stratum "any") IS
    'sketch with a stratum, which may be NULL and must not be a number or a boolean here (cast it to text): it could be meant as a covariate; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, "any", "any", "any", "any", "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, "any", "any", "any", "any", "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome "any", condition "any", cluster "any", stratum "any", covariate "any") (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome "any", condition "any", cluster "any", stratum "any", covariate "any") IS
    'sketch with a stratum and one covariate, each of which may be NULL; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, "any", "any", "any", "any", "any", "any", "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, "any", "any", "any", "any", "any", "any", "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome "any", condition "any", cluster "any", stratum "any", covariates "any", exposed "any", weight "any") (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome "any", condition "any", cluster "any", stratum "any", covariates "any", exposed "any", weight "any") IS
    'sketch of columns that have no names of their own: covariates are one number or an array; where columns have names, give them; NULL without rows';

-- The columns and their roles are named: 'score, passed, solved / attempts ~ pretest, female; exposure: attended; weight: w'.

CREATE FUNCTION rct._sketch_add_named(internal, text, "any", "any", "any", VARIADIC "any") RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_named' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add_named(internal, text, "any", "any", "any", VARIADIC "any") IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(columns text, condition "any", cluster "any", stratum "any", VARIADIC "values" "any") (
    SFUNC = rct._sketch_add_named, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(columns text, condition "any", cluster "any", stratum "any", VARIADIC "values" "any") IS
    'sketch of several outcomes, covariates and exposures, which a constant text names with their roles; the values follow in that order, each may be NULL; NULL without rows';

-- rollup(sketch)

CREATE FUNCTION rct._sketch_merge(internal, rct.sketch) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_merge' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_merge(internal, rct.sketch) IS 'support function of aggregates: adds a sketch';

CREATE AGGREGATE rct.rollup(part rct.sketch) (
    SFUNC = rct._sketch_merge, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.rollup(part rct.sketch) IS
    'sum of sketches: the sketch of all their rows, bit for bit; NULLs are skipped; NULL without sketches';

-- What a sketch holds.

CREATE FUNCTION rct.sketch_info(sketch rct.sketch) RETURNS TABLE (
    version integer, columns text, outcomes text[], covariates text[], exposures text[], n bigint, conditions bigint,
    clusters bigint, strata bigint, stored_cells bigint, has_weight boolean, without_condition bigint,
    without_cluster bigint, without_outcome bigint[], zero_weight bigint, without_covariates bigint, bytes bigint
)
    AS 'MODULE_PATHNAME', 'sketch_info_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.sketch_info(rct.sketch) IS
    'what a sketch holds: rows, clusters, strata, rows left out by reason, size; no row for a NULL sketch';

CREATE FUNCTION rct.cells(sketch rct.sketch, outcome text DEFAULT NULL) RETURNS TABLE (
    cluster uuid, stratum uuid, condition text, weight double precision, n bigint, mean double precision, sd double precision
)
    AS 'MODULE_PATHNAME', 'cells_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION rct.cells(rct.sketch, text) IS
    'size, mean and standard deviation by cluster, stratum and condition; clusters and strata as rct.cluster_key; no row for a NULL sketch';

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
