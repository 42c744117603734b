//! What each call of the port says to the server.

use crate::code::{part_field, part_value, session_key, shard_keys};
use crate::scripts::Kind;
use redis::Cmd;
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{CacheWrite, FillMark};
use tidegate_domain::sessions::score::{ScorePart, ShardKey};

/// Seconds that an entry is kept in which there is no part yet: a mark of a fill (the table is read
/// within a second) or of a removal (a late write of the same part is about as late).
const FRESH_SECS: i64 = 60;
/// Seconds after which somebody else may rebuild a shard whose rebuild does not go on.
const REBUILD_SECS: i64 = 10;
/// Seconds that a shard is kept while it is rebuilt.
const REBUILT_WITHIN_SECS: i64 = 600;
/// Seconds that a shard is kept after it was rebuilt: it is read from the table anew each week.
const SHARD_SECS: i64 = 7 * 24 * 3600;

/// When an entry with these parts may go, as `now` in epoch seconds: not before the session's end
/// of life nor before the table's items, and never at once (a past expiry would delete what other
/// parts have).
fn expiry<'a>(parts: impl IntoIterator<Item = &'a SessionPart>, now: i64) -> i64 {
    let fresh = now.saturating_add(FRESH_SECS);
    let ends = |part: &SessionPart| part.not_after.max(part.expires_at()).as_second();
    parts.into_iter().map(ends).fold(fresh, i64::max)
}

/// One write of a batch.
pub(crate) fn write(write: &CacheWrite, now: i64) -> Cmd {
    match write {
        CacheWrite::Part(part) => {
            let mut cmd = Kind::PutPart.call(&[session_key(&part.key)]);
            cmd.arg(part_field(&part.id)).arg(part_value(part)).arg(expiry([&**part], now));
            cmd
        }
        CacheWrite::PartGone { key, id, written } => {
            let mut cmd = Kind::DropPart.call(&[session_key(key)]);
            cmd.arg(part_field(id)).arg(written.to_string()).arg(FRESH_SECS);
            cmd
        }
        CacheWrite::Score(part) => {
            let mut cmd = Kind::PutScore.call(&shard_keys(&part.shard));
            cmd.arg(part.member.as_str()).arg(part.region.as_str());
            cmd.arg(part.written.to_string()).arg(part.n);
            cmd
        }
        CacheWrite::ScoreGone { shard, member, region, written } => {
            let mut cmd = Kind::PutScore.call(&shard_keys(shard));
            cmd.arg(member.as_str()).arg(region.as_str()).arg(written.to_string()).arg("-");
            cmd
        }
        CacheWrite::Doubt(key) => {
            let mut cmd = redis::cmd("HDEL");
            cmd.arg(session_key(key)).arg("c").arg("f");
            cmd
        }
        CacheWrite::DoubtShard(shard) => {
            let mut cmd = redis::cmd("HDEL");
            let [hash, _] = shard_keys(shard);
            cmd.arg(hash).arg("\u{1}c").arg("\u{1}f");
            cmd
        }
    }
}

pub(crate) fn read(key: &SessionKey, epoch: u64, mark: &FillMark) -> Cmd {
    let mut cmd = Kind::Read.call(&[session_key(key)]);
    cmd.arg(epoch).arg(&mark.0).arg(FRESH_SECS);
    cmd
}

pub(crate) fn fill(
    key: &SessionKey,
    mark: &FillMark,
    epoch: u64,
    parts: &[SessionPart],
    now: i64,
) -> Cmd {
    let mut cmd = Kind::Fill.call(&[session_key(key)]);
    cmd.arg(&mark.0).arg(epoch).arg(expiry(parts, now));
    for part in parts {
        cmd.arg(part_field(&part.id)).arg(part_value(part));
    }
    cmd
}

pub(crate) fn rank(shard: &ShardKey, top: u32, epoch: u64, mark: &FillMark) -> Cmd {
    let mut cmd = Kind::Rank.call(&shard_keys(shard));
    cmd.arg(epoch).arg(&mark.0).arg(top).arg(REBUILD_SECS).arg(REBUILT_WITHIN_SECS);
    cmd
}

/// A step of a rebuild; the last one is given the epoch.
pub(crate) fn fill_shard(
    shard: &ShardKey,
    mark: &FillMark,
    epoch: Option<u64>,
    parts: &[ScorePart],
) -> Cmd {
    let mut cmd = Kind::FillShard.call(&shard_keys(shard));
    let epoch = epoch.map(|epoch| epoch.to_string()).unwrap_or_default();
    cmd.arg(&mark.0).arg(epoch).arg(SHARD_SECS);
    for part in parts {
        cmd.arg(part.member.as_str()).arg(part.region.as_str());
        cmd.arg(part.written.to_string()).arg(part.n);
    }
    cmd
}
