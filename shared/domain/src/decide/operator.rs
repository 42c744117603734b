//! The operator's wishes: tags on the group, and a `MinSize` that a person set.

use super::{Draft, Inputs};
use crate::bid::{Bid, Source};
use crate::notice::{Notice, Severity};
use jiff::Timestamp;

/// What an operator holds back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nothing.
    None,
    /// Lowering.
    NoScaleIn(String),
    /// Every write.
    All(String),
}

const TAG_HOLD: &str = "tidegate:hold";
const TAG_FLOOR: &str = "tidegate:floor";
const TAG_UNTIL: &str = "tidegate:until";

/// Reads the tags. What cannot be read counts as `no-scale-in` and is reported.
pub(super) fn read_tags(i: &Inputs<'_>, draft: &mut Draft) -> (Hold, Option<Bid>) {
    let tag = |name: &str| i.observation.group.tags.get(name).map(|v| v.trim());
    let until = match tag(TAG_UNTIL).map(str::parse::<Timestamp>) {
        None => None,
        Some(Ok(until)) if until <= i.now => return (Hold::None, None),
        Some(Ok(until)) => Some(until),
        Some(Err(_)) => return (unreadable(i, draft, TAG_UNTIL), None),
    };
    let bid = match tag(TAG_FLOOR).map(str::parse::<u32>) {
        None => None,
        Some(Ok(floor)) => {
            let reason = format!("tag {TAG_FLOOR}");
            Some(Bid { source: Source::Operator, floor, until, reason })
        }
        Some(Err(_)) => return (unreadable(i, draft, TAG_FLOOR), None),
    };
    let hold = match tag(TAG_HOLD) {
        None | Some("none") => Hold::None,
        Some("no-scale-in") => Hold::NoScaleIn("no-scale-in".into()),
        Some("all") => Hold::All("all".into()),
        Some(_) => unreadable(i, draft, TAG_HOLD),
    };
    (hold, bid)
}

fn unreadable(i: &Inputs<'_>, draft: &mut Draft, name: &str) -> Hold {
    let value: String =
        i.observation.group.tags.get(name).into_iter().flat_map(|v| v.chars()).take(60).collect();
    let text = format!("the tag {name} = {value:?} cannot be read; it counts as no-scale-in");
    let subject = format!("unreadable tag {name}, nothing is lowered");
    let notice = Notice::new(i.fleet, Severity::Warning, &format!("tag-{name}"), &subject);
    draft.notices.push(notice.body(text.clone()));
    draft.notes.push(text.clone());
    Hold::NoScaleIn(text)
}

/// The bid of a `MinSize` that a person set above ours.
pub(super) fn min_bid(i: &Inputs<'_>, draft: &mut Draft) -> Option<Bid> {
    let floor = draft.memory.operator_min?;
    let ours = draft.memory.applied_min.unwrap_or(0);
    if floor == i.observation.group.sizes.min && floor > ours {
        let subject = format!("MinSize {floor} was set by someone else and is respected");
        let body = format!(
            "{subject}. Tidegate had applied {ours}. It counts as an operator's bid; to take it \
             back, set MinSize to {ours} or less."
        );
        let key = format!("operator-min-{floor}");
        draft.notices.push(Notice::new(i.fleet, Severity::Warning, &key, &subject).body(body));
    }
    let reason = "a MinSize that Tidegate did not write".to_owned();
    Some(Bid { source: Source::Operator, floor, until: None, reason })
}
