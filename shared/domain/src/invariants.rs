//! The invariants, checked on a decision independently of the planner that made it:
//! by the tests, by the simulator, and by the functions before they apply.

use crate::arbiter::Limits;
use crate::bid::{Bid, Source};
use crate::decide::schedule;
use crate::decide::{Action, Decision, Inputs};
use crate::group::{ActivityKind, ActivityResult, Evidence, Mode};
use crate::metrics::{AlarmState, Point};
use crate::policy::SizingMode;
use crate::reason::Reason;
use crate::signal::Signal;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// No policy may let one lowering take more than this share (scaling.md).
const MOST_PERCENT: u64 = 20;
/// The newest minute that a lowering stands on began at most so many minutes ago.
const STALE_AFTER: i64 = 6;
/// A minute is judged when it began this many minutes ago.
const JUDGED_AFTER: i64 = 2;
/// Minutes that may be missing from the judged window.
const GAPS_ALLOWED: i64 = 2;
/// A nightly wake-up that was scheduled longer ago lowers nothing.
const LATE_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// A veto alarm that changed its state within this long still vetoes.
const VETO_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// Clocks of CloudWatch and of the function differ by less than this.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// Processes without which a lowered fleet cannot come back.
const RECOVERY: [&str; 7] = [
    "Launch",
    "Terminate",
    "HealthCheck",
    "ReplaceUnhealthy",
    "AddToLoadBalancer",
    "ScheduledActions",
    "AlarmNotification",
];

/// An invariant that a decision breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its number in `docs/architecture.md`.
    pub number: u8,
    /// How it is broken.
    pub what: String,
}

/// Checks a decision. Empty: it may be applied.
pub fn check(i: &Inputs<'_>, d: &Decision) -> Vec<Violation> {
    let mut broken = Broken(Vec::new());
    match d.action {
        Action::Raise { min } => check_raise(i, d, min, &mut broken),
        Action::Lower { min, desired } => check_lower(i, d, (min, desired), &mut broken),
        _ => {}
    }
    broken.0
}

struct Broken(Vec<Violation>);

impl Broken {
    fn unless(&mut self, holds: bool, number: u8, what: impl Into<String>) {
        if !holds {
            self.0.push(Violation { number, what: what.into() });
        }
    }
}

fn check_raise(i: &Inputs<'_>, d: &Decision, min: u32, broken: &mut Broken) {
    let sizes = i.observation.group.sizes;
    broken.unless(min <= sizes.max, 1, format!("MinSize {min} above MaxSize {}", sizes.max));
    broken.unless(min > sizes.min, 8, format!("a raise from {} to {min}", sizes.min));
    broken.unless(d.expected == sizes, 8, "the action is not for the sizes that were seen");
    let launch = i.observation.group.is_suspended("Launch");
    broken.unless(!launch, 3, "a write while Launch is suspended");
    if let Reason::SpikeStep { floor, .. } = d.reason {
        let limit = growth_limit(i, d);
        let grew = floor > sizes.desired;
        broken.unless(!grew || u64::from(floor) <= limit, 6, format!("{floor} above {limit}"));
    }
}

fn check_lower(i: &Inputs<'_>, d: &Decision, to: (u32, Option<u32>), broken: &mut Broken) {
    let (min, desired) = to;
    let sizes = i.observation.group.sizes;
    let limits = Limits::of(i.policy, sizes.max);
    let capacity = desired.unwrap_or(min);
    broken.unless(min >= limits.min, 1, format!("MinSize {min} below {}", limits.min));
    broken.unless(capacity > 0 || i.policy.min == 0, 1, "zero capacity");
    broken.unless(min <= sizes.min, 8, "MinSize upward in a lowering");
    broken.unless(desired.is_none_or(|n| n < sizes.desired), 8, "desired not downward");
    broken.unless(desired.is_none_or(|n| n >= min), 1, "desired below MinSize");
    broken.unless(desired.is_some() || min < sizes.min, 4, "a lowering that lowers nothing");
    broken.unless(d.expected == sizes, 8, "the action is not for the sizes that were seen");
    check_gate(i, d, to, broken);
    check_vetoes(i, d, broken);
    check_data(i, broken);
    match evidence(i) {
        Some(evidence) => check_evidence(i, desired, evidence, broken),
        None => broken.unless(false, 7, "lowered without looking at the group's evidence"),
    }
}

fn evidence<'a>(i: &Inputs<'a>) -> Option<&'a Evidence> {
    i.observation.closer.as_ref()?.evidence.as_ref().ok()
}

/// 4 and 5: bids, step, bake.
fn check_gate(i: &Inputs<'_>, d: &Decision, to: (u32, Option<u32>), broken: &mut Broken) {
    let sizes = i.observation.group.sizes;
    let to_desired = to.1;
    let (from, to) = match to {
        (_, Some(desired)) => (sizes.desired, desired),
        (min, None) => (sizes.min, min),
    };
    let limits = Limits::of(i.policy, sizes.max);
    for bid in d.bids.iter().filter(|b| b.is_live(i.now)) {
        let floor = limits.clamp(bid.floor);
        broken.unless(to >= floor, 5, format!("{to} below the {} bid of {floor}", bid.source));
    }
    let stored = i.memory.bids.iter().filter(|b| b.is_live(i.now) && still_binds(i, d, b));
    for bid in stored {
        broken.unless(to >= limits.clamp(bid.floor), 5, "below a bid in memory");
    }
    let is_day = i.policy.calendar.at(i.now).day.is_some();
    let schedule = if is_day { i.policy.day_floor } else { i.policy.night.floor };
    broken.unless(to >= limits.clamp(schedule), 5, format!("{to} below the schedule's floor"));
    let tag = i.observation.group.tags.get("tidegate:floor").and_then(|v| v.trim().parse().ok());
    let tag = tag.filter(|_| !tags_expired(i)).map_or(0, |floor| limits.clamp(floor));
    broken.unless(to >= tag, 5, format!("{to} below the operator's floor of {tag}"));
    let most = (u64::from(from) * MOST_PERCENT / 100).max(1);
    let step = u64::from(from.saturating_sub(to));
    broken.unless(step <= most, 5, format!("a step from {from} to {to}"));
    let baked = |at: Timestamp| i.now.duration_since(at) >= i.policy.lower.bake;
    let last = i.memory.last_lowering.map(|l| l.at);
    broken.unless(last.is_none_or(baked), 4, "a second lowering within the bake");
    broken.unless(i.memory.last_termination.is_none_or(baked), 5, "a termination still bakes");
    let arrived = i.observation.group.in_service() >= sizes.desired;
    broken.unless(to_desired.is_none() || arrived, 3, "a lowering while instances still boot");
}

/// 3: vetoes that can be seen without judging anything.
fn check_vetoes(i: &Inputs<'_>, d: &Decision, broken: &mut Broken) {
    let is_spike = |source| matches!(source, Source::Spike | Source::Burst);
    let spike = d.bids.iter().any(|b| is_spike(b.source) && b.is_live(i.now));
    broken.unless(!spike, 3, "a live spike");
    broken.unless(i.trust.no_memory.is_none(), 3, "no lease or memory");
    broken.unless(i.trust.policy_fault.is_none(), 3, "an unusable policy");
    for process in RECOVERY {
        broken.unless(!i.observation.group.is_suspended(process), 3, format!("no {process}"));
    }
    broken.unless(!is_held(i), 3, "an operator's hold");
    let until = i.memory.no_lowering_until;
    broken.unless(until.is_none_or(|until| until <= i.now), 3, "a step was undone");
    let breach = d.memory.last_breach.map(|at| i.now.duration_since(at));
    let quiet = breach.is_none_or(|age| age >= i.policy.stabilization());
    broken.unless(quiet, 3, "the signal was breached within the stabilization window");
    check_window(i, d, broken);
    check_alarms(i, broken);
}

/// Whether a tag holds lowering; one that cannot be read does.
fn is_held(i: &Inputs<'_>) -> bool {
    let tag = |name: &str| i.observation.group.tags.get(name).map(|v| v.trim());
    let unreadable = tag("tidegate:until").is_some_and(|v| v.parse::<Timestamp>().is_err())
        || tag("tidegate:floor").is_some_and(|v| v.parse::<u32>().is_err());
    let held = unreadable || tag("tidegate:hold").is_some_and(|hold| hold != "none");
    held && !tags_expired(i)
}

fn tags_expired(i: &Inputs<'_>) -> bool {
    let until = i.observation.group.tags.get("tidegate:until");
    until.and_then(|v| v.trim().parse::<Timestamp>().ok()).is_some_and(|until| until <= i.now)
}

/// 3: only the nightly function lowers by night, only a tick by day; a tick that follows sizing at
/// any hour.
fn check_window(i: &Inputs<'_>, d: &Decision, broken: &mut Broken) {
    let moment = i.policy.calendar.at(i.now);
    match i.signal {
        Signal::Night { scheduled } => {
            broken.unless(moment.day.is_none(), 3, "a nightly lowering by day");
            let age = scheduled.map(|at| i.now.duration_since(at));
            broken.unless(age.is_none_or(|age| age <= LATE_AFTER), 4, "a late wake-up");
        }
        Signal::Tick => {
            let lead = schedule::lead(i.policy, &d.memory);
            let day = moment.day_or_lead(i.now, lead);
            let sized = sizing_bid(i, d).is_some();
            broken.unless(day.is_some() || sized, 3, "a tick's lowering by night");
        }
        Signal::Day | Signal::Alarm(_) => broken.unless(false, 3, "a signal that only raises"),
    }
}

/// What sizing asks for now, where it may act: the policy says so and the group has no policy of
/// its own that lowers.
fn sizing_bid(i: &Inputs<'_>, d: &Decision) -> Option<u32> {
    let on = i.policy.sizing.mode == SizingMode::On;
    let sized = i.observation.sizing.as_ref()?.as_ref().ok().filter(|_| on && is_owner(i))?;
    let bid = d.bids.iter().find(|b| b.source == Source::Sizing && b.is_live(i.now))?;
    (bid.floor == sized.advice.size).then_some(bid.floor)
}

/// Whether a stored bid binds this decision: sizing's own do while it may act, and its lease until
/// it advises anew.
fn still_binds(i: &Inputs<'_>, d: &Decision, bid: &Bid) -> bool {
    let on = i.policy.sizing.mode == SizingMode::On && is_owner(i);
    match bid.source {
        Source::Sizing => on && sizing_bid(i, d).is_none(),
        Source::Burst => on,
        _ => true,
    }
}

fn is_owner(i: &Inputs<'_>) -> bool {
    evidence(i).is_some_and(|e| Mode::of(&e.policies) == Mode::Owner)
}

/// 3: no alarm speaks against it, and every one that may was read.
fn check_alarms(i: &Inputs<'_>, broken: &mut Broken) {
    let Ok(alarms) = &i.observation.alarms else {
        return broken.unless(false, 3, "the veto alarms were not read");
    };
    for spike in &i.policy.spikes {
        let calm = alarms.get(&spike.alarm).is_none_or(|a| a.state != AlarmState::Alarm);
        broken.unless(calm, 3, format!("{} is in ALARM", spike.alarm));
    }
    for name in &i.policy.lower.veto_alarms {
        let quiet = alarms.get(name).is_some_and(|a| {
            let fresh = (-CLOCK_SKEW..VETO_AFTER).contains(&i.now.duration_since(a.since));
            a.comparison.is_low_side() || (a.state != AlarmState::Alarm && !fresh)
        });
        broken.unless(quiet, 3, format!("veto alarm {name}"));
    }
}

/// 2: what the lowering stands on is data.
fn check_data(i: &Inputs<'_>, broken: &mut Broken) {
    let Some(closer) = &i.observation.closer else {
        return broken.unless(false, 2, "lowered without reading the load");
    };
    let Ok(series) = &closer.recent else {
        return broken.unless(false, 2, "lowered on a load that could not be read");
    };
    let sane = series.iter().all(|p| p.value.is_finite() && p.value >= 0.0);
    broken.unless(sane, 2, "lowered on NaN, infinite or negative load");
    let healthy = closer.healthy.as_ref().and_then(|h| h.as_ref().ok());
    let known = known_minutes(series, healthy.map(Vec::as_slice), i.now);
    let Some(newest) = known.first_key_value().map(|(age, _)| *age) else {
        return broken.unless(false, 2, "lowered on missing load");
    };
    broken.unless(newest <= STALE_AFTER, 2, format!("lowered on load {newest} minutes old"));
    let night = matches!(i.signal, Signal::Night { .. });
    let window = if night { 30 } else { i.policy.stabilization().as_mins().max(1) };
    let seen = known.range(newest..newest + window).count();
    let missing = window - i64::try_from(seen).unwrap_or(window);
    broken.unless(missing <= GAPS_ALLOWED, 2, format!("{missing} minutes of load are missing"));
    let serving = i.observation.group.serving() > 0;
    // Newest minutes that are missing make no silence plausible.
    let fell = serving && (fell_silent(&known, newest) || fell_silent(&known, JUDGED_AFTER));
    broken.unless(!fell, 2, "lowered on a load that fell to nothing with hosts in service");
}

/// What is known of the load, by the minute's age in minutes: what was published, and zero
/// where healthy hosts were seen in that minute.
fn known_minutes(
    series: &[Point],
    healthy: Option<&[Point]>,
    now: Timestamp,
) -> BTreeMap<i64, f64> {
    let mut known = BTreeMap::new();
    let healthy = healthy.unwrap_or_default().iter().filter(|p| p.value > 0.0);
    known.extend(healthy.map(|p| (minutes_ago(p, now), 0.0)));
    known.extend(series.iter().map(|p| (minutes_ago(p, now), p.value)));
    known.retain(|age, _| *age >= JUDGED_AFTER);
    known
}

fn minutes_ago(point: &Point, now: Timestamp) -> i64 {
    now.as_second().div_euclid(60) - point.at.as_second().div_euclid(60)
}

/// Whether five minutes from this age on, as far as they are known, carry less than a tenth of the
/// hour before them.
fn fell_silent(known: &BTreeMap<i64, f64>, newest: i64) -> bool {
    let mean = |ages: std::ops::Range<i64>| {
        let values = known.range(ages).map(|(_, v)| *v);
        let (sum, count) = values.fold((0.0, 0_u16), |(sum, count), v| (sum + v, count + 1));
        (count > 0).then(|| sum / f64::from(count))
    };
    let (recent, hour) = (mean(newest..newest + 5), mean(newest + 5..newest + 65));
    // A hair below a tenth: rounding must not make the checker stricter than the planner.
    recent.zip(hour).is_some_and(|(recent, hour)| recent < hour * 0.099_999)
}

/// 3 and 7: what the group itself says.
fn check_evidence(i: &Inputs<'_>, desired: Option<u32>, e: &Evidence, broken: &mut Broken) {
    broken.unless(e.refresh.is_none(), 3, "an instance refresh");
    broken.unless(!has_unhealed_launch(e), 3, "a launch failed and none succeeded there since");
    let owner = Mode::of(&e.policies) == Mode::Owner;
    broken.unless(owner || desired.is_none(), 8, "desired lowered in floor mode");
    let floor = i.policy.day_floor.min(i.observation.group.sizes.max).min(i.policy.budget_max);
    let stands = e.backstop.as_ref().is_some_and(|b| b.min >= floor);
    broken.unless(stands, 7, "no backstop");
}

/// Whether in some zone the last launch that ended has failed; where a failure names no zone,
/// any success after it heals.
fn has_unhealed_launch(e: &Evidence) -> bool {
    let launches = |result: ActivityResult| {
        let launches = e.activities.iter().filter(|a| a.kind == ActivityKind::Launch);
        launches.filter(move |a| a.result == result).map(|a| (a.zone.as_deref(), a.started))
    };
    let zones: BTreeSet<_> = launches(ActivityResult::Failed).map(|(zone, _)| zone).collect();
    zones.into_iter().any(|zone| {
        let failed = launches(ActivityResult::Failed).filter(|(z, _)| *z == zone).map(|(_, at)| at);
        let heals = launches(ActivityResult::Successful);
        let heals = heals.filter(|(z, _)| zone.is_none() || *z == zone).map(|(_, at)| at);
        failed.max() >= heals.max()
    })
}

/// 6: the most that a step may reach, from the capacities that were seen.
fn growth_limit(i: &Inputs<'_>, d: &Decision) -> u64 {
    let percent = |f: fn(&crate::policy::SpikePolicy) -> u32| {
        i.policy.spikes.iter().map(f).max().map_or(0, u64::from)
    };
    let limit = |mins: i64, percent: u64| {
        let window = SignedDuration::from_mins(mins);
        let inside = d.memory.growth.iter().filter(|s| i.now.duration_since(s.at) <= window);
        let start = d.memory.growth.iter().rfind(|s| i.now.duration_since(s.at) > window);
        let least = inside.chain(start).map(|s| u64::from(s.desired)).min();
        least.map_or(u64::MAX, |n| (n * (100 + percent) / 100).max(n + 1))
    };
    let short = limit(10, percent(|s| s.growth_10min_percent));
    short.min(limit(60, percent(|s| s.growth_hour_percent)))
}

#[cfg(test)]
mod tests;
