//! Rehearsing a policy on recorded traffic.

mod against;
mod answer;
pub mod args;
mod bill;
pub mod drive;
mod found;
mod json;
pub mod span;
mod table;

pub use against::{Against, wrought};
pub use answer::{Answer, Files, answer};
pub use found::{Bill, BillLine, PolicyRun, Rehearsal, RuleTold, Told, Wrought};

/// The shipped trace: four weeks of an invented chat service, made by `tidegate generate`.
pub const SHIPPED: &[u8] = include_bytes!("../../traces/chat.csv.gz");
