//! Design effect: by how much clustering inflates the variance of a mean.

use super::trial::{MOST, check_icc, within};
use crate::error::Invalid;
use crate::note::Note;
use crate::regression::QuestionError;
use crate::sketch::{Centre, Rows, View};
use crate::variance::{Icc, Within, icc};
use serde::Serialize;

/// Design effect and what it comes from. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DesignEffect {
    /// Intra-cluster correlation used, not below 0.
    pub icc: Option<f64>,
    /// Clusters.
    pub clusters: u64,
    /// Rows.
    pub n: u64,
    /// Mean size.
    pub mean_size: Option<f64>,
    /// Coefficient of variation of the sizes: their standard deviation, with divisor G, over their mean.
    pub cv_size: Option<f64>,
    /// `1 + (Σn²/N − 1) ρ = 1 + ((1 + cv²) n̄ − 1) ρ`.
    pub design_effect: Option<f64>,
    /// Kish's factor for unequal weights, `N Σw² / (Σw)²`; 1 without weights.
    pub weight_effect: Option<f64>,
    /// Rows of a simple random sample that say as much: `N / (deff · deff_weights)`.
    pub n_effective: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Design effect of the mean of a sketch's outcome.
pub fn design_effect(view: &View<'_>, by: Within) -> Result<DesignEffect, QuestionError> {
    let Icc {
        icc_truncated,
        clusters,
        n,
        squared_sizes,
        notes,
        ..
    } = icc(view, by, 0.95)?;
    let (groups, rows) = (clusters as f64, n as f64);
    let moments = view.moments(Rows::All, Centre::Pooled)?;
    let (mut w1, mut w2) = (0.0, 0.0);
    for cell in &moments.cells {
        w1 += cell.weight * cell.rows;
        w2 += cell.weight * cell.weight * cell.rows;
    }
    let mean_size = rows / groups;
    // Clusters of one row have no design effect, whatever the correlation.
    let alone = n == clusters;
    let rho = if alone { Some(0.0) } else { icc_truncated };
    let design_effect = rho
        .filter(|_| rows > 0.0)
        .map(|rho| 1.0 + (squared_sizes / rows - 1.0) * rho);
    let weight_effect = rows * w2 / (w1 * w1);
    let spread = squared_sizes / groups / (mean_size * mean_size) - 1.0;
    let some = |v: f64| v.is_finite().then_some(v);
    Ok(DesignEffect {
        icc: icc_truncated,
        clusters,
        n,
        mean_size: some(mean_size),
        cv_size: some(spread).map(|s| s.max(0.0).sqrt()),
        design_effect,
        weight_effect: some(weight_effect),
        n_effective: design_effect.map(|d| rows / (d * weight_effect)),
        notes: if alone { Vec::new() } else { notes },
    })
}

/// Design effect of given sizes, `(1 + cv_w²)(1 + (Σn²/N − 1) ρ)`: with weights that vary independently of the clusters by
/// Kish's factor.
pub fn design_effect_of_sizes(icc: f64, sizes: &[f64], cv_weights: f64) -> Result<f64, Invalid> {
    if sizes.is_empty() {
        return Err(Invalid {
            argument: "sizes",
            must: "an array of cluster sizes",
            got: "an empty one".to_owned(),
            hint: "Give the number of students of each cluster.",
        });
    }
    if let Some(&bad) = sizes.iter().find(|n| !(**n >= 1.0)) {
        return Err(Invalid::number(
            "sizes",
            "at least 1 each",
            bad,
            "Leave out clusters without students.",
        ));
    }
    let rows: f64 = sizes.iter().sum();
    let squares: f64 = sizes.iter().map(|n| n * n).sum();
    of_size(icc, squares / rows, cv_weights)
}

/// Design effect of a mean size and its coefficient of variation (divisor G): `(1 + cv_w²)(1 + ((1 + cv²) n̄ − 1) ρ)`.
pub fn design_effect_of_mean(
    icc: f64,
    cluster_size: f64,
    cv_size: f64,
    cv_weights: f64,
) -> Result<f64, Invalid> {
    within(
        "cluster_size",
        cluster_size,
        1.0,
        MOST,
        "at least 1",
        "Give the mean number of students in a cluster.",
    )?;
    cv("cv_size", cv_size)?;
    of_size(icc, (1.0 + cv_size * cv_size) * cluster_size, cv_weights)
}

fn cv(argument: &'static str, value: f64) -> Result<(), Invalid> {
    within(
        argument,
        value,
        0.0,
        1000.0,
        "at least 0",
        "It is a standard deviation over a mean.",
    )
}

/// `size`: the mean size of the cluster that a student is in.
fn of_size(icc: f64, size: f64, cv_weights: f64) -> Result<f64, Invalid> {
    check_icc("icc", icc)?;
    cv("cv_weights", cv_weights)?;
    Ok((1.0 + cv_weights * cv_weights) * (1.0 + (size - 1.0) * icc))
}
