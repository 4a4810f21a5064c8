//! Random numbers that can be repeated.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// A xorshift64* generator.
pub struct Random(u64);

impl Random {
    /// Seeded by `RCT_SEED`, or by the clock. The seed is printed, which the test harness shows when the test fails.
    pub fn new(test: &str) -> Self {
        let seed = match env::var("RCT_SEED") {
            Ok(seed) => seed
                .parse()
                .unwrap_or_else(|_| panic!("RCT_SEED={seed} is not a number")),
            Err(_) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                now.expect("after 1970").as_nanos() as u64
            }
        };
        println!("{test}: repeat with RCT_SEED={seed}");
        let mut random = Random(seed | 1);
        for _ in 0..8 {
            random.bits();
        }
        random
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        (self.bits() >> 16) % n
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of the choices.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }

    /// A finite double of any size: random bits, but neither NaN nor an infinity.
    pub fn any_double(&mut self) -> f64 {
        loop {
            let value = f64::from_bits(self.bits());
            if value.is_finite() {
                return value;
            }
        }
    }
}

#[test]
fn numbers_are_spread() {
    let mut random = Random::new("random");
    let mut counts = [0u32; 10];
    for _ in 0..10_000 {
        counts[random.below(10) as usize] += 1;
    }
    assert!(counts.iter().all(|c| (800..1200).contains(c)), "{counts:?}");
}
