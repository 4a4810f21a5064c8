//! Sums and cross products about a centre, exact until the one rounding.

use super::flat::Flat;
use crate::exact::{Wide, limbs};
use crate::sketch::SketchError;
use crate::sketch::layout::{Slot, pair_slot};

/// An exact sum of one column over one stratum, and then the centre.
pub(super) struct Total {
    pub limbs: Vec<u64>,
    pub rows: u64,
    /// Scale of the sum, or of the centre, which may be finer.
    pub exponent: i32,
}

/// Binary digits of a centre. They are the same whatever the scale of the column is, so that results do not depend on
/// what else is in a sketch or on whether it was stored.
const CENTRE_BITS: i32 = 64;
/// Limbs by which a centre may be longer than a sum.
pub(super) const CENTRE_LIMBS: usize = 2;

/// True if two sums at their scales are the same number.
pub(super) fn same_value(a: (Slot, &[u64]), b: (Slot, &[u64])) -> bool {
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

/// A total for each column of what is read.
pub(super) fn totals_for(flat: &Flat) -> Vec<Total> {
    flat.slots
        .iter()
        .take(flat.columns())
        .map(|s| Total {
            limbs: vec![0; s.len + 1],
            rows: 0,
            exponent: s.exponent,
        })
        .collect()
}

impl Total {
    /// From the sum to the centre: the mean with [`CENTRE_BITS`] digits or one more, towards zero.
    pub fn centre(&mut self) {
        let rows = self.rows.max(1);
        let negative = limbs::magnitude_in_place(&mut self.limbs);
        let digits = limbs::bit_length(&self.limbs) as i32;
        if digits == 0 {
            return;
        }
        // The last digit of the centre over that of the sum.
        let last = digits - (64 - rows.leading_zeros() as i32) - CENTRE_BITS;
        if last < 0 {
            let mut finer = vec![0; self.limbs.len() + CENTRE_LIMBS];
            limbs::add_shifted(&mut finer, &self.limbs, last.unsigned_abs());
            (self.limbs, self.exponent) = (finer, self.exponent + last);
        }
        divide(&mut self.limbs, rows);
        let mut left = last.max(0) as u32;
        for limb in &mut self.limbs {
            *limb &= u64::MAX.checked_shl(left).unwrap_or(0);
            left = left.saturating_sub(64);
        }
        if negative {
            limbs::negate(&mut self.limbs);
        }
    }

    /// The number.
    pub fn wide(&self) -> Wide {
        limbs::with_buffer(self.limbs.len(), |copy| {
            copy.copy_from_slice(&self.limbs);
            limbs::take_wide(copy, self.exponent)
        })
    }
}

/// `x = x / divisor` of a magnitude, towards zero.
fn divide(x: &mut [u64], divisor: u64) {
    let divisor = divisor as u128;
    let mut rest = 0u128;
    for limb in x.iter_mut().rev() {
        let wide = rest << 64 | *limb as u128;
        *limb = (wide / divisor) as u64;
        rest = wide % divisor;
    }
}

/// Magnitudes of the column sums of one cell, one after the other.
#[derive(Default)]
pub(super) struct Scratch {
    magnitudes: Vec<u64>,
    /// Start, end and sign of each.
    bounds: Vec<(usize, usize, bool)>,
    /// True if sums have at most 3 limbs and products 5, as with nearly all data; then the magnitudes and signs again.
    short: bool,
    fixed: Vec<([u64; 3], bool)>,
}

impl Scratch {
    /// Appends the moments of one cell to `out`, and what doubles leave of them to `rests`.
    pub(super) fn cell(
        &mut self,
        flat: &Flat,
        sums: &[u64],
        rows: u64,
        centre: &[Total],
        (out, rests): (&mut Vec<f64>, &mut Vec<f64>),
    ) -> Result<(), SketchError> {
        let mut push = |value: Wide| {
            out.push(value.value());
            rests.push(value.rest());
        };
        self.magnitudes.clear();
        self.bounds.clear();
        self.fixed.clear();
        let columns = flat.columns();
        self.short = flat.slots.iter().take(columns).all(|s| s.len <= 3)
            && flat.slots.iter().skip(columns).all(|s| s.len <= 5);
        for (column, total) in centre.iter().enumerate() {
            let Some((slot, sum)) = flat.loaded(sums, column) else {
                continue;
            };
            push(offset(total, sum, rows, slot.exponent));
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
                let product = flat.loaded(sums, pair_slot(columns, a, b));
                let value = match (product, self.short) {
                    _ if rows == 1 => Some(Wide::ZERO),
                    (_, true) => self.within_short(product, rows, a, b),
                    _ => self.within(product, rows, a, b),
                }
                .unwrap_or(f64::NAN.into());
                if a == b && value.value() < 0.0 {
                    return Err(SketchError::Corrupt(
                        "a sum of squares is smaller than its mean allows",
                    ));
                }
                push(value);
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
    ) -> Option<Wide> {
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
            limbs::take_wide(difference, slot.exponent)
        });
        Some(numerator / rows as f64)
    }

    /// The same as [`Scratch::within`] with integers of constant size.
    #[inline]
    fn within_short(
        &self,
        product: Option<(Slot, &[u64])>,
        rows: u64,
        a: usize,
        b: usize,
    ) -> Option<Wide> {
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
        Some(limbs::take_wide(&mut difference, slot.exponent) / rows as f64)
    }
}

/// `Σ(v − c) = Σv − n c`, exact.
fn offset(centre: &Total, sum: &[u64], rows: u64, exponent: i32) -> Wide {
    // The centre is not coarser than the sum.
    let shift = (exponent - centre.exponent).max(0) as u32;
    limbs::with_buffer(centre.limbs.len() + 2, |difference| {
        limbs::with_buffer(centre.limbs.len(), |c| {
            c.copy_from_slice(&centre.limbs);
            let negative = limbs::magnitude_in_place(c);
            limbs::multiply_magnitudes(c, &[rows], difference);
            if !negative {
                limbs::negate(difference);
            }
        });
        limbs::add_shifted(difference, sum, shift);
        limbs::take_wide(difference, centre.exponent)
    })
}
