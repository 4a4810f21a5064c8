//! Logged JSON to measurements.

use super::{Definition, Kind, MetricError};
use crate::experiment::words;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The longest name of a metric, so that it fits an index.
pub const MAX_NAME_BYTES: usize = 1000;

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
    fn read(json: &str, metric: &str) -> Result<Self, MetricError> {
        // A number is not read by serde_json: it refuses those beyond the doubles, and with them the whole event.
        match json.bytes().next() {
            Some(b'-' | b'0'..=b'9') => Ok(Logged::Number(json.to_owned())),
            Some(b'[' | b'{') => Ok(Logged::Nested(json.to_owned())),
            Some(b't' | b'f') => Ok(Logged::Bool(json.to_owned())),
            Some(b'"') => match serde_json::from_str::<String>(json) {
                Ok(text) if text.contains('\0') => {
                    Err(MetricError::NulCharacter(metric.to_owned()))
                }
                Ok(text) => Ok(Logged::Text(text)),
                Err(e) => Err(not_json(&e)),
            },
            _ => Ok(Logged::Null),
        }
    }
}

fn not_json(error: &serde_json::Error) -> MetricError {
    MetricError::NotJson {
        what: "metrics",
        problem: error.to_string(),
    }
}

/// Types the value of a metric. `json` is any JSON value, `metric` its name for errors, `definition` that of a declared
/// metric.
pub fn check(
    json: &str,
    metric: &str,
    definition: Option<&Definition>,
) -> Result<Measurement, MetricError> {
    let raw: &RawValue = serde_json::from_str(json).map_err(|e| not_json(&e))?;
    Ok(typed(Logged::read(raw.get(), metric)?, definition))
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
    let values: BTreeMap<String, &RawValue> = object(metrics, "metrics")?;
    let definitions = declared(definitions)?;
    let mut measurements = BTreeMap::new();
    for (name, value) in values {
        if name.trim().is_empty() {
            return Err(MetricError::EmptyName);
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(MetricError::LongName(name.len()));
        }
        if name.contains('\0') {
            return Err(MetricError::NulCharacter("metrics".to_owned()));
        }
        let logged = Logged::read(value.get(), &name)?;
        let measurement = typed(logged, definitions.get(&name));
        measurements.insert(name, measurement);
    }
    Ok(measurements)
}

fn declared(json: &str) -> Result<BTreeMap<String, Definition>, MetricError> {
    let values: BTreeMap<String, Value> = object(json, "definitions")?;
    values
        .into_iter()
        .map(|(name, value)| Ok((name, Definition::from_value(&value, "definition")?)))
        .collect()
}

fn object<'a, V: serde::Deserialize<'a>>(
    json: &'a str,
    what: &'static str,
) -> Result<BTreeMap<String, V>, MetricError> {
    match serde_json::from_str::<&RawValue>(json) {
        Ok(value) if !value.get().starts_with('{') => Err(MetricError::NotAnObject {
            what,
            got: value.get().to_owned(),
        }),
        Ok(value) => serde_json::from_str(value.get()).map_err(|e| MetricError::NotJson {
            what,
            problem: e.to_string(),
        }),
        Err(e) => Err(MetricError::NotJson {
            what,
            problem: e.to_string(),
        }),
    }
}
