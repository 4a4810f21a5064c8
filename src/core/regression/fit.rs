//! The fitted regression, on its way back to the clusters.
//!
//! Each cluster is fitted in doubles first. Where these do not show that something is left of the outcome, numbers of 32 digits
//! decide it: what has no residual has none (see `negligible`).

use super::columns::Columns;
use super::design::{Cluster, Gram};
use super::negligible::{Tally, squares_beyond_digits};
use super::normal::{StratumMeans, offsets};
use super::rough::Rough;
use crate::exact::Wide;
use crate::pulse::{Pulse, each};
use crate::sketch::Moments;

/// The fitted regression.
pub struct Fit<'a> {
    /// Its cells.
    pub moments: &'a Moments,
    /// Numbers of the treated conditions.
    pub treated: &'a [usize],
    /// Regressors that were kept.
    pub kept: &'a [usize],
    /// Means of the strata.
    pub means: &'a [StratumMeans],
    /// Coefficients of the kept regressors.
    pub beta: &'a [Tally],
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
    pub fn parts(&self) -> (&[usize], Vec<usize>) {
        let q = self.treated.len();
        let conditions = self.kept.iter().take_while(|&&k| k < q).count();
        let (conditions, covariates) = self.kept.split_at_checked(conditions).unwrap_or_default();
        let columns = covariates.iter().map(|&k| k.saturating_sub(q) + 1);
        (conditions, columns.collect())
    }

    /// The clusters, and the sum of squared residuals.
    pub fn clusters(&self, columns: &mut Columns<'_>) -> (Vec<Cluster>, f64) {
        let weighted = self.moments.cells.iter().any(|c| c.weight != 1.0);
        let powers: &[i32] = if weighted { &[0, 1, 2] } else { &[1] };
        let mut clusters = self.blank(powers.len());
        let fitted = self.fitted_means();
        let mut squares = Rough::new(self, columns, &fitted).fit(powers, columns, &mut clusters);
        self.fit_exactly(powers, columns, &fitted, &mut clusters, &mut squares);
        let unit = columns.unit(0);
        let squares: f64 = each(squares).map(Option::unwrap_or_default).sum();
        (clusters, squares / unit / unit)
    }

    /// Sums with residuals of the clusters of which the squares are not known yet.
    fn fit_exactly(
        &self,
        powers: &[i32],
        columns: &mut Columns<'_>,
        fitted: &[Tally],
        clusters: &mut [Cluster],
        squares: &mut [Option<f64>],
    ) {
        let (conditions, covariates) = self.parts();
        let p = self.kept.len();
        // Sums with residuals: regressors, then strata, by power.
        let mut pulse = Pulse::every(1 << 8);
        let mut tallies: Vec<Option<(Vec<Tally>, f64)>> = Vec::with_capacity(clusters.len());
        tallies.extend(clusters.iter().zip(&*squares).map(|(c, known)| {
            pulse.tick();
            let blank = || vec![Tally::default(); powers.len() * (p + c.strata.len())];
            known.is_none().then(|| (blank(), 0.0))
        }));
        let (mut about, mut residuals) = (Vec::new(), Residuals::default());
        let mut x = Vec::new();
        let mut pulse = Pulse::every((1 << 13) / (p * p).max(1) as u32 + 1);
        for (i, cell) in self.moments.cells.iter().enumerate() {
            pulse.tick();
            let (Some(m), Some(cluster), Some(Some((tallies, squares)))) = (
                self.means.get(cell.stratum),
                clusters.get(cell.cluster),
                tallies.get_mut(cell.cluster),
            ) else {
                continue;
            };
            columns.load(i);
            let outcome = offsets(columns, cell.rows, m, &mut about);
            let tau = conditions.iter().map(|&k| {
                let share = m.shares.get(k).copied().unwrap_or_default();
                let own = self.treated.get(k) == Some(&cell.condition);
                Wide::from(own as u8 as f64) - share
            });
            x.clear();
            x.extend(covariates.iter().filter_map(|&j| about.get(j)).copied());
            let fitted = fitted.get(cell.stratum).copied().unwrap_or_default();
            self.residuals(i, columns, outcome, fitted, &x, &covariates, &mut residuals);
            let e = residuals.sum.settled();
            *squares += cell.weight * (residuals.squares + e * e / cell.rows).value();
            let border = cluster.strata.binary_search(&cell.stratum).unwrap_or(0);
            let of_power = tallies.chunks_exact_mut((p + cluster.strata.len()).max(1));
            for (tallies, &power) in of_power.zip(powers) {
                let w = cell.weight.powi(power);
                let (of_regressors, of_strata) =
                    tallies.split_at_mut_checked(p).unwrap_or_default();
                let (of_dummies, of_covariates) = of_regressors
                    .split_at_mut_checked(conditions.len())
                    .unwrap_or_default();
                for (tally, t) in of_dummies.iter_mut().zip(tau.clone()) {
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
        for ((cluster, tallies), known) in clusters.iter_mut().zip(&tallies).zip(squares) {
            pulse.tick();
            let Some((tallies, squares)) = tallies else {
                continue;
            };
            *known = Some(*squares);
            let of_power = tallies.chunks_exact((p + cluster.strata.len()).max(1));
            for (gram, tallies) in cluster.grams.iter_mut().zip(of_power) {
                gram.put_residuals(tallies.iter().map(value), p);
            }
        }
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
