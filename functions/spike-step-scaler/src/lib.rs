//! `spike-step-scaler`: Meets a spike by the step table, goes on while it lasts, settles after it, and heals whatever event was lost.
//!
//! Woken by: CloudWatch alarm actions, and EventBridge Scheduler every minute.
//! Everything it does is `tidegate_domain::cycle` under this duty.

use tidegate_domain::duty::Duty;

/// What this function is there for.
pub const DUTY: Duty = Duty::Spike;
