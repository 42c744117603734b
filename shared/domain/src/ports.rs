//! The ports: what the cycle needs of the world, in domain words.
//!
//! Every implementation passes one contract suite. Futures are `Send`; no
//! runtime is assumed.

use crate::group::{Backstop, Evidence, Group};
use crate::ids::{AlarmName, FleetName};
use crate::ledger::LedgerEntry;
use crate::memory::Memory;
use crate::metrics::{Alarm, MetricQuery, Series, Window};
use crate::notice::Notice;
use crate::sizing::{Sizing, StateFault};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::future::Future;

/// What the world answers when it does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Throttled after the client's retries.
    #[error("{call} was throttled: {why}")]
    Throttled {
        /// The AWS call.
        call: &'static str,
        /// AWS's words.
        why: String,
    },
    /// No answer in time, or none that could be read. The effect may have happened.
    #[error("{call} gave no answer: {why}")]
    Unavailable {
        /// The AWS call.
        call: &'static str,
        /// What went wrong.
        why: String,
    },
    /// Not permitted.
    #[error("{call} is not permitted: {why}")]
    Denied {
        /// The AWS call.
        call: &'static str,
        /// AWS's words.
        why: String,
    },
    /// AWS refused the request as wrong; it did not happen.
    #[error("{call} was refused: {why}")]
    Refused {
        /// The AWS call.
        call: &'static str,
        /// AWS's words.
        why: String,
    },
    /// What we read is not what we can understand (a stored item, an answer).
    #[error("{call} answered what cannot be read: {why}")]
    Unreadable {
        /// The AWS call.
        call: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// The answer of a port.
pub type PortResult<T> = Result<T, PortError>;

/// Auto Scaling.
pub trait Groups {
    /// The group as it is now; `None` when there is no such group.
    fn describe(&self, fleet: &FleetName)
    -> impl Future<Output = PortResult<Option<Group>>> + Send;

    /// What is read only before a lowering: policies, activities of the 24 hours before
    /// `now`, refresh, backstop.
    fn evidence(
        &self,
        fleet: &FleetName,
        now: Timestamp,
    ) -> impl Future<Output = PortResult<Evidence>> + Send;

    /// Sets `MinSize` alone. AWS raises desired to it, and never lowers desired for it.
    fn set_min(&self, fleet: &FleetName, min: u32) -> impl Future<Output = PortResult<()>> + Send;

    /// Sets desired capacity. Used to lower only; the caller has described in the same run.
    fn set_desired(
        &self,
        fleet: &FleetName,
        desired: u32,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// Writes the scheduled action [`Backstop::NAME`].
    fn put_backstop(
        &self,
        fleet: &FleetName,
        backstop: &Backstop,
    ) -> impl Future<Output = PortResult<()>> + Send;
}

/// CloudWatch.
pub trait Metrics {
    /// The alarms by name; a name that does not exist is absent from the answer.
    fn alarms(
        &self,
        names: &[AlarmName],
    ) -> impl Future<Output = PortResult<BTreeMap<AlarmName, Alarm>>> + Send;

    /// One series for each query, in order, over the window; points ascend. Minutes
    /// without data are absent.
    fn read(
        &self,
        queries: &[MetricQuery],
        window: Window,
    ) -> impl Future<Output = PortResult<Vec<Series>>> + Send;
}

/// Who holds a fleet's lease: unique for each run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseToken(pub String);

/// The answer to asking for the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// It is ours until `until` (real time).
    Taken,
    /// Somebody else's; `wanted` is marked, so the holder runs once more.
    Busy,
}

/// The answer to giving the lease back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// It is free (or was no longer ours).
    Free,
    /// Somebody wanted it meanwhile: the mark is taken off, the lease is still ours; run once more.
    Wanted,
}

/// A fleet's memory with the version to write against; version 0 when there was none.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned {
    /// The memory.
    pub memory: Memory,
    /// Its version.
    pub version: u64,
}

/// The answer to a compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// Written; the new version.
    Version(u64),
    /// The stored version was another one; nothing was written.
    Conflict,
}

/// What sizing has learned of a fleet, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSizing {
    /// The state, or why the bytes that stand there are none.
    pub state: Result<Sizing, StateFault>,
    /// Its version, to write against.
    pub version: u64,
}

/// A policy document as stored, not yet parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPolicy {
    /// Its number; rises by one.
    pub version: u32,
    /// The TOML text.
    pub document: String,
}

/// The control table.
pub trait Control {
    /// The newest stored policy documents, newest first, at most five.
    fn policies(&self) -> impl Future<Output = PortResult<Vec<StoredPolicy>>> + Send;

    /// Stores a new version if it does not exist yet; `Conflict` if it does.
    fn put_policy(&self, policy: &StoredPolicy) -> impl Future<Output = PortResult<Stored>> + Send;

    /// Takes the fleet's lease until `until` (real time) if it is free, run out at `wall`,
    /// or already `token`'s; otherwise marks it wanted.
    fn acquire(
        &self,
        fleet: &FleetName,
        token: &LeaseToken,
        wall: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = PortResult<Lease>> + Send;

    /// Gives the lease back, unless somebody marked it wanted.
    fn release(
        &self,
        fleet: &FleetName,
        token: &LeaseToken,
    ) -> impl Future<Output = PortResult<Released>> + Send;

    /// The fleet's memory (strongly consistent).
    fn load(&self, fleet: &FleetName) -> impl Future<Output = PortResult<Versioned>> + Send;

    /// Writes the memory as version `expected + 1` if `expected` is what stands there.
    /// An answer that was lost and retried is success when the memory is our own.
    fn store(
        &self,
        fleet: &FleetName,
        expected: u64,
        memory: &Memory,
        token: &LeaseToken,
    ) -> impl Future<Output = PortResult<Stored>> + Send;

    /// What sizing has learned; none before it was ever written. It may be a little old, or a
    /// warm copy that is newer than what is stored.
    fn sizing(
        &self,
        fleet: &FleetName,
    ) -> impl Future<Output = PortResult<Option<StoredSizing>>> + Send;

    /// Writes what sizing has learned as version `expected + 1` if `expected` (0: nothing) is what
    /// stands there. An answer that was lost and retried is success when the state is our own.
    fn put_sizing(
        &self,
        fleet: &FleetName,
        expected: u64,
        state: &Sizing,
        token: &LeaseToken,
    ) -> impl Future<Output = PortResult<Stored>> + Send;

    /// Keeps a warm copy of what sizing has learned for this process's next run, so that it need
    /// not be read and caught up again. It may be lost at any time; a world without warm
    /// processes keeps none.
    fn keep_warm(&self, fleet: &FleetName, sizing: StoredSizing) {
        let _ = (fleet, sizing);
    }

    /// Appends to the ledger, kept until `expires` (real time). Repeatable.
    fn append(
        &self,
        entry: &LedgerEntry,
        expires: Timestamp,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// The newest ledger entries of a fleet, newest first. One that cannot be read (a newer
    /// version wrote it) is left out.
    fn ledger(
        &self,
        fleet: &FleetName,
        limit: u32,
    ) -> impl Future<Output = PortResult<Vec<LedgerEntry>>> + Send;
}

/// SNS.
pub trait Notices {
    /// Publishes to the topic of the notice's severity.
    fn publish(&self, notice: &Notice) -> impl Future<Output = PortResult<()>> + Send;
}

/// Time and identity.
pub trait Clock {
    /// The time that decisions and metric windows use.
    fn now(&self) -> Timestamp;

    /// The real time: leases, deadlines, retention.
    fn wall(&self) -> Timestamp;

    /// Real time left before the invocation's deadline.
    fn time_left(&self) -> SignedDuration;

    /// A token that no other run has.
    fn token(&self) -> LeaseToken;
}

/// All ports together.
pub trait World: Groups + Metrics + Control + Notices + Clock + Sync {}

impl<T: Groups + Metrics + Control + Notices + Clock + Sync> World for T {}
