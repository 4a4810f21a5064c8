-- Resolution: what follows from a compiled context, the facts of a user and the clock. These functions read no table; the
-- functions of the next file bring them what is stored.

CREATE FUNCTION rct._pack_step(internal, text, text, text, text, text, text, text) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_pack_step' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_step(internal, text, text, text, text, text, text, text) IS 'support function of aggregates: adds a fact';

CREATE FUNCTION rct._pack_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_pack_combine' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_combine(internal, internal) IS 'support function of aggregates: joins two states';

CREATE FUNCTION rct._pack_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_pack_serial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_serial(internal) IS 'support function of aggregates: state to bytes';

CREATE FUNCTION rct._pack_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rct_pack_deserial' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_deserial(bytea, internal) IS 'support function of aggregates: bytes to state';

CREATE FUNCTION rct._pack_final(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rct_pack_final' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._pack_final(internal) IS 'support function of aggregates: result';

CREATE AGGREGATE rct._pack(kind text, a text, b text, c text, d text, e text, f text) (
    SFUNC = rct._pack_step, STYPE = internal, SSPACE = 1024, FINALFUNC = rct._pack_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rct._pack_combine, SERIALFUNC = rct._pack_serial, DESERIALFUNC = rct._pack_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rct._pack(kind text, a text, b text, c text, d text, e text, f text) IS
    'facts of a user for rct._assign, rct._mark and rct._explain: m membership, e enrollment, x exclusion, s segment, a allocation, r repetitions, p preview user; rows without kind are skipped; NULL without rows';

-- The plan is read only where the session does not know the digest yet.
CREATE FUNCTION rct._assign(digest uuid, plan bytea, facts bytea, user_id text, now timestamptz, site text DEFAULT NULL, target text DEFAULT NULL)
    RETURNS TABLE (
        site text, target text, experiment text, condition text, payload text, levels text, queue text[], reason text
    )
    AS 'MODULE_PATHNAME', 'resolution_assign_wrapper' LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct._assign(uuid, bytea, bytea, text, timestamptz, text, text) IS
    'what a user gets at all decision points of a compiled context, or at one site and target';

CREATE FUNCTION rct._mark(digest uuid, plan bytea, facts bytea, user_id text, now timestamptz, site text, target text, condition text, status text, experiment text)
    RETURNS TABLE (
        experiment_id bigint, experiment text, condition text, reason text, mismatch boolean, limited boolean,
        allocate boolean, repeat boolean, enroll_types text[], enroll_ids text[], enroll_conditions text[],
        enroll_codes text[], enroll_group text, exclude_types text[], exclude_ids text[], exclude_codes text[],
        exclude_experiments bigint[], exclude_groups text[]
    )
    AS 'MODULE_PATHNAME', 'resolution_mark_wrapper' LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct._mark(uuid, bytea, bytea, text, timestamptz, text, text, text, text, text) IS
    'what a mark means: the rows to record and whether the client delivered what it was told to; writes nothing itself';

CREATE FUNCTION rct._explain(digest uuid, plan bytea, facts bytea, user_id text, now timestamptz, site text, target text)
    RETURNS TABLE (step integer, rule text, outcome text, detail text)
    AS 'MODULE_PATHNAME', 'resolution_explain_wrapper' LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct._explain(uuid, bytea, bytea, text, timestamptz, text, text) IS
    'the steps that led to what rct._assign answers at a decision point, in order';
