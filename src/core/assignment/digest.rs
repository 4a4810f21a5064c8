//! Digests of a randomization, by which a stored record proves that it can be repeated.
//!
//! XXH3-128 of `"rct"`, the version, a letter for what it is, and the fields, each after its length. Rows are in the
//! order of the bytes of the units, so that the digest does not depend on the order of the roster.

use super::hash::HASH_VERSION;
use super::randomize::{Placement, UNKNOWN_STRATUM};
use super::sequence::Rules;
use crate::pulse;
use xxhash_rust::xxh3::Xxh3;

struct Digest(Xxh3);

impl Digest {
    fn new(kind: u8) -> Self {
        let mut state = Xxh3::new();
        state.update(&[b'r', b'c', b't', HASH_VERSION as u8, kind]);
        Digest(state)
    }

    fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u32).to_le_bytes());
        self.0.update(bytes);
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.field(&number.to_le_bytes())
    }
}

/// Digest of what a randomization is given: method, seed, conditions, weights, units and their strata.
pub fn input_digest(rules: &Rules<'_>, units: &[&str], strata: Option<&[Option<&str>]>) -> u128 {
    let mut digest = Digest::new(b'i');
    digest
        .field(rules.method.word().as_bytes())
        .field(rules.seed.as_bytes())
        .number(rules.conditions.len() as u64);
    for (i, code) in rules.conditions.iter().enumerate() {
        // Weights left out are weights of 1.
        let weight = rules.weights.map_or(Some(1.0), |w| w.get(i).copied());
        digest
            .field(code.as_bytes())
            // Adding 0 makes −0 and 0 the same.
            .number((weight.unwrap_or(0.0) + 0.0).to_bits());
    }
    let mut rows: Vec<(&str, &str)> = pulse::vector(units.len());
    rows.extend(pulse::each(units).enumerate().map(|(i, unit)| {
        let stratum = strata.and_then(|s| s.get(i).copied().flatten());
        (*unit, stratum.unwrap_or(UNKNOWN_STRATUM))
    }));
    pulse::sort(&mut rows);
    digest.number(rows.len() as u64);
    for (unit, stratum) in pulse::each(rows) {
        digest.field(unit.as_bytes()).field(stratum.as_bytes());
    }
    digest.0.digest128()
}

/// Digest of what a randomization gave: each unit with its stratum, block, slot and code of the condition.
pub fn output_digest(conditions: &[&str], placements: &[Placement<'_>]) -> u128 {
    let mut rows: Vec<&Placement<'_>> = pulse::vector(placements.len());
    rows.extend(placements);
    // Units differ.
    pulse::sort_by(&mut rows, |a, b| a.unit.cmp(b.unit));
    let mut digest = Digest::new(b'o');
    digest.number(rows.len() as u64);
    for row in pulse::each(rows) {
        let code = conditions.get(row.slot.condition).copied().unwrap_or("");
        digest
            .field(row.unit.as_bytes())
            .field(row.stratum.as_bytes())
            .number(row.slot.block)
            .number(row.slot.slot)
            .field(code.as_bytes());
    }
    digest.0.digest128()
}
