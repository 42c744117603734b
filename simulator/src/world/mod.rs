//! The simulator's world: the ports of the domain over one simulated fleet, in virtual time.
//!
//! The group is the strict fakes' one; metrics, alarms and the control table are lean, because
//! years of ticks go through them. A parity test holds this world to the fakes'.
//!
//! What must stay true: the same calls at the same seconds give the same answers on every
//! machine; nothing is known of the future.

pub mod faults;
mod metrics;
mod ports;
mod queue;
mod quiet;

pub use metrics::{AlarmRule, Measure, VISIBLE_AFTER_SECS};
pub use queue::Queue;
pub use quiet::{Before, Quiet};

use crate::plant::Site;
use faults::{Fault, Kind};
use jiff::Timestamp;
use metrics::{Bell, Queries};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidegate_domain::group::Group;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::memory::Memory;
use tidegate_domain::policy::FleetPolicy;
use tidegate_domain::ports::StoredSizing;
use tidegate_fakes::Writer;

/// Takes each entry of the ledger with the second of the trace at which it was written.
pub type Sink<'t> = Box<dyn FnMut(u64, &LedgerEntry) + Send + 't>;

/// A world in which one fleet stands under one trace.
pub struct SimWorld<'t> {
    state: Mutex<State<'t>>,
}

/// What was called, for the bill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// `DescribeAutoScalingGroups`.
    pub describes: u64,
    /// Looks at policies, activities, refreshes and scheduled actions.
    pub evidences: u64,
    /// Changes of the group.
    pub group_writes: u64,
    /// `DescribeAlarms`.
    pub alarms: u64,
    /// Metrics that `GetMetricData` was asked for, without sizing's.
    pub metrics: u64,
    /// Metrics that sizing asked for.
    pub sizing_metrics: u64,
    /// Leases taken and given back.
    pub leases: u64,
    /// Reads of the memory.
    pub loads: u64,
    /// Writes of the memory.
    pub memories: Sizes,
    /// Reads of what sizing learned.
    pub sizing_reads: u64,
    /// Writes of what sizing learned.
    pub sizings: Sizes,
    /// Entries of the ledger.
    pub entries: Sizes,
    /// Notices.
    pub notices: u64,
}

/// Writes of a kind of item, and how large some of them were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Writes.
    pub writes: u64,
    /// Of these, measured.
    pub measured: u64,
    /// Bytes of the measured ones.
    pub bytes: u64,
}

impl Sizes {
    /// Bytes of one item, mean of the measured ones.
    pub fn mean(&self) -> f64 {
        self.bytes as f64 / self.measured.max(1) as f64
    }
}

/// Which scripted faults hold now.
#[derive(Debug, Clone, Default)]
struct Weather {
    no_auto_scaling: bool,
    no_cloudwatch: bool,
    no_table: bool,
}

pub(crate) struct State<'t> {
    site: Site<'t>,
    /// The group as it shows itself, until it changes.
    view: Option<Arc<Group>>,
    queries: Queries,
    bells: BTreeMap<AlarmName, Bell>,
    weather: Weather,
    memory: Memory,
    sizing: Option<StoredSizing>,
    /// The next look at metrics is sizing's.
    sizing_asks: bool,
    /// When it last took one.
    sizing_read_at: Option<u64>,
    version: u64,
    /// Changes of the memory that other runs' decisions turn on.
    turns: u64,
    /// The last of them, if it was nothing but another bid of sizing.
    resized: Option<u64>,
    /// Changes of when the next closer look is taken.
    looks: u64,
    tokens: u64,
    calls: Calls,
    /// Changes of the group, of an alarm's state, and of the weather.
    changes: u64,
    sink: Sink<'t>,
}

impl<'t> SimWorld<'t> {
    /// A world around a site, under this policy, with these alarms on what its step tables
    /// name (the template's alarm for those without one).
    pub fn new(site: Site<'t>, policy: &FleetPolicy, alarms: &[AlarmRule], sink: Sink<'t>) -> Self {
        let bells = metrics::bells(policy, alarms, site.at(0));
        let state = State {
            site,
            view: None,
            queries: Queries::of(policy),
            bells,
            weather: Weather::default(),
            memory: Memory::default(),
            sizing: None,
            sizing_asks: false,
            sizing_read_at: None,
            version: 0,
            turns: 0,
            resized: None,
            looks: 0,
            tokens: 0,
            calls: Calls::default(),
            changes: 0,
            sink,
        };
        Self { state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<'t>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves time on to this second of the trace.
    pub fn advance(&self, second: u64) {
        let state = &mut *self.lock();
        if state.site.advance(second) {
            state.changed();
        }
    }

    /// A scripted fault begins, or ends.
    pub fn strike(&self, fault: &Fault, begins: bool) {
        let state = &mut *self.lock();
        state.changed();
        match &fault.kind {
            Kind::AutoScalingDown => state.weather.no_auto_scaling = begins,
            Kind::CloudWatchDown => state.weather.no_cloudwatch = begins,
            Kind::TableDown => state.weather.no_table = begins,
            physical => physical.strike(&mut state.site, begins),
        }
    }

    /// The time at a second of the trace.
    pub fn at(&self, second: u64) -> Timestamp {
        self.lock().site.at(second)
    }

    /// Looks at the site.
    pub fn with_site<T>(&self, look: impl FnOnce(&Site<'t>) -> T) -> T {
        look(&self.lock().site)
    }

    /// A native policy sets the desired capacity; without `inward` it only raises it.
    pub fn resize(&self, by: Writer, desired: u32, inward: bool) {
        let state = &mut *self.lock();
        let least = if inward { 0 } else { state.site.group().sizes().desired };
        // A group that cannot be changed now stays as it is; the policy sees that in a minute.
        let _ = state.site.resize(by, desired.max(least));
        state.changed();
    }

    /// What was called so far.
    pub fn calls(&self) -> Calls {
        self.lock().calls
    }

    /// The fleet's memory.
    pub fn memory(&self) -> Memory {
        self.lock().memory.clone()
    }

    /// The site, when everything is over.
    pub fn into_site(self) -> Site<'t> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).site
    }
}

impl State<'_> {
    /// The group, an alarm's state or the weather is another one than before.
    fn changed(&mut self) {
        self.view = None;
        self.changes += 1;
    }
}

impl fmt::Debug for SimWorld<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimWorld")
            .field("second", &self.lock().site.second())
            .finish_non_exhaustive()
    }
}
