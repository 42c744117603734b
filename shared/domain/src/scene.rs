//! A scene for unit tests: a fleet of which everything is known and quiet, to be changed in
//! one respect. By night its gate is open, so that what closes it can be told one by one.

use crate::decide::{Decision, Inputs, Trust, decide};
use crate::group::{Activity, ActivityKind, ActivityResult};
use crate::group::{Backstop, Evidence, Group, Instance, Lifecycle, Mode, Sizes};
use crate::ids::{AlarmName, FleetName, InstanceId};
use crate::memory::{CapacitySample, Memory, Seen, SeenMode};
use crate::metrics::{Alarm, AlarmState, Comparison, MetricQuery, Point, Series};
use crate::observation::{CloserLook, Observation};
use crate::policy::{FleetPolicy, Policy};
use crate::signal::{AlarmChange, Signal};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Day 08:00 to 22:00 in Seoul with a floor of 6; by night a floor of 2. One instance serves
/// 100 a minute. Above 50 the alarm's steps are 0, then from 60 on 10 %, from 70 on 30 %.
const POLICY: &str = r#"
version = 1
[fleets.web]
min = 1
time_zone = "Asia/Seoul"
capacity_per_instance = 100
boot_secs = 120
budget_max = 40
[fleets.web.load]
expression = "requests"
metrics = { requests = "AWS/ApplicationELB RequestCount Sum" }
healthy = "AWS/ApplicationELB HealthyHostCount Minimum"
[fleets.web.day]
starts = "08:00"
floor = 6
[fleets.web.night]
starts = "22:00"
floor = 2
[fleets.web.lower]
veto_alarms = ["web-5xx", "web-latency"]
[[fleets.web.spike]]
alarm = "web-cpu"
adjustment = "percent"
steps = [{ from = 0, to = 10, add = 0 }, { from = 10, to = 20, add = 10 }, { from = 20, add = 30 }]
"#;

/// Everything that a decision is made from, to be changed at will.
pub(crate) struct Scene {
    pub fleet: FleetName,
    pub policy: FleetPolicy,
    pub observation: Observation,
    pub signal: Signal,
    pub memory: Memory,
    pub trust: Trust,
    pub now: Timestamp,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

pub(crate) fn mins(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub(crate) fn alarm(name: &str) -> AlarmName {
    AlarmName::new(name).unwrap()
}

pub(crate) fn id(n: u32) -> InstanceId {
    InstanceId::new(format!("i-{n}")).unwrap()
}

/// An activity that began so many minutes after 21:00 on the scene's Friday.
pub(crate) fn activity(
    minute: i64,
    kind: ActivityKind,
    result: ActivityResult,
    zone: Option<&str>,
) -> Activity {
    Activity {
        id: format!("a-{minute}"),
        started: at("2026-11-20T12:00:00Z") + mins(minute),
        ended: None,
        kind,
        result,
        zone: zone.map(str::to_owned),
        message: "no capacity".into(),
        desired_change: None,
    }
}

impl Scene {
    /// A Friday at 23:00: ten in service, the load needs two, and the gate is open. Everything
    /// was read, so the decision is a step from ten to eight.
    pub fn night() -> Self {
        let now = at("2026-11-20T23:00:00+09:00");
        Self::of(now, 10, Signal::Night { scheduled: Some(now) })
    }

    /// The same Friday at 13:00: ten in service over a floor of six.
    pub fn day() -> Self {
        Self::of(at("2026-11-20T13:00:00+09:00"), 6, Signal::Tick)
    }

    /// The Monday after at 07:00: two in service, nothing asked for yet.
    pub fn morning() -> Self {
        let mut scene = Self::of(at("2026-11-23T07:00:00+09:00"), 2, Signal::Day);
        scene.has(2);
        scene
    }

    fn of(now: Timestamp, min: u32, signal: Signal) -> Self {
        let mut policy = Policy::parse(POLICY).unwrap();
        let (fleet, policy) = policy.fleets.pop_first().unwrap();
        let sizes = Sizes { min, max: 60, desired: 10 };
        let group = Group {
            sizes,
            instances: Vec::new(),
            suspended: ["AZRebalance".to_owned()].into(),
            tags: BTreeMap::new(),
            deleting: false,
            foreign_unit: None,
        };
        let memory = Memory {
            applied_min: Some(min),
            mode: Some(SeenMode { mode: Mode::Owner, at: now - mins(60) }),
            growth: vec![CapacitySample { at: now - mins(120), desired: 10 }],
            ..Memory::default()
        };
        let alarms = ["web-cpu", "web-5xx", "web-latency"].map(|n| (alarm(n), quiet(n, now)));
        let spikes = BTreeMap::from([(alarm("web-cpu"), level(now, 15, 20.0))]);
        let observation = Observation {
            group,
            alarms: Ok(alarms.into()),
            spikes: Ok(spikes),
            sizing: None,
            closer: Some(closer(now)),
        };
        let trust = Trust::default();
        let mut scene = Self { fleet, policy, observation, signal, memory, trust, now };
        scene.has(10);
        scene
    }

    pub fn inputs(&self) -> Inputs<'_> {
        Inputs {
            fleet: &self.fleet,
            policy: &self.policy,
            observation: &self.observation,
            signal: &self.signal,
            memory: &self.memory,
            trust: &self.trust,
            now: self.now,
        }
    }

    pub fn decide(&self) -> Decision {
        decide(&self.inputs())
    }

    /// The code of the decision's reason.
    pub fn code(&self) -> String {
        self.decide().reason.code()
    }

    /// The keys of the notices that are due.
    pub fn told(&self) -> Vec<String> {
        self.decide().notices.into_iter().map(|n| n.key).collect()
    }

    /// That many are desired and have been in service for hours.
    pub fn has(&mut self, count: u32) {
        self.observation.group.sizes.desired = count;
        let old = self.now - mins(180);
        let seen = Seen { first: old, in_service: Some(old), settled: false, leaving: false };
        self.observation.group.instances = (0..count).map(instance).collect();
        self.memory.instances = (0..count).map(|n| (id(n), seen)).collect();
        self.memory.growth = vec![CapacitySample { at: self.now - mins(120), desired: count }];
    }

    pub fn sizes(&mut self) -> &mut Sizes {
        &mut self.observation.group.sizes
    }

    pub fn closer(&mut self) -> &mut CloserLook {
        self.observation.closer.as_mut().unwrap()
    }

    pub fn evidence(&mut self) -> &mut Evidence {
        self.closer().evidence.as_mut().unwrap()
    }

    pub fn alarm(&mut self, name: &str) -> &mut Alarm {
        self.observation.alarms.as_mut().unwrap().get_mut(&alarm(name)).unwrap()
    }

    /// The metric of the spike alarm has read this for 15 minutes.
    pub fn cpu(&mut self, value: f64) {
        let series = level(self.now, 15, value);
        self.observation.spikes = Ok(BTreeMap::from([(alarm("web-cpu"), series)]));
    }

    /// The spike alarm is in ALARM, and its metric reads this.
    pub fn spike(&mut self, value: f64) {
        self.alarm("web-cpu").state = AlarmState::Alarm;
        self.cpu(value);
    }

    /// Woken by the spike alarm's event, with this number in it.
    pub fn event(&mut self, state: AlarmState, value: Option<f64>) -> &mut AlarmChange {
        let alarm = alarm("web-cpu");
        let change = AlarmChange { alarm, state, at: self.now, value, threshold: Some(50.0) };
        self.signal = Signal::Alarm(change);
        match &mut self.signal {
            Signal::Alarm(change) => change,
            _ => unreachable!("it was just set"),
        }
    }

    pub fn tag(&mut self, key: &str, value: &str) {
        self.observation.group.tags.insert(key.into(), value.into());
    }

    pub fn suspend(&mut self, process: &str) {
        self.observation.group.suspended.insert(process.into());
    }
}

pub(crate) fn instance(n: u32) -> Instance {
    let zone = "a".to_owned();
    Instance { id: id(n), lifecycle: Lifecycle::InService, healthy: true, zone, weight: 1 }
}

/// In its OK state for an hour; a threshold of 50 on its high side.
fn quiet(name: &str, now: Timestamp) -> Alarm {
    Alarm {
        name: alarm(name),
        state: AlarmState::Ok,
        since: now - mins(60),
        threshold: Some(50.0),
        comparison: Comparison::AtOrAbove,
        query: Some(MetricQuery::metric("AWS/EC2 CPUUtilization Average".parse().unwrap())),
    }
}

/// The same value for the last minutes, up to the one that ended now.
pub(crate) fn level(now: Timestamp, minutes: i64, value: f64) -> Series {
    (1..=minutes).rev().map(|n| Point { at: now - mins(n), value }).collect()
}

fn closer(now: Timestamp) -> CloserLook {
    let backstop = Backstop {
        min: 6,
        recurrence: "0 8 * * MON,TUE,WED,THU,FRI".into(),
        time_zone: "Asia/Seoul".into(),
    };
    CloserLook {
        evidence: Ok(Evidence { backstop: Some(backstop), ..Evidence::default() }),
        recent: Ok(level(now, 100, 100.0)),
        healthy: Some(Ok(level(now, 100, 10.0))),
        past: Ok(vec![level(now, 60, 100.0)]),
        backstop_error: None,
    }
}
