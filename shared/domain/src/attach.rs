//! What there is to see of a group before Tidegate is attached to it, and what is taken off again
//! when it goes: the port of the operator's commands. No function calls it.

use crate::group::{Group, ScalingPolicy};
use crate::ids::FleetName;
use crate::ledger::LedgerEntry;
use crate::ports::PortResult;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::future::Future;

/// A group with what a decision does not look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// What a decision sees.
    pub group: Group,
    /// Health checks: `EC2` always, `ELB` and others where they are asked for.
    pub health_checks: BTreeSet<String>,
    /// Group metrics that CloudWatch gets by the minute.
    pub metrics: BTreeSet<String>,
    /// Target groups (by ARN) and classic load balancers (by name) that instances are put into.
    pub traffic: BTreeSet<String>,
    /// Instances that are protected from scale-in now.
    pub protected: u32,
    /// What else is special about it.
    pub traits: BTreeSet<Trait>,
}

/// What a group may have that changes how it scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trait {
    /// New instances are protected from scale-in.
    ProtectsNew,
    /// Instances of several types or purchase options.
    Mixed,
    /// Types count for different numbers of capacity units.
    Weighted,
    /// Stopped or idle instances stand ready.
    WarmPool,
}

/// A scheduled action of a group. A size that it does not name stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScheduledAction {
    /// Its name.
    pub name: String,
    /// `MinSize` to be.
    pub min: Option<u32>,
    /// `MaxSize` to be.
    pub max: Option<u32>,
    /// Desired capacity to be.
    pub desired: Option<u32>,
    /// Five-field cron; none: once, at `start`.
    pub recurrence: Option<String>,
    /// IANA zone of the recurrence.
    pub time_zone: String,
    /// Its first or next time, where AWS tells it.
    pub start: Option<Timestamp>,
    /// It does nothing after this.
    pub end: Option<Timestamp>,
}

/// A scaling policy with what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaler {
    /// Its name, and whether it can lower the desired capacity.
    pub policy: ScalingPolicy,
    /// What it is.
    pub kind: ScalerKind,
    /// Whether it acts at all.
    pub enabled: bool,
}

/// Kinds of scaling policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScalerKind {
    /// Target tracking.
    Tracking,
    /// Steps on an alarm.
    Step,
    /// One adjustment on an alarm.
    Simple,
    /// Predictive scaling.
    Predictive {
        /// It acts on what it forecasts; else it only forecasts.
        scales: bool,
    },
    /// A word of AWS that we do not know.
    Other(String),
}

/// A lifecycle hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// It holds launching instances; else leaving ones.
    pub launching: bool,
    /// For at most this long, unless it is answered.
    pub timeout: SignedDuration,
    /// An instance whose hook is not answered is given up.
    pub abandons: bool,
}

/// What the operator's commands see and take off.
pub trait Attach {
    /// The group; `None` when there is no such group.
    fn setup(&self, fleet: &FleetName) -> impl Future<Output = PortResult<Option<Setup>>> + Send;

    /// Every scheduled action of the group, ours included, by name.
    fn schedules(
        &self,
        fleet: &FleetName,
    ) -> impl Future<Output = PortResult<Vec<ScheduledAction>>> + Send;

    /// Every scaling policy of the group.
    fn scalers(&self, fleet: &FleetName) -> impl Future<Output = PortResult<Vec<Scaler>>> + Send;

    /// Every lifecycle hook of the group.
    fn hooks(&self, fleet: &FleetName) -> impl Future<Output = PortResult<Vec<Hook>>> + Send;

    /// The oldest entry of the fleet's ledger that is still there.
    fn first_entry(
        &self,
        fleet: &FleetName,
    ) -> impl Future<Output = PortResult<Option<LedgerEntry>>> + Send;

    /// Deletes the scheduled action [`crate::group::Backstop::NAME`]; done when there is none.
    fn remove_backstop(&self, fleet: &FleetName) -> impl Future<Output = PortResult<()>> + Send;

    /// Takes these tags off the group; done for those that are not there.
    fn remove_tags(
        &self,
        fleet: &FleetName,
        names: &BTreeSet<String>,
    ) -> impl Future<Output = PortResult<()>> + Send;
}
