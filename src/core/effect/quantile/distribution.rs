//! All outcomes of an experiment, by condition, stratum and cluster.

use super::error::QuantileError;
use crate::budget::{Budget, Charge};
use crate::note::Note;
use crate::pulse;
use crate::sketch::{Key, MAX_CONDITION_BYTES, MAX_CONDITIONS};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

/// Bytes that a cluster of a stratum takes besides its rows, and a stratum besides its clusters.
const PLACE_BYTES: usize = 64;

/// A condition and the rows of it that were left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Condition {
    pub name: String,
    pub no_outcome: u64,
    pub no_cluster: u64,
}

/// A cluster in a stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the stratum.
    pub stratum: u32,
    /// Digest of the cluster; as bytes, which need no alignment, since there may be as many places as rows.
    cluster: [u8; 16],
}

impl Place {
    fn new(stratum: u32, cluster: Key) -> Self {
        let cluster = cluster.0.to_le_bytes();
        Place { stratum, cluster }
    }

    /// Digest of the cluster.
    #[inline]
    pub fn cluster(&self) -> Key {
        Key(u128::from_le_bytes(self.cluster))
    }
}

impl Hash for Place {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        // In one piece, since every row looks its place up.
        state.write_u128(self.cluster().0 ^ u128::from(self.stratum));
    }
}

/// An outcome with the numbers of its condition and place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub condition: u32,
    pub place: u32,
    pub value: f64,
}

/// All outcomes by condition, stratum and cluster: what quantiles need, and the mean does not. It grows by 16 bytes with
/// each row.
#[derive(Debug)]
pub struct Distribution {
    pub(super) no_condition: u64,
    pub(super) conditions: Vec<Condition>,
    last_condition: usize,
    /// Strata with outcomes; [`Key::NONE`] is that of rows without one.
    pub(super) strata: Vec<Key>,
    last_stratum: usize,
    stratum_numbers: HashMap<Key, u32>,
    pub(super) places: Vec<Place>,
    place_numbers: HashMap<Place, u32>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) charge: Charge,
}

impl Distribution {
    /// Without rows; its memory is entered in `budget`.
    pub fn new(budget: &Budget) -> Self {
        Distribution {
            no_condition: 0,
            conditions: Vec::new(),
            last_condition: 0,
            strata: Vec::new(),
            last_stratum: 0,
            stratum_numbers: HashMap::new(),
            places: Vec::new(),
            place_numbers: HashMap::new(),
            outcomes: Vec::new(),
            charge: Charge::new(budget),
        }
    }

    /// Adds one row without a stratum. A row without condition, cluster or outcome is counted and left out.
    #[inline]
    pub fn add(
        &mut self,
        outcome: Option<f64>,
        condition: Option<&[u8]>,
        cluster: Option<Key>,
    ) -> Result<(), QuantileError> {
        self.add_within(Key::NONE, outcome, condition, cluster)
    }

    /// Adds one row of a stratum. Rows of [`Key::NONE`] are a stratum of their own.
    pub fn add_within(
        &mut self,
        stratum: Key,
        outcome: Option<f64>,
        condition: Option<&[u8]>,
        cluster: Option<Key>,
    ) -> Result<(), QuantileError> {
        if let Some(value) = outcome.filter(|v| !v.is_finite()) {
            return Err(QuantileError::NonFinite(value));
        }
        let Some(name) = condition else {
            self.no_condition += 1;
            return Ok(());
        };
        let condition = self.condition(name)?;
        let (Some(key), Some(value)) = (cluster, outcome) else {
            if let Some(c) = self.conditions.get_mut(condition) {
                c.no_cluster += cluster.is_none() as u64;
                c.no_outcome += cluster.is_some() as u64;
            }
            return Ok(());
        };
        let stratum = self.stratum(stratum)?;
        let place = self.place(stratum, key)?;
        self.reserve(1)?;
        self.outcomes.push(Outcome {
            condition: condition as u32,
            place,
            // -0 is 0.
            value: value + 0.0,
        });
        Ok(())
    }

    /// Adds another distribution.
    pub fn merge(&mut self, other: &Distribution) -> Result<(), QuantileError> {
        self.no_condition = self.no_condition.saturating_add(other.no_condition);
        let mut conditions = Vec::with_capacity(other.conditions.len());
        for theirs in &other.conditions {
            let number = self.condition(theirs.name.as_bytes())?;
            if let Some(ours) = self.conditions.get_mut(number) {
                ours.no_outcome = ours.no_outcome.saturating_add(theirs.no_outcome);
                ours.no_cluster = ours.no_cluster.saturating_add(theirs.no_cluster);
            }
            conditions.push(number as u32);
        }
        let number = |of: &[u32], i: u32| of.get(i as usize).copied().unwrap_or(0);
        let mut strata = pulse::vector(other.strata.len());
        for &key in pulse::each(&other.strata) {
            strata.push(self.stratum(key)?);
        }
        let mut places = pulse::vector(other.places.len());
        for theirs in pulse::each(&other.places) {
            let stratum = number(&strata, theirs.stratum);
            places.push(self.place(stratum, theirs.cluster())?);
        }
        self.reserve(other.outcomes.len())?;
        self.outcomes
            .extend(pulse::each(&other.outcomes).map(|o| Outcome {
                condition: number(&conditions, o.condition),
                place: number(&places, o.place),
                value: o.value,
            }));
        Ok(())
    }

    /// Number of a condition.
    pub(super) fn condition(&mut self, name: &[u8]) -> Result<usize, QuantileError> {
        let known = |c: &Condition| c.name.as_bytes() == name;
        if self.conditions.get(self.last_condition).is_some_and(known) {
            return Ok(self.last_condition);
        }
        self.last_condition = match self.conditions.iter().position(known) {
            Some(number) => number,
            None => {
                let name =
                    std::str::from_utf8(name).map_err(|_| QuantileError::ConditionEncoding)?;
                if name.len() > MAX_CONDITION_BYTES {
                    return Err(QuantileError::ConditionTooLong(name.len()));
                }
                if self.conditions.len() >= MAX_CONDITIONS {
                    return Err(QuantileError::TooManyConditions);
                }
                self.charge.grow(size_of::<Condition>() + name.len())?;
                self.conditions.push(Condition {
                    name: name.to_owned(),
                    ..Condition::default()
                });
                self.conditions.len() - 1
            }
        };
        Ok(self.last_condition)
    }

    /// Number of a stratum.
    #[inline]
    pub(super) fn stratum(&mut self, key: Key) -> Result<u32, QuantileError> {
        if self.strata.get(self.last_stratum) == Some(&key) {
            return Ok(self.last_stratum as u32);
        }
        let known = self.stratum_numbers.get(&key).copied();
        let number = match known {
            Some(number) => number,
            None => {
                let numbers = &mut self.stratum_numbers;
                numbered(&mut self.charge, &mut self.strata, numbers, key)?
            }
        };
        self.last_stratum = number as usize;
        Ok(number)
    }

    /// Number of a cluster in a stratum.
    pub(super) fn place(&mut self, stratum: u32, cluster: Key) -> Result<u32, QuantileError> {
        let place = Place::new(stratum, cluster);
        if let Some(&number) = self.place_numbers.get(&place) {
            return Ok(number);
        }
        let numbers = &mut self.place_numbers;
        numbered(&mut self.charge, &mut self.places, numbers, place)
    }

    /// True if there are rows with a stratum.
    pub(super) fn has_strata(&self) -> bool {
        self.strata.iter().any(|s| *s != Key::NONE)
    }

    /// Makes room for more outcomes.
    pub(super) fn reserve(&mut self, more: usize) -> Result<(), QuantileError> {
        let (needed, capacity) = (self.outcomes.len() + more, self.outcomes.capacity());
        if needed > capacity {
            let target = needed.max(capacity * 2).max(64);
            // The old place may be needed until all is in the new one.
            pulse::room_for(target, size_of::<Outcome>());
            self.charge
                .grow((target - capacity) * size_of::<Outcome>())?;
            self.outcomes.reserve_exact(target - self.outcomes.len());
        }
        Ok(())
    }

    /// Puts everything in canonical order: conditions by name, strata and clusters by digest, and outcomes by these and by
    /// value.
    pub(super) fn sort(&mut self) {
        let mut conditions: Vec<(u32, Condition)> =
            (0..).zip(std::mem::take(&mut self.conditions)).collect();
        conditions.sort_unstable_by(|a, b| a.1.name.cmp(&b.1.name));
        let new_condition = moved(conditions.iter().map(|c| c.0));
        self.conditions = conditions.into_iter().map(|c| c.1).collect();

        pulse::room_for(self.strata.len() + self.places.len(), 64);
        let mut strata: Vec<(u32, Key)> = (0..).zip(std::mem::take(&mut self.strata)).collect();
        pulse::sort_by(&mut strata, |a, b| a.1.cmp(&b.1));
        let new_stratum = moved(strata.iter().map(|s| s.0));
        self.strata = strata.into_iter().map(|s| s.1).collect();

        let to = |of: &[u32], i: u32| of.get(i as usize).copied().unwrap_or(i);
        let mut places: Vec<(u32, Place)> = (0..).zip(std::mem::take(&mut self.places)).collect();
        for (_, place) in pulse::each(&mut places) {
            place.stratum = to(&new_stratum, place.stratum);
        }
        pulse::sort_by(&mut places, |a, b| {
            let order = |p: &Place| (p.stratum, p.cluster());
            order(&a.1).cmp(&order(&b.1))
        });
        let new_place = moved(places.iter().map(|p| p.0));
        self.places = places.into_iter().map(|p| p.1).collect();

        for (&key, number) in pulse::each(&self.strata).zip(0..) {
            self.stratum_numbers.insert(key, number);
        }
        // Its keys have the old numbers of the strata.
        self.place_numbers.clear();
        for (&place, number) in pulse::each(&self.places).zip(0..) {
            self.place_numbers.insert(place, number);
        }
        for outcome in pulse::each(&mut self.outcomes) {
            outcome.condition = to(&new_condition, outcome.condition);
            outcome.place = to(&new_place, outcome.place);
        }
        pulse::sort_by(&mut self.outcomes, |a, b| {
            (a.condition, a.place)
                .cmp(&(b.condition, b.place))
                .then_with(|| a.value.total_cmp(&b.value))
        });
    }

    /// Rows that are not in the analysis.
    pub(super) fn left_out(&self) -> Option<Note> {
        let total = |f: fn(&Condition) -> u64| self.conditions.iter().map(f).sum::<u64>();
        let reasons: Vec<(u64, &'static str)> = [
            (self.no_condition, "without condition"),
            (total(|c| c.no_cluster), "without cluster"),
            (total(|c| c.no_outcome), "without outcome"),
        ]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .collect();
        (!reasons.is_empty()).then_some(Note::left_out(&reasons))
    }
}

/// Puts a new stratum or place at the end, which is its number.
fn numbered<T: Copy + Eq + Hash>(
    charge: &mut Charge,
    all: &mut Vec<T>,
    numbers: &mut HashMap<T, u32>,
    new: T,
) -> Result<u32, QuantileError> {
    let number = u32::try_from(all.len()).map_err(|_| QuantileError::TooManyClusters)?;
    charge.grow(PLACE_BYTES)?;
    // Each grows in its own time.
    if all.len() == all.capacity() || numbers.len() == numbers.capacity() {
        pulse::room_for(2 * all.len(), PLACE_BYTES);
    }
    all.push(new);
    numbers.insert(new, number);
    Ok(number)
}

/// For each old number the new one, from the old numbers in their new order.
fn moved(order: impl ExactSizeIterator<Item = u32>) -> Vec<u32> {
    let mut moved = vec![0; order.len()];
    for (old, new) in order.zip(0..) {
        if let Some(slot) = moved.get_mut(old as usize) {
            *slot = new;
        }
    }
    moved
}
