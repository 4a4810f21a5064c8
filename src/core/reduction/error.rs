//! What can be wrong with rows to reduce.

use super::{METHODS, Method};
use crate::budget::OverBudget;
use crate::error::{Class, Explain};

/// What can be wrong with rows to reduce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReductionError {
    /// No such method.
    UnknownMethod(String),
    /// The method differs between rows of a group.
    MethodChanged(Method, Method),
    /// The method is NULL.
    NullMethod,
    /// The time is NULL though the value is not.
    NullTime(Method),
    /// The method needs a time and the call has none.
    NeedsTime(Method),
    /// The tie-break is NULL though the value is not.
    NullTiebreak,
    /// The method is not for text.
    NotForText(Method),
    /// The memory limit was reached.
    Memory(OverBudget),
    /// A state from another process that cannot be right.
    Corrupt,
}

impl From<OverBudget> for ReductionError {
    fn from(e: OverBudget) -> Self {
        ReductionError::Memory(e)
    }
}

impl Explain for ReductionError {
    fn class(&self) -> Class {
        use ReductionError::*;
        match self {
            UnknownMethod(_) | MethodChanged(..) | NotForText(_) | NeedsTime(_) => {
                Class::InvalidParameter
            }
            NullMethod | NullTime(_) | NullTiebreak => Class::NullNotAllowed,
            Memory(_) => Class::LimitExceeded,
            Corrupt => Class::Corrupt,
        }
    }

    fn message(&self) -> String {
        use ReductionError::*;
        match self {
            UnknownMethod(word) => format!("unknown reduction method \"{word}\""),
            MethodChanged(a, b) => {
                format!(
                    "reduction method must be the same for all rows of a group, got \"{}\" after \"{}\"",
                    b.word(),
                    a.word()
                )
            }
            NullMethod => "reduction method must not be null".to_owned(),
            NullTime(m) => format!(
                "time of a value must not be null for reduction \"{}\"",
                m.word()
            ),
            NeedsTime(m) => format!("reduction \"{}\" needs the time of the values", m.word()),
            NullTiebreak => "tiebreak of a value must not be null".to_owned(),
            NotForText(m) => format!("reduction \"{}\" is not for text", m.word()),
            Memory(_) => "reduction needs more memory than rct.memory_limit allows".to_owned(),
            Corrupt => "state of a reduction is damaged".to_owned(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            ReductionError::NullTime(_) => Some(
                "A row has a value but no time, so its place among the others is unknown."
                    .to_owned(),
            ),
            ReductionError::Memory(m) => Some(format!("This process: {m}.")),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        use ReductionError::*;
        let text = match self {
            UnknownMethod(_) => {
                let words: Vec<&str> = METHODS.iter().map(|(w, _)| *w).collect();
                return Some(format!("Methods are {}.", words.join(", ")));
            }
            MethodChanged(..) => "Give the method as a constant, or GROUP BY it.",
            NullMethod => "Give the method as a constant.",
            NullTime(_) => {
                "Leave such rows out with FILTER (WHERE at IS NOT NULL), or decide on a time with coalesce."
            }
            NeedsTime(_) => "Write rct.reduce(value, at, method).",
            NullTiebreak => "Use a column that is never null, such as the primary key.",
            NotForText(_) => {
                "Text can be reduced by first, last and mode; cast numbers to double precision."
            }
            Memory(_) => {
                "Let a superuser raise rct.memory_limit, or reduce parts of the table. With many groups, SET enable_hashagg = off holds one group at a time."
            }
            Corrupt => "Report this with the query and the versions of all servers.",
        };
        Some(text.to_owned())
    }
}
