//! The arms of an experiment: sizes, means, spread, and what is missing.

use crate::exact::Wide;
use crate::pulse::{self, beat};
use crate::regression::QuestionError;
use crate::regression::negligible::{Tally, squares_beyond_digits};
use crate::sketch::{Centre, Moments, Rows, View};
use serde::Serialize;

/// One condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Arm {
    /// Name.
    pub condition: String,
    /// Rows with an outcome.
    pub n: u64,
    /// Clusters with such rows.
    pub clusters: u64,
    /// Mean of the outcome, weighted if there are weights; NULL without rows.
    pub mean: Option<f64>,
    /// Standard deviation with divisor n − 1; with weights `Σ w (y − ȳ)² / (Σ w (1 − 1/n))`. NULL below two rows.
    pub sd: Option<f64>,
    /// Sum of the weights; n without weights.
    pub weight: f64,
    /// Of these, rows with all covariates; NULL if the sketch has none.
    pub n_complete: Option<u64>,
    /// Rows left out because the outcome was NULL.
    pub missing_outcome: u64,
    /// Share of the rows with condition, cluster and weight not 0 whose outcome was NULL.
    pub missing_rate: Option<f64>,
    /// Rows left out because the cluster was NULL.
    pub missing_cluster: u64,
    /// Rows left out because the weight was NULL though others have one.
    pub missing_weight: u64,
    /// Rows left out because the weight was 0.
    pub zero_weight: u64,
}

/// The arms of a sketch, by name.
pub fn arms(view: &View<'_>) -> Result<Vec<Arm>, QuestionError> {
    let moments = view.moments(Rows::All, Centre::Pooled)?;
    let mut arms = arms_of(&moments);
    for (arm, completeness) in arms.iter_mut().zip(view.completeness()) {
        arm.n_complete = (view.covariate_count() > 0).then_some(completeness.with_covariates);
        arm.missing_weight = completeness.without_weight;
        let seen = arm.n + arm.missing_outcome + arm.missing_weight;
        arm.missing_rate = (seen > 0).then(|| arm.missing_outcome as f64 / seen as f64);
    }
    Ok(arms)
}

/// The arms of moments about a pooled centre, by name; without what is missing of the kept rows.
pub fn arms_of(moments: &Moments) -> Vec<Arm> {
    let sums = |condition: usize| {
        beat();
        let own = || {
            let cells = moments.cells.iter().enumerate();
            cells.filter(move |(_, c)| c.condition == condition)
        };
        let mut s = ArmSums::default();
        for (i, cell) in own() {
            s.rows += cell.rows;
            s.weight += Wide::product(cell.weight, cell.rows);
            s.sum.add(moments.sum(i, 0) * cell.weight);
            s.clusters.push(cell.cluster);
        }
        let mean = s.sum.sum() / s.weight;
        beat();
        for (i, cell) in own() {
            let about = moments.sum(i, 0) - mean * cell.rows;
            let squares = moments.product(i, 0, 0) + about * about / cell.rows;
            s.squares += squares * cell.weight;
            let size = moments.size(i, 0);
            s.size += cell.weight * size * size / cell.rows;
        }
        pulse::sort(&mut s.clusters);
        s.clusters.dedup();
        s
    };
    let arm = |(number, c): (usize, &crate::sketch::ConditionCounts)| {
        let s = sums(number);
        // Squares of as many rows as there are, of values of this size.
        let spread = squares_beyond_digits(s.squares, s.size.sqrt(), 1.0);
        let weight = s.weight.value();
        let mut mean = Tally::of(s.sum.sum() / s.weight, s.sum.size() / weight);
        mean.add(moments.exact_centre(0, 0));
        Arm {
            condition: c.name.clone(),
            n: s.rows as u64,
            clusters: s.clusters.len() as u64,
            mean: (s.rows > 0.0).then(|| mean.settled().value()),
            sd: (s.rows > 1.0)
                .then(|| (spread.value().max(0.0) / (weight * (1.0 - 1.0 / s.rows))).sqrt()),
            weight,
            n_complete: None,
            missing_outcome: c.no_outcome,
            missing_rate: None,
            missing_cluster: c.left_out.no_cluster,
            missing_weight: 0,
            zero_weight: c.left_out.zero_weight,
        }
    };
    moments.conditions.iter().enumerate().map(arm).collect()
}

#[derive(Default)]
struct ArmSums {
    rows: f64,
    weight: Wide,
    sum: Tally,
    squares: Wide,
    /// Weighted sum of squares of the values.
    size: f64,
    clusters: Vec<usize>,
}
