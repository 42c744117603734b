//! What the store and session-sync act upon: the replica of the table, and the region's cache.

use crate::door::Door;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tidegate_adapters::Replica;
use tidegate_domain::ports::{Clock, LeaseToken, PortResult};
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{
    CacheError, CacheRead, CacheWrite, Dice, Epoch, EpochItem, FillMark, Found, PartTable, Put,
    RankRead, Rest, SessionCache,
};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};

/// One region. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct World {
    pub replica: Replica,
    pub door: Arc<Door>,
}

impl SessionCache for World {
    async fn apply(&self, writes: &[CacheWrite]) -> Result<(), CacheError> {
        let cache = self.door.cache().await?;
        let answer = cache.apply(writes).await;
        self.door.noticed(&cache, answer)
    }

    async fn read(
        &self,
        key: &SessionKey,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<CacheRead, CacheError> {
        let cache = self.door.cache().await?;
        let answer = cache.read(key, epoch, mark).await;
        self.door.noticed(&cache, answer)
    }

    async fn fill(
        &self,
        key: &SessionKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[SessionPart],
    ) -> Result<bool, CacheError> {
        let cache = self.door.cache().await?;
        let answer = cache.fill(key, mark, epoch, parts).await;
        self.door.noticed(&cache, answer)
    }

    async fn rank(
        &self,
        shard: &ShardKey,
        top: u32,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<RankRead, CacheError> {
        let cache = self.door.cache().await?;
        let answer = cache.rank(shard, top, epoch, mark).await;
        self.door.noticed(&cache, answer)
    }

    async fn fill_shard(
        &self,
        shard: &ShardKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[ScorePart],
    ) -> Result<bool, CacheError> {
        let cache = self.door.cache().await?;
        let answer = cache.fill_shard(shard, mark, epoch, parts).await;
        self.door.noticed(&cache, answer)
    }
}

impl PartTable for World {
    async fn parts(&self, key: &SessionKey) -> PortResult<Found<SessionPart>> {
        self.replica.parts(key).await
    }

    async fn put_part(&self, part: &SessionPart, seen: Option<&Stamp>) -> PortResult<Put> {
        self.replica.put_part(part, seen).await
    }

    async fn scores(&self, shard: &ShardKey) -> PortResult<Found<ScorePart>> {
        self.replica.scores(shard).await
    }

    async fn score(
        &self,
        shard: &ShardKey,
        member: &BoardWord,
        region: &RegionName,
    ) -> PortResult<Option<ScorePart>> {
        self.replica.score(shard, member, region).await
    }

    async fn put_score(&self, part: &ScorePart, seen: Option<&Stamp>) -> PortResult<Put> {
        self.replica.put_score(part, seen).await
    }

    async fn beat(&self, stamp: &Stamp, expires: Timestamp) -> PortResult<()> {
        self.replica.beat(stamp, expires).await
    }

    async fn beats(&self) -> PortResult<Vec<Stamp>> {
        self.replica.beats().await
    }
}

impl EpochItem for World {
    async fn epoch(&self) -> PortResult<Epoch> {
        self.replica.epoch().await
    }

    async fn doubt(&self, now: Timestamp, until: Timestamp) -> PortResult<Epoch> {
        self.replica.doubt(now, until).await
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.replica.now()
    }

    fn wall(&self) -> Timestamp {
        self.replica.wall()
    }

    fn time_left(&self) -> SignedDuration {
        self.replica.time_left()
    }

    fn token(&self) -> LeaseToken {
        self.replica.token()
    }
}

impl Dice for World {
    fn digits(&self) -> String {
        self.replica.digits()
    }
}

impl Rest for World {
    async fn rest(&self, time: SignedDuration) {
        self.replica.rest(time).await;
    }
}
