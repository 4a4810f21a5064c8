//! How an error of the core is told to the user.

/// The kind of an error; the Postgres layer maps each to one SQLSTATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An argument is outside what the function accepts (22023).
    InvalidParameter,
    /// A number is not finite or too large (22003).
    OutOfRange,
    /// A NULL where a value is needed (22004).
    NullNotAllowed,
    /// Text that cannot be read as the type (22P02).
    InvalidText,
    /// Bytes of a stored value that cannot be right (XX001).
    Corrupt,
    /// Memory or size limit (54000).
    LimitExceeded,
    /// The system has no more memory (53200).
    OutOfMemory,
    /// Correct, but not offered for this input (0A000).
    NotSupported,
    /// Right in itself, but not in the state that the object is in (55000).
    PrerequisiteState,
    /// The object does not exist (42704).
    UndefinedObject,
    /// The object exists already (42710).
    DuplicateObject,
    /// What was meant cannot be told (42725).
    Ambiguous,
    /// A value of a type that is not taken (42804).
    WrongType,
}

/// What the user gets to see of an error.
pub trait Explain {
    /// The kind.
    fn class(&self) -> Class;
    /// Lower-case message that names the object and the value.
    fn message(&self) -> String;
    /// A full sentence on why, if the message does not say it.
    fn detail(&self) -> Option<String> {
        None
    }
    /// A full sentence on what to do.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// What a message shows of a text that may be long.
pub(crate) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
    }
}

/// A number as Postgres writes it.
pub fn spelled(value: f64) -> String {
    if value.is_infinite() {
        format!("{}Infinity", if value < 0.0 { "-" } else { "" })
    } else {
        value.to_string()
    }
}

/// An argument that is outside what a function accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The argument.
    pub argument: &'static str,
    /// What it must be.
    pub must: &'static str,
    /// What was given.
    pub got: String,
    /// A full sentence on what to do.
    pub hint: &'static str,
}

impl Invalid {
    /// `argument must be …, got value`.
    pub fn number(
        argument: &'static str,
        must: &'static str,
        got: f64,
        hint: &'static str,
    ) -> Self {
        Invalid {
            argument,
            must,
            got: spelled(got),
            hint,
        }
    }

    /// `argument must be …, got "word"`.
    pub fn word(argument: &'static str, must: &'static str, got: &str, hint: &'static str) -> Self {
        Invalid {
            argument,
            must,
            got: format!("\"{got}\""),
            hint,
        }
    }
}

impl Explain for Invalid {
    fn class(&self) -> Class {
        Class::InvalidParameter
    }

    fn message(&self) -> String {
        format!("{} must be {}, got {}", self.argument, self.must, self.got)
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint.to_owned())
    }
}
