//! When the cache may be used: by the epoch, and by how its last call went.
//!
//! What must stay true: an entry that may lack something is never a hit for longer than
//! [`LOOK_EVERY`] after the doubt was written; who cannot learn the epoch does without the cache;
//! a cache that fails is asked once in [`REST`], not by every caller.

use super::ports::Epoch;
use jiff::{SignedDuration, Timestamp};

/// The epoch is read again after this long.
pub const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// A look that failed, or never came back, is repeated after this long.
pub const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(1);
/// With no look for this long the cache is not used.
pub const BLIND_AFTER: SignedDuration = SignedDuration::from_secs(10);
/// How far apart the clocks of a region may be: a doubt is held to for this much longer.
pub const SKEW: SignedDuration = SignedDuration::from_secs(2);
/// After a failure the cache is left alone for this long.
pub const REST: SignedDuration = SignedDuration::from_secs(1);

fn after(at: Timestamp, time: SignedDuration) -> Timestamp {
    at.checked_add(time).unwrap_or(Timestamp::MAX)
}

/// What a process knows of the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EpochView {
    known: Option<Known>,
    next_look: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    epoch: Epoch,
    asked: Timestamp,
}

impl EpochView {
    /// Whether the caller is to look now. The others go on with what is known.
    pub fn claim(&mut self, now: Timestamp) -> bool {
        // A next look that is further away than any was set by a clock that went back.
        let waits = |next: Timestamp| now < next && next <= after(now, LOOK_EVERY);
        if self.next_look.is_some_and(waits) {
            return false;
        }
        self.next_look = Some(after(now, LOOK_AGAIN));
        true
    }

    /// What a look that began at `asked` found. One that began before the one that is known is
    /// ignored: it may have read less.
    pub fn learn(&mut self, epoch: Epoch, asked: Timestamp, now: Timestamp) {
        let is_older = |known: Known| asked < known.asked && known.asked <= now;
        if !self.known.is_some_and(is_older) {
            self.known = Some(Known { epoch, asked });
            self.next_look = Some(after(asked, LOOK_EVERY));
        }
    }

    /// The epoch whose entries are hits at `now`; none while there is none to be sure of.
    pub fn usable(&self, now: Timestamp) -> Option<u64> {
        let known = self.known?;
        let is_fresh = known.asked <= now && now <= after(known.asked, BLIND_AFTER);
        let in_doubt = known.epoch.doubt_until.is_some_and(|until| now <= after(until, SKEW));
        (is_fresh && !in_doubt).then_some(known.epoch.number)
    }
}

/// Whether the cache may be asked, by how its last calls went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheRest {
    failed: Option<Failed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Failed {
    at: Timestamp,
    next_try: Timestamp,
}

impl CacheRest {
    /// Whether the caller may ask the cache. After a failure one caller in [`REST`] may.
    pub fn claim(&mut self, now: Timestamp) -> bool {
        let Some(failed) = &mut self.failed else { return true };
        if now < failed.next_try && failed.next_try <= after(now, REST) {
            return false;
        }
        failed.next_try = after(now, REST);
        true
    }

    /// A call failed.
    pub fn failed(&mut self, now: Timestamp) {
        self.failed = Some(Failed { at: now, next_try: after(now, REST) });
    }

    /// A call that began at `began` was answered. One that began before the failure says nothing.
    pub fn answered(&mut self, began: Timestamp) {
        if self.failed.is_some_and(|failed| failed.at < began) {
            self.failed = None;
        }
    }
}

#[cfg(test)]
mod tests;
