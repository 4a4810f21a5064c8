//! What analyses read of a sketch: centred moments of the cells, as doubles.
//!
//! For each cell: the number of rows, the sums of the columns about a centre, and the cross products about the cell's own
//! means. Both are differences of exact integers and rounded once, so that nothing is lost when means are large against
//! the spread. The centre is the mean of the stratum, or of all rows; it only has to be near, and cancels later.

use super::cells::{HAS_COVARIATES, HAS_EXPOSED, HAS_WEIGHT};
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

/// A column of a sketch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// The outcome.
    Outcome,
    /// A covariate, counted from 1 as in SQL.
    Covariate(usize),
    /// The exposure.
    Exposed,
}

/// Rows and columns of an analysis that is not one of [`Rows`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Columns of the moments, in this order.
    pub columns: Vec<Variable>,
    /// What the rows must have, of `HAS_COVARIATES` and `HAS_EXPOSED`.
    pub needs: u8,
    /// Names of the conditions whose rows are taken; all if there are none.
    pub conditions: Vec<String>,
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
    /// Rows left out because the exposure was NULL.
    pub no_exposed: u64,
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

    /// The moments of some of the cells; strata and clusters without a cell are dropped.
    pub fn only(&self, keep: impl Fn(&CellMoments) -> bool) -> Moments {
        let kept: Vec<usize> = (0..self.cells.len())
            .filter(|&i| self.cells.get(i).is_some_and(&keep))
            .collect();
        let numbers = |of: fn(&CellMoments) -> usize| {
            let mut all: Vec<usize> = kept
                .iter()
                .filter_map(|&i| self.cells.get(i))
                .map(of)
                .collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let (strata, clusters) = (numbers(|c| c.stratum), numbers(|c| c.cluster));
        let place = |list: &[usize], n: usize| list.binary_search(&n).unwrap_or(0);
        let keys = |list: &[usize], all: &[Key]| -> Vec<Key> {
            list.iter().filter_map(|&n| all.get(n)).copied().collect()
        };
        Moments {
            conditions: self.conditions.clone(),
            strata: keys(&strata, &self.strata),
            clusters: keys(&clusters, &self.clusters),
            cells: kept
                .iter()
                .filter_map(|&i| self.cells.get(i))
                .map(|cell| CellMoments {
                    stratum: place(&strata, cell.stratum),
                    cluster: place(&clusters, cell.cluster),
                    ..*cell
                })
                .collect(),
            centres: strata
                .iter()
                .flat_map(|&s| (0..self.columns).map(move |column| self.centre(s, column)))
                .collect(),
            data: kept
                .iter()
                .flat_map(|&i| self.sums(i).iter().chain(self.within(i)))
                .copied()
                .collect(),
            ..*self
        }
    }

    /// The centre of a column in a stratum.
    pub fn centre(&self, stratum: usize, column: usize) -> f64 {
        self.centres
            .get(stratum * self.columns + column)
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// The same cells with one of the columns as the outcome, and no other column.
    pub fn of_column(&self, column: usize) -> Moments {
        let square = pair_slot(self.columns, column, column) - self.columns;
        let one = |values: &[f64], at: usize| values.get(at).copied().unwrap_or(0.0);
        Moments {
            columns: 1,
            conditions: self.conditions.clone(),
            strata: self.strata.clone(),
            clusters: self.clusters.clone(),
            cells: self.cells.clone(),
            centres: (0..self.strata.len())
                .map(|s| self.centre(s, column))
                .collect(),
            data: (0..self.cells.len())
                .flat_map(|i| [one(self.sums(i), column), one(self.within(i), square)])
                .collect(),
            ..*self
        }
    }

    /// The same cells with `column 0 + factor · column 1` as the outcome, and no other column; the factor may differ by condition.
    pub fn plus_second_column(&self, factor: impl Fn(usize) -> f64) -> Moments {
        let at = |values: &[f64], i: usize| values.get(i).copied().unwrap_or(0.0);
        let data = self.cells.iter().enumerate().flat_map(|(i, cell)| {
            let (f, sums, within) = (factor(cell.condition), self.sums(i), self.within(i));
            // The centre stays that of column 0, which cancels later.
            let second = at(sums, 1) + cell.rows * self.centre(cell.stratum, 1);
            let spread = at(within, 0) + 2.0 * f * at(within, 1) + f * f * at(within, self.columns);
            [at(sums, 0) + f * second, spread.max(0.0)]
        });
        Moments {
            data: data.collect(),
            ..self.of_column(0)
        }
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
        self.moments_of(&self.selection(rows), centre)
    }

    /// The moments of the cells of a sketch of students: cells are strata and conditions.
    pub fn student_moments(&self, rows: Rows, centre: Centre) -> Result<Moments, SketchError> {
        if self.cells.iter().any(|c| c.id.cluster != Key::STUDENT) {
            return Err(SketchError::ClusterSketch);
        }
        self.any_moments(&self.selection(rows), centre)
    }

    /// Rows with an outcome and all covariates.
    pub fn complete(&self) -> Selection {
        self.selection(Rows::WithCovariates)
    }

    fn selection(&self, rows: Rows) -> Selection {
        let mut columns = vec![Variable::Outcome];
        if rows == Rows::WithCovariates {
            columns.extend((1..=self.covariate_count()).map(Variable::Covariate));
        }
        Selection {
            columns,
            needs: if rows == Rows::All { 0 } else { HAS_COVARIATES },
            conditions: Vec::new(),
        }
    }

    /// Place of a column in the layout, if the sketch has it.
    fn place(&self, variable: Variable) -> Option<usize> {
        match variable {
            Variable::Outcome => Some(0),
            Variable::Covariate(i) => (1..=self.covariate_count()).contains(&i).then_some(i),
            Variable::Exposed => self.has_exposed.then(|| self.column_count() - 1),
        }
    }

    /// True if the sketch has a column of exposure.
    pub fn has_exposed(&self) -> bool {
        self.has_exposed
    }

    /// True if in every cell the sum of squares of the column is exactly its sum. For whole numbers that is so if and only if
    /// all are 0 or 1; fractions would have to make up for each other in every cluster.
    pub fn is_binary(&self, variable: Variable) -> bool {
        let layout = self.cells.layout();
        let Some(column) = self.place(variable) else {
            return false;
        };
        let square = pair_slot(layout.columns().len(), column, column);
        self.cells.iter().all(|cell| {
            match (
                slot_of(layout, cell.sums, column),
                slot_of(layout, cell.sums, square),
            ) {
                (Some(sum), Some(squares)) => same_value(sum, squares),
                _ => false,
            }
        })
    }

    /// The moments of the cells of chosen rows and columns. Columns that the sketch does not have are left out. A sketch of
    /// students has no clusters and is refused.
    pub fn moments_of(&self, chosen: &Selection, centre: Centre) -> Result<Moments, SketchError> {
        if self.cells.iter().any(|c| c.id.cluster == Key::STUDENT) {
            return Err(SketchError::StudentSketch);
        }
        self.any_moments(chosen, centre)
    }

    fn any_moments(&self, chosen: &Selection, centre: Centre) -> Result<Moments, SketchError> {
        let layout = self.cells.layout();
        let places: Vec<usize> = chosen
            .columns
            .iter()
            .filter_map(|&v| self.place(v))
            .collect();
        let columns = places.len();
        let canonical = Canonical::of(self);
        let mut pulse = Pulse::every(1 << 14);
        let weighted = self.cells.iter().any(|c| c.id.flags & HAS_WEIGHT != 0);
        let takes =
            |name: &String| chosen.conditions.is_empty() || chosen.conditions.contains(name);
        let taken: Vec<bool> = canonical
            .conditions
            .iter()
            .map(|&i| self.conditions.get(i).is_some_and(|c| takes(&c.name)))
            .collect();
        let (mut no_covariates, mut no_exposed, mut no_weight) = (0, 0, 0);
        let mut kept = Vec::with_capacity(canonical.cells.len());
        for &(id, number) in &canonical.cells {
            pulse.tick();
            let Some(cell) = self.cells.get(number) else {
                continue;
            };
            let missing = chosen.needs & !id.flags;
            if taken.get(id.condition as usize) != Some(&true) {
                continue;
            } else if weighted && id.flags & HAS_WEIGHT == 0 {
                no_weight += cell.rows;
            } else if missing & HAS_COVARIATES != 0 {
                no_covariates += cell.rows;
            } else if missing & HAS_EXPOSED != 0 {
                no_exposed += cell.rows;
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
        totals.resize_with(strata.len(), || totals_for(layout, &places));
        for (id, cell) in &kept {
            pulse.tick();
            for (&column, total) in places
                .iter()
                .zip(totals.get_mut(stratum_of(id.stratum)).into_iter().flatten())
            {
                if let Some(sum) = slot_of(layout, cell.sums, column) {
                    limbs::add_shifted(&mut total.limbs, sum.1, 0);
                    total.rows += cell.rows;
                }
            }
        }
        let mut centres = Vec::with_capacity(strata.len() * columns);
        for (&column, total) in totals
            .iter_mut()
            .flat_map(|t| places.iter().zip(t.iter_mut()))
        {
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
                    left_out: if takes(&c.name) {
                        c.left_out
                    } else {
                        LeftOut::default()
                    },
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
            no_exposed,
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
            scratch.cell(
                layout,
                &places,
                cell.sums,
                cell.rows,
                centre,
                &mut moments.data,
            )?;
        }
        moments.check_range()?;
        Ok(moments)
    }
}

/// True if two sums at their scales are the same number.
fn same_value(a: (Slot, &[u64]), b: (Slot, &[u64])) -> bool {
    let low = a.0.exponent.min(b.0.exponent);
    let shift = |slot: &Slot| (slot.exponent - low).max(0) as u32;
    let words = |(slot, sum): &(Slot, &[u64])| sum.len() + shift(slot) as usize / 64 + 2;
    limbs::with_buffer(words(&a).max(words(&b)), |difference| {
        limbs::add_shifted(difference, a.1, shift(&a.0));
        limbs::negate(difference);
        limbs::add_shifted(difference, b.1, shift(&b.0));
        limbs::is_zero(difference)
    })
}

fn totals_for(layout: &Layout, places: &[usize]) -> Vec<Total> {
    places
        .iter()
        .filter_map(|&column| layout.slots().get(column))
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
        places: &[usize],
        sums: &[u64],
        rows: u64,
        centre: &[Total],
        out: &mut Vec<f64>,
    ) -> Result<(), SketchError> {
        self.magnitudes.clear();
        self.bounds.clear();
        self.fixed.clear();
        self.short = places
            .iter()
            .filter_map(|&column| layout.slots().get(column))
            .all(|s| s.len <= 3)
            && layout
                .slots()
                .iter()
                .skip(layout.columns().len())
                .all(|s| s.len <= 5);
        for (&column, total) in places.iter().zip(centre) {
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
        for (a, &place_a) in places.iter().enumerate() {
            for (b, &place_b) in places.iter().enumerate().skip(a) {
                let slot = pair_slot(
                    layout.columns().len(),
                    place_a.min(place_b),
                    place_a.max(place_b),
                );
                let product = slot_of(layout, sums, slot);
                let value = match (product, self.short) {
                    _ if rows == 1 => 0.0,
                    (_, true) => self.within_short(product, rows, a, b).unwrap_or(f64::NAN),
                    _ => self.within(product, rows, a, b).unwrap_or(f64::NAN),
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
    fn within(
        &self,
        product: Option<(Slot, &[u64])>,
        rows: u64,
        a: usize,
        b: usize,
    ) -> Option<f64> {
        let (slot, sum) = product?;
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
        product: Option<(Slot, &[u64])>,
        rows: u64,
        a: usize,
        b: usize,
    ) -> Option<f64> {
        let (slot, sum) = product?;
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
