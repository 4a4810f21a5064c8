//! One district, restored in every way in which PostgreSQL copies a database: the answers are those of the source, or an error
//! that names the function that repairs what is missing; never something else.
//!
//! | Module | |
//! |---|---|
//! | `school` | the district: 100 users, three experiments, and all that can be asked of it |
//! | `backup` | pg_dump and pg_restore |
//! | `replication` | logical replication, and the promotion of the copy |
//! | `verify` | `rct.verify()` finds what somebody has broken |

mod backup;
mod replication;
mod school;
mod verify;

use postgres::{Client, Error, SimpleQueryMessage};

use crate::db::{Database, told};

/// Statements that must succeed.
fn run(client: &mut Client, sql: &str) {
    client
        .batch_execute(sql)
        .unwrap_or_else(|e| panic!("{}\n{sql}", told(&e)));
}

/// The rows of a query, columns as text.
fn try_rows(client: &mut Client, sql: &str) -> Result<Vec<String>, Error> {
    let row = |message: SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            let columns = (0..row.len()).map(|i| row.get(i).unwrap_or("NULL"));
            Some(columns.collect::<Vec<_>>().join(" | "))
        }
        _ => None,
    };
    let messages = client.simple_query(sql)?;
    Ok(messages.into_iter().filter_map(row).collect())
}

fn rows(client: &mut Client, sql: &str) -> Vec<String> {
    try_rows(client, sql).unwrap_or_else(|e| panic!("{}\n{sql}", told(&e)))
}

/// Whether a call was refused as it should be: with the name of what repairs the database.
fn names_the_repair(error: &Error) -> bool {
    error.as_db_error().is_some_and(|e| {
        let said = format!(
            "{} {}",
            e.detail().unwrap_or_default(),
            e.hint().unwrap_or_default()
        );
        e.code().code() == "55000" && said.contains("rct.rebuild")
    })
}

/// The copy answers as the source, to every question; a question may be refused until the copy is rebuilt, which is done
/// then, and only then.
fn same_answers(source: &Database, copy: &Database, how: &str) {
    let mut refused = Vec::new();
    for attempt in 0..2 {
        refused.clear();
        let (mut here, mut there) = (source.client(), copy.client());
        for (what, question) in school::QUESTIONS {
            let wanted = rows(&mut here, question);
            assert!(!wanted.is_empty(), "{what}: nothing is asked");
            match try_rows(&mut there, question) {
                Ok(got) => same_rows(&wanted, &got, &format!("{how}: {what}")),
                Err(e) if names_the_repair(&e) => refused.push(what),
                Err(e) => panic!("{how}: {what}: {}", told(&e)),
            }
        }
        if refused.is_empty() {
            return;
        }
        assert_eq!(attempt, 0, "{how}: still refused when rebuilt: {refused:?}");
        run(&mut there, "SELECT rct.rebuild()");
    }
}

fn same_rows(wanted: &[String], got: &[String], what: &str) {
    let missing: Vec<_> = wanted
        .iter()
        .filter(|row| !got.contains(row))
        .take(3)
        .collect();
    let other: Vec<_> = got
        .iter()
        .filter(|row| !wanted.contains(row))
        .take(3)
        .collect();
    assert!(
        missing.is_empty() && other.is_empty() && wanted.len() == got.len(),
        "{what}: {} rows and not {}: {other:#?} instead of {missing:#?}",
        got.len(),
        wanted.len()
    );
}

/// Nothing is wrong with it, at the latest when it is rebuilt.
fn sound(database: &Database, how: &str) {
    let mut client = database.client();
    let problems = "SELECT severity, code, place, detail FROM rct.verify()";
    let first = rows(&mut client, problems);
    if first.is_empty() {
        return;
    }
    run(&mut client, "SELECT rct.rebuild()");
    let left = rows(&mut client, problems);
    assert!(
        left.is_empty(),
        "{how}: {left:#?}, before it was rebuilt {first:#?}"
    );
}

/// Life goes on in the source.
fn goes_on(source: &Database) -> Vec<(&'static str, Vec<String>)> {
    let mut client = source.client();
    let answer = |change: &&'static str| (*change, rows(&mut client, change));
    school::NEXT.iter().map(answer).collect()
}

/// And in the same way in the copy.
fn goes_on_as(wanted: &[(&str, Vec<String>)], copy: &Database, how: &str) {
    let mut client = copy.client();
    for (change, wanted) in wanted {
        let mut got = try_rows(&mut client, change);
        if got.as_ref().is_err_and(names_the_repair) {
            run(&mut client, "SELECT rct.rebuild()");
            got = try_rows(&mut client, change);
        }
        let got = got.unwrap_or_else(|e| panic!("{how}: {change}: {}", told(&e)));
        same_rows(wanted, &got, &format!("{how}: {change}"));
    }
}

/// All of it: answers, soundness, what comes next, and the answers after that.
fn are_as_the_source(source: &Database, copies: &[(&str, Database)]) {
    for (how, copy) in copies {
        same_answers(source, copy, how);
        sound(copy, how);
        same_answers(source, copy, &format!("{how}, when it is sound"));
    }
    let next = goes_on(source);
    for (how, copy) in copies {
        goes_on_as(&next, copy, how);
        same_answers(source, copy, &format!("{how}, later"));
        sound(copy, &format!("{how}, later"));
    }
}
