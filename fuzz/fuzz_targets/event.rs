//! `tidegate_fuzzing::events::event` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::events::event(data));
