//! What is on its way from one region to another.

use crate::sessions::global::{Tables, Write};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// The way from one region to another.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub delay: SignedDuration,
    pub cut: bool,
    /// When the last partition was over: nothing that waited arrived before.
    pub mended: Option<Timestamp>,
    /// With the time at which each arrives.
    queue: VecDeque<(Timestamp, Write)>,
}

impl Link {
    pub fn send(&mut self, write: &Write, now: Timestamp) {
        let due = now.checked_add(self.delay).unwrap_or(now);
        let mut write = write.clone();
        // Only the region in which it happened says that it was time to live.
        write.by_ttl = false;
        self.queue.push_back((due, write));
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// When the next one arrives, if one has arrived by `now`. A delay that was shortened lets
    /// later writes overtake earlier ones.
    fn next(&self, now: Timestamp) -> Option<(Timestamp, usize)> {
        if self.cut {
            return None;
        }
        let arrives = |due: &Timestamp| self.mended.map_or(*due, |mended| mended.max(*due));
        let due = self.queue.iter().enumerate().map(|(place, (due, _))| (arrives(due), place));
        due.min().filter(|(at, _)| *at <= now)
    }
}

impl Tables {
    /// Everything that is due arrives, in the order of its times.
    pub fn arrive(&mut self, now: Timestamp) {
        loop {
            let due = self.links.iter().filter_map(|(pair, link)| Some((link.next(now)?, *pair)));
            let Some(((at, place), pair)) = due.min() else { return };
            let taken = self.links.get_mut(&pair).and_then(|link| link.queue.remove(place));
            if let (Some((_, write)), Some(copy)) = (taken, self.replicas.get_mut(pair.1)) {
                copy.take(write, at);
            }
        }
    }
}
