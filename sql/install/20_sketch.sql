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

-- sketch(outcome, condition, cluster)

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_t' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text) IS
    'sketch of an outcome by condition and cluster, in one pass; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_b' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint) IS
    'sketch of an outcome by condition and cluster, in one pass; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_u' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid) IS
    'sketch of an outcome by condition and cluster, in one pass; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

-- sketch(outcome, condition, cluster, stratum)

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_stratum_tt' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum text) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum text) IS
    'sketch of an outcome by condition, cluster and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_stratum_tb' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum bigint) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum bigint) IS
    'sketch of an outcome by condition, cluster and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text, uuid) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_stratum_tu' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text, uuid) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum uuid) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum uuid) IS
    'sketch of an outcome by condition, cluster and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_stratum_bt' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum text) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum text) IS
    'sketch of an outcome by condition, cluster and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_stratum_bb' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum bigint) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum bigint) IS
    'sketch of an outcome by condition, cluster and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint, uuid) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_stratum_bu' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint, uuid) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum uuid) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum uuid) IS
    'sketch of an outcome by condition, cluster and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_stratum_ut' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum text) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum text) IS
    'sketch of an outcome by condition, cluster and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_stratum_ub' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum bigint) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum bigint) IS
    'sketch of an outcome by condition, cluster and stratum; a NULL stratum is a stratum of its own; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid, uuid) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_stratum_uu' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid, uuid) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum uuid) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum uuid) IS
    'sketch of an outcome by condition, cluster and stratum; a NULL stratum is a stratum of its own; NULL without rows';

-- sketch(outcome, condition, cluster, stratum, covariate)

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text, text, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_one_tt' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text, text, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum text, covariate double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum text, covariate double precision) IS
    'sketch of an outcome with stratum and one covariate, each of which may be NULL; the same as with ARRAY[covariate], and faster; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text, bigint, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_one_tb' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text, bigint, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum bigint, covariate double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum bigint, covariate double precision) IS
    'sketch of an outcome with stratum and one covariate, each of which may be NULL; the same as with ARRAY[covariate], and faster; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text, uuid, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_one_tu' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text, uuid, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum uuid, covariate double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum uuid, covariate double precision) IS
    'sketch of an outcome with stratum and one covariate, each of which may be NULL; the same as with ARRAY[covariate], and faster; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint, text, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_one_bt' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint, text, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum text, covariate double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum text, covariate double precision) IS
    'sketch of an outcome with stratum and one covariate, each of which may be NULL; the same as with ARRAY[covariate], and faster; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint, bigint, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_one_bb' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint, bigint, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum bigint, covariate double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum bigint, covariate double precision) IS
    'sketch of an outcome with stratum and one covariate, each of which may be NULL; the same as with ARRAY[covariate], and faster; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint, uuid, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_one_bu' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint, uuid, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum uuid, covariate double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum uuid, covariate double precision) IS
    'sketch of an outcome with stratum and one covariate, each of which may be NULL; the same as with ARRAY[covariate], and faster; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid, text, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_one_ut' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid, text, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum text, covariate double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum text, covariate double precision) IS
    'sketch of an outcome with stratum and one covariate, each of which may be NULL; the same as with ARRAY[covariate], and faster; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid, bigint, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_one_ub' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid, bigint, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum bigint, covariate double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum bigint, covariate double precision) IS
    'sketch of an outcome with stratum and one covariate, each of which may be NULL; the same as with ARRAY[covariate], and faster; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid, uuid, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_one_uu' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid, uuid, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum uuid, covariate double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum uuid, covariate double precision) IS
    'sketch of an outcome with stratum and one covariate, each of which may be NULL; the same as with ARRAY[covariate], and faster; NULL without rows';

-- sketch(outcome, condition, cluster, stratum, covariates, exposed, weight)

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text, text, double precision[], double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_tt' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text, text, double precision[], double precision, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum text, covariates double precision[], exposed double precision, weight double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum text, covariates double precision[], exposed double precision, weight double precision) IS
    'sketch of an outcome with stratum, covariates, exposure and weight, each of which may be NULL; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text, bigint, double precision[], double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_tb' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text, bigint, double precision[], double precision, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum bigint, covariates double precision[], exposed double precision, weight double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum bigint, covariates double precision[], exposed double precision, weight double precision) IS
    'sketch of an outcome with stratum, covariates, exposure and weight, each of which may be NULL; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, text, uuid, double precision[], double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_tu' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, text, uuid, double precision[], double precision, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum uuid, covariates double precision[], exposed double precision, weight double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster text, stratum uuid, covariates double precision[], exposed double precision, weight double precision) IS
    'sketch of an outcome with stratum, covariates, exposure and weight, each of which may be NULL; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint, text, double precision[], double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_bt' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint, text, double precision[], double precision, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum text, covariates double precision[], exposed double precision, weight double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum text, covariates double precision[], exposed double precision, weight double precision) IS
    'sketch of an outcome with stratum, covariates, exposure and weight, each of which may be NULL; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint, bigint, double precision[], double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_bb' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint, bigint, double precision[], double precision, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum bigint, covariates double precision[], exposed double precision, weight double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum bigint, covariates double precision[], exposed double precision, weight double precision) IS
    'sketch of an outcome with stratum, covariates, exposure and weight, each of which may be NULL; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, bigint, uuid, double precision[], double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_bu' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, bigint, uuid, double precision[], double precision, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum uuid, covariates double precision[], exposed double precision, weight double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster bigint, stratum uuid, covariates double precision[], exposed double precision, weight double precision) IS
    'sketch of an outcome with stratum, covariates, exposure and weight, each of which may be NULL; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid, text, double precision[], double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_ut' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid, text, double precision[], double precision, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum text, covariates double precision[], exposed double precision, weight double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum text, covariates double precision[], exposed double precision, weight double precision) IS
    'sketch of an outcome with stratum, covariates, exposure and weight, each of which may be NULL; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid, bigint, double precision[], double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_ub' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid, bigint, double precision[], double precision, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum bigint, covariates double precision[], exposed double precision, weight double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum bigint, covariates double precision[], exposed double precision, weight double precision) IS
    'sketch of an outcome with stratum, covariates, exposure and weight, each of which may be NULL; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

CREATE FUNCTION rct._sketch_add(internal, double precision, text, uuid, uuid, double precision[], double precision, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_sketch_add_uu' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._sketch_add(internal, double precision, text, uuid, uuid, double precision[], double precision, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum uuid, covariates double precision[], exposed double precision, weight double precision) (
    SFUNC = rct._sketch_add, STYPE = internal, SSPACE = 4096, FINALFUNC = rct._sketch_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._sketch_combine, SERIALFUNC = rct._sketch_serial, DESERIALFUNC = rct._sketch_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.sketch(outcome double precision, condition text, cluster uuid, stratum uuid, covariates double precision[], exposed double precision, weight double precision) IS
    'sketch of an outcome with stratum, covariates, exposure and weight, each of which may be NULL; same bytes for any plan and row order; rows without outcome, condition or cluster are counted and left out; NULL without rows';

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
    version integer, n bigint, conditions bigint, clusters bigint, strata bigint, stored_cells bigint, covariates integer,
    has_exposed boolean, has_weight boolean, without_condition bigint, without_cluster bigint, without_outcome bigint,
    zero_weight bigint, without_covariates bigint, bytes bigint
)
    AS 'MODULE_PATHNAME', 'sketch_info_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.sketch_info(rct.sketch) IS
    'what a sketch holds: rows, clusters, strata, rows left out by reason, size; no row for a NULL sketch';

CREATE FUNCTION rct.cells(sketch rct.sketch) RETURNS TABLE (
    cluster uuid, stratum uuid, condition text, weight double precision, n bigint, mean double precision, sd double precision
)
    AS 'MODULE_PATHNAME', 'cells_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION rct.cells(rct.sketch) IS
    'size, mean and standard deviation by cluster, stratum and condition; clusters and strata as rct.cluster_key; no row for a NULL sketch';
