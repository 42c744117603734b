//! `tidegate_fuzzing::metrics::series` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::metrics::series(data));
