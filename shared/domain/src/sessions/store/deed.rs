//! What a write of the store would put into our own part: decided here, done by the store.
//!
//! What must stay true: what is written is everything that was merged, with its own stamps, so that
//! a part that runs out takes nothing with it; the new stamp is larger than every merged one; what
//! has ended is not written as living.

use super::error::{Limit, StoreError};
use super::view::{Seat, View};
use crate::sessions::part::{
    Field, FieldName, FieldValue, MAX_BYTES, MAX_FIELDS, PartId, SessionKey, SessionPart,
};
use crate::sessions::session::Session;
use crate::sessions::stamp::{RegionName, Stamp};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Fields to be set, and to be removed (no value).
pub type Changes = BTreeMap<FieldName, Option<FieldValue>>;

/// The fields of a new session.
pub type Fields = BTreeMap<FieldName, FieldValue>;

/// How long a new session may live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// The end of its life whatever happens, whole seconds (rounded down).
    pub not_after: Timestamp,
    /// It runs out this long after it was created, updated or touched, rounded up to a second.
    pub idle: SignedDuration,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Deed<'a> {
    Update { changes: &'a Changes, idle: SignedDuration },
    Touch { idle: SignedDuration },
    End,
}

/// Who writes, what, and when.
#[derive(Debug)]
pub(super) struct Pen<'a> {
    pub key: &'a SessionKey,
    pub region: &'a RegionName,
    pub writer: &'a str,
    pub now: Timestamp,
}

/// What it comes to.
#[derive(Debug)]
pub(super) enum Plan {
    /// Nothing is to be written.
    Leave(Session),
    /// The part, and what the session is then.
    Write(Box<Draft>),
}

/// A part that is to be written.
#[derive(Debug)]
pub(super) struct Draft {
    pub part: SessionPart,
    pub seen: Option<Stamp>,
    pub session: Session,
}

impl Deed<'_> {
    /// What the deed comes to for the session as it was found.
    pub fn plan(&self, view: &View, pen: &Pen<'_>) -> Result<Plan, StoreError> {
        let session = view.session.clone().ok_or(StoreError::Gone)?;
        match self {
            Self::End => end(session, view, pen),
            Self::Update { changes, idle } => {
                let session = living(session, pen.now)?;
                let written = Stamp::next(pen.now, Some(&session.newest), pen.region);
                let changed = changed(session, changes, &written)?;
                Ok(pen.draft(view, touched(changed, *idle, pen.now), written))
            }
            Self::Touch { idle } => {
                let session = living(session, pen.now)?;
                if !needs_touch(&session, *idle, pen.now) {
                    return Ok(Plan::Leave(session));
                }
                let written = Stamp::next(pen.now, Some(&session.newest), pen.region);
                Ok(pen.draft(view, touched(session, *idle, pen.now), written))
            }
        }
    }
}

/// A tombstone holds no field: what the session held is no business of anybody any more.
fn end(session: Session, view: &View, pen: &Pen<'_>) -> Result<Plan, StoreError> {
    let is_done = session.ended.is_some() && view.unspread_end(pen.now).is_none();
    if is_done || session.not_after <= pen.now {
        return Err(StoreError::Ended);
    }
    let written = Stamp::next(pen.now, Some(&session.newest), pen.region);
    let ended = session.ended.clone().or_else(|| Some(written.clone()));
    Ok(pen.draft(view, Session { ended, fields: BTreeMap::new(), ..session }, written))
}

/// The session, if it can be written as a living one.
pub(super) fn living(session: Session, now: Timestamp) -> Result<Session, StoreError> {
    match session.ended {
        Some(_) => Err(StoreError::Ended),
        None if session.is_live(now) => Ok(session),
        None => Err(StoreError::Gone),
    }
}

/// Whether less than half of `idle` is left, and a touch would add to it.
pub(super) fn needs_touch(session: &Session, idle: SignedDuration, now: Timestamp) -> bool {
    let left = session.live_until.duration_since(now);
    left < idle / 2 && session.live_until < lives_until(session.not_after, idle, now)
}

/// `idle` from now, whole seconds, rounded up; at most `not_after`.
pub(super) fn lives_until(not_after: Timestamp, idle: SignedDuration, now: Timestamp) -> Timestamp {
    let until = now.checked_add(idle).unwrap_or(Timestamp::MAX);
    let up = i64::from(until.subsec_nanosecond() > 0);
    let whole = Timestamp::from_second(until.as_second().saturating_add(up));
    whole.unwrap_or(Timestamp::MAX).min(not_after)
}

fn touched(mut session: Session, idle: SignedDuration, now: Timestamp) -> Session {
    session.live_until = session.live_until.max(lives_until(session.not_after, idle, now));
    session
}

/// The session with its changes, each under the stamp of this write.
fn changed(mut session: Session, changes: &Changes, at: &Stamp) -> Result<Session, Limit> {
    let before = (bytes(&session.fields), session.fields.len());
    for (name, value) in changes {
        let field = Field { at: at.clone(), value: value.clone() };
        session.fields.insert(name.clone(), field);
    }
    // Two regions' updates may add up to more than the bound; what makes it no worse is taken.
    let after = (bytes(&session.fields), session.fields.len());
    if after.0 > MAX_BYTES && after.0 > before.0 {
        return Err(Limit::Bytes);
    }
    if after.1 > MAX_FIELDS && after.1 > before.1 {
        return Err(Limit::Fields);
    }
    Ok(session)
}

fn bytes(fields: &BTreeMap<FieldName, Field>) -> usize {
    let value = |field: &Field| field.value.as_ref().map_or(0, |value| value.expose().len());
    fields.iter().map(|(name, field)| name.as_str().len() + value(field)).sum()
}

impl Pen<'_> {
    /// The first part of a session.
    pub fn first(&self, fields: &Fields, life: Life) -> Result<Draft, Limit> {
        let written = Stamp::next(self.now, None, self.region);
        let empty = Session {
            fields: BTreeMap::new(),
            ended: None,
            not_after: life.not_after,
            live_until: lives_until(life.not_after, life.idle, self.now),
            newest: written.clone(),
        };
        let set = |(name, value): (&FieldName, &FieldValue)| (name.clone(), Some(value.clone()));
        let session = changed(empty, &fields.iter().map(set).collect(), &written)?;
        let id = PartId { region: self.region.clone(), generation: 0 };
        Ok(self.draft_at(Seat { id, seen: None }, session, written))
    }

    /// Our own part of a session that has ended elsewhere.
    pub fn spread_end(&self, view: &View) -> Option<Draft> {
        let session = view.unspread_end(self.now)?.clone();
        let written = Stamp::next(self.now, Some(&session.newest), self.region);
        let seat = view.seat(self.region, self.now);
        Some(self.draft_at(seat, Session { fields: BTreeMap::new(), ..session }, written))
    }

    fn draft(&self, view: &View, session: Session, written: Stamp) -> Plan {
        let seat = view.seat(self.region, self.now);
        Plan::Write(Box::new(self.draft_at(seat, session, written)))
    }

    fn draft_at(&self, seat: Seat, session: Session, written: Stamp) -> Draft {
        let part = SessionPart {
            key: self.key.clone(),
            id: seat.id,
            fields: session.fields.clone(),
            ended: session.ended.clone(),
            not_after: session.not_after,
            live_until: session.live_until,
            written: written.clone(),
            writer: self.writer.to_owned(),
        };
        Draft { part, seen: seat.seen, session: Session { newest: written, ..session } }
    }
}
