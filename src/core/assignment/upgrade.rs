//! The generator of UpGrade: `seedrandom` 3.0.5 with a text as seed, which is RC4 whose output bytes make doubles.

/// A stream of doubles in [0, 1).
#[derive(Debug, Clone)]
pub struct SeedRandom {
    state: [u8; 256],
    i: u8,
    j: u8,
}

/// 2⁴⁸, 2⁵² and 2⁵³.
const FIRST_DENOMINATOR: f64 = 281_474_976_710_656.0;
const SIGNIFICANCE: f64 = 4_503_599_627_370_496.0;
const OVERFLOW: f64 = 2.0 * SIGNIFICANCE;

impl SeedRandom {
    /// Starts the stream; the seed is the parts, one after the other, as UTF-16.
    pub fn new(seed: &[&str]) -> Self {
        let (key, length) = key(seed);
        let mut state = [0u8; 256];
        for (value, cell) in (0..=255).zip(state.iter_mut()) {
            *cell = value;
        }
        let mut j = 0u8;
        let (key, _) = key.split_at(length.clamp(1, 256));
        for (i, k) in (0..=255u8).zip(key.iter().cycle()) {
            j = j.wrapping_add(*k).wrapping_add(at(&state, i));
            state.swap(i.into(), j.into());
        }
        let mut random = SeedRandom { state, i: 0, j: 0 };
        // RC4-drop[256].
        for _ in 0..256 {
            random.byte();
        }
        random
    }

    fn byte(&mut self) -> u8 {
        self.i = self.i.wrapping_add(1);
        let a = at(&self.state, self.i);
        self.j = self.j.wrapping_add(a);
        let b = at(&self.state, self.j);
        self.state.swap(self.i.into(), self.j.into());
        at(&self.state, a.wrapping_add(b))
    }

    /// The next number.
    pub fn double(&mut self) -> f64 {
        let mut n = 0.0;
        for _ in 0..6 {
            n = n * 256.0 + f64::from(self.byte());
        }
        let mut d = FIRST_DENOMINATOR;
        let mut x = 0u8;
        while n < SIGNIFICANCE {
            n = (n + f64::from(x)) * 256.0;
            d *= 256.0;
            x = self.byte();
        }
        while n >= OVERFLOW {
            n /= 2.0;
            d /= 2.0;
            x >>= 1;
        }
        (n + f64::from(x)) / d
    }

    /// `floor(double × n)`.
    pub fn index(&mut self, n: usize) -> usize {
        ((self.double() * n as f64) as usize).min(n.saturating_sub(1))
    }
}

/// An array of 256 has every byte as index.
fn at(state: &[u8; 256], index: u8) -> u8 {
    state.get(usize::from(index)).copied().unwrap_or(0)
}

/// The key of RC4 and its length: code units beyond 256 are smeared over the earlier ones.
fn key(seed: &[&str]) -> ([u8; 256], usize) {
    let mut key = [0u8; 256];
    let mut smear = 0u32;
    let mut length = 0usize;
    for (position, unit) in seed.iter().flat_map(|s| s.encode_utf16()).enumerate() {
        if let Some(cell) = key.get_mut(position % 256) {
            if position >= 256 {
                smear ^= u32::from(*cell) * 19;
            }
            *cell = (smear.wrapping_add(u32::from(unit)) & 255) as u8;
        }
        length = position + 1;
    }
    (key, length.min(256))
}
