//! A session: the join of its parts.
//!
//! What must stay true: the join is commutative, associative and idempotent; for each field the
//! larger stamp wins; `ended` absorbs everything.

use super::part::{Field, FieldName, FieldValue, SessionPart};
use super::stamp::Stamp;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What all parts together say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The fields, removed ones too.
    pub fields: BTreeMap<FieldName, Field>,
    /// The stamp of its end, once it has ended.
    pub ended: Option<Stamp>,
    /// The end of its life.
    pub not_after: Timestamp,
    /// Until when it lives unless it is touched.
    pub live_until: Timestamp,
    /// The largest stamp of everything that was merged.
    pub newest: Stamp,
}

impl Session {
    /// The join of parts; none of none.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a SessionPart>) -> Option<Self> {
        parts.into_iter().map(Self::from).reduce(Self::join)
    }

    /// The join of two.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        for (name, field) in other.fields {
            let kept = match self.fields.remove(&name) {
                Some(own) => own.max(field),
                None => field,
            };
            self.fields.insert(name, kept);
        }
        self.ended = self.ended.max(other.ended);
        self.not_after = self.not_after.min(other.not_after);
        self.live_until = self.live_until.max(other.live_until).min(self.not_after);
        self.newest = self.newest.max(other.newest);
        self
    }

    /// Whether it may be served at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.live_until && now < self.not_after
    }

    /// The fields that are there, by name.
    pub fn values(&self) -> impl Iterator<Item = (&FieldName, &FieldValue)> {
        self.fields.iter().filter_map(|(name, field)| Some((name, field.value.as_ref()?)))
    }
}

impl From<&SessionPart> for Session {
    fn from(part: &SessionPart) -> Self {
        Self {
            fields: part.fields.clone(),
            ended: part.ended.clone(),
            not_after: part.not_after,
            live_until: part.live_until.min(part.not_after),
            newest: part.newest().clone(),
        }
    }
}

#[cfg(test)]
mod tests;
