//! Random numbers of a randomization: the n-th is a hash of seed, place and n, so that no number depends on how many
//! were drawn elsewhere.

use super::hash::{Purpose, below, hash};
use crate::pulse;

/// The numbers of one block.
#[derive(Debug, Clone)]
pub(super) struct Stream<'a> {
    seed: &'a str,
    stratum: &'a str,
    first_slot: u64,
    drawn: u64,
}

impl<'a> Stream<'a> {
    pub(super) fn new(seed: &'a str, stratum: &'a str, first_slot: u64) -> Self {
        Stream {
            seed,
            stratum,
            first_slot,
            drawn: 0,
        }
    }

    fn next(&mut self) -> u64 {
        let number = hash(
            Purpose::Block,
            [
                self.seed.as_bytes(),
                self.stratum.as_bytes(),
                &self.first_slot.to_le_bytes(),
                &self.drawn.to_le_bytes(),
            ],
        );
        self.drawn += 1;
        number
    }

    /// Puts items in random order (Fisher and Yates, from the last item to the second).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in pulse::each((1..items.len()).rev()) {
            let j = below(self.next(), i + 1);
            items.swap(i, j);
        }
    }
}

/// What decides between conditions to which a slot is due alike.
pub(super) fn tie(seed: &str, stratum: &str, first_slot: u64, condition: &str) -> u64 {
    hash(
        Purpose::Remainder,
        [
            seed.as_bytes(),
            stratum.as_bytes(),
            &first_slot.to_le_bytes(),
            condition.as_bytes(),
        ],
    )
}

/// The place of a unit before it is given a slot.
pub(super) fn rank(seed: &str, unit: &str) -> u64 {
    hash(Purpose::Unit, [seed.as_bytes(), unit.as_bytes()])
}
