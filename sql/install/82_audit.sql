-- Whether an experiment of the system ran as designed.

CREATE FUNCTION rct.srm(experiment text, level double precision DEFAULT 0.999)
    RETURNS TABLE (
        unit_type text, method text, conditions text[], counts bigint[], expected_counts double precision[], n bigint,
        chi2 double precision, df bigint, p_value double precision, p_exact double precision, verdict text, notes text[]
    )
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    e rct.experiment := rct._experiment($1);
    kind text := rct._unit_type(e);
    algorithm text := e.spec #>> '{assignment,algorithm}';
    codes text[];
    shares float8[];
    seen bigint[];
    unplaced bigint;
BEGIN
    IF e.spec ->> 'unit' = 'within_subjects' THEN
        RAISE EXCEPTION 'experiment "%" is within subjects', e.key USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Each user gets all conditions, so that there are no counts of units to compare.',
            HINT = 'rct.repetition holds the conditions that users had, in order.';
    END IF;
    IF algorithm = 'hash' THEN
        -- Conditions of the design in its order, then others that somebody is enrolled under, which have weight 0.
        WITH enrolled AS (
            SELECT u.condition, count(*) AS units FROM rct.enrollment u
            WHERE u.experiment_id = e.id AND u.unit_type = kind AND u.code = 'ALGORITHMIC' AND u.ended_at = 'infinity'
            AND NOT (kind = 'user' AND EXISTS (SELECT FROM rct.preview_user p WHERE p.user_id = u.unit_id AND p.ended_at = 'infinity'))
            GROUP BY u.condition
        ), design AS (
            SELECT c ->> 'code' AS condition, (c ->> 'weight')::float8 AS weight, i
            FROM jsonb_array_elements(e.spec -> 'conditions') WITH ORDINALITY x (c, i)
        )
        SELECT array_agg(condition ORDER BY i, condition COLLATE "C"), array_agg(coalesce(d.weight, 0) ORDER BY i, condition COLLATE "C"),
            array_agg(coalesce(u.units, 0) ORDER BY i, condition COLLATE "C") INTO codes, shares, seen
            FROM design d FULL JOIN enrolled u USING (condition) WHERE condition IS NOT NULL;
        RETURN QUERY SELECT kind, algorithm, codes, seen, r.expected_counts, r.n, r.chi2, r.df, r.p_value, r.p_exact, r.verdict, r.notes
            FROM rct.srm(seen, shares, codes, level) r;
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM rct.run r WHERE r.experiment_id = e.id) THEN
        RAISE EXCEPTION 'experiment "%" is not randomized', e.key USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Run rct.randomize_experiment with the roster first.';
    END IF;
    SELECT count(*) INTO unplaced FROM rct.enrollment u
        WHERE u.experiment_id = e.id AND u.unit_type = kind AND u.code = 'ALGORITHMIC' AND u.ended_at = 'infinity'
        AND NOT EXISTS (SELECT FROM rct.allocation a WHERE a.experiment_id = e.id AND a.unit_type = kind AND a.unit_id = u.unit_id
            AND a.ended_at = 'infinity');
    -- How many got each condition was fixed; chance is only in which of them came.
    RETURN QUERY
        WITH counted AS (
            SELECT a.stratum, a.condition, count(*) AS assigned, count(*) FILTER (WHERE EXISTS (
                SELECT FROM rct.enrollment u WHERE u.experiment_id = e.id AND u.unit_type = kind AND u.unit_id = a.unit_id
                AND u.ended_at = 'infinity')) AS enrolled
            FROM rct.allocation a WHERE a.experiment_id = e.id AND a.ended_at = 'infinity' GROUP BY a.stratum, a.condition
        ), listed AS (
            SELECT array_agg(c.stratum ORDER BY c.stratum COLLATE "C", c.condition COLLATE "C") AS strata,
                array_agg(c.condition ORDER BY c.stratum COLLATE "C", c.condition COLLATE "C") AS conditions,
                array_agg(c.assigned ORDER BY c.stratum COLLATE "C", c.condition COLLATE "C") AS assigned,
                array_agg(c.enrolled ORDER BY c.stratum COLLATE "C", c.condition COLLATE "C") AS enrolled
            FROM counted c
        )
        SELECT kind, algorithm, r.conditions, r.counts, r.expected_counts, r.n, r.chi2, r.df, r.p_value, r.p_exact, r.verdict,
            r.notes || CASE WHEN unplaced > 0
                THEN ARRAY[format('unallocated: enrolled without a place in the randomization, and not counted: %s', unplaced)]
                ELSE '{}' END
        FROM listed l, rct.srm_blocked(l.strata, l.conditions, l.assigned, l.enrolled, level) r WHERE r.scope = 'combined';
END
$$;
COMMENT ON FUNCTION rct.srm(text, double precision) IS
    'sample ratio of the enrolled units of an experiment: against the weights where units are assigned by hash, against the allocation where a roster was randomized; NULL experiment or level is an error';

CREATE FUNCTION rct.impossible_patterns(experiment text)
    RETURNS SETOF rct.finding
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    e rct.experiment := rct._experiment($1);
    kind text := rct._unit_type(e);
    within_subjects boolean := e.spec ->> 'unit' = 'within_subjects';
    last_run bigint := (SELECT max(r.id) FROM rct.run r WHERE r.experiment_id = e.id);
BEGIN
    RETURN QUERY
    WITH design AS (
        SELECT c ->> 'code' AS condition, (c ->> 'weight')::float8 AS weight FROM jsonb_array_elements(e.spec -> 'conditions') c
    ), real AS (
        -- All enrollments but those of preview users.
        SELECT u.* FROM rct.enrollment u WHERE u.experiment_id = e.id
        AND NOT (u.unit_type = 'user' AND EXISTS (SELECT FROM rct.preview_user p WHERE p.user_id = u.unit_id AND p.ended_at = 'infinity'))
    ), open AS (
        SELECT u.* FROM real u WHERE u.ended_at = 'infinity'
    ), found (code, severity, place, detail) AS (
        SELECT 'replay_mismatch', 'error', format('run %s', last_run),
            'The stored allocation is not what the randomization gives from its record.'
        WHERE last_run IS NOT NULL AND NOT rct.replay(last_run)
        UNION ALL
        SELECT 'unit_in_two_conditions',
            CASE WHEN bool_and(u.ended_at = 'infinity' OR u.end_reason IS NOT DISTINCT FROM 'group change') AND u.unit_type <> kind
                THEN 'warning' ELSE 'error' END,
            format('%s %s', u.unit_type, u.unit_id),
            format('It was enrolled under %s.', string_agg(DISTINCT format('"%s"', u.condition), ', '))
        FROM real u GROUP BY u.unit_type, u.unit_id HAVING count(DISTINCT u.condition) > 1
        UNION ALL
        SELECT 'member_apart_from_group', 'error', format('user %s', u.unit_id),
            format('The user is enrolled under "%s", the %s "%s" under "%s".', u.condition, kind, g.unit_id, g.condition)
        FROM open u JOIN open g ON g.unit_type = kind AND g.unit_id = u.group_id
        WHERE kind <> 'user' AND u.unit_type = 'user' AND g.condition <> u.condition
        UNION ALL
        SELECT 'enrolled_and_excluded', 'warning', format('%s %s', u.unit_type, u.unit_id), format('It is enrolled, and excluded with %s.', x.code)
        FROM open u JOIN rct.exclusion x ON x.experiment_id = e.id AND x.unit_type = u.unit_type AND x.unit_id = u.unit_id
            AND x.ended_at = 'infinity'
        UNION ALL
        SELECT 'condition_of_weight_0', 'error', u.condition,
            format('Enrolled under a condition %s: %s.',
                CASE WHEN bool_or(d.condition IS NULL) THEN 'that the design does not have' ELSE 'whose weight is 0' END, count(*))
        FROM open u LEFT JOIN design d ON d.condition = u.condition
        WHERE u.condition IS NOT NULL AND coalesce(d.weight, 0) = 0 GROUP BY u.condition
        UNION ALL
        SELECT 'not_as_allocated', 'error', format('%s %s', u.unit_type, u.unit_id),
            format('It is enrolled under "%s" and was allocated to "%s".', u.condition, a.condition)
        FROM open u JOIN rct.allocation a ON a.experiment_id = e.id AND a.unit_type = u.unit_type AND a.unit_id = u.unit_id
            AND a.ended_at = 'infinity'
        WHERE NOT within_subjects AND a.condition <> u.condition
        UNION ALL
        SELECT 'unallocated', 'warning', format('%s %s', u.unit_type, u.unit_id), 'It is enrolled and has no place in the randomization.'
        FROM open u WHERE last_run IS NOT NULL AND u.unit_type = kind AND NOT EXISTS (
            SELECT FROM rct.allocation a WHERE a.experiment_id = e.id AND a.unit_type = u.unit_type AND a.unit_id = u.unit_id
            AND a.ended_at = 'infinity')
        UNION ALL
        SELECT 'stratum_in_one_condition', 'warning', format('stratum %s', a.stratum),
            format('All %s units were allocated to "%s".', count(*), min(a.condition))
        FROM rct.allocation a WHERE a.experiment_id = e.id AND a.ended_at = 'infinity'
        GROUP BY a.stratum HAVING count(*) > 1 AND count(DISTINCT a.condition) = 1 AND (SELECT count(*) FROM design d WHERE d.weight > 0) > 1
        UNION ALL
        -- By hash it can happen, but hardly: the chance that any group is like this is below one in a thousand.
        SELECT 'group_in_one_condition', 'warning', format('group %s', g.group_id),
            format('All %s users were drawn into "%s".', g.users, g.condition)
        FROM (SELECT u.group_id, count(*) AS users, min(u.condition) AS condition, count(DISTINCT u.condition) AS conditions,
                count(*) OVER () AS groups
            FROM open u WHERE kind = 'user' AND u.unit_type = 'user' AND u.code = 'ALGORITHMIC' AND u.group_id IS NOT NULL
            AND e.spec #>> '{assignment,algorithm}' = 'hash' GROUP BY u.group_id) g
        WHERE g.conditions = 1 AND g.groups * (SELECT sum(power(d.weight / t.total, g.users::float8)) FROM design d,
            (SELECT sum(x.weight) AS total FROM design x) t WHERE d.weight > 0) < 0.001
        UNION ALL
        SELECT 'exposed_before_enrollment', 'warning', format('user %s', u.unit_id),
            format('Marks with a condition from before the enrollment: %s.', count(*))
        FROM (SELECT r.unit_id, min(r.started_at) AS started_at FROM real r WHERE r.unit_type = 'user' GROUP BY r.unit_id) u
        JOIN rct.exposure x ON x.user_id = u.unit_id AND x.experiment_id = e.id AND x.server_at < u.started_at
        WHERE x.status = 'condition applied' AND x.condition IS NOT NULL AND NOT x.preview GROUP BY u.unit_id
        UNION ALL
        SELECT 'delivered_otherwise', 'warning', concat_ws(' / ', x.site, nullif(x.target, '')),
            format('Marks that report another condition than the database gave: %s, of users: %s.', count(*), count(DISTINCT x.user_id))
        FROM rct.exposure x WHERE x.experiment_id = e.id AND x.mismatch AND NOT x.preview GROUP BY x.site, x.target
    )
    SELECT f.severity, f.code, f.place, f.detail, h.hint FROM found f JOIN (VALUES
        ('replay_mismatch', 'Find out who changed rct.allocation or rct.run; rct.verify names what else does not fit.'),
        ('unit_in_two_conditions', 'Analyze units by the condition that they were assigned to first, and find out who moved them.'),
        ('member_apart_from_group', 'Ask rct.explain for this user, and analyze by the condition of the group.'),
        ('enrolled_and_excluded', 'Decide on one rule for these units before outcomes are looked at.'),
        ('condition_of_weight_0', 'Find out who gave these units a condition that nobody is to get.'),
        ('not_as_allocated', 'Analyze by the allocation (intention to treat), and find out why delivery differs.'),
        ('unallocated', 'Give latecomers a place with rct.place_late, or leave them out of the analysis.'),
        ('stratum_in_one_condition', 'The stratum adds nothing to the effect. Merge it with another one if they are alike.'),
        ('group_in_one_condition', 'If whole groups get one condition, the group is the unit: sketch with the group as the cluster.'),
        ('exposed_before_enrollment', 'Find out which application asks before the start.'),
        ('delivered_otherwise', 'Find out where the application takes the condition from.')
    ) h (code, hint) ON h.code = f.code
    ORDER BY f.severity COLLATE "C", f.code COLLATE "C", f.place COLLATE "C";
END
$$;
COMMENT ON FUNCTION rct.impossible_patterns(text) IS
    'what cannot be if an experiment ran as designed, from its records: one row for each pattern and place, errors before warnings; no row if all is well';
