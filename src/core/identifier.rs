//! The one rule for identifiers: ids of users, groups and events, contexts, sites, targets, keys, codes, names, strata.
//!
//! Every identifier is part of an index entry, and several of them share one; the limit is in bytes, because that is
//! what an index entry has room for.

mod similar;

use crate::error::{Class, Explain};
pub use similar::{folded, similar};

/// The most bytes an identifier may have.
pub const MOST_BYTES: usize = 512;

/// Why a text cannot be an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It has no characters.
    Empty,
    /// It has white space only.
    Blank,
    /// It has more bytes than the limit.
    Long(usize),
    /// It has U+0000, which PostgreSQL cannot store.
    Nul,
}

impl Problem {
    /// What is wrong, to be written after the name.
    pub fn said(self) -> String {
        match self {
            Problem::Empty | Problem::Blank => "must not be empty".to_owned(),
            Problem::Long(bytes) => format!("must have at most {MOST_BYTES} bytes, got {bytes}"),
            Problem::Nul => "must not contain U+0000".to_owned(),
        }
    }

    /// Why that is so.
    pub fn why(self) -> &'static str {
        match self {
            Problem::Empty => "It has no characters.",
            Problem::Blank => "It has white space only.",
            Problem::Long(_) => {
                "Records are found by their identifiers, and an index has room for short ones only."
            }
            Problem::Nul => "PostgreSQL cannot store this character.",
        }
    }

    /// What to do.
    pub fn hint(self) -> &'static str {
        match self {
            Problem::Empty | Problem::Blank => {
                "Give a value; an argument with a default may be left out."
            }
            Problem::Long(_) => "Use an identifier, not content.",
            Problem::Nul => "Remove the character.",
        }
    }
}

/// What keeps a text from being an identifier, if anything.
pub fn problem(value: &str) -> Option<Problem> {
    if value.len() > MOST_BYTES {
        Some(Problem::Long(value.len()))
    } else if value.is_empty() {
        Some(Problem::Empty)
    } else if value.chars().all(char::is_whitespace) {
        Some(Problem::Blank)
    } else if value.contains('\0') {
        Some(Problem::Nul)
    } else {
        None
    }
}

/// An argument that is no identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierError {
    name: String,
    /// Nothing for NULL.
    problem: Option<Problem>,
}

/// The identifier that an argument must have.
pub fn required<'a>(name: &str, value: Option<&'a str>) -> Result<&'a str, IdentifierError> {
    let error = |problem| IdentifierError {
        name: name.to_owned(),
        problem,
    };
    let value = value.ok_or_else(|| error(None))?;
    problem(value).map_or(Ok(value), |p| Err(error(Some(p))))
}

impl Explain for IdentifierError {
    fn class(&self) -> Class {
        match self.problem {
            None => Class::NullNotAllowed,
            Some(_) => Class::InvalidParameter,
        }
    }

    fn message(&self) -> String {
        match self.problem {
            None => format!("{} must not be null", self.name),
            Some(problem) => format!("{} {}", self.name, problem.said()),
        }
    }

    fn detail(&self) -> Option<String> {
        self.problem.map(|p| p.why().to_owned())
    }

    fn hint(&self) -> Option<String> {
        let hint = self.problem.unwrap_or(Problem::Empty).hint();
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule() {
        for good in ["a", " a", "ä b", &"x".repeat(512), &"ä".repeat(256)] {
            assert_eq!(required("user_id", Some(good)), Ok(good));
        }
        let long = "ä".repeat(257);
        for (bad, message) in [
            (None, "user_id must not be null"),
            (Some(""), "user_id must not be empty"),
            (Some(" \t\u{a0}"), "user_id must not be empty"),
            (Some("a\0"), "user_id must not contain U+0000"),
            (
                Some(long.as_str()),
                "user_id must have at most 512 bytes, got 514",
            ),
        ] {
            let class = match bad {
                None => Class::NullNotAllowed,
                Some(_) => Class::InvalidParameter,
            };
            let told = required("user_id", bad).map_err(|e| (e.class(), e.message()));
            assert_eq!(told, Err((class, message.to_owned())));
        }
    }
}
