//! First and last value.

use super::ReductionError;
use super::codec::{Reader, Wire};

/// The value with the smallest or the largest (time, tie-break); at the same place the smaller value.
#[derive(Debug, Clone)]
pub struct Timed<V> {
    last: bool,
    best: Option<(i64, i64, V)>,
}

impl<V: Ord + Wire> Timed<V> {
    /// No value yet.
    pub fn new(last: bool) -> Self {
        Timed { last, best: None }
    }

    /// True if a value with this place would win.
    fn wins(&self, at: i64, tie: i64, value: &V) -> bool {
        match &self.best {
            None => true,
            Some((best_at, best_tie, best)) => {
                let place = (at, tie).cmp(&(*best_at, *best_tie));
                let place = if self.last { place.reverse() } else { place };
                place.then_with(|| value.cmp(best)).is_lt()
            }
        }
    }

    /// Adds a value.
    pub fn add(&mut self, at: i64, tie: i64, value: V) {
        if self.wins(at, tie, &value) {
            self.best = Some((at, tie, value));
        }
    }

    /// Adds another state.
    pub fn merge(&mut self, other: Self) {
        if let Some((at, tie, value)) = other.best {
            self.add(at, tie, value);
        }
    }

    /// The value.
    pub fn finish(&self) -> Option<&V> {
        self.best.as_ref().map(|(_, _, v)| v)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.finish().map_or(0, Wire::heap_bytes)
    }

    /// Appends the state.
    pub fn put(&self, out: &mut Vec<u8>) {
        match &self.best {
            None => out.push(0),
            Some((at, tie, value)) => {
                out.push(1);
                out.extend(at.to_le_bytes());
                out.extend(tie.to_le_bytes());
                value.put(out);
            }
        }
    }

    /// Reads a state.
    pub fn get(r: &mut Reader<'_>, last: bool) -> Result<Self, ReductionError> {
        let best = match r.u8()? {
            0 => None,
            1 => Some((r.i64()?, r.i64()?, V::get(r)?)),
            _ => return Err(ReductionError::Corrupt),
        };
        Ok(Timed { last, best })
    }
}
