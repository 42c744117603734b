//! What was called, for assertions such as "at most one call a minute".

use crate::{Call, FakeAws};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::PortResult;

/// One call as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its number, from 1, over all calls.
    pub seq: u64,
    /// The run (see [`FakeAws::run_number`]).
    pub run: u64,
    /// The call.
    pub call: Call,
    /// The fleet, where the call has one.
    pub fleet: Option<FleetName>,
    /// Its arguments for people.
    pub args: String,
    /// Story time.
    pub at: Timestamp,
    /// Time that the run had left.
    pub time_left: SignedDuration,
    /// How it ended for the caller.
    pub result: PortResult<()>,
}

impl FakeAws {
    /// Every call since the start (or since [`FakeAws::clear_log`]), oldest first.
    pub fn log(&self) -> Vec<Logged> {
        self.lock().faults.log.clone()
    }

    /// Forgets the calls made so far.
    pub fn clear_log(&self) {
        self.lock().faults.log.clear();
    }

    /// Whether calls are logged, as they are from the start. A storm of a hundred thousand calls
    /// need not be kept.
    pub fn keep_log(&self, keep: bool) {
        self.lock().faults.unlogged = !keep;
    }

    /// Calls that the predicate takes.
    pub fn calls(&self, pick: impl Fn(&Logged) -> bool) -> Vec<Logged> {
        self.lock().faults.log.iter().filter(|l| pick(l)).cloned().collect()
    }

    /// Calls that would change the fleet's group, refused and failed ones included.
    pub fn group_writes(&self, fleet: &FleetName) -> Vec<Logged> {
        self.calls(|l| l.call.is_group_write() && l.fleet.as_ref() == Some(fleet))
    }

    /// The largest number of such calls within any span of this length (half open).
    pub fn busiest(&self, span: SignedDuration, pick: impl Fn(&Logged) -> bool) -> usize {
        let times: Vec<Timestamp> = self.calls(pick).iter().map(|l| l.at).collect();
        let within = |first: &Timestamp| {
            times.iter().filter(|t| *first <= **t && t.duration_since(*first) < span).count()
        };
        times.iter().map(within).max().unwrap_or(0)
    }
}
