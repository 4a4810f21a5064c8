//! How probable it is that a condition harms, given what was known before.

use super::margin::Direction;
use super::{finite, tested};
use crate::error::Invalid;
use crate::note::Note;
use serde::Serialize;

/// What is known of the effect before the data, in standard deviations of the outcome, and what is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Mean of the effect.
    pub mean: f64,
    /// Standard deviation of the effect.
    pub sd: f64,
    /// A benefit worth having.
    pub threshold: f64,
}

impl Default for Prior {
    /// No effect give or take 0.2: most effects of education on achievement are inside (Kraft 2020).
    fn default() -> Self {
        Prior {
            mean: 0.0,
            sd: 0.2,
            threshold: 0.0,
        }
    }
}

/// The effect after the data, in units of the outcome. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Harm {
    /// Mean.
    pub posterior_mean: Option<f64>,
    /// Standard deviation (with few degrees of freedom the scale of a t distribution).
    pub posterior_sd: Option<f64>,
    /// Probability that the condition is worse than the control.
    pub p_harm: Option<f64>,
    /// Probability that it is better by more than the threshold.
    pub p_above: Option<f64>,
    /// Weight of the data against the prior, from 0 to 1.
    pub weight: Option<f64>,
    /// Prior mean, in units of the outcome.
    pub prior_mean_outcome: f64,
    /// Prior standard deviation, in units of the outcome.
    pub prior_sd_outcome: f64,
    /// Threshold, in units of the outcome.
    pub threshold_outcome: f64,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Normal prior and an estimate with known variance: precisions add up. Tails are those of t with `df` degrees of freedom, of
/// the normal without.
///
/// `estimate`, `std_error` and `sd` are in units of the outcome, the `prior` in units of `sd`.
pub fn harm_probability(
    estimate: Option<f64>,
    std_error: Option<f64>,
    sd: f64,
    df: Option<f64>,
    prior: Prior,
    direction: Direction,
) -> Result<Harm, Invalid> {
    let positive = |argument, value: f64, hint| {
        if value > 0.0 && value.is_finite() {
            Ok(())
        } else {
            Err(Invalid::number(argument, "above 0 and finite", value, hint))
        }
    };
    positive(
        "sd",
        sd,
        "Give the standard deviation of the outcome over students, such as sd_control of rct.effects; 1 if the estimate is in standard deviations.",
    )?;
    positive(
        "prior_sd",
        prior.sd,
        "Give the standard deviation of the effect before the data, in standard deviations of the outcome, such as 0.2.",
    )?;
    finite("prior_mean", prior.mean)?;
    finite("threshold", prior.threshold)?;
    let (mean, spread) = (prior.mean * sd, prior.sd * sd);
    finite("prior_mean", mean)?;
    finite("prior_sd", spread)?;
    finite("threshold", prior.threshold * sd)?;
    let mut row = Harm {
        posterior_mean: None,
        posterior_sd: None,
        p_harm: None,
        p_above: None,
        weight: None,
        prior_mean_outcome: mean,
        prior_sd_outcome: spread,
        threshold_outcome: prior.threshold * sd,
        notes: Vec::new(),
    };
    let Some((estimate, std_error, reference)) = tested(estimate, std_error, df, &mut row.notes)?
    else {
        return Ok(row);
    };
    // Written so that nothing overflows: τ² / (τ² + V), and the root of V τ² / (τ² + V).
    let weight = 1.0 / (1.0 + (std_error / spread).powi(2));
    let m = mean + weight * (estimate - mean);
    let (small, large) = (std_error.min(spread), std_error.max(spread));
    let s = small / (1.0 + (small / large).powi(2)).sqrt();
    let sign = direction.sign();
    row.posterior_mean = Some(m);
    row.posterior_sd = Some(s);
    row.weight = Some(weight);
    row.p_harm = reference.upper(sign * m / s);
    row.p_above = reference.upper((row.threshold_outcome - sign * m) / s);
    Ok(row)
}
