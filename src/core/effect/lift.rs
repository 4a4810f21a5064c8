//! Relative lift: the effect as a share of the control mean, with Fieller's interval.

use crate::exact::Wide;
use crate::pulse::{beat, each, room_for};
use crate::regression::design::Design;
use crate::regression::negligible::Tally;
use crate::regression::robust::{contributions, dot};
use crate::regression::{QuestionError, StdError};
use crate::sketch::{Key, Moments};

/// The mean of the control, which the lift has below its fraction line, and what each cluster does to it.
#[derive(Debug)]
pub struct ControlMean {
    /// `ψ_g` by cluster of the moments.
    influence: Vec<f64>,
    /// Sum of the weights of its rows.
    weight: f64,
}

impl ControlMean {
    /// Of moments about one centre. The influence is the score of each cluster in the regression of the control's rows on
    /// an intercept alone, with the weights, adjusted as the variance estimator adjusts scores: CR2 with weights by
    /// `B_g^(−1/2)` under the identity working model (Pustejovsky and Tipton 2018; see `weighted`), CR2 without weights, CR3
    /// and CV3 by the function of the leverage `λ_g`, the cluster's share of the weight of the control.
    pub fn new(moments: &Moments, control: usize, se: StdError) -> Result<Self, QuestionError> {
        match se {
            StdError::Cr2 if moments.weighted => ControlMean::weighted(moments, control),
            _ => Ok(ControlMean::by_leverage(moments, control, se)),
        }
    }

    /// Variances and covariance of an effect, whose scores by cluster these are, and of the mean.
    pub fn covariance(&self, scores: &[f64]) -> Covariance {
        Covariance {
            effect: dot(scores, scores),
            mean: dot(&self.influence, &self.influence),
            both: dot(scores, &self.influence),
        }
    }

    /// The same by the classical model of the regression of the effect: rows are independent, that of row i is `σ²/w_i`.
    /// With `s²` for `σ²` the variance of the effect is `effect` (that is `s² (X'WX)⁻¹`), of the mean of the control's rows
    /// `s² / W_0` with `W_0` the sum of their weights, and their covariance `−s² / W_0`: the effect gives row i the weight
    /// `w_i c_i` with `X'W c` the unit vector of its dummy, so that the weights of the control's rows sum to −1, whatever
    /// strata and covariates there are.
    pub fn classical_covariance(&self, effect: f64, s2: f64) -> Covariance {
        Covariance {
            effect,
            mean: s2 / self.weight,
            both: -s2 / self.weight,
        }
    }

    /// CR2 with weights: the regression of the control's rows on an intercept.
    fn weighted(moments: &Moments, control: usize) -> Result<Self, QuestionError> {
        // The sums of a cluster with three powers of the weights, and what the inference keeps of it.
        const OF_CLUSTER: usize = 1500;
        let rows = moments.only(|c| c.condition == control);
        room_for(rows.clusters.len(), OF_CLUSTER);
        let design = Design::new(&rows, control);
        // The intercept in leverage coordinates.
        let intercept = design.stratum_weights.iter().map(|w| 1.0 / w.sqrt());
        let parts = contributions(&design, &[intercept.collect()], StdError::Cr2)?;
        room_for(moments.clusters.len(), size_of::<f64>());
        let mut scores = each(rows.clusters.iter().zip(&parts.scores)).peekable();
        // Both lists of clusters are in the order of the digests.
        let score_of = |cluster: &Key| {
            let own = scores.next_if(|(other, _)| *other == cluster);
            own.and_then(|(_, s)| s.first()).copied().unwrap_or(0.0)
        };
        Ok(ControlMean {
            influence: each(&moments.clusters).map(score_of).collect(),
            weight: design.stratum_weights.iter().sum(),
        })
    }

    /// Scores of the regression on an intercept, scaled by the function of the leverage.
    fn by_leverage(moments: &Moments, control: usize, se: StdError) -> Self {
        beat();
        room_for(moments.clusters.len(), size_of::<(Wide, Tally)>());
        let mut clusters = vec![(Wide::ZERO, Tally::default()); moments.clusters.len()];
        let (mut weight, mut sum) = (Wide::ZERO, Tally::default());
        for (i, cell) in moments
            .cells
            .iter()
            .enumerate()
            .filter(|(_, c)| c.condition == control)
        {
            let rows = Wide::product(cell.weight, cell.rows);
            let of_cell = moments.sum(i, 0) * cell.weight;
            weight += rows;
            sum.add(of_cell);
            if let Some((weight, total)) = clusters.get_mut(cell.cluster) {
                *weight += rows;
                total.add(of_cell);
                total.blur(cell.weight * moments.size(i, 0));
            }
        }
        let influence = |(w, mut s): (Wide, Tally)| {
            let share = w / weight;
            s.add_times(-share, sum);
            se.spectral(share.value()) * (s.settled() / weight).value()
        };
        ControlMean {
            influence: clusters.into_iter().map(influence).collect(),
            weight: weight.value(),
        }
    }
}

/// Estimated variances and covariance of effect and control mean.
#[derive(Debug, Clone, Copy)]
pub struct Covariance {
    /// Of the effect.
    pub effect: f64,
    /// Of the control mean.
    pub mean: f64,
    /// Of both.
    pub both: f64,
}

/// All ratios that a t test does not reject: the solutions of a quadratic inequality.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RatioSet {
    /// From the first to the second.
    Interval(f64, f64),
    /// Up to the first, and from the second on.
    TwoRays(f64, f64),
    /// Up to the limit.
    RayBelow(f64),
    /// From the limit on.
    RayAbove(f64),
    /// Every number.
    Line,
}

/// All `r` with `|effect − r mean| ≤ t √(V_effect − 2 r V_both + r² V_mean)` (Fieller 1954). It holds the point estimate
/// `effect / mean`, and so is never empty; it is bounded when the denominator itself is distinguishable from 0.
pub fn ratio_set(effect: f64, mean: f64, v: Covariance, t: f64) -> RatioSet {
    let t2 = t * t;
    let a = mean * mean - t2 * v.mean;
    let b = effect * mean - t2 * v.both;
    let c = effect * effect - t2 * v.effect;
    let root = b * b - a * c;
    if a > 0.0 {
        let root = root.max(0.0).sqrt();
        return RatioSet::Interval((b - root) / a, (b + root) / a);
    }
    match (a < 0.0, root > 0.0) {
        (true, true) => {
            let root = root.sqrt();
            RatioSet::TwoRays((b + root) / a, (b - root) / a)
        }
        (false, true) if b > 0.0 => RatioSet::RayAbove(c / (2.0 * b)),
        (false, true) => RatioSet::RayBelow(c / (2.0 * b)),
        _ => RatioSet::Line,
    }
}

/// Fieller's limits of `effect / mean` with the quantile `t`. `None` if they are unbounded, which is when the control mean
/// itself is not distinguishable from 0.
pub fn fieller(effect: f64, mean: f64, v: Covariance, t: f64) -> Option<(f64, f64)> {
    match ratio_set(effect, mean, v, t) {
        RatioSet::Interval(low, high) => Some((low, high)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_where_the_test_is_at_the_edge() {
        let v = Covariance {
            effect: 0.3,
            mean: 0.2,
            both: -0.15,
        };
        let (t, effect, mean) = (2.1, 1.4, 6.0);
        let Some((low, high)) = fieller(effect, mean, v, t) else {
            unreachable!()
        };
        for r in [low, high] {
            let statistic =
                (effect - r * mean) / (v.effect - 2.0 * r * v.both + r * r * v.mean).sqrt();
            assert!((statistic.abs() - t).abs() < 1e-12);
        }
        assert!(low < effect / mean && effect / mean < high);
        assert_eq!(fieller(effect, 0.1, v, t), None);
    }
}
