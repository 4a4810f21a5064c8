//! One condition: its quantiles, and how precise they are.
//!
//! The share of outcomes not above `y` is the mean of zeros and ones. With `λ_g = n_g / N` the cluster's leverage is `λ_g`,
//! so that CR2's contribution is `ψ_g = Σ_i (1(y_gi ≤ y) − F̂) / (N √(1 − λ_g))`. Under the working model `tr P = 1 / N`, and with
//! `r_g = λ_g / √(1 − λ_g)` the entries of `P` are `λ_g / N` and `−r_g r_h / N`, hence the degrees of freedom
//! `1 / (Σ λ² + (Σ r²)² − Σ r⁴)` (Bell and McCaffrey 2002).

use crate::distribution::t_critical;
use crate::pulse::{self, Pulse};
use crate::sketch::Key;
use std::cmp::Ordering;

/// The outcomes of one condition.
#[derive(Debug)]
pub struct Arm {
    /// Name.
    pub name: String,
    /// Clusters by digest, each with its outcomes in ascending order.
    clusters: Vec<(Key, Vec<f64>)>,
    /// All outcomes in ascending order.
    sorted: Vec<f64>,
}

/// A quantile and the precision of the share of outcomes not above it.
#[derive(Debug)]
pub struct Quantile {
    /// Which.
    pub probability: f64,
    /// The quantile.
    pub value: f64,
    /// Standard error of the share.
    pub std_error: f64,
    /// `ψ_g`.
    pub scores: Vec<f64>,
}

impl Arm {
    /// From clusters by digest with their outcomes in ascending order.
    pub fn new(name: String, clusters: Vec<(Key, Vec<f64>)>) -> Self {
        let mut sorted: Vec<f64> = pulse::vector(clusters.iter().map(|c| c.1.len()).sum());
        for cluster in pulse::each(&clusters) {
            sorted.extend_from_slice(&cluster.1);
        }
        pulse::sort_by(&mut sorted, f64::total_cmp);
        Arm {
            name,
            clusters,
            sorted,
        }
    }

    /// Rows.
    pub fn n(&self) -> u64 {
        self.sorted.len() as u64
    }

    /// Clusters.
    pub fn cluster_count(&self) -> u64 {
        self.clusters.len() as u64
    }

    fn share(&self, cluster: &(Key, Vec<f64>)) -> f64 {
        cluster.1.len() as f64 / self.sorted.len() as f64
    }

    /// The smallest outcome whose share of outcomes not above it is at least `p`.
    fn value_at(&self, p: f64) -> Option<f64> {
        let n = self.sorted.len();
        let at = p * n as f64;
        // 0.07 · 100 is a little more than 7 in binary, and means 7.
        let rank = (at - 4.0 * f64::EPSILON * at).ceil().max(1.0) as usize;
        self.sorted.get(rank.min(n).checked_sub(1)?).copied()
    }

    /// The quantile; `None` without outcomes.
    pub fn quantile(&self, probability: f64) -> Option<Quantile> {
        let value = self.value_at(probability)?;
        let mut pulse = Pulse::every(4096);
        let up_to = |values: &[f64]| values.partition_point(|y| *y <= value) as f64;
        let n = self.sorted.len() as f64;
        let share = up_to(&self.sorted) / n;
        let score = |cluster: &(Key, Vec<f64>)| {
            pulse.tick();
            let rows = cluster.1.len() as f64;
            let left = 1.0 - self.share(cluster);
            match left > 0.0 {
                true => (up_to(&cluster.1) - rows * share) / (n * left.sqrt()),
                false => 0.0,
            }
        };
        let scores: Vec<f64> = self.clusters.iter().map(score).collect();
        Some(Quantile {
            probability,
            value,
            std_error: scores.iter().map(|s| s * s).sum::<f64>().sqrt(),
            scores,
        })
    }

    /// Satterthwaite's degrees of freedom of a share; `None` below two clusters.
    pub fn df(&self) -> Option<f64> {
        if self.clusters.len() < 2 {
            return None;
        }
        let (mut shares, mut squares, mut fourth) = (0.0, 0.0, 0.0);
        for cluster in &self.clusters {
            let share = self.share(cluster);
            let square = share * share / (1.0 - share);
            shares += share * share;
            squares += square;
            fourth += square * square;
        }
        Some(1.0 / (shares + squares * squares - fourth))
    }

    /// Woodruff's limits; a limit beyond the outcomes is `None`.
    pub fn limits(&self, quantile: &Quantile, level: f64) -> (Option<f64>, Option<f64>) {
        let Some(t) = self.df().and_then(|df| t_critical(1.0 - level, df)) else {
            return (None, None);
        };
        let (low, high) = (
            quantile.probability - t * quantile.std_error,
            quantile.probability + t * quantile.std_error,
        );
        (
            (low > 0.0).then(|| self.value_at(low)).flatten(),
            (high <= 1.0).then(|| self.value_at(high)).flatten(),
        )
    }

    /// Different outcomes from `low` to `high`, both included.
    pub fn values_within(&self, low: f64, high: f64) -> usize {
        let start = self.sorted.partition_point(|y| *y < low);
        let end = self.sorted.partition_point(|y| *y <= high);
        let inside = self.sorted.get(start..end).unwrap_or(&[]);
        inside.chunk_by(|a, b| a == b).count()
    }

    /// What the clusters with rows of both conditions do to a difference.
    pub fn overlap(&self, other: &Arm) -> Overlap {
        let mut overlap = Overlap::default();
        let (mut i, mut j) = (0, 0);
        let mut fourth = 0.0;
        let mut products = 0.0;
        while let (Some(a), Some(b)) = (self.clusters.get(i), other.clusters.get(j)) {
            match a.0.cmp(&b.0) {
                Ordering::Less => i += 1,
                Ordering::Greater => j += 1,
                Ordering::Equal => {
                    let (x, y) = (self.share(a), other.share(b));
                    let product = x * y / ((1.0 - x) * (1.0 - y)).sqrt();
                    overlap.pairs.push((i, j));
                    overlap.clusters += 1;
                    overlap.spread += x * y;
                    products += product;
                    fourth += product * product;
                    i += 1;
                    j += 1;
                }
            }
        }
        overlap.spread += products * products - fourth;
        overlap
    }
}

/// Clusters that two conditions share.
#[derive(Debug, Default)]
pub struct Overlap {
    /// How many.
    pub clusters: u64,
    pairs: Vec<(usize, usize)>,
    /// `N₁ N₀ ⟨P₁, P₀⟩`.
    spread: f64,
}

impl Overlap {
    /// Covariance of the two shares.
    pub fn covariance(&self, a: &[f64], b: &[f64]) -> f64 {
        let product = |&(i, j): &(usize, usize)| a.get(i).zip(b.get(j)).map_or(0.0, |(x, y)| x * y);
        self.pairs.iter().map(product).sum()
    }

    /// Satterthwaite's degrees of freedom of `u F̂₁ − v F̂₀`, shares having the same variance in all students.
    pub fn df(&self, a: &Arm, b: &Arm, u: f64, v: f64) -> Option<f64> {
        // A unit of u and v would cancel, so they are taken in one in which their squares can be squared again.
        let unit = u.max(v);
        let (x, y) = (
            (u / unit).powi(2) / a.n() as f64,
            (v / unit).powi(2) / b.n() as f64,
        );
        let spread = x * x / a.df()? + y * y / b.df()? + 2.0 * x * y * self.spread;
        (spread > 0.0).then(|| (x + y).powi(2) / spread)
    }
}
