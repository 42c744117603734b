//! What forbids a lowering, each planted into an otherwise calm fleet.

use super::super::dice::Dice;
use super::super::law::PROCESSES;
use super::super::stage::{ALARMS, alarm};
use super::fleet::{Fleet, before, minutes};
use jiff::SignedDuration;
use tidegate_domain::bid::{Bid, Source};
use tidegate_domain::group::{Activity, ActivityKind, ActivityResult, Lifecycle};
use tidegate_domain::memory::Lowering;
use tidegate_domain::metrics::{AlarmState, Series};
use tidegate_domain::signal::{AlarmChange, Signal};

/// Something that forbids a lowering.
#[derive(Debug, Clone, Copy)]
pub struct Danger {
    /// What it is.
    pub name: &'static str,
    /// Plants it.
    pub plant: fn(&mut Fleet, &mut Dice),
}

const fn danger(name: &'static str, plant: fn(&mut Fleet, &mut Dice)) -> Danger {
    Danger { name, plant }
}

/// Every one.
pub const DANGERS: [Danger; 42] = [
    danger("no data", |f, _| load(f, Series::clear, true)),
    danger("old data", |f, dice| {
        let age = dice.number(7, 40);
        silence(f, 0, age);
    }),
    danger("gaps", |f, dice| {
        let first = dice.number(3, 6);
        silence(f, first, first + dice.number(2, 3));
    }),
    danger("NaN", |f, dice| spoil(f, dice, f64::NAN)),
    danger("infinity", |f, dice| spoil(f, dice, f64::INFINITY)),
    danger("a negative load", |f, dice| spoil(f, dice, -1.0)),
    danger("an implausible zero", implausible),
    danger("load unreadable", |f, _| {
        if let Some(closer) = f.closer() {
            closer.recent = Err("timed out".into());
        }
    }),
    danger("a load that needs everything", |f, dice| {
        let needs = f64::from(f.observation.group.sizes.desired + dice.below(9)) * 100.0;
        let recent = minutes(f.now, 100, needs);
        load(f, |series| *series = recent, false);
    }),
    danger("a veto alarm", |f, dice| turn(f, dice.number(1, 2), AlarmState::Alarm, 600)),
    danger("a veto alarm just over", |f, dice| {
        let to = [AlarmState::Ok, AlarmState::InsufficientData];
        let to = to[usize::from(dice.below(2) == 0)];
        let age = dice.below(15);
        turn(f, dice.number(1, 2), to, age);
    }),
    danger("a veto alarm that is gone", |f, dice| {
        let name = ALARMS[usize::try_from(dice.number(1, 2)).unwrap_or(1)];
        if let Ok(alarms) = &mut f.observation.alarms {
            alarms.remove(&alarm(name));
        }
    }),
    danger("alarms unreadable", |f, _| f.observation.alarms = Err("throttled".into())),
    danger("the spike alarm", |f, _| turn(f, 0, AlarmState::Alarm, 600)),
    danger("a breach", |f, dice| {
        let value = f64::from(dice.number(50, 100));
        f.observation.spikes = Ok([(alarm(ALARMS[0]), minutes(f.now, 15, value))].into());
    }),
    danger("a breach that has just ended", |f, dice| {
        f.memory.last_breach = Some(before(f.now, i64::from(dice.below(10))));
    }),
    danger("a live spike bid", |f, dice| bid(f, dice, Source::Spike)),
    danger("a live undo bid", |f, dice| bid(f, dice, Source::Undo)),
    danger("a live race bid", |f, dice| bid(f, dice, Source::Race)),
    danger("a step undone", |f, dice| {
        f.memory.no_lowering_until = Some(before(f.now, -i64::from(dice.number(1, 600))));
    }),
    danger("a lowering that bakes", |f, dice| {
        let before_it = f.observation.group.sizes;
        let at = before(f.now, i64::from(dice.below(10)));
        let step = Lowering { at, before: before_it, min: 1, desired: Some(1), audited: true };
        f.memory.last_lowering = Some(step);
    }),
    danger("a termination that bakes", |f, dice| {
        f.memory.last_termination = Some(before(f.now, i64::from(dice.below(10))));
    }),
    danger("an instance that leaves", |f, _| {
        if let Some(first) = f.observation.group.instances.first_mut() {
            first.lifecycle = Lifecycle::Terminating;
        }
    }),
    danger("a step that is not finished", |f, _| {
        let sizes = f.observation.group.sizes;
        let at = before(f.now, 120);
        let step = Lowering { at, before: sizes, min: 1, desired: Some(1), audited: true };
        f.memory.last_lowering = Some(step);
        let instances = &mut f.observation.group.instances;
        let more = instances.to_vec();
        instances.extend(more);
    }),
    danger("a person's MinSize", |f, _| {
        let sizes = &mut f.observation.group.sizes;
        sizes.min = sizes.desired;
        f.memory.operator_min = Some(sizes.desired);
        f.memory.applied_min = Some(0);
    }),
    danger("a deploy", |f, _| {
        if let Some(evidence) = f.evidence() {
            evidence.refresh = Some("InProgress".into());
        }
    }),
    danger("a failed launch", |f, dice| {
        let (now, age) = (f.now, i64::from(dice.number(1, 1_400)));
        let heals = dice.below(2) == 0;
        if let Some(evidence) = f.evidence() {
            let failed = launch(before(now, age), ActivityResult::Failed, "a");
            let elsewhere = launch(before(now, age / 2), ActivityResult::Successful, "b");
            let earlier = launch(before(now, age + 9), ActivityResult::Successful, "a");
            evidence.activities =
                if heals { vec![elsewhere, failed] } else { vec![failed, earlier] };
        }
    }),
    danger("evidence unreadable", |f, _| {
        if let Some(closer) = f.closer() {
            closer.evidence = Err("denied".into());
        }
    }),
    danger("no backstop", |f, _| {
        if let Some(evidence) = f.evidence() {
            evidence.backstop = None;
        }
    }),
    danger("a backstop that restores less", |f, _| {
        let backstop = f.evidence().and_then(|e| e.backstop.as_mut());
        if let Some(backstop) = backstop {
            backstop.min = backstop.min.saturating_sub(1);
        }
    }),
    danger("a suspended process", |f, dice| {
        let which = usize::try_from(dice.below(7)).unwrap_or(0);
        f.observation.group.suspended.insert(PROCESSES[which].to_owned());
    }),
    danger("a hold", |f, dice| {
        let hold = ["no-scale-in", "all", "perhaps"];
        let which = usize::try_from(dice.below(3)).unwrap_or(0);
        tag(f, "tidegate:hold", hold[which]);
    }),
    danger("an unreadable tag", |f, dice| {
        let key = ["tidegate:until", "tidegate:floor"][usize::from(dice.below(2) == 0)];
        tag(f, key, "soon");
    }),
    danger("an operator's floor", |f, _| {
        let floor = f.observation.group.sizes.desired.to_string();
        tag(f, "tidegate:floor", &floor);
    }),
    danger("a group being deleted", |f, _| f.observation.group.deleting = true),
    danger("a foreign unit", |f, _| f.observation.group.foreign_unit = Some("vcpu".into())),
    danger("no memory", |f, _| f.trust.no_memory = Some("timed out".into())),
    danger("a policy that cannot be used", |f, _| f.trust.policy_fault = Some("bad".into())),
    danger("a late wake-up, or a nightly one by day", |f, dice| {
        let late = before(f.now, i64::from(dice.number(31, 300)));
        f.signal = Signal::Night { scheduled: Some(if f.night { late } else { f.now }) };
    }),
    danger("a tick by night, or the day's schedule", |f, _| {
        f.signal = if f.night { Signal::Tick } else { Signal::Day };
    }),
    danger("an alarm's event", |f, dice| {
        let state = [AlarmState::Ok, AlarmState::Alarm][usize::from(dice.below(2) == 0)];
        f.signal = Signal::Alarm(AlarmChange {
            alarm: alarm(ALARMS[0]),
            state,
            at: f.now,
            value: Some(f64::from(dice.below(100))),
            threshold: Some(50.0),
        });
    }),
    danger("no closer look", |f, _| f.observation.closer = None),
];

/// Changes the load's series; `hosts_too`: nobody sees healthy hosts either.
fn load(f: &mut Fleet, change: impl FnOnce(&mut Series), hosts_too: bool) {
    let Some(closer) = f.closer() else { return };
    if let Ok(series) = &mut closer.recent {
        change(series);
    }
    if hosts_too {
        closer.healthy = Some(Ok(Series::new()));
    }
}

/// Neither load nor hosts are seen in the minutes of these ages.
fn silence(f: &mut Fleet, newest: u32, oldest: u32) {
    let now = f.now;
    let ages = i64::from(newest)..=i64::from(oldest);
    load(f, |series| series.retain(|p| !ages.contains(&now.duration_since(p.at).as_mins())), true);
}

fn spoil(f: &mut Fleet, dice: &mut Dice, value: f64) {
    let which = usize::try_from(dice.below(100)).unwrap_or(0);
    load(
        f,
        |series| {
            let last = series.len().saturating_sub(1);
            if let Some(point) = series.get_mut(which.min(last)) {
                point.value = value;
            }
        },
        false,
    );
}

/// It fell from a hundred to nothing minutes ago, with hosts in service.
fn implausible(f: &mut Fleet, dice: &mut Dice) {
    let (now, fell) = (f.now, i64::from(dice.number(7, 9)));
    load(
        f,
        |series| {
            for point in series.iter_mut() {
                let over = now.duration_since(point.at).as_mins() > fell;
                point.value = if over { 100.0 } else { 0.0 };
            }
        },
        false,
    );
}

fn turn(f: &mut Fleet, which: u32, to: AlarmState, minutes_ago: u32) {
    let since = before(f.now, i64::from(minutes_ago));
    if let Some(alarm) = f.alarm(usize::try_from(which).unwrap_or(0)) {
        (alarm.state, alarm.since) = (to, since);
    }
}

fn bid(f: &mut Fleet, dice: &mut Dice, source: Source) {
    let until = f.now.saturating_add(SignedDuration::from_mins(i64::from(dice.number(1, 30))));
    let floor = dice.number(1, 9);
    let reason = ALARMS[0].to_owned();
    f.memory.bids.push(Bid { source, floor, until: until.ok(), reason });
}

fn launch(started: jiff::Timestamp, result: ActivityResult, zone: &str) -> Activity {
    Activity {
        id: format!("{started} {zone}"),
        started,
        ended: Some(started),
        kind: ActivityKind::Launch,
        result,
        zone: Some(zone.to_owned()),
        message: "no capacity".into(),
        desired_change: None,
    }
}

fn tag(f: &mut Fleet, key: &str, value: &str) {
    f.observation.group.tags.insert(key.to_owned(), value.to_owned());
}
