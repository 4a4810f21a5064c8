//! All outcomes of an experiment, by condition and cluster.

use super::arm::Arm;
use super::error::QuantileError;
use crate::budget::{Budget, Charge};
use crate::note::Note;
use crate::pulse;
use crate::sketch::{Key, MAX_CONDITION_BYTES, MAX_CONDITIONS};
use std::collections::HashMap;

/// Bytes that a cluster takes besides its rows.
const CLUSTER_BYTES: usize = 64;

/// A condition and the rows of it that were left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Condition {
    pub name: String,
    pub no_outcome: u64,
    pub no_cluster: u64,
}

/// An outcome with the numbers of its condition and cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub condition: u32,
    pub cluster: u32,
    pub value: f64,
}

/// All outcomes by condition and cluster: what quantiles need, and the mean does not. It grows by 16 bytes with each row.
#[derive(Debug)]
pub struct Distribution {
    pub(super) no_condition: u64,
    pub(super) conditions: Vec<Condition>,
    last_condition: usize,
    pub(super) clusters: Vec<Key>,
    cluster_numbers: HashMap<Key, u32>,
    pub(super) outcomes: Vec<Outcome>,
    charge: Charge,
}

impl Distribution {
    /// Without rows; its memory is entered in `budget`.
    pub fn new(budget: &Budget) -> Self {
        Distribution {
            no_condition: 0,
            conditions: Vec::new(),
            last_condition: 0,
            clusters: Vec::new(),
            cluster_numbers: HashMap::new(),
            outcomes: Vec::new(),
            charge: Charge::new(budget),
        }
    }

    /// Adds one row. A row without condition, cluster or outcome is counted and left out.
    pub fn add(
        &mut self,
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
        let cluster = self.cluster(key)?;
        self.reserve(1)?;
        self.outcomes.push(Outcome {
            condition: condition as u32,
            cluster,
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
        let mut clusters = pulse::vector(other.clusters.len());
        for &key in pulse::each(&other.clusters) {
            clusters.push(self.cluster(key)?);
        }
        self.reserve(other.outcomes.len())?;
        let number = |of: &[u32], i: u32| of.get(i as usize).copied().unwrap_or(0);
        self.outcomes
            .extend(pulse::each(&other.outcomes).map(|o| Outcome {
                condition: number(&conditions, o.condition),
                cluster: number(&clusters, o.cluster),
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

    /// Number of a cluster.
    pub(super) fn cluster(&mut self, key: Key) -> Result<u32, QuantileError> {
        if let Some(&number) = self.cluster_numbers.get(&key) {
            return Ok(number);
        }
        let number =
            u32::try_from(self.clusters.len()).map_err(|_| QuantileError::TooManyClusters)?;
        self.charge.grow(CLUSTER_BYTES)?;
        if self.clusters.len() == self.clusters.capacity() {
            pulse::room_for(2 * self.clusters.len(), CLUSTER_BYTES);
        }
        self.clusters.push(key);
        self.cluster_numbers.insert(key, number);
        Ok(number)
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

    /// Puts everything in canonical order: conditions by name, clusters by digest, and outcomes by both and by value.
    pub(super) fn sort(&mut self) {
        let mut conditions: Vec<(u32, Condition)> =
            (0..).zip(std::mem::take(&mut self.conditions)).collect();
        conditions.sort_unstable_by(|a, b| a.1.name.cmp(&b.1.name));
        pulse::room_for(self.clusters.len(), 64);
        let mut clusters: Vec<(u32, Key)> = (0..).zip(std::mem::take(&mut self.clusters)).collect();
        pulse::sort_by(&mut clusters, |a, b| a.1.cmp(&b.1));
        let new_condition = places(conditions.iter().map(|c| c.0));
        let new_cluster = places(clusters.iter().map(|c| c.0));
        self.conditions = conditions.into_iter().map(|c| c.1).collect();
        self.clusters = clusters.into_iter().map(|c| c.1).collect();
        for (&key, number) in self.clusters.iter().zip(0..) {
            self.cluster_numbers.insert(key, number);
        }
        let place = |of: &[u32], i: u32| of.get(i as usize).copied().unwrap_or(i);
        for outcome in pulse::each(&mut self.outcomes) {
            outcome.condition = place(&new_condition, outcome.condition);
            outcome.cluster = place(&new_cluster, outcome.cluster);
        }
        pulse::sort_by(&mut self.outcomes, |a, b| {
            (a.condition, a.cluster)
                .cmp(&(b.condition, b.cluster))
                .then_with(|| a.value.total_cmp(&b.value))
        });
    }

    /// The outcomes of each cluster of a condition, once sorted.
    pub(super) fn groups(&self, condition: u32) -> impl Iterator<Item = (Key, &[Outcome])> {
        let start = self.outcomes.partition_point(|o| o.condition < condition);
        let end = self.outcomes.partition_point(|o| o.condition <= condition);
        let of_condition = self.outcomes.get(start..end).unwrap_or(&[]);
        of_condition
            .chunk_by(|a, b| a.cluster == b.cluster)
            .filter_map(|g| {
                let number = g.first()?.cluster;
                Some((*self.clusters.get(number as usize)?, g))
            })
    }

    /// The outcomes of a condition by cluster, clusters by digest, outcomes ascending.
    pub(crate) fn outcomes_of(&mut self, condition: &str) -> Vec<(Key, Vec<f64>)> {
        self.sort();
        pulse::room(self.outcomes.len() * size_of::<f64>() + self.clusters.len() * 80);
        let number = self
            .conditions
            .iter()
            .zip(0..)
            .find(|(c, _)| c.name == condition);
        let groups = number.into_iter().flat_map(|(_, n)| self.groups(n));
        pulse::each(groups)
            .map(|(key, g)| (key, g.iter().map(|o| o.value).collect()))
            .collect()
    }

    /// The conditions by name.
    pub(super) fn arms(&mut self) -> Result<Vec<Arm>, QuantileError> {
        let mut room = Charge::new(self.charge.budget());
        room.grow(self.outcomes.len() * 2 * size_of::<f64>())?;
        self.sort();
        let arm = |(condition, number): (&Condition, u32)| {
            let groups = self.groups(number);
            let clusters = groups.map(|(key, g)| (key, g.iter().map(|o| o.value).collect()));
            Arm::new(condition.name.clone(), clusters.collect())
        };
        Ok(self.conditions.iter().zip(0..).map(arm).collect())
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

/// For each old number its place in the new order.
fn places(order: impl ExactSizeIterator<Item = u32>) -> Vec<u32> {
    let mut places = vec![0; order.len()];
    for (old, new) in order.zip(0..) {
        if let Some(slot) = places.get_mut(old as usize) {
            *slot = new;
        }
    }
    places
}
