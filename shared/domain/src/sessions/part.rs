//! A session's part: what one region knows of a session, and alone writes.

use super::stamp::{RegionName, Stamp};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fmt;

/// A live part is kept in the table for this long after it ran out, so that what it alone knows
/// reaches the other regions' parts first: the longest partition that loses nothing.
pub const KEPT_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// A tombstone is kept for this long after the session's end of life.
pub const TOMBSTONE_KEPT_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A part that is removed within this time, or was to be, is not written any more: its region goes
/// on in a new one. Another region that has not heard of the write for that long, in a partition,
/// deletes its old copy by time to live, and that deletion would win over the write. As long as
/// [`KEPT_AFTER`], so that it is the part that has run out.
pub const RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(24);
/// Bytes of a field's name.
pub const MAX_NAME: usize = 64;
/// Bytes of all names and values of a session: a write costs one unit for each kilobyte and region.
pub const MAX_BYTES: usize = 64 * 1024;
/// Fields of a session, removed ones too: each carries a stamp beside its name and value.
pub const MAX_FIELDS: usize = 512;

/// A session's key: the keyed hash of its token, 64 lower-case hexadecimal digits. The token itself
/// is stored nowhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(String);

impl SessionKey {
    /// Checks and takes a key.
    ///
    /// # Errors
    /// A sentence that does not repeat the text.
    pub fn new(text: &str) -> Result<Self, String> {
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if text.len() == 64 && text.chars().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a session's key has 64 lower-case hexadecimal digits".to_owned())
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first eight digits: enough to find an item, too few to be one.
impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({}..)", self.0.get(..8).unwrap_or_default())
    }
}

/// The name of a field: 1 to 64 ASCII letters, digits, `_`, `-` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldName(String);

impl FieldName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// A sentence that does not repeat the text.
    pub fn new(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if (1..=MAX_NAME).contains(&text.len()) && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a field's name has 1 to 64 letters, digits, `_`, `-` and `.`".to_owned())
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a field holds. It is never printed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldValue(String);

impl FieldValue {
    /// Takes a value.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The value itself: for the table, the cache and the application, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldValue({} bytes)", self.0.len())
    }
}

/// A field with the stamp of the update that set it. The larger stamp wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// The stamp: first, so that the order of fields is the order of their stamps.
    pub at: Stamp,
    /// What it holds; none once it was removed.
    pub value: Option<FieldValue>,
}

/// Whose part it is: a region, and which of its parts of this session. As a sort key:
/// `ap-northeast-2`, `ap-northeast-2#493017`.
///
/// An item that was removed, or is about to be, is never written again: a deletion by time to live
/// that another region does later would win over the write. So only the part that a session is
/// created with has generation 0; every other new part has the number of whole hours since 1970 at
/// its first write. Parts are kept for more than a day after a write, so that no number comes twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartId {
    /// The region that writes it.
    pub region: RegionName,
    /// 0 for the part that a session is created with.
    pub generation: u32,
}

impl PartId {
    /// The part of `region` that is first written at `now`, after `last` of its parts of the
    /// session (none: none is there, or none any more).
    pub fn fresh(region: &RegionName, last: Option<&Self>, now: Timestamp) -> Self {
        let hours = u32::try_from(now.as_second() / 3600).unwrap_or(0);
        let after = last.map_or(1, |last| last.generation.saturating_add(1));
        Self { region: region.clone(), generation: hours.max(after) }
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.generation {
            0 => self.region.fmt(f),
            generation => write!(f, "{}#{generation}", self.region),
        }
    }
}

impl std::str::FromStr for PartId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (region, generation) = text.split_once('#').unwrap_or((text, "0"));
        let region = RegionName::new(region)?;
        let number = generation.parse::<u32>().map_err(|_| "not a generation".to_owned())?;
        let id = Self { region, generation: number };
        if id.to_string() == text { Ok(id) } else { Err("not a generation".to_owned()) }
    }
}

/// One region's part of a session: everything that the region had merged when it wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPart {
    /// Which session.
    pub key: SessionKey,
    /// Whose part.
    pub id: PartId,
    /// Its fields, removed ones too.
    pub fields: BTreeMap<FieldName, Field>,
    /// The stamp of the session's end, once it has ended: a tombstone.
    pub ended: Option<Stamp>,
    /// The end of the session's life, whole seconds; the same in all parts.
    pub not_after: Timestamp,
    /// Until when the session lives unless it is touched, whole seconds; at most `not_after`.
    pub live_until: Timestamp,
    /// The stamp of this write.
    pub written: Stamp,
    /// Random digits of this write: whose write stands there when an answer was lost.
    pub writer: String,
}

impl SessionPart {
    /// When the table may remove it (its time to live), whole seconds.
    pub fn expires_at(&self) -> Timestamp {
        let after = |at: Timestamp, time| at.checked_add(time).unwrap_or(Timestamp::MAX);
        let tombstone = after(self.not_after, TOMBSTONE_KEPT_AFTER);
        match self.ended {
            Some(_) => tombstone,
            None => after(self.live_until, KEPT_AFTER).min(tombstone),
        }
    }

    /// The largest stamp in it.
    pub fn newest(&self) -> &Stamp {
        let fields = self.fields.values().map(|field| &field.at);
        fields.chain(&self.ended).chain([&self.written]).max().unwrap_or(&self.written)
    }

    /// Whether a reader in `region` takes no notice of it: another region's clock is wrong.
    pub fn is_refused(&self, region: &RegionName, now: Timestamp) -> bool {
        self.id.region != *region && self.newest().is_ahead(now)
    }
}

#[cfg(test)]
mod tests;
