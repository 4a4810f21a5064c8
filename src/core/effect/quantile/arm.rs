//! One condition of a comparison: its quantiles, and how precise they are.
//!
//! The share of outcomes not above `y` is that of each stratum, weighted by the rows of both conditions in it, which is
//! direct standardization: `F̂(y) = Σ_s π_s F̂_s(y)`, `π_s = N_s / N`. It is a contrast of the regression of zeros and ones on
//! a dummy for each condition and stratum. Such dummies have no rows in common, so that the leverage of a cluster is
//! `λ_gs = n_gs / n_s` in each stratum and nothing between strata or conditions, also if the cluster has rows in several.
//! CR2's contribution (Bell and McCaffrey 2002) is hence
//!
//! `ψ_g = Σ_s π_s Σ_i (1(y_gsi ≤ y) − F̂_s(y)) / (n_s √(1 − λ_gs))`.
//!
//! Without strata that is one term with `π = 1`. A stratum of one cluster has leverage one: nothing says how clusters vary
//! there, and there is no standard error. Degrees of freedom are in `spread`.

use super::sample::{Cell, Row, Sample};
use super::spread::Standing;
use super::target::Target;
use crate::distribution::t_critical;
use crate::exact::Wide;
use crate::pulse::{self, Pulse};

/// The part of a condition in one stratum of the analysis.
#[derive(Debug)]
pub struct Stratum<'a> {
    /// Rows.
    pub rows: f64,
    /// `π_s`, the share of the stratum among the rows of both conditions.
    pub share: f64,
    /// The cells, by cluster.
    cells: &'a [Cell<'a>],
    /// For each the place of its cluster among those of the arm.
    places: Vec<u32>,
}

impl Stratum<'_> {
    /// The clusters by their places in the arm, each with its leverage.
    pub fn leverages(&self) -> impl Iterator<Item = (usize, f64)> {
        let leverage = |c: &Cell<'_>| c.rows() as f64 / self.rows;
        let places = self.places.iter().map(|p| *p as usize);
        places.zip(self.cells.iter().map(leverage))
    }

    /// Clusters.
    pub fn clusters(&self) -> usize {
        self.cells.len()
    }
}

/// The outcomes of one condition, weighted to the strata of a comparison.
#[derive(Debug)]
pub struct Arm<'a> {
    /// Name.
    pub name: &'a str,
    /// What it was weighted to.
    pub target: Target,
    /// Strata of the analysis.
    pub strata: Vec<Stratum<'a>>,
    /// Numbers of the clusters, ascending.
    pub clusters: Vec<u32>,
    /// How the strata enter the degrees of freedom; none if a stratum is one cluster.
    pub standing: Option<Standing>,
    rows: &'a [Row],
    /// For each row the sum of the weights `N_s / n_s` up to it; empty if all weights are one.
    reached: Vec<f64>,
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
    /// `ψ_g`, in the order of the clusters.
    pub scores: Vec<f64>,
}

impl<'a> Arm<'a> {
    /// A sample weighted to the strata of a comparison.
    pub fn new(sample: &'a Sample<'a>, target: Target) -> Self {
        let mut strata: Vec<Stratum<'a>> = pulse::vector(target.strata.len());
        let mut of_all = sample.strata();
        let mut clusters = pulse::vector(sample.cells.len());
        for &(number, both) in pulse::each(&target.strata) {
            let Some((_, cells)) = of_all.find(|(s, _)| *s == number) else {
                continue;
            };
            clusters.extend(cells.iter().map(|c| c.cluster));
            strata.push(Stratum {
                rows: cells.iter().map(Cell::rows).sum::<usize>() as f64,
                share: both as f64 / target.rows as f64,
                cells,
                places: Vec::new(),
            });
        }
        pulse::sort(&mut clusters);
        clusters.dedup();
        for stratum in pulse::each(&mut strata) {
            let place = |c: &Cell<'_>| clusters.binary_search(&c.cluster).unwrap_or(0) as u32;
            stratum.places = pulse::each(stratum.cells).map(place).collect();
        }
        let mut arm = Arm {
            name: sample.name,
            reached: reached(sample, &target),
            target,
            strata,
            clusters,
            standing: None,
            rows: &sample.rows,
        };
        arm.standing = Standing::of(&arm);
        arm
    }

    /// Strata in which the condition is one cluster.
    pub fn single_clusters(&self) -> usize {
        self.strata.iter().filter(|s| s.clusters() == 1).count()
    }

    /// The smallest outcome whose share of outcomes not above it is at least `p`.
    fn value_at(&self, p: f64) -> Option<f64> {
        // 0.07 · 100 is a little more than 7 in binary, and means 7.
        let least = |of: f64| p * of - 4.0 * f64::EPSILON * (p * of);
        let place = match self.reached.is_empty() {
            true => {
                let n = self.rows.len();
                let rank = least(n as f64).ceil().max(1.0) as usize;
                rank.min(n).checked_sub(1)?
            }
            false => {
                let least = least(self.target.rows as f64);
                self.reached.partition_point(|sum| *sum < least)
            }
        };
        self.rows.get(place).map(|row| row.value)
    }

    /// The quantile; `None` without outcomes.
    pub fn quantile(&self, probability: f64) -> Option<Quantile> {
        if self.strata.is_empty() {
            return None;
        }
        let value = self.value_at(probability)?;
        let mut scores = pulse::vector(self.clusters.len());
        scores.resize(self.clusters.len(), 0.0);
        let mut pulse = Pulse::every(4096);
        for stratum in &self.strata {
            let mut up_to = 0;
            for cell in stratum.cells {
                pulse.tick();
                up_to += cell.up_to(value);
            }
            let share = up_to as f64 / stratum.rows;
            for (cell, place) in stratum.cells.iter().zip(&stratum.places) {
                pulse.tick();
                let rows = cell.rows() as f64;
                let left = 1.0 - rows / stratum.rows;
                let residuals = cell.up_to(value) as f64 - rows * share;
                if let Some(score) = scores.get_mut(*place as usize)
                    && left > 0.0
                {
                    *score += stratum.share * residuals / (stratum.rows * left.sqrt());
                }
            }
        }
        Some(Quantile {
            probability,
            value,
            std_error: scores.iter().map(|s| s * s).sum::<f64>().sqrt(),
            scores,
        })
    }

    /// Satterthwaite's degrees of freedom of a share; `None` if a stratum is one cluster.
    pub fn df(&self) -> Option<f64> {
        Some(1.0 / self.standing.as_ref()?.spread)
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
        let start = self.rows.partition_point(|row| row.value < low);
        let end = self.rows.partition_point(|row| row.value <= high);
        let inside = self.rows.get(start..end).unwrap_or(&[]);
        let equal = inside.chunk_by(|a, b| a.value == b.value);
        let counts = |rows: &&[Row]| {
            self.reached.is_empty() || rows.iter().any(|r| self.target.has(r.stratum))
        };
        pulse::each(equal).filter(counts).count()
    }
}

/// For each row of a sample the sum of the weights `N_s / n_s` of the rows up to it, where `n_s` counts rows of the sample and
/// `N_s` those of the target; empty if all weights are one. Each sum is rounded once, so that a share that is reached exactly
/// is found to be.
fn reached(sample: &Sample<'_>, target: &Target) -> Vec<f64> {
    let strata = sample.strata();
    let mut weights: Vec<(u32, Wide)> = Vec::new();
    for (stratum, cells) in pulse::each(strata) {
        let own = cells.iter().map(Cell::rows).sum::<usize>() as f64;
        let weight = Wide::from(target.rows_in(stratum) as f64) / own;
        pulse::push(&mut weights, (stratum, weight));
    }
    if weights.len() == 1 && target.strata.len() == 1 {
        return Vec::new();
    }
    let mut sums = pulse::vector(sample.rows.len());
    let mut sum = Wide::ZERO;
    for row in pulse::each(&sample.rows) {
        let at = weights.binary_search_by_key(&row.stratum, |w| w.0);
        if let Some((_, weight)) = at.ok().and_then(|at| weights.get(at)) {
            sum += *weight;
        }
        sums.push(sum.value());
    }
    sums
}
