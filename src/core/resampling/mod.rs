//! Inference by resampling: wild cluster bootstrap, randomization test, simultaneous intervals.
//!
//! - [`wild_bootstrap`] signs of the clusters' residuals are drawn anew
//! - [`randomization_test`] conditions are given to the clusters anew
//! - [`simultaneous_intervals`] intervals that hold for several effects at once, and p-values by stepdown
//!
//! None reads a row: the sums of a cluster are enough to refit the whole regression in every draw. A draw is known by its
//! number, so the same seed gives the same bytes whatever the order of the work. `inversion` turns draws into p-values and
//! intervals, `multipliers` and `permutations` make them.

mod inversion;
mod multipliers;
mod permutations;
mod randomization;
mod simultaneous;
mod stepdown;
mod wild;

#[cfg(test)]
mod brute;

pub use randomization::{RandomizationTest, Statistic, randomization_test};
pub use simultaneous::{Simultaneous, simultaneous_intervals};
pub use wild::{Weights, WildBootstrap, WildOptions, wild_bootstrap};

use crate::error::Invalid;

/// Most draws of a call.
pub const MAX_DRAWS: u64 = 10_000_000;

/// How many draws, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws {
    /// Their number, if not all possible ones are fewer.
    pub count: u64,
    /// Seed.
    pub seed: String,
}

impl Draws {
    /// Checks the number of draws.
    pub fn new(count: i64, seed: &str) -> Result<Self, Invalid> {
        match u64::try_from(count) {
            Ok(count @ 1..=MAX_DRAWS) => Ok(Draws {
                count,
                seed: seed.to_owned(),
            }),
            _ => Err(Invalid::number(
                "draws",
                "between 1 and 10000000",
                count as f64,
                "9999 draws are enough for most purposes; 99999 make a p-value near 0.05 exact to 0.0014.",
            )),
        }
    }
}
