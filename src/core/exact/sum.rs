//! One exact sum with a scale of its own, for reductions.

use super::{Parts, limbs, parts};

/// Bits kept free above the largest value, so that 2^40 values can be added.
const HEADROOM: u32 = 41;

/// An exact sum of finite doubles or of products of two.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    exponent: i32,
    limbs: Vec<u64>,
}

impl Sum {
    /// Adds a finite value; NaN and infinities are the caller's business and are ignored.
    pub fn add(&mut self, value: f64) {
        if let Some(p) = parts(value) {
            self.add_magnitude(&[p.mantissa], p.exponent, p.negative);
        }
    }

    /// Adds the exact square of a finite value.
    pub fn add_square(&mut self, value: f64) {
        if let Some(Parts {
            mantissa, exponent, ..
        }) = parts(value)
        {
            let square = mantissa as u128 * mantissa as u128;
            self.add_magnitude(&[square as u64, (square >> 64) as u64], 2 * exponent, false);
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Sum) {
        let mut magnitude = other.limbs.clone();
        let negative = limbs::magnitude_in_place(&mut magnitude);
        self.add_magnitude(&magnitude, other.exponent, negative);
    }

    /// The sum, rounded once.
    pub fn to_f64(&self) -> f64 {
        limbs::to_f64(&self.limbs, self.exponent)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.limbs.capacity() * 8
    }

    /// Scale and two's complement limbs, without spare zeros at either end: equal sums give equal forms.
    pub fn canonical(&self) -> (i32, Vec<u64>) {
        let Some(zeros) = limbs::trailing_zeros(&self.limbs) else {
            return (0, Vec::new());
        };
        let mut shifted = vec![0; self.limbs.len()];
        shift_right(&self.limbs, zeros, &mut shifted);
        let keep = limbs::signed_bit_length(&shifted).div_ceil(64) as usize;
        shifted.truncate(keep);
        (self.exponent + zeros as i32, shifted)
    }

    /// The inverse of [`Sum::canonical`].
    pub fn from_canonical(exponent: i32, limbs: Vec<u64>) -> Self {
        Sum { exponent, limbs }
    }

    fn add_magnitude(&mut self, magnitude: &[u64], exponent: i32, negative: bool) {
        let Some(zeros) = limbs::trailing_zeros(magnitude) else {
            return;
        };
        let (low, high) = (
            exponent + zeros as i32,
            exponent + limbs::bit_length(magnitude) as i32,
        );
        if self.limbs.is_empty() {
            self.exponent = low.div_euclid(32) * 32;
            self.limbs = vec![0];
        }
        if low < self.exponent {
            self.lower_to(low.div_euclid(32) * 32);
        }
        self.raise_to(high);
        // The magnitude moves to the sum's scale: up by whole and partial limbs, or down over its own zeros.
        let mut moved = vec![0u64; self.limbs.len()];
        if exponent >= self.exponent {
            limbs::add_shifted(
                &mut moved,
                &unsigned(magnitude),
                (exponent - self.exponent) as u32,
            );
        } else {
            shift_right(
                &unsigned(magnitude),
                (self.exponent - exponent) as u32,
                &mut moved,
            );
        }
        limbs::add_signed_magnitude(&mut self.limbs, &moved, negative);
    }

    fn lower_to(&mut self, exponent: i32) {
        let shift = (self.exponent - exponent) as u32;
        let mut moved = vec![0u64; self.limbs.len() + shift.div_ceil(64) as usize];
        limbs::add_shifted(&mut moved, &self.limbs, shift);
        self.limbs = moved;
        self.exponent = exponent;
    }

    /// Makes room for 2^40 values below `2^high`, and for what is in the sum already.
    fn raise_to(&mut self, high: i32) {
        let here = limbs::signed_bit_length(&self.limbs);
        let need = here.max((high - self.exponent).max(0) as u32) + HEADROOM;
        let want = need.div_ceil(64) as usize;
        if want > self.limbs.len() {
            let fill = if limbs::is_negative(&self.limbs) {
                u64::MAX
            } else {
                0
            };
            self.limbs.resize(want, fill);
        }
    }
}

fn unsigned(magnitude: &[u64]) -> Vec<u64> {
    let mut copy = magnitude.to_vec();
    copy.push(0);
    copy
}

/// `out = x >> shift` with the sign extended; bits shifted out must be zero for an exact result.
fn shift_right(x: &[u64], shift: u32, out: &mut [u64]) {
    let fill = if limbs::is_negative(x) { u64::MAX } else { 0 };
    let (whole, part) = ((shift / 64) as usize, shift % 64);
    for (i, limb) in out.iter_mut().enumerate() {
        let low = x.get(i + whole).copied().unwrap_or(fill);
        let high = x.get(i + whole + 1).copied().unwrap_or(fill);
        *limb = if part == 0 {
            low
        } else {
            low >> part | high << (64 - part)
        };
    }
}

/// Mean of `n` values: the exact sum rounded once, divided once. `None` for `n = 0`.
pub fn mean(sum: &Sum, n: u64) -> Option<f64> {
    (n > 0).then(|| {
        let total = sum.to_f64();
        if total.is_finite() {
            total / n as f64
        } else {
            // The sum left the range of doubles, the mean need not.
            limbs::to_f64(&sum.limbs, sum.exponent - 64) / n as f64 * 2f64.powi(64)
        }
    })
}

/// Sample variance from exact sums: `(n Σx² − (Σx)²) / (n (n − 1))`, the difference exact. `None` below two values.
pub fn sample_variance(sum: &Sum, squares: &Sum, n: u64) -> Option<f64> {
    if n < 2 {
        return None;
    }
    let (e1, mut total) = sum.canonical();
    limbs::magnitude_in_place(&mut total);
    total.push(0);
    let mut square = vec![0u64; 2 * total.len() + 1];
    limbs::multiply_magnitudes(&total, &total, &mut square);
    let (e2, mut raw) = squares.canonical();
    raw.push(0);
    let mut scaled = vec![0u64; raw.len() + 2];
    limbs::multiply_magnitudes(&raw, &[n], &mut scaled);
    let mut difference = Sum::default();
    difference.add_magnitude(&scaled, e2, false);
    difference.add_magnitude(&square, 2 * e1, true);
    Some(difference.to_f64() / (n as f64 * (n - 1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum_of(values: &[f64]) -> Sum {
        let mut sum = Sum::default();
        values.iter().for_each(|&v| sum.add(v));
        sum
    }

    proptest! {
        #[test]
        fn order_and_grouping_do_not_matter(
            values in proptest::collection::vec(proptest::num::f64::NORMAL | proptest::num::f64::ZERO | proptest::num::f64::SUBNORMAL, 0..40),
            cut in 0usize..40,
        ) {
            let cut = cut.min(values.len());
            let whole = sum_of(&values);
            let mut reversed: Vec<f64> = values.clone();
            reversed.reverse();
            prop_assert_eq!(whole.canonical(), sum_of(&reversed).canonical());
            let mut merged = sum_of(&values[cut..]);
            merged.merge(&sum_of(&values[..cut]));
            prop_assert_eq!(whole.canonical(), merged.canonical());
            let (e, l) = whole.canonical();
            prop_assert_eq!(Sum::from_canonical(e, l).to_f64().to_bits(), whole.to_f64().to_bits());
        }

        #[test]
        fn what_is_added_and_taken_away_leaves_nothing(values in proptest::collection::vec(proptest::num::f64::NORMAL, 0..30)) {
            let mut sum = sum_of(&values);
            values.iter().rev().for_each(|&v| sum.add(-v));
            prop_assert_eq!(sum.canonical(), (0, vec![]));
        }

        #[test]
        fn integers_are_exact(values in proptest::collection::vec(-1_000_000i64..1_000_000, 2..50)) {
            let doubles: Vec<f64> = values.iter().map(|&v| v as f64 + 1e12).collect();
            let n = values.len() as i128;
            let (s, mut q) = (sum_of(&doubles), Sum::default());
            doubles.iter().for_each(|&v| q.add_square(v));
            let exact: i128 = values.iter().map(|&v| v as i128).sum();
            let squares: i128 = values.iter().map(|&v| (v as i128).pow(2)).sum();
            prop_assert_eq!(s.to_f64(), (exact + n * 1_000_000_000_000) as f64);
            let variance = (n * squares - exact * exact) as f64 / (n * (n - 1)) as f64;
            let got = sample_variance(&s, &q, n as u64).unwrap_or(f64::NAN);
            prop_assert!((got - variance).abs() <= 1e-15 * variance, "{} {}", got, variance);
        }
    }

    #[test]
    fn extremes() {
        let s = sum_of(&[f64::MAX, f64::MAX, -f64::MAX, 5e-324, -f64::MAX]);
        assert_eq!(s.to_f64(), 5e-324);
        assert_eq!(mean(&sum_of(&[f64::MAX, f64::MAX]), 2), Some(f64::MAX));
        assert_eq!(mean(&Sum::default(), 0), None);
    }
}
