//! Rehearsing a policy on recorded traffic.

mod found;

pub use found::{Bill, BillLine, PolicyRun, Rehearsal, RuleTold, Told, Wrought};
