//! The cycle on the strict fakes, without any adapter: what it calls, in which order, and what
//! it leaves behind when a call fails in between. These tests link nothing of AWS's SDK, so
//! they are cheap enough to be run for every mutant of the cycle.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod control;
mod look;
mod outage;
mod report;
mod sizing;
mod stage;
mod write;
