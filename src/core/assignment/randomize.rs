//! Randomization of a roster: exact counts in every stratum, whatever the order of the rows.

use super::error::AssignmentError;
use super::random::rank;
use super::sequence::{Rules, Sequences, Slot};
use crate::experiment::Algorithm;
use crate::pulse;
use std::collections::BTreeMap;

/// The stratum of units that have none.
pub const UNKNOWN_STRATUM: &str = "unknown";

/// Most units of a randomization, and most slots of a stratum.
const MAX_UNITS: usize = u32::MAX as usize;

/// What a unit takes in a list of one stratum that grows.
const STRATUM_BYTES: usize = 64;

/// Where a unit was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement<'a> {
    /// The unit.
    pub unit: &'a str,
    /// Its stratum.
    pub stratum: &'a str,
    /// Its place and condition.
    pub slot: Slot,
}

/// Gives each unit a condition, in the order of strata and slots. The result depends on the set of units, not on their
/// order. `strata` has one element for each unit; none of them is the stratum [`UNKNOWN_STRATUM`], except that a pair must be known.
pub fn randomize<'a>(
    rules: &Rules<'_>,
    units: &[&'a str],
    strata: Option<&[Option<&'a str>]>,
) -> Result<Vec<Placement<'a>>, AssignmentError> {
    let sequences = Sequences::new(rules)?;
    let grouped = by_stratum(units, strata)?;
    let pairs = rules.method == Algorithm::Pairs;
    if pairs && let Some(unit) = without_pair(units, strata) {
        return Err(AssignmentError::NoPair(unit.to_owned()));
    }
    let mut placements = pulse::vector(units.len());
    for (stratum, members) in grouped {
        pulse::beat();
        if pairs && !members.len().is_multiple_of(2) {
            return Err(AssignmentError::OddPair {
                pair: stratum.to_owned(),
                units: members.len(),
            });
        }
        let mut ranked = pulse::vector(members.len());
        ranked.extend(pulse::each(members).map(|unit| (rank(rules.seed, unit), unit)));
        pulse::sort(&mut ranked);
        let slots = sequences.placed(stratum, ranked.len() as u64);
        let placed = ranked.into_iter().zip(slots);
        placements.extend(placed.map(|((_, unit), slot)| Placement {
            unit,
            stratum,
            slot,
        }));
    }
    Ok(placements)
}

/// The next free slot of a stratum where `placed` units were randomized and `taken`, later ones included, have a slot.
/// Later units fill the open block, then whole blocks, in the order in which they come.
pub fn next_slot(
    rules: &Rules<'_>,
    stratum: &str,
    placed: u64,
    taken: u64,
) -> Result<Slot, AssignmentError> {
    let sequences = Sequences::new(rules)?;
    let taken = taken.max(placed);
    let too_many = AssignmentError::TooManyUnits(usize::try_from(taken).unwrap_or(usize::MAX));
    if taken >= MAX_UNITS as u64 {
        return Err(too_many);
    }
    // From `placed` on segments are small, so that nothing large is built here.
    sequences.slot(stratum, placed, taken).ok_or(too_many)
}

/// The units of each stratum, in the order of the bytes of the strata. Units must differ.
pub(super) fn by_stratum<'a>(
    units: &[&'a str],
    strata: Option<&[Option<&'a str>]>,
) -> Result<BTreeMap<&'a str, Vec<&'a str>>, AssignmentError> {
    if units.len() > MAX_UNITS {
        return Err(AssignmentError::TooManyUnits(units.len()));
    }
    if let Some(strata) = strata
        && strata.len() != units.len()
    {
        return Err(AssignmentError::StratumCount {
            units: units.len(),
            strata: strata.len(),
        });
    }
    if let Some(unit) = duplicates(units).first() {
        return Err(AssignmentError::DuplicateUnit((*unit).to_owned()));
    }
    Ok(grouped(units, strata))
}

pub(super) fn grouped<'a>(
    units: &[&'a str],
    strata: Option<&[Option<&'a str>]>,
) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut grouped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    pulse::room_for(units.len(), STRATUM_BYTES);
    for (i, unit) in pulse::each(units).enumerate() {
        let stratum = strata.and_then(|s| s.get(i).copied().flatten());
        let members = grouped.entry(stratum.unwrap_or(UNKNOWN_STRATUM));
        members.or_default().push(unit);
    }
    grouped
}

/// Units that are given more than once, in order, each as often as it is too many.
pub(super) fn duplicates<'a>(units: &[&'a str]) -> Vec<&'a str> {
    let mut sorted = pulse::vector(units.len());
    sorted.extend_from_slice(units);
    pulse::sort(&mut sorted);
    let same = |pair: &&[&str]| matches!(pair, [a, b] if a == b);
    let count = pulse::each(sorted.windows(2)).filter(same).count();
    let mut twice = pulse::vector(count);
    twice.extend(
        sorted
            .windows(2)
            .filter(same)
            .filter_map(|pair| pair.first()),
    );
    twice
}

/// The first unit, in order, whose stratum is not known.
pub(super) fn without_pair<'a>(
    units: &[&'a str],
    strata: Option<&[Option<&'a str>]>,
) -> Option<&'a str> {
    let known = |i: usize| strata.is_some_and(|s| s.get(i).copied().flatten().is_some());
    let unknown = pulse::each(units).enumerate().filter(|(i, _)| !known(*i));
    unknown.map(|(_, unit)| *unit).min()
}
