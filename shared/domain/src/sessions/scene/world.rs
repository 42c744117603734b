//! The tiny world's ports.

use super::{Scene, down};
use crate::ports::{Clock, LeaseToken, PortResult};
use crate::sessions::part::{SessionKey, SessionPart};
use crate::sessions::ports::{
    CacheError, CacheRead, CacheWrite, Dice, Epoch, EpochItem, FillMark, Found, PartTable, Put,
    RankRead, Rest, SessionCache,
};
use crate::sessions::score::{BoardWord, ScorePart, ShardKey, first, totals};
use crate::sessions::stamp::{RegionName, Stamp};
use jiff::{SignedDuration, Timestamp};

impl PartTable for Scene {
    async fn parts(&self, key: &SessionKey) -> PortResult<Found<SessionPart>> {
        let mut state = self.state();
        state.table("parts")?;
        let under = state.parts.iter().filter(|((pk, _), _)| pk == key.as_str());
        let parts = under.map(|(_, part)| part.clone()).collect();
        let wrong = |sort_key: &String| (sort_key.clone(), "newer".to_owned());
        let unreadable = state.unreadable.iter().map(wrong).collect();
        if let Some(hook) = state.while_reading.take() {
            hook(&mut state);
        }
        Ok(Found { parts, unreadable })
    }

    async fn put_part(&self, part: &SessionPart, seen: Option<&Stamp>) -> PortResult<Put> {
        let mut state = self.state();
        state.table("put_part")?;
        let (is_done, lost) = state.fate();
        let place = (part.key.as_str().to_owned(), part.id.to_string());
        let mut put = Put::Conflict;
        if is_done && state.parts.get(&place).map(|part| &part.written) == seen {
            state.parts.insert(place, part.clone());
            put = Put::Written;
        }
        lost.map_or(Ok(put), Err)
    }

    async fn scores(&self, shard: &ShardKey) -> PortResult<Found<ScorePart>> {
        let mut state = self.state();
        state.table("scores")?;
        let parts = state.scores.values().filter(|part| part.shard == *shard).cloned().collect();
        let wrong = |sort_key: &String| (sort_key.clone(), "newer".to_owned());
        Ok(Found { parts, unreadable: state.unreadable.iter().map(wrong).collect() })
    }

    async fn score(
        &self,
        shard: &ShardKey,
        member: &BoardWord,
        region: &RegionName,
    ) -> PortResult<Option<ScorePart>> {
        let mut state = self.state();
        state.table("score")?;
        let place = (shard.to_string(), format!("{}#{region}", member.as_str()));
        Ok(state.scores.get(&place).cloned())
    }

    async fn put_score(&self, part: &ScorePart, seen: Option<&Stamp>) -> PortResult<Put> {
        let mut state = self.state();
        state.table("put_score")?;
        let (is_done, lost) = state.fate();
        let place = (part.shard.to_string(), format!("{}#{}", part.member.as_str(), part.region));
        let mut put = Put::Conflict;
        if is_done && state.scores.get(&place).map(|part| &part.written) == seen {
            state.scores.insert(place, part.clone());
            put = Put::Written;
        }
        lost.map_or(Ok(put), Err)
    }

    async fn beat(&self, stamp: &Stamp, expires: Timestamp) -> PortResult<()> {
        let mut state = self.state();
        state.table("beat")?;
        state.beats.retain(|beat| beat.region() != stamp.region());
        state.beats.push(stamp.clone());
        state.beaten_until = Some(expires);
        Ok(())
    }

    async fn beats(&self) -> PortResult<Vec<Stamp>> {
        let mut state = self.state();
        state.table("beats")?;
        Ok(state.beats.clone())
    }
}

impl SessionCache for Scene {
    async fn apply(&self, writes: &[CacheWrite]) -> Result<(), CacheError> {
        let mut state = self.state();
        state.cache("apply")?;
        for write in writes {
            state.writes.push(write.clone());
            if let CacheWrite::Part(part) = write {
                let mut entry = state.entries.remove(part.key.as_str()).unwrap_or_default();
                state.put(&mut entry, part);
                state.entries.insert(part.key.as_str().to_owned(), entry);
            }
        }
        Ok(())
    }

    async fn read(
        &self,
        key: &SessionKey,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<CacheRead, CacheError> {
        let mut state = self.state();
        state.cache("read")?;
        let entry = state.entries.entry(key.as_str().to_owned()).or_default();
        if entry.complete == Some(epoch) {
            return Ok(CacheRead::Hit(entry.parts.values().cloned().collect()));
        }
        Ok(CacheRead::Miss(FillMark(entry.mark.get_or_insert_with(|| mark.0.clone()).clone())))
    }

    async fn fill(
        &self,
        key: &SessionKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[SessionPart],
    ) -> Result<bool, CacheError> {
        let mut state = self.state();
        state.cache("fill")?;
        let mut entry = state.entries.remove(key.as_str()).unwrap_or_default();
        for part in parts {
            state.put(&mut entry, part);
        }
        let whole = entry.mark.as_ref() == Some(&mark.0);
        if whole {
            (entry.complete, entry.mark) = (Some(epoch), None);
        }
        state.entries.insert(key.as_str().to_owned(), entry);
        Ok(whole)
    }

    async fn rank(
        &self,
        shard: &ShardKey,
        top: u32,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<RankRead, CacheError> {
        let mut state = self.state();
        state.cache("rank")?;
        if state.busy > 0 {
            state.busy -= 1;
            return Ok(RankRead::Busy);
        }
        Ok(match state.shards.get(shard) {
            Some((Some(complete), parts)) if *complete == epoch => {
                RankRead::Hit(first(totals(parts), top))
            }
            _ => RankRead::Miss(mark.clone()),
        })
    }

    async fn fill_shard(
        &self,
        shard: &ShardKey,
        _: &FillMark,
        epoch: u64,
        parts: &[ScorePart],
    ) -> Result<bool, CacheError> {
        let mut state = self.state();
        state.cache("fill_shard")?;
        state.shards.insert(shard.clone(), (Some(epoch), parts.to_vec()));
        Ok(true)
    }
}

impl EpochItem for Scene {
    async fn epoch(&self) -> PortResult<Epoch> {
        let mut state = self.state();
        state.calls.push("epoch");
        if state.epoch_down { Err(down()) } else { Ok(state.epoch) }
    }

    async fn doubt(&self, now: Timestamp, until: Timestamp) -> PortResult<Epoch> {
        let mut state = self.state();
        state.calls.push("doubt");
        if state.epoch_down {
            return Err(down());
        }
        if state.epoch.doubt_until.is_none_or(|until| until < now) {
            let number = state.epoch.number + 1;
            state.epoch = Epoch { number, doubt_until: Some(until) };
        }
        Ok(state.epoch)
    }
}

impl Clock for Scene {
    /// Never read: a session's times are real.
    fn now(&self) -> Timestamp {
        Timestamp::MIN
    }

    fn wall(&self) -> Timestamp {
        self.state().now
    }

    fn time_left(&self) -> SignedDuration {
        SignedDuration::MAX
    }

    fn token(&self) -> LeaseToken {
        LeaseToken("a token".to_owned())
    }
}

impl Dice for Scene {
    fn digits(&self) -> String {
        let mut state = self.state();
        state.dice += 1;
        format!("{:016x}", state.dice.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

impl Rest for Scene {
    async fn rest(&self, time: SignedDuration) {
        self.state().rests.push(time);
    }
}
