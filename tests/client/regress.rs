//! `tests/regress/sql/*.sql`, typed into psql in a fresh database that has the extension; what psql
//! prints must be, byte for byte, `tests/regress/expected/*.out`. Errors show SQLSTATE, detail and hint.
//! `RCT_ACCEPT=1` writes the expected files.

use std::collections::BTreeSet;
use std::fs;

use crate::cluster::{self, root};
use crate::db::Database;
use crate::diff;
use crate::psql::Roles;

/// One test per script, written by build.rs.
mod file {
    include!(concat!(env!("OUT_DIR"), "/regress.rs"));
}

fn run(name: &str) {
    let script = cluster::read(&format!("tests/regress/sql/{name}.sql"));
    let database = Database::with_extension(name);
    let roles = Roles::of(&database, &script);
    let output = database.psql_script(&["-a", "-v", "VERBOSITY=verbose"], &script);
    let actual = without_locations(&output.text);
    drop(roles);

    let expected = root().join(format!("tests/regress/expected/{name}.out"));
    if cluster::accept() {
        fs::create_dir_all(expected.parent().expect("has a parent")).unwrap();
        fs::write(&expected, actual).unwrap();
        return;
    }
    let wanted = fs::read_to_string(&expected).unwrap_or_else(|e| {
        panic!("tests/regress/expected/{name}.out: {e}; read what psql prints, then accept it with RCT_ACCEPT=1:\n{actual}")
    });
    if let Some(diff) = diff::unified(&wanted, &actual) {
        panic!("tests/regress/sql/{name}.sql printed something else:\n{diff}");
    }
}

/// Verbose messages end with the place in the source code that raised them, which changes all the time.
fn without_locations(output: &str) -> String {
    output
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("LOCATION:  "))
        .collect()
}

#[test]
fn every_expected_file_has_a_script() {
    let stems = |dir: &str, extension: &str| -> BTreeSet<String> {
        let Ok(entries) = fs::read_dir(root().join(dir)) else {
            return BTreeSet::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|e| e == extension))
            .map(|path| {
                path.file_stem()
                    .expect("has a name")
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    };
    let orphans: Vec<_> = stems("tests/regress/expected", "out")
        .difference(&stems("tests/regress/sql", "sql"))
        .map(|stem| format!("tests/regress/expected/{stem}.out"))
        .collect();
    assert!(
        orphans.is_empty(),
        "expected output of a script that does not exist: {}",
        orphans.join(", ")
    );
}

#[test]
fn messages_show_everything_but_the_location() {
    let database = Database::empty("verbosity");
    let script = "DO $$ BEGIN RAISE EXCEPTION 'm' USING ERRCODE = '22023', DETAIL = 'd', HINT = 'h'; END $$;\n";
    let output = database.psql_script(&["-v", "VERBOSITY=verbose"], script);
    assert!(output.text.contains("\nLOCATION:  "));
    assert_eq!(
        without_locations(&output.text),
        "ERROR:  22023: m\nDETAIL:  d\nHINT:  h\n"
    );
}
