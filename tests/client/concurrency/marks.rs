//! First visitors of a group or of a slot, and events that are sent again.

use std::collections::BTreeSet;
use std::sync::Barrier;

use serde_json::json;

use super::{
    MANY, alone, assert_consistent, classes, condition_for, count, create, database, mark, rows,
    run, set_status, start, together, try_mark,
};
use crate::db::told;

#[test]
fn a_class_that_arrives_at_once_is_enrolled_once() {
    const STUDENTS: usize = MANY / 2;
    const TIMES: usize = 5;
    let _alone = alone();
    let (database, mut client) = database("class");
    for consistency in ["group", "individual", "experiment"] {
        let (prefix, lesson, quiz) = (
            format!("{consistency}-"),
            format!("{consistency} lesson"),
            format!("{consistency} quiz"),
        );
        classes(&mut client, &prefix, STUDENTS, 1);
        let points = json!([{"site": lesson}, {"site": quiz}]);
        start(
            &mut client,
            consistency,
            &lesson,
            &json!({"unit": "group", "group_type": "class", "consistency": consistency, "decision_points": points}),
        );
        let before = count(&mut client, "SELECT count(*) FROM rct.exposure");
        // each student at both points at the same moment, from different connections
        let answers = together(
            || database.client(),
            MANY,
            |number, client| {
                let user = format!("{prefix}{}", 1 + number % STUDENTS);
                let site = if number < STUDENTS { &lesson } else { &quiz };
                let mut seen = Vec::new();
                for _ in 0..TIMES {
                    let (due, _) = condition_for(client, &user, site);
                    let marked = mark(client, &user, site, due.as_deref());
                    assert!(!marked.mismatch && !marked.duplicate, "{user}: {marked:?}");
                    assert_eq!(marked.experiment.as_deref(), Some(consistency));
                    seen.extend([due, marked.condition]);
                }
                seen
            },
        );
        let seen: BTreeSet<_> = answers.into_iter().flatten().collect();
        assert_eq!(seen.len(), 1, "{consistency}: one condition, not {seen:?}");
        assert!(seen.iter().all(Option::is_some), "{consistency}");

        let enrolled = format!(
            "SELECT n.unit_type, count(*), count(DISTINCT n.unit_id), count(DISTINCT n.condition),
                    count(*) FILTER (WHERE n.ended_at = 'infinity')
             FROM rct.enrollment n JOIN rct.experiment e ON e.id = n.experiment_id WHERE e.key = '{consistency}'
             GROUP BY 1 ORDER BY 1"
        );
        let users = format!("user {STUDENTS} {STUDENTS} 1 {STUDENTS}");
        assert_eq!(rows(&mut client, &enrolled), ["class 1 1 1 1", &users]);
        let exposures = count(&mut client, "SELECT count(*) FROM rct.exposure") - before;
        assert_eq!(exposures as usize, MANY * TIMES, "{consistency}");
    }
    assert_eq!(count(&mut client, "SELECT count(*) FROM rct.exclusion"), 0);
    assert_consistent(&mut client);
}

/// Two first visitors of a class ask and mark, all at the same moment, and again; what they saw that was not the default.
#[test]
fn two_first_visitors_of_a_group_never_see_two_conditions() {
    const CLASSES: usize = 24;
    let _alone = alone();
    let (database, mut client) = database("visitors");
    // algorithm, what happens to units that the randomization did not know, whether it knew them
    let designs = [
        ("hash", "exclude", true),
        ("blocks", "exclude", true),
        ("blocks", "next_slot", false),
        ("complete", "next_slot", false),
        ("blocks", "hash", false),
    ];
    for (number, (algorithm, late, known)) in designs.into_iter().enumerate() {
        let key = format!("{algorithm} {late}");
        let (prefix, site) = (format!("design{number}-"), format!("site {number}"));
        classes(&mut client, &prefix, 2 * CLASSES, CLASSES);
        create(
            &mut client,
            &key,
            &site,
            &json!({"unit": "group", "group_type": "class", "assignment": {"algorithm": algorithm, "late": late}}),
        );
        if algorithm != "hash" {
            let roster = if known {
                format!("{prefix}class")
            } else {
                "other".to_owned()
            };
            run(
                &mut client,
                &format!(
                    "SELECT rct.randomize_experiment('{key}', 'seed', array_agg('{roster}' || i)) FROM generate_series(0, {}) i",
                    CLASSES - 1
                ),
            );
        }
        set_status(&mut client, &key, "enrolling");

        // both at each class at the same moment
        let class = Barrier::new(2);
        let seen = together(
            || database.client(),
            2,
            |visitor, client| {
                let mut seen = Vec::new();
                for number in 0..CLASSES {
                    let user = format!("{prefix}{}", 1 + number + visitor * CLASSES);
                    class.wait();
                    let mut conditions = Vec::new();
                    for _ in 0..2 {
                        let (due, _) = condition_for(client, &user, &site);
                        let marked = mark(client, &user, &site, due.as_deref());
                        conditions.extend([due, marked.condition]);
                    }
                    conditions.push(condition_for(client, &user, &site).0);
                    seen.push(conditions);
                }
                seen
            },
        );
        let mut given = BTreeSet::new();
        for (number, (one, other)) in seen[0].iter().zip(&seen[1]).enumerate() {
            let conditions: BTreeSet<_> = one.iter().chain(other).flatten().collect();
            assert_eq!(
                conditions.len(),
                1,
                "{key}, class {number}: {one:?} and {other:?}"
            );
            // only a class that waits for its slot has the default at first
            let at_once = late != "next_slot";
            for visitor in [one, other] {
                assert!(visitor.iter().skip(2).all(Option::is_some), "{visitor:?}");
                assert!(!at_once || visitor.iter().all(Option::is_some));
            }
            given.extend(conditions);
        }
        assert_eq!(given.len(), 2, "{key} gives both conditions");
    }
    let allocations =
        "SELECT late, count(*), count(DISTINCT unit_id) FROM rct.allocation GROUP BY 1 ORDER BY 1";
    let (known, late) = (4 * CLASSES, 2 * CLASSES);
    assert_eq!(
        rows(&mut client, allocations),
        // the same classes are the roster of several designs
        [
            format!("f {known} {}", 2 * CLASSES),
            format!("t {late} {late}")
        ]
    );
    assert_consistent(&mut client);
}

#[test]
fn an_event_that_comes_sixteen_times_is_recorded_once() {
    const CLIENTS: usize = 16;
    const EVENTS: usize = 20;
    let _alone = alone();
    let (database, mut client) = database("events");
    start(
        &mut client,
        "repeats",
        "lesson",
        &json!({"unit": "within_subjects", "assignment": {"order": "random"}}),
    );
    start(
        &mut client,
        "limited",
        "quiz",
        &json!({"ending": {"users": 5}}),
    );
    for site in ["lesson", "quiz"] {
        let event = Barrier::new(CLIENTS);
        let answers = together(
            || database.client(),
            CLIENTS,
            |_, client| {
                let mut answers = Vec::new();
                for number in 0..EVENTS {
                    event.wait();
                    let (user, id) = (format!("u{number}"), format!("{site} {number}"));
                    let marked = try_mark(client, &user, site, None, Some(&id));
                    answers.push(marked.unwrap_or_else(|e| panic!("{id}: {}", told(&e))));
                }
                answers
            },
        );
        for number in 0..EVENTS {
            let mut first = 0;
            let mut told = BTreeSet::new();
            for answer in answers.iter().map(|answers| &answers[number]) {
                first += usize::from(!answer.duplicate);
                told.insert((&answer.experiment, &answer.condition, &answer.reason));
            }
            assert_eq!(first, 1, "event {number} at {site} was new {first} times");
            assert_eq!(told.len(), 1, "all are told the same: {told:?}");
        }
    }
    let recorded = "SELECT count(*), count(DISTINCT event_id), count(DISTINCT (user_id, site)) FROM rct.exposure";
    let events = 2 * EVENTS;
    assert_eq!(
        rows(&mut client, recorded),
        [format!("{events} {events} {events}")]
    );
    assert_eq!(
        count(&mut client, "SELECT count(*) FROM rct.repetition") as usize,
        EVENTS
    );
    assert_eq!(
        rows(&mut client, "SELECT users FROM rct.enrollment_count"),
        ["5"]
    );
    assert_consistent(&mut client);
}

#[test]
fn slots_of_late_units_are_distinct() {
    const CLIENTS: usize = 16;
    const EACH: usize = 6;
    let _alone = alone();
    let (database, mut client) = database("slots");
    let design = json!({"assignment": {"algorithm": "blocks", "late": "next_slot"}});
    create(&mut client, "slots", "lesson", &design);
    run(
        &mut client,
        "SELECT rct.randomize_experiment('slots', 'seed', array_agg('early' || i)) FROM generate_series(1, 7) i",
    );
    set_status(&mut client, "slots", "enrolling");
    // half of the clients place units, the other half mark them; each unit comes from two connections
    let answers = together(
        || database.client(),
        CLIENTS,
        |number, client| {
            let mut answers = Vec::new();
            for i in 0..EACH {
                let unit = format!("late{}", (number / 4) * EACH + i);
                if number % 2 == 0 {
                    mark(client, &unit, "lesson", None);
                    answers.push((unit.clone(), condition_for(client, &unit, "lesson").0));
                } else {
                    let sql = "SELECT unit, condition FROM rct.place_late('slots', ARRAY[$1])";
                    let row = client.query_one(sql, &[&unit]);
                    let row = row.unwrap_or_else(|e| panic!("{unit}: {}", told(&e)));
                    answers.push((row.get(0), row.get(1)));
                }
            }
            answers
        },
    );
    let units = CLIENTS / 4 * EACH;
    let answers: BTreeSet<_> = answers.into_iter().flatten().collect();
    assert_eq!(answers.len(), units, "one condition each: {answers:?}");
    let places =
        "SELECT count(*), count(DISTINCT unit_id), count(DISTINCT slot), max(slot) - min(slot) + 1
                  FROM rct.allocation";
    let all = units + 7;
    assert_eq!(
        rows(&mut client, places),
        [format!("{all} {all} {all} {all}")]
    );
    // blocks of two conditions: never more than one ahead
    let balance = "SELECT max(n) - min(n) FROM (SELECT count(*) AS n FROM rct.allocation GROUP BY condition) c";
    assert!(count(&mut client, balance) <= 1);
    assert_consistent(&mut client);
}
