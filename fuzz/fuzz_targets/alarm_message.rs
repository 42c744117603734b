//! `tidegate_fuzzing::alarm_messages::alarm_message` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    tidegate_fuzzing::alarm_messages::alarm_message(data);
});
