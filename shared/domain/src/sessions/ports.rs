//! The ports of the session store and of session-sync: one region's replica of the table, its
//! cache, and the item that says which of the cache's entries can be trusted.

use super::part::{PartId, SessionKey, SessionPart};
use super::score::{BoardWord, ScorePart, ShardKey};
use super::stamp::{RegionName, Stamp};
use crate::ports::{Clock, PortResult};
use jiff::{SignedDuration, Timestamp};
use std::future::Future;

/// What a conditional write came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It stands, perhaps by an earlier attempt whose answer was lost.
    Written,
    /// Something else stood there; nothing was written.
    Conflict,
}

/// The parts under a key, as a query finds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The parts that can be read.
    pub parts: Vec<T>,
    /// Sort keys of items that cannot, and why; no value of them.
    pub unreadable: Vec<(String, String)>,
}

/// One region's replica of the session table. Reads are strongly consistent in the region.
pub trait PartTable {
    /// Every part of a session.
    fn parts(
        &self,
        key: &SessionKey,
    ) -> impl Future<Output = PortResult<Found<SessionPart>>> + Send;

    /// Writes a part of our own region if `seen` is the stamp that stands there (none: nothing
    /// stands there).
    fn put_part(
        &self,
        part: &SessionPart,
        seen: Option<&Stamp>,
    ) -> impl Future<Output = PortResult<Put>> + Send;

    /// Every score part of a shard.
    fn scores(&self, shard: &ShardKey)
    -> impl Future<Output = PortResult<Found<ScorePart>>> + Send;

    /// What a region counted of a member.
    fn score(
        &self,
        shard: &ShardKey,
        member: &BoardWord,
        region: &RegionName,
    ) -> impl Future<Output = PortResult<Option<ScorePart>>> + Send;

    /// Writes a score of our own region if `seen` is the stamp that stands there.
    fn put_score(
        &self,
        part: &ScorePart,
        seen: Option<&Stamp>,
    ) -> impl Future<Output = PortResult<Put>> + Send;

    /// Says that our region is there; kept until `expires`.
    fn beat(
        &self,
        stamp: &Stamp,
        expires: Timestamp,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// The newest beat of each region, ours too.
    fn beats(&self) -> impl Future<Output = PortResult<Vec<Stamp>>> + Send;
}

/// Something that happened in the table, for the cache. Every write is "set if newer", so that any
/// of them may come twice, late, or beside another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheWrite {
    /// A session's part, unless the cache has a newer one or has seen a newer one removed.
    Part(Box<SessionPart>),
    /// A session's part is gone, unless the cache has a newer one. What is left is a mark with its
    /// stamp, so that a late write of the same part does not bring it back.
    PartGone {
        /// Which session.
        key: SessionKey,
        /// Whose part.
        id: PartId,
        /// Its last stamp.
        written: Stamp,
    },
    /// A score's part.
    Score(ScorePart),
    /// A score's part is gone.
    ScoreGone {
        /// Which shard of which board.
        shard: ShardKey,
        /// Whose score.
        member: BoardWord,
        /// Who had counted.
        region: RegionName,
        /// Its last stamp.
        written: Stamp,
    },
    /// The entry is not complete any more: something of it was refused.
    Doubt(SessionKey),
    /// The shard's entry is not complete any more.
    DoubtShard(ShardKey),
}

/// What the cache answers when it does not do what was asked. It says nothing of keys or values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cache failed: {0}")]
pub struct CacheError(pub String);

/// The mark of a fill: it is put into the entry before the table is read, and goes with the entry
/// when that is evicted. Who fills an entry without its mark has read the table too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillMark(pub String);

/// What the cache knows of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheRead {
    /// Every part.
    Hit(Vec<SessionPart>),
    /// Not everything. The entry now carries this mark (somebody else's, if one was there).
    Miss(FillMark),
}

/// What the cache knows of a shard's first members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RankRead {
    /// The members with the highest scores, highest first; equal ones by name, falling.
    Hit(Vec<(BoardWord, i64)>),
    /// Not everything: the caller rebuilds it, under this mark.
    Miss(FillMark),
    /// Not everything, and somebody else is rebuilding it.
    Busy,
}

/// The region's cache. Every call ends within its budget of time.
pub trait SessionCache {
    /// Applies what happened, in order for each key. An error says that some of it may be missing.
    fn apply(&self, writes: &[CacheWrite]) -> impl Future<Output = Result<(), CacheError>> + Send;

    /// Reads an entry; it is complete only if it was filled in `epoch`. `mark` is random.
    fn read(
        &self,
        key: &SessionKey,
        epoch: u64,
        mark: &FillMark,
    ) -> impl Future<Output = Result<CacheRead, CacheError>> + Send;

    /// Puts what the table has, set if newer, and marks the entry as complete in `epoch` if it
    /// still carries `mark`. Whether it is.
    fn fill(
        &self,
        key: &SessionKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[SessionPart],
    ) -> impl Future<Output = Result<bool, CacheError>> + Send;

    /// The first `top` members of a shard, if it is complete in `epoch`.
    fn rank(
        &self,
        shard: &ShardKey,
        top: u32,
        epoch: u64,
        mark: &FillMark,
    ) -> impl Future<Output = Result<RankRead, CacheError>> + Send;

    /// Like [`Self::fill`], for a shard; large ones in several steps, the last one marks it.
    fn fill_shard(
        &self,
        shard: &ShardKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[ScorePart],
    ) -> impl Future<Output = Result<bool, CacheError>> + Send;
}

/// Which entries of the cache can be trusted: those that were filled in this epoch, and none before
/// `doubt_until`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch {
    /// Rises with every doubt.
    pub number: u64,
    /// Something may be missing that was written until then; none: never anything.
    pub doubt_until: Option<Timestamp>,
}

/// The item of the control table that holds the epoch.
pub trait EpochItem {
    /// The epoch; the default one when there is none (strongly consistent).
    fn epoch(&self) -> impl Future<Output = PortResult<Epoch>> + Send;

    /// The next epoch, in doubt until `until`, unless the one that stands is in doubt at `now`
    /// already. The one that stands afterwards.
    fn doubt(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = PortResult<Epoch>> + Send;
}

/// Random digits: marks of fills and of writes.
pub trait Dice {
    /// 16 hexadecimal digits, different each time.
    fn digits(&self) -> String;
}

/// Waiting: for somebody else's rebuilding of a board, and between the tries of a write.
pub trait Rest {
    /// Returns after about `time`; a world without real time may return at once.
    fn rest(&self, time: SignedDuration) -> impl Future<Output = ()> + Send;
}

/// What the store needs of the world. Of the clock it reads [`Clock::wall`] alone: lives and times
/// to live are real time.
pub trait SessionWorld: PartTable + SessionCache + EpochItem + Clock + Dice + Rest + Sync {}

impl<T: PartTable + SessionCache + EpochItem + Clock + Dice + Rest + Sync> SessionWorld for T {}

/// What the stream's function needs of the world; of the clock [`Clock::wall`] alone.
pub trait SyncWorld: PartTable + SessionCache + EpochItem + Clock + Sync {}

impl<T: PartTable + SessionCache + EpochItem + Clock + Sync> SyncWorld for T {}
