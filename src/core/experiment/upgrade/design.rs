//! Conditions, factors and decision points of an export.

use super::super::spec::{Condition, DecisionPoint, Factor, Level};
use super::export::{Element, Export, ExportFactor, Payload};
use super::sort;
use crate::json::Json;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn payload(payload: Option<&Payload>) -> Option<Json> {
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
pub(super) fn factors(mut all: Vec<ExportFactor>) -> Vec<(Factor, Vec<Option<String>>)> {
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

pub(super) fn conditions(
    export: &Export,
    factors: &[(Factor, Vec<Option<String>>)],
) -> Vec<Condition> {
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
pub(super) fn points(
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
