//! `session-sync`: What is written to the sessions of any region reaches this region's cache; and how far behind it is.
//!
//! Woken by: the stream of this region's replica of the session table, and EventBridge Scheduler
//! every minute. Everything it does is `tidegate_domain::sessions::sync`.

/// The function over AWS and the cache, as `main` runs it.
pub use tidegate_sessions::SyncLambda;
