//! What a sketch holds, in a row, and cell by cell.

use super::cells::{HAS_COVARIATES, HAS_WEIGHT};
use super::moments::{Centre, Rows};
use super::{Key, Sketch, SketchError, View};
use crate::pulse;
use serde::Serialize;

/// What a sketch holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Info {
    /// Rows in cells.
    pub n: u64,
    /// Conditions.
    pub conditions: u64,
    /// Clusters.
    pub clusters: u64,
    /// Strata; 0 if no row had one.
    pub strata: u64,
    /// Cells.
    pub stored_cells: u64,
    /// Rows that lack an outcome, for each outcome.
    pub without_outcome: Vec<u64>,
    /// Some row had a weight.
    pub has_weight: bool,
    /// Rows without a condition.
    pub without_condition: u64,
    /// Rows left out of all conditions because the cluster was NULL.
    pub without_cluster: u64,
    /// Rows left out of all conditions because the weight was 0.
    pub zero_weight: u64,
    /// Rows in cells of which a covariate was NULL.
    pub without_covariates: u64,
}

/// One cluster in one stratum and condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellSummary {
    /// Digest of the cluster.
    pub cluster: Key,
    /// Digest of the stratum, if there is one.
    pub stratum: Option<Key>,
    /// Condition.
    pub condition: String,
    /// Weight of each row, if the sketch has weights.
    pub weight: Option<f64>,
    /// Rows with an outcome.
    pub n: u64,
    /// Mean outcome.
    pub mean: f64,
    /// Standard deviation of the outcome, divisor n − 1.
    pub sd: Option<f64>,
}

/// What is there and what is missing of the rows of one condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Completeness {
    /// Rows without the outcome.
    pub without_outcome: u64,
    /// Rows with all covariates, of those that have a weight if any has.
    pub with_covariates: u64,
    /// Rows without a weight though others have one.
    pub without_weight: u64,
}

impl Sketch {
    /// What the sketch holds.
    pub fn info(&self) -> Info {
        let mut info = Info {
            conditions: self.conditions.len() as u64,
            strata: self.strata.iter().filter(|k| **k != Key::NONE).count() as u64,
            stored_cells: self.cells.len() as u64,
            without_outcome: vec![0; self.columns.outcomes.len()],
            without_condition: self.no_condition,
            ..Info::default()
        };
        let mut clusters: Vec<Key> = pulse::vector(self.cells.len());
        for cell in pulse::each(self.cells.iter()) {
            clusters.push(cell.id.cluster);
            info.n += cell.rows;
            info.has_weight |= cell.id.flags & HAS_WEIGHT != 0;
            for (outcome, count) in info.without_outcome.iter_mut().enumerate() {
                *count += self.cells.layout().missing(cell.sums, outcome);
            }
            if self.complete_flags & !cell.id.flags & HAS_COVARIATES != 0 {
                info.without_covariates += cell.rows;
            }
        }
        pulse::sort(&mut clusters);
        clusters.dedup();
        info.clusters = clusters.len() as u64;
        for condition in &self.conditions {
            info.without_cluster += condition.left_out.no_cluster;
            info.zero_weight += condition.left_out.zero_weight;
        }
        info
    }
}

impl View<'_> {
    /// Sizes, means and spread by stratum, cluster, condition and weight, in that order. Rows that differ only in what is
    /// missing are together. In a weighted sketch rows without a weight are left out.
    pub fn cell_summaries(&self) -> Result<Vec<CellSummary>, SketchError> {
        let moments = self.moments(Rows::All, Centre::PerStratum)?;
        // Each with its name of a condition.
        let longest = moments.conditions.iter().map(|c| c.name.len()).max();
        pulse::room_for(
            moments.cells.len(),
            size_of::<CellSummary>() + 32 + longest.unwrap_or(0),
        );
        let mut out: Vec<CellSummary> = Vec::with_capacity(moments.cells.len());
        let mut last = None;
        let (mut sum, mut squares) = (0.0, 0.0);
        for (i, cell) in pulse::each(moments.cells.iter()).enumerate() {
            let key = (
                cell.stratum,
                cell.cluster,
                cell.condition,
                cell.weight.to_bits(),
            );
            let offset = moments.sums(i).first().copied().unwrap_or(0.0);
            let within = moments.within(i).first().copied().unwrap_or(0.0);
            if last != Some(key) {
                last = Some(key);
                (sum, squares) = (0.0, 0.0);
                out.push(CellSummary {
                    cluster: moments
                        .clusters
                        .get(cell.cluster)
                        .copied()
                        .unwrap_or(Key::NONE),
                    stratum: moments
                        .strata
                        .get(cell.stratum)
                        .copied()
                        .filter(|s| *s != Key::NONE),
                    condition: moments
                        .conditions
                        .get(cell.condition)
                        .map(|c| c.name.clone())
                        .unwrap_or_default(),
                    weight: moments.weighted.then_some(cell.weight),
                    n: 0,
                    mean: 0.0,
                    sd: None,
                });
            }
            let Some(summary) = out.last_mut() else {
                continue;
            };
            let before = summary.n as f64;
            // Chan's update: cells of one key differ only in what is missing.
            let (mean, mean_here) = (
                if before > 0.0 { sum / before } else { 0.0 },
                offset / cell.rows,
            );
            let gap = if before > 0.0 { mean_here - mean } else { 0.0 };
            squares += within + gap * gap * before * cell.rows / (before + cell.rows);
            sum += offset;
            summary.n += cell.rows as u64;
            let rows = summary.n as f64;
            summary.mean = moments.centre(cell.stratum, 0) + sum / rows;
            summary.sd = (summary.n > 1).then(|| (squares / (rows - 1.0)).sqrt());
        }
        Ok(out)
    }
}
