//! Rates of independent students, without regard to clusters: what textbooks have for two proportions.

use super::size::cox_index;
use crate::distribution::normal_critical;
use crate::error::Invalid;
use crate::regression::QuestionError;
use crate::regression::options::check_level;
use serde::Serialize;

/// Wilson's interval of a proportion (Wilson 1927).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proportion {
    /// `x / n`.
    pub rate: f64,
    /// Lower limit.
    pub ci_low: f64,
    /// Upper limit.
    pub ci_high: f64,
}

/// Wilson's interval of `x` of `n`, without correction for continuity.
pub fn proportion_interval(x: i64, n: i64, level: f64) -> Result<Proportion, QuestionError> {
    wilson(("x", x), ("n", n), critical(level)?)
}

/// Two proportions compared. Limits are `None` where they do not exist.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TwoProportions {
    /// `x1 / n1`.
    pub rate: f64,
    /// `x0 / n0`.
    pub rate_control: f64,
    /// Difference of the rates.
    pub difference: f64,
    /// Lower limit of Newcombe's hybrid score interval (Newcombe 1998, method 10).
    pub newcombe_low: f64,
    /// Upper limit.
    pub newcombe_high: f64,
    /// Lower limit of Wald's interval.
    pub wald_low: f64,
    /// Upper limit.
    pub wald_high: f64,
    /// Ratio of the rates.
    pub risk_ratio: Option<f64>,
    /// Lower limit of its interval by Katz (1978).
    pub katz_low: Option<f64>,
    /// Upper limit.
    pub katz_high: Option<f64>,
    /// Ratio of the odds.
    pub odds_ratio: Option<f64>,
    /// Lower limit of its interval by Woolf (1955).
    pub woolf_low: Option<f64>,
    /// Upper limit.
    pub woolf_high: Option<f64>,
    /// `ln(odds ratio) / 1.65`.
    pub cox_index: Option<f64>,
}

/// `x1` of `n1` against `x0` of `n0`.
pub fn two_proportions(
    x1: i64,
    n1: i64,
    x0: i64,
    n0: i64,
    level: f64,
) -> Result<TwoProportions, QuestionError> {
    let z = critical(level)?;
    let a = wilson(("x1", x1), ("n1", n1), z)?;
    let b = wilson(("x0", x0), ("n0", n0), z)?;
    let (p, q) = (a.rate, b.rate);
    let difference = p - q;
    let (x1, n1, x0, n0) = (x1 as f64, n1 as f64, x0 as f64, n0 as f64);
    let wald = z * (p * (1.0 - p) / n1 + q * (1.0 - q) / n0).sqrt();
    let around = |ratio: f64, variance: f64| {
        let half = z * variance.sqrt();
        (ratio * (-half).exp(), ratio * half.exp())
    };
    let risk_ratio = (x0 > 0.0).then(|| p / q);
    let (katz_low, katz_high) = risk_ratio
        .filter(|_| x1 > 0.0)
        .map(|r| around(r, 1.0 / x1 - 1.0 / n1 + 1.0 / x0 - 1.0 / n0))
        .unzip();
    let odds_ratio = (x0 > 0.0 && x1 < n1).then(|| x1 * (n0 - x0) / ((n1 - x1) * x0));
    let (woolf_low, woolf_high) = odds_ratio
        .filter(|_| x1 > 0.0 && x0 < n0)
        .map(|r| around(r, 1.0 / x1 + 1.0 / (n1 - x1) + 1.0 / x0 + 1.0 / (n0 - x0)))
        .unzip();
    Ok(TwoProportions {
        rate: p,
        rate_control: q,
        difference,
        newcombe_low: difference - (p - a.ci_low).hypot(b.ci_high - q),
        newcombe_high: difference + (a.ci_high - p).hypot(q - b.ci_low),
        wald_low: difference - wald,
        wald_high: difference + wald,
        risk_ratio,
        katz_low,
        katz_high,
        odds_ratio,
        woolf_low,
        woolf_high,
        cox_index: cox_index(p, q)?,
    })
}

fn critical(level: f64) -> Result<f64, QuestionError> {
    check_level(level)?;
    normal_critical(1.0 - level).ok_or(QuestionError::Level(level))
}

fn wilson(
    x: (&'static str, i64),
    n: (&'static str, i64),
    z: f64,
) -> Result<Proportion, QuestionError> {
    let invalid = |argument, must, got: i64, hint| {
        QuestionError::Invalid(Invalid {
            argument,
            must,
            got: got.to_string(),
            hint,
        })
    };
    if n.1 < 1 {
        return Err(invalid(
            n.0,
            "at least 1",
            n.1,
            "Without students there is no rate.",
        ));
    }
    if !(0..=n.1).contains(&x.1) {
        return Err(invalid(
            x.0,
            "from 0 to the number of students",
            x.1,
            "Give the number of students with the outcome first, then the number of all students.",
        ));
    }
    let (k, size) = (x.1 as f64, n.1 as f64);
    let (rate, z2) = (k / size, z * z);
    let middle = k + z2 / 2.0;
    let half = z * (k * (1.0 - rate) + z2 / 4.0).sqrt();
    let limit = |v: f64| (v / (size + z2)).clamp(0.0, 1.0);
    Ok(Proportion {
        rate,
        ci_low: if x.1 == 0 { 0.0 } else { limit(middle - half) },
        ci_high: if x.1 == n.1 {
            1.0
        } else {
            limit(middle + half)
        },
    })
}
