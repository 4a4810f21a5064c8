//! What resolution needs to know of the experiments of a context, compiled.

use crate::experiment::{
    Algorithm, Consistency, FilterMode, Hash, Late, Order, Post, Status, Unit,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A time as Postgres stores it: microseconds since 2000-01-01 00:00 UTC.
pub type Time = i64;

/// All experiments of a context that resolution may have to look at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The context, in lower case.
    pub context: String,
    /// In the order of their keys.
    pub experiments: Vec<PlanExperiment>,
    /// Experiments that compete: connected by shared decision points. Each experiment is in exactly one pool.
    pub pools: Vec<Vec<usize>>,
    /// Segments whose members no experiment of this context may have, with all their parts, in order.
    pub global_exclusion: Vec<i64>,
}

/// What resolution needs to know of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanExperiment {
    /// The row.
    pub id: i64,
    /// The public key.
    pub key: String,
    /// As stored; what it means now, the clock decides.
    pub status: Status,
    /// When a scheduled experiment starts.
    pub starts_at: Option<Time>,
    /// When it ends.
    pub ends_at: Option<Time>,
    /// Unit of assignment.
    pub unit: Unit,
    /// The type of group of the unit, or the one that lists match.
    pub group_type: Option<String>,
    /// Consistency rule.
    pub consistency: Consistency,
    /// How units get their condition.
    pub algorithm: Algorithm,
    /// Which hash draws.
    pub hash: Hash,
    /// Version of the hash.
    pub hash_version: u32,
    /// Salt of all draws.
    pub salt: String,
    /// Units that a randomization did not know.
    pub late: Late,
    /// Order within a user.
    pub order: Order,
    /// In the order of the design.
    pub conditions: Vec<PlanCondition>,
    /// In the order of the design.
    pub points: Vec<PlanPoint>,
    /// When enrollment is complete.
    pub post: Post,
    /// Who may take part.
    pub filter_mode: FilterMode,
    /// Segments of the include list, with all their parts, in order.
    pub include: Vec<i64>,
    /// Segments of the exclude list, with all their parts, in order.
    pub exclude: Vec<i64>,
    /// Fraction of units that may enroll.
    pub rollout: f64,
    /// Name and fraction of the units that never enroll.
    pub holdout: Option<(String, f64)>,
    /// Name and range of a mutual exclusion.
    pub namespace: Option<(String, f64, f64)>,
    /// What the default delivers, as JSON.
    pub default_payload: Option<String>,
    /// Whether a number of users or groups ends enrollment.
    pub limited: bool,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanCondition {
    /// Its code.
    pub code: String,
    /// Its weight.
    pub weight: f64,
    /// What it delivers where the decision point does not say otherwise, as JSON.
    pub payload: Option<String>,
    /// Level and payload by factor, as JSON.
    pub levels: Option<String>,
}

/// A decision point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanPoint {
    /// Site.
    pub site: String,
    /// Target; empty if there is none.
    pub target: String,
    /// Whether an early visit matters.
    pub exclude_if_reached: bool,
    /// What each condition delivers here, as JSON, by code.
    pub payloads: BTreeMap<String, String>,
}

/// What a status means at a moment.
pub fn effective_status(
    status: Status,
    starts_at: Option<Time>,
    ends_at: Option<Time>,
    now: Time,
) -> Status {
    let started = match status {
        Status::Scheduled if starts_at.is_some_and(|t| now >= t) => Status::Enrolling,
        other => other,
    };
    match started {
        Status::Enrolling if ends_at.is_some_and(|t| now >= t) => Status::EnrollmentComplete,
        other => other,
    }
}
