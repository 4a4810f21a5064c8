-- Whether the records are whole, and what follows from them is up to date.

CREATE FUNCTION rct._has_records() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM rct.experiment) OR EXISTS (SELECT FROM rct.segment) OR EXISTS (SELECT FROM rct.membership)
        OR EXISTS (SELECT FROM rct.alias) OR EXISTS (SELECT FROM rct.visit) OR EXISTS (SELECT FROM rct.exposure)
        OR EXISTS (SELECT FROM rct.preview_user) OR EXISTS (SELECT FROM rct.metric) OR EXISTS (SELECT FROM rct.measurement)
$$;
COMMENT ON FUNCTION rct._has_records() IS 'internal: whether anything of a district is in the tables';

-- The rows that refer to others. There are no foreign keys: a restore loads tables in any order, and several at once.
CREATE FUNCTION rct._references() RETURNS TABLE (child text, child_column text, parent text, parent_column text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp ROWS 20 AS $$
    VALUES ('segment', 'context', 'context', 'name'),
        ('experiment', 'context', 'context', 'name'),
        ('experiment', 'include_id', 'segment', 'id'),
        ('experiment', 'exclude_id', 'segment', 'id'),
        ('experiment_version', 'experiment_id', 'experiment', 'id'),
        ('status_log', 'experiment_id', 'experiment', 'id'),
        ('segment_member', 'segment_id', 'segment', 'id'),
        ('segment_edge', 'parent_id', 'segment', 'id'),
        ('segment_edge', 'child_id', 'segment', 'id'),
        ('exposure', 'experiment_id', 'experiment', 'id'),
        ('enrollment', 'experiment_id', 'experiment', 'id'),
        ('exclusion', 'experiment_id', 'experiment', 'id'),
        ('repetition', 'experiment_id', 'experiment', 'id'),
        ('enrollment_count', 'experiment_id', 'experiment', 'id'),
        ('preview_condition', 'experiment_id', 'experiment', 'id'),
        ('run', 'experiment_id', 'experiment', 'id'),
        ('allocation', 'experiment_id', 'experiment', 'id'),
        ('allocation', 'run_id', 'run', 'id')
$$;
COMMENT ON FUNCTION rct._references() IS 'internal: which column of which table refers to which other';

-- Without these the records could be changed, or what follows from them would stay behind.
CREATE FUNCTION rct._triggers() RETURNS TABLE (name text, trigger text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp ROWS 50 AS $$
    SELECT n.name, t.trigger
    FROM (VALUES
        ('append_only', '{context,segment,experiment,experiment_version,status_log,segment_member,segment_edge,alias,membership,reader,roster_source,
            visit,exposure,enrollment,exclusion,repetition,enrollment_count,preview_user,preview_condition,run,allocation,log_event,measurement,unit}'::text[]),
        ('close_only', '{segment_member,segment_edge,membership,enrollment,exclusion,preview_user,preview_condition,allocation}'),
        ('guard', '{experiment}'), ('record', '{experiment}'), ('guard_insert', '{membership}'), ('guard_update', '{membership}'),
        ('refresh_insert', '{enrollment,exclusion,allocation,segment_member,membership,repetition,preview_user,preview_condition,alias}'),
        ('refresh_update', '{enrollment,exclusion,allocation,segment_member,membership,repetition,preview_user,preview_condition,alias}')
    ) t (trigger, tables), unnest(t.tables) n (name)
$$;
COMMENT ON FUNCTION rct._triggers() IS 'internal: the triggers of our tables';

CREATE FUNCTION rct._facts_text(facts bytea, at timestamptz) RETURNS text
    AS 'MODULE_PATHNAME', 'resolution_facts_text_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rct._facts_text(bytea, timestamptz) IS 'internal: packed facts as they hold at a moment, to be compared';

CREATE FUNCTION rct.verify() RETURNS SETOF rct.finding
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := clock_timestamp();
    restore text := 'Restore the table from a backup, together with the one it refers to.';
    rebuild text := 'SELECT rct.rebuild();';
    r record;
BEGIN
    -- What rows refer to.
    FOR r IN SELECT * FROM rct._references() LOOP
        RETURN QUERY EXECUTE format(
            'SELECT ''error'', ''missing_reference'', %4$L, format(''%%s rows refer to a row of rct.%1$s that is not there, such as %%L.'', count(*), min(t.%2$I::text)), %5$L
                FROM rct.%6$I t WHERE t.%2$I IS NOT NULL AND NOT EXISTS (SELECT FROM rct.%1$I p WHERE p.%3$I = t.%2$I) HAVING count(*) > 0',
            r.parent, r.child_column, r.parent_column, format('rct.%s.%s', r.child, r.child_column), restore, r.child);
    END LOOP;
    -- Histories.
    RETURN QUERY
        SELECT 'error', 'version_gap', format('experiment %s', e.key),
            format('It is at version %s, and has %s versions up to %s.', e.version, count(v.version), coalesce(max(v.version), 0)), restore
        FROM rct.experiment e LEFT JOIN rct.experiment_version v ON v.experiment_id = e.id
        GROUP BY e.id, e.key, e.version HAVING count(v.version) <> e.version OR max(v.version) IS DISTINCT FROM e.version OR min(v.version) <> 1;
    RETURN QUERY
        SELECT 'error', 'version_differs', format('experiment %s', e.key), format('Version %s is not the definition that is in force.', e.version), restore
        FROM rct.experiment e JOIN rct.experiment_version v ON v.experiment_id = e.id AND v.version = e.version WHERE v.spec <> e.spec;
    RETURN QUERY
        SELECT 'error', 'status_gap', format('experiment %s', e.key),
            format('Entry %s of the log leaves status %s, and the one before it leads to %s.', l.id, coalesce(l.from_status, 'none'), coalesce(l.before, 'none')), restore
        FROM (SELECT x.id, x.experiment_id, x.from_status, lag(x.to_status) OVER (PARTITION BY x.experiment_id ORDER BY x.id) AS before
            FROM rct.status_log x) l JOIN rct.experiment e ON e.id = l.experiment_id
        WHERE l.from_status IS DISTINCT FROM l.before;
    RETURN QUERY
        SELECT 'error', 'status_differs', format('experiment %s', e.key),
            format('Its status is %s, and the last entry of the log says %s.', e.status, coalesce(l.to_status, 'nothing')), restore
        FROM rct.experiment e LEFT JOIN LATERAL (
            SELECT x.to_status FROM rct.status_log x WHERE x.experiment_id = e.id ORDER BY x.id DESC LIMIT 1) l ON true
        WHERE l.to_status IS DISTINCT FROM e.status;
    FOR r IN SELECT t.name FROM unnest('{segment_member,segment_edge,enrollment,exclusion,preview_user,preview_condition,allocation,roster_source,reader}'::text[]) t (name) LOOP
        RETURN QUERY EXECUTE format(
            'SELECT ''error'', ''ended_before_start'', %1$L, format(''%%s rows end before they begin.'', count(*)), %2$L FROM rct.%3$I t WHERE t.ended_at < t.%4$I HAVING count(*) > 0',
            'rct.' || r.name, restore, r.name, CASE r.name WHEN 'roster_source' THEN 'registered_at' ELSE 'started_at' END);
    END LOOP;
    RETURN QUERY
        SELECT 'error', 'membership_overlap', format('user %s', m.user_id),
            format('Memberships %s and %s of %s "%s" hold, and were known, at the same time.', m.id, o.id, m.group_type, m.group_id), restore
        FROM rct.membership m JOIN rct.membership o ON o.user_id = m.user_id AND o.group_type = m.group_type AND o.group_id = m.group_id AND o.id > m.id
        WHERE o.during && m.during AND o.known && m.known;
    RETURN QUERY
        SELECT 'error', 'two_working_groups', format('user %s', m.user_id),
            format('Memberships %s and %s are both of the %s in which the user works.', m.id, o.id, m.group_type), restore
        FROM rct.membership m JOIN rct.membership o ON o.user_id = m.user_id AND o.group_type = m.group_type AND o.group_id <> m.group_id AND o.id > m.id
        WHERE m.working AND o.working AND o.during && m.during AND o.known && m.known;
    RETURN QUERY
        SELECT DISTINCT 'error', 'enrollment_overlap', format('%s %s', n.unit_type, n.unit_id),
            format('Two enrollments in experiment %s hold at the same time.', n.experiment_id), restore
        FROM rct.enrollment n JOIN rct.enrollment o ON o.unit_type = n.unit_type AND o.unit_id = n.unit_id AND o.experiment_id = n.experiment_id
        WHERE n.started_at < o.started_at AND o.started_at < n.ended_at;
    RETURN QUERY
        SELECT 'error', 'alias_has_records', format('alias %s', a.alias), 'There are records of a user with this id.', restore
        FROM rct.alias a WHERE EXISTS (SELECT FROM rct.visit v WHERE v.user_id = a.alias)
        OR EXISTS (SELECT FROM rct.membership m WHERE m.user_id = a.alias AND upper_inf(m.known));
    RETURN QUERY
        SELECT 'error', 'alias_of_alias', format('alias %s', a.alias), format('It is one of "%s", which is an alias itself.', a.user_id), restore
        FROM rct.alias a JOIN rct.alias o ON o.alias = a.user_id;
    RETURN QUERY
        SELECT 'error', 'repetition_gap', format('user %s', x.user_id),
            format('Repetitions of experiment %s at %s are %s, and the last is number %s.', x.experiment_id, concat_ws(' / ', x.site, nullif(x.target, '')),
                count(*), max(x.ordinal)), restore
        FROM rct.repetition x GROUP BY x.user_id, x.experiment_id, x.site, x.target HAVING count(*) <> max(x.ordinal) OR min(x.ordinal) <> 1;
    RETURN QUERY
        SELECT 'error', 'visit_missing', format('user %s', x.user_id),
            format('Marks of %s / %s in context %s are %s, and there is no visit.', x.site, x.target, x.context, count(*)), restore
        FROM rct.exposure x WHERE NOT EXISTS (SELECT FROM rct.visit v
            WHERE v.user_id = x.user_id AND v.context = x.context AND v.site = x.site AND v.target = x.target)
        GROUP BY x.user_id, x.context, x.site, x.target;
    RETURN QUERY
        SELECT 'error', 'exposure_missing', format('user %s', v.user_id), format('There is a visit of %s / %s in context %s, and no mark.', v.site, v.target, v.context), restore
        FROM rct.visit v WHERE NOT EXISTS (SELECT FROM rct.exposure x
            WHERE x.user_id = v.user_id AND x.context = v.context AND x.site = v.site AND x.target = v.target);
    RETURN QUERY
        SELECT 'error', 'event_missing', format('context %s', m.context),
            format('Values of %s events were logged that rct.log_event does not have, such as "%s".', count(DISTINCT (m.event_id, m.user_id)), min(m.event_id)), restore
        FROM rct.measurement m WHERE m.event_id IS NOT NULL AND NOT EXISTS (SELECT FROM rct.log_event l
            WHERE l.context = m.context AND l.event_id = m.event_id AND l.user_id = m.user_id)
        GROUP BY m.context;
    RETURN QUERY
        SELECT 'error', 'replay_mismatch', format('run %s', x.id), 'The stored allocation is not what the randomization gives from its record.', restore
        FROM rct.run x WHERE NOT rct.replay(x.id);
    RETURN QUERY
        SELECT 'error', 'replay_mismatch', format('run %s', x.id), format('The place of late unit "%s" is not the next one of its stratum.', l.unit_id), restore
        FROM rct.run x JOIN (SELECT a.*, count(*) FILTER (WHERE NOT a.late) OVER (PARTITION BY a.run_id, a.stratum) AS placed,
                row_number() OVER (PARTITION BY a.run_id, a.stratum ORDER BY a.late, a.slot) - 1 AS taken
            FROM rct.allocation a) l ON l.run_id = x.id AND l.late,
            LATERAL rct._next_slot(x.conditions, x.weights, x.seed, x.algorithm, l.stratum, l.placed, l.taken) s
        WHERE (s.block, s.slot, s.condition) IS DISTINCT FROM (l.block, l.slot, l.condition);
    -- What follows from the records.
    RETURN QUERY
        SELECT 'warning', 'units_not_built', format('context %s', c.name),
            'Records came without their triggers, or rct.unit was emptied: answers are read from the records, which is slower.', rebuild
        FROM rct.context c WHERE NOT EXISTS (SELECT FROM rct.unit u WHERE u.unit = c.built);
    RETURN QUERY
        SELECT 'error', 'unit_differs', format('%s %s', k.type, k.id), 'What rct.unit has of it is not what the records say.', rebuild
        FROM (SELECT x.type, x.id, rct._unit(x.type, x.id) AS unit FROM rct._record_units() x) k
        JOIN rct._unit_rows(ARRAY(SELECT x.type FROM rct._record_units() x ORDER BY x.type, x.id),
            ARRAY(SELECT x.id FROM rct._record_units() x ORDER BY x.type, x.id)) w ON w.unit = k.unit
        LEFT JOIN rct.unit u ON u.unit = k.unit
        WHERE EXISTS (SELECT FROM rct.context c JOIN rct.unit b ON b.unit = c.built)
        AND (u.unit IS NULL OR u.user_id IS DISTINCT FROM w.user_id OR NOT coalesce(u.units, '{}') @> coalesce(w.units, '{}')
            OR rct._facts_text(u.facts, moment) <> rct._facts_text(w.facts, moment));
    RETURN QUERY
        SELECT 'error', 'alias_differs', format('alias %s', a.alias), 'What rct.unit has of it is not what the records say.', rebuild
        FROM rct.alias a LEFT JOIN rct.unit u ON u.unit = rct._unit('user'::text, a.alias)
        WHERE EXISTS (SELECT FROM rct.context c JOIN rct.unit b ON b.unit = c.built) AND u.user_id IS DISTINCT FROM a.user_id;
    RETURN QUERY
        SELECT 'error', 'plan_differs', format('context %s', c.name), 'The compiled plan is not what the definitions say.', rebuild
        FROM rct.context c
        WHERE (c.plan IS DISTINCT FROM rct._experiment_compile(rct._plan_input(c.name, NULL::timestamptz)::text)
            OR c.digest IS DISTINCT FROM encode(substring(sha256(c.plan) FOR 16), 'hex')::uuid)
        AND (c.plan IS NOT NULL OR EXISTS (SELECT FROM rct.experiment e WHERE e.context = c.name));
    RETURN QUERY
        SELECT 'error', 'count_differs', format('experiment %s', e.key),
            format('Counted are %s users and %s groups, the enrollments are of %s and %s.', coalesce(c.users, 0), coalesce(c.groups, 0), n.users, n.groups), rebuild
        FROM rct.experiment e LEFT JOIN rct.enrollment_count c ON c.experiment_id = e.id, LATERAL rct._counted(e) n
        WHERE (e.spec #>> '{ending,users}' IS NOT NULL OR e.spec #>> '{ending,groups}' IS NOT NULL)
        AND (c.users, c.groups) IS DISTINCT FROM (n.users, n.groups);
    FOR r IN SELECT c.relname AS sequence, t.relname AS name FROM pg_depend d
        JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' AND d.classid = 'pg_class'::regclass
        JOIN pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
        WHERE c.relnamespace = 'rct'::regnamespace AND d.deptype = 'a' ORDER BY 1
    LOOP
        RETURN QUERY EXECUTE format(
            'SELECT ''warning'', ''sequence_behind'', %1$L, format(''It is at %%s, and rct.%3$s has rows up to %%s.'', s.last_value, m.id), %2$L
                FROM rct.%4$I s, (SELECT max(t.id) AS id FROM rct.%3$I t) m WHERE m.id > s.last_value OR m.id = s.last_value AND NOT s.is_called',
            'rct.' || r.sequence, rebuild, r.name, r.sequence);
    END LOOP;
    -- What others have done to the database.
    RETURN QUERY
        SELECT 'error', CASE WHEN t.oid IS NULL THEN 'trigger_missing' ELSE 'trigger_disabled' END, format('%s on rct.%s', x.trigger, x.name),
            'It keeps the records from being changed, or what follows from them up to date.',
            CASE WHEN t.oid IS NULL THEN 'Restore the database into a new one.' ELSE format('ALTER TABLE rct.%I ENABLE TRIGGER %I;', x.name, x.trigger) END
        FROM rct._triggers() x LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass(format('rct.%I', x.name)) AND t.tgname = x.trigger
        WHERE t.oid IS NULL OR t.tgenabled NOT IN ('O', 'A')
        UNION ALL
        SELECT 'error', 'trigger_disabled', 'event trigger rct_guard_removal', 'It keeps the records from being dropped with the extension.',
            'ALTER EVENT TRIGGER rct_guard_removal ENABLE ALWAYS;'
        WHERE NOT EXISTS (SELECT FROM pg_event_trigger v WHERE v.evtname = 'rct_guard_removal' AND v.evtenabled = 'A');
    RETURN QUERY
        SELECT 'error', 'stranger', pg_describe_object(d.classid, d.objid, d.objsubid), 'It is in schema rct, and no part of the extension.', 'Drop it, or move it to another schema.'
        FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = 'rct'::regnamespace
        AND d.classid <> 'pg_extension'::regclass AND NOT EXISTS (SELECT FROM pg_depend m
            WHERE m.classid = d.classid AND m.objid = d.objid AND m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e');
    RETURN QUERY
        SELECT 'error', 'open_right', g.object, format('Role %s has %s on it, which no function of the extension grants.', g.role, g.privilege), format('REVOKE it from %s.', g.role)
        FROM rct.grants() g WHERE g.source IS NULL;
    RETURN QUERY
        SELECT 'error', 'reader_unfit', format('role %s', x.role), format('It reads relations of the district, and %s.', p.problem), p.hint
        FROM rct.reader x, LATERAL rct._reader_problems(x.role) p WHERE x.ended_at = 'infinity';
    RETURN QUERY
        SELECT 'error', 'roster_missing', s.relation, p.problem, 'Mend it, or register another with rct.register_roster.'
        FROM rct.roster_source s, LATERAL (
            SELECT 'It is registered as the roster, and is not there.' AS problem WHERE to_regclass(s.relation) IS NULL
            UNION ALL
            SELECT format('It is registered as the roster, and has no column %s.', n.name)
            FROM unnest('{user_id,group_type,group_id}'::text[] || CASE WHEN s.has_working THEN '{working}'::text[] END || CASE WHEN s.has_during THEN '{during}'::text[] END) n (name)
            WHERE to_regclass(s.relation) IS NOT NULL AND NOT EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(s.relation) AND a.attname = n.name AND a.attnum > 0 AND NOT a.attisdropped)
            UNION ALL
            SELECT format('It is registered as the roster, and role "%s" may not read it.', x.role)
            FROM rct.reader x JOIN pg_roles r ON r.rolname = x.role WHERE x.ended_at = 'infinity' AND NOT has_table_privilege(r.oid, to_regclass(s.relation), 'SELECT')
        ) p
        WHERE s.ended_at = 'infinity';
END
$$;
COMMENT ON FUNCTION rct.verify() IS
    'what is wrong with the records, with what follows from them, or with who may do what; no row: nothing';

CREATE FUNCTION rct.rebuild() RETURNS TABLE (part text, count bigint)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 4 AS $$
#variable_conflict use_column
DECLARE
    token text := E'\x1f' || gen_random_uuid()::text;
    types text[];
    ids text[];
    r record;
BEGIN
    -- No mark and no change in the meantime.
    PERFORM rct._lock('context'::text, c.name, false) FROM (SELECT c.name FROM rct.context c ORDER BY c.name) c;
    LOCK TABLE rct.context, rct.unit IN SHARE ROW EXCLUSIVE MODE;
    -- Units of which nothing is recorded any more keep an empty row.
    UPDATE rct.unit u SET user_id = NULL, units = NULL, facts = NULL
        WHERE (u.user_id IS NOT NULL OR u.units IS NOT NULL OR u.facts IS NOT NULL)
        AND u.unit NOT IN (SELECT rct._unit(k.type, k.id) FROM rct._record_units() k UNION ALL SELECT rct._unit('user'::text, a.alias) FROM rct.alias a);
    SELECT array_agg(k.type), array_agg(k.id) INTO types, ids FROM rct._record_units() k;
    PERFORM rct._refresh(coalesce(types, '{}'::text[]), coalesce(ids, '{}'::text[]));
    INSERT INTO rct.unit (unit) VALUES (token);
    part := 'units';
    count := coalesce(cardinality(types), 0);
    RETURN NEXT;
    UPDATE rct.context c SET built = token;
    PERFORM rct._compile(c.name) FROM (SELECT c.name FROM rct.context c ORDER BY c.name) c;
    part := 'contexts';
    count := (SELECT count(*) FROM rct.context c);
    RETURN NEXT;
    PERFORM rct._count_enrollment(e.id) FROM rct.experiment e;
    part := 'counts';
    count := (SELECT count(*) FROM rct.enrollment_count c);
    RETURN NEXT;
    part := 'sequences';
    count := 0;
    FOR r IN SELECT v.place FROM rct.verify() v WHERE v.code = 'sequence_behind' LOOP
        EXECUTE format('SELECT pg_catalog.setval(%L, (SELECT pg_catalog.max(t.id) FROM %s t))', r.place, regexp_replace(r.place, '_id_seq$', ''));
        count := count + 1;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION rct.rebuild() IS
    'renews all that follows from the records: what is packed of each user and group, the plans of contexts, counts, and sequences that are behind; says how many of each';
