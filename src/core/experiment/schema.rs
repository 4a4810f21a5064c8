//! The published JSON Schema of specifications, made of the same words and limits as the parser.

use super::members::RESERVED;
use super::spec::HASH_VERSION;
use super::validate::DEFAULT;
use super::words::{Algorithm, Consistency, FilterMode, Hash, Late, Order, Unit};
use crate::identifier::MOST_BYTES;
use crate::json::WHOLE;
use crate::limits::Limit;
use serde_json::{Value, json};

/// Where the schema says it is from.
const ID_OF_SCHEMA: &str = "urn:pg_rct:experiment:1";

/// JSON Schema, draft 2020-12, of the specification of an experiment. It says of each value what the parser says of
/// it; what values must be to each other, only the parser and the preflight know.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID_OF_SCHEMA,
        "title": "Specification of an experiment",
        "type": "object",
        "required": ["key", "context"],
        "additionalProperties": false,
        "properties": {
            "key": name("Public key."),
            "context": name("The application; case does not matter."),
            "description": { "type": "string", "default": "" },
            "tags": { "type": "array", "items": name("A word to find it by."), "uniqueItems": true, "maxItems": Limit::Tags.most(), "default": [] },
            "unit": words("Unit of assignment.", &Unit::ALL.iter().map(|w| w.word()).collect::<Vec<_>>()),
            "group_type": nullable(group_type()),
            "consistency": optional_words(
                "Consistency rule. Left out: group for the unit group, individual for others.",
                &Consistency::ALL.iter().map(|w| w.word()).collect::<Vec<_>>(),
            ),
            "assignment": assignment(),
            "conditions": { "type": "array", "items": condition(), "maxItems": Limit::Conditions.most(), "default": [] },
            "factors": { "type": "array", "items": factor(), "maxItems": Limit::Factors.most(), "default": [] },
            "decision_points": { "type": "array", "items": decision_point(), "maxItems": Limit::DecisionPoints.most(), "default": [] },
            "post_rule": post_rule(),
            "filter_mode": words("Who may take part.", &FilterMode::ALL.iter().map(|w| w.word()).collect::<Vec<_>>()),
            "lists": object("Include and exclude lists.", json!({ "include": members(), "exclude": members() }), &[]),
            "rollout": fraction("Fraction of units that may enroll.", Some(1)),
            "holdout": nullable(object(
                "Units that never enroll, in all experiments that name it.",
                json!({ "name": name("Its name."), "fraction": fraction("Fraction of the units.", None) }),
                &["name", "fraction"],
            )),
            "namespace": nullable(object(
                "Mutual exclusion: the part of a namespace in which units may enroll.",
                json!({
                    "name": name("Its name."),
                    "from": fraction("Begin of the part.", None),
                    "to": fraction("End of the part, not included.", None),
                }),
                &["name", "from", "to"],
            )),
            "schedule": object(
                "When enrollment starts and ends.",
                json!({ "starts_at": nullable(moment()), "ends_at": nullable(moment()) }),
                &[],
            ),
            "ending": object(
                "How many end enrollment.",
                json!({
                    "users": nullable(count("Enrolled users.")),
                    "groups": nullable(count("Enrolled groups.")),
                    "users_per_group": nullable(count("Enrolled users that make a group count.")),
                }),
                &[],
            ),
            "default_payload": payload("What the default delivers."),
        },
    })
}

/// The text of the schema as it is published.
pub fn schema_text() -> String {
    // A value of strings, numbers, arrays and objects has a text.
    let text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text + "\n"
}

/// A name or an id. Its limit is in bytes, of which the schema can only say that there are no more characters.
fn text(description: &str) -> Value {
    json!({
        "description": description,
        "type": "string",
        "minLength": 1,
        "maxLength": MOST_BYTES,
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$",
    })
}

fn with(mut schema: Value, key: &str, value: Value) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
    schema
}

fn name(description: &str) -> Value {
    text(description)
}

fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }], "default": null })
}

/// The first word is the default.
fn words(description: &str, words: &[&str]) -> Value {
    json!({ "description": description, "enum": words, "default": words.first() })
}

fn optional_words(description: &str, words: &[&str]) -> Value {
    json!({ "description": description, "enum": words.iter().map(|w| json!(w)).chain([Value::Null]).collect::<Vec<_>>() })
}

fn object(description: &str, properties: Value, required: &[&str]) -> Value {
    json!({
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn group_type() -> Value {
    let schema = text("Type of group, such as class.");
    with(schema, "not", json!({ "enum": RESERVED }))
}

fn fraction(description: &str, default: Option<u8>) -> Value {
    let schema =
        json!({ "description": description, "type": "number", "minimum": 0, "maximum": 1 });
    match default {
        Some(value) => with(schema, "default", json!(value)),
        None => schema,
    }
}

fn count(description: &str) -> Value {
    json!({ "description": description, "type": "integer", "minimum": 1, "maximum": WHOLE })
}

fn moment() -> Value {
    json!({ "description": "RFC 3339, with its offset.", "type": "string", "format": "date-time" })
}

fn payload(description: &str) -> Value {
    json!({ "description": format!("{description} Any JSON; null is the same as nothing."), "default": null })
}

fn assignment() -> Value {
    object(
        "How conditions are assigned.",
        json!({
            "algorithm": words("How units get their condition.", &Algorithm::ALL.iter().map(|w| w.word()).collect::<Vec<_>>()),
            "hash": words("Which hash draws.", &Hash::ALL.iter().map(|w| w.word()).collect::<Vec<_>>()),
            "hash_version": { "const": HASH_VERSION, "default": HASH_VERSION },
            "salt": nullable(text("Salt of all draws. Left out: the key.")),
            "late": words("Units that a randomization did not know.", &Late::ALL.iter().map(|w| w.word()).collect::<Vec<_>>()),
            "order": words("Order of the conditions within a user.", &Order::ALL.iter().map(|w| w.word()).collect::<Vec<_>>()),
        }),
        &[],
    )
}

fn condition() -> Value {
    object(
        "A condition.",
        json!({
            "code": with(text("Its code."), "not", json!({ "const": DEFAULT })),
            "name": { "type": ["string", "null"], "default": null },
            "weight": { "description": "Relative to the others.", "type": "number", "minimum": 0, "default": 1 },
            "payload": payload("What it delivers where the decision point does not say otherwise."),
            "levels": {
                "description": "Its level of each factor, by name.",
                "type": "object",
                "propertyNames": text("Name of a factor."),
                "additionalProperties": text("Name of a level."),
                "default": {},
            },
        }),
        &["code"],
    )
}

fn factor() -> Value {
    object(
        "A factor of a factorial design.",
        json!({
            "name": name("Its name."),
            "levels": {
                "type": "array",
                "items": object(
                    "A level.",
                    json!({ "name": name("Its name."), "payload": payload("What it delivers.") }),
                    &["name"],
                ),
                "maxItems": Limit::Levels.most(),
                "default": [],
            },
        }),
        &["name"],
    )
}

fn decision_point() -> Value {
    object(
        "A decision point.",
        json!({
            "site": name("Site."),
            "target": nullable(json!({ "anyOf": [text("Target; the empty text is none."), { "const": "" }] })),
            "exclude_if_reached": {
                "description": "Whether who came before enrollment is left out.",
                "type": "boolean",
                "default": true,
            },
            "payloads": {
                "description": "What conditions deliver here, by code.",
                "type": "object",
                "default": {},
            },
        }),
        &["site"],
    )
}

fn post_rule() -> Value {
    json!({
        "description": "What users get when enrollment is complete.",
        "anyOf": [
            { "enum": ["continue", "revert"] },
            object("The condition for those who are enrolled.", json!({ "assign": name("Code of a condition.") }), &["assign"]),
        ],
        "default": "continue",
    })
}

fn members() -> Value {
    let ids = json!({
        "type": "array",
        "items": { "type": "string", "minLength": 1, "maxLength": MOST_BYTES, "pattern": "\\S" },
        "maxItems": Limit::Members.most(),
        "default": [],
    });
    object(
        "Users, groups and segments.",
        json!({
            "users": ids,
            "groups": {
                "description": "Groups by their type.",
                "type": "object",
                "propertyNames": group_type(),
                "additionalProperties": ids,
                "default": {},
            },
            "segments": {
                "type": "array",
                "items": name("Key of a segment."),
                "maxItems": Limit::Members.most(),
                "default": [],
            },
        }),
        &[],
    )
}
