//! Marks under REPEATABLE READ and SERIALIZABLE: an application that repeats what failed with 40001 gets it right, and no
//! other error occurs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use postgres::Client;
use serde_json::json;

use super::{
    Marked, alone, assert_consistent, classes, count, create, database, rows, run, set_status,
    shuffle, start, together, try_mark,
};
use crate::db::told;
use crate::random::Random;

/// A mark in a transaction of its own, again and again until it is not in the way of others.
fn insist(
    client: &mut Client,
    level: &str,
    user: &str,
    site: &str,
    event: &str,
    repeated: &AtomicUsize,
) -> Marked {
    for attempt in 0..1_000 {
        run(client, &format!("BEGIN ISOLATION LEVEL {level}"));
        let marked = try_mark(client, user, site, None, Some(event));
        let ended = match marked {
            Ok(marked) => client.batch_execute("COMMIT").map(|()| marked),
            Err(e) => {
                run(client, "ROLLBACK");
                Err(e)
            }
        };
        match ended {
            Ok(marked) => return marked,
            Err(e) if e.code().is_some_and(|code| code.code() == "40001") => {
                repeated.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(200 * attempt.min(20)));
            }
            Err(e) => panic!("{event} of {user} at {site} under {level}: {}", told(&e)),
        }
    }
    panic!("{event} of {user} at {site} under {level}: 1000 times in vain");
}

fn storm(level: &str) {
    const CLIENTS: usize = 8;
    const STUDENTS: usize = 24;
    let _alone = alone();
    let mut random = Random::new(level);
    let (database, mut client) = database("levels");
    classes(&mut client, "u", STUDENTS, 3);
    let group = json!({"unit": "group", "group_type": "class", "consistency": "group"});
    start(&mut client, "group", "lesson", &group);
    start(
        &mut client,
        "limited",
        "quiz",
        &json!({"ending": {"users": 10}}),
    );
    start(
        &mut client,
        "limited too",
        "test",
        &json!({"ending": {"users": 10}}),
    );
    start(
        &mut client,
        "within",
        "warm-up",
        &json!({"unit": "within_subjects"}),
    );
    let slots = json!({"assignment": {"algorithm": "blocks", "late": "next_slot"}});
    create(&mut client, "slots", "game", &slots);
    run(
        &mut client,
        "SELECT rct.randomize_experiment('slots', 'seed', '{early}')",
    );
    set_status(&mut client, "slots", "enrolling");

    // every visit twice, the second time with another event, and each event twice
    let mut visits = Vec::new();
    for i in 1..=STUDENTS {
        for site in ["lesson", "quiz", "test", "warm-up", "game"] {
            for event in [1, 1, 2, 2] {
                visits.push((format!("u{i}"), site, format!("{i} {site} {event}")));
            }
        }
    }
    shuffle(&mut visits, &mut random);
    // neighbours meet: the copies of an event are close to each other
    for at in 0..visits.len() {
        let event = visits[at].2.clone();
        if let Some(copy) = (at + 1..visits.len()).find(|i| visits[*i].2 == event) {
            visits.swap(copy, (at + 1).min(copy));
        }
    }
    let (next, repeated) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let answers = together(
        || database.client(),
        CLIENTS,
        |_, client| {
            let mut answers = Vec::new();
            while let Some((user, site, event)) = visits.get(next.fetch_add(1, Ordering::Relaxed)) {
                answers.push(insist(client, level, user, site, event, &repeated));
            }
            answers
        },
    );
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    let events = visits.len() / 2;
    assert_eq!(answers.iter().filter(|a| a.duplicate).count(), events);
    assert_eq!(
        rows(
            &mut client,
            "SELECT count(*), count(DISTINCT event_id) FROM rct.exposure"
        ),
        [format!("{events} {events}")]
    );
    let enrolled = "SELECT e.key, n.unit_type, count(*) FROM rct.enrollment n JOIN rct.experiment e ON e.id = n.experiment_id
                    GROUP BY 1, 2 ORDER BY 1, 2";
    assert_eq!(
        rows(&mut client, enrolled),
        [
            "group class 3",
            "group user 24",
            "limited user 10",
            "limited too user 10",
            "slots user 24",
            "within user 24"
        ]
    );
    let ended = "SELECT count(*) FROM rct.status_log WHERE to_status = 'enrollment_complete'";
    assert_eq!(count(&mut client, ended), 2);
    let repetitions = "SELECT count(*), max(ordinal) FROM rct.repetition";
    assert_eq!(rows(&mut client, repetitions), ["48 2"]);
    let placed = "SELECT count(*), max(slot) - min(slot) + 1 FROM rct.allocation";
    assert_eq!(rows(&mut client, placed), ["25 25"]);
    assert_consistent(&mut client);
    // the point of the test: they were in each other's way
    let repeated = repeated.load(Ordering::Relaxed);
    println!("{level}: {repeated} of {} repeated", visits.len());
    assert!(repeated > 0, "nothing was repeated under {level}");
}

#[test]
fn repeatable_read() {
    storm("REPEATABLE READ");
}

#[test]
fn serializable() {
    storm("SERIALIZABLE");
}

#[test]
fn read_committed() {
    // the same without anything to repeat
    const CLIENTS: usize = 16;
    let _alone = alone();
    let (database, mut client) = database("levels");
    start(
        &mut client,
        "limited",
        "quiz",
        &json!({"ending": {"users": 10}}),
    );
    start(
        &mut client,
        "within",
        "warm-up",
        &json!({"unit": "within_subjects"}),
    );
    let repeated = AtomicUsize::new(0);
    together(
        || database.client(),
        CLIENTS,
        |who, client| {
            for i in 0..30 {
                for site in ["quiz", "warm-up"] {
                    let (user, event) = (
                        format!("u{}", (i * 7 + who) % 12),
                        format!("{who} {i} {site}"),
                    );
                    insist(client, "READ COMMITTED", &user, site, &event, &repeated);
                }
            }
        },
    );
    assert_eq!(repeated.load(Ordering::Relaxed), 0);
    let counts =
        "SELECT (SELECT count(*) FROM rct.exposure), (SELECT count(*) FROM rct.repetition),
                         (SELECT users FROM rct.enrollment_count)";
    assert_eq!(
        rows(&mut client, counts),
        [format!("{} {} 10", 60 * CLIENTS, 30 * CLIENTS)]
    );
    assert_consistent(&mut client);
}
