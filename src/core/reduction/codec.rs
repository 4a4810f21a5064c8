//! Bytes of states that travel between processes: strict to read, never panicking.

use super::ReductionError;

/// Version of the bytes; a new binary may meet a worker that runs the old one.
pub const VERSION: u8 = 1;

/// Reads from the front.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], ReductionError> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(ReductionError::Corrupt)?;
        self.0 = tail;
        Ok(head)
    }

    /// The next bytes, as many as the type says.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ReductionError> {
        let (head, tail) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(ReductionError::Corrupt)?;
        self.0 = tail;
        Ok(*head)
    }

    /// A byte.
    pub fn u8(&mut self) -> Result<u8, ReductionError> {
        self.array().map(u8::from_le_bytes)
    }

    /// An unsigned number.
    pub fn u64(&mut self) -> Result<u64, ReductionError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A signed number.
    pub fn i64(&mut self) -> Result<i64, ReductionError> {
        self.array().map(i64::from_le_bytes)
    }

    /// How many items follow, each of at least `size` bytes.
    pub fn count(&mut self, size: usize) -> Result<usize, ReductionError> {
        let n = usize::try_from(self.u64()?).map_err(|_| ReductionError::Corrupt)?;
        if n <= self.0.len() / size {
            Ok(n)
        } else {
            Err(ReductionError::Corrupt)
        }
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), ReductionError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ReductionError::Corrupt)
        }
    }
}

/// A value that can be written and read.
pub trait Wire: Sized {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads a value.
    fn get(r: &mut Reader<'_>) -> Result<Self, ReductionError>;
    /// Bytes on the heap.
    fn heap_bytes(&self) -> usize;
}

/// A double in Postgres' order: NaN equals itself and is above everything, -0 is 0.
#[derive(Debug, Clone, Copy)]
pub struct Number(f64);

impl Number {
    /// With one form for each value.
    pub fn new(value: f64) -> Self {
        Number(if value.is_nan() {
            f64::NAN
        } else {
            value + 0.0
        })
    }

    /// The value.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0
            .partial_cmp(&other.0)
            .unwrap_or_else(|| self.0.is_nan().cmp(&other.0.is_nan()))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl Wire for Number {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.0.to_le_bytes());
    }

    fn get(r: &mut Reader<'_>) -> Result<Self, ReductionError> {
        r.array().map(f64::from_le_bytes).map(Number::new)
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend((self.len() as u64).to_le_bytes());
        out.extend(self.as_bytes());
    }

    fn get(r: &mut Reader<'_>) -> Result<Self, ReductionError> {
        let n = r.count(1)?;
        let text = String::from_utf8(r.take(n)?.to_vec()).map_err(|_| ReductionError::Corrupt)?;
        // It becomes a text, in which Postgres has no zero byte.
        match text.contains('\0') {
            false => Ok(text),
            true => Err(ReductionError::Corrupt),
        }
    }

    fn heap_bytes(&self) -> usize {
        self.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_in_postgres() {
        let mut v = [
            f64::NAN,
            1.0,
            f64::INFINITY,
            -0.0,
            f64::NEG_INFINITY,
            -f64::NAN,
        ]
        .map(Number::new);
        v.sort();
        assert!(v[4].value().is_nan() && v[5].value().is_nan());
        assert_eq!(v[1].value().to_bits(), 0);
        assert_eq!(v[3].value(), f64::INFINITY);
        assert_eq!(v[4], v[5]);
    }
}
