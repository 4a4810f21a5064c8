//! Linear hypotheses on means of conditions and slopes of covariates (see `formula` for how they are written).

mod independent;

use super::arms::{Arm, arms_of};
use super::coefficients::About;
use super::precision::Precision;
use crate::error::Invalid;
use crate::note::Note;
use crate::pulse::beat;
use crate::regression::combination::{Linear, Parameters};
use crate::regression::formula::shown;
use crate::regression::question::Question;
use crate::regression::{Adjust, Formula, HypothesisError, Inference, Options, QuestionError};
use crate::sketch::View;
use serde::Serialize;

pub(super) use independent::check_independent;

/// Hypotheses of one call.
const MOST: usize = 1000;

/// A hypothesis and what the data say of it. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contrast {
    /// Outcome.
    pub outcome: String,
    /// The hypothesis as it was written.
    pub hypothesis: String,
    /// Estimate of its left side minus its right side, in units of the outcome (of slopes: these per unit of the covariate),
    /// standard error, degrees of freedom, test that it is 0, and interval.
    #[serde(flatten)]
    pub inference: Inference,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Tests each of the hypotheses on its own: left minus right is a linear combination of the terms of
/// [`super::coefficients`], with the variance that their covariances give and Satterthwaite's degrees of freedom of the
/// combination (CR2 and CR3; Pustejovsky and Tipton 2018).
///
/// A name is the marginal mean of a condition, or else the slope of a covariate (with slopes by condition: in the control).
pub fn contrasts<T: AsRef<str>>(
    view: &View<'_>,
    control: &str,
    hypotheses: &[T],
    options: &Options,
) -> Result<Vec<Contrast>, QuestionError> {
    check_count(hypotheses.len(), MOST, "at most 1000 hypotheses")?;
    let question = Question::new(view, control, options)?;
    let parameters = Parameters::new(&question, options.adjust);
    let arms = arms_of(&question.pooled);
    let about = About::new(&question, options);
    let (mut rows, mut contrasts) = (Vec::with_capacity(hypotheses.len()), Vec::new());
    for text in hypotheses.iter().map(T::as_ref) {
        beat();
        let linear = read(text, &question, view, options.adjust)?;
        let compared = linear.conditions();
        let mut notes = about.notes(&arms, &compared);
        let place = match parameters.combine(&linear) {
            Ok(combination) => {
                contrasts.push(combination.contrast);
                Some((contrasts.len() - 1, combination.estimate))
            }
            Err(note) => {
                if !notes.contains(&note) {
                    notes.push(note);
                }
                None
            }
        };
        let row = Contrast {
            outcome: question.outcome.clone(),
            hypothesis: text.to_owned(),
            inference: Inference::default(),
            notes,
        };
        rows.push((row, compared, place));
    }
    let precision = Precision::new(&question, &contrasts, options.se)?;
    let infer = |(mut row, compared, place): (Contrast, Vec<usize>, Option<(usize, f64)>)| {
        if let Some((at, estimate)) = place {
            let compared: Vec<&Arm> = compared.iter().filter_map(|&c| arms.get(c)).collect();
            row.inference = precision.infer(at, estimate, &compared, options.level, &mut row.notes);
        }
        row
    };
    Ok(rows.into_iter().map(infer).collect())
}

/// Refuses more hypotheses than a call takes.
pub(super) fn check_count(
    count: usize,
    most: usize,
    must: &'static str,
) -> Result<(), QuestionError> {
    if count <= most {
        return Ok(());
    }
    Err(Invalid {
        argument: "hypotheses",
        must,
        got: count.to_string(),
        hint: "Ask for fewer at once.",
    }
    .into())
}

/// Reads a hypothesis on the terms of a regression.
pub(super) fn read(
    text: &str,
    question: &Question,
    view: &View<'_>,
    adjust: Adjust,
) -> Result<Linear, HypothesisError> {
    let formula = Formula::parse(text).map_err(HypothesisError::Formula)?;
    let names = || question.moments.conditions.iter().map(|c| &c.name);
    let covariates = view.covariate_names();
    let mut linear = Linear {
        constant: formula.constant,
        ..Linear::default()
    };
    for named in formula.names {
        let (name, place) = (named.name, named.place);
        let condition = names().position(|n| *n == name);
        let covariate = covariates.iter().position(|n| *n == name);
        let hypothesis = shown(text);
        match (condition, covariate) {
            (Some(condition), None) => linear.means.push((condition, named.factor)),
            (Some(condition), Some(_)) if adjust == Adjust::None => {
                linear.means.push((condition, named.factor));
            }
            (Some(_), Some(_)) => {
                return Err(HypothesisError::Ambiguous {
                    hypothesis,
                    name,
                    place,
                });
            }
            (None, Some(_)) if adjust == Adjust::None => {
                return Err(HypothesisError::NotAdjusted {
                    hypothesis,
                    name,
                    place,
                });
            }
            (None, Some(j)) => {
                let regressor = question.design.treated.len() + j;
                linear.slopes.push((regressor, named.factor));
            }
            (None, None) => {
                return Err(HypothesisError::UnknownName {
                    hypothesis,
                    name,
                    place,
                    conditions: names().cloned().collect(),
                    covariates: match adjust {
                        Adjust::None => Vec::new(),
                        Adjust::Ancova | Adjust::Lin => covariates.clone(),
                    },
                });
            }
        }
    }
    Ok(linear)
}
