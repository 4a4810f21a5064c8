//! Starts, group changes, lists and definitions while others work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use postgres::{Client, Error};
use serde_json::json;

use super::{
    alone, assert_consistent, classes, count, create, database, mark, rows, run, set_status, start,
    together,
};
use crate::db::told;
use crate::random::Random;
use crate::wait::wait_until;

/// Marks new users until it is told to stop, and counts them; user and what they were told.
fn visitors(
    client: &mut Client,
    prefix: &str,
    site: &str,
    stop: &AtomicBool,
    visits: &AtomicU64,
) -> Vec<(String, Option<String>, String)> {
    let mut told = Vec::new();
    for i in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let user = format!("{prefix}-{i}");
        let marked = mark(client, &user, site, None);
        told.push((user, marked.condition, marked.reason));
        visits.fetch_add(1, Ordering::Relaxed);
    }
    told
}

/// Everybody who came before the start is excluded, everybody else enrolled: nobody falls in between, nobody is both.
#[test]
fn a_start_among_marks_misses_nobody() {
    const CLIENTS: usize = 16;
    const STARTS: usize = 8;
    let _alone = alone();
    let mut random = Random::new("a_start_among_marks_misses_nobody");
    let (database, mut client) = database("starts");
    let (mut early, mut late) = (0, 0);
    for number in 0..STARTS {
        let (key, site) = (format!("start {number}"), format!("lesson {number}"));
        create(&mut client, &key, &site, &json!({}));
        let (stop, visits) = (AtomicBool::new(false), AtomicU64::new(0));
        let before = 5 + random.below(60);
        let answers = together(
            || database.client(),
            CLIENTS + 1,
            |who, client| {
                if who < CLIENTS {
                    return visitors(client, &format!("{number}-{who}"), &site, &stop, &visits);
                }
                let visited = |many| visits.load(Ordering::Relaxed) >= many;
                wait_until("some have come before the start", || visited(before));
                set_status(client, &key, "enrolling");
                let more = visits.load(Ordering::Relaxed) + 2 * CLIENTS as u64;
                wait_until("more have come after the start", || visited(more));
                stop.store(true, Ordering::Relaxed);
                Vec::new()
            },
        );
        let state = |sql: &str, client: &mut Client| -> BTreeMap<String, String> {
            let found = client.query(sql, &[&key]);
            let found = found.unwrap_or_else(|e| panic!("{}", told(&e)));
            found.iter().map(|row| (row.get(0), row.get(1))).collect()
        };
        let excluded = state(
            "SELECT x.unit_id, x.code FROM rct.exclusion x JOIN rct.experiment e ON e.id = x.experiment_id
             WHERE e.key = $1 AND x.ended_at = 'infinity'",
            &mut client,
        );
        let enrolled = state(
            "SELECT n.unit_id, n.condition FROM rct.enrollment n JOIN rct.experiment e ON e.id = n.experiment_id
             WHERE e.key = $1 AND n.ended_at = 'infinity'",
            &mut client,
        );
        for (user, condition, reason) in answers.into_iter().flatten() {
            let code = excluded.get(&user).map(String::as_str);
            match condition {
                None => {
                    early += 1;
                    assert_eq!(code, Some("REACHED_PRIOR"), "{user} was told {reason}");
                    assert_eq!(enrolled.get(&user), None, "{user} was told {reason}");
                }
                Some(condition) => {
                    late += 1;
                    assert_eq!(code, None, "{user} was told {condition}, {reason}");
                    assert_eq!(enrolled.get(&user), Some(&condition), "{user}");
                }
            }
        }
    }
    assert!(
        early > STARTS && late > STARTS,
        "{early} early, {late} late"
    );
    assert_consistent(&mut client);
}

/// Under the group rule one who came early is all of the class.
#[test]
fn a_start_among_marks_excludes_whole_classes() {
    const CLIENTS: usize = 16;
    const CLASSES: usize = 100;
    let _alone = alone();
    let mut random = Random::new("a_start_among_marks_excludes_whole_classes");
    let (database, mut client) = database("class_starts");
    classes(&mut client, "u", 4 * CLASSES, CLASSES);
    for number in 0..4 {
        let (key, site) = (format!("start {number}"), format!("lesson {number}"));
        let design = json!({"unit": "group", "group_type": "class", "consistency": "group"});
        create(&mut client, &key, &site, &design);
        let (before, visits) = (random.below(2 * CLASSES as u64), AtomicU64::new(0));
        together(
            || database.client(),
            CLIENTS + 1,
            |who, client| {
                if who == CLIENTS {
                    wait_until("some have come before the start", || {
                        visits.load(Ordering::Relaxed) >= before
                    });
                    set_status(client, &key, "enrolling");
                    return;
                }
                for i in (1 + who..=4 * CLASSES).step_by(CLIENTS) {
                    mark(client, &format!("u{i}"), &site, None);
                    visits.fetch_add(1, Ordering::Relaxed);
                }
            },
        );
        // what was answered, against what is recorded of user and class
        let wrong = format!(
            "SELECT x.user_id, x.reason, g.group_id FROM rct.exposure x
             JOIN rct.experiment e ON e.key = '{key}'
             JOIN rct.membership g ON g.user_id = x.user_id
             LEFT JOIN rct.exclusion ix ON (ix.experiment_id, ix.unit_type, ix.unit_id) = (e.id, 'user', x.user_id)
             LEFT JOIN rct.exclusion gx ON (gx.experiment_id, gx.unit_type, gx.unit_id) = (e.id, 'class', g.group_id)
             LEFT JOIN rct.enrollment ie ON (ie.experiment_id, ie.unit_type, ie.unit_id) = (e.id, 'user', x.user_id)
             WHERE x.site = '{site}' AND NOT CASE
                 WHEN x.experiment_id IS NULL THEN ix.code = 'REACHED_PRIOR' AND gx.code = 'REACHED_PRIOR' AND ie.condition IS NULL
                 WHEN x.condition IS NULL THEN ix.code = 'EXCLUDED_DUE_TO_GROUP_LOGIC' AND gx.code = 'REACHED_PRIOR' AND ie.condition IS NULL
                 ELSE ix.code IS NULL AND gx.code IS NULL AND ie.condition = x.condition END IS TRUE
             LIMIT 5"
        );
        let wrong = rows(&mut client, &wrong);
        assert!(wrong.is_empty(), "{wrong:?}");
    }
    assert_consistent(&mut client);
}

/// One transaction ends one experiment and starts another at the same point, to and fro: whoever comes is in one of them.
#[test]
fn a_mark_sees_all_of_a_change_or_nothing() {
    const CLIENTS: usize = 12;
    const CHANGES: usize = 60;
    let _alone = alone();
    let (database, mut client) = database("handover");
    let open = json!({"post_rule": "revert", "decision_points": [{"site": "lesson", "exclude_if_reached": false}]});
    start(&mut client, "a", "lesson", &open);
    start(&mut client, "b", "lesson", &open);
    set_status(&mut client, "b", "enrollment_complete");
    let (stop, visits) = (AtomicBool::new(false), AtomicU64::new(0));
    let answers = together(
        || database.client(),
        CLIENTS + 1,
        |who, client| {
            if who < CLIENTS {
                return visitors(client, &format!("{who}"), "lesson", &stop, &visits);
            }
            for change in 0..CHANGES {
                let (from, to) = if change % 2 == 0 {
                    ("a", "b")
                } else {
                    ("b", "a")
                };
                run(
                    client,
                    &format!(
                        "BEGIN; SELECT rct.set_status('{from}', 'enrollment_complete');
                         SELECT rct.set_status('{to}', 'enrolling'); COMMIT"
                    ),
                );
                let more = visits.load(Ordering::Relaxed) + 1;
                wait_until("somebody comes after the change", || {
                    visits.load(Ordering::Relaxed) >= more
                });
            }
            stop.store(true, Ordering::Relaxed);
            Vec::new()
        },
    );
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    let missed: Vec<_> = answers.iter().filter(|(_, c, _)| c.is_none()).collect();
    assert!(
        missed.is_empty(),
        "{} of {} saw neither: {:?}",
        missed.len(),
        answers.len(),
        missed.first()
    );
    let both = rows(
        &mut client,
        "SELECT unit_id FROM rct.enrollment GROUP BY 1 HAVING count(*) <> 1",
    );
    assert!(both.is_empty(), "{both:?}");
    let each = "SELECT count(DISTINCT experiment_id) FROM rct.enrollment";
    assert_eq!(count(&mut client, each), 2);
    assert_consistent(&mut client);
}

#[test]
fn groups_set_at_once_leave_one_working_group() {
    const CLIENTS: usize = 16;
    const TIMES: usize = 10;
    let _alone = alone();
    let (database, mut client) = database("groups");
    start(
        &mut client,
        "classes",
        "lesson",
        &json!({"unit": "group", "group_type": "class", "consistency": "group"}),
    );
    // half of the clients move the same three users around, the other half mark them
    together(
        || database.client(),
        CLIENTS,
        |who, client| {
            for i in 0..TIMES {
                let user = format!("u{}", (who / 2 + i) % 3);
                if who % 2 == 0 {
                    let class = format!("class {}", (who + i) % 5);
                    run(
                        client,
                        &format!("SELECT rct.set_groups('{user}', '{{\"class\": [\"{class}\"]}}')"),
                    );
                } else {
                    mark(client, &user, "lesson", None);
                }
            }
        },
    );
    let current = "SELECT user_id, count(*) FROM rct.membership
                   WHERE upper_inf(known) AND upper_inf(during) AND working GROUP BY 1 ORDER BY 1";
    assert_eq!(rows(&mut client, current), ["u0 1", "u1 1", "u2 1"]);
    let overlapping = "SELECT a.user_id FROM rct.membership a JOIN rct.membership b USING (user_id, group_type)
                       WHERE a.id < b.id AND upper_inf(a.known) AND upper_inf(b.known) AND a.during && b.during";
    assert_eq!(rows(&mut client, overlapping), [""; 0]);
    // whatever the last mark saw: the next one is right
    for user in ["u0", "u1", "u2"] {
        mark(&mut client, user, "lesson", None);
    }
    let agree = "SELECT n.unit_id FROM rct.enrollment n JOIN rct.membership m ON m.user_id = n.unit_id
                 WHERE n.unit_type = 'user' AND n.ended_at = 'infinity' AND upper_inf(m.known) AND upper_inf(m.during)
                 AND m.working AND m.group_id = n.group_id ORDER BY 1";
    assert_eq!(rows(&mut client, agree), ["u0", "u1", "u2"]);
    assert_consistent(&mut client);
}

/// SQLSTATEs of those that failed.
fn failed(answers: &[Result<(), Error>]) -> Vec<&str> {
    let errors = answers.iter().filter_map(|answer| answer.as_ref().err());
    errors
        .map(|e| e.code().map_or("no SQLSTATE", |code| code.code()))
        .collect()
}

#[test]
fn a_circle_of_segments_is_not_closed_from_both_sides() {
    const ROUNDS: usize = 20;
    let _alone = alone();
    let (database, mut client) = database("circle");
    start(&mut client, "lists", "lesson", &json!({}));
    let round = Barrier::new(2);
    for number in 0..ROUNDS {
        for side in ["a", "b"] {
            run(
                &mut client,
                &format!("SELECT rct.create_segment('{side}{number}')"),
            );
        }
    }
    let answers = together(
        || database.client(),
        2,
        |who, client| {
            let (parent, child) = if who == 0 { ("a", "b") } else { ("b", "a") };
            let answers = (0..ROUNDS).map(|number| {
                round.wait();
                client.batch_execute(&format!(
                    "SELECT rct.add_members('{parent}{number}', '{{\"segments\": [\"{child}{number}\"]}}')"
                ))
            });
            answers.collect::<Vec<_>>()
        },
    );
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(failed(&answers), ["22023"; ROUNDS]);
    let edges = "SELECT count(*) FROM rct.segment_edge WHERE ended_at = 'infinity'";
    assert_eq!(count(&mut client, edges) as usize, ROUNDS);
}

#[test]
fn a_key_is_created_once() {
    const CLIENTS: usize = 8;
    const ROUNDS: usize = 5;
    let _alone = alone();
    let (database, mut client) = database("keys");
    let round = Barrier::new(CLIENTS);
    let answers = together(
        || database.client(),
        CLIENTS,
        |_, client| {
            let answers = (0..ROUNDS).map(|number| {
                round.wait();
                let spec = json!({"key": format!("k{number}"), "context": format!("c{number}"), "unit": "individual",
                    "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "s"}]});
                client.batch_execute(&format!("SELECT rct.create_experiment('{spec}')"))
            });
            answers.collect::<Vec<_>>()
        },
    );
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(failed(&answers), ["42710"; (CLIENTS - 1) * ROUNDS]);
    let created = "SELECT e.key, e.version, count(l.id), c.plan IS NOT NULL FROM rct.experiment e
                   JOIN rct.status_log l ON l.experiment_id = e.id JOIN rct.context c ON c.name = e.context
                   GROUP BY 1, 2, 4 ORDER BY 1";
    let expected: Vec<_> = (0..ROUNDS).map(|i| format!("k{i} 1 1 t")).collect();
    assert_eq!(rows(&mut client, created), expected);
}

/// Different experiments of one context, created, started and changed at once: the plan has all of them at the end.
#[test]
fn the_plan_of_a_context_has_every_change() {
    const CLIENTS: usize = 8;
    const EACH: usize = 4;
    let _alone = alone();
    let (database, mut client) = database("plans");
    together(
        || database.client(),
        CLIENTS,
        |who, client| {
            for i in 0..EACH {
                let key = format!("e{who}-{i}");
                start(client, &key, &key, &json!({"rollout": 0.5}));
                run(
                    client,
                    &format!(
                        "SELECT rct.add_to_list('{key}', 'exclude', '{{\"users\": [\"out\"]}}');
                         SELECT rct.update_experiment('{key}', '{{\"rollout\": 1}}')"
                    ),
                );
                mark(client, "everywhere", &key, None);
            }
        },
    );
    let answers = |user: &str, client: &mut Client| -> BTreeSet<String> {
        let sql = "SELECT DISTINCT reason || ' ' || count(*) OVER (PARTITION BY reason) FROM rct.assign('lms', $1)";
        let found = client.query(sql, &[&user]);
        let found = found.unwrap_or_else(|e| panic!("{}", told(&e)));
        found.iter().map(|row| row.get(0)).collect()
    };
    let all = CLIENTS * EACH;
    for (user, reason) in [
        ("everywhere", "enrolled"),
        ("new", "drawn"),
        ("out", "participant_on_exclusion_list"),
    ] {
        assert_eq!(
            answers(user, &mut client),
            BTreeSet::from([format!("{reason} {all}")])
        );
    }
    assert_consistent(&mut client);
}
