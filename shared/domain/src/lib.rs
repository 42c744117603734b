//! Tidegate's domain: pure decisions about a fleet's capacity, the ports they
//! need, and the cycle that runs the one over the other.
//!
//! What must stay true: nothing here reads a clock, an environment, a network or
//! randomness; the same code runs in the Lambda, in the tests and in a simulator.

pub mod alarms;
pub mod arbiter;
pub mod attach;
pub mod bid;
pub mod calendar;
pub mod cron;
pub mod cycle;
pub mod decide;
pub mod duty;
pub mod group;
pub mod ids;
pub mod intake;
pub mod invariants;
pub mod ledger;
pub mod load;
pub mod memory;
pub mod metrics;
pub mod notice;
pub mod observation;
pub mod policy;
pub mod ports;
pub mod reason;
#[cfg(test)]
mod scene;
pub mod sessions;
pub mod shared;
pub mod signal;
pub mod sizing;
pub mod steps;
pub mod text;
