//! What is zero: the one place that decides it (see "What is zero" in `docs/concepts.md`).
//!
//! Sums of a sketch are exact and read with 32 digits, so that a difference that should be 0 is 0 but for their last digits,
//! or for the last digits of the values themselves, which were rounded before they came here. Both are small against what
//! the difference was made of, and that is what a difference is compared with: the values of the same cluster or condition,
//! never the table.

use crate::exact::Wide;

/// Share of the size of its terms up to which a sum of numbers of 32 digits is rounding: 2^-80.
const EXACT: f64 = 1.0 / (1u128 << 80) as f64;
/// Share of the size of values up to which a difference of them is rounding of the values: two to four units in the last
/// place, 2^-51.
const DIGITS: f64 = 2.0 * f64::EPSILON;
/// Share of the size of its terms up to which a sum of doubles is rounding.
const ROUNDED: f64 = 1e-13;
/// Length of what earlier columns leave of a column, as a share of its length about the means of the strata, up to which it
/// is taken for a combination of them; squared. R's `lm` has 1e-7 of the length about 0, so it drops these too.
pub const ALIASED: f64 = 1e-14;
/// The same for a matrix of doubles, whose pivots are rounded.
pub const DEPENDENT: f64 = 1e-11;

/// A sum of numbers of 32 digits; 0 if it is no more than rounding of terms of the given size.
pub fn settled(sum: Wide, size: f64) -> Wide {
    if sum.size() <= EXACT * size {
        Wide::ZERO
    } else {
        sum
    }
}

/// What rounding can have made of values of the given size.
pub fn digits(size: f64) -> f64 {
    DIGITS * size
}

/// A difference of sums of values of the given size; 0 if it is no more than rounding of the values.
pub fn beyond_digits(difference: Wide, size: f64) -> Wide {
    if difference.size() <= digits(size) {
        Wide::ZERO
    } else {
        difference
    }
}

/// A sum of squares of so many `rows`' differences of values of the given size (see [`crate::sketch::Moments::size`]); 0 if
/// these are no more than rounding.
pub fn squares_beyond_digits(squares: Wide, size: f64, rows: f64) -> Wide {
    let rounding = digits(size);
    if squares.value() <= rounding * rounding / rows {
        Wide::ZERO
    } else {
        squares
    }
}

/// A sum of doubles; 0 if it is no more than rounding of terms of the given size.
pub fn rounded(sum: f64, size: f64) -> f64 {
    if sum.abs() <= ROUNDED * size {
        0.0
    } else {
        sum
    }
}

/// `a − b`; 0 if they are the same but for rounding.
pub fn difference(a: f64, b: f64) -> f64 {
    rounded(a - b, a.abs() + b.abs())
}

/// Scalar product of vectors in orthonormal coordinates; 0 if it is no more than rounding of them.
pub fn product<'a>(
    a: impl IntoIterator<Item = &'a f64>,
    b: impl IntoIterator<Item = &'a f64>,
) -> f64 {
    let (mut sum, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.into_iter().zip(b) {
        sum += x * y;
        of_a += x * x;
        of_b += y * y;
    }
    rounded(sum, (of_a * of_b).sqrt())
}

/// A sum of numbers of 32 digits that knows how large its terms are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    sum: Wide,
    size: f64,
}

impl Tally {
    /// A number that may itself be rounding of terms of the given size.
    pub fn of(sum: Wide, size: f64) -> Tally {
        Tally { sum, size }
    }

    /// Adds a term.
    pub fn add(&mut self, term: Wide) {
        self.sum += term;
        self.size += term.size();
    }

    /// Says that values of the given size, which are rounded, are among the terms.
    pub fn blur(&mut self, size: f64) {
        self.size += DIGITS / EXACT * size;
    }

    /// Adds a multiple of another sum.
    pub fn add_times(&mut self, factor: Wide, other: Tally) {
        self.sum += other.sum * factor;
        self.size += other.size.max(other.sum.size()) * factor.size();
    }

    /// The sum as it is.
    pub fn sum(&self) -> Wide {
        self.sum
    }

    /// Size of its terms.
    pub fn size(&self) -> f64 {
        self.size
    }

    /// The sum; 0 if it is no more than rounding.
    pub fn settled(&self) -> Wide {
        settled(self.sum, self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_zero_and_a_small_difference_is_not() {
        let third = Wide::from(1.0) / 3.0;
        let mut tally = Tally::default();
        for term in [third, third, third, -Wide::from(1.0)] {
            tally.add(term);
        }
        assert_eq!(tally.settled(), Wide::ZERO);
        tally.add(Wide::from(1e-20));
        assert!(tally.settled().value() > 0.9e-20);
        tally.blur(1.0);
        assert_eq!(tally.settled(), Wide::ZERO);
        assert_eq!(difference(0.1 + 0.2, 0.3), 0.0);
        assert!(difference(1.0 + 1e-11, 1.0) > 0.0);
        assert_eq!(product(&[1.0, 1.0], &[0.3, 0.1 + 0.2 - 0.6]), 0.0);
    }

    #[test]
    fn values_that_differ_in_their_last_digits_are_the_same() {
        let apart = Wide::from(0.1 + 0.2) - Wide::from(0.3);
        assert_eq!(beyond_digits(apart, 0.3), Wide::ZERO);
        assert_eq!(squares_beyond_digits(apart * apart, 0.6, 2.0), Wide::ZERO);
        let apart = Wide::from(1e6 + 1e-6) - Wide::from(1e6);
        assert!(beyond_digits(apart, 1e6).value() > 0.0);
    }
}
