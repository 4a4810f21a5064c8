//! One effect on other scales: standard deviations, shares of the control mean, and, for outcomes of 0 and 1, ratios of rates.

use super::binary::binary_sizes;
use super::comparison::Comparison;
use super::estimate::{Effect, effects};
use super::size::Scale;
use crate::note::{Code, Note};
use crate::regression::notes::on_difference;
use crate::regression::{Adjust, Inference, Options, QuestionError};
use crate::sketch::{Centre, Rows, Variable, View};
use crate::words::shown_as_words;
use serde::Serialize;

/// A scale of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Hedges' g with the correction for clustering.
    HedgesG,
    /// Hedges' g as for independent students.
    HedgesGIndividual,
    /// The difference over the standard deviation of the control.
    GlassDelta,
    /// The difference over the mean of the control.
    Lift,
    /// Ratio of the rates.
    RiskRatio,
    /// Ratio of the odds.
    OddsRatio,
    /// Cox's index, `ln(odds ratio) / 1.65`.
    CoxIndex,
    /// Students for one more, or one fewer, with the outcome.
    NumberNeeded,
    /// Students with the outcome more than without the condition, of those in the condition.
    AdditionalStudents,
}

impl Measure {
    /// The word in SQL.
    pub fn word(self) -> &'static str {
        match self {
            Measure::HedgesG => "hedges_g",
            Measure::HedgesGIndividual => "hedges_g_individual",
            Measure::GlassDelta => "glass_delta",
            Measure::Lift => "lift",
            Measure::RiskRatio => "risk_ratio",
            Measure::OddsRatio => "odds_ratio",
            Measure::CoxIndex => "cox_index",
            Measure::NumberNeeded => "number_needed",
            Measure::AdditionalStudents => "additional_students",
        }
    }
}

shown_as_words!(Measure);

/// One condition's effect on one scale. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EffectSizeRow {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// The scale.
    pub measure: Measure,
    /// The effect on it.
    #[serde(flatten)]
    pub inference: Inference,
    /// Standard deviation that Hedges' g divides by.
    pub sd: Option<f64>,
    /// Intra-cluster correlation that it uses.
    pub icc: Option<f64>,
    /// Mean cluster size that it uses.
    pub cluster_size: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

impl EffectSizeRow {
    pub(super) fn new(comparison: &Comparison, measure: Measure, estimate: Option<f64>) -> Self {
        EffectSizeRow {
            comparison: comparison.clone(),
            measure,
            inference: Inference {
                estimate,
                ..Inference::default()
            },
            sd: None,
            icc: None,
            cluster_size: None,
            notes: Vec::new(),
        }
    }
}

/// The effect of each condition except the control on every scale, by condition. Ratios of rates are those of an outcome of 0
/// and 1 without covariates.
pub fn effect_sizes(
    view: &View<'_>,
    control: &str,
    options: &Options,
) -> Result<Vec<EffectSizeRow>, QuestionError> {
    options.strata.of_one_regression()?;
    let rows = match options.adjust {
        Adjust::None => Rows::All,
        Adjust::Ancova | Adjust::Lin => Rows::WithCovariatesOutcomeOnly,
    };
    let effects = effects(view, control, options)?;
    let pooled = view.moments(rows, Centre::Pooled)?;
    let binary = options.adjust == Adjust::None && view.is_binary(Variable::Outcome);
    let mut of_rates = match binary {
        true => binary_sizes(view, control, options.level)?,
        false => Vec::new(),
    }
    .into_iter();
    let mut out = Vec::new();
    for effect in &effects {
        let scale = Scale::of(effect, &pooled);
        out.extend(standardized(effect, scale, options.level)?);
        out.push(lift(effect));
        out.extend(of_rates.next().into_iter().flatten());
    }
    Ok(out)
}

/// Hedges' g and Glass's delta.
fn standardized(
    effect: &Effect,
    scale: Option<Scale>,
    level: f64,
) -> Result<[EffectSizeRow; 3], QuestionError> {
    let comparison = &effect.comparison;
    let inference = &effect.inference;
    let sizes = inference.estimate.zip(scale).and_then(|(estimate, scale)| {
        scale
            .sizes(estimate, inference.std_error, inference.df, level)
            .ok()
    });
    let mut g = EffectSizeRow::new(comparison, Measure::HedgesG, sizes.map(|s| s.hedges.g));
    g.notes = on_difference(&effect.notes);
    if sizes.is_none() && inference.estimate.is_some() {
        g.notes.push(Note::no_hedges_g());
    }
    g.sd = scale.map(|s| s.sd).filter(|sd| sd.is_finite());
    g.icc = sizes.map(|s| s.icc);
    g.cluster_size = scale.map(|s| s.size);
    // Where the effect has no test or interval, neither has its size.
    if let Some(sizes) = sizes.filter(|_| inference.std_error > Some(0.0)) {
        g.inference.std_error = sizes.std_error;
        g.inference.df = inference.df;
        if inference.ci_low.is_some() {
            (g.inference.ci_low, g.inference.ci_high) = (sizes.ci_low, sizes.ci_high);
        }
    }
    Ok([
        g,
        EffectSizeRow::new(
            comparison,
            Measure::HedgesGIndividual,
            sizes.map(|s| s.individual),
        ),
        EffectSizeRow::new(
            comparison,
            Measure::GlassDelta,
            sizes.and_then(|s| s.glass_delta),
        ),
    ])
}

/// The effect over the control mean, with Fieller's interval.
fn lift(effect: &Effect) -> EffectSizeRow {
    let mut row = EffectSizeRow::new(&effect.comparison, Measure::Lift, effect.lift);
    (row.inference.ci_low, row.inference.ci_high) = (effect.lift_low, effect.lift_high);
    let about = effect
        .notes
        .iter()
        .filter(|n| matches!(n.code, Code::NoLift | Code::LiftUnbounded));
    row.notes = about.cloned().collect();
    row
}
