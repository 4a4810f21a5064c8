//! Definitions of experiments: what is read, what is refused and how, what may change when, what is compiled.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use proptest::prelude::*;
use rct_core::error::{Class, Explain};
use rct_core::experiment::{
    ExperimentError, Lists, Members, Moment, Post, Spec, Status, apply_patch, check_change,
    check_status, compile, compiled, cycle, edges, import_upgrade, imported, normalized,
    normalized_members, parse_members, patched, preflight, read_status, renamed, schema,
    schema_text,
};
use rct_core::resolution::Plan;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const HINTS: &str = include_str!("experiment/hints.json");
const FACTORIAL: &str = include_str!("experiment/factorial.json");
const WITHIN: &str = include_str!("experiment/within.json");
const DRAFT: &str = include_str!("experiment/draft.json");
const UPGRADE: &str = include_str!("experiment/upgrade.json");
const EXAMPLES: [&str; 4] = [HINTS, FACTORIAL, WITHIN, DRAFT];

fn spec(text: &str) -> Spec {
    match Spec::parse(text) {
        Ok((spec, _)) => spec,
        Err(error) => panic!("{}", error.message()),
    }
}

/// The example with a value put in at a JSON pointer.
fn with(text: &str, pointer: &str, value: Value) -> String {
    let mut document: Value = serde_json::from_str(text).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.insert(key.to_owned(), value)),
        Value::Array(all) => all[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other}"),
    }
    document.to_string()
}

fn message<T: std::fmt::Debug>(result: Result<T, ExperimentError>) -> String {
    result.unwrap_err().message()
}

// Reading

#[test]
fn what_is_left_out_is_filled_in() {
    let filled: Value = serde_json::from_str(&spec(DRAFT).to_json().unwrap()).unwrap();
    assert_eq!(
        filled,
        json!({
            "key": "idea", "context": "reader", "description": "", "tags": [], "unit": "individual",
            "group_type": null, "consistency": "individual",
            "assignment": { "algorithm": "hash", "hash": "xxh3", "hash_version": 1, "salt": "idea",
                            "late": "exclude", "order": "ordered" },
            "conditions": [], "factors": [], "decision_points": [], "post_rule": "continue",
            "filter_mode": "include_all", "rollout": 1, "holdout": null, "namespace": null,
            "schedule": { "starts_at": null, "ends_at": null },
            "ending": { "users": null, "groups": null, "users_per_group": null },
            "default_payload": null,
        })
    );
}

#[test]
fn values_are_made_canonical() {
    let (spec, lists) = Spec::parse(HINTS).unwrap();
    let text = spec.to_json().unwrap();
    for part in [
        r#""consistency":"group""#,
        r#""context":"mathia""#,
        r#""payload":{"level":3,"price":1.10}"#,
        r#""payloads":{"hints":"short"}"#,
        r#""post_rule":{"assign":"hints"}"#,
        r#""starts_at":"2026-09-01T06:00:00Z""#,
        r#""ends_at":"2026-12-01T00:00:00.5Z""#,
        r#""target":null"#,
        r#""users_per_group":5}"#,
        r#""weight":2.5"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let set = |all: &[&str]| -> BTreeSet<String> { all.iter().map(|s| (*s).to_owned()).collect() };
    let exclude = Members {
        users: set(&["s1", "s2"]),
        groups: BTreeMap::from([("class".to_owned(), set(&["c9"]))]),
        segments: set(&["pilot"]),
    };
    let include = Members::default();
    assert!(include.is_empty() && !exclude.is_empty());
    assert_eq!(lists, Lists { include, exclude });
}

#[test]
fn round_trip_is_exact() {
    for text in EXAMPLES {
        let once = spec(text).to_json().unwrap();
        assert_eq!(spec(&once).to_json().unwrap(), once);
        let parts: Value = serde_json::from_str(&normalized(text).unwrap()).unwrap();
        let mut whole = parts["spec"].clone();
        whole["lists"] = parts["lists"].clone();
        let again: Value = serde_json::from_str(&normalized(&whole.to_string()).unwrap()).unwrap();
        assert_eq!(again, parts);
    }
}

#[test]
fn another_key_draws_anew() {
    let copy = spec(&renamed(DRAFT, "idea 2").unwrap());
    assert_eq!(
        (copy.key.as_str(), copy.assignment.salt.as_str()),
        ("idea 2", "idea 2")
    );
    let copy = spec(&renamed(FACTORIAL, "again").unwrap());
    assert_eq!(copy.assignment.salt, "2026");
    assert!(renamed(DRAFT, "").is_err());
}

#[test]
fn errors_name_the_path() {
    let long = "x".repeat(201);
    let cases: &[(&str, Value, &str)] = &[
        (
            "/conditions/1/weight",
            json!(-3),
            "conditions[1].weight: must be positive, got -3",
        ),
        (
            "/conditions/1/weight",
            json!("x"),
            "conditions[1].weight: must be a number, got string \"x\"",
        ),
        (
            "/conditions/1/wieght",
            json!(1),
            "conditions[1]: unknown field \"wieght\"",
        ),
        (
            "/conditions/1/code",
            json!("control"),
            "conditions[1].code: \"control\" is already conditions[0].code",
        ),
        (
            "/conditions/1/code",
            json!("default"),
            "conditions[1].code: \"default\" is what users get who are in no condition",
        ),
        (
            "/conditions/1/code",
            json!(""),
            "conditions[1].code: must have 1 to 200 characters, got 0",
        ),
        (
            "/conditions/1",
            json!(["hints"]),
            "conditions[1]: must be an object, got an array",
        ),
        (
            "/conditions/1",
            json!({"weight": 1}),
            "conditions[1].code: is missing",
        ),
        ("/conditions/1/weight", json!(1.7e308), ""),
        (
            "/conditions/1/levels",
            json!({"colour": 1}),
            "conditions[1].levels.colour: must be a string, got integer 1",
        ),
        (
            "/key",
            json!(long),
            "key: must have 1 to 200 characters, got 201",
        ),
        (
            "/key",
            json!("a\u{7}"),
            "key: must have no control characters, got \"a\\u{7}\"",
        ),
        ("/key", json!(null), "key: must be a string, got null"),
        ("/color", json!(1), "unknown field \"color\""),
        (
            "/unit",
            json!("klass"),
            "unit: must be one of \"individual\", \"group\", \"within_subjects\", got \"klass\"",
        ),
        (
            "/unit",
            json!({"group": null}),
            "unit: must be a string, got an object",
        ),
        (
            "/group_type",
            json!("user"),
            "group_type: \"user\" is no type of group",
        ),
        (
            "/tags",
            json!(["a", "b", "a"]),
            "tags[2]: \"a\" is already tags[0]",
        ),
        (
            "/assignment",
            json!({"hash_version": 2}),
            "assignment.hash_version: must be 1, got 2",
        ),
        (
            "/assignment",
            json!({"hash_version": 1.5}),
            "assignment.hash_version: must be a whole number, got 1.5",
        ),
        (
            "/assignment",
            json!({"salt": ""}),
            "assignment.salt: must have 1 to 200 characters, got 0",
        ),
        (
            "/assignment",
            json!([]),
            "assignment: must be an object, got an array",
        ),
        (
            "/factors",
            json!([{"name": "f", "levels": [{"name": "a"}, {"name": "a"}]}]),
            "factors[0].levels[1].name: \"a\" is already factors[0].levels[0].name",
        ),
        (
            "/factors",
            json!([{"name": "f"}, {"name": "f"}]),
            "factors[1].name: \"f\" is already factors[0].name",
        ),
        (
            "/decision_points/1/target",
            json!("fractions-1"),
            "decision_points[1]: (\"lesson\", \"fractions-1\") is already decision_points[0]",
        ),
        (
            "/decision_points/0/target",
            json!(null),
            "decision_points[1]: (\"lesson\", no target) is already decision_points[0]",
        ),
        (
            "/decision_points/0/exclude_if_reached",
            json!(1),
            "decision_points[0].exclude_if_reached: must be true or false, got integer 1",
        ),
        (
            "/post_rule",
            json!("stop"),
            "post_rule: must be \"continue\", \"revert\" or {\"assign\": condition}, got string \"stop\"",
        ),
        (
            "/post_rule",
            json!({"give": "hints"}),
            "post_rule: unknown field \"give\"",
        ),
        ("/post_rule", json!({}), "post_rule.assign: is missing"),
        (
            "/rollout",
            json!(1.5),
            "rollout: must be between 0 and 1, got 1.5",
        ),
        (
            "/holdout",
            json!({"name": "w"}),
            "holdout.fraction: is missing",
        ),
        (
            "/holdout/fraction",
            json!(-0.1),
            "holdout.fraction: must be between 0 and 1, got -0.1",
        ),
        (
            "/namespace/to",
            json!(2),
            "namespace.to: must be between 0 and 1, got 2",
        ),
        (
            "/ending/users",
            json!(0),
            "ending.users: must be positive, got 0",
        ),
        (
            "/ending/groups",
            json!(2.5),
            "ending.groups: must be a whole number, got 2.5",
        ),
        (
            "/schedule/starts_at",
            json!("2026-09-01"),
            "schedule.starts_at: must be a time stamp with its offset, got \"2026-09-01\"",
        ),
        (
            "/lists/exclude/users",
            json!([""]),
            "lists.exclude.users: ids must have 1 to 1000 characters, got 0",
        ),
        (
            "/lists/exclude/groups",
            json!({"segment": ["x"]}),
            "lists.exclude.groups: \"segment\" is no type of group",
        ),
        (
            "/lists/exclude/groups",
            json!({"class": [7]}),
            "lists.exclude.groups.class[0]: must be a string, got integer 7",
        ),
        (
            "/lists/exclude/people",
            json!([]),
            "lists.exclude: unknown field \"people\"",
        ),
    ];
    for (pointer, value, expected) in cases {
        let result = Spec::parse(&with(HINTS, pointer, value.clone()));
        if expected.is_empty() {
            assert!(result.is_ok(), "{pointer} {value}");
            continue;
        }
        let error = result.unwrap_err();
        assert_eq!(error.message(), *expected);
        assert_eq!(error.class(), Class::InvalidParameter);
    }
    let heavy = with(HINTS, "/conditions/0/weight", json!(1.7e308));
    let heavy = with(&heavy, "/conditions/1/weight", json!(1.7e308));
    assert_eq!(
        message(Spec::parse(&heavy)),
        "conditions: weights are too large to add"
    );
    let huge = HINTS.replace("\"rollout\": 0.1", "\"rollout\": 1e999");
    assert_eq!(message(Spec::parse(&huge)), "rollout: number out of range");
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep = HINTS.replace("\"none\"", &deep);
    assert_eq!(
        message(Spec::parse(&deep)),
        "default_payload: is nested deeper than 100 levels"
    );
    let twice = r#"{"key": "a", "key": "b", "context": "c"}"#;
    assert_eq!(
        message(Spec::parse(twice)),
        "specification: duplicate field `key`"
    );
    assert_eq!(
        message(Spec::parse("[]")),
        "specification: must be an object, got an array"
    );
    let error = Spec::parse("{\"key\":").unwrap_err();
    assert_eq!(error.class(), Class::InvalidText);
    assert!(
        error
            .message()
            .starts_with("specification is not JSON: EOF")
    );
    assert!(Spec::parse("{} {}").is_err());
    let error = Spec::parse(&with(HINTS, "/conditions/1/wieght", json!(1))).unwrap_err();
    assert_eq!(
        error.hint().as_deref(),
        Some("Known here: code, name, weight, payload, levels.")
    );
}

#[test]
fn moments_are_those_of_postgres() {
    for (text, micros, canonical) in [
        ("2000-01-01T00:00:00Z", 0, "2000-01-01T00:00:00Z"),
        (
            "2000-01-01T01:00:00.000001+01:00",
            1,
            "2000-01-01T00:00:00.000001Z",
        ),
        (
            "1999-12-31T23:59:59.9999999Z",
            -1,
            "1999-12-31T23:59:59.999999Z",
        ),
        (
            "2026-09-01T08:00:00+02:00",
            841_557_600_000_000,
            "2026-09-01T06:00:00Z",
        ),
    ] {
        let moment = Moment::parse(text).unwrap();
        assert_eq!(moment.0, micros, "{text}");
        assert_eq!(moment.text().as_deref(), Some(canonical));
    }
    for text in [
        "",
        "tomorrow",
        "2026-09-01T08:00:00",
        "0000-01-01T00:00:00+23:00",
        "2026-02-30T00:00:00Z",
    ] {
        assert_eq!(Moment::parse(text), None, "{text}");
    }
    assert_eq!(Moment(i64::MAX).text(), None);
}

// Starting

fn problems(text: &str) -> Vec<String> {
    let all = preflight(&spec(text), Status::Enrolling);
    all.into_iter()
        .map(|p| format!("{}: {}", p.path, p.message))
        .collect()
}

#[test]
fn preflight_lists_all_that_stops_a_start() {
    for text in [HINTS, FACTORIAL, WITHIN] {
        assert_eq!(problems(text), Vec::<String>::new());
    }
    assert_eq!(
        problems(DRAFT),
        [
            "conditions: must be two or more, got 0",
            "decision_points: must be one or more, got 0"
        ]
    );
    let cases: &[(&str, &str, Value, &[&str])] = &[
        (
            HINTS,
            "/group_type",
            json!(null),
            &["group_type: is needed by the unit \"group\""],
        ),
        (
            WITHIN,
            "/consistency",
            json!("group"),
            &["group_type: is needed by the consistency rule \"group\""],
        ),
        (
            HINTS,
            "/post_rule",
            json!({"assign": "hint"}),
            &["post_rule.assign: \"hint\" is not a condition"],
        ),
        (
            HINTS,
            "/decision_points/1/payloads",
            json!({"default": 1}),
            &["decision_points[1].payloads: \"default\" is not a condition"],
        ),
        (
            HINTS,
            "/schedule/ends_at",
            json!("2026-09-01T06:00:00Z"),
            &["schedule.ends_at: must be after starts_at"],
        ),
        (
            HINTS,
            "/namespace/to",
            json!(0),
            &["namespace.to: must be above from, got 0 and 0"],
        ),
        (
            HINTS,
            "/holdout/fraction",
            json!(1),
            &["holdout.fraction: must be below 1, got 1"],
        ),
        (
            HINTS,
            "/ending/groups",
            json!(null),
            &["ending.users_per_group: needs ending.groups"],
        ),
        (
            FACTORIAL,
            "/ending/groups",
            json!(3),
            &["ending.groups: needs the unit \"group\", got \"individual\""],
        ),
        (
            FACTORIAL,
            "/conditions/1/levels",
            json!({"colour": "red"}),
            &["conditions[1].levels: has no level of the factor \"tone\""],
        ),
        (
            FACTORIAL,
            "/conditions/1/levels",
            json!({"colour": "red", "tone": "warm"}),
            &["conditions[1].levels: are those of conditions[0]"],
        ),
        (
            FACTORIAL,
            "/conditions/1/levels/tone",
            json!("cold"),
            &["conditions[1].levels.tone: \"cold\" is not a level of the factor"],
        ),
        (
            FACTORIAL,
            "/conditions/1/levels/size",
            json!("s"),
            &["conditions[1].levels: \"size\" is not a factor"],
        ),
        (
            WITHIN,
            "/factors",
            json!([{"name": "f"}]),
            &[
                "factors[0].levels: must be one or more, got 0",
                "conditions[0].levels: has no level of the factor \"f\"",
                "conditions[1].levels: has no level of the factor \"f\"",
                "conditions[2].levels: has no level of the factor \"f\"",
            ],
        ),
        (
            WITHIN,
            "/assignment",
            json!({"algorithm": "complete"}),
            &[
                "assignment.algorithm: must be \"hash\" for the unit \"within_subjects\", got \"complete\"",
            ],
        ),
        (
            WITHIN,
            "/assignment/hash",
            json!("upgrade"),
            &["assignment.order: \"latin_square\" needs the hash \"xxh3\""],
        ),
        (
            HINTS,
            "/assignment",
            json!({"algorithm": "pairs"}),
            &["assignment.algorithm: \"pairs\" needs two conditions of equal weight"],
        ),
    ];
    for (text, pointer, value, expected) in cases {
        assert_eq!(problems(&with(text, pointer, value.clone())), *expected);
    }
    let weightless = with(HINTS, "/conditions/0/weight", json!(0));
    assert_eq!(problems(&weightless), Vec::<String>::new());
    let weightless = with(&weightless, "/conditions/1/weight", json!(0));
    assert_eq!(
        problems(&weightless),
        ["conditions: must have a positive weight, got none"]
    );
    let scheduled = preflight(&spec(WITHIN), Status::Scheduled);
    assert_eq!(
        scheduled.first().map(|p| p.path.as_str()),
        Some("schedule.starts_at")
    );
    assert!(preflight(&spec(HINTS), Status::Scheduled).is_empty());
}

// Statuses

#[test]
fn transitions_are_exactly_the_legal_ones() {
    use Status::*;
    let legal: &[(Status, &[Status])] = &[
        (Inactive, &[Preview, Scheduled, Enrolling, Cancelled]),
        (Preview, &[Inactive, Scheduled, Enrolling, Cancelled]),
        (Scheduled, &[Inactive, Enrolling, Cancelled]),
        (Enrolling, &[EnrollmentComplete, Cancelled]),
        (EnrollmentComplete, &[Enrolling, Cancelled, Archived]),
        (Cancelled, &[Archived]),
        (Archived, &[]),
    ];
    assert_eq!(legal.len(), Status::ALL.len());
    for (from, next) in legal {
        for to in Status::ALL {
            let result = check_status(*from, *to);
            assert_eq!(result.is_ok(), next.contains(to), "{from} to {to}");
            if let Err(error) = result {
                assert_eq!(error.class(), Class::PrerequisiteState);
                let detail = error.detail().unwrap();
                for word in *next {
                    assert!(detail.contains(word.word()));
                }
                assert!(error.hint().is_some());
            }
        }
    }
    let error = check_status(Enrolling, Inactive).unwrap_err();
    assert_eq!(
        error.message(),
        "status can not change from \"enrolling\" to \"inactive\""
    );
    assert_eq!(
        error.detail().as_deref(),
        Some("On \"enrolling\" may follow: enrollment_complete, cancelled.")
    );
    let error = read_status("status", "running").unwrap_err();
    assert!(
        error
            .message()
            .starts_with("status must be one of \"inactive\", \"preview\",")
    );
    assert_eq!(read_status("status", "preview"), Ok(Preview));
}

// Changes

/// A patch of the hints experiment, checked in a status.
fn change(patch: &str, status: Status) -> Result<(), ExperimentError> {
    let old = spec(HINTS);
    check_change(&old, &apply_patch(&old, patch)?, status)
}

#[test]
fn the_design_freezes_with_enrolling() {
    let frozen: &[(&str, &str)] = &[
        (
            r#"{"key":"k"}"#,
            "key: frozen in status \"enrolling\", can not change from \"hints-2026\" to \"k\"",
        ),
        (
            r#"{"context":"reader"}"#,
            "context: frozen in status \"enrolling\", can not change from \"mathia\" to \"reader\"",
        ),
        (
            r#"{"unit":"individual","ending":null}"#,
            "unit: frozen in status \"enrolling\", can not change from \"group\" to \"individual\"",
        ),
        (
            r#"{"group_type":"school"}"#,
            "group_type: frozen in status \"enrolling\", can not change from \"class\" to \"school\"",
        ),
        (
            r#"{"consistency":"experiment"}"#,
            "consistency: frozen in status \"enrolling\", can not change from \"group\" to \"experiment\"",
        ),
        (
            r#"{"assignment":{"salt":"new"}}"#,
            "assignment.salt: frozen in status \"enrolling\", can not change from \"hints-2026\" to \"new\"",
        ),
        (
            r#"{"assignment":{"algorithm":"blocks"}}"#,
            "assignment.algorithm: frozen in status \"enrolling\", can not change from \"hash\" to \"blocks\"",
        ),
        (
            r#"{"assignment":{"hash":"upgrade"}}"#,
            "assignment.hash: frozen in status \"enrolling\", can not change from \"xxh3\" to \"upgrade\"",
        ),
        (
            r#"{"assignment":{"late":"hash"}}"#,
            "assignment.late: frozen in status \"enrolling\", can not change from \"exclude\" to \"hash\"",
        ),
        (
            r#"{"assignment":{"order":"random"}}"#,
            "assignment.order: frozen in status \"enrolling\", can not change from \"ordered\" to \"random\"",
        ),
        (
            r#"{"conditions":[{"code":"control"},{"code":"hints","weight":3}]}"#,
            "conditions[1].weight: frozen in status \"enrolling\", can not change from 2.5 to 3",
        ),
        (
            r#"{"conditions":[{"code":"control"},{"code":"hints","weight":2.5},{"code":"c"}]}"#,
            "conditions[2].code: frozen in status \"enrolling\", can not change from nothing to \"c\"",
        ),
        (
            r#"{"conditions":[{"code":"control"}]}"#,
            "conditions[1].code: frozen in status \"enrolling\", can not change from \"hints\" to nothing",
        ),
        (
            r#"{"conditions":[{"code":"control"},{"code":"hints","weight":2.5,"levels":{"f":"a"}}]}"#,
            "conditions[1].levels: frozen in status \"enrolling\", can not change from {} to {\"f\":\"a\"}",
        ),
        (
            r#"{"factors":[{"name":"f"}]}"#,
            "factors[0].name: frozen in status \"enrolling\", can not change from nothing to \"f\"",
        ),
        (
            r#"{"decision_points":[{"site":"lesson","target":"fractions-1"}]}"#,
            "decision_points[1].site: frozen in status \"enrolling\", can not change from \"lesson\" to nothing",
        ),
        (
            r#"{"decision_points":[{"site":"lesson","target":"fractions-2"},{"site":"lesson","exclude_if_reached":false}]}"#,
            "decision_points[0].target: frozen in status \"enrolling\", can not change from \"fractions-1\" to \"fractions-2\"",
        ),
        (
            r#"{"holdout":null}"#,
            "holdout: frozen in status \"enrolling\", can not change from {\"fraction\":0.05,\"name\":\"winter\"} to null",
        ),
        (
            r#"{"namespace":{"to":0.6}}"#,
            "namespace: frozen in status \"enrolling\", can not change from {\"from\":0,\"name\":\"lessons\",\"to\":0.5} to {\"from\":0,\"name\":\"lessons\",\"to\":0.6}",
        ),
        (
            r#"{"schedule":{"starts_at":null}}"#,
            "schedule.starts_at: frozen in status \"enrolling\", can not change from \"2026-09-01T06:00:00Z\" to null",
        ),
        (
            r#"{"rollout":0.05}"#,
            "rollout: can only rise in status \"enrolling\", can not change from 0.1 to 0.05",
        ),
        (
            r#"{"post_rule":{"assign":"x"}}"#,
            "post_rule.assign: \"x\" is not a condition",
        ),
        (
            r#"{"ending":{"groups":null}}"#,
            "ending.users_per_group: needs ending.groups",
        ),
    ];
    for (patch, expected) in frozen {
        let error = change(patch, Status::Enrolling).unwrap_err();
        assert_eq!(error.message(), *expected);
        assert_eq!(error.class(), Class::PrerequisiteState);
        assert!(error.hint().is_some() && error.detail().is_some());
        assert!(change(patch, Status::EnrollmentComplete).is_err());
        assert_eq!(change(patch, Status::Inactive), Ok(()));
        assert_eq!(change(patch, Status::Preview), Ok(()));
    }
    let free = [
        r#"{"description":"new","tags":["t"],"rollout":0.2,"post_rule":"revert","filter_mode":"exclude_all"}"#,
        r#"{"default_payload":{"a":[1]},"schedule":{"ends_at":null},"ending":{"groups":11}}"#,
        r#"{"conditions":[{"code":"control","name":"C","payload":1},{"code":"hints","weight":2.5}]}"#,
        r#"{"decision_points":[{"site":"lesson","target":"fractions-1","payloads":{"control":0}},{"site":"lesson","exclude_if_reached":false}]}"#,
        "{}",
    ];
    for patch in free {
        for status in Status::ALL.iter().filter(|s| !s.is_final()) {
            assert_eq!(change(patch, *status), Ok(()), "{patch}");
        }
    }
    // What is scheduled must stay ready.
    assert!(change(r#"{"conditions":[]}"#, Status::Scheduled).is_err());
    assert_eq!(change(r#"{"rollout":0.05}"#, Status::Scheduled), Ok(()));
    for status in [Status::Cancelled, Status::Archived] {
        let error = change(r#"{"description":"new"}"#, status).unwrap_err();
        assert_eq!(
            error.message(),
            format!("experiment in status \"{status}\" never changes")
        );
        assert_eq!(change("{}", status), Ok(()));
    }
}

#[test]
fn patches_are_checked() {
    assert_eq!(
        message(change("7", Status::Inactive)),
        "patch must be an object"
    );
    assert_eq!(
        message(change("{\"rollout\":}", Status::Inactive)),
        "patch is not JSON: expected value at line 1 column 12"
    );
    assert_eq!(
        message(change(r#"{"lists":{}}"#, Status::Inactive)),
        "lists: can not be changed with a patch"
    );
    assert_eq!(
        message(change(r#"{"colour":1}"#, Status::Inactive)),
        "unknown field \"colour\""
    );
    assert_eq!(
        message(change(r#"{"rollout":2}"#, Status::Inactive)),
        "rollout: must be between 0 and 1, got 2"
    );
    let text = patched(
        HINTS,
        r#"{"rollout":null,"namespace":{"to":0.75},"assignment":{"salt":null}}"#,
    );
    let new = spec(&text.unwrap());
    assert_eq!((new.rollout, new.namespace.unwrap().to), (1.0, 0.75));
    assert_eq!(new.assignment.salt, "hints-2026");
    // Digits that a double can not hold survive a patch of something else.
    let exact = r#"{"default_payload":{"id":12345678901234567890123}}"#;
    let new = spec(&patched(&patched(HINTS, exact).unwrap(), r#"{"rollout":1}"#).unwrap());
    assert_eq!(
        new.default_payload.unwrap().text(),
        r#"{"id":12345678901234567890123}"#
    );
}

// Members

#[test]
fn members_are_a_set() {
    let text = r#"{"users":["b","a","b"],"groups":{"class":["1"],"school":[]}}"#;
    assert_eq!(
        normalized_members(text).unwrap(),
        r#"{"groups":{"class":["1"]},"segments":[],"users":["a","b"]}"#
    );
    assert_eq!(
        message(parse_members("[]")),
        "members: must be an object, got an array"
    );
    assert_eq!(
        message(parse_members(r#"{"user":[]}"#)),
        "unknown field \"user\""
    );
    assert_eq!(
        message(parse_members(r#"{"groups":{"user":["1"]}}"#)),
        "groups: \"user\" is no type of group"
    );
    assert_eq!(
        message(parse_members(r#"{"segments":[""]}"#)),
        "segments: must have 1 to 200 characters, got 0"
    );
}

// Compiling

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

// UpGrade

#[test]
fn upgrade_exports_are_imported() {
    let import = import_upgrade(UPGRADE).unwrap();
    let got: Value = serde_json::from_str(&imported(UPGRADE).unwrap()).unwrap();
    let s = &got["spec"];
    assert_eq!(s["key"], "Hints by class");
    assert_eq!(s["context"], "mathia");
    assert_eq!(
        s["assignment"]["salt"],
        "be3ae74f-370a-4015-93f3-7761d16f8b17"
    );
    assert_eq!(s["assignment"]["hash"], "upgrade");
    assert_eq!(
        (&s["unit"], &s["group_type"]),
        (&json!("group"), &json!("teacher"))
    );
    assert_eq!(
        s["conditions"],
        json!([
            {"code": "control", "name": "Control", "weight": 33.33, "payload": null, "levels": {}},
            {"code": "hints", "name": null, "weight": 66.67, "payload": null, "levels": {}},
        ])
    );
    assert_eq!(
        s["decision_points"],
        json!([
            {"site": "SelectSection", "target": null, "exclude_if_reached": false, "payloads": {"hints": "short"}},
            {"site": "SelectSection", "target": "two", "exclude_if_reached": true, "payloads": {"hints": {"level": 3}}},
        ])
    );
    assert_eq!(s["post_rule"], json!({"assign": "hints"}));
    assert_eq!(
        s["ending"],
        json!({"users": null, "groups": 10, "users_per_group": 5})
    );
    assert_eq!(s["schedule"]["ends_at"], "2026-06-30T22:00:00Z");
    assert_eq!(s["tags"], json!(["a"]));
    assert_eq!(
        got["lists"]["exclude"],
        json!({"users": ["u1"], "groups": {"teacher": ["t9"]}, "segments": ["pilot"]})
    );
    assert_eq!(
        import.warnings,
        [
            "logging was not taken over.",
            "queries was not taken over.",
            "A payload of an unknown condition was not taken over.",
            "state \"enrolling\" was not taken over; the experiment is inactive.",
            "experimentSegmentExclusion names the segment \"pilot\", whose members are not part of the export; it must exist.",
            "1 incomplete entries of experimentSegmentExclusion were not taken over.",
        ]
    );
    assert!(preflight(&import.spec, Status::Enrolling).is_empty());
}

#[test]
fn upgrade_exports_vary() {
    let import = |pointer: &str, value: Value| import_upgrade(&with(UPGRADE, pointer, value));
    // Version 6.0 to 6.2 wrote one list, not an array of lists.
    let list = json!({"segment": {"individualForSegment": [{"userId": "u"}], "groupForSegment": [], "subSegments": []}});
    let users = import("/experimentSegmentInclusion", list)
        .unwrap()
        .lists
        .include
        .users;
    assert_eq!(users.into_iter().collect::<Vec<_>>(), ["u"]);
    assert_eq!(
        import("/postExperimentRule", json!("revert"))
            .unwrap()
            .spec
            .post_rule,
        Post::Revert
    );
    assert_eq!(
        import("/revertTo", json!(null)).unwrap().spec.post_rule,
        Post::Revert
    );
    let none = import("/enrollmentCompleteCondition", json!(null)).unwrap();
    assert_eq!(none.spec.ending.users, None);
    let stratified = import("/assignmentAlgorithm", json!("stratified random sampling")).unwrap();
    assert!(
        stratified
            .warnings
            .iter()
            .any(|w| w.starts_with("assignmentAlgorithm"))
    );
    assert_eq!(
        message(import("/assignmentUnit", json!("school"))),
        "assignmentUnit: must be one of \"individual\", \"group\", \"within-subjects\", got \"school\""
    );
    assert_eq!(
        message(import("/context", json!([]))),
        "context: must be one or more, got 0"
    );
    assert_eq!(message(import_upgrade("{}")), "id: is missing");
    let factors = json!([{"id": "f", "name": "colour", "order": 1, "levels": [
        {"id": "l2", "name": "blue", "order": 2, "payload": {"type": "string", "value": "#00f"}},
        {"id": "l1", "name": "red", "order": 1, "payload": null}]}]);
    let text = with(UPGRADE, "/factors", factors);
    let text = with(
        &text,
        "/conditions/0/levelCombinationElements",
        json!([{"id": "e", "level": {"id": "l1", "name": "red"}}]),
    );
    let spec = import_upgrade(&text).unwrap().spec;
    assert_eq!(spec.factors[0].levels[0].name, "red");
    assert_eq!(
        spec.conditions[1].levels.get("colour").map(String::as_str),
        Some("red")
    );
}

// The schema

fn validator() -> jsonschema::Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema())
        .unwrap()
}

#[test]
fn examples_pass_the_schema() {
    let validator = validator();
    for text in EXAMPLES {
        assert!(
            validator.is_valid(&serde_json::from_str(text).unwrap()),
            "{text}"
        );
        let filled: Value = serde_json::from_str(&spec(text).to_json().unwrap()).unwrap();
        assert!(validator.is_valid(&filled), "{filled}");
    }
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn published_schema_is_current() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/spec/experiment.schema.json"
    );
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, schema_text()).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        published == schema_text(),
        "write it with UPDATE_SCHEMA=1 cargo test -p rct-core experiment"
    );
}

/// Values that are right somewhere, or nearly.
fn values() -> Vec<Value> {
    let mut all = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(0.5),
        json!(5.0),
        json!(2),
        json!(1e300),
        json!(9_000_000_000_000_001_i64),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("x".repeat(201)),
        json!("ä".repeat(200)),
        json!("a\u{1}"),
        json!("a\nb"),
        json!("default"),
        json!("user"),
        json!("segment"),
        json!([]),
        json!({}),
        json!([1]),
        json!(["a"]),
        json!(["a", "a"]),
        json!([["a"]]),
        json!([{}]),
        json!({"group": null}),
        json!({"continue": null}),
        json!({"assign": "a"}),
        json!({"assign": "a", "b": 1}),
        json!({"assign": 1}),
        json!({"a": "b"}),
        json!({"a": ["b"]}),
        json!({"user": ["b"]}),
        json!({"": "b"}),
        json!([{"code": "a"}]),
        json!([{"name": "a"}]),
        json!([{"site": "a"}]),
        json!({"users": ["x".repeat(1001)]}),
        json!({"name": "a", "fraction": 0.5}),
        json!({"name": "a", "from": 0, "to": 1}),
        json!("2026-09-01T08:00:00+02:00"),
        json!("2026-09-01T08:00:00"),
        json!("2026-13-01T08:00:00Z"),
        json!("x".repeat(1001)),
    ];
    for word in [
        "individual",
        "group",
        "within_subjects",
        "experiment",
        "hash",
        "blocks",
        "xxh3",
        "upgrade",
        "late",
        "next_slot",
        "random",
        "continue",
        "revert",
        "include_all",
        "INCLUDE_ALL",
    ] {
        all.push(json!(word));
    }
    all
}

const FIELDS: [&str; 16] = [
    "key", "payload", "name", "weight", "code", "levels", "unit", "salt", "groups", "users",
    "assign", "target", "from", "lists", "wieght", "$schema",
];

/// All places of a document.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(all) => all
            .iter()
            .for_each(|(k, v)| places(v, &format!("{at}/{k}"), into)),
        Value::Array(all) => all
            .iter()
            .enumerate()
            .for_each(|(i, v)| places(v, &format!("{at}/{i}"), into)),
        _ => (),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        proptest::sample::select(values()),
        any::<f64>().prop_map(|f| json!(f)),
        any::<i64>().prop_map(|i| json!(i)),
        ".{0,8}".prop_map(|s| json!(s))
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let name = prop_oneof![4 => proptest::sample::select(FIELDS.to_vec()).prop_map(str::to_owned), 1 => ".{0,4}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec((name, inner), 0..6).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

/// An example with a few values exchanged, added or left out.
fn nearly() -> impl Strategy<Value = Value> {
    let change = (
        any::<proptest::sample::Index>(),
        0..3_u8,
        proptest::sample::select(FIELDS.to_vec()),
        proptest::sample::select(values()),
    );
    (
        proptest::sample::select(EXAMPLES.to_vec()),
        proptest::collection::vec(change, 1..3),
    )
        .prop_map(|(text, changes)| {
            let mut document: Value = serde_json::from_str(text).unwrap();
            for (index, kind, field, value) in changes {
                let mut all = Vec::new();
                places(&document, "", &mut all);
                let place = &all[index.index(all.len())];
                let target = document.pointer_mut(place).unwrap();
                match (kind, target) {
                    (0, target) => *target = value,
                    (_, Value::Object(fields)) if kind == 1 => {
                        drop(fields.insert(field.to_owned(), value))
                    }
                    (_, Value::Object(fields)) => {
                        if let Some(name) = fields.keys().next().cloned() {
                            fields.remove(&name);
                        }
                    }
                    (_, target) => *target = value,
                }
            }
            document
        })
}

/// What no schema of single values can say.
fn between_values(error: &ExperimentError) -> bool {
    let message = error.message();
    message.contains("is already") || message.contains("too large to add")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn schema_and_parser_agree(document in nearly()) {
        thread_local!(static VALIDATOR: jsonschema::Validator = validator());
        let valid = VALIDATOR.with(|v| v.is_valid(&document));
        match Spec::parse(&document.to_string()) {
            Ok(_) => prop_assert!(valid, "only the parser takes {document}"),
            Err(error) if between_values(&error) => (),
            Err(error) => prop_assert!(!valid, "only the schema takes {document}: {}", error.message()),
        }
    }

    #[test]
    fn nothing_panics(document in prop_oneof![any_json(), nearly()], cut in any::<proptest::sample::Index>(), patch in any_json()) {
        let text = document.to_string();
        let broken: String = text.chars().take(cut.index(text.chars().count() + 1)).collect();
        for text in [text, broken, patch.to_string()] {
            let told = |e: ExperimentError| drop((e.class(), e.message(), e.detail(), e.hint()));
            let _ = Spec::parse(&text).map_err(told);
            let _ = parse_members(&text).map_err(told);
            let _ = import_upgrade(&text).map_err(told);
            let _ = compile(&text).map_err(told);
            let _ = patched(HINTS, &text).map_err(told);
        }
    }

    #[test]
    fn what_is_read_is_a_fixed_point(document in nearly()) {
        if let Ok((spec, _)) = Spec::parse(&document.to_string()) {
            let text = spec.to_json().unwrap();
            let (again, lists) = Spec::parse(&text).unwrap();
            prop_assert_eq!(&again, &spec);
            prop_assert_eq!(again.to_json().unwrap(), text);
            prop_assert_eq!(lists, Lists::default());
            prop_assert_eq!(apply_patch(&spec, "{}").unwrap(), spec.clone());
            for status in Status::ALL {
                let _ = preflight(&spec, *status);
                let same = check_change(&spec, &spec, *status);
                let ready = preflight(&spec, *status).is_empty();
                prop_assert!(same.is_ok() || !ready);
            }
        }
    }

    #[test]
    fn upgrade_exports_never_panic(changes in proptest::collection::vec((any::<proptest::sample::Index>(), proptest::sample::select(values())), 1..4)) {
        let mut document: Value = serde_json::from_str(UPGRADE).unwrap();
        for (index, value) in changes {
            let mut all = Vec::new();
            places(&document, "", &mut all);
            *document.pointer_mut(&all[index.index(all.len())]).unwrap() = value;
        }
        if let Ok(import) = import_upgrade(&document.to_string()) {
            let (again, _) = Spec::parse(&import.spec.to_json().unwrap()).unwrap();
            prop_assert_eq!(again, import.spec);
        }
    }

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
