//! What can be wrong with rows and stored sketches.

use super::{MAX_CONDITION_BYTES, MAX_CONDITIONS, MAX_COVARIATES};
use crate::budget::OverBudget;
use crate::error::{Class, Explain, spelled};

/// What can be wrong with rows and stored sketches.
#[derive(Debug, Clone, PartialEq)]
pub enum SketchError {
    /// NaN or an infinity.
    NonFinite {
        /// The argument.
        argument: &'static str,
        /// Element of an array argument, from 1.
        element: Option<usize>,
        /// The value.
        value: f64,
    },
    /// A weight below zero.
    NegativeWeight(f64),
    /// A weight whose square is not a sound double.
    WeightRange(f64),
    /// Covariate arrays of different lengths.
    CovariateCount {
        /// Length so far.
        expected: usize,
        /// Length now.
        got: usize,
    },
    /// More covariates than allowed.
    TooManyCovariates(usize),
    /// More conditions than allowed.
    TooManyConditions,
    /// A condition's name is too long.
    ConditionTooLong(usize),
    /// A condition's name is not UTF-8.
    ConditionEncoding,
    /// More than 2^40 rows in one cell.
    TooManyRows,
    /// The memory limit was reached.
    Memory(OverBudget),
    /// Stored bytes that can not be right.
    Corrupt(&'static str),
    /// Stored by a later version.
    UnknownVersion(u8),
    /// Text that is not a sketch.
    BadText(&'static str),
    /// A covariate array with more than one dimension.
    CovariateDimensions(i32),
    /// Sums of squares beyond the largest double.
    OutOfRange,
    /// A sketch of students, asked for what needs clusters.
    StudentSketch,
    /// A sketch of clusters, asked for what needs students.
    ClusterSketch,
}

impl From<OverBudget> for SketchError {
    fn from(e: OverBudget) -> Self {
        SketchError::Memory(e)
    }
}

impl Explain for SketchError {
    fn class(&self) -> Class {
        use SketchError::*;
        match self {
            NonFinite { .. } | OutOfRange => Class::OutOfRange,
            NegativeWeight(_)
            | WeightRange(_)
            | CovariateCount { .. }
            | ConditionTooLong(_)
            | CovariateDimensions(_)
            | StudentSketch
            | ClusterSketch => Class::InvalidParameter,
            ConditionEncoding => Class::NotSupported,
            TooManyCovariates(_) | TooManyConditions | TooManyRows | Memory(_) => {
                Class::LimitExceeded
            }
            Corrupt(_) | UnknownVersion(_) => Class::Corrupt,
            BadText(_) => Class::InvalidText,
        }
    }

    fn message(&self) -> String {
        use SketchError::*;
        match self {
            NonFinite {
                argument,
                element: Some(i),
                value,
            } => {
                format!(
                    "{argument} of a sketch must be finite, element {i} is {}",
                    spelled(*value)
                )
            }
            NonFinite {
                argument,
                element: None,
                value,
            } => format!(
                "{argument} of a sketch must be finite, got {}",
                spelled(*value)
            ),
            WeightRange(w) => {
                format!("weight of a sketch must be 0 or from 1e-100 to 1e100, got {w:e}")
            }
            NegativeWeight(w) => format!("weight of a sketch must not be negative, got {w}"),
            CovariateCount { expected, got } => {
                format!(
                    "covariates of a sketch must have the same length, got {got} after {expected}"
                )
            }
            TooManyCovariates(n) => {
                format!("a sketch takes at most {MAX_COVARIATES} covariates, got {n}")
            }
            TooManyConditions => format!("a sketch takes at most {MAX_CONDITIONS} conditions"),
            ConditionTooLong(n) => {
                format!(
                    "condition of a sketch must have at most {MAX_CONDITION_BYTES} bytes, got {n}"
                )
            }
            ConditionEncoding => "condition of a sketch is not UTF-8".to_owned(),
            TooManyRows => "a cell of a sketch takes at most 1099511627776 rows".to_owned(),
            Memory(_) => "sketch needs more memory than rct.memory_limit allows".to_owned(),
            Corrupt(what) => format!("stored sketch is damaged: {what}"),
            UnknownVersion(v) => format!(
                "stored sketch has version {v}, this is version {}",
                super::WIRE_VERSION
            ),
            BadText(what) => format!("invalid input syntax for type rct.sketch: {what}"),
            OutOfRange => {
                "squares of the values in the sketch are outside the range of double precision"
                    .to_owned()
            }
            StudentSketch => {
                "sketch must be of clusters, got one in which each student is a unit".to_owned()
            }
            ClusterSketch => {
                "sketch must be of students as units, got one with clusters".to_owned()
            }
            CovariateDimensions(n) => {
                format!("covariates of a sketch must be an array of one dimension, got {n}")
            }
        }
    }

    fn detail(&self) -> Option<String> {
        use SketchError::*;
        match self {
            CovariateCount { .. } => Some(
                "Each row, and each sketch that is rolled up, needs the same covariates in the same order.".to_owned(),
            ),
            Memory(m) => Some(format!("This process: {m}.")),
            StudentSketch => Some(
                "It is made by rct.student_sketch and does not know which students share a class."
                    .to_owned(),
            ),
            TooManyConditions => Some("Each distinct value of the second argument is a condition.".to_owned()),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        use SketchError::*;
        let text = match self {
            NonFinite { .. } => {
                "Filter such rows with WHERE, or turn the value into NULL to have the row counted as missing."
            }
            NegativeWeight(_) | WeightRange(_) => {
                "Weights are inverse probabilities or counts; check how they are computed."
            }
            CovariateCount { .. } => {
                "Write ARRAY[a, b] with the same columns everywhere; a missing value is NULL inside the array."
            }
            TooManyCovariates(_) => {
                "Use the few covariates that predict the outcome best, such as a baseline score."
            }
            TooManyConditions => {
                "The arguments are rct.sketch(outcome, condition, cluster); check their order."
            }
            ConditionTooLong(_) => {
                "The arguments are rct.sketch(outcome, condition, cluster); check their order."
            }
            ConditionEncoding => "pg_rct needs a database with the encoding UTF8.",
            TooManyRows => "Sketch parts of the table and analyse them apart.",
            Memory(_) => {
                "Let a superuser raise rct.memory_limit, use fewer covariates, or sketch parts of the table and roll them up. With many groups, SET enable_hashagg = off holds one group at a time."
            }
            Corrupt(_) => "Restore the value from a backup, or compute the sketch again.",
            UnknownVersion(_) => "Update the extension on this server.",
            BadText(_) => {
                "A sketch is made by the aggregate rct.sketch and written as text only by its output function."
            }
            StudentSketch => {
                "Use rct.student_effects, or make the sketch with rct.sketch and the cluster that was assigned."
            }
            ClusterSketch => {
                "Make the sketch with rct.student_sketch, or use rct.effects if clusters were assigned."
            }
            CovariateDimensions(_) => "Write ARRAY[a, b, c].",
            OutOfRange => {
                "Multiply or divide the outcome or the covariates by a constant before sketching."
            }
        };
        Some(text.to_owned())
    }
}
