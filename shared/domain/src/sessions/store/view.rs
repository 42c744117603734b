//! What one region may take of the parts that it found, and what they make.

use crate::sessions::part::{PartId, RENEWED_BEFORE, SessionPart};
use crate::sessions::session::Session;
use crate::sessions::stamp::{RegionName, Stamp};
use jiff::Timestamp;

/// The parts of a session as one region sees them.
#[derive(Debug)]
pub(super) struct View {
    /// Our own newest part.
    own: Option<Own>,
    /// The join of all parts that were taken.
    pub session: Option<Session>,
    /// Parts of other regions that were not.
    pub refused: usize,
}

/// What a write must know of our own part. Not its fields: those are in the join.
#[derive(Debug)]
struct Own {
    id: PartId,
    written: Stamp,
    has_ended: bool,
    expires_at: Timestamp,
}

impl From<&SessionPart> for Own {
    fn from(part: &SessionPart) -> Self {
        Self {
            id: part.id.clone(),
            written: part.written.clone(),
            has_ended: part.ended.is_some(),
            expires_at: part.expires_at(),
        }
    }
}

/// Where our region writes, and against what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// The part.
    pub id: PartId,
    /// The stamp that stands there.
    pub seen: Option<Stamp>,
}

impl View {
    pub fn of(parts: &[SessionPart], region: &RegionName, now: Timestamp) -> Self {
        let taken = || parts.iter().filter(|part| !part.is_refused(region, now));
        let own = taken().filter(|part| part.id.region == *region);
        Self {
            own: own.max_by_key(|part| part.id.generation).map(Own::from),
            session: Session::of(taken()),
            refused: parts.len().saturating_sub(taken().count()),
        }
    }

    /// Our newest part while it is sure to stay, else a new one.
    pub fn seat(&self, region: &RegionName, now: Timestamp) -> Seat {
        let last = self.own.as_ref();
        let stays = |own: &&Own| own.expires_at.duration_since(now) > RENEWED_BEFORE;
        match last.filter(stays) {
            Some(own) => Seat { id: own.id.clone(), seen: Some(own.written.clone()) },
            None => Seat { id: PartId::fresh(region, last.map(|own| &own.id), now), seen: None },
        }
    }

    /// The session, if it was ended elsewhere and our own part does not say so yet.
    pub fn unspread_end(&self, now: Timestamp) -> Option<&Session> {
        let own_lives = self.own.as_ref().is_some_and(|own| !own.has_ended);
        let session = self.session.as_ref()?;
        // After the end of its life nothing can bring it back.
        (own_lives && session.ended.is_some() && now < session.not_after).then_some(session)
    }
}
