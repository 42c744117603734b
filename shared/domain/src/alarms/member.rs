//! A member of a group: one alarm as it was last known, and what its newest event changes.

use crate::alarms::event::{AlarmEvent, Fingerprint, State};
use crate::alarms::labels::Labels;
use crate::alarms::reason::Why;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Changes that are remembered; more of them say nothing more.
const MOST_FLIPS: usize = 12;

/// One alarm in a group, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The newest event about it.
    pub event: AlarmEvent,
    /// Its labels when that event came.
    pub labels: Labels,
    /// Since when its problem stands, by AWS's clock; none while it is over. A problem ends with
    /// `OK`: missing data is no end.
    pub since: Option<Timestamp>,
    /// When its newest state became known here.
    pub arrived: Timestamp,
    /// When its problem began or ended, newest last, by AWS's clock.
    #[serde(default)]
    pub flips: Vec<Timestamp>,
}

/// What an event does to what is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// To be kept.
    Keep(Box<Member>),
    /// Nothing, for this reason: [`Why::Duplicate`] or [`Why::Outdated`].
    Leave(Why),
}

impl Member {
    /// What tells it apart.
    pub fn fingerprint(&self) -> Fingerprint {
        self.event.id.fingerprint()
    }

    /// Whether its problem stands.
    pub fn is_open(&self) -> bool {
        self.since.is_some()
    }

    /// Whether `DescribeAlarms` (which knows nothing of mute rules) says nothing new.
    pub fn agrees(&self, described: &AlarmEvent, now: Timestamp) -> bool {
        let muted = self.event.suppressed_until.is_some_and(|until| now < until);
        self.event.state == described.state
            && (muted || self.event.suppressed_by == described.suppressed_by)
    }

    /// Whether it changed at least `changes` times within `window` before `now`.
    pub fn flaps(&self, changes: u32, window: SignedDuration, now: Timestamp) -> bool {
        let recent = self.flips.iter().filter(|at| now.duration_since(**at) < window);
        u32::try_from(recent.count()).unwrap_or(u32::MAX) >= changes.max(1)
    }

    /// Whether its last change lies at least `window` back.
    pub fn is_calm(&self, window: SignedDuration, now: Timestamp) -> bool {
        self.flips.last().is_none_or(|at| now.duration_since(*at) >= window)
    }
}

/// Takes an event about an alarm of which `known` is known. The state's timestamp orders the
/// events of one alarm: an older one changes nothing, and no order of arrival makes an `OK` close
/// a newer `ALARM`.
pub fn take(known: Option<&Member>, event: AlarmEvent, labels: Labels, now: Timestamp) -> Taken {
    let Some(known) = known else {
        let since = event.state.is_firing().then_some(event.state_at);
        let flips = since.into_iter().collect();
        return Taken::Keep(Box::new(Member { event, labels, since, arrived: now, flips }));
    };
    if event.state_at < known.event.state_at {
        return Taken::Leave(Why::Outdated);
    }
    let same_state = event.state == known.event.state;
    if event.state_at == known.event.state_at {
        let says_more = event.suppressed_by != known.event.suppressed_by
            || (event.tags.is_some() && event.tags != known.event.tags);
        match (same_state, says_more) {
            (true, false) => return Taken::Leave(Why::Duplicate),
            // Two states at one time: the one that people should know of counts.
            (false, _) if !event.state.is_firing() => return Taken::Leave(Why::Outdated),
            _ => {}
        }
    }
    Taken::Keep(Box::new(changed(known, event, labels, now)))
}

fn changed(known: &Member, mut event: AlarmEvent, labels: Labels, now: Timestamp) -> Member {
    let since = match event.state {
        State::Ok => None,
        State::InsufficientData => known.since,
        State::Alarm | State::Other(_) => known.since.or(Some(event.state_at)),
    };
    let mut flips = known.flips.clone();
    if since.is_some() != known.since.is_some() {
        flips.push(event.state_at);
        let beyond = flips.len().saturating_sub(MOST_FLIPS);
        flips.drain(..beyond);
    }
    let arrived = if event.state == known.event.state { known.arrived } else { now };
    event.tags = event.tags.or_else(|| known.event.tags.clone());
    Member { event, labels, since, arrived, flips }
}
