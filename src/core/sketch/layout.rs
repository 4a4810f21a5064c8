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

use super::columns::Columns;
use crate::exact::{limbs, parts};

/// Rows of one cell stay below 2^40, so that a sum needs 40 bits more than its terms, and a sign.
pub const HEADROOM: u32 = 41;
/// Rows that one cell can take.
pub const MAX_CELL_ROWS: u64 = 1 << 40;
/// Covariates and exposures.
const MAX_COMMON: usize = super::MAX_COVARIATES + super::MAX_EXPOSURES;
/// Widest values that are handled as one machine integer.
const NARROW: u32 = 126;

/// Scale and width of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Column {
    /// Values are multiples of `2^exponent`.
    pub exponent: i32,
    /// Values are below `2^(exponent + bits)`; 0 while only zeros were seen.
    pub bits: u32,
}

impl Column {
    /// The smallest widening of the column, in steps that keep moves rare, in which `value` fits.
    pub fn widened_for(self, value: f64) -> Column {
        let Some(p) = parts(value) else { return self };
        if p.mantissa == 0 {
            return self;
        }
        let low = p.exponent + p.mantissa.trailing_zeros() as i32;
        let high = p.exponent + 64 - p.mantissa.leading_zeros() as i32;
        self.widened_to(low, high)
    }

    fn widened_to(self, low: i32, high: i32) -> Column {
        let (mut exponent, mut top) = (low.div_euclid(8) * 8, high);
        if self.bits > 0 {
            exponent = if low < self.exponent {
                exponent
            } else {
                self.exponent
            };
            top = top.max(self.exponent + self.bits as i32);
        }
        Column {
            exponent,
            bits: ((top - exponent).max(1) as u32).div_ceil(8) * 8,
        }
    }

    /// The narrowest column that holds what both hold.
    pub fn union(self, other: Column) -> Column {
        match (self.bits, other.bits) {
            (_, 0) => self,
            (0, _) => other,
            _ => {
                let exponent = self.exponent.min(other.exponent);
                let top =
                    (self.exponent + self.bits as i32).max(other.exponent + other.bits as i32);
                Column {
                    exponent,
                    bits: (top - exponent) as u32,
                }
            }
        }
    }

    /// The value as an integer at the column's scale, if it fits.
    #[inline(always)]
    fn fixed(&self, value: f64) -> Option<Fixed> {
        let bits = value.to_bits();
        let raw = (bits >> 52 & 0x7ff) as i32;
        let shift = raw - 1075 - self.exponent;
        // Normal numbers whose lowest bit is above the scale, which is nearly all of them.
        if raw != 0 && shift >= 0 && shift + 53 <= self.bits as i32 {
            let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
            return Some(Fixed {
                magnitude: (mantissa as u128) << (shift & 127),
                negative: bits >> 63 == 1,
            });
        }
        self.fixed_with_care(value)
    }

    #[cold]
    fn fixed_with_care(&self, value: f64) -> Option<Fixed> {
        let p = parts(value)?;
        if p.mantissa == 0 {
            return Some(Fixed::ZERO);
        }
        let zeros = p.mantissa.trailing_zeros();
        let (odd, shift) = (
            p.mantissa >> zeros,
            p.exponent + zeros as i32 - self.exponent,
        );
        let fits =
            shift >= 0 && shift + 64 - odd.leading_zeros() as i32 <= self.bits.min(NARROW) as i32;
        fits.then(|| Fixed {
            magnitude: (odd as u128) << (shift & 127),
            negative: p.negative,
        })
    }

    /// The value as limbs at the column's scale, if it fits. For columns wider than a machine integer.
    fn fixed_wide(&self, value: f64) -> Option<(Vec<u64>, bool)> {
        let p = parts(value)?;
        let mut magnitude = vec![0u64; self.bits.div_ceil(64) as usize + 1];
        if p.mantissa == 0 {
            return Some((magnitude, false));
        }
        let odd = p.mantissa >> p.mantissa.trailing_zeros();
        let low = p.exponent + p.mantissa.trailing_zeros() as i32 - self.exponent;
        if low < 0 || low + 64 - odd.leading_zeros() as i32 > self.bits as i32 {
            return None;
        }
        limbs::add_shifted(&mut magnitude, &[odd, 0], low as u32);
        Some((magnitude, p.negative))
    }
}

/// A value at the scale of its column.
#[derive(Debug, Clone, Copy)]
struct Fixed {
    magnitude: u128,
    negative: bool,
}

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

/// How many values of which kind a row has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// For each outcome the place of its value; a ratio has its denominator after it.
    outcomes: Vec<(usize, bool)>,
    /// Values of outcomes.
    values: usize,
    /// Covariates and exposures.
    common: usize,
}

impl Shape {
    /// Of these columns.
    pub fn of(columns: &Columns) -> Self {
        let mut shape = Shape {
            outcomes: Vec::new(),
            values: 0,
            common: columns.covariates.len() + columns.exposures.len(),
        };
        for outcome in &columns.outcomes {
            let ratio = outcome.denominator.is_some();
            shape.outcomes.push((shape.values, ratio));
            shape.values += 1 + ratio as usize;
        }
        shape
    }

    /// Columns with a scale: the values of outcomes, and then the common ones.
    pub fn columns(&self) -> usize {
        self.values + self.common
    }

    /// Outcomes: the place of the value, and whether the denominator of a ratio comes after it.
    pub fn outcomes(&self) -> &[(usize, bool)] {
        &self.outcomes
    }

    /// Values of outcomes.
    pub fn values(&self) -> usize {
        self.values
    }

    /// Covariates and exposures.
    pub fn common(&self) -> usize {
        self.common
    }

    fn ratios(&self) -> impl Iterator<Item = usize> {
        self.outcomes.iter().filter(|o| o.1).map(|o| o.0)
    }

    /// Sums and products of a block of the common columns.
    fn block(&self) -> usize {
        self.common + self.common * (self.common + 1) / 2
    }

    /// Slot of the sum of a column.
    pub fn sum(&self, column: usize) -> usize {
        match column.checked_sub(self.values) {
            Some(common) => self.values * (2 + self.common) + common,
            None => column * (2 + self.common),
        }
    }

    /// Slot of the product of two columns, the first not after the second; none for two outcomes.
    pub fn product(&self, a: usize, b: usize) -> Option<usize> {
        let block = self.values * (2 + self.common);
        match (a.checked_sub(self.values), b.checked_sub(self.values)) {
            (None, None) if a == b => Some(self.sum(a) + 1),
            (None, None) if b == a + 1 => {
                let ratio = self.ratios().position(|first| first == a)?;
                Some(block + self.block() + ratio)
            }
            (None, Some(common)) => Some(self.sum(a) + 2 + common),
            (Some(x), Some(y)) => Some(block + pair_slot(self.common, x, y)),
            _ => None,
        }
    }

    /// First slot of the common columns of the rows that lack an outcome.
    fn gap(&self, outcome: usize) -> usize {
        self.slots(false) + outcome * self.block()
    }

    /// Slot of the sum of a common column over the rows that lack an outcome.
    pub fn gap_sum(&self, outcome: usize, common: usize) -> usize {
        self.gap(outcome) + common
    }

    /// Slot of the product of two common columns over the rows that lack an outcome.
    pub fn gap_product(&self, outcome: usize, a: usize, b: usize) -> usize {
        self.gap(outcome) + pair_slot(self.common, a, b)
    }

    /// The outcome of which a slot holds something, and whether it is of the rows that lack it; none for the common columns.
    pub fn outcome_of(&self, slot: usize) -> Option<(usize, bool)> {
        let with = |value: usize| {
            let first =
                |&(place, ratio): &(usize, bool)| (place..=place + ratio as usize).contains(&value);
            self.outcomes.iter().position(first)
        };
        let blocks = self.values * (2 + self.common);
        let always = self.slots(false);
        if slot < blocks {
            Some((with(slot / (2 + self.common))?, false))
        } else if slot >= always {
            Some((slot.checked_sub(always)?.checked_div(self.block())?, true))
        } else {
            let ratio = slot.checked_sub(blocks + self.block())?;
            Some((with(self.ratios().nth(ratio)?)?, false))
        }
    }

    /// Number of slots.
    pub fn slots(&self, gaps: bool) -> usize {
        let always = self.values * (2 + self.common) + self.block() + self.ratios().count();
        always
            + if gaps {
                self.outcomes.len() * self.block()
            } else {
                0
            }
    }

    /// What each slot holds, as columns: of a sum one, of a product two.
    pub fn terms(&self, gaps: bool) -> Vec<(usize, Option<usize>)> {
        let mut terms = Vec::with_capacity(self.slots(gaps));
        let common = self.values..self.columns();
        for value in 0..self.values {
            terms.extend([(value, None), (value, Some(value))]);
            terms.extend(common.clone().map(|c| (value, Some(c))));
        }
        let block = |terms: &mut Vec<_>| {
            terms.extend(common.clone().map(|c| (c, None)));
            for a in common.clone() {
                terms.extend((a..self.columns()).map(|b| (a, Some(b))));
            }
        };
        block(&mut terms);
        terms.extend(self.ratios().map(|first| (first, Some(first + 1))));
        for _ in 0..if gaps { self.outcomes.len() } else { 0 } {
            block(&mut terms);
        }
        terms
    }
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

/// Slot of the product of columns `a <= b` in a block of so many columns: first the sums, then the products row by row.
#[inline]
pub fn pair_slot(columns: usize, a: usize, b: usize) -> usize {
    columns + a * columns - a * (a + 1) / 2 + b
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
        let counts = if gaps { shape.outcomes.len() } else { 0 };
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
        match self.shape.common {
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
        match common.get_mut(..self.shape.common) {
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
            values.split_at_checked(self.shape.values),
            self.columns.split_at_checked(self.shape.values),
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
        if self.shape.outcomes.len() < own.len() {
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
        let Some(columns) = self.columns.get(self.shape.values..) else {
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

/// A magnitude and its sign.
type Magnitude = (Vec<u64>, bool);

fn add_wide_term(to: &mut [u64], a: &Magnitude, b: Option<&Magnitude>) {
    match b {
        None => limbs::add_signed_magnitude(to, &a.0, a.1),
        Some(b) => {
            let mut product = vec![0; a.0.len() + b.0.len()];
            limbs::multiply_magnitudes(&a.0, &b.0, &mut product);
            limbs::add_signed_magnitude(to, &product, a.1 != b.1);
        }
    }
}

/// Adds the sums and products of columns to a block.
fn add_wide_block<'a>(
    sums: &mut [u64],
    slots: &mut impl Iterator<Item = &'a Slot>,
    fixed: &[Magnitude],
) {
    let mut add = |a: &Magnitude, b: Option<&Magnitude>| {
        if let Some(to) = slots
            .next()
            .and_then(|s| sums.get_mut(s.offset..s.offset + s.len))
        {
            add_wide_term(to, a, b);
        }
    };
    fixed.iter().for_each(|a| add(a, None));
    for (i, a) in fixed.iter().enumerate() {
        fixed.iter().skip(i).for_each(|b| add(a, Some(b)));
    }
}

/// Adds the columns and their products to a block.
#[inline(always)]
fn add_all<const S: usize, const P: usize, const SINGLE: bool>(sums: &mut [u64], fixed: &[Fixed]) {
    let Some((firsts, seconds)) = sums.split_at_mut_checked(fixed.len() * S) else {
        return;
    };
    for (slot, f) in firsts.as_chunks_mut::<S>().0.iter_mut().zip(fixed) {
        f.add_to(slot);
    }
    let mut products = seconds.as_chunks_mut::<P>().0.iter_mut();
    let mut rest = fixed;
    while let Some((a, tail)) = rest.split_first() {
        for (b, slot) in rest.iter().zip(&mut products) {
            a.add_product_to::<P, SINGLE>(b, slot);
        }
        rest = tail;
    }
}

impl Fixed {
    const ZERO: Fixed = Fixed {
        magnitude: 0,
        negative: false,
    };

    /// Adds an outcome to its block: itself, its square, and its products with the common columns.
    #[inline(always)]
    fn add_block<const S: usize, const P: usize, const SINGLE: bool>(
        &self,
        sums: &mut [u64],
        common: &[Fixed],
    ) {
        let Some((sum, products)) = sums.split_first_chunk_mut::<S>() else {
            return;
        };
        self.add_to(sum);
        let mut products = products.as_chunks_mut::<P>().0.iter_mut();
        if let Some(square) = products.next() {
            self.add_product_to::<P, SINGLE>(self, square);
        }
        for (f, slot) in common.iter().zip(products) {
            self.add_product_to::<P, SINGLE>(f, slot);
        }
    }

    /// `slot += self`
    #[inline(always)]
    fn add_to<const S: usize>(self, slot: &mut [u64; S]) {
        add_256(slot, self.magnitude, 0, self.negative);
    }

    /// `slot += self * other`, exact: 2×2 limbs give 4. `SINGLE` if both have one limb.
    #[inline(always)]
    fn add_product_to<const P: usize, const SINGLE: bool>(
        &self,
        other: &Fixed,
        slot: &mut [u64; P],
    ) {
        let negative = self.negative != other.negative;
        let (a, b) = (self.magnitude, other.magnitude);
        let low = (a as u64 as u128) * (b as u64 as u128);
        if SINGLE {
            return add_256(slot, low, 0, negative);
        }
        let (a1, b1) = (a >> 64, b >> 64);
        // Magnitudes are below 2^126, so none of these sums overflows.
        let middle = (a as u64 as u128) * b1 + (low >> 64);
        let (middle, carry) = middle.overflowing_add(a1 * (b as u64 as u128));
        let high = a1 * b1 + (middle >> 64) + ((carry as u128) << 64);
        add_256(slot, low as u64 as u128 | middle << 64, high, negative);
    }
}

/// `slot += magnitude`, or `-=`, without a branch on the sign; `magnitude = low + 2^128 high`.
#[inline(always)]
fn add_256<const N: usize>(slot: &mut [u64; N], low: u128, high: u128, negative: bool) {
    let mask = (negative as u128).wrapping_neg();
    let (low, high) = (low ^ mask, high ^ mask);
    let terms = [
        low as u64,
        (low >> 64) as u64,
        high as u64,
        (high >> 64) as u64,
    ];
    let mut carry = negative;
    for (i, limb) in slot.iter_mut().enumerate() {
        let term = terms.get(i).copied().unwrap_or(mask as u64);
        (*limb, carry) = limb.carrying_add(term, carry);
    }
}
