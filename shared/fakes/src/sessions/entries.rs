//! Session entries of a cache: parts, marks of removed parts, the mark of a fill, completeness.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tidegate_domain::sessions::part::{PartId, SessionPart};
use tidegate_domain::sessions::ports::FillMark;
use tidegate_domain::sessions::stamp::Stamp;

/// An entry in which there is no part yet lives this long.
pub(super) const MARKS_LIVE: SignedDuration = SignedDuration::from_secs(60);

/// A session's entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    parts: BTreeMap<PartId, Held>,
    complete: Option<u64>,
    mark: Option<FillMark>,
    pub expires: Timestamp,
}

/// A part, or the mark of a removed one.
#[derive(Debug, Clone)]
struct Held {
    written: Stamp,
    part: Option<SessionPart>,
}

impl Entry {
    pub fn new(now: Timestamp) -> Self {
        let expires = now.checked_add(MARKS_LIVE).unwrap_or(now);
        Self { parts: BTreeMap::new(), complete: None, mark: None, expires }
    }

    /// Puts a part if it is newer.
    pub fn put(&mut self, part: &SessionPart) {
        if self.parts.get(&part.id).is_some_and(|held| held.written >= part.written) {
            return;
        }
        self.expires = self.expires.max(part.not_after).max(part.expires_at());
        let held = Held { written: part.written.clone(), part: Some(part.clone()) };
        self.parts.insert(part.id.clone(), held);
    }

    /// Replaces a part by a mark unless it is newer than what was removed.
    pub fn remove(&mut self, id: &PartId, written: &Stamp) {
        if self.parts.get(id).is_some_and(|held| held.written > *written) {
            return;
        }
        self.parts.insert(id.clone(), Held { written: written.clone(), part: None });
    }

    /// Nothing says any more that everything is there.
    pub fn doubt(&mut self) {
        (self.complete, self.mark) = (None, None);
    }

    /// Every part, if the entry is complete.
    pub fn hit(&self, epoch: u64) -> Option<Vec<SessionPart>> {
        (self.complete == Some(epoch)).then(|| self.parts())
    }

    pub fn parts(&self) -> Vec<SessionPart> {
        self.parts.values().filter_map(|held| held.part.clone()).collect()
    }

    pub fn forget_removals(&mut self) {
        self.parts.retain(|_, held| held.part.is_some());
    }

    pub fn complete(&self) -> Option<u64> {
        self.complete
    }

    /// The mark that stands, ours if there was none.
    pub fn mark(&mut self, ours: &FillMark) -> FillMark {
        self.mark.get_or_insert_with(|| ours.clone()).clone()
    }

    /// Marks it as complete if it still carries this mark. Whether it does.
    pub fn fill(&mut self, mark: &FillMark, epoch: u64) -> bool {
        let is_same = self.mark.as_ref() == Some(mark);
        if is_same {
            self.complete = Some(epoch);
        }
        is_same
    }
}
