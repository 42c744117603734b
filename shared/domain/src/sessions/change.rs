//! What the table's stream says, in domain words.

use super::part::{PartId, SessionKey, SessionPart};
use super::score::{BoardWord, ScorePart, ShardKey};
use super::stamp::{RegionName, Stamp};
use jiff::Timestamp;

/// A record of the stream that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRecord {
    /// Its place in its shard.
    pub sequence: String,
    /// When this region's replica took it, whole seconds, rounded down.
    pub at: Option<Timestamp>,
    /// What changed.
    pub change: Change,
}

/// A record that cannot be read. It fails alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// Its place in its shard; empty when not even that can be read.
    pub sequence: String,
    /// What is wrong with it; no value of it.
    pub why: String,
    /// Which entry of the cache it would have changed, when that much can be read: the entry is not
    /// complete any more.
    pub of: Option<EntryKey>,
}

/// An entry of the cache.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKey {
    /// A session.
    Session(SessionKey),
    /// A shard of a board.
    Shard(ShardKey),
}

/// What changed in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A session's part was written.
    Part(Box<SessionPart>),
    /// A session's part is gone: by time to live, by a replicated deletion, by hand. No logout.
    PartGone {
        /// Which session.
        key: SessionKey,
        /// Whose part.
        id: PartId,
        /// Its last stamp.
        written: Stamp,
    },
    /// A score's part was written.
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
    /// A region says that it is there.
    Beat(Stamp),
    /// A region's beat is gone.
    BeatGone,
    /// An item of another kind: not ours.
    Foreign,
}
