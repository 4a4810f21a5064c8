//! `tests/isolation/specs/*.spec`: sessions that take their steps in a fixed order, by PostgreSQL's pg_isolation_regress,
//! each spec in a database of its own, after `tests/isolation/prepare.sql`. What is printed must be
//! `tests/isolation/expected/*.out`; `RCT_ACCEPT=1` writes these files.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

use crate::cluster::{self, root};
use crate::db::Database;

/// One test per spec, written by build.rs.
mod spec {
    include!(concat!(env!("OUT_DIR"), "/isolation.rs"));
}

/// What pg_config says.
fn config(option: &str) -> PathBuf {
    let program = env::var("PG_CONFIG").unwrap_or_else(|_| "pg_config".to_owned());
    let output = Command::new(&program).arg(option).output();
    let output = output.unwrap_or_else(|e| panic!("{program}: {e}"));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// It comes with the headers of the server, beside the makefiles for extensions.
fn program() -> Option<PathBuf> {
    let makefiles = config("--pgxs");
    let source = makefiles.parent()?.parent()?;
    let program = source.join("test/isolation/pg_isolation_regress");
    program.exists().then_some(program)
}

struct Output(PathBuf);

impl Drop for Output {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(name: &str) {
    let Some(program) = program() else {
        let reason = "this PostgreSQL has no pg_isolation_regress";
        return cluster::skip(&format!("concurrency::isolation::{name}"), reason);
    };
    let database = Database::empty(name);
    database.psql_file(Path::new("tests/isolation/prepare.sql"));
    let output = Output(env::temp_dir().join(format!("pg_rct_{}_{name}", process::id())));
    fs::create_dir_all(&output.0).unwrap();
    let mut tester = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            tester.env_remove(name);
        }
    }
    let tested = tester
        .current_dir(root().join("tests/isolation"))
        .env("PGISOLATIONTIMEOUT", "60")
        .arg(format!("--outputdir={}", output.0.display()))
        .arg(format!("--bindir={}", config("--bindir").display()))
        .arg(format!("--host={}", database.cluster.host))
        .arg(format!("--port={}", database.cluster.port))
        .arg(format!("--user={}", database.cluster.superuser))
        .arg(format!("--dbname={}", database.name))
        .args(["--use-existing", name])
        .output()
        .unwrap_or_else(|e| panic!("pg_isolation_regress: {e}"));
    let result = output.0.join(format!("results/{name}.out"));
    if cluster::accept() {
        let expected = root().join("tests/isolation/expected");
        fs::create_dir_all(&expected).unwrap();
        fs::copy(&result, expected.join(format!("{name}.out"))).unwrap();
        return;
    }
    let differences = fs::read_to_string(output.0.join("regression.diffs"));
    assert!(
        tested.status.success(),
        "tests/isolation/specs/{name}.spec:\n{}{}{}",
        String::from_utf8_lossy(&tested.stdout),
        String::from_utf8_lossy(&tested.stderr),
        differences.unwrap_or_default()
    );
}
