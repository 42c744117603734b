//! The session store as the routes use it: each call bounded in time, counted, and remembered for
//! `/readyz`, which never asks the store itself.

use crate::metrics::{Metrics, Operation};
use crate::store::{Answer, Fields, Store, StoreFault};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest call. The store has attempts and a cache's detour inside it.
const LONGEST: Duration = Duration::from_secs(3);
/// Between two looks at a store that nobody asks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The token of nobody's session: what a look asks for.
const NOBODY: &str = "readiness";

/// The store, and what was last known of it.
pub struct Sessions {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    last: Mutex<Option<Known>>,
}

/// What the last call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Whether it was answered.
    pub answers: bool,
    /// When.
    pub at: Instant,
}

impl Sessions {
    /// Of this store.
    pub fn new(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics, last: Mutex::new(None) }
    }

    /// [`Store::create`]
    ///
    /// # Errors
    /// [`StoreFault`]
    pub async fn create(&self, token: &str, new: Fields, life: Duration) -> Result<(), StoreFault> {
        self.call(Operation::Write, self.store.create(token, new, life)).await
    }

    /// [`Store::get`]
    ///
    /// # Errors
    /// [`StoreFault`]
    pub async fn get(&self, token: &str) -> Result<Option<Fields>, StoreFault> {
        self.call(Operation::Read, self.store.get(token)).await
    }

    /// [`Store::update`]
    ///
    /// # Errors
    /// [`StoreFault`]
    pub async fn update(
        &self,
        token: &str,
        set: Fields,
        remove: Vec<String>,
    ) -> Result<Fields, StoreFault> {
        self.call(Operation::Write, self.store.update(token, set, remove)).await
    }

    /// [`Store::touch`]
    ///
    /// # Errors
    /// [`StoreFault`]
    pub async fn touch(&self, token: &str) -> Result<(), StoreFault> {
        self.call(Operation::Write, self.store.touch(token)).await
    }

    /// [`Store::end`]
    ///
    /// # Errors
    /// [`StoreFault`]
    pub async fn end(&self, token: &str) -> Result<(), StoreFault> {
        self.call(Operation::Write, self.store.end(token)).await
    }

    /// What the last call came to.
    pub fn known(&self) -> Option<Known> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the store now and then while nobody else asks it; never ends.
    pub async fn watch(&self) {
        loop {
            if self.known().is_none_or(|known| known.at.elapsed() >= LOOK_EVERY) {
                let _ = self.get(NOBODY).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn call<T>(&self, operation: Operation, call: Answer<'_, T>) -> Result<T, StoreFault> {
        let begun = Instant::now();
        let late = |_| Err(StoreFault::Unavailable("it did not answer in time".to_owned()));
        let answer = tokio::time::timeout(LONGEST, call).await.unwrap_or_else(late);
        let is_fault = matches!(&answer, Err(StoreFault::Unavailable(_)));
        self.metrics.store(operation, begun.elapsed(), is_fault);
        let known = Known { answers: !is_fault, at: Instant::now() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        answer
    }
}
