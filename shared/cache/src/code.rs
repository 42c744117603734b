//! How parts stand in the cache. Whoever changes this changes [`PREFIX`] with it: a cache is emptied
//! by asking for other keys.
//!
//! What must stay true: a value begins with the part's stamp, which the scripts compare; what is
//! read is what was written; no error repeats anything of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use tidegate_domain::sessions::part::{Field, FieldName, FieldValue, PartId};
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::score::ShardKey;
use tidegate_domain::sessions::stamp::Stamp;

/// Before every key.
const PREFIX: &str = "tg:";
/// Before the name of a part's field in an entry, which no mark's begins with.
const PART: &str = "p:";

/// The key of a session's entry, whose slot is that of what stands in braces.
pub fn session_key(key: &SessionKey) -> String {
    format!("{PREFIX}{{session#{}}}", key.as_str())
}

/// The keys of a shard: the hash of its members' parts, and its members by score. One slot.
pub fn shard_keys(shard: &ShardKey) -> [String; 2] {
    let hash = format!("{PREFIX}{{{shard}}}");
    [hash.clone(), hash + ":z"]
}

/// The name of a part's field.
pub(crate) fn part_field(id: &PartId) -> String {
    format!("{PART}{id}")
}

/// A text that is written where it is needed, without a copy of its own.
struct Shown<T>(T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A part's document; one letter a key, for it is written a million times.
#[derive(Serialize)]
struct Written<'a> {
    /// `not_after`, epoch seconds.
    n: i64,
    /// `live_until`, epoch seconds.
    l: i64,
    /// `ended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<Shown<&'a Stamp>>,
    /// `writer`.
    w: &'a str,
    /// Fields by name: the stamp and, unless the field was removed, the value.
    f: BTreeMap<&'a str, (Shown<&'a Stamp>, Option<&'a str>)>,
}

/// A part's document as it is read.
#[derive(Deserialize)]
struct Read<'a> {
    n: i64,
    l: i64,
    #[serde(borrow)]
    e: Option<Cow<'a, str>>,
    w: String,
    #[serde(borrow)]
    f: BTreeMap<Cow<'a, str>, (Cow<'a, str>, Option<String>)>,
}

/// `<stamp> <document>`
pub(crate) fn part_value(part: &SessionPart) -> Vec<u8> {
    let mut value = Vec::with_capacity(256);
    let fields = part.fields.iter().map(|(name, field)| {
        let held = field.value.as_ref().map(FieldValue::expose);
        (name.as_str(), (Shown(&field.at), held))
    });
    let written = Written {
        n: part.not_after.as_second(),
        l: part.live_until.as_second(),
        e: part.ended.as_ref().map(Shown),
        w: &part.writer,
        f: fields.collect(),
    };
    value.extend_from_slice(part.written.to_string().as_bytes());
    value.push(b' ');
    // Writing texts and numbers into memory does not fail; an empty document would be read as an
    // unreadable part, never as another one.
    let _ = serde_json::to_writer(&mut value, &written);
    value
}

/// The part of a field and its value; none of what is no part: a mark.
///
/// # Errors
/// It cannot be read: somebody else wrote it.
pub(crate) fn part_of(
    key: &SessionKey,
    field: &[u8],
    value: &[u8],
) -> Result<Option<SessionPart>, String> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| "no text".to_owned());
    let Some(id) = text(field)?.strip_prefix(PART) else { return Ok(None) };
    let (written, document) = text(value)?.split_once(' ').ok_or("no stamp")?;
    if document == "-" {
        return Ok(None);
    }
    let read: Read<'_> = serde_json::from_str(document).map_err(|_| "no document")?;
    Ok(Some(SessionPart {
        key: key.clone(),
        id: id.parse()?,
        fields: read.f.into_iter().map(field_of).collect::<Result<_, _>>()?,
        ended: read.e.map(|stamp| stamp.parse()).transpose()?,
        not_after: time_of(read.n)?,
        live_until: time_of(read.l)?,
        written: written.parse()?,
        writer: read.w,
    }))
}

type ReadField<'a> = (Cow<'a, str>, (Cow<'a, str>, Option<String>));

fn field_of((name, (at, value)): ReadField<'_>) -> Result<(FieldName, Field), String> {
    let field = Field { at: at.parse()?, value: value.map(FieldValue::new) };
    Ok((FieldName::new(&name)?, field))
}

fn time_of(second: i64) -> Result<Timestamp, String> {
    Timestamp::from_second(second).map_err(|_| "no time".to_owned())
}
