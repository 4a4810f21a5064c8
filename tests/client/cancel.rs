//! Long calls stop when the statement is cancelled or its time is up, and the session is as good as before. How soon they
//! stop is measured by `make bench`; how often they look whether they should is tested with the core (`tests/core/host`).

use std::thread;

use postgres::error::SqlState;
use postgres::{Client, NoTls};

use crate::cluster::read;
use crate::db::{Database, told};
use crate::wait::wait_until;

/// Milliseconds that a call is given, so that it is stopped in different parts of its work.
const HEAD_STARTS: [u32; 4] = [1, 20, 150, 500];

/// Names and statements of the calls that go on for very long.
fn long_calls(text: &str) -> Vec<(&str, &str)> {
    let calls = text.lines().filter(|line| !line.starts_with("--"));
    let split = |line| str::split_once(line, '|').unwrap_or_else(|| panic!("{line}"));
    let calls: Vec<_> = calls
        .map(split)
        .map(|(a, b)| (a.trim(), b.trim()))
        .collect();
    assert!(calls.len() > 20, "{calls:?}");
    calls
}

/// A statement after a cancelled one. The server signals a session more than once for one request to cancel, and on a busy
/// machine a signal may come late: it stops a statement then that nobody wanted to stop, but not each of many.
fn after_a_cancel<T>(mut run: impl FnMut() -> Result<T, postgres::Error>) -> T {
    let mut result = run();
    for _ in 0..20 {
        match &result {
            Err(e) if e.code() == Some(&SqlState::QUERY_CANCELED) => result = run(),
            _ => break,
        }
    }
    result.unwrap_or_else(|e| panic!("{}", told(&e)))
}

/// The session answers, with its own process, and has the memory that it had.
fn goes_on(client: &mut Client, pid: i32, name: &str) {
    let median = "SELECT pg_backend_pid(), rct.median(i) FROM generate_series(1, 100000) AS i";
    let row = after_a_cancel(|| client.query_one(median, &[]));
    assert_eq!(
        (row.get::<_, i32>(0), row.get::<_, f64>(1)),
        (pid, 50000.5),
        "{name}"
    );
}

fn assert_stopped(client: &mut Client, name: &str, sql: &str) {
    let error = client.simple_query(sql).err();
    let error = error.unwrap_or_else(|| panic!("{name} was done before it could be stopped"));
    let state = error.code().cloned();
    assert_eq!(
        state,
        Some(SqlState::QUERY_CANCELED),
        "{name}: {}",
        told(&error)
    );
}

#[test]
fn every_long_call_can_be_stopped() {
    let database = Database::with_extension("cancel");
    let (mut client, mut other) = (database.client(), database.client());
    client
        .batch_execute("SET client_min_messages = warning")
        .unwrap();
    client
        .batch_execute(&read("benches/cancel/load.sql"))
        .unwrap();
    let pid: i32 = client
        .query_one("SELECT pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let calls = read("benches/cancel/calls.sql");
    for (name, sql) in long_calls(&calls) {
        for head_start in HEAD_STARTS {
            let timeout = format!("SET statement_timeout = {head_start}");
            after_a_cancel(|| client.batch_execute(&timeout));
            assert_stopped(&mut client, name, sql);
        }
        after_a_cancel(|| client.batch_execute("SET statement_timeout = 0"));
        goes_on(&mut client, pid, name);

        let token = client.cancel_token();
        thread::scope(|scope| {
            let canceller = scope.spawn(|| {
                wait_until("the call is running", || {
                    let running = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query = $2";
                    other.query_one(running, &[&pid, &sql]).unwrap().get::<_, i64>(0) == 1
                });
                token.cancel_query(NoTls).unwrap();
            });
            assert_stopped(&mut client, name, sql);
            canceller.join().unwrap();
        });
        goes_on(&mut client, pid, name);
    }
}
