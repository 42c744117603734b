//! `alarm-router`: One message per problem, to the right people, again while it lasts, once when it is over, and silence about what was planned.
//!
//! Woken by: a queue of every alarm's changes, alarms that name it as their action, SNS, and
//! EventBridge Scheduler every minute. Everything it does is `tidegate_domain::alarms::router`.

/// The router over AWS, as `main` runs it.
pub use tidegate_adapters::RouterLambda;
