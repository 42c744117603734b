//! `tidegate_fuzzing::alarms::alarm_intake` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_fuzzing::alarms::alarm_intake(data));
