//! Small incidents, played to their end, in which every call can be lost.

use crate::alarms::{Alarm, Sending};
use crate::{POLICY, start};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// One incident.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Its name.
    pub name: &'static str,
    /// The policy.
    pub policy: &'static str,
    /// What fires and ends.
    pub alarms: Vec<Alarm>,
    /// The events, in the order of their times.
    pub sendings: Vec<Sending>,
    /// Whether all is over at the end.
    pub is_over: bool,
    /// When it is looked at.
    pub until: Timestamp,
}

/// The usual policy with shorter times, so that everything comes within a few minutes.
const SHORT: &str = r#"
version = 1
[fleets.shop-web]
min = 1
time_zone = "Asia/Seoul"
capacity_per_instance = 100
boot_secs = 120
budget_max = 40
[fleets.shop-web.load]
expression = "requests"
metrics = { requests = "AWS/ApplicationELB RequestCount Sum TargetGroup=web" }
[fleets.shop-web.day]
starts = "08:00"
floor = 6
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
[fleets.shop-web.night]
starts = "22:00"
floor = 2
[alarms]
topic = "warning"
group_wait_secs = 20
group_interval_secs = 60
repeat_interval_secs = 900
escalate_after_secs = 240
max_per_second = 2
[[alarms.routes]]
match = { severity = "critical" }
topic = "critical"
escalate_topic = "escalation"
"#;

impl Scene {
    /// All of them.
    pub fn all() -> Vec<Self> {
        vec![incident(), standing(), many_groups(), flapping()]
    }

    fn new(name: &'static str, alarms: Vec<Alarm>, policy: &'static str) -> Self {
        let until = start() + secs(1_530);
        Self { name, policy, alarms, sendings: Vec::new(), is_over: true, until }
    }

    /// The alarms of a fleet that are critical or not, and whether each fires at a time; those
    /// that never fired are left out.
    pub fn states(&self, fleet: &str, is_critical: bool, at: Timestamp) -> BTreeMap<&str, bool> {
        let sent = self.sendings.iter().filter(|sending| sending.at <= at);
        let of = |sending: &Sending| Some((self.alarms.get(sending.alarm)?, sending.fires));
        let here = |alarm: &&Alarm| alarm.fleet == fleet && alarm.is_critical == is_critical;
        let states = sent.filter_map(of).filter(|(alarm, _)| here(alarm));
        states.map(|(alarm, fires)| (alarm.name.as_str(), fires)).collect()
    }

    /// The alarm changes this many seconds after the start.
    pub fn sends(&mut self, number: usize, state: &str, at: i64) {
        let at = start() + secs(at) + SignedDuration::from_millis(137);
        let Some(alarm) = self.alarms.get(number) else { return };
        let body = alarm.event(state, at).to_string();
        let fires = state == "ALARM";
        self.sendings.push(Sending { at, alarm: number, fires, body });
        self.sendings.sort_by_key(|sending| sending.at);
    }
}

fn alarms(kinds: &[(u32, bool)]) -> Vec<Alarm> {
    let alarm = |(number, (fleet, critical)): (usize, &(u32, bool))| {
        Alarm::new(number, &format!("shop-{fleet:02}"), *critical)
    };
    kinds.iter().enumerate().map(alarm).collect()
}

/// First, more members, escalation, end.
fn incident() -> Scene {
    let kinds = [(0, true), (0, true), (0, false), (1, false), (0, true), (1, false)];
    let mut scene = Scene::new("an incident and its end", alarms(&kinds), SHORT);
    for number in 0..4 {
        scene.sends(number, "ALARM", 0);
    }
    scene.sends(4, "ALARM", 95);
    scene.sends(5, "ALARM", 95);
    for number in 0..6 {
        scene.sends(number, "OK", 400);
    }
    scene
}

/// Nothing ends: what people know is the end state.
fn standing() -> Scene {
    let kinds = [(0, true), (0, false), (1, true), (1, false), (1, false)];
    let mut scene = Scene::new("what goes on", alarms(&kinds), POLICY);
    for number in 0..4 {
        scene.sends(number, "ALARM", 0);
    }
    scene.sends(4, "ALARM", 70);
    scene.is_over = false;
    scene.until = start() + secs(870);
    scene
}

/// More groups than their topic gets messages in a second: a digest.
fn many_groups() -> Scene {
    let kinds: Vec<(u32, bool)> = (0..6).map(|fleet| (fleet, true)).collect();
    let mut scene = Scene::new("more groups than messages", alarms(&kinds), SHORT);
    for number in 0..6 {
        scene.sends(number, "ALARM", 0);
    }
    scene.is_over = false;
    scene.until = start() + secs(630);
    scene
}

/// On and off, then calm.
fn flapping() -> Scene {
    let kinds = [(0, false), (0, true)];
    let mut scene = Scene::new("one that flaps", alarms(&kinds), SHORT);
    scene.sends(1, "ALARM", 0);
    for (state, at) in [("ALARM", 35), ("OK", 85), ("ALARM", 95), ("OK", 130)] {
        scene.sends(0, state, at);
    }
    scene.sends(1, "OK", 130);
    scene
}

fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}
