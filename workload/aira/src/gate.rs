//! Who may begin an answer, and how this instance leaves.
//!
//! Admission is a bound and no queue: an answer takes seconds, so whoever waited here would wait for
//! somebody else's whole answer, on an instance that is known to be full, and count into everyone's
//! time to the first token. A 503 at once costs a millisecond, the next try may meet an instance
//! with room, and the refusals are what scaling sees.
//!
//! Leaving: `Open` -> `Leaving` (readyz fails, all else goes on, so that a balancer that has not
//! noticed yet loses nothing) -> `Closed` (no new answers; the running ones finish). Never back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where this instance is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It does not serve yet.
    Starting,
    /// It serves.
    Open,
    /// It serves, and asks for no more.
    Leaving,
    /// It finishes what it has begun.
    Closed,
}

/// Why nobody may begin an answer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// As many run as may.
    Full,
    /// This instance is closed.
    Draining,
}

/// The right to run one answer; it ends with this value.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "held, never read")] OwnedSemaphorePermit);

/// The gate.
#[derive(Debug)]
pub struct Gate {
    limit: usize,
    slots: Arc<Semaphore>,
    phase: AtomicU8,
    denied: AtomicU64,
}

impl Gate {
    /// A gate for so many answers at once, which has not opened yet.
    pub fn new(limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let slots = Arc::new(Semaphore::new(limit));
        let phase = AtomicU8::new(Phase::Starting as u8);
        Self { limit, slots, phase, denied: AtomicU64::new(0) }
    }

    /// The right to run an answer, or why not.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn enter(&self) -> Result<Permit, Denied> {
        if self.phase() == Phase::Closed {
            return Err(Denied::Draining);
        }
        Arc::clone(&self.slots).try_acquire_owned().map(Permit).map_err(|_| Denied::Full)
    }

    /// Goes on to a later phase; an earlier one is ignored.
    pub fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::SeqCst);
    }

    /// Where we are.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Starting,
            1 => Phase::Open,
            2 => Phase::Leaving,
            _ => Phase::Closed,
        }
    }

    /// Answers that run.
    pub fn running(&self) -> usize {
        self.limit.saturating_sub(self.slots.available_permits())
    }

    /// Answers that may run.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Seconds after which to try again: one to three in turn, so that those who were refused
    /// together do not come back together.
    pub fn retry_after(&self) -> u64 {
        1 + self.denied.fetch_add(1, Ordering::Relaxed) % 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_run_at_once_and_no_more() {
        let gate = Gate::new(2);
        gate.advance(Phase::Open);
        let (one, two) = (gate.enter().unwrap(), gate.enter().unwrap());
        assert_eq!((gate.enter().err(), gate.running(), gate.limit()), (Some(Denied::Full), 2, 2));
        drop(one);
        assert_eq!(gate.running(), 1);
        gate.advance(Phase::Leaving);
        drop(gate.enter().unwrap());
        gate.advance(Phase::Closed);
        assert_eq!((gate.enter().err(), gate.running()), (Some(Denied::Draining), 1));
        drop(two);
        assert_eq!(gate.running(), 0);
    }

    #[test]
    fn nobody_goes_back() {
        let gate = Gate::new(1);
        assert_eq!(gate.phase(), Phase::Starting);
        gate.advance(Phase::Leaving);
        gate.advance(Phase::Open);
        assert_eq!(gate.phase(), Phase::Leaving);
        let waits: Vec<u64> = (0..4).map(|_| gate.retry_after()).collect();
        assert_eq!(waits, [1, 2, 3, 1]);
    }
}
