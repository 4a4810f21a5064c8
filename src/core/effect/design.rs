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
use super::negligible::{ALIASED, Tally, digits, settled, squares_beyond_digits};
use super::solve::{self, Factor};
use crate::exact::Wide;
use crate::pulse::{Pulse, each};
use crate::sketch::{CellMoments, Moments};

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
    fn zero(p: usize, strata: usize) -> Self {
        Gram {
            xx: vec![0.0; p * p],
            xe: vec![0.0; p],
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

/// Means of one stratum about its centre.
struct StratumMeans {
    weight: Wide,
    /// Weighted mean offset of each numeric column.
    numeric: Vec<Wide>,
    /// Mean size of the terms of each.
    sizes: Vec<f64>,
    /// Weighted share of each treated condition.
    shares: Vec<Wide>,
}

impl Design {
    /// Number of kept regressors.
    pub fn p(&self) -> usize {
        self.kept.len()
    }

    /// Builds the regression of the outcome on all conditions but `control`, and on the covariates in the moments.
    pub fn new(moments: &Moments, control: usize) -> Self {
        let treated = treated(moments, control);
        let mut columns = Columns::new(moments);
        let mut means = stratum_means(moments, &treated, &mut columns);
        let mut normal = Normal::new(moments, &treated, &means, &mut columns);
        normal.leave_out_constants(moments, &columns, treated.len());
        let whole = solve::factor(&normal.gram, normal.all, ALIASED);
        let (kept, aliased) = (whole.kept.clone(), whole.aliased.clone());
        let taken = columns.take_apart(&normal.gram, &whole, &treated);
        let mut factor = whole;
        if columns.are_apart() {
            means = stratum_means(moments, &treated, &mut columns);
            normal = Normal::new(moments, &treated, &means, &mut columns);
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
        let (clusters, residual_ss) = fit.clusters(&mut columns);
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

fn stratum_means(
    moments: &Moments,
    treated: &[usize],
    columns: &mut Columns<'_>,
) -> Vec<StratumMeans> {
    let blank = || StratumMeans {
        weight: Wide::ZERO,
        numeric: vec![Wide::ZERO; moments.columns],
        sizes: vec![0.0; moments.columns],
        shares: vec![Wide::ZERO; treated.len()],
    };
    let mut means: Vec<StratumMeans> = each(&moments.strata).map(|_| blank()).collect();
    for (i, cell) in each(moments.cells.iter()).enumerate() {
        let Some(m) = means.get_mut(cell.stratum) else {
            continue;
        };
        columns.load_sums(i);
        let weight = Wide::product(cell.weight, cell.rows);
        m.weight += weight;
        let sums = m.numeric.iter_mut().zip(&mut m.sizes).zip(&columns.sums);
        for ((mean, size), &sum) in sums {
            *mean += sum * cell.weight;
            *size += sum.size() * cell.weight;
        }
        let place = treated.binary_search(&cell.condition);
        if let Some(share) = place.ok().and_then(|at| m.shares.get_mut(at)) {
            *share += weight;
        }
    }
    for m in each(&mut means) {
        let weight = m.weight;
        m.sizes.iter_mut().for_each(|size| *size /= weight.value());
        for value in m.numeric.iter_mut().chain(m.shares.iter_mut()) {
            *value = *value / weight;
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

/// Sums of the columns of a cell about the means of its stratum: of the outcome, and of the covariates after a place that
/// stands for it.
fn offsets(columns: &Columns<'_>, rows: f64, m: &StratumMeans, out: &mut Vec<Wide>) -> Tally {
    out.clear();
    let mut outcome = Tally::default();
    let about = columns.sums.iter().zip(&m.numeric).zip(&m.sizes);
    out.extend(
        about
            .enumerate()
            .map(|(column, ((&sum, &mean), &of_mean))| {
                let (offset, size) = (sum - mean * rows, sum.size() + rows * of_mean);
                if column == 0 {
                    outcome = Tally::of(offset, size);
                }
                settled(offset, size)
            }),
    );
    outcome
}

/// The normal equations of all regressors, about stratum means.
struct Normal {
    all: usize,
    gram: Vec<Wide>,
    xy: Vec<Tally>,
}

impl Normal {
    fn new(
        moments: &Moments,
        treated: &[usize],
        means: &[StratumMeans],
        columns: &mut Columns<'_>,
    ) -> Self {
        let (q, numeric) = (treated.len(), moments.columns);
        let all = q + numeric - 1;
        let mut normal = Normal {
            all,
            gram: vec![Wide::ZERO; all * all],
            xy: vec![Tally::default(); all],
        };
        // Dummies with each other: W (π_a if a = b, less π_a π_b).
        for m in each(means) {
            let present = |(_, share): &(usize, &Wide)| share.value() > 0.0;
            for (a, &share) in m.shares.iter().enumerate().filter(present) {
                normal.add(a, a, m.weight * share);
                for (b, &other) in m.shares.iter().enumerate().skip(a).filter(present) {
                    normal.add(a, b, -(m.weight * share * other));
                }
            }
        }
        let mut about = Vec::with_capacity(numeric);
        let mut pulse = Pulse::every((1 << 13) / (numeric * numeric).max(1) as u32 + 1);
        for (i, cell) in moments.cells.iter().enumerate() {
            pulse.tick();
            let Some(m) = means.get(cell.stratum) else {
                continue;
            };
            columns.load(i);
            let outcome = offsets(columns, cell.rows, m, &mut about);
            let w = Wide::from(cell.weight);
            // A dummy with another column: what is taken off the dummy in the stratum multiplies offsets that sum to 0.
            if let Ok(a) = treated.binary_search(&cell.condition) {
                if let Some(xy) = normal.xy.get_mut(a) {
                    xy.add_times(w, outcome);
                }
                for (j, &u) in about.iter().enumerate().skip(1) {
                    normal.add(a, q + j - 1, w * u);
                }
            }
            for (j, &u) in about.iter().enumerate().skip(1) {
                if let Some(xy) = normal.xy.get_mut(q + j - 1) {
                    xy.add(w * columns.product(0, j));
                    xy.add_times(w * u / cell.rows, outcome);
                }
                for (l, &v) in about.iter().enumerate().skip(j) {
                    let value = columns.product(j, l) + u * v / cell.rows;
                    normal.add(q + j - 1, q + l - 1, w * value);
                }
            }
        }
        normal
    }

    /// Takes out columns that do not vary within strata but for the last digits of their values.
    fn leave_out_constants(&mut self, moments: &Moments, columns: &Columns<'_>, q: usize) {
        for column in 1..moments.columns {
            let rounding = |(i, cell): (usize, &CellMoments)| {
                let size = digits(moments.size(i, column) * columns.unit(column));
                cell.weight * size * size / cell.rows
            };
            let rounding: f64 = each(&moments.cells).enumerate().map(rounding).sum();
            let (at, all) = (q + column - 1, self.all);
            if self
                .gram
                .get(at * all + at)
                .is_some_and(|v| v.value() <= rounding)
            {
                let row = self.gram.chunks_exact_mut(all).enumerate();
                for (i, row) in row {
                    for (j, v) in row.iter_mut().enumerate() {
                        if i == at || j == at {
                            *v = Wide::ZERO;
                        }
                    }
                }
            }
        }
    }

    fn add(&mut self, i: usize, j: usize, value: Wide) {
        for at in [i * self.all + j, j * self.all + i]
            .iter()
            .take(1 + (i != j) as usize)
        {
            if let Some(sum) = self.gram.get_mut(*at) {
                *sum += value;
            }
        }
    }

    /// The Gram matrix of some of the regressors.
    fn block(&self, of: &[usize]) -> Vec<Wide> {
        let row = |&i: &usize| {
            of.iter()
                .map(move |&j| self.gram.get(i * self.all + j).copied())
        };
        of.iter()
            .flat_map(row)
            .map(Option::unwrap_or_default)
            .collect()
    }
}

/// The fitted regression, on its way back to the clusters.
struct Fit<'a> {
    moments: &'a Moments,
    treated: &'a [usize],
    kept: &'a [usize],
    means: &'a [StratumMeans],
    beta: &'a [Tally],
}

/// One cell of a fit.
#[derive(Default)]
struct Residuals {
    /// Sum of the residuals.
    sum: Tally,
    /// Their cross products with the kept covariates about the means of the cell.
    products: Vec<Tally>,
    /// Their squares about their mean.
    squares: Wide,
}

impl Fit<'_> {
    /// Kept conditions, and kept covariates as columns.
    fn parts(&self) -> (&[usize], Vec<usize>) {
        let q = self.treated.len();
        let conditions = self.kept.iter().take_while(|&&k| k < q).count();
        let (conditions, covariates) = self.kept.split_at_checked(conditions).unwrap_or_default();
        let columns = covariates.iter().map(|&k| k.saturating_sub(q) + 1);
        (conditions, columns.collect())
    }

    /// The clusters, and the sum of squared residuals.
    fn clusters(&self, columns: &mut Columns<'_>) -> (Vec<Cluster>, f64) {
        let moments = self.moments;
        let (conditions, covariates) = self.parts();
        let p = self.kept.len();
        let weighted = moments.cells.iter().any(|c| c.weight != 1.0);
        let powers: &[i32] = if weighted { &[0, 1, 2] } else { &[1] };
        let mut clusters = self.blank(powers.len());
        // Sums with residuals: regressors, then strata, by power.
        let mut pulse = Pulse::every(1 << 8);
        let mut tallies: Vec<Vec<Tally>> = Vec::with_capacity(clusters.len());
        tallies.extend(clusters.iter().map(|c| {
            pulse.tick();
            vec![Tally::default(); powers.len() * (p + c.strata.len())]
        }));
        let fitted = self.fitted_means();
        let (mut about, mut residuals) = (Vec::new(), Residuals::default());
        let (mut tau, mut x) = (vec![Wide::ZERO; conditions.len()], Vec::new());
        let mut squares = 0.0;
        let mut pulse = Pulse::every((1 << 13) / (p * p).max(1) as u32 + 1);
        for (i, cell) in moments.cells.iter().enumerate() {
            pulse.tick();
            let (Some(m), Some(cluster), Some(tallies)) = (
                self.means.get(cell.stratum),
                clusters.get_mut(cell.cluster),
                tallies.get_mut(cell.cluster),
            ) else {
                continue;
            };
            columns.load(i);
            let outcome = offsets(columns, cell.rows, m, &mut about);
            for (t, &k) in tau.iter_mut().zip(conditions) {
                let share = m.shares.get(k).copied().unwrap_or_default();
                let own = self.treated.get(k) == Some(&cell.condition);
                *t = Wide::from(own as u8 as f64) - share;
            }
            x.clear();
            x.extend(covariates.iter().filter_map(|&j| about.get(j)).copied());
            let fitted = fitted.get(cell.stratum).copied().unwrap_or_default();
            self.residuals(i, columns, outcome, fitted, &x, &covariates, &mut residuals);
            let e = residuals.sum.settled();
            squares += cell.weight * (residuals.squares + e * e / cell.rows).value();
            let border = cluster.strata.binary_search(&cell.stratum).unwrap_or(0);
            let of_power = tallies.chunks_exact_mut((p + cluster.strata.len()).max(1));
            for ((gram, tallies), &power) in cluster.grams.iter_mut().zip(of_power).zip(powers) {
                let w = cell.weight.powi(power);
                let cross = |a: usize, b: usize| match (covariates.get(a), covariates.get(b)) {
                    (Some(&a), Some(&b)) => columns.product(a, b).value(),
                    _ => 0.0,
                };
                add_cell(gram, border, w, cell.rows, &tau, &x, cross);
                let (of_regressors, of_strata) =
                    tallies.split_at_mut_checked(p).unwrap_or_default();
                let (of_dummies, of_covariates) = of_regressors
                    .split_at_mut_checked(tau.len())
                    .unwrap_or_default();
                for (tally, &t) in of_dummies.iter_mut().zip(&tau) {
                    tally.add_times(t * w, residuals.sum);
                }
                let numeric = of_covariates.iter_mut().zip(&x).zip(&residuals.products);
                for ((tally, &u), &within) in numeric {
                    tally.add_times(u * w / cell.rows, residuals.sum);
                    tally.add_times(Wide::from(w), within);
                }
                if let Some(tally) = of_strata.get_mut(border) {
                    tally.add_times(Wide::from(w), residuals.sum);
                }
            }
        }
        let unit = columns.unit(0);
        let value = |t: &Tally| t.settled().value() / unit;
        let mut pulse = Pulse::every(1 << 8);
        for (cluster, tallies) in clusters.iter_mut().zip(&tallies) {
            pulse.tick();
            let of_power = tallies.chunks_exact((p + cluster.strata.len()).max(1));
            for (gram, tallies) in cluster.grams.iter_mut().zip(of_power) {
                gram.xe = tallies.iter().take(p).map(value).collect();
                for ((_, _, e), tally) in gram.borders.iter_mut().zip(tallies.iter().skip(p)) {
                    *e = value(tally);
                }
            }
        }
        (clusters, squares / unit / unit)
    }

    /// Clusters without sums.
    fn blank(&self, powers: usize) -> Vec<Cluster> {
        let (moments, p) = (self.moments, self.kept.len());
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
        touched
            .into_iter()
            .zip(weights)
            .map(|(strata, weight)| {
                pulse.tick();
                Cluster {
                    grams: vec![Gram::zero(p, strata.len()); powers],
                    strata,
                    weight: weight.flatten(),
                }
            })
            .collect()
    }

    /// By stratum, the mean of the effects of the conditions in it.
    fn fitted_means(&self) -> Vec<Tally> {
        let (conditions, _) = self.parts();
        let mean = |m: &StratumMeans| {
            let mut mean = Tally::default();
            for (&k, &beta) in conditions.iter().zip(self.beta) {
                mean.add_times(m.shares.get(k).copied().unwrap_or_default(), beta);
            }
            mean
        };
        each(self.means).map(mean).collect()
    }

    /// What the regression leaves of the outcome in a cell: `fitted` is the mean effect in the stratum, `x` the sums of the
    /// kept covariates about their means there.
    #[allow(clippy::too_many_arguments)]
    fn residuals(
        &self,
        i: usize,
        columns: &Columns<'_>,
        outcome: Tally,
        fitted: Tally,
        x: &[Wide],
        covariates: &[usize],
        out: &mut Residuals,
    ) {
        let (conditions, _) = self
            .kept
            .split_at_checked(self.kept.len() - covariates.len())
            .unwrap_or_default();
        let slopes = || self.beta.iter().skip(conditions.len()).copied();
        let (rows, condition) = match self.moments.cells.get(i) {
            Some(cell) => (cell.rows, cell.condition),
            None => return,
        };
        let size = self.moments.size(i, 0) * columns.unit(0);
        let mut sum = outcome;
        let own = conditions
            .iter()
            .position(|&k| self.treated.get(k) == Some(&condition));
        if let Some(&effect) = own.and_then(|at| self.beta.get(at)) {
            sum.add_times(Wide::from(-rows), effect);
        }
        sum.add_times(Wide::from(rows), fitted);
        for (slope, &u) in slopes().zip(x) {
            sum.add_times(-u, slope);
        }
        sum.blur(size);
        out.sum = sum;
        // Products of the residual with the outcome and each covariate, then with itself.
        let with = |a: usize| {
            let own = columns.product(a, 0);
            let mut sum = Tally::of(own, own.size());
            for (slope, &j) in slopes().zip(covariates) {
                sum.add_times(-columns.product(a, j), slope);
            }
            sum
        };
        let mut own = with(0);
        out.products.clear();
        for (slope, &j) in slopes().zip(covariates) {
            let mut product = with(j);
            own.add_times(-slope.sum(), product);
            let spread = columns.product(j, j).value().max(0.0) / rows;
            product.blur(size * spread.sqrt());
            out.products.push(product);
        }
        let squares = own.settled();
        out.squares = squares_beyond_digits(squares, size, rows);
        if !(out.squares.value() > 0.0) {
            out.squares = Wide::ZERO;
        }
    }
}

/// Adds one cell: the condition dummies are constant in it, the covariates have cross products `within`.
fn add_cell(
    gram: &mut Gram,
    border: usize,
    w: f64,
    rows: f64,
    tau: &[Wide],
    x: &[Wide],
    within: impl Fn(usize, usize) -> f64,
) {
    let p = tau.len() + x.len();
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
    for (i, a) in tau.iter().enumerate() {
        for (j, b) in tau.iter().enumerate().skip(i) {
            add(i, j, rows * a.value() * b.value());
        }
        for (j, u) in x.iter().enumerate() {
            add(i, tau.len() + j, a.value() * u.value());
        }
    }
    for (i, u) in x.iter().enumerate() {
        for (j, v) in x.iter().enumerate().skip(i) {
            let value = within(i, j) + u.value() * v.value() / rows;
            add(tau.len() + i, tau.len() + j, value);
        }
    }
    let sums = tau.iter().map(|t| rows * t.value());
    let sums = sums.chain(x.iter().map(|u| u.value()));
    let Some((border_x, border_n, _)) = gram.borders.get_mut(border) else {
        return;
    };
    for (total, sum) in border_x.iter_mut().zip(sums) {
        *total += w * sum;
    }
    *border_n += w * rows;
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
