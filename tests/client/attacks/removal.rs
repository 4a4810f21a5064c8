//! No single command removes the records, unless the session has said so before.

use postgres::Client;

use super::{refused, rows, run};
use crate::db::Database;
use crate::district::Logins;

/// One record of each kind is enough.
const RECORDS: [(&str, &str); 9] = [
    (
        "an experiment",
        "SELECT rct.create_experiment('{\"key\": \"k\", \"context\": \"c\"}')",
    ),
    ("a mark", "SELECT rct.mark('c', 'u', 's', NULL)"),
    ("a value", "SELECT rct.log('c', 'u', '{\"m\": 1}')"),
    (
        "a group",
        "SELECT rct.set_groups('u', '{\"class\": [\"x\"]}')",
    ),
    ("an alias", "SELECT rct.add_alias('u', 'v')"),
    (
        "a segment",
        "SELECT rct.create_segment('s', '{\"users\": [\"u\"]}')",
    ),
    ("an empty segment", "SELECT rct.create_segment('s')"),
    ("a preview user", "SELECT rct.set_preview_user('u')"),
    (
        "a metric",
        "SELECT rct.declare_metric('c', 'm', '{\"type\": \"continuous\"}')",
    ),
];

const THERE: &str = "SELECT count(*) FROM pg_catalog.pg_extension WHERE extname = 'pg_rct'";

fn there(client: &mut Client) -> bool {
    rows(client, THERE) == ["1"]
}

#[test]
fn drop_extension() {
    for (what, record) in RECORDS {
        let database = Database::with_extension("removal");
        let mut client = database.client();
        run(&mut client, record);
        for statement in [
            "DROP EXTENSION pg_rct",
            "DROP EXTENSION pg_rct CASCADE",
            "DROP EXTENSION pg_rct RESTRICT",
            "DROP EXTENSION IF EXISTS pg_rct",
            "DROP EXTENSION IF EXISTS \"pg_rct\" CASCADE",
            "DROP SCHEMA rct CASCADE",
            "DROP SCHEMA IF EXISTS rct CASCADE",
            "DO $$ BEGIN DROP EXTENSION pg_rct CASCADE; END $$",
            "BEGIN; DROP EXTENSION pg_rct; CREATE EXTENSION pg_rct; COMMIT",
        ] {
            let error = refused(&mut client, statement, &["55000"]);
            let hint = error.hint().unwrap_or_default();
            assert!(
                hint.contains("rct.confirm_drop"),
                "{what}: {statement}: {error}"
            );
            assert!(there(&mut client), "{what}: {statement}");
        }
    }
}

/// The confirmation is of this session, and of nothing but this.
#[test]
fn with_confirmation() {
    let database = Database::with_extension("confirmed");
    let mut client = database.client();
    run(&mut client, RECORDS[0].1);
    for off in [
        "SET rct.confirm_drop = off",
        "RESET rct.confirm_drop",
        "SET rct.confirm_drop = 'no'",
    ] {
        run(&mut client, off);
        refused(&mut client, "DROP EXTENSION pg_rct", &["55000"]);
    }
    refused(
        &mut client,
        "BEGIN; SET LOCAL rct.confirm_drop = on; ROLLBACK; DROP EXTENSION pg_rct",
        &["55000"],
    );
    run(&mut database.client(), "SET rct.confirm_drop = on");
    refused(&mut client, "DROP EXTENSION pg_rct", &["55000"]);
    refused(&mut client, "SET rct.confirm_drop = 'perhaps'", &["22023"]);
    run(
        &mut client,
        "SET rct.confirm_drop = on; DROP EXTENSION pg_rct",
    );
    assert!(!there(&mut client));
    run(
        &mut client,
        "CREATE EXTENSION pg_rct; DROP EXTENSION pg_rct",
    );
}

/// Nothing is asked where nothing would be lost.
#[test]
fn without_records() {
    let database = Database::with_extension("no_records");
    let mut client = database.client();
    run(
        &mut client,
        "SELECT rct.bucket('s', 'u'); DROP EXTENSION pg_rct; CREATE EXTENSION pg_rct; DROP EXTENSION pg_rct CASCADE; CREATE EXTENSION pg_rct; DROP EXTENSION IF EXISTS pg_rct",
    );
    assert!(!there(&mut client));
    // the schema stays, and is dropped with it or without
    run(
        &mut client,
        "CREATE EXTENSION pg_rct; DROP SCHEMA rct CASCADE",
    );
    assert!(!there(&mut client));
}

/// Commands that drop it with something else.
#[test]
fn in_other_ways() {
    let (_roles, [owner, group]) = Logins::new("ways", ["owner", "group"]);
    let database = Database::empty("ways");
    run(
        &mut database.maintenance(),
        &format!("ALTER ROLE {owner} SUPERUSER; GRANT {owner} TO {group}"),
    );
    run(&mut database.client_as(&owner), "CREATE EXTENSION pg_rct");
    let mut client = database.client();
    run(&mut client, RECORDS[0].1);
    run(&mut client, "CREATE SCHEMA other");
    for statement in [
        "DROP SCHEMA other, rct CASCADE".to_owned(),
        format!("DROP OWNED BY {owner} CASCADE"),
        format!("DROP OWNED BY {group}, {owner} CASCADE"),
        format!("SET ROLE {owner}; DROP OWNED BY CURRENT_USER CASCADE"),
        format!("SET SESSION AUTHORIZATION {owner}; DROP OWNED BY SESSION_USER CASCADE"),
        // what it depends on
        "DROP EXTENSION plpgsql CASCADE".to_owned(),
        "DROP LANGUAGE plpgsql CASCADE".to_owned(),
    ] {
        let codes: &[&str] = if statement.contains("LANGUAGE") {
            &["55000", "2BP01"]
        } else {
            &["55000"]
        };
        refused(&mut client, &statement, codes);
        run(&mut client, "RESET SESSION AUTHORIZATION; RESET ROLE");
        assert!(there(&mut client), "{statement}");
        assert_eq!(
            rows(&mut client, "SELECT count(*) FROM rct.experiment"),
            ["1"],
            "{statement}"
        );
    }
    // parts are never dropped alone
    for statement in [
        "DROP TABLE rct.exposure",
        "DROP TABLE rct.exposure CASCADE",
        "DROP FUNCTION rct.verify() CASCADE",
        "DROP SEQUENCE rct.exposure_id_seq CASCADE",
        "DROP TYPE rct.sketch CASCADE",
    ] {
        refused(&mut client, statement, &["2BP01", "55000", "42883"]);
    }
    run(
        &mut client,
        &format!("SET rct.confirm_drop = on; DROP OWNED BY {owner} CASCADE"),
    );
    assert!(!there(&mut client));
}

/// A superuser who disables what asks does so knowingly; a setting for replication alone does not.
#[test]
fn in_a_session_of_replication() {
    let database = Database::with_extension("replica");
    let mut client = database.client();
    run(&mut client, RECORDS[1].1);
    run(&mut client, "SET session_replication_role = replica");
    refused(&mut client, "DROP EXTENSION pg_rct CASCADE", &["55000"]);
    run(&mut client, "SET session_replication_role = local");
    refused(&mut client, "DROP EXTENSION pg_rct CASCADE", &["55000"]);
}
