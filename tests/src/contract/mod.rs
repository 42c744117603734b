//! One contract suite for each port, run on every implementation.
//!
//! A suite is a table of named cases. A case sets its scene through [`Arrange`], acts
//! through the ports alone, and returns a [`Verdict`]: what an implementation's world
//! cannot do is reported as [`Stop::Unsupported`] with a reason, never passed over.
//!
//! What must stay true: a case assumes nothing that the port's documentation does not
//! promise, uses names of its own ([`Arrange::unique`]), and lets the world come to rest
//! with [`Arrange::settle`] where AWS takes time.

pub mod alarms;
pub mod attach;
pub mod control;
pub mod fake_stage;
pub mod groups;
pub mod metrics;
pub mod notices;
pub mod sessions;
pub mod sizing;

use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use tidegate_domain::alarms::group::GroupId;
use tidegate_domain::alarms::ports::{AlarmSource, AlarmStore, Outlet};
use tidegate_domain::attach::{Attach, Hook, ScheduledAction};
use tidegate_domain::group::{Backstop, ScalingPolicy};
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, MetricSpec, Point};
use tidegate_domain::notice::Severity;
use tidegate_domain::ports::{PortError, World};

/// Sets scenes in the world behind the ports, and reads back what reached it, around the
/// ports. Whatever a stand-in for AWS cannot do it answers with [`Stop::Unsupported`].
#[expect(async_fn_in_trait, reason = "a suite runs on one thread")]
pub trait Arrange {
    /// The implementation under test.
    type World: World + Attach + AlarmStore + AlarmSource + Outlet;

    /// The implementation under test.
    fn world(&self) -> &Self::World;

    /// Why the world behind does not show this fact of AWS; none when it does. A case that
    /// needs the fact is then reported as unsupported.
    fn lacks(&self, fact: Fact) -> Option<String>;

    /// A text that begins with `stem` and that no other case uses (letters, digits, `-`).
    fn unique(&self, stem: &str) -> String;

    /// Creates a group with a unique name and lets it settle.
    async fn group(&self, scene: &GroupScene) -> Scene<FleetName>;

    /// Waits (or moves time on) until the group has as much in service as is desired and no
    /// instance boots or leaves.
    async fn settle(&self, fleet: &FleetName) -> Scene<()>;

    /// Sets desired capacity as somebody else would.
    async fn outside_desired(&self, fleet: &FleetName, desired: u32) -> Scene<()>;

    /// Attaches an enabled dynamic policy: target tracking with or without scale-in.
    async fn attach_policy(&self, fleet: &FleetName, policy: &ScalingPolicy) -> Scene<()>;

    /// Suspends a process such as `Launch`.
    async fn suspend(&self, fleet: &FleetName, process: &str) -> Scene<()>;

    /// Puts an instance refresh into this status.
    async fn refresh(&self, fleet: &FleetName, status: &str) -> Scene<()>;

    /// The scheduled action [`Backstop::NAME`] as it stands on the group.
    async fn backstop(&self, fleet: &FleetName) -> Scene<Option<Backstop>>;

    /// Puts a recurring scheduled action on the group, as somebody else would.
    async fn schedule(&self, fleet: &FleetName, action: &ScheduledAction) -> Scene<()>;

    /// Puts a hook on launching instances, and says what it is.
    async fn hook(&self, fleet: &FleetName) -> Scene<Hook>;

    /// Publishes one value per point, readable when done. Points lie on whole minutes, some
    /// minutes in the past, and each minute gets one value, so every statistic but
    /// `SampleCount` reads back the value itself.
    async fn put_points(&self, spec: &MetricSpec, points: &[Point]) -> Scene<()>;

    /// Creates an alarm with a unique name; its state is insufficient data.
    async fn alarm(&self, scene: &AlarmScene) -> Scene<AlarmName>;

    /// Sets an alarm's state.
    async fn set_alarm(&self, name: &AlarmName, state: AlarmState) -> Scene<()>;

    /// Everything published so far.
    async fn published(&self) -> Scene<Vec<Published>>;

    /// Overwrites the document of the fleet's stored memory with this text.
    async fn garble_memory(&self, fleet: &FleetName, document: &str) -> Scene<()>;

    /// Overwrites the document of what people know of a group with this text.
    async fn garble_group(&self, group: &GroupId, document: &str) -> Scene<()>;

    /// Gives an alarm these tags.
    async fn tag_alarm(&self, arn: &str, tags: &BTreeMap<String, String>) -> Scene<()>;

    /// Every message of the router's that reached a topic so far.
    async fn sent(&self) -> Scene<Vec<Sent>>;

    /// The same implementation over a world in which something is missing.
    async fn without(&self, what: Missing) -> Scene<Self::World>;

    /// Stops the case with the reason when the world lacks the fact.
    ///
    /// # Errors
    /// [`Stop::Unsupported`].
    fn needs(&self, fact: Fact) -> Scene<()> {
        self.lacks(fact).map_or(Ok(()), |why| Err(Stop::Unsupported(format!("{fact:?}: {why}"))))
    }
}

/// What AWS does and a local stand-in for it may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Desired capacity outside [min, max] is a ValidationError.
    DesiredBounds,
    /// `MinSize` above `MaxSize` is a ValidationError.
    MinAboveMaxRefused,
    /// A `MinSize` above desired raises desired.
    MinRaisesDesired,
    /// Writing to a group that does not exist is a ValidationError.
    MissingGroupRefused,
    /// Putting a scheduled action on a group that does not exist is a ValidationError.
    ScheduleNeedsGroup,
    /// Each launch and termination leaves an activity with its cause.
    Activities,
    /// A scheduled action's recurrence and zone are checked.
    RecurrenceChecked,
    /// A scheduled action keeps its time zone.
    RecurrenceZone,
    /// Metric math is evaluated.
    MetricMath,
    /// Metric math that cannot be parsed is refused.
    BadMathRefused,
    /// Minutes add up to a longer period.
    LongerPeriods,
    /// A new alarm waits in `INSUFFICIENT_DATA` and changes only when told.
    AlarmsWait,
    /// SNS checks subjects and sizes.
    NoticeLimits,
}

/// What a world can be made to lack, for [`Arrange::without`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The control table.
    Table,
    /// Every topic.
    Topics,
    /// Permission for every call.
    Permission,
}

/// A group to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupScene {
    /// `MinSize`.
    pub min: u32,
    /// `DesiredCapacity`.
    pub desired: u32,
    /// `MaxSize`.
    pub max: u32,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl GroupScene {
    /// A group of these sizes without tags.
    pub fn sized(min: u32, desired: u32, max: u32) -> Self {
        Self { min, desired, max, tags: BTreeMap::new() }
    }

    /// With a tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }
}

/// An alarm to create: 1 of 1 periods, missing data ignored.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmScene {
    /// What it watches.
    pub query: MetricQuery,
    /// Its threshold.
    pub threshold: f64,
    /// Which side it watches.
    pub comparison: Comparison,
}

/// A message as it reached a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Whose topic.
    pub severity: Severity,
    /// Its subject.
    pub subject: String,
    /// Its body.
    pub body: String,
}

/// A message of the router's as it reached a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The topic's name: `critical`, `warning`, `escalation`, `chat`.
    pub topic: String,
    /// Its subject; empty for a chat form.
    pub subject: String,
    /// What a subscription without a form of its own gets.
    pub text: String,
    /// What a subscription can filter by.
    pub attributes: BTreeMap<String, String>,
}

/// Why a case stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The world behind the ports cannot show it; the reason.
    Unsupported(String),
    /// It is not as the contract says.
    Failed(String),
}

impl From<PortError> for Stop {
    fn from(error: PortError) -> Self {
        Self::Failed(format!("unexpected: {error} ({error:?})"))
    }
}

/// What an arrangement yields.
pub type Scene<T> = Result<T, Stop>;

/// What a case yields.
pub type Verdict = Result<(), Stop>;

/// Characters of a value that a report shows.
const SHOWN: usize = 600;

/// Fails the case unless both are equal.
///
/// # Errors
/// [`Stop::Failed`] with both values.
pub fn same<T: PartialEq + fmt::Debug>(what: &str, got: T, expected: T) -> Verdict {
    if got == expected {
        return Ok(());
    }
    let brief = |value: T| format!("{value:?}").chars().take(SHOWN).collect::<String>();
    Err(Stop::Failed(format!("{what}: got {}, expected {}", brief(got), brief(expected))))
}

/// Fails the case unless the condition holds.
///
/// # Errors
/// [`Stop::Failed`] with the words.
pub fn holds(condition: bool, what: impl fmt::Display) -> Verdict {
    if condition { Ok(()) } else { Err(Stop::Failed(what.to_string())) }
}

/// Fails the case unless AWS refused the request as wrong.
///
/// # Errors
/// [`Stop::Failed`] with what was answered instead.
pub fn refused<T: fmt::Debug>(what: &str, answer: Result<T, PortError>) -> Verdict {
    match answer {
        Err(PortError::Refused { .. }) => Ok(()),
        other => Err(Stop::Failed(format!("{what}: expected Refused, got {other:?}"))),
    }
}

/// A case's body.
pub type Body<S> = for<'a> fn(&'a S) -> Pin<Box<dyn Future<Output = Verdict> + 'a>>;

/// One named promise of a port.
pub struct Case<S> {
    /// The port.
    pub port: &'static str,
    /// The promise, as a function's name.
    pub name: &'static str,
    /// Its check.
    pub body: Body<S>,
}

/// What became of every case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// `port::case` of those that hold.
    pub passed: Vec<String>,
    /// Those that the world cannot show, with the reason.
    pub unsupported: BTreeMap<String, String>,
    /// Those that do not hold, with what was seen instead.
    pub failed: BTreeMap<String, String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed) = (self.passed.len(), self.failed.len());
        writeln!(f, "{passed} hold, {failed} do not, {} unsupported", self.unsupported.len())?;
        self.failed.iter().try_for_each(|(case, why)| writeln!(f, "FAILED      {case}: {why}"))?;
        self.unsupported.iter().try_for_each(|(case, why)| writeln!(f, "unsupported {case}: {why}"))
    }
}

/// Runs every case, one after the other.
pub async fn run<S>(stage: &S, cases: &[Case<S>]) -> Report {
    let mut report = Report::default();
    for case in cases {
        let name = format!("{}::{}", case.port, case.name);
        match (case.body)(stage).await {
            Ok(()) => report.passed.push(name),
            Err(Stop::Unsupported(why)) => drop(report.unsupported.insert(name, why)),
            Err(Stop::Failed(why)) => drop(report.failed.insert(name, why)),
        }
    }
    report
}

impl<S> Case<S> {
    /// A port's table of named cases.
    pub fn table<const N: usize>(
        port: &'static str,
        cases: [(&'static str, Body<S>); N],
    ) -> Vec<Self> {
        cases.into_iter().map(|(name, body)| Self { port, name, body }).collect()
    }
}

/// Every case of every port.
pub fn all<S: Arrange>() -> Vec<Case<S>> {
    let mut cases = groups::cases();
    cases.extend(attach::cases());
    cases.extend(metrics::cases());
    cases.extend(control::cases());
    cases.extend(sizing::cases());
    cases.extend(notices::cases());
    cases.extend(alarms::store::cases());
    cases.extend(alarms::leases::cases());
    cases.extend(alarms::source::cases());
    cases.extend(alarms::outlet::cases());
    cases
}

/// Pairs of a case's name and body, from the functions' names.
#[macro_export]
macro_rules! contract_cases {
    ($($case:ident),+ $(,)?) => {
        [$((stringify!($case), |stage| Box::pin($case(stage)))),+]
    };
}

/// Whole minutes before now, newest last: `count` of them, the newest `ago` minutes old.
pub fn minutes<S: Arrange>(stage: &S, count: u32, ago: u32) -> Vec<jiff::Timestamp> {
    use tidegate_domain::ports::Clock;
    let now = stage.world().now().as_second().div_euclid(60) * 60;
    let newest = now - i64::from(ago) * 60;
    let second = |back: u32| jiff::Timestamp::from_second(newest - i64::from(back) * 60);
    (0..count).rev().filter_map(|back| second(back).ok()).collect()
}

/// The hook that stages put on a group.
pub(crate) fn launch_hook() -> Hook {
    let timeout = SignedDuration::from_secs(120);
    Hook { name: "warm-caches".to_owned(), launching: true, timeout, abandons: false }
}

/// A minute.
pub const MINUTE: SignedDuration = SignedDuration::from_secs(60);
