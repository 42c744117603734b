//! `tidegate_fuzzing::messages::message` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::messages::message(data));
