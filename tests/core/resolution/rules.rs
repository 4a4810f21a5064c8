//! The rules that the tables do not say: clock, preview, lists, fractions, pools, allocations, marks, payloads.

use super::world::{Rows, condition, experiment, plan, point};
use rct_core::error::{Class, Explain};
use rct_core::experiment::{Algorithm, Consistency, FilterMode, Late, Order, Post, Status, Unit};
use rct_core::resolution::{
    Code, Compiled, Facts, MarkStatus, Marking, PlanExperiment, Reason, ResolutionError, Visit,
    assign, explain, mark,
};

/// The condition and the reason at (s, t).
fn ask(plan: &Compiled, rows: &Rows, now: i64) -> Option<(Option<String>, Reason)> {
    let bytes = rows.pack();
    let facts = Facts::decode(&bytes).unwrap();
    let answers = assign(plan, &facts, "u", now, Some(("s", "t")));
    let answer = answers.first()?;
    Some((answer.condition.map(str::to_owned), answer.reason))
}

fn reason(plan: &Compiled, rows: &Rows) -> Reason {
    ask(plan, rows, 0).unwrap().1
}

fn visit<'v>(condition: Option<&'v str>, status: MarkStatus) -> Visit<'v> {
    Visit {
        site: "s",
        target: "t",
        condition,
        status,
        experiment: None,
    }
}

fn tell(plan: &Compiled, rows: &Rows, visit: &Visit<'_>) -> Marking {
    let bytes = rows.pack();
    mark(plan, &Facts::decode(&bytes).unwrap(), "u", 0, visit).unwrap()
}

fn applied(plan: &Compiled, rows: &Rows) -> Marking {
    tell(plan, rows, &visit(None, MarkStatus::Applied))
}

fn one(change: impl FnOnce(&mut PlanExperiment)) -> Compiled {
    let mut e = experiment(7, "e");
    change(&mut e);
    Compiled::new(plan(vec![e]))
}

fn codes(marking: &Marking) -> Vec<(&str, &str, Code)> {
    let rows = marking.exclude.iter();
    rows.map(|r| (r.unit_type.as_str(), r.unit_id.as_str(), r.code))
        .collect()
}

#[test]
fn the_clock_starts_and_ends() {
    let plan = one(|e| {
        e.status = Status::Scheduled;
        e.starts_at = Some(10);
        e.ends_at = Some(20);
    });
    let rows = Rows::default();
    assert_eq!(ask(&plan, &rows, 9), None);
    assert_eq!(ask(&plan, &rows, 10).unwrap().1, Reason::Drawn);
    assert_eq!(ask(&plan, &rows, 20).unwrap().1, Reason::EnrollmentComplete);
    let enrolled = rows.enrolled(7, "user", "u", "treatment");
    assert_eq!(
        ask(&plan, &enrolled, 20).unwrap(),
        (Some("treatment".to_owned()), Reason::Enrolled)
    );
}

#[test]
fn global_exclusion_concerns_only_those_named() {
    let mut p = plan(vec![experiment(7, "e")]);
    p.global_exclusion = vec![5];
    let plan = Compiled::new(p);
    let school = Rows::default().row('s', &["5", "school", "s1"]);
    assert_eq!(reason(&plan, &school), Reason::Drawn, "no groups");
    let other = school.clone().group("school", "s2");
    assert_eq!(reason(&plan, &other), Reason::Drawn, "another school");
    let working = school.clone().row('m', &["school", "s1", "f", "t"]);
    assert_eq!(
        reason(&plan, &working),
        Reason::Drawn,
        "does not belong to it"
    );
    let member = school.row('m', &["school", "s1", "t", "f"]);
    assert_eq!(reason(&plan, &member), Reason::GloballyExcluded);
    let marking = applied(&plan, &member);
    assert!(marking.enroll.is_empty() && marking.exclude.is_empty());
    let enrolled = Rows::default()
        .row('s', &["5", "user", "u"])
        .enrolled(7, "user", "u", "control");
    assert_eq!(reason(&plan, &enrolled), Reason::GloballyExcluded);
}

#[test]
fn lists_follow_the_working_group() {
    let plan = one(|e| {
        e.group_type = Some("class".to_owned());
        e.exclude = vec![5];
    });
    let listed = Rows::default().row('s', &["5", "class", "c1"]);
    let other = listed
        .clone()
        .group("class", "c2")
        .row('m', &["class", "c1", "t", "f"]);
    assert_eq!(
        reason(&plan, &other),
        Reason::Drawn,
        "belongs to c1, works in c2"
    );
    let working = listed.group("class", "c1");
    assert_eq!(reason(&plan, &working), Reason::GroupOnExclusionList);
    assert_eq!(
        codes(&applied(&plan, &working)),
        [
            ("class", "c1", Code::GroupOnExclusionList),
            ("user", "u", Code::ParticipantOnExclusionList)
        ]
    );
    let school = Rows::default()
        .row('s', &["5", "school", "s1"])
        .row('m', &["school", "s1", "t", "f"]);
    assert_eq!(
        reason(&plan, &school),
        Reason::GroupOnExclusionList,
        "each membership of another type"
    );
    assert_eq!(
        codes(&applied(&plan, &school)),
        [("user", "u", Code::ParticipantOnExclusionList)]
    );
}

#[test]
fn exclude_all_takes_those_included() {
    let plan = one(|e| {
        e.filter_mode = FilterMode::ExcludeAll;
        e.include = vec![4];
    });
    assert_eq!(reason(&plan, &Rows::default()), Reason::NotIncluded);
    assert_eq!(
        reason(&plan, &Rows::default().row('s', &["4", "user", "u"])),
        Reason::Drawn
    );
    assert_eq!(
        reason(&plan, &Rows::default().row('s', &["4", "user", "v"])),
        Reason::NotIncluded
    );
}

#[test]
fn preview_users_leave_nothing() {
    let plan = one(|e| e.status = Status::Preview);
    assert_eq!(ask(&plan, &Rows::default(), 0), None);
    let preview = Rows::default().preview();
    assert_eq!(reason(&plan, &preview), Reason::Drawn);
    assert!(applied(&plan, &preview).enroll.is_empty());
    let forced = preview.row('p', &["7", "treatment"]);
    assert_eq!(
        ask(&plan, &forced, 0).unwrap(),
        (Some("treatment".to_owned()), Reason::Forced)
    );
    let running = one(|e| e.exclude = vec![5]);
    let listed = forced.row('s', &["5", "user", "u"]);
    assert_eq!(reason(&running, &listed), Reason::Forced);
    assert!(applied(&running, &listed).enroll.is_empty());
}

#[test]
fn fractions_stop_only_who_is_not_enrolled() {
    let enrolled = Rows::default().enrolled(7, "user", "u", "control");
    for (plan, why) in [
        (one(|e| e.rollout = 0.0), Reason::OutsideRollout),
        (
            one(|e| e.holdout = Some(("h".to_owned(), 1.0))),
            Reason::HeldOut,
        ),
        (
            one(|e| e.namespace = Some(("n".to_owned(), 0.0, 0.0))),
            Reason::OutsideNamespace,
        ),
    ] {
        assert_eq!(reason(&plan, &Rows::default()), why);
        let marking = applied(&plan, &Rows::default());
        assert!(marking.enroll.is_empty() && marking.exclude.is_empty());
        assert_eq!(reason(&plan, &enrolled), Reason::Enrolled);
    }
}

#[test]
fn group_data_heal() {
    let plan = one(|e| {
        e.unit = Unit::Group;
        e.group_type = Some("class".to_owned());
    });
    let nobody = Rows::default();
    assert_eq!(reason(&plan, &nobody), Reason::NoGroupSpecified);
    assert_eq!(
        codes(&applied(&plan, &nobody)),
        [("user", "u", Code::NoGroupSpecified)]
    );
    let recorded = nobody.excluded(7, "user", "u", "NO_GROUP_SPECIFIED");
    assert_eq!(codes(&applied(&plan, &recorded)), [], "once");
    let healed = recorded.group("class", "c1");
    assert_eq!(reason(&plan, &healed), Reason::Drawn);
    assert_eq!(applied(&plan, &healed).enroll.len(), 2);
    let kept = Rows::default().enrolled(7, "user", "u", "treatment");
    assert_eq!(reason(&plan, &kept), Reason::Enrolled);
}

#[test]
fn the_group_of_an_early_user_is_excluded_with_everybody_in_it() {
    for unit in [Unit::Individual, Unit::Group] {
        let early = |status| {
            one(|e| {
                e.unit = unit;
                e.consistency = Consistency::Group;
                e.group_type = Some("class".to_owned());
                e.status = status;
                e.starts_at = Some(10);
            })
        };
        let rows = Rows::default().group("class", "c1");
        let told = visit(None, MarkStatus::NoCondition);
        let marking = tell(&early(Status::Scheduled), &rows, &told);
        assert_eq!(
            codes(&marking),
            [
                ("class", "c1", Code::ReachedPrior),
                ("user", "u", Code::ReachedPrior)
            ]
        );
        assert_eq!(marking.reason, Reason::NotRunning);
        let mate = rows.excluded(7, "class", "c1", "REACHED_PRIOR");
        let plan = early(Status::Enrolling);
        assert_eq!(reason(&plan, &mate), Reason::ExcludedDueToGroupLogic);
        assert_eq!(
            codes(&applied(&plan, &mate)),
            [("user", "u", Code::ExcludedDueToGroupLogic)]
        );
    }
}

#[test]
fn early_visits_may_be_allowed() {
    let plan = one(|e| {
        e.status = Status::Scheduled;
        e.points[0].exclude_if_reached = false;
    });
    assert_eq!(codes(&applied(&plan, &Rows::default())), []);
}

#[test]
fn late_units_by_rule() {
    let late = |late| {
        one(|e| {
            e.algorithm = Algorithm::Blocks;
            e.late = late;
        })
    };
    let known = Rows::default().row('a', &["7", "user", "u", "treatment", "s1", "1"]);
    for rule in Late::ALL {
        assert_eq!(
            ask(&late(*rule), &known, 0).unwrap(),
            (Some("treatment".to_owned()), Reason::Allocated)
        );
    }
    let nobody = Rows::default();
    assert_eq!(reason(&late(Late::Exclude), &nobody), Reason::LateUnit);
    assert_eq!(reason(&late(Late::Hash), &nobody), Reason::Drawn);
    assert_eq!(reason(&late(Late::NextSlot), &nobody), Reason::AwaitingSlot);
    let marking = applied(&late(Late::NextSlot), &nobody);
    assert!(marking.allocate && marking.enroll.is_empty());
    let excluded = applied(&late(Late::Exclude), &nobody);
    assert!(!excluded.allocate && excluded.enroll.is_empty() && excluded.exclude.is_empty());
}

#[test]
fn one_of_competing_experiments_has_the_user() {
    let mut bridge = experiment(9, "c");
    bridge.points = vec![point("s", "t"), point("s", "u")];
    let mut far = experiment(8, "b");
    far.points = vec![point("s", "u")];
    let near = experiment(7, "a");
    let all = |status: Status| {
        let mut bridge = bridge.clone();
        bridge.status = status;
        Compiled::new(plan(vec![near.clone(), far.clone(), bridge]))
    };
    let answers = |plan: &Compiled, rows: &Rows, user: &str| -> Vec<(String, Reason)> {
        let bytes = rows.pack();
        let facts = Facts::decode(&bytes).unwrap();
        let answers = assign(plan, &facts, user, 0, None);
        let told = answers
            .iter()
            .map(|a| (a.experiment.unwrap_or("").to_owned(), a.reason));
        told.collect()
    };
    let pooled = all(Status::Enrolling);
    let mut taken = std::collections::BTreeSet::new();
    for i in 0..200 {
        let user = format!("user {i}");
        let got = answers(&pooled, &Rows::default(), &user);
        assert_eq!(got.len(), 2, "one row for each point");
        let drawn: Vec<_> = got.iter().filter(|(_, r)| *r == Reason::Drawn).collect();
        let experiments: std::collections::BTreeSet<_> = drawn.iter().map(|(e, _)| e).collect();
        assert_eq!(experiments.len(), 1, "{got:?}");
        taken.insert(drawn[0].0.clone());
    }
    assert_eq!(taken.len(), 3, "each has users");
    let apart = answers(&all(Status::Inactive), &Rows::default(), "u");
    let apart: Vec<_> = apart.iter().map(|(e, r)| (e.as_str(), *r)).collect();
    assert_eq!(
        apart,
        [("a", Reason::Drawn), ("b", Reason::Drawn)],
        "what does not run connects nobody"
    );
    let enrolled = Rows::default().enrolled(8, "user", "u", "control");
    let stays = answers(&pooled, &enrolled, "u");
    let stays: Vec<_> = stays.iter().map(|(e, r)| (e.as_str(), *r)).collect();
    assert_eq!(
        stays,
        [("a", Reason::OtherExperiment), ("b", Reason::Enrolled)]
    );
}

#[test]
fn of_several_enrollments_the_one_that_goes_on_counts() {
    let make = |a: Status, b: Status| {
        let (mut first, mut second) = (experiment(7, "a"), experiment(8, "b"));
        first.status = a;
        second.status = b;
        Compiled::new(plan(vec![first, second]))
    };
    let rows = Rows::default()
        .enrolled(7, "user", "u", "control")
        .enrolled(8, "user", "u", "treatment");
    let got = |a, b| ask(&make(a, b), &rows, 0).unwrap();
    assert_eq!(
        got(Status::Enrolling, Status::Enrolling).0.as_deref(),
        Some("control")
    );
    assert_eq!(
        got(Status::EnrollmentComplete, Status::Enrolling)
            .0
            .as_deref(),
        Some("treatment")
    );
    let both = got(Status::EnrollmentComplete, Status::EnrollmentComplete);
    assert_eq!(both, (None, Reason::SeveralExperiments));
}

#[test]
fn a_listed_user_who_is_enrolled_does_not_go_to_a_competitor() {
    let (mut first, second) = (experiment(7, "a"), experiment(8, "b"));
    first.exclude = vec![5];
    let plan = Compiled::new(plan(vec![first, second]));
    let rows = Rows::default()
        .enrolled(7, "user", "u", "control")
        .row('s', &["5", "user", "u"]);
    assert_eq!(
        ask(&plan, &rows, 0).unwrap(),
        (None, Reason::ParticipantOnExclusionList)
    );
    let free = Rows::default().row('s', &["5", "user", "u"]);
    assert_eq!(
        ask(&plan, &free, 0).unwrap().1,
        Reason::Drawn,
        "nothing keeps the user from the other"
    );
}

#[test]
fn mismatches() {
    let plan = one(|e| {
        e.conditions[1].payload = Some("\"red\"".to_owned());
        e.conditions[0].payload = Some("{\"a\":1}".to_owned());
        e.points[0]
            .payloads
            .insert("control".to_owned(), "{\"b\": 2, \"c\": 3}".to_owned());
    });
    let told = |condition: &str, enrolled: &str| {
        let rows = Rows::default().enrolled(7, "user", "u", enrolled);
        tell(&plan, &rows, &visit(Some(condition), MarkStatus::Applied)).mismatch
    };
    assert!(!told("treatment", "treatment"));
    assert!(!told("red", "treatment"), "payload as text");
    assert!(!told("\"red\"", "treatment"), "payload as JSON");
    assert!(
        !told("{\"c\":3,\"b\":2}", "control"),
        "payload of the point"
    );
    assert!(told("{\"a\":1}", "control"), "payload of another point");
    assert!(told("control", "treatment"));
    assert!(told("blue", "treatment"));
    let unknown = tell(
        &plan,
        &Rows::default(),
        &visit(Some("blue"), MarkStatus::Applied),
    );
    assert!(
        unknown.mismatch && unknown.enroll.len() == 1,
        "still recorded"
    );
    let drawn = ask(&plan, &Rows::default(), 0).unwrap().0;
    assert_eq!(
        unknown.enroll[0].condition, drawn,
        "with the condition of the server"
    );
}

#[test]
fn marks_by_status() {
    let plan = one(|_| {});
    let none = tell(
        &plan,
        &Rows::default(),
        &visit(None, MarkStatus::NoCondition),
    );
    assert!(none.enroll.is_empty() && none.exclude.is_empty());
    let failed = tell(
        &plan,
        &Rows::default(),
        &visit(None, MarkStatus::NotApplied),
    );
    assert_eq!(codes(&failed), [("user", "u", Code::ExcludedByClient)]);
    assert!(failed.enroll.is_empty() && !failed.mismatch);
}

#[test]
fn limits_matter_where_something_is_enrolled() {
    let plan = one(|e| e.limited = true);
    assert!(applied(&plan, &Rows::default()).limited);
    let enrolled = Rows::default().enrolled(7, "user", "u", "control");
    assert!(!applied(&plan, &enrolled).limited);
}

#[test]
fn a_named_experiment_must_have_the_point() {
    let mut far = experiment(8, "far");
    far.points = vec![point("s", "u")];
    let plan = Compiled::new(plan(vec![experiment(7, "e"), far]));
    let facts = Facts::default();
    let named = |experiment| Visit {
        experiment: Some(experiment),
        ..visit(None, MarkStatus::Applied)
    };
    let error = mark(&plan, &facts, "u", 0, &named("far")).unwrap_err();
    assert!(matches!(error, ResolutionError::NotAtPoint { .. }));
    assert_eq!(error.class(), Class::UndefinedObject);
    assert_eq!(
        error.message(),
        "experiment \"far\" has no decision point (\"s\", \"t\")"
    );
    let error = mark(&plan, &facts, "u", 0, &named("nowhere")).unwrap_err();
    assert_eq!(
        error.message(),
        "experiment \"nowhere\" does not exist in context \"home\""
    );
    assert!(error.hint().is_some());
    assert_eq!(
        mark(&plan, &facts, "u", 0, &named("e")).unwrap().reason,
        Reason::Drawn
    );
    let nowhere = Visit {
        site: "x",
        ..visit(Some("a"), MarkStatus::Applied)
    };
    let marking = mark(&plan, &facts, "u", 0, &nowhere).unwrap();
    assert_eq!(
        (marking.reason, marking.mismatch),
        (Reason::NoExperiment, true)
    );
}

#[test]
fn a_visit_also_matters_to_other_experiments_at_the_point() {
    let (mut complete, mut scheduled) = (experiment(8, "b"), experiment(9, "c"));
    complete.status = Status::EnrollmentComplete;
    scheduled.status = Status::Scheduled;
    let plan = Compiled::new(plan(vec![experiment(7, "a"), complete, scheduled]));
    let marking = applied(&plan, &Rows::default());
    assert_eq!(marking.experiment.as_deref(), Some("a"));
    assert_eq!(marking.enroll.len(), 1);
    let rows: Vec<_> = marking
        .exclude
        .iter()
        .map(|r| (r.experiment_id, r.code))
        .collect();
    assert_eq!(rows, [(8, Code::ReachedAfter), (9, Code::ReachedPrior)]);
}

#[test]
fn queues_advance_with_the_repetitions_at_the_point() {
    let plan = one(|e| {
        e.unit = Unit::WithinSubjects;
        e.order = Order::Ordered;
        e.conditions = ["a", "b", "c"].map(|c| condition(c, 1.0)).to_vec();
    });
    let first = applied(&plan, &Rows::default());
    assert!(first.repeat && first.enroll.len() == 1 && first.enroll[0].condition.is_none());
    assert_eq!(first.condition.as_deref(), Some("a"));
    let rows = Rows::default()
        .enrolled_within(7, "u")
        .row('r', &["7", "s", "t", "4"]);
    let bytes = rows.pack();
    let facts = Facts::decode(&bytes).unwrap();
    let answers = assign(&plan, &facts, "u", 0, None);
    assert_eq!(answers[0].queue.as_deref(), Some(&["b", "c", "a"][..]));
    let later = tell(&plan, &rows, &visit(Some("a"), MarkStatus::Applied));
    assert!(later.repeat && later.enroll.is_empty() && later.mismatch);
    assert_eq!(later.condition.as_deref(), Some("b"));
}

#[test]
fn payloads_of_the_point_of_the_condition_and_of_the_default() {
    let plan = one(|e| {
        e.points.push(point("s", "u"));
        e.points[1]
            .payloads
            .insert("control".to_owned(), "\"here\"".to_owned());
        e.conditions[0].payload = Some("\"everywhere\"".to_owned());
        e.conditions[0].levels = Some("{}".to_owned());
        e.default_payload = Some("\"usual\"".to_owned());
    });
    let payloads = |rows: &Rows| -> Vec<Option<String>> {
        let bytes = rows.pack();
        let facts = Facts::decode(&bytes).unwrap();
        let answers = assign(&plan, &facts, "u", 0, None);
        answers
            .iter()
            .map(|a| a.payload.map(str::to_owned))
            .collect()
    };
    let text = |t: &str| Some(t.to_owned());
    let enrolled = Rows::default().enrolled(7, "user", "u", "control");
    assert_eq!(
        payloads(&enrolled),
        [text("\"everywhere\""), text("\"here\"")]
    );
    let excluded = Rows::default().excluded(7, "user", "u", "REACHED_PRIOR");
    assert_eq!(payloads(&excluded), [text("\"usual\""), text("\"usual\"")]);
}

#[test]
fn the_explanation_names_what_decided() {
    let plan = one(|e| {
        e.rollout = 0.9999;
        e.conditions[0].payload = Some("\"x\"".to_owned());
        e.conditions[1].payload = Some("\"x\"".to_owned());
    });
    let bytes = Rows::default().pack();
    let facts = Facts::decode(&bytes).unwrap();
    let steps = explain(&plan, &facts, "u", 0, "s", "t");
    let rules: Vec<&str> = steps.iter().map(|s| s.rule).collect();
    assert_eq!(
        rules,
        [
            "status",
            "global_exclusion",
            "lists",
            "rollout",
            "table",
            "draw",
            "payload",
            "answer"
        ]
    );
    let draw = &steps[5].detail;
    assert!(
        draw.contains("Salt \"e\", unit \"u\": xxh3 draw "),
        "{draw}"
    );
    assert!(
        draw.contains("\"control\" to 0.500000, \"treatment\" to 1.000000"),
        "{draw}"
    );
}

#[test]
fn everybody_gets_the_default_on_revert() {
    let plan = one(|e| {
        e.status = Status::EnrollmentComplete;
        e.post = Post::Revert;
    });
    let enrolled = Rows::default().enrolled(7, "user", "u", "control");
    assert_eq!(reason(&plan, &enrolled), Reason::PostRuleRevert);
}
