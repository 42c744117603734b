//! Aira, the reference workload: a chat service that keeps nothing on its instance. Login and history
//! are in the session store, answers come from any OpenAI-compatible endpoint or a built-in stand-in.
//!
//! [`server`] accepts, [`around`] looks at each request, [`http`] has the routes, [`login`] and
//! [`chat`] are what they do; [`gate`] says who may begin an answer, [`sessions`] and [`model`] are
//! what is asked. What must stay true: nothing that a user says or is called is logged; a shared
//! dependency that is slow takes no instance away; an answer that has begun is finished.

pub mod app;
pub mod around;
pub mod chat;
pub mod gate;
pub mod history;
pub mod http;
#[cfg(feature = "aws")]
pub mod instance;
pub mod log;
pub mod login;
pub mod memory;
pub mod metrics;
pub mod model;
pub mod page;
pub mod process;
pub mod server;
pub mod sessions;
pub mod settings;
pub mod store;
#[cfg(feature = "aws")]
pub mod table;
pub mod ticket;

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(crate) fn now_millis() -> u64 {
    now_micros() / 1000
}

/// Microseconds since 1970.
pub(crate) fn now_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
