//! A region's stream: every change that its replica took, its own and replicated ones.
//!
//! Sources: Amazon DynamoDB Developer Guide, "Change data capture for DynamoDB Streams": each
//! record once, in the order of an item's changes; no record for a write that changes nothing;
//! `ApproximateCreationDateTime` in whole seconds; `userIdentity` of time to live only in the
//! region where it deleted the item.

use crate::sessions::global::GlobalTable;
use crate::sessions::item::{Address, Item, Partition, Sort};
use jiff::Timestamp;
use std::sync::Arc;
use tidegate_domain::sessions::change::{Change, EntryKey, Poison, StreamRecord};
use tidegate_domain::sessions::stamp::RegionName;

/// Sequence numbers are texts of 21 digits.
const FIRST: u128 = 100_000_000_000_000_000_000;

/// A record as a function gets it.
pub type Delivered = Result<StreamRecord, Poison>;

/// A record of a stream.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its place in its shard.
    pub sequence: String,
    /// When this region's replica took the change.
    pub taken: Timestamp,
    /// What changed.
    pub address: Address,
    /// The item before, if there was one.
    pub old: Option<Arc<Item>>,
    /// The item after, if there is one.
    pub new: Option<Arc<Item>>,
    /// Time to live deleted it, here.
    pub by_ttl: bool,
}

/// A region's stream, by shards.
#[derive(Debug)]
pub(super) struct Streams {
    shards: Vec<Vec<Record>>,
    count: u128,
}

impl Default for Streams {
    fn default() -> Self {
        Self::of(1)
    }
}

impl Streams {
    pub fn of(shards: usize) -> Self {
        Self { shards: vec![Vec::new(); shards.max(1)], count: 0 }
    }

    pub fn push(
        &mut self,
        address: Address,
        (old, new): (Option<Arc<Item>>, Option<Arc<Item>>),
        (taken, by_ttl): (Timestamp, bool),
    ) {
        self.count += 1;
        let sequence = (FIRST + self.count).to_string();
        let bucket = address.partition.bucket(self.shards.len());
        if let Some(shard) = self.shards.get_mut(bucket) {
            shard.push(Record { sequence, taken, address, old, new, by_ttl });
        }
    }
}

impl GlobalTable {
    /// The records of a shard of a region's stream, from the `from`th on, at most this many.
    pub fn records(
        &self,
        region: &RegionName,
        shard: usize,
        from: usize,
        most: usize,
    ) -> Vec<Record> {
        let tables = self.now();
        let copy = tables.replicas.get(tables.number(region));
        let shard = copy.and_then(|copy| copy.streams.shards.get(shard));
        shard.into_iter().flatten().skip(from).take(most).cloned().collect()
    }

    /// How many shards a region's stream has.
    pub fn shards(&self, region: &RegionName) -> usize {
        let tables = self.now();
        let copy = tables.replicas.get(tables.number(region));
        copy.map_or(0, |copy| copy.streams.shards.len())
    }
}

impl Record {
    /// The record as the function's reader makes it of the stream's JSON.
    ///
    /// # Errors
    /// Poison, if the image that counts cannot be read.
    pub fn read(&self) -> Delivered {
        let at = Timestamp::from_second(self.taken.as_second()).ok();
        let change = self.change().map_err(|why| self.poison(why))?;
        Ok(StreamRecord { sequence: self.sequence.clone(), at, change })
    }

    fn poison(&self, why: &str) -> Poison {
        Poison { sequence: self.sequence.clone(), why: why.to_owned(), of: self.address.entry() }
    }

    fn change(&self) -> Result<Change, &str> {
        let ours = match &self.address {
            Address { partition: Partition::Session(_), sort: Sort::Part(_) }
            | Address { partition: Partition::Shard(_), sort: Sort::Score(..) }
            | Address { partition: Partition::Beat, sort: Sort::Beat(_) } => true,
            Address { partition: Partition::Other(_), .. } => false,
            _ => return Err("a sort key of another kind"),
        };
        if !ours {
            return Ok(Change::Foreign);
        }
        match (&self.old, &self.new) {
            (_, Some(new)) => written(new),
            (Some(old), None) => gone(old),
            (None, None) => Err("a record without images"),
        }
    }
}

impl Address {
    /// The cache entry that items of this partition key make.
    fn entry(&self) -> Option<EntryKey> {
        match &self.partition {
            Partition::Session(key) => Some(EntryKey::Session(key.clone())),
            Partition::Shard(shard) => Some(EntryKey::Shard(shard.clone())),
            Partition::Beat | Partition::Other(_) => None,
        }
    }
}

fn written(item: &Item) -> Result<Change, &str> {
    match item {
        Item::Part(part) => Ok(Change::Part(Box::new(part.clone()))),
        Item::Score(score) => Ok(Change::Score(score.clone())),
        Item::Beat { stamp, .. } => Ok(Change::Beat(stamp.clone())),
        Item::Odd { why, .. } => Err(why),
    }
}

fn gone(item: &Item) -> Result<Change, &str> {
    match item {
        Item::Part(part) => Ok(Change::PartGone {
            key: part.key.clone(),
            id: part.id.clone(),
            written: part.written.clone(),
        }),
        Item::Score(score) => Ok(Change::ScoreGone {
            shard: score.shard.clone(),
            member: score.member.clone(),
            region: score.region.clone(),
            written: score.written.clone(),
        }),
        Item::Beat { .. } => Ok(Change::BeatGone),
        Item::Odd { why, .. } => Err(why),
    }
}
