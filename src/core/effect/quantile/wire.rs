//! The stored form of a distribution, version 1.
//!
//! Little-endian throughout. There is exactly one stored form of a distribution, whatever the order in which its rows came:
//!
//! | field | bytes |
//! |---|---|
//! | `D`, version, 1 if there are strata and 0 if not | 1 + 1 + 1 |
//! | rows without a condition, conditions | 8, 2 |
//! | per condition, by name: length, UTF-8 name, rows without outcome, without cluster | 2, …, 8, 8 |
//! | if there are strata: strata of the condition with outcomes | 4 |
//! | if there are strata, per stratum, by digest: digest, 0 for rows without a stratum | 16 |
//! | clusters of the stratum, without strata of the condition | 4 |
//! | per cluster, by digest: digest, outcomes, each outcome, ascending | 16, 8, 8 each |
//! | XXH3-64 of everything before | 8 |
//!
//! Nothing may follow. The decoder refuses everything else and never panics.

use super::distribution::{Distribution, Outcome};
use super::error::QuantileError;
use crate::budget::Budget;
use crate::pulse::{self, Pulse};
use crate::sketch::{Key, MAX_CONDITION_BYTES, MAX_CONDITIONS};
use xxhash_rust::xxh3::xxh3_64;

/// Version of the stored form.
pub const VERSION: u8 = 1;
const MAGIC: u8 = b'D';
/// A count above this is not one of rows.
const MAX_COUNT: u64 = 1 << 62;

const SHORT: QuantileError = QuantileError::Corrupt("it ends too early");

impl Distribution {
    /// The stored form. Sorts what it holds, which changes nothing else.
    pub fn encode(&mut self) -> Vec<u8> {
        self.sort();
        let names: usize = self.conditions.iter().map(|c| c.name.len() + 22).sum();
        let strata = self.has_strata();
        // A cluster may be in each of the conditions.
        let cells = self
            .outcomes
            .chunk_by(|a, b| (a.condition, a.place) == (b.condition, b.place));
        let cell = if strata { 24 + 20 } else { 24 };
        let mut out =
            pulse::vector(64 + names + self.outcomes.len() * 8 + pulse::each(cells).count() * cell);
        out.extend([MAGIC, VERSION, strata as u8]);
        out.extend(self.no_condition.min(MAX_COUNT).to_le_bytes());
        out.extend((self.conditions.len() as u16).to_le_bytes());
        let mut pulse = Pulse::every(4096);
        for (condition, number) in self.conditions.iter().zip(0..) {
            out.extend((condition.name.len() as u16).to_le_bytes());
            out.extend(condition.name.as_bytes());
            out.extend(condition.no_outcome.min(MAX_COUNT).to_le_bytes());
            out.extend(condition.no_cluster.min(MAX_COUNT).to_le_bytes());
            let cells = || {
                let places = self.cells(number);
                places.filter_map(|(at, outcomes)| Some((self.places.get(at as usize)?, outcomes)))
            };
            let mut clusters: Vec<(u32, u32)> = Vec::new();
            for (place, _) in cells() {
                pulse.tick();
                match clusters.last_mut() {
                    Some((stratum, n)) if *stratum == place.stratum => *n += 1,
                    _ => pulse::push(&mut clusters, (place.stratum, 1)),
                }
            }
            if strata {
                out.extend((clusters.len() as u32).to_le_bytes());
            } else if clusters.is_empty() {
                out.extend(0_u32.to_le_bytes());
            }
            let mut cells = cells();
            for (stratum, n) in clusters {
                if strata {
                    let key = self.strata.get(stratum as usize).copied();
                    out.extend(key.unwrap_or_default().0.to_le_bytes());
                }
                out.extend(n.to_le_bytes());
                for (place, outcomes) in cells.by_ref().take(n as usize) {
                    pulse.tick();
                    out.extend(place.cluster().0.to_le_bytes());
                    out.extend((outcomes.len() as u64).to_le_bytes());
                    out.extend(outcomes.iter().flat_map(|o| o.value.to_le_bytes()));
                }
            }
        }
        out.extend(xxh3_64(&out).to_le_bytes());
        out
    }

    /// Reads a stored form; its memory is entered in `budget`.
    pub fn decode(bytes: &[u8], budget: &Budget) -> Result<Self, QuantileError> {
        let (body, digest) = bytes.split_last_chunk::<8>().ok_or(SHORT)?;
        let mut r = Reader(body);
        if r.array::<1>()? != [MAGIC] {
            return Err(QuantileError::Corrupt("it does not begin as one"));
        }
        let [version] = r.array()?;
        if version != VERSION {
            return Err(QuantileError::UnknownVersion(version));
        }
        if xxh3_64(body) != u64::from_le_bytes(*digest) {
            return Err(QuantileError::Corrupt("its digest does not match"));
        }
        let strata = match r.array()? {
            [0] => false,
            [1] => true,
            _ => return Err(QuantileError::Corrupt("it is unclear if it has strata")),
        };
        let mut new = Distribution::new(budget);
        new.no_condition = r.count()?;
        let conditions = u16::from_le_bytes(r.array()?);
        if usize::from(conditions) > MAX_CONDITIONS {
            return Err(QuantileError::Corrupt("it has too many conditions"));
        }
        let mut pulse = Pulse::every(4096);
        for _ in 0..conditions {
            let length = u16::from_le_bytes(r.array()?);
            let name = r.take(length as usize)?;
            check_name(name)?;
            if new
                .conditions
                .last()
                .is_some_and(|c| c.name.as_bytes() >= name)
            {
                return Err(QuantileError::Corrupt("conditions are out of order"));
            }
            let number = new.condition(name)?;
            let (no_outcome, no_cluster) = (r.count()?, r.count()?);
            if let Some(condition) = new.conditions.get_mut(number) {
                (condition.no_outcome, condition.no_cluster) = (no_outcome, no_cluster);
            }
            match strata {
                true => read_strata(&mut r, &mut new, number as u32, &mut pulse)?,
                false => {
                    read_clusters(&mut r, &mut new, number as u32, Key::NONE, &mut pulse)?;
                }
            }
        }
        if strata != new.has_strata() {
            return Err(QuantileError::Corrupt("it has no row with a stratum"));
        }
        match r.0 {
            [] => Ok(new),
            _ => Err(QuantileError::Corrupt("something follows its end")),
        }
    }
}

/// Names become texts, in which Postgres has no zero byte.
fn check_name(name: &[u8]) -> Result<(), QuantileError> {
    let corrupt = |what| Err(QuantileError::Corrupt(what));
    match std::str::from_utf8(name) {
        Err(_) => corrupt("a condition's name is not UTF-8"),
        Ok(name) if name.contains('\0') => corrupt("a condition's name has a zero byte"),
        Ok(name) if name.len() > MAX_CONDITION_BYTES => corrupt("a condition's name is too long"),
        Ok(_) => Ok(()),
    }
}

fn read_strata(
    r: &mut Reader<'_>,
    new: &mut Distribution,
    condition: u32,
    pulse: &mut Pulse,
) -> Result<(), QuantileError> {
    let mut last = None;
    for _ in 0..u32::from_le_bytes(r.array()?) {
        let key = Key(u128::from_le_bytes(r.array()?));
        if last.is_some_and(|l| l >= key) {
            return Err(QuantileError::Corrupt("strata are out of order"));
        }
        last = Some(key);
        if read_clusters(r, new, condition, key, pulse)? == 0 {
            return Err(QuantileError::Corrupt("a stratum has no cluster"));
        }
    }
    Ok(())
}

/// Reads the clusters of a stratum, and returns how many they are.
fn read_clusters(
    r: &mut Reader<'_>,
    new: &mut Distribution,
    condition: u32,
    stratum: Key,
    pulse: &mut Pulse,
) -> Result<u32, QuantileError> {
    let mut last = None;
    let clusters = u32::from_le_bytes(r.array()?);
    for _ in 0..clusters {
        pulse.tick();
        let key = Key(u128::from_le_bytes(r.array()?));
        if last.is_some_and(|l| l >= key) {
            return Err(QuantileError::Corrupt("clusters are out of order"));
        }
        last = Some(key);
        let count = usize::try_from(r.count()?).map_err(|_| SHORT)?;
        let values = r.take(count.checked_mul(8).ok_or(SHORT)?)?;
        if count == 0 {
            return Err(QuantileError::Corrupt("a cluster has no outcome"));
        }
        let stratum = new.stratum(stratum)?;
        let place = new.place(stratum, key)?;
        new.reserve(count)?;
        let mut least = f64::NEG_INFINITY;
        for bytes in values.as_chunks::<8>().0 {
            let value = f64::from_le_bytes(*bytes);
            let negative_zero = value == 0.0 && value.is_sign_negative();
            if !value.is_finite() || negative_zero || value < least {
                return Err(QuantileError::Corrupt("outcomes are out of order or range"));
            }
            least = value;
            new.outcomes.push(Outcome {
                condition,
                place,
                value,
            });
        }
    }
    Ok(clusters)
}

/// Reads from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], QuantileError> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(SHORT)?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], QuantileError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(SHORT)?;
        self.0 = tail;
        Ok(*head)
    }

    fn count(&mut self) -> Result<u64, QuantileError> {
        let count = u64::from_le_bytes(self.array()?);
        match count <= MAX_COUNT {
            true => Ok(count),
            false => Err(QuantileError::Corrupt("a count is out of range")),
        }
    }
}
