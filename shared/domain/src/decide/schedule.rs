//! The schedule's bid, derived from the calendar in every decision; the forecast of
//! the day's first hour; the day's deadline.

use super::{Draft, Inputs, sizing};
use crate::arbiter::Limits;
use crate::bid::{Bid, Source};
use crate::calendar::DayWindow;
use crate::group::{ActivityKind, ActivityResult};
use crate::load::{need, past_peak};
use crate::memory::{Forecast, Memory};
use crate::notice::{Notice, Severity};
use crate::policy::FleetPolicy;
use crate::reason::Reason;
use crate::signal::Signal;
use jiff::{SignedDuration, Timestamp};

/// On top of a measured launch: a minute until the next wake-up and one for the raise.
const WAKE_MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// The forecast is for the first hour of the day.
pub const FIRST_HOUR: SignedDuration = SignedDuration::from_hours(1);
/// A deadline that nobody watched in time is still told this long after it; later a missing
/// instance is an everyday replacement.
const DEADLINE_GRACE: SignedDuration = SignedDuration::from_mins(10);
/// The forecast is made this long before the lead begins.
const FORECAST_AHEAD: SignedDuration = SignedDuration::from_mins(30);

/// How long before the day the capacity is asked for: the p95 of measured launches and a
/// margin, or twice `boot_secs` before any was measured.
pub fn lead(policy: &FleetPolicy, memory: &Memory) -> SignedDuration {
    launch_p95(memory).map_or(policy.boot * 2, |p95| p95 + WAKE_MARGIN)
}

/// From launch to in service: the p95 of measured launches, or the policy's before any.
pub(crate) fn boot(policy: &FleetPolicy, memory: &Memory) -> SignedDuration {
    launch_p95(memory).unwrap_or(policy.boot)
}

fn launch_p95(memory: &Memory) -> Option<SignedDuration> {
    let mut secs: Vec<u32> = memory.launches.iter().map(|l| l.secs).collect();
    let rank = (secs.len() * 95).div_ceil(100).checked_sub(1)?;
    let (_, p95, _) = secs.select_nth_unstable(rank);
    Some(SignedDuration::from_secs(i64::from(*p95)))
}

/// The schedule's bid at this instant.
pub(super) fn bid(i: &Inputs<'_>, memory: &Memory) -> Bid {
    let calendar = &i.policy.calendar;
    let lead = lead(i.policy, memory);
    let moment = calendar.at(i.now);
    let Some(day) = moment.day_or_lead(i.now, lead) else {
        let until = moment.next.and_then(|next| next.start.checked_sub(lead).ok());
        let floor = i.policy.night.floor;
        return Bid { source: Source::Schedule, floor, until, reason: "night".into() };
    };
    // The learned profiles foresee the morning better than the highest of two past ones.
    let forecast = memory.forecast.filter(|f| f.day == day.start && !sizing::leads(i, memory));
    let fresh = i.now < day.start.saturating_add(FIRST_HOUR).unwrap_or(day.start);
    let need = forecast.filter(|_| fresh).map_or(0, |f| f.need);
    let reason = match calendar.stay_up(i.now) {
        Some(stay) => format!("stays up: {}", stay.reason),
        None if need > i.policy.day_floor => format!("day, first hour needs {need}"),
        None => "day".to_owned(),
    };
    let floor = i.policy.day_floor.max(need);
    Bid { source: Source::Schedule, floor, until: Some(day.end), reason }
}

/// The day window that is on or being prepared.
pub(super) fn current_day(i: &Inputs<'_>, memory: &Memory) -> Option<DayWindow> {
    i.policy.calendar.at(i.now).day_or_lead(i.now, lead(i.policy, memory))
}

/// When the present day or night ends, at most a day from now: a weekend is one long night,
/// and what was learned on its first evening need not bind its last.
pub(super) fn window_end(i: &Inputs<'_>, memory: &Memory) -> Timestamp {
    let moment = i.policy.calendar.at(i.now);
    let end = current_day(i, memory).map(|d| d.end).or(moment.next.map(|n| n.start));
    let a_day = i.now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(i.now);
    end.map_or(a_day, |end| end.min(a_day))
}

/// Makes the forecast for the next day when it is due. The answer is whether more must be
/// read for it.
pub(super) fn forecast(i: &Inputs<'_>, draft: &mut Draft) -> bool {
    if !matches!(i.signal, Signal::Day) {
        return false;
    }
    let ahead = lead(i.policy, &draft.memory) + FORECAST_AHEAD;
    let Some(next) = i.policy.calendar.at(i.now).next else { return false };
    let due = next.start.duration_since(i.now) <= ahead;
    if !due || draft.memory.forecast.is_some_and(|f| f.day == next.start) {
        return false;
    }
    let Some(closer) = &i.observation.closer else { return true };
    match &closer.past {
        Ok(past) => {
            let peak = past_peak(past).unwrap_or(0.0);
            let need = need(peak, i.policy.night.headroom, i.policy.capacity_per_instance);
            draft.memory.forecast = Some(Forecast { day: next.start, need });
        }
        Err(why) => draft.notes.push(format!("no forecast of the day's first hour: {why}")),
    }
    false
}

/// The first hours of past weeks' days that the forecast reads.
pub fn first_hour_start(policy: &FleetPolicy, now: Timestamp) -> Option<Timestamp> {
    policy.calendar.at(now).next.map(|next| next.start)
}

/// How a day that is on or being prepared stands, for the day's function.
pub(super) fn day_standing(i: &Inputs<'_>, draft: &Draft) -> Option<Reason> {
    let day = current_day(i, &draft.memory)?;
    let limits = Limits::of(i.policy, i.observation.group.sizes.max);
    let floor = limits.clamp(bid(i, &draft.memory).floor);
    let serving = i.observation.group.serving();
    Some(if serving >= floor {
        Reason::DayReady { serving, floor }
    } else {
        Reason::DayArriving { serving, floor, deadline: day.start }
    })
}

/// Tells people before the deadline when it will not be met. The answer is whether the
/// group's activities must be read to name the cause.
pub(super) fn watch_deadline(i: &Inputs<'_>, draft: &mut Draft, floor: u32) -> bool {
    let group = &i.observation.group;
    let serving = group.serving();
    if serving >= floor {
        return false;
    }
    let Some(day) = current_day(i, &draft.memory) else { return false };
    let over = i.now.duration_since(day.start) > DEADLINE_GRACE;
    if over || !will_be_late(i, &draft.memory, day, floor) {
        return false;
    }
    let key = format!("deadline-{}", day.start);
    if draft.was_sent(&key) {
        return false;
    }
    let Some(closer) = &i.observation.closer else { return true };
    let cause = closer.evidence.as_ref().map_or_else(
        |why| format!("the scaling activities could not be read: {why}"),
        |evidence| cause_of_delay(i, evidence),
    );
    let missing = floor.saturating_sub(serving);
    let subject = format!("{missing} of {floor} will not be in service by {}", day.start);
    let body = format!(
        "{subject}.\n{serving} serve, {} are booting, desired is {}.\nCause: {cause}\nThe capacity \
         was asked for and is not asked for a second time.",
        group.pending(),
        group.sizes.desired,
    );
    draft.notices.push(Notice::new(i.fleet, Severity::Critical, &key, &subject).body(body));
    false
}

/// Late: what is missing cannot be in service by the start of the day, by the boot times
/// that were measured.
fn will_be_late(i: &Inputs<'_>, memory: &Memory, day: DayWindow, floor: u32) -> bool {
    let group = &i.observation.group;
    let boot = boot(i.policy, memory);
    let left = day.start.duration_since(i.now);
    let arrives = |x: &crate::group::Instance| {
        let first = memory.instances.get(&x.id).map_or(i.now, |seen| seen.first);
        x.lifecycle == crate::group::Lifecycle::Pending
            && boot - i.now.duration_since(first) <= left
    };
    let in_time = group.weigh(arrives).saturating_add(group.serving());
    // What was not launched yet can still arrive if a whole boot fits.
    in_time < floor && boot > left
}

fn cause_of_delay(i: &Inputs<'_>, evidence: &crate::group::Evidence) -> String {
    if i.observation.group.is_suspended("Launch") {
        return "the process Launch is suspended".to_owned();
    }
    let failed = evidence.activities.iter().find(|a| {
        a.kind == ActivityKind::Launch
            && a.result == ActivityResult::Failed
            && i.now.duration_since(a.started) < SignedDuration::from_hours(2)
    });
    failed.map_or_else(
        || "instances boot slower than measured so far; no launch failed".to_owned(),
        |a| format!("a launch failed at {}: {}", a.started, a.message),
    )
}
