//! What may change when.

use super::*;
use rct_core::error::Class;
use rct_core::experiment::{Status, apply_patch, check_change, patched};

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
            "key: frozen in status \"enrolling\", cannot change from \"hints-2026\" to \"k\"",
        ),
        (
            r#"{"context":"reader"}"#,
            "context: frozen in status \"enrolling\", cannot change from \"mathia\" to \"reader\"",
        ),
        (
            r#"{"unit":"individual","ending":null}"#,
            "unit: frozen in status \"enrolling\", cannot change from \"group\" to \"individual\"",
        ),
        (
            r#"{"group_type":"school"}"#,
            "group_type: frozen in status \"enrolling\", cannot change from \"class\" to \"school\"",
        ),
        (
            r#"{"consistency":"experiment"}"#,
            "consistency: frozen in status \"enrolling\", cannot change from \"group\" to \"experiment\"",
        ),
        (
            r#"{"assignment":{"salt":"new"}}"#,
            "assignment.salt: frozen in status \"enrolling\", cannot change from \"hints-2026\" to \"new\"",
        ),
        (
            r#"{"assignment":{"algorithm":"blocks"}}"#,
            "assignment.algorithm: frozen in status \"enrolling\", cannot change from \"hash\" to \"blocks\"",
        ),
        (
            r#"{"assignment":{"hash":"upgrade"}}"#,
            "assignment.hash: frozen in status \"enrolling\", cannot change from \"xxh3\" to \"upgrade\"",
        ),
        (
            r#"{"assignment":{"late":"hash"}}"#,
            "assignment.late: frozen in status \"enrolling\", cannot change from \"exclude\" to \"hash\"",
        ),
        (
            r#"{"assignment":{"order":"random"}}"#,
            "assignment.order: frozen in status \"enrolling\", cannot change from \"ordered\" to \"random\"",
        ),
        (
            r#"{"conditions":[{"code":"control"},{"code":"hints","weight":3}]}"#,
            "conditions[1].weight: frozen in status \"enrolling\", cannot change from 2.5 to 3",
        ),
        (
            r#"{"conditions":[{"code":"control"},{"code":"hints","weight":2.5},{"code":"c"}]}"#,
            "conditions[2].code: frozen in status \"enrolling\", cannot change from nothing to \"c\"",
        ),
        (
            r#"{"conditions":[{"code":"control"}]}"#,
            "conditions[1].code: frozen in status \"enrolling\", cannot change from \"hints\" to nothing",
        ),
        (
            r#"{"conditions":[{"code":"control"},{"code":"hints","weight":2.5,"levels":{"f":"a"}}]}"#,
            "conditions[1].levels: frozen in status \"enrolling\", cannot change from {} to {\"f\":\"a\"}",
        ),
        (
            r#"{"factors":[{"name":"f"}]}"#,
            "factors[0].name: frozen in status \"enrolling\", cannot change from nothing to \"f\"",
        ),
        (
            r#"{"decision_points":[{"site":"lesson","target":"fractions-1"}]}"#,
            "decision_points[1].site: frozen in status \"enrolling\", cannot change from \"lesson\" to nothing",
        ),
        (
            r#"{"decision_points":[{"site":"lesson","target":"fractions-2"},{"site":"lesson","exclude_if_reached":false}]}"#,
            "decision_points[0].target: frozen in status \"enrolling\", cannot change from \"fractions-1\" to \"fractions-2\"",
        ),
        (
            r#"{"holdout":null}"#,
            "holdout: frozen in status \"enrolling\", cannot change from {\"fraction\":0.05,\"name\":\"winter\"} to null",
        ),
        (
            r#"{"namespace":{"to":0.6}}"#,
            "namespace: frozen in status \"enrolling\", cannot change from {\"from\":0,\"name\":\"lessons\",\"to\":0.5} to {\"from\":0,\"name\":\"lessons\",\"to\":0.6}",
        ),
        (
            r#"{"schedule":{"starts_at":null}}"#,
            "schedule.starts_at: frozen in status \"enrolling\", cannot change from \"2026-09-01T06:00:00Z\" to null",
        ),
        (
            r#"{"rollout":0.05}"#,
            "rollout: can only rise in status \"enrolling\", cannot change from 0.1 to 0.05",
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
        "patch is not JSON: unexpected '}' at byte 11"
    );
    assert_eq!(
        message(change(r#"{"lists":{}}"#, Status::Inactive)),
        "lists: cannot be changed with a patch"
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
    // Digits that a double cannot hold survive a patch of something else.
    let exact = r#"{"default_payload":{"id":12345678901234567890123}}"#;
    let new = spec(&patched(&patched(HINTS, exact).unwrap(), r#"{"rollout":1}"#).unwrap());
    assert_eq!(
        new.default_payload.unwrap().text(),
        r#"{"id":12345678901234567890123}"#
    );
}
