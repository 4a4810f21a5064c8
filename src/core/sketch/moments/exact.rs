//! Sums and cross products about a centre, exact until the one rounding.

use super::flat::{Computed, Flat};
use crate::exact::{Wide, limbs};
use crate::sketch::SketchError;
use crate::sketch::cells::Cell;
use crate::sketch::layout::Slot;

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
        let needed = limbs::signed_bit_length(&self.limbs).div_ceil(64).max(1);
        self.limbs.truncate(needed as usize);
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

/// How long the integers of some columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// Sums have at most 2 limbs, products 4.
    Two,
    /// Sums have at most 3 limbs, products 5. Nearly all data are in one of these.
    Three,
    Any,
}

/// Reads the moments of cells.
pub(super) struct Scratch<'a> {
    flat: &'a Flat,
    length: Length,
    /// Magnitudes and signs of the column sums of one cell.
    two: Vec<([u64; 2], bool)>,
    three: Vec<([u64; 3], bool)>,
    any: Vec<(Vec<u64>, bool)>,
}

impl<'a> Scratch<'a> {
    pub(super) fn new(flat: &'a Flat) -> Self {
        let columns = flat.columns();
        let (sums, products) = flat.slots.split_at_checked(columns).unwrap_or_default();
        let fit = |sum: usize, product: usize| {
            sums.iter().all(|s| s.len <= sum) && products.iter().all(|s| s.len <= product)
        };
        Scratch {
            flat,
            length: match (fit(2, 4), fit(3, 5)) {
                (true, _) => Length::Two,
                (_, true) => Length::Three,
                _ => Length::Any,
            },
            two: Vec::new(),
            three: Vec::new(),
            any: Vec::new(),
        }
    }

    /// Appends the moments of one cell to `out`, and what doubles leave of them to `rests`.
    pub(super) fn cell(
        &mut self,
        cell: &Cell<'_>,
        computed: &Computed,
        rows: u64,
        centre: &[Total],
        (out, rests): (&mut Vec<f64>, &mut Vec<f64>),
    ) -> Result<(), SketchError> {
        let mut push = |value: Wide| {
            out.push(value.value());
            rests.push(value.rest());
        };
        self.two.clear();
        self.three.clear();
        self.any.clear();
        let (flat, columns) = (self.flat, self.flat.columns());
        for (column, total) in centre.iter().enumerate() {
            let Some((slot, sum)) = flat.of(cell, computed, column) else {
                continue;
            };
            push(offset(total, sum, rows, slot.exponent));
            match self.length {
                Length::Two => self.two.push(magnitude(sum)),
                Length::Three => self.three.push(magnitude(sum)),
                Length::Any => {
                    let mut magnitude = sum.to_vec();
                    let negative = limbs::magnitude_in_place(&mut magnitude);
                    self.any.push((magnitude, negative));
                }
            }
        }
        let mut at = columns;
        for a in 0..columns {
            for b in a..columns {
                let value = match flat.of(cell, computed, at) {
                    _ if rows == 1 => Some(Wide::ZERO),
                    Some(product) => match self.length {
                        Length::Two => within_fixed::<2, 5>(product, rows, &self.two, a, b),
                        Length::Three => within_fixed::<3, 6>(product, rows, &self.three, a, b),
                        Length::Any => within(product, rows, &self.any, a, b),
                    },
                    None => None,
                }
                .unwrap_or(f64::NAN.into());
                if a == b && value.value() < 0.0 {
                    return Err(SketchError::Corrupt(
                        "a sum of squares is smaller than its mean allows",
                    ));
                }
                push(value);
                at += 1;
            }
        }
        Ok(())
    }
}

/// Magnitude and sign of a number of at most so many limbs.
#[inline]
fn magnitude<const S: usize>(sum: &[u64]) -> ([u64; S], bool) {
    let negative = limbs::is_negative(sum);
    let mut fixed = limbs::extended(sum);
    if negative {
        limbs::negate(&mut fixed);
    }
    (fixed, negative)
}

/// `Σ(a − ā)(b − b̄) = (n Σab − Σa Σb) / n`, the numerator exact.
fn within(
    (slot, sum): (Slot, &[u64]),
    rows: u64,
    sums: &[(Vec<u64>, bool)],
    a: usize,
    b: usize,
) -> Option<Wide> {
    let ((x, x_negative), (y, y_negative)) = (sums.get(a)?, sums.get(b)?);
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
            limbs::add_signed_magnitude(difference, product, x_negative == y_negative);
        });
        limbs::take_wide(difference, slot.exponent)
    });
    Some(numerator / rows as f64)
}

/// The same with integers of constant size: sums of `S` limbs, in which `N` hold all that comes of them.
#[inline]
fn within_fixed<const S: usize, const N: usize>(
    (slot, sum): (Slot, &[u64]),
    rows: u64,
    sums: &[([u64; S], bool)],
    a: usize,
    b: usize,
) -> Option<Wide> {
    let ((x, x_negative), (y, y_negative)) = (sums.get(a)?, sums.get(b)?);
    let mut difference = limbs::multiplied::<N>(limbs::extended(sum), rows);
    let product = limbs::product::<S, N>(x, y);
    limbs::add_signed_magnitude(&mut difference, &product, x_negative == y_negative);
    Some(limbs::to_wide(difference, slot.exponent) / rows as f64)
}

/// `Σ(v − c) = Σv − n c`, exact.
fn offset(centre: &Total, sum: &[u64], rows: u64, exponent: i32) -> Wide {
    // The centre is not coarser than the sum.
    let shift = (exponent - centre.exponent).max(0) as u32;
    let longer = centre.limbs.len().max(sum.len() + (shift / 64) as usize) + 2;
    if longer <= 6 {
        let mut difference = limbs::multiplied::<6>(limbs::extended(&centre.limbs), rows);
        limbs::negate(&mut difference);
        limbs::add_shifted(&mut difference, sum, shift);
        return limbs::to_wide(difference, centre.exponent);
    }
    limbs::with_buffer(longer, |difference| {
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
