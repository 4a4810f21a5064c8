//! The schema, and what holds for any document.

use super::*;
use proptest::prelude::*;
use rct_core::experiment::{
    Lists, Status, apply_patch, check_change, compile, import_upgrade, parse_members, patched,
    preflight, schema, schema_text,
};
use serde_json::json;

fn validator() -> jsonschema::Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema())
        .unwrap()
}

#[test]
fn examples_pass_the_schema() {
    let validator = validator();
    for text in EXAMPLES {
        assert!(
            validator.is_valid(&serde_json::from_str(text).unwrap()),
            "{text}"
        );
        let filled: Value = serde_json::from_str(&spec(text).to_json().unwrap()).unwrap();
        assert!(validator.is_valid(&filled), "{filled}");
    }
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn published_schema_is_current() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/spec/experiment.schema.json"
    );
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, schema_text()).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        published == schema_text(),
        "write it with UPDATE_SCHEMA=1 cargo test -p rct-core experiment"
    );
}

/// Values that are right somewhere, or nearly.
fn values() -> Vec<Value> {
    let mut all = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(0.5),
        json!(5.0),
        json!(2),
        json!(1e300),
        json!(9_000_000_000_000_001_i64),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("x".repeat(513)),
        json!("ä".repeat(256)),
        json!(" \u{a0}"),
        json!("a\u{1}"),
        json!("a\nb"),
        json!("default"),
        json!("user"),
        json!("segment"),
        json!([]),
        json!({}),
        json!([1]),
        json!(["a"]),
        json!(["a", "a"]),
        json!([["a"]]),
        json!([{}]),
        json!({"group": null}),
        json!({"continue": null}),
        json!({"assign": "a"}),
        json!({"assign": "a", "b": 1}),
        json!({"assign": 1}),
        json!({"a": "b"}),
        json!({"a": ["b"]}),
        json!({"user": ["b"]}),
        json!({"": "b"}),
        json!([{"code": "a"}]),
        json!([{"name": "a"}]),
        json!([{"site": "a"}]),
        json!({"users": ["x".repeat(513)]}),
        json!({"users": ["x".repeat(512), " "]}),
        json!({"name": "a", "fraction": 0.5}),
        json!({"name": "a", "from": 0, "to": 1}),
        json!("2026-09-01T08:00:00+02:00"),
        json!("2026-09-01T08:00:00"),
        json!("2026-13-01T08:00:00Z"),
        json!("x".repeat(512)),
    ];
    for word in [
        "individual",
        "group",
        "within_subjects",
        "experiment",
        "hash",
        "blocks",
        "xxh3",
        "upgrade",
        "late",
        "next_slot",
        "random",
        "continue",
        "revert",
        "include_all",
        "INCLUDE_ALL",
    ] {
        all.push(json!(word));
    }
    all
}

const FIELDS: [&str; 16] = [
    "key", "payload", "name", "weight", "code", "levels", "unit", "salt", "groups", "users",
    "assign", "target", "from", "lists", "wieght", "$schema",
];

/// All places of a document.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(all) => all
            .iter()
            .for_each(|(k, v)| places(v, &format!("{at}/{k}"), into)),
        Value::Array(all) => all
            .iter()
            .enumerate()
            .for_each(|(i, v)| places(v, &format!("{at}/{i}"), into)),
        _ => (),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        proptest::sample::select(values()),
        any::<f64>().prop_map(|f| json!(f)),
        any::<i64>().prop_map(|i| json!(i)),
        ".{0,8}".prop_map(|s| json!(s))
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let name = prop_oneof![4 => proptest::sample::select(FIELDS.to_vec()).prop_map(str::to_owned), 1 => ".{0,4}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec((name, inner), 0..6).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

/// An example with a few values exchanged, added or left out.
fn nearly() -> impl Strategy<Value = Value> {
    let change = (
        any::<proptest::sample::Index>(),
        0..3_u8,
        proptest::sample::select(FIELDS.to_vec()),
        proptest::sample::select(values()),
    );
    (
        proptest::sample::select(EXAMPLES.to_vec()),
        proptest::collection::vec(change, 1..3),
    )
        .prop_map(|(text, changes)| {
            let mut document: Value = serde_json::from_str(text).unwrap();
            for (index, kind, field, value) in changes {
                let mut all = Vec::new();
                places(&document, "", &mut all);
                let place = &all[index.index(all.len())];
                let target = document.pointer_mut(place).unwrap();
                match (kind, target) {
                    (0, target) => *target = value,
                    (_, Value::Object(fields)) if kind == 1 => {
                        drop(fields.insert(field.to_owned(), value))
                    }
                    (_, Value::Object(fields)) => {
                        if let Some(name) = fields.keys().next().cloned() {
                            fields.remove(&name);
                        }
                    }
                    (_, target) => *target = value,
                }
            }
            document
        })
}

/// What no schema of single values can say.
fn between_values(error: &ExperimentError) -> bool {
    let message = error.message();
    message.contains("is already") || message.contains("too large to add")
}

/// Each place of each example with each value.
#[test]
fn schema_and_parser_agree_everywhere() {
    let validator = validator();
    for text in EXAMPLES {
        let example: Value = serde_json::from_str(text).unwrap();
        let mut all = Vec::new();
        places(&example, "", &mut all);
        for place in &all {
            for value in values() {
                let mut document = example.clone();
                *document.pointer_mut(place).unwrap() = value;
                agree(&validator, &document).unwrap();
            }
            let mut document = example.clone();
            for field in FIELDS {
                if let Some(Value::Object(fields)) = document.pointer_mut(place) {
                    let old = fields.insert(field.to_owned(), json!("x"));
                    agree(&validator, &document).unwrap();
                    document = example.clone();
                    drop(old);
                }
            }
        }
    }
}

/// Whether the schema and the parser say the same of a document.
fn agree(validator: &jsonschema::Validator, document: &Value) -> Result<(), String> {
    match (
        Spec::parse(&document.to_string()),
        validator.is_valid(document),
    ) {
        (Ok(_), true) | (Err(_), false) => Ok(()),
        (Err(error), true) if between_values(&error) => Ok(()),
        (Ok(_), false) => Err(format!("only the parser takes {document}")),
        (Err(error), true) => Err(format!(
            "only the schema takes {document}: {}",
            error.message()
        )),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn schema_and_parser_agree(document in nearly()) {
        thread_local!(static VALIDATOR: jsonschema::Validator = validator());
        let said = VALIDATOR.with(|v| agree(v, &document));
        prop_assert_eq!(said, Ok(()));
    }

    #[test]
    fn nothing_panics(document in prop_oneof![any_json(), nearly()], cut in any::<proptest::sample::Index>(), patch in any_json()) {
        let text = document.to_string();
        let broken: String = text.chars().take(cut.index(text.chars().count() + 1)).collect();
        for text in [text, broken, patch.to_string()] {
            let told = |e: ExperimentError| drop((e.class(), e.message(), e.detail(), e.hint()));
            let _ = Spec::parse(&text).map_err(told);
            let _ = parse_members(&text).map_err(told);
            let _ = import_upgrade(&text).map_err(told);
            let _ = compile(&text).map_err(told);
            let _ = patched(HINTS, &text).map_err(told);
        }
    }

    #[test]
    fn what_is_read_is_a_fixed_point(document in nearly()) {
        if let Ok((spec, _)) = Spec::parse(&document.to_string()) {
            let text = spec.to_json().unwrap();
            let (again, lists) = Spec::parse(&text).unwrap();
            prop_assert_eq!(&again, &spec);
            prop_assert_eq!(again.to_json().unwrap(), text);
            prop_assert_eq!(lists, Lists::default());
            prop_assert_eq!(apply_patch(&spec, "{}").unwrap(), spec.clone());
            for status in Status::ALL {
                let _ = preflight(&spec, *status);
                let same = check_change(&spec, &spec, *status);
                let ready = preflight(&spec, *status).is_empty();
                prop_assert!(same.is_ok() || !ready);
            }
        }
    }

    #[test]
    fn upgrade_exports_never_panic(changes in proptest::collection::vec((any::<proptest::sample::Index>(), proptest::sample::select(values())), 1..4)) {
        let mut document: Value = serde_json::from_str(UPGRADE).unwrap();
        for (index, value) in changes {
            let mut all = Vec::new();
            places(&document, "", &mut all);
            *document.pointer_mut(&all[index.index(all.len())]).unwrap() = value;
        }
        if let Ok(import) = import_upgrade(&document.to_string()) {
            let (again, _) = Spec::parse(&import.spec.to_json().unwrap()).unwrap();
            prop_assert_eq!(again, import.spec);
        }
    }
}
