//! `daytime-scale-up`: Asks for the day's capacity so early that it serves by the deadline, and says so before a deadline is missed.
//!
//! Woken by: EventBridge Scheduler: every five minutes, in the policy's zone; the calendar decides what holds.
//! Everything it does is `tidegate_domain::cycle` under this duty.

use tidegate_domain::duty::Duty;

/// What this function is there for.
pub const DUTY: Duty = Duty::Day;
