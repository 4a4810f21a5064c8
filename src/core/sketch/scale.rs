//! The scale of a column: values are integers times a power of two, wide enough for all that were seen.

use super::fixed::Fixed;
use crate::exact::{limbs, parts};

/// Widest values that are handled as one machine integer.
pub const NARROW: u32 = 126;

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
    pub fn fixed(&self, value: f64) -> Option<Fixed> {
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
    pub fn fixed_wide(&self, value: f64) -> Option<(Vec<u64>, bool)> {
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
