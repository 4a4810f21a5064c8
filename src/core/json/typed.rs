//! JSON as typed values, with errors that name the path.

use super::error::JsonError;
use super::kept::Object;
use super::{Origin, Text};
use crate::error::short;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// Characters of a path and of what is wrong there in a message; both quote what was given.
const SHOWN: usize = 300;

/// Reads an object.
pub(crate) fn read<T: DeserializeOwned>(
    what: &str,
    text: &str,
    origin: Origin,
) -> Result<T, JsonError> {
    let text = Text::check(what, text, origin)?.text();
    let mut from = serde_json::Deserializer::from_str(text);
    let value: Object<T> = serde_path_to_error::deserialize(&mut from).map_err(|e| {
        let path = match e.path().to_string() {
            whole if whole == "." => String::new(),
            path => path,
        };
        told(what, path, e.inner())
    })?;
    from.end().map_err(|e| JsonError::Syntax {
        what: what.to_owned(),
        why: e.to_string(),
    })?;
    Ok(value.0)
}

fn invalid(
    path: impl Into<String>,
    problem: impl Into<String>,
    hint: impl Into<String>,
) -> JsonError {
    JsonError::Field {
        path: short(&path.into(), SHOWN),
        problem: short(&problem.into(), SHOWN),
        hint: hint.into(),
    }
}

/// The error in our words.
fn told(what: &str, path: String, error: &serde_json::Error) -> JsonError {
    let whole = error.to_string();
    // Documents come from jsonb, where lines and columns mean nothing to the user.
    let said = whole.rsplit_once(" at line ").map_or(&*whole, |(m, _)| m);
    if error.classify() != Category::Data {
        return JsonError::Syntax {
            what: what.to_owned(),
            why: whole,
        };
    }
    if let Some(rest) = said.strip_prefix("unknown field ") {
        let (name, offered) = rest.split_once(", ").unwrap_or((rest, ""));
        let hint = match offered.strip_prefix("expected ") {
            Some(fields) => {
                let fields = fields.strip_prefix("one of ").unwrap_or(fields);
                format!("Known here: {}.", fields.replace('`', ""))
            }
            None => String::new(),
        };
        let name = name.trim_matches('`');
        // Depending on the parser the path ends at the object or at the field.
        let parent = match path.strip_suffix(name) {
            Some(parent) => parent.trim_end_matches('.').to_owned(),
            None => path,
        };
        return invalid(parent, format!("unknown field {name:?}"), hint);
    }
    if let Some(name) = said.strip_prefix("missing field ") {
        let name = name.trim_matches('`');
        let path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        return invalid(path, "is missing", "Give a value.");
    }
    let problem = match said.split_once(", expected ") {
        Some((got, expected)) => {
            let got = got
                .strip_prefix("invalid type: ")
                .or_else(|| got.strip_prefix("invalid value: "))
                .unwrap_or(got);
            let expected = match expected {
                "f64" | "a JSON number" => "a number",
                "a sequence" => "an array",
                "a map" => "an object",
                "a boolean" => "true or false",
                other => other,
            };
            let got = match got {
                "map" => "an object",
                "sequence" => "an array",
                other => other,
            };
            format!("must be {expected}, got {got}").replace('`', "")
        }
        None => said.to_owned(),
    };
    if path.is_empty() {
        return invalid(path, format!("{what}: {problem}"), "");
    }
    let hint = if problem.starts_with("must be a time stamp") {
        "Write it like 2026-09-01T08:00:00+02:00."
    } else {
        ""
    };
    invalid(path, problem, hint)
}
