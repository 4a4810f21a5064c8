//! Arithmetic on little-endian two's complement integers of 64-bit limbs.
//!
//! Callers give buffers that are long enough; a result that does not fit is cut off at the top, as machine integers
//! do. The sketch's layout guarantees that it does not happen.

use super::Wide;

/// True for a negative number.
#[inline]
pub fn is_negative(x: &[u64]) -> bool {
    x.last().is_some_and(|top| top >> 63 == 1)
}

/// True for zero.
#[inline]
pub fn is_zero(x: &[u64]) -> bool {
    x.iter().all(|&limb| limb == 0)
}

/// `acc += magnitude` or `acc -= magnitude`, for an unsigned magnitude.
#[inline]
pub fn add_signed_magnitude(acc: &mut [u64], magnitude: &[u64], negative: bool) {
    let mask = (negative as u64).wrapping_neg();
    let mut carry = negative;
    let mut rest = magnitude.iter();
    for limb in acc.iter_mut() {
        let m = rest.next().copied().unwrap_or(0) ^ mask;
        (*limb, carry) = limb.carrying_add(m, carry);
    }
}

/// `acc -= x`, of the same length.
#[inline]
pub fn subtract(acc: &mut [u64], x: &[u64]) {
    let mut borrow = false;
    for (limb, &y) in acc.iter_mut().zip(x) {
        (*limb, borrow) = limb.borrowing_sub(y, borrow);
    }
}

/// `acc += x * 2^shift` for a signed `x`.
pub fn add_shifted(acc: &mut [u64], x: &[u64], shift: u32) {
    let sign = if is_negative(x) { u64::MAX } else { 0 };
    let (whole, part) = ((shift / 64) as usize, shift % 64);
    let mut carry = false;
    let mut below = 0u64;
    let mut source = x.iter();
    for limb in acc.iter_mut().skip(whole) {
        let here = source.next().copied().unwrap_or(sign);
        let m = if part == 0 {
            here
        } else {
            here << part | below >> (64 - part)
        };
        below = here;
        (*limb, carry) = limb.carrying_add(m, carry);
    }
}

/// Replaces a signed number by its magnitude and says whether it was negative.
pub fn magnitude_in_place(x: &mut [u64]) -> bool {
    let negative = is_negative(x);
    if negative {
        negate(x);
    }
    negative
}

/// `x = -x`.
pub fn negate(x: &mut [u64]) {
    let mut carry = true;
    for limb in x.iter_mut() {
        let (s, c) = (!*limb).overflowing_add(carry as u64);
        *limb = s;
        carry = c;
    }
}

/// Product of two magnitudes; `out` is overwritten.
#[inline]
pub fn multiply_magnitudes(a: &[u64], b: &[u64], out: &mut [u64]) {
    out.fill(0);
    for (i, &x) in a.iter().enumerate() {
        let Some(target) = out.get_mut(i..) else {
            return;
        };
        let mut carry = 0u64;
        for (limb, &y) in target.iter_mut().zip(b) {
            let wide = x as u128 * y as u128 + *limb as u128 + carry as u128;
            *limb = wide as u64;
            carry = (wide >> 64) as u64;
        }
        if let Some(limb) = target.get_mut(b.len()) {
            *limb = carry;
        }
    }
}

/// Product of two magnitudes of `S` limbs, cut off after `N`.
#[inline]
pub fn product<const S: usize, const N: usize>(x: &[u64; S], y: &[u64; S]) -> [u64; N] {
    let mut out = [0; N];
    // Two limbs are what nearly all data take.
    if let ([x0, x1], [y0, y1]) = (x.as_slice(), y.as_slice()) {
        let (p0, carry) = x0.carrying_mul(*y0, 0);
        let (p1, p2) = x0.carrying_mul(*y1, carry);
        let (p1, carry) = x1.carrying_mul_add(*y0, p1, 0);
        let (p2, p3) = x1.carrying_mul_add(*y1, p2, carry);
        out.iter_mut()
            .zip([p0, p1, p2, p3])
            .for_each(|(to, from)| *to = from);
    } else {
        multiply_magnitudes(x, y, &mut out);
    }
    out
}

/// A signed number in at least as many limbs as it has.
#[inline]
pub fn extended<const N: usize>(x: &[u64]) -> [u64; N] {
    let mut out = [if is_negative(x) { u64::MAX } else { 0 }; N];
    out.iter_mut().zip(x).for_each(|(to, &from)| *to = from);
    out
}

/// A signed number times an unsigned one.
#[inline]
pub fn multiplied<const N: usize>(mut x: [u64; N], by: u64) -> [u64; N] {
    let mut carry = 0;
    for limb in &mut x {
        (*limb, carry) = limb.carrying_mul(by, carry);
    }
    x
}

/// Calls `f` with a zeroed buffer of `len` limbs, on the stack for the lengths that data take in practice.
#[inline(always)]
pub fn with_buffer<T>(len: usize, f: impl FnOnce(&mut [u64]) -> T) -> T {
    let mut small = [0u64; 8];
    match small.get_mut(..len) {
        Some(buffer) => f(buffer),
        None => f(&mut vec![0; len]),
    }
}

/// Number of bits of a magnitude; 0 for zero.
pub fn bit_length(magnitude: &[u64]) -> u32 {
    for (i, &limb) in magnitude.iter().enumerate().rev() {
        if limb != 0 {
            return i as u32 * 64 + 64 - limb.leading_zeros();
        }
    }
    0
}

/// Bits that a signed number needs in two's complement, with the sign bit; 0 for zero.
pub fn signed_bit_length(x: &[u64]) -> u32 {
    let fill = if is_negative(x) { u64::MAX } else { 0 };
    for (i, &limb) in x.iter().enumerate().rev() {
        if limb != fill {
            return i as u32 * 64 + 65 - (limb ^ fill).leading_zeros();
        }
    }
    if fill == 0 { 0 } else { 1 }
}

/// Number of zero bits at the low end; `None` for zero.
pub fn trailing_zeros(x: &[u64]) -> Option<u32> {
    x.iter()
        .enumerate()
        .find(|(_, limb)| **limb != 0)
        .map(|(i, limb)| i as u32 * 64 + limb.trailing_zeros())
}

/// The double nearest to `magnitude * 2^exponent` (ties to even; subnormal results may be rounded twice).
pub fn magnitude_to_f64(magnitude: &[u64], exponent: i32) -> f64 {
    let bits = bit_length(magnitude);
    if bits == 0 {
        return 0.0;
    }
    let drop = bits.saturating_sub(64);
    let (whole, part) = ((drop / 64) as usize, drop % 64);
    let low = magnitude.get(whole).copied().unwrap_or(0);
    let high = magnitude.get(whole + 1).copied().unwrap_or(0);
    let mut top = if part == 0 {
        low
    } else {
        low >> part | high << (64 - part)
    };
    // A sticky bit for everything cut off: 64 bits hold 11 more than the result, so that it cannot change a tie.
    let sticky = magnitude.iter().take(whole).any(|&limb| limb != 0)
        || (part != 0 && low & ((1 << part) - 1) != 0);
    top |= sticky as u64;
    super::scale(top as f64, drop as i32 + exponent)
}

/// The double nearest to a signed `x * 2^exponent`.
pub fn to_f64(x: &[u64], exponent: i32) -> f64 {
    with_buffer(x.len(), |copy| {
        copy.copy_from_slice(x);
        take_f64(copy, exponent)
    })
}

/// The double nearest to a signed `x * 2^exponent`; `x` becomes its magnitude.
#[inline]
pub fn take_f64(x: &mut [u64], exponent: i32) -> f64 {
    let negative = magnitude_in_place(x);
    let value = magnitude_to_f64(x, exponent);
    if negative { -value } else { value }
}

/// The number of 32 digits nearest to a signed `x * 2^exponent`, but for its last bits; `x` becomes its magnitude.
pub fn take_wide(x: &mut [u64], exponent: i32) -> Wide {
    let negative = magnitude_in_place(x);
    wide_of_magnitude(x, negative, exponent)
}

/// The same of a number of constant length.
#[inline]
pub fn to_wide<const N: usize>(mut x: [u64; N], exponent: i32) -> Wide {
    let negative = is_negative(&x);
    let mask = (negative as u64).wrapping_neg();
    let mut carry = negative;
    for limb in &mut x {
        (*limb, carry) = (*limb ^ mask).carrying_add(0, carry);
    }
    wide_of_magnitude(&x, negative, exponent)
}

#[inline(always)]
fn wide_of_magnitude(x: &[u64], negative: bool, exponent: i32) -> Wide {
    let mut top = x.len();
    let mut limbs = x.iter().rev();
    let first = loop {
        match limbs.next() {
            Some(0) => top -= 1,
            Some(&limb) => break limb,
            None => return Wide::ZERO,
        }
    };
    let mut next = || limbs.next().copied().unwrap_or(0);
    let (second, third) = (next(), next());
    let rest = limbs.fold(0, |rest, limb| rest | limb);
    // The upper 128 bits, the first of which is 1.
    let zeros = first.leading_zeros();
    let joined = |limb: u64, below: u64| limb << zeros | (below >> 1) >> (63 - zeros);
    let (upper, lower) = (joined(first, second), joined(second, third));
    // 53, 53 and 22 of them, each an exact double.
    let (first, second, last) = (
        upper >> 11,
        (upper & 0x7ff) << 42 | lower >> 22,
        lower & ((1 << 22) - 1),
    );
    let sticky = (last | third << zeros | rest != 0) as u64;
    let double = |bits: u64| bits as i64 as f64;
    let whole = double(first) * (1u64 << 53) as f64;
    let high = whole + double(second | sticky);
    let low = (whole - high) + double(second) + double(last) / (1u64 << 22) as f64;
    let place = exponent + 64 * (top as i32 - 2) - zeros as i32 + 22;
    let sign = if negative { -1.0 } else { 1.0 };
    Wide::of_halves(
        super::scale(sign * high, place),
        super::scale(sign * low, place),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wide(x: i128) -> [u64; 4] {
        let s = if x < 0 { u64::MAX } else { 0 };
        [x as u64, (x >> 64) as u64, s, s]
    }

    proptest! {
        #[test]
        fn add_and_shift_agree_with_machine_integers(a in any::<i64>(), b in any::<i64>(), shift in 0u32..60) {
            let mut acc = wide(a as i128);
            add_shifted(&mut acc, &wide(b as i128)[..2], shift);
            prop_assert_eq!(acc, wide(a as i128 + ((b as i128) << shift)));
            let mut acc = wide(a as i128);
            add_signed_magnitude(&mut acc, &[b.unsigned_abs()], b < 0);
            prop_assert_eq!(acc, wide(a as i128 + b as i128));
        }

        #[test]
        fn products_agree_with_machine_integers(a in any::<u64>(), b in any::<u64>()) {
            let mut out = [1u64; 3];
            multiply_magnitudes(&[a, 0], &[b], &mut out);
            let p = a as u128 * b as u128;
            prop_assert_eq!(out, [p as u64, (p >> 64) as u64, 0]);
            let (x, y) = ([a, b], [b, a.rotate_left(7)]);
            let mut expected = [0; 5];
            multiply_magnitudes(&x, &y, &mut expected);
            prop_assert_eq!(product::<2, 5>(&x, &y), expected);
        }

        #[test]
        fn doubles_are_rounded_to_nearest(a in any::<i128>()) {
            prop_assert_eq!(to_f64(&wide(a), 0), a as f64);
            prop_assert_eq!(to_f64(&wide(a), -70), a as f64 * 2f64.powi(-70));
        }

        #[test]
        fn the_upper_half_of_a_wide_number_is_the_nearest_double(a in any::<i128>(), low in any::<u64>(), exponent in -300..300) {
            let mut x = [low, a as u64, (a >> 64) as u64];
            let x_before = x;
            let (expected, got) = (to_f64(&x, exponent), take_wide(&mut x, exponent));
            prop_assert_eq!(got.value(), expected);
            prop_assert!(got.rest().abs() <= expected.abs() * 2f64.powi(-52));
            prop_assert_eq!(to_wide(x_before, exponent), got);
            let mut small = wide(a >> 30);
            let sum = take_wide(&mut small, 0);
            prop_assert_eq!(sum.value() as i128 + sum.rest() as i128, a >> 30);
        }

        #[test]
        fn lengths_agree_with_machine_integers(a in any::<i128>()) {
            let mut magnitude = wide(a);
            prop_assert_eq!(magnitude_in_place(&mut magnitude), a < 0);
            prop_assert_eq!(bit_length(&magnitude), 128 - a.unsigned_abs().leading_zeros());
            let expected = if a == 0 { 0 } else if a < 0 { 129 - (!a).leading_zeros() } else { 129 - a.leading_zeros() };
            prop_assert_eq!(signed_bit_length(&wide(a)), expected);
            prop_assert_eq!(trailing_zeros(&wide(a)), (a != 0).then(|| a.trailing_zeros()));
        }
    }
}
