//! What stops a start, and which status may follow.

use super::*;
use rct_core::error::Class;
use rct_core::experiment::{Status, check_status, preflight, read_status};
use serde_json::json;

fn problems(text: &str) -> Vec<String> {
    let all = preflight(&spec(text), Status::Enrolling);
    all.into_iter()
        .map(|p| format!("{}: {}", p.place.as_deref().unwrap_or("-"), p.detail))
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
        scheduled.first().map(|p| (p.code, p.place.as_deref())),
        Some(("no_start", Some("schedule.starts_at")))
    );
    assert!(preflight(&spec(HINTS), Status::Scheduled).is_empty());
}

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
        "status cannot change from \"enrolling\" to \"inactive\""
    );
    assert_eq!(
        error.detail().as_deref(),
        Some("From \"enrolling\" it can go to enrollment_complete, cancelled.")
    );
    let error = read_status("status", "running").unwrap_err();
    assert!(
        error
            .message()
            .starts_with("status must be one of \"inactive\", \"preview\",")
    );
    assert_eq!(read_status("status", "preview"), Ok(Preview));
}
