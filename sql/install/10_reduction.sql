-- Repeated measures: many values of a unit to one.

-- Support functions for double precision.

CREATE FUNCTION rct._number_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_number_combine' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._number_combine(internal, internal) IS 'support function of aggregates: merges two states';

CREATE FUNCTION rct._number_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_number_serial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._number_serial(internal) IS 'support function of aggregates: state to bytes';

CREATE FUNCTION rct._number_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_number_deserial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._number_deserial(bytea, internal) IS 'support function of aggregates: bytes to state';

CREATE FUNCTION rct._number_final(internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rct_number_final' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._number_final(internal) IS 'support function of aggregates: result of a reduction';

-- Support functions for text.

CREATE FUNCTION rct._text_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_text_combine' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._text_combine(internal, internal) IS 'support function of aggregates: merges two states';

CREATE FUNCTION rct._text_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_text_serial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._text_serial(internal) IS 'support function of aggregates: state to bytes';

CREATE FUNCTION rct._text_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_text_deserial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._text_deserial(bytea, internal) IS 'support function of aggregates: bytes to state';

CREATE FUNCTION rct._text_final(internal) RETURNS text
    AS 'MODULE_PATHNAME', 'rct_text_final' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._text_final(internal) IS 'support function of aggregates: result of a reduction';

CREATE FUNCTION rct._first_add(internal, double precision, timestamptz) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, double precision, timestamptz) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value double precision, at timestamptz) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value double precision, at timestamptz) IS
    'value with the smallest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, double precision, timestamptz, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_number_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, double precision, timestamptz, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value double precision, at timestamptz, tiebreak bigint) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value double precision, at timestamptz, tiebreak bigint) IS
    'value with the smallest time, at equal times the one with the smallest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, double precision, timestamp) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, double precision, timestamp) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value double precision, at timestamp) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value double precision, at timestamp) IS
    'value with the smallest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, double precision, timestamp, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_number_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, double precision, timestamp, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value double precision, at timestamp, tiebreak bigint) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value double precision, at timestamp, tiebreak bigint) IS
    'value with the smallest time, at equal times the one with the smallest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, double precision, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, double precision, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value double precision, at bigint) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value double precision, at bigint) IS
    'value with the smallest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, double precision, bigint, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_number_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, double precision, bigint, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value double precision, at bigint, tiebreak bigint) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value double precision, at bigint, tiebreak bigint) IS
    'value with the smallest time, at equal times the one with the smallest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, double precision, timestamptz) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, double precision, timestamptz) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value double precision, at timestamptz) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value double precision, at timestamptz) IS
    'value with the largest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, double precision, timestamptz, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_number_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, double precision, timestamptz, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value double precision, at timestamptz, tiebreak bigint) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value double precision, at timestamptz, tiebreak bigint) IS
    'value with the largest time, at equal times the one with the largest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, double precision, timestamp) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, double precision, timestamp) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value double precision, at timestamp) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value double precision, at timestamp) IS
    'value with the largest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, double precision, timestamp, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_number_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, double precision, timestamp, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value double precision, at timestamp, tiebreak bigint) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value double precision, at timestamp, tiebreak bigint) IS
    'value with the largest time, at equal times the one with the largest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, double precision, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, double precision, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value double precision, at bigint) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value double precision, at bigint) IS
    'value with the largest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, double precision, bigint, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_number_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, double precision, bigint, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value double precision, at bigint, tiebreak bigint) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value double precision, at bigint, tiebreak bigint) IS
    'value with the largest time, at equal times the one with the largest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, text, timestamptz) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_text' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, text, timestamptz) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value text, at timestamptz) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value text, at timestamptz) IS
    'value with the smallest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, text, timestamptz, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_text_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, text, timestamptz, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value text, at timestamptz, tiebreak bigint) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value text, at timestamptz, tiebreak bigint) IS
    'value with the smallest time, at equal times the one with the smallest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, text, timestamp) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_text' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, text, timestamp) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value text, at timestamp) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value text, at timestamp) IS
    'value with the smallest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, text, timestamp, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_text_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, text, timestamp, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value text, at timestamp, tiebreak bigint) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value text, at timestamp, tiebreak bigint) IS
    'value with the smallest time, at equal times the one with the smallest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, text, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_text' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, text, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value text, at bigint) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value text, at bigint) IS
    'value with the smallest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._first_add(internal, text, bigint, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_first_text_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._first_add(internal, text, bigint, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.first(value text, at bigint, tiebreak bigint) (
    SFUNC = rct._first_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.first(value text, at bigint, tiebreak bigint) IS
    'value with the smallest time, at equal times the one with the smallest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, text, timestamptz) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_text' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, text, timestamptz) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value text, at timestamptz) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value text, at timestamptz) IS
    'value with the largest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, text, timestamptz, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_text_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, text, timestamptz, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value text, at timestamptz, tiebreak bigint) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value text, at timestamptz, tiebreak bigint) IS
    'value with the largest time, at equal times the one with the largest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, text, timestamp) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_text' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, text, timestamp) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value text, at timestamp) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value text, at timestamp) IS
    'value with the largest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, text, timestamp, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_text_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, text, timestamp, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value text, at timestamp, tiebreak bigint) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value text, at timestamp, tiebreak bigint) IS
    'value with the largest time, at equal times the one with the largest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, text, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_text' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, text, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value text, at bigint) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value text, at bigint) IS
    'value with the largest time, at equal times the smallest; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._last_add(internal, text, bigint, bigint) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_last_text_tie' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._last_add(internal, text, bigint, bigint) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.last(value text, at bigint, tiebreak bigint) (
    SFUNC = rct._last_add, STYPE = internal, SSPACE = 96, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.last(value text, at bigint, tiebreak bigint) IS
    'value with the largest time, at equal times the one with the largest tiebreak; NULL values are skipped, a NULL time is an error; NULL without values';

CREATE FUNCTION rct._median_add(internal, double precision) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_median_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._median_add(internal, double precision) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.median(value double precision) (
    SFUNC = rct._median_add, STYPE = internal, SSPACE = 256, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.median(value double precision) IS
    'median: mean of the two middle values, as percentile_cont(0.5); NULL values are skipped; NULL without values';

CREATE FUNCTION rct._reduce_add(internal, double precision, timestamptz, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_reduce_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._reduce_add(internal, double precision, timestamptz, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.reduce(value double precision, at timestamptz, method text) (
    SFUNC = rct._reduce_add, STYPE = internal, SSPACE = 256, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.reduce(value double precision, at timestamptz, method text) IS
    'reduction of a unit to one value by method: first, last, mean, median, min, max, sum, count, mode or stddev (sample); NULL values are skipped; NULL without values';

CREATE FUNCTION rct._reduce_add(internal, double precision, timestamp, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_reduce_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._reduce_add(internal, double precision, timestamp, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.reduce(value double precision, at timestamp, method text) (
    SFUNC = rct._reduce_add, STYPE = internal, SSPACE = 256, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.reduce(value double precision, at timestamp, method text) IS
    'reduction of a unit to one value by method: first, last, mean, median, min, max, sum, count, mode or stddev (sample); NULL values are skipped; NULL without values';

CREATE FUNCTION rct._reduce_add(internal, double precision, bigint, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_reduce_number' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._reduce_add(internal, double precision, bigint, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.reduce(value double precision, at bigint, method text) (
    SFUNC = rct._reduce_add, STYPE = internal, SSPACE = 256, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.reduce(value double precision, at bigint, method text) IS
    'reduction of a unit to one value by method: first, last, mean, median, min, max, sum, count, mode or stddev (sample); NULL values are skipped; NULL without values';

CREATE FUNCTION rct._reduce_add(internal, text, timestamptz, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_reduce_text' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._reduce_add(internal, text, timestamptz, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.reduce(value text, at timestamptz, method text) (
    SFUNC = rct._reduce_add, STYPE = internal, SSPACE = 256, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.reduce(value text, at timestamptz, method text) IS
    'reduction of a unit to one value by method: first, last or mode; NULL values are skipped; NULL without values';

CREATE FUNCTION rct._reduce_add(internal, text, timestamp, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_reduce_text' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._reduce_add(internal, text, timestamp, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.reduce(value text, at timestamp, method text) (
    SFUNC = rct._reduce_add, STYPE = internal, SSPACE = 256, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.reduce(value text, at timestamp, method text) IS
    'reduction of a unit to one value by method: first, last or mode; NULL values are skipped; NULL without values';

CREATE FUNCTION rct._reduce_add(internal, text, bigint, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_reduce_text' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._reduce_add(internal, text, bigint, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.reduce(value text, at bigint, method text) (
    SFUNC = rct._reduce_add, STYPE = internal, SSPACE = 256, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.reduce(value text, at bigint, method text) IS
    'reduction of a unit to one value by method: first, last or mode; NULL values are skipped; NULL without values';

CREATE FUNCTION rct._reduce_add(internal, double precision, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_reduce_number_untimed' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._reduce_add(internal, double precision, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.reduce(value double precision, method text) (
    SFUNC = rct._reduce_add, STYPE = internal, SSPACE = 256, FINALFUNC = rct._number_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._number_combine, SERIALFUNC = rct._number_serial, DESERIALFUNC = rct._number_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.reduce(value double precision, method text) IS
    'reduction of a unit to one value by a method that needs no time: mean, median, min, max, sum, count, mode or stddev (sample); NULL values are skipped; NULL without values';

CREATE FUNCTION rct._reduce_add(internal, text, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_reduce_text_untimed' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._reduce_add(internal, text, text) IS 'support function of aggregates: adds a row';

CREATE AGGREGATE rct.reduce(value text, method text) (
    SFUNC = rct._reduce_add, STYPE = internal, SSPACE = 256, FINALFUNC = rct._text_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._text_combine, SERIALFUNC = rct._text_serial, DESERIALFUNC = rct._text_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct.reduce(value text, method text) IS
    'reduction of a unit to one value by a method that needs no time: mode; NULL values are skipped; NULL without values';
