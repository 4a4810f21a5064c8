//! Which role may read relations of the district with code in them: one that can do nothing else.

use super::{refused, rows, run};
use crate::db::Database;
use crate::district::Logins;

/// What a reader must not be or have, and how it comes to it.
const TOO_MUCH: [(&str, &str); 16] = [
    ("is a superuser", "ALTER ROLE $V SUPERUSER"),
    ("creates roles", "ALTER ROLE $V CREATEROLE"),
    ("creates databases", "ALTER ROLE $V CREATEDB"),
    ("replicates", "ALTER ROLE $V REPLICATION"),
    ("sees all rows", "ALTER ROLE $V BYPASSRLS"),
    ("is a member of a role", "GRANT $M TO $V"),
    (
        "is a member, and does not inherit",
        "ALTER ROLE $V NOINHERIT; GRANT $M TO $V",
    ),
    (
        "is a member of a role of Postgres",
        "GRANT pg_write_all_data TO $V",
    ),
    (
        "is a member of a superuser",
        "ALTER ROLE $M SUPERUSER; GRANT $M TO $V",
    ),
    (
        "owns a table",
        "CREATE TABLE public.mine (); ALTER TABLE public.mine OWNER TO $V",
    ),
    (
        "owns a function",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION public.f() OWNER TO $V",
    ),
    ("owns a schema", "CREATE SCHEMA mine AUTHORIZATION $V"),
    (
        "owns a type",
        "CREATE TYPE public.mine AS (x int); ALTER TYPE public.mine OWNER TO $V",
    ),
    ("reads records", "GRANT SELECT ON rct.enrollment TO $V"),
    ("is a service", "SELECT rct.grant_service('$V')"),
    ("creates in the schema", "GRANT CREATE ON SCHEMA rct TO $V"),
];

fn with_roles(text: &str, reader: &str, other: &str) -> String {
    text.replace("$V", reader).replace("$M", other)
}

#[test]
fn a_reader_can_do_nothing_else() {
    for (what, made) in TOO_MUCH {
        let (_roles, [reader, other]) = Logins::new("too_much", ["reader", "other"]);
        let database = Database::with_extension("too_much");
        let mut owner = database.client();
        run(&mut owner, &with_roles(made, &reader, &other));
        let error = refused(
            &mut owner,
            &format!("SELECT rct.grant_reader('{reader}')"),
            &["42501", "55000"],
        );
        assert!(error.message().contains(&reader), "{what}: {error}");
        assert!(error.hint().is_some(), "{what}: {error}");
    }
}

/// The database itself is owned, too.
#[test]
fn the_owner_of_the_database_is_no_reader() {
    let (_roles, [reader]) = Logins::new("database_owner", ["reader"]);
    let database = Database::with_extension("database_owner");
    run(
        &mut database.maintenance(),
        &format!("ALTER DATABASE {} OWNER TO {reader}", database.name),
    );
    refused(
        &mut database.client(),
        &format!("SELECT rct.grant_reader('{reader}')"),
        &["42501", "55000"],
    );
}

#[test]
fn what_is_no_role() {
    let (_roles, [reader]) = Logins::new("no_role", ["reader"]);
    let database = Database::with_extension("no_role");
    let mut owner = database.client();
    for (role, codes) in [
        ("NULL", ["22004"]),
        ("'no_such_role'", ["42704"]),
        ("'public'", ["42704"]),
        ("0::oid::regrole", ["42704"]),
    ] {
        refused(
            &mut owner,
            &format!("SELECT rct.grant_reader({role})"),
            &codes,
        );
    }
    // twice is once; a second role takes the place of the first, since there is one
    run(
        &mut owner,
        &format!("SELECT rct.grant_reader('{reader}'), rct.grant_reader('{reader}')"),
    );
    let rights = format!(
        "SELECT object, privilege FROM rct.grants() WHERE role = '{reader}' AND source IS NULL"
    );
    assert_eq!(rows(&mut owner, &rights), [""; 0]);
}

/// A reader that comes to have the rights of the owner reads no more: no code in a relation runs.
#[test]
fn a_reader_that_gets_more_reads_no_more() {
    for made in ["ALTER ROLE $V SUPERUSER", "GRANT $O TO $V"] {
        let (_roles, [reader]) = Logins::new("later", ["reader"]);
        let database = Database::with_extension("later");
        let mut owner = database.client();
        run(
            &mut owner,
            &format!(
                "CREATE FUNCTION public.runs() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
                 CREATE VIEW public.roster AS SELECT 'u'::text AS user_id, 'class'::text AS group_type, 'c'::text AS group_id;
                 SELECT rct.create_experiment('{{\"key\": \"k\", \"context\": \"c\"}}'); SELECT rct.grant_reader('{reader}'); GRANT SELECT ON public.roster TO {reader};
                 SELECT rct.register_roster('public.roster'), rct.condition_for('c', 's', NULL, 'u');
                 CREATE OR REPLACE VIEW public.roster AS SELECT public.runs() AS user_id, 'class'::text AS group_type, 'c'::text AS group_id"
            ),
        );
        let superuser = &database.cluster.superuser;
        run(
            &mut owner,
            &made.replace("$V", &reader).replace("$O", superuser),
        );
        for call in [
            "SELECT rct.condition_for('c', 's', NULL, 'u')",
            "SELECT rct.assign('c', 'u')",
            "SELECT rct.mark('c', 'u', 's', NULL)",
            "SELECT rct.roster_at(now())",
            "SELECT rct.load_roster('public.roster')",
        ] {
            let error = refused(&mut owner, call, &["42501", "55000"]);
            assert!(error.hint().is_some(), "{made}: {call}: {error}");
        }
    }
}

/// Without a reader, or without its right to read, nothing is read; the error says what to do.
#[test]
fn without_a_reader() {
    let (_roles, [reader, admin]) = Logins::new("without", ["reader", "admin"]);
    let database = Database::with_extension("without");
    let mut owner = database.client();
    run(
        &mut owner,
        &format!(
            "CREATE TABLE public.roster AS SELECT 'u'::text AS user_id, 'class'::text AS group_type, 'c'::text AS group_id;
             GRANT SELECT ON public.roster TO {admin}; SELECT rct.grant_admin('{admin}'); SELECT rct.create_experiment('{{\"key\": \"k\", \"context\": \"c\"}}')"
        ),
    );
    for call in [
        "SELECT rct.register_roster('public.roster')",
        "SELECT rct.load_roster('public.roster')",
    ] {
        let error = refused(&mut owner, call, &["55000"]);
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("grant_reader")),
            "{call}: {error}"
        );
    }
    let mut client = database.client_as(&admin);
    let error = refused(
        &mut client,
        "SELECT rct.register_roster('public.roster')",
        &["55000"],
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("grant_reader")),
        "{error}"
    );
    // who reads as themselves needs none
    run(&mut client, "SELECT rct.load_roster('public.roster')");

    run(&mut owner, &format!("SELECT rct.grant_reader('{reader}')"));
    for call in [
        "SELECT rct.register_roster('public.roster')",
        "SELECT rct.load_roster('public.roster')",
    ] {
        refused(&mut owner, call, &["42501"]);
    }
    run(
        &mut owner,
        &format!(
            "GRANT SELECT ON public.roster TO {reader}; SELECT rct.load_roster('public.roster'), rct.register_roster('public.roster')"
        ),
    );
    // taken away again, as a whole or for a column
    run(
        &mut owner,
        &format!("REVOKE SELECT ON public.roster FROM {reader}"),
    );
    refused(
        &mut owner,
        "SELECT rct.condition_for('c', 's', NULL, 'u')",
        &["42501"],
    );
    run(
        &mut owner,
        &format!("GRANT SELECT (user_id, group_type) ON public.roster TO {reader}"),
    );
    refused(
        &mut owner,
        "SELECT rct.mark('c', 'u', 's', NULL)",
        &["42501"],
    );
    // and the role itself
    run(&mut owner, &format!("DROP OWNED BY {reader}"));
    run(&mut database.maintenance(), &format!("DROP ROLE {reader}"));
    let error = refused(
        &mut owner,
        "SELECT rct.condition_for('c', 's', NULL, 'u')",
        &["55000", "42704"],
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("grant_reader")),
        "{error}"
    );
    run(
        &mut database.maintenance(),
        &format!("CREATE ROLE {reader}"),
    );
}
