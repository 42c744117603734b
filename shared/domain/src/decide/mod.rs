//! The decision: from the policy, what is true, what woke us, the memory and the
//! time, to one value: action, next memory, reason.
//!
//! What must stay true: nothing is read here that is not an argument; holding still
//! is a decision with a reason; every action is absolute.

mod backstop;
mod lowering;
mod operator;
mod remember;
pub mod schedule;
pub(crate) mod sizing;
mod spike;
#[cfg(test)]
mod tests;
mod undo;

use crate::arbiter::{self, Limits, Ruling};
use crate::bid::{Bid, Source};
use crate::group::{Backstop, Mode, Sizes};
use crate::ids::FleetName;
use crate::ledger::{ActionRecord, SizingRecord};
use crate::memory::{Intent, Lowering, Memory};
use crate::notice::{Notice, Severity};
use crate::observation::Observation;
use crate::policy::FleetPolicy;
use crate::reason::Reason;
use crate::signal::Signal;
use jiff::{SignedDuration, Timestamp};
use lowering::Verdict;
use operator::Hold;

/// Data that cannot be judged is told to people after this long.
const UNKNOWN_PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// How far the ground of a decision can be trusted. Anything missing stops lowering; raising
/// goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Why lease or memory are out of reach.
    pub no_memory: Option<String>,
    /// Why the newest stored policy cannot be used.
    pub policy_fault: Option<String>,
}

/// Everything that a decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The fleet.
    pub fleet: &'a FleetName,
    /// What its operator wants.
    pub policy: &'a FleetPolicy,
    /// What is true.
    pub observation: &'a Observation,
    /// What woke us.
    pub signal: &'a Signal,
    /// What we remember.
    pub memory: &'a Memory,
    /// What can be trusted.
    pub trust: &'a Trust,
    /// The time.
    pub now: Timestamp,
}

/// What is to be done. Absolute numbers, no choice left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Hold,
    /// Read more, then decide again.
    LookCloser,
    /// Write the backstop, then decide again.
    WriteBackstop(Backstop),
    /// Set `MinSize` up; AWS raises desired to it.
    Raise {
        /// To.
        min: u32,
    },
    /// Set `MinSize` down, and desired too in owner mode.
    Lower {
        /// `MinSize` to be.
        min: u32,
        /// Desired capacity to be.
        desired: Option<u32>,
    },
}

impl Action {
    /// As the ledger keeps it.
    pub fn record(&self) -> ActionRecord {
        match self {
            Self::Hold | Self::LookCloser => ActionRecord::Hold,
            Self::WriteBackstop(backstop) => ActionRecord::WriteBackstop { min: backstop.min },
            Self::Raise { min } => ActionRecord::Raise { min: *min },
            Self::Lower { min, desired } => ActionRecord::Lower { min: *min, desired: *desired },
        }
    }
}

/// One decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// The sizes that it was decided for; a lowering is void if they differ at the write.
    pub expected: Sizes,
    /// Why.
    pub reason: Reason,
    /// The memory to keep, with the intent of the action.
    pub memory: Memory,
    /// What else was noticed.
    pub notes: Vec<String>,
    /// Messages to people that are due.
    pub notices: Vec<Notice>,
    /// Every live bid.
    pub bids: Vec<Bid>,
    /// The group's mode, as last read.
    pub mode: Option<Mode>,
    /// The load that was judged, in its unit per minute.
    pub load: Option<f64>,
    /// The capacity units that it needs.
    pub need: Option<u32>,
    /// What sizing advised.
    pub sizing: Option<SizingRecord>,
}

impl Decision {
    /// The memory once the action was seen to be done.
    pub fn memory_when_applied(&self, now: Timestamp) -> Memory {
        let mut memory = self.memory.clone();
        let Some(intent) = memory.intent.take() else { return memory };
        memory.applied_min = Some(intent.min);
        if let Action::Lower { min, desired } = self.action {
            let before = self.expected;
            memory.last_lowering = Some(Lowering { at: now, before, min, desired, audited: false });
        }
        memory
    }

    /// The memory when the action was not done.
    pub fn memory_when_void(&self) -> Memory {
        Memory { intent: None, ..self.memory.clone() }
    }
}

/// What a decision collects on its way.
pub(crate) struct Draft {
    memory: Memory,
    notes: Vec<String>,
    notices: Vec<Notice>,
    bids: Vec<Bid>,
    load: Option<f64>,
    need: Option<u32>,
    sizing: Option<SizingRecord>,
}

impl Draft {
    /// Since when something has stood in the way, once that is `patience` long.
    fn stands_since(
        &mut self,
        key: &str,
        now: Timestamp,
        patience: SignedDuration,
    ) -> Option<Timestamp> {
        let since = *self.memory.since.entry(key.to_owned()).or_insert(now);
        (now.duration_since(since) >= patience).then_some(since)
    }

    fn was_sent(&self, key: &str) -> bool {
        self.memory.notices.contains_key(key)
    }
}

/// Decides.
pub fn decide(i: &Inputs<'_>) -> Decision {
    let mut notes = Vec::new();
    let memory = remember::remember(i, &mut notes);
    let (notices, bids) = (Vec::new(), Vec::new());
    let (load, need, sizing) = (None, None, None);
    let mut draft = Draft { memory, notes, notices, bids, load, need, sizing };
    let (action, reason) = act(i, &mut draft);
    finish(i, draft, action, reason)
}

fn act(i: &Inputs<'_>, draft: &mut Draft) -> (Action, Reason) {
    if let Some(reason) = unusable(i) {
        return (Action::Hold, reason);
    }
    warn_of_trust(i, draft);
    if never_saw_the_mode(i, draft) {
        return (Action::LookCloser, Reason::NeedEvidence);
    }
    let (hold, tag_bid) = operator::read_tags(i, draft);
    let spike = spike::judge(i, draft);
    sizing::judge(i, draft);
    let undone = undo::after_alarm(i, draft);
    let audit = undo::audit(i, draft);
    if matches!(audit, undo::Audit::NeedsEvidence) || schedule::forecast(i, draft) {
        return (Action::LookCloser, Reason::NeedEvidence);
    }
    let given_back = match audit {
        undo::Audit::GivenBack(reason) => Some(reason),
        _ => None,
    };
    undo::tell(i, draft);
    draft.bids = draft.memory.bids.clone();
    draft.bids.push(schedule::bid(i, &draft.memory));
    draft.bids.extend(tag_bid);
    let min_bid = operator::min_bid(i, draft);
    draft.bids.extend(min_bid);
    let sizes = i.observation.group.sizes;
    let limits = Limits::of(i.policy, sizes.max);
    let ruling = arbiter::rule(&draft.bids, limits, i.now);
    warn_of_limits(i, draft, &ruling);
    if schedule::watch_deadline(i, draft, ruling.floor) {
        return (Action::LookCloser, Reason::NeedEvidence);
    }
    if ruling.floor > sizes.min {
        let why = given_back.or(undone).or(spike.filter(|_| ruling.source == Source::Spike));
        return raise(i, draft, &ruling, &hold, why);
    }
    let (action, reason) = lower(i, draft, ruling.floor, &hold);
    match action {
        Action::Hold => (action, holding_reason(i, draft, spike, reason)),
        _ => (action, reason),
    }
}

/// The first look at a group reads its policies once, so that every decision names the mode.
fn never_saw_the_mode(i: &Inputs<'_>, draft: &Draft) -> bool {
    let can_remember = i.trust.no_memory.is_none();
    draft.memory.mode.is_none() && can_remember && i.observation.closer.is_none()
}

/// Groups about which nothing can be decided.
fn unusable(i: &Inputs<'_>) -> Option<Reason> {
    let group = &i.observation.group;
    if group.deleting {
        return Some(Reason::GroupDeleting);
    }
    group.foreign_unit.clone().map(|unit| Reason::UnsupportedUnit { unit })
}

fn raise(
    i: &Inputs<'_>,
    draft: &mut Draft,
    ruling: &Ruling,
    hold: &Hold,
    why: Option<Reason>,
) -> (Action, Reason) {
    if let Hold::All(hold) = hold {
        return (Action::Hold, Reason::OperatorHold { hold: hold.clone() });
    }
    if i.observation.group.is_suspended("Launch") {
        let subject = "cannot scale: Launch suspended";
        let body = format!(
            "{subject}. {} are asked for, {} desired. Resume the process Launch.",
            ruling.floor, i.observation.group.sizes.desired
        );
        let notice = Notice::new(i.fleet, Severity::Critical, "launch-suspended", subject);
        draft.notices.push(notice.body(body).every_secs(3600));
        return (Action::Hold, Reason::CannotScale { process: "Launch".into() });
    }
    let floor = ruling.floor;
    let deadline = schedule::current_day(i, &draft.memory).map(|d| d.start);
    let deadline = deadline.filter(|start| i.now < *start);
    let reason = match why {
        Some(why @ (Reason::SpikeStep { .. } | Reason::StepUndone { .. })) => why,
        Some(why @ Reason::RaiseGivenBack { .. }) => why,
        _ => Reason::of_floor(ruling.source, floor, deadline),
    };
    (Action::Raise { min: floor }, reason)
}

fn lower(i: &Inputs<'_>, draft: &mut Draft, floor: u32, hold: &Hold) -> (Action, Reason) {
    match lowering::gate(i, draft, floor, hold) {
        Verdict::Hold(reason) => (Action::Hold, reason),
        Verdict::NeedsEvidence => (Action::LookCloser, Reason::NeedEvidence),
        Verdict::NeedsBackstop(backstop) => {
            let reason = Reason::BackstopNeeded { min: backstop.min };
            (Action::WriteBackstop(backstop), reason)
        }
        Verdict::Step(step) => {
            (Action::Lower { min: step.min, desired: step.desired }, step.reason)
        }
    }
}

/// The most telling reason of a hold: the day's capacity that is not there yet for the day's
/// function, a breach before a veto, then how the day stands.
fn holding_reason(i: &Inputs<'_>, draft: &Draft, spike: Option<Reason>, held: Reason) -> Reason {
    let standing = match i.signal {
        Signal::Day => schedule::day_standing(i, draft),
        _ => None,
    };
    if let Some(arriving @ Reason::DayArriving { .. }) = standing {
        return arriving;
    }
    let breach = spike.map(|reason| match reason {
        // The step that it names is already there.
        Reason::SpikeStep { alarm, value, floor, .. } => {
            Reason::SpikeWarming { alarm, value, floor }
        }
        other => other,
    });
    breach.or(standing).unwrap_or(held)
}

fn warn_of_trust(i: &Inputs<'_>, draft: &mut Draft) {
    let Some(why) = &i.trust.policy_fault else { return };
    let subject = "the newest policy cannot be used; the last valid one raises only";
    let notice = Notice::new(i.fleet, Severity::Warning, "policy-fault", subject);
    draft.notices.push(notice.body(format!("{subject}.\n{why}")));
}

fn warn_of_limits(i: &Inputs<'_>, draft: &mut Draft, ruling: &Ruling) {
    if ruling.asked <= ruling.floor || ruling.source == Source::Spike {
        return;
    }
    let subject = format!("{} is asked for, the ceiling allows {}", ruling.asked, ruling.floor);
    let body = format!(
        "{subject}. The {} bids; MaxSize is {}, budget_max {}.",
        ruling.source, i.observation.group.sizes.max, i.policy.budget_max
    );
    draft.notes.push(subject.clone());
    draft.notices.push(Notice::new(i.fleet, Severity::Warning, "limits", &subject).body(body));
}

fn finish(i: &Inputs<'_>, mut draft: Draft, action: Action, reason: Reason) -> Decision {
    let expected = i.observation.group.sizes;
    draft.memory.intent = match action {
        Action::Raise { min } => Some(Intent { min, desired: None, expected, at: i.now }),
        Action::Lower { min, desired } => Some(Intent { min, desired, expected, at: i.now }),
        _ => None,
    };
    let remembered = &draft.memory.notices;
    let due = |n: &Notice| {
        let repeat = SignedDuration::from_secs(i64::from(n.repeat_secs));
        remembered.get(&n.key).is_none_or(|sent| i.now.duration_since(*sent) >= repeat)
    };
    let notices = draft.notices.into_iter().filter(due).collect();
    let bids = draft.bids.into_iter().filter(|b| b.is_live(i.now)).collect();
    if !matches!(reason, Reason::LookedRecently { .. } | Reason::NeedEvidence) {
        draft.memory.note_reason(i.signal.word(), reason.code());
    }
    Decision {
        action,
        expected,
        reason,
        mode: draft.memory.mode.map(|seen| seen.mode),
        memory: draft.memory,
        notes: draft.notes,
        notices,
        bids,
        load: draft.load,
        need: draft.need,
        sizing: draft.sizing,
    }
}
