//! JSON that is kept as it came: numbers keep all their digits, keys are sorted.

use super::error::JsonError;
use super::{Origin, Text};
use crate::error::Explain;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// Largest whole number.
pub(crate) const WHOLE: i64 = 9_000_000_000_000_000;

/// Any JSON value, in its canonical text: no white space, keys sorted, digits of numbers as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// The canonical text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// A JSON string.
    pub fn string(text: &str) -> Self {
        Json(quoted(text))
    }

    /// The value of a JSON text.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let text = Text::check("payload", text, Origin::Argument)?;
        canonical(text.text()).map(Json)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(from)?;
        Json::parse(raw.get()).map_err(|e| D::Error::custom(e.message()))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone())
            .map_err(serde::ser::Error::custom)?
            .serialize(to)
    }
}

/// A string as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The members of an object, or nothing for any other value.
fn members(text: &str) -> Option<BTreeMap<String, &RawValue>> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).ok()
    } else {
        None
    }
}

/// The canonical text of a JSON text that was checked, or made of one that was.
pub(crate) fn canonical(text: &str) -> Result<String, JsonError> {
    let mut out = String::with_capacity(text.len());
    write(text, &mut out).map_err(|e| JsonError::Syntax {
        what: "document".to_owned(),
        why: e.to_string(),
    })?;
    Ok(out)
}

fn write(text: &str, out: &mut String) -> Result<(), serde_json::Error> {
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'{') => {
            let all: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            out.push('{');
            for (i, (key, value)) in all.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&quoted(key));
                out.push(':');
                write(value.get(), out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let all: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push('[');
            for (i, value) in all.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(value.get(), out)?;
            }
            out.push(']');
        }
        Some(b'"') => {
            let value: String = serde_json::from_str(text)?;
            out.push_str(&quoted(&value));
        }
        _ => out.push_str(text),
    }
    Ok(())
}

/// The text of two checked ones after an RFC 7386 merge patch.
pub(crate) fn merged(target: Option<&str>, patch: &str) -> String {
    let Some(patches) = members(patch) else {
        return patch.to_owned();
    };
    let mut all: BTreeMap<String, String> = target
        .and_then(members)
        .unwrap_or_default()
        .into_iter()
        .map(|(key, value)| (key, value.get().to_owned()))
        .collect();
    for (key, value) in patches {
        if value.get() == "null" {
            all.remove(&key);
        } else {
            let new = merged(all.get(&key).map(String::as_str), value.get());
            all.insert(key, new);
        }
    }
    let parts: Vec<String> = all
        .iter()
        .map(|(key, value)| format!("{}:{value}", quoted(key)))
        .collect();
    format!("{{{}}}", parts.join(","))
}

/// A struct that is read from an object only; a derived struct would also read an array of its fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Read<T> {
            type Value = T;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        from.deserialize_map(Read(PhantomData)).map(Object)
    }
}

/// For `deserialize_with`: one object.
pub(crate) fn object<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::deserialize(from).map(|o| o.0)
}

/// For `deserialize_with`: an object or null.
pub(crate) fn maybe_object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Object<T>>::deserialize(from).map(|o| o.map(|o| o.0))
}

/// For `deserialize_with`: an array of objects.
pub(crate) fn objects<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let all = Vec::<Object<T>>::deserialize(from)?;
    Ok(all.into_iter().map(|o| o.0).collect())
}

/// For `deserialize_with`: values by name; null is as good as no entry.
pub(crate) fn values<'de, D>(from: D) -> Result<BTreeMap<String, Json>, D::Error>
where
    D: Deserializer<'de>,
{
    let all = BTreeMap::<String, Option<Json>>::deserialize(from)?;
    Ok(all
        .into_iter()
        .filter_map(|(k, v)| v.map(|v| (k, v)))
        .collect())
}

/// A whole number, also when written 5.0.
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(from)?;
        let whole = number.as_i64().or_else(|| {
            let near = number.as_f64().filter(|f| f.fract() == 0.0)?;
            Some(near as i64)
        });
        // Larger ones are not exact in every JSON library.
        let whole = whole.filter(|w| (-WHOLE..=WHOLE).contains(w));
        whole
            .map(Whole)
            .ok_or_else(|| D::Error::custom(format_args!("must be a whole number, got {number}")))
    }
}

/// For `deserialize_with`: a whole number.
pub(crate) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    Whole::deserialize(from).map(|w| w.0)
}

/// For `deserialize_with`: a whole number or null.
pub(crate) fn maybe_whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Option::<Whole>::deserialize(from).map(|o| o.map(|w| w.0))
}

/// For `serialize_with`: whole numbers without a decimal point.
pub(crate) fn number<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    // -0.0 is whole, and becomes 0.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        to.serialize_i64(*value as i64)
    } else {
        to.serialize_f64(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7386, appendix A.
    #[test]
    fn merge_patch() {
        for (target, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, r#"{}"#),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (
                r#"{"a":{"b":"c"}}"#,
                r#"{"a":{"b":"d","c":null}}"#,
                r#"{"a":{"b":"d"}}"#,
            ),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
            (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
            (r#"{"a":"foo"}"#, "null", "null"),
            (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
            (r#"[1,2]"#, r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(merged(Some(target), patch), result);
        }
    }

    #[test]
    fn canonical_text() {
        let text = r#" { "b" : [ 1.10, 123456789012345678901234567890, -0 ], "a": "\u00e4\/" } "#;
        let kept = "{\"a\":\"ä/\",\"b\":[1.10,123456789012345678901234567890,-0]}";
        assert_eq!(Json::parse(text).as_ref().map(Json::text), Ok(kept));
    }
}
