//! A Global Table with eventual consistency: a replica for each region, and what is on its way
//! between them.
//!
//! Sources: Amazon DynamoDB Developer Guide, "Global tables - multi-Region eventual consistency":
//! asynchronous replication, last writer wins for whole items, conditions see the local replica;
//! "Using time to live (TTL)": a deletion happens some time after the item ran out, in one region,
//! and is replicated as a deletion.

use crate::faults::Refusal;
use crate::sessions::item::{Address, Item, Partition, Sort};
use crate::sessions::replica::Replica;
use crate::sessions::replication::Link;
use crate::sessions::stage::{SessionCall, Stage, refused};
use crate::sessions::stream::Streams;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidegate_domain::ports::PortResult;
use tidegate_domain::sessions::stamp::RegionName;

/// The table; clones share it.
#[derive(Debug, Clone)]
pub struct GlobalTable {
    pub(super) stage: Stage,
    tables: Arc<Mutex<Tables>>,
}

/// All replicas, by the number of their region.
#[derive(Debug)]
pub(super) struct Tables {
    pub names: Vec<RegionName>,
    pub replicas: Vec<Copy>,
    /// From, to.
    pub links: BTreeMap<(usize, usize), Link>,
    /// Writes so far, in any region: the order of writes at one time.
    ticks: u64,
}

/// One region's items and its stream.
#[derive(Debug, Default)]
pub(super) struct Copy {
    pub items: BTreeMap<Partition, BTreeMap<Sort, Cell>>,
    pub streams: Streams,
}

/// What stands at an address, or stood there.
#[derive(Debug)]
pub(super) struct Cell {
    pub version: Version,
    pub item: Option<Arc<Item>>,
}

/// When a write was made: the larger one wins everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    at: Timestamp,
    tick: u64,
}

/// A write as every replica gets it.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub address: Address,
    pub version: Version,
    pub item: Option<Arc<Item>>,
    pub by_ttl: bool,
}

impl GlobalTable {
    /// An empty table in these regions. Streams have one shard; replication takes no time.
    pub fn new(stage: &Stage, regions: &[RegionName]) -> Self {
        let count = regions.len();
        let pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        let links = pairs.filter(|(from, to)| from != to).map(|pair| (pair, Link::default()));
        let tables = Tables {
            names: regions.to_vec(),
            replicas: regions.iter().map(|_| Copy::default()).collect(),
            links: links.collect(),
            ticks: 0,
        };
        Self { stage: stage.clone(), tables: Arc::new(Mutex::new(tables)) }
    }

    /// Streams of this many shards, for as long as nothing was written. All items of a partition
    /// key are in one of them.
    pub fn set_shards(&self, shards: usize) {
        for replica in &mut self.lock().replicas {
            replica.streams = Streams::of(shards);
        }
    }

    /// A region's view: what an application or a function there works with.
    pub fn replica(&self, region: &RegionName) -> Replica {
        let number = self.lock().number(region);
        Replica { table: self.clone(), region: region.clone(), number }
    }

    /// Every item of a region's replica.
    pub fn items(&self, region: &RegionName) -> Vec<(Address, Item)> {
        let tables = self.now();
        let number = tables.number(region);
        let partitions = tables.replicas.get(number).into_iter().flat_map(|copy| &copy.items);
        let all = partitions.flat_map(|(partition, cells)| {
            cells.iter().filter_map(move |(sort, cell)| {
                let address = Address { partition: partition.clone(), sort: sort.clone() };
                Some((address, Item::clone(cell.item.as_ref()?)))
            })
        });
        all.collect()
    }

    /// Writes any item around the ports: an unreadable one, somebody else's, an operator's.
    ///
    /// # Errors
    /// The table's refusal of its key or its size.
    pub fn plant(&self, region: &RegionName, address: &Address, item: Item) -> PortResult<()> {
        let refuse = |refusal: Refusal| refused(SessionCall::PutPart, refusal);
        address.admits(&item).map_err(refuse)?;
        let mut tables = self.now();
        let number = tables.number(region);
        tables.write(number, address.clone(), Some(item), self.stage.now());
        Ok(())
    }

    /// An operator deletes an item in one region. Whether it was there.
    pub fn delete(&self, region: &RegionName, address: &Address) -> bool {
        let mut tables = self.now();
        let number = tables.number(region);
        let there = tables.stands(number, address).is_some();
        if there {
            tables.write(number, address.clone(), None, self.stage.now());
        }
        there
    }

    /// What has run out in a region's replica, and is still there.
    pub fn run_out(&self, region: &RegionName) -> Vec<Address> {
        let now = self.stage.now().as_second();
        let items = self.items(region).into_iter();
        let over = items.filter(|(_, item)| item.expires_at().is_some_and(|at| at <= now));
        over.map(|(address, _)| address).collect()
    }

    /// Time to live deletes one item in one region, if that region's own copy has run out.
    pub fn expire(&self, region: &RegionName, address: &Address) -> bool {
        let now = self.stage.now();
        let mut tables = self.now();
        let number = tables.number(region);
        let stands = tables.stands(number, address);
        let over =
            stands.and_then(|item| item.expires_at()).is_some_and(|at| at <= now.as_second());
        if over {
            tables.remove_expired(number, address.clone(), now);
        }
        over
    }

    /// Time to live deletes everything that has run out in one region. How many.
    pub fn sweep(&self, region: &RegionName) -> usize {
        let over = self.run_out(region);
        over.iter().filter(|address| self.expire(region, address)).count()
    }

    /// How long replication takes from one region to another, from the next write on.
    pub fn set_delay(&self, from: &RegionName, to: &RegionName, delay: SignedDuration) {
        self.with_link((from, to), |link| link.delay = delay);
    }

    /// Nothing is replicated between these two regions any more, both ways. It waits.
    pub fn partition(&self, one: &RegionName, other: &RegionName) {
        // What was due arrives first.
        drop(self.now());
        self.with_link((one, other), |link| link.cut = true);
        self.with_link((other, one), |link| link.cut = true);
    }

    /// Every partition is over: what waited arrives now.
    pub fn mend(&self) {
        let now = self.stage.now();
        for link in self.lock().links.values_mut().filter(|link| link.cut) {
            (link.cut, link.mended) = (false, Some(now));
        }
    }

    /// Whether everything that was written has arrived everywhere.
    pub fn is_settled(&self) -> bool {
        self.now().links.values().all(Link::is_empty)
    }

    fn with_link(&self, (from, to): (&RegionName, &RegionName), change: impl FnOnce(&mut Link)) {
        let mut tables = self.lock();
        let pair = (tables.number(from), tables.number(to));
        if let Some(link) = tables.links.get_mut(&pair) {
            change(link);
        }
    }

    /// The tables as they are now: what is due has arrived.
    pub(super) fn now(&self) -> MutexGuard<'_, Tables> {
        let now = self.stage.now();
        let mut tables = self.lock();
        tables.arrive(now);
        tables
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// A region's number; one that there is not has no replica.
    pub fn number(&self, region: &RegionName) -> usize {
        self.names.iter().position(|name| name == region).unwrap_or(usize::MAX)
    }

    /// What stands at an address of a region's replica.
    pub fn stands(&self, region: usize, address: &Address) -> Option<&Arc<Item>> {
        let copy = self.replicas.get(region)?;
        copy.items.get(&address.partition)?.get(&address.sort)?.item.as_ref()
    }

    /// A local write or deletion: it is the newest that there is.
    pub fn write(&mut self, region: usize, address: Address, item: Option<Item>, now: Timestamp) {
        let version = self.version(now);
        let write = Write { address, version, item: item.map(Arc::new), by_ttl: false };
        self.spread(region, write, now);
    }

    /// A deletion by time to live.
    fn remove_expired(&mut self, region: usize, address: Address, now: Timestamp) {
        let version = self.version(now);
        self.spread(region, Write { address, version, item: None, by_ttl: true }, now);
    }

    fn version(&mut self, at: Timestamp) -> Version {
        self.ticks += 1;
        Version { at, tick: self.ticks }
    }

    fn spread(&mut self, region: usize, write: Write, now: Timestamp) {
        for ((from, _), link) in &mut self.links {
            if *from == region {
                link.send(&write, now);
            }
        }
        if let Some(copy) = self.replicas.get_mut(region) {
            copy.take(write, now);
        }
    }
}

impl Copy {
    /// Takes a write unless a newer one is there. A write that changes nothing leaves no record.
    pub fn take(&mut self, write: Write, at: Timestamp) {
        let Write { address, version, item, by_ttl } = write;
        let cells = self.items.entry(address.partition.clone()).or_default();
        let new = item.clone();
        let old = match cells.get_mut(&address.sort) {
            Some(cell) if cell.version > version => return,
            Some(cell) => {
                cell.version = version;
                std::mem::replace(&mut cell.item, item)
            }
            None => {
                cells.insert(address.sort.clone(), Cell { version, item });
                None
            }
        };
        if old != new {
            self.streams.push(address, (old, new), (at, by_ttl));
        }
    }
}
