//! `tidegate_fuzzing::policies::policy` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::policies::policy(data));
