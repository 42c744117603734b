//! A fleet about which everything is known and nothing speaks against a lowering.

use super::super::dice::Dice;
use super::super::policies;
use super::super::stage::{ALARMS, THRESHOLD, alarm, fleet};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::arbiter::Limits;
use tidegate_domain::decide::{Inputs, Trust};
use tidegate_domain::group::{
    Backstop, Evidence, Group, Instance, Lifecycle, Mode, ScalingPolicy, Sizes,
};
use tidegate_domain::ids::InstanceId;
use tidegate_domain::memory::{CapacitySample, Memory, Seen, SeenMode};
use tidegate_domain::metrics::{Alarm, AlarmState, Comparison, Point, Series};
use tidegate_domain::observation::{CloserLook, Observation};
use tidegate_domain::policy::FleetPolicy;
use tidegate_domain::signal::Signal;

/// Friday 2026-11-20, 23:00 in Seoul and in Berlin; 13:00 on the same day.
const NIGHTS: [&str; 2] = ["2026-11-20T14:00:00Z", "2026-11-20T22:00:00Z"];
const DAYS: [&str; 2] = ["2026-11-20T04:00:00Z", "2026-11-20T12:00:00Z"];
/// Which of the policies is in Berlin.
const BERLIN: usize = 4;
/// Minutes of load that are read.
const READ: i64 = 100;

/// Everything that one decision is made from.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// What is seen.
    pub observation: Observation,
    /// What is remembered.
    pub memory: Memory,
    /// What woke us.
    pub signal: Signal,
    /// What can be trusted.
    pub trust: Trust,
    /// When.
    pub now: Timestamp,
    /// Whether that is by night.
    pub night: bool,
    /// The load of every minute.
    pub load: f64,
    policy: &'static FleetPolicy,
}

impl Fleet {
    /// Every policy by night and by day, in both modes.
    pub fn stock() -> Vec<Self> {
        let mut stock = Vec::new();
        for which in 0..policies::COUNT {
            let Some(policy) = policies::policy(which).fleets.get(fleet()) else { continue };
            let place = usize::from(which == BERLIN);
            for mode in [Mode::Owner, Mode::Floor] {
                let night: Timestamp = NIGHTS[place].parse().unwrap_or_default();
                let signal = Signal::Night { scheduled: Some(night) };
                stock.push(Self::calm(policy, mode, night, signal));
                let day: Timestamp = DAYS[place].parse().unwrap_or_default();
                stock.push(Self::calm(policy, mode, day, Signal::Tick));
            }
        }
        stock
    }

    fn calm(policy: &'static FleetPolicy, mode: Mode, now: Timestamp, signal: Signal) -> Self {
        let group = Group {
            sizes: Sizes { min: 0, max: 60, desired: 0 },
            instances: Vec::new(),
            suspended: BTreeSet::from(["AZRebalance".to_owned()]),
            tags: BTreeMap::new(),
            deleting: false,
            foreign_unit: None,
        };
        let observation = Observation {
            group,
            alarms: Ok(ALARMS.iter().map(|name| (alarm(name), quiet(name, now))).collect()),
            spikes: Ok(BTreeMap::from([(alarm(ALARMS[0]), minutes(now, 15, 20.0))])),
            sizing: None,
            closer: Some(closer(policy, mode, now)),
        };
        let memory =
            Memory { mode: Some(SeenMode { mode, at: before(now, 60) }), ..Memory::default() };
        let night = matches!(signal, Signal::Night { .. });
        let trust = Trust::default();
        Self { observation, memory, signal, trust, now, night, load: 0.0, policy }
    }

    /// Other sizes above the floor, another load that a smaller fleet serves, another second.
    pub fn vary(&mut self, dice: &mut Dice) {
        let floor = self.floor().max(1);
        let room = self.policy.budget_max.saturating_sub(floor).max(1);
        let desired = floor + dice.number(1, room.min(30));
        let owner = self.memory.mode.is_some_and(|seen| seen.mode == Mode::Owner);
        // In floor mode only MinSize is ours: it must stand above the floor.
        let min = if owner { dice.number(floor.min(desired), desired) } else { desired };
        self.observation.group.sizes = Sizes { min, max: 60, desired };
        self.has(desired);
        self.memory.applied_min = Some(min);
        let headroom = self.policy.night.headroom;
        let most = f64::from(desired - 1) * self.policy.capacity_per_instance / headroom;
        self.load = (most * f64::from(dice.below(1_000)) / 1_000.0).floor();
        self.publish();
    }

    fn publish(&mut self) {
        let (now, load) = (self.now, self.load);
        let night = self.night;
        if let Some(closer) = &mut self.observation.closer {
            closer.recent = Ok(minutes(now, READ, load));
            closer.past =
                Ok(if night { vec![minutes(before(now, 7 * 24 * 60), 60, load)] } else { vec![] });
        }
    }

    /// So many have been in service for hours.
    pub fn has(&mut self, count: u32) {
        let old = before(self.now, 180);
        let seen = Seen { first: old, in_service: Some(old), settled: false, leaving: false };
        self.observation.group.instances = (0..count).map(instance).collect();
        self.memory.instances = (0..count).map(|n| (instance_id(n), seen)).collect();
        self.memory.growth = vec![CapacitySample { at: before(self.now, 120), desired: count }];
    }

    /// The schedule's floor, within the limits.
    pub fn floor(&self) -> u32 {
        let floor = if self.night { self.policy.night.floor } else { self.policy.day_floor };
        Limits::of(self.policy, 60).clamp(floor)
    }

    /// What must be left: the floor and what the load needs.
    pub fn least(&self) -> u32 {
        let served = |n: &u32| f64::from(*n) * self.policy.capacity_per_instance >= self.load;
        self.floor().max((0..=60).find(served).unwrap_or(60))
    }

    /// The closer look.
    pub fn closer(&mut self) -> Option<&mut CloserLook> {
        self.observation.closer.as_mut()
    }

    /// What the group says of itself.
    pub fn evidence(&mut self) -> Option<&mut Evidence> {
        self.closer()?.evidence.as_mut().ok()
    }

    /// One of its alarms.
    pub fn alarm(&mut self, which: usize) -> Option<&mut Alarm> {
        self.observation.alarms.as_mut().ok()?.get_mut(&alarm(ALARMS[which]))
    }

    /// As the planner takes it.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs {
            fleet: fleet(),
            policy: self.policy,
            observation: &self.observation,
            signal: &self.signal,
            memory: &self.memory,
            trust: &self.trust,
            now: self.now,
        }
    }
}

/// So many minutes earlier.
pub fn before(now: Timestamp, minutes: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(now)
}

/// This value in each of the last minutes.
pub fn minutes(now: Timestamp, count: i64, value: f64) -> Series {
    (1..=count).rev().map(|ago| Point { at: before(now, ago), value }).collect()
}

fn instance_id(n: u32) -> InstanceId {
    InstanceId::new(format!("i-{n}")).unwrap_or_else(|e| unreachable!("{e}"))
}

fn instance(n: u32) -> Instance {
    Instance {
        id: instance_id(n),
        lifecycle: Lifecycle::InService,
        healthy: true,
        zone: "a".into(),
        weight: 1,
    }
}

fn quiet(name: &str, now: Timestamp) -> Alarm {
    Alarm {
        name: alarm(name),
        state: AlarmState::Ok,
        since: before(now, 600),
        threshold: Some(THRESHOLD),
        comparison: Comparison::AtOrAbove,
        query: Some(tidegate_domain::metrics::MetricQuery::metric(
            "AWS/EC2 CPUUtilization Average"
                .parse()
                .unwrap_or_else(|e: String| unreachable!("{e}")),
        )),
    }
}

fn closer(policy: &FleetPolicy, mode: Mode, now: Timestamp) -> CloserLook {
    let calendar = &policy.calendar;
    let backstop = Backstop {
        min: Limits::of(policy, 60).clamp(policy.day_floor),
        recurrence: calendar.day_cron(),
        time_zone: calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
    };
    let scales_in = ScalingPolicy { name: "tracking".into(), can_scale_in: mode == Mode::Floor };
    let evidence = Evidence {
        policies: vec![scales_in],
        activities: Vec::new(),
        refresh: None,
        backstop: Some(backstop),
    };
    CloserLook {
        evidence: Ok(evidence),
        recent: Ok(Series::new()),
        healthy: Some(Ok(minutes(now, READ, 2.0))),
        past: Ok(Vec::new()),
        backstop_error: None,
    }
}
