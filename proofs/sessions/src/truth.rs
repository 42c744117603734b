//! What was asked for and what was acknowledged: the bookkeeping that the laws are judged by. It
//! knows neither parts nor caches.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::sessions::part::{FieldName, FieldValue, SessionKey};
use tidegate_domain::sessions::score::BoardWord;
use tidegate_domain::sessions::session::Session;
use tidegate_domain::sessions::stamp::Stamp;
use tidegate_domain::sessions::store::Changes;

/// Everything that was asked for.
#[derive(Debug, Default)]
pub struct Truth {
    /// By session.
    pub sessions: BTreeMap<SessionKey, Story>,
    /// By member and the number of the region.
    pub scores: BTreeMap<(BoardWord, usize), Counted>,
}

/// One session's story.
#[derive(Debug)]
pub struct Story {
    /// The end of its life.
    pub not_after: Timestamp,
    /// Every value that somebody tried to set.
    pub tried: BTreeSet<(FieldName, FieldValue)>,
    /// Updates that were acknowledged.
    pub acked: Vec<Acked>,
    /// Until when it lives at least, by what was acknowledged.
    pub lives_until: Option<Timestamp>,
    /// Somebody tried to end it.
    pub end_tried: bool,
    /// Its end was acknowledged.
    pub end_acked: bool,
}

/// A field of an update that was acknowledged.
#[derive(Debug, Clone)]
pub struct Acked {
    /// In which region.
    pub region: usize,
    /// Which field.
    pub name: FieldName,
    /// None if it was removed.
    pub value: Option<FieldValue>,
    /// Under which stamp.
    pub at: Stamp,
}

/// What was counted of a member in one region.
#[derive(Debug, Default)]
pub struct Counted {
    /// The sum of what was acknowledged.
    pub acked: i64,
    /// What may have been counted.
    pub unsure: Vec<i64>,
}

impl Story {
    /// A session that somebody tries to create.
    pub fn new(not_after: Timestamp) -> Self {
        Self {
            not_after,
            tried: BTreeSet::new(),
            acked: Vec::new(),
            lives_until: None,
            end_tried: false,
            end_acked: false,
        }
    }

    /// Somebody tries to write this.
    pub fn tries(&mut self, changes: &Changes) {
        let values =
            changes.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        self.tried.extend(values);
    }

    /// The newest stamp that this region was told of.
    pub fn newest_of(&self, region: usize) -> Option<Stamp> {
        self.acked.iter().filter(|acked| acked.region == region).map(|a| a.at.clone()).max()
    }

    /// An update was acknowledged with this session. What is wrong with the answer.
    pub fn acks(
        &mut self,
        region: usize,
        changes: &Changes,
        answer: &Session,
        before: Option<&Stamp>,
    ) -> Option<String> {
        let mut wrong = None;
        for (name, value) in changes {
            let Some(field) = answer.fields.get(name).filter(|field| field.value == *value) else {
                return Some(format!("{} is not in the update's own answer", name.as_str()));
            };
            if before.is_some_and(|before| field.at <= *before) {
                wrong = Some(format!("{} is not after {before:?}", field.at));
            }
            if self.acked.iter().any(|acked| acked.at == field.at && acked.name == *name) {
                wrong = Some(format!("{} was given twice", field.at));
            }
            let (name, value, at) = (name.clone(), value.clone(), field.at.clone());
            self.acked.push(Acked { region, name, value, at });
        }
        self.lives(answer);
        wrong
    }

    /// A write was acknowledged that lets it live.
    pub fn lives(&mut self, answer: &Session) {
        self.lives_until = self.lives_until.max(Some(answer.live_until));
    }
}

impl Counted {
    /// Whether this sum is what was acknowledged, and any of what may have been counted.
    pub fn admits(&self, sum: i64) -> bool {
        let mut sums = BTreeSet::from([self.acked]);
        for delta in &self.unsure {
            let more: Vec<i64> = sums.iter().map(|sum| sum + delta).collect();
            sums.extend(more);
        }
        sums.contains(&sum)
    }
}
