//! Options that callers choose by a word.

use crate::regression::QuestionError;

/// A choice made by a word.
pub trait Word: Sized {
    /// Reads the word.
    fn from_word(word: &str) -> Result<Self, QuestionError>;
}

/// The error of a word that is not offered.
pub(crate) fn unknown<T>(
    argument: &'static str,
    value: &str,
    offered: &'static str,
) -> Result<T, QuestionError> {
    Err(QuestionError::UnknownOption {
        argument,
        value: value.to_owned(),
        offered,
    })
}

/// Makes results show types with a method `word` as that word.
macro_rules! shown_as_words {
    ($($kind:ty),*) => { $(
        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    )* };
}

pub(crate) use shown_as_words;
