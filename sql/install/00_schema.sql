-- The schema, before anything is in it: nobody else may have put code there, nor be able to.

DO $$
DECLARE
    place record;
    squatter pg_catalog.text;
BEGIN
    -- Digests are of UTF-8 bytes, so that all databases agree on them.
    IF pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.<>) 'UTF8' THEN
        RAISE EXCEPTION 'pg_rct needs a database with the encoding UTF8, this one has %',
            pg_catalog.current_setting('server_encoding')
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'Create the database with ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
    SELECT n.oid, n.nspowner::pg_catalog.regrole AS owner, n.nspowner OPERATOR(pg_catalog.=) u.oid OR o.rolsuper AS own,
            n.xmin OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id()::pg_catalog.xid AS new, n.nspacl INTO place
        FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles o ON o.oid OPERATOR(pg_catalog.=) n.nspowner, pg_catalog.pg_roles u
        WHERE n.nspname OPERATOR(pg_catalog.=) 'rct' AND u.rolname OPERATOR(pg_catalog.=) current_user;
    IF NOT place.own THEN
        RAISE EXCEPTION 'schema "rct" belongs to role %', place.owner
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'Whoever owns the schema could put code into it that runs with the rights of others.',
                  HINT = 'Drop or rename the schema, or make yourself its owner, and look into it first.';
    END IF;
    SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) INTO squatter
        FROM pg_catalog.pg_depend d
        WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
        AND d.refobjid OPERATOR(pg_catalog.=) place.oid
        AND NOT (d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=)
            (SELECT x.oid FROM pg_catalog.pg_extension x WHERE x.extname OPERATOR(pg_catalog.=) 'pg_rct'))
        LIMIT 1;
    IF squatter IS NOT NULL THEN
        RAISE EXCEPTION 'schema "rct" is not empty: it has %', squatter
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'What is in the schema could be taken for a part of the extension.',
                  HINT = 'Drop or rename the schema, or move what is in it elsewhere.';
    END IF;
    -- In a schema that was there before, somebody may be creating something right now. Rights that a new schema has come
    -- from default privileges; they are taken back below.
    IF NOT place.new AND EXISTS (SELECT FROM pg_catalog.aclexplode(place.nspacl) a
            WHERE a.privilege_type OPERATOR(pg_catalog.=) 'CREATE' AND NOT a.grantee OPERATOR(pg_catalog.=) place.owner::pg_catalog.oid) THEN
        RAISE EXCEPTION 'others can create objects in schema "rct"'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'What they put there could be taken for a part of the extension.',
                  HINT = 'Drop the schema, or revoke CREATE on it from everybody except its owner.';
    END IF;
END
$$;

-- Rights on an object of the extension that anybody except its owner has, by default privileges too.
CREATE FUNCTION rct._revoke_all() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    opened record;
BEGIN
    FOR opened IN
        SELECT 'SCHEMA' AS kind, 'rct' AS name, a.grantee
        FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'rct' AND a.grantee <> n.nspowner
        UNION
        SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, a.grantee
        FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'rct'::regnamespace AND a.grantee <> c.relowner
        UNION
        SELECT 'ROUTINE', p.oid::regprocedure::text, a.grantee
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE p.pronamespace = 'rct'::regnamespace AND a.grantee <> p.proowner
        UNION
        -- Types are for everybody, as Postgres has it.
        SELECT 'TYPE', t.oid::regtype::text, a.grantee
        FROM pg_type t, aclexplode(t.typacl) a
        WHERE t.typnamespace = 'rct'::regnamespace AND a.grantee NOT IN (0, t.typowner)
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %s CASCADE', opened.kind, opened.name,
            CASE opened.grantee WHEN 0 THEN 'PUBLIC' ELSE opened.grantee::regrole::text END);
    END LOOP;
END
$$;
COMMENT ON FUNCTION rct._revoke_all() IS 'internal: takes all rights on objects of the extension from everybody except its owner';

SELECT rct._revoke_all();

-- Locks and numbers of rows.

CREATE FUNCTION rct._lock(kind text, name text, shared boolean) RETURNS void
    AS 'MODULE_PATHNAME', 'rct_lock' LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION rct._lock(text, text, boolean) IS
    'internal: a lock on a context, user or run until the transaction ends, which no other function can take';

CREATE FUNCTION rct._next_id(relation text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rct_next_id' LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION rct._next_id(text) IS
    'internal: the next number for a row of a table; a sequence that is behind, as after logical replication, catches up first';
