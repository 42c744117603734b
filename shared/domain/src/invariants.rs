//! The invariants, checked on a decision independently of the planner that made it:
//! by the tests, by the simulator, and by the functions before they apply.

use crate::arbiter::Limits;
use crate::bid::Source;
use crate::decide::{Action, Decision, Inputs};
use crate::group::{Evidence, Mode};
use crate::metrics::AlarmState;
use crate::reason::Reason;
use crate::signal::Signal;
use jiff::{SignedDuration, Timestamp};

/// No policy may let one lowering take more than this share (scaling.md).
const MOST_PERCENT: u64 = 20;
/// The oldest end of the newest minute that a lowering may stand on.
const STALE_AFTER: SignedDuration = SignedDuration::from_mins(5);

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
    let (from, to) = match to {
        (_, Some(desired)) => (sizes.desired, desired),
        (min, None) => (sizes.min, min),
    };
    let limits = Limits::of(i.policy, sizes.max);
    for bid in d.bids.iter().filter(|b| b.is_live(i.now)) {
        let floor = limits.clamp(bid.floor);
        broken.unless(to >= floor, 5, format!("{to} below the {} bid of {floor}", bid.source));
    }
    let stored = i.memory.bids.iter().filter(|b| b.is_live(i.now));
    for bid in stored {
        broken.unless(to >= limits.clamp(bid.floor), 5, "below a bid in memory");
    }
    let most = (u64::from(from) * MOST_PERCENT / 100).max(1);
    let step = u64::from(from.saturating_sub(to));
    broken.unless(step <= most, 5, format!("a step from {from} to {to}"));
    let baked = |at: Timestamp| i.now.duration_since(at) >= i.policy.lower.bake;
    let last = i.memory.last_lowering.map(|l| l.at);
    broken.unless(last.is_none_or(baked), 4, "a second lowering within the bake");
    broken.unless(i.memory.last_termination.is_none_or(baked), 5, "a termination still bakes");
}

/// 3: vetoes that can be seen without judging anything.
fn check_vetoes(i: &Inputs<'_>, d: &Decision, broken: &mut Broken) {
    let spike = d.bids.iter().any(|b| b.source == Source::Spike && b.is_live(i.now));
    broken.unless(!spike, 3, "a live spike");
    broken.unless(i.trust.no_memory.is_none(), 3, "no lease or memory");
    broken.unless(i.trust.policy_fault.is_none(), 3, "an unusable policy");
    for process in ["Launch", "Terminate", "ScheduledActions"] {
        broken.unless(!i.observation.group.is_suspended(process), 3, format!("no {process}"));
    }
    let hold = i.observation.group.tags.get("tidegate:hold").map(String::as_str);
    let until = i.observation.group.tags.get("tidegate:until").map(|t| t.parse::<Timestamp>());
    let expired = matches!(until, Some(Ok(until)) if until <= i.now);
    let held = !expired && hold.is_some_and(|h| h.trim() != "none");
    broken.unless(!held, 3, "an operator's hold");
    let until = i.memory.no_lowering_until;
    broken.unless(until.is_none_or(|until| until <= i.now), 3, "a step was undone");
    let is_day = i.policy.calendar.at(i.now).day.is_some();
    let night = matches!(i.signal, Signal::Night { .. });
    broken.unless(!(night && is_day), 3, "a nightly lowering by day");
    broken.unless(!matches!(i.signal, Signal::Day), 3, "a lowering by the day's schedule");
    let Ok(alarms) = &i.observation.alarms else {
        return broken.unless(false, 3, "the veto alarms were not read");
    };
    for name in &i.policy.lower.veto_alarms {
        let quiet = alarms
            .get(name)
            .is_some_and(|a| a.comparison.is_low_side() || a.state != AlarmState::Alarm);
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
    let fresh =
        |at: Timestamp| i.now.duration_since(at) <= STALE_AFTER + SignedDuration::from_mins(1);
    let load = series.iter().any(|p| fresh(p.at));
    let healthy = closer.healthy.as_ref().and_then(|h| h.as_ref().ok());
    let alive = healthy.is_some_and(|h| h.iter().any(|p| fresh(p.at) && p.value > 0.0));
    broken.unless(load || alive, 2, "lowered on missing or stale load");
}

/// 3 and 7: what the group itself says.
fn check_evidence(i: &Inputs<'_>, desired: Option<u32>, e: &Evidence, broken: &mut Broken) {
    broken.unless(e.refresh.is_none(), 3, "an instance refresh");
    let owner = Mode::of(&e.policies) == Mode::Owner;
    broken.unless(owner || desired.is_none(), 8, "desired lowered in floor mode");
    let floor = i.policy.day_floor.min(i.observation.group.sizes.max).min(i.policy.budget_max);
    let stands = e.backstop.as_ref().is_some_and(|b| b.min >= floor);
    broken.unless(stands, 7, "no backstop");
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
