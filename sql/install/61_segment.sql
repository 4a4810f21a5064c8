-- Segments, and the include and exclude lists of experiments, which are segments of their own.

CREATE FUNCTION rct._segment_id(segment text) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s record;
BEGIN
    SELECT x.id, x.kind INTO s FROM rct.segment x WHERE x.key = segment;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'segment "%" does not exist', segment USING ERRCODE = 'undefined_object',
            HINT = 'Create it with rct.create_segment.';
    ELSIF s.kind = 'list' THEN
        RAISE EXCEPTION 'segment "%" is a list of an experiment', segment USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'It changes with its experiment only, and is part of no other segment.',
            HINT = 'Use rct.add_to_list and rct.remove_from_list, or rct.experiment_spec to read it.';
    END IF;
    RETURN s.id;
END
$$;
COMMENT ON FUNCTION rct._segment_id(text) IS 'internal: the row of a segment that is not the list of an experiment';

-- Plans hold segments with all their parts, so they follow each change of the nesting, but no change of members.
CREATE FUNCTION rct._compile(context text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- One at a time: the second waits here and then sees what the first has changed.
    PERFORM FROM rct.context c WHERE c.name = _compile.context FOR NO KEY UPDATE;
    UPDATE rct.context c SET registered = EXISTS (SELECT FROM rct.roster_source s WHERE s.ended_at = 'infinity'),
            plan = p.plan, digest = encode(substring(sha256(p.plan) FOR 16), 'hex')::uuid
        FROM (SELECT rct._experiment_compile(rct._plan_input(_compile.context, NULL::timestamptz)::text) AS plan) p
        WHERE c.name = _compile.context;
END
$$;
COMMENT ON FUNCTION rct._compile(text) IS 'internal: renews the plan of a context';

CREATE FUNCTION rct._plan_input(context text, at timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'context', $1,
        'experiments', coalesce((
            SELECT jsonb_agg(jsonb_build_object('id', e.id, 'status', coalesce(l.to_status, e.status),
                'spec', coalesce(v.spec, e.spec), 'include', jsonb_build_array(e.include_id),
                'exclude', jsonb_build_array(e.exclude_id)) ORDER BY e.key)
            FROM rct.experiment e
            LEFT JOIN LATERAL (SELECT l.to_status FROM rct.status_log l
                WHERE l.experiment_id = e.id AND l.at <= $2 ORDER BY l.at DESC, l.id DESC LIMIT 1) l ON true
            LEFT JOIN LATERAL (SELECT v.spec FROM rct.experiment_version v
                WHERE v.experiment_id = e.id AND v.at <= $2 ORDER BY v.version DESC LIMIT 1) v ON true
            WHERE e.context = $1 AND ($2 IS NULL OR (e.created_at <= $2 AND l.to_status IS NOT NULL))), '[]'),
        'edges', coalesce((
            SELECT jsonb_agg(jsonb_build_array(g.parent_id, g.child_id) ORDER BY g.parent_id, g.child_id)
            FROM rct.segment_edge g
            WHERE CASE WHEN $2 IS NULL THEN g.ended_at = 'infinity' ELSE g.started_at <= $2 AND g.ended_at > $2 END), '[]'),
        'global_exclusion', coalesce((
            SELECT jsonb_agg(s.id ORDER BY s.id) FROM rct.segment s
            WHERE s.kind = 'global_exclusion' AND (s.context IS NULL OR s.context = $1)), '[]'))
$$;
COMMENT ON FUNCTION rct._plan_input(text, timestamptz) IS
    'internal: the experiments of a context and the nesting of segments, now or at a moment, for the compiler';

CREATE FUNCTION rct._compile_all() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Marks look at the plans and at the members one after the other: none may see one changed and not yet the other.
    PERFORM rct._lock('context'::text, c.name, false), rct._compile(c.name)
        FROM (SELECT c.name FROM rct.context c ORDER BY c.name) c;
END
$$;
COMMENT ON FUNCTION rct._compile_all() IS 'internal: renews the plans of all contexts';

CREATE FUNCTION rct._add_members(segment_id bigint, members jsonb) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    added bigint;
    edges bigint;
    child record;
    circle bigint[];
BEGIN
    INSERT INTO rct.segment_member (segment_id, member_type, member_id)
        SELECT DISTINCT $1, m.member_type, CASE m.member_type WHEN 'user' THEN rct._user(m.member_id) ELSE m.member_id END
        FROM rct._member_rows(members) m WHERE m.member_type <> 'segment'
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;
    IF EXISTS (SELECT FROM rct._member_rows(members) m WHERE m.member_type = 'segment') THEN
        -- Two nestings that are harmless each could close a circle together.
        LOCK TABLE rct.segment_edge IN SHARE ROW EXCLUSIVE MODE;
        FOR child IN SELECT rct._segment_id(m.member_id) AS id, m.member_id AS key
            FROM rct._member_rows(members) m WHERE m.member_type = 'segment'
        LOOP
            circle := (SELECT rct._segment_cycle(coalesce(array_agg(x.id ORDER BY g.parent_id, g.child_id, x.n), '{}'), $1, child.id)
                FROM rct.segment_edge g, unnest(ARRAY[g.parent_id, g.child_id]) WITH ORDINALITY x (id, n)
                WHERE g.ended_at = 'infinity');
            IF circle IS NOT NULL THEN
                RAISE EXCEPTION 'segment "%" would contain itself',
                    (SELECT s.key FROM rct.segment s WHERE s.id = $1) USING ERRCODE = 'invalid_parameter_value',
                    DETAIL = 'The circle is: ' || (SELECT string_agg(s.key, ' > ' ORDER BY c.n)
                        FROM unnest(circle) WITH ORDINALITY c (id, n) JOIN rct.segment s ON s.id = c.id) || '.',
                    HINT = 'Remove one of these nestings first.';
            END IF;
            INSERT INTO rct.segment_edge (parent_id, child_id) VALUES ($1, child.id) ON CONFLICT DO NOTHING;
            GET DIAGNOSTICS edges = ROW_COUNT;
            added := added + edges;
        END LOOP;
        PERFORM rct._compile_all();
    END IF;
    RETURN added;
END
$$;
COMMENT ON FUNCTION rct._add_members(bigint, jsonb) IS 'internal: adds users, groups and segments to a segment';

CREATE FUNCTION rct._remove_members(segment_id bigint, members jsonb) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    removed bigint;
    edges bigint;
BEGIN
    UPDATE rct.segment_member s SET ended_at = clock_timestamp()
        FROM rct._member_rows(members) m
        WHERE s.segment_id = $1 AND s.ended_at = 'infinity' AND s.member_type = m.member_type
        AND s.member_id = CASE m.member_type WHEN 'user' THEN rct._user(m.member_id) ELSE m.member_id END;
    GET DIAGNOSTICS removed = ROW_COUNT;
    UPDATE rct.segment_edge g SET ended_at = clock_timestamp()
        FROM rct._member_rows(members) m JOIN rct.segment s ON s.key = m.member_id
        WHERE m.member_type = 'segment' AND g.parent_id = $1 AND g.child_id = s.id AND g.ended_at = 'infinity';
    GET DIAGNOSTICS edges = ROW_COUNT;
    IF edges > 0 THEN
        PERFORM rct._compile_all();
    END IF;
    RETURN removed + edges;
END
$$;
COMMENT ON FUNCTION rct._remove_members(bigint, jsonb) IS 'internal: closes members of a segment';

CREATE FUNCTION rct._members_of(segment_id bigint, at timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'users', coalesce((SELECT jsonb_agg(m.member_id ORDER BY m.member_id COLLATE "C") FROM rct.segment_member m
            WHERE m.segment_id = $1 AND m.member_type = 'user' AND m.started_at <= $2 AND m.ended_at > $2), '[]'),
        'groups', coalesce((SELECT jsonb_object_agg(g.member_type, g.ids) FROM (
            SELECT m.member_type, jsonb_agg(m.member_id ORDER BY m.member_id COLLATE "C") AS ids FROM rct.segment_member m
            WHERE m.segment_id = $1 AND m.member_type <> 'user' AND m.started_at <= $2 AND m.ended_at > $2
            GROUP BY m.member_type) g), '{}'),
        'segments', coalesce((SELECT jsonb_agg(s.key ORDER BY s.key COLLATE "C") FROM rct.segment_edge g
            JOIN rct.segment s ON s.id = g.child_id
            WHERE g.parent_id = $1 AND g.started_at <= $2 AND g.ended_at > $2), '[]'))
$$;
COMMENT ON FUNCTION rct._members_of(bigint, timestamptz) IS 'internal: the members of a segment at a moment, as JSON';

CREATE FUNCTION rct.create_segment(
    segment text, members jsonb DEFAULT '{}', kind text DEFAULT 'public', context text DEFAULT NULL, description text DEFAULT ''
) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_id bigint;
BEGIN
    PERFORM rct._identifier('key of a segment'::text, segment),
        CASE WHEN context <> '' THEN rct._identifier('context'::text, context) END;
    IF kind IS NULL OR kind NOT IN ('public', 'global_exclusion') THEN
        RAISE EXCEPTION 'invalid kind of segment "%"', coalesce(kind, 'NULL') USING
            ERRCODE = 'invalid_parameter_value', HINT = 'Use public or global_exclusion.';
    END IF;
    IF context IS NOT NULL AND kind <> 'global_exclusion' THEN
        RAISE EXCEPTION 'segment "%" is public and cannot have a context', segment USING
            ERRCODE = 'invalid_parameter_value', HINT = 'Only a global exclusion is for one context; leave it out.';
    END IF;
    IF context = '' THEN
        RAISE EXCEPTION 'context of segment "%" must not be empty', segment USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Leave it out for all contexts.';
    ELSIF context IS NOT NULL THEN
        PERFORM rct._add_context(lower(create_segment.context));
    END IF;
    INSERT INTO rct.segment (key, kind, context, description)
        VALUES (create_segment.segment, create_segment.kind, lower(create_segment.context), coalesce(create_segment.description, ''))
        ON CONFLICT (key) DO NOTHING RETURNING id INTO new_id;
    IF new_id IS NULL THEN
        RAISE EXCEPTION 'segment "%" exists already', segment USING ERRCODE = 'duplicate_object',
            HINT = 'Add to it with rct.add_members, or take another key.';
    END IF;
    PERFORM rct._add_members(new_id, coalesce(members, '{}'::jsonb));
    IF kind = 'global_exclusion' THEN
        PERFORM rct._compile_all();
    END IF;
    RETURN segment;
END
$$;
COMMENT ON FUNCTION rct.create_segment(text, jsonb, text, text, text) IS
    'a named set of users, groups and segments, to be used in lists; or a global exclusion, for one context or all';

CREATE FUNCTION rct.segment_members(segment text, at timestamptz DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT rct._members_of(s.id, coalesce($2, clock_timestamp())) FROM (SELECT rct._segment_id($1) AS id) s WHERE s.id IS NOT NULL
$$;
COMMENT ON FUNCTION rct.segment_members(text, timestamptz) IS 'the members of a segment, now or at a moment; NULL for a NULL segment';

CREATE FUNCTION rct.add_members(segment text, members jsonb) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT rct._add_members(rct._segment_id($1), $2)
$$;
COMMENT ON FUNCTION rct.add_members(text, jsonb) IS 'adds users, groups and segments to a segment; how many were new; NULL for NULL';

CREATE FUNCTION rct.remove_members(segment text, members jsonb) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT rct._remove_members(rct._segment_id($1), $2)
$$;
COMMENT ON FUNCTION rct.remove_members(text, jsonb) IS 'takes users, groups and segments out of a segment; how many were in it; NULL for NULL';

CREATE FUNCTION rct._list_of(experiment text, list text) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e rct.experiment := rct._experiment(experiment);
BEGIN
    IF list IS NULL OR list NOT IN ('include', 'exclude') THEN
        RAISE EXCEPTION 'invalid list "%"', coalesce(list, 'NULL') USING
            ERRCODE = 'invalid_parameter_value', HINT = 'Use include or exclude.';
    END IF;
    IF e.status IN ('cancelled', 'archived') THEN
        RAISE EXCEPTION 'experiment "%" is %', e.key, e.status USING
            ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'Its lists are no longer changed.',
            HINT = 'Clone the experiment with rct.clone_experiment.';
    END IF;
    RETURN CASE list WHEN 'include' THEN e.include_id ELSE e.exclude_id END;
END
$$;
COMMENT ON FUNCTION rct._list_of(text, text) IS 'internal: the segment that is a list of an experiment';

CREATE FUNCTION rct.add_to_list(experiment text, list text, members jsonb) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT rct._add_members(rct._list_of($1, $2), $3)
$$;
COMMENT ON FUNCTION rct.add_to_list(text, text, jsonb) IS
    'adds users, groups and segments to the include or exclude list of an experiment; how many were new';

CREATE FUNCTION rct.remove_from_list(experiment text, list text, members jsonb) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT rct._remove_members(rct._list_of($1, $2), $3)
$$;
COMMENT ON FUNCTION rct.remove_from_list(text, text, jsonb) IS
    'takes users, groups and segments off the include or exclude list of an experiment; how many were on it';
