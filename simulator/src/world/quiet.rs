//! Wake-ups that can be left out, because they would decide what the one before decided.
//!
//! A run that held, wrote nothing, told nothing and judged no load can differ the next time only
//! when the group, an alarm or a fault changed, the memory was written, or an instant has passed
//! that decisions turn on: a boundary of the calendar, an expiry or an age in the memory. All of
//! these end the quiet; what is not listed here is never quiet.
//!
//! What must stay true: a run with and one without leaving out write the same ledger, byte for
//! byte (a law test), and the bill counts the calls of what was left out.

use super::{Calls, SimWorld, State};
use jiff::{SignedDuration, Timestamp};
use std::cell::Cell;
use std::sync::Arc;
use tidegate_domain::bid::{Bid, Source};
use tidegate_domain::decide::schedule::{FIRST_HOUR, lead};
use tidegate_domain::group::Group;
use tidegate_domain::ledger::{LedgerEntry, OutcomeWord};
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::AlarmState;
use tidegate_domain::observation::{Advised, Reading};
use tidegate_domain::policy::FleetPolicy;
use tidegate_domain::reason::Reason;
use tidegate_domain::sizing::Rule;

/// Nothing is left out for longer than this.
const LONGEST: SignedDuration = SignedDuration::from_hours(6);
/// Notices are repeated after whole quarters of an hour, whatever they are about.
const NOTICE_STEP_SECS: i64 = 900;
/// From a deadline until nobody is told any more that it was missed, and from a day's forecast
/// to its lead.
const GRACE: SignedDuration = SignedDuration::from_mins(10);
const FORECAST_AHEAD: SignedDuration = SignedDuration::from_mins(30);
/// What a veto alarm, an audit and a sample of growth turn on; a second more where the rule is
/// "longer than".
const VETO_AFTER: SignedDuration = SignedDuration::from_mins(15);
const AUDIT_AFTER: SignedDuration = SignedDuration::from_secs(15);
const GROWTH_KEPT: SignedDuration = SignedDuration::from_secs(3601);

/// What a tick leaves of a lease of sizing before it renews it, and what lets a bid live.
const RENEWED_BELOW: SignedDuration = SignedDuration::from_mins(10);
const ALIVE: SignedDuration = SignedDuration::from_secs(1);

/// A world before a run.
#[derive(Debug, Clone)]
pub struct Before {
    stamp: Stamp,
    calls: Calls,
    tokens: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    changes: u64,
    turns: u64,
}

/// A run that would be the same again, until.
#[derive(Debug, Clone)]
pub struct Quiet {
    stamp: Stamp,
    until: Timestamp,
    /// The count of closer looks, where the reason is when the next one is taken.
    looks: Option<u64>,
    /// What must be left of a lease of sizing, where there is one.
    lease: Option<SignedDuration>,
    reason: Reason,
    /// The size and the rule that sizing advised, to a run that asked it.
    advised: Option<(u32, String)>,
    /// That rule, once it was seen.
    rule: Cell<Option<Rule>>,
    /// What it called, and the tokens that it took.
    called: Calls,
    tokens: u64,
}

impl Quiet {
    /// Whether this run asks sizing, and takes the size and the rule that it gets as the same.
    pub fn asks(&self) -> bool {
        self.advised.is_some()
    }

    /// Whether this is what was advised, and nothing is to be told beside it.
    pub fn was_advised(&self, answer: Option<&Reading<Advised>>) -> bool {
        let Some(Ok(Advised { advice, trouble: None })) = answer else { return false };
        let Some((size, rule)) = &self.advised else { return false };
        if advice.burst || advice.size != *size {
            return false;
        }
        if self.rule.get().is_none() && advice.rule.to_string() == *rule {
            self.rule.set(Some(advice.rule));
        }
        self.rule.get() == Some(advice.rule)
    }
}

impl SimWorld<'_> {
    /// What is to be compared after a run.
    pub fn before(&self) -> Before {
        let state = &*self.lock();
        Before { stamp: state.stamp(), calls: state.calls, tokens: state.tokens }
    }

    /// Whether the run that made this entry would be the same again, and until when.
    pub fn quiet(
        &self,
        before: &Before,
        entry: &LedgerEntry,
        policy: &FleetPolicy,
    ) -> Option<Quiet> {
        let state = &*self.lock();
        let called = state.calls.since(&before.calls)?;
        let held = entry.outcome == OutcomeWord::Held && state.moved_nothing(before, entry);
        let until = (held && state.is_calm(entry, policy)).then(|| state.horizon(policy))?;
        let waits = matches!(entry.reason, Reason::LookedRecently { .. });
        // The next closer look is for who waits for it: the others were decided before that.
        let until = state.memory.next_look.filter(|_| waits).map_or(until, |at| at.min(until));
        let advised = match &entry.sizing {
            None if state.calls.sizing_reads > before.calls.sizing_reads => return None,
            None => None,
            Some(sizing) => Some((sizing.size, sizing.rule.clone())),
        };
        let left = if advised.is_some() { RENEWED_BELOW } else { ALIVE };
        let quiet = Quiet {
            stamp: state.stamp(),
            until,
            looks: waits.then_some(state.looks),
            lease: state.lease().map(|_| left),
            reason: entry.reason.clone(),
            advised,
            rule: Cell::new(None),
            called,
            tokens: state.tokens - before.tokens,
        };
        state.still(&quiet).then_some(quiet)
    }

    /// Whether the run would still be the same; for one that asks sizing, if it is advised the
    /// same.
    pub fn is_still(&self, quiet: &Quiet) -> bool {
        self.lock().still(quiet)
    }

    /// Whether what was quiet before this run is so after it: it did nothing but renew a lease.
    pub fn stays(&self, quiet: &Quiet, entry: &LedgerEntry) -> bool {
        entry.outcome == OutcomeWord::Held && entry.reason == quiet.reason && self.is_still(quiet)
    }

    /// Leaves a run out, and counts what it would have called.
    pub fn skip(&self, quiet: &Quiet) {
        let state = &mut *self.lock();
        state.calls.add(&quiet.called);
        state.tokens += quiet.tokens;
    }

    /// The group as it shows itself and the memory, uncounted: for asking sizing before a run
    /// that is left out if it advises the same.
    pub fn glimpse(&self) -> (Arc<Group>, Memory) {
        let state = &mut *self.lock();
        (state.shown(), state.memory.clone())
    }

    /// Sizing was asked, and the run will ask it again: it is read once in a minute.
    pub fn unask(&self) {
        self.lock().calls.sizing_reads -= 1;
    }
}

impl Calls {
    /// What was called since, if it was nothing but looks at group, alarms and memory; without
    /// what sizing reads and writes, and without the memory that was written: a run that is the
    /// same again finds that there.
    fn since(&self, before: &Self) -> Option<Self> {
        let Self { describes, alarms, metrics, leases, loads, memories, .. } = *self;
        let Self { sizing_reads, sizing_metrics, sizings, .. } = *self;
        let only = Self { describes, alarms, metrics, leases, loads, memories, ..*before };
        (*self == Self { sizing_reads, sizing_metrics, sizings, ..only }).then(|| Self {
            describes: describes - before.describes,
            alarms: alarms - before.alarms,
            metrics: metrics - before.metrics,
            leases: leases - before.leases,
            loads: loads - before.loads,
            ..Self::default()
        })
    }

    fn add(&mut self, more: &Self) {
        self.describes += more.describes;
        self.alarms += more.alarms;
        self.metrics += more.metrics;
        self.leases += more.leases;
        self.loads += more.loads;
    }
}

impl State<'_> {
    /// The group as it shows itself.
    pub(super) fn shown(&mut self) -> Arc<Group> {
        let site = &self.site;
        Arc::clone(self.view.get_or_insert_with(|| Arc::new(site.group().view())))
    }

    fn stamp(&self) -> Stamp {
        Stamp { changes: self.changes, turns: self.turns }
    }

    /// Whether a run left everything as it was that its decision turns on, but for the bid of
    /// sizing that it made itself.
    fn moved_nothing(&self, before: &Before, entry: &LedgerEntry) -> bool {
        let stamp = self.stamp();
        let bid_made = Stamp { turns: before.stamp.turns + 1, ..before.stamp };
        let made = self.resized == Some(stamp.turns) && entry.sizing.is_some();
        stamp == before.stamp || (made && stamp == bid_made)
    }

    /// Until when sizing's lease stands.
    fn lease(&self) -> Option<Timestamp> {
        self.memory.bids.iter().find(|bid| bid.source == Source::Sizing)?.until
    }

    fn still(&self, quiet: &Quiet) -> bool {
        let now = self.site.now();
        let looks = quiet.looks.is_none_or(|looks| looks == self.looks);
        let left = self.lease().map(|until| until.duration_since(now));
        let leased = left.is_some() == quiet.lease.is_some() && left >= quiet.lease;
        self.stamp() == quiet.stamp && looks && leased && now < quiet.until
    }

    /// Counts how the memory changes: a lease of sizing that is renewed, and a reason that is
    /// noted, turn no other run's decision; when the next closer look is taken turns one that
    /// waits for it.
    pub(super) fn note_change(&mut self, new: &Memory) {
        if new.next_look != self.memory.next_look {
            self.looks += 1;
        }
        let mut old = self.memory.clone();
        old.next_look = new.next_look;
        old.last_reasons.clone_from(&new.last_reasons);
        let renewed = |bid: &Bid| new.bids.iter().find(|x| x.source == bid.source)?.until;
        for bid in old.bids.iter_mut().filter(|bid| bid.source == Source::Sizing) {
            bid.until = renewed(bid);
        }
        if old == *new {
            return;
        }
        self.turns += 1;
        let others = |bids: &[Bid]| -> Vec<Bid> {
            bids.iter().filter(|bid| bid.source != Source::Sizing).cloned().collect()
        };
        let others_stand = others(&old.bids) == others(&new.bids);
        old.bids.clone_from(&new.bids);
        self.resized = (others_stand && old == *new).then_some(self.turns);
    }

    /// Whether nothing that was decided depends on the load, on how long anything stands in the
    /// way, or on instances that come and go.
    fn is_calm(&self, entry: &LedgerEntry, policy: &FleetPolicy) -> bool {
        let head = self.site.head();
        let desired = self.site.group().sizes().desired;
        let settled = head.serving == desired && head.billed == desired;
        let ringing = self.bells.values().any(|bell| bell.alarm.state == AlarmState::Alarm);
        let known = self.memory.mode.is_some() && self.memory.since.is_empty();
        settled && !ringing && known && is_steady(entry, policy)
    }

    /// The first instant after now on which a decision may turn.
    fn horizon(&self, policy: &FleetPolicy) -> Timestamp {
        let now = self.site.now();
        let later = |at: Timestamp, length| at.saturating_add(length).unwrap_or(at);
        let vetoes = self.bells.values().map(|bell| later(bell.alarm.since, VETO_AFTER));
        let instants = calendar(policy, &self.memory, now).into_iter();
        let instants = instants.chain(vetoes).chain(remembered(policy, &self.memory, now));
        instants.filter(|at| *at > now).fold(later(now, LONGEST), Timestamp::min)
    }
}

/// Holds whose ground is none of the minutes of a metric. With step tables the newest minutes
/// can speak against a lowering before an alarm does, so only what comes before that counts.
fn is_steady(entry: &LedgerEntry, policy: &FleetPolicy) -> bool {
    let scheduled = entry.bids.iter().all(|bid| bid.source == Source::Schedule);
    let no_tables = policy.spikes.is_empty();
    match entry.reason {
        Reason::AtFloor { .. } => scheduled || no_tables,
        Reason::NightFunctionLowers | Reason::RaisesOnly | Reason::OutsideNight => true,
        Reason::DayReady { .. } => true,
        Reason::Baking { .. } | Reason::LookedRecently { .. } => no_tables,
        _ => false,
    }
}

/// The boundaries of the day that is on and of the next one, with what comes before and after.
fn calendar(policy: &FleetPolicy, memory: &Memory, now: Timestamp) -> Vec<Timestamp> {
    let moment = policy.calendar.at(now);
    let lead = lead(policy, memory);
    let mut instants = Vec::with_capacity(12);
    for window in [moment.day, moment.next].into_iter().flatten() {
        let start = window.start;
        let before = |length| start.saturating_sub(length).unwrap_or(start);
        let after = |length| start.saturating_add(length).unwrap_or(start);
        let past = SignedDuration::from_secs(1);
        instants.extend([window.end, start, before(lead), before(lead + FORECAST_AHEAD)]);
        instants.extend([after(GRACE), after(GRACE + past), after(FIRST_HOUR)]);
    }
    instants
}

/// Expiries and ages in the memory.
fn remembered(policy: &FleetPolicy, memory: &Memory, now: Timestamp) -> Vec<Timestamp> {
    let after = |at: Timestamp, length| at.saturating_add(length).unwrap_or(at);
    let bake = policy.lower.bake;
    // What must be left of sizing's lease is seen to by whoever leaves a run out.
    let others = memory.bids.iter().filter(|bid| bid.source != Source::Sizing);
    let mut instants: Vec<Timestamp> = others.filter_map(|bid| bid.until).collect();
    instants.extend(memory.no_lowering_until);
    instants.extend(memory.last_termination.map(|at| after(at, bake)));
    instants.extend(memory.last_breach.map(|at| after(at, policy.stabilization())));
    for step in memory.last_lowering.into_iter().chain(memory.doubt) {
        let ages = [bake, AUDIT_AFTER, VETO_AFTER, VETO_AFTER + SignedDuration::from_secs(1)];
        instants.extend(ages.map(|age| after(step.at, age)));
    }
    instants.extend(memory.growth.iter().map(|sample| after(sample.at, GROWTH_KEPT)));
    instants.extend(memory.notices.values().map(|sent| {
        let steps = now.duration_since(*sent).as_secs().div_euclid(NOTICE_STEP_SECS) + 1;
        after(*sent, SignedDuration::from_secs(steps * NOTICE_STEP_SECS))
    }));
    instants
}
