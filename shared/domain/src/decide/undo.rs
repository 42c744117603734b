//! Taking a lowering back: when latency or errors rose after it, and when our write
//! met someone else's raise.

use super::{Draft, Inputs, schedule};
use crate::bid::{Bid, Source};
use crate::group::{Activity, DesiredChange};
use crate::memory::Lowering;
use crate::metrics::AlarmState;
use crate::notice::{Notice, Severity};
use crate::reason::Reason;
use jiff::{SignedDuration, Timestamp};

/// A veto alarm that goes off this long after a step is held to be the step's doing.
const BLAME: SignedDuration = SignedDuration::from_mins(15);
/// Activities of a write are there after this long.
const AUDIT_AFTER: SignedDuration = SignedDuration::from_secs(15);
/// A write takes effect up to 8 s before its answer, by which a lowering is dated; clocks of AWS
/// and of the function differ by less than 5 s.
const BEFORE_ANSWER: SignedDuration = SignedDuration::from_secs(15);

/// Undoes the last step when a veto alarm went off after it, and lowers nothing for the rest
/// of the window.
pub(super) fn after_alarm(i: &Inputs<'_>, draft: &mut Draft) -> Option<Reason> {
    let step = draft.memory.last_lowering?;
    let recent = i.now.duration_since(step.at) <= BLAME;
    if !recent || draft.memory.no_lowering_until.is_some() {
        return None;
    }
    let alarms = i.observation.alarms.as_ref().ok()?;
    let veto = i.policy.lower.veto_alarms.iter().filter_map(|name| alarms.get(name));
    let blamed = veto
        .filter(|a| !a.comparison.is_low_side())
        .find(|a| a.state == AlarmState::Alarm && a.since > step.at)?;
    let until = schedule::window_end(i, &draft.memory);
    let floor = capacity_before(step);
    draft.memory.no_lowering_until = Some(until);
    let reason = format!("{} went off after a lowering", blamed.name);
    draft.memory.bids.push(Bid { source: Source::Undo, floor, until: Some(until), reason });
    Some(Reason::StepUndone { alarm: blamed.name.clone(), floor, until })
}

/// The capacity that a lowering took away from.
fn capacity_before(step: Lowering) -> u32 {
    if step.desired.is_some() { step.before.desired } else { step.before.min }
}

/// What the audit of our last lowering says.
pub(super) enum Audit {
    /// Nothing to do.
    Done,
    /// The group's activities must be read.
    NeedsEvidence,
    /// Someone's raise was cut; it is given back.
    GivenBack(Reason),
}

/// Group sizes have no compare-and-set: a raise that came between our last look and our write
/// is overwritten. The group's own activities tell ("changing the desired capacity from 12 to
/// 8"), so it is given back through `MinSize`.
pub(super) fn audit(i: &Inputs<'_>, draft: &mut Draft) -> Audit {
    let due = |step: &Lowering| {
        let age = i.now.duration_since(step.at);
        !step.audited && step.desired.is_some() && age >= AUDIT_AFTER
    };
    let (doubt, step) = (draft.memory.doubt.filter(due), draft.memory.last_lowering.filter(due));
    if doubt.is_none() && step.is_none() {
        return Audit::Done;
    }
    let Some(closer) = &i.observation.closer else { return Audit::NeedsEvidence };
    let Ok(evidence) = &closer.evidence else { return Audit::Done };
    draft.memory.doubt = draft.memory.doubt.filter(|_| doubt.is_none());
    if let Some(step) = draft.memory.last_lowering.as_mut().filter(|_| step.is_some()) {
        step.audited = true;
    }
    let cuts = [doubt, step].into_iter().flatten().filter_map(|s| cut_by(s, &evidence.activities));
    cuts.max_by_key(|cut| cut.from).map_or(Audit::Done, |cut| give_back(i, draft, cut))
}

/// The change by which this lowering cut a raise, if it did.
fn cut_by(step: Lowering, activities: &[Activity]) -> Option<DesiredChange> {
    let earliest = step.at.saturating_sub(BEFORE_ANSWER).unwrap_or(step.at);
    let latest = step.at.saturating_add(SignedDuration::from_mins(2)).unwrap_or(step.at);
    let meant = activities.iter().filter(|a| earliest <= a.started && a.started <= latest);
    let mut changes = meant.filter_map(|a| a.desired_change);
    changes.find(|change| Some(change.to) == step.desired && change.from > step.before.desired)
}

fn give_back(i: &Inputs<'_>, draft: &mut Draft, cut: DesiredChange) -> Audit {
    let DesiredChange { from: floor, to } = cut;
    let until = i.now.saturating_add(i.policy.stabilization()).unwrap_or(i.now);
    let reason = format!("someone raised to {floor} while we lowered to {to}");
    draft.memory.bids.push(Bid { source: Source::Race, floor, until: Some(until), reason });
    Audit::GivenBack(Reason::RaiseGivenBack { floor, cut_to: to })
}

/// Tells of what is taken back, once for each lowering. Said for as long as its bid stands and
/// it is not marked as told, so it goes out though the run that decided it died before.
pub(super) fn tell(i: &Inputs<'_>, draft: &mut Draft) {
    let memory = &draft.memory;
    // A doubt that gives back may stand alone: what it gives back was never told.
    let since = memory.last_lowering.map_or(Timestamp::MIN, |step| step.at);
    let taken_back = memory.bids.iter().filter_map(|bid| notice(i, bid));
    let due = taken_back
        .filter(|notice| memory.notices.get(&notice.key).is_none_or(|told| *told < since));
    let due: Vec<Notice> = due.collect();
    draft.notices.extend(due);
}

/// What people are told of a bid that takes something back.
fn notice(i: &Inputs<'_>, bid: &Bid) -> Option<Notice> {
    let Bid { source, floor, until, reason } = bid;
    let (key, subject, body) = match (source, until) {
        (Source::Undo, Some(until)) => {
            let subject = format!("{reason}: step undone");
            let body = format!("{subject}. Back to {floor}; nothing is lowered before {until}.");
            ("undo", subject, body)
        }
        (Source::Race, _) => {
            let subject = format!("a raise to {floor} by someone else is given back");
            let body = format!("{subject}. {reason}");
            ("race", subject, body)
        }
        _ => return None,
    };
    let notice = Notice::new(i.fleet, Severity::Warning, key, &subject);
    Some(notice.body(body).every_secs(0))
}
