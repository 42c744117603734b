//! Spikes: a step table on an alarm, with what step scaling lacks. The alarm's
//! action fires once per transition; this judgement is made again on every tick
//! from the metric, so it goes on while the breach lasts.

use super::{Draft, Inputs, UNKNOWN_PATIENCE};
use crate::arbiter::Limits;
use crate::bid::{Bid, Source};
use crate::group::Lifecycle;
use crate::memory::Memory;
use crate::metrics::{Alarm, AlarmState, Comparison};
use crate::notice::{Notice, Severity};
use crate::policy::SpikePolicy;
use crate::reason::Reason;
use crate::signal::{AlarmChange, Signal};
use jiff::{SignedDuration, Timestamp};

/// An event's number is used for this long; after that only the metric counts.
const EVENT_FRESH: SignedDuration = SignedDuration::from_mins(5);
/// A data point is used for this long after its period ended.
const POINT_FRESH: SignedDuration = SignedDuration::from_mins(5);

/// A breach that holds now.
struct Breach {
    value: f64,
    threshold: f64,
}

/// Judges every step table; the strongest reason of a breach, and the bid in memory.
pub(super) fn judge(i: &Inputs<'_>, draft: &mut Draft) -> Option<Reason> {
    let judged = i.policy.spikes.iter().filter_map(|spike| judge_one(i, draft, spike));
    let mut reasons: Vec<(u32, Reason)> = judged.collect();
    reasons.sort_by_key(|(floor, _)| *floor);
    reasons.pop().map(|(_, reason)| reason)
}

fn judge_one(i: &Inputs<'_>, draft: &mut Draft, spike: &SpikePolicy) -> Option<(u32, Reason)> {
    let key = format!("unknown-{}", spike.alarm);
    let breach = match breach_of(i, draft, spike) {
        Ok(breach) => breach,
        Err(reason) => {
            warn_of_unknown(i, draft, spike, &key);
            return Some((0, reason));
        }
    };
    draft.memory.since.remove(&key);
    let breach = breach?;
    draft.memory.last_breach = Some(i.now);
    let excess = breach.value - breach.threshold;
    let sizes = i.observation.group.sizes;
    let limits = Limits::of(i.policy, sizes.max);
    let base = warm_base(i, &draft.memory, spike.warmup);
    let asked = spike.table.apply(base, excess).unwrap_or(base);
    let growth = growth_limit(&draft.memory, spike, i.now);
    // Never below what is desired already: a spike only raises.
    let floor = limits.clamp(asked.min(growth)).max(sizes.desired).min(limits.ceiling);
    remember_bid(i, draft, spike, floor);
    let alarm = spike.alarm.clone();
    let reason = if floor > sizes.desired {
        let Breach { value, threshold } = breach;
        Reason::SpikeStep { alarm, value, threshold, base, floor }
    } else if asked > sizes.desired && sizes.desired >= limits.ceiling {
        warn_of_ceiling(i, draft, limits.ceiling);
        Reason::AtCeiling { ceiling: limits.ceiling }
    } else if asked > growth {
        Reason::GrowthLimited { alarm, limit: growth }
    } else {
        Reason::SpikeWarming { alarm, value: breach.value, floor: asked }
    };
    Some((floor, reason))
}

/// Whether the spike's alarm is breached now; an error when it is in ALARM and nothing says
/// how far.
fn breach_of(
    i: &Inputs<'_>,
    draft: &mut Draft,
    spike: &SpikePolicy,
) -> Result<Option<Breach>, Reason> {
    let event = fresh_event(i, draft, spike);
    let alarm = match &i.observation.alarms {
        Ok(alarms) => alarms.get(&spike.alarm),
        Err(_) => None,
    };
    warn_of_useless_alarm(i, draft, spike, alarm);
    let in_alarm = alarm.is_some_and(|a| a.state == AlarmState::Alarm)
        || event.is_some_and(|e| e.state == AlarmState::Alarm);
    if !in_alarm {
        return Ok(None);
    }
    let unknown = || Reason::SpikeUnknown { alarm: spike.alarm.clone() };
    let metric = newest_value(i, spike, alarm)?;
    let value = metric.or(event.and_then(|e| e.value)).ok_or_else(unknown)?;
    let threshold = alarm.and_then(|a| a.threshold).or(event.and_then(|e| e.threshold));
    let threshold = threshold.ok_or_else(unknown)?;
    // The event carries no comparison; a step table only makes sense on a high-side alarm.
    let comparison = alarm.map_or(Comparison::AtOrAbove, |a| a.comparison);
    let breached = is_high_side(comparison) && comparison.breached(value, threshold);
    Ok(breached.then_some(Breach { value, threshold }))
}

/// A step table works on a metric alarm with a fixed threshold on its high side only.
fn warn_of_useless_alarm(
    i: &Inputs<'_>,
    draft: &mut Draft,
    spike: &SpikePolicy,
    alarm: Option<&Alarm>,
) {
    if i.observation.alarms.is_err() {
        return;
    }
    let what = match alarm {
        None => "does not exist",
        Some(a) if a.query.is_none() || a.threshold.is_none() => "has no metric or threshold",
        Some(a) if !is_high_side(a.comparison) => "does not watch the high side",
        Some(_) => return,
    };
    let subject = format!("the spike alarm {} {what}: no steps", spike.alarm);
    let key = format!("no-alarm-{}", spike.alarm);
    draft.notices.push(Notice::new(i.fleet, Severity::Warning, &key, &subject));
}

fn is_high_side(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Above | Comparison::AtOrAbove)
}

/// The event that woke us, if it is this alarm's, in order, and fresh.
fn fresh_event<'a>(i: &Inputs<'a>, draft: &Draft, spike: &SpikePolicy) -> Option<&'a AlarmChange> {
    let Signal::Alarm(change) = i.signal else { return None };
    let in_order = draft.memory.alarm_times.get(&change.alarm) == Some(&change.at);
    let fresh = i.now.duration_since(change.at).abs() <= EVENT_FRESH;
    (change.alarm == spike.alarm && in_order && fresh).then_some(change)
}

/// The newest fresh value of the alarm's metric, from what was read now.
fn newest_value(
    i: &Inputs<'_>,
    spike: &SpikePolicy,
    alarm: Option<&Alarm>,
) -> Result<Option<f64>, Reason> {
    let Ok(series) = &i.observation.spikes else { return Ok(None) };
    let Some(newest) = series.get(&spike.alarm).and_then(|s| s.last()) else { return Ok(None) };
    if i.now.duration_since(newest.at) > POINT_FRESH + period(alarm) {
        return Ok(None);
    }
    if !newest.value.is_finite() || newest.value < 0.0 {
        return Err(Reason::SpikeUnknown { alarm: spike.alarm.clone() });
    }
    Ok(Some(newest.value))
}

fn period(alarm: Option<&Alarm>) -> SignedDuration {
    let secs = alarm.and_then(|a| a.query.as_ref()).map_or(60, |q| q.period_secs);
    SignedDuration::from_secs(i64::from(secs))
}

/// The capacity without warming instances: what is in service for the warm-up time or was
/// there when we first met the group. Never more than was desired all that time: of instances
/// that cannot leave (protected ones, or `Terminate` is suspended) each raise would find more,
/// and one breach would take step after step.
pub(super) fn warm_base(i: &Inputs<'_>, memory: &Memory, warmup: SignedDuration) -> u32 {
    let group = &i.observation.group;
    let warm = |x: &crate::group::Instance| {
        let seen = memory.instances.get(&x.id);
        let since = |at: Timestamp| i.now.duration_since(at) >= warmup;
        let long = seen.is_some_and(|s| s.settled || s.in_service.is_some_and(since));
        x.lifecycle == Lifecycle::InService && long
    };
    let desired = least_capacity(memory, |at| i.now.duration_since(at) < warmup);
    group.weigh(warm).min(desired).min(group.sizes.desired)
}

/// The most that step tables may ask for now: least capacity within 10 minutes and within
/// the hour, each plus its percentage (at least one unit).
fn growth_limit(memory: &Memory, spike: &SpikePolicy, now: Timestamp) -> u32 {
    let limit = |window: SignedDuration, percent: u32| {
        let inside = |at: Timestamp| now.duration_since(at) <= window;
        let least = u64::from(least_capacity(memory, inside));
        let grown = least.saturating_mul(u64::from(percent) + 100) / 100;
        u32::try_from(grown.max(least + 1)).unwrap_or(u32::MAX)
    };
    let short = limit(SignedDuration::from_mins(10), spike.growth_10min_percent);
    short.min(limit(SignedDuration::from_hours(1), spike.growth_hour_percent))
}

/// The least that was desired in a window, with what was desired as it began.
fn least_capacity(memory: &Memory, inside: impl Fn(Timestamp) -> bool) -> u32 {
    let at_start = memory.growth.iter().rev().find(|s| !inside(s.at));
    let during = memory.growth.iter().filter(|s| inside(s.at));
    during.chain(at_start).map(|s| s.desired).min().unwrap_or(u32::MAX)
}

fn remember_bid(i: &Inputs<'_>, draft: &mut Draft, spike: &SpikePolicy, floor: u32) {
    let until = i.now.saturating_add(spike.stabilization).unwrap_or(i.now);
    let reason = spike.alarm.to_string();
    let ours = |b: &&mut Bid| b.source == Source::Spike && b.reason == reason;
    match draft.memory.bids.iter_mut().find(ours) {
        Some(bid) => {
            bid.floor = bid.floor.max(floor);
            bid.until = Some(until);
        }
        None => {
            draft.memory.bids.push(Bid {
                source: Source::Spike,
                floor,
                until: Some(until),
                reason,
            });
        }
    }
}

fn warn_of_unknown(i: &Inputs<'_>, draft: &mut Draft, spike: &SpikePolicy, key: &str) {
    let Some(since) = draft.stands_since(key, i.now, UNKNOWN_PATIENCE) else { return };
    let subject = format!("{} is in ALARM but its metric cannot be judged", spike.alarm);
    let body = format!("{subject} since {since}. No step is taken on unknown data.");
    draft.notices.push(Notice::new(i.fleet, Severity::Warning, key, &subject).body(body));
}

fn warn_of_ceiling(i: &Inputs<'_>, draft: &mut Draft, ceiling: u32) {
    let subject = format!("the ceiling of {ceiling} is reached in a spike");
    let sizes = i.observation.group.sizes;
    let body = format!(
        "{subject}. MaxSize is {}, budget_max is {}: raise one to let the fleet grow.",
        sizes.max, i.policy.budget_max
    );
    let notice = Notice::new(i.fleet, Severity::Critical, "ceiling", &subject).body(body);
    draft.notices.push(notice.every_secs(3600));
}

/// When the signal will have been quiet for long enough, if it was not yet: the newest breach
/// that the metric or the memory shows, plus the stabilization window.
pub(super) fn quiet_at(i: &Inputs<'_>, memory: &Memory) -> Option<Timestamp> {
    let breaches = i.policy.spikes.iter().filter_map(|spike| {
        let alarm = i.observation.alarms.as_ref().ok()?.get(&spike.alarm)?;
        let series = i.observation.spikes.as_ref().ok()?.get(&spike.alarm)?;
        let threshold = alarm.threshold?;
        let hit = |v: f64| alarm.comparison.breached(v, threshold);
        let newest = series.iter().rev().find(|p| hit(p.value))?;
        newest.at.checked_add(period(Some(alarm))).ok()
    });
    let last = breaches.chain(memory.last_breach).max()?;
    last.checked_add(i.policy.stabilization()).ok().filter(|until| i.now < *until)
}
