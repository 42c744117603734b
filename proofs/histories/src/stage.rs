//! The stage of a history: one group, its alarms and metrics, and what is true of them.

use super::policies::{self, FLEET};
use super::truth::Truth;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::sync::OnceLock;
use tidegate_domain::group::ScalingPolicy;
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, MetricSpec, Point};
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::Clock;
use tidegate_fakes::{AlarmSpec, FakeAws, GroupSpec};

/// The spike alarm, and the two that veto.
pub const ALARMS: [&str; 3] = ["web-cpu-high", "web-latency", "web-5xx"];
/// The spike alarm's threshold.
pub const THRESHOLD: f64 = 50.0;
/// Minutes of metrics before the beginning.
const PAST_MINUTES: i64 = 120;
/// A Wednesday, 12:00 in Seoul; a scene begins up to a week later.
const EPOCH: i64 = 1_774_407_600;

/// Where a history begins.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Which policy seeds the functions.
    pub policy: usize,
    /// Minutes after a Wednesday's noon.
    pub minute: i64,
    /// `MinSize` and desired capacity at first.
    pub min: u32,
    /// Desired capacity on top of `MinSize`.
    pub above: u32,
    /// A dynamic policy scales in.
    pub floor_mode: bool,
    /// The group counts its capacity in vCPUs.
    pub foreign_unit: bool,
    /// The group does not exist.
    pub missing: bool,
}

/// Scenes; rare kinds of groups are rare.
pub fn scenes() -> impl Strategy<Value = Scene> {
    let rare = |of: u32| (0..of).prop_map(|n| n == 0);
    let evening = prop_oneof![4 => 0i64..10_080, 3 => 600i64..760, 3 => 1_100i64..1_260];
    (0..policies::COUNT, evening, 1u32..14, 0u32..8, rare(4), rare(120), rare(120)).prop_map(
        |(policy, minute, min, above, floor_mode, foreign_unit, missing)| Scene {
            policy,
            minute,
            min,
            above,
            floor_mode,
            foreign_unit,
            missing,
        },
    )
}

/// The world of a history.
#[derive(Debug)]
pub struct Theatre {
    /// The fakes.
    pub aws: FakeAws,
    /// What the history made true, kept apart from what the code reads.
    pub truth: Truth,
    /// The policy that the functions last used.
    pub held: Policy,
}

impl Theatre {
    /// The stage as the scene has it.
    pub fn new(scene: &Scene) -> Self {
        let second = EPOCH + scene.minute * 60;
        let aws = FakeAws::at(Timestamp::from_second(second).unwrap_or_default());
        if !scene.missing {
            let sizes = GroupSpec::sized(scene.min, scene.min + scene.above, 60);
            let spec = if scene.foreign_unit { sizes.foreign_unit("vcpu") } else { sizes };
            // It is the first group in this world, and its sizes fit.
            let _ = aws.add_group(fleet(), spec);
        }
        if scene.floor_mode {
            aws.attach_policy(
                fleet(),
                ScalingPolicy { name: "tracking".into(), can_scale_in: true },
            );
        }
        ALARMS.iter().for_each(|name| put_alarm(&aws, name));
        let policy = policies::policy(scene.policy);
        let truth = Truth::new(aws.now());
        let mut theatre = Self { aws, truth, held: policy.clone() };
        theatre.truth.floor_mode = scene.floor_mode;
        let begins = theatre.aws.now();
        let earlier = begins.saturating_sub(SignedDuration::from_mins(PAST_MINUTES));
        theatre.truth.filled_until = earlier.unwrap_or(begins);
        theatre.fill(begins);
        theatre
    }

    /// Lets time pass; the metrics are published by the minute.
    pub fn pass(&mut self, minutes: i64) {
        let length = SignedDuration::from_mins(minutes);
        let until = self.aws.now().saturating_add(length).unwrap_or_else(|_| self.aws.now());
        self.fill(until);
        self.aws.advance(length);
    }

    /// Publishes the present levels for every minute that has not been published before
    /// `until`.
    pub fn fill(&mut self, until: Timestamp) {
        let minutes = self.truth.minutes_until(until);
        let levels = self.truth.levels;
        let lines = [(load(), levels.load), (healthy(), levels.healthy), (cpu(), levels.cpu)];
        for (spec, level) in lines {
            if let Some(value) = level {
                self.aws.put_points(spec, minutes.iter().map(|at| Point { at: *at, value }));
            }
        }
        self.truth.publish(&minutes);
    }
}

/// Creates (or creates again) an alarm, quiet.
pub fn put_alarm(aws: &FakeAws, name: &str) {
    let name = alarm(name);
    let query = MetricQuery::metric(cpu().clone());
    aws.put_alarm(AlarmSpec::new(&name, query, Comparison::AtOrAbove, THRESHOLD));
    aws.set_alarm(&name, AlarmState::Ok);
}

/// The fleet.
pub fn fleet() -> &'static FleetName {
    static NAME: OnceLock<FleetName> = OnceLock::new();
    NAME.get_or_init(|| FleetName::new(FLEET).unwrap_or_else(|e| unreachable!("{e}")))
}

/// An alarm's name.
pub fn alarm(name: &str) -> AlarmName {
    AlarmName::new(name).unwrap_or_else(|e| unreachable!("{e}"))
}

fn load() -> &'static MetricSpec {
    static SPEC: OnceLock<MetricSpec> = OnceLock::new();
    SPEC.get_or_init(|| spec("AWS/ApplicationELB RequestCount Sum TargetGroup=web"))
}

fn healthy() -> &'static MetricSpec {
    static SPEC: OnceLock<MetricSpec> = OnceLock::new();
    SPEC.get_or_init(|| spec("AWS/ApplicationELB HealthyHostCount Minimum TargetGroup=web"))
}

fn cpu() -> &'static MetricSpec {
    static SPEC: OnceLock<MetricSpec> = OnceLock::new();
    SPEC.get_or_init(|| spec("AWS/EC2 CPUUtilization Average AutoScalingGroupName=web"))
}

fn spec(text: &str) -> MetricSpec {
    text.parse().unwrap_or_else(|e: String| unreachable!("{e}"))
}
