//! `tidegate_fuzzing::tags::tags` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::tags::tags(data));
