//! Rows of a logistic regression as bytes, in words of eight bytes with the least significant first: `MAGIC`; rows with NULL; 0, or
//! regressors + 1; then each pattern's regressors, rows, and rows with outcome 1, in ascending order; XXH3-64 of all before.

use super::{Logistic, LogisticError, MAX_REGRESSORS, number};
use crate::budget::Budget;
use crate::pulse::{self, Pulse};
use xxhash_rust::xxh3::xxh3_64;

/// `rctlogi` and the version.
const MAGIC: u64 = u64::from_le_bytes(*b"rctlogi\x01");

impl Logistic {
    /// The rows as bytes: equal rows give equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        let words = 4 + self.patterns.len() * (self.regressors.unwrap_or(0) + 2);
        let mut bytes = pulse::vector(8 * words);
        let mut put = |v: u64| bytes.extend_from_slice(&v.to_le_bytes());
        put(MAGIC);
        put(self.incomplete);
        put(self.regressors.map_or(0, |r| r as u64 + 1));
        let mut pulse = Pulse::every(4096);
        for (key, (rows, ones)) in &self.patterns {
            pulse.tick();
            key.iter().for_each(|v| put(*v as u64));
            put(*rows);
            put(*ones);
        }
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        bytes
    }

    /// The rows of bytes; their memory is entered in `budget`.
    pub fn decode(bytes: &[u8], budget: &Budget) -> Result<Self, LogisticError> {
        const CORRUPT: LogisticError = LogisticError::Corrupt;
        let (body, digest) = bytes.split_last_chunk::<8>().ok_or(CORRUPT)?;
        let (words, rest) = body.as_chunks::<8>();
        if !rest.is_empty() || xxh3_64(body) != u64::from_le_bytes(*digest) {
            return Err(CORRUPT);
        }
        let mut words = words.iter().map(|w| u64::from_le_bytes(*w));
        if words.next() != Some(MAGIC) {
            return Err(CORRUPT);
        }
        let (Some(incomplete), Some(regressors)) = (words.next(), words.next()) else {
            return Err(CORRUPT);
        };
        let mut state = Logistic {
            incomplete,
            ..Logistic::new(budget)
        };
        let count = match regressors.checked_sub(1) {
            None if words.len() == 0 => return Ok(state),
            Some(count) if count <= MAX_REGRESSORS as u64 => count as usize,
            _ => return Err(CORRUPT),
        };
        state.regressors = Some(count);
        let mut pulse = Pulse::every(4096);
        while words.len() > 0 {
            pulse.tick();
            let key: Box<[i64]> = words.by_ref().take(count).map(|w| w as i64).collect();
            let (Some(rows), Some(ones)) = (words.next(), words.next()) else {
                return Err(CORRUPT);
            };
            let follows = state
                .patterns
                .last_key_value()
                .is_none_or(|(l, _)| *l < key);
            let finite = key.iter().all(|v| number(*v).is_finite());
            if rows == 0 || ones > rows || !follows || !finite {
                return Err(CORRUPT);
            }
            state.enter(key, (rows, ones))?;
        }
        Ok(state)
    }
}
