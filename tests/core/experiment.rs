//! Definitions of experiments.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
use rct_core::error::Explain;
use rct_core::experiment::*;
#[test]
fn look() {
    for t in [
        r#"{"key":"k","context":"C"}"#,
        r#"{"key":"k","context":"C","conditions":[{"code":"a"},{"code":"b","weight":-3}]}"#,
        r#"{"key":"k","context":"C","conditions":[{"code":"a"},{"code":"b","wieght":-3}]}"#,
        r#"{"key":"k","context":"C","conditions":[{"code":"a","payload":{"z":1,"a":12345678901234567890123.10}},{"code":"b","weight":"x"}]}"#,
        r#"{"key":"k","context":"C","conditions":[{"code":"a","payload":{"z":1,"a":12345678901234567890123.10}}]}"#,
        r#"{"key":"k","context":"C","unit":"grup"}"#,
        r#"{"key":"k","context":"C","unit":{"group":null}}"#,
        r#"{"key":"k","context":"C","conditions":[["a"]]}"#,
        r#"{"key":"k","context":"C","conditions":[{"weight":1}]}"#,
        r#"{"key":"k","context":"C","post_rule":"x"}"#,
        r#"{"key":"k","context":"C","post_rule":{"assign":5}}"#,
        r#"{"key":"k","context":"C","post_rule":{"assing":5}}"#,
        r#"{"key":"k","context":"C","tags":null}"#,
        r#"{"key":"k","context":"C","schedule":{"starts_at":"2026-09-01"}}"#,
        r#"{"key":"k","context":"C","schedule":{"starts_at":"2026-09-01T08:00:00+02:00"}}"#,
        r#"{"key":"k","context":"C","ending":{"users":5.5}}"#,
        r#"{"key":"k","context":"C","ending":{"users":5.0}}"#,
        r#"{"key":"k","context":"C","rollout":1e400}"#,
        r#"{"key":"k","context":"C","lists":{"include":{"groups":{"class":[1]}}}}"#,
        r#"{"key":"k""#,
        r#"[]"#,
        r#"{"key":"k","context":"C"} x"#,
        r#"{"key":"k","key":"C"}"#,
        r#"{"key":"k","context":"C","foo":1}"#,
    ] {
        match Spec::parse(t) {
            Ok((s, _)) => println!("OK  {}", s.to_json().unwrap()),
            Err(e) => println!("ERR {} | {:?} | {:?}", e.message(), e.hint(), e.class()),
        }
    }
}
