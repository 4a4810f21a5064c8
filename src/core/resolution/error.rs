//! What can be wrong with a question about a condition.

use crate::error::{Class, Explain};

/// What can be wrong with a question about a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolutionError {
    /// Packed facts cannot be read.
    Facts(&'static str),
    /// A compiled context cannot be read.
    Plan(String),
    /// The experiment is not one of this context.
    UnknownExperiment {
        /// What was asked for.
        experiment: String,
        /// Where.
        context: String,
    },
    /// The experiment has no such decision point.
    NotAtPoint {
        /// The experiment.
        experiment: String,
        /// Site.
        site: String,
        /// Target; empty if there is none.
        target: String,
    },
    /// The status of a mark is not one of its words.
    UnknownStatus(String),
}

impl Explain for ResolutionError {
    fn class(&self) -> Class {
        match self {
            ResolutionError::Facts(_) | ResolutionError::Plan(_) => Class::Corrupt,
            ResolutionError::UnknownExperiment { .. } | ResolutionError::NotAtPoint { .. } => {
                Class::UndefinedObject
            }
            ResolutionError::UnknownStatus(_) => Class::InvalidParameter,
        }
    }

    fn message(&self) -> String {
        match self {
            ResolutionError::Facts(why) => format!("packed facts are damaged: {why}"),
            ResolutionError::Plan(why) => format!("compiled context is damaged: {why}"),
            ResolutionError::UnknownExperiment {
                experiment,
                context,
            } => format!("experiment \"{experiment}\" does not exist in context \"{context}\""),
            ResolutionError::NotAtPoint {
                experiment,
                site,
                target,
            } => format!(
                "experiment \"{experiment}\" has no decision point {}",
                point(site, target)
            ),
            ResolutionError::UnknownStatus(status) => {
                format!("status of a mark is not known: \"{status}\"")
            }
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            ResolutionError::Facts(_) | ResolutionError::Plan(_) => {
                "These bytes are made by rct's own functions only."
            }
            ResolutionError::UnknownExperiment { .. } => {
                "Leave the experiment out to let the database find it."
            }
            ResolutionError::NotAtPoint { .. } => {
                "Check site and target, or leave the experiment out to let the database find it."
            }
            ResolutionError::UnknownStatus(_) => {
                "Use one of: condition applied, condition not applied, no condition assigned."
            }
        };
        Some(text.to_owned())
    }
}

/// A decision point in a message.
pub(crate) fn point(site: &str, target: &str) -> String {
    if target.is_empty() {
        format!("(\"{site}\")")
    } else {
        format!("(\"{site}\", \"{target}\")")
    }
}
