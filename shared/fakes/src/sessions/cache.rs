//! A region's cache: Redis or Valkey with the scripts of session-sync, each of which happens at
//! once or not at all.
//!
//! What must stay true: every write is "set if newer"; only a fill makes an entry complete, and
//! only if nothing took the entry away since its mark was put there; any entry can go at any time.

use crate::Fault;
use crate::sessions::boards::Shard;
use crate::sessions::entries::Entry;
use crate::sessions::stage::{SessionCall, Stage};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{
    CacheError, CacheRead, CacheWrite, FillMark, RankRead, SessionCache,
};
use tidegate_domain::sessions::score::{ScorePart, ShardKey};
use tidegate_domain::sessions::stamp::RegionName;

/// The cache of a region; clones share it.
#[derive(Debug, Clone)]
pub struct CacheTwin {
    stage: Stage,
    region: RegionName,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    store: Store,
    health: Health,
    /// What the server got while it was paused, in order.
    waiting: Vec<Effect>,
    /// The next write fails, and only these of its parts happen: a bit for each, over again.
    torn: Option<u64>,
    /// Clients that give up close their connections before the server has read what they sent.
    unread: bool,
}

/// What the server holds.
#[derive(Debug, Default)]
pub(super) struct Store {
    entries: BTreeMap<SessionKey, Entry>,
    /// Sessions of which an entry was evicted, killed or ran out.
    lost: BTreeSet<SessionKey>,
    shards: BTreeMap<ShardKey, Shard>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Health {
    #[default]
    Up,
    /// It takes requests and answers none: each of them happens at the pause's end.
    Paused,
    /// There is no server.
    Down,
}

/// Something that happens later than its client waits for it.
struct Effect(Box<Act>);

type Act = dyn FnOnce(&mut Store, Timestamp) + Send;

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Effect")
    }
}

impl CacheTwin {
    /// An empty cache.
    pub fn new(stage: &Stage, region: &RegionName) -> Self {
        Self { stage: stage.clone(), region: region.clone(), state: Arc::default() }
    }

    /// Memory runs short: a session's entry goes. Whether there was one.
    pub fn evict(&self, key: &SessionKey) -> bool {
        let store = &mut self.lock().store;
        let there = store.entries.remove(key).is_some();
        if there {
            store.lost.insert(key.clone());
        }
        there
    }

    /// Memory runs short: a shard's entry goes.
    pub fn evict_shard(&self, shard: &ShardKey) -> bool {
        self.lock().store.shards.remove(shard).is_some()
    }

    /// Every call fails from now on; what it asked for happens when the pause is over.
    pub fn pause(&self) {
        self.lock().health = Health::Paused;
    }

    /// As [`Self::pause`], but what was asked for never happens.
    pub fn pause_unread(&self) {
        let mut state = self.lock();
        (state.health, state.unread) = (Health::Paused, true);
    }

    /// The server dies with everything it held.
    pub fn kill(&self) {
        let mut state = self.lock();
        let mut lost = std::mem::take(&mut state.store.lost);
        lost.extend(state.store.entries.keys().cloned());
        let store = Store { lost, ..Store::default() };
        *state = State { health: Health::Down, store, ..State::default() };
    }

    /// It answers again. What was asked for in a pause happens now.
    pub fn resume(&self) {
        let mut state = self.lock();
        (state.health, state.unread) = (Health::Up, false);
        for Effect(effect) in std::mem::take(&mut state.waiting) {
            effect(&mut state.store, self.stage.now());
        }
    }

    /// The next call that applies writes fails; those whose bit is set happen all the same.
    pub fn tear(&self, bits: u64) {
        self.lock().torn = Some(bits);
    }

    /// Forgets that parts were removed: what a cache without such marks would know.
    pub fn forget_removals(&self) {
        for entry in self.lock().store.entries.values_mut() {
            entry.forget_removals();
        }
    }

    /// Entries that call themselves complete in this epoch, with their parts, around the port.
    pub fn complete(&self, epoch: u64) -> BTreeMap<SessionKey, Vec<SessionPart>> {
        let mut state = self.lock();
        state.store.expire(self.stage.now());
        let entries = state.store.entries.iter();
        entries.filter_map(|(key, entry)| Some((key.clone(), entry.hit(epoch)?))).collect()
    }

    /// Shards that call themselves complete in this epoch, with their scores.
    pub fn complete_shards(&self, epoch: u64) -> BTreeMap<ShardKey, Vec<ScorePart>> {
        let mut state = self.lock();
        state.store.expire(self.stage.now());
        let shards = state.store.shards.iter().filter(|(_, shard)| shard.complete() == Some(epoch));
        shards.map(|(key, shard)| (key.clone(), shard.scores())).collect()
    }

    /// Whether an entry of this session was ever evicted or killed, or ran out.
    pub fn has_lost(&self, key: &SessionKey) -> bool {
        let mut state = self.lock();
        state.store.expire(self.stage.now());
        state.store.lost.contains(key)
    }

    /// What an entry holds, complete or not; none: there is no entry.
    pub fn peek(&self, key: &SessionKey) -> Option<(Vec<SessionPart>, Option<u64>)> {
        let mut state = self.lock();
        state.store.expire(self.stage.now());
        state.store.entries.get(key).map(|entry| (entry.parts(), entry.complete()))
    }

    /// Makes one call: what goes wrong, effect, answer.
    async fn call<T: Send + 'static>(
        &self,
        call: SessionCall,
        effect: impl FnOnce(&mut Store, Timestamp) -> T + Send + 'static,
    ) -> Result<T, CacheError> {
        self.stage.turn().await;
        let fault = self.stage.begin(call, &self.region);
        let now = self.stage.now();
        let mut state = self.lock();
        let state = &mut *state;
        match state.health {
            Health::Down => return Err(failed("no connection")),
            Health::Paused => {
                if !state.unread {
                    let later = move |store: &mut Store, at| drop(effect(store, at));
                    state.waiting.push(Effect(Box::new(later)));
                }
                return Err(failed("no answer in time"));
            }
            Health::Up => {}
        }
        state.store.expire(now);
        match fault {
            None => Ok(effect(&mut state.store, now)),
            Some(Fault::LostAnswer | Fault::CrashAfter) => {
                effect(&mut state.store, now);
                Err(failed("the answer was lost"))
            }
            Some(_) => Err(failed("no answer in time")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(why: &str) -> CacheError {
    CacheError(why.to_owned())
}

impl Store {
    fn expire(&mut self, now: Timestamp) {
        let over = self.entries.iter().filter(|(_, entry)| entry.expires <= now);
        self.lost.extend(over.map(|(key, _)| key.clone()));
        self.entries.retain(|_, entry| now < entry.expires);
        self.shards.retain(|_, shard| now < shard.expires);
    }

    fn entry(&mut self, key: &SessionKey, now: Timestamp) -> &mut Entry {
        if !self.entries.contains_key(key) {
            self.entries.insert(key.clone(), Entry::new(now));
        }
        self.entries.entry(key.clone()).or_insert_with(|| Entry::new(now))
    }

    fn shard(&mut self, shard: &ShardKey, now: Timestamp) -> &mut Shard {
        self.shards.entry(shard.clone()).or_insert_with(|| Shard::new(now))
    }

    fn write(&mut self, write: &CacheWrite, now: Timestamp) {
        match write {
            CacheWrite::Part(part) => self.entry(&part.key, now).put(part),
            CacheWrite::PartGone { key, id, written } => self.entry(key, now).remove(id, written),
            CacheWrite::Score(score) => self.shard(&score.shard, now).put(score),
            CacheWrite::ScoreGone { shard, member, region, written } => {
                self.shard(shard, now).remove(member, region, written);
            }
            CacheWrite::Doubt(key) => {
                if let Some(entry) = self.entries.get_mut(key) {
                    entry.doubt();
                }
            }
            CacheWrite::DoubtShard(shard) => {
                if let Some(shard) = self.shards.get_mut(shard) {
                    shard.doubt();
                }
            }
        }
    }
}

impl SessionCache for CacheTwin {
    async fn apply(&self, writes: &[CacheWrite]) -> Result<(), CacheError> {
        let torn = self.lock().torn.take();
        let happens = |n: usize| torn.is_none_or(|bits| bits >> (n % 64) & 1 == 1);
        let writes = writes.iter().enumerate().filter(|(n, _)| happens(*n));
        let writes: Vec<CacheWrite> = writes.map(|(_, write)| write.clone()).collect();
        let effect = move |store: &mut Store, now| {
            for write in &writes {
                store.write(write, now);
            }
        };
        self.call(SessionCall::CacheApply, effect).await?;
        torn.map_or(Ok(()), |_| Err(failed("the connection broke")))
    }

    async fn read(
        &self,
        key: &SessionKey,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<CacheRead, CacheError> {
        let (key, mark) = (key.clone(), mark.clone());
        let effect = move |store: &mut Store, now| {
            let entry = store.entry(&key, now);
            match entry.hit(epoch) {
                Some(parts) => CacheRead::Hit(parts),
                None => CacheRead::Miss(entry.mark(&mark)),
            }
        };
        self.call(SessionCall::CacheRead, effect).await
    }

    async fn fill(
        &self,
        key: &SessionKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[SessionPart],
    ) -> Result<bool, CacheError> {
        let (key, mark, parts) = (key.clone(), mark.clone(), parts.to_vec());
        let effect = move |store: &mut Store, now| {
            let entry = store.entry(&key, now);
            parts.iter().for_each(|part| entry.put(part));
            entry.fill(&mark, epoch)
        };
        self.call(SessionCall::CacheFill, effect).await
    }

    async fn rank(
        &self,
        shard: &ShardKey,
        top: u32,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<RankRead, CacheError> {
        let (shard, mark) = (shard.clone(), mark.clone());
        let effect =
            move |store: &mut Store, now| store.shard(&shard, now).rank(top, epoch, (now, &mark));
        self.call(SessionCall::CacheRank, effect).await
    }

    async fn fill_shard(
        &self,
        shard: &ShardKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[ScorePart],
    ) -> Result<bool, CacheError> {
        let (shard, mark, parts) = (shard.clone(), mark.clone(), parts.to_vec());
        let effect = move |store: &mut Store, now| {
            let entry = store.shard(&shard, now);
            parts.iter().for_each(|score| entry.put(score));
            entry.fill(&mark, epoch, now)
        };
        self.call(SessionCall::CacheFillShard, effect).await
    }
}
