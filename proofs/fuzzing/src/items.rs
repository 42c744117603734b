//! Stored items: what is read is what was written, what cannot be read is an error that names
//! its place, and whatever a memory holds, nothing unsafe is done for it.

use crate::messages;
use crate::pieces::Pieces;
use crate::world::{NIGHT, NOON, World};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tidegate_domain::ledger::{ActionRecord, LedgerEntry};
use tidegate_domain::memory::Memory;
use tidegate_domain::signal::Signal;
use tidegate_fakes::GroupSpec;
use tidegate_wire::record::record;
use tidegate_wire::stored::{self, Attribute, Fields};

/// Bytes of a decision's record: 50 notes, 50 bids and the texts, each at its bound, escaped.
const RECORD_BYTES: usize = 1_500_000;

/// What writes a memory.
pub type Write = fn(&Memory) -> String;

/// A memory's document, and the runs that start from it.
pub fn memory(data: &[u8]) {
    memory_with(|memory| serde_json::to_string(memory).unwrap(), data);
}

/// [`memory`] with another writer.
pub fn memory_with(write: Write, data: &[u8]) {
    let Ok(document) = std::str::from_utf8(data) else { return };
    let memory = Memory::read(document);
    if let Ok(memory) = &memory {
        memory_law(write, document, memory);
    }
    for (now, signal) in [(NIGHT, Signal::Night { scheduled: None }), (NOON, Signal::Tick)] {
        let world = World::quiet(now, GroupSpec::sized(8, 12, 60));
        world.aws.garble_memory(&world.fleet, document);
        let entry = world.serve("fuzz", &signal, false);
        let lowered = matches!(entry.action, ActionRecord::Lower { .. });
        assert!(memory.is_ok() || !lowered, "lowered on a memory that cannot be read");
    }
}

/// The law of writing a memory and reading it back.
fn memory_law(write: Write, document: &str, memory: &Memory) {
    let written = write(memory);
    let back = Memory::read(&written).unwrap();
    assert_eq!(&back, memory, "what was written is read");
    assert_eq!(write(&back), written, "writing again changes nothing");
    let mut keys: Map<String, Value> = serde_json::from_str(document).unwrap();
    keys.insert("from_the_future".into(), Value::Null);
    let newer = Value::Object(keys).to_string();
    assert!(Memory::read(&newer).is_err(), "a newer function's memory is refused");
}

/// A ledger entry's document.
pub fn ledger(data: &[u8]) {
    if let Ok(entry) = serde_json::from_slice::<LedgerEntry>(data) {
        entry_law(&entry);
    }
}

/// An entry reads back as written, and its record is one line with every metric at its top.
pub fn entry_law(entry: &LedgerEntry) {
    let written = serde_json::to_string(entry).unwrap();
    let back: LedgerEntry = serde_json::from_str(&written).unwrap();
    let value = |entry: &LedgerEntry| serde_json::to_value(entry).unwrap();
    assert!(messages::same(&value(&back), &value(entry)), "{back:?} was {entry:?}");
    assert!(!entry.reason.to_string().is_empty() && entry.reason.code() != "unknown");
    let record = record(entry);
    let line = messages::line_law(&record);
    assert!(line.len() <= RECORD_BYTES, "{} bytes", line.len());
    let directive = &record["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Dimensions"][0][0], "fleet");
    assert_eq!(record["fleet"], entry.fleet.as_str());
    for metric in directive["Metrics"].as_array().unwrap() {
        let name = metric["Name"].as_str().unwrap();
        assert!(record[name].is_number(), "{name}: {}", record[name]);
    }
}

/// The attributes that an item may have, in the order of the pieces.
const NAMES: [&str; 7] = ["sk", "version", "doc", "owner", "until_ms", "expires_at", "writer"];

/// An item: a piece for each attribute, its type (`S`, `N`, another; nothing: it is absent)
/// before its value.
pub fn item(data: &[u8]) {
    let pieces = Pieces::of(data).rest();
    let attribute = |piece: &'_ String| {
        let kind = piece.chars().next()?;
        let value = piece.get(kind.len_utf8()..).unwrap_or_default().to_owned();
        Some((kind, value))
    };
    let read: Vec<_> = NAMES.iter().zip(pieces.iter().map(attribute)).collect();
    let fields = read.iter().filter_map(|(name, found)| {
        let (kind, value) = found.as_ref()?;
        let attribute = match kind {
            'S' => Attribute::Text(value),
            'N' => Attribute::Number(value),
            _ => Attribute::Other,
        };
        Some((**name, attribute))
    });
    item_law(&fields.collect());
}

fn item_law(item: &Fields<'_>) {
    let wall: Timestamp = NOON.parse().unwrap();
    match stored::policy(item) {
        Ok(policy) => {
            assert_eq!(Ok(policy.document.as_str()), item.string("doc"));
            assert_eq!(Ok(policy.version), item.whole("version"));
        }
        Err(why) => names_its_place(&why, &["version", "doc"]),
    }
    match stored::memory(item) {
        Ok(found) => {
            assert!(found.version > 0, "0 stands for no memory");
            assert_eq!(Memory::read(item.string("doc").unwrap()).unwrap(), found.memory);
        }
        Err(why) => names_its_place(&why, &["version", "doc"]),
    }
    match stored::entry(item) {
        Ok(entry) => entry_law(&entry),
        Err(why) => names_its_place(&why, &["doc"]),
    }
    if let Err(why) = stored::lease_owner(item) {
        names_its_place(&why, &["owner"]);
    }
    if let Err(why) = stored::lease_until_ms(item) {
        names_its_place(&why, &["until_ms"]);
    }
    // A time that cannot be read hides nothing.
    let expires = item.whole::<i64>("expires_at");
    assert_eq!(stored::is_expired(item, wall), expires.is_ok_and(|at| at <= wall.as_second()));
}

fn names_its_place(why: &str, names: &[&str]) {
    assert!(names.iter().any(|name| why.starts_with(&format!("`{name}`"))), "{why}");
}
