//! What is read, and what is refused.

use super::*;
use rct_core::error::Class;
use rct_core::experiment::{
    Lists, Members, Moment, normalized, normalized_members, parse_members, renamed,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

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
    let long = "x".repeat(513);
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
            "conditions[1].code: must not be empty",
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
            "key: must have at most 512 bytes, got 513",
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
            "assignment.salt: must not be empty",
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
            "lists.exclude.users: ids must not be empty",
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
    assert_eq!(
        message(Spec::parse(&huge)),
        "rollout: must be a number that a double can hold, got 1e999"
    );
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep = HINTS.replace("\"none\"", &deep);
    assert_eq!(
        message(Spec::parse(&deep)),
        "default_payload[0][0][0][0][0][0][0]...: must not be nested deeper than 64 levels"
    );
    let twice = r#"{"key": "a", "key": "b", "context": "c"}"#;
    assert_eq!(
        message(Spec::parse(twice)),
        "specification: must have each key once, got \"key\" twice"
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
            .starts_with("specification is not JSON: it ends too early")
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
        "segments: keys must not be empty"
    );
}
