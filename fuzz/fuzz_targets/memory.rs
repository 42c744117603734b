//! `tidegate_fuzzing::items::memory` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::items::memory(data));
