//! What is compiled.

use super::*;
use proptest::prelude::*;
use rct_core::experiment::{Post, compile, compiled, cycle, edges};
use rct_core::resolution::Plan;
use serde_json::json;
use std::collections::BTreeSet;

fn row(id: i64, status: &str, key: &str, points: &[(&str, &str)]) -> Value {
    let points: Vec<Value> = points
        .iter()
        .map(|(site, target)| json!({"site": site, "target": target}))
        .collect();
    json!({"id": id, "status": status, "include": [], "exclude": [],
           "spec": {"key": key, "context": "c", "decision_points": points}})
}

#[test]
fn pools_are_connected_by_points() {
    let input = json!({
        "context": "C",
        "experiments": [
            row(1, "enrolling", "e", &[("s", "1"), ("s", "2")]),
            row(2, "preview", "d", &[("s", "2"), ("s", "3")]),
            row(3, "scheduled", "a", &[("s", "3")]),
            row(4, "enrollment_complete", "b", &[("s", "")]),
            row(5, "inactive", "c", &[("s", "1"), ("s", "3"), ("s", "")]),
            row(6, "cancelled", "x", &[("s", "1")]),
            row(7, "archived", "y", &[("s", "1")]),
            row(8, "inactive", "z", &[]),
        ],
    });
    let plan = compile(&input.to_string()).unwrap();
    let keys: Vec<&str> = plan.experiments.iter().map(|e| e.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "c", "d", "e", "z"]);
    assert_eq!(plan.pools, [vec![0, 3, 4], vec![1], vec![2], vec![5]]);
    assert_eq!(plan.context, "c");
    let bytes = compiled(&input.to_string()).unwrap();
    assert_eq!(serde_json::from_slice::<Plan>(&bytes).unwrap(), plan);
}

#[test]
fn plans_have_everything() {
    let input = json!({
        "context": "reader",
        "experiments": [
            {"id": 1, "status": "enrolling", "spec": serde_json::from_str::<Value>(HINTS).unwrap(),
             "include": [1], "exclude": [4, 4, 9]},
            {"id": 2, "status": "inactive", "spec": serde_json::from_str::<Value>(FACTORIAL).unwrap()},
        ],
        "edges": [[1, 2], [2, 3], [3, 1], [4, 3], [7, 8]],
        "global_exclusion": [7],
    });
    let plan = compile(&input.to_string()).unwrap();
    assert_eq!(plan.global_exclusion, [7, 8]);
    let factorial = &plan.experiments[0];
    assert_eq!(
        factorial.conditions[1].levels.as_deref(),
        Some(
            r##"{"colour":{"level":"red","payload":"#f00"},"tone":{"level":"plain","payload":[1,2]}}"##
        )
    );
    assert!(factorial.limited && factorial.include.is_empty());
    let hints = &plan.experiments[1];
    assert_eq!(
        (&*hints.include, &*hints.exclude),
        (&[1, 2, 3][..], &[1, 2, 3, 4, 9][..])
    );
    assert_eq!(hints.starts_at, Some(841_557_600_000_000));
    assert_eq!(hints.ends_at, Some(849_398_400_500_000));
    assert_eq!(
        hints.conditions[1].payload.as_deref(),
        Some(r#"{"level":3,"price":1.1}"#)
    );
    assert_eq!(hints.conditions[1].weight, 2.5);
    assert_eq!(
        hints.points[0].payloads.get("hints").map(String::as_str),
        Some("\"short\"")
    );
    assert_eq!(hints.points[1].target, "");
    assert!(!hints.points[1].exclude_if_reached);
    assert_eq!(hints.post, Post::Assign("hints".to_owned()));
    assert_eq!(hints.holdout, Some(("winter".to_owned(), 0.05)));
    assert_eq!(hints.namespace, Some(("lessons".to_owned(), 0.0, 0.5)));
    assert_eq!(hints.default_payload.as_deref(), Some("\"none\""));
    assert_eq!(hints.salt, "hints-2026");
    assert!(hints.limited);
    assert_eq!(message(compile("{}")), "context: is missing");
    let wrong = json!({"context": "c", "experiments": [{"id": 1, "status": "on", "spec": {}}]});
    assert!(
        message(compile(&wrong.to_string())).starts_with("experiments[0].status: must be one of")
    );
}

#[test]
fn nesting_closes_no_circle() {
    let all = [(1, 2), (2, 3), (3, 4), (2, 5), (5, 4)];
    assert_eq!(cycle(&all, 4, 1), Some(vec![4, 1, 2, 3, 4]));
    assert_eq!(cycle(&all, 3, 2), Some(vec![3, 2, 3]));
    assert_eq!(cycle(&all, 6, 6), Some(vec![6, 6]));
    assert_eq!(cycle(&all, 1, 4), None);
    assert_eq!(cycle(&[(1, 2), (2, 1)], 3, 1), None);
    assert_eq!(edges(&[1, 2, 3, 4]), Ok(vec![(1, 2), (3, 4)]));
    assert_eq!(
        message(edges(&[1])),
        "edges must be pairs of parent and child, got 1 numbers"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn circles_are_found(edges in proptest::collection::vec((0..8_i64, 0..8_i64), 0..14), parent in 0..8_i64, child in 0..8_i64) {
        // Whether the parent can be reached from the child, by as many steps as there are segments.
        let mut reached = BTreeSet::from([child]);
        for _ in 0..8 {
            let next: Vec<i64> = edges.iter().filter(|(p, _)| reached.contains(p)).map(|(_, c)| *c).collect();
            reached.extend(next);
        }
        match cycle(&edges, parent, child) {
            None => prop_assert!(!reached.contains(&parent)),
            Some(circle) => {
                prop_assert_eq!((circle[0], circle[1], circle[circle.len() - 1]), (parent, child, parent));
                for pair in circle.windows(2).skip(1) {
                    prop_assert!(edges.contains(&(pair[0], pair[1])));
                }
            }
        }
    }
}
