//! Draws: XXH3-64 of keys that say what they are for.
//!
//! A key is `"rct"`, the version, the purpose, and the fields, each after its length, so that no two questions share a
//! key: neither `("ab", "c")` and `("a", "bc")`, nor a rollout and a condition of the same experiment.

use super::upgrade::SeedRandom;
use crate::experiment::Hash;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Version of the hash. An experiment keeps the one it began with.
pub const HASH_VERSION: u32 = 1;

/// What a draw is for. The number is part of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// The condition of a unit. Fields: salt, unit.
    Condition = 1,
    /// Whether a unit may enroll. Fields: salt, unit.
    Rollout = 2,
    /// Whether a unit never enrolls. Fields: name of the holdout, unit.
    Holdout = 3,
    /// Where a unit is in a mutual exclusion. Fields: name of the namespace, unit.
    Namespace = 4,
    /// Which of competing experiments a user takes. Fields: key of the experiment, user.
    Pool = 5,
    /// The order of conditions within a user. Fields: salt, user, number of the block, number of the draw.
    Order = 6,
    /// The row of a Latin square. Fields: salt, user.
    Row = 7,
    /// The order of units in a randomization. Fields: seed, unit.
    Unit = 8,
    /// The order of conditions in a block. Fields: seed, stratum, first slot of the block, number of the draw.
    Block = 9,
    /// Who gets a slot that is due to several conditions alike. Fields: seed, stratum, first slot of the block, condition.
    Remainder = 10,
}

/// The beginning of all keys.
const HEADER: [u8; 4] = [b'r', b'c', b't', HASH_VERSION as u8];
const HEADER_LENGTH: usize = HEADER.len() + 1;
/// Keys up to these lengths are put together on the stack: most ids are short, and clearing a larger buffer takes longer
/// than hashing it. Beyond 240 bytes XXH3 takes a longer way, too.
const SHORT: usize = 64;
const MEDIUM: usize = 240;

/// XXH3-64 of a key.
#[inline]
pub(super) fn hash<const N: usize>(purpose: Purpose, fields: [&[u8]; N]) -> u64 {
    let length = fields
        .iter()
        .fold(HEADER_LENGTH, |sum, f| sum.saturating_add(4 + f.len()));
    if length <= SHORT {
        hash_short::<SHORT>(purpose, &fields)
    } else if length <= MEDIUM {
        hash_short::<MEDIUM>(purpose, &fields)
    } else {
        hash_long(purpose, &fields)
    }
}

#[inline]
fn hash_short<const SIZE: usize>(purpose: Purpose, fields: &[&[u8]]) -> u64 {
    let mut buffer = [0u8; SIZE];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        if let Some(to) = buffer.get_mut(at..at + bytes.len()) {
            to.copy_from_slice(bytes);
            at += bytes.len();
        }
    };
    put(&HEADER);
    put(&[purpose as u8]);
    for field in fields {
        put(&(field.len() as u32).to_le_bytes());
        put(field);
    }
    buffer.get(..at).map_or(0, xxh3_64)
}

#[cold]
fn hash_long(purpose: Purpose, fields: &[&[u8]]) -> u64 {
    let mut state = Xxh3::new();
    state.update(&HEADER);
    state.update(&[purpose as u8]);
    for field in fields {
        state.update(&(field.len() as u32).to_le_bytes());
        state.update(field);
    }
    state.digest()
}

/// A uniform 64-bit integer. UpGrade draws conditions only, so every other purpose is drawn by XXH3 under both hashes.
#[inline]
pub fn draw(hash: Hash, purpose: Purpose, salt: &str, unit: &str) -> u64 {
    match (hash, purpose) {
        (Hash::Upgrade, Purpose::Condition) => {
            let double = SeedRandom::new(&[salt, "_", unit]).double();
            // Below 1 with at most 53 bits, so that the product is exact and fits.
            (double * TWO_64) as u64
        }
        _ => self::hash(purpose, [salt.as_bytes(), unit.as_bytes()]),
    }
}

/// 2⁶⁴.
pub(super) const TWO_64: f64 = 18_446_744_073_709_551_616.0;
/// 2⁻⁵³.
const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;

/// A draw as a number in [0, 1): its upper 53 bits, which a double holds exactly.
#[inline]
pub fn fraction(draw: u64) -> f64 {
    (draw >> 11) as f64 * UNIT
}

/// Where a unit falls in [0, 1). Text or its UTF-8 bytes.
#[inline]
pub fn bucket<S, U>(salt: &S, unit: &U) -> f64
where
    S: AsRef<[u8]> + ?Sized,
    U: AsRef<[u8]> + ?Sized,
{
    fraction(hash(Purpose::Condition, [salt.as_ref(), unit.as_ref()]))
}

/// An integer below `n` (0 for `n` = 0) by multiplication: the bias is below `n` / 2⁶⁴.
#[inline]
pub(super) fn below(draw: u64, n: usize) -> usize {
    ((u128::from(draw) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_keys_are_hashed_alike() {
        for n in 0..600 {
            let unit = "u".repeat(n);
            assert_eq!(
                hash(Purpose::Unit, [b"seed", unit.as_bytes()]),
                hash_long(Purpose::Unit, &[b"seed", unit.as_bytes()]),
                "{n}"
            );
        }
    }

    #[test]
    fn fields_and_purposes_are_apart() {
        let keys = [
            draw(Hash::Xxh3, Purpose::Condition, "ab", "c"),
            draw(Hash::Xxh3, Purpose::Condition, "a", "bc"),
            draw(Hash::Xxh3, Purpose::Condition, "abc", ""),
            draw(Hash::Xxh3, Purpose::Rollout, "ab", "c"),
            draw(Hash::Xxh3, Purpose::Holdout, "ab", "c"),
        ];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys.iter().skip(i + 1).all(|b| a != b));
        }
    }
}
