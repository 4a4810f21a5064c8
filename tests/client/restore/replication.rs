//! Logical replication copies rows: no trigger runs for them, sequences stay where they are, and it may leave tables out. The
//! copy says so or answers as the source, while it follows and when it is promoted.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use postgres::error::SqlState;

use super::school::{NEXT, school};
use super::{goes_on, goes_on_as, names_the_repair, rows, run, same_answers, sound};
use crate::db::{Database, told};
use crate::district::tables;

/// Tables that are in a dump; the others follow from them.
const RECORDS: &str = "SELECT x::regclass::text FROM pg_catalog.pg_extension, unnest(extconfig) AS x JOIN pg_catalog.pg_class AS c ON c.oid = x
                       WHERE extname = 'pg_rct' AND c.relkind = 'r' ORDER BY 1";

/// A database that follows another.
struct Replica<'a> {
    source: &'a Database,
    copy: &'a Database,
    name: String,
    _alone: MutexGuard<'static, ()>,
}

impl<'a> Replica<'a> {
    /// A server has few workers for this: one copy at a time.
    fn new(source: &'a Database, copy: &'a Database, tables: &[String]) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("follow_{}", copy.name);
        run(
            &mut source.client(),
            &format!("CREATE PUBLICATION {name} FOR TABLE {}", tables.join(", ")),
        );
        // within one cluster the slot cannot be made by the subscription itself, which would wait for its own transaction
        run(
            &mut source.client(),
            &format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')"),
        );
        let cluster = &source.cluster;
        run(
            &mut copy.client(),
            &format!(
                "CREATE SUBSCRIPTION {name} CONNECTION 'host={} port={} user={} dbname={}' PUBLICATION {name} WITH (create_slot = false, disable_on_error = true)",
                cluster.host, cluster.port, cluster.superuser, source.name
            ),
        );
        let replica = Replica {
            source,
            copy,
            name,
            _alone: alone,
        };
        replica.catch_up();
        replica
    }

    /// Waits until the copy has what the source has now; it gets there, or stops because of an error.
    fn catch_up(&self) {
        let (mut source, mut copy) = (self.source.client(), self.copy.client());
        let position = rows(&mut source, "SELECT pg_current_wal_insert_lsn()").concat();
        let copied = format!(
            "SELECT count(*) FILTER (WHERE r.srsubstate <> 'r'), bool_and(s.subenabled) FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid WHERE s.subname = '{}'",
            self.name
        );
        let sent = format!(
            "SELECT confirmed_flush_lsn >= '{position}' FROM pg_replication_slots WHERE slot_name = '{}'",
            self.name
        );
        loop {
            let state = rows(&mut copy, &copied);
            assert!(
                state[0].ends_with('t'),
                "replication stopped because of an error; the log of the server tells it"
            );
            if state == ["0 | t"] && rows(&mut source, &sent) == ["t"] {
                return;
            }
            sleep(Duration::from_millis(10));
        }
    }

    /// The copy is on its own from now on.
    fn promote(self) {}
}

impl Drop for Replica<'_> {
    fn drop(&mut self) {
        let name = &self.name;
        for statement in [
            format!("ALTER SUBSCRIPTION {name} DISABLE"),
            format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"),
            format!("DROP SUBSCRIPTION {name}"),
        ] {
            if let Err(e) = self.copy.client().batch_execute(&statement) {
                eprintln!("{statement}: {}", told(&e));
            }
        }
        let mut source = self.source.client();
        let end = format!("SELECT pg_drop_replication_slot('{name}')");
        // its last worker may still be about to leave
        while let Err(e) = source.batch_execute(&end) {
            if e.code() != Some(&SqlState::OBJECT_IN_USE) {
                eprintln!("{end}: {}", told(&e));
                break;
            }
            sleep(Duration::from_millis(10));
        }
        if let Err(e) = source.batch_execute(&format!("DROP PUBLICATION {name}")) {
            eprintln!("publication {name}: {}", told(&e));
        }
    }
}

/// Follows, while the source goes on, and is promoted; then both go on.
fn follows(source: &Database, copy: &Database, tables: &[String], how: &str) {
    let replica = Replica::new(source, copy, tables);
    same_answers(source, copy, how);
    let (while_it_follows, later) = NEXT.split_at(NEXT.len() / 2);
    let mut client = source.client();
    for changes in while_it_follows.chunks(3) {
        for change in changes {
            rows(&mut client, change);
        }
        replica.catch_up();
        // what is packed of a user is behind the records now, in the copy
        same_answers(source, copy, &format!("{how}, after {changes:#?}"));
    }
    replica.promote();
    same_answers(source, copy, &format!("{how}, promoted"));
    let next: Vec<_> = later
        .iter()
        .map(|change| (*change, rows(&mut client, change)))
        .collect();
    goes_on_as(&next, copy, &format!("{how}, promoted"));
    same_answers(source, copy, &format!("{how}, promoted, later"));
    sound(copy, how);
    same_answers(source, copy, &format!("{how}, sound"));
}

#[test]
fn the_records_alone() {
    let source = school("records");
    let records = rows(&mut source.client(), RECORDS);
    let copy = Database::with_extension("records_copy");
    follows(&source, &copy, &records, "replication of the records");
}

#[test]
fn all_tables() {
    let source = school("all_tables");
    let all = tables(&mut source.client());
    let copy = Database::with_extension("all_tables_copy");
    follows(&source, &copy, &all, "replication of all tables");
}

/// Promoted as it is: whatever comes first, from however many sessions, works or names what to do.
#[test]
fn the_first_calls_after_a_promotion() {
    let source = school("promotion");
    let all = tables(&mut source.client());
    let copy = Database::with_extension("promotion_copy");
    Replica::new(&source, &copy, &all).promote();
    let calls = [
        "SELECT rct.mark('lms', 'fresh 1', 'quiz', 'q1', event_id => 'fresh 1')",
        "SELECT rct.mark('lms', 'fresh 2', 'home', NULL)",
        r#"SELECT rct.set_groups('fresh 3', '{"class": ["class 1"]}')"#,
        r#"SELECT rct.log('lms', 'fresh 4', '{"score": 1}', event_id => 'fresh 4')"#,
        r#"SELECT rct.log_batch('[{"context": "lms", "user_id": "fresh 5", "metrics": {"score": 1}}]')"#,
        r#"SELECT rct.create_experiment('{"key": "fresh", "context": "lms"}')"#,
        "SELECT rct.create_segment('fresh')",
        "SELECT rct.set_status('within', 'enrollment_complete')",
        "SELECT rct.clone_experiment('solo', 'fresh clone')",
        "SELECT rct.randomize_experiment('fresh clone', 'seed', '{a,b,c}')",
    ];
    let mut failed = Vec::new();
    std::thread::scope(|scope| {
        let copy = &copy;
        let running: Vec<_> = calls[..8]
            .iter()
            .map(|call| scope.spawn(move || (*call, copy.client().batch_execute(call))))
            .collect();
        for thread in running {
            failed.extend(refused(thread.join().expect("no panic")));
        }
    });
    for call in &calls[8..] {
        failed.extend(refused((*call, copy.client().batch_execute(call))));
    }
    if !failed.is_empty() {
        run(&mut copy.client(), "SELECT rct.rebuild()");
        for call in failed {
            run(&mut copy.client(), call);
        }
    }
    sound(&copy, "after the first calls");
    // nothing is known twice, and nothing is lost
    let mut client = copy.client();
    for (table, extra) in [
        ("exposure", 2),
        ("measurement", 2),
        ("experiment", 2),
        ("run", 1),
    ] {
        let count = format!("SELECT count(*) FROM rct.{table}");
        let before: i64 = rows(&mut source.client(), &count).concat().parse().unwrap();
        assert_eq!(
            rows(&mut client, &count),
            [(before + extra).to_string()],
            "{table}"
        );
    }
}

/// The call, if it has to be made again.
fn refused((call, answer): (&str, Result<(), postgres::Error>)) -> Option<&str> {
    let error = answer.err()?;
    assert!(names_the_repair(&error), "{call}: {}", told(&error));
    Some(call)
}

/// A table that is left out is missed: nobody takes the rest for the whole.
#[test]
fn a_table_that_is_left_out() {
    let source = school("left_out");
    let records = rows(&mut source.client(), RECORDS);
    for missing in [
        "rct.experiment",
        "rct.segment",
        "rct.run",
        "rct.visit",
        "rct.experiment_version",
    ] {
        let copy = Database::with_extension("left_out_copy");
        let rest: Vec<_> = records
            .iter()
            .filter(|name| *name != missing)
            .cloned()
            .collect();
        assert_eq!(rest.len() + 1, records.len(), "{missing}");
        Replica::new(&source, &copy, &rest).promote();
        let mut client = copy.client();
        for rebuild in [false, true] {
            if rebuild {
                // what cannot be rebuilt may say so
                let _ = client.batch_execute("SELECT rct.rebuild()");
            }
            let problems = rows(
                &mut client,
                "SELECT severity, code, place, detail FROM rct.verify() WHERE severity = 'error'",
            );
            assert!(
                !problems.is_empty(),
                "{missing} is missing, rebuilt: {rebuild}, and nothing is wrong"
            );
        }
    }
}

/// The source is not touched by any of it.
#[test]
fn a_source_goes_on() {
    let source = school("publisher");
    let all = tables(&mut source.client());
    let copy = Database::with_extension("subscriber");
    let replica = Replica::new(&source, &copy, &all);
    goes_on(&source);
    sound(&source, "the source, while somebody follows");
    replica.catch_up();
    drop(replica);
    sound(&source, "the source, alone again");
}
