//! The operator's command line without its process: every command is a function from the
//! ports to text, so that it runs on the fakes as it runs on AWS.
//!
//! What must stay true: nothing here changes a group or a memory; the only things ever
//! written are a new policy version, under a condition, and silences; text of others reaches a terminal
//! only with its control characters made visible; whatever can be shown is shown, and what
//! cannot be read is named beside it.

pub mod cli;
pub mod connect;
pub mod explain;
pub mod policy;
mod report;
pub mod silence;
pub mod status;
mod words;

pub use report::{Failure, Report};
pub use words::View;
