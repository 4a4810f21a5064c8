//! Estimates from several imputations of the same data, pooled.

use crate::distribution::{normal_critical, normal_two_sided, t_critical, t_two_sided};
use crate::error::Invalid;
use crate::note::{Code, Note};
use serde::Serialize;

/// A pooled estimate. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Pooled {
    /// Mean of the estimates.
    pub estimate: f64,
    /// Root of the total variance.
    pub std_error: f64,
    /// Degrees of freedom; `None` if there is nothing that limits them, which is the normal distribution.
    pub df: Option<f64>,
    /// `estimate / std_error`.
    pub t: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
    /// Lower limit.
    pub ci_low: Option<f64>,
    /// Upper limit.
    pub ci_high: Option<f64>,
    /// Mean of the variances.
    pub variance_within: f64,
    /// Variance of the estimates, divisor M − 1.
    pub variance_between: f64,
    /// Relative increase of the variance because outcomes are missing, `(1 + 1/M) between / within`.
    pub relative_increase: Option<f64>,
    /// Share of the total variance that is due to what is missing.
    pub lambda: Option<f64>,
    /// Fraction of missing information.
    pub missing_information: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

const HINT: &str =
    "Give one estimate and one squared standard error for each imputation, at least two.";

/// Pools estimates of M imputations and their variances (squared standard errors) by Rubin's (1987) rules. With the degrees of
/// freedom that the estimate would have without missing values (Satterthwaite's, for CR2) those of the pooled estimate are
/// Barnard and Rubin's (1999), otherwise Rubin's.
pub fn pool_imputations(
    estimates: &[f64],
    variances: &[f64],
    complete_df: Option<f64>,
    level: f64,
) -> Result<Pooled, Invalid> {
    let m = estimates.len() as f64;
    if estimates.len() < 2 {
        return Err(Invalid::number("estimates", "at least two", m, HINT));
    }
    if variances.len() != estimates.len() {
        let count = variances.len() as f64;
        return Err(Invalid::number(
            "variances",
            "as many as estimates",
            count,
            HINT,
        ));
    }
    if let Some(&bad) = estimates.iter().find(|e| !e.is_finite()) {
        return Err(Invalid::number("estimates", "finite", bad, HINT));
    }
    if let Some(&bad) = variances.iter().find(|v| !(**v >= 0.0 && v.is_finite())) {
        return Err(Invalid::number(
            "variances",
            "finite and not negative",
            bad,
            HINT,
        ));
    }
    if let Some(df) = complete_df.filter(|df| !(*df > 0.0)) {
        let hint =
            "Give the degrees of freedom of the analysis of complete data, or leave them out.";
        return Err(Invalid::number("complete_df", "above 0", df, hint));
    }
    if !(level > 0.0 && level < 1.0) {
        return Err(Invalid::number(
            "level",
            "between 0 and 1",
            level,
            "Write 0.95 for a 95 % interval.",
        ));
    }
    // Each in its share, so that large ones do not overflow.
    let mean = |values: &[f64]| values.iter().map(|v| v / m).sum::<f64>();
    let estimate = mean(estimates);
    let within = mean(variances);
    let between = estimates
        .iter()
        .map(|e| (e - estimate).powi(2))
        .sum::<f64>()
        / (m - 1.0);
    let extra = (1.0 + 1.0 / m) * between;
    let total = within + extra;
    if !total.is_finite() {
        return Err(Invalid::number(
            "estimates",
            "closer together",
            estimate,
            HINT,
        ));
    }
    let mut pooled = Pooled {
        estimate,
        std_error: total.sqrt(),
        variance_within: within,
        variance_between: between,
        ..Pooled::default()
    };
    if !(total > 0.0) {
        pooled.notes.push(Note::new(
            Code::NoVariance,
            "all variances are 0, so there is no test",
        ));
        return Ok(pooled);
    }
    let lambda = extra / total;
    let rubin = (lambda > 0.0)
        .then(|| (m - 1.0) / (lambda * lambda))
        .filter(|df| df.is_finite());
    let observed = complete_df
        .filter(|df| df.is_finite())
        .map(|df| (df + 1.0) / (df + 3.0) * df * (1.0 - lambda));
    pooled.lambda = Some(lambda);
    pooled.relative_increase = (within > 0.0).then(|| extra / within);
    pooled.df = match (rubin, observed) {
        (Some(a), Some(b)) => Some(a * b / (a + b)),
        (a, b) => a.or(b),
    };
    // (r + 2/(ν + 3)) / (r + 1), with r = λ / (1 − λ).
    let small = pooled.df.map_or(0.0, |df| 2.0 / (df + 3.0));
    pooled.missing_information = Some(lambda + small * (1.0 - lambda));
    if rubin.is_none() {
        pooled.notes.push(Note::new(
            Code::NoBetween,
            "all imputations give the same estimate; nothing seems to be missing",
        ));
    }
    if m < 20.0 && lambda > 0.2 {
        pooled.notes.push(Note::new(
            Code::FewImputations,
            format!(
                "{:.0} % of the variance is due to what is missing; take about as many imputations",
                100.0 * lambda
            ),
        ));
    }
    let t = estimate / pooled.std_error;
    pooled.t = Some(t);
    let (p_value, critical) = match pooled.df {
        Some(df) if df > 0.0 => (t_two_sided(t, df), t_critical(1.0 - level, df)),
        Some(_) => {
            pooled.notes.push(Note::new(
                Code::NoDf,
                "the variances are 0, so there is no test",
            ));
            (None, None)
        }
        None => (normal_two_sided(t), normal_critical(1.0 - level)),
    };
    pooled.p_value = p_value;
    if let Some(q) = critical {
        pooled.ci_low = Some(estimate - q * pooled.std_error);
        pooled.ci_high = Some(estimate + q * pooled.std_error);
    }
    Ok(pooled)
}
