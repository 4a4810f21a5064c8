//! Effects on quantiles.
//!
//! - [`Distribution`] takes rows and keeps all outcomes by condition and cluster
//! - [`quantile_effects`] compares the quantiles of conditions
//!
//! `sample` has the outcomes of one condition, `target` the strata in which two are compared, `arm` the quantiles of one of
//! them and their precision, `spread` degrees of freedom, `wire` the stored form.

mod arm;
mod distribution;
mod error;
mod sample;
mod spread;
mod target;
#[cfg(test)]
mod tests;
mod wire;

pub use distribution::Distribution;
pub use error::QuantileError;

use super::comparison::Comparison;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::regression::notes::{FEW_CLUSTERS, TOO_LOW_DF};
use crate::regression::options::{check_level, control_among};
use crate::regression::{Inference, QuestionError};
use arm::{Arm, Quantile};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use spread::Overlap;
use target::Target;

/// Confidence level of the interval whose width gives the standard error.
const WIDTH_LEVEL: f64 = 0.95;
/// Different values that an interval must cover for its width to be a measure of precision.
const FEWEST_VALUES: usize = 5;

/// The effect of a condition on one quantile.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct QuantileEffect {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Which quantile, between 0 and 1.
    pub probability: f64,
    /// The quantile of the condition and its interval.
    #[serde(flatten)]
    pub quantile: QuantileInterval,
    /// Those of the control.
    #[serde(flatten, serialize_with = "of_control")]
    pub quantile_control: QuantileInterval,
    /// The difference of the quantiles.
    #[serde(flatten)]
    pub inference: Inference,
    /// What to know, `name: sentence`.
    pub notes: Vec<Note>,
}

/// A quantile and its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct QuantileInterval {
    /// The smallest outcome whose share of outcomes not above it is at least the probability.
    pub quantile: Option<f64>,
    /// Lower limit.
    pub quantile_low: Option<f64>,
    /// Upper limit.
    pub quantile_high: Option<f64>,
}

/// The same of the control.
fn of_control<S: Serializer>(of: &QuantileInterval, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("quantile_control", &of.quantile)?;
    map.serialize_entry("quantile_control_low", &of.quantile_low)?;
    map.serialize_entry("quantile_control_high", &of.quantile_high)?;
    map.end()
}

/// What the outcome of a distribution is called, which has one only.
const OUTCOME: &str = "outcome";

/// The effects on quantiles, by condition and then in the order of the probabilities.
///
/// Strata are those of the distribution: in each comparison both conditions are weighted to the strata of their rows together,
/// in strata that have both. The shares of the strata count as given.
///
/// Interval of a quantile by Woodruff (1952): the interval of the share of outcomes not above it, `p ± t s`, inverted. `s`
/// is the standard error of that share, a mean of clustered zeros and ones, by CR2, and `t` has Satterthwaite's degrees of
/// freedom. The standard error of the quantile is the width of its 95 % interval over `2 t` (Francisco and Fuller 1991).
pub fn quantile_effects(
    distribution: &mut Distribution,
    control: &str,
    probabilities: &[f64],
    level: f64,
) -> Result<Vec<QuantileEffect>, QuantileError> {
    check_level(level)?;
    if let Some(&p) = probabilities.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        const HINT: &str = "Write 0.5 for the median.";
        let invalid = Invalid::number("probabilities", "between 0 and 1", p, HINT);
        return Err(QuestionError::Invalid(invalid).into());
    }
    let left_out = distribution.left_out();
    let room = distribution.samples()?;
    let samples = room.all();
    let names: Vec<&str> = samples.iter().map(|s| s.name).collect();
    let Some(base) = samples.get(control_among(&names, control)?) else {
        return Ok(Vec::new());
    };
    let mut kept: Option<Side<'_>> = None;
    let mut rows = Vec::new();
    for sample in samples.iter().filter(|s| s.name != control) {
        let target = Target::of(sample, base);
        // Without strata it is the same in all comparisons.
        let compared = match kept.take() {
            Some(side) if side.arm.target == target => side,
            _ => Side::new(Arm::new(base, target.clone()), probabilities),
        };
        let treated = Side::new(Arm::new(sample, target), probabilities);
        let overlap = Overlap::new(&treated.arm, &compared.arm);
        for (&probability, quantiles) in probabilities
            .iter()
            .zip(treated.quantiles.iter().zip(&compared.quantiles))
        {
            let mut row = QuantileEffect {
                comparison: Comparison {
                    outcome: OUTCOME.to_owned(),
                    condition: sample.name.to_owned(),
                    control: control.to_owned(),
                    n: sample.rows.len() as u64,
                    n_control: base.rows.len() as u64,
                    clusters: sample.clusters,
                    clusters_control: base.clusters,
                },
                probability,
                ..QuantileEffect::default()
            };
            row.compare(
                (&treated.arm, quantiles.0.as_ref()),
                (&compared.arm, quantiles.1.as_ref()),
                &overlap,
                level,
            );
            row.notes.extend(left_out.as_ref().cloned());
            rows.push(row);
        }
        kept = Some(compared);
    }
    Ok(rows)
}

/// One side of a comparison with its quantiles, in the order of the probabilities.
struct Side<'a> {
    arm: Arm<'a>,
    quantiles: Vec<Option<Quantile>>,
}

impl<'a> Side<'a> {
    fn new(arm: Arm<'a>, probabilities: &[f64]) -> Self {
        let quantiles = probabilities.iter().map(|&p| arm.quantile(p)).collect();
        Side { arm, quantiles }
    }
}

impl QuantileEffect {
    fn compare(
        &mut self,
        treated: (&Arm<'_>, Option<&Quantile>),
        control: (&Arm<'_>, Option<&Quantile>),
        overlap: &Overlap,
        level: f64,
    ) {
        let target = &treated.0.target;
        match (self.comparison.clusters, self.comparison.clusters_control) {
            (_, 0) => self.notes.push(Note::no_control_rows()),
            (0, _) => self.notes.push(Note::no_rows()),
            _ if target.strata.is_empty() => self.notes.push(Note::aliased_condition()),
            (t, c) if t.min(c) < FEW_CLUSTERS => self.notes.push(Note::few_clusters(c, t)),
            _ => {}
        }
        if overlap.clusters > 0 {
            self.notes.push(Note::shared_clusters(overlap.clusters));
        }
        if let (n @ 1.., of) = target.uninformative {
            self.notes.push(Note::uninformative_strata(n, of));
        }
        self.quantile = self.interval(treated, level);
        self.quantile_control = self.interval(control, level);
        let slopes = (self.slope(treated), self.slope(control));
        let (Some(a), Some(b)) = (self.quantile.quantile, self.quantile_control.quantile) else {
            return;
        };
        self.inference.estimate = Some(a - b);
        let ((Some(u), Some(v)), (Some(x), Some(y))) = (slopes, (treated.1, control.1)) else {
            return;
        };
        // q̂ − q = −(F̂(q) − p) / f, and 1 / f is what the interval of F̂ was stretched by.
        let shared = overlap.covariance(&x.scores, &y.scores);
        let variance = (u * x.std_error).powi(2) + (v * y.std_error).powi(2) - 2.0 * u * v * shared;
        let df = overlap.df(treated.0, control.0, u, v);
        let std_error = variance.max(0.0).sqrt();
        self.inference = Inference::new(a - b, std_error, df, level, &mut self.notes);
    }

    fn interval(&mut self, side: (&Arm<'_>, Option<&Quantile>), level: f64) -> QuantileInterval {
        let (arm, Some(quantile)) = side else {
            return QuantileInterval::default();
        };
        let mut interval = QuantileInterval {
            quantile: Some(quantile.value),
            ..QuantileInterval::default()
        };
        let name = arm.name;
        match arm.df() {
            None if arm.clusters.len() == 1 => self.notes.push(Note::single_cluster_arm(name)),
            None => {
                let (single, of) = (arm.single_clusters(), arm.strata.len());
                self.notes.push(Note::single_cluster_strata(name, single, of));
            }
            Some(df) if df < TOO_LOW_DF => self.notes.push(Note::too_low_df(df)),
            _ if !(quantile.std_error > 0.0) => self.notes.push(Note::new(Code::NoVariation, format!("in condition \"{name}\" the share of outcomes up to the quantile is the same in all clusters, so that there is no interval"
            ))),
            _ => {
                (interval.quantile_low, interval.quantile_high) = arm.limits(quantile, level);
                if interval.quantile_low.is_none() || interval.quantile_high.is_none() {
                    self.note_off_sample(name);
                }
            }
        }
        interval
    }

    fn note_off_sample(&mut self, condition: &str) {
        let note = Note::new(
            Code::OffSample,
            format!(
                "the interval of the quantile of condition \"{condition}\" goes beyond its outcomes"
            ),
        );
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// How much the outcome grows with its share in the neighbourhood of the quantile.
    fn slope(&mut self, side: (&Arm<'_>, Option<&Quantile>)) -> Option<f64> {
        let (arm, quantile) = (side.0, side.1?);
        let df = arm.df().filter(|df| *df >= TOO_LOW_DF)?;
        let (Some(low), Some(high)) = arm.limits(quantile, WIDTH_LEVEL) else {
            if quantile.std_error > 0.0 {
                self.note_off_sample(arm.name);
            }
            return None;
        };
        let values = arm.values_within(low, high);
        if values < FEWEST_VALUES {
            self.notes.push(Note::new(Code::FewValues, format!("the 95 % interval of the quantile of condition \"{}\" covers {values} different outcomes, too few for a standard error",
                arm.name
            )));
            return None;
        }
        let t = crate::distribution::t_critical(1.0 - WIDTH_LEVEL, df)?;
        Some((high - low) / (2.0 * t * quantile.std_error))
    }
}
