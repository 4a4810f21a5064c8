//! pg_dump and pg_restore, in all ways that their manuals offer.

use super::school::school;
use super::{are_as_the_source, run};
use crate::db::Database;
use crate::district::{Logins, tables};
use crate::dump::Scratch;

/// A file that pg_dump writes.
fn dumped(source: &Database, name: &str, options: &[&str]) -> Scratch {
    let file = Scratch::new(&format!("school_{name}"));
    let mut arguments = vec!["--file", file.path()];
    arguments.extend(options);
    source.tool("pg_dump", &arguments);
    file
}

/// What psql makes of a dump, in the database.
fn psql(copy: &Database, file: &Scratch) {
    copy.tool(
        "psql",
        &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file.path()],
    );
}

/// What pg_restore makes of it, in the database.
fn pg_restore(copy: &Database, file: &Scratch, options: &[&str]) {
    let mut arguments = vec!["--exit-on-error", file.path()];
    arguments.extend(options);
    copy.tool("pg_restore", &arguments);
}

#[test]
fn a_whole_database() {
    let source = school("backup");
    let plain = dumped(&source, "plain", &[]);
    let custom = dumped(&source, "custom", &["--format", "custom"]);
    let directory = dumped(
        &source,
        "directory",
        &["--format", "directory", "--jobs", "2"],
    );
    let new = || Database::empty("copy");
    let mut copies: Vec<(&str, Database)> = Vec::new();

    copies.push(("plain", new()));
    psql(&copies[0].1, &plain);
    copies.push(("custom", new()));
    pg_restore(&copies[1].1, &custom, &[]);
    copies.push(("directory, four at once", new()));
    pg_restore(&copies[2].1, &directory, &["--jobs", "4"]);
    copies.push(("section by section", new()));
    for section in ["pre-data", "data", "post-data"] {
        pg_restore(&copies[3].1, &custom, &["--section", section]);
    }
    copies.push(("a copy of a copy", new()));
    let again = dumped(&copies[2].1, "again", &["--format", "custom"]);
    pg_restore(&copies[4].1, &again, &["--jobs", "2"]);
    are_as_the_source(&source, &copies);
}

#[test]
fn data_only() {
    let source = school("data");
    let plain = dumped(&source, "data_plain", &["--data-only"]);
    let custom = dumped(
        &source,
        "data_custom",
        &["--data-only", "--format", "custom"],
    );
    let whole = dumped(&source, "data_whole", &["--format", "directory"]);
    let new = || Database::with_extension("data_copy");
    let copies = [
        ("data only, with triggers", new()),
        ("data only, without triggers", new()),
        ("data only, of a whole dump, four at once", new()),
        ("data only, by psql", new()),
        ("data only, by psql, without triggers", new()),
    ];
    pg_restore(&copies[0].1, &custom, &["--data-only"]);
    pg_restore(
        &copies[1].1,
        &custom,
        &["--data-only", "--disable-triggers"],
    );
    pg_restore(&copies[2].1, &whole, &["--data-only", "--jobs", "4"]);
    psql(&copies[3].1, &plain);
    let without = dumped(
        &source,
        "data_without",
        &["--data-only", "--disable-triggers"],
    );
    psql(&copies[4].1, &without);
    are_as_the_source(&source, &copies);
}

#[test]
fn in_other_formats() {
    let source = school("formats");
    let new = || Database::empty("format_copy");
    let copies = [
        ("tar", new()),
        ("inserts", new()),
        ("rows of inserts, columns by name", new()),
        ("one transaction", new()),
        ("custom, four at once, no owner and no rights", new()),
    ];
    pg_restore(
        &copies[0].1,
        &dumped(&source, "tar", &["--format", "tar"]),
        &[],
    );
    psql(&copies[1].1, &dumped(&source, "inserts", &["--inserts"]));
    psql(
        &copies[2].1,
        &dumped(
            &source,
            "columns",
            &[
                "--column-inserts",
                "--rows-per-insert",
                "7",
                "--quote-all-identifiers",
            ],
        ),
    );
    let custom = dumped(&source, "formats_custom", &["--format", "custom"]);
    pg_restore(&copies[3].1, &custom, &["--single-transaction"]);
    pg_restore(
        &copies[4].1,
        &custom,
        &["--jobs", "4", "--no-owner", "--no-privileges"],
    );
    are_as_the_source(&source, &copies);
}

/// Table after table by COPY, in the order of their names and in the opposite one; and a copy of the files.
#[test]
fn by_hand() {
    let source = school("hand_copy");
    let mut here = source.client();
    let dumped_tables = "SELECT x::regclass::text FROM pg_catalog.pg_extension, unnest(extconfig) AS x JOIN pg_catalog.pg_class AS c ON c.oid = x
                         WHERE extname = 'pg_rct' AND c.relkind = 'r' ORDER BY 1";
    let names = super::rows(&mut here, dumped_tables);
    assert!(
        names.len() > 15 && names.len() <= tables(&mut here).len(),
        "{names:?}"
    );
    let mut opposite = names.clone();
    opposite.reverse();
    let copies = [
        ("COPY, in order", Database::with_extension("hand_order")),
        (
            "COPY, in the opposite order",
            Database::with_extension("hand_opposite"),
        ),
        (
            "COPY, without triggers",
            Database::with_extension("hand_without"),
        ),
    ];
    for (names, (how, copy)) in [&names, &opposite, &opposite].into_iter().zip(&copies) {
        let mut there = copy.client();
        if how.contains("without") {
            run(&mut there, "SET session_replication_role = replica");
        }
        for name in names {
            let mut from = here.copy_out(&format!("COPY {name} TO STDOUT")).unwrap();
            let mut to = there.copy_in(&format!("COPY {name} FROM STDIN")).unwrap();
            std::io::copy(&mut from, &mut to).unwrap();
            to.finish()
                .unwrap_or_else(|e| panic!("{how}: {name}: {}", crate::db::told(&e)));
        }
    }
    are_as_the_source(&source, &copies);
}

/// Files, copied within the cluster.
#[test]
fn as_a_template() {
    let source = school("template");
    let copy = Database::empty("template_copy");
    let (from, to) = (&source.name, &copy.name);
    let mut maintenance = source.maintenance();
    run(&mut maintenance, &format!("DROP DATABASE {to}"));
    run(
        &mut maintenance,
        &format!("CREATE DATABASE {to} TEMPLATE {from}"),
    );
    are_as_the_source(&source, &[("template", copy)]);
}

/// Over what is there: the old records go only if that is said.
#[test]
fn over_what_is_there() {
    let source = school("over");
    let custom = dumped(&source, "over", &["--format", "custom"]);
    let copy = Database::empty("over_copy");
    pg_restore(&copy, &custom, &[]);
    run(
        &mut copy.client(),
        "SELECT rct.mark('lms', 'since then', 'quiz', 'q1')",
    );
    let over = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pg_restore(&copy, &custom, &["--clean", "--if-exists"]);
    }));
    assert!(over.is_err(), "the records were removed");
    let still = "SELECT count(*) FROM rct.exposure WHERE user_id = 'since then'";
    assert_eq!(super::rows(&mut copy.client(), still), ["1"]);
    run(
        &mut copy.maintenance(),
        &format!("ALTER DATABASE {} SET rct.confirm_drop = on", copy.name),
    );
    pg_restore(&copy, &custom, &["--clean", "--if-exists"]);
    assert_eq!(super::rows(&mut copy.client(), still), ["0"]);
    are_as_the_source(&source, &[("over what was there", copy)]);
}

/// By another superuser than the one who owns the extension: what belongs to whom is as in the dump, or of who restores.
#[test]
fn by_another_superuser() {
    let (_roles, [boss]) = Logins::new("restorer", ["boss"]);
    let source = school("restorer");
    run(
        &mut source.client(),
        &format!("ALTER ROLE {boss} SUPERUSER"),
    );
    let custom = dumped(&source, "restorer", &["--format", "custom"]);
    let copies = [
        ("by another superuser", Database::empty("restorer_copy")),
        (
            "by another superuser, no owner",
            Database::empty("restorer_copy"),
        ),
        (
            "by another superuser, data only",
            Database::with_extension("restorer_copy"),
        ),
    ];
    for ((_, copy), options) in copies.iter().zip([
        vec![],
        vec!["--no-owner"],
        vec!["--data-only", "--disable-triggers"],
    ]) {
        let mut arguments = vec!["--exit-on-error", custom.path()];
        arguments.extend(options);
        copy.tool_as(&boss, "pg_restore", &arguments);
    }
    are_as_the_source(&source, &copies);
}
