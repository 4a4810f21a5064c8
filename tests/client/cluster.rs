//! Where the server is, and where the repository is.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The server that `.ci/cluster.sh` announces in the environment.
pub struct Cluster {
    pub host: String,
    pub port: u16,
    pub superuser: String,
}

impl Cluster {
    /// Refuses to guess, and refuses any server that was not started for these tests: they create
    /// and drop databases and roles.
    pub fn from_env() -> Self {
        let get = |name: &str| {
            env::var(name).unwrap_or_else(|_| {
                panic!("{name} is not set, so there is no server to test against; run: make test")
            })
        };
        let (private, host, port) = (get("RCT_CLUSTER_DIR"), get("PGHOST"), get("PGPORT"));
        assert!(
            host.starts_with(&private),
            "PGHOST={host} is not the server of .ci/cluster.sh; run: make test"
        );
        Cluster {
            host,
            port: port
                .parse()
                .unwrap_or_else(|_| panic!("PGPORT={port} is not a port")),
            superuser: get("PGUSER"),
        }
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is inside the repository")
        .to_owned()
}

/// The text of a file of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// `RCT_ACCEPT=1`: write the output as it is now into the files that hold the expected output.
pub fn accept() -> bool {
    env::var("RCT_ACCEPT").is_ok_and(|v| v == "1")
}

/// A test that cannot run here says so, by name, in the summary of `make test`, and then returns.
/// `#[ignore = "reason"]` does the same for a test that can run nowhere.
#[allow(
    dead_code,
    reason = "for tests that depend on the version of the server"
)]
pub fn skip(test: &str, reason: &str) {
    eprintln!("skipped {test}: {reason}");
    if let Some(path) = env::var_os("RCT_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .expect("RCT_SKIP_LOG");
        writeln!(log, "{test}: {reason}").expect("RCT_SKIP_LOG");
    }
}
