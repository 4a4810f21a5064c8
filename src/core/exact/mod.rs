//! Sums of doubles without rounding.
//!
//! A finite double is an integer times a power of two. Kept as integers at a common scale, sums and sums of products
//! are exact: they do not depend on the order of the rows, on the number of workers, or on how parts were merged, and
//! subtracting two nearly equal ones loses nothing. Rounding happens once, when a result is taken out.
//!
//! [`limbs`] is arithmetic on little-endian two's complement integers of 64-bit limbs; [`Sum`] is one exact sum with
//! its own scale. The sketch keeps many sums at shared scales (see `sketch::layout`). [`Wide`] is what an exact sum is read
//! as where more than a double is needed.

pub mod limbs;
mod sum;
mod wide;

pub use sum::{Sum, mean, sample_variance};
pub use wide::Wide;

/// A finite double as sign, odd or zero mantissa and exponent: `value = (-1)^negative * mantissa * 2^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Sign of the value.
    pub negative: bool,
    /// Magnitude, below 2^53.
    pub mantissa: u64,
    /// Scale.
    pub exponent: i32,
}

/// Takes a finite double apart; `None` for NaN and infinities. The mantissa may be even.
#[inline]
pub fn parts(value: f64) -> Option<Parts> {
    let bits = value.to_bits();
    let raw = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let negative = bits >> 63 == 1;
    match raw {
        0x7ff => None,
        0 => Some(Parts {
            negative,
            mantissa: fraction,
            exponent: -1074,
        }),
        _ => Some(Parts {
            negative,
            mantissa: fraction | 1 << 52,
            exponent: raw - 1075,
        }),
    }
}

/// `value * 2^exponent`, without a detour through a power out of range.
#[inline]
pub fn scale(mut value: f64, mut exponent: i32) -> f64 {
    // 2^exponent for exponents of normal numbers.
    let power = |e: i32| f64::from_bits(((e + 1023) as u64) << 52);
    while exponent > 1000 {
        value *= power(1000);
        exponent -= 1000;
    }
    while exponent < -1000 {
        value *= power(-1000);
        exponent += 1000;
    }
    value * power(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_rebuild_the_value(x in proptest::num::f64::ANY) {
            match parts(x) {
                None => prop_assert!(!x.is_finite()),
                Some(p) => {
                    let m = p.mantissa as f64;
                    prop_assert_eq!(scale(if p.negative { -m } else { m }, p.exponent), x);
                }
            }
        }
    }
}
