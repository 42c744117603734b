//! Strict in-memory twins of the ports: one world in which Auto Scaling, CloudWatch, the
//! control table and SNS behave as AWS documents, refuse what AWS refuses, and fail on
//! request.
//!
//! What must stay true: the same calls in the same order give the same world, whatever
//! machine runs them. Time moves only when told ([`FakeAws::advance`]) or when a call is
//! made slow; containers are ordered; futures are ready at once unless
//! [`FakeAws::interleave`] asks otherwise.
//!
//! ```
//! use jiff::SignedDuration;
//! use tidegate_domain::{ids::FleetName, ports::Groups};
//! use tidegate_fakes::{At, Call, FakeAws, Fault, GroupSpec, block_on};
//!
//! let aws = FakeAws::at("2026-03-06T11:00:00Z".parse().unwrap());
//! let fleet = FleetName::new("aira-web").unwrap();
//! aws.add_group(&fleet, GroupSpec::sized(4, 4, 20));
//! block_on(aws.set_min(&fleet, 6)).unwrap();
//! aws.advance(SignedDuration::from_mins(3));
//! let group = block_on(aws.describe(&fleet)).unwrap().unwrap();
//! assert_eq!(group.serving(), 6);
//!
//! aws.inject(At::call(Call::SetMin).nth(1), Fault::LostAnswer);
//! assert!(block_on(aws.set_min(&fleet, 7)).is_err());
//! assert_eq!(aws.sizes(&fleet).unwrap().min, 7);
//! ```

mod activities;
mod alarm_items;
mod alarm_source;
mod alarm_store;
mod alarms;
mod attach;
mod call;
mod clock;
mod control;
mod faults;
mod fleet;
mod groups;
mod leases;
mod log;
mod lone;
mod math;
mod metrics;
mod notices;
mod outlet;
mod outside;
mod physics;
mod run;
mod schedule;
pub mod sessions;
#[cfg(test)]
mod tests;
mod tracking;

pub use alarms::{AlarmChange, AlarmSpec, Missing};
pub use attach::Site;
pub use call::Call;
pub use faults::{At, Fault};
pub use fleet::{GroupSpec, SizeChange, Writer};
pub use leases::HeldLease;
pub use log::Logged;
pub use lone::{Head, LoneGroup};
pub use metrics::Fleets;
pub use notices::{Sent, Topic};
pub use outlet::SentMessage;
pub use run::block_on;
pub use tracking::Tracking;

use faults::Faults;
use fleet::Fleet;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidegate_domain::ids::FleetName;

/// A handle on the world; clones share it. It implements every port.
///
/// A handle belongs to a run (an invocation): crashes and time left are the run's own.
#[derive(Clone)]
pub struct FakeAws {
    state: Arc<Mutex<State>>,
    run: u64,
}

impl FakeAws {
    /// An empty world at this time, by both clocks.
    pub fn at(now: Timestamp) -> Self {
        Self { state: Arc::new(Mutex::new(State::at(now))), run: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let fleets: Vec<_> = state.groups.iter().map(|(name, g)| (name, g.sizes)).collect();
        f.debug_struct("FakeAws").field("now", &state.now).field("groups", &fleets).finish()
    }
}

/// Everything there is.
struct State {
    /// Story time: what AWS's own events and the decisions go by.
    now: Timestamp,
    /// Real time: leases, retention.
    wall: Timestamp,
    groups: BTreeMap<FleetName, Fleet>,
    metrics: metrics::Store,
    alarms: alarms::Alarms,
    described: alarm_source::Described,
    table: control::Table,
    topics: notices::Topics,
    outlet: outlet::AlarmTopics,
    faults: Faults,
    runs: BTreeMap<u64, clock::Run>,
    tokens: u64,
    ids: fleet::Ids,
    interleave: bool,
}

impl State {
    fn at(now: Timestamp) -> Self {
        Self {
            now,
            wall: now,
            groups: BTreeMap::new(),
            metrics: metrics::Store::default(),
            alarms: alarms::Alarms::default(),
            described: alarm_source::Described::default(),
            table: control::Table::default(),
            topics: notices::Topics::default(),
            outlet: outlet::AlarmTopics::default(),
            faults: Faults::default(),
            runs: BTreeMap::new(),
            tokens: 0,
            ids: fleet::Ids::default(),
            interleave: false,
        }
    }
}
