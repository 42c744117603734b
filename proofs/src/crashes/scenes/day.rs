//! Scenes of the day's function.

use super::super::stage::{Event, Lambda, alarm, load_spec, minutes, time, web};
use super::{
    Scene, after_a_race, after_a_step, bad_policy, empty, outage, pair, persons_min, scene,
    settled, usual, wanted,
};
use jiff::SignedDuration;
use tidegate_domain::metrics::{AlarmState, Window};
use tidegate_fakes::{FakeAws, GroupSpec};

/// The lead before the day's start has just begun.
const LEAD: &str = "2026-11-18T07:51:00+09:00";
/// When the forecast of the day's first hour is due.
const EARLY: &str = "2026-11-18T07:30:00+09:00";
const NOON: &str = "2026-11-18T12:30:00+09:00";
/// Deep in the night: whatever is decided minutes later falls into the same window.
const NIGHT: &str = "2026-11-18T05:00:00+09:00";

/// Every scene of the day.
pub(super) fn scenes() -> Vec<Scene> {
    let day = |name, set| scene(name, Event::Day, set);
    vec![
        day("the day's floor is asked for", two),
        day("the forecast is made", |_| busy_mornings()),
        day("the forecast is asked for", |lambda| {
            let aws = busy_mornings();
            lambda.wake(&aws, Event::Day);
            aws.set_now(time(LEAD));
            aws
        }),
        day("the day is ready", |_| usual(NOON, GroupSpec::sized(6, 6, 60))),
        day("the deadline will be missed", |lambda| {
            let slow = GroupSpec::sized(2, 2, 60).boot(minutes(30));
            let aws = awaited(lambda, slow);
            lambda.wake(&aws, Event::Day);
            aws.advance(minutes(5));
            aws
        }),
        day("wanted by another event meanwhile", |lambda| wanted(two(lambda))),
        day("MaxSize is below the day's floor", |lambda| {
            awaited(lambda, GroupSpec::sized(2, 2, 4))
        }),
        day("Launch suspended", |_| {
            let aws = usual(NOON, GroupSpec::sized(3, 3, 60));
            aws.suspend(&web(), "Launch");
            aws
        }),
        day("a step is undone", |lambda| {
            let aws = after_a_step(lambda, NIGHT);
            aws.set_alarm(&alarm("web", "latency"), AlarmState::Alarm);
            aws
        }),
        day("a raise is given back", |lambda| after_a_race(lambda, NIGHT)),
        day("somebody's MinSize", |lambda| {
            persons_min(lambda, NOON, GroupSpec::sized(6, 6, 60), 8)
        }),
        day("no such group", |_| empty(NOON)),
        day("Auto Scaling is out of reach", |lambda| {
            outage(lambda, NOON, GroupSpec::sized(6, 6, 60))
        }),
        day("a bad policy", |_| bad_policy(NOON, GroupSpec::sized(3, 3, 60))),
        pair("two fleets", Event::Day, |_| {
            let (api, web) = (GroupSpec::sized(2, 2, 60), GroupSpec::sized(3, 3, 5));
            let aws = settled(NOON, &[("api", api), ("web", web)]);
            aws.interleave();
            aws
        }),
    ]
}

/// The lead has begun for a fleet whose forecast was made.
fn awaited(lambda: &Lambda, spec: GroupSpec) -> FakeAws {
    let aws = usual(EARLY, spec);
    lambda.wake(&aws, Event::Day);
    aws.set_now(time(LEAD));
    aws
}

/// The lead has begun for two in service.
fn two(lambda: &Lambda) -> FakeAws {
    awaited(lambda, GroupSpec::sized(2, 2, 60))
}

/// The first hours of the past weeks' days needed twelve.
fn busy_mornings() -> FakeAws {
    let aws = usual(EARLY, GroupSpec::sized(2, 2, 60));
    for days in [7, 14] {
        let from = time("2026-11-18T08:00:00+09:00") - SignedDuration::from_hours(24 * days);
        let until = from + SignedDuration::from_hours(1);
        aws.put_level(&load_spec("web"), Window { from, until }, 900.0);
    }
    aws
}
