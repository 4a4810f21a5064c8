//! What can be wrong with rows and stored distributions.

use crate::budget::OverBudget;
use crate::error::{Class, Explain, spelled};
use crate::regression::QuestionError;
use crate::sketch::{MAX_CONDITION_BYTES, MAX_CONDITIONS};

/// What clusters and strata may be.
const KEY_TYPES: &str = "a text, a whole number, a numeric, a uuid, an enum or a boolean";

/// What can be wrong with rows and stored distributions.
#[derive(Debug, Clone, PartialEq)]
pub enum QuantileError {
    /// An outcome is NaN or an infinity.
    NonFinite(f64),
    /// More conditions than allowed.
    TooManyConditions,
    /// A condition's name is too long.
    ConditionTooLong(usize),
    /// A condition's name is not UTF-8.
    ConditionEncoding,
    /// More clusters than can be numbered.
    TooManyClusters,
    /// A cluster or stratum of a type that has no digest.
    KeyType {
        /// The argument.
        argument: &'static str,
        /// The type.
        got: String,
    },
    /// The memory limit was reached.
    Memory(OverBudget),
    /// Stored bytes that cannot be right.
    Corrupt(&'static str),
    /// Stored by a later version.
    UnknownVersion(u8),
    /// The question.
    Effect(QuestionError),
}

impl From<OverBudget> for QuantileError {
    fn from(e: OverBudget) -> Self {
        QuantileError::Memory(e)
    }
}

impl From<QuestionError> for QuantileError {
    fn from(e: QuestionError) -> Self {
        QuantileError::Effect(e)
    }
}

impl Explain for QuantileError {
    fn class(&self) -> Class {
        use QuantileError::*;
        match self {
            NonFinite(_) => Class::OutOfRange,
            ConditionTooLong(_) => Class::InvalidParameter,
            KeyType { .. } => Class::WrongType,
            ConditionEncoding => Class::NotSupported,
            TooManyConditions | TooManyClusters | Memory(_) => Class::LimitExceeded,
            Corrupt(_) | UnknownVersion(_) => Class::Corrupt,
            Effect(e) => e.class(),
        }
    }

    fn message(&self) -> String {
        use QuantileError::*;
        match self {
            NonFinite(v) => format!(
                "outcome of a distribution must be finite, got {}",
                spelled(*v)
            ),
            TooManyConditions => {
                format!("a distribution takes at most {MAX_CONDITIONS} conditions")
            }
            ConditionTooLong(n) => format!(
                "condition of a distribution must have at most {MAX_CONDITION_BYTES} bytes, got {n}"
            ),
            ConditionEncoding => "condition of a distribution is not UTF-8".to_owned(),
            TooManyClusters => "a distribution takes at most 4294967295 clusters".to_owned(),
            KeyType { argument, got } => {
                format!("{argument} of a distribution must be {KEY_TYPES}, got {got}")
            }
            Memory(_) => "distribution needs more memory than rct.memory_limit allows".to_owned(),
            Corrupt(what) => format!("stored distribution is damaged: {what}"),
            UnknownVersion(v) => format!(
                "stored distribution has version {v}, this is version {}",
                super::wire::VERSION
            ),
            Effect(QuestionError::UnknownControl { control, .. }) => {
                format!("control condition \"{control}\" is not in the distribution")
            }
            Effect(QuestionError::OnlyControl(control)) => {
                format!("the distribution has no condition besides the control \"{control}\"")
            }
            Effect(e) => e.message(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            QuantileError::Memory(m) => Some(format!("This process: {m}.")),
            QuantileError::TooManyConditions => {
                Some("Each distinct value of the second argument is a condition.".to_owned())
            }
            QuantileError::Effect(QuestionError::UnknownControl {
                control,
                conditions,
            }) => QuestionError::UnknownControl {
                control: control.clone(),
                conditions: conditions.clone(),
            }
            .detail()
            .map(|d| d.replace("The sketch", "The distribution")),
            QuantileError::Effect(e) => e.detail(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        use QuantileError::*;
        let text = match self {
            NonFinite(_) => {
                "Leave such rows out, or set the outcome to null so that they are counted."
            }
            TooManyConditions | ConditionTooLong(_) => {
                "Check the order of the arguments: rct.distribution(outcome, condition, cluster, stratum)."
            }
            ConditionEncoding => "pg_rct needs a database with the encoding UTF8.",
            KeyType { .. } => "Cast it, for example with ::text.",
            TooManyClusters => "Check the third argument: it names the unit of assignment.",
            Memory(_) => {
                "Let a superuser raise rct.memory_limit: each outcome takes 16 bytes. A sketch takes far less, and gives effects on means."
            }
            Corrupt(_) => "Make the distribution again from the rows.",
            UnknownVersion(_) => "Update pg_rct on this server.",
            Effect(QuestionError::OnlyControl(_)) => {
                "An effect compares two conditions; check the WHERE clause of the distribution."
            }
            Effect(e) => return e.hint(),
        };
        Some(text.to_owned())
    }
}
