//! A server of a test's own, with settings or limits that the others should not have. It is stopped and removed when its
//! input ends: also when this process is killed.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use postgres::{Client, Config, NoTls};

use crate::cluster::root;

pub struct Server {
    script: Child,
    host: String,
    port: u16,
    dir: String,
}

impl Server {
    /// With the settings of a server in use.
    pub fn durable() -> Self {
        Server::start(
            "exec .ci/cluster.sh run --profile bench -- \"$@\"",
            &[("RCT_BENCH_SHARED_BUFFERS", "128MB")],
        )
    }

    /// None of whose processes gets more than so many kilobytes of memory, shared memory included.
    pub fn with_memory(kilobytes: u32) -> Self {
        let script = format!("ulimit -v {kilobytes} && exec .ci/cluster.sh run -- \"$@\"");
        Server::start(&script, &[])
    }

    fn start(script: &str, environment: &[(&str, &str)]) -> Self {
        let mut script = Command::new("bash")
            .current_dir(root())
            .args(["-c", script, "server", "sh", "-c"])
            .arg("printf 'cluster\\t%s\\t%s\\t%s\\n' \"$PGHOST\" \"$PGPORT\" \"$RCT_CLUSTER_DIR\"; read -r end || true")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!(".ci/cluster.sh: {e}"));
        let output = BufReader::new(script.stdout.take().expect("piped"));
        let announced = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("cluster\t")?.to_owned()));
        let announced = announced.unwrap_or_else(|| panic!(".ci/cluster.sh started no cluster"));
        let parts: Vec<&str> = announced.split('\t').collect();
        let [host, port, dir] = parts.as_slice() else {
            panic!("{announced}")
        };
        Server {
            host: (*host).to_owned(),
            port: port.parse().expect("a number"),
            dir: (*dir).to_owned(),
            script,
        }
    }

    /// A connection as superuser.
    pub fn client(&self) -> Client {
        self.client_as("postgres")
    }

    /// A connection as another role.
    pub fn client_as(&self, role: &str) -> Client {
        Config::new()
            .host(&self.host)
            .port(self.port)
            .user(role)
            .dbname("postgres")
            .connect(NoTls)
            .unwrap_or_else(|e| panic!("connection to the server of the test: {e}"))
    }

    /// SIGKILL (`kill`), or the start after it (`restart`).
    pub fn control(&self, command: &str) {
        let output = Command::new(".ci/cluster.sh")
            .current_dir(root())
            .arg(command)
            .env("RCT_CLUSTER_DIR", &self.dir)
            .output()
            .unwrap_or_else(|e| panic!(".ci/cluster.sh: {e}"));
        assert!(
            output.status.success(),
            ".ci/cluster.sh {command}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        if let Err(e) = self.script.wait() {
            eprintln!("the server of the test: {e}");
        }
    }
}
