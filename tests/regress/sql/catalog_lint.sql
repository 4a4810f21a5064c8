-- What must be true of every object of the extension. Each check lists the exceptions; there are none. What may be different is
-- listed here, so that a new function that reads, writes or is for everybody is a decision.

-- The objects: members of the extension, and everything in its schema.
CREATE VIEW object AS
SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name
FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
                     AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_rct');
CREATE VIEW routine AS
SELECT p.*, p.oid::regprocedure::text AS name, p.prokind = 'a' AS is_aggregate, p.proname LIKE '\_%' AS is_internal,
       'internal'::regtype = ANY (p.proargtypes) OR p.oid IN (SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend]) FROM pg_type
                                                            WHERE typnamespace = 'rct'::regnamespace AND typtype = 'b') AS is_support
FROM pg_proc AS p WHERE p.pronamespace = 'rct'::regnamespace;
CREATE VIEW may AS SELECT p.oid, a.grantee, a.privilege_type FROM pg_proc AS p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
                  WHERE p.pronamespace = 'rct'::regnamespace AND a.grantee <> p.proowner;
SELECT (SELECT count(*) > 50 FROM object) AS objects, (SELECT count(*) > 50 FROM routine) AS routines,
       (SELECT count(*) > 20 FROM routine WHERE is_aggregate) AS aggregates;

-- Objects without a comment. (Array types have none; nobody can give them one that pg_dump keeps. Nor have the row types of tables
-- and views, which are members of the extension since PostgreSQL 17. A family of operators comes with its class.)
SELECT name FROM object
WHERE CASE WHEN classid = 'pg_type'::regclass THEN (SELECT typcategory <> 'A' AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = typrelid AND relkind <> 'c')
                                                    FROM pg_type WHERE oid = objid) ELSE classid <> 'pg_opfamily'::regclass END
      AND obj_description(objid, classid::regclass::text::name) IS NULL;
-- Objects in the schema that do not belong to the extension.
SELECT 'routine' AS kind, name FROM routine WHERE oid NOT IN (SELECT objid FROM object WHERE classid = 'pg_proc'::regclass)
UNION ALL
SELECT 'type', typname FROM pg_type WHERE typnamespace = 'rct'::regnamespace AND typcategory <> 'A' AND (typrelid = 0 OR (SELECT relkind = 'c' FROM pg_class WHERE oid = typrelid))
                                          AND oid NOT IN (SELECT objid FROM object WHERE classid = 'pg_type'::regclass)
UNION ALL
SELECT 'relation', relname FROM pg_class WHERE relnamespace = 'rct'::regnamespace AND relkind NOT IN ('i', 't', 'c')
                                               AND oid NOT IN (SELECT objid FROM object WHERE classid = 'pg_class'::regclass);
-- Objects of the extension that are elsewhere.
SELECT o.name FROM object AS o JOIN pg_proc AS p ON p.oid = o.objid AND o.classid = 'pg_proc'::regclass WHERE p.pronamespace <> 'rct'::regnamespace
UNION ALL
SELECT o.name FROM object AS o JOIN pg_type AS t ON t.oid = o.objid AND o.classid = 'pg_type'::regclass WHERE t.typnamespace <> 'rct'::regnamespace;
-- Everything has the owner that the extension has.
SELECT name FROM routine WHERE proowner <> (SELECT extowner FROM pg_extension WHERE extname = 'pg_rct');
SELECT relname FROM pg_class WHERE relnamespace = 'rct'::regnamespace AND relowner <> (SELECT extowner FROM pg_extension WHERE extname = 'pg_rct');

-- VOLATILE is for functions that write, for the time from which something holds, and for triggers.
CREATE TABLE writer (proname name PRIMARY KEY);
INSERT INTO writer VALUES
    ('create_experiment'), ('update_experiment'), ('set_status'), ('clone_experiment'), ('import_experiment'), ('import_upgrade'),
    ('create_segment'), ('add_members'), ('remove_members'), ('add_to_list'), ('remove_from_list'), ('set_preview_user'), ('remove_preview_user'),
    ('set_groups'), ('set_working_groups'), ('add_alias'), ('load_roster'), ('register_roster'), ('randomize_experiment'), ('place_late'), ('mark'),
    ('declare_metric'), ('drop_metric'), ('log'), ('log_batch'), ('grant_service'), ('grant_analyst'), ('grant_admin'), ('grant_reader'), ('rebuild'),
    ('_add_members'), ('_remove_members'), ('_compile'), ('_compile_all'), ('_count_enrollment'), ('_end_if_full'), ('_exclude_reached'),
    ('_experiment_for_update'), ('_follow_groups'), ('_replace_memberships'), ('_load_roster'), ('_set_groups'), ('_place'), ('_grant_functions'), ('_check_at'), ('_refresh'), ('_lock_user'), ('_add_context'), ('_revoke_all'),
    ('_lock'), ('_next_id');
SELECT name FROM routine WHERE provolatile = 'v' AND proname NOT IN (TABLE writer) AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype);
SELECT name, provolatile FROM routine WHERE proname IN (TABLE writer) AND provolatile <> 'v';
SELECT proname FROM writer WHERE proname NOT IN (SELECT proname FROM routine);
-- In C there is nothing that reads a table, except what these read: a roster, a sequence.
SELECT name FROM routine WHERE prolang = (SELECT oid FROM pg_language WHERE lanname = 'c') AND provolatile <> 'i'
    AND proname NOT IN ('_lock', '_next_id', '_read_roster', '_guard_removal');
-- Not PARALLEL SAFE are functions that write, and those that read the registered roster, in a subtransaction.
CREATE TABLE reads_roster (proname name PRIMARY KEY);
INSERT INTO reads_roster VALUES ('_read_roster'), ('_registered_roster'), ('_recorded_facts'), ('_roster'), ('_memberships'), ('assign'), ('condition_for'), ('assign_all'), ('explain'), ('roster_at'), ('verify'), ('suspicious_ids');
SELECT name, proparallel FROM routine
WHERE proparallel <> CASE WHEN provolatile = 'v' THEN 'u' WHEN proname IN (TABLE reads_roster) THEN 'u' ELSE 's' END;
SELECT proname FROM reads_roster WHERE proname NOT IN (SELECT proname FROM routine);
-- Pure functions that are not STRICT, though no argument may be NULL: rows of aggregates, the state of a final function, the left
-- state of a combine function, and functions that tell which argument was NULL are the only ones.
SELECT name FROM routine
WHERE NOT is_aggregate AND NOT proisstrict AND provolatile = 'i' AND NOT is_internal
      AND proname NOT IN ('_metric_query', 'arms', 'attrition', 'balance', 'balance_joint', 'cace', 'cells', 'choose', 'cluster_diagnostics',
          'clusters_needed', 'coefficients', 'confidence_sequence', 'confidence_sequence_looks', 'contrasts', 'design_effect', 'duration',
          'effect_sizes', 'effects', 'equivalence', 'harm_probability', 'icc', 'impossible_patterns', 'influence', 'interaction_test', 'joint_test',
          'lee_bounds', 'lint_design', 'manski_bounds', 'mde', 'missing_balance', 'non_inferiority', 'notes', 'p_adjust_families', 'pool_imputations',
          'power', 'power_table', 'quantile_effects', 'randomization_test', 'randomize', 'response_weights', 'roster_se', 'sequential_bounds',
          'sequential_test', 'simulate', 'simulate_roster', 'simultaneous_intervals', 'srm', 'srm_blocked', 'srm_by_stratum', 'srm_looks',
          'srm_sequential', 'subgroup_effects', 'trial', 'variance_components', 'wild_bootstrap');
-- Functions that hide what a NULL state means.
SELECT name FROM routine WHERE proisstrict AND oid IN (SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggfinalfn]) FROM pg_aggregate);

-- Aggregates that cannot be computed in parallel, that do not say how large a state is, or whose final function may change it.
SELECT a.name FROM routine AS a JOIN pg_aggregate AS g ON g.aggfnoid = a.oid
WHERE g.aggcombinefn = 0 OR g.aggserialfn = 0 OR g.aggdeserialfn = 0 OR a.proparallel <> 's';
SELECT a.name FROM routine AS a JOIN pg_aggregate AS g ON g.aggfnoid = a.oid WHERE g.aggtransspace <= 0 AND g.aggtranstype = 'internal'::regtype;
SELECT a.name FROM routine AS a JOIN pg_aggregate AS g ON g.aggfnoid = a.oid WHERE g.aggfinalmodify <> 'r';
-- Arguments without a name.
SELECT name FROM routine WHERE NOT is_internal AND pronargs > 0 AND (proargnames IS NULL OR '' = ANY (proargnames));
-- Arguments and columns by names that others have. (The difference of two proportions is one of several measures of them.)
SELECT name, n AS argument FROM routine, unnest(proargnames) AS n
WHERE n IN ('alpha', 'condition_names', 'control_condition', 'difference', 'n_draws', 'power_for_delta', 'seed_used', 'segments_compared') AND proname <> 'two_proportions';
-- Results: those that compare a condition with the control have these columns, in this order, and notes come last. (An interaction
-- test has its F first.)
CREATE VIEW result AS
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) AS columns FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind = 'c' AND a.attnum > 0 AND NOT a.attisdropped GROUP BY c.relname;
SELECT count(*) > 15 AS results, count(*) FILTER (WHERE columns @> '{condition,control,estimate}') > 10 AS compare FROM result;
SELECT relname, columns FROM result WHERE columns @> '{condition,control,estimate}'
    AND (columns[1:3] <> '{outcome,condition,control}'
         OR ARRAY(SELECT n FROM unnest('{outcome,condition,control,estimate,std_error,df,t,p_value,ci_low,ci_high,n,n_control,clusters,clusters_control}'::text[]) WITH ORDINALITY AS u (n, i) WHERE n = ANY (columns) ORDER BY i)
            <> ARRAY(SELECT n FROM unnest(columns) WITH ORDINALITY AS u (n, i)
                     WHERE n = ANY ('{outcome,condition,control,estimate,std_error,df,t,p_value,ci_low,ci_high,n,n_control,clusters,clusters_control}') ORDER BY i)) AND relname <> 'interaction_test_row';
SELECT relname FROM result WHERE columns[cardinality(columns)] <> 'notes' AND relname NOT IN ('trial', 'published_effect_size', 'finding');
-- Notes that are written in SQL, and are not in the registry.
SELECT name, m[1] AS note FROM routine, regexp_matches(prosrc, '''([a-z][a-z_]+): ', 'g') AS m WHERE m[1] NOT IN (SELECT code FROM rct.notes());
-- Support functions that nothing uses, and some that do not show that they are.
SELECT name FROM routine
WHERE is_support AND oid NOT IN (SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggserialfn, aggdeserialfn, aggfinalfn]) FROM pg_aggregate)
      AND oid NOT IN (SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend]) FROM pg_type WHERE typnamespace = 'rct'::regnamespace);
SELECT name FROM routine WHERE is_support AND NOT is_internal;
-- Functions whose number of rows the planner has to guess.
SELECT name, prorows FROM routine WHERE proretset AND prorows = 1000 AND proname NOT IN ('cells', 'roster_at', '_roster', '_facts', '_member_rows', 'place_late', '_read_roster');

-- SECURITY DEFINER or a trigger without a search_path in which nobody can put anything first; settings of other functions than these and
-- internal ones, which are called with that path.
SELECT name, proconfig FROM routine
WHERE (prosecdef OR prorettype = 'trigger'::regtype) AND proconfig IS DISTINCT FROM '{"search_path=pg_catalog, pg_temp"}';
SELECT name, proconfig FROM routine WHERE proconfig IS NOT NULL
      AND array_remove(proconfig, 'plan_cache_mode=force_generic_plan') <> '{"search_path=pg_catalog, pg_temp"}';
-- Bodies in which a name is looked up at the time of the call, and not by that path.
SELECT r.name FROM routine AS r JOIN pg_language AS l ON l.oid = r.prolang WHERE l.lanname IN ('sql', 'plpgsql') AND r.prosqlbody IS NULL AND r.proconfig IS NULL;
-- A table is read and written by the functions, not by who calls: what is for roles is SECURITY DEFINER, apart from functions for the
-- owner only, and those that read a relation of the caller.
SELECT name FROM routine WHERE NOT is_internal AND provolatile <> 'i' AND NOT prosecdef AND proname NOT IN ('grant_service', 'grant_analyst', 'grant_admin', 'grant_reader', 'load_roster', 'suspicious_ids');
SELECT name FROM routine WHERE prosecdef AND (is_internal AND proname NOT IN ('_load_roster', '_reader') OR provolatile = 'i');
-- Code that is not the extension's library, SQL or PL/pgSQL.
SELECT name, probin FROM routine AS r JOIN pg_language AS l ON l.oid = r.prolang
WHERE NOT is_aggregate AND CASE l.lanname WHEN 'c' THEN probin <> '$libdir/pg_rct' ELSE l.lanname NOT IN ('sql', 'plpgsql') END;

-- EXECUTE for everybody: pure functions, which are listed here.
CREATE TABLE pure (proname name PRIMARY KEY);
INSERT INTO pure VALUES ('_experiment_schema'), ('arms'), ('attrition'), ('balance'), ('balance_joint'), ('bucket'), ('cace'), ('cells'),
    ('choose'), ('cluster_diagnostics'), ('cluster_key'), ('clusters_needed'), ('coefficients'), ('confidence_sequence'),
    ('confidence_sequence_looks'), ('contrasts'), ('cox_index'), ('design_effect'), ('distribution'), ('duration'), ('effect_sizes'),
    ('effects'), ('equivalence'), ('experiment_schema'), ('first'), ('harm_probability'), ('icc'), ('impossible_patterns'), ('in_rollout'),
    ('influence'), ('information_fractions'), ('interaction_test'), ('joint_test'), ('last'), ('lee_bounds'), ('lint_design'), ('logistic'),
    ('logistic_predict'), ('logistic_rows'), ('manski_bounds'), ('mde'), ('median'), ('missing_balance'), ('non_inferiority'), ('notes'),
    ('p_adjust'), ('p_adjust_families'), ('pool_imputations'), ('power'), ('power_table'), ('proportion_interval'), ('quantile_effects'),
    ('randomization_test'), ('randomize'), ('reduce'), ('response_weights'), ('rollup'), ('roster_se'), ('sequential_bounds'),
    ('sequential_test'), ('simulate'), ('simulate_roster'), ('simultaneous_intervals'), ('sketch'), ('sketch_info'), ('srm'),
    ('srm_blocked'), ('srm_by_stratum'), ('srm_looks'), ('srm_sequential'), ('student_sketch'), ('subgroup_effects'), ('trial'),
    ('two_proportions'), ('variance_components'), ('wild_bootstrap'), ('wwc_attrition'), ('wwc_correct_t');
SELECT name FROM routine WHERE oid IN (SELECT oid FROM may WHERE grantee = 0) AND (provolatile <> 'i' OR proname NOT IN (TABLE pure));
-- (srm and impossible_patterns have a form that reads the tables, too.)
SELECT name FROM routine WHERE proname IN (TABLE pure) AND provolatile = 'i' AND oid NOT IN (SELECT oid FROM may WHERE grantee = 0);
SELECT proname FROM pure WHERE proname NOT IN (SELECT proname FROM routine);
-- Rights of anybody else than the owner and everybody.
SELECT oid::regprocedure, grantee::regrole FROM may WHERE grantee <> 0;
-- Rights on tables and sequences of anybody else than the owner; rights on columns.
SELECT relname, grantee, privilege_type FROM pg_class AS c, aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) AS a
WHERE relnamespace = 'rct'::regnamespace AND relkind IN ('r', 'v', 'm', 'S', 'p', 'f') AND a.grantee <> relowner;
SELECT attrelid::regclass, attname FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'rct'::regnamespace);
-- The schema can be used by everybody, and changed by its owner only.
SELECT grantee, privilege_type FROM pg_namespace, aclexplode(nspacl)
WHERE nspname = 'rct' AND grantee <> nspowner AND NOT (grantee = 0 AND privilege_type = 'USAGE' AND NOT is_grantable);
SELECT has_schema_privilege('public', 'rct', 'USAGE') AS "usage", has_schema_privilege('public', 'rct', 'CREATE') AS "create";

-- Tables and sequences that pg_dump would not save, or only in part. rct.unit follows from the others.
CREATE VIEW saved AS SELECT unnest(extconfig) AS oid, unnest(extcondition) AS condition FROM pg_extension WHERE extname = 'pg_rct';
SELECT c.relname, c.relkind FROM pg_class AS c WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind IN ('r', 'S', 'p', 'm') AND c.relname <> 'unit' AND c.oid NOT IN (SELECT oid FROM saved);
SELECT oid::regclass, condition FROM saved WHERE condition <> '';
-- Tables without a primary key or a description of what they are for; columns that hold times without a zone; names that clash with types.
SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind = 'r'
                                          AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary);
SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
      AND a.atttypid IN ('timestamp'::regtype, 'time'::regtype, 'timetz'::regtype, 'char'::regtype, 'varchar'::regtype, 'money'::regtype, 'json'::regtype);
-- Records that could be rewritten: tables without a trigger that refuses DELETE and TRUNCATE. These hold what follows from others, or
-- what may be taken back. (That rct.unit was emptied is noticed.)
SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ('metric', 'unit')
      AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only' AND t.tgenabled = 'O' AND t.tgtype & 40 = 40);
-- The triggers that rct.verify looks for are all that there are.
SELECT c.relname::text, t.tgname::text FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid WHERE c.relnamespace = 'rct'::regnamespace AND NOT t.tgisinternal EXCEPT SELECT name, trigger FROM rct._triggers();
SELECT name, trigger FROM rct._triggers() EXCEPT SELECT c.relname::text, t.tgname::text FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid;
-- Foreign keys, and defaults or checks that look names up: a restore loads tables in any order, several at once, and with no path.
SELECT conrelid::regclass, conname FROM pg_constraint WHERE connamespace = 'rct'::regnamespace AND contype = 'f';
-- Columns that refer to another table are those that rct.verify checks.
SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind = 'r' AND a.attname ~ '^(experiment|segment|include|exclude|parent|child|run)_id$'
      AND (c.relname, a.attname) NOT IN (SELECT child, child_column FROM rct._references());
-- Indexes that cannot be used.
SELECT indexrelid::regclass FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE c.relnamespace = 'rct'::regnamespace AND NOT i.indisvalid;
-- Types: binary input and output, and room to grow.
SELECT typname FROM pg_type WHERE typnamespace = 'rct'::regnamespace AND typtype = 'b' AND typcategory <> 'A'
                                  AND (typreceive = 0 OR typsend = 0 OR typlen <> -1 OR typstorage <> 'x');
-- Casts that happen without being asked for.
SELECT castsource::regtype, casttarget::regtype, castcontext FROM pg_cast
WHERE castcontext <> 'e' AND 'rct'::regnamespace IN (SELECT typnamespace FROM pg_type WHERE oid IN (castsource, casttarget));
-- Operators: those that compare two sketches, where every search_path finds them, and nothing else.
SELECT oprname, oprnamespace::regnamespace, oprleft::regtype, oprright::regtype, oprcanhash, oprcanmerge, oprcode::regproc, proisstrict AND proleakproof AND provolatile = 'i' AS pure
FROM pg_operator AS o JOIN pg_proc AS p ON p.oid = o.oprcode
WHERE o.oid IN (SELECT objid FROM object WHERE classid = 'pg_operator'::regclass) OR 'rct'::regnamespace IN (oprnamespace, pronamespace) ORDER BY oprname;
-- Operators without the planner's functions, or whose commutator or negator is not the other one of the two.
SELECT o.oid::regoperator FROM pg_operator AS o
WHERE o.oid IN (SELECT objid FROM object WHERE classid = 'pg_operator'::regclass)
      AND (oprrest = 0 OR oprjoin = 0 OR (SELECT oprcom FROM pg_operator AS c WHERE c.oid = o.oprcom) IS DISTINCT FROM o.oid
           OR (SELECT oprnegate FROM pg_operator AS n WHERE n.oid = o.oprnegate) IS DISTINCT FROM o.oid);
SELECT amname, opcname, opcintype::regtype, opcdefault, (SELECT array_agg(amopopr::regoperator ORDER BY amopstrategy) FROM pg_amop WHERE amopfamily = opcfamily) AS operators,
       (SELECT array_agg(amproc ORDER BY amprocnum) FROM pg_amproc WHERE amprocfamily = opcfamily) AS functions
FROM pg_opclass AS c JOIN pg_am AS a ON a.oid = c.opcmethod WHERE c.oid IN (SELECT objid FROM object WHERE classid = 'pg_opclass'::regclass) ORDER BY 1;
-- Rules, roles and what else there is: none; and one event trigger.
SELECT name FROM object
WHERE classid NOT IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_cast'::regclass, 'pg_namespace'::regclass, 'pg_class'::regclass, 'pg_operator'::regclass,
                      'pg_opclass'::regclass, 'pg_opfamily'::regclass)
      AND name <> 'event trigger rct_guard_removal';
-- Settings are limits and confirmations; none changes a result. (The first call loads the library.)
SELECT rct.median(1);
SELECT name, context, vartype, unit FROM pg_settings WHERE name LIKE 'rct.%' AND name NOT IN ('rct.memory_limit', 'rct.confirm_drop');
SELECT name, context, unit, boot_val, short_desc IS NOT NULL AS described FROM pg_settings WHERE name LIKE 'rct.%';
