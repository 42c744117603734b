//! The session table's stream: whatever stands in a record, it spoils no other, what was read is
//! what is written, and no sentence about it holds anything of it.

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::OnceLock;
use tidegate_domain::sessions::change::{Change, EntryKey, Poison, StreamRecord};
use tidegate_domain::sessions::part::SessionPart;
use tidegate_wire::sessions::item;
use tidegate_wire::sessions::stream::{self, Wake};

/// What reads a stream and writes an item.
#[derive(Debug, Clone, Copy)]
pub struct Codec {
    /// Reads an event.
    pub decode: fn(&str) -> Result<Wake, String>,
    /// Reads one record.
    pub record: fn(&RawValue) -> Result<StreamRecord, Poison>,
    /// Writes a part, as DynamoDB's JSON.
    pub of_part: fn(&SessionPart) -> Value,
}

/// The one that runs.
pub const CODEC: Codec = Codec {
    decode: stream::decode,
    record: stream::record,
    of_part: |part| json!(item::of_part(part)),
};

/// Where the sentences about a record are: whatever word is not there was read.
const SOURCES: [&str; 6] = [
    include_str!("../../../shared/wire/src/sessions/stream.rs"),
    include_str!("../../../shared/wire/src/sessions/item.rs"),
    include_str!("../../../shared/wire/src/sessions/tree.rs"),
    include_str!("../../../shared/domain/src/sessions/part.rs"),
    include_str!("../../../shared/domain/src/sessions/score.rs"),
    include_str!("../../../shared/domain/src/sessions/stamp.rs"),
];

/// Any text: as an event, and as one record of a batch.
pub fn session_stream(data: &[u8]) {
    session_stream_with(&CODEC, data);
}

/// [`session_stream`] with another codec.
pub fn session_stream_with(codec: &Codec, data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    event_law(codec, &text);
    if let Ok(raw) = serde_json::from_str::<&RawValue>(&text) {
        beside_law(codec, raw);
    }
}

fn event_law(codec: &Codec, text: &str) {
    let decoded = (codec.decode)(text);
    assert_eq!(decoded, (codec.decode)(text), "decoding depends on its arguments alone");
    let records = match decoded {
        Ok(Wake::Records(records)) => records,
        Ok(Wake::Tick) => return,
        Err(why) => return sentence_law(&why),
    };
    #[derive(serde::Deserialize)]
    struct Batch<'a> {
        #[serde(rename = "Records", borrow)]
        records: Vec<&'a RawValue>,
    }
    let batch: Batch<'_> = serde_json::from_str(text).unwrap();
    assert_eq!(records.len(), batch.records.len(), "one for each record");
    for (raw, record) in batch.records.into_iter().zip(&records) {
        assert_eq!(*record, (codec.record)(raw), "in a batch as by itself");
        record_law(codec, raw, record);
    }
}

/// A record between two good ones.
fn beside_law(codec: &Codec, raw: &RawValue) {
    let good = good().to_string();
    let batch = format!(r#"{{"Records":[{good},{},{good}]}}"#, raw.get());
    let Ok(Wake::Records(records)) = (codec.decode)(&batch) else { panic!("it spoils the batch") };
    let [first, second, third] = records.as_slice() else { panic!("{} records", records.len()) };
    assert!(first.is_ok() && first == third, "it spoils another");
    assert_eq!(*second, (codec.record)(raw), "others change it");
    record_law(codec, raw, second);
}

fn good() -> Value {
    json!({
        "eventName": "MODIFY", "eventSource": "aws:dynamodb",
        "dynamodb": {
            "SequenceNumber": "1", "Keys": {"pk": {"S": "beat"}, "sk": {"S": "eu-west-1"}},
            "NewImage": {
                "pk": {"S": "beat"}, "sk": {"S": "eu-west-1"},
                "written": {"S": "018f3c2a1b000003-eu-west-1"},
            },
        },
    })
}

fn record_law(codec: &Codec, raw: &RawValue, record: &Result<StreamRecord, Poison>) {
    let value: Option<Value> = serde_json::from_str(raw.get()).ok();
    let told = |path| value.as_ref()?.pointer(path)?.as_str();
    match record {
        Ok(record) => {
            assert!(!record.sequence.is_empty(), "it could not come again");
            // Who writes a key twice in JSON says two things.
            let twice = raw.get().matches("SequenceNumber").count() > 1;
            let sequence = told("/dynamodb/SequenceNumber");
            assert!(twice || sequence.is_none_or(|told| told == record.sequence));
            change_law(codec, &record.change);
        }
        Err(poison) => {
            sentence_law(&poison.why);
            let sequence = told("/dynamodb/SequenceNumber").unwrap_or_default();
            let twice = raw.get().matches("SequenceNumber").count() > 1;
            assert!(twice || value.is_none() || sequence == poison.sequence, "{poison:?}");
            if let (Some(EntryKey::Session(key)), Some(pk)) =
                (&poison.of, told("/dynamodb/Keys/pk/S"))
            {
                assert!(raw.get().matches("pk").count() > 2 || pk.ends_with(key.as_str()));
            }
        }
    }
}

fn change_law(codec: &Codec, change: &Change) {
    match change {
        Change::Part(part) => part_law(codec, part),
        Change::PartGone { id, written, .. } => assert_eq!(*written.region(), id.region),
        Change::Score(score) => {
            assert_eq!(*score.written.region(), score.region);
            let again = read_again(codec, &json!(item::of_score(score)), "MODIFY");
            assert_eq!(again, *change, "what was written is read");
        }
        Change::ScoreGone { region, written, .. } => assert_eq!(written.region(), region),
        Change::Beat(stamp) => {
            let item = json!(item::of_beat(stamp, Timestamp::UNIX_EPOCH));
            assert_eq!(read_again(codec, &item, "INSERT"), *change, "what was written is read");
        }
        Change::BeatGone | Change::Foreign => {}
    }
}

fn part_law(codec: &Codec, part: &SessionPart) {
    assert_eq!(*part.written.region(), part.id.region, "a region writes its own parts alone");
    let item = (codec.of_part)(part);
    let again = read_again(codec, &item, "MODIFY");
    assert_eq!(again, Change::Part(Box::new(part.clone())), "what was written is read");
    let SessionPart { key, id, written, .. } = part.clone();
    let gone = read_again(codec, &item, "REMOVE");
    assert_eq!(gone, Change::PartGone { key, id, written }, "gone from where it was");
    let shown = format!("{part:?}");
    for value in part.fields.values().filter_map(|field| field.value.as_ref()) {
        // A short one may stand in it by chance.
        let value = value.expose();
        assert!(value.len() < 12 || !shown.contains(value), "a value is shown");
    }
}

fn read_again(codec: &Codec, item: &Value, event: &str) -> Change {
    let image = if event == "REMOVE" { "OldImage" } else { "NewImage" };
    let record = json!({
        "eventName": event,
        "dynamodb": {
            "SequenceNumber": "1", image: item, "Keys": {"pk": item["pk"], "sk": item["sk"]},
        },
    });
    let raw = RawValue::from_string(record.to_string()).unwrap();
    (codec.record)(&raw).unwrap().change
}

/// A sentence of our own words and small numbers.
fn sentence_law(why: &str) {
    static WORDS: OnceLock<BTreeSet<&str>> = OnceLock::new();
    let code = |source: &'static str| source.split("#[cfg(test)]").next().unwrap_or_default();
    let ours = WORDS.get_or_init(|| SOURCES.into_iter().map(code).flat_map(words).collect());
    assert!(!why.is_empty() && why.len() < 200, "{} bytes", why.len());
    for word in words(why) {
        assert!(ours.contains(word) || word.parse::<u32>().is_ok(), "a word that is not ours");
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}
