//! `nightly-scale-down`: Lowers what is proved idle, through the night window, one gated step a wake-up.
//!
//! Woken by: EventBridge Scheduler: every five minutes, in the policy's zone; the calendar decides what holds.
//! Everything it does is `tidegate_domain::cycle` under this duty.

use tidegate_domain::duty::Duty;

/// What this function is there for.
pub const DUTY: Duty = Duty::Night;
