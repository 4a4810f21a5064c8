//! How the error rate is spent as information comes in (Lan and DeMets 1983).

use crate::distribution::{normal_quantile_upper, normal_upper};
use crate::error::Invalid;

/// The spending function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spending {
    /// `2 − 2Φ(z_{α/2} / √t)`: next to nothing early, as O'Brien and Fleming.
    ObrienFleming,
    /// `α ln(1 + (e − 1) t)`: about the same at each look, as Pocock.
    Pocock,
}

impl Spending {
    /// Reads the word of a call.
    pub fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "obf" => Ok(Spending::ObrienFleming),
            "pocock" => Ok(Spending::Pocock),
            _ => Err(Invalid::word(
                "spending",
                "one of \"obf\", \"pocock\"",
                word,
                "Use \"obf\" to spend little early, \"pocock\" to spend evenly.",
            )),
        }
    }

    /// What one budget `alpha` has spent at information fraction `t`; all of it from 1 on.
    fn spent(self, alpha: f64, t: f64) -> f64 {
        if t >= 1.0 {
            return alpha;
        }
        match self {
            Spending::ObrienFleming => {
                normal_quantile_upper(0.5 * alpha).map_or(0.0, |z| 2.0 * normal_upper(z / t.sqrt()))
            }
            Spending::Pocock => alpha * ((std::f64::consts::E - 1.0) * t).ln_1p(),
        }
    }

    /// Cumulative error rate of a test with `sided` sides at information fraction `t`.
    pub fn cumulative(self, alpha: f64, sided: Sides, convention: Convention, t: f64) -> f64 {
        match (sided, convention) {
            (Sides::Two, Convention::PerTail) => 2.0 * self.spent(0.5 * alpha, t),
            _ => self.spent(alpha, t),
        }
    }
}

/// What a two-sided test does with the spending function; a one-sided one has one budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// Each tail spends `f(t; α/2)`, as most group sequential software.
    PerTail,
    /// Both tails together spend `f(t; α)`.
    Total,
}

impl Convention {
    /// Reads the word of a call.
    pub fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "per_tail" => Ok(Convention::PerTail),
            "total" => Ok(Convention::Total),
            _ => Err(Invalid::word(
                "convention",
                "one of \"per_tail\", \"total\"",
                word,
                "Use \"per_tail\" unless a protocol says that both tails share one spending function.",
            )),
        }
    }
}

/// Sides of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// Rejects for large values only.
    One,
    /// Rejects on either side, symmetrically.
    Two,
}

impl Sides {
    /// 1 or 2.
    pub fn of(sided: i32) -> Result<Self, Invalid> {
        match sided {
            1 => Ok(Sides::One),
            2 => Ok(Sides::Two),
            _ => Err(Invalid::number(
                "sided",
                "1 or 2",
                f64::from(sided),
                "A one-sided test rejects for large values only.",
            )),
        }
    }

    /// 1 or 2.
    pub fn count(self) -> f64 {
        match self {
            Sides::One => 1.0,
            Sides::Two => 2.0,
        }
    }
}
