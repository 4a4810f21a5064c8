//! Options that callers choose by a word.

use crate::error::Invalid;

/// A choice made by a word.
pub trait Word: Sized {
    /// Reads the word.
    fn from_word(word: &str) -> Result<Self, Invalid>;
}

/// The error of a word that is not offered: `must` is "one of" and the words.
pub(crate) fn unknown<T, E: From<Invalid>>(
    argument: &'static str,
    value: &str,
    must: &'static str,
) -> Result<T, E> {
    let hint = "Use one of these, written exactly so.";
    Err(Invalid::word(argument, must, value, hint).into())
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
