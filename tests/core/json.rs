//! JSON from anybody: whatever it is, each function that takes it reads it or says why not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../fuzz/src/reading.rs"]
mod reading;

use proptest::prelude::*;
use rct_core::error::{Class, Explain};
use rct_core::json::{DEPTH, Origin, Text};

/// The seeds of the fuzz target `documents`.
#[test]
fn documents_that_are_hard_to_read() {
    for (name, text) in reading::documents() {
        println!("{name}");
        reading::read_by_all(&text);
    }
}

/// Documents of sizes that no parser should have to take.
fn large() -> Vec<(&'static str, String)> {
    let text = "x".repeat(10 << 20);
    vec![
        ("text", format!(r#"{{"key": "{text}", "context": "c"}}"#)),
        (
            "payload",
            format!(r#"{{"key": "k", "context": "c", "default_payload": "{text}"}}"#),
        ),
        ("key", format!(r#"{{"{text}": 1}}"#)),
        ("values", format!("[{}1]", "1,".repeat(300_000))),
        (
            "users",
            format!(r#"{{"users": [{}"1"]}}"#, "\"1\",".repeat(300_000)),
        ),
        ("keys", {
            let keys: Vec<String> = (0..300_000).map(|i| format!("\"{i}\":1")).collect();
            format!("{{{}}}", keys.join(","))
        }),
        ("bytes", format!("[\"{}\"]", "x".repeat(17 << 20))),
        ("digits", format!("[1{}]", "0".repeat(10 << 20))),
    ]
}

#[test]
fn documents_that_are_too_large() {
    for (name, text) in large() {
        println!("{name}");
        reading::read_by_all(&text);
    }
}

fn said(text: &str) -> Option<(Class, String)> {
    let checked = Text::check("document", text, Origin::Argument);
    checked.err().map(|e| (e.class(), e.message()))
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn errors_name_the_rule_and_the_path() {
    assert_eq!(said(&nested(DEPTH)), None);
    for (text, class, message) in [
        (
            nested(DEPTH + 1),
            Class::InvalidParameter,
            "document[0][0][0][0][0][0][0][0]...: must not be nested deeper than 64 levels",
        ),
        (
            r#"{"a": [0, {"b c": 1e999}]}"#.to_owned(),
            Class::InvalidParameter,
            "a[1].b c: must be a number that a double can hold, got 1e999",
        ),
        (
            "[0, 1e999]".to_owned(),
            Class::InvalidParameter,
            "document[1]: must be a number that a double can hold, got 1e999",
        ),
        (
            format!("1{}", "0".repeat(400)),
            Class::InvalidParameter,
            "document: must be a number that a double can hold, got 1000000000000000000000000000000000000000...",
        ),
        (
            r#"{"a": {"b": 1, "c": 2, "\u0062": 3}}"#.to_owned(),
            Class::InvalidParameter,
            "a: must have each key once, got \"b\" twice",
        ),
        (
            r#"{"a": ["\u0000"]}"#.to_owned(),
            Class::InvalidParameter,
            "a[0]: must not contain U+0000",
        ),
        (
            format!("[{}0]", "0,".repeat(250_000)),
            Class::LimitExceeded,
            "values of document: must be at most 250000, got 250001",
        ),
        (
            " ".repeat((16 << 20) + 1),
            Class::LimitExceeded,
            "bytes of document: must be at most 16777216, got 16777217",
        ),
        (
            r#"{"a": "\ud800"}"#.to_owned(),
            Class::InvalidText,
            "document is not JSON: unexpected end of hex escape, at byte 6",
        ),
        (
            r#"{"a": 1,}"#.to_owned(),
            Class::InvalidText,
            "document is not JSON: unexpected '}' at byte 8",
        ),
        (
            "[1".to_owned(),
            Class::InvalidText,
            "document is not JSON: it ends too early",
        ),
    ] {
        assert_eq!(said(&text), Some((class, message.to_owned())));
    }
}

/// Pieces of JSON in any order: most are no JSON, and some are.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"b\"",
            "\"\\u0000\"",
            "1",
            "-0",
            "1e999",
            "0.5e-3",
            "true",
            "null",
            " ",
            "\n",
            "\"\\ud83d\\ude00\"",
            "\"key\":",
            "\"context\":\"c\"",
            "\\",
            "\"",
        ])
        .prop_map(str::to_owned),
        ".{0,3}",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_are_read_as_others_read_them(text in pieces()) {
        reading::read_by_all(&text);
    }
}
