//! The specification of an experiment, with everything filled in that may be left out.

use super::error::{ExperimentError, invalid};
use super::members::Lists;
use super::moment::Moment;
use super::words::{Algorithm, Consistency, FilterMode, Hash, Late, Order, Post, Unit};
use crate::json::{
    Json, Origin, canonical, maybe_object, maybe_whole, number, object, objects, read, values,
    whole,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the hash that new experiments get.
pub const HASH_VERSION: i64 = 1;

/// A specification.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spec {
    /// Public key.
    pub key: String,
    /// The application, in lower case.
    pub context: String,
    /// What it is about.
    pub description: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Unit of assignment.
    pub unit: Unit,
    /// The type of group of the unit, or of the consistency rule.
    pub group_type: Option<String>,
    /// Consistency rule.
    pub consistency: Consistency,
    /// How conditions are assigned.
    pub assignment: Assignment,
    /// What units get.
    pub conditions: Vec<Condition>,
    /// What conditions of a factorial design are made of.
    pub factors: Vec<Factor>,
    /// Where units get it.
    pub decision_points: Vec<DecisionPoint>,
    /// What happens after enrollment.
    pub post_rule: Post,
    /// Who may take part.
    pub filter_mode: FilterMode,
    /// Fraction of units that may enroll.
    #[serde(serialize_with = "number")]
    pub rollout: f64,
    /// Units that never enroll.
    pub holdout: Option<Holdout>,
    /// Mutual exclusion.
    pub namespace: Option<Namespace>,
    /// When it starts and ends.
    pub schedule: Schedule,
    /// How many end enrollment.
    pub ending: Ending,
    /// What the default delivers.
    pub default_payload: Option<Json>,
}

/// How conditions are assigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The hash.
    pub hash: Hash,
    /// Its version.
    pub hash_version: i64,
    /// Salt of all draws.
    pub salt: String,
    /// Units that a randomization did not know.
    pub late: Late,
    /// Order within a user.
    pub order: Order,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Its code.
    pub code: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Its weight, relative to the others.
    #[serde(default = "one", serialize_with = "number")]
    pub weight: f64,
    /// What it delivers.
    #[serde(default)]
    pub payload: Option<Json>,
    /// Its level of each factor.
    #[serde(default)]
    pub levels: BTreeMap<String, String>,
}

/// A factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// Its name.
    pub name: String,
    /// Its levels.
    #[serde(default, deserialize_with = "objects")]
    pub levels: Vec<Level>,
}

/// A level of a factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// What it delivers.
    #[serde(default)]
    pub payload: Option<Json>,
}

/// A decision point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionPoint {
    /// Site.
    pub site: String,
    /// Target.
    #[serde(default)]
    pub target: Option<String>,
    /// Whether an early visit matters.
    #[serde(default = "yes")]
    pub exclude_if_reached: bool,
    /// What conditions deliver here, by code.
    #[serde(default, deserialize_with = "values")]
    pub payloads: BTreeMap<String, Json>,
}

/// Units that never enroll, in all experiments that name the same holdout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holdout {
    /// Its name.
    pub name: String,
    /// Fraction of the units.
    #[serde(serialize_with = "number")]
    pub fraction: f64,
}

/// The part of a namespace in which units may enroll.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Begin of the part.
    #[serde(serialize_with = "number")]
    pub from: f64,
    /// End of the part, not included.
    #[serde(serialize_with = "number")]
    pub to: f64,
}

/// When it starts and ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Start of enrollment.
    pub starts_at: Option<Moment>,
    /// End of enrollment.
    pub ends_at: Option<Moment>,
}

/// How many end enrollment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ending {
    /// Enrolled users.
    #[serde(deserialize_with = "maybe_whole")]
    pub users: Option<i64>,
    /// Enrolled groups.
    #[serde(deserialize_with = "maybe_whole")]
    pub groups: Option<i64>,
    /// How many enrolled users make a group count.
    #[serde(deserialize_with = "maybe_whole")]
    pub users_per_group: Option<i64>,
}

/// A specification as users write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    key: String,
    context: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default = "individual")]
    unit: Unit,
    #[serde(default)]
    group_type: Option<String>,
    #[serde(default)]
    consistency: Option<Consistency>,
    #[serde(default, deserialize_with = "object")]
    assignment: AssignmentDocument,
    #[serde(default, deserialize_with = "objects")]
    conditions: Vec<Condition>,
    #[serde(default, deserialize_with = "objects")]
    factors: Vec<Factor>,
    #[serde(default, deserialize_with = "objects")]
    decision_points: Vec<DecisionPoint>,
    #[serde(default = "proceed")]
    post_rule: Post,
    #[serde(default = "include_all")]
    filter_mode: FilterMode,
    #[serde(default, deserialize_with = "object")]
    lists: Lists,
    #[serde(default = "one")]
    rollout: f64,
    #[serde(default, deserialize_with = "maybe_object")]
    holdout: Option<Holdout>,
    #[serde(default, deserialize_with = "maybe_object")]
    namespace: Option<Namespace>,
    #[serde(default, deserialize_with = "object")]
    schedule: Schedule,
    #[serde(default, deserialize_with = "object")]
    ending: Ending,
    #[serde(default)]
    default_payload: Option<Json>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AssignmentDocument {
    algorithm: Algorithm,
    hash: Hash,
    #[serde(deserialize_with = "whole")]
    hash_version: i64,
    salt: Option<String>,
    late: Late,
    order: Order,
}

impl Default for AssignmentDocument {
    fn default() -> Self {
        AssignmentDocument {
            algorithm: Algorithm::Hash,
            hash: Hash::Xxh3,
            hash_version: HASH_VERSION,
            salt: None,
            late: Late::Exclude,
            order: Order::Ordered,
        }
    }
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn individual() -> Unit {
    Unit::Individual
}

fn proceed() -> Post {
    Post::Continue
}

fn include_all() -> FilterMode {
    FilterMode::IncludeAll
}

impl Document {
    fn filled(self) -> (Spec, Lists) {
        let consistency = self.consistency.unwrap_or(match self.unit {
            Unit::Group => Consistency::Group,
            Unit::Individual | Unit::WithinSubjects => Consistency::Individual,
        });
        let salt = self.assignment.salt.unwrap_or_else(|| self.key.clone());
        let mut decision_points = self.decision_points;
        for point in &mut decision_points {
            point.target = point.target.take().filter(|target| !target.is_empty());
        }
        let spec = Spec {
            key: self.key,
            context: self.context.to_lowercase(),
            description: self.description,
            tags: self.tags,
            unit: self.unit,
            group_type: self.group_type,
            consistency,
            assignment: Assignment {
                algorithm: self.assignment.algorithm,
                hash: self.assignment.hash,
                hash_version: self.assignment.hash_version,
                salt,
                late: self.assignment.late,
                order: self.assignment.order,
            },
            conditions: self.conditions,
            factors: self.factors,
            decision_points,
            post_rule: self.post_rule,
            filter_mode: self.filter_mode,
            rollout: self.rollout,
            holdout: self.holdout,
            namespace: self.namespace,
            schedule: self.schedule,
            ending: self.ending,
            default_payload: self.default_payload,
        };
        let lists = Lists {
            include: self.lists.include.tidied(),
            exclude: self.lists.exclude.tidied(),
        };
        (spec, lists)
    }
}

impl Spec {
    /// Reads a specification, fills in what was left out, and checks each value. The lists are apart, because they live
    /// in segments and may change when the design may not. Whether it can be started with, [`super::preflight`] says.
    pub fn parse(text: &str) -> Result<(Spec, Lists), ExperimentError> {
        let (spec, lists) = read::<Document>("specification", text, Origin::Argument)?.filled();
        spec.validate()?;
        lists.include.check("lists.include")?;
        lists.exclude.check("lists.exclude")?;
        Ok((spec, lists))
    }

    /// The canonical text.
    pub fn to_json(&self) -> Result<String, ExperimentError> {
        to_canonical(self)
    }

    /// The same design under another key. A salt that was the key follows it, so that the copy draws anew.
    pub fn renamed(&self, key: &str) -> Result<Spec, ExperimentError> {
        let mut spec = self.clone();
        if spec.assignment.salt == spec.key {
            spec.assignment.salt = key.to_owned();
        }
        spec.key = key.to_owned();
        spec.validate()?;
        Ok(spec)
    }
}

/// The canonical text of something that can be written.
pub(super) fn to_canonical<T: Serialize>(value: &T) -> Result<String, ExperimentError> {
    let text = serde_json::to_string(value).map_err(|e| invalid("", e.to_string(), ""))?;
    Ok(canonical(&text)?)
}
