//! The document of a design: its fields and their defaults.

use crate::experiment::words::words;
use crate::json::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;

words! {
    /// Unit of assignment.
    Unit {
        /// A class.
        Class = "class",
        /// A teacher with all their classes.
        Teacher = "teacher",
        /// A student.
        Student = "student",
    }
}

/// Sizes that are drawn.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spread {
    pub(super) mean: f64,
    #[serde(default)]
    pub(super) cv: f64,
    #[serde(default = "two")]
    pub(super) min: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Groups {
    pub(super) count: u32,
    #[serde(default)]
    pub(super) icc: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Teachers {
    pub(super) sections: u32,
    #[serde(default)]
    pub(super) icc: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waves {
    pub(super) count: u32,
    #[serde(default)]
    pub(super) sd: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Late {
    pub(super) share: f64,
    #[serde(default = "half")]
    pub(super) dose: f64,
    #[serde(default)]
    pub(super) prefer_treated: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    pub(super) share: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attrition {
    #[serde(default)]
    pub(super) students: f64,
    pub(super) students_treated: Option<f64>,
    #[serde(default)]
    pub(super) clusters: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pretest {
    pub(super) r2: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binary {
    pub(super) rate: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Analysis {
    #[serde(default = "cr2")]
    pub(super) se: String,
    #[serde(default = "none")]
    pub(super) adjust: String,
    #[serde(default = "auto")]
    pub(super) strata: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) clusters: u32,
    #[serde(default = "size")]
    pub(super) size: Value,
    #[serde(default = "conditions")]
    pub(super) conditions: Vec<String>,
    pub(super) control: Option<String>,
    pub(super) weights: Option<Vec<f64>>,
    #[serde(default = "class")]
    pub(super) unit: Unit,
    #[serde(default = "complete")]
    pub(super) method: String,
    #[serde(default)]
    pub(super) icc: f64,
    #[serde(default)]
    pub(super) mean: f64,
    #[serde(default = "one")]
    pub(super) sd: f64,
    #[serde(default = "no_effect")]
    pub(super) effect: Value,
    #[serde(default)]
    pub(super) effect_sd: f64,
    pub(super) strata: Option<Object<Groups>>,
    pub(super) teachers: Option<Object<Teachers>>,
    pub(super) waves: Option<Object<Waves>>,
    pub(super) late: Option<Object<Late>>,
    pub(super) movers: Option<Object<Share>>,
    pub(super) spillover: Option<Object<Share>>,
    pub(super) attrition: Option<Object<Attrition>>,
    pub(super) pretest: Option<Object<Pretest>>,
    pub(super) binary: Option<Object<Binary>>,
    #[serde(default = "analyses")]
    pub(super) analyses: Vec<Object<Analysis>>,
}

fn one() -> f64 {
    1.0
}
fn two() -> f64 {
    2.0
}
fn half() -> f64 {
    0.5
}
fn size() -> Value {
    25.into()
}
fn conditions() -> Vec<String> {
    vec!["control".to_owned(), "treated".to_owned()]
}
fn class() -> Unit {
    Unit::Class
}
fn complete() -> String {
    "complete".to_owned()
}
fn no_effect() -> Value {
    0.into()
}
fn cr2() -> String {
    "CR2".to_owned()
}
fn none() -> String {
    "none".to_owned()
}
fn auto() -> String {
    "auto".to_owned()
}
fn analyses() -> Vec<Object<Analysis>> {
    ["CR2", "naive"]
        .into_iter()
        .map(|se| {
            Object(Analysis {
                se: se.to_owned(),
                adjust: none(),
                strata: auto(),
            })
        })
        .collect()
}
