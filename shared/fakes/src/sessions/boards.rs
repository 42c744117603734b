//! A cache's entries of boards: one for each shard.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tidegate_domain::sessions::ports::{FillMark, RankRead};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, first, totals};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};

/// An entry is kept for this long after it was made or filled.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Somebody who has taken the mark has this long to rebuild the entry.
const REBUILT_WITHIN: SignedDuration = SignedDuration::from_secs(10);

/// A shard's entry.
#[derive(Debug, Clone)]
pub(super) struct Shard {
    scores: BTreeMap<(BoardWord, RegionName), Held>,
    complete: Option<u64>,
    mark: Option<(FillMark, Timestamp)>,
    pub expires: Timestamp,
}

/// A score's part, or the mark of a removed one.
#[derive(Debug, Clone)]
struct Held {
    written: Stamp,
    score: Option<ScorePart>,
}

impl Shard {
    pub fn new(now: Timestamp) -> Self {
        let expires = now.checked_add(KEPT).unwrap_or(now);
        Self { scores: BTreeMap::new(), complete: None, mark: None, expires }
    }

    /// Puts a score if it is newer.
    pub fn put(&mut self, score: &ScorePart) {
        let key = (score.member.clone(), score.region.clone());
        if self.scores.get(&key).is_some_and(|held| held.written >= score.written) {
            return;
        }
        let held = Held { written: score.written.clone(), score: Some(score.clone()) };
        self.scores.insert(key, held);
    }

    /// Replaces a score by a mark unless it is newer than what was removed.
    pub fn remove(&mut self, member: &BoardWord, region: &RegionName, written: &Stamp) {
        let key = (member.clone(), region.clone());
        if self.scores.get(&key).is_some_and(|held| held.written > *written) {
            return;
        }
        self.scores.insert(key, Held { written: written.clone(), score: None });
    }

    /// Nothing says any more that everything is there.
    pub fn doubt(&mut self) {
        (self.complete, self.mark) = (None, None);
    }

    /// The first members, or whose turn it is to rebuild.
    pub fn rank(&mut self, top: u32, epoch: u64, (now, ours): (Timestamp, &FillMark)) -> RankRead {
        if self.complete == Some(epoch) {
            return RankRead::Hit(self.first(top));
        }
        let standing = self
            .mark
            .as_ref()
            .filter(|(_, since)| since.checked_add(REBUILT_WITHIN).is_ok_and(|until| now < until));
        if standing.is_some() {
            return RankRead::Busy;
        }
        self.mark = Some((ours.clone(), now));
        RankRead::Miss(ours.clone())
    }

    /// Marks it as complete if it still carries this mark. Whether it does.
    pub fn fill(&mut self, mark: &FillMark, epoch: u64, now: Timestamp) -> bool {
        let is_same = self.mark.as_ref().is_some_and(|(standing, _)| standing == mark);
        if is_same {
            self.complete = Some(epoch);
            self.mark = None;
            self.expires = now.checked_add(KEPT).unwrap_or(now);
        }
        is_same
    }

    pub fn complete(&self) -> Option<u64> {
        self.complete
    }

    pub fn scores(&self) -> Vec<ScorePart> {
        self.scores.values().filter_map(|held| held.score.clone()).collect()
    }

    fn first(&self, top: u32) -> Vec<(BoardWord, i64)> {
        let scores = self.scores.values().filter_map(|held| held.score.as_ref());
        first(totals(scores), top)
    }
}
