//! Weights of a wild bootstrap: one for each cluster and draw, mean 0 and variance 1.

use crate::random::{Purpose, Random};

/// Draws that are made at once, side by side.
pub const LANES: usize = 8;
/// One number for each of the draws that are made at once.
pub type Lanes = [f64; LANES];

/// Draws that share a stream of random numbers; a multiple of `LANES`. Part of the published behaviour.
const STREAM: u64 = 64;

/// A distribution of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// ±1.
    Rademacher,
    /// ±√½, ±1, ±√1.5 (Webb 2023): many different draws even with few clusters.
    Webb,
}

impl Law {
    /// Different weights of a cluster.
    fn values(self) -> u64 {
        match self {
            Law::Rademacher => 2,
            Law::Webb => 6,
        }
    }

    /// All draws, if they are at most `most`.
    pub fn all(self, clusters: usize, most: u64) -> Option<u64> {
        let power = u32::try_from(clusters).ok()?;
        self.values().checked_pow(power).filter(|n| *n <= most)
    }

    /// The smallest p-value that draws under the hypothesis can give: all draws with one weight for all clusters have the |t| of the data.
    pub fn least_p(self, clusters: usize) -> f64 {
        let others = i32::try_from(clusters.saturating_sub(1)).unwrap_or(i32::MAX);
        (self.values() as f64).powi(-others)
    }

    #[inline(always)]
    fn value(self, number: u64) -> f64 {
        match self {
            // The sign bit of 1.0.
            Law::Rademacher => f64::from_bits(0x3FF0_0000_0000_0000 | number << 63),
            Law::Webb => {
                let square: f64 = match number % 3 {
                    0 => 0.5,
                    1 => 1.0,
                    _ => 1.5,
                };
                if number < 3 {
                    square.sqrt()
                } else {
                    -square.sqrt()
                }
            }
        }
    }
}

/// The source of weights.
pub struct Multipliers {
    law: Law,
    /// All draws in order instead of random ones.
    enumerated: bool,
    random: Random,
}

impl Multipliers {
    /// Random draws under a seed, or all of them.
    pub fn new(law: Law, enumerated: bool, seed: &str) -> Self {
        Multipliers {
            law,
            enumerated,
            random: Random::new(seed, Purpose::WildBootstrap, 0),
        }
    }

    /// Weights of the draws `first`, `first + 1`, … for each cluster; `first` goes up by `LANES` from 0.
    pub fn fill(&mut self, first: u64, weights: &mut [Lanes]) {
        if !self.enumerated && first.is_multiple_of(STREAM) {
            self.random.go_to(first / STREAM);
        }
        for lane in 0..LANES {
            let mut rest = first + lane as u64;
            for (g, lanes) in weights.iter_mut().enumerate() {
                let number = match (self.enumerated, self.law) {
                    (true, law) => {
                        let number = rest % law.values();
                        rest /= law.values();
                        number
                    }
                    (false, Law::Rademacher) => {
                        if g.is_multiple_of(64) {
                            rest = self.random.bits();
                        }
                        let bit = rest & 1;
                        rest >>= 1;
                        bit
                    }
                    (false, Law::Webb) => self.random.below(6),
                };
                if let Some(weight) = lanes.get_mut(lane) {
                    *weight = self.law.value(number);
                }
            }
        }
    }
}
