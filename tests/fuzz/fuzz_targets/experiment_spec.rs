//! Definitions: any text is read or refused; what is read is the same when it is written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rct_core::experiment::{normalized, normalized_members, patched};

fuzz_target!(|text: &str| {
    let _ = normalized_members(text);
    let _ = patched(r#"{"key": "k", "context": "c"}"#, text);
    if let Ok(first) = normalized(text)
        && let Some(spec) = first
            .split_once("\"spec\":")
            .map(|(_, s)| &s[..s.len() - 1])
    {
        let again = normalized(spec);
        assert!(again.is_ok(), "{spec}: {again:?}");
    }
});
