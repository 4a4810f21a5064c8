//! The declaration of a metric.

use super::MetricError;
use crate::experiment::words;
use crate::json::{Origin, Text};
use crate::limits::Limit;
use crate::reduction::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

words! {
    /// Which change of a continuous metric is wanted.
    Direction {
        /// Larger values are better.
        Higher = "higher",
        /// Smaller values are better.
        Lower = "lower",
    }
}

/// What the values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Continuous,
    /// One of these texts, in the order of the declaration.
    Categorical(Vec<String>),
}

impl Kind {
    /// The word of the type.
    pub fn word(&self) -> &'static str {
        match self {
            Kind::Continuous => "continuous",
            Kind::Categorical(_) => "categorical",
        }
    }
}

/// How many values of a user become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// A reduction of the values themselves.
    Of(Method),
    /// Which percentage of the values is the one asked for.
    Percent,
}

impl Reduction {
    /// All words, in the order of the documentation.
    pub const WORDS: [&'static str; 11] = [
        "first", "last", "mean", "median", "min", "max", "sum", "count", "mode", "stddev",
        "percent",
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Reduction::Of(method) => method.word(),
            Reduction::Percent => "percent",
        }
    }

    /// The reduction of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "percent" => Some(Reduction::Percent),
            other => Method::from_word(other).ok().map(Reduction::Of),
        }
    }

    /// Whether values that are text can be reduced by it.
    pub fn is_for(self, kind: &Kind) -> bool {
        use Method::{Count, First, Last, Mode};
        match kind {
            Kind::Continuous => true,
            Kind::Categorical(_) => matches!(
                self,
                Reduction::Percent | Reduction::Of(First | Last | Mode | Count)
            ),
        }
    }
}

/// The declaration of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// What the values are.
    pub kind: Kind,
    /// How many values of a user become one.
    pub reduction: Reduction,
    /// Which change is wanted.
    pub direction: Option<Direction>,
    /// For people.
    pub description: Option<String>,
}

const FIELDS: [&str; 5] = ["type", "allowed", "reduction", "direction", "description"];
const TYPES: [&str; 2] = ["continuous", "categorical"];

impl Definition {
    /// What is stored of a declaration that somebody makes.
    pub fn declared(text: &str) -> Result<String, MetricError> {
        Limit::Definition.check("bytes of the definition", text.len())?;
        Self::parse(text).map(|d| d.normalised())
    }

    /// Reads the JSON of a declaration.
    pub fn parse(text: &str) -> Result<Self, MetricError> {
        let value = Text::check("definition", text, Origin::Argument)?.value()?;
        Self::from_value(&value, "definition")
    }

    /// Reads a declaration; `what` names it in errors.
    pub(super) fn from_value(value: &Value, what: &'static str) -> Result<Self, MetricError> {
        let Value::Object(fields) = value else {
            return Err(MetricError::NotAnObject {
                what,
                got: value.to_string(),
            });
        };
        if let Some(unknown) = fields.keys().find(|k| !FIELDS.contains(&k.as_str())) {
            return Err(MetricError::UnknownField(unknown.clone()));
        }
        let kind = kind(fields)?;
        let reduction = reduction(fields, &kind)?;
        let direction = direction(fields, &kind)?;
        let description = text(fields, "description")?.map(str::to_owned);
        Ok(Definition {
            kind,
            reduction,
            direction,
            description,
        })
    }

    /// The declaration with all defaults, as JSON with sorted keys.
    pub fn normalised(&self) -> String {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("type", Value::from(self.kind.word()));
        if let Kind::Categorical(allowed) = &self.kind {
            put("allowed", Value::from(allowed.clone()));
        }
        put("reduction", Value::from(self.reduction.word()));
        if let Some(direction) = self.direction {
            put("direction", Value::from(direction.word()));
        }
        if let Some(description) = &self.description {
            put("description", Value::from(description.as_str()));
        }
        Value::Object(fields).to_string()
    }
}

/// A field that is there and not null.
fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|v| !v.is_null())
}

fn text<'a>(
    fields: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, MetricError> {
    match field(fields, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(MetricError::WrongType {
            path: name.to_owned(),
            wanted: "a text",
            got: other.to_string(),
        }),
    }
}

fn kind(fields: &Map<String, Value>) -> Result<Kind, MetricError> {
    let word = text(fields, "type")?.ok_or(MetricError::MissingField("type"))?;
    match (word, field(fields, "allowed")) {
        ("continuous", None) => Ok(Kind::Continuous),
        ("continuous", Some(_)) => Err(MetricError::NotForKind {
            path: "allowed",
            kind: "continuous",
        }),
        ("categorical", None) => Err(MetricError::MissingField("allowed")),
        ("categorical", Some(Value::Array(values))) => {
            Ok(Kind::Categorical(allowed(values.as_slice())?))
        }
        ("categorical", Some(other)) => Err(MetricError::WrongType {
            path: "allowed".to_owned(),
            wanted: "an array of texts",
            got: other.to_string(),
        }),
        (other, _) => Err(MetricError::UnknownWord {
            path: "type",
            words: &TYPES,
            got: other.to_owned(),
        }),
    }
}

fn allowed(values: &[Value]) -> Result<Vec<String>, MetricError> {
    if values.is_empty() {
        return Err(MetricError::NothingAllowed);
    }
    Limit::Allowed.check("allowed", values.len())?;
    let mut seen = BTreeSet::new();
    let mut all = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let path = format!("allowed[{index}]");
        let Value::String(text) = value else {
            return Err(MetricError::WrongType {
                path,
                wanted: "a text",
                got: value.to_string(),
            });
        };
        if !seen.insert(text) {
            return Err(MetricError::Twice {
                path,
                got: text.clone(),
            });
        }
        all.push(text.clone());
    }
    Ok(all)
}

fn reduction(fields: &Map<String, Value>, kind: &Kind) -> Result<Reduction, MetricError> {
    let Some(word) = text(fields, "reduction")? else {
        return Ok(Reduction::Of(Method::Last));
    };
    let found = Reduction::from_word(word).ok_or_else(|| MetricError::UnknownWord {
        path: "reduction",
        words: &Reduction::WORDS,
        got: word.to_owned(),
    })?;
    if found.is_for(kind) {
        Ok(found)
    } else {
        Err(MetricError::ReductionNotForText(found.word()))
    }
}

fn direction(fields: &Map<String, Value>, kind: &Kind) -> Result<Option<Direction>, MetricError> {
    let Some(word) = text(fields, "direction")? else {
        return Ok(None);
    };
    if *kind != Kind::Continuous {
        return Err(MetricError::NotForKind {
            path: "direction",
            kind: kind.word(),
        });
    }
    let found = Direction::from_word(word).ok_or_else(|| MetricError::UnknownWord {
        path: "direction",
        words: &["higher", "lower"],
        got: word.to_owned(),
    })?;
    Ok(Some(found))
}
