#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rct_fuzz::distribution_decode(data));
