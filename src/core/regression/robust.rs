//! Cluster-robust variance by p×p algebra.
//!
//! In leverage coordinates (`x ↦ L'x` with `(X'WX)⁻¹ = L L'`, stratum dummies divided by the root of their weight) the
//! leverage of a cluster is a small matrix `C_g` whose eigenvalues are those of its block of the hat matrix, bordered by
//! one row for each stratum that the cluster touches. A variance estimator is a function `f` of it:
//! CR0 and CR1 `1`, CR2 `(1 − λ)^(−1/2)`, CR3 `(1 − λ)⁻¹` (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018).
//! For a contrast `d` the cluster contributes `ψ_g = d'f(C)z`, and for the degrees of freedom `b = C f(C) d` and
//! `α = d'f(C) C f(C) d`. Cost O(G p³), never a matrix of the size of a cluster or of the number of clusters.
//!
//! A contrast has an entry for each regressor and then, if stratum intercepts are in it, one for each stratum; a cluster
//! sees those of the strata that it touches.

use super::design::{Cluster, Design, times_transposed};
use super::error::QuestionError;
use super::negligible;
use super::satterthwaite::{Form, Terms};
use super::weighted;
use crate::error::Invalid;
use crate::pulse::{Pulse, each};
use nalgebra::{DMatrix, SymmetricEigen};

/// Leverage from which a direction has no residual.
const LEVERAGE_ONE: f64 = 1.0 - 1e-10;
/// Norm of a leverage matrix up to which the power series is used.
const SMALL: f64 = 0.1;

/// The variance estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StdError {
    /// Bias-reduced linearization, the default.
    Cr2,
    /// Sandwich without a correction.
    Cr0,
    /// Times G / (G − 1).
    Cr1,
    /// Times G / (G − p), p with all stratum dummies.
    Cr1p,
    /// Times G (N − 1) / ((G − 1)(N − k)), k with all stratum dummies, as Stata's `areg`.
    Cr1s,
    /// Sum of squared changes of the estimate when a cluster is left out.
    Cr3,
    /// CR3 times (G − 1) / G: the jackknife centred at the estimate (MacKinnon, Nielsen and Webb 2023).
    Cv3,
    /// CR2 where each cluster is one row, whose residual is divided by `√(1 − h)` (MacKinnon and White 1985). With weights `h` is
    /// the leverage of the weighted regression, and the working model of the degrees of freedom has variances in inverse
    /// proportion to the weights, in which HC2 is unbiased; CR2 has equal ones.
    Hc2,
    /// CR3 where each cluster is one row, whose residual is divided by `1 − h` (Davidson and MacKinnon 1993), with the working
    /// model of HC2.
    Hc3,
    /// Classical, without regard to clusters. To teach.
    Naive,
    /// That of a model with a random intercept for each cluster (see `reml`), by Kenward and Roger (1997).
    KenwardRoger,
    /// The same with its standard error as it is, and Satterthwaite's degrees of freedom.
    Reml,
    /// The delta method over clusters, for ratios.
    Delta,
}

impl StdError {
    /// All of them.
    pub const ALL: &[StdError] = &[
        StdError::Cr2,
        StdError::Cr0,
        StdError::Cr1,
        StdError::Cr1p,
        StdError::Cr1s,
        StdError::Cr3,
        StdError::Cv3,
        StdError::Hc2,
        StdError::Hc3,
        StdError::Naive,
        StdError::KenwardRoger,
        StdError::Reml,
        StdError::Delta,
    ];

    /// The word of a call.
    pub fn word(self) -> &'static str {
        match self {
            StdError::Cr2 => "CR2",
            StdError::Cr0 => "CR0",
            StdError::Cr1 => "CR1",
            StdError::Cr1p => "CR1p",
            StdError::Cr1s => "CR1S",
            StdError::Cr3 => "CR3",
            StdError::Cv3 => "CV3",
            StdError::Hc2 => "HC2",
            StdError::Hc3 => "HC3",
            StdError::KenwardRoger => "KR",
            StdError::Reml => "REML",
            StdError::Naive => "naive",
            StdError::Delta => "delta",
        }
    }

    /// True if it is that of a sandwich, or the classical one: of the regression by least squares.
    pub fn is_of_least_squares(self) -> bool {
        !matches!(
            self,
            StdError::Delta | StdError::KenwardRoger | StdError::Reml
        )
    }

    /// True if leverage enters the variance.
    pub fn is_adjusted(self) -> bool {
        matches!(
            self,
            StdError::Cr2 | StdError::Cr3 | StdError::Cv3 | StdError::Hc2 | StdError::Hc3
        )
    }

    /// True if the degrees of freedom are Satterthwaite's; others have `G − 1`.
    pub fn is_satterthwaite(self) -> bool {
        self.is_adjusted() && self != StdError::Cv3
    }

    /// True if each cluster must be one row.
    pub fn is_of_rows(self) -> bool {
        matches!(self, StdError::Hc2 | StdError::Hc3)
    }

    /// True if clusters are left out in turn, which must leave an effect to estimate.
    pub fn is_jackknife(self) -> bool {
        matches!(self, StdError::Cr3 | StdError::Cv3 | StdError::Hc3)
    }

    /// `f(λ)`; the direction of leverage one has no residual and gets 0, as the Moore-Penrose inverse.
    pub fn spectral(self, lambda: f64) -> f64 {
        match self {
            _ if lambda >= LEVERAGE_ONE && self.is_adjusted() => 0.0,
            StdError::Cr2 | StdError::Hc2 => 1.0 / (1.0 - lambda).sqrt(),
            StdError::Cr3 | StdError::Cv3 | StdError::Hc3 => 1.0 / (1.0 - lambda),
            _ => 1.0,
        }
    }

    /// Factor on the variance.
    pub fn factor(self, rows: f64, clusters: f64, parameters: f64) -> f64 {
        match self {
            StdError::Cr1 => clusters / (clusters - 1.0),
            StdError::Cr1p => clusters / (clusters - parameters),
            StdError::Cv3 => (clusters - 1.0) / clusters,
            StdError::Cr1s => clusters * (rows - 1.0) / ((clusters - 1.0) * (rows - parameters)),
            _ => 1.0,
        }
    }
}

/// Contributions of all clusters to a set of contrasts.
#[derive(Debug)]
pub struct Contributions {
    /// `ψ_g` per cluster and contrast.
    pub scores: Vec<Vec<f64>>,
    /// What the degrees of freedom need; empty unless asked for.
    pub terms: Vec<Terms>,
    /// How terms of different clusters are multiplied.
    pub form: Form,
    /// True per contrast if a direction in which a cluster has leverage one carries it, so that leaving the cluster out leaves nothing to estimate.
    pub carried: Vec<bool>,
}

/// Contributions of all clusters to contrasts given in leverage coordinates: of the regressors, or of these and all strata.
pub fn contributions(
    design: &Design,
    contrasts: &[Vec<f64>],
    se: StdError,
) -> Result<Contributions, QuestionError> {
    let mut out = Contributions {
        scores: Vec::with_capacity(design.clusters.len()),
        terms: Vec::new(),
        form: Form::Identity,
        carried: vec![false; contrasts.len()],
    };
    if se.is_of_rows() {
        check_rows(design, se)?;
    }
    // With variances in inverse proportion to the weights, rows times the root of their weight are as rows without weights.
    if design.weighted && !se.is_of_rows() {
        weighted::contributions(design, contrasts, se, &mut out)?;
        return Ok(out);
    }
    let mut block = Block::default();
    let sizes = sizes(contrasts);
    let mut pulse = Pulse::every(1 << 8);
    for cluster in &design.clusters {
        pulse.tick();
        block.load(design, cluster);
        let applied = block.apply(contrasts, &sizes, se, &mut out.carried)?;
        let score = |w: &Vec<f64>| negligible::product(w, &block.z);
        out.scores.push(applied.iter().map(score).collect());
        if se.is_satterthwaite() {
            out.terms.push(block.terms(&applied, cluster));
        }
    }
    Ok(out)
}

/// Refuses clusters of several rows where each must be one.
fn check_rows(design: &Design, se: StdError) -> Result<(), QuestionError> {
    let several = |cluster: &&Cluster| {
        // Without weights there is one set of sums; with them the first has the zeroth power.
        let borders = cluster.grams.first().map_or(&[][..], |g| &g.borders);
        borders.iter().map(|(_, rows, _)| rows).sum::<f64>() > 1.5
    };
    match each(&design.clusters).filter(several).count() {
        0 => Ok(()),
        several => Err(Invalid {
            argument: "se",
            must: "\"CR2\", \"CR3\" or another estimator for clusters",
            got: format!(
                "\"{}\" though {several} of {} clusters have several rows",
                se.word(),
                design.clusters.len()
            ),
            hint: "Use \"CR2\". Where students were assigned one by one, build the sketch with the id of the student as the cluster.",
        }
        .into()),
    }
}

/// Bordered leverage matrix (row by row) and scores of one cluster, with the first power of the weights: first the
/// regressors, then the strata that the cluster touches, divided by the root of their weight.
pub fn bordered(design: &Design, cluster: &Cluster) -> (Vec<f64>, Vec<f64>) {
    let mut block = Block::default();
    block.load(design, cluster);
    (block.c, block.z)
}

/// Lengths of contrasts.
pub fn sizes(contrasts: &[Vec<f64>]) -> Vec<f64> {
    let length = |d: &Vec<f64>| each(d).map(|v| v * v).sum::<f64>().sqrt();
    contrasts.iter().map(length).collect()
}

/// What one cluster sees of a contrast: the entries of `p` regressors, then those of the strata that it touches; 0 where the
/// contrast has ended.
pub fn local<'a>(
    contrast: &'a [f64],
    p: usize,
    strata: &'a [usize],
) -> impl Iterator<Item = f64> + 'a {
    (0..p)
        .chain(strata.iter().map(move |s| p + s))
        .map(|at| contrast.get(at).copied().unwrap_or(0.0))
}

/// Bordered leverage matrix and scores of one cluster.
#[derive(Default)]
pub struct Block {
    p: usize,
    strata: Vec<usize>,
    /// Rows of the matrix: regressors, and strata that the cluster touches.
    pub k: usize,
    /// The leverage matrix, k×k, row by row.
    pub c: Vec<f64>,
    /// The scores.
    pub z: Vec<f64>,
    buffer: Vec<f64>,
}

impl Block {
    /// Reads a cluster.
    pub fn load(&mut self, design: &Design, cluster: &Cluster) {
        let gram = cluster.weighted();
        let (p, k) = (design.p(), design.p() + cluster.strata.len());
        (self.p, self.k) = (p, k);
        self.strata.clone_from(&cluster.strata);
        self.c.clear();
        self.c.resize(k * k, 0.0);
        self.z.clear();
        leverage(&design.root, &gram.xx, p, k, &mut self.c, &mut self.buffer);
        self.z.extend(times_transposed(&design.root, &gram.xe));
        for (i, ((t, n, e), stratum)) in gram.borders.iter().zip(&cluster.strata).enumerate() {
            let weight = design.stratum_weights.get(*stratum).copied().unwrap_or(1.0);
            let at = p + i;
            for (j, v) in times_transposed(&design.root, t).into_iter().enumerate() {
                set(&mut self.c, at * k + j, v / weight.sqrt());
                set(&mut self.c, j * k + at, v / weight.sqrt());
            }
            set(&mut self.c, at * k + at, n / weight);
            self.z.push(e / weight.sqrt());
        }
    }

    /// `f(C) d` for each contrast. Marks the contrasts of which a direction of leverage one carries a part, against their
    /// `sizes`.
    pub fn apply(
        &self,
        contrasts: &[Vec<f64>],
        sizes: &[f64],
        se: StdError,
        carried: &mut [bool],
    ) -> Result<Vec<Vec<f64>>, QuestionError> {
        let seen = contrasts
            .iter()
            .map(|d| local(d, self.p, &self.strata).collect());
        if !se.is_adjusted() {
            return Ok(seen.collect());
        }
        let norm = self.c.iter().map(|v| v * v).sum::<f64>().sqrt();
        if norm <= SMALL {
            return Ok(seen.map(|d| self.series(d, se, norm)).collect());
        }
        let eigen = eigen(DMatrix::from_row_slice(self.k, self.k, &self.c))?;
        let spectral = |(i, (d, size)): (usize, (Vec<f64>, &f64))| {
            let mut w = vec![0.0; self.k];
            for (&lambda, v) in eigen
                .eigenvalues
                .iter()
                .zip(eigen.eigenvectors.column_iter())
            {
                let u: f64 = v.iter().zip(&d).map(|(a, b)| a * b).sum();
                if lambda >= LEVERAGE_ONE
                    && u.abs() > 1e-6 * size
                    && let Some(carried) = carried.get_mut(i)
                {
                    *carried = true;
                }
                let f = se.spectral(lambda.clamp(0.0, 1.0)) * u;
                w.iter_mut().zip(v.iter()).for_each(|(w, v)| *w += f * v);
            }
            w
        };
        Ok(seen.zip(sizes).enumerate().map(spectral).collect())
    }

    /// `f(C) d` by the power series of `f`, for small `C`: terms shrink by the norm.
    fn series(&self, d: Vec<f64>, se: StdError, norm: f64) -> Vec<f64> {
        let mut sum = d.clone();
        let (mut power, mut size, mut i) = (d, 1.0, 0.0);
        while size > 1e-18 && i < 64.0 {
            let ratio = if matches!(se, StdError::Cr2 | StdError::Hc2) {
                (2.0 * i + 1.0) / (2.0 * i + 2.0)
            } else {
                1.0
            };
            power = self
                .c
                .chunks_exact(self.k)
                .map(|row| ratio * dot(row, &power))
                .collect();
            sum.iter_mut().zip(&power).for_each(|(s, p)| *s += p);
            size *= norm;
            i += 1.0;
        }
        sum
    }

    fn terms(&self, applied: &[Vec<f64>], cluster: &Cluster) -> Terms {
        let images: Vec<Vec<f64>> = applied
            .iter()
            .map(|w| self.c.chunks_exact(self.k).map(|row| dot(row, w)).collect())
            .collect();
        let alpha = applied
            .iter()
            .map(|w| images.iter().map(|b| dot(w, b)).collect())
            .collect();
        let split = |b: &Vec<f64>| {
            b.split_at_checked(self.p)
                .map_or((b.clone(), Vec::new()), |(x, s)| (x.to_vec(), s.to_vec()))
        };
        let (common, by_stratum) = images.iter().map(split).unzip();
        Terms {
            alpha,
            common,
            by_stratum,
            strata: cluster.strata.clone(),
            width: 1,
        }
    }
}

/// Upper left block of `out` (k×k) = `L'S L`.
fn leverage(root: &[f64], s: &[f64], p: usize, k: usize, out: &mut [f64], buffer: &mut Vec<f64>) {
    if p == 0 {
        return;
    }
    // S L, then L'(S L); L is upper triangular.
    buffer.clear();
    for row in s.chunks_exact(p) {
        for j in 0..p {
            buffer.push(
                row.iter()
                    .take(j + 1)
                    .zip(root.iter().skip(j).step_by(p))
                    .map(|(a, b)| a * b)
                    .sum(),
            );
        }
    }
    for i in 0..p {
        for j in i..p {
            let column = buffer.iter().skip(j).step_by(p);
            let value = root
                .iter()
                .skip(i)
                .step_by(p)
                .zip(column)
                .take(i + 1)
                .map(|(a, b)| a * b)
                .sum();
            set(out, i * k + j, value);
            set(out, j * k + i, value);
        }
    }
}

/// Eigenvalues and vectors of a symmetric matrix.
pub fn eigen(matrix: DMatrix<f64>) -> Result<SymmetricEigen<f64, nalgebra::Dyn>, QuestionError> {
    if matrix.iter().any(|v| !v.is_finite()) {
        return Err(QuestionError::Numeric("the leverage of a cluster"));
    }
    SymmetricEigen::try_new(matrix, f64::EPSILON, 10_000)
        .ok_or(QuestionError::Numeric("the leverage of a cluster"))
}

fn set(v: &mut [f64], at: usize, value: f64) {
    if let Some(slot) = v.get_mut(at) {
        *slot = value;
    }
}

/// Scalar product.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
