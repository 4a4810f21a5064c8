//! The most frequent value.

use super::ReductionError;
use super::codec::{Reader, Wire};
use crate::budget::Charge;
use crate::pulse;
use std::collections::BTreeMap;

/// Bytes of a map entry besides what the value has on the heap.
const ENTRY: usize = 48;

/// How often each value came.
#[derive(Debug, Clone)]
pub struct Mode<V>(BTreeMap<V, u64>);

impl<V: Ord + Wire> Mode<V> {
    /// No value yet.
    pub fn new() -> Self {
        Mode(BTreeMap::new())
    }

    /// Adds a value `times` times.
    pub fn add(&mut self, value: V, times: u64, charge: &mut Charge) -> Result<(), ReductionError> {
        if let Some(n) = self.0.get_mut(&value) {
            *n = n.saturating_add(times);
            return Ok(());
        }
        charge.grow(ENTRY + value.heap_bytes())?;
        self.0.insert(value, times);
        Ok(())
    }

    /// Adds another state.
    pub fn merge(&mut self, other: Self, charge: &mut Charge) -> Result<(), ReductionError> {
        other
            .0
            .into_iter()
            .try_for_each(|(value, times)| self.add(value, times, charge))
    }

    /// The most frequent value, among equals the smallest.
    pub fn finish(&self) -> Option<&V> {
        let best = self
            .0
            .iter()
            .fold(None, |best: Option<(&V, u64)>, (value, &n)| match best {
                Some((_, most)) if most >= n => best,
                _ => Some((value, n)),
            });
        best.map(|(value, _)| value)
    }

    /// Appends the state.
    pub fn put(&self, out: &mut Vec<u8>) {
        out.extend((self.0.len() as u64).to_le_bytes());
        let bytes: usize = pulse::each(self.0.keys())
            .map(|v| v.heap_bytes() + 24)
            .sum();
        pulse::room(out.len() + bytes);
        out.reserve_exact(bytes);
        for (value, n) in pulse::each(&self.0) {
            value.put(out);
            out.extend(n.to_le_bytes());
        }
    }

    /// Reads a state.
    pub fn get(r: &mut Reader<'_>, charge: &mut Charge) -> Result<Self, ReductionError> {
        let mut mode = Mode::new();
        for _ in 0..r.count(9)? {
            pulse::beat();
            let value = V::get(r)?;
            mode.add(value, r.u64()?, charge)?;
        }
        Ok(mode)
    }
}
