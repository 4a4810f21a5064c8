//! What REML reads of a regression: each cluster's sums, in coordinates in which `X'X` is the identity.
//!
//! The columns are those of the least squares regression, made orthonormal: regressors about the means of the strata, and the
//! intercepts of the strata. The outcome is the residual of that regression, so that the coefficients found here are what
//! generalized least squares adds to it. Strata that a cluster links, directly or by way of others, form a block; mostly
//! each stratum is one of its own.

use crate::error::Invalid;
use crate::pulse::{self, Pulse, each};
use crate::regression::QuestionError;
use crate::regression::design::{Design, times_transposed};
use nalgebra::{DMatrix, DVector};

/// Most strata of a block.
const MAX_LINKED: usize = 500;

/// One cluster.
#[derive(Debug, Clone)]
pub struct ClusterSums {
    /// Rows.
    pub rows: f64,
    /// Sum of the residual.
    pub residual: f64,
    /// Sums of the regressors.
    pub x: DVector<f64>,
    /// Block of its strata.
    pub block: usize,
    /// Sums of the intercepts that it has rows of: place in the block, and sum.
    pub strata: Vec<(usize, f64)>,
}

/// All clusters.
#[derive(Debug)]
pub struct Sums {
    /// In the order of the design.
    pub clusters: Vec<ClusterSums>,
    /// Strata of each block.
    pub blocks: Vec<usize>,
    /// Regressors without the intercepts.
    pub p: usize,
    /// Rows.
    pub rows: f64,
    /// Coefficients with the intercepts.
    pub rank: f64,
    /// Sum of squared residuals of least squares.
    pub squares: f64,
    /// `log |X'X|` of the regressors and intercepts as they are.
    pub log_det: f64,
}

/// A vector over regressors and intercepts.
#[derive(Debug, Clone)]
pub struct Split {
    /// Regressors.
    pub x: DVector<f64>,
    /// Intercepts, by block.
    pub s: Vec<DVector<f64>>,
}

/// A symmetric matrix over regressors and intercepts, which are 0 between blocks.
#[derive(Debug, Clone)]
pub struct Form {
    /// Regressors with each other.
    pub xx: DMatrix<f64>,
    /// Regressors with the intercepts of each block.
    pub xs: Vec<DMatrix<f64>>,
    /// The intercepts of each block with each other.
    pub ss: Vec<DMatrix<f64>>,
}

impl Sums {
    /// Reads a regression without weights.
    pub fn new(design: &Design) -> Result<Self, QuestionError> {
        let (p, strata) = (design.p(), design.stratum_weights.len());
        let (places, blocks) = blocks(design);
        if let Some(&most) = blocks.iter().max().filter(|&&most| most > MAX_LINKED) {
            return Err(Invalid::number(
                "strata",
                "at most 500 where clusters link them",
                most as f64,
                "Use strata => 'ignore', or strata that whole clusters belong to.",
            )
            .into());
        }
        pulse::room_for(
            design.clusters.len(),
            size_of::<ClusterSums>() + 8 * (p + 4),
        );
        let mut clusters = Vec::with_capacity(design.clusters.len());
        let mut pulse = Pulse::every(1 << 8);
        for cluster in &design.clusters {
            pulse.tick();
            let mut sums = ClusterSums {
                rows: 0.0,
                residual: 0.0,
                x: DVector::zeros(p),
                block: 0,
                strata: Vec::with_capacity(cluster.strata.len()),
            };
            let borders = cluster.weighted().borders.iter();
            for ((x, rows, residual), &stratum) in borders.zip(&cluster.strata) {
                let size = design
                    .stratum_weights
                    .get(stratum)
                    .map_or(1.0, |w| w.sqrt());
                let (block, place) = places.get(stratum).copied().unwrap_or_default();
                sums.rows += rows;
                sums.residual += residual;
                sums.x += DVector::from_vec(times_transposed(&design.root, x));
                sums.block = block;
                sums.strata.push((place, rows / size));
            }
            clusters.push(sums);
        }
        let of_strata: f64 = each(&design.stratum_weights).map(|n| n.ln()).sum();
        // The contrasts are an upper triangular root of the inverse.
        let diagonal = (0..p).filter_map(|j| design.contrast(j).get(j).copied());
        let of_columns: f64 = diagonal.map(|d| -2.0 * d.abs().ln()).sum();
        Ok(Sums {
            clusters,
            blocks,
            p,
            rows: design.rows,
            rank: (p + strata) as f64,
            squares: design.residual_ss,
            log_det: of_strata + of_columns,
        })
    }

    /// A matrix of the form `X'f(V)X`, where `V` has one eigenvalue within clusters and, for each cluster, one between
    /// them: `within I + Σ (between − within) / n s s'`, given what `f` makes of the eigenvalues.
    pub fn form(&self, within: f64, between: impl Fn(&ClusterSums) -> f64) -> Form {
        let numbers: usize = each(&self.blocks).map(|&k| k * (k + self.p)).sum();
        pulse::room_for(self.blocks.len(), 2 * size_of::<DMatrix<f64>>());
        pulse::room_for(numbers, size_of::<f64>());
        let mut form = Form {
            xx: DMatrix::identity(self.p, self.p) * within,
            xs: each(&self.blocks)
                .map(|&k| DMatrix::zeros(self.p, k))
                .collect(),
            ss: each(&self.blocks)
                .map(|&k| DMatrix::identity(k, k) * within)
                .collect(),
        };
        let mut pulse = Pulse::every((1 << 13) / (self.p * self.p + 4) as u32 + 1);
        for cluster in &self.clusters {
            pulse.tick();
            let factor = (between(cluster) - within) / cluster.rows;
            form.xx.ger(factor, &cluster.x, &cluster.x, 1.0);
            let block = cluster.block;
            let (Some(xs), Some(ss)) = (form.xs.get_mut(block), form.ss.get_mut(block)) else {
                continue;
            };
            for &(i, a) in &cluster.strata {
                xs.column_mut(i).axpy(factor * a, &cluster.x, 1.0);
                for &(j, b) in &cluster.strata {
                    if let Some(sum) = ss.get_mut((i, j)) {
                        *sum += factor * a * b;
                    }
                }
            }
        }
        form
    }

    /// `Σ f s` over the clusters.
    pub fn vector(&self, factor: impl Fn(&ClusterSums) -> f64) -> Split {
        let mut sum = Split {
            x: DVector::zeros(self.p),
            s: each(&self.blocks).map(|&k| DVector::zeros(k)).collect(),
        };
        for cluster in each(&self.clusters) {
            let factor = factor(cluster);
            sum.x.axpy(factor, &cluster.x, 1.0);
            let Some(s) = sum.s.get_mut(cluster.block) else {
                continue;
            };
            for &(i, a) in &cluster.strata {
                if let Some(sum) = s.get_mut(i) {
                    *sum += factor * a;
                }
            }
        }
        sum
    }
}

impl ClusterSums {
    /// `s'v`.
    pub fn product(&self, v: &Split) -> f64 {
        let own = v.s.get(self.block);
        let of_stratum =
            |&(i, a): &(usize, f64)| a * own.and_then(|s| s.get(i)).copied().unwrap_or(0.0);
        self.x.dot(&v.x) + self.strata.iter().map(of_stratum).sum::<f64>()
    }
}

impl Split {
    /// Scalar product.
    pub fn dot(&self, other: &Split) -> f64 {
        let s = each(&self.s).zip(&other.s);
        self.x.dot(&other.x) + s.map(|(a, b)| a.dot(b)).sum::<f64>()
    }
}

/// By stratum its block and its place there, and the size of each block.
fn blocks(design: &Design) -> (Vec<(usize, usize)>, Vec<usize>) {
    let strata = design.stratum_weights.len();
    let mut parent: Vec<usize> = pulse::vector(strata);
    parent.extend(0..strata);
    let root = |parent: &mut Vec<usize>, mut i: usize| {
        while let Some(&up) = parent.get(i).filter(|up| **up != i) {
            let above = parent.get(up).copied().unwrap_or(up);
            if let Some(slot) = parent.get_mut(i) {
                *slot = above;
            }
            i = above;
        }
        i
    };
    for cluster in each(&design.clusters) {
        for pair in cluster.strata.windows(2) {
            if let [a, b] = *pair {
                let (a, b) = (root(&mut parent, a), root(&mut parent, b));
                if let Some(slot) = parent.get_mut(a.max(b)) {
                    *slot = a.min(b);
                }
            }
        }
    }
    // The root of a block is its first stratum.
    let mut places: Vec<(usize, usize)> = pulse::vector(strata);
    let mut sizes = Vec::new();
    for i in each(0..strata) {
        let first = root(&mut parent, i);
        let block = match places.get(first) {
            Some(&(block, _)) => block,
            None => {
                pulse::push(&mut sizes, 0);
                sizes.len() - 1
            }
        };
        if let Some(size) = sizes.get_mut(block) {
            places.push((block, *size));
            *size += 1;
        }
    }
    (places, sizes)
}
