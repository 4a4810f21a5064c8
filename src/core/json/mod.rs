//! The one reader of JSON: every document that somebody hands over goes through [`Text`] before anything is made of it.
//!
//! Postgres accepts as `jsonb` what readers of JSON give up on or read differently: numbers of 131,072 digits, thousands
//! of levels, hundreds of megabytes. The rules here are checked in one pass without recursion, and each is far below
//! what the parser behind it can take:
//!
//! | rule | limit | error |
//! |---|---|---|
//! | levels of arrays and objects | [`DEPTH`] | 22023 |
//! | numbers | finite as a double; logged values may be any number | 22023 |
//! | keys | each once in an object | 22023 |
//! | texts | without U+0000 and lone surrogates | 22023, 22P02 |
//! | bytes, values | [`Limit::JsonBytes`], [`Limit::JsonValues`] | 54000 |
//!
//! [`Limit::JsonBytes`]: crate::limits::Limit::JsonBytes
//! [`Limit::JsonValues`]: crate::limits::Limit::JsonValues

mod error;
mod kept;
mod path;
mod scan;
mod typed;

pub use error::JsonError;
pub use kept::Json;
pub(crate) use kept::{
    Object, WHOLE, canonical, maybe_object, maybe_whole, merged, number, object, objects, quoted,
    values, whole,
};
pub(crate) use typed::read;

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The most levels of arrays and objects in each other.
pub const DEPTH: usize = 64;

/// Where a text comes from, which decides what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody handed it over: numbers are those that a double can hold, as every client reads them.
    Argument,
    /// Likewise, with what was measured, which is kept whatever it is.
    Logged,
    /// It was made of our own records: parts that kept the rules, put together.
    Stored,
}

/// Levels that our own records add to what they are made of.
const ADDED: usize = 8;

impl Origin {
    fn depth(self) -> usize {
        match self {
            Origin::Argument | Origin::Logged => DEPTH,
            Origin::Stored => DEPTH + ADDED,
        }
    }
}

/// A JSON text that keeps the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    what: &'a str,
    text: &'a str,
}

impl<'a> Text<'a> {
    /// Checks a text; `what` names it in errors.
    pub fn check(what: &'a str, text: &'a str, origin: Origin) -> Result<Self, JsonError> {
        scan::scan(what, text, origin)?;
        Ok(Text { what, text })
    }

    /// The text.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// The whole as a value; numbers are doubles.
    pub fn value(self) -> Result<Value, JsonError> {
        serde_json::from_str(self.text).map_err(|e| self.syntax(&e))
    }

    /// The members of an object, or nothing for any other value.
    pub fn members(self) -> Result<Option<BTreeMap<String, &'a RawValue>>, JsonError> {
        if self.text.trim_start().starts_with('{') {
            let all = serde_json::from_str(self.text);
            all.map(Some).map_err(|e| self.syntax(&e))
        } else {
            Ok(None)
        }
    }

    fn syntax(self, error: &serde_json::Error) -> JsonError {
        JsonError::Syntax {
            what: self.what.to_owned(),
            why: error.to_string(),
        }
    }
}
