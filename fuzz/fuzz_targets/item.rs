//! `tidegate_fuzzing::items::item` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::items::item(data));
