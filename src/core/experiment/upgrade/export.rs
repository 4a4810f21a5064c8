//! The fields of an export that matter here. Exports of different versions differ, so that most may be missing.

use super::super::moment::Moment;
use crate::json::{maybe_object, objects};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Export {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) context: Vec<String>,
    #[serde(default)]
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) start_on: Option<Moment>,
    #[serde(default)]
    pub(super) end_on: Option<Moment>,
    #[serde(default)]
    pub(super) consistency_rule: Option<String>,
    pub(super) assignment_unit: String,
    #[serde(default)]
    pub(super) post_experiment_rule: Option<String>,
    #[serde(default, deserialize_with = "maybe_object")]
    pub(super) enrollment_complete_condition: Option<Counts>,
    #[serde(default)]
    pub(super) revert_to: Option<String>,
    #[serde(default)]
    pub(super) tags: Option<Vec<String>>,
    #[serde(default)]
    pub(super) group: Option<String>,
    #[serde(default)]
    pub(super) condition_order: Option<String>,
    #[serde(default)]
    pub(super) assignment_algorithm: Option<String>,
    #[serde(default)]
    pub(super) filter_mode: Option<String>,
    #[serde(default, deserialize_with = "objects")]
    pub(super) partitions: Vec<Partition>,
    #[serde(default, deserialize_with = "objects")]
    pub(super) conditions: Vec<Arm>,
    #[serde(default)]
    pub(super) factors: Option<Vec<ExportFactor>>,
    #[serde(default)]
    pub(super) condition_payloads: Option<Vec<ArmPayload>>,
    #[serde(default)]
    pub(super) experiment_segment_inclusion: Value,
    #[serde(default)]
    pub(super) experiment_segment_exclusion: Value,
    #[serde(flatten)]
    pub(super) rest: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    #[serde(default)]
    pub(super) user_count: Option<f64>,
    #[serde(default)]
    pub(super) group_count: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Partition {
    #[serde(default)]
    pub(super) id: Option<String>,
    pub(super) site: String,
    #[serde(default)]
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) exclude_if_reached: Option<bool>,
    #[serde(default)]
    pub(super) order: Option<f64>,
    /// Some exports keep the payloads of a point with the point.
    #[serde(default)]
    pub(super) condition_payloads: Option<Vec<ArmPayload>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Arm {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    pub(super) condition_code: String,
    #[serde(default)]
    pub(super) assignment_weight: f64,
    #[serde(default)]
    pub(super) order: Option<f64>,
    #[serde(default)]
    pub(super) level_combination_elements: Option<Vec<Element>>,
}

#[derive(Deserialize)]
pub(super) struct Element {
    pub(super) level: ExportLevel,
}

#[derive(Deserialize)]
pub(super) struct ExportFactor {
    pub(super) name: String,
    #[serde(default)]
    pub(super) order: Option<f64>,
    #[serde(default)]
    pub(super) levels: Vec<ExportLevel>,
}

#[derive(Deserialize)]
pub(super) struct ExportLevel {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) order: Option<f64>,
    #[serde(default)]
    pub(super) payload: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArmPayload {
    #[serde(default)]
    pub(super) payload: Option<Payload>,
    /// The id, or an object with the id.
    #[serde(default)]
    pub(super) parent_condition: Value,
    #[serde(default)]
    pub(super) decision_point: Value,
}

#[derive(Deserialize)]
pub(super) struct Payload {
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) value: Option<String>,
}
