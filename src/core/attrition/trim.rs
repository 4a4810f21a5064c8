//! Trimming: the mean of the outcomes above, or below, a quantile of one condition.

use crate::error::Invalid;

/// What counts as trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// As Lee (2009): the quantile is the smallest outcome with a share of outcomes not above it of at least the trimmed share;
    /// outcomes equal to it stay. With few different outcomes this trims less than the share, and the result does not bound.
    Paper,
    /// Exactly the trimmed share goes, the outcome at the edge in part.
    Fractional,
    /// The whole number of outcomes that is not above the trimmed share of them goes.
    Integer,
}

impl Trim {
    /// Reads the word.
    pub fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "paper" => Ok(Trim::Paper),
            "fractional" => Ok(Trim::Fractional),
            "integer" => Ok(Trim::Integer),
            _ => Err(Invalid::word(
                "method",
                "one of \"paper\", \"fractional\", \"integer\"",
                word,
                "Use one of these, written exactly so.",
            )),
        }
    }
}

/// What is left of outcomes after the lowest share of them is trimmed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trimmed {
    /// Mean of what is left.
    pub mean: f64,
    /// The outcome at the edge.
    pub edge: f64,
    /// Outcomes that are left, the one at the edge counted whole.
    pub kept: u64,
    /// Outcomes that went, the one at the edge in part.
    pub trimmed: f64,
}

/// Trims the lowest share `q` of ascending outcomes; `None` if nothing is left.
pub fn trim_lowest(sorted: &[f64], q: f64, how: Trim) -> Option<Trimmed> {
    let n = sorted.len() as f64;
    let mass = q * n;
    // q n may be a whole number but for rounding.
    let near = 1e-9 * mass.max(1.0);
    let first = match how {
        Trim::Paper => {
            // The smallest y with F(y) ≥ q; all equal to it stay.
            let rank = (mass - near).ceil().max(1.0) as usize;
            let edge = *sorted.get(rank.min(sorted.len()).checked_sub(1)?)?;
            sorted.partition_point(|y| *y < edge)
        }
        Trim::Fractional | Trim::Integer => (mass + near).floor() as usize,
    };
    let left = sorted.get(first..).filter(|l| !l.is_empty())?;
    let edge = *left.first()?;
    let (sum, weight) = match how {
        Trim::Fractional => {
            let part = (mass - first as f64).clamp(0.0, 1.0);
            (
                left.iter().sum::<f64>() - part * edge,
                left.len() as f64 - part,
            )
        }
        _ => (left.iter().sum::<f64>(), left.len() as f64),
    };
    (weight > 0.0).then(|| Trimmed {
        mean: sum / weight,
        edge,
        kept: left.len() as u64,
        trimmed: n - weight,
    })
}
