//! What can be wrong with JSON.

use super::DEPTH;
use crate::error::{Class, Explain, short};
use crate::limits::TooMany;

/// What can be wrong with JSON. Paths are empty for the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON at all.
    Syntax {
        /// What was read.
        what: String,
        /// Why, and where.
        why: String,
    },
    /// Arrays and objects too deep in each other.
    Deep {
        /// What was read.
        what: String,
        /// Where.
        path: String,
    },
    /// A number that no double can hold.
    Number {
        /// What was read.
        what: String,
        /// Where.
        path: String,
        /// The number.
        got: String,
    },
    /// A key twice in an object.
    Twice {
        /// What was read.
        what: String,
        /// Where.
        path: String,
        /// The key.
        key: String,
    },
    /// A text with U+0000.
    Nul {
        /// What was read.
        what: String,
        /// Where.
        path: String,
    },
    /// Too long, or too many values.
    TooMany(TooMany),
    /// Something else than belongs there.
    Field {
        /// Where.
        path: String,
        /// What is wrong there.
        problem: String,
        /// What to do.
        hint: String,
    },
}

impl From<TooMany> for JsonError {
    fn from(e: TooMany) -> Self {
        JsonError::TooMany(e)
    }
}

/// `what: problem`, or `path: problem` where there is one; an array has no name of its own.
fn at(what: &str, path: &str, problem: &str) -> String {
    match path {
        "" => format!("{what}: {problem}"),
        element if element.starts_with('[') => format!("{what}{element}: {problem}"),
        member => format!("{member}: {problem}"),
    }
}

impl Explain for JsonError {
    fn class(&self) -> Class {
        match self {
            JsonError::Syntax { .. } => Class::InvalidText,
            JsonError::TooMany(e) => e.class(),
            _ => Class::InvalidParameter,
        }
    }

    fn message(&self) -> String {
        match self {
            JsonError::Syntax { what, why } => format!("{what} is not JSON: {why}"),
            JsonError::Deep { what, path } => at(
                what,
                path,
                &format!("must not be nested deeper than {DEPTH} levels"),
            ),
            JsonError::Number { what, path, got } => {
                let problem = format!(
                    "must be a number that a double can hold, got {}",
                    short(got, 40)
                );
                at(what, path, &problem)
            }
            JsonError::Twice { what, path, key } => {
                let problem = format!("must have each key once, got {:?} twice", short(key, 40));
                at(what, path, &problem)
            }
            JsonError::Nul { what, path } => at(what, path, "must not contain U+0000"),
            JsonError::TooMany(e) => e.message(),
            JsonError::Field { path, problem, .. } if path.is_empty() => problem.clone(),
            JsonError::Field { path, problem, .. } => format!("{path}: {problem}"),
        }
    }

    fn detail(&self) -> Option<String> {
        let text = match self {
            JsonError::Deep { .. } => "Many clients cannot read JSON that is nested deeper.",
            JsonError::Number { .. } => {
                "Clients read numbers as doubles, the largest of which is about 1.8e308."
            }
            JsonError::Twice { .. } => "Readers differ in which of the values they take.",
            JsonError::Nul { .. } => "PostgreSQL cannot store this character.",
            JsonError::TooMany(e) => return e.detail(),
            JsonError::Syntax { .. } | JsonError::Field { .. } => return None,
        };
        Some(text.to_owned())
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            JsonError::Syntax { .. } => "Write a JSON document.",
            JsonError::Deep { .. } => {
                "Make the document flatter, or keep the inner part as a text."
            }
            JsonError::Number { .. } => "Write it as a text, in quotes.",
            JsonError::Twice { .. } => "Remove one of them.",
            JsonError::Nul { .. } => "Remove the character.",
            JsonError::TooMany(e) => return e.hint(),
            JsonError::Field { hint, .. } => hint,
        };
        Some(text.to_owned())
    }
}
