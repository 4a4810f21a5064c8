//! The numeric columns of a regression as it reads them: each in units of its own size, and with what nearly is a
//! combination of earlier columns taken off.
//!
//! Neither changes what the columns span. Units are powers of two, so that they are exact. What is taken off is a known
//! combination, at 32 digits: then doubles are enough for all that follows, however alike the columns were.

use super::solve::Factor;
use crate::exact::Wide;
use crate::pulse::each;
use crate::sketch::Moments;

/// Share of its squared length that earlier columns leave of a column below which they are taken off it.
const ALIKE: f64 = 1e-3;

/// What is taken off a column.
#[derive(Debug, Clone)]
struct Combination {
    column: usize,
    /// By condition, and by earlier column.
    conditions: Vec<Wide>,
    columns: Vec<Wide>,
}

/// One cell of the moments.
#[derive(Debug)]
pub struct Columns<'a> {
    moments: &'a Moments,
    /// By column: what it is multiplied by.
    units: Vec<f64>,
    /// The latest column first, so that earlier columns are still as they were.
    combinations: Vec<Combination>,
    /// Sums of the columns about the centre.
    pub sums: Vec<Wide>,
    /// Cross products about the cell's own means, all of them, row by row.
    products: Vec<Wide>,
}

/// The power of two that brings the largest value of a column near 1.
fn unit_of(moments: &Moments, column: usize) -> f64 {
    let largest = each(0..moments.cells.len())
        .map(|i| {
            let within = moments.product(i, column, column).value().max(0.0);
            moments.sum(i, column).size().max(within.sqrt())
        })
        .fold(0.0, f64::max);
    if !(largest > 0.0 && largest.is_finite()) {
        return 1.0;
    }
    // Its exponent, from the bits of a number that is not subnormal (the sketch sees to that).
    let exponent = ((largest.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    crate::exact::scale(1.0, -exponent)
}

impl<'a> Columns<'a> {
    /// The columns as they are.
    pub fn new(moments: &'a Moments) -> Self {
        let c = moments.columns;
        Columns {
            moments,
            units: (0..c).map(|column| unit_of(moments, column)).collect(),
            combinations: Vec::new(),
            sums: vec![Wide::ZERO; c],
            products: vec![Wide::ZERO; c * c],
        }
    }

    /// The same columns of other cells.
    pub fn of<'b>(&self, moments: &'b Moments) -> Columns<'b> {
        Columns {
            moments,
            units: self.units.clone(),
            combinations: self.combinations.clone(),
            sums: self.sums.clone(),
            products: self.products.clone(),
        }
    }

    /// What a column is multiplied by.
    pub fn unit(&self, column: usize) -> f64 {
        self.units.get(column).copied().unwrap_or(1.0)
    }

    /// Reads the sums of a cell.
    pub fn load_sums(&mut self, cell: usize) {
        for (column, (sum, unit)) in self.sums.iter_mut().zip(&self.units).enumerate() {
            *sum = self.moments.sum(cell, column) * *unit;
        }
        let Some(of) = self.moments.cells.get(cell) else {
            return;
        };
        for taken in &self.combinations {
            let mut off = taken
                .conditions
                .get(of.condition)
                .map_or(Wide::ZERO, |&a| a * of.rows);
            for (&c, &sum) in taken.columns.iter().zip(&self.sums) {
                off += c * sum;
            }
            if let Some(sum) = self.sums.get_mut(taken.column) {
                *sum -= off;
            }
        }
    }

    /// Reads a cell.
    pub fn load(&mut self, cell: usize) {
        self.load_sums(cell);
        let c = self.units.len();
        for a in 0..c {
            for b in a..c {
                let units = self.unit(a) * self.unit(b);
                let value = self.moments.product(cell, a, b) * units;
                self.put(a, b, value);
                self.put(b, a, value);
            }
        }
        for at in 0..self.combinations.len() {
            self.take_off(at);
        }
    }

    fn put(&mut self, a: usize, b: usize, value: Wide) {
        if let Some(slot) = self.products.get_mut(a * self.units.len() + b) {
            *slot = value;
        }
    }

    /// Cross product of two columns about the means of the cell.
    pub fn product(&self, a: usize, b: usize) -> Wide {
        self.products
            .get(a * self.units.len() + b)
            .copied()
            .unwrap_or_default()
    }

    /// Replaces column j by what combination `at` leaves of it: the products with it, then its own.
    fn take_off(&mut self, at: usize) {
        let Some(taken) = self.combinations.get(at) else {
            return;
        };
        let j = taken.column;
        let c = self.units.len();
        let off = |of: &Self, other: usize| -> Wide {
            let terms = taken.columns.iter().enumerate();
            terms.map(|(i, &v)| v * of.product(i, other)).sum()
        };
        let with_others: Vec<Wide> = (0..c)
            .map(|other| self.product(j, other) - off(self, other))
            .collect();
        let own = taken
            .columns
            .iter()
            .zip(&with_others)
            .map(|(&v, &w)| v * w)
            .sum::<Wide>();
        let own = with_others.get(j).copied().unwrap_or_default() - own;
        for (other, &value) in with_others.iter().enumerate() {
            self.put(j, other, value);
            self.put(other, j, value);
        }
        self.put(j, j, if own.value() > 0.0 { own } else { Wide::ZERO });
    }

    /// Takes earlier columns off those of which they leave little: from the Gram matrix of the dummies of the `treated`
    /// conditions and the columns after the first, and its decomposition. Returns for each kept regressor what was taken
    /// off, by kept regressor; nothing if there is no such column.
    pub fn take_apart(
        &mut self,
        gram: &[Wide],
        factor: &Factor,
        treated: &[usize],
    ) -> Vec<Option<Vec<Wide>>> {
        let (q, all) = (treated.len(), treated.len() + self.units.len() - 1);
        let mut taken = vec![None; factor.kept.len()];
        for (at, (&j, left)) in factor.kept.iter().zip(&factor.left).enumerate().rev() {
            let Some(column) = j.checked_sub(q).filter(|_| *left < ALIKE) else {
                continue;
            };
            let earlier = factor.kept.get(..at).unwrap_or(&[]);
            let coefficients = regress(gram, all, earlier, j);
            let mut combination = Combination {
                column: column + 1,
                conditions: vec![Wide::ZERO; self.moments.conditions.len()],
                columns: vec![Wide::ZERO; self.units.len()],
            };
            for (&i, &v) in earlier.iter().zip(&coefficients) {
                let slot = match i.checked_sub(q) {
                    Some(i) => combination.columns.get_mut(i + 1),
                    None => treated
                        .get(i)
                        .and_then(|&c| combination.conditions.get_mut(c)),
                };
                if let Some(slot) = slot {
                    *slot = v;
                }
            }
            self.combinations.push(combination);
            if let Some(slot) = taken.get_mut(at) {
                *slot = Some(coefficients);
            }
        }
        taken
    }

    /// True if something was taken off a column.
    pub fn are_apart(&self) -> bool {
        !self.combinations.is_empty()
    }
}

/// Coefficients of the regression of column j on earlier ones, by kept column.
fn regress(gram: &[Wide], all: usize, earlier: &[usize], j: usize) -> Vec<Wide> {
    let at = |a: usize, b: usize| gram.get(a * all + b).copied().unwrap_or_default();
    let p = earlier.len();
    let block: Vec<Wide> = earlier
        .iter()
        .flat_map(|&a| earlier.iter().map(move |&b| (a, b)))
        .map(|(a, b)| at(a, b))
        .collect();
    let factor = super::solve::factor(&block, p, 0.0);
    let products: Vec<super::negligible::Tally> = factor
        .kept
        .iter()
        .filter_map(|&k| earlier.get(k))
        .map(|&a| super::negligible::Tally::of(at(a, j), 0.0))
        .collect();
    let mut coefficients = vec![Wide::ZERO; p];
    for (&k, v) in factor.kept.iter().zip(factor.solve(&products)) {
        if let Some(slot) = coefficients.get_mut(k) {
            *slot = v.sum();
        }
    }
    coefficients
}
