//! Sessions in this process's memory, for local runs without AWS and for tests. They end with the
//! process, and no other instance knows them: the program says so at its start.

use crate::store::{Answer, Fields, Store, StoreFault};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Sessions that are kept at most; beyond it those that ran out go.
const SWEEP_ABOVE: usize = 10_000;

/// The store.
pub struct Memory {
    idle: Duration,
    sessions: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    /// None: it was ended, and its token stays used.
    fields: Option<Fields>,
    ends: Instant,
    live_until: Instant,
}

impl Memory {
    /// An empty store whose sessions run out so long after they were used.
    pub fn new(idle: Duration) -> Self {
        Self { idle, sessions: Mutex::default() }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, token: &str, fields: Fields, life: Duration) -> Result<(), StoreFault> {
        let (now, mut sessions) = (Instant::now(), self.sessions());
        if sessions.len() > SWEEP_ABOVE {
            sessions.retain(|_, kept| kept.ends > now);
        }
        if sessions.contains_key(token) {
            return Err(StoreFault::Unavailable("the token was used before".to_owned()));
        }
        let (ends, live_until) = (now + life, now + self.idle);
        sessions.insert(token.to_owned(), Kept { fields: Some(fields), ends, live_until });
        Ok(())
    }

    /// Does something to a session that lives, which lives on.
    fn with<T>(&self, token: &str, act: impl FnOnce(&mut Fields) -> T) -> Result<T, StoreFault> {
        let (now, mut sessions) = (Instant::now(), self.sessions());
        let kept =
            sessions.get_mut(token).filter(|kept| kept.lives(now)).ok_or(StoreFault::Gone)?;
        kept.live_until = now + self.idle;
        kept.fields.as_mut().map(act).ok_or(StoreFault::Gone)
    }

    fn read(&self, token: &str) -> Option<Fields> {
        let now = Instant::now();
        self.sessions().get(token).filter(|kept| kept.lives(now))?.fields.clone()
    }
}

impl Kept {
    fn lives(&self, now: Instant) -> bool {
        self.ends > now && self.live_until > now
    }
}

impl Store for Memory {
    fn create<'a>(&'a self, token: &'a str, fields: Fields, life: Duration) -> Answer<'a, ()> {
        Box::pin(async move { self.begin(token, fields, life) })
    }

    fn get<'a>(&'a self, token: &'a str) -> Answer<'a, Option<Fields>> {
        Box::pin(async move { Ok(self.read(token)) })
    }

    fn update<'a>(
        &'a self,
        token: &'a str,
        set: Fields,
        remove: Vec<String>,
    ) -> Answer<'a, Fields> {
        let change = move |fields: &mut Fields| {
            fields.extend(set);
            fields.retain(|name, _| !remove.contains(name));
            fields.clone()
        };
        Box::pin(async move { self.with(token, change) })
    }

    fn touch<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.with(token, |_| ()) })
    }

    fn end<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            if let Some(kept) = self.sessions().get_mut(token) {
                kept.fields = None;
            }
            Ok(())
        })
    }
}
