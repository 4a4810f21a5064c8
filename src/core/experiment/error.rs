//! What can be wrong with a definition.

use super::words::Status;
use crate::error::{Class, Explain};
use crate::json::JsonError;
use crate::limits::TooMany;

/// What can be wrong with a definition.
#[derive(Debug, Clone, PartialEq)]
pub enum ExperimentError {
    /// JSON that breaks a rule of all documents.
    Json(JsonError),
    /// More than a limit.
    TooMany(TooMany),
    /// A field does not have what belongs there.
    Field {
        /// Where.
        path: String,
        /// What is wrong there.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The design may not change any more.
    Frozen {
        /// Where.
        path: String,
        /// What it is.
        old: String,
        /// What it should have become.
        new: String,
        /// What the status means now.
        status: Status,
    },
    /// Rollout may only rise.
    Rollout {
        /// What it is.
        old: f64,
        /// What it should have become.
        new: f64,
        /// What the status means now.
        status: Status,
    },
    /// An experiment that ended for good.
    Ended(Status),
    /// A status that may not follow.
    Transition {
        /// The status.
        from: Status,
        /// What should have followed.
        to: Status,
    },
    /// A design that cannot be started with, or cannot go on with.
    NotReady {
        /// Where.
        path: String,
        /// What is wrong there.
        problem: String,
        /// What to do.
        hint: String,
        /// What the status means now.
        status: Status,
    },
    /// A word that is none.
    Word {
        /// The argument.
        argument: &'static str,
        /// What was given.
        value: String,
        /// What is offered.
        offered: &'static [Status],
    },
    /// The list of edges is not a list of pairs.
    Edges(usize),
}

/// An error of a field.
pub(crate) fn invalid(
    path: impl Into<String>,
    problem: impl Into<String>,
    hint: impl Into<String>,
) -> ExperimentError {
    ExperimentError::Field {
        path: path.into(),
        problem: problem.into(),
        hint: hint.into(),
    }
}

impl From<JsonError> for ExperimentError {
    fn from(e: JsonError) -> Self {
        match e {
            JsonError::Field {
                path,
                problem,
                hint,
            } => ExperimentError::Field {
                path,
                problem,
                hint,
            },
            other => ExperimentError::Json(other),
        }
    }
}

impl From<TooMany> for ExperimentError {
    fn from(e: TooMany) -> Self {
        ExperimentError::TooMany(e)
    }
}

/// "a.b: is wrong", or without the path where the whole document is meant.
fn at(path: &str, problem: &str) -> String {
    if path.is_empty() {
        problem.to_owned()
    } else {
        format!("{path}: {problem}")
    }
}

fn listed(words: &[Status]) -> String {
    let all: Vec<&str> = words.iter().map(|s| s.word()).collect();
    all.join(", ")
}

impl Explain for ExperimentError {
    fn class(&self) -> Class {
        match self {
            ExperimentError::Json(e) => e.class(),
            ExperimentError::TooMany(e) => e.class(),
            ExperimentError::Field { .. }
            | ExperimentError::Word { .. }
            | ExperimentError::Edges(_) => Class::InvalidParameter,
            ExperimentError::Frozen { .. }
            | ExperimentError::Rollout { .. }
            | ExperimentError::Ended(_)
            | ExperimentError::Transition { .. }
            | ExperimentError::NotReady { .. } => Class::PrerequisiteState,
        }
    }

    fn message(&self) -> String {
        match self {
            ExperimentError::Json(e) => e.message(),
            ExperimentError::TooMany(e) => e.message(),
            ExperimentError::Field { path, problem, .. }
            | ExperimentError::NotReady { path, problem, .. } => at(path, problem),
            ExperimentError::Frozen {
                path,
                old,
                new,
                status,
            } => at(
                path,
                &format!("frozen in status \"{status}\", cannot change from {old} to {new}"),
            ),
            ExperimentError::Rollout { old, new, status } => format!(
                "rollout: can only rise in status \"{status}\", cannot change from {old} to {new}"
            ),
            ExperimentError::Ended(status) => {
                format!("experiment in status \"{status}\" never changes")
            }
            ExperimentError::Transition { from, to } => {
                format!("status cannot change from \"{from}\" to \"{to}\"")
            }
            ExperimentError::Word {
                argument,
                value,
                offered,
            } => {
                let all: Vec<String> = offered.iter().map(|s| format!("\"{s}\"")).collect();
                format!(
                    "{argument} must be one of {}, got {value:?}",
                    all.join(", ")
                )
            }
            ExperimentError::Edges(count) => {
                format!("edges must be pairs of parent and child, got {count} numbers")
            }
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            ExperimentError::Json(e) => e.detail(),
            ExperimentError::TooMany(e) => e.detail(),
            ExperimentError::Frozen { .. } => {
                Some("From enrolling on the design is what units were assigned by.".to_owned())
            }
            ExperimentError::Rollout { .. } => {
                Some("A lower rollout would shut out units that are enrolled.".to_owned())
            }
            ExperimentError::NotReady { status, .. } => Some(format!(
                "The status is \"{status}\", in which a design must be complete."
            )),
            ExperimentError::Transition { from, .. } => {
                let next = from.next();
                Some(if next.is_empty() {
                    format!("No status follows \"{from}\".")
                } else {
                    format!("From \"{from}\" it can go to {}.", listed(next))
                })
            }
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            ExperimentError::Json(e) => return e.hint(),
            ExperimentError::TooMany(e) => return e.hint(),
            ExperimentError::Field { hint, .. } | ExperimentError::NotReady { hint, .. } => {
                if hint.is_empty() {
                    "rct.experiment_schema() describes each field.".to_owned()
                } else {
                    hint.clone()
                }
            }
            ExperimentError::Frozen { .. } | ExperimentError::Ended(_) => {
                "Clone the experiment and change the clone.".to_owned()
            }
            ExperimentError::Rollout { .. } => {
                "Leave the rollout, or end enrollment with the status enrollment_complete."
                    .to_owned()
            }
            ExperimentError::Transition { from, .. } => match from {
                Status::Cancelled | Status::Archived => {
                    "Clone the experiment and start the clone.".to_owned()
                }
                _ => format!("Set one of: {}.", listed(from.next())),
            },
            ExperimentError::Word { .. } => "Use one of the words.".to_owned(),
            ExperimentError::Edges(_) => {
                "Write each edge as two numbers, first the parent, then the child.".to_owned()
            }
        })
    }
}
