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
    #[inline]
    fn fixed(&self, value: f64) -> Option<Fixed> {
        let p = parts(value)?;
        if p.mantissa == 0 {
            return Some(Fixed {
                magnitude: 0,
                negative: false,
            });
        }
        let shift = p.exponent - self.exponent;
        let (mantissa, shift) = if shift >= 0 {
            (p.mantissa, shift as u32)
        } else {
            let down = shift.unsigned_abs();
            if p.mantissa.trailing_zeros() < down {
                return None;
            }
            (p.mantissa >> down, 0)
        };
        if 64 - mantissa.leading_zeros() + shift > self.bits {
            return None;
        }
        Some(Fixed {
            magnitude: (mantissa as u128) << (shift & 127),
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
        let low = p.exponent + p.mantissa.trailing_zeros() as i32 - self.exponent;
        if low < 0 {
            return None;
        }
        limbs::add_shifted(
            &mut magnitude,
            &[p.mantissa >> p.mantissa.trailing_zeros(), 0],
            low as u32,
        );
        (limbs::bit_length(&magnitude) <= self.bits).then_some((magnitude, p.negative))
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
#[derive(Debug, Clone)]
pub struct Layout {
    columns: Vec<Column>,
    slots: Vec<Slot>,
    words: usize,
    narrow: bool,
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
        let mut slots = Vec::with_capacity(slot_count(columns.len()));
        let mut words = 0;
        let mut place = |bits: u32, exponent: i32| {
            let slot = Slot {
                offset: words,
                len: limbs_for(bits),
                exponent,
            };
            words += slot.len;
            slot
        };
        slots.extend(columns.iter().map(|c| place(c.bits, c.exponent)));
        for (i, a) in columns.iter().enumerate() {
            slots.extend(
                columns
                    .iter()
                    .skip(i)
                    .map(|b| place(a.bits + b.bits, a.exponent + b.exponent)),
            );
        }
        let narrow = columns.iter().all(|c| c.bits <= NARROW);
        Layout {
            columns,
            slots,
            words,
            narrow,
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
        self.words
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
    #[inline]
    pub fn add(&self, sums: &mut [u64], values: &[f64]) -> bool {
        if !self.narrow {
            return self.add_wide(sums, values);
        }
        // The three-argument sketch: one column, no loops.
        if let (&[value], [column], [sum, square]) =
            (values, self.columns.as_slice(), self.slots.as_slice())
        {
            let Some(fixed) = column.fixed(value) else {
                return false;
            };
            let Some((first, rest)) = sums.split_at_mut_checked(sum.len) else {
                return false;
            };
            add_fixed(first, fixed);
            if let Some(second) = rest.get_mut(..square.len) {
                add_product(second, fixed, fixed);
            }
            return true;
        }
        const INLINE: usize = 10;
        let mut inline = [Fixed {
            magnitude: 0,
            negative: false,
        }; INLINE];
        let mut heap;
        let fixed: &mut [Fixed] = if values.len() <= INLINE {
            inline.split_at_mut(values.len()).0
        } else {
            heap = vec![
                Fixed {
                    magnitude: 0,
                    negative: false
                };
                values.len()
            ];
            &mut heap
        };
        for ((target, column), &value) in fixed.iter_mut().zip(&self.columns).zip(values) {
            let Some(f) = column.fixed(value) else {
                return false;
            };
            *target = f;
        }
        let mut rest = sums;
        let mut slots = self.slots.iter();
        let mut next = || -> Option<&mut [u64]> {
            let (head, tail) = std::mem::take(&mut rest).split_at_mut_checked(slots.next()?.len)?;
            rest = tail;
            Some(head)
        };
        for &f in fixed.iter() {
            let Some(slot) = next() else { return true };
            add_fixed(slot, f);
        }
        let mut others: &[Fixed] = fixed;
        while let Some((&a, tail)) = others.split_first() {
            for &b in others {
                let Some(slot) = next() else { return true };
                add_product(slot, a, b);
            }
            others = tail;
        }
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
        let mut product = [0u64; limbs::MAX_LIMBS];
        for (magnitude, negative) in &fixed {
            if let Some(slot) = slots
                .next()
                .and_then(|s| sums.get_mut(s.offset..s.offset + s.len))
            {
                limbs::add_signed_magnitude(slot, magnitude, *negative);
            }
        }
        for (i, (a, a_negative)) in fixed.iter().enumerate() {
            for (b, b_negative) in fixed.iter().skip(i) {
                let Some(slot) = slots
                    .next()
                    .and_then(|s| sums.get_mut(s.offset..s.offset + s.len))
                else {
                    continue;
                };
                let Some(out) = product.get_mut(..a.len() + b.len()) else {
                    continue;
                };
                limbs::multiply_magnitudes(a, b, out);
                limbs::add_signed_magnitude(slot, out, a_negative != b_negative);
            }
        }
        true
    }
}

#[inline]
fn add_fixed(slot: &mut [u64], f: Fixed) {
    limbs::add_signed_magnitude(
        slot,
        &[f.magnitude as u64, (f.magnitude >> 64) as u64],
        f.negative,
    );
}

/// Adds the exact product: 2×2 limbs give 4.
#[inline]
fn add_product(slot: &mut [u64], a: Fixed, b: Fixed) {
    let (a0, a1) = (a.magnitude as u64 as u128, a.magnitude >> 64);
    let (b0, b1) = (b.magnitude as u64 as u128, b.magnitude >> 64);
    let low = a0 * b0;
    let middle = a0 * b1 + (low >> 64);
    let (middle, carry) = middle.overflowing_add(a1 * b0);
    let high = a1 * b1 + (middle >> 64) + ((carry as u128) << 64);
    let product = [low as u64, middle as u64, high as u64, (high >> 64) as u64];
    limbs::add_signed_magnitude(slot, &product, a.negative != b.negative);
}
