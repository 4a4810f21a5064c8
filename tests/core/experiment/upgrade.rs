//! What UpGrade exported.

use super::*;
use rct_core::experiment::{Post, Status, import_upgrade, imported, preflight};
use serde_json::json;

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
