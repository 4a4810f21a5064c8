//! What analyses read of a sketch: centred moments of the cells, as numbers of 32 digits or as doubles.
//!
//! For each cell: the number of rows, the sums of the columns about a centre, and the cross products about the cell's own
//! means. Both are differences of exact integers and rounded once, so that nothing is lost when means are large against
//! the spread. The centre is the mean of the stratum, or of all rows; it cancels later. Where some conditions or strata may
//! be far from it, the 32 digits leave those of a double to each of them.

mod derive;
mod exact;
mod flat;
mod groups;
mod read;

use super::key::Key;
use super::shape::pair_slot;
use super::{LeftOut, SketchError};
use crate::exact::Wide;
use crate::pulse;

/// Which rows and columns an analysis needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All with an outcome; columns: the outcome.
    All,
    /// Those with all covariates; columns: the outcome and the covariates.
    WithCovariates,
    /// Those with all covariates; columns: the outcome.
    WithCovariatesOutcomeOnly,
}

/// A column of a sketch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// The outcome.
    Outcome,
    /// The denominator of an outcome that is a ratio.
    Denominator,
    /// 1 where the outcome is missing, and 0 where it is there; the outcome counts as 0 where it is missing.
    Missing,
    /// A covariate of those that are adjusted for, counted from 1.
    Covariate(usize),
    /// An exposure, counted from 1.
    Exposure(usize),
}

/// Rows and columns of an analysis that is not one of [`Rows`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Columns of the moments, in this order.
    pub columns: Vec<Variable>,
    /// What the rows must have, of `HAS_COVARIATES` and `HAS_EXPOSED`.
    pub needs: u8,
    /// Weights do not count: rows without one are there too.
    pub unweighted: bool,
    /// Names of the conditions whose rows are taken; all if there are none.
    pub conditions: Vec<String>,
}

impl Selection {
    fn takes(&self, condition: &String) -> bool {
        self.conditions.is_empty() || self.conditions.contains(condition)
    }
}

/// The point about which sums are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Centre {
    /// Near the mean of each stratum.
    PerStratum,
    /// Near the mean of all rows; the strata are taken as one.
    Pooled,
}

/// A condition and its rows that are in no cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionCounts {
    /// Name.
    pub name: String,
    /// Rows left out, by reason.
    pub left_out: LeftOut,
    /// Rows left out because the outcome was NULL.
    pub no_outcome: u64,
}

/// Moments of one cell.
#[derive(Debug, Clone, Copy)]
pub struct CellMoments {
    /// Number of the stratum, in the order of the digests; 0 if pooled.
    pub stratum: usize,
    /// Number of the cluster, in the order of the digests.
    pub cluster: usize,
    /// Number of the condition, in the order of the names.
    pub condition: usize,
    /// Weight of each row.
    pub weight: f64,
    /// Rows.
    pub rows: f64,
}

/// Moments of the cells of a sketch, in canonical order.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Conditions, by name; also those without a cell.
    pub conditions: Vec<ConditionCounts>,
    /// Digests of the strata.
    pub strata: Vec<Key>,
    /// Digests of the clusters.
    pub clusters: Vec<Key>,
    /// Cells.
    pub cells: Vec<CellMoments>,
    /// Number of columns: the outcome, and the covariates if asked for.
    pub columns: usize,
    /// Rows without a condition.
    pub no_condition: u64,
    /// Rows left out because a covariate was NULL.
    pub no_covariates: u64,
    /// Rows left out because the exposure was NULL.
    pub no_exposed: u64,
    /// Rows left out because they have no weight though others have.
    pub no_weight: u64,
    /// True if the rows have weights.
    pub weighted: bool,
    pub(super) centres: Vec<Wide>,
    pub(super) data: Vec<f64>,
    /// What doubles leave of `data`.
    pub(super) rests: Vec<f64>,
    /// The same rows with cells of strata and conditions.
    pub(super) groups: Option<Box<Moments>>,
}

impl Moments {
    /// The same rows in cells that do not tell clusters apart, where there are few of these; otherwise the moments as they are.
    pub fn without_clusters(&self) -> &Moments {
        self.groups.as_deref().unwrap_or(self)
    }

    /// Sums of the columns of cell `i` about the centre.
    pub fn sums(&self, i: usize) -> &[f64] {
        let start = i * self.stride();
        self.data.get(start..start + self.columns).unwrap_or(&[])
    }

    /// Cross products of cell `i` about its own means: `(a, b)`, `a <= b`, row by row.
    pub fn within(&self, i: usize) -> &[f64] {
        let start = i * self.stride() + self.columns;
        self.data
            .get(start..start + self.columns * (self.columns + 1) / 2)
            .unwrap_or(&[])
    }

    /// Sum of a column of cell `i` about the centre.
    pub fn sum(&self, i: usize, column: usize) -> Wide {
        self.number(i, column)
    }

    /// Cross product of two columns of cell `i` about its own means.
    pub fn product(&self, i: usize, a: usize, b: usize) -> Wide {
        self.number(i, self.columns + self.pair(a.min(b), a.max(b)))
    }

    /// The same as a double.
    #[inline]
    pub fn plain_product(&self, i: usize, a: usize, b: usize) -> f64 {
        let at = i * self.stride() + self.columns + self.pair(a.min(b), a.max(b));
        self.data.get(at).copied().unwrap_or(0.0)
    }

    fn number(&self, i: usize, place: usize) -> Wide {
        let at = i * self.stride() + place;
        match (self.data.get(at), self.rests.get(at)) {
            (Some(&value), Some(&rest)) => Wide::of_halves(value, rest),
            _ => Wide::ZERO,
        }
    }

    /// The centre of a column in a stratum.
    pub fn centre(&self, stratum: usize, column: usize) -> f64 {
        self.exact_centre(stratum, column).value()
    }

    /// The centre of a column in a stratum, with 32 digits.
    pub fn exact_centre(&self, stratum: usize, column: usize) -> Wide {
        self.centres
            .get(stratum * self.columns + column)
            .copied()
            .unwrap_or(f64::NAN.into())
    }

    /// Size of the values of a column of cell `i`, about 0: their root mean square times the rows.
    pub fn size(&self, i: usize, column: usize) -> f64 {
        let (rows, stratum) = self.cells.get(i).map_or((0.0, 0), |c| (c.rows, c.stratum));
        let sum = self.sum(i, column) + self.exact_centre(stratum, column) * rows;
        let within = self.product(i, column, column).value().max(0.0);
        sum.value().hypot((rows * within).sqrt())
    }

    /// Squares of what is read must be doubles too, and not vanish.
    fn check_range(&self) -> Result<(), SketchError> {
        const LARGEST: f64 = 1e145;
        const SMALLEST: f64 = 1e-145;
        for column in 0..self.columns {
            let deviation = |i: usize| {
                let within = self.within(i).get(self.pair(column, column)).copied();
                self.sums(i)
                    .get(column)
                    .copied()
                    .unwrap_or(0.0)
                    .abs()
                    .max(within.unwrap_or(0.0).sqrt())
            };
            let largest = pulse::each(0..self.cells.len())
                .map(deviation)
                .fold(0.0, |a: f64, b| if b.is_nan() { b } else { a.max(b) });
            if !(largest == 0.0 || (SMALLEST..=LARGEST).contains(&largest)) {
                return Err(SketchError::OutOfRange);
            }
        }
        Ok(())
    }

    /// Place of the product of two columns, the first not after the second, in what [`Moments::within`] gives.
    fn pair(&self, a: usize, b: usize) -> usize {
        pair_slot(self.columns, a, b) - self.columns
    }

    fn stride(&self) -> usize {
        self.columns + self.columns * (self.columns + 1) / 2
    }
}
