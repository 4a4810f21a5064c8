//! Import of an experiment that UpGrade exported.

mod design;
mod export;
mod lists;
mod words;

use self::export::Export;
use self::words as word;
use super::error::{ExperimentError, invalid};
use super::members::Lists;
use super::spec::{Assignment, Condition, Ending, HASH_VERSION, Schedule, Spec};
use super::words::{Algorithm, Consistency, FilterMode, Hash, Late, Post, Unit};
use crate::json::{Origin, read};
use serde::Serialize;
use serde_json::Value;

/// An imported design, to be created inactive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Import {
    /// The specification; it draws as UpGrade did.
    pub spec: Spec,
    /// Its lists.
    pub lists: Lists,
    /// What was not taken over, in sentences.
    pub warnings: Vec<String>,
}

/// Fields that mean nothing here.
const IDLE: [&str; 5] = [
    "backendVersion",
    "createdAt",
    "type",
    "updatedAt",
    "versionNumber",
];

/// Reads an export. The hash is UpGrade's and the salt is the experiment's id, so that units get what they got there.
pub fn import_upgrade(document: &str) -> Result<Import, ExperimentError> {
    let mut export: Export = read("document", document, Origin::Argument)?;
    let mut warnings = Vec::new();
    for (name, value) in &export.rest {
        if !IDLE.contains(&name.as_str()) && !is_empty(value) {
            warnings.push(format!("{name} was not taken over."));
        }
    }
    sort(&mut export.conditions, |c| c.order);
    sort(&mut export.partitions, |p| p.order);
    let factors = design::factors(export.factors.take().unwrap_or_default());
    let conditions = design::conditions(&export, &factors);
    let (points, by_condition) = design::points(&export, &mut warnings);
    let conditions: Vec<Condition> = conditions
        .into_iter()
        .map(|mut condition| {
            condition.payload = by_condition.get(&condition.code).cloned();
            condition
        })
        .collect();
    let unit = word::unit(&export.assignment_unit)?;
    let spec = Spec {
        key: export.name.clone(),
        context: context(&export, &mut warnings)?,
        description: export.description.clone().unwrap_or_default(),
        tags: tags(&export),
        unit,
        group_type: export.group.clone().filter(|g| !g.is_empty()),
        consistency: consistency(&export, unit)?,
        assignment: Assignment {
            algorithm: Algorithm::Hash,
            hash: Hash::Upgrade,
            hash_version: HASH_VERSION,
            salt: export.id.clone(),
            late: Late::Exclude,
            order: word::order(export.condition_order.as_deref())?,
        },
        conditions,
        factors: factors.into_iter().map(|(factor, _)| factor).collect(),
        decision_points: points,
        post_rule: post_rule(&export, &mut warnings)?,
        filter_mode: match export.filter_mode.as_deref() {
            Some(mode) => word::filter_mode(mode)?,
            None => FilterMode::IncludeAll,
        },
        rollout: 1.0,
        holdout: None,
        namespace: None,
        schedule: Schedule {
            starts_at: export.start_on,
            ends_at: export.end_on,
        },
        ending: ending(&export, unit),
        default_payload: None,
    };
    if let Some(algorithm) = export
        .assignment_algorithm
        .as_deref()
        .filter(|a| *a != "random")
    {
        warnings.push(format!(
            "assignmentAlgorithm {algorithm:?} was not taken over; units are drawn by weight."
        ));
    }
    if let Some(state) = export
        .state
        .as_deref()
        .filter(|s| !matches!(*s, "inactive" | "draft"))
    {
        warnings.push(format!(
            "state {state:?} was not taken over; the experiment is inactive."
        ));
    }
    let lists = Lists {
        include: lists::members(
            "experimentSegmentInclusion",
            &export.experiment_segment_inclusion,
            &mut warnings,
        ),
        exclude: lists::members(
            "experimentSegmentExclusion",
            &export.experiment_segment_exclusion,
            &mut warnings,
        ),
    };
    // Through the parser, so that what is imported is what could have been created.
    let (spec, _) = Spec::parse(&spec.to_json()?)?;
    lists.include.check("lists.include")?;
    lists.exclude.check("lists.exclude")?;
    Ok(Import {
        spec,
        lists,
        warnings,
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    }
}

/// In their order; what has none stays behind the others, as it came.
fn sort<T>(all: &mut [T], order: impl Fn(&T) -> Option<f64>) {
    all.sort_by(|a, b| {
        let of = |x: &T| order(x).unwrap_or(f64::INFINITY);
        of(a).total_cmp(&of(b))
    });
}

fn context(export: &Export, warnings: &mut Vec<String>) -> Result<String, ExperimentError> {
    let mut all = export.context.iter();
    let first = all.next().ok_or_else(|| {
        invalid(
            "context",
            "must be one or more, got 0",
            "Name the application.",
        )
    })?;
    for other in all {
        warnings.push(format!(
            "context {other:?} was not taken over; an experiment has one."
        ));
    }
    Ok(first.clone())
}

fn tags(export: &Export) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in export.tags.iter().flatten() {
        if !tag.is_empty() && !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    tags
}

fn consistency(export: &Export, unit: Unit) -> Result<Consistency, ExperimentError> {
    match export
        .consistency_rule
        .as_deref()
        .filter(|rule| !rule.is_empty())
    {
        Some(rule) => word::consistency(rule),
        None if unit == Unit::Group => Ok(Consistency::Group),
        None => Ok(Consistency::Individual),
    }
}

fn post_rule(export: &Export, warnings: &mut Vec<String>) -> Result<Post, ExperimentError> {
    let rule = export.post_experiment_rule.as_deref().unwrap_or("continue");
    match rule {
        "continue" => Ok(Post::Continue),
        "revert" => Ok(Post::Revert),
        "assign" => {
            let Some(to) = export.revert_to.as_deref().filter(|to| !to.is_empty()) else {
                return Ok(Post::Revert);
            };
            let found = (export.conditions.iter())
                .find(|c| c.id.as_deref() == Some(to) || c.condition_code == to);
            Ok(match found {
                Some(condition) => Post::Assign(condition.condition_code.clone()),
                None => {
                    warnings.push(format!(
                        "revertTo {to:?} is no condition; the post-experiment rule is revert."
                    ));
                    Post::Revert
                }
            })
        }
        other => Err(word::unknown(
            "postExperimentRule",
            other,
            &["continue", "assign", "revert"],
        )),
    }
}

fn ending(export: &Export, unit: Unit) -> Ending {
    let Some(counts) = &export.enrollment_complete_condition else {
        return Ending::default();
    };
    // Zero stands for no limit.
    let read = |count: Option<f64>| count.filter(|c| *c >= 1.0 && *c < 9e15).map(|c| c as i64);
    let (users, groups) = (read(counts.user_count), read(counts.group_count));
    match (unit, groups) {
        (Unit::Group, Some(_)) => Ending {
            users: None,
            groups,
            users_per_group: users,
        },
        _ => Ending {
            users,
            groups: None,
            users_per_group: None,
        },
    }
}
