//! Who is compared in what: the first columns of every result about an effect.

use super::arms::Arm;
use serde::Serialize;

/// One condition against the control in one outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Comparison {
    /// Outcome, as the sketch names it.
    pub outcome: String,
    /// Treated condition.
    pub condition: String,
    /// Control condition.
    pub control: String,
    /// Rows of the condition in the analysis.
    pub n: u64,
    /// Rows of the control.
    pub n_control: u64,
    /// Clusters of the condition.
    pub clusters: u64,
    /// Clusters of the control.
    pub clusters_control: u64,
}

impl Comparison {
    /// Of two arms.
    pub(crate) fn new(outcome: &str, arm: &Arm, control: &Arm) -> Self {
        Comparison {
            outcome: outcome.to_owned(),
            condition: arm.condition.clone(),
            control: control.condition.clone(),
            n: arm.n,
            n_control: control.n,
            clusters: arm.clusters,
            clusters_control: control.clusters,
        }
    }

    /// The smaller number of clusters.
    pub(crate) fn fewest_clusters(&self) -> u64 {
        self.clusters.min(self.clusters_control)
    }

    /// The condition that is a single cluster.
    pub(crate) fn single_cluster(&self) -> Option<&str> {
        match (self.clusters, self.clusters_control) {
            (1, _) => Some(&self.condition),
            (_, 1) => Some(&self.control),
            _ => None,
        }
    }
}
