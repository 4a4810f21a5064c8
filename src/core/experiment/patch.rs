//! Changes of a specification, and which of them a status allows.

use super::error::{ExperimentError, invalid};
use super::preflight::preflight;
use super::spec::{Spec, to_canonical};
use super::words::Status;
use crate::json::{Origin, Text, merged, quoted};
use serde::Serialize;
use std::collections::BTreeMap;

/// The specification after an RFC 7386 merge patch: objects are merged, null takes a field back to its default,
/// everything else replaces.
pub fn apply_patch(spec: &Spec, patch: &str) -> Result<Spec, ExperimentError> {
    let patch = Text::check("patch", patch, Origin::Argument)?;
    let Some(fields) = patch.members()? else {
        return Err(invalid(
            "",
            "patch must be an object",
            "Write the fields that change, as in {\"rollout\": 0.5}.",
        ));
    };
    if fields.contains_key("lists") {
        return Err(invalid(
            "lists",
            "cannot be changed with a patch",
            "Use rct.add_to_list and rct.remove_from_list.",
        ));
    }
    let text = merged(Some(&spec.to_json()?), patch.text());
    Spec::parse(&text).map(|(spec, _)| spec)
}

/// Whether a specification may become another. The status is what it means now: a scheduled experiment whose time has
/// come is enrolling.
pub fn check_change(old: &Spec, new: &Spec, status: Status) -> Result<(), ExperimentError> {
    if status.is_final() {
        return if old == new {
            Ok(())
        } else {
            Err(ExperimentError::Ended(status))
        };
    }
    if status.is_frozen() {
        check_frozen(old, new, status)?;
        if new.rollout < old.rollout {
            return Err(ExperimentError::Rollout {
                old: old.rollout,
                new: new.rollout,
                status,
            });
        }
    }
    if status.is_live()
        && status != Status::Preview
        && let Some(problem) = preflight(new, status).into_iter().next()
    {
        return Err(ExperimentError::NotReady {
            path: problem.place.unwrap_or_default(),
            problem: problem.detail,
            hint: problem.hint,
            status,
        });
    }
    Ok(())
}

fn check_frozen(old: &Spec, new: &Spec, status: Status) -> Result<(), ExperimentError> {
    let before = frozen(old)?;
    let after = frozen(new)?;
    let nothing = || "nothing".to_owned();
    let was: BTreeMap<&str, &String> = before.iter().map(|(p, v)| (p.as_str(), v)).collect();
    let is: BTreeMap<&str, &String> = after.iter().map(|(p, v)| (p.as_str(), v)).collect();
    for path in before.iter().chain(&after).map(|(path, _)| path.as_str()) {
        let (old, new) = (was.get(path), is.get(path));
        if old != new {
            return Err(ExperimentError::Frozen {
                path: path.to_owned(),
                old: old.map_or_else(nothing, |v| (*v).clone()),
                new: new.map_or_else(nothing, |v| (*v).clone()),
                status,
            });
        }
    }
    Ok(())
}

/// What stays as it is from enrolling on: paths and values, in the order of the documentation.
fn frozen(spec: &Spec) -> Result<Vec<(String, String)>, ExperimentError> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut put = |path: String, value: String| all.push((path, value));
    put("key".to_owned(), quoted(&spec.key));
    put("context".to_owned(), quoted(&spec.context));
    put("unit".to_owned(), shown(&spec.unit)?);
    put("group_type".to_owned(), shown(&spec.group_type)?);
    put("consistency".to_owned(), shown(&spec.consistency)?);
    let a = &spec.assignment;
    put("assignment.algorithm".to_owned(), shown(&a.algorithm)?);
    put("assignment.hash".to_owned(), shown(&a.hash)?);
    put(
        "assignment.hash_version".to_owned(),
        shown(&a.hash_version)?,
    );
    put("assignment.salt".to_owned(), shown(&a.salt)?);
    put("assignment.late".to_owned(), shown(&a.late)?);
    put("assignment.order".to_owned(), shown(&a.order)?);
    for (i, condition) in spec.conditions.iter().enumerate() {
        let path = format!("conditions[{i}]");
        put(format!("{path}.code"), quoted(&condition.code));
        put(format!("{path}.weight"), condition.weight.to_string());
        put(format!("{path}.levels"), shown(&condition.levels)?);
    }
    for (i, factor) in spec.factors.iter().enumerate() {
        let path = format!("factors[{i}]");
        put(format!("{path}.name"), quoted(&factor.name));
        for (j, level) in factor.levels.iter().enumerate() {
            put(format!("{path}.levels[{j}].name"), quoted(&level.name));
        }
    }
    for (i, point) in spec.decision_points.iter().enumerate() {
        let path = format!("decision_points[{i}]");
        put(format!("{path}.site"), quoted(&point.site));
        put(format!("{path}.target"), shown(&point.target)?);
        let reached = shown(&point.exclude_if_reached)?;
        put(format!("{path}.exclude_if_reached"), reached);
    }
    put("holdout".to_owned(), shown(&spec.holdout)?);
    put("namespace".to_owned(), shown(&spec.namespace)?);
    put(
        "schedule.starts_at".to_owned(),
        shown(&spec.schedule.starts_at)?,
    );
    Ok(all)
}

fn shown<T: Serialize>(value: &T) -> Result<String, ExperimentError> {
    to_canonical(value)
}
