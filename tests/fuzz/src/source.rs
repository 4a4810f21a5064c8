//! Numbers out of the bytes of a fuzzer: small integers that meet, extremes, and any bits.

/// Bytes that are read from the front; zeros follow their end.
pub struct Source<'a> {
    pub bytes: &'a [u8],
    /// No number of extreme size.
    pub tame: bool,
}

impl Source<'_> {
    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        first
    }

    /// NULL, a small integer, one far from 0, an extreme, or any bits.
    pub fn number(&mut self) -> Option<f64> {
        const EXTREMES: [f64; 12] = [
            0.0,
            -0.0,
            5e-324,
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::MIN,
            1e300,
            -1e-300,
            1e150,
            f64::EPSILON,
            f64::NAN,
            f64::INFINITY,
        ];
        match self.byte() {
            255 => None,
            n @ 0..=119 => Some(n as f64 - 50.0),
            n @ 120..=199 => Some(1e9 + n as f64 / 8.0),
            n @ 200..=229 => Some((n as f64 - 215.0) / 7.0),
            n @ 230..=254 if self.tame => Some((n as f64 - 230.0) * 1e15),
            n @ 230..=241 => Some(EXTREMES[n as usize - 230]),
            _ => {
                let mut bits = [0; 8];
                bits.fill_with(|| self.byte());
                Some(f64::from_le_bytes(bits))
            }
        }
    }

    /// A share in most cases, else any number, and NaN for NULL.
    pub fn share(&mut self) -> f64 {
        const SHARES: [f64; 8] = [0.05, 0.5, 0.95, 0.01, 1e-9, 1.0 - 1e-9, 0.0, 1.0];
        match self.byte() {
            n @ 0..=99 => f64::from(n) / 100.0,
            n @ 100..=199 => SHARES[n as usize % 8],
            _ => self.double(),
        }
    }

    /// Any number, NaN for NULL.
    pub fn double(&mut self) -> f64 {
        self.number().unwrap_or(f64::NAN)
    }

    /// A count: small in most cases.
    pub fn count(&mut self) -> i64 {
        match self.byte() {
            n @ 0..=219 => i64::from(n),
            n @ 220..=238 => 10i64.pow(u32::from(n) - 220),
            239..=240 => i64::MAX,
            241 => i64::MIN,
            242 => -1,
            _ => {
                let mut bits = [0; 8];
                bits.fill_with(|| self.byte());
                i64::from_le_bytes(bits)
            }
        }
    }

    /// Up to `most` things.
    pub fn list<T>(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let len = self.byte() as usize % (most + 1);
        (0..len).map(|_| one(self)).collect()
    }

    /// One of several things.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.byte() as usize % of.len()]
    }
}
