//! Rights in the schema that no grant function gives are seen in `rct.grants()`.

use super::{refused, rows, run};
use crate::db::Database;
use crate::district::Logins;

/// What no function explains.
const UNEXPECTED: &str =
    "SELECT role, object, privilege FROM rct.grants() WHERE source IS NULL ORDER BY 1, 2, 3";

/// As it is installed, and after the grant functions, every right has a source.
#[test]
fn rights_by_the_grant_functions_have_a_source() {
    let (_roles, [service, analyst, admin]) =
        Logins::new("sources", ["service", "analyst", "admin"]);
    let database = Database::with_extension("sources");
    let mut owner = database.client();
    assert_eq!(rows(&mut owner, UNEXPECTED), [""; 0]);
    run(
        &mut owner,
        &format!(
            "SELECT rct.grant_service('{service}'), rct.grant_analyst('{analyst}'), rct.grant_admin('{admin}')"
        ),
    );
    assert_eq!(rows(&mut owner, UNEXPECTED), [""; 0]);
    let sources = "SELECT DISTINCT source FROM rct.grants() WHERE role = '$1' ORDER BY 1";
    for (role, wanted) in [(&service, "grant_service"), (&analyst, "grant_analyst")] {
        assert_eq!(
            rows(&mut owner, &sources.replace("$1", role)),
            [wanted],
            "{role}"
        );
    }
    // who has it by three functions has it by the smallest, or by the one that was called; not from nowhere
    let of_admin = rows(&mut owner, &sources.replace("$1", &admin));
    assert!(of_admin.contains(&"grant_admin".to_owned()), "{of_admin:?}");
    run(
        &mut owner,
        &format!("DROP OWNED BY {service}, {analyst}, {admin}"),
    );
    let left = format!(
        "SELECT role FROM rct.grants() WHERE role IN ('{service}', '{analyst}', '{admin}')"
    );
    assert_eq!(rows(&mut owner, &left), [""; 0]);
}

/// One right of each kind, by hand.
#[test]
fn rights_by_hand_have_none() {
    let (_roles, [mallory, service]) = Logins::new("hand", ["mallory", "service"]);
    let database = Database::with_extension("hand");
    let mut owner = database.client();
    run(
        &mut owner,
        &format!("SELECT rct.grant_service('{service}')"),
    );
    for (grant, object, privilege) in [
        ("GRANT CREATE ON SCHEMA rct", "rct", "CREATE"),
        ("GRANT DELETE ON rct.enrollment", "enrollment", "DELETE"),
        ("GRANT INSERT ON rct.exposure", "exposure", "INSERT"),
        (
            "GRANT UPDATE (spec) ON rct.experiment",
            "experiment",
            "UPDATE",
        ),
        ("GRANT TRIGGER ON rct.membership", "membership", "TRIGGER"),
        ("GRANT TRUNCATE ON rct.visit", "visit", "TRUNCATE"),
        ("GRANT REFERENCES ON rct.run", "run", "REFERENCES"),
        ("GRANT SELECT ON rct.context", "context", "SELECT"),
        (
            "GRANT USAGE ON SEQUENCE rct.exposure_id_seq",
            "exposure_id_seq",
            "USAGE",
        ),
        (
            "GRANT EXECUTE ON FUNCTION rct._compile_all()",
            "_compile_all",
            "EXECUTE",
        ),
        (
            "GRANT EXECUTE ON FUNCTION rct.grant_admin(regrole)",
            "grant_admin",
            "EXECUTE",
        ),
    ] {
        for grantee in [mallory.as_str(), "PUBLIC", "pg_monitor"] {
            run(&mut owner, &format!("{grant} TO {grantee}"));
            let found = owner.query(
                "SELECT role, object, privilege FROM rct.grants()
                 WHERE source IS NULL AND lower(role) = lower($1) AND object ~ ('\\m' || $2 || '\\M') AND privilege = $3",
                &[&grantee, &object, &privilege],
            );
            let found = found.unwrap_or_else(|e| panic!("{}", crate::db::told(&e)));
            assert!(
                !found.is_empty(),
                "{grant} TO {grantee}: {:?}",
                rows(&mut owner, UNEXPECTED)
            );
            run(
                &mut owner,
                &format!("{} FROM {grantee}", grant.replace("GRANT", "REVOKE")),
            );
        }
    }
    assert_eq!(rows(&mut owner, UNEXPECTED), [""; 0]);
    // an analyst reads tables, everybody does not
    run(&mut owner, "GRANT SELECT ON rct.enrollment TO PUBLIC");
    let more = rows(&mut owner, UNEXPECTED);
    assert!(
        more.iter().any(|row| row.contains("enrollment")),
        "{more:?}"
    );
    run(&mut owner, "REVOKE SELECT ON rct.enrollment FROM PUBLIC");
    // a right to pass on is more than the function gives
    run(
        &mut owner,
        &format!("GRANT EXECUTE ON FUNCTION rct.assign(text, text) TO {service} WITH GRANT OPTION"),
    );
    let more = rows(&mut owner, UNEXPECTED);
    assert!(more.iter().any(|row| row.contains("assign")), "{more:?}");
}

/// Whose rights these are is not for everybody.
#[test]
fn who_asks() {
    let (_roles, [nobody, service]) = Logins::new("asks", ["nobody", "service"]);
    let database = Database::with_extension("asks");
    run(
        &mut database.client(),
        &format!("SELECT rct.grant_service('{service}')"),
    );
    for role in [&nobody, &service] {
        let mut client = database.client_as(role);
        for call in [
            "SELECT rct.grants()",
            "SELECT rct.verify()",
            "SELECT rct.rebuild()",
            &format!("SELECT rct.grant_reader('{nobody}')"),
        ] {
            refused(&mut client, call, &["42501"]);
        }
    }
}
