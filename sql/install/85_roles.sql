-- Gives existing roles what they need and no more. Only the owner of the extension can call these: they are SECURITY INVOKER,
-- and only the owner has what they pass on.

CREATE FUNCTION rct._grant_functions(grantee regrole, names text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    f regprocedure;
BEGIN
    IF grantee IS NULL THEN
        RAISE EXCEPTION 'role must not be NULL' USING ERRCODE = 'null_value_not_allowed', HINT = 'Name an existing role.';
    ELSIF NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = grantee) THEN
        RAISE EXCEPTION 'role % does not exist', grantee USING ERRCODE = 'undefined_object', HINT = 'Name an existing role.';
    END IF;
    FOR f IN SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'rct'::regnamespace AND p.proname = ANY (names) ORDER BY 1
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', f, grantee);
    END LOOP;
END
$$;
COMMENT ON FUNCTION rct._grant_functions(regrole, text[]) IS 'internal: lets a role call functions';

CREATE FUNCTION rct.grant_service(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM rct._grant_functions(role,
        '{assign,condition_for,mark,log,log_batch,set_groups,set_working_groups,add_alias}');
END
$$;
COMMENT ON FUNCTION rct.grant_service(regrole) IS
    'lets the role of an application ask for conditions, mark, log and tell the groups of its users; it reads no table';

CREATE FUNCTION rct.grant_analyst(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t regclass;
BEGIN
    PERFORM rct._grant_functions(role,
        '{explain,assign_all,experiment_spec,export_experiment,current_status,preflight,segment_members,roster_at,replay,metric_results,metric_values,srm,impossible_patterns}');
    FOR t IN SELECT c.oid FROM pg_class c
        WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname <> 'context' ORDER BY 1
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
    PERFORM rct._grant_functions(role,
        '{create_experiment,update_experiment,set_status,clone_experiment,import_experiment,import_upgrade,create_segment,add_members,remove_members,add_to_list,remove_from_list,set_preview_user,remove_preview_user,load_roster,_load_roster,_relation_columns,register_roster,randomize_experiment,place_late,declare_metric,drop_metric}');
END
$$;
COMMENT ON FUNCTION rct.grant_admin(regrole) IS
    'lets a role define and run experiments, besides what services and analysts may do; tables are changed by functions only';
