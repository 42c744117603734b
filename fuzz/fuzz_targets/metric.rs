//! `tidegate_fuzzing::metrics::metric` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::metrics::metric(data));
