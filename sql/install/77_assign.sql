-- Who gets which condition. Functions here read facts about a user, now or at a moment, and let the core decide.
--
-- The application's functions are PL/pgSQL: their plans are kept for the session.

-- All that is known of the units of a user: the user, and the groups.
CREATE FUNCTION rct._facts(types text[], ids text[], members boolean[], workings boolean[], at timestamptz)
    RETURNS TABLE (kind text, a text, b text, c text, d text, e text, f text)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
    SELECT 'm', u.type, u.id, CASE WHEN u.member THEN 't' ELSE 'f' END, CASE WHEN u.working THEN 't' ELSE 'f' END,
        NULL::pg_catalog.text, NULL::pg_catalog.text
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4)) u (type, id, member, working)
    WHERE u.type OPERATOR(pg_catalog.<>) 'user'
    UNION ALL
    SELECT 'e', n.experiment_id::pg_catalog.text, n.unit_type, n.unit_id, n.condition, n.code, n.group_id
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($4)) u (type, id, working)
    JOIN rct.enrollment n ON n.unit_type OPERATOR(pg_catalog.=) u.type AND n.unit_id OPERATOR(pg_catalog.=) u.id
    WHERE u.working AND CASE WHEN $5 IS NULL THEN n.ended_at OPERATOR(pg_catalog.=) 'infinity'
        ELSE n.started_at OPERATOR(pg_catalog.<=) $5 AND n.ended_at OPERATOR(pg_catalog.>) $5 END
    UNION ALL
    SELECT 'x', x.experiment_id::pg_catalog.text, x.unit_type, x.unit_id, x.code, x.group_id, NULL
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($4)) u (type, id, working)
    JOIN rct.exclusion x ON x.unit_type OPERATOR(pg_catalog.=) u.type AND x.unit_id OPERATOR(pg_catalog.=) u.id
    WHERE u.working AND CASE WHEN $5 IS NULL THEN x.ended_at OPERATOR(pg_catalog.=) 'infinity'
        ELSE x.started_at OPERATOR(pg_catalog.<=) $5 AND x.ended_at OPERATOR(pg_catalog.>) $5 END
    UNION ALL
    SELECT 's', s.segment_id::pg_catalog.text, s.member_type, s.member_id, NULL, NULL, NULL
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u (type, id)
    JOIN rct.segment_member s ON s.member_type OPERATOR(pg_catalog.=) u.type AND s.member_id OPERATOR(pg_catalog.=) u.id
    WHERE CASE WHEN $5 IS NULL THEN s.ended_at OPERATOR(pg_catalog.=) 'infinity'
        ELSE s.started_at OPERATOR(pg_catalog.<=) $5 AND s.ended_at OPERATOR(pg_catalog.>) $5 END
    UNION ALL
    SELECT 'a', l.experiment_id::pg_catalog.text, l.unit_type, l.unit_id, l.condition, l.stratum, l.block::pg_catalog.text
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($4)) u (type, id, working)
    JOIN rct.allocation l ON l.unit_type OPERATOR(pg_catalog.=) u.type AND l.unit_id OPERATOR(pg_catalog.=) u.id
    WHERE u.working AND CASE WHEN $5 IS NULL THEN l.ended_at OPERATOR(pg_catalog.=) 'infinity'
        ELSE l.started_at OPERATOR(pg_catalog.<=) $5 AND l.ended_at OPERATOR(pg_catalog.>) $5 END
    UNION ALL
    SELECT 'r', r.experiment_id::pg_catalog.text, r.site, r.target, r.ordinal::pg_catalog.text, NULL, NULL
    FROM rct._repetitions(CASE WHEN $5 IS NULL THEN ($2)[1] END) r
    UNION ALL
    SELECT 'r', r.experiment_id::pg_catalog.text, r.site, r.target, pg_catalog.count(*)::pg_catalog.text, NULL, NULL
    FROM rct.repetition r
    WHERE r.user_id OPERATOR(pg_catalog.=) ($2)[1] AND r.at OPERATOR(pg_catalog.<=) $5
    GROUP BY r.experiment_id, r.site, r.target
    UNION ALL
    SELECT 'p', c.experiment_id::pg_catalog.text, c.condition, NULL, NULL, NULL, NULL
    FROM rct.preview_user p
    LEFT JOIN rct.preview_condition c ON c.user_id OPERATOR(pg_catalog.=) p.user_id
        AND CASE WHEN $5 IS NULL THEN c.ended_at OPERATOR(pg_catalog.=) 'infinity'
            ELSE c.started_at OPERATOR(pg_catalog.<=) $5 AND c.ended_at OPERATOR(pg_catalog.>) $5 END
    WHERE p.user_id OPERATOR(pg_catalog.=) ($2)[1] AND CASE WHEN $5 IS NULL THEN p.ended_at OPERATOR(pg_catalog.=) 'infinity'
        ELSE p.started_at OPERATOR(pg_catalog.<=) $5 AND p.ended_at OPERATOR(pg_catalog.>) $5 END;
    END;
COMMENT ON FUNCTION rct._facts(text[], text[], boolean[], boolean[], timestamptz) IS
    'internal: all that is recorded of a user (the first unit) and of the groups, now (NULL) or at a moment, one fact a row';

CREATE FUNCTION rct._memberships(
    user_id text, at timestamptz, known timestamptz,
    OUT types text[], OUT ids text[], OUT members boolean[], OUT workings boolean[]
)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT '{user}' || array_agg(r.group_type), user_id || array_agg(r.group_id), true || array_agg(r.member), true || array_agg(r.working)
        INTO types, ids, members, workings
        FROM (SELECT m.group_type, m.group_id, m.member, m.working FROM rct.membership m
            WHERE m.user_id = $1 AND m.during @> $2 AND CASE WHEN $3 IS NULL THEN upper_inf(m.known) ELSE m.known @> $3 END
            AND NOT EXISTS (SELECT FROM rct.roster_source s WHERE s.registered_at <= $2 AND s.ended_at > $2)
            UNION ALL
            SELECT r.group_type, r.group_id, r.member, r.working FROM rct._registered_roster($1, $2) r
            ORDER BY 1, 2) r;
END
$$;
COMMENT ON FUNCTION rct._memberships(text, timestamptz, timestamptz) IS
    'internal: the units of a user at a moment, the user first, as arrays';

-- From the records, where rct.unit does not have it: a registered roster is the district's, and what came without triggers
-- is not in it yet.
CREATE FUNCTION rct._recorded_facts(user_id text, at timestamptz) RETURNS bytea
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    u record;
BEGIN
    SELECT m.types, m.ids, m.members, m.workings INTO u FROM rct._memberships(user_id, at, NULL::timestamptz) m;
    RETURN (SELECT rct._pack(f.kind, f.a, f.b, f.c, f.d, f.e, f.f)
        FROM rct._facts(u.types, u.ids, u.members, u.workings, NULL::timestamptz) f);
END
$$;
COMMENT ON FUNCTION rct._recorded_facts(text, timestamptz) IS 'internal: what is known of a user, read from the records and the registered roster';

-- One query decides: the plan of the context, what is known of the user and the groups, and the core between them. A user's
-- own row, the first of its units, is read with the user; an alias has no facts. The row that the context names is there as
-- long as rct.unit has everybody.
CREATE FUNCTION rct.assign(context text, user_id text)
    RETURNS TABLE (site text, target text, experiment text, condition text, payload jsonb, levels jsonb, queue text[], reason text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 20 AS $$
#variable_conflict use_column
DECLARE
    who text;
BEGIN
    RETURN QUERY
        SELECT r.site, r.target, r.experiment, r.condition, r.payload::jsonb, r.levels::jsonb, r.queue, r.reason
        FROM rct.context c LEFT JOIN rct.unit u ON u.unit = E'user\x1f' || $2
        CROSS JOIN LATERAL (SELECT string_agg(n.facts, '') AS facts, bool_or(n.unit = c.built) AS complete
            FROM rct.unit n WHERE n.unit = ANY (c.built::text || CASE WHEN u.facts IS NULL THEN u.units ELSE u.units[2:] END)) n
        CROSS JOIN LATERAL rct._assign(c.digest, c.plan, coalesce(u.facts, '') || coalesce(n.facts, ''),
            coalesce(u.user_id, rct._identifier('user_id'::text, $2)), clock_timestamp(), NULL::text, NULL::text) r
        WHERE c.name = lower($1) AND NOT c.registered AND n.complete;
    IF NOT FOUND THEN
        who := rct._identifier('user_id'::text, $2);
        RETURN QUERY
            SELECT r.site, r.target, r.experiment, r.condition, r.payload::jsonb, r.levels::jsonb, r.queue, r.reason
            FROM rct.context c LEFT JOIN rct.unit b ON b.unit = c.built,
            LATERAL (SELECT rct._user(who) AS id, clock_timestamp() AS at OFFSET 0) w,
            LATERAL rct._assign(c.digest, c.plan, rct._recorded_facts(w.id, w.at), w.id, w.at, NULL::text, NULL::text) r
            WHERE c.name = lower($1) AND (c.registered OR b.unit IS NULL);
    END IF;
END
$$;
COMMENT ON FUNCTION rct.assign(text, text) IS
    'the condition of a user at every decision point of the running experiments of a context, with payload and reason; condition NULL is the default; writes nothing';

CREATE FUNCTION rct.condition_for(context text, site text, target text, user_id text)
    RETURNS TABLE (experiment text, condition text, payload jsonb, levels jsonb, queue text[], reason text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
#variable_conflict use_column
DECLARE
    who text;
BEGIN
    RETURN QUERY
        SELECT r.experiment, r.condition, r.payload::jsonb, r.levels::jsonb, r.queue, r.reason
        FROM rct.context c LEFT JOIN rct.unit u ON u.unit = E'user\x1f' || $4
        CROSS JOIN LATERAL (SELECT string_agg(n.facts, '') AS facts, bool_or(n.unit = c.built) AS complete
            FROM rct.unit n WHERE n.unit = ANY (c.built::text || CASE WHEN u.facts IS NULL THEN u.units ELSE u.units[2:] END)) n
        CROSS JOIN LATERAL rct._assign(c.digest, c.plan, coalesce(u.facts, '') || coalesce(n.facts, ''),
            coalesce(u.user_id, rct._identifier('user_id'::text, $4)), clock_timestamp(), coalesce($2, ''::text), coalesce($3, ''::text)) r
        WHERE c.name = lower($1) AND NOT c.registered AND n.complete;
    IF NOT FOUND THEN
        who := rct._identifier('user_id'::text, $4);
        RETURN QUERY
            SELECT r.experiment, r.condition, r.payload::jsonb, r.levels::jsonb, r.queue, r.reason
            FROM rct.context c LEFT JOIN rct.unit b ON b.unit = c.built,
            LATERAL (SELECT rct._user(who) AS id, clock_timestamp() AS at OFFSET 0) w,
            LATERAL rct._assign(c.digest, c.plan, rct._recorded_facts(w.id, w.at), w.id, w.at,
                coalesce($2, ''::text), coalesce($3, ''::text)) r
            WHERE c.name = lower($1) AND (c.registered OR b.unit IS NULL);
        IF NOT FOUND THEN
            RETURN QUERY SELECT NULL::text, NULL::text, NULL::jsonb, NULL::jsonb, NULL::text[], 'no_experiment';
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION rct.condition_for(text, text, text, text) IS
    'the condition of a user at one decision point, always one row; condition NULL is the default, the reason says why; writes nothing';

CREATE FUNCTION rct.assign_all(experiment text)
    RETURNS TABLE (user_id text, group_id text, condition text, reason text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 100000 AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := clock_timestamp();
    e rct.experiment := rct._experiment($1);
    point jsonb := e.spec -> 'decision_points' -> 0;
    p record;
    pool bigint[];
BEGIN
    IF point IS NULL THEN
        RAISE EXCEPTION 'experiment "%" has no decision point', e.key USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Add one with rct.update_experiment.';
    END IF;
    SELECT c.digest, c.plan INTO p FROM rct.context c WHERE c.name = e.context;
    pool := rct._pool(p.digest, p.plan, e.key);
    RETURN QUERY
        WITH roster AS MATERIALIZED (
            SELECT r.member_id, r.group_type, r.group_id, r.member, r.working FROM rct._roster(NULL::text, moment, NULL::timestamptz) r),
        -- A unit is a user, or the working group of users: what is known of it is known of them.
        unit AS (
            SELECT r.member_id, r.group_type AS type, r.group_id AS id FROM roster r WHERE r.working),
        fact (user_id, kind, a, b, c, d, e, f) AS (
            SELECT r.member_id, 'm', r.group_type, r.group_id, CASE WHEN r.member THEN 't' ELSE 'f' END,
                CASE WHEN r.working THEN 't' ELSE 'f' END, NULL, NULL FROM roster r
            UNION ALL
            SELECT v.user_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM rct.visit v WHERE v.context = e.context
            UNION ALL
            SELECT n.unit_id, 'e', n.experiment_id::text, n.unit_type, n.unit_id, n.condition, n.code, n.group_id
            FROM rct.enrollment n WHERE n.experiment_id = ANY (pool) AND n.unit_type = 'user' AND n.ended_at = 'infinity'
            UNION ALL
            SELECT u.member_id, 'e', n.experiment_id::text, n.unit_type, n.unit_id, n.condition, n.code, n.group_id
            FROM unit u JOIN rct.enrollment n ON n.unit_type = u.type AND n.unit_id = u.id
            WHERE n.experiment_id = ANY (pool) AND n.ended_at = 'infinity'
            UNION ALL
            SELECT x.unit_id, 'x', x.experiment_id::text, x.unit_type, x.unit_id, x.code, x.group_id, NULL
            FROM rct.exclusion x WHERE x.experiment_id = ANY (pool) AND x.unit_type = 'user' AND x.ended_at = 'infinity'
            UNION ALL
            SELECT u.member_id, 'x', x.experiment_id::text, x.unit_type, x.unit_id, x.code, x.group_id, NULL
            FROM unit u JOIN rct.exclusion x ON x.unit_type = u.type AND x.unit_id = u.id
            WHERE x.experiment_id = ANY (pool) AND x.ended_at = 'infinity'
            UNION ALL
            SELECT s.member_id, 's', s.segment_id::text, s.member_type, s.member_id, NULL, NULL, NULL
            FROM rct.segment_member s WHERE s.member_type = 'user' AND s.ended_at = 'infinity'
            UNION ALL
            SELECT r.member_id, 's', s.segment_id::text, s.member_type, s.member_id, NULL, NULL, NULL
            FROM roster r JOIN rct.segment_member s ON s.member_type = r.group_type AND s.member_id = r.group_id
            WHERE s.ended_at = 'infinity'
            UNION ALL
            SELECT l.unit_id, 'a', l.experiment_id::text, l.unit_type, l.unit_id, l.condition, l.stratum, l.block::text
            FROM rct.allocation l WHERE l.experiment_id = ANY (pool) AND l.unit_type = 'user' AND l.ended_at = 'infinity'
            UNION ALL
            SELECT u.member_id, 'a', l.experiment_id::text, l.unit_type, l.unit_id, l.condition, l.stratum, l.block::text
            FROM unit u JOIN rct.allocation l ON l.unit_type = u.type AND l.unit_id = u.id
            WHERE l.experiment_id = ANY (pool) AND l.ended_at = 'infinity'
            UNION ALL
            SELECT r.user_id, 'r', r.experiment_id::text, r.site, r.target, count(*)::text, NULL, NULL
            FROM rct.repetition r WHERE r.experiment_id = ANY (pool) GROUP BY r.user_id, r.experiment_id, r.site, r.target
            UNION ALL
            SELECT q.user_id, 'p', c.experiment_id::text, c.condition, NULL, NULL, NULL, NULL
            FROM rct.preview_user q
            LEFT JOIN rct.preview_condition c ON c.user_id = q.user_id AND c.ended_at = 'infinity'
            WHERE q.ended_at = 'infinity')
        SELECT g.user_id, g.group_id, CASE WHEN r.experiment = e.key THEN r.condition END,
            CASE WHEN r.experiment IS DISTINCT FROM e.key AND r.experiment IS NOT NULL THEN 'other_experiment' ELSE coalesce(r.reason, 'no_experiment') END
        FROM (SELECT f.user_id, rct._pack(f.kind, f.a, f.b, f.c, f.d, f.e, f.f) AS facts,
                max(f.b) FILTER (WHERE f.kind = 'm' AND f.a = e.spec ->> 'group_type' AND f.c = 't' AND f.d = 't') AS group_id
            FROM fact f GROUP BY f.user_id) g
        LEFT JOIN LATERAL rct._assign(p.digest, p.plan, g.facts, g.user_id, moment,
            point ->> 'site', coalesce(point ->> 'target', ''::text)) r ON true;
END
$$;
COMMENT ON FUNCTION rct.assign_all(text) IS
    'the condition in an experiment of every user in the roster or seen in the context, in one pass; condition NULL is the default, the reason says why; writes nothing';
