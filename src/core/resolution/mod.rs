//! Who gets which condition, and why: consistency rules, exclusions, lists, status and post-experiment rule.

mod plan;

pub use plan::{Plan, PlanCondition, PlanExperiment, PlanPoint, Time, effective_status};
