//! The regression behind an effect: from cell moments to per-cluster Gram matrices, strata absorbed.
//!
//! Regressors are one dummy for each condition but the control, then the covariates. Stratum intercepts are partialled
//! out (Frisch, Waugh and Lovell): every column is taken about its weighted mean in the stratum, which sums allow after
//! the fact. Without strata there is one, the intercept. What the intercepts still do to a cluster's leverage is kept as a
//! border: one row for each stratum that the cluster touches (see `robust`).
//!
//! Scales differ by what a user measures, so the Gram matrix is equilibrated before it is factored, and a column whose
//! remaining pivot is below 1e-11 is aliased: the later column goes, conditions come first (as R's `lm`, but by scale-free
//! tolerance).

use crate::pulse::{Pulse, each};
use crate::sketch::Moments;

/// Pivot, relative to the column's own sum of squares, under which a column is taken for a combination of earlier ones.
const ALIASED: f64 = 1e-11;

/// Gram sums of one power of the weights over one cluster, about stratum means.
#[derive(Debug, Clone, Default)]
pub struct Gram {
    /// `Σ w^j x x'`, p×p, row by row.
    pub xx: Vec<f64>,
    /// `Σ w^j x y`.
    pub xy: Vec<f64>,
    /// Per touched stratum, in the cluster's order: `Σ w^j x` (p), `Σ w^j`, `Σ w^j y`.
    pub borders: Vec<(Vec<f64>, f64, f64)>,
}

impl Gram {
    fn zero(p: usize, strata: usize) -> Self {
        Gram {
            xx: vec![0.0; p * p],
            xy: vec![0.0; p],
            borders: vec![(vec![0.0; p], 0.0, 0.0); strata],
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
            xy: Vec::new(),
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
    /// Clusters, in the order of their digests.
    pub clusters: Vec<Cluster>,
    /// Sum of weights per stratum.
    pub stratum_weights: Vec<f64>,
    /// Strata that hold rows of one condition only.
    pub uninformative: usize,
    /// Rows.
    pub rows: f64,
    /// Coefficients of the kept regressors.
    pub beta: Vec<f64>,
    /// `L` with `L L' = (Σ w x x')⁻¹`, p×p, row by row, upper triangular.
    pub root: Vec<f64>,
    /// Weighted sum of squares of the outcome about stratum means.
    pub total_ss: f64,
    /// Weighted sum of squared residuals.
    pub residual_ss: f64,
    /// True if weights are not all 1.
    pub weighted: bool,
}

/// Means of one stratum about its centre.
struct StratumMeans {
    weight: f64,
    /// Weighted mean offset of each numeric column.
    numeric: Vec<f64>,
    /// Weighted share of each treated condition.
    shares: Vec<f64>,
}

impl Design {
    /// Number of kept regressors.
    pub fn p(&self) -> usize {
        self.kept.len()
    }

    /// Builds the regression of the outcome on all conditions but `control`, and on the covariates in the moments.
    pub fn new(moments: &Moments, control: usize) -> Self {
        let treated = treated(moments, control);
        let all = treated.len() + moments.columns - 1;
        let means = stratum_means(moments, &treated);
        let uninformative = uninformative_strata(moments);
        let mut clusters = gather(moments, &treated, &means);
        let (mut gram, mut xy, mut total_ss) = (vec![0.0; all * all], vec![0.0; all], 0.0);
        let mut pulse = Pulse::every(1 << 10);
        for cluster in &clusters {
            pulse.tick();
            add_to(&mut gram, &cluster.weighted().xx);
            add_to(&mut xy, &cluster.weighted().xy);
        }
        for (i, cell) in each(moments.cells.iter()).enumerate() {
            let offset = numeric_offset(moments, i, means.get(cell.stratum), 0);
            let within = moments.within(i).first().copied().unwrap_or(0.0);
            total_ss += cell.weight * (within + offset * offset / cell.rows);
        }
        let (kept, aliased, root) = factor(&gram, all);
        let mut pulse = Pulse::every(1 << 8);
        for gram in clusters.iter_mut().flat_map(|c| c.grams.iter_mut()) {
            pulse.tick();
            select(gram, &kept, all);
        }
        let xy: Vec<f64> = kept.iter().filter_map(|&i| xy.get(i)).copied().collect();
        // β = L L' Σxy
        let beta = times(&root, &times_transposed(&root, &xy));
        let explained: f64 = beta.iter().zip(&xy).map(|(b, q)| b * q).sum();
        let weighted = moments.cells.iter().any(|c| c.weight != 1.0);
        Design {
            treated,
            kept,
            aliased,
            clusters,
            stratum_weights: means.iter().map(|m| m.weight).collect(),
            uninformative,
            rows: moments.cells.iter().map(|c| c.rows).sum(),
            beta,
            root,
            total_ss,
            residual_ss: (total_ss - explained).max(0.0),
            weighted,
        }
    }

    /// Column `j` of `L'`: the unit contrast of regressor `j` in leverage coordinates.
    pub fn contrast(&self, j: usize) -> Vec<f64> {
        let p = self.p();
        self.root.get(j * p..(j + 1) * p).unwrap_or(&[]).to_vec()
    }
}

/// Conditions with rows, but the control.
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

fn stratum_means(moments: &Moments, treated: &[usize]) -> Vec<StratumMeans> {
    let blank = || StratumMeans {
        weight: 0.0,
        numeric: vec![0.0; moments.columns],
        shares: vec![0.0; treated.len()],
    };
    let mut means: Vec<StratumMeans> = each(&moments.strata).map(|_| blank()).collect();
    for (i, cell) in each(moments.cells.iter()).enumerate() {
        let Some(m) = means.get_mut(cell.stratum) else {
            continue;
        };
        let weight = cell.weight * cell.rows;
        m.weight += weight;
        for (mean, sum) in m.numeric.iter_mut().zip(moments.sums(i)) {
            *mean += cell.weight * sum;
        }
        for (share, &condition) in m.shares.iter_mut().zip(treated) {
            if condition == cell.condition {
                *share += weight;
            }
        }
    }
    for m in each(&mut means) {
        for value in m.numeric.iter_mut().chain(m.shares.iter_mut()) {
            *value /= m.weight;
        }
    }
    means
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

/// `Σ(v − stratum mean)` over the rows of a cell.
fn numeric_offset(
    moments: &Moments,
    cell: usize,
    means: Option<&StratumMeans>,
    column: usize,
) -> f64 {
    let rows = moments.cells.get(cell).map_or(0.0, |c| c.rows);
    let sum = moments.sums(cell).get(column).copied().unwrap_or(0.0);
    let mean = means
        .and_then(|m| m.numeric.get(column))
        .copied()
        .unwrap_or(0.0);
    sum - rows * mean
}

fn gather(moments: &Moments, treated: &[usize], means: &[StratumMeans]) -> Vec<Cluster> {
    let (q, numeric) = (treated.len(), moments.columns);
    let p = q + numeric - 1;
    let weighted = moments.cells.iter().any(|c| c.weight != 1.0);
    let powers: &[i32] = if weighted { &[0, 1, 2] } else { &[1] };
    let mut touched: Vec<Vec<usize>> = vec![Vec::new(); moments.clusters.len()];
    let mut weights: Vec<Option<Option<f64>>> = vec![None; moments.clusters.len()];
    for cell in each(&moments.cells) {
        // Cells come by stratum, so each list is ascending.
        if let Some(list) = touched.get_mut(cell.cluster)
            && list.last() != Some(&cell.stratum)
        {
            list.push(cell.stratum);
        }
        if let Some(weight) = weights.get_mut(cell.cluster) {
            *weight = match *weight {
                None => Some(Some(cell.weight)),
                Some(Some(w)) if w == cell.weight => Some(Some(w)),
                _ => Some(None),
            };
        }
    }
    let mut pulse = Pulse::every((1 << 14) / (p * p).max(1) as u32 + 1);
    let mut clusters: Vec<Cluster> = touched
        .into_iter()
        .zip(weights)
        .map(|(strata, weight)| {
            pulse.tick();
            Cluster {
                grams: vec![Gram::zero(p, strata.len()); powers.len()],
                strata,
                weight: weight.flatten(),
            }
        })
        .collect();
    let (mut tau, mut offset) = (vec![0.0; q], vec![0.0; numeric]);
    let mut pulse = Pulse::every((1 << 16) / (p * p).max(1) as u32 + 1);
    for (i, cell) in moments.cells.iter().enumerate() {
        pulse.tick();
        let (Some(m), Some(cluster)) = (means.get(cell.stratum), clusters.get_mut(cell.cluster))
        else {
            continue;
        };
        for ((t, share), &condition) in tau.iter_mut().zip(&m.shares).zip(treated) {
            *t = (condition == cell.condition) as u8 as f64 - share;
        }
        for (column, value) in offset.iter_mut().enumerate() {
            *value = numeric_offset(moments, i, Some(m), column);
        }
        let border = cluster.strata.binary_search(&cell.stratum).unwrap_or(0);
        for (gram, &power) in cluster.grams.iter_mut().zip(powers) {
            let w = cell.weight.powi(power);
            add_cell(gram, border, w, cell.rows, &tau, &offset, moments.within(i));
        }
    }
    clusters
}

/// Adds one cell: the condition dummies are constant in it, the numeric columns have cross products `within`.
fn add_cell(
    gram: &mut Gram,
    border: usize,
    w: f64,
    rows: f64,
    tau: &[f64],
    offset: &[f64],
    within: &[f64],
) {
    let (Some((&y, x)), columns) = (offset.split_first(), offset.len()) else {
        return;
    };
    let p = tau.len() + x.len();
    // Cross product of numeric columns a <= b about stratum means.
    let cross = |a: usize, b: usize, u: f64, v: f64| {
        let slot = a * columns - a * (a + 1) / 2 + b;
        within.get(slot).copied().unwrap_or(0.0) + u * v / rows
    };
    let mut put = |at: usize, value: f64| {
        if let Some(cell) = gram.xx.get_mut(at) {
            *cell += w * value;
        }
    };
    let mut add = |i: usize, j: usize, value: f64| {
        put(i * p + j, value);
        if i != j {
            put(j * p + i, value);
        }
    };
    for (i, &a) in tau.iter().enumerate() {
        for (j, &b) in tau.iter().enumerate().skip(i) {
            add(i, j, rows * a * b);
        }
        for (j, &u) in x.iter().enumerate() {
            add(i, tau.len() + j, a * u);
        }
    }
    for (i, &u) in x.iter().enumerate() {
        for (j, &v) in x.iter().enumerate().skip(i) {
            add(tau.len() + i, tau.len() + j, cross(i + 1, j + 1, u, v));
        }
    }
    let sums = tau.iter().map(|t| (rows * t, t * y)).chain(
        x.iter()
            .enumerate()
            .map(|(i, &u)| (u, cross(0, i + 1, y, u))),
    );
    let Some((border_x, border_n, border_y)) = gram.borders.get_mut(border) else {
        return;
    };
    for ((total, xy), (sum, product)) in border_x.iter_mut().zip(gram.xy.iter_mut()).zip(sums) {
        *total += w * sum;
        *xy += w * product;
    }
    *border_n += w * rows;
    *border_y += w * y;
}

/// Keeps only the chosen regressors of `all`.
fn select(gram: &mut Gram, kept: &[usize], all: usize) {
    if kept.len() == all {
        return;
    }
    let pick = |v: &[f64]| {
        kept.iter()
            .filter_map(|&i| v.get(i))
            .copied()
            .collect::<Vec<f64>>()
    };
    gram.xx = kept
        .iter()
        .flat_map(|&i| pick(gram.xx.get(i * all..(i + 1) * all).unwrap_or(&[])))
        .collect();
    gram.xy = pick(&gram.xy);
    for (x, _, _) in &mut gram.borders {
        *x = pick(x);
    }
}

/// Equilibrated Cholesky, column by column. Returns the kept and the aliased columns and `L = R⁻¹` of the kept.
pub fn factor(gram: &[f64], all: usize) -> (Vec<usize>, Vec<usize>, Vec<f64>) {
    let at = |i: usize, j: usize| gram.get(i * all + j).copied().unwrap_or(0.0);
    let (mut kept, mut aliased): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    // Columns of the upper factor R of the equilibrated matrix, over the kept columns.
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for j in 0..all {
        let scale = at(j, j).sqrt();
        let mut column: Vec<f64> = Vec::with_capacity(kept.len() + 1);
        let mut rest = 1.0;
        for (&i, previous) in kept.iter().zip(&columns) {
            let a = at(i, j) / (at(i, i).sqrt() * scale);
            let (diagonal, head) = previous
                .split_last()
                .map_or((1.0, &[][..]), |(d, h)| (*d, h));
            let dot: f64 = head.iter().zip(&column).map(|(x, y)| x * y).sum();
            let r = (a - dot) / diagonal;
            rest -= r * r;
            column.push(r);
        }
        if scale > 0.0 && rest > ALIASED {
            column.push(rest.sqrt());
            columns.push(column);
            kept.push(j);
        } else {
            aliased.push(j);
        }
    }
    // L = D^(-1/2) R⁻¹ by back substitution, column by column.
    let p = kept.len();
    let mut root = vec![0.0; p * p];
    for (j, target) in columns.iter().enumerate() {
        let mut x = vec![0.0; p];
        for i in (0..=j).rev() {
            let above: f64 = (i + 1..=j)
                .map(|k| entry(&columns, i, k) * value(&x, k))
                .sum();
            let unit = (i == j) as u8 as f64;
            if let Some(slot) = x.get_mut(i) {
                *slot = (unit - above) / entry(&columns, i, i);
            }
        }
        debug_assert_eq!(target.len(), j + 1);
        for (i, (&column, v)) in kept.iter().zip(&x).enumerate() {
            if let Some(slot) = root.get_mut(i * p + j) {
                *slot = v / at(column, column).sqrt();
            }
        }
    }
    (kept, aliased, root)
}

fn entry(columns: &[Vec<f64>], i: usize, j: usize) -> f64 {
    columns
        .get(j)
        .and_then(|c| c.get(i))
        .copied()
        .unwrap_or(0.0)
}

fn value(x: &[f64], i: usize) -> f64 {
    x.get(i).copied().unwrap_or(0.0)
}

fn add_to(total: &mut [f64], part: &[f64]) {
    total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
}

/// `A x` for a square matrix, row by row.
pub fn times(a: &[f64], x: &[f64]) -> Vec<f64> {
    if x.is_empty() {
        return Vec::new();
    }
    a.chunks_exact(x.len())
        .map(|row| row.iter().zip(x).map(|(r, v)| r * v).sum())
        .collect()
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
