//! Scratch databases, and connections to them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use postgres::{Client, Config, NoTls};

use crate::cluster::Cluster;

/// What an error says, with the detail of the server.
pub fn told(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(e) => format!("{} {e}", e.code().code()),
        None => error.to_string(),
    }
}

/// A fresh database, dropped at the end of the test.
pub struct Database {
    pub cluster: Cluster,
    pub name: String,
}

impl Database {
    /// An empty one. `tag` only makes the name recognisable in the server's log.
    pub fn empty(tag: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let tag: String = tag
            .to_lowercase()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
            .take(30)
            .collect();
        let name = format!(
            "rct_{tag}_{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let database = Database {
            cluster: Cluster::from_env(),
            name,
        };
        // template0: nobody can be connected to it, and connections to a template make CREATE DATABASE fail
        database
            .maintenance()
            .batch_execute(&format!(
                "CREATE DATABASE {} TEMPLATE template0",
                database.name
            ))
            .unwrap();
        database
    }

    /// One in which the extension exists.
    pub fn with_extension(tag: &str) -> Self {
        let database = Database::empty(tag);
        database
            .client()
            .batch_execute("CREATE EXTENSION pg_rct")
            .unwrap_or_else(|e| panic!("CREATE EXTENSION pg_rct: {}", told(&e)));
        database
    }

    fn config(&self, user: &str, dbname: &str) -> Config {
        let mut config = Config::new();
        config
            .host(&self.cluster.host)
            .port(self.cluster.port)
            .user(user)
            .dbname(dbname)
            .application_name("rct-tests");
        config
    }

    /// A connection as superuser.
    pub fn client(&self) -> Client {
        self.client_as(&self.cluster.superuser)
    }

    /// A connection as another role, which must be able to log in. Roles belong to the whole cluster:
    /// give each test names of its own.
    pub fn client_as(&self, role: &str) -> Client {
        self.config(role, &self.name)
            .connect(NoTls)
            .unwrap_or_else(|e| panic!("connection to {} as {role}: {e}", self.name))
    }

    /// A connection as another role, and what the server says in it besides answers: warnings and notices, as they come.
    pub fn heard_as(&self, role: &str) -> (Client, Arc<Mutex<Vec<String>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        let mut config = self.config(role, &self.name);
        config.notice_callback(move |notice| {
            let said = notice.message().to_owned();
            hears.lock().expect("no panic while it is held").push(said);
        });
        let client = config.connect(NoTls);
        let client =
            client.unwrap_or_else(|e| panic!("connection to {} as {role}: {e}", self.name));
        (client, heard)
    }

    /// A superuser's connection to another database of the cluster, for what belongs to no database.
    pub fn maintenance(&self) -> Client {
        self.config(&self.cluster.superuser, "postgres")
            .connect(NoTls)
            .unwrap_or_else(|e| {
                panic!(
                    "no server at {} port {}: {e}; run: make test",
                    self.cluster.host, self.cluster.port
                )
            })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let config = self.config(&self.cluster.superuser, "postgres");
        let dropped = config.connect(NoTls).and_then(|mut client| {
            client.batch_execute(&format!(
                "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                self.name
            ))
        });
        if let Err(e) = dropped {
            // a panic here would hide the one that may be under way
            eprintln!("could not drop database {}: {e}", self.name);
        }
    }
}

#[test]
fn a_scratch_database_is_private_and_goes_away() {
    let exists = "SELECT count(*) FROM pg_catalog.pg_database WHERE datname = $1";
    let database = Database::empty("Self-test");
    let (mut maintenance, name) = (database.maintenance(), database.name.clone());
    assert_eq!(
        database
            .client()
            .query_one("SELECT current_database()::text", &[])
            .unwrap()
            .get::<_, String>(0),
        name
    );
    assert_eq!(
        maintenance
            .query_one(exists, &[&name])
            .unwrap()
            .get::<_, i64>(0),
        1
    );

    let role = format!("{name}_role");
    maintenance
        .batch_execute(&format!("CREATE ROLE {role} LOGIN"))
        .unwrap();
    let mut other = database.client_as(&role);
    assert_eq!(
        other
            .query_one("SELECT current_user::text", &[])
            .unwrap()
            .get::<_, String>(0),
        role
    );

    drop(database); // even though `other` is still connected
    assert_eq!(
        maintenance
            .query_one(exists, &[&name])
            .unwrap()
            .get::<_, i64>(0),
        0
    );
    maintenance
        .batch_execute(&format!("DROP ROLE {role}"))
        .unwrap();
}
