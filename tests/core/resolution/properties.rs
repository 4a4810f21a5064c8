//! For any design and any facts: no panic; assign, mark and explain agree; a mark changes no answer.

use super::world::{Rows, experiment, plan, point};
use proptest::prelude::*;
use rct_core::experiment::{
    Algorithm, Consistency, FilterMode, Hash, Late, Order, Post, Status, Unit,
};
use rct_core::resolution::{
    Compiled, Facts, MarkStatus, PlanExperiment, Reason, Visit, assign, explain, mark,
};

fn word<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all.to_vec())
}

prop_compose! {
    fn designs()(
        status in word(Status::ALL), unit in word(Unit::ALL), consistency in word(Consistency::ALL),
        algorithm in word(Algorithm::ALL), late in word(Late::ALL), order in word(Order::ALL),
        hash in word(Hash::ALL), filter_mode in word(FilterMode::ALL),
    )(
        status in Just(status), unit in Just(unit), consistency in Just(consistency),
        algorithm in Just(algorithm), late in Just(late), order in Just(order), hash in Just(hash),
        filter_mode in Just(filter_mode),
        typed in any::<bool>(), post in 0..3u8, points in prop::sample::subsequence(vec!["t", "u", "v"], 1..=2),
        rollout in prop_oneof![Just(1.0), 0.0..1.0f64], held in any::<bool>(), named in any::<bool>(),
    ) -> PlanExperiment {
        let mut e = experiment(0, "");
        e.status = status;
        e.unit = unit;
        e.consistency = consistency;
        e.algorithm = algorithm;
        e.late = late;
        e.order = order;
        e.hash = hash;
        e.filter_mode = filter_mode;
        e.group_type = (typed || unit == Unit::Group).then(|| "class".to_owned());
        e.post = match post {
            0 => Post::Continue,
            1 => Post::Revert,
            _ => Post::Assign("treatment".to_owned()),
        };
        e.points = points.iter().map(|target| point("s", target)).collect();
        e.rollout = rollout;
        e.holdout = held.then(|| ("h".to_owned(), 0.2));
        e.namespace = named.then(|| ("n".to_owned(), 0.0, 0.7));
        e.include = vec![1];
        e.exclude = vec![2];
        e.default_payload = Some("\"usual\"".to_owned());
        e
    }
}

fn rows() -> impl Strategy<Value = Rows> {
    let id = || prop::sample::select(vec!["1", "2", "3"]);
    let unit = || {
        prop::sample::select(vec![
            ("user", "u"),
            ("class", "c1"),
            ("class", "c2"),
            ("school", "s1"),
        ])
    };
    let flag = || prop::sample::select(vec!["t", "f"]);
    let condition = || prop::sample::select(vec!["control", "treatment"]);
    let code = prop::sample::select(vec![
        "REACHED_PRIOR",
        "REACHED_AFTER",
        "NO_GROUP_SPECIFIED",
        "EXCLUDED_BY_CLIENT",
        "ODD",
    ]);
    let row = prop_oneof![
        3 => (unit(), flag(), flag()).prop_map(|(u, m, w)| ('m', vec![u.0, u.1, m, w])),
        3 => (id(), unit(), condition()).prop_map(|(i, u, c)| ('e', vec![i, u.0, u.1, c, "ALGORITHMIC"])),
        2 => (id(), unit(), code).prop_map(|(i, u, c)| ('x', vec![i, u.0, u.1, c])),
        2 => (prop::sample::select(vec!["1", "2", "9"]), unit()).prop_map(|(s, u)| ('s', vec![s, u.0, u.1])),
        1 => (id(), unit(), condition()).prop_map(|(i, u, c)| ('a', vec![i, u.0, u.1, c])),
        1 => (id(), prop::sample::select(vec!["t", "u", "v"])).prop_map(|(i, t)| ('r', vec![i, "s", t, "3"])),
        1 => (id(), condition()).prop_map(|(i, c)| ('p', vec![i, c])),
    ];
    prop::collection::vec(row, 0..10).prop_map(|rows| {
        let add = |all: Rows, (kind, fields): (char, Vec<&str>)| all.row(kind, &fields);
        rows.into_iter()
            .fold(Rows::default().group("class", "c1"), add)
    })
}

fn compiled(designs: Vec<PlanExperiment>) -> Compiled {
    let number = |(i, mut e): (usize, PlanExperiment)| {
        e.id = i as i64 + 1;
        e.key = format!("e{}", e.id);
        e.salt = e.key.clone();
        e
    };
    let mut plan = plan(designs.into_iter().enumerate().map(number).collect());
    plan.global_exclusion = vec![9];
    Compiled::new(plan)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Facts::decode(&bytes);
    }

    #[test]
    fn no_damage_panics(rows in rows(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = rows.pack();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(at);
        }
        if let Ok(facts) = Facts::decode(&bytes) {
            let plan = compiled(vec![experiment(1, "")]);
            assign(&plan, &facts, "u", 0, None);
        }
    }

    #[test]
    fn assign_mark_and_explain_agree(
        designs in prop::collection::vec(designs(), 1..4), rows in rows(),
        target in prop::sample::select(vec!["t", "u", "v"]),
        status in word(MarkStatus::ALL),
    ) {
        let plan = compiled(designs);
        let bytes = rows.pack();
        let facts = Facts::decode(&bytes).unwrap();
        let all = assign(&plan, &facts, "u", 0, None);
        let one = assign(&plan, &facts, "u", 0, Some(("s", target)));
        let of_all: Vec<_> = all.iter().filter(|a| a.target == target).cloned().collect();
        prop_assert_eq!(&of_all, &one, "one point is as all points say");
        prop_assert!(one.len() <= 1);
        let visit = Visit { site: "s", target, condition: None, status, experiment: None };
        let marking = mark(&plan, &facts, "u", 0, &visit).unwrap();
        let steps = explain(&plan, &facts, "u", 0, "s", target);
        let last = steps.last().unwrap();
        prop_assert_eq!(last.rule, "answer");
        let (condition, experiment, reason) = match one.first() {
            Some(a) => (a.condition, a.experiment, Some(a.reason)),
            None => (None, None, None),
        };
        prop_assert_eq!(marking.condition.as_deref(), condition);
        prop_assert_eq!(marking.experiment.as_deref(), experiment);
        prop_assert_eq!(last.outcome.as_str(), condition.unwrap_or("default"));
        if let Some(reason) = reason {
            prop_assert_eq!(marking.reason, reason);
            let told = format!("Reason {}", reason);
            prop_assert!(last.detail.contains(&told), "{}", last.detail);
        }
        for step in &steps {
            prop_assert!(step.detail.ends_with('.'), "{:?}", step);
        }
        if facts.preview {
            prop_assert!(marking.enroll.is_empty() && marking.exclude.is_empty() && !marking.repeat);
        }
    }

    #[test]
    fn a_mark_changes_no_answer(
        designs in prop::collection::vec(designs(), 1..4), rows in rows(),
        target in prop::sample::select(vec!["t", "u", "v"]),
    ) {
        let plan = compiled(designs);
        let bytes = rows.pack();
        let facts = Facts::decode(&bytes).unwrap();
        let visit = Visit { site: "s", target, condition: None, status: MarkStatus::Applied, experiment: None };
        let marking = mark(&plan, &facts, "u", 0, &visit).unwrap();
        let mut after = rows.clone();
        for row in &marking.enroll {
            let id = marking.experiment_id.unwrap();
            after = match &row.condition {
                Some(condition) => after.enrolled(id, &row.unit_type, &row.unit_id, condition),
                None => after.enrolled_within(id, &row.unit_id),
            };
        }
        for row in &marking.exclude {
            after = after.excluded(row.experiment_id, &row.unit_type, &row.unit_id, row.code.word());
        }
        let before = assign(&plan, &facts, "u", 0, Some(("s", target)));
        let bytes = after.pack();
        let facts = Facts::decode(&bytes).unwrap();
        let later = assign(&plan, &facts, "u", 0, Some(("s", target)));
        prop_assert_eq!(
            before.first().map(|a| (a.experiment, a.condition)),
            later.first().map(|a| (a.experiment, a.condition)),
            "{:?} {:?}", marking, before.first().map(|a| a.reason)
        );
        if before.first().is_some_and(|a| a.reason == Reason::Drawn) && !facts.preview {
            // F13: a user who keeps an enrollment and comes into an excluded group gets what is drawn, and nothing is recorded.
            let id = marking.experiment_id.unwrap().to_string();
            let moved = rows.has('e', &[&id, "user"]) && rows.has('x', &[&id, "class"]);
            prop_assert!(!marking.enroll.is_empty() || moved, "{:?}", marking);
        }
    }
}
