-- Decisions: the plan of a context and the facts of a user in, conditions and their reasons out. Pure functions; the
-- functions that read and write tables follow.

CREATE FUNCTION rct._pack_step(internal, text, text, text, text, text, text, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_pack_step' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_step(internal, text, text, text, text, text, text, text) IS 'support function of aggregates: adds a fact';
CREATE FUNCTION rct._pack_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_pack_combine' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_combine(internal, internal) IS 'support function of aggregates: merges two states';
CREATE FUNCTION rct._pack_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_pack_serial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_serial(internal) IS 'support function of aggregates: state to bytes';
CREATE FUNCTION rct._pack_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_pack_deserial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_deserial(bytea, internal) IS 'support function of aggregates: bytes to state';
CREATE FUNCTION rct._pack_final(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_pack_final' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_final(internal) IS 'support function of aggregates: the packed facts';

CREATE AGGREGATE rct._pack(kind text, a text, b text, c text, d text, e text, f text) (
    SFUNC = rct._pack_step, STYPE = internal, SSPACE = 1024, FINALFUNC = rct._pack_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._pack_combine, SERIALFUNC = rct._pack_serial, DESERIALFUNC = rct._pack_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct._pack(text, text, text, text, text, text, text) IS
    'internal: facts of a user, a row each, packed for the core; the order does not matter';

CREATE FUNCTION rct._assign(
    digest uuid, plan bytea, facts bytea, user_id text, at timestamptz, site text, target text
) RETURNS TABLE (
    site text, target text, experiment text, condition text, payload text, levels text, queue text[], reason text
)
    AS 'MODULE_PATHNAME', 'resolution_assign_wrapper' LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION rct._assign(uuid, bytea, bytea, text, timestamptz, text, text) IS
    'internal: what a user gets at all decision points of a plan, or at one';

CREATE FUNCTION rct._mark(
    digest uuid, plan bytea, facts bytea, user_id text, at timestamptz, site text, target text,
    condition text, status text, experiment text
) RETURNS TABLE (
    experiment_id bigint, recorded_experiment text, recorded_condition text, reason text, mismatch boolean, preview boolean,
    hash_version integer, limited boolean, repeat boolean, allocate_type text, allocate_id text, group_id text,
    enroll_types text[], enroll_ids text[], enroll_conditions text[], enroll_codes text[],
    exclude_experiments bigint[], exclude_types text[], exclude_ids text[], exclude_codes text[], exclude_groups text[]
)
    AS 'MODULE_PATHNAME', 'resolution_mark_wrapper' LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct._mark(uuid, bytea, bytea, text, timestamptz, text, text, text, text, text) IS
    'internal: what a mark means, and the rows it writes';

CREATE FUNCTION rct._explain(
    digest uuid, plan bytea, facts bytea, user_id text, at timestamptz, site text, target text
) RETURNS TABLE (step integer, rule text, outcome text, detail text)
    AS 'MODULE_PATHNAME', 'resolution_explain_wrapper' LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct._explain(uuid, bytea, bytea, text, timestamptz, text, text) IS
    'internal: the steps that decide what a user gets at a decision point';

CREATE FUNCTION rct._pool(digest uuid, plan bytea, experiment text) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'resolution_pool_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._pool(uuid, bytea, text) IS 'internal: the experiments that compete with one, itself included';
