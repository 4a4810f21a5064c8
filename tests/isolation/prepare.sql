-- What the specs share. A curly bracket would end a block of a spec, so definitions are written here.
CREATE SCHEMA spec;

-- Each order of steps begins with nothing.
CREATE PROCEDURE spec.fresh() LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL client_min_messages = warning;
    SET LOCAL rct.confirm_drop = on;
    DROP EXTENSION IF EXISTS pg_rct CASCADE;
    CREATE EXTENSION pg_rct;
END
$$;

CREATE PROCEDURE spec.experiment(key text, site text, status text, more jsonb) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rct.create_experiment(jsonb_build_object('key', key, 'context', 'lms', 'unit', 'individual',
        'conditions', '[{"code": "control"}, {"code": "treatment"}]'::jsonb,
        'decision_points', jsonb_build_array(jsonb_build_object('site', site))) || more);
    IF more #>> '{assignment,late}' = 'next_slot' THEN
        PERFORM rct.randomize_experiment(key, 'seed', '{early}');
    END IF;
    IF status <> 'inactive' THEN
        PERFORM rct.set_status(key, status);
    END IF;
END
$$;

CREATE PROCEDURE spec.individual(key text, site text, status text DEFAULT 'enrolling') LANGUAGE sql AS $$
    CALL spec.experiment(key, site, status, '{}')
$$;
CREATE PROCEDURE spec.by_class(key text, site text, status text DEFAULT 'enrolling') LANGUAGE sql AS $$
    CALL spec.experiment(key, site, status, '{"unit": "group", "group_type": "class", "consistency": "group"}')
$$;
CREATE PROCEDURE spec.limited(key text, site text, users integer) LANGUAGE sql AS $$
    CALL spec.experiment(key, site, 'enrolling', jsonb_build_object('ending', jsonb_build_object('users', users)))
$$;
CREATE PROCEDURE spec.within(key text, site text) LANGUAGE sql AS $$
    CALL spec.experiment(key, site, 'enrolling', '{"unit": "within_subjects"}')
$$;
CREATE PROCEDURE spec.slots(key text, site text) LANGUAGE sql AS $$
    CALL spec.experiment(key, site, 'enrolling', '{"assignment": {"algorithm": "blocks", "late": "next_slot"}}')
$$;

CREATE PROCEDURE spec.in_class(user_id text, class text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rct.set_groups(user_id, jsonb_build_object('class', jsonb_build_array(class)));
END
$$;

CREATE FUNCTION spec.users(VARIADIC users text[]) RETURNS jsonb LANGUAGE sql
    RETURN jsonb_build_object('users', users);
CREATE FUNCTION spec.segments(VARIADIC segments text[]) RETURNS jsonb LANGUAGE sql
    RETURN jsonb_build_object('segments', segments);

-- A mark without what differs from one run to the next.
CREATE FUNCTION spec.mark(user_id text, site text, event_id text DEFAULT NULL)
    RETURNS TABLE (experiment text, condition text, reason text, duplicate boolean) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT m.recorded_experiment, m.recorded_condition, m.reason, m.duplicate
        FROM rct.mark('lms', user_id, site, NULL, event_id => event_id) m;
END
$$;

-- Enrollments and exclusions, ended ones too.
CREATE FUNCTION spec.recorded()
    RETURNS TABLE (experiment text, unit_type text, unit_id text, condition text, code text, group_id text, ended text)
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        SELECT e.key, r.unit_type, r.unit_id, r.condition, r.code, r.group_id,
            CASE WHEN r.ended_at < 'infinity' THEN coalesce(r.end_reason, '?') END
        FROM (SELECT n.experiment_id, n.unit_type, n.unit_id, n.condition, n.code, n.group_id, n.ended_at, n.end_reason FROM rct.enrollment n
            UNION ALL
            SELECT x.experiment_id, x.unit_type, x.unit_id, NULL, x.code, x.group_id, x.ended_at, x.end_reason FROM rct.exclusion x) r
        JOIN rct.experiment e ON e.id = r.experiment_id
        ORDER BY 1, 2, 3, r.ended_at, 5;
END
$$;
