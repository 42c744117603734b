//! What a look at the group adds to the memory: instances first seen, terminations,
//! growth, measured launches, and whose `MinSize` it is.

use super::Inputs;
use crate::group::{Activity, ActivityKind, ActivityResult, Lifecycle};
use crate::ids::InstanceId;
use crate::ledger::LedgerEntry;
use crate::memory::{CapacitySample, Intent, Lowering, MeasuredLaunch, Memory, Seen, SeenMode};
use crate::signal::Signal;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Launches kept: enough for a p95, few enough for a small item.
const LAUNCHES_KEPT: usize = 50;
/// Notices are forgotten after a week: longer than any repeat.
const NOTICE_KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Growth is limited over an hour.
const GROWTH_KEPT: SignedDuration = SignedDuration::from_hours(1);

/// The memory after this look, before any decision.
pub(super) fn remember(i: &Inputs<'_>, notes: &mut Vec<String>) -> Memory {
    let mut memory = i.memory.clone();
    settle_intent(i, &mut memory);
    note_whose_min(i, &mut memory, notes);
    note_instances(i, &mut memory);
    note_growth(i, &mut memory);
    note_evidence(i, &mut memory);
    note_event(i, &mut memory, notes);
    memory.bids.retain(|bid| bid.is_live(i.now));
    memory.no_lowering_until = memory.no_lowering_until.filter(|until| i.now < *until);
    let is_old = |at: &Timestamp| i.now.duration_since(*at) >= NOTICE_KEPT;
    if memory.notices.values().any(is_old) {
        memory.notices.retain(|_, at| !is_old(at));
    }
    memory
}

/// An intent left by a run that did not finish: if the group shows it, it happened;
/// if not, it is void (a raise is backed by its bid, a lowering is decided anew).
fn settle_intent(i: &Inputs<'_>, memory: &mut Memory) {
    let Some(intent) = memory.intent.take() else { return };
    let sizes = i.observation.group.sizes;
    let shows_min = sizes.min == intent.min;
    if shows_min {
        memory.applied_min = Some(intent.min);
    }
    let Intent { min, desired, expected: before, at } = intent;
    if min >= before.min && desired.is_none() {
        return;
    }
    let step = Some(Lowering { at, before, min, desired, audited: false });
    // Whoever changed `MinSize` since: it is the capacity that tells.
    if desired.map_or(shows_min, |desired| sizes.desired <= desired) {
        memory.last_lowering = step;
    } else if desired.is_some() {
        memory.doubt = step;
    }
}

/// A `MinSize` that we did not write: above ours it is a person's bid, below ours it is
/// taken as the new base (a bid may still raise it).
fn note_whose_min(i: &Inputs<'_>, memory: &mut Memory, notes: &mut Vec<String>) {
    let min = i.observation.group.sizes.min;
    let Some(applied) = memory.applied_min else {
        let first = LedgerEntry::FIRST_LOOK;
        notes.push(format!("{first}: its MinSize of {min} is taken over"));
        memory.applied_min = Some(min);
        return;
    };
    // Nothing of ours goes below a person's `MinSize`: a person has taken it back.
    memory.operator_min = memory.operator_min.filter(|theirs| min >= *theirs);
    let lost_intent = i.memory.intent.as_ref().map(|intent| intent.expected.min);
    if min == applied || Some(min) == lost_intent || min == super::backstop::floor(i) {
        memory.applied_min = Some(min);
    } else if min > applied {
        memory.operator_min = Some(min);
    } else {
        notes.push(format!("MinSize is {min}, we had applied {applied}: taken over"));
        memory.operator_min = None;
        memory.applied_min = Some(min);
    }
}

fn note_instances(i: &Inputs<'_>, memory: &mut Memory) {
    // Whatever is there when we first meet a group has long been warm.
    let first_meeting = i.memory.applied_min.is_none();
    let group = &i.observation.group;
    for instance in group.instances.iter().filter(|x| x.lifecycle != Lifecycle::WarmPool) {
        let in_service = instance.lifecycle == Lifecycle::InService;
        if in_service && memory.instances.get(&instance.id).is_some_and(|x| x.in_service.is_some())
        {
            continue;
        }
        let seen = memory.instances.entry(instance.id.clone()).or_insert(Seen {
            first: i.now,
            in_service: None,
            settled: first_meeting && in_service,
            leaving: false,
        });
        if in_service && seen.in_service.is_none() {
            seen.in_service = Some(i.now);
        }
        if instance.lifecycle == Lifecycle::Terminating && !seen.leaving {
            seen.leaving = true;
            memory.last_termination = Some(i.now);
        }
    }
    // Whoever is there is remembered by now: as many as are remembered means that nobody left.
    let active = group.instances.iter().filter(|x| x.lifecycle != Lifecycle::WarmPool);
    if active.count() == memory.instances.len() {
        return;
    }
    let there: BTreeSet<&InstanceId> = group.instances.iter().map(|x| &x.id).collect();
    if memory.instances.iter().any(|(id, seen)| !there.contains(id) && !seen.leaving) {
        memory.last_termination = Some(i.now);
    }
    if memory.instances.keys().any(|id| !there.contains(id)) {
        memory.instances.retain(|id, _| there.contains(id));
    }
}

fn note_growth(i: &Inputs<'_>, memory: &mut Memory) {
    let desired = i.observation.group.sizes.desired;
    if memory.growth.last().is_none_or(|s| s.desired != desired) {
        memory.growth.push(CapacitySample { at: i.now, desired });
    }
    // One sample older than the window is kept: it tells the capacity at its start.
    let old = |at: Timestamp| i.now.duration_since(at) > GROWTH_KEPT;
    let older = memory.growth.iter().filter(|s| old(s.at)).count();
    memory.growth.drain(..older.saturating_sub(1));
}

fn note_evidence(i: &Inputs<'_>, memory: &mut Memory) {
    if let Some(mode) = i.observation.mode() {
        let known = memory.mode.filter(|seen| seen.mode == mode);
        memory.mode = known.or(Some(SeenMode { mode, at: i.now }));
    }
    let Some(Ok(evidence)) = i.observation.closer.as_ref().map(|c| &c.evidence) else { return };
    let launched =
        |a: &&Activity| a.kind == ActivityKind::Launch && a.result == ActivityResult::Successful;
    for activity in evidence.activities.iter().rev().filter(launched) {
        let Some(ended) = activity.ended else { continue };
        if memory.launches.iter().any(|known| known.id.as_str() == activity.id) {
            continue;
        }
        let secs = ended.duration_since(activity.started).as_secs();
        let secs = u32::try_from(secs.max(0)).unwrap_or(u32::MAX);
        memory.launches.push(MeasuredLaunch { id: activity.id.as_str().into(), secs });
    }
    let excess = memory.launches.len().saturating_sub(LAUNCHES_KEPT);
    if excess > 0 {
        memory.launches.drain(..excess);
    }
}

/// Orders one alarm's events: an older one than the newest seen says nothing.
fn note_event(i: &Inputs<'_>, memory: &mut Memory, notes: &mut Vec<String>) {
    let Signal::Alarm(change) = i.signal else { return };
    let newest = memory.alarm_times.get(&change.alarm).copied();
    if newest.is_some_and(|newest| change.at < newest) {
        notes.push(format!("an event of {} came out of order and is ignored", change.alarm));
    } else {
        memory.alarm_times.insert(change.alarm.clone(), change.at);
    }
}
