//! Parts, scores, beats and the epoch as items, both ways. The table of attributes is in [`super`].

use super::tree::{Attribute, Attributes};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tidegate_domain::sessions::change::EntryKey;
use tidegate_domain::sessions::part::{
    Field, FieldName, FieldValue, PartId, SessionKey, SessionPart,
};
use tidegate_domain::sessions::ports::Epoch;
use tidegate_domain::sessions::score::{BoardWord, MAX_SCORE, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};

/// The schema that is written. A larger one is another version's, and unreadable here.
pub const SCHEMA: u32 = 1;
/// The partition of the beats.
pub const BEATS: &str = "beat";

/// Where the epoch of the region's cache stands in the control table.
pub const EPOCH_PK: &str = "session-epoch";
/// Its sort key.
pub const EPOCH_SK: &str = "e";

const SESSION: &str = "session#";
const SCORE: &str = "score#";

/// What an item is, by its partition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A session's part.
    Part,
    /// A score's part.
    Score,
    /// A beat.
    Beat,
    /// Another program's.
    Foreign,
}

/// What an item is, by its partition key.
pub fn kind(pk: &str) -> Kind {
    match pk {
        BEATS => Kind::Beat,
        _ if pk.starts_with(SESSION) => Kind::Part,
        _ if pk.starts_with(SCORE) => Kind::Score,
        _ => Kind::Foreign,
    }
}

/// The entry of the cache that items of this partition belong to.
pub fn entry(pk: &str) -> Option<EntryKey> {
    let session = pk.strip_prefix(SESSION).and_then(|key| SessionKey::new(key).ok());
    session.map(EntryKey::Session).or_else(|| shard(pk).ok().map(EntryKey::Shard))
}

/// The partition of a session's parts.
pub fn session_pk(key: &SessionKey) -> String {
    format!("{SESSION}{}", key.as_str())
}

/// The sort key of a score's part.
pub fn score_sk(member: &BoardWord, region: &RegionName) -> String {
    format!("{}#{region}", member.as_str())
}

/// A session's part as an item.
pub fn of_part(part: &SessionPart) -> Attributes<'_> {
    let fields = part.fields.iter().map(|(name, field)| {
        let stamped = Attributes::default().with("t", Attribute::text(field.at.to_string()));
        let field = match &field.value {
            Some(value) => stamped.with("v", Attribute::text(value.expose())),
            None => stamped,
        };
        (name.as_str().into(), Attribute::Map(field))
    });
    let item = Attributes::default()
        .with("pk", Attribute::text(session_pk(&part.key)))
        .with("sk", Attribute::text(part.id.to_string()))
        .with("fields", Attribute::Map(fields.collect()))
        .with("not_after", Attribute::number(part.not_after.as_second()))
        .with("live_until", Attribute::number(part.live_until.as_second()))
        .with("expires_at", Attribute::number(part.expires_at().as_second()))
        .with("written", Attribute::text(part.written.to_string()))
        .with("writer", Attribute::text(&part.writer))
        .with("v", Attribute::number(SCHEMA));
    match &part.ended {
        Some(ended) => item.with("ended", Attribute::text(ended.to_string())),
        None => item,
    }
}

/// A score's part as an item.
pub fn of_score(part: &ScorePart) -> Attributes<'_> {
    Attributes::default()
        .with("pk", Attribute::text(part.shard.to_string()))
        .with("sk", Attribute::text(score_sk(&part.member, &part.region)))
        .with("n", Attribute::number(part.n))
        .with("written", Attribute::text(part.written.to_string()))
        .with("writer", Attribute::text(&part.writer))
        .with("v", Attribute::number(SCHEMA))
}

/// A region's beat as an item, kept until `expires`.
pub fn of_beat(stamp: &Stamp, expires: Timestamp) -> Attributes<'static> {
    Attributes::default()
        .with("pk", Attribute::text(BEATS))
        .with("sk", Attribute::text(stamp.region().to_string()))
        .with("written", Attribute::text(stamp.to_string()))
        .with("expires_at", Attribute::number(expires.as_second()))
}

/// The epoch of a region's cache as an item of the control table.
pub fn of_epoch<'a>(epoch: &Epoch, writer: &'a str) -> Attributes<'a> {
    let item = Attributes::default()
        .with("pk", Attribute::text(EPOCH_PK))
        .with("sk", Attribute::text(EPOCH_SK))
        .with("number", Attribute::number(epoch.number))
        .with("writer", Attribute::text(writer));
    match epoch.doubt_until {
        Some(until) => item.with("doubt_until_ms", Attribute::number(until.as_millisecond())),
        None => item,
    }
}

/// The epoch of a region's cache.
///
/// # Errors
/// What is missing or wrong.
pub fn epoch(item: &Attributes<'_>) -> Result<Epoch, String> {
    let until = item.has("doubt_until_ms").then(|| item.whole("doubt_until_ms")).transpose()?;
    let until = until.map(Timestamp::from_millisecond).transpose();
    let doubt_until = until.map_err(|_| "`doubt_until_ms` is out of range".to_owned())?;
    Ok(Epoch { number: item.whole("number")?, doubt_until })
}

/// Whose part of which session an item is, by its keys.
///
/// # Errors
/// A sentence without anything of them.
pub fn part_place(item: &Attributes<'_>) -> Result<(SessionKey, PartId), String> {
    let key = item.text("pk")?.strip_prefix(SESSION).unwrap_or_default();
    let key = SessionKey::new(key).map_err(|why| format!("`pk`: {why}"))?;
    Ok((key, item.parsed("sk")?))
}

/// Whose score on which board an item is, by its keys.
///
/// # Errors
/// A sentence without anything of them.
pub fn score_place(item: &Attributes<'_>) -> Result<(ShardKey, BoardWord, RegionName), String> {
    let shard = shard(item.text("pk")?).map_err(|why| format!("`pk`: {why}"))?;
    let (member, region) = item.text("sk")?.split_once('#').unwrap_or_default();
    let member = BoardWord::new(member).map_err(|why| format!("`sk`: {why}"))?;
    let region = RegionName::new(region).map_err(|why| format!("`sk`: {why}"))?;
    Ok((shard, member, region))
}

/// A session's part.
///
/// # Errors
/// What is missing or wrong; nothing of a value.
pub fn part(item: &Attributes<'_>) -> Result<SessionPart, String> {
    known_schema(item)?;
    let (key, id) = part_place(item)?;
    Ok(SessionPart {
        key,
        fields: fields(item.map("fields")?)?,
        ended: item.has("ended").then(|| item.parsed("ended")).transpose()?,
        not_after: second(item, "not_after")?,
        live_until: second(item, "live_until")?,
        written: written(item, &id.region)?,
        writer: item.text("writer")?.to_owned(),
        id,
    })
}

/// A score's part.
///
/// # Errors
/// What is missing or wrong; nothing of a value.
pub fn score(item: &Attributes<'_>) -> Result<ScorePart, String> {
    known_schema(item)?;
    let (shard, member, region) = score_place(item)?;
    let n: i64 = item.whole("n")?;
    if n.unsigned_abs() > MAX_SCORE.unsigned_abs() {
        return Err("`n` is larger than a score can be".to_owned());
    }
    let written = written(item, &region)?;
    let writer = item.text("writer")?.to_owned();
    Ok(ScorePart { shard, member, region, n, written, writer })
}

/// A region's beat.
///
/// # Errors
/// What is missing or wrong.
pub fn beat(item: &Attributes<'_>) -> Result<Stamp, String> {
    let region = RegionName::new(item.text("sk")?).map_err(|why| format!("`sk`: {why}"))?;
    written(item, &region)
}

/// The stamp of an item's last write, which only its own region makes.
///
/// # Errors
/// What is missing or wrong.
pub fn written(item: &Attributes<'_>, region: &RegionName) -> Result<Stamp, String> {
    let written: Stamp = item.parsed("written")?;
    if written.region() == region {
        Ok(written)
    } else {
        Err("`written` is the stamp of another region than the item's".to_owned())
    }
}

/// An older schema than the first one is none either.
fn known_schema(item: &Attributes<'_>) -> Result<(), String> {
    match item.whole::<u32>("v")? {
        SCHEMA => Ok(()),
        newer => Err(format!(
            "`v` is {newer}: written by another version, which this one ({SCHEMA}) cannot read"
        )),
    }
}

fn fields(map: &Attributes<'_>) -> Result<BTreeMap<FieldName, Field>, String> {
    map.iter().map(|(name, field)| field_of(name, field)).collect()
}

/// One field. Its name is not repeated in a sentence: anything may stand in its place.
fn field_of(name: &str, field: &Attribute<'_>) -> Result<(FieldName, Field), String> {
    let inside = |why: String| format!("a field of `fields`: {why}");
    let name = FieldName::new(name).map_err(inside)?;
    let Attribute::Map(field) = field else {
        return Err(inside("it is not a map".to_owned()));
    };
    let value = field.has("v").then(|| field.text("v")).transpose().map_err(inside)?;
    let at = field.parsed("t").map_err(inside)?;
    Ok((name, Field { at, value: value.map(FieldValue::new) }))
}

fn second(item: &Attributes<'_>, name: &str) -> Result<Timestamp, String> {
    Timestamp::from_second(item.whole(name)?).map_err(|_| format!("`{name}` is out of range"))
}

/// `score#board#3`, as it is written and in no other way.
fn shard(pk: &str) -> Result<ShardKey, String> {
    let (board, number) =
        pk.strip_prefix(SCORE).and_then(|rest| rest.split_once('#')).unwrap_or_default();
    let board = BoardWord::new(board)?;
    let shard = number.parse().map_err(|_| "not the number of a shard".to_owned())?;
    let key = ShardKey { board, shard };
    if key.to_string() == pk { Ok(key) } else { Err("not the number of a shard".to_owned()) }
}

#[cfg(test)]
mod tests;
