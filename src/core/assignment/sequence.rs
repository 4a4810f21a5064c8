//! The sequence of conditions of a stratum: which condition is at which slot, for those who were there at the
//! randomization and for all who come later.

use super::choose::Weights;
use super::error::AssignmentError;
use super::random::{Stream, tie};
use crate::experiment::Algorithm;
use crate::pulse;
use std::collections::BTreeSet;

/// Size of later blocks if weights stand in no ratio of small whole numbers.
const LATE_BLOCK: u64 = 100;

/// How a randomization goes about it; what is stored to repeat it, besides the units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules<'a> {
    /// Codes of the conditions.
    pub conditions: &'a [&'a str],
    /// One weight for each condition; none for equal ones.
    pub weights: Option<&'a [f64]>,
    /// What makes it reproducible.
    pub seed: &'a str,
    /// Blocks, complete or pairs.
    pub method: Algorithm,
}

/// A place in a stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Number of the block in the stratum, from 1.
    pub block: u64,
    /// Number of the slot in the stratum, from 1.
    pub slot: u64,
    /// Index of the condition.
    pub condition: usize,
}

/// How many slots a condition can expect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expected {
    /// What its weight asks for.
    pub share: f64,
    /// Mean over all seeds.
    pub mean: f64,
    /// Variance over all seeds.
    pub variance: f64,
    /// With the luckiest seed.
    pub most: u64,
}

/// Checked rules.
#[derive(Debug, Clone)]
pub(super) struct Sequences<'a> {
    pub rules: Rules<'a>,
    pub weights: Weights,
}

/// Slots that are filled as one: a block, or the part of it before or after the end of a randomization.
struct Segment {
    block: u64,
    first_slot: u64,
    counts: Vec<u64>,
}

impl<'a> Sequences<'a> {
    pub(super) fn new(rules: &Rules<'a>) -> Result<Self, AssignmentError> {
        let conditions = rules.conditions;
        if conditions.len() < 2 {
            return Err(AssignmentError::OneCondition(conditions.len()));
        }
        let weights = Weights::of(conditions.len(), rules.weights)?;
        let mut seen = BTreeSet::new();
        for code in conditions {
            if !seen.insert(code) {
                return Err(AssignmentError::DuplicateCondition((*code).to_owned()));
            }
        }
        match rules.method {
            Algorithm::Blocks | Algorithm::Complete => {}
            Algorithm::Pairs if conditions.len() != 2 => {
                return Err(AssignmentError::PairConditions(conditions.len()));
            }
            Algorithm::Pairs if weights.parts() != [1, 1] => {
                return Err(AssignmentError::PairWeights);
            }
            Algorithm::Pairs => {}
            Algorithm::Hash => {
                return Err(AssignmentError::UnknownWord {
                    argument: "method",
                    value: rules.method.word().to_owned(),
                    offered: METHODS,
                });
            }
        }
        Ok(Sequences {
            rules: *rules,
            weights,
        })
    }

    /// Whether whole blocks come first; otherwise the units of the randomization are one block.
    fn block(&self) -> Option<u64> {
        self.weights
            .block()
            .filter(|_| self.rules.method != Algorithm::Complete)
    }

    /// The first `base` slots of a stratum.
    pub(super) fn placed(&self, stratum: &str, base: u64) -> Vec<Slot> {
        let mut slots = pulse::vector(usize::try_from(base).unwrap_or(usize::MAX));
        let mut at = 0;
        while at < base {
            pulse::beat();
            let segment = self.segment(stratum, base, at);
            let filled = self.fill(stratum, &segment);
            at += filled.len().max(1) as u64;
            slots.extend(filled);
        }
        slots
    }

    /// Slot number `taken`, from 0, of a stratum that had `base` units.
    pub(super) fn slot(&self, stratum: &str, base: u64, taken: u64) -> Option<Slot> {
        let segment = self.segment(stratum, base, taken);
        let index = usize::try_from(taken - segment.first_slot).ok()?;
        self.fill(stratum, &segment).get(index).copied()
    }

    /// The segment that has slot `at`.
    fn segment(&self, stratum: &str, base: u64, at: u64) -> Segment {
        // In front of `base` there are whole blocks and part of one, or one block; behind it the rest of that part and
        // further blocks.
        let whole = self.block().unwrap_or(base.max(1));
        let open = base % whole;
        let last_whole = base - open;
        if at < last_whole {
            let number = at / whole;
            return self.shares(stratum, number, number * whole, whole);
        }
        let partial = self.shares(stratum, last_whole / whole, last_whole, open);
        if at < base {
            return partial;
        }
        let size = self.weights.block().unwrap_or(LATE_BLOCK);
        let (blocks, rest) = match open {
            0 => (last_whole / whole, base),
            _ => (last_whole / whole + 1, last_whole.saturating_add(whole)),
        };
        if at < rest {
            let mut part = self.shares(stratum, last_whole / whole, last_whole, whole);
            for (all, used) in part.counts.iter_mut().zip(&partial.counts) {
                *all = all.saturating_sub(*used);
            }
            part.first_slot = base;
            return part;
        }
        let number = (at - rest) / size;
        self.shares(stratum, blocks + number, rest + number * size, size)
    }

    /// `size` slots by largest remainder: each condition gets the whole part of its share, what is left goes to those
    /// with the largest fractions; among equal fractions a hash decides.
    fn shares(&self, stratum: &str, block: u64, first_slot: u64, size: u64) -> Segment {
        let total = u128::from(self.weights.total()).max(1);
        let due = |part: &u64| u128::from(size) * u128::from(*part);
        let parts = self.weights.parts();
        let mut counts: Vec<u64> = parts.iter().map(|p| (due(p) / total) as u64).collect();
        let left = size.saturating_sub(counts.iter().sum());
        if left > 0 {
            let mut order: Vec<(u128, u64, usize)> = parts
                .iter()
                .zip(self.rules.conditions)
                .enumerate()
                .map(|(i, (part, code))| {
                    let chance = tie(self.rules.seed, stratum, first_slot, code);
                    (due(part) % total, chance, i)
                })
                .collect();
            order.sort_by(|a, b| (b.0, b.1, a.2).cmp(&(a.0, a.1, b.2)));
            for (_, _, condition) in order.into_iter().take(left as usize) {
                if let Some(count) = counts.get_mut(condition) {
                    *count += 1;
                }
            }
        }
        Segment {
            block: block + 1,
            first_slot,
            counts,
        }
    }

    /// What each condition gets of `n` slots, over all seeds.
    pub(super) fn expected(&self, n: u64) -> Vec<Expected> {
        let total = u128::from(self.weights.total()).max(1);
        let due = |part: &u64| u128::from(n) * u128::from(*part);
        let parts = self.weights.parts();
        let floors: u128 = parts.iter().map(|p| due(p) / total).sum();
        let left = u128::from(n).saturating_sub(floors) as usize;
        let mut fractions: Vec<u128> = parts.iter().map(|p| due(p) % total).collect();
        fractions.sort_unstable_by(|a, b| b.cmp(a));
        // The smallest fraction that still gets a slot, and how many of those that have it do.
        let last = left.checked_sub(1).and_then(|i| fractions.get(i)).copied();
        let tied = fractions.iter().filter(|f| Some(**f) == last).count();
        let above = fractions
            .iter()
            .filter(|f| last.is_some_and(|l| **f > l))
            .count();
        let chance = left.saturating_sub(above) as f64 / tied.max(1) as f64;
        parts
            .iter()
            .map(|part| {
                let (floor, fraction) = (due(part) / total, due(part) % total);
                let extra = match last {
                    Some(l) if fraction > l => 1.0,
                    Some(l) if fraction == l => chance,
                    _ => 0.0,
                };
                Expected {
                    share: due(part) as f64 / total as f64,
                    mean: floor as f64 + extra,
                    variance: extra * (1.0 - extra),
                    most: floor as u64 + u64::from(extra > 0.0),
                }
            })
            .collect()
    }

    fn fill(&self, stratum: &str, segment: &Segment) -> Vec<Slot> {
        let size: u64 = segment.counts.iter().sum();
        let mut conditions = pulse::vector(usize::try_from(size).unwrap_or(usize::MAX));
        for (condition, count) in segment.counts.iter().enumerate() {
            conditions.extend((0..*count).map(|_| condition));
        }
        Stream::new(self.rules.seed, stratum, segment.first_slot).shuffle(&mut conditions);
        let mut slots = pulse::vector(conditions.len());
        let numbered = (segment.first_slot + 1..).zip(conditions);
        slots.extend(numbered.map(|(slot, condition)| Slot {
            block: segment.block,
            slot,
            condition,
        }));
        slots
    }
}

/// The words of the methods, for messages.
const METHODS: &str = "\"blocks\", \"complete\", \"pairs\"";

/// The method of a word.
pub fn method(word: &str) -> Result<Algorithm, AssignmentError> {
    Algorithm::from_word(word)
        .filter(|m| *m != Algorithm::Hash)
        .ok_or_else(|| AssignmentError::UnknownWord {
            argument: "method",
            value: word.to_owned(),
            offered: METHODS,
        })
}

/// The hash of a word.
pub fn hash_word(word: &str) -> Result<crate::experiment::Hash, AssignmentError> {
    crate::experiment::Hash::from_word(word).ok_or_else(|| AssignmentError::UnknownWord {
        argument: "hash",
        value: word.to_owned(),
        offered: "\"xxh3\", \"upgrade\"",
    })
}
