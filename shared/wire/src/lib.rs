//! What stands between the domain and AWS as text: the prose of scaling activities, metric math,
//! stored items, notices, log lines. Pure, and without the SDK, so that it can be fuzzed fast.
//!
//! What must stay true: no text, however hostile, makes anything here fail, break a line or
//! grow beyond its bound; a stored item that cannot be read is an error with a sentence and
//! never a default.

pub mod activity;
pub mod expression;
pub mod message;
pub mod record;
pub mod run;
pub mod sessions;
pub mod stored;
pub use tidegate_domain::text;
