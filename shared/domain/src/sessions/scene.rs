//! A tiny world for the stories of the store and of the stream's function: one replica, one cache,
//! one epoch item, and a clock that stands until it is moved.

use super::part::{Field, FieldName, FieldValue, PartId, SessionKey, SessionPart};
use super::ports::{
    CacheError, CacheRead, CacheWrite, Dice, Epoch, EpochItem, FillMark, Found, PartTable, Put,
    RankRead, Rest, SessionCache,
};
use super::score::{BoardWord, ScorePart, ShardKey, first, totals};
use super::stamp::{RegionName, Stamp};
use crate::ports::{Clock, LeaseToken, PortError, PortResult};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

pub const SEOUL: &str = "ap-northeast-2";
pub const VIRGINIA: &str = "us-east-1";

pub fn region(name: &str) -> RegionName {
    RegionName::new(name).unwrap()
}

pub fn key(digit: char) -> SessionKey {
    SessionKey::new(&digit.to_string().repeat(64)).unwrap()
}

pub fn word(text: &str) -> BoardWord {
    BoardWord::new(text).unwrap()
}

/// Milliseconds after the scene's start.
pub fn at(ms: i64) -> Timestamp {
    "2026-03-02T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_millis(ms)
}

pub fn secs(secs: i64) -> SignedDuration {
    SignedDuration::from_secs(secs)
}

pub fn stamp(ms: i64, name: &str) -> Stamp {
    Stamp::next(at(ms), None, &region(name))
}

/// Fields with one stamp.
pub fn fields(pairs: &[(&str, &str)], at: &Stamp) -> BTreeMap<FieldName, Field> {
    let field = |value: &str| Field { at: at.clone(), value: Some(FieldValue::new(value)) };
    pairs.iter().map(|(name, value)| (FieldName::new(name).unwrap(), field(value))).collect()
}

/// A part of session `a`, written `ms` after the start, that lives for an hour.
pub fn part(ms: i64, name: &str, pairs: &[(&str, &str)]) -> SessionPart {
    let written = stamp(ms, name);
    SessionPart {
        key: key('a'),
        id: PartId { region: region(name), generation: 0 },
        fields: fields(pairs, &written),
        ended: None,
        not_after: at(86_400_000),
        live_until: at(3_600_000),
        written,
        writer: "somebody".to_owned(),
    }
}

/// The same, ended.
pub fn tombstone(ms: i64, name: &str) -> SessionPart {
    let part = part(ms, name, &[]);
    SessionPart { ended: Some(part.written.clone()), ..part }
}

pub fn score(ms: i64, name: &str, shard: &ShardKey, member: &str, n: i64) -> ScorePart {
    ScorePart {
        shard: shard.clone(),
        member: word(member),
        region: region(name),
        n,
        written: stamp(ms, name),
        writer: "somebody".to_owned(),
    }
}

/// Polls a future that never waits.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

type Hook = Box<dyn FnOnce(&mut State) + Send>;

/// What a write of the table does instead of its work.
pub enum Fate {
    /// Somebody does this just before.
    After(Hook),
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is not done, and there is no answer.
    Lost,
    /// It is refused.
    Throttled,
}

#[derive(Default)]
pub struct Entry {
    pub parts: BTreeMap<String, SessionPart>,
    pub complete: Option<u64>,
    pub mark: Option<String>,
}

#[derive(Default)]
pub struct State {
    pub now: Timestamp,
    /// By key and sort key.
    pub parts: BTreeMap<(String, String), SessionPart>,
    pub scores: BTreeMap<(String, String), ScorePart>,
    pub beats: Vec<Stamp>,
    /// Sort keys of items that cannot be read, under every key.
    pub unreadable: Vec<String>,
    pub table_down: bool,
    pub fates: VecDeque<Fate>,
    /// Done by the next read of the table, after it has read.
    pub while_reading: Option<Hook>,
    pub entries: BTreeMap<String, Entry>,
    pub shards: BTreeMap<ShardKey, (Option<u64>, Vec<ScorePart>)>,
    pub busy: u32,
    /// Calls of the cache that fail from now on: `usize::MAX` for all.
    pub cache_fails: usize,
    /// Calls of the cache that are answered before it fails.
    pub cache_works: usize,
    /// A call of the cache takes this many milliseconds.
    pub cache_takes: i64,
    pub epoch: Epoch,
    pub epoch_down: bool,
    pub dice: u64,
    pub beaten_until: Option<Timestamp>,
    /// The calls, by name.
    pub calls: Vec<&'static str>,
    pub writes: Vec<CacheWrite>,
    pub rests: Vec<SignedDuration>,
}

pub struct Scene(pub Mutex<State>);

pub fn down() -> PortError {
    PortError::Unavailable { call: "a call", why: "no answer".to_owned() }
}

impl Scene {
    pub fn new() -> Self {
        Self(Mutex::new(State { now: at(0), ..State::default() }))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// `ms` after the start.
    pub fn moves_to(&self, ms: i64) {
        self.state().now = at(ms);
    }

    /// Another region's write is replicated; the cache is not told.
    pub fn holds(&self, parts: &[SessionPart]) {
        self.state().hold(parts);
    }

    /// How often a call was made since this was asked last.
    pub fn calls(&self, name: &str) -> usize {
        let mut state = self.state();
        let before = state.calls.len();
        state.calls.retain(|call| *call != name);
        before - state.calls.len()
    }

    pub fn stored(&self, id: &str) -> Option<SessionPart> {
        let place = (key('a').as_str().to_owned(), id.to_owned());
        self.state().parts.get(&place).cloned()
    }

    pub fn entry_is_complete(&self) -> bool {
        let state = self.state();
        state.entries.get(key('a').as_str()).is_some_and(|entry| entry.complete.is_some())
    }
}

impl State {
    pub fn hold(&mut self, parts: &[SessionPart]) {
        for part in parts {
            let place = (part.key.as_str().to_owned(), part.id.to_string());
            self.parts.insert(place, part.clone());
        }
    }

    fn cache(&mut self, call: &'static str) -> Result<(), CacheError> {
        self.calls.push(call);
        self.now += SignedDuration::from_millis(self.cache_takes);
        if self.cache_works > 0 {
            self.cache_works -= 1;
        } else if self.cache_fails > 0 {
            self.cache_fails -= usize::from(self.cache_fails < usize::MAX);
            return Err(CacheError("no answer".to_owned()));
        }
        Ok(())
    }

    fn table(&mut self, call: &'static str) -> PortResult<()> {
        self.calls.push(call);
        if self.table_down { Err(down()) } else { Ok(()) }
    }

    /// Whether a write is done, and what is answered if not what it came to.
    fn fate(&mut self) -> (bool, Option<PortError>) {
        match self.fates.pop_front() {
            None => (true, None),
            Some(Fate::After(hook)) => {
                hook(self);
                (true, None)
            }
            Some(Fate::AnswerLost) => (true, Some(down())),
            Some(Fate::Lost) => (false, Some(down())),
            Some(Fate::Throttled) => {
                let why = "slower".to_owned();
                (false, Some(PortError::Throttled { call: "a call", why }))
            }
        }
    }

    fn put(&mut self, entry: &mut Entry, part: &SessionPart) {
        let id = part.id.to_string();
        if entry.parts.get(&id).is_none_or(|old| old.written < part.written) {
            entry.parts.insert(id, part.clone());
        }
    }
}

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
