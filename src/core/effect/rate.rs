//! The ratio `Σy / Σd` of each arm with the contributions of its clusters: what ratio metrics and rates are made of.
//!
//! With `R = Σy / Σd`, the denominator `D_g` and the residual `u_g = Y_g − R D_g` of a cluster, the cluster's contribution
//! to the ratio is `u_g / ΣD` (the delta method). With the cluster's share `λ_g = D_g / ΣD`, the arm's variance is the sum of
//! squares of
//!
//! - CR2: `u_g / (ΣD √(1 − λ_g))`, unbiased if the variance of `Y_g` is proportional to `D_g`; for `d = 1` exactly the CR2 of
//!   a difference in means;
//! - delta: `√(G / (G − 1)) u_g / ΣD`.
//!
//! A cluster with rows of both arms contributes the difference of its two contributions.

use super::error::EffectError;
use super::options::{Word, unknown};
use crate::sketch::Moments;

/// Variance estimator of ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatioSe {
    /// With the correction for leverage, and Satterthwaite's degrees of freedom.
    Cr2,
    /// The delta method, with Welch's degrees of freedom on clusters.
    Delta,
}

impl Word for RatioSe {
    fn from_word(word: &str) -> Result<Self, EffectError> {
        match word {
            "CR2" => Ok(RatioSe::Cr2),
            "delta" => Ok(RatioSe::Delta),
            _ => unknown("se", word, "\"CR2\", \"delta\""),
        }
    }
}

/// The ratio of one arm.
#[derive(Debug, Clone)]
pub struct Rate {
    /// `Σy / Σd`.
    pub ratio: f64,
    /// `Σd`, weighted.
    pub total: f64,
    /// Clusters.
    pub clusters: u64,
    /// Contribution of each cluster of the moments, as the estimator scales it.
    scores: Vec<f64>,
    /// Share of each cluster in the denominator.
    shares: Vec<f64>,
    /// Sum of squares of what the contributions were made from: below its rounding they are 0.
    scale: f64,
    se: RatioSe,
}

impl Rate {
    /// The ratio of column 0 and, if there is one, column 1 of moments about a pooled centre; without it the denominator is
    /// 1. `None` if the denominators sum to 0 or the arm has no row.
    pub fn new(
        moments: &Moments,
        condition: usize,
        se: RatioSe,
    ) -> Result<Option<Rate>, EffectError> {
        let has_denominator = moments.columns > 1;
        let (centre_y, centre_d) = (
            moments.centre(0, 0),
            if has_denominator {
                moments.centre(0, 1)
            } else {
                1.0
            },
        );
        let size = moments.clusters.len();
        let (mut rows, mut y, mut d) = (vec![0.0; size], vec![0.0; size], vec![0.0; size]);
        for (i, cell) in moments.cells.iter().enumerate() {
            if cell.condition != condition {
                continue;
            }
            let sum = |column| moments.sums(i).get(column).copied().unwrap_or(0.0) * cell.weight;
            if let (Some(rows), Some(y), Some(d)) = (
                rows.get_mut(cell.cluster),
                y.get_mut(cell.cluster),
                d.get_mut(cell.cluster),
            ) {
                *rows += cell.weight * cell.rows;
                *y += sum(0);
                *d += sum(1);
            }
        }
        let denominators: Vec<f64> = rows.iter().zip(&d).map(|(n, d)| d + n * centre_d).collect();
        let total: f64 = denominators.iter().sum();
        if let Some(&negative) = denominators.iter().find(|v| **v < 0.0) {
            // Rounding of a cluster whose denominators are all 0 is not negative.
            if negative < -1e-12 * total.abs() {
                return Err(EffectError::Argument {
                    argument: "sum of the denominator over a cluster",
                    must: "at least 0",
                    value: negative,
                });
            }
        }
        if !(total > 0.0) {
            return Ok(None);
        }
        // About r₀ = c_y / c_d sums stay small: R − r₀ and the residuals lose no digits to large means.
        let near = if centre_d > 0.0 {
            centre_y / centre_d
        } else {
            0.0
        };
        let rest = (-near).mul_add(centre_d, centre_y);
        let about: Vec<f64> = rows
            .iter()
            .zip(y.iter().zip(&d))
            .map(|(n, (y, d))| y - near * d + n * rest)
            .collect();
        let offset = about.iter().sum::<f64>() / total;
        let clusters = rows.iter().filter(|n| **n > 0.0).count() as u64;
        let shares: Vec<f64> = denominators.iter().map(|d| d.max(0.0) / total).collect();
        let spread = clusters as f64 / (clusters as f64 - 1.0);
        let factor = |share: f64| match se {
            RatioSe::Cr2 if share > seen(share) => 0.0,
            RatioSe::Cr2 => 1.0 / (1.0 - share).sqrt(),
            RatioSe::Delta => spread.sqrt(),
        };
        let scores = about
            .iter()
            .zip(&shares)
            .map(|(a, share)| factor(*share) * (a / total - offset * share))
            .collect();
        let scale = about
            .iter()
            .zip(y.iter().zip(&d))
            .map(|(a, (y, d))| ((y.abs() + (near * d).abs() + a.abs()) / total).powi(2))
            .sum();
        Ok(Some(Rate {
            ratio: near + offset,
            total,
            clusters,
            scores,
            shares,
            scale,
            se,
        }))
    }

    /// Estimated variance.
    pub fn variance(&self) -> f64 {
        self.scores.iter().map(|s| s * s).sum()
    }

    /// Expected variance under the working model, in units of its variance.
    fn expected(&self) -> f64 {
        self.shares.iter().map(|&share| seen(share)).sum::<f64>() / self.total
    }

    /// `⟨Ω_a, Ω_b⟩` of the covariances of contributions under the working model, in units of its variance.
    fn inner(&self, other: &Rate) -> f64 {
        let root = |share: f64| seen(share) / (1.0 - seen(share)).sqrt();
        let (mut own, mut cross, mut squares) = (0.0, 0.0, 0.0);
        for (&a, &b) in self.shares.iter().zip(&other.shares) {
            let q = root(a) * root(b);
            own += seen(a) * seen(b);
            cross += q;
            squares += q * q;
        }
        (own + cross * cross - squares) / (self.total * other.total)
    }
}

/// The share of a cluster; 0 of one that is all of its arm, whose residual is 0 and says nothing.
fn seen(share: f64) -> f64 {
    if share < 1.0 - 1e-10 { share } else { 0.0 }
}

/// `a · treated − b · control` of the ratios of two arms.
#[derive(Debug, Clone, Copy)]
pub struct Contrast<'a> {
    /// Treated arm with its factor.
    pub treated: (&'a Rate, f64),
    /// Control arm with its factor.
    pub control: (&'a Rate, f64),
}

impl Contrast<'_> {
    /// Estimated covariance with another contrast of the same arms.
    pub fn covariance(&self, other: &Contrast<'_>) -> f64 {
        let score = |c: &Contrast<'_>, (t, s): (&f64, &f64)| c.treated.1 * t - c.control.1 * s;
        let pairs = self.treated.0.scores.iter().zip(&self.control.0.scores);
        pairs
            .map(|pair| score(self, pair) * score(other, pair))
            .sum()
    }

    /// Estimated variance; 0 if it is no more than rounding.
    pub fn variance(&self) -> f64 {
        let variance = self.covariance(self);
        let part = |(rate, factor): (&Rate, f64)| factor * factor * rate.scale;
        if variance <= 1e-28 * (part(self.treated) + part(self.control)) {
            0.0
        } else {
            variance
        }
    }

    /// Degrees of freedom; `None` if there are none.
    pub fn df(&self) -> Option<f64> {
        let ((a, x), (b, y)) = (self.treated, self.control);
        let df = match a.se {
            RatioSe::Cr2 => {
                let (x2, y2) = (x * x, y * y);
                let trace = x2 * a.expected() + y2 * b.expected();
                let spread =
                    x2 * x2 * a.inner(a) + y2 * y2 * b.inner(b) + 2.0 * x2 * y2 * a.inner(b);
                trace * trace / spread
            }
            RatioSe::Delta => {
                let (v, w) = (x * x * a.variance(), y * y * b.variance());
                let (g, h) = (a.clusters as f64 - 1.0, b.clusters as f64 - 1.0);
                (v + w).powi(2) / (v * v / g + w * w / h)
            }
        };
        (df.is_finite() && df > 0.0).then_some(df)
    }
}
