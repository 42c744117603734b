//! What a stream's mapping gives to a function: a batch of records, read one by one.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>
//!
//! What must stay true: whatever stands in a record, it changes no other record's result; a record
//! that cannot be read keeps its sequence number, by which the mapping comes back to it; no
//! sentence holds anything of an item or of the event.

use super::item::{self, Kind};
use super::tree::{Attributes, Borrowed};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tidegate_domain::sessions::change::{Change, EntryKey, Poison, StreamRecord};

/// What an event asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The one-minute tick.
    Tick,
    /// A batch, in its order.
    Records(Vec<Result<StreamRecord, Poison>>),
}

/// Keys of this stack's own schedules.
const SCHEDULE: &str = "schedule";
const BEATS: &str = "beats";
const MOST_BEATS: u32 = 6;

/// Reads an event: `{"Records": [..]}`, this stack's schedule (`{"schedule": "tick"}`), or an
/// EventBridge rule's.
///
/// # Errors
/// A sentence for anything else; nothing of it.
pub fn decode(event: &str) -> Result<Wake, String> {
    #[derive(Deserialize)]
    struct Batch<'a> {
        #[serde(rename = "Records", borrow)]
        records: Vec<&'a RawValue>,
    }
    if let Ok(batch) = serde_json::from_str::<Batch<'_>>(event) {
        return Ok(Wake::Records(batch.records.into_iter().map(record).collect()));
    }
    let event: Value = serde_json::from_str(event).map_err(|_| "the event is not JSON")?;
    let says = |key, word| event.get(key).and_then(Value::as_str) == Some(word);
    if event.get("Records").is_none()
        && (says(SCHEDULE, "tick") || says("detail-type", "Scheduled Event"))
    {
        return Ok(Wake::Tick);
    }
    Err("the event is neither a stream's batch (`Records`) nor the tick's schedule".to_owned())
}

/// How many beats a tick's event asks for: one, unless its `beats` says otherwise, and six at most,
/// which fill its minute.
pub fn beats(event: &str) -> u32 {
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    let asked = event.get(BEATS).and_then(Value::as_u64).unwrap_or(1);
    u32::try_from(asked).map_or(MOST_BEATS, |asked| asked.clamp(1, MOST_BEATS))
}

/// A record's envelope. What is not needed to find its place is read later.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "eventName", borrow, default)]
    name: Option<Borrowed<'a>>,
    #[serde(rename = "eventSource", borrow, default)]
    source: Option<Borrowed<'a>>,
    #[serde(borrow)]
    dynamodb: Told<'a>,
}

/// `dynamodb` of a record.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(rename = "SequenceNumber", borrow)]
    sequence: Borrowed<'a>,
    #[serde(rename = "ApproximateCreationDateTime", borrow, default)]
    at: Option<&'a RawValue>,
    #[serde(rename = "Keys", borrow, default)]
    keys: Option<&'a RawValue>,
    #[serde(rename = "NewImage", borrow, default)]
    new: Option<&'a RawValue>,
    #[serde(rename = "OldImage", borrow, default)]
    old: Option<&'a RawValue>,
}

/// One record.
///
/// # Errors
/// [`Poison`]: it cannot be read.
pub fn record(raw: &RawValue) -> Result<StreamRecord, Poison> {
    let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(raw.get()) else {
        return Err(formless(raw));
    };
    let poison = |why: String| Poison {
        sequence: envelope.dynamodb.sequence.0.clone().into_owned(),
        why,
        of: entry(&envelope),
    };
    let sequence = envelope.dynamodb.sequence.0.as_ref();
    if sequence.is_empty() {
        return Err(poison("its sequence number is empty".to_owned()));
    }
    let change = change(&envelope).map_err(poison)?;
    let at = envelope.dynamodb.at.and_then(when);
    Ok(StreamRecord { sequence: sequence.to_owned(), at, change })
}

/// What can be said of a record that is none in its form.
fn formless(raw: &RawValue) -> Poison {
    let value: Option<Value> = serde_json::from_str(raw.get()).ok();
    let text = |path| value.as_ref()?.pointer(path)?.as_str();
    Poison {
        sequence: text("/dynamodb/SequenceNumber").unwrap_or_default().to_owned(),
        why: "not a record of a table's stream".to_owned(),
        of: text("/dynamodb/Keys/pk/S").and_then(item::entry),
    }
}

/// The entry of the cache that the record's item belongs to, when its keys can be read.
fn entry(envelope: &Envelope<'_>) -> Option<EntryKey> {
    item::entry(attributes("Keys", envelope.dynamodb.keys).ok()?.text("pk").ok()?)
}

/// Epoch seconds, whole or not; the stream rounds them down to whole ones.
fn when(raw: &RawValue) -> Option<Timestamp> {
    let secs: f64 = raw.get().parse().ok().filter(|secs: &f64| secs.abs() < 1e11)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded above, and whole seconds are meant"
    )]
    let whole = secs.floor() as i64;
    Timestamp::from_second(whole).ok()
}

fn change(envelope: &Envelope<'_>) -> Result<Change, String> {
    if envelope.source.as_ref().is_some_and(|source| source.0 != "aws:dynamodb") {
        return Err("`eventSource` is not a table's stream".to_owned());
    }
    let told = &envelope.dynamodb;
    let keys = attributes("Keys", told.keys)?;
    let kind = item::kind(keys.text("pk")?);
    let name = envelope.name.as_ref().map(|name| name.0.as_ref());
    match (kind, name) {
        (Kind::Foreign, Some("INSERT" | "MODIFY" | "REMOVE")) => Ok(Change::Foreign),
        (_, Some("INSERT" | "MODIFY")) => written(kind, &image("NewImage", told.new, &keys)?),
        (Kind::Beat, Some("REMOVE")) => Ok(Change::BeatGone),
        (_, Some("REMOVE")) => removed(kind, &image("OldImage", told.old, &keys)?),
        _ => Err("`eventName` is none of INSERT, MODIFY, REMOVE".to_owned()),
    }
}

fn written(kind: Kind, item: &Attributes<'_>) -> Result<Change, String> {
    Ok(match kind {
        Kind::Part => Change::Part(Box::new(item::part(item)?)),
        Kind::Score => Change::Score(item::score(item)?),
        Kind::Beat => Change::Beat(item::beat(item)?),
        Kind::Foreign => Change::Foreign,
    })
}

/// What is gone needs its place and its last stamp, whatever else stood in it.
fn removed(kind: Kind, item: &Attributes<'_>) -> Result<Change, String> {
    Ok(match kind {
        Kind::Part => {
            let (key, id) = item::part_place(item)?;
            let written = item::written(item, &id.region)?;
            Change::PartGone { key, id, written }
        }
        Kind::Score => {
            let (shard, member, region) = item::score_place(item)?;
            let written = item::written(item, &region)?;
            Change::ScoreGone { shard, member, region, written }
        }
        Kind::Beat => Change::BeatGone,
        Kind::Foreign => Change::Foreign,
    })
}

/// An image of the item with these keys.
fn image<'a>(
    name: &str,
    raw: Option<&'a RawValue>,
    keys: &Attributes<'_>,
) -> Result<Attributes<'a>, String> {
    let item = attributes(name, raw)?;
    let same = |key| item.text(key).is_ok() && item.text(key) == keys.text(key);
    if same("pk") && same("sk") {
        Ok(item)
    } else {
        Err(format!("`{name}` is not the item that `Keys` names"))
    }
}

fn attributes<'a>(name: &str, raw: Option<&'a RawValue>) -> Result<Attributes<'a>, String> {
    let raw = raw.ok_or_else(|| format!("`{name}` is missing"))?;
    // The parser's own words may repeat what it read.
    serde_json::from_str(raw.get()).map_err(|_| format!("`{name}` is not a map of attributes"))
}

#[cfg(test)]
mod tests;
