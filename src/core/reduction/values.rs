//! The median: all values are kept until the end.

use super::ReductionError;
use super::codec::{Number, Reader, Wire};
use crate::budget::Charge;
use crate::pulse;

/// All values of a unit.
#[derive(Debug, Clone, Default)]
pub struct Values(Vec<Number>);

impl Values {
    /// Adds a value.
    pub fn add(&mut self, value: Number, charge: &mut Charge) -> Result<(), ReductionError> {
        self.reserve(1, charge)?;
        self.0.push(value);
        Ok(())
    }

    /// Adds another state.
    pub fn merge(&mut self, other: Self, charge: &mut Charge) -> Result<(), ReductionError> {
        self.reserve(other.0.len(), charge)?;
        self.0.extend(other.0);
        Ok(())
    }

    fn reserve(&mut self, more: usize, charge: &mut Charge) -> Result<(), ReductionError> {
        let (needed, capacity) = (self.0.len() + more, self.0.capacity());
        if needed > capacity {
            let target = needed.max(capacity * 2).max(4);
            // The old place may be needed until all is in the new one.
            pulse::room_for(target, size_of::<Number>());
            charge.grow((target - capacity) * size_of::<Number>())?;
            self.0.reserve_exact(target - self.0.len());
        }
        Ok(())
    }

    /// Mean of the two middle values, by the formula of `percentile_cont(0.5)`.
    pub fn median(&self) -> Option<f64> {
        let mut values = pulse::vector(self.0.len());
        values.extend_from_slice(&self.0);
        let middle = values.len().checked_sub(1)? / 2;
        let odd = values.len() % 2 == 1;
        let mut pulse = pulse::Pulse::every(1 << 14);
        let (_, low, above) = values.select_nth_unstable_by(middle, |a, b| {
            pulse.tick();
            a.cmp(b)
        });
        let low = low.value();
        if odd {
            return Some(low);
        }
        let high = above.iter().min()?.value();
        let between = low + (high - low) * 0.5;
        Some(match (low == high, (high - low).is_finite()) {
            (true, _) => low,
            (_, true) => between,
            _ => low / 2.0 + high / 2.0,
        })
    }

    /// Appends the state.
    pub fn put(&self, out: &mut Vec<u8>) {
        out.extend((self.0.len() as u64).to_le_bytes());
        pulse::room(out.len() + 8 * self.0.len());
        out.reserve_exact(8 * self.0.len());
        pulse::each(&self.0).for_each(|v| v.put(out));
    }

    /// Reads a state.
    pub fn get(r: &mut Reader<'_>, charge: &mut Charge) -> Result<Self, ReductionError> {
        let mut values = Values::default();
        for _ in pulse::each(0..r.count(8)?) {
            values.add(Number::get(r)?, charge)?;
        }
        Ok(values)
    }
}
