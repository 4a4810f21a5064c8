//! Where the exact sums of a cell lie, and at which scale.
//!
//! A row is a vector of columns: the outcome, the covariates, and the exposure if there is one. A cell keeps the sum of
//! each column and of each product of two, as integers. All cells of a sketch share one scale per column: values are
//! integers times `2^exponent`, below `2^bits` in magnitude. When a value does not fit, the column's scale is widened and
//! all cells are moved, which happens a few times at the start of a scan and hardly ever after.

use crate::exact::{limbs, parts};

/// Rows of one cell stay below 2^40, so that a sum needs 40 bits more than its terms, and a sign.
pub const HEADROOM: u32 = 41;
/// Rows that one cell can take.
pub const MAX_CELL_ROWS: u64 = 1 << 40;
/// Outcome, covariates and exposure.
const MAX_COLUMNS: usize = super::MAX_COVARIATES + 2;
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
        let (mut exponent, mut top) = (low.div_euclid(32) * 32, high);
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

/// Columns and slots of a sketch. Slots are first the sums of the columns, then the products `(a, b)`, `a <= b`, row by row.
/// All sums have one length and all products have one, so that adding a row is a loop over slots of constant size.
#[derive(Debug, Clone)]
pub struct Layout {
    columns: Vec<Column>,
    slots: Vec<Slot>,
    sum_len: usize,
    product_len: usize,
    width: Width,
}

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

/// Number of slots of `columns` columns.
pub fn slot_count(columns: usize) -> usize {
    columns + columns * (columns + 1) / 2
}

/// Slot of the product of columns `a <= b`.
#[inline]
pub fn pair_slot(columns: usize, a: usize, b: usize) -> usize {
    columns + a * columns - a * (a + 1) / 2 + b
}

fn limbs_for(bits: u32) -> usize {
    (bits + HEADROOM).div_ceil(64) as usize
}

impl Layout {
    /// The layout of these columns.
    pub fn new(columns: Vec<Column>) -> Self {
        let widest = columns.iter().map(|c| c.bits).max().unwrap_or(0);
        let (sum_len, product_len) = (limbs_for(widest), limbs_for(2 * widest));
        let mut slots: Vec<Slot> = Vec::with_capacity(slot_count(columns.len()));
        let mut place = |len: usize, exponent: i32| {
            let offset = slots.last().map_or(0, |s| s.offset + s.len);
            slots.push(Slot {
                offset,
                len,
                exponent,
            });
        };
        columns.iter().for_each(|c| place(sum_len, c.exponent));
        for (i, a) in columns.iter().enumerate() {
            columns
                .iter()
                .skip(i)
                .for_each(|b| place(product_len, a.exponent + b.exponent));
        }
        let width = match widest {
            0..=64 => Width::Single,
            65..=NARROW => Width::Double,
            _ => Width::Wide,
        };
        Layout {
            columns,
            slots,
            sum_len,
            product_len,
            width,
        }
    }

    /// Columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Slots.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Limbs that one cell's sums take.
    pub fn words(&self) -> usize {
        self.slots.last().map_or(0, |s| s.offset + s.len)
    }

    /// Columns of a layout in which `values` fit too.
    pub fn widened_for(&self, values: &[f64]) -> Vec<Column> {
        let mut columns = self.columns.clone();
        for (column, &value) in columns.iter_mut().zip(values) {
            *column = column.widened_for(value);
        }
        columns
    }

    /// Adds one row. False if a value does not fit, and then nothing is changed.
    #[inline(always)]
    pub fn add(&self, sums: &mut [u64], values: &[f64]) -> bool {
        // The lengths that data take in practice get code of their own.
        match (self.width, self.sum_len, self.product_len) {
            (Width::Single, 1, 2) => self.add_sized::<1, 2, true>(sums, values),
            (Width::Single, 2, 2) => self.add_sized::<2, 2, true>(sums, values),
            (Width::Single, 2, 3) => self.add_sized::<2, 3, true>(sums, values),
            (Width::Double, 2, 3) => self.add_sized::<2, 3, false>(sums, values),
            (Width::Double, 2, 4) => self.add_sized::<2, 4, false>(sums, values),
            (Width::Double, 3, 4) => self.add_sized::<3, 4, false>(sums, values),
            (Width::Double, 3, 5) => self.add_sized::<3, 5, false>(sums, values),
            _ => self.add_wide(sums, values),
        }
    }

    #[inline(always)]
    fn add_sized<const S: usize, const P: usize, const SINGLE: bool>(
        &self,
        sums: &mut [u64],
        values: &[f64],
    ) -> bool {
        // Few columns get loops of constant length.
        match values.len() {
            1 => self.add_columns::<1, S, P, SINGLE>(sums, values),
            2 => self.add_columns::<2, S, P, SINGLE>(sums, values),
            3 => self.add_columns::<3, S, P, SINGLE>(sums, values),
            4 => self.add_columns::<4, S, P, SINGLE>(sums, values),
            _ => self.add_many::<S, P, SINGLE>(sums, values),
        }
    }

    #[inline]
    fn add_columns<const C: usize, const S: usize, const P: usize, const SINGLE: bool>(
        &self,
        sums: &mut [u64],
        values: &[f64],
    ) -> bool {
        let mut fixed = [Fixed::ZERO; C];
        for ((target, column), &value) in fixed.iter_mut().zip(&self.columns).zip(values) {
            let Some(f) = column.fixed(value) else {
                return false;
            };
            *target = f;
        }
        add_all::<S, P, SINGLE>(sums, &fixed);
        true
    }

    fn add_many<const S: usize, const P: usize, const SINGLE: bool>(
        &self,
        sums: &mut [u64],
        values: &[f64],
    ) -> bool {
        let mut fixed = [Fixed::ZERO; MAX_COLUMNS];
        let Some(fixed) = fixed.get_mut(..values.len()) else {
            return self.add_wide(sums, values);
        };
        for ((target, column), &value) in fixed.iter_mut().zip(&self.columns).zip(values) {
            let Some(f) = column.fixed(value) else {
                return false;
            };
            *target = f;
        }
        add_all::<S, P, SINGLE>(sums, fixed);
        true
    }

    fn add_wide(&self, sums: &mut [u64], values: &[f64]) -> bool {
        let mut fixed = Vec::with_capacity(values.len());
        for (column, &value) in self.columns.iter().zip(values) {
            let Some(f) = column.fixed_wide(value) else {
                return false;
            };
            fixed.push(f);
        }
        let mut slots = self.slots.iter();
        for (magnitude, negative) in &fixed {
            if let Some(slot) = slots
                .next()
                .and_then(|s| sums.get_mut(s.offset..s.offset + s.len))
            {
                limbs::add_signed_magnitude(slot, magnitude, *negative);
            }
        }
        let mut product = Vec::new();
        for (i, (a, a_negative)) in fixed.iter().enumerate() {
            for (b, b_negative) in fixed.iter().skip(i) {
                let Some(slot) = slots
                    .next()
                    .and_then(|s| sums.get_mut(s.offset..s.offset + s.len))
                else {
                    continue;
                };
                product.resize(a.len() + b.len(), 0);
                limbs::multiply_magnitudes(a, b, &mut product);
                limbs::add_signed_magnitude(slot, &product, a_negative != b_negative);
            }
        }
        true
    }
}

/// Adds the columns and their products to the sums of a cell.
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
    let mut carry = negative as u128;
    for (i, limb) in slot.iter_mut().enumerate() {
        let term = terms.get(i).copied().unwrap_or(mask as u64);
        carry += *limb as u128 + term as u128;
        *limb = carry as u64;
        carry >>= 64;
    }
}
