//! `tidegate_fuzzing::sessions::session_stream` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::sessions::session_stream(data));
