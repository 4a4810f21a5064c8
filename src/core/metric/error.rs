//! What can be wrong with a metric, with what is logged, and with what is asked.

use super::{Compare, Operation, Reduction};
use crate::error::{Class, Explain};
use crate::identifier::Problem;
use crate::json::JsonError;
use crate::limits::TooMany;

/// What can be wrong with a metric, with what is logged, and with what is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricError {
    /// JSON that breaks a rule of all documents.
    Json(JsonError),
    /// More than a limit.
    TooMany(TooMany),
    /// JSON that is no object.
    NotAnObject {
        /// What it should have been.
        what: &'static str,
        /// What it is.
        got: String,
    },
    /// A definition has a field that there is not.
    UnknownField(String),
    /// A definition lacks a field.
    MissingField(&'static str),
    /// A field has the wrong type of JSON.
    WrongType {
        /// Which field.
        path: String,
        /// What is wanted, with its article.
        wanted: &'static str,
        /// The value.
        got: String,
    },
    /// A field is none of its words.
    UnknownWord {
        /// Which field.
        path: &'static str,
        /// The words.
        words: &'static [&'static str],
        /// The value.
        got: String,
    },
    /// A field that the type of metric does not have.
    NotForKind {
        /// Which field.
        path: &'static str,
        /// The type.
        kind: &'static str,
    },
    /// A categorical metric without values.
    NothingAllowed,
    /// A categorical metric allows a value twice.
    Twice {
        /// Where the second time.
        path: String,
        /// The value.
        got: String,
    },
    /// Words cannot be reduced so.
    ReductionNotForText(&'static str),
    /// The name of a logged metric is no identifier.
    Name(Problem),
    /// No such operation.
    UnknownOperation(String),
    /// No such reduction.
    UnknownReduction(String),
    /// No such comparison.
    UnknownCompare(String),
    /// Words cannot be added up.
    OperationNotForText(&'static str),
    /// A comparison without the value.
    NoValue,
    /// A value, but nothing compares with it.
    NothingCompared,
    /// Both the reduction and the operation compare.
    ComparedTwice,
    /// Numbers are compared with a word.
    ValueNotNumber(String),
    /// Compared with a value that the metric cannot have.
    ValueNotAllowed {
        /// The value.
        got: String,
        /// What it can have.
        allowed: Vec<String>,
    },
}

/// Words as a message lists them.
fn listed<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> = words
        .into_iter()
        .map(|w| format!("\"{}\"", w.as_ref()))
        .collect();
    quoted.join(", ")
}

/// What a message shows of a value that may be long.
fn short(value: &str) -> String {
    crate::error::short(value, 60)
}

impl From<JsonError> for MetricError {
    fn from(e: JsonError) -> Self {
        MetricError::Json(e)
    }
}

impl From<TooMany> for MetricError {
    fn from(e: TooMany) -> Self {
        MetricError::TooMany(e)
    }
}

impl Explain for MetricError {
    fn class(&self) -> Class {
        match self {
            MetricError::Json(e) => e.class(),
            MetricError::TooMany(e) => e.class(),
            _ => Class::InvalidParameter,
        }
    }

    fn message(&self) -> String {
        use MetricError::*;
        match self {
            Json(e) => e.message(),
            TooMany(e) => e.message(),
            NotAnObject { what, got } => {
                format!("{what} must be a JSON object, got {}", short(got))
            }
            UnknownField(path) => format!("{}: unknown field", short(path)),
            MissingField(path) => format!("{path}: must be given"),
            WrongType { path, wanted, got } => {
                format!("{path}: must be {wanted}, got {}", short(got))
            }
            UnknownWord { path, words, got } => format!(
                "{path}: must be one of {}, got \"{}\"",
                listed(*words),
                short(got)
            ),
            NotForKind { path, kind } => format!("{path}: a {kind} metric has none"),
            NothingAllowed => "allowed: must not be empty".to_owned(),
            Twice { path, got } => format!("{path}: \"{}\" is there twice", short(got)),
            ReductionNotForText(word) => {
                format!("reduction \"{word}\" is not for a categorical metric")
            }
            Name(problem) => format!("name of a metric {}", problem.said()),
            UnknownOperation(word) => format!("unknown operation \"{}\"", short(word)),
            UnknownReduction(word) => format!("unknown reduction \"{}\"", short(word)),
            UnknownCompare(word) => format!(
                "compare must be one of {}, got \"{}\"",
                listed(Compare::ALL.iter().map(|c| c.word())),
                short(word)
            ),
            OperationNotForText(word) => {
                format!("operation \"{word}\" is not for a categorical metric")
            }
            NoValue => "value must be given to compare with".to_owned(),
            NothingCompared => "value and compare are given, but nothing is compared".to_owned(),
            ComparedTwice => {
                "reduction \"percent\" and the operation cannot both compare".to_owned()
            }
            ValueNotNumber(value) => format!("value must be a number, got \"{}\"", short(value)),
            ValueNotAllowed { got, .. } => {
                format!("value \"{}\" is not one that the metric allows", short(got))
            }
        }
    }

    fn detail(&self) -> Option<String> {
        use MetricError::*;
        let text = match self {
            ReductionNotForText(_) => "The values of a categorical metric are words.",
            OperationNotForText(_) => {
                "The values are words, and so are those that the reduction gives."
            }
            Json(e) => return e.detail(),
            TooMany(e) => return e.detail(),
            Name(problem) => problem.why(),
            ValueNotNumber(_) => "The values are numbers, which compare as numbers.",
            ValueNotAllowed { allowed, .. } => {
                return Some(format!("It allows {}.", listed(allowed)));
            }
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn hint(&self) -> Option<String> {
        use MetricError::*;
        let text = match self {
            Json(e) => return e.hint(),
            TooMany(e) => return e.hint(),
            NotAnObject {
                what: "metrics", ..
            } => "Write the names of the metrics with their values: {\"score\": 12}.",
            NotAnObject { .. } => "Write {\"type\": \"continuous\"}.",
            UnknownField(_) => "Fields are type, allowed, reduction, direction, description.",
            MissingField("allowed") => {
                "List the values that a categorical metric can have: \"allowed\": [\"pass\", \"fail\"]."
            }
            MissingField(_) => "Write {\"type\": \"continuous\"}.",
            WrongType { .. } => "Change the type of the field.",
            UnknownWord { .. } => "Use one of these, written exactly so.",
            NotForKind {
                path: "allowed", ..
            } => "Leave it out, or make the type categorical.",
            NotForKind { .. } => "Leave it out, or make the type continuous.",
            NothingAllowed => "List the values that the metric can have.",
            Twice { .. } => "List each value once.",
            ReductionNotForText(_) => "Use first, last, mode, count or percent.",
            Name(Problem::Long(_)) => "Put what varies into class, key or uniquifier.",
            Name(_) => "Each key of the object is the name of a metric.",
            UnknownOperation(_) => {
                let words: Vec<&str> = Operation::ALL.iter().map(|o| o.word()).collect();
                return Some(format!("Operations are {}.", words.join(", ")));
            }
            UnknownReduction(_) => {
                return Some(format!("Reductions are {}.", Reduction::WORDS.join(", ")));
            }
            UnknownCompare(_) => "Use one of these, written exactly so.",
            OperationNotForText(_) => {
                "Use count, count_equal or percentage, or the reduction count or percent."
            }
            NoValue => "Give value, for example value => 'pass'.",
            NothingCompared => {
                "Leave them out, or use operation count_equal or percentage, or reduction percent."
            }
            ComparedTwice => "Use operation avg to have the mean percentage of the users.",
            ValueNotNumber(_) => "Write a number, or declare the metric as categorical.",
            ValueNotAllowed { .. } => "Use one of these; case and spaces count.",
        };
        Some(text.to_owned())
    }
}
