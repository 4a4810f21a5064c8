//! Numbers of 32 digits: the sum of two doubles that is not carried out (Dekker 1971; Joldes, Muller and Popescu 2017).
//!
//! An exact sum is read as one, so that differences of sums that are much larger than themselves keep all digits of a
//! double. Only the four operations and the root, in a fixed order: the same bits on any machine.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// `high + low`, the second at most half a unit in the last place of the first. What is not finite is so in `high`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Wide {
    high: f64,
    low: f64,
}

/// `a + b` and what rounding took off.
#[inline]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// The halves of a double, of 26 bits each.
#[inline]
fn split(a: f64) -> (f64, f64) {
    let c = 134_217_729.0 * a;
    let high = c - (c - a);
    (high, a - high)
}

/// `a b` and what rounding took off.
#[inline]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    let ((ah, al), (bh, bl)) = (split(a), split(b));
    (p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
}

impl Wide {
    /// Zero.
    pub const ZERO: Wide = Wide {
        high: 0.0,
        low: 0.0,
    };

    /// `a + b`.
    #[inline]
    pub fn new(a: f64, b: f64) -> Wide {
        let (high, low) = two_sum(a, b);
        Wide::finite(high, low)
    }

    /// Of the two halves of another one, as [`Wide::value`] and [`Wide::rest`] gave them.
    #[inline]
    pub fn of_halves(high: f64, low: f64) -> Wide {
        Wide { high, low }
    }

    /// The product of two doubles.
    #[inline]
    pub fn product(a: f64, b: f64) -> Wide {
        let (high, low) = two_product(a, b);
        Wide::finite(high, low)
    }

    /// `a + b` where `a` is the larger one.
    #[inline]
    fn ordered(a: f64, b: f64) -> Wide {
        let b = if b.is_finite() { b } else { 0.0 };
        let high = a + b;
        Wide::finite(high, b - (high - a))
    }

    #[inline]
    fn finite(high: f64, low: f64) -> Wide {
        // Beyond the largest double, and near it, there is no low part.
        Wide {
            high,
            low: if low.is_finite() { low } else { 0.0 },
        }
    }

    /// The nearest double.
    #[inline]
    pub fn value(self) -> f64 {
        self.high
    }

    /// What the nearest double leaves.
    #[inline]
    pub fn rest(self) -> f64 {
        self.low
    }

    /// Without the sign, as a double.
    #[inline]
    pub fn size(self) -> f64 {
        self.high.abs()
    }

    /// Square root; that of a negative number is 0.
    pub fn sqrt(self) -> Wide {
        if !(self.high > 0.0) {
            return Wide::ZERO;
        }
        let root = self.high.sqrt();
        let rest = self - Wide::product(root, root);
        Wide::ordered(root, rest.high / (2.0 * root))
    }
}

impl From<f64> for Wide {
    #[inline]
    fn from(high: f64) -> Wide {
        Wide { high, low: 0.0 }
    }
}

impl Neg for Wide {
    type Output = Wide;
    #[inline]
    fn neg(self) -> Wide {
        Wide {
            high: -self.high,
            low: -self.low,
        }
    }
}

impl Add for Wide {
    type Output = Wide;
    #[inline]
    fn add(self, other: Wide) -> Wide {
        let (high, rest) = two_sum(self.high, other.high);
        let (low, last) = two_sum(self.low, other.low);
        let sum = Wide::ordered(high, rest + low);
        Wide::ordered(sum.high, last + sum.low)
    }
}

impl Sub for Wide {
    type Output = Wide;
    #[inline]
    fn sub(self, other: Wide) -> Wide {
        self + -other
    }
}

impl Mul for Wide {
    type Output = Wide;
    #[inline]
    fn mul(self, other: Wide) -> Wide {
        let (high, rest) = two_product(self.high, other.high);
        Wide::ordered(high, rest + (self.high * other.low + self.low * other.high))
    }
}

impl Mul<f64> for Wide {
    type Output = Wide;
    #[inline]
    fn mul(self, other: f64) -> Wide {
        let (high, rest) = two_product(self.high, other);
        Wide::ordered(high, rest + self.low * other)
    }
}

impl Div for Wide {
    type Output = Wide;
    #[inline]
    fn div(self, other: Wide) -> Wide {
        let high = self.high / other.high;
        let rest = self - other * high;
        Wide::ordered(high, rest.high / other.high)
    }
}

impl Div<f64> for Wide {
    type Output = Wide;
    #[inline]
    fn div(self, other: f64) -> Wide {
        let high = self.high / other;
        let (product, rest) = two_product(high, other);
        Wide::ordered(high, ((self.high - product) - rest + self.low) / other)
    }
}

impl AddAssign for Wide {
    #[inline]
    fn add_assign(&mut self, other: Wide) {
        *self = *self + other;
    }
}

impl SubAssign for Wide {
    #[inline]
    fn sub_assign(&mut self, other: Wide) {
        *self = *self - other;
    }
}

impl Sum for Wide {
    fn sum<I: Iterator<Item = Wide>>(items: I) -> Wide {
        items.fold(Wide::ZERO, Wide::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A number of up to 100 bits, as two doubles.
    fn wide(x: i128) -> Wide {
        let high = x as f64;
        Wide::new(high, (x - high as i128) as f64)
    }

    proptest! {
        #[test]
        fn sums_and_products_agree_with_integers(a in -(1i128 << 62)..1 << 62, b in -(1i128 << 62)..1 << 62) {
            for (got, expected) in [(wide(a) + wide(b), a + b), (wide(a) - wide(b), a - b)] {
                prop_assert_eq!(got, wide(expected));
            }
            let (got, expected) = (wide(a) * wide(b), a * b);
            let error = (got - wide(expected)).size();
            prop_assert!(error <= 2f64.powi(-100) * (expected as f64).abs(), "{error}");
        }

        #[test]
        fn quotients_and_roots_are_undone(a in 1i128..1 << 100, b in 1i128..1 << 100) {
            let (a, b) = (wide(a), wide(b));
            prop_assert!((a / b * b - a).size() <= 2f64.powi(-98) * a.size());
            let root = a.sqrt();
            prop_assert!((root * root - a).size() <= 2f64.powi(-98) * a.size());
        }

        #[test]
        fn what_is_too_large_is_infinite_and_not_undefined(a in 1e300..1e308f64, b in 2.0..1e10f64) {
            prop_assert_eq!((Wide::from(a) * 1e10 * b).value(), f64::INFINITY);
            prop_assert_eq!((Wide::from(a) * 0.5 + Wide::from(1.0)).value(), a * 0.5);
        }
    }
}
