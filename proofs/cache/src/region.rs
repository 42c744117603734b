//! A region with a real cache: a table and an epoch item that are only as much as the store and the
//! stream's function need, in this process, and the real time.
//!
//! What must stay true: what a write changes is in the table before it is in the stream.

use crate::scenes;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tidegate_cache::RedisCache;
use tidegate_domain::ports::{Clock, LeaseToken, PortResult};
use tidegate_domain::sessions::change::{Change, StreamRecord};
use tidegate_domain::sessions::part::{PartId, SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{
    CacheError, CacheRead, CacheWrite, Dice, Epoch, EpochItem, FillMark, Found, PartTable, Put,
    RankRead, Rest, SessionCache,
};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};

/// What the processes of a region share.
#[derive(Debug, Default)]
pub struct Shared {
    state: Mutex<State>,
    dice: AtomicU64,
    forgets_doubts: bool,
}

#[derive(Debug, Default)]
struct State {
    table: BTreeMap<SessionKey, BTreeMap<PartId, SessionPart>>,
    stream: VecDeque<StreamRecord>,
    epoch: Epoch,
    records: u64,
}

/// One process of the region: the stream's function, or an application.
pub struct Process {
    /// What all of them share.
    pub shared: Arc<Shared>,
    /// Its own way to the cache.
    pub cache: RedisCache,
}

impl Shared {
    /// A region in which doubts are answered and not written: one without epochs.
    pub fn without_doubts() -> Self {
        Self { forgets_doubts: true, ..Self::default() }
    }

    /// Writes a part as the replication of another region does, or a conditional write.
    pub fn write(&self, part: SessionPart) {
        let mut state = self.lock();
        state.records += 1;
        let change = Change::Part(Box::new(part.clone()));
        let record = StreamRecord { sequence: state.records.to_string(), at: None, change };
        state.table.entry(part.key.clone()).or_default().insert(part.id.clone(), part);
        state.stream.push_back(record);
    }

    /// A session's parts as they stand.
    pub fn parts_of(&self, key: &SessionKey) -> Vec<SessionPart> {
        self.lock()
            .table
            .get(key)
            .map(|parts| parts.values().cloned().collect())
            .unwrap_or_default()
    }

    /// The next records of the stream, at most so many.
    pub fn take(&self, most: usize) -> Vec<StreamRecord> {
        let mut state = self.lock();
        let many = state.stream.len().min(most);
        state.stream.drain(..many).collect()
    }

    /// The epoch as it stands.
    pub fn epoch(&self) -> Epoch {
        self.lock().epoch
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartTable for Process {
    async fn parts(&self, key: &SessionKey) -> PortResult<Found<SessionPart>> {
        // A query takes a moment, in which other things happen.
        tokio::time::sleep(Duration::from_millis(2)).await;
        Ok(Found { parts: self.shared.parts_of(key), unreadable: Vec::new() })
    }

    async fn put_part(&self, part: &SessionPart, seen: Option<&Stamp>) -> PortResult<Put> {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let stands = |found: &SessionPart| found.id == part.id;
        let stands = self.shared.parts_of(&part.key).into_iter().find(stands);
        if stands.map(|stands| stands.written).as_ref() != seen {
            return Ok(Put::Conflict);
        }
        self.shared.write(part.clone());
        Ok(Put::Written)
    }

    async fn scores(&self, _: &ShardKey) -> PortResult<Found<ScorePart>> {
        Ok(Found { parts: Vec::new(), unreadable: Vec::new() })
    }

    async fn score(
        &self,
        _: &ShardKey,
        _: &BoardWord,
        _: &RegionName,
    ) -> PortResult<Option<ScorePart>> {
        Ok(None)
    }

    async fn put_score(&self, _: &ScorePart, _: Option<&Stamp>) -> PortResult<Put> {
        Ok(Put::Conflict)
    }

    async fn beat(&self, _: &Stamp, _: Timestamp) -> PortResult<()> {
        Ok(())
    }

    async fn beats(&self) -> PortResult<Vec<Stamp>> {
        Ok(Vec::new())
    }
}

impl EpochItem for Process {
    async fn epoch(&self) -> PortResult<Epoch> {
        Ok(self.shared.epoch())
    }

    async fn doubt(&self, now: Timestamp, until: Timestamp) -> PortResult<Epoch> {
        let mut state = self.shared.lock();
        let stands = state.epoch.doubt_until.is_some_and(|standing| standing >= now);
        if !stands && !self.shared.forgets_doubts {
            state.epoch = Epoch { number: state.epoch.number + 1, doubt_until: Some(until) };
        }
        Ok(state.epoch)
    }
}

impl Clock for Process {
    fn now(&self) -> Timestamp {
        scenes::now()
    }

    fn wall(&self) -> Timestamp {
        scenes::now()
    }

    fn time_left(&self) -> SignedDuration {
        SignedDuration::from_secs(60)
    }

    fn token(&self) -> LeaseToken {
        LeaseToken(self.digits())
    }
}

impl Dice for Process {
    fn digits(&self) -> String {
        let n = self.shared.dice.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

impl Rest for Process {
    async fn rest(&self, time: SignedDuration) {
        tokio::time::sleep(time.unsigned_abs()).await;
    }
}

impl SessionCache for Process {
    async fn apply(&self, writes: &[CacheWrite]) -> Result<(), CacheError> {
        self.cache.apply(writes).await
    }

    async fn read(
        &self,
        key: &SessionKey,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<CacheRead, CacheError> {
        self.cache.read(key, epoch, mark).await
    }

    async fn fill(
        &self,
        key: &SessionKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[SessionPart],
    ) -> Result<bool, CacheError> {
        self.cache.fill(key, mark, epoch, parts).await
    }

    async fn rank(
        &self,
        shard: &ShardKey,
        top: u32,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<RankRead, CacheError> {
        self.cache.rank(shard, top, epoch, mark).await
    }

    async fn fill_shard(
        &self,
        shard: &ShardKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[ScorePart],
    ) -> Result<bool, CacheError> {
        self.cache.fill_shard(shard, mark, epoch, parts).await
    }
}
