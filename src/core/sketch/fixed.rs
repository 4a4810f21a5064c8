//! Exact additions of values at the scale of their columns.

use super::layout::Slot;
use crate::exact::limbs;

/// A value at the scale of its column.
#[derive(Debug, Clone, Copy)]
pub struct Fixed {
    /// The value without its sign, below 2^126.
    pub magnitude: u128,
    /// Its sign.
    pub negative: bool,
}

/// A magnitude and its sign.
pub type Magnitude = (Vec<u64>, bool);

/// Adds a value, or a product, to a slot.
pub fn add_wide_term(to: &mut [u64], a: &Magnitude, b: Option<&Magnitude>) {
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
pub fn add_wide_block<'a>(
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
pub fn add_all<const S: usize, const P: usize, const SINGLE: bool>(
    sums: &mut [u64],
    fixed: &[Fixed],
) {
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
    /// Zero.
    pub const ZERO: Fixed = Fixed {
        magnitude: 0,
        negative: false,
    };

    /// Adds an outcome to its block: itself, its square, and its products with the common columns.
    #[inline(always)]
    pub fn add_block<const S: usize, const P: usize, const SINGLE: bool>(
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
    pub fn add_product_to<const P: usize, const SINGLE: bool>(
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
