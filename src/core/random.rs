//! Random numbers for resampling and simulation: counter-based, so that what a draw gets depends on the seed, the purpose
//! and the number of the draw and on nothing else. The same seed gives the same bytes on any machine.
//!
//! ChaCha with 8 rounds, keyed by two XXH3-128 digests of the seed; the number of the draw is the stream of the cipher.
//! Logarithms come from a portable library, since those of operating systems differ in the last bit.

use crate::pulse;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// What random numbers are for: the same seed gives unrelated numbers for different purposes. The numbers are part of the
/// published behaviour, so they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Weights of a wild bootstrap.
    WildBootstrap = 1,
    /// Permuted assignments.
    RandomizationTest = 2,
    /// Multipliers of simultaneous intervals.
    Multiplier = 3,
    /// Synthetic rosters and outcomes.
    Simulation = 4,
}

/// The random numbers of one draw.
#[derive(Debug, Clone)]
pub struct Random {
    source: ChaCha8Rng,
    spare: Option<f64>,
}

impl Random {
    /// The numbers of draw `draw` under `seed`.
    pub fn new(seed: &str, purpose: Purpose, draw: u64) -> Self {
        let mut key = [0u8; 32];
        let (first, second) = key.split_at_mut(16);
        for (half, part) in [first, second].into_iter().enumerate() {
            let salt = 0x7263_7452_0000_0000 | (purpose as u64) << 8 | half as u64;
            part.copy_from_slice(&xxh3_128_with_seed(seed.as_bytes(), salt).to_le_bytes());
        }
        let mut source = ChaCha8Rng::from_seed(key);
        source.set_stream(draw);
        Random {
            source,
            spare: None,
        }
    }

    /// Goes to the start of another draw under the same seed and purpose.
    pub fn go_to(&mut self, draw: u64) {
        self.source.set_stream(draw);
        self.source.set_word_pos(0);
        self.spare = None;
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.source.next_u64()
    }

    /// Uniform in (0, 1), both ends excluded, on a grid of 2⁻⁵³.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in 0 … `n` − 1, without bias (Lemire 2019); 0 if `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        let mut wide = self.bits() as u128 * n as u128;
        if (wide as u64) < n {
            let least = n.wrapping_neg() % n.max(1);
            while (wide as u64) < least {
                wide = self.bits() as u128 * n as u128;
            }
        }
        (wide >> 64) as u64
    }

    /// Standard normal (Marsaglia's polar method).
    pub fn normal(&mut self) -> f64 {
        if let Some(z) = self.spare.take() {
            return z;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = x * x + y * y;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * libm::log(s) / s).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Puts items in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in pulse::each((1..items.len()).rev()) {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_published() {
        let mut a = Random::new("seed", Purpose::WildBootstrap, 7);
        let first = [a.bits(), a.bits()];
        let mut b = Random::new("seed", Purpose::WildBootstrap, 3);
        b.bits();
        b.go_to(7);
        assert_eq!(first, [b.bits(), b.bits()]);
        assert_ne!(first[0], Random::new("seed", Purpose::Multiplier, 7).bits());
        assert_eq!(first, GOLDEN);
    }

    const GOLDEN: [u64; 2] = [16_779_070_187_445_376_938, 9_691_955_353_010_019_864];

    #[test]
    fn moments() {
        let mut r = Random::new("moments", Purpose::Simulation, 0);
        let n = 200_000;
        let (mut sum, mut squares, mut low) = (0.0, 0.0, 0u32);
        for _ in 0..n {
            let z = r.normal();
            sum += z;
            squares += z * z;
            low += (r.below(10) < 3) as u32;
        }
        let n = n as f64;
        assert!((sum / n).abs() < 0.01 && (squares / n - 1.0).abs() < 0.015);
        assert!((low as f64 / n - 0.3).abs() < 0.005);
        assert_eq!(r.below(0), 0);
        assert_eq!(r.below(1), 0);
    }
}
