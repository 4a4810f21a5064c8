//! Fractions of the units: rollout, holdout, namespace.

use super::error::AssignmentError;
use super::hash::{Purpose, TWO_64, draw, fraction, hash};
use crate::experiment::Hash;

/// Whether a unit is in a rollout of this fraction. Raising the fraction never drops a unit; 0 takes nobody, 1 everybody.
/// Text or its UTF-8 bytes.
#[inline]
pub fn in_rollout<S, U>(salt: &S, unit: &U, share: f64) -> bool
where
    S: AsRef<[u8]> + ?Sized,
    U: AsRef<[u8]> + ?Sized,
{
    in_share(Purpose::Rollout, salt, unit, share)
}

/// The same for another purpose, such as a holdout. A share that is not a number takes nobody.
#[inline]
pub fn in_share<S, U>(purpose: Purpose, salt: &S, unit: &U, share: f64) -> bool
where
    S: AsRef<[u8]> + ?Sized,
    U: AsRef<[u8]> + ?Sized,
{
    // Multiplying by a power of two is exact, and the conversion rounds down.
    let threshold = (share * TWO_64) as u64;
    share >= 1.0 || (share > 0.0 && hash(purpose, [salt.as_ref(), unit.as_ref()]) < threshold)
}

/// Whether a unit is in this part of a namespace: ranges that touch share nobody and leave nobody out.
#[inline]
pub fn in_range(namespace: &str, unit: &str, from: f64, to: f64) -> bool {
    let at = fraction(draw(Hash::Xxh3, Purpose::Namespace, namespace, unit));
    from <= at && at < to
}

/// A fraction that a caller gave.
pub fn checked_fraction(share: f64) -> Result<f64, AssignmentError> {
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err(AssignmentError::Fraction(share))
    }
}
