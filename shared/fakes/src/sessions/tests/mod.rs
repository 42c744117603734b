//! The twins do what AWS documents, and refuse what it refuses.

mod cache;
mod mapping;
mod table;

use super::{GlobalTable, Item, Stage};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tidegate_domain::sessions::part::{
    Field, FieldName, FieldValue, PartId, SessionKey, SessionPart,
};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};

pub const SEOUL: &str = "ap-northeast-2";
pub const TOKYO: &str = "ap-northeast-1";
pub const DUBLIN: &str = "eu-west-1";

pub fn region(name: &str) -> RegionName {
    RegionName::new(name).unwrap()
}

pub fn secs(secs: i64) -> SignedDuration {
    SignedDuration::from_secs(secs)
}

pub fn start() -> Timestamp {
    "2026-03-06T11:00:00.5Z".parse().unwrap()
}

pub fn world() -> (Stage, GlobalTable) {
    let stage = Stage::at(start());
    let table = GlobalTable::new(&stage, &[region(SEOUL), region(TOKYO), region(DUBLIN)]);
    (stage, table)
}

pub fn key(n: u8) -> SessionKey {
    SessionKey::new(&format!("{n:064x}")).unwrap()
}

/// A part of a region with one field, written so many milliseconds after the start.
pub fn part(name: &str, value: &str, ms: i64) -> SessionPart {
    let at = start() + SignedDuration::from_millis(ms);
    let written = Stamp::next(at, None, &region(name));
    let field = Field { at: written.clone(), value: Some(FieldValue::new(value)) };
    SessionPart {
        key: key(1),
        id: PartId { region: region(name), generation: 0 },
        fields: BTreeMap::from([(FieldName::new("cart").unwrap(), field)]),
        ended: None,
        not_after: start() + secs(86_400),
        live_until: start() + secs(1_800),
        written,
        writer: format!("w{ms}"),
    }
}

pub fn shard() -> ShardKey {
    ShardKey { board: BoardWord::new("weekly").unwrap(), shard: 0 }
}

pub fn score(name: &str, member: &str, n: i64, ms: i64) -> ScorePart {
    ScorePart {
        shard: shard(),
        member: BoardWord::new(member).unwrap(),
        region: region(name),
        n,
        written: Stamp::next(start() + SignedDuration::from_millis(ms), None, &region(name)),
        writer: format!("w{ms}"),
    }
}

pub fn odd(why: &str) -> Item {
    Item::Odd { why: why.to_owned(), expires: None }
}
