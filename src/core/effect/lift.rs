//! Relative lift: the effect as a share of the control mean, with Fieller's interval.

use super::negligible::Tally;
use super::robust::StdError;
use crate::exact::Wide;
use crate::pulse::{beat, room_for};
use crate::sketch::Moments;

/// Influence of each cluster on the weighted mean of the control arm: the scores of an intercept-only regression, scaled
/// as the variance estimator scales them with the leverage `λ_g` = the cluster's share of the control weight.
pub fn mean_influence(moments: &Moments, control: usize, se: StdError) -> Vec<f64> {
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
    clusters.into_iter().map(influence).collect()
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
