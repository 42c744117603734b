//! One region's view of the table: the port.

use crate::faults::Refusal;
use crate::sessions::global::GlobalTable;
use crate::sessions::item::{Address, Item, Partition, Sort};
use crate::sessions::stage::{SessionCall, invalid};
use jiff::Timestamp;
use std::sync::Arc;
use tidegate_domain::ports::PortResult;
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{Found, PartTable, Put};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};

/// A region's replica; clones share it.
#[derive(Debug, Clone)]
pub struct Replica {
    pub(super) table: GlobalTable,
    pub(super) region: RegionName,
    pub(super) number: usize,
}

impl Replica {
    /// Its region.
    pub fn region(&self) -> &RegionName {
        &self.region
    }

    async fn call<T>(
        &self,
        call: SessionCall,
        effect: impl FnOnce(Timestamp) -> Result<T, Refusal>,
    ) -> PortResult<T> {
        self.table.stage.turn().await;
        self.table.stage.call(call, &self.region, effect)
    }

    /// The readable items of a partition key, and what cannot be read.
    fn query<T>(&self, partition: &Partition, read: impl Fn(&Item) -> Option<T>) -> Found<T> {
        let tables = self.table.now();
        let cells = tables.replicas.get(self.number).and_then(|copy| copy.items.get(partition));
        let (mut parts, mut unreadable) = (Vec::new(), Vec::new());
        for (sort, cell) in cells.into_iter().flatten() {
            match cell.item.as_deref() {
                Some(Item::Odd { why, .. }) => unreadable.push((sort.to_string(), why.clone())),
                Some(item) => parts.extend(read(item)),
                None => {}
            }
        }
        Found { parts, unreadable }
    }

    /// Writes if what stands there has this stamp, or is this very write.
    fn put(&self, item: Item, seen: Option<&Stamp>, now: Timestamp) -> Result<Put, Refusal> {
        let address = Address::of(&item).ok_or_else(|| invalid("an item of no kind"))?;
        if signature(&item).is_none_or(|ours| ours.region() != &self.region) {
            return Err(invalid("a part of another region is not ours to write"));
        }
        address.admits(&item)?;
        let mut tables = self.table.now();
        let stands = tables.stands(self.number, &address).cloned();
        let is_seen = match (stands.as_deref(), seen) {
            (None, None) => true,
            (Some(item), Some(seen)) => signature(item) == Some(seen),
            _ => false,
        };
        if is_seen {
            tables.write(self.number, address, Some(item), now);
            return Ok(Put::Written);
        }
        Ok(if is_ours(stands.as_ref(), &item) { Put::Written } else { Put::Conflict })
    }
}

/// The stamp of an item's write.
fn signature(item: &Item) -> Option<&Stamp> {
    match item {
        Item::Part(part) => Some(&part.written),
        Item::Score(score) => Some(&score.written),
        Item::Beat { stamp, .. } => Some(stamp),
        Item::Odd { .. } => None,
    }
}

/// Whether what stands there is this very write, whose answer was lost.
fn is_ours(stands: Option<&Arc<Item>>, new: &Item) -> bool {
    match (stands.map(AsRef::as_ref), new) {
        (Some(Item::Part(old)), Item::Part(new)) => {
            old.writer == new.writer && old.written == new.written
        }
        (Some(Item::Score(old)), Item::Score(new)) => {
            old.writer == new.writer && old.written == new.written
        }
        _ => false,
    }
}

impl PartTable for Replica {
    async fn parts(&self, key: &SessionKey) -> PortResult<Found<SessionPart>> {
        let read = |item: &Item| match item {
            Item::Part(part) => Some(part.clone()),
            _ => None,
        };
        let partition = Partition::Session(key.clone());
        self.call(SessionCall::Parts, |_| Ok(self.query(&partition, read))).await
    }

    async fn put_part(&self, part: &SessionPart, seen: Option<&Stamp>) -> PortResult<Put> {
        self.call(SessionCall::PutPart, |now| {
            if part.id.region != self.region {
                return Err(invalid("a part of another region is not ours to write"));
            }
            self.put(Item::Part(part.clone()), seen, now)
        })
        .await
    }

    async fn scores(&self, shard: &ShardKey) -> PortResult<Found<ScorePart>> {
        let read = |item: &Item| match item {
            Item::Score(score) => Some(score.clone()),
            _ => None,
        };
        let partition = Partition::Shard(shard.clone());
        self.call(SessionCall::Scores, |_| Ok(self.query(&partition, read))).await
    }

    async fn score(
        &self,
        shard: &ShardKey,
        member: &BoardWord,
        region: &RegionName,
    ) -> PortResult<Option<ScorePart>> {
        let address = Address {
            partition: Partition::Shard(shard.clone()),
            sort: Sort::Score(member.clone(), region.clone()),
        };
        self.call(SessionCall::Score, |_| {
            let tables = self.table.now();
            match tables.stands(self.number, &address).map(AsRef::as_ref) {
                Some(Item::Score(score)) => Ok(Some(score.clone())),
                Some(Item::Odd { why, .. }) => Err(Refusal::Unreadable(why.clone())),
                _ => Ok(None),
            }
        })
        .await
    }

    async fn put_score(&self, part: &ScorePart, seen: Option<&Stamp>) -> PortResult<Put> {
        self.call(SessionCall::PutScore, |now| {
            if part.region != self.region {
                return Err(invalid("a score of another region is not ours to write"));
            }
            self.put(Item::Score(part.clone()), seen, now)
        })
        .await
    }

    async fn beat(&self, stamp: &Stamp, expires: Timestamp) -> PortResult<()> {
        self.call(SessionCall::Beat, |now| {
            let item = Item::Beat { stamp: stamp.clone(), expires };
            if stamp.region() != &self.region {
                return Err(invalid("a beat of another region is not ours to write"));
            }
            let address = Address::of(&item).ok_or_else(|| invalid("an item of no kind"))?;
            address.admits(&item)?;
            self.table.now().write(self.number, address, Some(item), now);
            Ok(())
        })
        .await
    }

    async fn beats(&self) -> PortResult<Vec<Stamp>> {
        let read = |item: &Item| match item {
            Item::Beat { stamp, .. } => Some(stamp.clone()),
            _ => None,
        };
        self.call(SessionCall::Beats, |_| Ok(self.query(&Partition::Beat, read).parts)).await
    }
}
