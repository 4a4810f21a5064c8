//! Every function that reads JSON: any text is read, or refused with an error of the caller.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| rct_fuzz::documents(data));
