//! Experiments that end by a number stop exactly there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use postgres::Client;
use serde_json::json;

use super::{
    MANY, Marked, alone, assert_consistent, classes, count, database, mark, rows, shuffle, start,
    together,
};
use crate::db::Database;
use crate::random::Random;

/// All of them mark once, in this order, from 64 connections.
fn crowd(database: &Database, users: &[String], site: &str) -> Vec<(String, Marked)> {
    let next = AtomicUsize::new(0);
    let answers = together(
        || database.client(),
        MANY,
        |_, client| {
            let mut answers = Vec::new();
            while let Some(user) = users.get(next.fetch_add(1, Ordering::Relaxed)) {
                answers.push((user.clone(), mark(client, user, site, None)));
            }
            answers
        },
    );
    answers.into_iter().flatten().collect()
}

fn users(prefix: &str, number: usize, random: &mut Random) -> Vec<String> {
    let mut users: Vec<String> = (1..=number).map(|i| format!("{prefix}{i}")).collect();
    shuffle(&mut users, random);
    users
}

/// It ended, once, and says why.
fn assert_ended(client: &mut Client, key: &str) {
    let log = format!(
        "SELECT l.from_status, l.to_status, l.reason, rct.current_status(e.key) FROM rct.status_log l
         JOIN rct.experiment e ON e.id = l.experiment_id WHERE e.key = '{key}' AND l.to_status = 'enrollment_complete'"
    );
    assert_eq!(
        rows(client, &log),
        ["enrolling enrollment_complete ending criteria enrollment_complete"],
        "{key}"
    );
}

#[test]
fn five_hundred_users_are_five_hundred() {
    let _alone = alone();
    let mut random = Random::new("five_hundred_users_are_five_hundred");
    let (database, mut client) = database("ending");
    start(
        &mut client,
        "limited",
        "lesson",
        &json!({"ending": {"users": 500}}),
    );
    let answers = crowd(&database, &users("u", 2_000, &mut random), "lesson");

    let mut reasons: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for (_, answer) in &answers {
        let key = (answer.reason.as_str(), answer.condition.is_some());
        *reasons.entry(key).or_default() += 1;
    }
    assert_eq!(reasons.get(&("drawn", true)), Some(&500), "{reasons:?}");
    assert_eq!(reasons.values().sum::<usize>(), 2_000);
    assert_eq!(
        reasons.iter().filter(|((_, given), _)| *given).count(),
        1,
        "{reasons:?}"
    );
    assert_ended(&mut client, "limited");
    assert_eq!(
        rows(
            &mut client,
            "SELECT unit_type, code, count(*), count(DISTINCT unit_id) FROM rct.enrollment WHERE ended_at = 'infinity' GROUP BY 1, 2"
        ),
        ["user ALGORITHMIC 500 500"]
    );
    assert_eq!(
        rows(
            &mut client,
            "SELECT unit_type, code, count(*) FROM rct.exclusion WHERE ended_at = 'infinity' GROUP BY 1, 2"
        ),
        ["user REACHED_AFTER 1500"]
    );
    assert_eq!(
        rows(&mut client, "SELECT users FROM rct.enrollment_count"),
        ["500"]
    );
    // whoever was told a condition is enrolled with it
    let recorded: BTreeMap<String, String> = client
        .query("SELECT unit_id, condition FROM rct.enrollment", &[])
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    for (user, answer) in &answers {
        assert_eq!(recorded.get(user), answer.condition.as_ref(), "{user}");
    }
    assert_consistent(&mut client);
}

#[test]
fn ten_groups_of_five_are_ten_groups_of_five() {
    let _alone = alone();
    let mut random = Random::new("ten_groups_of_five_are_ten_groups_of_five");
    let (database, mut client) = database("ending_groups");
    classes(&mut client, "u", 400, 40);
    for (key, post_rule) in [("continued", "continue"), ("reverted", "revert")] {
        start(
            &mut client,
            key,
            key,
            &json!({"unit": "group", "group_type": "class", "post_rule": post_rule,
                    "ending": {"groups": 10, "users_per_group": 5}}),
        );
        crowd(&database, &users("u", 400, &mut random), key);
        assert_ended(&mut client, key);
        // those who belong to an enrolled group may join it later (rule 5); the count that ended it was exact
        let full = |moment: &str| {
            format!(
                "SELECT count(*) FROM (SELECT n.group_id FROM rct.enrollment n JOIN rct.experiment e ON e.id = n.experiment_id
                     WHERE e.key = '{key}' AND n.unit_type = 'user' AND n.started_at <= {moment}
                     GROUP BY 1 HAVING count(DISTINCT n.unit_id) >= 5) g"
            )
        };
        let ended = format!(
            "(SELECT l.at FROM rct.status_log l JOIN rct.experiment e ON e.id = l.experiment_id
              WHERE e.key = '{key}' AND l.to_status = 'enrollment_complete')"
        );
        assert_eq!(count(&mut client, &full(&ended)), 10, "{key}");
        let before = format!(
            "(SELECT max(n.started_at) - interval '1 us' FROM rct.enrollment n JOIN rct.experiment e ON e.id = n.experiment_id
              WHERE e.key = '{key}' AND n.started_at <= {ended})"
        );
        assert_eq!(count(&mut client, &full(&before)), 9, "{key}");
        let later = format!(
            "SELECT DISTINCT n.unit_type, n.code FROM rct.enrollment n JOIN rct.experiment e ON e.id = n.experiment_id
             WHERE e.key = '{key}' AND n.started_at > {ended}"
        );
        let expected: &[&str] = if post_rule == "continue" {
            &["user GROUP_LOGIC"]
        } else {
            &[]
        };
        assert_eq!(rows(&mut client, &later), expected, "{key}");
    }
    assert_consistent(&mut client);
}

/// Who waits for the last place of one experiment may end up in another, which has an end of its own.
#[test]
fn competing_experiments_end_exactly_too() {
    let _alone = alone();
    let mut random = Random::new("competing_experiments_end_exactly_too");
    let (database, mut client) = database("ending_pool");
    for (key, limit) in [("a", 40), ("b", 50), ("c", 60)] {
        start(
            &mut client,
            key,
            "lesson",
            &json!({"ending": {"users": limit}}),
        );
    }
    crowd(&database, &users("u", 400, &mut random), "lesson");
    for key in ["a", "b", "c"] {
        assert_ended(&mut client, key);
    }
    assert_eq!(
        rows(
            &mut client,
            "SELECT e.key, count(*), c.users FROM rct.enrollment n JOIN rct.experiment e ON e.id = n.experiment_id
             JOIN rct.enrollment_count c ON c.experiment_id = e.id GROUP BY 1, 3 ORDER BY 1"
        ),
        ["a 40 40", "b 50 50", "c 60 60"]
    );
    assert_consistent(&mut client);
}
