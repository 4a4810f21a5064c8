//! Satterthwaite's degrees of freedom of shares, and of a difference of their multiples.
//!
//! Working model: zeros and ones have the same variance in all students. With `m_s = π_s² / n_s`, `λ_gs = n_gs / n_s` and
//! `r_gs = λ_gs / √(1 − λ_gs)` the variance estimate `Σ ψ_g²` of a share (see `arm`) has the matrix `P` with
//! `P_gg = Σ_s m_s λ_gs` and `P_gh = −Σ_s m_s r_gs r_hs`, so that `tr P = Σ m_s` and `⟨P, P⟩ = Σ_s Σ_t m_s m_t S_st` with
//!
//! `S_st = Σ_g λ_gs λ_gt + (Σ_g r_gs r_gt)² − Σ_g r_gs² r_gt²`,
//!
//! and the degrees of freedom are `(tr P)² / ⟨P, P⟩` (Bell and McCaffrey 2002). `S_st` of two strata is 0 unless they have
//! clusters in common. In `u F̂₁ − v F̂₀` the strata of the first condition have `u² m_s` and those of the second `v² m_s`.

use super::arm::{Arm, Stratum};
use crate::pulse::{self, Pulse};
use std::cmp::Ordering;

/// How the strata of an arm enter the degrees of freedom.
#[derive(Debug)]
pub struct Standing {
    /// For each stratum `m_s / Σ m`.
    parts: Vec<f64>,
    /// Rows.
    n: f64,
    /// `n Σ m`, the variance of a share over that without weights (Kish 1965).
    design_effect: f64,
    /// `⟨P, P⟩ / (tr P)²`.
    pub spread: f64,
}

impl Standing {
    /// None if a stratum is one cluster.
    pub fn of(arm: &Arm<'_>) -> Option<Self> {
        if arm.strata.is_empty() || arm.single_clusters() > 0 {
            return None;
        }
        // By the rows of the arm, so that one stratum has exactly the part 1.
        let n: f64 = arm.strata.iter().map(|s| s.rows).sum();
        let mut parts = pulse::vector(arm.strata.len());
        parts.extend(arm.strata.iter().map(|s| s.share * s.share * (n / s.rows)));
        let design_effect: f64 = parts.iter().sum();
        parts.iter_mut().for_each(|m| *m /= design_effect);
        let mut standing = Standing {
            parts,
            n,
            design_effect,
            spread: 0.0,
        };
        standing.spread = spread((arm, &standing), (arm, &standing), Some);
        Some(standing)
    }
}

/// The strata of each cluster of an arm, with its leverage there.
struct ByCluster {
    /// Where the entries of each cluster begin, and where the last ones end.
    starts: Vec<usize>,
    /// Stratum and leverage.
    entries: Vec<(usize, f64)>,
}

impl ByCluster {
    fn of(arm: &Arm<'_>) -> Self {
        let mut sorted = pulse::vector(arm.strata.iter().map(Stratum::clusters).sum());
        for (s, stratum) in pulse::each(&arm.strata).enumerate() {
            sorted.extend(pulse::each(stratum.leverages()).map(|(g, lambda)| (g, s, lambda)));
        }
        pulse::sort_by(&mut sorted, |a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let mut starts = pulse::vector(arm.clusters.len() + 1);
        let mut at = 0;
        for cluster in sorted.chunk_by(|a, b| a.0 == b.0) {
            starts.push(at);
            at += cluster.len();
        }
        starts.push(at);
        let mut entries = pulse::vector(sorted.len());
        entries.extend(sorted.iter().map(|(_, s, lambda)| (*s, *lambda)));
        ByCluster { starts, entries }
    }

    fn of_cluster(&self, cluster: usize) -> &[(usize, f64)] {
        let range = self.starts.get(cluster).zip(self.starts.get(cluster + 1));
        range
            .and_then(|(&from, &to)| self.entries.get(from..to))
            .unwrap_or(&[])
    }
}

/// Sums over the clusters that two strata have in common.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// `Σ λλ`
    leverages: f64,
    /// `Σ rr`
    products: f64,
    /// `Σ r²r²`
    squares: f64,
}

/// `Σ_s Σ_t (m_s / Σ m) (m_t / Σ m) S_st` over the strata of two arms. `partner` finds the place of a cluster of the first arm
/// in the second.
fn spread(
    first: (&Arm<'_>, &Standing),
    second: (&Arm<'_>, &Standing),
    partner: impl Fn(usize) -> Option<usize>,
) -> f64 {
    let others = ByCluster::of(second.0);
    // Of the stratum at hand with each of the second arm; those that are not nought.
    let mut sums = pulse::vector(second.0.strata.len());
    sums.resize(second.0.strata.len(), Sums::default());
    let mut touched: Vec<usize> = Vec::new();
    let mut pulse = Pulse::every(4096);
    let mut total = 0.0;
    for (stratum, part) in first.0.strata.iter().zip(&first.1.parts) {
        for (cluster, x) in stratum.leverages() {
            pulse.tick();
            let Some(other) = partner(cluster) else {
                continue;
            };
            for &(t, y) in others.of_cluster(other) {
                pulse.tick();
                let Some(sum) = sums.get_mut(t) else { continue };
                if sum.leverages == 0.0 {
                    touched.push(t);
                }
                let product = x * y / ((1.0 - x) * (1.0 - y)).sqrt();
                sum.leverages += x * y;
                sum.products += product;
                sum.squares += product * product;
            }
        }
        for t in touched.drain(..) {
            let Some(sum) = sums.get_mut(t).map(std::mem::take) else {
                continue;
            };
            let other = second.1.parts.get(t).copied().unwrap_or(0.0);
            total += part * other * (sum.leverages + sum.products * sum.products - sum.squares);
        }
    }
    total
}

/// Clusters that two conditions share.
#[derive(Debug, Default)]
pub struct Overlap {
    /// How many.
    pub clusters: u64,
    /// Their places in both arms.
    pairs: Vec<(usize, usize)>,
    /// `⟨P₁, P₀⟩ / (tr P₁ tr P₀)`.
    spread: f64,
}

impl Overlap {
    /// Of two arms.
    pub fn new(a: &Arm<'_>, b: &Arm<'_>) -> Self {
        let mut pairs = Vec::new();
        let (mut i, mut j) = (0, 0);
        let mut pulse = Pulse::every(4096);
        while let (Some(x), Some(y)) = (a.clusters.get(i), b.clusters.get(j)) {
            pulse.tick();
            match x.cmp(y) {
                Ordering::Less => i += 1,
                Ordering::Greater => j += 1,
                Ordering::Equal => {
                    pulse::push(&mut pairs, (i, j));
                    i += 1;
                    j += 1;
                }
            }
        }
        let spread = match (&a.standing, &b.standing) {
            (Some(x), Some(y)) if !pairs.is_empty() => spread((a, x), (b, y), |place| {
                let at = pairs.binary_search_by_key(&place, |p| p.0).ok()?;
                pairs.get(at).map(|p| p.1)
            }),
            _ => 0.0,
        };
        Overlap {
            clusters: pairs.len() as u64,
            pairs,
            spread,
        }
    }

    /// Covariance of the two shares.
    pub fn covariance(&self, a: &[f64], b: &[f64]) -> f64 {
        let product = |&(i, j): &(usize, usize)| a.get(i).zip(b.get(j)).map_or(0.0, |(x, y)| x * y);
        self.pairs.iter().map(product).sum()
    }

    /// Satterthwaite's degrees of freedom of `u F̂₁ − v F̂₀`, shares having the same variance in all students.
    pub fn df(&self, a: &Arm<'_>, b: &Arm<'_>, u: f64, v: f64) -> Option<f64> {
        let (of_a, of_b) = (a.standing.as_ref()?, b.standing.as_ref()?);
        // A unit of u and v would cancel, so they are taken in one in which their squares can be squared again.
        let unit = u.max(v);
        let (x, y) = (
            (u / unit).powi(2) * of_a.design_effect / of_a.n,
            (v / unit).powi(2) * of_b.design_effect / of_b.n,
        );
        let spread = x * x / a.df()? + y * y / b.df()? + 2.0 * x * y * self.spread;
        (spread > 0.0).then(|| (x + y).powi(2) / spread)
    }
}
