//! What can be wrong with the text of a hypothesis.

use super::{DEEPEST, LONGEST};
use crate::error::short;

/// A text that is no linear hypothesis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaError {
    /// The text, shortened.
    pub text: String,
    /// Character where it cannot be read on, counted from 1; 0 at the end.
    pub place: usize,
    /// What is there; `None` at the end.
    pub found: Option<String>,
    /// What is wrong.
    pub flaw: Flaw,
}

/// What is wrong with a hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Something else must be there.
    Expected(&'static str),
    /// A quote is not closed.
    OpenQuote,
    /// It is too long.
    TooLong,
    /// It is nested too deeply.
    TooDeep,
    /// Names are multiplied with names, or divided by.
    NotLinear,
    /// A division by 0.
    DividedByZero,
    /// A number is too large or too small.
    OutOfRange,
    /// There is no name, or all names cancel.
    NoName,
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Flaw::Expected(what) => write!(f, "expected {what}"),
            Flaw::OpenQuote => write!(f, "the double quote is not closed"),
            Flaw::TooLong => write!(f, "longer than {LONGEST} bytes"),
            Flaw::TooDeep => write!(f, "more than {DEEPEST} parentheses inside of each other"),
            Flaw::NotLinear => write!(
                f,
                "not linear: one side of * and the right side of / must be a number"
            ),
            Flaw::DividedByZero => write!(f, "division by 0"),
            Flaw::OutOfRange => write!(f, "a number is not between 1e-100 and 1e100"),
            Flaw::NoName => write!(f, "no condition and no covariate is left in it"),
        }
    }
}

impl std::fmt::Display for FormulaError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "hypothesis \"{}\": {}", self.text, self.flaw)?;
        match (&self.flaw, &self.found) {
            (Flaw::TooLong | Flaw::NoName, _) => Ok(()),
            (Flaw::Expected(_), Some(found)) => {
                write!(f, " at character {}, found {found}", self.place)
            }
            (Flaw::Expected(_), None) => write!(f, " at its end"),
            _ => write!(f, " at character {}", self.place),
        }
    }
}

/// What a message shows of a hypothesis.
pub(crate) fn shown(text: &str) -> String {
    short(text, 100)
}

/// Where reading stopped.
pub(super) struct Stop {
    pub place: usize,
    pub found: Option<String>,
    pub flaw: Flaw,
}

impl Stop {
    pub fn at(place: usize, flaw: Flaw) -> Self {
        Stop {
            place,
            found: None,
            flaw,
        }
    }
}
