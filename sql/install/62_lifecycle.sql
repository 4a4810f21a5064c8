-- The life of an experiment: created, changed, started, paused, ended, cloned, exported, imported.

CREATE FUNCTION rct._experiment(experiment text) RETURNS rct.experiment
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e rct.experiment;
BEGIN
    SELECT * INTO e FROM rct.experiment x WHERE x.key = $1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'experiment "%" does not exist', coalesce($1, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT key FROM rct.experiment lists those that do.';
    END IF;
    RETURN e;
END
$$;
COMMENT ON FUNCTION rct._experiment(text) IS 'internal: the row of an experiment';

-- The row for a change, with everything that decides by it waiting: marks hold the lock of the context shared, whoever
-- changes what they decide by holds it alone, and a mark sees all of a change or nothing.
CREATE FUNCTION rct._experiment_for_update(experiment text) RETURNS rct.experiment
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e rct.experiment := rct._experiment(experiment);
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'experiment "%" is not changed under %', e.key, current_setting('transaction_isolation') USING
            ERRCODE = 'invalid_transaction_state', DETAIL = 'The snapshot may lack visits and enrollments that others have committed since.',
            HINT = 'Begin the transaction with ISOLATION LEVEL READ COMMITTED.';
    END IF;
    PERFORM rct._lock('context'::text, e.context, false);
    SELECT * INTO e FROM rct.experiment x WHERE x.id = e.id FOR UPDATE;
    RETURN e;
END
$$;
COMMENT ON FUNCTION rct._experiment_for_update(text) IS 'internal: the row of an experiment, locked together with its context';

CREATE FUNCTION rct.create_experiment(spec jsonb) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts jsonb;
    design jsonb;
    new_key text;
    include_id bigint;
    exclude_id bigint;
    new_id bigint;
BEGIN
    IF spec IS NULL THEN
        RAISE EXCEPTION 'the definition of an experiment must not be NULL' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'rct.experiment_schema() describes definitions.';
    END IF;
    parts := rct._experiment_normalize(spec::text)::jsonb;
    design := parts -> 'spec';
    new_key := design ->> 'key';
    PERFORM rct._add_context(design ->> 'context');
    INSERT INTO rct.segment (kind) VALUES ('list') RETURNING id INTO include_id;
    INSERT INTO rct.segment (kind) VALUES ('list') RETURNING id INTO exclude_id;
    INSERT INTO rct.experiment (key, context, spec, include_id, exclude_id)
        VALUES (new_key, design ->> 'context', design, include_id, exclude_id)
        ON CONFLICT ON CONSTRAINT experiment_key_key DO NOTHING RETURNING id INTO new_id;
    IF new_id IS NULL THEN
        RAISE EXCEPTION 'experiment "%" exists already', new_key USING ERRCODE = 'duplicate_object',
            HINT = 'Change it with rct.update_experiment, or take another key.';
    END IF;
    INSERT INTO rct.experiment_version (experiment_id, version, spec) VALUES (new_id, 1, design);
    INSERT INTO rct.status_log (experiment_id, to_status, reason) VALUES (new_id, 'inactive', 'created');
    PERFORM rct._add_members(include_id, parts #> '{lists,include}');
    PERFORM rct._add_members(exclude_id, parts #> '{lists,exclude}');
    PERFORM rct._compile(design ->> 'context');
    RETURN new_key;
END
$$;
COMMENT ON FUNCTION rct.create_experiment(jsonb) IS
    'creates an experiment from its definition (see rct.experiment_schema), inactive; returns its key';

CREATE FUNCTION rct.experiment_spec(experiment text) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e rct.experiment := rct._experiment(experiment);
BEGIN
    RETURN e.spec || jsonb_build_object('lists', jsonb_build_object(
        'include', rct._members_of(e.include_id, clock_timestamp()), 'exclude', rct._members_of(e.exclude_id, clock_timestamp())));
END
$$;
COMMENT ON FUNCTION rct.experiment_spec(text) IS
    'the complete definition of an experiment with its lists; rct.create_experiment takes it';

CREATE FUNCTION rct.current_status(experiment text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN rct._status_of(rct._experiment(experiment), clock_timestamp());
END
$$;
COMMENT ON FUNCTION rct.current_status(text) IS 'what the status of an experiment means now: a schedule is followed by the clock';

CREATE FUNCTION rct.update_experiment(experiment text, patch jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e rct.experiment;
    design jsonb;
BEGIN
    IF patch IS NULL THEN
        RAISE EXCEPTION 'the patch of experiment "%" must not be NULL', experiment USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Give the fields to change as a JSON object; null resets a field.';
    END IF;
    e := rct._experiment_for_update(experiment);
    IF patch ? 'lists' THEN
        RAISE EXCEPTION 'lists of experiment "%" are not changed by a patch', e.key USING
            ERRCODE = 'invalid_parameter_value', DETAIL = 'Lists have a history of their own.',
            HINT = 'Use rct.add_to_list and rct.remove_from_list.';
    END IF;
    design := rct._experiment_patch(e.spec::text, patch::text)::jsonb;
    IF design <> e.spec THEN
        UPDATE rct.experiment x SET spec = design WHERE x.id = e.id;
        PERFORM rct._count_enrollment(e.id);
        -- A lower number may be reached already.
        UPDATE rct.experiment x SET status = 'enrollment_complete', status_reason = 'ending criteria'
            FROM rct.enrollment_count c
            WHERE x.id = e.id AND c.experiment_id = x.id AND rct._status_of(x, clock_timestamp()) = 'enrolling'
            AND (c.users >= (x.spec #>> '{ending,users}')::bigint OR c.groups >= (x.spec #>> '{ending,groups}')::bigint);
        PERFORM rct._compile(e.context);
    END IF;
    RETURN rct.experiment_spec(e.key);
END
$$;
COMMENT ON FUNCTION rct.update_experiment(text, jsonb) IS
    'changes a definition by a merge patch (RFC 7386); what the status freezes is refused; returns the new definition';

CREATE FUNCTION rct.preflight(experiment text, status text DEFAULT 'enrolling') RETURNS SETOF rct.finding
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 5 AS $$
DECLARE
    e rct.experiment := rct._experiment(experiment);
BEGIN
    RETURN QUERY SELECT p.severity, p.code, p.place, p.detail, p.hint FROM rct._experiment_preflight(e.spec::text, coalesce(status, 'enrolling'::text)) p;
    RETURN QUERY
        SELECT 'error', 'namespace_overlap', 'namespace', format('range overlaps that of experiment "%s", which is %s', o.key, rct._status_of(o, clock_timestamp())),
            'Give the two experiments ranges that do not meet.'
        FROM rct.experiment o
        WHERE o.id <> e.id AND rct._status_of(o, clock_timestamp()) IN ('scheduled', 'enrolling', 'enrollment_complete')
        AND o.spec #>> '{namespace,name}' = e.spec #>> '{namespace,name}'
        AND (o.spec #>> '{namespace,from}')::float8 < (e.spec #>> '{namespace,to}')::float8
        AND (e.spec #>> '{namespace,from}')::float8 < (o.spec #>> '{namespace,to}')::float8
        ORDER BY o.key;
    RETURN QUERY
        SELECT 'error', 'ending_reached', 'ending', format('is reached: %s users, %s groups', c.users, c.groups), 'Raise the numbers, or set them to null.'
        FROM rct.enrollment_count c
        WHERE c.experiment_id = e.id
        AND (c.users >= (e.spec #>> '{ending,users}')::bigint OR c.groups >= (e.spec #>> '{ending,groups}')::bigint);
    IF (e.spec #>> '{schedule,ends_at}')::timestamptz <= clock_timestamp() THEN
        RETURN QUERY SELECT 'error', 'over', 'schedule.ends_at', 'is over', 'Set it to a later time, or to null.';
    END IF;
    IF e.spec #>> '{assignment,algorithm}' <> 'hash'
        AND NOT EXISTS (SELECT FROM rct.allocation a WHERE a.experiment_id = e.id AND a.ended_at = 'infinity') THEN
        RETURN QUERY SELECT 'error', 'not_randomized', 'assignment.algorithm', format('units are not randomized yet (algorithm %s)', e.spec #>> '{assignment,algorithm}'),
            'Run rct.randomize_experiment with the roster.';
    END IF;
END
$$;
COMMENT ON FUNCTION rct.preflight(text, text) IS 'what keeps an experiment from a status, enrolling or scheduled; no row: nothing';

-- Who has been at a decision point before the start keeps the default, as the consistency rule says (rule 3).
CREATE FUNCTION rct._exclude_reached(e rct.experiment, before timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF e.spec ->> 'consistency' = 'experiment' THEN
        RETURN;
    END IF;
    INSERT INTO rct.exclusion (experiment_id, unit_type, unit_id, code, group_id)
        SELECT e.id, 'user', v.user_id, 'REACHED_PRIOR', r.group_id
        FROM (SELECT DISTINCT v.user_id
            FROM jsonb_to_recordset(e.spec -> 'decision_points') p (site text, target text, exclude_if_reached boolean)
            JOIN rct.visit v ON v.context = e.context AND v.site = p.site AND v.target = coalesce(p.target, '')
            WHERE p.exclude_if_reached AND v.first_at < before AND NOT v.preview) v
        LEFT JOIN rct._roster(NULL::text, clock_timestamp(), NULL::timestamptz) r
            ON r.member_id = v.user_id AND r.group_type = e.spec ->> 'group_type' AND r.working AND r.member
        ON CONFLICT DO NOTHING;
    IF e.spec ->> 'consistency' = 'group' AND e.spec ->> 'group_type' IS NOT NULL THEN
        INSERT INTO rct.exclusion (experiment_id, unit_type, unit_id, code)
            SELECT DISTINCT e.id, e.spec ->> 'group_type', x.group_id, 'REACHED_PRIOR'
            FROM rct.exclusion x
            WHERE x.experiment_id = e.id AND x.unit_type = 'user' AND x.code = 'REACHED_PRIOR'
            AND x.ended_at = 'infinity' AND x.group_id IS NOT NULL
            ON CONFLICT DO NOTHING;
    END IF;
END
$$;
COMMENT ON FUNCTION rct._exclude_reached(rct.experiment, timestamptz) IS
    'internal: exclusions of those who reached a decision point before the start';

CREATE FUNCTION rct.set_status(experiment text, status text, reason text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e rct.experiment := rct._experiment_for_update(experiment);
    old_status text := rct._status_of(e, clock_timestamp());
    problems text;
    hints text;
BEGIN
    IF set_status.status IS NULL THEN
        RAISE EXCEPTION 'status of experiment "%" must not be NULL', e.key USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Give the status to move to.';
    END IF;
    PERFORM rct._experiment_check_status(old_status, set_status.status);
    IF set_status.status IN ('enrolling', 'scheduled') THEN
        SELECT string_agg(format('%s: %s', p.place, p.detail), '; ' ORDER BY p.n), string_agg(DISTINCT p.hint, ' ')
            INTO problems, hints
            FROM rct.preflight(e.key, set_status.status) WITH ORDINALITY p (severity, code, place, detail, hint, n);
        IF problems IS NOT NULL THEN
            RAISE EXCEPTION 'experiment "%" cannot start', e.key USING ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = problems || '.', HINT = hints;
        END IF;
    END IF;
    UPDATE rct.experiment x SET status = set_status.status, status_reason = reason WHERE x.id = e.id;
    IF set_status.status = 'enrolling' AND old_status <> 'enrollment_complete' THEN
        PERFORM rct._exclude_reached(e, clock_timestamp());
    ELSIF set_status.status = 'scheduled' THEN
        PERFORM rct._exclude_reached(e, (e.spec #>> '{schedule,starts_at}')::timestamptz);
    ELSIF old_status = 'scheduled' THEN
        UPDATE rct.exclusion x SET ended_at = clock_timestamp(), end_reason = 'not scheduled any more'
            WHERE x.experiment_id = e.id AND x.ended_at = 'infinity';
    END IF;
    PERFORM rct._count_enrollment(e.id);
    PERFORM rct._compile(e.context);
    RETURN set_status.status;
END
$$;
COMMENT ON FUNCTION rct.set_status(text, text, text) IS
    'moves an experiment to another status, with a reason for the log; illegal transitions and starts of unfit designs are refused';

CREATE FUNCTION rct.clone_experiment(experiment text, key text) RETURNS text
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT rct.create_experiment(rct._experiment_rename((s.spec - 'lists')::text, coalesce($2, ''::text))::jsonb
        || jsonb_build_object('lists', s.spec -> 'lists'))
    FROM (SELECT rct.experiment_spec($1) AS spec) s
$$;
COMMENT ON FUNCTION rct.clone_experiment(text, text) IS
    'a new, inactive experiment with the same definition under another key; a salt that was the key becomes the new key';

CREATE FUNCTION rct.export_experiment(experiment text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('format', 'pg_rct experiment', 'format_version', 1,
        'exported_at', clock_timestamp(), 'spec', rct.experiment_spec($1))
$$;
COMMENT ON FUNCTION rct.export_experiment(text) IS 'the definition of an experiment as a document for rct.import_experiment';

CREATE FUNCTION rct.import_experiment(document jsonb, key text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF document ->> 'format' IS DISTINCT FROM 'pg_rct experiment' OR document ->> 'format_version' IS DISTINCT FROM '1'
        OR jsonb_typeof(document -> 'spec') IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'the document is not an exported experiment' USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('Its format is %s, version %s, and its spec %s.', coalesce(left(document ->> 'format', 60), 'missing'),
                coalesce(left(document ->> 'format_version', 60), 'missing'), coalesce('of type ' || jsonb_typeof(document -> 'spec'), 'missing')),
            HINT = 'Give what rct.export_experiment returned; rct.import_upgrade takes designs of UpGrade.';
    END IF;
    RETURN rct.create_experiment((document -> 'spec') || CASE WHEN key IS NULL THEN '{}' ELSE jsonb_build_object('key', key) END);
END
$$;
COMMENT ON FUNCTION rct.import_experiment(jsonb, text) IS 'creates an experiment from an exported document, under another key if one is given';

CREATE FUNCTION rct.import_upgrade(document jsonb, key text DEFAULT NULL) RETURNS TABLE (experiment text, warnings text[])
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
DECLARE
    parts jsonb;
BEGIN
    IF document IS NULL THEN
        RAISE EXCEPTION 'the design to import must not be NULL' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Give the JSON document that UpGrade exports.';
    END IF;
    parts := rct._experiment_import_upgrade(document::text)::jsonb;
    experiment := rct.create_experiment((parts -> 'spec') || jsonb_build_object('lists', parts -> 'lists')
        || CASE WHEN import_upgrade.key IS NULL THEN '{}' ELSE jsonb_build_object('key', import_upgrade.key) END);
    warnings := ARRAY(SELECT jsonb_array_elements_text(parts -> 'warnings'));
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION rct.import_upgrade(jsonb, text) IS
    'creates an inactive experiment from a design exported by UpGrade, with the same draws; warnings name what has no equivalent';
