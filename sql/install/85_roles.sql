-- Gives existing roles what they need and no more. Only the owner of the extension can call the functions that give: they are
-- SECURITY INVOKER, and only the owner has what they pass on.

-- What each kind of role may call.
CREATE FUNCTION rct._rights() RETURNS TABLE (source text, routine text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp ROWS 50 AS $$
    SELECT r.source, n.routine
    FROM (VALUES
        ('grant_service', '{assign,condition_for,mark,log,log_batch,set_groups,set_working_groups,add_alias}'::text[]),
        ('grant_analyst', '{explain,assign_all,experiment_spec,export_experiment,current_status,preflight,segment_members,roster_at,
            replay,metric_results,metric_values,srm,impossible_patterns,suspicious_ids,_folded,_similar}'),
        ('grant_admin', '{create_experiment,update_experiment,set_status,clone_experiment,import_experiment,import_upgrade,
            create_segment,add_members,remove_members,add_to_list,remove_from_list,set_preview_user,remove_preview_user,
            load_roster,_load_roster,_read_roster,_reader,_relation_columns,register_roster,randomize_experiment,place_late,
            declare_metric,drop_metric,grants,verify,rebuild}')) r (source, routines),
        unnest(r.routines) n (routine)
$$;
COMMENT ON FUNCTION rct._rights() IS 'internal: the functions that rct.grant_service, grant_analyst and grant_admin let a role call';

CREATE FUNCTION rct._grant_functions(grantee regrole, source text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    f regprocedure;
BEGIN
    IF grantee IS NULL THEN
        RAISE EXCEPTION 'role must not be NULL' USING ERRCODE = 'null_value_not_allowed', HINT = 'Name an existing role.';
    ELSIF NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = grantee) THEN
        RAISE EXCEPTION 'role % does not exist', grantee USING ERRCODE = 'undefined_object', HINT = 'Name an existing role.';
    END IF;
    -- Only what belongs to the extension: not what somebody else has put beside it under the same name.
    FOR f IN SELECT p.oid FROM pg_proc p JOIN rct._rights() r ON r.routine = p.proname
        WHERE p.pronamespace = 'rct'::regnamespace AND r.source = _grant_functions.source
        AND p.proowner = (SELECT x.extowner FROM pg_extension x WHERE x.extname = 'pg_rct') ORDER BY 1
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', f, grantee);
    END LOOP;
END
$$;
COMMENT ON FUNCTION rct._grant_functions(regrole, text) IS 'internal: lets a role call functions';

CREATE FUNCTION rct.grant_service(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM rct._grant_functions(role, 'grant_service'::text);
END
$$;
COMMENT ON FUNCTION rct.grant_service(regrole) IS
    'lets the role of an application ask for conditions, mark, log and tell the groups of its users; it reads no table';

CREATE FUNCTION rct.grant_analyst(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t regclass;
BEGIN
    PERFORM rct._grant_functions(role, 'grant_analyst'::text);
    FOR t IN SELECT c.oid FROM pg_class c
        WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname <> 'context'
        AND c.relowner = (SELECT x.extowner FROM pg_extension x WHERE x.extname = 'pg_rct') ORDER BY 1
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO %s', t, role);
    END LOOP;
END
$$;
COMMENT ON FUNCTION rct.grant_analyst(regrole) IS 'lets a role read experiments, their records and results; it changes nothing';

CREATE FUNCTION rct.grant_admin(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM rct.grant_service(role);
    PERFORM rct.grant_analyst(role);
    PERFORM rct._grant_functions(role, 'grant_admin'::text);
END
$$;
COMMENT ON FUNCTION rct.grant_admin(regrole) IS
    'lets a role define and run experiments, besides what services and analysts may do; tables are changed by functions only';

CREATE FUNCTION rct.grants() RETURNS TABLE (role text, object text, privilege text, source text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 100 AS $$
    SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE a.grantee::regrole::text END, a.object, a.privilege_type, a.source
    FROM (
        SELECT x.grantee, p.oid::regprocedure::text AS object, x.privilege_type,
            CASE WHEN x.grantee <> 0 AND NOT x.is_grantable THEN (SELECT min(r.source) FROM rct._rights() r WHERE r.routine = p.proname) END AS source,
            -- Pure functions are for everybody.
            x.grantee = 0 AND p.provolatile = 'i' AND (p.proname NOT LIKE '\_%' OR p.proname = '_experiment_schema') AS meant
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
        WHERE p.pronamespace = 'rct'::regnamespace AND x.grantee <> p.proowner
        UNION ALL
        SELECT x.grantee, c.oid::regclass::text, x.privilege_type,
            CASE WHEN x.grantee <> 0 AND NOT x.is_grantable AND x.privilege_type = 'SELECT' AND c.relkind IN ('r', 'v') AND c.relname <> 'context'
                THEN 'grant_analyst' END, false
        FROM pg_class c, aclexplode(c.relacl) x WHERE c.relnamespace = 'rct'::regnamespace AND x.grantee <> c.relowner
        UNION ALL
        SELECT x.grantee, format('%s(%s)', c.oid::regclass, t.attname), x.privilege_type, NULL, false
        FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid, aclexplode(t.attacl) x
        WHERE c.relnamespace = 'rct'::regnamespace AND x.grantee <> c.relowner
        UNION ALL
        SELECT x.grantee, 'schema rct', x.privilege_type, NULL, x.grantee = 0 AND x.privilege_type = 'USAGE' AND NOT x.is_grantable
        FROM pg_namespace n, aclexplode(n.nspacl) x WHERE n.nspname = 'rct' AND x.grantee <> n.nspowner
        UNION ALL
        SELECT x.grantee, 'type ' || t.oid::regtype, x.privilege_type, NULL, x.grantee = 0 AND NOT x.is_grantable
        FROM pg_type t, aclexplode(t.typacl) x WHERE t.typnamespace = 'rct'::regnamespace AND x.grantee <> t.typowner
    ) a
    WHERE NOT a.meant
    ORDER BY 1, 2, 3
$$;
COMMENT ON FUNCTION rct.grants() IS
    'what roles other than the owner may do with objects of the extension, and which function grants it (source; NULL: none does, so that it is open by something else); what everybody may do as meant is left out';

-- What is wrong with a role as the reader; no row: nothing.
CREATE FUNCTION rct._reader_problems(role text) RETURNS TABLE (problem text, hint text)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
    SELECT 'does not exist', 'Create it again, or name another with rct.grant_reader.'
    WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = $1)
    UNION ALL
    SELECT 'is ' || p.power, 'Name a role without rights of its own.'
    FROM pg_roles r, LATERAL (VALUES (r.rolsuper, 'a superuser'), (r.rolcreaterole, 'allowed to create roles'),
        (r.rolcreatedb, 'allowed to create databases'), (r.rolreplication, 'allowed to replicate'),
        (r.rolbypassrls, 'exempt from row-level security')) p (holds, power)
    WHERE r.rolname = $1 AND p.holds
    UNION ALL
    SELECT format('is a member of role %s', m.roleid::regrole), format('REVOKE %s FROM %s.', m.roleid::regrole, m.member::regrole)
    FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid WHERE r.rolname = $1
    UNION ALL
    SELECT 'owns objects', 'Name a role that owns nothing, in no database.'
    FROM pg_roles r WHERE r.rolname = $1
    AND EXISTS (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o')
    UNION ALL
    SELECT format('has %s on %s', g.privilege, g.object), format('Revoke it: the reader needs no rights on the extension''s own objects.')
    FROM rct.grants() g WHERE g.role = $1
$$;
COMMENT ON FUNCTION rct._reader_problems(text) IS 'internal: why a role cannot read relations of the district for the extension; no row: it can';

CREATE FUNCTION rct.grant_reader(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reader text := (SELECT r.rolname FROM pg_roles r WHERE r.oid = grant_reader.role);
    bad record;
BEGIN
    IF grant_reader.role IS NULL THEN
        RAISE EXCEPTION 'role must not be NULL' USING ERRCODE = 'null_value_not_allowed', HINT = 'Name an existing role.';
    ELSIF reader IS NULL THEN
        RAISE EXCEPTION 'role % does not exist', grant_reader.role USING ERRCODE = 'undefined_object', HINT = 'Name an existing role.';
    END IF;
    SELECT p.problem, p.hint INTO bad FROM rct._reader_problems(reader) p LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'role "%" cannot read relations of the district: it %', reader, bad.problem USING
            ERRCODE = 'insufficient_privilege',
            DETAIL = 'Code of others, in the relations that it reads, runs with its rights, so it must have none.', HINT = bad.hint;
    END IF;
    LOCK TABLE rct.reader IN SHARE ROW EXCLUSIVE MODE;
    UPDATE rct.reader x SET ended_at = clock_timestamp() WHERE x.ended_at = 'infinity';
    INSERT INTO rct.reader (role) VALUES (reader);
END
$$;
COMMENT ON FUNCTION rct.grant_reader(regrole) IS
    'names the role that reads relations of the district, such as a registered roster, for the functions of the extension: one that owns nothing and may do nothing except read what it is given';
