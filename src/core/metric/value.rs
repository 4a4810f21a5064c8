//! Logged JSON to measurements.

use super::{Definition, Kind, MetricError};
use crate::experiment::words;
use crate::identifier::problem;
use crate::json::{Origin, Text};
use crate::limits::Limit;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

words! {
    /// Why a value does not fit.
    Flag {
        /// The metric is not declared.
        UnknownMetric = "unknown_metric",
        /// The value is null.
        Missing = "missing",
        /// The metric is continuous and the value is no number.
        NotANumber = "not_a_number",
        /// A number that no double can hold.
        OutOfRange = "out_of_range",
        /// The metric is categorical and the value is not one of its own.
        NotAllowed = "not_allowed",
        /// An array or an object.
        NotAScalar = "not_a_scalar",
    }
}

/// A value as it is kept: nothing that was logged is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The value as a number, always finite.
    pub number: Option<f64>,
    /// The value as text: of a categorical metric, and of everything that is not simply a number.
    pub text: Option<String>,
    /// Why it does not fit; empty if it does.
    pub flags: Vec<Flag>,
}

/// Reads a number as people and programs write it: decimal, with sign, point and exponent, blanks around it.
///
/// `None` if it is no number; infinite if it is one, but beyond the doubles. The words for NaN and infinity are no numbers.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let numeric = |c: char| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
    if text.chars().all(numeric) {
        text.parse().ok()
    } else {
        None
    }
}

/// What was logged, in the terms of JSON.
enum Logged {
    Null,
    /// The number as it was written.
    Number(String),
    /// A boolean, as JSON.
    Bool(String),
    Text(String),
    /// An array or object, as JSON.
    Nested(String),
}

impl Logged {
    /// `json` is a part of what was checked.
    fn read(json: &str) -> Self {
        // A number is not read by serde_json: it refuses those beyond the doubles, and with them the whole event.
        match json.bytes().next() {
            Some(b'-' | b'0'..=b'9') => Logged::Number(json.to_owned()),
            Some(b'[' | b'{') => Logged::Nested(json.to_owned()),
            Some(b't' | b'f') => Logged::Bool(json.to_owned()),
            Some(b'"') => serde_json::from_str(json).map_or(Logged::Null, Logged::Text),
            _ => Logged::Null,
        }
    }
}

/// Types the value of a metric. `json` is any JSON value, `definition` that of a declared metric.
pub fn check(json: &str, definition: Option<&Definition>) -> Result<Measurement, MetricError> {
    let json = Text::check("metrics", json, Origin::Logged)?;
    Ok(typed(Logged::read(json.text().trim()), definition))
}

fn typed(logged: Logged, definition: Option<&Definition>) -> Measurement {
    let mut measurement = Measurement {
        number: None,
        text: None,
        flags: Vec::new(),
    };
    let flags = &mut measurement.flags;
    if definition.is_none() {
        flags.push(Flag::UnknownMetric);
    }
    let (text, parsed) = match logged {
        Logged::Null => {
            flags.push(Flag::Missing);
            return measurement;
        }
        Logged::Nested(json) => {
            flags.push(Flag::NotAScalar);
            measurement.text = Some(json);
            return measurement;
        }
        Logged::Bool(word) => (word, None),
        Logged::Number(text) | Logged::Text(text) => {
            let parsed = number(&text);
            (text, parsed)
        }
    };
    let finite = parsed.filter(|n| n.is_finite());
    match definition.map(|d| &d.kind) {
        Some(Kind::Continuous) => {
            match parsed {
                Some(n) if n.is_finite() => {}
                Some(_) => flags.push(Flag::OutOfRange),
                None => flags.push(Flag::NotANumber),
            }
            measurement.number = finite;
            measurement.text = finite.is_none().then_some(text);
        }
        Some(Kind::Categorical(allowed)) => {
            if !allowed.contains(&text) {
                flags.push(Flag::NotAllowed);
            }
            measurement.text = Some(text);
        }
        // Both, since the type may be declared later.
        None => {
            if parsed.is_some() && finite.is_none() {
                flags.push(Flag::OutOfRange);
            }
            measurement.number = finite;
            measurement.text = Some(text);
        }
    }
    measurement
}

/// The measurements of a logged event, by the names of the metrics. Both arguments are JSON objects with the names as
/// keys; definitions of metrics that were not logged may be among them.
pub fn flatten(
    metrics: &str,
    definitions: &str,
) -> Result<BTreeMap<String, Measurement>, MetricError> {
    let metrics = Text::check("metrics", metrics, Origin::Logged)?;
    let values = metrics.members()?.ok_or_else(|| MetricError::NotAnObject {
        what: "metrics",
        got: metrics.text().to_owned(),
    })?;
    Limit::Metrics.check("metrics", values.len())?;
    let definitions = declared(definitions)?;
    let mut measurements = BTreeMap::new();
    for (name, value) in values {
        if let Some(problem) = problem(&name) {
            return Err(MetricError::Name(problem));
        }
        let measurement = typed(Logged::read(value.get()), definitions.get(&name));
        measurements.insert(name, measurement);
    }
    Ok(measurements)
}

/// The declarations as SQL collects them from our own table.
fn declared(json: &str) -> Result<BTreeMap<String, Definition>, MetricError> {
    let value = Text::check("definitions", json, Origin::Stored)?.value()?;
    let Value::Object(all) = value else {
        return Err(MetricError::NotAnObject {
            what: "definitions",
            got: value.to_string(),
        });
    };
    all.into_iter()
        .map(|(name, value)| Ok((name, Definition::from_value(&value, "definition")?)))
        .collect()
}
