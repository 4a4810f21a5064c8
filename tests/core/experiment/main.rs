//! Definitions of experiments: what is read, what is refused and how, what may change when, what is compiled.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod changing;
mod compiling;
mod limits;
mod reading;
mod schema;
mod starting;
mod upgrade;

use rct_core::error::Explain;
use rct_core::experiment::{ExperimentError, Spec};
use serde_json::Value;

pub const HINTS: &str = include_str!("hints.json");
pub const FACTORIAL: &str = include_str!("factorial.json");
pub const WITHIN: &str = include_str!("within.json");
pub const DRAFT: &str = include_str!("draft.json");
pub const UPGRADE: &str = include_str!("upgrade.json");
pub const EXAMPLES: [&str; 4] = [HINTS, FACTORIAL, WITHIN, DRAFT];

pub fn spec(text: &str) -> Spec {
    match Spec::parse(text) {
        Ok((spec, _)) => spec,
        Err(error) => panic!("{}", error.message()),
    }
}

/// The example with a value put in at a JSON pointer.
pub fn with(text: &str, pointer: &str, value: Value) -> String {
    let mut document: Value = serde_json::from_str(text).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.insert(key.to_owned(), value)),
        Value::Array(all) => all[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other}"),
    }
    document.to_string()
}

pub fn message<T: std::fmt::Debug>(result: Result<T, ExperimentError>) -> String {
    result.unwrap_err().message()
}
