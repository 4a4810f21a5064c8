//! What analyses read of a sketch: centred moments of the cells, as doubles.
//!
//! For each cell: the number of rows, the sums of the columns about a centre, and the cross products about the cell's own
//! means. Both are differences of exact integers and rounded once, so that nothing is lost when means are large against
//! the spread. The centre is the mean of the stratum, or of all rows; it only has to be near, and cancels later.

use super::cells::{HAS_COVARIATES, HAS_WEIGHT};
use super::key::Key;
use super::layout::{Layout, Slot, pair_slot};
use super::wire::Canonical;
use super::{LeftOut, Sketch, SketchError};
use crate::exact::limbs;
use crate::pulse::Pulse;

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
    /// Rows left out because they have no weight though others have.
    pub no_weight: u64,
    /// True if the rows have weights.
    pub weighted: bool,
    pub(super) centres: Vec<f64>,
    pub(super) data: Vec<f64>,
}

impl Moments {
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

    /// The centre of a column in a stratum.
    pub fn centre(&self, stratum: usize, column: usize) -> f64 {
        self.centres
            .get(stratum * self.columns + column)
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// Squares of what is read must be doubles too, and not vanish.
    fn check_range(&self) -> Result<(), SketchError> {
        const LARGEST: f64 = 1e145;
        const SMALLEST: f64 = 1e-145;
        for column in 0..self.columns {
            let deviation = |i: usize| {
                let within = self
                    .within(i)
                    .get(pair_slot(self.columns, column, column) - self.columns)
                    .copied();
                self.sums(i)
                    .get(column)
                    .copied()
                    .unwrap_or(0.0)
                    .abs()
                    .max(within.unwrap_or(0.0).sqrt())
            };
            let largest = (0..self.cells.len())
                .map(deviation)
                .fold(0.0, |a: f64, b| if b.is_nan() { b } else { a.max(b) });
            if !(largest == 0.0 || (SMALLEST..=LARGEST).contains(&largest)) {
                return Err(SketchError::OutOfRange);
            }
        }
        Ok(())
    }

    fn stride(&self) -> usize {
        self.columns + self.columns * (self.columns + 1) / 2
    }
}

/// An exact sum of one column over one stratum.
struct Total {
    limbs: Vec<u64>,
    rows: u64,
}

impl Sketch {
    /// The moments of the cells.
    pub fn moments(&self, rows: Rows, centre: Centre) -> Result<Moments, SketchError> {
        let layout = self.cells.layout();
        let columns = match rows {
            Rows::WithCovariates => 1 + self.covariate_count(),
            Rows::All | Rows::WithCovariatesOutcomeOnly => 1,
        };
        let needs_covariates = rows != Rows::All;
        let canonical = Canonical::of(self);
        let mut pulse = Pulse::every(1 << 14);
        let weighted = self.cells.iter().any(|c| c.id.flags & HAS_WEIGHT != 0);
        let (mut no_covariates, mut no_weight) = (0, 0);
        let mut kept = Vec::with_capacity(canonical.cells.len());
        for &(id, number) in &canonical.cells {
            pulse.tick();
            let Some(cell) = self.cells.get(number) else {
                continue;
            };
            if weighted && id.flags & HAS_WEIGHT == 0 {
                no_weight += cell.rows;
            } else if needs_covariates && id.flags & HAS_COVARIATES == 0 {
                no_covariates += cell.rows;
            } else {
                kept.push((id, cell));
            }
        }
        let pooled = centre == Centre::Pooled;
        let mut clusters: Vec<Key> = kept.iter().map(|(id, _)| id.cluster).collect();
        clusters.sort_unstable();
        clusters.dedup();
        let mut strata: Vec<u32> = kept
            .iter()
            .map(|(id, _)| if pooled { 0 } else { id.stratum })
            .collect();
        strata.dedup();
        let stratum_of = |stratum: u32| {
            if pooled {
                0
            } else {
                strata.binary_search(&stratum).unwrap_or(0)
            }
        };

        let mut totals: Vec<Vec<Total>> = Vec::new();
        totals.resize_with(strata.len(), || totals_for(layout, columns));
        for (id, cell) in &kept {
            pulse.tick();
            for (column, total) in totals
                .get_mut(stratum_of(id.stratum))
                .into_iter()
                .flatten()
                .enumerate()
            {
                if let Some(sum) = slot_of(layout, cell.sums, column) {
                    limbs::add_shifted(&mut total.limbs, sum.1, 0);
                    total.rows += cell.rows;
                }
            }
        }
        let mut centres = Vec::with_capacity(strata.len() * columns);
        for (column, total) in totals.iter_mut().flat_map(|t| t.iter_mut().enumerate()) {
            divide(&mut total.limbs, total.rows);
            let exponent = layout.slots().get(column).map_or(0, |s| s.exponent);
            centres.push(limbs::to_f64(&total.limbs, exponent));
        }

        let mut moments = Moments {
            conditions: canonical
                .conditions
                .iter()
                .filter_map(|&i| self.conditions.get(i))
                .map(|c| ConditionCounts {
                    name: c.name.clone(),
                    left_out: c.left_out,
                })
                .collect(),
            strata: strata
                .iter()
                .map(|&s| {
                    canonical
                        .strata
                        .get(s as usize)
                        .and_then(|&i| self.strata.get(i))
                        .copied()
                        .unwrap_or(Key::NONE)
                })
                .collect(),
            cells: Vec::with_capacity(kept.len()),
            data: Vec::with_capacity(kept.len() * (columns + columns * (columns + 1) / 2)),
            clusters,
            columns,
            no_condition: self.no_condition,
            no_covariates,
            no_weight,
            weighted,
            centres,
        };
        if pooled {
            moments.strata = vec![Key::NONE];
        }
        let mut scratch = Scratch::default();
        for (id, cell) in &kept {
            pulse.tick();
            let stratum = stratum_of(id.stratum);
            moments.cells.push(CellMoments {
                stratum,
                cluster: moments.clusters.binary_search(&id.cluster).unwrap_or(0),
                condition: id.condition as usize,
                weight: id.weight,
                rows: cell.rows as f64,
            });
            let centre = totals.get(stratum).map_or(&[][..], |t| t.as_slice());
            scratch.cell(layout, cell.sums, cell.rows, centre, &mut moments.data)?;
        }
        moments.check_range()?;
        Ok(moments)
    }
}

fn totals_for(layout: &Layout, columns: usize) -> Vec<Total> {
    layout
        .slots()
        .iter()
        .take(columns)
        .map(|s| Total {
            limbs: vec![0; s.len + 1],
            rows: 0,
        })
        .collect()
}

fn slot_of<'a>(layout: &Layout, sums: &'a [u64], slot: usize) -> Option<(Slot, &'a [u64])> {
    let slot = *layout.slots().get(slot)?;
    Some((slot, sums.get(slot.offset..slot.offset + slot.len)?))
}

/// `x = x / divisor`, towards zero.
fn divide(x: &mut [u64], divisor: u64) {
    let divisor = divisor.max(1) as u128;
    let negative = limbs::magnitude_in_place(x);
    let mut rest = 0u128;
    for limb in x.iter_mut().rev() {
        let wide = rest << 64 | *limb as u128;
        *limb = (wide / divisor) as u64;
        rest = wide % divisor;
    }
    if negative {
        limbs::negate(x);
    }
}

/// Magnitudes of the column sums of one cell, one after the other.
#[derive(Default)]
struct Scratch {
    magnitudes: Vec<u64>,
    /// Start, end and sign of each.
    bounds: Vec<(usize, usize, bool)>,
    /// True if sums have at most 3 limbs and products 5, as with nearly all data; then the magnitudes and signs again.
    short: bool,
    fixed: Vec<([u64; 3], bool)>,
}

impl Scratch {
    /// Appends the moments of one cell to `out`.
    fn cell(
        &mut self,
        layout: &Layout,
        sums: &[u64],
        rows: u64,
        centre: &[Total],
        out: &mut Vec<f64>,
    ) -> Result<(), SketchError> {
        let columns = centre.len();
        self.magnitudes.clear();
        self.bounds.clear();
        self.fixed.clear();
        self.short = layout.slots().iter().take(columns).all(|s| s.len <= 3)
            && layout
                .slots()
                .iter()
                .skip(layout.columns().len())
                .all(|s| s.len <= 5);
        for (column, total) in centre.iter().enumerate() {
            let Some((slot, sum)) = slot_of(layout, sums, column) else {
                continue;
            };
            out.push(offset(total, sum, rows, slot.exponent));
            let start = self.magnitudes.len();
            self.magnitudes.extend_from_slice(sum);
            let negative = self
                .magnitudes
                .get_mut(start..)
                .is_some_and(limbs::magnitude_in_place);
            while self.magnitudes.len() > start && self.magnitudes.last() == Some(&0) {
                self.magnitudes.pop();
            }
            if self.short {
                let mut fixed = [0; 3];
                fixed
                    .iter_mut()
                    .zip(self.magnitudes.iter().skip(start))
                    .for_each(|(to, &from)| *to = from);
                self.fixed.push((fixed, negative));
            }
            self.bounds.push((start, self.magnitudes.len(), negative));
        }
        for a in 0..columns {
            for b in a..columns {
                let value = match self.short {
                    _ if rows == 1 => 0.0,
                    true => self
                        .within_short(layout, sums, rows, a, b)
                        .unwrap_or(f64::NAN),
                    false => self.within(layout, sums, rows, a, b).unwrap_or(f64::NAN),
                };
                if a == b && value < 0.0 {
                    return Err(SketchError::Corrupt(
                        "a sum of squares is smaller than its mean allows",
                    ));
                }
                out.push(value);
            }
        }
        Ok(())
    }

    /// `Σ(a − ā)(b − b̄) = (n Σab − Σa Σb) / n`, the numerator exact.
    fn within(&self, layout: &Layout, sums: &[u64], rows: u64, a: usize, b: usize) -> Option<f64> {
        let (slot, sum) = slot_of(layout, sums, pair_slot(layout.columns().len(), a, b))?;
        let (&(a_start, a_end, a_negative), &(b_start, b_end, b_negative)) =
            (self.bounds.get(a)?, self.bounds.get(b)?);
        let (x, y) = (
            self.magnitudes.get(a_start..a_end)?,
            self.magnitudes.get(b_start..b_end)?,
        );
        let length = (slot.len + 1).max(x.len() + y.len() + 1);
        let numerator = limbs::with_buffer(length, |difference| {
            limbs::with_buffer(sum.len(), |raw| {
                raw.copy_from_slice(sum);
                let negative = limbs::magnitude_in_place(raw);
                limbs::multiply_magnitudes(raw, &[rows], difference);
                if negative {
                    limbs::negate(difference);
                }
            });
            limbs::with_buffer(x.len() + y.len(), |product| {
                limbs::multiply_magnitudes(x, y, product);
                limbs::add_signed_magnitude(difference, product, a_negative == b_negative);
            });
            limbs::take_f64(difference, slot.exponent)
        });
        Some(numerator / rows as f64)
    }
}

impl Scratch {
    /// The same as [`Scratch::within`] with integers of constant size.
    #[inline]
    fn within_short(
        &self,
        layout: &Layout,
        sums: &[u64],
        rows: u64,
        a: usize,
        b: usize,
    ) -> Option<f64> {
        let (slot, sum) = slot_of(layout, sums, pair_slot(layout.columns().len(), a, b))?;
        let ((x, x_negative), (y, y_negative)) = (self.fixed.get(a)?, self.fixed.get(b)?);
        // n Σab: two's complement times an unsigned number, with the sign spread over the top.
        let mut difference = [if limbs::is_negative(sum) { u64::MAX } else { 0 }; 6];
        difference
            .iter_mut()
            .zip(sum)
            .for_each(|(to, &from)| *to = from);
        let mut carry = 0u128;
        for limb in &mut difference {
            carry += *limb as u128 * rows as u128;
            *limb = carry as u64;
            carry >>= 64;
        }
        let mut product = [0u64; 6];
        for (i, &p) in x.iter().enumerate() {
            let mut carry = 0u128;
            for (limb, &q) in product
                .iter_mut()
                .skip(i)
                .zip(y.iter().chain(std::iter::once(&0)))
            {
                carry += *limb as u128 + p as u128 * q as u128;
                *limb = carry as u64;
                carry >>= 64;
            }
        }
        limbs::add_signed_magnitude(&mut difference, &product, x_negative == y_negative);
        Some(limbs::take_f64(&mut difference, slot.exponent) / rows as f64)
    }
}

/// `Σ(v − c) = Σv − n c`, exact.
fn offset(centre: &Total, sum: &[u64], rows: u64, exponent: i32) -> f64 {
    limbs::with_buffer(centre.limbs.len() + 2, |difference| {
        limbs::with_buffer(centre.limbs.len(), |c| {
            c.copy_from_slice(&centre.limbs);
            let negative = limbs::magnitude_in_place(c);
            limbs::multiply_magnitudes(c, &[rows], difference);
            if !negative {
                limbs::negate(difference);
            }
        });
        limbs::add_shifted(difference, sum, 0);
        limbs::take_f64(difference, exponent)
    })
}
