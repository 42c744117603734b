//! `tidegate_fuzzing::activities::activity` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::activities::activity(data));
