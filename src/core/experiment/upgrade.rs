//! Import of an experiment that UpGrade exported.

use super::error::ExperimentError;
use super::json::{Json, maybe_object, objects};
use super::members::{Lists, Members};
use super::moment::Moment;
use super::read::{invalid, read};
use super::spec::{
    Assignment, Condition, DecisionPoint, Ending, Factor, HASH_VERSION, Level, Schedule, Spec,
};
use super::upgrade_words as word;
use super::words::{Algorithm, Consistency, FilterMode, Hash, Late, Post, Unit};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    id: String,
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    context: Vec<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    start_on: Option<Moment>,
    #[serde(default)]
    end_on: Option<Moment>,
    #[serde(default)]
    consistency_rule: Option<String>,
    assignment_unit: String,
    #[serde(default)]
    post_experiment_rule: Option<String>,
    #[serde(default, deserialize_with = "maybe_object")]
    enrollment_complete_condition: Option<Counts>,
    #[serde(default)]
    revert_to: Option<String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    condition_order: Option<String>,
    #[serde(default)]
    assignment_algorithm: Option<String>,
    #[serde(default)]
    filter_mode: Option<String>,
    #[serde(default, deserialize_with = "objects")]
    partitions: Vec<Partition>,
    #[serde(default, deserialize_with = "objects")]
    conditions: Vec<Arm>,
    #[serde(default)]
    factors: Option<Vec<ExportFactor>>,
    #[serde(default)]
    condition_payloads: Option<Vec<ArmPayload>>,
    #[serde(default)]
    experiment_segment_inclusion: Value,
    #[serde(default)]
    experiment_segment_exclusion: Value,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    #[serde(default)]
    user_count: Option<f64>,
    #[serde(default)]
    group_count: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Partition {
    #[serde(default)]
    id: Option<String>,
    site: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    exclude_if_reached: Option<bool>,
    #[serde(default)]
    order: Option<f64>,
    /// Some exports keep the payloads of a point with the point.
    #[serde(default)]
    condition_payloads: Option<Vec<ArmPayload>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arm {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    condition_code: String,
    #[serde(default)]
    assignment_weight: f64,
    #[serde(default)]
    order: Option<f64>,
    #[serde(default)]
    level_combination_elements: Option<Vec<Element>>,
}

#[derive(Deserialize)]
struct Element {
    level: ExportLevel,
}

#[derive(Deserialize)]
struct ExportFactor {
    name: String,
    #[serde(default)]
    order: Option<f64>,
    #[serde(default)]
    levels: Vec<ExportLevel>,
}

#[derive(Deserialize)]
struct ExportLevel {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    order: Option<f64>,
    #[serde(default)]
    payload: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArmPayload {
    #[serde(default)]
    payload: Option<Payload>,
    /// The id, or an object with the id.
    #[serde(default)]
    parent_condition: Value,
    #[serde(default)]
    decision_point: Value,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    value: Option<String>,
}

/// Reads an export. The hash is UpGrade's and the salt is the experiment's id, so that units get what they got there.
pub fn import_upgrade(document: &str) -> Result<Import, ExperimentError> {
    let mut export: Export = read("document", document)?;
    let mut warnings = Vec::new();
    for (name, value) in &export.rest {
        if !IDLE.contains(&name.as_str()) && !is_empty(value) {
            warnings.push(format!("{name} was not taken over."));
        }
    }
    sort(&mut export.conditions, |c| c.order);
    sort(&mut export.partitions, |p| p.order);
    let factors = factors(export.factors.take().unwrap_or_default());
    let conditions = conditions(&export, &factors);
    let (points, by_condition) = points(&export, &mut warnings);
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
        include: members(
            "experimentSegmentInclusion",
            &export.experiment_segment_inclusion,
            &mut warnings,
        ),
        exclude: members(
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

fn payload(payload: Option<&Payload>) -> Option<Json> {
    let payload = payload?;
    let value = payload.value.as_deref()?;
    if payload.kind.as_deref() == Some("json")
        && let Ok(json) = Json::parse(value)
        && json.text() != "null"
    {
        return Some(json);
    }
    (!value.is_empty()).then(|| Json::string(value))
}

/// The factors, each with the ids of its levels.
fn factors(mut all: Vec<ExportFactor>) -> Vec<(Factor, Vec<Option<String>>)> {
    sort(&mut all, |f| f.order);
    all.into_iter()
        .map(|mut factor| {
            sort(&mut factor.levels, |l| l.order);
            let ids = factor.levels.iter().map(|l| l.id.clone()).collect();
            let levels = (factor.levels.iter())
                .map(|level| Level {
                    name: level.name.clone().unwrap_or_default(),
                    payload: payload(level.payload.as_ref()),
                })
                .collect();
            (
                Factor {
                    name: factor.name,
                    levels,
                },
                ids,
            )
        })
        .collect()
}

fn conditions(export: &Export, factors: &[(Factor, Vec<Option<String>>)]) -> Vec<Condition> {
    let level_of = |element: &Element| {
        factors.iter().find_map(|(factor, ids)| {
            let by_id = ids
                .iter()
                .position(|id| id.is_some() && *id == element.level.id);
            let at = by_id.or_else(|| {
                let named = element
                    .level
                    .name
                    .as_deref()
                    .filter(|_| element.level.id.is_none())?;
                factor.levels.iter().position(|level| level.name == named)
            })?;
            let level = factor.levels.get(at)?;
            Some((factor.name.clone(), level.name.clone()))
        })
    };
    export
        .conditions
        .iter()
        .map(|arm| Condition {
            code: arm.condition_code.clone(),
            name: arm.name.clone().filter(|name| !name.is_empty()),
            weight: arm.assignment_weight,
            payload: None,
            levels: (arm.level_combination_elements.iter().flatten())
                .filter_map(level_of)
                .collect(),
        })
        .collect()
}

/// The id in a reference that is an id, or an object with one.
fn id_in(reference: &Value) -> Option<&str> {
    reference.as_str().or_else(|| reference.get("id")?.as_str())
}

/// The decision points, and the payloads that conditions have at all of them.
fn points(
    export: &Export,
    warnings: &mut Vec<String>,
) -> (Vec<DecisionPoint>, BTreeMap<String, Json>) {
    let mut everywhere = BTreeMap::new();
    let mut points: Vec<DecisionPoint> = (export.partitions.iter())
        .map(|partition| DecisionPoint {
            site: partition.site.clone(),
            target: partition.target.clone(),
            exclude_if_reached: partition.exclude_if_reached.unwrap_or(false),
            payloads: BTreeMap::new(),
        })
        .collect();
    let inside = (export.partitions.iter().enumerate()).flat_map(|(i, p)| {
        p.condition_payloads
            .iter()
            .flatten()
            .map(move |one| (Some(i), one))
    });
    let outside = export
        .condition_payloads
        .iter()
        .flatten()
        .map(|one| (None, one));
    for (place, one) in inside.chain(outside) {
        let Some(value) = payload(one.payload.as_ref()) else {
            continue;
        };
        let code = id_in(&one.parent_condition).and_then(|id| {
            let arm = (export.conditions.iter())
                .find(|c| c.id.as_deref() == Some(id) || c.condition_code == id)?;
            Some(arm.condition_code.clone())
        });
        let Some(code) = code else {
            warnings.push("A payload of an unknown condition was not taken over.".to_owned());
            continue;
        };
        let point = id_in(&one.decision_point);
        let place = place.or_else(|| {
            point.and_then(|id| {
                export
                    .partitions
                    .iter()
                    .position(|p| p.id.as_deref() == Some(id))
            })
        });
        match (place.and_then(|i| points.get_mut(i)), point) {
            (Some(point), _) => {
                point.payloads.insert(code, value);
            }
            (None, None) => {
                everywhere.insert(code, value);
            }
            (None, Some(_)) => warnings.push(format!(
                "A payload of {code:?} at an unknown decision point was not taken over."
            )),
        }
    }
    (points, everywhere)
}

/// The members of one list, or of several.
fn members(field: &str, value: &Value, warnings: &mut Vec<String>) -> Members {
    let mut members = Members::default();
    let lists: Vec<&Value> = match value {
        Value::Array(all) => all.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    let texts = |segment: &Value, field: &str, keys: &[&str]| -> Vec<Vec<Option<String>>> {
        let all = segment.get(field).and_then(Value::as_array);
        (all.into_iter().flatten())
            .map(|entry| {
                let text = |key: &&str| {
                    let own = entry.get(*key).and_then(Value::as_str);
                    own.filter(|text| !text.is_empty()).map(str::to_owned)
                };
                keys.iter().map(text).collect()
            })
            .collect()
    };
    let mut lost = 0_usize;
    for list in lists {
        let segment = list.get("segment").unwrap_or(list);
        for entry in texts(segment, "individualForSegment", &["userId"]) {
            match entry.into_iter().next().flatten() {
                Some(user) => drop(members.users.insert(user)),
                None => lost += 1,
            }
        }
        for entry in texts(segment, "groupForSegment", &["type", "groupId"]) {
            match <[Option<String>; 2]>::try_from(entry) {
                Ok([Some(kind), Some(group)]) => {
                    members.groups.entry(kind).or_default().insert(group);
                }
                _ => lost += 1,
            }
        }
        for entry in texts(segment, "subSegments", &["name"]) {
            match entry.into_iter().next().flatten() {
                Some(name) => {
                    warnings.push(format!(
                        "{field} names the segment {name:?}, whose members are not part of the export; it must exist."
                    ));
                    members.segments.insert(name);
                }
                None => lost += 1,
            }
        }
    }
    if lost > 0 {
        warnings.push(format!(
            "{lost} incomplete entries of {field} were not taken over."
        ));
    }
    members
}
