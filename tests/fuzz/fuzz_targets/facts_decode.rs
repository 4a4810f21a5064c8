//! Packed facts: any bytes are read or refused, and what is read can be asked about.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rct_core::resolution::{Compiled, Facts, assign, explain};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(facts) = Facts::decode(bytes) {
        let facts = facts.at(0);
        let plan = Compiled::default();
        let _ = assign(&plan, &facts, "u", 0, None);
        let _ = explain(&plan, &facts, "u", 0, "s", "t");
    }
});
