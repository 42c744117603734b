//! What sizing advises, as bids: a lease of the learned rule's size, and one of the burst guard's.
//!
//! What must stay true: in `advise` and in floor mode nothing that is decided depends on it; a
//! lease outlives a few ticks that cannot ask, and no more.

use super::{Draft, Inputs};
use crate::bid::{Bid, Source};
use crate::group::Mode;
use crate::ledger::SizingRecord;
use crate::memory::Memory;
use crate::observation::Advised;
use crate::policy::SizingMode;
use crate::sizing::BURST_MINS;
use jiff::SignedDuration;

/// How long the rule's size stands when no tick can ask anew.
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// A lease with less than this left is renewed: memory is written now and then, not every minute.
const RENEWED_BELOW: SignedDuration = SignedDuration::from_mins(10);
/// Where the memory keeps the rule that was last told.
pub(crate) const RULE: &str = "sizing";

/// The advice that this decision follows: sizing is on, in owner mode, and was asked.
pub(super) fn followed<'a>(i: &Inputs<'a>, memory: &Memory) -> Option<&'a Advised> {
    let sized = i.observation.sizing.as_ref()?.as_ref().ok()?;
    is_on(i, memory).then_some(sized)
}

/// Whether a tick followed sizing a moment ago: its lease stands, and it lowers and foresees in
/// place of the schedule's functions.
pub(super) fn leads(i: &Inputs<'_>, memory: &Memory) -> bool {
    is_on(i, memory) && bid_of(memory, Source::Sizing).is_some_and(|bid| bid.is_live(i.now))
}

fn is_on(i: &Inputs<'_>, memory: &Memory) -> bool {
    let owner = memory.mode.is_some_and(|seen| seen.mode == Mode::Owner);
    owner && i.policy.sizing.mode == SizingMode::On
}

/// Notes the advice, and keeps the leases of the one that is followed.
pub(super) fn judge(i: &Inputs<'_>, draft: &mut Draft) {
    if !is_on(i, &draft.memory) {
        draft.memory.bids.retain(|bid| !matches!(bid.source, Source::Sizing | Source::Burst));
    }
    let sized = match &i.observation.sizing {
        None => return,
        Some(Err(why)) => return draft.notes.push(format!("sizing does not advise: {why}")),
        Some(Ok(sized)) => sized,
    };
    draft.notes.extend(sized.trouble.clone());
    let acts = followed(i, &draft.memory).is_some();
    let advice = &sized.advice;
    let (size, rule, text) = (advice.size, advice.rule.to_string(), advice.to_string());
    draft.memory.note_reason(RULE, rule.clone());
    draft.sizing = Some(SizingRecord { size, acts, rule: rule.clone(), text });
    if !acts {
        return;
    }
    if advice.burst {
        let mins = SignedDuration::from_mins(i64::from(BURST_MINS));
        let standing = bid_of(&draft.memory, Source::Burst).map_or(0, |bid| bid.floor);
        let floor = size.max(standing);
        lease(
            i,
            draft,
            Bid { source: Source::Burst, floor, until: None, reason: rule.clone() },
            mins,
        );
    }
    let standing = bid_of(&draft.memory, Source::Sizing);
    let lasts = |bid: &Bid| bid.until.is_some_and(|t| t.duration_since(i.now) >= RENEWED_BELOW);
    if standing.is_none_or(|bid| bid.floor != size || bid.reason != rule || !lasts(bid)) {
        lease(
            i,
            draft,
            Bid { source: Source::Sizing, floor: size, until: None, reason: rule },
            LEASE,
        );
    }
}

/// Whether a burst that the guard spoke of goes on.
pub(crate) fn in_burst(memory: &Memory, now: jiff::Timestamp) -> bool {
    bid_of(memory, Source::Burst).is_some_and(|bid| bid.is_live(now))
}

fn bid_of(memory: &Memory, source: Source) -> Option<&Bid> {
    memory.bids.iter().find(|bid| bid.source == source)
}

/// Puts a bid in the place of the one of its source.
fn lease(i: &Inputs<'_>, draft: &mut Draft, bid: Bid, length: SignedDuration) {
    let until = i.now.saturating_add(length).unwrap_or(i.now);
    draft.memory.bids.retain(|standing| standing.source != bid.source);
    draft.memory.bids.push(Bid { until: Some(until), ..bid });
}
