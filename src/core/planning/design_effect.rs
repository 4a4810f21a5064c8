//! Design effect: by how much clustering inflates the variance of a mean.

use super::icc::{Icc, Within, icc};
use crate::effect::EffectError;
use crate::sketch::{Centre, Rows, Sketch};

/// Design effect and what it comes from. `None` is NULL.
#[derive(Debug, Clone, PartialEq)]
pub struct DesignEffect {
    /// Intra-cluster correlation used, not below 0.
    pub icc: Option<f64>,
    /// Clusters.
    pub clusters: f64,
    /// Rows.
    pub rows: f64,
    /// Mean size.
    pub mean_size: f64,
    /// Coefficient of variation of the sizes, divisor G.
    pub cv_size: f64,
    /// `1 + (Σn²/N − 1) ρ = 1 + ((1 + cv²) n̄ − 1) ρ`.
    pub deff: Option<f64>,
    /// Kish's factor for unequal weights, `N Σw² / (Σw)²`; 1 without weights.
    pub deff_weights: f64,
    /// Rows of a simple random sample that say as much: `N / (deff · deff_weights)`.
    pub n_effective: Option<f64>,
    /// What to know.
    pub notes: Vec<String>,
}

/// Design effect of the mean of a sketch's outcome.
pub fn design_effect(sketch: &Sketch, within: Within) -> Result<DesignEffect, EffectError> {
    let Icc {
        icc_truncated,
        clusters,
        rows,
        squared_sizes,
        notes,
        ..
    } = icc(sketch, within, 0.95)?;
    let moments = sketch.moments(Rows::All, Centre::Pooled)?;
    let (mut w1, mut w2) = (0.0, 0.0);
    for cell in &moments.cells {
        w1 += cell.weight * cell.rows;
        w2 += cell.weight * cell.weight * cell.rows;
    }
    let mean_size = rows / clusters;
    // Clusters of one row have no design effect, whatever the correlation.
    let rho = if rows == clusters {
        Some(0.0)
    } else {
        icc_truncated
    };
    let deff = rho
        .filter(|_| rows > 0.0)
        .map(|rho| 1.0 + (squared_sizes / rows - 1.0) * rho);
    let deff_weights = rows * w2 / (w1 * w1);
    Ok(DesignEffect {
        icc: icc_truncated,
        clusters,
        rows,
        mean_size,
        cv_size: (squared_sizes / clusters / (mean_size * mean_size) - 1.0)
            .max(0.0)
            .sqrt(),
        deff,
        deff_weights,
        n_effective: deff.map(|d| rows / (d * deff_weights)),
        notes: if rows == clusters { Vec::new() } else { notes },
    })
}
