//! When calls to Auto Scaling fail: runs rest before the next one, and people are told.
//!
//! Ticks, the night's and the day's events, alarms, and Lambda's second and third tries of all
//! of them come whenever they like. The memory keeps when the last call failed, so that a group
//! is asked for at most once in a minute of the clock and never twice within [`PAUSE`], whoever
//! wakes us; the first call that is answered ends it. A run that rests succeeds, so nobody
//! tries it again: the next tick carries what woke it.
//!
//! What must stay true: a tick that comes a few seconds early still asks, so that one failure
//! costs a raise one tick; no two ticks in a row rest. Without memory no run knows of another.

use super::report::{Ending, blank};
use super::{CycleError, Once};
use crate::decide::{Action, Decision};
use crate::ledger::{LedgerEntry, OutcomeWord};
use crate::memory::Memory;
use crate::notice::{Notice, Severity};
use crate::ports::{PortError, World};
use crate::reason::Reason;
use crate::signal::Signal;
use jiff::{SignedDuration, Timestamp};

/// The key of an outage of Auto Scaling's own API.
const OUTAGE: &str = "describe";
/// The key of writes to the group that fail though it can be described.
const WRITES: &str = "group-writes";
/// The key of the last call that failed.
const TRIED: &str = "last-try";
/// From one failed call to the next: a minute, less what a tick may come early.
const PAUSE: SignedDuration = SignedDuration::from_secs(55);
/// A try that lies further ahead was made by another clock.
const MOST: SignedDuration = SignedDuration::from_mins(2);
/// People hear of an unreachable control plane after this long.
const PATIENCE: SignedDuration = SignedDuration::from_mins(4);
/// Writes that fail are told again after this long.
const REPEAT: SignedDuration = SignedDuration::from_hours(1);

/// Why this run makes no call, if a call failed too short a time ago.
pub(super) fn rest(memory: &Memory, now: Timestamp) -> Option<Reason> {
    let tried = *memory.since.get(TRIED)?;
    let next_minute = Timestamp::from_second((tried.as_second().div_euclid(60) + 1) * 60);
    let again = next_minute.ok()?.max(tried.checked_add(PAUSE).ok()?);
    let wait = again.duration_since(now);
    let rests = SignedDuration::ZERO < wait && wait <= MOST;
    let since = [OUTAGE, WRITES].iter().filter_map(|key| memory.since.get(*key)).min();
    let since = since.copied().unwrap_or(tried);
    rests.then_some(Reason::ControlPlaneDown { since, again })
}

/// The group was described: whatever failed before is over, but for writes.
pub(super) fn answered(memory: &mut Memory) {
    memory.since.remove(OUTAGE);
    if memory.notices.contains_key(OUTAGE) {
        memory.notices.remove(OUTAGE);
    }
    memory.since.remove(TRIED);
}

/// No write is owed: there was none, or it was done. What was told stays told: by day a lowering
/// that fails comes and goes with the looks at the load.
pub(super) fn written(memory: &mut Memory) {
    memory.since.remove(WRITES);
}

/// Marks a failed call; since when calls have failed, once that is long enough to be told.
fn failed(memory: &mut Memory, key: &str, began: Timestamp, now: Timestamp) -> Option<Timestamp> {
    memory.since.insert(TRIED.into(), began);
    let since = *memory.since.entry(key.into()).or_insert(began);
    (now.duration_since(since) >= PATIENCE).then_some(since)
}

impl<W: World> Once<'_, W> {
    /// A hold without a call; the ledger is told when it begins.
    pub(super) async fn rest(&mut self, reason: Reason) -> Result<LedgerEntry, CycleError> {
        let mut entry = blank(self.world, self.run, self.token, reason.clone());
        entry.memory_version = self.has_memory.then_some(self.version);
        if self.run.dry_run {
            return Ok(entry);
        }
        let mut memory = self.loaded.clone();
        let news = self.is_news(&mut memory, &reason);
        let kept = self.keep_if_changed(&memory).await;
        let written = if news { self.append(&entry).await } else { Ok(()) };
        self.answer(entry, kept.err().or(written.err()))
    }

    /// The group could not be described: nothing is done, people are told once.
    pub(super) async fn blind_to_group(
        &mut self,
        began: Timestamp,
        error: PortError,
    ) -> CycleError {
        let fleet = self.run.fleet.clone();
        if self.run.dry_run {
            return CycleError { fleet, entry: None, error };
        }
        let mut memory = self.loaded.clone();
        let due = failed(&mut memory, OUTAGE, began, self.world.now());
        let due = due.filter(|_| !memory.notices.contains_key(OUTAGE));
        // Without memory every run is the first: the ticks tell, now and then.
        let unsure = !self.has_memory && self.run.signal == Signal::Tick;
        if let Some(since) = due.or(unsure.then_some(began)) {
            let subject = "Auto Scaling does not answer: nothing is changed";
            let body = format!("{subject} since {since}. {error}");
            let notice = Notice::new(&fleet, Severity::Critical, OUTAGE, subject).body(body);
            let _ = self.tell(&[notice], &mut memory).await;
        }
        let _ = self.keep_if_changed(&memory).await;
        CycleError { fleet, entry: None, error }
    }

    /// A write failed. The effect may have happened: the intent stays for the next run to
    /// settle.
    pub(super) fn blind_to_write(
        &self,
        decision: &mut Decision,
        began: Timestamp,
        error: PortError,
    ) -> Ending {
        let (memory, now) = (&mut decision.memory, self.world.now());
        let told = memory.notices.get(WRITES).is_some_and(|at| now.duration_since(*at) < REPEAT);
        if let Some(since) = failed(memory, WRITES, began, now).filter(|_| !told) {
            let (severity, subject) = match decision.action {
                Action::Raise { .. } => (Severity::Critical, "capacity cannot be raised"),
                _ => (Severity::Warning, "capacity cannot be lowered"),
            };
            let body = format!("{subject} since {since}: {}. {error}", decision.reason);
            let notice = Notice::new(self.run.fleet, severity, WRITES, subject).body(body);
            decision.notices.push(notice);
        }
        let ending = Ending::new(OutcomeWord::Void, decision.memory.clone());
        Ending { trouble: Some(error), ..ending }
    }
}
