//! What somebody tries who has a login, a schema, a relation or a type in the database of a district.
//!
//! | Module | |
//! |---|---|
//! | `schema` | a schema `rct` that is there before the extension |
//! | `installation` | default privileges, search paths, operators and casts before the installation; roles and encodings that cannot install |
//! | `grants` | rights that nobody gave by a grant function |
//! | `overloads` | functions with our names and other arguments |
//! | `reader` | which role may read relations of the district |
//! | `roster` | code in relations of the district, and relations that change between check and read |
//! | `locks` | locks that everybody can take |
//! | `exclusion` | locks that only we take: who waits for whom |
//! | `identifiers` | identifiers that are too long |
//! | `names` | names in the install script for which Postgres would search |
//! | `leaks` | errors that tell more than the caller knows |
//! | `work` | calls whose work grows faster than what they are given |
//! | `removal` | commands that remove all records |

mod exclusion;
mod grants;
mod identifiers;
mod installation;
mod leaks;
mod locks;
mod names;
mod overloads;
mod reader;
mod removal;
mod roster;
mod schema;
mod work;

use std::thread::{self, JoinHandle};
use std::time::Duration;

use postgres::error::DbError;
use postgres::{Client, Error, SimpleQueryMessage};

use crate::db::told;

/// Statements that must succeed.
fn run(client: &mut Client, sql: &str) {
    client
        .batch_execute(sql)
        .unwrap_or_else(|e| panic!("{}\n{sql}", told(&e)));
}

/// The rows of a query, columns as text.
fn rows(client: &mut Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql);
    let messages = messages.unwrap_or_else(|e| panic!("{}\n{sql}", told(&e)));
    let row = |message: SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            let columns = (0..row.len()).map(|i| row.get(i).unwrap_or("NULL"));
            Some(columns.collect::<Vec<_>>().join(" "))
        }
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}

/// One value, as text.
fn value(client: &mut Client, sql: &str) -> String {
    rows(client, sql).join(", ")
}

/// A statement that must be refused, with one of these SQLSTATEs.
fn refused(client: &mut Client, statement: &str, codes: &[&str]) -> DbError {
    let error = client.batch_execute(statement).err();
    let error = error.unwrap_or_else(|| panic!("was allowed: {statement}"));
    // a statement in a transaction of its own is over already
    let _ = client.batch_execute("ROLLBACK");
    let db_error = error.as_db_error();
    let db_error = db_error.unwrap_or_else(|| panic!("{statement}: {error}"));
    assert!(
        codes.contains(&db_error.code().code()),
        "{statement}: {}, not {codes:?}",
        told(&error)
    );
    db_error.clone()
}

/// All that an error says.
fn words(error: &DbError) -> String {
    let parts = [
        Some(error.message()),
        error.detail(),
        error.hint(),
        error.where_(),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    parts.join("\n")
}

/// A statement that runs in a session of its own, beside the test.
struct Running {
    pid: i32,
    thread: JoinHandle<Result<(), Error>>,
}

impl Running {
    fn begin(mut client: Client, statement: &str) -> Self {
        let pid = client.query_one("SELECT pg_catalog.pg_backend_pid()", &[]);
        let pid = pid.unwrap().get(0);
        let statement = statement.to_owned();
        let thread = thread::spawn(move || client.batch_execute(&statement));
        Running { pid, thread }
    }

    /// The sessions that it waits for, as soon as it waits; none when it has ended without waiting.
    fn waits_for(&self, observer: &mut Client) -> Vec<i32> {
        while !self.thread.is_finished() {
            let blocking =
                observer.query_one("SELECT pg_catalog.pg_blocking_pids($1)", &[&self.pid]);
            let blocking: Vec<i32> = blocking.unwrap().get(0);
            if !blocking.is_empty() {
                return blocking;
            }
            thread::sleep(Duration::from_millis(2));
        }
        Vec::new()
    }

    fn end(self) -> Result<(), Error> {
        let ended = self.thread.join();
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// The session's number.
fn pid(client: &mut Client) -> i32 {
    let row = client.query_one("SELECT pg_catalog.pg_backend_pid()", &[]);
    row.unwrap().get(0)
}
