-- What must be true of every object of the extension. Each check lists the exceptions; there are none.

-- The objects: members of the extension, and everything in its schema.
CREATE VIEW object AS
SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name
FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
                     AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_rct');
CREATE VIEW routine AS
SELECT p.*, p.oid::regprocedure::text AS name, p.prokind = 'a' AS is_aggregate, p.proname LIKE '\_%' AS is_support
FROM pg_proc AS p WHERE p.pronamespace = 'rct'::regnamespace;
SELECT (SELECT count(*) > 50 FROM object) AS objects, (SELECT count(*) > 50 FROM routine) AS routines,
       (SELECT count(*) > 20 FROM routine WHERE is_aggregate) AS aggregates;

-- Objects without a comment. (The array type has none; nobody can give it one that pg_dump keeps.)
SELECT name FROM object
WHERE CASE WHEN classid = 'pg_type'::regclass THEN (SELECT typcategory <> 'A' FROM pg_type WHERE oid = objid) ELSE true END
      AND obj_description(objid, classid::regclass::text::name) IS NULL;
-- Objects in the schema that do not belong to the extension.
SELECT 'routine' AS kind, name FROM routine WHERE oid NOT IN (SELECT objid FROM object WHERE classid = 'pg_proc'::regclass)
UNION ALL
SELECT 'type', typname FROM pg_type WHERE typnamespace = 'rct'::regnamespace AND typcategory <> 'A' AND typrelid = 0
                                          AND oid NOT IN (SELECT objid FROM object WHERE classid = 'pg_type'::regclass)
UNION ALL
SELECT 'relation', relname FROM pg_class WHERE relnamespace = 'rct'::regnamespace
                                               AND oid NOT IN (SELECT objid FROM object WHERE classid = 'pg_class'::regclass);
-- Objects of the extension that are elsewhere.
SELECT o.name FROM object AS o JOIN pg_proc AS p ON p.oid = o.objid AND o.classid = 'pg_proc'::regclass WHERE p.pronamespace <> 'rct'::regnamespace
UNION ALL
SELECT o.name FROM object AS o JOIN pg_type AS t ON t.oid = o.objid AND o.classid = 'pg_type'::regclass WHERE t.typnamespace <> 'rct'::regnamespace;
-- Everything has the owner that the extension has.
SELECT name FROM routine WHERE proowner <> (SELECT extowner FROM pg_extension WHERE extname = 'pg_rct');

-- Pure functions that are not IMMUTABLE, or not PARALLEL SAFE; all are pure so far.
SELECT name, provolatile FROM routine WHERE provolatile <> 'i';
SELECT name, proparallel FROM routine WHERE proparallel <> 's';
-- Not STRICT, though no argument may be NULL: rows of aggregates, the state of a final function, the left state of a combine function, and
-- functions that tell which argument was NULL are the only ones.
SELECT name FROM routine
WHERE NOT is_aggregate AND NOT proisstrict
      AND oid NOT IN (SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggfinalfn]) FROM pg_aggregate)
      AND proname NOT IN ('effects', 'effects_joint', 'icc', 'design_effect', 'choose', 'randomize', 'lint_design');
-- Functions that hide what a NULL state means.
SELECT name FROM routine WHERE proisstrict AND oid IN (SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggfinalfn]) FROM pg_aggregate);

-- Aggregates that can not be computed in parallel, that do not say how large a state is, or whose final function may change it.
SELECT a.name FROM routine AS a JOIN pg_aggregate AS g ON g.aggfnoid = a.oid
WHERE g.aggcombinefn = 0 OR g.aggserialfn = 0 OR g.aggdeserialfn = 0 OR a.proparallel <> 's';
SELECT a.name FROM routine AS a JOIN pg_aggregate AS g ON g.aggfnoid = a.oid WHERE g.aggtransspace <= 0 AND g.aggtranstype = 'internal'::regtype;
SELECT a.name FROM routine AS a JOIN pg_aggregate AS g ON g.aggfnoid = a.oid WHERE g.aggfinalmodify <> 'r';
-- Arguments without a name.
SELECT name FROM routine WHERE NOT is_support AND pronargs > 0 AND (proargnames IS NULL OR '' = ANY (proargnames));
-- Support functions that nothing uses.
SELECT name FROM routine
WHERE is_support AND oid NOT IN (SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggserialfn, aggdeserialfn, aggfinalfn]) FROM pg_aggregate)
      AND oid NOT IN (SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend]) FROM pg_type WHERE typnamespace = 'rct'::regnamespace);
-- Support functions that take something from a caller: each has an argument that nobody can write.
SELECT name FROM routine
WHERE is_support AND NOT 'internal'::regtype = ANY (proargtypes)
      AND oid NOT IN (SELECT unnest(ARRAY[typinput, typoutput, typsend]) FROM pg_type WHERE typnamespace = 'rct'::regnamespace);
-- Functions whose number of rows the planner has to guess.
SELECT name, prorows FROM routine WHERE proretset AND prorows = 1000 AND proname <> 'cells';

-- SECURITY DEFINER without a search_path, and any setting on a pure function.
SELECT name FROM routine WHERE prosecdef AND NOT coalesce(proconfig::text LIKE '%search_path=%', false);
SELECT name FROM routine WHERE NOT prosecdef AND proconfig IS NOT NULL;
-- Code that is not the extension's library.
SELECT name, probin FROM routine WHERE NOT is_aggregate AND (prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') OR probin <> '$libdir/pg_rct');

-- EXECUTE for everybody: pure functions, which are listed here, and support functions, which can not be called.
CREATE TABLE pure (proname name);
INSERT INTO pure VALUES ('cluster_key'), ('first'), ('last'), ('median'), ('reduce'), ('sketch'), ('rollup'), ('sketch_info'), ('cells'),
                        ('effects'), ('effects_joint'), ('arms'), ('hedges_g'), ('icc'), ('design_effect'),
                        ('bucket'), ('choose'), ('in_rollout'), ('randomize'), ('lint_design');
SELECT name FROM routine WHERE NOT is_support AND proname NOT IN (TABLE pure)
                               AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0);
SELECT name FROM routine WHERE proname IN (TABLE pure)
                               AND NOT EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0 AND privilege_type = 'EXECUTE');
SELECT proname FROM pure WHERE proname NOT IN (SELECT proname FROM routine);
-- Rights of anybody else than the owner and everybody.
SELECT name, grantee::regrole FROM routine, aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee NOT IN (0, proowner);
-- The schema can be used by everybody, and changed by its owner only.
SELECT grantee, privilege_type FROM pg_namespace, aclexplode(nspacl)
WHERE nspname = 'rct' AND grantee <> nspowner AND NOT (grantee = 0 AND privilege_type = 'USAGE' AND NOT is_grantable);
SELECT has_schema_privilege('public', 'rct', 'USAGE') AS "usage", has_schema_privilege('public', 'rct', 'CREATE') AS "create";

-- Tables that pg_dump would not save, and any relation: there are none so far.
SELECT name FROM object WHERE classid = 'pg_class'::regclass AND NOT objid = ANY ((SELECT coalesce(extconfig, '{}') FROM pg_extension WHERE extname = 'pg_rct')::oid[]);
-- Types: binary input and output, and room to grow.
SELECT typname FROM pg_type WHERE typnamespace = 'rct'::regnamespace AND typtype = 'b' AND typcategory <> 'A'
                                  AND (typreceive = 0 OR typsend = 0 OR typlen <> -1 OR typstorage <> 'x');
-- Casts that happen without being asked for.
SELECT castsource::regtype, casttarget::regtype, castcontext FROM pg_cast
WHERE castcontext <> 'e' AND 'rct'::regnamespace IN (SELECT typnamespace FROM pg_type WHERE oid IN (castsource, casttarget));
-- Operators, operator classes, triggers, rules, event triggers, roles: none.
SELECT name FROM object
WHERE classid NOT IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_cast'::regclass, 'pg_namespace'::regclass);
-- Settings are limits that anybody may set; none changes a result. (The first call loads the library.)
SELECT rct.median(1);
SELECT name, context, vartype, unit FROM pg_settings WHERE name LIKE 'rct.%' AND name NOT IN ('rct.state_memory_limit');
SELECT name, context, unit, boot_val, short_desc IS NOT NULL AS described FROM pg_settings WHERE name LIKE 'rct.%';
