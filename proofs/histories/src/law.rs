//! The laws of a history, judged by what was written to the group and by what was true: they
//! know neither the code's reading of the world nor its reasons. Numbers are those of the
//! invariants in `docs/architecture.md`.

mod ground;

use super::serve::Sent;
use super::stage::{Theatre, fleet};
use super::step::Event;
use super::truth::Truth;
use ground::{Held, hold, judge_alarms, judge_group, judge_load};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use tidegate_domain::arbiter::Limits;
use tidegate_domain::group::Group;
use tidegate_domain::ledger::{LedgerEntry, OutcomeWord};
use tidegate_domain::policy::{FleetPolicy, SizingMode};
use tidegate_domain::ports::Clock;
use tidegate_domain::reason::Reason;
use tidegate_fakes::{SizeChange, Writer};

/// Two lowerings are at least this far apart. The bake is ten minutes and counts from the
/// decision, which a run with slow calls writes up to a minute later.
const BAKE: SignedDuration = SignedDuration::from_mins(9);
/// After a spike's step nothing is lowered for the stabilization window.
const STABILIZATION: SignedDuration = SignedDuration::from_mins(10);
/// The same notice twice within this time is one too many.
const NOTICE_ONCE: SignedDuration = SignedDuration::from_mins(5);
/// Without one of these a fleet that was lowered cannot come back.
pub(super) const PROCESSES: [&str; 7] = [
    "Launch",
    "Terminate",
    "HealthCheck",
    "ReplaceUnhealthy",
    "AddToLoadBalancer",
    "ScheduledActions",
    "AlarmNotification",
];

/// A law that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The invariant's number; 0 for what is owed besides.
    pub number: u8,
    /// How.
    pub what: String,
}

impl Broken {
    /// This law.
    pub fn law(number: u8, what: impl Into<String>) -> Self {
        Self { number, what: what.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {}: {}", self.number, self.what)
    }
}

type Law = Result<(), Broken>;

fn unless(holds: bool, number: u8, what: impl FnOnce() -> String) -> Law {
    if holds { Ok(()) } else { Err(Broken::law(number, what())) }
}

/// What woke the functions in this step.
#[derive(Debug, Clone)]
pub struct Scene {
    events: Vec<Event>,
    late_minutes: i64,
    dry_run: bool,
}

impl Scene {
    /// Nothing did.
    pub fn quiet() -> Self {
        Self { events: Vec::new(), late_minutes: 0, dry_run: false }
    }

    /// These events did, so late.
    pub(super) fn of(events: &[Event], late_minutes: i64, sent: &Sent) -> Self {
        Self { events: events.to_vec(), late_minutes, dry_run: sent.dry_run }
    }
}

/// What was judged already, and what follows from it.
#[derive(Debug, Default)]
pub struct Judge {
    changes: usize,
    notices: usize,
    last_lowering: Option<Timestamp>,
    last_spike_step: Option<Timestamp>,
    undone_until: Option<Timestamp>,
    told: BTreeMap<String, Timestamp>,
    /// Somebody's raise that our write cut: no call can prevent it, and the next looks give it
    /// back.
    cut: Option<Lowering>,
    /// Lowerings that were judged.
    pub lowerings: u64,
}

/// A lowering of ours: the capacity before and after.
#[derive(Debug, Clone, Copy)]
struct Lowering {
    at: Timestamp,
    from: u32,
    to: u32,
}

/// What a lowering is judged on.
struct Ground<'a> {
    theatre: &'a Theatre,
    scene: &'a Scene,
    group: &'a Group,
    policy: &'a FleetPolicy,
}

impl Judge {
    /// Takes note of what a run said it did: promises that bind what comes after.
    pub fn note(&mut self, entry: &LedgerEntry) {
        if entry.outcome != OutcomeWord::Applied || entry.memory_version.is_none() {
            return;
        }
        match entry.reason {
            Reason::SpikeStep { .. } => self.last_spike_step = Some(entry.at),
            Reason::StepUndone { until, .. } => self.undone_until = Some(until),
            _ => {}
        }
    }

    /// Judges what was done since the last look.
    ///
    /// # Errors
    /// The first law that was broken.
    pub fn look(&mut self, theatre: &Theatre, scene: &Scene) -> Law {
        let changes = theatre.aws.size_changes(fleet());
        let fresh = changes.get(self.changes..).unwrap_or_default();
        for (nth, change) in fresh.iter().enumerate() {
            let before = fresh.get(..nth).unwrap_or_default();
            match change.by {
                Writer::Tidegate => self.judge_change(theatre, scene, change, before)?,
                _ => self.cut = None,
            }
        }
        self.changes = changes.len();
        self.judge_notices(theatre)?;
        match theatre.aws.sizes(fleet()) {
            Some(s) => {
                unless(s.min <= s.desired && s.desired <= s.max, 1, || format!("sizes {s:?}"))
            }
            None => Ok(()),
        }
    }

    /// `before`: what else was changed in this step, before it.
    fn judge_change(
        &mut self,
        theatre: &Theatre,
        scene: &Scene,
        change: &SizeChange,
        before: &[SizeChange],
    ) -> Law {
        let SizeChange { from, to, .. } = change;
        unless(from.max == to.max, 1, || format!("MaxSize was touched: {change:?}"))?;
        unless(!scene.dry_run, 3, || format!("written in a dry run: {change:?}"))?;
        let with_min = to.min > from.min && to.desired == to.min;
        let upward = to.desired > from.desired;
        unless(!upward || with_min, 8, || format!("desired written upward: {change:?}"))?;
        let Some(group) = theatre.aws.group(fleet()) else { return Ok(()) };
        let held = hold(&group, theatre.aws.now());
        unless(held != Held::All, 3, || format!("written against a hold: {change:?}"))?;
        let Some(policy) = theatre.held.fleets.get(fleet()) else { return Ok(()) };
        let limits = Limits::of(policy, to.max);
        let lowest = limits.min.min(from.min);
        unless(to.min >= lowest, 1, || format!("below the policy's minimum: {change:?}"))?;
        let highest = limits.ceiling.max(from.min);
        unless(to.min <= highest, 1, || format!("above the ceiling: {change:?}"))?;
        let Some(lowering) = lowering(&theatre.truth, change) else { return Ok(()) };
        if raced_without_lease(theatre, scene, before, change) {
            return Ok(());
        }
        let lowering = self.less_what_it_cut(lowering, before);
        self.judge_lowering(&Ground { theatre, scene, group: &group, policy }, lowering)
    }

    /// A lowering without somebody's raise in the very moment of its write, after our last look.
    fn less_what_it_cut(&mut self, lowering: Lowering, before: &[SizeChange]) -> Lowering {
        let theirs = |b: &&SizeChange| b.by == Writer::Outside && b.at == lowering.at;
        let raised = before.iter().rev().take_while(theirs).last();
        let Some(raised) = raised.filter(|r| r.from.desired < lowering.from) else {
            return lowering;
        };
        self.cut = Some(lowering);
        Lowering { from: raised.from.desired, ..lowering }
    }

    fn judge_lowering(&mut self, ground: &Ground<'_>, lowering: Lowering) -> Law {
        let Ground { theatre, scene, group, policy } = *ground;
        let Lowering { at, from, to } = lowering;
        self.lowerings += 1;
        let most = (from / 5).max(1);
        unless(from.saturating_sub(to) <= most, 5, || format!("a step from {from} to {to}"))?;
        let apart = |since: Timestamp, least| at.duration_since(since) >= least;
        let baked = self.last_lowering.is_none_or(|last| apart(last, BAKE));
        unless(baked, 5, || format!("two lowerings within the bake, the second at {at}"))?;
        self.last_lowering = Some(at);
        unless(to > 0 || policy.min == 0, 1, || "zero capacity".into())?;
        let calm = self.last_spike_step.is_none_or(|last| apart(last, STABILIZATION));
        unless(calm, 3, || "lowered right after a spike's step".into())?;
        let undone = self.undone_until.is_some_and(|until| at < until);
        unless(!undone, 3, || "lowered though a step was undone".into())?;
        let leads = policy.sizing.mode == SizingMode::On && !theatre.truth.floor_mode;
        if !leads {
            Self::judge_window(policy, scene, at)?;
        }
        judge_group(theatre, group, policy, at)?;
        judge_alarms(&theatre.truth, at)?;
        judge_load(&theatre.truth, group, (policy, leads), lowering)
    }

    /// The nightly function lowers by night, the tick by day, nothing else ever; a tick that follows
    /// sizing at any hour.
    fn judge_window(policy: &FleetPolicy, scene: &Scene, at: Timestamp) -> Law {
        let hour = at.to_zoned(policy.calendar.zone.clone()).hour();
        let (day, night) = ((8..22).contains(&hour), !(5..22).contains(&hour));
        let night_event = scene.events.contains(&Event::Night) && scene.late_minutes <= 31;
        // A turned away alarm makes the holder look again, as a tick does.
        let tick = scene.events.iter().any(|e| *e == Event::Tick || scene.events.len() > 1);
        let may = (night_event && !day) || (tick && !night);
        unless(may, 3, || format!("{:?} lowered at {hour} h", scene.events))
    }

    /// One notice for one trouble, where each time it could be kept that it was sent: what was
    /// told while the table was away is marked nowhere, and is told again once it is back.
    fn judge_notices(&mut self, theatre: &Theatre) -> Law {
        let sent = theatre.aws.published();
        let truth = &theatre.truth;
        let sure = !truth.may_forget && !truth.table_missing && !truth.memory_garbled;
        for sent in sent.iter().skip(self.notices) {
            if sure {
                let before = self.told.insert(sent.notice.key.clone(), sent.at);
                let soon = before.is_some_and(|b| sent.at.duration_since(b) < NOTICE_ONCE);
                unless(!soon, 4, || format!("told twice: {}", sent.notice.key))?;
            }
        }
        self.notices = sent.len();
        Ok(())
    }

    /// After everything was made well for three ticks.
    ///
    /// # Errors
    /// What is still owed.
    pub fn end(&self, theatre: &Theatre) -> Law {
        let lease = theatre.aws.lease(fleet());
        unless(lease.is_none(), 0, || format!("a lease is left: {lease:?}"))?;
        let Some(group) = theatre.aws.group(fleet()) else { return Ok(()) };
        let intent = theatre.aws.memory(fleet()).and_then(|found| found.memory.intent);
        let readable = !theatre.truth.memory_garbled;
        unless(!readable || intent.is_none(), 0, || format!("an intent is left: {intent:?}"))?;
        let Some(policy) = theatre.held.fleets.get(fleet()) else { return Ok(()) };
        if group.deleting || group.foreign_unit.is_some() {
            return Ok(());
        }
        let hour = theatre.aws.now().to_zoned(policy.calendar.zone.clone()).hour();
        let floor = if (8..22).contains(&hour) { policy.day_floor } else { policy.night.floor };
        let limits = Limits::of(policy, group.sizes.max);
        self.judge_cut(theatre, limits, group.sizes.desired)?;
        let floor = limits.clamp(floor);
        unless(group.sizes.min >= floor, 0, || {
            format!("all is well and MinSize is {}, not {floor}", group.sizes.min)
        })
    }
}

impl Judge {
    /// What was cut within the last minutes has been given back.
    fn judge_cut(&self, theatre: &Theatre, limits: Limits, desired: u32) -> Law {
        let truth = &theatre.truth;
        let sure = !truth.may_forget && !truth.table_missing && !truth.memory_garbled;
        let now = theatre.aws.now();
        let fresh = |cut: &Lowering| now.duration_since(cut.at) < STABILIZATION;
        let Some(cut) = self.cut.filter(fresh).filter(|_| sure) else { return Ok(()) };
        let owed = limits.clamp(cut.from);
        unless(desired >= owed, 3, || format!("a raise to {owed} was cut and is not given back"))
    }
}

/// What a change took away: desired capacity where it is ours, else `MinSize`.
fn lowering(truth: &Truth, change: &SizeChange) -> Option<Lowering> {
    let SizeChange { at, from, to, .. } = *change;
    if to.desired < from.desired {
        return Some(Lowering { at, from: from.desired, to: to.desired });
    }
    (truth.floor_mode && to.min < from.min).then_some(Lowering { at, from: from.min, to: to.min })
}

/// Two runs at once, without a table to hold a lease in, and each raised what it had seen: the
/// smaller raise may be written last. It takes nothing that stood there before both of them, and
/// no capacity; the next look raises again what is still needed.
fn raced_without_lease(
    theatre: &Theatre,
    scene: &Scene,
    before: &[SizeChange],
    change: &SizeChange,
) -> bool {
    let together = theatre.truth.table_missing && scene.events.len() > 1;
    let ours = before.iter().rev().take_while(|b| b.by == Writer::Tidegate);
    let stood = ours.last().map(|first| first.from.min);
    let kept = change.to.desired >= change.from.desired;
    together && kept && stood.is_some_and(|stood| change.to.min > stood)
}
