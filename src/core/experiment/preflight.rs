//! What stops a start: each value may be right, and the design not yet one.

use super::spec::Spec;
use super::words::{Algorithm, Consistency, Hash, Order, Post, Status, Unit};
use crate::finding::Finding;
use crate::note::Severity;
use std::collections::BTreeMap;

/// All that keeps a design from a status: what stops enrollment, and for `scheduled` also that there is no start.
pub fn preflight(spec: &Spec, to: Status) -> Vec<Finding> {
    let mut found = Vec::new();
    conditions(spec, &mut found);
    groups(spec, &mut found);
    algorithm(spec, &mut found);
    references(spec, &mut found);
    factors(spec, &mut found);
    limits(spec, &mut found);
    if to == Status::Scheduled && spec.schedule.starts_at.is_none() {
        add(
            &mut found,
            "no_start",
            "schedule.starts_at",
            "is missing",
            "Give the moment of the start, or set the status enrolling to start now.",
        );
    }
    found
}

fn add(
    found: &mut Vec<Finding>,
    code: &'static str,
    place: impl Into<String>,
    detail: impl Into<String>,
    hint: impl Into<String>,
) {
    found.push(Finding {
        severity: Severity::Error,
        code,
        place: Some(place.into()),
        detail: detail.into(),
        hint: hint.into(),
    });
}

fn conditions(spec: &Spec, found: &mut Vec<Finding>) {
    let count = spec.conditions.len();
    if count < 2 {
        add(
            found,
            "few_conditions",
            "conditions",
            format!("must be two or more, got {count}"),
            "Add conditions; an experiment compares.",
        );
    } else if spec.conditions.iter().all(|c| c.weight <= 0.0) {
        add(
            found,
            "no_weight",
            "conditions",
            "must have a positive weight, got none",
            "Give each condition that units should get a positive weight.",
        );
    }
    if spec.decision_points.is_empty() {
        add(
            found,
            "no_decision_point",
            "decision_points",
            "must be one or more, got 0",
            "Add the site, and the target if there is one, where the application asks.",
        );
    }
}

fn groups(spec: &Spec, found: &mut Vec<Finding>) {
    if spec.group_type.is_some() {
        return;
    }
    let needed = if spec.unit == Unit::Group {
        "the unit \"group\""
    } else if spec.consistency == Consistency::Group {
        "the consistency rule \"group\""
    } else {
        return;
    };
    add(
        found,
        "no_group_type",
        "group_type",
        format!("is needed by {needed}"),
        "Name the type of group, such as class.",
    );
}

fn algorithm(spec: &Spec, found: &mut Vec<Finding>) {
    let algorithm = spec.assignment.algorithm;
    if spec.unit == Unit::WithinSubjects && algorithm != Algorithm::Hash {
        add(
            found,
            "wrong_algorithm",
            "assignment.algorithm",
            format!("must be \"hash\" for the unit \"within_subjects\", got \"{algorithm}\""),
            "Each user gets every condition, so that there is nothing to randomize but the order.",
        );
    }
    if algorithm == Algorithm::Pairs {
        let weights: Vec<f64> = spec.conditions.iter().map(|c| c.weight).collect();
        if !matches!(weights.as_slice(), [a, b] if a == b) {
            add(
                found,
                "wrong_algorithm",
                "assignment.algorithm",
                "\"pairs\" needs two conditions of equal weight",
                "Use blocks for other designs.",
            );
        }
    }
    if spec.unit == Unit::WithinSubjects
        && spec.assignment.hash == Hash::Upgrade
        && spec.assignment.order == Order::LatinSquare
    {
        add(
            found,
            "wrong_order",
            "assignment.order",
            "\"latin_square\" needs the hash \"xxh3\"",
            "UpGrade has no Latin square to be compatible with.",
        );
    }
}

fn references(spec: &Spec, found: &mut Vec<Finding>) {
    let known = |code: &str| spec.conditions.iter().any(|c| c.code == code);
    let hint = "Name one of the conditions by its code.";
    if let Post::Assign(code) = &spec.post_rule
        && !known(code)
    {
        let message = format!("{code:?} is not a condition");
        add(
            found,
            "unknown_condition",
            "post_rule.assign",
            message,
            hint,
        );
    }
    for (i, point) in spec.decision_points.iter().enumerate() {
        for code in point.payloads.keys().filter(|code| !known(code)) {
            let path = format!("decision_points[{i}].payloads");
            add(
                found,
                "unknown_condition",
                path,
                format!("{code:?} is not a condition"),
                hint,
            );
        }
    }
}

fn factors(spec: &Spec, found: &mut Vec<Finding>) {
    for (i, factor) in spec.factors.iter().enumerate() {
        if factor.levels.is_empty() {
            let path = format!("factors[{i}].levels");
            add(
                found,
                "no_levels",
                path,
                "must be one or more, got 0",
                "Add levels.",
            );
        }
    }
    let mut combinations: BTreeMap<&BTreeMap<String, String>, usize> = BTreeMap::new();
    for (i, condition) in spec.conditions.iter().enumerate() {
        let path = format!("conditions[{i}].levels");
        for factor in &spec.factors {
            match condition.levels.get(&factor.name) {
                None => add(
                    found,
                    "missing_level",
                    &path,
                    format!("has no level of the factor {:?}", factor.name),
                    "Give each condition a level of each factor.",
                ),
                Some(level) if !factor.levels.iter().any(|l| l.name == *level) => add(
                    found,
                    "unknown_level",
                    format!("{path}.{}", factor.name),
                    format!("{level:?} is not a level of the factor"),
                    "Name one of the levels of the factor.",
                ),
                Some(_) => (),
            }
        }
        for name in condition.levels.keys() {
            if !spec.factors.iter().any(|f| f.name == *name) {
                let message = format!("{name:?} is not a factor");
                add(
                    found,
                    "unknown_factor",
                    &path,
                    message,
                    "Name one of the factors.",
                );
            }
        }
        if !condition.levels.is_empty()
            && let Some(first) = combinations.insert(&condition.levels, i)
        {
            add(
                found,
                "repeated_levels",
                path,
                format!("are those of conditions[{first}]"),
                "Each condition is another combination of levels.",
            );
        }
    }
}

fn limits(spec: &Spec, found: &mut Vec<Finding>) {
    if let (Some(starts), Some(ends)) = (spec.schedule.starts_at, spec.schedule.ends_at)
        && ends <= starts
    {
        add(
            found,
            "ends_before_start",
            "schedule.ends_at",
            "must be after starts_at",
            "Exchange the two, or leave one out.",
        );
    }
    if let Some(space) = &spec.namespace
        && !(space.from < space.to)
    {
        add(
            found,
            "empty_namespace",
            "namespace.to",
            format!("must be above from, got {} and {}", space.from, space.to),
            "Give the experiment a part of the namespace, such as from 0 to 0.5.",
        );
    }
    if let Some(holdout) = &spec.holdout
        && holdout.fraction >= 1.0
    {
        add(
            found,
            "full_holdout",
            "holdout.fraction",
            format!("must be below 1, got {}", holdout.fraction),
            "A holdout of 1 leaves nobody to enroll.",
        );
    }
    let counts = [
        ("ending.groups", spec.ending.groups),
        ("ending.users_per_group", spec.ending.users_per_group),
    ];
    for (path, count) in counts {
        if count.is_some() && spec.unit != Unit::Group {
            add(
                found,
                "needs_groups",
                path,
                format!("needs the unit \"group\", got \"{}\"", spec.unit),
                "Use ending.users.",
            );
        }
    }
    if spec.ending.users_per_group.is_some() && spec.ending.groups.is_none() {
        add(
            found,
            "needs_groups",
            "ending.users_per_group",
            "needs ending.groups",
            "Say how many groups of that size end enrollment.",
        );
    }
}
