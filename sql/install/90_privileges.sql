-- Who may do what. Pure functions, which read no table, are for everybody, apart from internal ones, which trust what they
-- are given (support functions of aggregates are called with the rights of the owner); all else is for nobody until a role
-- is given it by name. Roles are the district's: the extension creates none.

DO $$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT p.oid::pg_catalog.regprocedure AS signature, p.provolatile, p.proname FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'rct'::pg_catalog.regnamespace
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f.signature);
        IF f.provolatile = 'i' AND (f.proname NOT LIKE '\_%' OR f.proname = '_experiment_schema') THEN
            EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO PUBLIC', f.signature);
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA rct TO PUBLIC;
COMMENT ON SCHEMA rct IS 'pg_rct: school experiments';
