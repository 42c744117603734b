//! What really happens: alarms, their changes of state, the events that tell of them.

use crate::home;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tidegate_domain::alarms::event::AlarmEvent;
use tidegate_domain::alarms::intake::{Content, Wake, decode};
use tidegate_histories::dice::Dice;

/// One alarm of a play.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm {
    /// Its name: `shop-NN-disk-NNNNN`, with `-critical` for a critical one.
    pub name: String,
    /// The fleet that its dimension names.
    pub fleet: String,
    /// What else it watches; alarms on the same instance are on the same resource.
    pub instance: String,
    /// Whether it is critical.
    pub is_critical: bool,
}

/// An event on its way to the queue.
#[derive(Debug, Clone)]
pub struct Sending {
    /// When EventBridge puts it there.
    pub at: Timestamp,
    /// The alarm's number.
    pub alarm: usize,
    /// Whether it fires from then on.
    pub fires: bool,
    /// EventBridge's event.
    pub body: String,
}

impl Alarm {
    /// An alarm of its own instance.
    pub fn new(number: usize, fleet: &str, is_critical: bool) -> Self {
        let end = if is_critical { "-critical" } else { "" };
        Self {
            name: format!("{fleet}-disk-{number:05}{end}"),
            fleet: fleet.to_owned(),
            instance: format!("i-{number:017x}"),
            is_critical,
        }
    }

    /// EventBridge's event for a change of its state.
    pub fn event(&self, state: &str, at: Timestamp) -> Value {
        let home = home();
        let when = at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string();
        let previous = if state == "OK" { "ALARM" } else { "OK" };
        let arn =
            format!("arn:aws:cloudwatch:{}:{}:alarm:{}", home.region, home.account, self.name);
        let dimensions = json!({
            "AutoScalingGroupName": self.fleet,
            "InstanceId": self.instance,
        });
        let metric = json!({
            "namespace": "CWAgent", "name": "disk_used_percent", "dimensions": dimensions,
        });
        let stat = json!({ "metric": metric, "period": 60, "stat": "Maximum" });
        let data = json!({
            "version": "1.0", "queryDate": when, "statistic": "Maximum", "period": 60,
            "recentDatapoints": [97.5], "threshold": 90.0,
        });
        let reason = "Threshold Crossed: 1 datapoint [97.5 (17/11/26 05:29:00)] was greater than \
                      the threshold (90.0).";
        json!({
            "version": "0",
            "id": format!("{}-{state}-{}", self.name, at.as_millisecond()),
            "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch",
            "account": home.account,
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": home.region,
            "resources": [arn],
            "detail": {
                "alarmName": self.name,
                "state": {
                    "value": state, "reason": reason,
                    "reasonData": data.to_string(), "timestamp": when,
                },
                "previousState": { "value": previous, "reason": "before", "timestamp": when },
                "configuration": {
                    "description": "The disk is almost full.",
                    "metrics": [{ "id": "m1", "metricStat": stat, "returnData": true }],
                },
            },
        })
    }
}

/// What the intake makes of an event: what `DescribeAlarms` would say of the alarm.
pub fn described(event: &Value, now: Timestamp) -> AlarmEvent {
    let Wake::Records(mut records) = decode(event, &home(), now) else { unreachable!("no tick") };
    match records.pop().map(|record| record.content) {
        Some(Content::Alarm(event)) => *event,
        other => unreachable!("not our alarm: {other:?}"),
    }
}

/// How a storm is made.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Events, duplicates included.
    pub events: usize,
    /// Over this time.
    pub within: SignedDuration,
    /// Fleets.
    pub fleets: u32,
    /// Percent of the alarms that are critical.
    pub critical: u32,
    /// Percent of the events that come twice.
    pub duplicates: u32,
    /// Percent of the warnings that watch the same instance as a critical alarm.
    pub shadowed: u32,
}

impl Shape {
    /// The storm of the requirement.
    pub const FULL: Self = Self {
        events: 10_000,
        within: SignedDuration::from_secs(60),
        fleets: 5,
        critical: 20,
        duplicates: 30,
        shadowed: 0,
    };
}

/// A storm: what fires, and the events about it in the order in which they come.
#[derive(Debug, Clone)]
pub struct Storm {
    /// The alarms, by number.
    pub alarms: Vec<Alarm>,
    /// When each of them fires.
    pub fired: Vec<Timestamp>,
    /// Its events, in order of time.
    pub sendings: Vec<Sending>,
}

impl Storm {
    /// The storm of a seed.
    pub fn new(shape: Shape, begin: Timestamp, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let twice = shape.events * usize::try_from(shape.duplicates).unwrap_or(0) / 100;
        let count = shape.events - twice;
        let millis = u32::try_from(shape.within.as_millis()).unwrap_or(u32::MAX);
        let mut storm = Self { alarms: Vec::new(), fired: Vec::new(), sendings: Vec::new() };
        for number in 0..count {
            storm.alarms.push(storm.alarm(number, shape, &mut dice));
            storm.fired.push(begin + millis_of(dice.below(millis)));
        }
        storm.send("ALARM");
        let mut again: Vec<usize> = (0..count).collect();
        dice.shuffle(&mut again);
        for number in again.into_iter().take(twice) {
            // A second delivery: within a second, or as late as the storm is long.
            let late = if dice.below(2) == 0 { dice.below(1_000) } else { dice.below(millis) };
            let Some(first) = storm.sendings.get(number) else { continue };
            let at = first.at + millis_of(late);
            storm.sendings.push(Sending { at, ..first.clone() });
        }
        storm.sendings.sort_by_key(|sending| sending.at);
        storm
    }

    fn alarm(&self, number: usize, shape: Shape, dice: &mut Dice) -> Alarm {
        let fleet = format!("shop-{:02}", dice.below(shape.fleets));
        let is_critical = dice.below(100) < shape.critical;
        let mut alarm = Alarm::new(number, &fleet, is_critical);
        let shadow = self.alarms.iter().rfind(|other| other.is_critical && other.fleet == fleet);
        if let Some(shadow) = shadow.filter(|_| !is_critical && dice.below(100) < shape.shadowed) {
            alarm.instance.clone_from(&shadow.instance);
        }
        alarm
    }

    /// One event for each alarm, in the order of their numbers.
    fn send(&mut self, state: &str) {
        let pairs = self.alarms.iter().zip(&self.fired).enumerate();
        let sendings = pairs.map(|(number, (alarm, at))| Sending {
            at: *at,
            alarm: number,
            fires: state == "ALARM",
            body: alarm.event(state, *at).to_string(),
        });
        self.sendings = sendings.collect();
    }

    /// The same alarms, all over: each ends as long after `begin` as it fired after `start`.
    #[must_use]
    pub fn ends(&self, start: Timestamp, begin: Timestamp) -> Self {
        let fired = self.fired.iter().map(|at| begin + at.duration_since(start)).collect();
        let mut end = Self { alarms: self.alarms.clone(), fired, sendings: Vec::new() };
        end.send("OK");
        end.sendings.sort_by_key(|sending| sending.at);
        end
    }

    /// The alarms by name.
    pub fn by_name(&self) -> BTreeMap<&str, (&Alarm, Timestamp)> {
        let pairs = self.alarms.iter().zip(&self.fired);
        pairs.map(|(alarm, at)| (alarm.name.as_str(), (alarm, *at))).collect()
    }

    /// How many there are of a sort.
    pub fn count(&self, is_critical: bool) -> u32 {
        let found = self.alarms.iter().filter(|alarm| alarm.is_critical == is_critical).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    }
}

fn millis_of(millis: u32) -> SignedDuration {
    SignedDuration::from_millis(millis.into())
}
