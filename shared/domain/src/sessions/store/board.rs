//! Rankings: a member's score is what every region counted of it.

use super::read::Fill;
use super::{Limit, SessionStore, StoreError, TRIES};
use crate::ports::PortError;
use crate::sessions::ports::{CacheWrite, FillMark, Found, Put, RankRead, SessionWorld};
use crate::sessions::score::{BoardWord, MAX_SCORE, ScorePart, ShardKey, first, totals};
use crate::sessions::stamp::Stamp;
use jiff::SignedDuration;

/// A board that somebody else rebuilds is asked for again after this long.
const WAIT: SignedDuration = SignedDuration::from_millis(50);
/// Waits of one ranking, over all shards: a second. Then it is read from the table.
const WAITS: u32 = 20;

/// The first members, highest first, with their scores.
pub type Ranking = Vec<(BoardWord, i64)>;

/// What the cache answered.
enum Asked {
    Hit(Ranking),
    Miss(Option<Fill>),
    Busy,
}

impl SessionStore {
    /// Adds to what our region counted of a member; what it counted then.
    ///
    /// # Errors
    /// [`Limit::Score`]; [`StoreError::Contended`]; [`StoreError::Uncertain`]; the table's.
    pub async fn add_score<W: SessionWorld>(
        &self,
        world: &W,
        board: &BoardWord,
        member: &BoardWord,
        delta: i64,
    ) -> Result<i64, StoreError> {
        let shard = ShardKey::of(board, member, self.config.shards);
        let mut increment = Increment { shard, member, delta, writer: world.digits(), lost: None };
        for attempt in 0..TRIES {
            match self.try_add(world, &mut increment).await? {
                Some(n) => return Ok(n),
                None => self.pause(world, attempt).await,
            }
        }
        Err(increment.lost.map_or(StoreError::Contended, |_| StoreError::Uncertain))
    }

    /// One try; none if it is to be repeated. While the answer to a write is lost, only the same
    /// write against the same stamp may be repeated: of those one stands.
    async fn try_add<W: SessionWorld>(
        &self,
        world: &W,
        increment: &mut Increment<'_>,
    ) -> Result<Option<i64>, StoreError> {
        let region = &self.config.region;
        let own = world.score(&increment.shard, increment.member, region).await;
        let own = own.map_err(|error| increment.unless_lost(error))?;
        if let Some(own) = own.as_ref().filter(|own| own.writer == increment.writer) {
            let (n, part) = (own.n, own.clone());
            self.write_through(world, CacheWrite::Score(part)).await;
            return Ok(Some(n));
        }
        let seen = own.as_ref().map(|own| own.written.clone());
        if increment.lost.as_ref().is_some_and(|lost| *lost != seen) {
            return Err(StoreError::Uncertain);
        }
        let part = increment.part(own, Stamp::next(world.wall(), seen.as_ref(), region))?;
        match world.put_score(&part, seen.as_ref()).await {
            Ok(Put::Written) => {
                let n = part.n;
                self.write_through(world, CacheWrite::Score(part)).await;
                Ok(Some(n))
            }
            Ok(Put::Conflict) => {
                self.count(|counts| counts.conflicts += 1);
                Ok(None)
            }
            Err(PortError::Unavailable { .. }) => {
                increment.lost = Some(seen);
                Ok(None)
            }
            Err(error) => Err(increment.unless_lost(error)),
        }
    }

    /// The first `top` members of a board, highest first; equal ones by name, falling.
    ///
    /// # Errors
    /// The table's, when the cache did not answer.
    pub async fn rank<W: SessionWorld>(
        &self,
        world: &W,
        board: &BoardWord,
        top: u32,
    ) -> Result<Ranking, StoreError> {
        let mut waits = WAITS;
        let mut all = Vec::new();
        for shard in 0..self.config.shards.get() {
            let shard = ShardKey { board: board.clone(), shard };
            all.extend(self.shard_top(world, &shard, top, &mut waits).await?);
        }
        Ok(first(all, top))
    }

    async fn shard_top<W: SessionWorld>(
        &self,
        world: &W,
        shard: &ShardKey,
        top: u32,
        waits: &mut u32,
    ) -> Result<Ranking, StoreError> {
        loop {
            match self.ask_shard(world, shard, top).await {
                Asked::Hit(ranking) => return Ok(ranking),
                Asked::Miss(fill) => return self.count_shard(world, shard, top, fill).await,
                Asked::Busy if *waits == 0 => {
                    return self.count_shard(world, shard, top, None).await;
                }
                Asked::Busy => {
                    *waits -= 1;
                    self.count(|counts| counts.waits += 1);
                    world.rest(WAIT).await;
                }
            }
        }
    }

    async fn ask_shard<W: SessionWorld>(&self, world: &W, shard: &ShardKey, top: u32) -> Asked {
        let Some(epoch) = self.epoch(world).await else { return Asked::Miss(None) };
        let (mark, began) = (FillMark(world.digits()), world.wall());
        let read = world.rank(shard, top, epoch, &mark).await;
        match self.settle(world.wall(), began, read) {
            Some(RankRead::Hit(ranking)) => {
                self.count(|counts| counts.hits += 1);
                Asked::Hit(ranking)
            }
            Some(RankRead::Miss(mark)) => {
                self.count(|counts| counts.misses += 1);
                Asked::Miss(Some(Fill { epoch, mark }))
            }
            Some(RankRead::Busy) => Asked::Busy,
            None => Asked::Miss(None),
        }
    }

    /// The shard from the table; the cache's entry is completed unless something was left out.
    async fn count_shard<W: SessionWorld>(
        &self,
        world: &W,
        shard: &ShardKey,
        top: u32,
        fill: Option<Fill>,
    ) -> Result<Ranking, StoreError> {
        let Found { mut parts, unreadable } = world.scores(shard).await?;
        let (found, now) = (parts.len(), world.wall());
        parts.retain(|part| !part.is_refused(&self.config.region, now));
        let refused = found.saturating_sub(parts.len());
        self.count(|counts| {
            counts.refused += refused as u64;
            counts.unreadable += unreadable.len() as u64;
        });
        if let Some(Fill { epoch, mark }) = fill.filter(|_| refused + unreadable.len() == 0) {
            let began = world.wall();
            let filled = world.fill_shard(shard, &mark, epoch, &parts).await;
            let filled = self.settle(world.wall(), began, filled);
            self.count_fill(filled);
        }
        Ok(first(totals(&parts), top))
    }
}

/// An increment on its way.
struct Increment<'a> {
    shard: ShardKey,
    member: &'a BoardWord,
    delta: i64,
    /// The same in all tries, so that the one that stands can be told.
    writer: String,
    /// What the write whose answer was lost was to replace.
    lost: Option<Option<Stamp>>,
}

impl Increment<'_> {
    fn part(&self, own: Option<ScorePart>, written: Stamp) -> Result<ScorePart, Limit> {
        let n = own.map_or(0, |own| own.n).checked_add(self.delta);
        let in_range = |n: &i64| (-MAX_SCORE..=MAX_SCORE).contains(n);
        Ok(ScorePart {
            shard: self.shard.clone(),
            member: self.member.clone(),
            region: written.region().clone(),
            n: n.filter(in_range).ok_or(Limit::Score)?,
            written,
            writer: self.writer.clone(),
        })
    }

    /// An error before which nothing was lost is the table's own.
    fn unless_lost(&self, error: PortError) -> StoreError {
        if self.lost.is_some() { StoreError::Uncertain } else { error.into() }
    }
}
