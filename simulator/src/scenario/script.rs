//! A script as it was read: what stands at the start, and what happens when.

use super::curve::Curve;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::metrics::{AlarmState, Comparison};
use tidegate_domain::policy::{FleetPolicy, Policy};
use tidegate_fakes::GroupSpec;

/// A script that can be played.
#[derive(Debug, Clone)]
pub struct Script {
    /// The policy that the functions are deployed with.
    pub policy: Policy,
    /// The fleet that it is about.
    pub fleet: FleetName,
    /// The group at the start.
    pub group: GroupSpec,
    /// The native target tracking on the group.
    pub tracking: Option<Net>,
    /// Alarms, in the script's order.
    pub alarms: Vec<Watch>,
    /// The first minute.
    pub from: Timestamp,
    /// The end; nobody is woken any more at it.
    pub until: Timestamp,
    /// The load by the minute, in the policy's unit.
    pub load: Curve,
    /// The load of past weeks, as if it had been this week; none: the metric is young.
    pub past: Option<Curve>,
    /// What happens, in the order of time.
    pub events: Vec<Happening>,
}

impl Script {
    /// The policy of its fleet.
    pub fn fleet_policy(&self) -> Option<&FleetPolicy> {
        self.policy.fleets.get(&self.fleet)
    }

    /// The zone of its times.
    pub fn zone(&self) -> TimeZone {
        self.fleet_policy().map_or(TimeZone::UTC, |policy| policy.calendar.zone.clone())
    }
}

/// Target tracking on the average CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Net {
    /// Percent of CPU that it aims at.
    pub target: f64,
    /// It may scale in.
    pub scale_in: bool,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// Its name.
    pub name: AlarmName,
    /// What moves it; none: only the script.
    pub rule: Option<Rule>,
}

/// When an alarm is in ALARM.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// What it looks at.
    pub metric: Metric,
    /// Which side of the threshold.
    pub comparison: Comparison,
    /// The threshold, in the metric's unit.
    pub threshold: f64,
    /// Minutes that must breach.
    pub datapoints: u32,
    /// Of so many newest minutes.
    pub periods: u32,
}

/// What a metric of the script's world shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// The load.
    Load,
    /// The healthy hosts.
    Healthy,
    /// The group's average CPU, percent.
    Cpu,
    /// The load for each healthy host.
    PerTarget,
}

impl Metric {
    /// Their words in a script.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("load", Self::Load),
        ("healthy", Self::Healthy),
        ("cpu", Self::Cpu),
        ("requests-per-target", Self::PerTarget),
    ];

    /// Reads a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, metric)| *metric)
    }
}

/// What happens at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Its line in the script.
    pub line: usize,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
    /// In the script's words.
    pub words: String,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Launches fail in a zone (none: in all) with these words of AWS.
    LaunchesFail(Option<String>, String),
    /// Launches succeed again in a zone (none: in all).
    LaunchesSucceed(Option<String>),
    /// A zone is lost with its instances.
    ZoneLost(String),
    /// Metrics (none: all) publish nothing for a time.
    MetricLost(Option<Metric>, Timestamp),
    /// A service of AWS does not answer for a time.
    Down(Service, Timestamp),
    /// Nothing wakes the functions for a time.
    FunctionsDead(Timestamp),
    /// A person sets one of the group's sizes.
    Operator(Size, u32),
    /// A person sets a tag of the group, or takes it off.
    Tag(String, Option<String>),
    /// An instance refresh takes a status.
    Refresh(String),
    /// A person suspends a process.
    Suspend(String),
    /// A person resumes a process.
    Resume(String),
    /// An alarm takes a state.
    Alarm(AlarmName, AlarmState),
    /// Instances launched from now on take this long to boot.
    Boot(SignedDuration),
    /// A person deletes the backstop.
    BackstopDeleted,
}

/// A service that can be down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Auto Scaling's API; what it scales by itself goes on.
    AutoScaling,
    /// The control table.
    Table,
    /// CloudWatch's API.
    CloudWatch,
    /// SNS.
    Sns,
}

/// One of a group's sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// `MinSize`
    Min,
    /// `MaxSize`
    Max,
    /// `DesiredCapacity`
    Desired,
}
