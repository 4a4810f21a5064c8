//! What can be wrong with hypotheses.

use crate::error::{Class, Explain, short};
use crate::regression::formula::{Flaw, FormulaError};

/// What can be wrong with hypotheses. Texts of hypotheses are shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HypothesisError {
    /// It cannot be read.
    Formula(FormulaError),
    /// A name is neither a condition nor a covariate.
    UnknownName {
        /// The hypothesis.
        hypothesis: String,
        /// The name.
        name: String,
        /// Its first character in the hypothesis, counted from 1.
        place: usize,
        /// The conditions that there are.
        conditions: Vec<String>,
        /// The covariates of the regression.
        covariates: Vec<String>,
    },
    /// A name is that of a covariate, which the regression does not have.
    NotAdjusted {
        /// The hypothesis.
        hypothesis: String,
        /// The name.
        name: String,
        /// Its first character in the hypothesis, counted from 1.
        place: usize,
    },
    /// A name is that of a condition and of a covariate.
    Ambiguous {
        /// The hypothesis.
        hypothesis: String,
        /// The name.
        name: String,
        /// Its first character in the hypothesis, counted from 1.
        place: usize,
    },
    /// It follows from the hypotheses before it.
    Redundant(String),
    /// It cannot hold if those before it do.
    Contradiction(String),
}

impl Explain for HypothesisError {
    fn class(&self) -> Class {
        match self {
            HypothesisError::Ambiguous { .. } => Class::Ambiguous,
            _ => Class::InvalidParameter,
        }
    }

    fn message(&self) -> String {
        use HypothesisError::*;
        let at = |hypothesis: &str, name: &str, place: usize| {
            format!(
                "hypothesis \"{hypothesis}\": \"{}\" at character {place}",
                short(name, 100)
            )
        };
        match self {
            Formula(e) => e.to_string(),
            UnknownName {
                hypothesis,
                name,
                place,
                ..
            } => format!(
                "{} is neither a condition nor a covariate",
                at(hypothesis, name, *place)
            ),
            NotAdjusted {
                hypothesis,
                name,
                place,
            } => format!(
                "{} is a covariate, and the regression has none",
                at(hypothesis, name, *place)
            ),
            Ambiguous {
                hypothesis,
                name,
                place,
            } => format!(
                "{} is both a condition and a covariate",
                at(hypothesis, name, *place)
            ),
            Redundant(text) => format!("hypothesis \"{text}\" follows from those before it"),
            Contradiction(text) => format!("hypothesis \"{text}\" contradicts those before it"),
        }
    }

    fn detail(&self) -> Option<String> {
        let HypothesisError::UnknownName {
            conditions,
            covariates,
            ..
        } = self
        else {
            return None;
        };
        let list = |names: &[String]| {
            let quoted = names.iter().take(20).map(|n| format!("\"{n}\""));
            quoted.collect::<Vec<_>>().join(", ")
        };
        let of_covariates = match covariates.as_slice() {
            [] => String::new(),
            names => format!("; the covariates are {}", list(names)),
        };
        Some(format!(
            "The conditions are {}{of_covariates}.",
            list(conditions)
        ))
    }

    fn hint(&self) -> Option<String> {
        use HypothesisError::*;
        let text = match self {
            Formula(FormulaError {
                flaw: Flaw::NoName, ..
            }) => "Name a condition or a covariate, such as tutor = control.",
            Formula(_) => {
                "Write it as tutor = hints, (tutor + hints)/2 = control, or tutor - control = 2."
            }
            UnknownName { .. } => {
                "Names count with case; those that are not letters, digits and _ are in double quotes, such as \"group B\"."
            }
            NotAdjusted { .. } => "A covariate has a slope with adjust => 'ancova' or 'lin'.",
            Ambiguous { .. } => {
                "Rename one of them where the sketch is built, or leave the covariate out of the regression."
            }
            Redundant(_) => "Leave it out: the test stays the same.",
            Contradiction(_) => "Hypotheses of one test must be able to hold together.",
        };
        Some(text.to_owned())
    }
}
