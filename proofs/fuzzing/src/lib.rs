//! Laws of everything that comes in from outside: events, policies, stored items, the texts of
//! AWS and of operators. Each law is a function over a string of bytes that panics when it does
//! not hold; `fuzz/` searches for such bytes, `tests/corpus.rs` replays what it found.
//!
//! What must stay true: a body asserts what the code promises, not merely that it returns; it
//! depends on its bytes alone, so that an input that once failed always does. The
//! `..._with` function beside a body takes the code as an argument, so that the tests can show
//! that a fault in it is caught.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what a law takes for granted ends the run when it fails"
)]

pub mod activities;
pub mod alarm_messages;
pub mod alarms;
pub mod events;
pub mod items;
pub mod messages;
pub mod metrics;
mod pieces;
pub mod policies;
pub mod sessions;
pub mod tags;
pub mod world;

/// One law under its name.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of its file in `fuzz/fuzz_targets/` and of its folder in `fuzz/corpus/`.
    pub name: &'static str,
    /// The law.
    pub body: fn(&[u8]),
}

const fn target(name: &'static str, body: fn(&[u8])) -> Target {
    Target { name, body }
}

/// Every law.
pub const TARGETS: &[Target] = &[
    target("activity", activities::activity),
    target("alarm_intake", alarms::alarm_intake),
    target("alarm_message", alarm_messages::alarm_message),
    target("event", events::event),
    target("event_fields", events::event_fields),
    target("item", items::item),
    target("ledger", items::ledger),
    target("memory", items::memory),
    target("message", messages::message),
    target("metric", metrics::metric),
    target("policy", policies::policy),
    target("series", metrics::series),
    target("session_stream", sessions::session_stream),
    target("tags", tags::tags),
];
