//! Where the exact sums of a cell lie, and at which scale.
//!
//! A row is a vector of values: those of the outcomes, and the *common* columns, which are the covariates and the exposures.
//! A cell keeps, as integers:
//!
//! - a block for each value of an outcome: its sum, its sum of squares, and its products with the common columns
//! - a block of the common columns: their sums, squares and products, over all rows that have them
//! - for each ratio the products of its two values
//! - once any outcome is missing, a block of the common columns over the rows that lack the outcome, for each outcome, and the
//!   numbers of these rows: what the rows with the outcome have is the difference
//!
//! No products of two outcomes: memory is linear in outcomes. A missing value adds zero, so a row takes the same way
//! whatever it lacks.
//!
//! All cells of a sketch share one scale per column: values are integers times `2^exponent`, below `2^bits` in magnitude.
//! When a value does not fit, the column's scale is widened and all cells are moved, which happens a few times at the start
//! of a scan and hardly ever after.

use super::fixed::{Fixed, add_all, add_wide_block, add_wide_term};
use super::scale::{Column, NARROW};
use super::shape::Shape;

/// Rows of one cell stay below 2^40, so that a sum needs 40 bits more than its terms, and a sign.
pub const HEADROOM: u32 = 41;
/// Rows that one cell can take.
pub const MAX_CELL_ROWS: u64 = 1 << 40;
/// Covariates and exposures.
const MAX_COMMON: usize = super::MAX_COVARIATES + super::MAX_EXPOSURES;

/// Place of one sum in a cell.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// First limb, counted from the end of the cell's header.
    pub offset: usize,
    /// Number of limbs.
    pub len: usize,
    /// Scale of the sum.
    pub exponent: i32,
}

/// Columns and slots of a sketch. All sums have one length and all products have one, so that adding a row is a loop over
/// slots of constant size.
#[derive(Debug, Clone)]
pub struct Layout {
    shape: Shape,
    columns: Vec<Column>,
    /// Rows may lack an outcome.
    gaps: bool,
    slots: Vec<Slot>,
    /// Limbs of all slots, and of these with the numbers of rows after them.
    sums_words: usize,
    words: usize,
    sum_len: usize,
    product_len: usize,
    width: Width,
}

/// Adds a row to the sums of a cell. False if a value does not fit, and then nothing is changed. Missing values are 0.
pub type Adder = fn(&Layout, &mut [u64], &[f64]) -> bool;

/// How wide the widest column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    /// Values fit 64 bits, products 128.
    Single,
    /// Values fit 126 bits, products 252.
    Double,
    /// Anything else.
    Wide,
}

fn limbs_for(bits: u32) -> usize {
    (bits + HEADROOM).div_ceil(64) as usize
}

impl Layout {
    /// The layout of these columns.
    pub fn new(shape: Shape, columns: Vec<Column>, gaps: bool) -> Self {
        let widest = columns.iter().map(|c| c.bits).max().unwrap_or(0);
        let (sum_len, product_len) = (limbs_for(widest), limbs_for(2 * widest));
        let exponent = |column: usize| columns.get(column).map_or(0, |c| c.exponent);
        let mut slots: Vec<Slot> = Vec::with_capacity(shape.slots(gaps));
        for (a, b) in shape.terms(gaps) {
            slots.push(Slot {
                offset: slots.last().map_or(0, |s| s.offset + s.len),
                len: if b.is_some() { product_len } else { sum_len },
                exponent: exponent(a) + b.map_or(0, exponent),
            });
        }
        let width = match widest {
            0..=64 => Width::Single,
            65..=NARROW => Width::Double,
            _ => Width::Wide,
        };
        let sums_words = slots.last().map_or(0, |s| s.offset + s.len);
        let counts = if gaps { shape.outcomes().len() } else { 0 };
        Layout {
            shape,
            columns,
            gaps,
            slots,
            sums_words,
            words: sums_words + counts,
            sum_len,
            product_len,
            width,
        }
    }

    /// How many values of which kind.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Scales of the columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// True if rows may lack an outcome.
    pub fn gaps(&self) -> bool {
        self.gaps
    }

    /// Slots.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Limbs that one cell's sums take, with the numbers of rows that lack an outcome after them.
    #[inline(always)]
    pub fn words(&self) -> usize {
        self.words
    }

    /// Numbers of rows at the end of a cell.
    pub fn counts(&self) -> usize {
        self.words - self.sums_words
    }

    /// Rows of a cell that lack an outcome.
    pub fn missing(&self, sums: &[u64], outcome: usize) -> u64 {
        match self.gaps {
            true => sums.get(self.sums_words + outcome).copied().unwrap_or(0),
            false => 0,
        }
    }

    /// The numbers of rows that lack an outcome.
    pub fn missing_mut<'a>(&self, sums: &'a mut [u64]) -> &'a mut [u64] {
        sums.get_mut(self.sums_words..).unwrap_or(&mut [])
    }

    /// Columns of a layout in which `values` fit too.
    pub fn widened_for(&self, values: &[f64]) -> Vec<Column> {
        let mut columns = self.columns.clone();
        for (column, &value) in columns.iter_mut().zip(values) {
            *column = column.widened_for(value);
        }
        columns
    }

    /// What adds rows to cells of this layout.
    pub fn adder(&self) -> Adder {
        // The lengths that data take in practice get code of their own.
        match (self.width, self.sum_len, self.product_len) {
            (Width::Single, 1, 2) => self.adder_of::<1, 2, true>(),
            (Width::Single, 2, 2) => self.adder_of::<2, 2, true>(),
            (Width::Single, 2, 3) => self.adder_of::<2, 3, true>(),
            (Width::Double, 2, 3) => self.adder_of::<2, 3, false>(),
            (Width::Double, 2, 4) => self.adder_of::<2, 4, false>(),
            (Width::Double, 3, 4) => self.adder_of::<3, 4, false>(),
            (Width::Double, 3, 5) => self.adder_of::<3, 5, false>(),
            _ => Layout::add_wide,
        }
    }

    fn adder_of<const S: usize, const P: usize, const SINGLE: bool>(&self) -> Adder {
        // Few common columns get loops of constant length.
        match self.shape.common() {
            0 => Layout::add_blocks::<0, S, P, SINGLE>,
            1 => Layout::add_blocks::<1, S, P, SINGLE>,
            2 => Layout::add_blocks::<2, S, P, SINGLE>,
            3 => Layout::add_blocks::<3, S, P, SINGLE>,
            4..=8 => Layout::add_many::<8, S, P, SINGLE>,
            _ => Layout::add_many::<MAX_COMMON, S, P, SINGLE>,
        }
    }

    fn add_blocks<const C: usize, const S: usize, const P: usize, const SINGLE: bool>(
        &self,
        sums: &mut [u64],
        values: &[f64],
    ) -> bool {
        let mut common = [Fixed::ZERO; C];
        self.add_common::<S, P, SINGLE>(sums, values, &mut common)
    }

    fn add_many<const C: usize, const S: usize, const P: usize, const SINGLE: bool>(
        &self,
        sums: &mut [u64],
        values: &[f64],
    ) -> bool {
        let mut common = [Fixed::ZERO; C];
        match common.get_mut(..self.shape.common()) {
            Some(common) => self.add_common::<S, P, SINGLE>(sums, values, common),
            None => self.add_wide(sums, values),
        }
    }

    #[inline(always)]
    fn add_common<const S: usize, const P: usize, const SINGLE: bool>(
        &self,
        sums: &mut [u64],
        values: &[f64],
        common: &mut [Fixed],
    ) -> bool {
        let (Some((own, shared)), Some((own_columns, shared_columns))) = (
            values.split_at_checked(self.shape.values()),
            self.columns.split_at_checked(self.shape.values()),
        ) else {
            return false;
        };
        for ((target, column), &value) in common.iter_mut().zip(shared_columns).zip(shared) {
            let Some(f) = column.fixed(value) else {
                return false;
            };
            *target = f;
        }
        let block = S + P * (1 + common.len());
        if let ([value], [column]) = (own, own_columns) {
            let Some(f) = column.fixed(*value) else {
                return false;
            };
            f.add_block::<S, P, SINGLE>(sums, common);
        } else {
            // Nothing may change if one of them does not fit.
            let fits = |(column, value): (&Column, &f64)| column.fixed(*value).is_some();
            if !own_columns.iter().zip(own).all(fits) {
                return false;
            }
            for ((column, value), sums) in own_columns
                .iter()
                .zip(own)
                .zip(sums.chunks_exact_mut(block))
            {
                if let Some(f) = column.fixed(*value) {
                    f.add_block::<S, P, SINGLE>(sums, common);
                }
            }
        }
        let Some(rest) = sums.get_mut(own.len() * block..) else {
            return false;
        };
        add_all::<S, P, SINGLE>(rest, common);
        if self.shape.outcomes().len() < own.len() {
            self.add_ratios::<S, P, SINGLE>(rest, own, common.len());
        }
        true
    }

    fn add_ratios<const S: usize, const P: usize, const SINGLE: bool>(
        &self,
        rest: &mut [u64],
        own: &[f64],
        common: usize,
    ) {
        let start = S * common + P * common * (common + 1) / 2;
        let products = rest
            .get_mut(start..)
            .unwrap_or(&mut [])
            .as_chunks_mut::<P>()
            .0;
        let fixed = |at: usize| self.columns.get(at)?.fixed(*own.get(at)?);
        for (first, slot) in self.shape.ratios().zip(products) {
            if let (Some(a), Some(b)) = (fixed(first), fixed(first + 1)) {
                a.add_product_to::<P, SINGLE>(&b, slot);
            }
        }
    }

    /// Adds the common columns of a row, which fit, to those of the rows that lack an outcome, and counts the row.
    pub fn add_gap(&self, sums: &mut [u64], outcome: usize, common: &[f64]) {
        if let Some(count) = self.missing_mut(sums).get_mut(outcome) {
            *count += 1;
        }
        if common.is_empty() {
            return;
        }
        let Some(columns) = self.columns.get(self.shape.values()..) else {
            return;
        };
        let start = self.shape.gap(outcome);
        let mut slots = self.slots.iter().skip(start).take(self.shape.block());
        let fixed: Vec<_> = columns
            .iter()
            .zip(common)
            .filter_map(|(column, &value)| column.fixed_wide(value))
            .collect();
        add_wide_block(sums, &mut slots, &fixed);
    }

    fn add_wide(&self, sums: &mut [u64], values: &[f64]) -> bool {
        let mut fixed = Vec::with_capacity(values.len());
        for (column, &value) in self.columns.iter().zip(values) {
            let Some(f) = column.fixed_wide(value) else {
                return false;
            };
            fixed.push(f);
        }
        for ((a, b), slot) in self.shape.terms(false).into_iter().zip(&self.slots) {
            let b = b.map(|b| fixed.get(b));
            if let (Some(a), Some(to)) = (
                fixed.get(a),
                sums.get_mut(slot.offset..slot.offset + slot.len),
            ) {
                add_wide_term(to, a, b.flatten());
            }
        }
        true
    }
}
