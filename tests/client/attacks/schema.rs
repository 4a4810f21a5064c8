//! A schema `rct` that is there before the extension: who made it waits for the superuser who installs.

use super::{refused, rows, run, value};
use crate::db::Database;
use crate::district::Logins;

/// Functions with the names and arguments of Postgres' own, and nearer ones where these take any type, and operators
/// likewise. Each counts that it was called, which no rollback undoes, and fails. `$S` is the schema.
pub(super) const TRAPS: &str = r#"
CREATE SEQUENCE public.sprung;
GRANT ALL ON SEQUENCE public.sprung TO PUBLIC;
DO $do$
DECLARE
    f record;
    body text := 'BEGIN PERFORM pg_catalog.nextval(''public.sprung''); RAISE EXCEPTION ''trapped by %''; END';
BEGIN
    FOR f IN
        SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
        FROM pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.provariadic = 0 AND NOT p.proretset AND p.proargmodes IS NULL
        UNION ALL
        SELECT * FROM (VALUES ('format', 'text', 'text'), ('format', 'text, text', 'text'), ('format', 'text, text, text', 'text'),
            ('format', 'text, regprocedure', 'text'), ('format', 'text, name', 'text'), ('format', 'text, regrole', 'text'),
            ('format', 'text, regclass', 'text'), ('concat', 'text, text', 'text'), ('concat_ws', 'text, text, text', 'text'),
            ('array_agg', 'text', 'text[]'), ('count', 'text', 'bigint'), ('max', 'text', 'text'), ('unnest', 'text[]', 'text'),
            ('pg_extension_config_dump', 'text, text', 'void'), ('current_setting', 'name', 'text'), ('current_setting', 'varchar', 'text'),
            ('lower', 'name', 'text'), ('clock_timestamp', 'text', 'timestamptz'), ('upper_inf', 'tstzrange', 'boolean')) AS v
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION $S.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', f.name, f.arguments, f.result,
                           replace(body, '%', replace(f.name, '%', '%%')));
        EXCEPTION WHEN OTHERS THEN
            NULL; -- what only C can be written for
        END;
    END LOOP;
    FOR f IN SELECT o.oprname, o.oprleft, o.oprright, o.oprresult FROM pg_operator AS o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
        UNION ALL
        SELECT * FROM (VALUES ('=', 'name'::regtype, 'varchar'::regtype, 'boolean'::regtype), ('<>', 'text', 'varchar', 'boolean'), ('||', 'text', 'name', 'text'),
            ('=', 'regclass', 'regclass', 'boolean'), ('!~~', 'name', 'varchar', 'boolean')) AS v
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION $S."op %s"(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', f.oprname, f.oprleft::regtype, f.oprright::regtype,
                           f.oprresult::regtype, replace(body, '%', 'operator ' || replace(f.oprname, '%', '%%')));
            EXECUTE format('CREATE OPERATOR $S.%s (FUNCTION = $S."op %s", LEFTARG = %s, RIGHTARG = %s)', f.oprname, f.oprname,
                           f.oprleft::regtype, f.oprright::regtype);
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END
$do$;
"#;

/// Whether a trap was called.
pub(super) fn sprung(database: &Database) -> bool {
    let called = "SELECT is_called FROM public.sprung";
    value(&mut database.client(), called) == "t"
}

/// The superuser who installs gets an error and runs nothing of what is in the schema.
fn refuses(database: &Database, what: &str) {
    let error = refused(
        &mut database.client(),
        "CREATE EXTENSION pg_rct",
        &["55000"],
    );
    assert!(error.message().contains("rct"), "{what}: {error}");
    assert!(error.hint().is_some(), "{what}: {error} has no hint");
    let there =
        "SET search_path = pg_catalog; SELECT count(*) FROM pg_extension WHERE extname = 'pg_rct'";
    assert_eq!(value(&mut database.client(), there), "0", "{what}");
}

/// Whose schema it is, or was.
#[test]
fn a_schema_of_another_role() {
    let (_roles, [mallory, group]) = Logins::new("squat", ["mallory", "group"]);
    let database = Database::empty("squat");
    let name = &database.name;
    run(
        &mut database.maintenance(),
        &format!("GRANT CREATE ON DATABASE {name} TO {mallory}; GRANT {group} TO {mallory}"),
    );
    // empty, but what is in it later is not for the owner of the extension to say
    run(&mut database.client_as(&mallory), "CREATE SCHEMA rct");
    refuses(&database, "an empty schema of a role");
    run(
        &mut database.client(),
        &format!("ALTER SCHEMA rct OWNER TO {group}"),
    );
    refuses(&database, "an empty schema of a group of roles");
    run(
        &mut database.client(),
        "DROP SCHEMA rct; CREATE SCHEMA rct AUTHORIZATION pg_database_owner",
    );
    refuses(&database, "an empty schema of whoever owns the database");
}

/// The attack: everything that the install script could call is there already.
#[test]
fn a_schema_full_of_traps() {
    let (_roles, [mallory]) = Logins::new("traps", ["mallory"]);
    let database = Database::empty("traps");
    let mut owner = database.client();
    run(&mut owner, "CREATE SCHEMA rct");
    run(&mut owner, &TRAPS.replace("$S", "rct"));
    let count =
        "SELECT count(*) > 2000 FROM pg_catalog.pg_proc WHERE pronamespace = 'rct'::regnamespace";
    assert_eq!(value(&mut owner, count), "t", "too few traps");
    // owned by the superuser, by mallory; and under a search path that offers the same once more
    for prepare in [
        "RESET search_path".to_owned(),
        format!("ALTER SCHEMA rct OWNER TO {mallory}"),
        "ALTER SCHEMA rct OWNER TO CURRENT_USER; ALTER DATABASE \"$D\" SET search_path = rct, pg_catalog, public".replace("$D", &database.name),
        "ALTER DATABASE \"$D\" SET search_path = rct, public, pg_catalog".replace("$D", &database.name),
    ] {
        run(&mut owner, &prepare);
        refuses(&database, &prepare);
        assert!(!sprung(&database), "{prepare}");
    }
}

/// Every kind of object that a schema can hold.
#[test]
fn a_schema_that_is_not_empty() {
    let objects = [
        "CREATE FUNCTION rct.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
        "CREATE PROCEDURE rct.p() LANGUAGE sql AS 'SELECT 1'",
        "CREATE AGGREGATE rct.a(int) (SFUNC = int4pl, STYPE = int)",
        "CREATE TABLE rct.pg_proc (proname name)",
        "CREATE VIEW rct.pg_class AS SELECT 1 AS oid",
        "CREATE MATERIALIZED VIEW rct.m AS SELECT 1 AS x",
        "CREATE SEQUENCE rct.s",
        "CREATE TYPE rct.text AS (x int)",
        "CREATE TYPE rct.e AS ENUM ('a')",
        "CREATE TYPE rct.r AS RANGE (SUBTYPE = int)",
        "CREATE DOMAIN rct.uuid AS pg_catalog.text",
        "CREATE OPERATOR rct.|| (FUNCTION = textcat, LEFTARG = text, RIGHTARG = text)",
        "CREATE OPERATOR FAMILY rct.f USING btree",
        "CREATE OPERATOR CLASS rct.c FOR TYPE int4 USING btree AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 btint4cmp(int4, int4)",
        "CREATE COLLATION rct.\"C\" FROM \"C\"",
        "CREATE CONVERSION rct.v FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "CREATE TEXT SEARCH CONFIGURATION rct.t (COPY = simple)",
        "CREATE TEXT SEARCH DICTIONARY rct.d (TEMPLATE = simple)",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA rct GRANT ALL ON TABLES TO pg_monitor",
        "CREATE TABLE public.t (a int, b int); CREATE STATISTICS rct.s ON a, b FROM public.t",
    ];
    let database = Database::empty("full");
    let mut owner = database.client();
    for object in objects {
        run(&mut owner, &format!("CREATE SCHEMA rct; {object}"));
        refuses(&database, object);
        run(
            &mut owner,
            "DROP SCHEMA rct CASCADE; DROP TABLE IF EXISTS public.t",
        );
    }
}

/// Whoever may create in it, now or once the extension is there.
#[test]
fn a_schema_in_which_others_create() {
    let (_roles, [mallory]) = Logins::new("create", ["mallory"]);
    let database = Database::empty("create");
    let mut owner = database.client();
    for right in [
        "GRANT CREATE ON SCHEMA rct TO PUBLIC".to_owned(),
        "GRANT ALL ON SCHEMA rct TO PUBLIC".to_owned(),
        format!("GRANT CREATE ON SCHEMA rct TO {mallory}"),
        format!("GRANT CREATE ON SCHEMA rct TO {mallory} WITH GRANT OPTION"),
        format!("GRANT ALL ON SCHEMA rct TO {mallory}"),
        "GRANT CREATE ON SCHEMA rct TO pg_monitor".to_owned(),
    ] {
        run(&mut owner, &format!("CREATE SCHEMA rct; {right}"));
        refuses(&database, &right);
        run(&mut owner, "DROP SCHEMA rct");
    }
}

/// What is refused is what is dangerous: an empty schema of the installing role alone is as good as none.
#[test]
fn an_empty_schema_of_ones_own() {
    let database = Database::empty("own");
    let mut owner = database.client();
    run(
        &mut owner,
        "CREATE SCHEMA rct; GRANT USAGE ON SCHEMA rct TO PUBLIC; CREATE EXTENSION pg_rct",
    );
    assert_eq!(
        rows(&mut owner, "SELECT rct.choose('s', 'u', '{a}')"),
        ["a"]
    );
}
