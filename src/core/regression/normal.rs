//! The normal equations: sums over all cells, about stratum means, in numbers of 32 digits.
//!
//! They take no notice of clusters, so that cells may be those of strata and conditions where there are few (see
//! [`Moments::without_clusters`]).

use super::columns::Columns;
use super::negligible::{Tally, digits, settled};
use crate::exact::Wide;
use crate::pulse::{Pulse, each};
use crate::sketch::{CellMoments, Moments};

/// Means of one stratum about its centre.
pub struct StratumMeans {
    /// Sum of the weights.
    pub weight: Wide,
    /// Weighted mean offset of each numeric column.
    pub numeric: Vec<Wide>,
    /// Mean size of the terms of each.
    pub sizes: Vec<f64>,
    /// Weighted share of each treated condition.
    pub shares: Vec<Wide>,
}

/// Means of the strata.
pub fn stratum_means(
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

/// Sums of the columns of a cell about the means of its stratum: of the outcome, and of the covariates after a place that
/// stands for it.
pub fn offsets(columns: &Columns<'_>, rows: f64, m: &StratumMeans, out: &mut Vec<Wide>) -> Tally {
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
pub struct Normal {
    /// Number of regressors.
    pub all: usize,
    /// Their Gram matrix.
    pub gram: Vec<Wide>,
    /// Their products with the outcome.
    pub xy: Vec<Tally>,
}

impl Normal {
    /// Sums over all cells.
    pub fn new(
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
    pub fn leave_out_constants(&mut self, moments: &Moments, columns: &Columns<'_>, q: usize) {
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
    pub fn block(&self, of: &[usize]) -> Vec<Wide> {
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
