-- Who may do what. Pure functions, which read no table, are for everybody, apart from internal ones, which trust what they
-- are given (support functions of aggregates are called with the rights of the owner); all else is for nobody until a role
-- is given it by name. Roles are the district's: the extension creates none. What default privileges have given is taken back.

SELECT rct._revoke_all();

DO $$
DECLARE
    f pg_catalog.regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p
        WHERE p.pronamespace OPERATOR(pg_catalog.=) 'rct'::pg_catalog.regnamespace AND p.provolatile OPERATOR(pg_catalog.=) 'i'
        AND (p.proname OPERATOR(pg_catalog.!~~) '\_%' OR p.proname OPERATOR(pg_catalog.=) '_experiment_schema')
    LOOP
        EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO PUBLIC', f);
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA rct TO PUBLIC;
GRANT USAGE ON TYPE rct.sketch, rct.distribution, rct.logistic_rows TO PUBLIC;

-- Rows of results, and what a call may be given as a row.
DO $$
DECLARE
    t pg_catalog.regtype;
BEGIN
    FOR t IN SELECT c.reltype FROM pg_catalog.pg_class c
        WHERE c.relnamespace OPERATOR(pg_catalog.=) 'rct'::pg_catalog.regnamespace AND c.relkind OPERATOR(pg_catalog.=) 'c'
    LOOP
        EXECUTE pg_catalog.format('GRANT USAGE ON TYPE %s TO PUBLIC', t);
    END LOOP;
END
$$;

COMMENT ON SCHEMA rct IS 'pg_rct: school experiments';
