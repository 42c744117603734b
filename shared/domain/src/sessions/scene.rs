//! A tiny world for the stories of the store and of the stream's function: one replica, one cache,
//! one epoch item, and a clock that stands until it is moved.

mod world;

use super::part::{Field, FieldName, FieldValue, PartId, SessionKey, SessionPart};
use super::ports::{CacheError, CacheWrite, Epoch};
use super::score::{BoardWord, ScorePart, ShardKey};
use super::stamp::{RegionName, Stamp};
use crate::ports::{PortError, PortResult};
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
