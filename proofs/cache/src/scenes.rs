//! Keys, stamps and parts to play with.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tidegate_cache::{CacheUrl, Limits, Login, RedisCache};
use tidegate_domain::sessions::part::{Field, FieldName, FieldValue, PartId};
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};

/// The regions of a play.
pub const REGIONS: [&str; 3] = ["ap-northeast-2", "eu-west-1", "us-east-1"];

/// A cache at an address with limits.
pub fn cache_with(url: &str, login: Option<Login>, limits: Limits) -> RedisCache {
    let url: CacheUrl = url.parse().expect("the address of a cache");
    RedisCache::new(url, login, limits)
}

/// A cache whose calls may take long: for plays on a busy machine that are not about time.
pub fn patient(url: &str) -> RedisCache {
    let long = std::time::Duration::from_secs(10);
    cache_with(url, None, Limits { budget: long, connect: long })
}

/// The key of a number.
pub fn key(number: u64) -> SessionKey {
    SessionKey::new(&format!("{number:064x}")).expect("a key")
}

/// A region by its place in [`REGIONS`], round and round.
pub fn region(index: u32) -> RegionName {
    let index = usize::try_from(index).unwrap_or(0) % REGIONS.len();
    RegionName::new(REGIONS.get(index).copied().unwrap_or("eu-west-1")).expect("a region")
}

/// The `n`th stamp of a region: the time plus so many of the counter's steps.
pub fn stamp(region: &RegionName, at: Timestamp, n: u32) -> Stamp {
    let ms = at.as_millisecond() + i64::from(n / 4);
    format!("{ms:012x}{:04x}-{region}", n % 4).parse().expect("a stamp")
}

/// A part of a session: its fields are those given, all set by its own write.
pub fn part(
    key: &SessionKey,
    id: PartId,
    written: Stamp,
    now: Timestamp,
    fields: &[(&str, &str)],
) -> SessionPart {
    let held = |(name, value): &(&str, &str)| {
        let name = FieldName::new(name).expect("a name");
        (name, Field { at: written.clone(), value: Some(FieldValue::new(*value)) })
    };
    let whole = whole_second(now);
    SessionPart {
        key: key.clone(),
        id,
        fields: fields.iter().map(held).collect::<BTreeMap<_, _>>(),
        ended: None,
        not_after: whole + SignedDuration::from_hours(24),
        live_until: whole + SignedDuration::from_mins(30),
        writer: "00c0ffee00c0ffee".to_owned(),
        written,
    }
}

/// A shard of a board.
pub fn shard(board: &str, number: u16) -> ShardKey {
    ShardKey { board: BoardWord::new(board).expect("a board"), shard: number }
}

/// A part of a score.
pub fn score(shard: &ShardKey, member: &str, n: i64, written: Stamp) -> ScorePart {
    ScorePart {
        shard: shard.clone(),
        member: BoardWord::new(member).expect("a member"),
        region: written.region().clone(),
        n,
        written,
        writer: "00c0ffee00c0ffee".to_owned(),
    }
}

/// The second that a time is in.
pub fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).expect("a time")
}

/// The real time.
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = i64::try_from(since.expect("a time after 1970").as_millis()).expect("a time");
    Timestamp::from_millisecond(ms).expect("a time")
}
