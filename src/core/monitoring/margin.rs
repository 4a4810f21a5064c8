//! Whether a condition is worse than a margin allows, and whether it is within the margin on both sides.

use super::tested;
use crate::distribution::check_alpha;
use crate::error::Invalid;
use crate::note::Note;
use serde::Serialize;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More of the outcome is better.
    HigherIsBetter,
    /// Less of the outcome is better.
    LowerIsBetter,
}

impl Direction {
    /// Reads the word of a call.
    pub fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "higher_is_better" => Ok(Direction::HigherIsBetter),
            "lower_is_better" => Ok(Direction::LowerIsBetter),
            _ => Err(Invalid::word(
                "direction",
                "one of \"higher_is_better\", \"lower_is_better\"",
                word,
                "Use one of these, written exactly so.",
            )),
        }
    }

    /// 1 if higher is better, −1 if lower is.
    pub fn sign(self) -> f64 {
        match self {
            Direction::HigherIsBetter => 1.0,
            Direction::LowerIsBetter => -1.0,
        }
    }
}

fn check_margin(margin: f64, least: bool) -> Result<(), Invalid> {
    let fine = margin > 0.0 || (least && margin == 0.0);
    if fine && margin.is_finite() {
        return Ok(());
    }
    Err(Invalid::number(
        "margin",
        if least {
            "a finite number not below 0"
        } else {
            "above 0 and finite"
        },
        margin,
        "Give the largest difference that does not matter, in units of the outcome.",
    ))
}

/// A test against a margin. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NonInferiority {
    /// How far the estimate is from the margin, on its good side, in standard errors.
    pub t: Option<f64>,
    /// One-sided p-value of "worse than the margin allows": small if the guardrail holds.
    pub p_value: Option<f64>,
    /// One-sided p-value of "not worse than the margin allows": small if the guardrail is broken.
    pub p_tripped: Option<f64>,
    /// One-sided confidence limit on the bad side: the worst effect that the data leave open.
    pub worst: Option<f64>,
    /// One-sided confidence limit on the good side.
    pub best: Option<f64>,
    /// `ok`, `tripped` or `inconclusive`.
    pub verdict: Option<&'static str>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// One-sided test that a condition is not worse than the control by `margin` (units of the outcome) or more.
pub fn non_inferiority(
    estimate: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    margin: f64,
    direction: Direction,
    alpha: f64,
) -> Result<NonInferiority, Invalid> {
    check_margin(margin, true)?;
    check_alpha(alpha)?;
    let mut row = NonInferiority::default();
    let Some((estimate, se, reference)) = tested(estimate, std_error, df, &mut row.notes)? else {
        return Ok(row);
    };
    let sign = direction.sign();
    let t = (sign * estimate + margin) / se;
    row.t = Some(t);
    row.p_value = reference.upper(t);
    row.p_tripped = reference.upper(-t);
    if let Some(q) = reference.critical(alpha) {
        row.worst = Some(estimate - sign * q * se);
        row.best = Some(estimate + sign * q * se);
        row.verdict = Some(match t {
            t if t > q => "ok",
            t if t < -q => "tripped",
            _ => "inconclusive",
        });
    }
    Ok(row)
}

/// Two one-sided tests. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Equivalence {
    /// p-value of "the effect is −margin or less".
    pub p_low: Option<f64>,
    /// p-value of "the effect is margin or more".
    pub p_high: Option<f64>,
    /// The larger of the two.
    pub p_value: Option<f64>,
    /// Lower limit of the interval with level 1 − 2 alpha.
    pub ci_low: Option<f64>,
    /// Upper limit.
    pub ci_high: Option<f64>,
    /// `equivalent`, `different` or `inconclusive`.
    pub verdict: Option<&'static str>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Two one-sided tests that the effect is between −`margin` and `margin` (Schuirmann 1987).
pub fn equivalence(
    estimate: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    margin: f64,
    alpha: f64,
) -> Result<Equivalence, Invalid> {
    check_margin(margin, false)?;
    check_alpha(alpha)?;
    let mut row = Equivalence::default();
    let Some((estimate, se, reference)) = tested(estimate, std_error, df, &mut row.notes)? else {
        return Ok(row);
    };
    row.p_low = reference.upper((estimate + margin) / se);
    row.p_high = reference.upper((margin - estimate) / se);
    row.p_value = row.p_low.zip(row.p_high).map(|(a, b)| a.max(b));
    if let Some(q) = reference.critical(alpha) {
        let (low, high) = (estimate - q * se, estimate + q * se);
        (row.ci_low, row.ci_high) = (Some(low), Some(high));
        row.verdict = Some(if low > -margin && high < margin {
            "equivalent"
        } else if low > margin || high < -margin {
            "different"
        } else {
            "inconclusive"
        });
    }
    Ok(row)
}
