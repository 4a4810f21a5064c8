//! A regression on its way back to the clusters, in doubles.
//!
//! Beside each sum goes the size of its terms. A sum that is small against them may be nothing but their rounding, or nothing at
//! all: then the cluster is left to numbers of 32 digits.

use super::columns::Columns;
use super::design::{Cluster, Gram};
use super::fit::Fit;
use super::negligible::Tally;
use crate::pulse::{Pulse, each};
use crate::sketch::CellMoments;

/// Share of the size of its terms that a sum of doubles must have, so that ten digits of it are right: 2^-16.
const PLAIN: f64 = 1.0 / (1u64 << 16) as f64;
/// Share of the size of values that is added to that of their differences, so that what may be rounding of the values
/// themselves (see `negligible`) is not taken for plain: 2^-35.
const OF_VALUES: f64 = 1.0 / (1u64 << 35) as f64;

/// A sum and the size of its terms.
#[derive(Debug, Clone, Copy, Default)]
struct Term {
    sum: f64,
    size: f64,
}

impl Term {
    fn of(value: f64) -> Self {
        Term {
            sum: value,
            size: value.abs(),
        }
    }

    fn less(&mut self, value: f64) {
        self.sum -= value;
        self.size += value.abs();
    }

    fn add_times(&mut self, factor: f64, other: Term) {
        self.sum += factor * other.sum;
        self.size += factor.abs() * other.size;
    }

    fn is_plain(&self) -> bool {
        self.sum.abs() > PLAIN * self.size || self.size == 0.0
    }
}

/// A fit whose numbers are doubles.
pub struct Rough<'a> {
    fit: &'a Fit<'a>,
    /// Kept conditions, and kept covariates as columns.
    conditions: &'a [usize],
    covariates: Vec<usize>,
    /// Units of the columns.
    units: Vec<f64>,
    /// Effects of the kept conditions by number of the condition, and slopes of the kept covariates in their units; both in
    /// the unit of the outcome.
    effects: Vec<f64>,
    slopes: Vec<f64>,
    /// By stratum: the mean effect, the means of the columns and their sizes.
    fitted: Vec<f64>,
    means: Vec<f64>,
    sizes: Vec<f64>,
}

/// One cell of a fit.
#[derive(Default)]
struct Cell {
    /// Sums of the covariates about their means in the stratum.
    x: Vec<f64>,
    /// Sum of the residuals.
    residual: Term,
    /// Their products with the covariates about the means of the cell.
    products: Vec<Term>,
    /// Their squares about their mean.
    squares: Term,
}

impl<'a> Rough<'a> {
    /// Reads a fit.
    pub fn new(fit: &'a Fit<'a>, columns: &Columns<'_>, fitted: &[Tally]) -> Self {
        let count = fit.moments.columns;
        let (conditions, covariates) = fit.parts();
        let mut effects = vec![0.0; fit.moments.conditions.len()];
        for (&k, beta) in conditions.iter().zip(fit.beta) {
            let condition = fit.treated.get(k);
            if let Some(effect) = condition.and_then(|&c| effects.get_mut(c)) {
                *effect = beta.sum().value();
            }
        }
        let units: Vec<f64> = (0..count).map(|column| columns.unit(column)).collect();
        let slopes = fit.beta.iter().skip(conditions.len());
        let mut means = Vec::with_capacity(fit.means.len() * count);
        let mut sizes = Vec::with_capacity(fit.means.len() * count);
        for m in each(fit.means) {
            means.extend(m.numeric.iter().map(|mean| mean.value()));
            sizes.extend_from_slice(&m.sizes);
        }
        Rough {
            slopes: slopes.map(|beta| beta.sum().value()).collect(),
            fitted: each(fitted).map(|mean| mean.sum().value()).collect(),
            fit,
            conditions,
            covariates,
            units,
            effects,
            means,
            sizes,
        }
    }

    /// Adds what the clusters have of the fit to their sums. Returns by cluster the sum of the squared residuals in the unit of
    /// the outcome; nothing where doubles do not tell.
    pub fn fit(
        &self,
        powers: &[i32],
        columns: &mut Columns<'_>,
        clusters: &mut [Cluster],
    ) -> Vec<Option<f64>> {
        let moments = self.fit.moments;
        let p = self.fit.kept.len();
        let apart = columns.are_apart();
        let mut squares = Vec::with_capacity(clusters.len());
        squares.extend(each(&*clusters).map(|_| (!apart).then_some(0.0)));
        // Sizes of the sums with residuals: regressors, then strata, by power.
        let mut starts = Vec::with_capacity(clusters.len());
        let mut length = 0;
        for cluster in each(&*clusters) {
            starts.push(length);
            length += powers.len() * (p + cluster.strata.len());
        }
        let mut sizes = vec![0.0; length];
        let (mut cell, mut tau) = (Cell::default(), vec![0.0; self.conditions.len()]);
        let mut pulse = Pulse::every((1 << 14) / (p * p).max(1) as u32 + 1);
        for (i, c) in moments.cells.iter().enumerate() {
            pulse.tick();
            let (Some(m), Some(cluster), Some(squares), Some(&start)) = (
                self.fit.means.get(c.stratum),
                clusters.get_mut(c.cluster),
                squares.get_mut(c.cluster),
                starts.get(c.cluster),
            ) else {
                continue;
            };
            for (t, &k) in tau.iter_mut().zip(self.conditions) {
                let share = m.shares.get(k).map_or(0.0, |share| share.value());
                *t = (self.fit.treated.get(k) == Some(&c.condition)) as u8 as f64 - share;
            }
            self.read_covariates(i, c, columns, apart, &mut cell);
            if !apart {
                self.read_residuals(i, c, &mut cell);
                if !cell.squares.is_plain() {
                    *squares = None;
                }
            }
            let own = cell.squares.sum + cell.residual.sum * cell.residual.sum / c.rows;
            *squares = squares.map(|known| known + c.weight * own);
            let border = cluster.strata.binary_search(&c.stratum).unwrap_or(0);
            let width = p + cluster.strata.len();
            for (power, (gram, &exponent)) in cluster.grams.iter_mut().zip(powers).enumerate() {
                let w = c.weight.powi(exponent);
                let product = |a: usize, b: usize| match apart {
                    true => columns.product(a, b).value(),
                    false => self.product(i, a, b),
                };
                gram.add_cell(border, w, c.rows, &tau, &cell.x, |a, b| {
                    match (self.covariates.get(a), self.covariates.get(b)) {
                        (Some(&a), Some(&b)) => product(a, b),
                        _ => 0.0,
                    }
                });
                let at = start + power * width;
                let of_power = sizes.get_mut(at..at + width).unwrap_or(&mut []);
                if squares.is_some() {
                    cell.add_to(gram, of_power, border, w, c.rows, &tau);
                }
            }
        }
        self.check(clusters, &sizes, &starts, &mut squares);
        squares
    }

    /// Clusters of which a sum is not plain are left to more digits; the sums of the others become those of the outcome's unit.
    fn check(
        &self,
        clusters: &mut [Cluster],
        sizes: &[f64],
        starts: &[usize],
        squares: &mut [Option<f64>],
    ) {
        let (p, unit) = (
            self.fit.kept.len(),
            self.units.first().copied().unwrap_or(1.0),
        );
        let mut pulse = Pulse::every(1 << 8);
        for ((cluster, &start), squares) in clusters.iter_mut().zip(starts).zip(squares) {
            pulse.tick();
            let width = (p + cluster.strata.len()).max(1);
            let of_power = sizes.get(start..).unwrap_or(&[]).chunks_exact(width);
            for (gram, sizes) in cluster.grams.iter_mut().zip(of_power) {
                let borders = gram.borders.iter_mut().map(|(_, _, e)| e);
                for (sum, &size) in gram.xe.iter_mut().chain(borders).zip(sizes) {
                    if !(Term { sum: *sum, size }).is_plain() {
                        *squares = None;
                    }
                    *sum /= unit;
                }
            }
        }
    }

    /// Cross product of two columns in a cell, in their units.
    #[inline]
    fn product(&self, i: usize, a: usize, b: usize) -> f64 {
        let unit = |column: usize| self.units.get(column).copied().unwrap_or(1.0);
        self.fit.moments.plain_product(i, a, b) * unit(a) * unit(b)
    }

    fn read_covariates(
        &self,
        i: usize,
        c: &CellMoments,
        columns: &mut Columns<'_>,
        apart: bool,
        cell: &mut Cell,
    ) {
        cell.x.clear();
        let start = c.stratum * self.fit.moments.columns;
        let mean = |column: usize| self.means.get(start + column).copied().unwrap_or(0.0);
        if apart {
            columns.load(i);
            let sum = |column: usize| columns.sums.get(column).copied().unwrap_or_default();
            let about = |&column: &usize| {
                let mean = self.fit.means.get(c.stratum);
                let mean = mean.and_then(|m| m.numeric.get(column)).copied();
                (sum(column) - mean.unwrap_or_default() * c.rows).value()
            };
            cell.x.extend(self.covariates.iter().map(about));
        } else {
            let sums = self.fit.moments.sums(i);
            let about = |&column: &usize| {
                let sum = sums.get(column).copied().unwrap_or(0.0);
                let unit = self.units.get(column).copied().unwrap_or(1.0);
                sum * unit - mean(column) * c.rows
            };
            cell.x.extend(self.covariates.iter().map(about));
        }
    }

    /// What the regression leaves of the outcome in a cell.
    fn read_residuals(&self, i: usize, c: &CellMoments, cell: &mut Cell) {
        let moments = self.fit.moments;
        let unit = self.units.first().copied().unwrap_or(1.0);
        let sum = moments.sums(i).first().copied().unwrap_or(0.0) * unit;
        let outcome = self.product(i, 0, 0);
        // Size of the values themselves, about 0: their root mean square times the rows.
        let whole = sum + c.rows * moments.centre(c.stratum, 0) * unit;
        let size = (whole * whole + c.rows * outcome.max(0.0)).sqrt();
        let of = |list: &[f64], at: usize| list.get(at).copied().unwrap_or(0.0);
        let start = c.stratum * moments.columns;
        let mut residual = Term {
            sum: sum - of(&self.means, start) * c.rows,
            size: sum.abs() + c.rows * of(&self.sizes, start) + OF_VALUES * size,
        };
        residual.less(c.rows * of(&self.effects, c.condition));
        residual.less(-c.rows * of(&self.fitted, c.stratum));
        for (slope, &x) in self.slopes.iter().zip(&cell.x) {
            residual.less(slope * x);
        }
        cell.residual = residual;
        let mut squares = Term::of(outcome);
        squares.size += OF_VALUES * OF_VALUES * size * size / c.rows;
        cell.products.clear();
        for (slope, &j) in self.slopes.iter().zip(&self.covariates) {
            let with_outcome = self.product(i, 0, j);
            let mut product = Term::of(with_outcome);
            for (other, &l) in self.slopes.iter().zip(&self.covariates) {
                product.less(other * self.product(i, j, l));
            }
            squares.less(slope * with_outcome);
            squares.add_times(-slope, product);
            let spread = self.product(i, j, j).max(0.0) / c.rows;
            product.size += OF_VALUES * size * spread.sqrt();
            cell.products.push(product);
        }
        cell.squares = squares;
    }
}

impl Cell {
    /// Adds the sums with residuals to those of a cluster, and their sizes to `sizes`.
    fn add_to(
        &self,
        gram: &mut Gram,
        sizes: &mut [f64],
        border: usize,
        w: f64,
        rows: f64,
        tau: &[f64],
    ) {
        let strata = gram.xe.len();
        let mut sums = gram.xe.iter_mut().zip(sizes.iter_mut());
        let add = |(sum, size): (&mut f64, &mut f64), factor: f64, term: Term| {
            *sum += factor * term.sum;
            *size += factor.abs() * term.size;
        };
        for (&t, slot) in tau.iter().zip(&mut sums) {
            add(slot, t * w, self.residual);
        }
        for ((&u, &within), (sum, size)) in self.x.iter().zip(&self.products).zip(sums) {
            add((sum, size), u * w / rows, self.residual);
            add((sum, size), w, within);
        }
        if let (Some((_, _, e)), Some(size)) =
            (gram.borders.get_mut(border), sizes.get_mut(strata + border))
        {
            add((e, size), w, self.residual);
        }
    }
}
