//! The cache on a real server: what every cache promises, scripts under concurrent invocations,
//! kills and pauses while a stream runs, speed.
//!
//! What must stay true: where no server is found a proof fails and says what to run; a server binds
//! to 127.0.0.1 and ends with the test that started it, however that ends.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "proofs only: a server that cannot be started fails the proof"
)]

pub mod admin;
pub mod contract;
pub mod history;
pub mod play;
pub mod region;
pub mod scenes;
pub mod server;

pub use admin::{Admin, Reply};
pub use server::{Mode, Server};
