//! Reporting: notices to people, memory, ledger. Publish, then mark: a crash
//! duplicates a notice, it never loses one.

use super::{CycleError, Once, Run, outage};
use crate::decide::sizing::RULE;
use crate::decide::{Action, Decision};
use crate::invariants::Violation;
use crate::ledger::{ActionRecord, LedgerEntry, Observed, OutcomeWord};
use crate::memory::Memory;
use crate::notice::{Notice, Severity};
use crate::observation::Observation;
use crate::ports::{LeaseToken, PortError, Stored, World};
use crate::reason::Reason;
use crate::signal::Signal;
use jiff::{SignedDuration, Timestamp};

/// What was only rehearsed is kept for a day.
const DRY_RUN_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// What the group was like before us is kept for ten years: `make uninstall` gives it back.
const FIRST_LOOK_LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 10);
/// Without memory nothing says what was sent: notices go out in the first minute of these.
const BLIND_REPEAT_SECS: i64 = 15 * 60;

/// How a decision ended.
pub(super) struct Ending {
    pub outcome: OutcomeWord,
    /// The memory to keep.
    pub memory: Memory,
    /// What failed, if a write to the group did.
    pub trouble: Option<PortError>,
}

impl Ending {
    pub fn new(outcome: OutcomeWord, memory: Memory) -> Self {
        Self { outcome, memory, trouble: None }
    }
}

/// The answer of a run that found the lease taken.
pub(super) fn lease_held<W: World>(world: &W, run: &Run<'_>, token: &LeaseToken) -> LedgerEntry {
    let reason = Reason::LeaseHeld;
    let mut entry = blank(world, run, token, reason);
    entry.outcome = OutcomeWord::InProgress;
    entry
}

pub(super) fn blank<W: World>(
    world: &W,
    run: &Run<'_>,
    token: &LeaseToken,
    reason: Reason,
) -> LedgerEntry {
    LedgerEntry {
        id: token.0.clone(),
        at: world.now(),
        fleet: run.fleet.clone(),
        function: run.function.to_owned(),
        signal: run.signal.word().to_owned(),
        mode: None,
        dry_run: run.dry_run,
        action: ActionRecord::Hold,
        text: reason.to_string(),
        reason,
        notes: Vec::new(),
        bids: Vec::new(),
        observed: None,
        sizing: None,
        memory_version: None,
        outcome: OutcomeWord::Held,
    }
}

/// Turns a decision that breaks an invariant into a hold with a critical notice.
pub(super) fn refuse(run: &Run<'_>, decision: &mut Decision, broken: &[Violation]) {
    let told: Vec<String> =
        broken.iter().map(|v| format!("invariant {}: {}", v.number, v.what)).collect();
    let what = told.join("; ");
    let subject = "a decision was refused: it breaks an invariant";
    let body = format!("{subject}.\n{what}\nThe decision was: {}", decision.reason);
    let notice = Notice::new(run.fleet, Severity::Critical, "invariant", subject).body(body);
    if !decision.memory.notices.contains_key(&notice.key) {
        decision.notices.push(notice);
    }
    decision.memory.intent = None;
    decision.reason = Reason::InvariantBroken { what };
    decision.action = Action::Hold;
}

impl<W: World> Once<'_, W> {
    /// The entry of a decision.
    pub(super) fn report(
        &self,
        observation: &Observation,
        decision: &Decision,
        outcome: OutcomeWord,
    ) -> LedgerEntry {
        let mut entry = blank(self.world, self.run, self.token, decision.reason.clone());
        entry.mode = decision.mode;
        entry.action = decision.action.record();
        entry.notes.clone_from(&decision.notes);
        entry.bids.clone_from(&decision.bids);
        let seen = observation.record();
        entry.observed = Some(Observed { load: decision.load, need: decision.need, ..seen });
        entry.sizing.clone_from(&decision.sizing);
        entry.memory_version = self.has_memory.then_some(self.version);
        entry.outcome = outcome;
        if let Some(why) = &self.trust.no_memory {
            entry.notes.push(format!("without lease and memory: {why}"));
        }
        entry
    }

    /// A dry run is kept in the ledger for a day and answered; nothing else.
    pub(super) async fn finish_dry(
        &self,
        observation: &Observation,
        decision: &Decision,
    ) -> LedgerEntry {
        let entry = self.report(observation, decision, OutcomeWord::DryRun);
        if entry.action != ActionRecord::Hold {
            // The answer carries it all the same.
            let _ = self.world.append(&entry, self.after(DRY_RUN_LIFE)).await;
        }
        entry
    }

    /// The real time this much later.
    fn after(&self, life: SignedDuration) -> Timestamp {
        let wall = self.world.wall();
        wall.saturating_add(life).unwrap_or(wall)
    }

    /// Tells people, keeps memory and ledger. The first trouble fails the run, after
    /// everything was tried.
    pub(super) async fn finish(
        &mut self,
        observation: &Observation,
        decision: Decision,
        ending: Ending,
    ) -> Result<LedgerEntry, CycleError> {
        let Ending { outcome, mut memory, trouble } = ending;
        let word = self.run.signal.word();
        let last_reason = self.loaded.last_reasons.get(word).cloned();
        let last_rule = self.loaded.last_reasons.get(RULE).cloned();
        let acted = decision.action != Action::Hold;
        if trouble.is_none() {
            outage::written(&mut memory);
        }
        let told = self.tell(&decision.notices, &mut memory).await;
        if told.is_err() {
            // The retry looks again, and says it again.
            memory.next_look = None;
        }
        let kept = self.keep_if_changed(&memory).await;
        let mut entry = self.report(observation, &decision, outcome);
        if let Some(error) = &trouble {
            entry.notes.push(error.to_string());
        }
        let silent = matches!(decision.reason, Reason::LookedRecently { .. });
        let rule = decision.sizing.as_ref().map(|sizing| &sizing.rule);
        let ruled = rule.is_some() && rule != last_rule.as_ref();
        let news = acted || ruled || (!silent && last_reason != Some(decision.reason.code()));
        let written = if news { self.append(&entry).await } else { Ok(()) };
        let failed = trouble.or(told.err()).or(kept.err()).or(written.err());
        self.answer(entry, failed)
    }

    pub(super) fn answer(
        &self,
        entry: LedgerEntry,
        failed: Option<PortError>,
    ) -> Result<LedgerEntry, CycleError> {
        match failed {
            None => Ok(entry),
            Some(error) => {
                let fleet = self.run.fleet.clone();
                Err(CycleError { fleet, entry: Some(Box::new(entry)), error })
            }
        }
    }

    /// Publishes what is due and marks what went out.
    pub(super) async fn tell(
        &self,
        notices: &[Notice],
        memory: &mut Memory,
    ) -> Result<(), PortError> {
        if !self.has_memory && self.world.now().as_second().rem_euclid(BLIND_REPEAT_SECS) >= 60 {
            return Ok(());
        }
        let mut failed = None;
        for notice in notices {
            match self.world.publish(notice).await {
                Ok(()) => {
                    memory.notices.insert(notice.key.clone(), self.world.now());
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// A memory that cannot be read does not heal by itself. The ticks tell, now and then.
    pub(super) fn warn_of_memory(&self) -> Option<Notice> {
        let why = self.unreadable.as_ref().filter(|_| self.run.signal == Signal::Tick)?;
        let subject = "the memory cannot be read: nothing is lowered";
        let notice = Notice::new(self.run.fleet, Severity::Warning, "memory", subject);
        Some(
            notice.body(format!("{subject}. {why}. Did a newer version write it? docs/upgrade.md")),
        )
    }

    pub(super) async fn keep_if_changed(&mut self, memory: &Memory) -> Result<(), PortError> {
        if !self.has_memory || *memory == self.kept {
            return Ok(());
        }
        // A conflict means that our lease ran out: what another run wrote is newer and stands.
        match self.keep(memory).await? {
            Stored::Version(_) | Stored::Conflict => Ok(()),
        }
    }

    pub(super) async fn append(&self, entry: &LedgerEntry) -> Result<(), PortError> {
        if !self.has_memory {
            return Ok(());
        }
        let life = self.run.ledger_life;
        let life = if entry.is_first_look() { life.max(FIRST_LOOK_LIFE) } else { life };
        self.world.append(entry, self.after(life)).await
    }

    /// Whether the last run by this signal held for another reason; this one is noted.
    pub(super) fn is_news(&self, memory: &mut Memory, reason: &Reason) -> bool {
        memory.note_reason(self.run.signal.word(), reason.code())
    }

    /// There is no such group: a hold, and one warning an hour.
    pub(super) async fn without_group(&mut self) -> Result<LedgerEntry, CycleError> {
        let reason = Reason::GroupMissing;
        let entry = blank(self.world, self.run, self.token, reason.clone());
        if self.run.dry_run {
            return Ok(entry);
        }
        let mut memory = self.loaded.clone();
        outage::written(&mut memory);
        let news = self.is_news(&mut memory, &reason);
        let sent = memory.notices.get("group-missing");
        let due = sent.is_none_or(|at| self.world.now().duration_since(*at).as_hours() >= 1);
        let mut told = Ok(());
        if due {
            let subject = "there is no such Auto Scaling group";
            let notice = Notice::new(self.run.fleet, Severity::Warning, "group-missing", subject);
            told = self.tell(&[notice], &mut memory).await;
        }
        let kept = self.keep_if_changed(&memory).await;
        let written = if news { self.append(&entry).await } else { Ok(()) };
        self.answer(entry, told.err().or(kept.err()).or(written.err()))
    }
}
