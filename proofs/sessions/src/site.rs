//! A process in a region: what it sees of the table, the cache and the epoch, by its own clock.

use crate::wrong::Wrong;
use jiff::{SignedDuration, Timestamp};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use tidegate_domain::ports::{Clock, LeaseToken, PortResult};
use tidegate_domain::sessions::part::{PartId, SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{
    CacheError, CacheRead, CacheWrite, Dice, Epoch, EpochItem, FillMark, Found, PartTable, Put,
    RankRead, Rest, SessionCache,
};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};
use tidegate_fakes::sessions::{
    Address, CacheTwin, EpochTwin, GlobalTable, Item, Partition, Replica, Sort, Stage,
};

/// A process.
#[derive(Debug, Clone)]
pub struct Site {
    /// The world's time and troubles.
    pub stage: Stage,
    /// The table, for what is wrong.
    pub table: GlobalTable,
    /// Its region's replica.
    pub replica: Replica,
    /// Its region's cache.
    pub cache: CacheTwin,
    /// Its region's epoch.
    pub epoch: EpochTwin,
    /// How far its clock is ahead.
    pub skew: SignedDuration,
    /// It cannot reach the cache.
    pub cacheless: bool,
    /// Whether it has asked the table for a session's parts.
    pub asked: Arc<AtomicBool>,
    /// What is wrong with it.
    pub wrong: Option<Wrong>,
    /// For random digits.
    pub rolls: Arc<AtomicU64>,
}

impl Site {
    /// The address of a session's only item.
    fn only(&self, key: &SessionKey) -> Address {
        let region = crate::region(0);
        Address {
            partition: Partition::Session(key.clone()),
            sort: Sort::Part(PartId { region, generation: 0 }),
        }
    }

    /// What stands where a part is to be written.
    async fn stands(&self, part: &SessionPart) -> PortResult<Option<SessionPart>> {
        let found = self.replica.parts(&part.key).await?;
        Ok(found.parts.into_iter().find(|standing| standing.id == part.id))
    }

    /// Our newest part of a session, as long as it is not removed within ten minutes.
    async fn run_out(&self, key: &SessionKey) -> PortResult<Option<SessionPart>> {
        let found = self.replica.parts(key).await?.parts.into_iter();
        let own = found.filter(|part| part.id.region == *self.replica.region());
        let stays = |part: &SessionPart| {
            part.expires_at().duration_since(self.wall()) > SignedDuration::from_mins(10)
        };
        Ok(own.max_by_key(|part| part.id.generation).filter(stays))
    }

    /// The one item of a session: whoever writes last has it.
    async fn put_only(&self, part: &SessionPart, seen: Option<&Stamp>) -> PortResult<Put> {
        let found = self.replica.parts(&part.key).await?;
        if found.parts.first().map(|standing| &standing.written) != seen {
            return Ok(Put::Conflict);
        }
        let address = self.only(&part.key);
        let Sort::Part(id) = address.sort.clone() else { return Ok(Put::Conflict) };
        let item = Item::Part(SessionPart { id, ..part.clone() });
        self.table.plant(self.replica.region(), &address, item)?;
        Ok(Put::Written)
    }
}

/// Gives the others a turn.
struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Clock for Site {
    fn now(&self) -> Timestamp {
        self.wall()
    }

    fn wall(&self) -> Timestamp {
        self.stage.now() + self.skew
    }

    fn time_left(&self) -> SignedDuration {
        SignedDuration::from_secs(30)
    }

    fn token(&self) -> LeaseToken {
        LeaseToken(self.digits())
    }
}

impl Dice for Site {
    fn digits(&self) -> String {
        let n = self.rolls.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        format!("{:016x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

impl Rest for Site {
    async fn rest(&self, _time: SignedDuration) {
        Pause(false).await;
    }
}

impl PartTable for Site {
    async fn parts(&self, key: &SessionKey) -> PortResult<Found<SessionPart>> {
        self.asked.store(true, Ordering::Relaxed);
        let mut found = self.replica.parts(key).await?;
        if self.wrong == Some(Wrong::OneItem) {
            for part in &mut found.parts {
                part.id.region = self.replica.region().clone();
            }
        }
        Ok(found)
    }

    async fn put_part(&self, part: &SessionPart, seen: Option<&Stamp>) -> PortResult<Put> {
        match self.wrong {
            Some(Wrong::OneItem) => self.put_only(part, seen).await,
            Some(Wrong::Unconditional) => {
                let stands = self.stands(part).await?;
                self.replica.put_part(part, stands.as_ref().map(|part| &part.written)).await
            }
            Some(Wrong::RunOutWritten) if seen.is_none() => {
                let Some(old) = self.run_out(&part.key).await? else {
                    return self.replica.put_part(part, seen).await;
                };
                let part = SessionPart { id: old.id, ..part.clone() };
                self.replica.put_part(&part, Some(&old.written)).await
            }
            Some(Wrong::TouchAlone) if part.fields.values().all(|f| f.at != part.written) => {
                let mut part = part.clone();
                part.fields.retain(|_, field| field.at.region() == self.replica.region());
                self.replica.put_part(&part, seen).await
            }
            _ => self.replica.put_part(part, seen).await,
        }
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
        if self.wrong == Some(Wrong::Unconditional) {
            let stands = self.replica.score(&part.shard, &part.member, &part.region).await?;
            return self.replica.put_score(part, stands.as_ref().map(|s| &s.written)).await;
        }
        self.replica.put_score(part, seen).await
    }

    async fn beat(&self, stamp: &Stamp, expires: Timestamp) -> PortResult<()> {
        self.replica.beat(stamp, expires).await
    }

    async fn beats(&self) -> PortResult<Vec<Stamp>> {
        self.replica.beats().await
    }
}

fn unreachable_cache() -> CacheError {
    CacheError("no route".to_owned())
}

impl SessionCache for Site {
    async fn apply(&self, writes: &[CacheWrite]) -> Result<(), CacheError> {
        if self.cacheless {
            return Err(unreachable_cache());
        }
        let applied = self.cache.apply(writes).await;
        if self.wrong == Some(Wrong::RemovalUnmarked) {
            self.cache.forget_removals();
        }
        applied
    }

    async fn read(
        &self,
        key: &SessionKey,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<CacheRead, CacheError> {
        if self.cacheless {
            return Err(unreachable_cache());
        }
        let read = self.cache.read(key, epoch, mark).await?;
        let partial = self.cache.peek(key).map(|(parts, _)| parts).unwrap_or_default();
        match read {
            CacheRead::Miss(_) if self.wrong == Some(Wrong::PartialHit) && !partial.is_empty() => {
                Ok(CacheRead::Hit(partial))
            }
            read => Ok(read),
        }
    }

    async fn fill(
        &self,
        key: &SessionKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[SessionPart],
    ) -> Result<bool, CacheError> {
        if self.cacheless {
            return Err(unreachable_cache());
        }
        if self.wrong == Some(Wrong::FillUnmarked)
            && let CacheRead::Miss(standing) = self.cache.read(key, epoch, mark).await?
        {
            return self.cache.fill(key, &standing, epoch, parts).await;
        }
        self.cache.fill(key, mark, epoch, parts).await
    }

    async fn rank(
        &self,
        shard: &ShardKey,
        top: u32,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<RankRead, CacheError> {
        if self.cacheless {
            return Err(unreachable_cache());
        }
        self.cache.rank(shard, top, epoch, mark).await
    }

    async fn fill_shard(
        &self,
        shard: &ShardKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[ScorePart],
    ) -> Result<bool, CacheError> {
        if self.cacheless {
            return Err(unreachable_cache());
        }
        self.cache.fill_shard(shard, mark, epoch, parts).await
    }
}

impl EpochItem for Site {
    async fn epoch(&self) -> PortResult<Epoch> {
        if self.wrong == Some(Wrong::NoEpoch) {
            return Ok(Epoch::default());
        }
        self.epoch.epoch().await
    }

    async fn doubt(&self, now: Timestamp, until: Timestamp) -> PortResult<Epoch> {
        if self.wrong == Some(Wrong::NoEpoch) {
            return Ok(Epoch::default());
        }
        self.epoch.doubt(now, until).await
    }
}
