//! The regression behind an effect: from cell moments to per-cluster Gram matrices, strata absorbed.
//!
//! Regressors are one dummy for each condition except the control, then the covariates. Stratum intercepts are partialled
//! out (Frisch, Waugh and Lovell): every column is taken about its weighted mean in the stratum, which sums allow after
//! the fact. Without strata there is one, the intercept. What the intercepts still do to a cluster's leverage is kept as a
//! border: one row for each stratum that the cluster touches (see `robust`).
//!
//! Coefficients and residuals are computed in numbers of 32 digits (see `solve`), so that conditions, strata and columns may
//! be far apart, and what has no residual has none (see `negligible`). Leverage is computed in doubles, from columns that
//! are not alike (see `columns`). A column is aliased if earlier ones leave less than 1e-7 of its length: the later column
//! goes, conditions come first (as R's `lm`, but whatever the unit and the origin of the column).

use super::columns::Columns;
use super::fit::Fit;
use super::negligible::{ALIASED, Tally};
use super::normal::{Normal, stratum_means};
use super::solve::{self, Factor};
use crate::exact::Wide;
use crate::pulse::each;
use crate::sketch::Moments;

/// Gram sums of one power of the weights over one cluster, about stratum means.
#[derive(Debug, Clone, Default)]
pub struct Gram {
    /// `Σ w^j x x'`, p×p, row by row.
    pub xx: Vec<f64>,
    /// `Σ w^j x e`, `e` being the residual.
    pub xe: Vec<f64>,
    /// Per touched stratum, in the cluster's order: `Σ w^j x` (p), `Σ w^j`, `Σ w^j e`.
    pub borders: Vec<(Vec<f64>, f64, f64)>,
}

impl Gram {
    /// Sums of nothing yet.
    pub fn zero(p: usize, strata: usize) -> Self {
        Gram {
            xx: vec![0.0; p * p],
            xe: vec![0.0; p],
            borders: vec![(vec![0.0; p], 0.0, 0.0); strata],
        }
    }

    /// Adds one cell: the condition dummies are constant in it, the covariates have cross products `within`.
    pub fn add_cell(
        &mut self,
        border: usize,
        w: f64,
        rows: f64,
        tau: &[f64],
        x: &[f64],
        within: impl Fn(usize, usize) -> f64,
    ) {
        let p = tau.len() + x.len();
        let mut put = |at: usize, value: f64| {
            if let Some(cell) = self.xx.get_mut(at) {
                *cell += w * value;
            }
        };
        let mut add = |i: usize, j: usize, value: f64| {
            put(i * p + j, value);
            if i != j {
                put(j * p + i, value);
            }
        };
        for (i, a) in tau.iter().enumerate() {
            for (j, b) in tau.iter().enumerate().skip(i) {
                add(i, j, rows * a * b);
            }
            for (j, u) in x.iter().enumerate() {
                add(i, tau.len() + j, a * u);
            }
        }
        for (i, u) in x.iter().enumerate() {
            for (j, v) in x.iter().enumerate().skip(i) {
                let value = within(i, j) + u * v / rows;
                add(tau.len() + i, tau.len() + j, value);
            }
        }
        let sums = tau.iter().map(|t| rows * t);
        let sums = sums.chain(x.iter().copied());
        let Some((border_x, border_n, _)) = self.borders.get_mut(border) else {
            return;
        };
        for (total, sum) in border_x.iter_mut().zip(sums) {
            *total += w * sum;
        }
        *border_n += w * rows;
    }

    /// Replaces the sums with residuals: of `p` regressors, then of the strata.
    pub fn put_residuals(&mut self, mut sums: impl Iterator<Item = f64>, p: usize) {
        self.xe = sums.by_ref().take(p).collect();
        for ((_, _, e), sum) in self.borders.iter_mut().zip(sums) {
            *e = sum;
        }
    }
}

/// One cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Strata that it touches, ascending.
    pub strata: Vec<usize>,
    /// Sums with powers 0, 1, 2 of the weights; only the one with power 1 if all weights are 1.
    pub grams: Vec<Gram>,
    /// The weight, if it is the same for all rows of the cluster.
    pub weight: Option<f64>,
}

impl Cluster {
    /// Sums with the first power of the weights.
    pub fn weighted(&self) -> &Gram {
        const EMPTY: &Gram = &Gram {
            xx: Vec::new(),
            xe: Vec::new(),
            borders: Vec::new(),
        };
        self.grams
            .get(if self.grams.len() == 1 { 0 } else { 1 })
            .unwrap_or(EMPTY)
    }
}

/// The regression.
#[derive(Debug)]
pub struct Design {
    /// Numbers of the treated conditions, in the order of their regressors.
    pub treated: Vec<usize>,
    /// Regressors that were kept: 0.. for conditions, then covariates.
    pub kept: Vec<usize>,
    /// Regressors that are combinations of earlier ones.
    pub aliased: Vec<usize>,
    /// Clusters, in the order of their digests. Covariates are as `columns` reads them.
    pub clusters: Vec<Cluster>,
    /// Sum of weights per stratum.
    pub stratum_weights: Vec<f64>,
    /// Strata that hold rows of one condition only.
    pub uninformative: usize,
    /// Rows.
    pub rows: f64,
    /// Coefficients of the kept regressors.
    pub beta: Vec<f64>,
    /// `L` with `L L' = (Σ w x x')⁻¹` of the columns as the clusters have them, p×p, row by row, upper triangular.
    pub root: Vec<f64>,
    /// Rows of the same `L` for the regressors as they are.
    contrasts: Vec<f64>,
    /// Weighted sum of squared residuals.
    pub residual_ss: f64,
    /// True if weights are not all 1.
    pub weighted: bool,
}

impl Design {
    /// Number of kept regressors.
    pub fn p(&self) -> usize {
        self.kept.len()
    }

    /// Builds the regression of the outcome on all conditions but `control`, and on the covariates in the moments.
    pub fn new(moments: &Moments, control: usize) -> Self {
        let treated = treated(moments, control);
        let all = moments.without_clusters();
        let mut columns = Columns::new(all);
        let mut means = stratum_means(all, &treated, &mut columns);
        let mut normal = Normal::new(all, &treated, &means, &mut columns);
        normal.leave_out_constants(all, &columns, treated.len());
        let whole = solve::factor(&normal.gram, normal.all, ALIASED);
        let (kept, aliased) = (whole.kept.clone(), whole.aliased.clone());
        let taken = columns.take_apart(&normal.gram, &whole, &treated);
        let mut factor = whole;
        if columns.are_apart() {
            means = stratum_means(all, &treated, &mut columns);
            normal = Normal::new(all, &treated, &means, &mut columns);
            factor = solve::factor(&normal.block(&kept), kept.len(), 0.0);
            factor.root.resize(kept.len() * kept.len(), Wide::ZERO);
        }
        let xy: Vec<Tally> = kept
            .iter()
            .filter_map(|&i| normal.xy.get(i))
            .copied()
            .collect();
        let beta = factor.solve(&xy);
        let q = treated.len();
        let fit = Fit {
            moments,
            treated: &treated,
            kept: &kept,
            means: &means,
            beta: &beta,
        };
        let (clusters, residual_ss) = fit.clusters(&mut columns.of(moments));
        // What was taken off a column belongs to the coefficients of those that it was taken of.
        let unit = |i: usize| match kept.get(i).and_then(|k| k.checked_sub(q)) {
            Some(column) => columns.unit(column + 1),
            None => 1.0,
        };
        let of_outcome = columns.unit(0);
        let p = kept.len();
        let mut coefficients = Vec::with_capacity(p);
        let mut contrasts = Vec::with_capacity(p * p);
        for i in 0..p {
            let mut coefficient = beta.get(i).copied().unwrap_or_default();
            let mut row = factor.root.get(i * p..(i + 1) * p).unwrap_or(&[]).to_vec();
            for (j, off) in taken.iter().enumerate() {
                let Some(&off) = off.as_ref().and_then(|o| o.get(i)) else {
                    continue;
                };
                coefficient.add_times(-off, beta.get(j).copied().unwrap_or_default());
                let other = factor.root.iter().skip(j * p);
                row.iter_mut().zip(other).for_each(|(r, &l)| *r -= off * l);
            }
            coefficients.push((coefficient.settled() * unit(i)).value() / of_outcome);
            contrasts.extend(row.iter().map(|r| r.value() * unit(i)));
        }
        Design {
            uninformative: uninformative_strata(moments),
            stratum_weights: means.iter().map(|m| m.weight.value()).collect(),
            rows: moments.cells.iter().map(|c| c.rows).sum(),
            beta: coefficients,
            root: factor.root(),
            contrasts,
            residual_ss,
            weighted: moments.cells.iter().any(|c| c.weight != 1.0),
            treated,
            kept,
            aliased,
            clusters,
        }
    }

    /// Row `j` of `L`: the unit contrast of regressor `j` in leverage coordinates.
    pub fn contrast(&self, j: usize) -> Vec<f64> {
        let p = self.p();
        self.contrasts
            .get(j * p..(j + 1) * p)
            .unwrap_or(&[])
            .to_vec()
    }
}

/// Conditions with rows, except the control.
pub fn treated(moments: &Moments, control: usize) -> Vec<usize> {
    let mut present = vec![false; moments.conditions.len()];
    for cell in each(&moments.cells) {
        if let Some(p) = present.get_mut(cell.condition) {
            *p = true;
        }
    }
    (0..present.len())
        .filter(|&c| c != control && present.get(c) == Some(&true))
        .collect()
}

fn uninformative_strata(moments: &Moments) -> usize {
    let mut first: Vec<Option<usize>> = vec![None; moments.strata.len()];
    let mut several = vec![false; moments.strata.len()];
    for cell in each(&moments.cells) {
        if let (Some(first), Some(several)) =
            (first.get_mut(cell.stratum), several.get_mut(cell.stratum))
        {
            *several |= first.is_some_and(|c| c != cell.condition);
            *first = Some(cell.condition);
        }
    }
    several.iter().filter(|s| !**s).count()
}

/// Equilibrated Cholesky of a matrix of doubles. Returns the kept and the aliased columns and `L = R⁻¹` of the kept.
pub fn factor(gram: &[f64], all: usize) -> (Vec<usize>, Vec<usize>, Vec<f64>) {
    let factor: Factor = solve::factor_doubles(gram, all);
    let root = factor.root();
    (factor.kept, factor.aliased, root)
}

/// `A' x` for a square matrix, row by row.
pub fn times_transposed(a: &[f64], x: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; x.len()];
    if x.is_empty() {
        return out;
    }
    for (row, &v) in a.chunks_exact(x.len()).zip(x) {
        out.iter_mut().zip(row).for_each(|(o, r)| *o += r * v);
    }
    out
}
