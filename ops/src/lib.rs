//! The operator's command line without its process: every command is a function from the
//! ports to text, so that it runs on the fakes as it runs on AWS.
//!
//! What must stay true: only `uninstall` changes a group or a memory, and only when asked twice; else
//! nothing is ever written but a new policy version, under a condition, and silences; text of others
//! reaches a terminal only with its control characters made visible; whatever can be shown is shown, and what
//! cannot be read is named beside it.

pub mod cli;
pub mod connect;
pub mod doctor;
pub mod explain;
pub mod policy;
mod report;
pub mod silence;
pub mod status;
pub mod uninstall;
mod words;

pub use report::{Failure, Report};
pub use words::View;

/// The tags by which operators hold a fleet begin so.
pub(crate) const TAGS: &str = "tidegate:";
