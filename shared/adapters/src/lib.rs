//! The only crate that talks to AWS: one file per outside system, each an
//! implementation of a port of the domain.
//!
//! What must stay true: no SDK type leaves this crate; nothing here decides
//! anything about capacity; every call ends by itself before the invocation's
//! deadline, also against a peer that never answers; building the clients
//! reads the environment once and talks to nobody.

mod activities;
mod alarm_items;
mod alarm_source;
mod alarm_store;
mod attach;
mod autoscaling;
mod aws;
mod call;
mod clients;
mod clock;
mod cloudwatch;
pub mod config;
mod control;
mod errors;
mod item;
mod lambda;
mod lease;
mod log;
mod metric_query;
mod outlet;
mod policies;
mod put;
mod replica;
mod router;
mod secrets;
pub mod serve;
mod session_epoch;
mod session_table;
mod sizing_state;
mod sns;
#[cfg(feature = "story")]
mod story;
mod table;
pub mod telemetry;
#[cfg(test)]
mod tests;
mod together;

pub use aws::Aws;
pub use aws_credential_types::provider::ProvideCredentials;
pub use config::{
    BadSettings, Connection, MoreTopics, RouterSettings, SessionSettings, Settings, Topics,
};
pub use lambda::Lambda;
pub use replica::Replica;
pub use router::{RouterError, RouterLambda};
pub use secrets::{Secret, Secrets};

/// Whether this build follows the story's clock; deployable artifacts do not.
pub const HAS_STORY: bool = cfg!(feature = "story");
