-- A user reached a decision point.

-- Counts the new enrollment and ends the experiment when the number is reached; the caller holds the row of the count.
CREATE FUNCTION rct._end_if_full(experiment_id bigint, user_id text, group_id text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e rct.experiment;
    counted rct.enrollment_count;
    group_full boolean := false;
BEGIN
    SELECT * INTO e FROM rct.experiment x WHERE x.id = $1;
    IF EXISTS (SELECT FROM rct.enrollment n WHERE n.unit_type = 'user' AND n.unit_id = $2 AND n.experiment_id = $1
        AND n.ended_at <> 'infinity') THEN
        RETURN; -- counted when they first enrolled
    END IF;
    IF group_id IS NOT NULL THEN
        group_full := (SELECT count(DISTINCT n.unit_id) FROM rct.enrollment n
            WHERE n.experiment_id = $1 AND n.unit_type = 'user' AND n.group_id = $3) = coalesce((e.spec #>> '{ending,users_per_group}')::bigint, 1);
    END IF;
    UPDATE rct.enrollment_count c SET users = c.users + 1, groups = c.groups + group_full::integer
        WHERE c.experiment_id = $1 RETURNING * INTO counted;
    IF e.status <> 'enrollment_complete'
        AND (counted.users >= (e.spec #>> '{ending,users}')::bigint OR counted.groups >= (e.spec #>> '{ending,groups}')::bigint) THEN
        UPDATE rct.experiment x SET status = 'enrollment_complete', status_reason = 'ending criteria' WHERE x.id = $1;
        PERFORM rct._compile(e.context);
    END IF;
END
$$;
COMMENT ON FUNCTION rct._end_if_full(bigint, text, text) IS 'internal: counts an enrollment and ends the experiment when it is full';

CREATE FUNCTION rct.mark(
    context text, user_id text, site text, target text, condition text DEFAULT NULL, status text DEFAULT 'condition applied',
    event_id text DEFAULT NULL, at timestamptz DEFAULT NULL, experiment text DEFAULT NULL, uniquifier text DEFAULT NULL
) RETURNS TABLE (recorded_experiment text, recorded_condition text, reason text, mismatch boolean, duplicate boolean)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
#variable_conflict use_column
DECLARE
    context_name text := lower(rct._identifier('context'::text, $1));
    given_id text := rct._identifier('user_id'::text, $2);
    point_site text := rct._identifier('site'::text, $3);
    point_target text := CASE WHEN $4 <> '' THEN rct._identifier('target'::text, $4) ELSE '' END;
    event text := CASE WHEN $7 IS NOT NULL THEN rct._identifier('event_id'::text, $7) END;
    seen text := CASE WHEN $5 <> '' THEN rct._identifier('condition'::text, $5) ELSE $5 END;
    occurrence text := CASE WHEN $10 <> '' THEN rct._identifier('uniquifier'::text, $10) ELSE $10 END;
    moment timestamptz;
    p record;
    known bytea;
    other text;
    d record;
    written bigint;
    counted bigint;
    kind text := coalesce($6, 'condition applied');
BEGIN
    IF kind NOT IN ('condition applied', 'condition not applied', 'no condition assigned') THEN
        RAISE EXCEPTION 'invalid status "%" of a mark', kind USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use condition applied, condition not applied or no condition assigned.';
    END IF;
    IF NOT isfinite($8) THEN
        RAISE EXCEPTION 'at must be a finite time, got %', $8 USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Leave it out for now.';
    END IF;
    -- Who starts, stops or changes an experiment waits for the marks that have begun, and the other way round.
    PERFORM rct._lock('context'::text, context_name, true);
    IF event IS NOT NULL THEN
        RETURN QUERY SELECT e.key, x.condition, x.reason, x.mismatch, true
            FROM rct.exposure x LEFT JOIN rct.experiment e ON e.id = x.experiment_id
            WHERE x.context = context_name AND x.event_id = event
            AND x.user_id = coalesce((SELECT a.user_id FROM rct.alias a WHERE a.alias = given_id), given_id);
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    LOOP
        moment := clock_timestamp();
        SELECT c.digest, c.plan, c.name IS NOT NULL AND (c.registered OR b.unit IS NULL) AS recorded,
                CASE WHEN b.unit IS NULL THEN rct._user(given_id) ELSE coalesce(u.user_id, given_id) END AS who
            INTO p FROM (SELECT) one LEFT JOIN rct.context c ON c.name = context_name LEFT JOIN rct.unit b ON b.unit = c.built
            LEFT JOIN rct.unit u ON u.unit = E'user\x1f' || given_id;
        -- One mark of a user after the other, and no change of groups in between.
        PERFORM rct._lock('user'::text, p.who, false);
        -- While it waited, the id may have become an alias.
        SELECT a.user_id, (SELECT string_agg(n.facts, '') FROM rct.unit n WHERE n.unit = ANY (u.units))
            INTO other, known FROM (SELECT) one LEFT JOIN rct.alias a ON a.alias = p.who LEFT JOIN rct.unit u ON u.unit = E'user\x1f' || p.who;
        CONTINUE WHEN other IS NOT NULL;
        IF p.recorded THEN
            known := rct._recorded_facts(p.who, moment);
        END IF;
        SELECT * INTO d FROM rct._mark(p.digest, p.plan, known,
            p.who, moment, point_site, point_target, seen, kind, $9);
        EXIT WHEN NOT d.limited OR cardinality(d.enroll_types) = 0 OR d.experiment_id = counted;
        -- A number ends the experiment: enroll one at a time, and decide again with what the others have done. That may
        -- lead to another experiment, which has a number of its own.
        PERFORM FROM rct.enrollment_count c WHERE c.experiment_id = d.experiment_id FOR UPDATE;
        counted := d.experiment_id;
    END LOOP;
    -- A snapshot from before a change must not decide after it: this fails with 40001 then. The counts come first and the
    -- context after them, as when an experiment ends; who may end one takes the context alone.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        IF d.limited THEN
            PERFORM FROM rct.context c WHERE c.name = context_name FOR NO KEY UPDATE;
        ELSE
            PERFORM FROM rct.context c WHERE c.name = context_name FOR SHARE;
        END IF;
    END IF;
    INSERT INTO rct.exposure (event_id, context, user_id, site, target, status, reported_condition, experiment_id,
            condition, hash_version, reason, mismatch, uniquifier, client_at, server_at, preview)
        VALUES (event, context_name, p.who, point_site, point_target, kind, seen, d.experiment_id, d.recorded_condition, d.hash_version,
            d.reason, d.mismatch, occurrence, $8, moment, d.preview)
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        -- The same event, at the same time, by another connection, which has done all of it.
        RETURN QUERY SELECT e.key, x.condition, x.reason, x.mismatch, true
            FROM rct.exposure x LEFT JOIN rct.experiment e ON e.id = x.experiment_id
            WHERE x.context = context_name AND x.event_id = event AND x.user_id = p.who;
        IF NOT FOUND AND NOT EXISTS (SELECT FROM rct.exposure x WHERE x.context = context_name AND x.event_id = event) THEN
            RAISE EXCEPTION 'the mark of user "%" was not written', given_id USING ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = 'Table rct.exposure has a row with its number already.', HINT = 'rct.rebuild() brings the numbers up to date.';
        ELSIF NOT FOUND THEN
            RAISE EXCEPTION 'event "%" is one of another user', event USING ERRCODE = 'unique_violation',
                DETAIL = format('It was recorded in context "%s"; this mark of user "%s" is not.', context_name, given_id),
                HINT = 'Give each event an id of its own.';
        END IF;
        RETURN;
    END IF;
    INSERT INTO rct.visit AS v (user_id, context, site, target, first_at, last_at, preview)
        VALUES (p.who, context_name, point_site, point_target, moment, moment, d.preview)
        ON CONFLICT ON CONSTRAINT visit_pkey DO UPDATE SET last_at = greatest(v.last_at, excluded.last_at),
            preview = v.preview AND excluded.preview;
    IF cardinality(d.enroll_types) > 0 THEN
        -- A row that came with a group the user has left stays as history.
        IF d.group_id IS NOT NULL AND 'user' = ANY (d.enroll_types) THEN
            UPDATE rct.enrollment n SET ended_at = moment, end_reason = 'group change'
                WHERE n.unit_type = 'user' AND n.unit_id = p.who AND n.experiment_id = d.experiment_id AND n.ended_at = 'infinity'
                AND n.group_id IS DISTINCT FROM d.group_id;
        END IF;
        INSERT INTO rct.enrollment (experiment_id, unit_type, unit_id, condition, code, group_id, started_at)
            SELECT d.experiment_id, n.unit_type, n.unit_id, n.condition, n.code,
                CASE n.unit_type WHEN 'user' THEN d.group_id END, moment
            FROM unnest(d.enroll_types, d.enroll_ids, d.enroll_conditions, d.enroll_codes) n (unit_type, unit_id, condition, code)
            ORDER BY n.unit_type, n.unit_id
            ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF d.limited AND written > 0 AND 'user' = ANY (d.enroll_types) THEN
            PERFORM rct._end_if_full(d.experiment_id, p.who, d.group_id);
        END IF;
    END IF;
    IF cardinality(d.exclude_types) > 0 THEN
        -- What healed, or came with a group the user has left, does not stand in the way.
        UPDATE rct.exclusion o SET ended_at = moment, end_reason = 'group change'
            FROM unnest(d.exclude_experiments, d.exclude_types, d.exclude_codes, d.exclude_groups) x (experiment_id, unit_type, code, group_id)
            WHERE x.unit_type = 'user' AND o.unit_type = 'user' AND o.unit_id = p.who AND o.experiment_id = x.experiment_id
            AND o.ended_at = 'infinity' AND o.code <> x.code
            AND (o.code IN ('NO_GROUP_SPECIFIED', 'INVALID_GROUP_OR_WORKING_GROUP') OR o.group_id IS DISTINCT FROM x.group_id);
        INSERT INTO rct.exclusion (experiment_id, unit_type, unit_id, code, group_id, started_at)
            SELECT x.experiment_id, x.unit_type, x.unit_id, x.code, CASE x.unit_type WHEN 'user' THEN x.group_id END, moment
            FROM unnest(d.exclude_experiments, d.exclude_types, d.exclude_ids, d.exclude_codes, d.exclude_groups)
                x (experiment_id, unit_type, unit_id, code, group_id)
            ORDER BY x.experiment_id, x.unit_type, x.unit_id
            ON CONFLICT DO NOTHING;
    END IF;
    IF d.allocate_id IS NOT NULL THEN
        PERFORM rct._place(d.experiment_id, d.allocate_type, d.allocate_id, NULL::text);
    END IF;
    IF d.repeat THEN
        INSERT INTO rct.repetition (experiment_id, user_id, site, target, ordinal, condition, uniquifier, at)
            SELECT d.experiment_id, p.who, point_site, point_target, coalesce(max(r.ordinal), 0) + 1, d.recorded_condition, occurrence, moment
            FROM rct.repetition r
            WHERE r.user_id = p.who AND r.experiment_id = d.experiment_id AND r.site = point_site AND r.target = point_target
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN QUERY SELECT d.recorded_experiment, d.recorded_condition, d.reason, d.mismatch, false;
END
$$;
COMMENT ON FUNCTION rct.mark(text, text, text, text, text, text, text, timestamptz, text, text) IS
    'records that a user reached a decision point and what was delivered, and enrolls or excludes as the rules say; with an event_id it may be repeated';
