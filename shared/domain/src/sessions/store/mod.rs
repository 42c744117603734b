//! The session store: what an application does with sessions and rankings in one region.
//!
//! What must stay true: a failing cache makes nothing fail, only slower; a read is a hit only while
//! the entry is complete in an epoch that is not in doubt; a write goes to our own region's part
//! alone, holds everything that was merged, and stands only if nobody wrote that part meanwhile;
//! what has ended is never written as living.

mod board;
mod counts;
mod deed;
mod error;
mod read;
#[cfg(test)]
mod tests;
mod view;
mod write;

pub use board::Ranking;
pub use counts::StoreCounts;
pub use deed::{Changes, Fields, Life};
pub use error::{Limit, StoreError};

use super::epoch::{CacheRest, EpochView};
use super::ports::{CacheError, CacheWrite, SessionWorld};
use super::stamp::RegionName;
use jiff::{SignedDuration, Timestamp};
use std::num::NonZeroU16;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A session lives at most this long.
pub const MAX_LIFE: SignedDuration = SignedDuration::from_hours(400 * 24);
/// A write is tried this often.
pub const TRIES: u32 = 8;
/// The first pause between tries; each further one is twice as long, and all are shortened at
/// random by up to a half, so that those who met once do not meet again.
const PAUSE: SignedDuration = SignedDuration::from_millis(4);
/// The longest pause.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_millis(100);

/// What a store has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Our own region: whose parts we write.
    pub region: RegionName,
    /// Shards of a board. The same in every region; never changed while a board has scores.
    pub shards: NonZeroU16,
}

/// What became of a session that was to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has ended, and our own part says so.
    Ended,
    /// It had ended, or its life was over, before.
    Over,
    /// There is no session of this key, as far as this region knows.
    Unknown,
}

/// The store of one process; `world` is the same one in every call.
#[derive(Debug)]
pub struct SessionStore {
    config: StoreConfig,
    held: Mutex<Held>,
}

/// What a process remembers between calls.
#[derive(Debug, Default)]
struct Held {
    epoch: EpochView,
    rest: CacheRest,
    counts: StoreCounts,
}

impl SessionStore {
    /// A store.
    pub fn new(config: StoreConfig) -> Self {
        Self { config, held: Mutex::default() }
    }

    /// What it has done so far.
    pub fn counts(&self) -> StoreCounts {
        self.held().counts
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, counted: impl FnOnce(&mut StoreCounts)) {
        counted(&mut self.held().counts);
    }

    /// The epoch in which a complete entry is a hit, if the cache may be asked now.
    async fn epoch<W: SessionWorld>(&self, world: &W) -> Option<u64> {
        let asked = world.wall();
        if self.held().epoch.claim(asked) {
            let looked = world.epoch().await;
            let now = world.wall();
            let mut held = self.held();
            match looked {
                Ok(epoch) => held.epoch.learn(epoch, asked, now),
                Err(_) => held.counts.epoch_failures += 1,
            }
        }
        let now = world.wall();
        let mut held = self.held();
        let epoch = held.epoch.usable(now).filter(|_| held.rest.claim(now));
        held.counts.bypasses += u64::from(epoch.is_none());
        epoch
    }

    /// The cache's answer to a call that began at `began`; after a failure it rests.
    fn settle<T>(
        &self,
        now: Timestamp,
        began: Timestamp,
        answer: Result<T, CacheError>,
    ) -> Option<T> {
        let mut held = self.held();
        match answer {
            Ok(answer) => {
                held.rest.answered(began);
                Some(answer)
            }
            Err(_) => {
                held.rest.failed(now);
                held.counts.cache_failures += 1;
                None
            }
        }
    }

    /// Puts our own write into the cache; when that fails the stream brings it.
    async fn write_through<W: SessionWorld>(&self, world: &W, write: CacheWrite) {
        let began = world.wall();
        if self.held().rest.claim(began) {
            let applied = world.apply(&[write]).await;
            self.settle(world.wall(), began, applied);
        }
    }

    /// Between two tries of a write.
    async fn pause<W: SessionWorld>(&self, world: &W, attempt: u32) {
        let longest = PAUSE.saturating_mul(1 << attempt.min(8)).min(LONGEST_PAUSE);
        let dice = world.digits();
        let share = dice.get(..2).and_then(|byte| u8::from_str_radix(byte, 16).ok()).unwrap_or(0);
        world.rest(longest - longest / 512 * i32::from(share)).await;
    }
}
