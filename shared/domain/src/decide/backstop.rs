//! The native backstop: a scheduled action on the group that restores the day's
//! floor at its time though every function is dead or the stack is gone.

use super::Inputs;
use crate::arbiter::Limits;
use crate::group::Backstop;

/// The `MinSize` that the backstop restores.
pub(super) fn floor(i: &Inputs<'_>) -> u32 {
    Limits::of(i.policy, i.observation.group.sizes.max).clamp(i.policy.day_floor)
}

/// The backstop that must stand on the group before anything is lowered.
pub(super) fn wanted(i: &Inputs<'_>) -> Backstop {
    let calendar = &i.policy.calendar;
    Backstop {
        min: floor(i),
        recurrence: calendar.day_cron(),
        time_zone: calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
    }
}
