//! psql as a user runs it, with everything fixed that would make its output vary.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cluster;
use crate::db::Database;

/// What psql printed, messages and results in the order in which a terminal shows them.
pub struct Output {
    pub status: ExitStatus,
    pub text: String,
}

impl Database {
    /// A psql without start-up file, connected to this database as superuser, in the root of the
    /// repository (which is where `\copy` and `\i` look for relative paths).
    pub fn psql(&self, arguments: &[&str]) -> Command {
        let mut psql = Command::new("psql");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                psql.env_remove(name);
            }
        }
        psql.current_dir(cluster::root())
            .env("PGHOST", &self.cluster.host)
            .env("PGPORT", self.cluster.port.to_string())
            .env("PGUSER", &self.cluster.superuser)
            .env("PGDATABASE", &self.name)
            .env("PGCLIENTENCODING", "UTF8")
            .env("PGTZ", "UTC")
            .env("PGDATESTYLE", "ISO, YMD")
            .env("LC_ALL", "C")
            .env_remove("COLUMNS")
            .env_remove("PSQLRC")
            // a CONTEXT names line numbers of function bodies
            .args(["-X", "-q", "-v", "SHOW_CONTEXT=never", "-P", "pager=off"])
            .args(arguments);
        psql
    }

    /// Types a script into psql.
    pub fn psql_script(&self, arguments: &[&str], script: &str) -> Output {
        let (mut output, write_end) = std::io::pipe().expect("a pipe");
        let mut psql = self.psql(arguments);
        psql.stdin(Stdio::piped())
            .stdout(write_end.try_clone().expect("a pipe"))
            .stderr(write_end);
        let mut child = psql.spawn().unwrap_or_else(|e| panic!("psql: {e}"));
        drop(psql); // it holds our copies of the write end
        let mut input = child.stdin.take().expect("piped");
        let mut bytes = Vec::new();
        std::thread::scope(|scope| {
            // psql may stop reading at an error
            scope.spawn(move || drop(input.write_all(script.as_bytes())));
            output.read_to_end(&mut bytes).expect("psql's output");
        });
        let status = child.wait().expect("psql");
        Output {
            status,
            text: String::from_utf8(bytes).expect("psql prints UTF-8"),
        }
    }

    /// Runs a file of the repository; an error in it fails the test.
    pub fn psql_file(&self, path: &Path) {
        let shown = path
            .strip_prefix(cluster::root())
            .unwrap_or(path)
            .to_owned();
        let psql = self
            .psql(&["-v", "ON_ERROR_STOP=1", "-f"])
            .arg(&shown)
            .output();
        let output = psql.unwrap_or_else(|e| panic!("psql: {e}"));
        assert!(
            output.status.success(),
            "{}:\n{}",
            shown.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Roles belong to the whole cluster and outlive a scratch database. While this exists no other script
/// that creates roles runs; at the end the roles of this script are dropped.
pub struct Roles<'a> {
    database: &'a Database,
    names: Vec<String>,
    _alone: Option<MutexGuard<'static, ()>>,
}

impl<'a> Roles<'a> {
    /// Makes room for the roles that the script creates.
    pub fn of(database: &'a Database, script: &str) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let names = created_roles(script);
        let alone =
            (!names.is_empty()).then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner));
        let roles = Roles {
            database,
            names,
            _alone: alone,
        };
        roles.drop_all();
        roles
    }

    fn drop_all(&self) {
        if self.names.is_empty() {
            return;
        }
        let mut here = self.database.client();
        let mut elsewhere = self.database.maintenance();
        for name in &self.names {
            let exists = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1";
            if here.query_opt(exists, &[name]).unwrap().is_some() {
                here.batch_execute(&format!("DROP OWNED BY \"{name}\" CASCADE"))
                    .unwrap();
                elsewhere
                    .batch_execute(&format!("DROP ROLE \"{name}\""))
                    .unwrap_or_else(|e| {
                        panic!("could not drop role {name}, which a script created: {e}");
                    });
            }
        }
    }
}

impl Drop for Roles<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.drop_all();
        }
    }
}

/// The names in `CREATE ROLE name`, `CREATE USER name` and `CREATE GROUP name`.
fn created_roles(script: &str) -> Vec<String> {
    let words: Vec<&str> = script
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .flat_map(str::split_whitespace)
        .collect();
    let mut names: Vec<String> = words
        .windows(3)
        .filter(|w| {
            w[0].trim_start_matches(['(', '\'', '"'])
                .eq_ignore_ascii_case("create")
        })
        .filter(|w| {
            ["role", "user", "group"]
                .iter()
                .any(|kind| w[1].eq_ignore_ascii_case(kind))
        })
        .filter(|w| !w[2].eq_ignore_ascii_case("mapping"))
        .filter_map(|w| {
            let name =
                w[2].trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '"');
            match name.strip_prefix('"') {
                Some(quoted) => Some(quoted.split('"').next()?.to_owned()),
                None => Some(name.to_lowercase()),
            }
        })
        .filter(|name| !name.is_empty())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn finds_the_roles_of_a_script() {
    let script = "CREATE ROLE lms LOGIN;\ncreate user \"An Analyst\";\n-- CREATE ROLE not_this;\n\
                  CREATE USER MAPPING FOR x SERVER y; CREATE GROUP g; CREATE ROLE LMS; CREATE TABLE role (x int);";
    assert_eq!(created_roles(script), ["An", "g", "lms"]);
}

#[test]
fn messages_and_results_come_in_order_and_roles_go_away() {
    let database = Database::empty("psql");
    let script = "SELECT 1 AS one;\nDO $$ BEGIN RAISE NOTICE 'between'; END $$;\nSELECT 2 AS two;\n\
                  SELECT 1/0;\nCREATE ROLE rct_selftest;\nCREATE TABLE t ();\nALTER TABLE t OWNER TO rct_selftest;\n\
                  SELECT 3 AS three;\n";
    for _ in 0..2 {
        let database = Database::empty("psql");
        let roles = Roles::of(&database, script);
        let output = database.psql_script(&["-A", "-t"], script);
        assert_eq!(
            output.text,
            "1\nNOTICE:  between\n2\nERROR:  division by zero\n3\n"
        );
        assert!(output.status.success());
        drop(roles);
    }
    let left = database.client().query(
        "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'rct_selftest'",
        &[],
    );
    assert!(left.unwrap().is_empty());
}
