//! Crashes, lost answers, duplicates and runs side by side: the served functions end where a
//! run without any of them ends.
//!
//! Two proofs stand on this. [`points`] lists every call that an event makes in every scene of
//! [`scenes`] and lets each one go wrong in the three ways in which a process or an answer can
//! be lost. [`runs`] plays seeded random minutes of many wake-ups at once and compares what
//! was written to the group with the same minutes in peace.
//!
//! What must stay true: the functions are the deployed ones ([`stage::Cast`] serves their
//! events as Lambda does), retried as Lambda retries them.

#![expect(clippy::expect_used, reason = "a stage that cannot be built fails the proof")]

pub mod effect;
pub mod end;
pub mod points;
pub mod runs;
pub mod scenes;
pub mod stage;
pub mod wrong;
