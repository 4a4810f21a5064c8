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

use crate::error::Invalid;
use crate::exact::Wide;
use crate::pulse::room_for;
use crate::regression::negligible::{Tally, difference};
use crate::regression::{QuestionError, StdError};
use crate::sketch::Moments;

/// Variance estimator of ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatioSe {
    /// With the correction for leverage, and Satterthwaite's degrees of freedom.
    Cr2,
    /// The delta method, with Welch's degrees of freedom on clusters.
    Delta,
}

impl RatioSe {
    /// That of a call.
    pub(super) fn of(se: StdError) -> Result<Self, QuestionError> {
        match se {
            StdError::Cr2 => Ok(RatioSe::Cr2),
            StdError::Delta => Ok(RatioSe::Delta),
            other => Err(Invalid::word(
                "se",
                "\"CR2\" or \"delta\" for a ratio",
                other.word(),
                "CR2 corrects the delta method for few clusters.",
            )
            .into()),
        }
    }
}

/// One cluster of an arm.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    rows: f64,
    y: Tally,
    d: Tally,
    /// Size of the values of the numerator.
    size: f64,
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
    se: RatioSe,
}

impl Rate {
    /// The ratio of column 0 and, if there is one, column 1 of moments about a pooled centre; without it the denominator is
    /// 1. `None` if the denominators sum to 0 or the arm has no row.
    pub fn new(
        moments: &Moments,
        condition: usize,
        se: RatioSe,
    ) -> Result<Option<Rate>, QuestionError> {
        let has_denominator = moments.columns > 1;
        room_for(moments.clusters.len(), size_of::<Sums>() + 16);
        let mut sums = vec![Sums::default(); moments.clusters.len()];
        for (i, cell) in moments.cells.iter().enumerate() {
            if cell.condition != condition {
                continue;
            }
            let Some(own) = sums.get_mut(cell.cluster) else {
                continue;
            };
            let rows = Wide::product(cell.weight, cell.rows);
            own.rows += cell.weight * cell.rows;
            own.y.add(moments.sum(i, 0) * cell.weight);
            own.y.add(moments.exact_centre(0, 0) * rows);
            own.size += cell.weight * moments.size(i, 0);
            if has_denominator {
                own.d.add(moments.sum(i, 1) * cell.weight);
                own.d.add(moments.exact_centre(0, 1) * rows);
            } else {
                own.d.add(rows);
            }
        }
        for own in &mut sums {
            own.y = Tally::of(own.y.settled(), own.y.size());
            own.d = Tally::of(own.d.settled(), own.d.size());
        }
        if let Some(negative) = sums.iter().map(|s| s.d.sum()).find(|d| d.value() < 0.0) {
            return Err(QuestionError::Argument {
                argument: "sum of the denominator over a cluster",
                must: "at least 0",
                value: negative.value(),
            });
        }
        let total: Wide = sums.iter().map(|s| s.d.sum()).sum();
        if !(total.value() > 0.0) {
            return Ok(None);
        }
        let mut ratio = Tally::default();
        for own in &sums {
            ratio.add_times(Wide::from(1.0) / total, own.y);
        }
        let ratio = Tally::of(ratio.settled(), ratio.size());
        let clusters = sums.iter().filter(|s| s.rows > 0.0).count() as u64;
        let shares: Vec<f64> = sums.iter().map(|s| (s.d.sum() / total).value()).collect();
        let spread = clusters as f64 / (clusters as f64 - 1.0);
        let factor = |share: f64| match se {
            RatioSe::Cr2 if share > seen(share) => 0.0,
            RatioSe::Cr2 => 1.0 / (1.0 - share).sqrt(),
            RatioSe::Delta => spread.sqrt(),
        };
        // What the ratio leaves of the numerators of a cluster.
        let residual = |own: &Sums| {
            let mut rest = own.y;
            rest.add_times(-own.d.sum(), ratio);
            rest.blur(own.size);
            rest.settled()
        };
        let scores = sums
            .iter()
            .zip(&shares)
            .map(|(own, share)| factor(*share) * (residual(own) / total).value())
            .collect();
        Ok(Some(Rate {
            ratio: ratio.sum().value(),
            total: total.value(),
            clusters,
            scores,
            shares,
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
        // A cluster with rows of both arms may contribute the same to both.
        let score =
            |c: &Contrast<'_>, (t, s): (&f64, &f64)| difference(c.treated.1 * t, c.control.1 * s);
        let pairs = self.treated.0.scores.iter().zip(&self.control.0.scores);
        pairs
            .map(|pair| score(self, pair) * score(other, pair))
            .sum()
    }

    /// Estimated variance.
    pub fn variance(&self) -> f64 {
        self.covariance(self)
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
