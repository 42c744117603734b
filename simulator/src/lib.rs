//! Tidegate's decisions, tried on a desk: the code that runs in the functions, without AWS.
//!
//! What must stay true: nothing here knows a decision that the functions do not make; no clock
//! is read, so that the same files give the same answer; what is shown has lost the characters
//! that a terminal would obey.

pub mod calendar;
pub mod calibrate;
pub mod check;
pub mod cli;
pub mod decide;
pub mod generate;
pub mod page;
pub mod plant;
pub mod replay;
mod report;
pub mod route;
pub mod scenario;
pub mod trace;
pub mod world;

pub use report::{Failure, Report};
