//! The server is killed during a storm of marks, in a durable cluster of its own: what it acknowledged is there, once and
//! complete, and nothing is there by halves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use postgres::Client;
use serde_json::json;

use super::{
    Marked, alone, assert_consistent, classes, count, rows, run, start, together, try_mark,
};
use crate::random::Random;
use crate::server::Server;
use crate::wait::wait_until;

/// A mark that a client sent, and what it was told before the connection broke.
struct Sent {
    event: String,
    user: String,
    site: &'static str,
    told: Option<Marked>,
}

const SITES: [&str; 3] = ["lesson", "quiz", "warm-up"];

/// Marks until the server is gone, and counts what was acknowledged.
fn storm(
    client: &mut Client,
    name: &str,
    students: u64,
    killing: &AtomicBool,
    acknowledged: &AtomicU64,
) -> Vec<Sent> {
    // a stream of its own for each client, from the number in its name
    let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut below = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % n
    };
    let mut sent = Vec::new();
    for number in 0.. {
        let site = SITES[below(SITES.len() as u64) as usize];
        let mut mark = Sent {
            event: format!("{name} {number}"),
            user: format!("u{}", 1 + below(students)),
            site,
            told: None,
        };
        let answer = try_mark(client, &mark.user, mark.site, None, Some(&mark.event));
        let alive = match answer {
            Ok(told) => {
                mark.told = Some(told);
                acknowledged.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(e) => {
                let shutdown = e.code().is_none_or(|code| code.code().starts_with("57P"));
                assert!(shutdown, "{}: {}", mark.event, crate::db::told(&e));
                assert!(killing.load(Ordering::SeqCst), "{}: {e}", mark.event);
                false
            }
        };
        sent.push(mark);
        if !alive {
            break;
        }
    }
    sent
}

#[test]
fn a_killed_server_has_lost_no_acknowledged_mark() {
    const CLIENTS: usize = 12;
    const ROUNDS: usize = 3;
    const STUDENTS: u64 = 3_000;
    let _alone = alone();
    let mut random = Random::new("a_killed_server_has_lost_no_acknowledged_mark");
    let cluster = Server::durable();
    let mut client = cluster.client();
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String = client
            .query_one(&format!("SHOW {setting}"), &[])
            .unwrap()
            .get(0);
        assert_eq!(value, "on", "{setting}");
    }
    run(&mut client, "CREATE EXTENSION pg_rct");
    classes(&mut client, "u", STUDENTS as usize, 100);
    let group = json!({"unit": "group", "group_type": "class", "consistency": "group"});
    start(&mut client, "group", "lesson", &group);
    start(
        &mut client,
        "limited",
        "quiz",
        &json!({"ending": {"users": 150}}),
    );
    start(
        &mut client,
        "within",
        "warm-up",
        &json!({"unit": "within_subjects"}),
    );

    let mut sent = Vec::new();
    for round in 0..ROUNDS {
        // so many are acknowledged before the kill, and more while it is done
        let enough = 60 + random.below(400);
        let (killing, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
        let seed = random.bits();
        let marks = together(
            || cluster.client(),
            CLIENTS + 1,
            |who, client| {
                if who < CLIENTS {
                    let name = format!("{round}-{who}-{seed}");
                    return storm(client, &name, STUDENTS, &killing, &acknowledged);
                }
                wait_until("there is a storm", || {
                    acknowledged.load(Ordering::Relaxed) >= enough
                });
                killing.store(true, Ordering::SeqCst);
                cluster.control("kill");
                Vec::new()
            },
        );
        cluster.control("restart");
        sent.extend(marks.into_iter().flatten());
        client = cluster.client();
        check(&mut client, &sent, CLIENTS * (round + 1));
    }
    let told = sent.iter().filter(|s| s.told.is_some()).count();
    println!("{told} of {} marks were acknowledged", sent.len());
    assert!(told > 50 * ROUNDS, "that was no storm: {told}");

    // whoever got no answer asks again
    let mut new = 0;
    for mark in sent.iter().filter(|s| s.told.is_none()) {
        let again = try_mark(&mut client, &mark.user, mark.site, None, Some(&mark.event));
        new += usize::from(!again.unwrap().duplicate);
    }
    println!("{new} of {} without an answer were new", sent.len() - told);
    assert_eq!(
        count(&mut client, "SELECT count(*) FROM rct.exposure") as usize,
        sent.len()
    );
    assert_consistent(&mut client);
}

/// What was acknowledged is there as it was told; of the others at most those that were under way, and those complete.
fn check(client: &mut Client, sent: &[Sent], under_way: usize) {
    type Recorded = (String, String, Option<String>, String);
    let mut recorded: BTreeMap<String, Recorded> = BTreeMap::new();
    let sql = "SELECT event_id, user_id, site, condition, reason FROM rct.exposure";
    for row in client.query(sql, &[]).unwrap() {
        let value = (row.get(1), row.get(2), row.get(3), row.get(4));
        let twice = recorded.insert(row.get(0), value);
        assert!(twice.is_none(), "{twice:?} is recorded twice");
    }
    for mark in sent {
        let Some(told) = &mark.told else { continue };
        let expected = (
            mark.user.clone(),
            mark.site.to_owned(),
            told.condition.clone(),
            told.reason.clone(),
        );
        let found = recorded.get(&mark.event);
        assert_eq!(found, Some(&expected), "{} was acknowledged", mark.event);
        assert!(!told.duplicate, "{}", mark.event);
    }
    let known: BTreeSet<&String> = sent.iter().map(|s| &s.event).collect();
    assert!(recorded.keys().all(|event| known.contains(event)));
    let acknowledged = sent.iter().filter(|s| s.told.is_some()).count();
    assert!(recorded.len() - acknowledged <= under_way);

    let repeated = "SELECT x.id FROM rct.exposure x JOIN rct.experiment e ON e.id = x.experiment_id AND e.key = 'within'
                    FULL JOIN (SELECT user_id, count(*) AS n FROM rct.repetition GROUP BY 1) r USING (user_id)
                    GROUP BY x.id, x.user_id, r.n HAVING r.n IS DISTINCT FROM (SELECT count(*) FROM rct.exposure y
                        WHERE y.user_id = x.user_id AND y.site = 'warm-up')";
    assert_eq!(
        rows(client, repeated),
        [""; 0],
        "a repetition for each visit"
    );
    let ended = "SELECT (c.users = 150) = (e.status = 'enrollment_complete') AND c.users <= 150
                     AND (e.status = 'enrollment_complete') = EXISTS (SELECT FROM rct.status_log l
                         WHERE l.experiment_id = e.id AND l.to_status = 'enrollment_complete')
                 FROM rct.enrollment_count c JOIN rct.experiment e ON e.id = c.experiment_id";
    assert_eq!(
        rows(client, ended),
        ["t"],
        "the end is recorded with its cause"
    );
    assert_consistent(client);
}
