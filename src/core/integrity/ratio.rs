//! What all tests of a sample ratio share: weights, verdicts, and the statistic of a vector of differences.

use crate::distribution::chi_squared_upper;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse;
use crate::regression::design::{factor, times_transposed};
use serde::Serialize;

/// The result of a comparison of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Ok,
    /// The counts differ from what the weights let expect.
    Mismatch,
    /// There are units where there can be none.
    Leak,
}

impl Verdict {
    /// The word of the result.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Mismatch => "mismatch",
            Verdict::Leak => "leak",
        }
    }
}

/// A test of a sample ratio. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Srm {
    /// Units in conditions with a weight above 0.
    pub n: u64,
    /// `Σ (observed − expected)² / expected`, or its form for fixed counts.
    pub chi2: Option<f64>,
    /// Degrees of freedom: conditions with a weight above 0, less one.
    pub df: u64,
    /// Upper tail of the chi-squared distribution.
    pub p_value: Option<f64>,
    /// Sum of the probabilities of all outcomes that are not more probable than the observed one.
    pub p_exact: Option<f64>,
    /// Whether the counts are as expected.
    pub verdict: Option<Verdict>,
    /// Expected count of each condition.
    pub expected_counts: Vec<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Units below which the exact p-value decides.
pub const FEW_UNITS: u64 = 50;
/// Expected count below which the exact p-value decides.
pub const FEW_EXPECTED: f64 = 5.0;

impl Srm {
    /// The verdict by the exact p-value if counts are small and it is there, otherwise by that of the chi-squared.
    pub fn decide(&mut self, alpha: f64) {
        let small = self.n < FEW_UNITS
            || self
                .expected_counts
                .iter()
                .any(|&e| e > 0.0 && e < FEW_EXPECTED);
        let p = match self.p_exact {
            Some(p) if small => Some(p),
            _ => self.p_value,
        };
        if small && self.p_exact.is_none() && self.p_value.is_some() {
            self.notes.push(Note::new(
                Code::SmallCounts,
                "the chi-squared approximation is rough, and there is no exact p-value",
            ));
        }
        if self.verdict != Some(Verdict::Leak) {
            self.verdict = p.map(|p| {
                if p < alpha {
                    Verdict::Mismatch
                } else {
                    Verdict::Ok
                }
            });
        }
    }

    /// Records units where there can be none.
    pub fn leak(&mut self, count: u64, place: &str) {
        self.verdict = Some(Verdict::Leak);
        self.notes.push(Note::new(
            Code::Leak,
            format!(
                "{count} unit{} in {place}, where there can be none",
                if count == 1 { "" } else { "s" }
            ),
        ));
    }
}

/// Weights as shares that add up to 1; equal ones if none are given.
pub fn shares(expected: Option<&[f64]>, arms: usize) -> Result<Vec<f64>, Invalid> {
    const HINT: &str =
        "Give one weight for each condition, in the order of the counts; at least two above 0.";
    let wrong = |must, got: f64| Err(Invalid::number("expected", must, got, HINT));
    if let Some(e) = expected.filter(|e| e.len() != arms) {
        return Err(Invalid {
            argument: "expected",
            must: "as long as the list of counts",
            got: format!("{} weights for {arms} counts", e.len()),
            hint: HINT,
        });
    }
    pulse::room_for(arms, 2 * size_of::<f64>());
    let weights = expected.map_or_else(|| vec![1.0; arms], <[f64]>::to_vec);
    if let Some(&w) = weights.iter().find(|w| !w.is_finite() || **w < 0.0) {
        return wrong("weights that are finite and not negative", w);
    }
    if weights.iter().filter(|w| **w > 0.0).count() < 2 {
        return Err(Invalid {
            argument: "expected",
            must: "weights of which at least two are above 0",
            got: format!("{}", weights.iter().filter(|w| **w > 0.0).count()),
            hint: HINT,
        });
    }
    let total: f64 = weights.iter().sum();
    let smallest = weights
        .iter()
        .copied()
        .filter(|w| *w > 0.0)
        .fold(f64::MAX, f64::min);
    if !total.is_finite() || smallest / total < 1e-12 {
        return wrong("weights that do not differ by a factor of 10^12", smallest);
    }
    Ok(pulse::each(&weights).map(|w| w / total).collect())
}

/// Name of condition `i` in a note.
pub fn name(conditions: Option<&[String]>, i: usize) -> String {
    match conditions.and_then(|c| c.get(i)) {
        Some(name) => format!("condition \"{name}\""),
        None => format!("condition {}", i + 1),
    }
}

/// `d' V⁻¹ d` of differences that add up to 0 (the last is left away), its degrees of freedom, and the upper tail.
/// `covariance` is k×k, row by row. `None` if nothing varies.
pub fn quadratic(differences: &[f64], covariance: &[f64]) -> Option<(f64, u64, f64)> {
    let k = differences.len();
    let m = k.checked_sub(1)?;
    let reduced: Vec<f64> = covariance
        .chunks_exact(k)
        .take(m)
        .flat_map(|row| row.iter().take(m).copied())
        .collect();
    let (kept, _, root) = factor(&reduced, m);
    if kept.is_empty() {
        return None;
    }
    let d: Vec<f64> = kept
        .iter()
        .filter_map(|&i| differences.get(i))
        .copied()
        .collect();
    let chi2: f64 = times_transposed(&root, &d).iter().map(|z| z * z).sum();
    let df = kept.len() as u64;
    Some((chi2, df, chi_squared_upper(chi2, df as f64)?))
}

/// Adds `factor · (diag(s) − s s')` to a k×k matrix.
pub fn add_multinomial(covariance: &mut [f64], shares: &[f64], factor: f64) {
    let k = shares.len();
    for (i, &a) in shares.iter().enumerate() {
        for (j, &b) in shares.iter().enumerate() {
            if let Some(v) = covariance.get_mut(i * k + j) {
                *v += factor * (if i == j { a } else { 0.0 } - a * b);
            }
        }
    }
}

crate::words::shown_as_words!(Verdict);
