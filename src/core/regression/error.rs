//! What can be wrong with a question to a sketch.

use super::hypothesis::HypothesisError;
use crate::error::{Class, Explain, Invalid, spelled};
use crate::sketch::SketchError;

/// What can be wrong with a question to a sketch.
#[derive(Debug, Clone, PartialEq)]
pub enum QuestionError {
    /// The control condition is not in the sketch.
    UnknownControl {
        /// What was asked for.
        control: String,
        /// What there is.
        conditions: Vec<String>,
    },
    /// There is nothing to compare the control with.
    OnlyControl(String),
    /// The confidence level is not inside (0, 1).
    Level(f64),
    /// Adjustment without covariates.
    NoCovariates,
    /// An argument of an effect size is out of range.
    Argument {
        /// The argument.
        argument: &'static str,
        /// What it must be.
        must: &'static str,
        /// What was given.
        value: f64,
    },
    /// An argument is outside what the function accepts.
    Invalid(Invalid),
    /// A hypothesis.
    Hypothesis(HypothesisError),
    /// The sketch itself.
    Sketch(SketchError),
    /// More conditions, covariates and clusters than an analysis takes.
    TooLarge {
        /// Conditions and covariates.
        regressors: usize,
        /// Clusters.
        clusters: usize,
    },
    /// The matrix algebra did not converge.
    Numeric(&'static str),
}

impl From<SketchError> for QuestionError {
    fn from(e: SketchError) -> Self {
        QuestionError::Sketch(e)
    }
}

impl From<HypothesisError> for QuestionError {
    fn from(e: HypothesisError) -> Self {
        QuestionError::Hypothesis(e)
    }
}

impl From<Invalid> for QuestionError {
    fn from(e: Invalid) -> Self {
        QuestionError::Invalid(e)
    }
}

impl Explain for QuestionError {
    fn class(&self) -> Class {
        match self {
            QuestionError::Sketch(e) => e.class(),
            QuestionError::Hypothesis(e) => e.class(),
            QuestionError::Numeric(_) => Class::OutOfRange,
            QuestionError::TooLarge { .. } => Class::LimitExceeded,
            _ => Class::InvalidParameter,
        }
    }

    fn message(&self) -> String {
        use QuestionError::*;
        match self {
            UnknownControl { control, .. } => {
                format!("control condition \"{control}\" is not in the sketch")
            }
            OnlyControl(control) => {
                format!("the sketch has no condition besides the control \"{control}\"")
            }
            Level(level) => format!("level must be between 0 and 1, got {}", spelled(*level)),
            NoCovariates => "adjust needs covariates, there are none".to_owned(),
            Argument {
                argument,
                must,
                value,
            } => format!("{argument} must be {must}, got {}", spelled(*value)),
            Invalid(e) => e.message(),
            Sketch(e) => e.message(),
            Hypothesis(e) => e.message(),
            TooLarge {
                regressors,
                clusters,
            } => {
                format!(
                    "an analysis of {regressors} conditions and covariates over {clusters} clusters is too large"
                )
            }
            Numeric(what) => format!("numeric failure in {what}"),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            QuestionError::UnknownControl { conditions, .. } => {
                if conditions.is_empty() {
                    return Some("The sketch has no condition.".to_owned());
                }
                let quoted: Vec<String> = conditions
                    .iter()
                    .take(20)
                    .map(|c| format!("\"{c}\""))
                    .collect();
                Some(format!(
                    "The sketch has the conditions {}.",
                    quoted.join(", ")
                ))
            }
            QuestionError::Sketch(e) => e.detail(),
            QuestionError::Hypothesis(e) => e.detail(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        use QuestionError::*;
        let text = match self {
            UnknownControl { .. } => "Name one of these as control; case and spaces count.",
            OnlyControl(_) => {
                "An effect compares two conditions; check the WHERE clause of the sketch."
            }
            Level(_) => "Write 0.95 for a 95 % interval.",
            NoCovariates => {
                "Build the sketch with its covariates, such as rct.sketch('score ~ pretest, female', condition, class, school, score, pretest, female)."
            }
            Invalid(e) => return e.hint(),
            Sketch(e) => return e.hint(),
            Hypothesis(e) => return e.hint(),
            Argument { .. } => "See the reference page of the function.",
            TooLarge { .. } => {
                "At most 64 conditions and covariates, 16 conditions in a joint test, and 1 GB of matrices; check the order of the arguments of rct.sketch."
            }
            Numeric(_) => "Check the outcome and the covariates for values of absurd size.",
        };
        Some(text.to_owned())
    }
}
