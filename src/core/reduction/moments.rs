//! Sum, mean and standard deviation.

use super::ReductionError;
use super::codec::Reader;
use crate::exact::{self, Sum};

/// Number of values, their exact sum, and of squares if wanted; what is not finite is counted apart.
#[derive(Debug, Clone, Default)]
pub struct Moments {
    n: u64,
    sum: Sum,
    squares: Option<Sum>,
    nan: bool,
    above: bool,
    below: bool,
}

impl Moments {
    /// No value yet.
    pub fn new(squares: bool) -> Self {
        Moments {
            squares: squares.then(Sum::default),
            ..Moments::default()
        }
    }

    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        self.nan |= value.is_nan();
        self.above |= value == f64::INFINITY;
        self.below |= value == f64::NEG_INFINITY;
        self.sum.add(value);
        if let Some(squares) = &mut self.squares {
            squares.add_square(value);
        }
    }

    /// Adds another state.
    pub fn merge(&mut self, other: &Self) {
        self.n = self.n.saturating_add(other.n);
        self.sum.merge(&other.sum);
        if let (Some(ours), Some(theirs)) = (&mut self.squares, &other.squares) {
            ours.merge(theirs);
        }
        self.nan |= other.nan;
        self.above |= other.above;
        self.below |= other.below;
    }

    /// What a sum is that cannot be a number.
    fn special(&self) -> Option<f64> {
        match (self.nan, self.above, self.below) {
            (false, false, false) => None,
            (false, true, false) => Some(f64::INFINITY),
            (false, false, true) => Some(f64::NEG_INFINITY),
            _ => Some(f64::NAN),
        }
    }

    /// The sum.
    pub fn total(&self) -> Option<f64> {
        (self.n > 0).then(|| self.special().unwrap_or_else(|| self.sum.to_f64()))
    }

    /// The mean.
    pub fn mean(&self) -> Option<f64> {
        if self.n == 0 {
            None
        } else {
            self.special().or_else(|| exact::mean(&self.sum, self.n))
        }
    }

    /// The sample standard deviation.
    pub fn stddev(&self) -> Option<f64> {
        match (self.n, self.special()) {
            (0 | 1, _) => None,
            (_, Some(_)) => Some(f64::NAN),
            _ => exact::sample_variance(&self.sum, self.squares.as_ref()?, self.n)
                .map(|v| v.max(0.0).sqrt()),
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.sum.heap_bytes() + self.squares.as_ref().map_or(0, Sum::heap_bytes)
    }

    /// Appends the state.
    pub fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.n.to_le_bytes());
        out.push(self.nan as u8 | (self.above as u8) << 1 | (self.below as u8) << 2);
        put_sum(&self.sum, out);
        if let Some(squares) = &self.squares {
            put_sum(squares, out);
        }
    }

    /// Reads a state.
    pub fn get(r: &mut Reader<'_>, squares: bool) -> Result<Self, ReductionError> {
        let n = r.u64()?;
        let flags = r.u8()?;
        if flags > 7 {
            return Err(ReductionError::Corrupt);
        }
        let sum = get_sum(r)?;
        let squares = if squares { Some(get_sum(r)?) } else { None };
        Ok(Moments {
            n,
            sum,
            squares,
            nan: flags & 1 != 0,
            above: flags & 2 != 0,
            below: flags & 4 != 0,
        })
    }
}

fn put_sum(sum: &Sum, out: &mut Vec<u8>) {
    let (exponent, limbs) = sum.canonical();
    out.extend(exponent.to_le_bytes());
    out.extend((limbs.len() as u64).to_le_bytes());
    limbs.iter().for_each(|l| out.extend(l.to_le_bytes()));
}

fn get_sum(r: &mut Reader<'_>) -> Result<Sum, ReductionError> {
    let exponent = i32::from_le_bytes(r.array()?);
    let count = r.count(8)?;
    // Squares of doubles span 4196 bits; anything beyond is not a sum of theirs.
    if !(-2200..=2200).contains(&exponent) || count > 70 {
        return Err(ReductionError::Corrupt);
    }
    let limbs: Result<Vec<u64>, ReductionError> = (0..count).map(|_| r.u64()).collect();
    Ok(Sum::from_canonical(exponent, limbs?))
}
