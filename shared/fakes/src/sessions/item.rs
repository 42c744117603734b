//! The items of the session table as the table sees them: where they stand, how large they are,
//! when they run out.

use crate::faults::Refusal;
use crate::sessions::stage::invalid;
use jiff::Timestamp;
use std::fmt;
use tidegate_domain::sessions::part::{PartId, SessionKey, SessionPart};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};

/// The largest item: 400 KB, names and values.
const MAX_ITEM: usize = 400 * 1024;
/// The largest partition key, in bytes.
const MAX_PARTITION: usize = 2048;
/// The largest sort key, in bytes.
const MAX_SORT: usize = 1024;
/// A map costs three bytes, and one for each of its entries.
const MAP: usize = 3;
/// A number costs about one byte for two digits and one more.
const NUMBER: usize = 6;

/// A partition key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partition {
    /// `session#<key>`
    Session(SessionKey),
    /// `score#<board>#<shard>`
    Shard(ShardKey),
    /// `beat`
    Beat,
    /// Any other text.
    Other(String),
}

/// A sort key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// `<region>`, `<region>#<generation>`
    Part(PartId),
    /// `<member>#<region>`
    Score(BoardWord, RegionName),
    /// `<region>`
    Beat(RegionName),
    /// Any other text.
    Other(String),
}

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// `pk`
    pub partition: Partition,
    /// `sk`
    pub sort: Sort,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A session's part.
    Part(SessionPart),
    /// A score's part.
    Score(ScorePart),
    /// A region's beat.
    Beat {
        /// When it was written.
        stamp: Stamp,
        /// When it runs out.
        expires: Timestamp,
    },
    /// Something that cannot be read: by a newer writer, by a hand.
    Odd {
        /// What is wrong with it.
        why: String,
        /// When it runs out.
        expires: Option<Timestamp>,
    },
}

impl Item {
    /// When it runs out, in whole seconds; none: never.
    pub fn expires_at(&self) -> Option<i64> {
        match self {
            Self::Part(part) => Some(part.expires_at().as_second()),
            Self::Score(_) => None,
            Self::Beat { expires, .. } => Some(expires.as_second()),
            Self::Odd { expires, .. } => expires.map(Timestamp::as_second),
        }
    }

    fn attributes_size(&self) -> usize {
        let stamp = |stamp: &Stamp| 17 + stamp.region().as_str().len();
        match self {
            Self::Part(part) => {
                let fields = part.fields.iter().map(|(name, field)| {
                    let value = field.value.as_ref().map_or(0, |value| 2 + value.expose().len());
                    name.as_str().len() + MAP + 2 + stamp(&field.at) + value
                });
                let ended = part.ended.as_ref().map_or(0, |ended| 5 + stamp(ended));
                let names = "fieldsnot_afterlive_untilexpires_atwrittenwriterv".len();
                names
                    + MAP
                    + fields.sum::<usize>()
                    + ended
                    + 4 * NUMBER
                    + stamp(&part.written)
                    + part.writer.len()
            }
            Self::Score(score) => {
                "nwrittenwriterv".len() + 2 * NUMBER + stamp(&score.written) + score.writer.len()
            }
            Self::Beat { stamp: written, .. } => {
                "writtenexpires_at".len() + NUMBER + stamp(written)
            }
            Self::Odd { why, .. } => why.len(),
        }
    }
}

impl Address {
    /// Where an item of ours stands; none: an odd one stands anywhere.
    pub fn of(item: &Item) -> Option<Self> {
        let (partition, sort) = match item {
            Item::Part(part) => (Partition::Session(part.key.clone()), Sort::Part(part.id.clone())),
            Item::Score(score) => (
                Partition::Shard(score.shard.clone()),
                Sort::Score(score.member.clone(), score.region.clone()),
            ),
            Item::Beat { stamp, .. } => (Partition::Beat, Sort::Beat(stamp.region().clone())),
            Item::Odd { .. } => return None,
        };
        Some(Self { partition, sort })
    }

    /// Whether the table takes an item there.
    ///
    /// # Errors
    /// Its refusal, in DynamoDB's words.
    pub(super) fn admits(&self, item: &Item) -> Result<(), Refusal> {
        let (partition, sort) = (self.partition.size(), self.sort.size());
        if partition == 0 || sort == 0 {
            return Err(invalid(
                "The AttributeValue for a key attribute cannot contain an empty string value",
            ));
        }
        if partition > MAX_PARTITION {
            return Err(invalid(
                "Size of hashkey has exceeded the maximum size limit of 2048 bytes",
            ));
        }
        if sort > MAX_SORT {
            return Err(invalid(
                "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
            ));
        }
        if "pksk".len() + partition + sort + item.attributes_size() > MAX_ITEM {
            return Err(invalid("Item size has exceeded the maximum allowed size"));
        }
        Ok(())
    }
}

impl Partition {
    fn size(&self) -> usize {
        match self {
            Self::Session(key) => "session#".len() + key.as_str().len(),
            Self::Shard(shard) => shard.to_string().len(),
            Self::Beat => "beat".len(),
            Self::Other(text) => text.len(),
        }
    }

    /// Which of so many shards of a stream it is in: the same one for ever.
    pub(super) fn bucket(&self, shards: usize) -> usize {
        let sum = |text: &str| {
            text.bytes()
                .fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)))
        };
        let sum = match self {
            Self::Session(key) => sum(key.as_str()),
            Self::Shard(shard) => sum(shard.board.as_str()) + usize::from(shard.shard),
            Self::Beat => 0,
            Self::Other(text) => sum(text),
        };
        sum % shards.max(1)
    }
}

impl Sort {
    fn size(&self) -> usize {
        match self {
            Self::Part(id) => id.to_string().len(),
            Self::Score(member, region) => member.as_str().len() + 1 + region.as_str().len(),
            Self::Beat(region) => region.as_str().len(),
            Self::Other(text) => text.len(),
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(id) => id.fmt(f),
            Self::Score(member, region) => write!(f, "{}#{region}", member.as_str()),
            Self::Beat(region) => region.fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}
