//! The schedule: the lead, the forecast, the day's standing, the watch over its deadline.

use super::*;
use crate::decide::schedule::{bid, lead};
use crate::group::{Activity, ActivityKind, ActivityResult, Lifecycle};
use crate::memory::{Forecast, MeasuredLaunch};
use crate::metrics::AlarmState;
use crate::scene::{at, id, instance, level, mins, secs};

const DAY: &str = "2026-11-23T08:00:00+09:00";

/// The Monday morning at this time.
fn morning(time: &str) -> Scene {
    let mut scene = Scene::morning();
    scene.now = at(&format!("2026-11-23T{time}+09:00"));
    scene
}

#[test]
fn the_lead_is_what_launches_take_and_a_margin() {
    let mut scene = Scene::morning();
    assert_eq!(lead(&scene.policy, &scene.memory), mins(4), "twice the boot time of the policy");
    let launch = |n: u32| MeasuredLaunch { id: format!("a-{n}").into(), secs: n * 10 };
    scene.memory.launches = (1..=20).rev().map(launch).collect();
    assert_eq!(lead(&scene.policy, &scene.memory), secs(190) + mins(2), "the 19th of 20");
    scene.memory.launches.truncate(1);
    assert_eq!(lead(&scene.policy, &scene.memory), secs(200) + mins(2));
}

#[test]
fn the_days_floor_is_asked_for_when_the_lead_begins() {
    let reason = |time: &str| with(morning(time), |s| s.signal = Signal::Tick).decide().reason;
    assert_eq!(reason("07:55:59").code(), "at_floor");
    let due = Reason::ScheduleFloor { floor: 6, deadline: Some(at(DAY)) };
    assert_eq!(reason("07:56:00"), due);
    assert_eq!(reason("07:59:59"), due);
    assert_eq!(reason("08:00:00"), Reason::ScheduleFloor { floor: 6, deadline: None });
}

fn scheduled(time: &str, need: u32, day: &str) -> Bid {
    let mut scene = morning(time);
    scene.memory.forecast = Some(Forecast { day: at(day), need });
    bid(&scene.inputs(), &scene.memory)
}

#[test]
fn the_forecast_counts_in_its_days_first_hour() {
    let other = "2026-11-24T08:00:00+09:00";
    for (time, need, day, floor, reason) in [
        ("07:56:00", 9, DAY, 9, "day, first hour needs 9"),
        ("08:59:59", 9, DAY, 9, "day, first hour needs 9"),
        ("09:00:00", 9, DAY, 6, "day"),
        ("08:30:00", 6, DAY, 6, "day"),
        ("08:30:00", 5, DAY, 6, "day"),
        ("08:30:00", 9, other, 6, "day"),
        ("07:00:00", 9, DAY, 2, "night"),
    ] {
        let bid = scheduled(time, need, day);
        assert_eq!((bid.floor, bid.reason.as_str()), (floor, reason), "{time} {need} {day}");
    }
    let until = |time| scheduled(time, 0, DAY).until;
    assert_eq!(until("07:00:00"), Some(at(DAY) - mins(4)), "the night's bid ends with the lead");
    assert_eq!(until("08:30:00"), Some(at("2026-11-23T22:00:00+09:00")));
}

#[test]
fn the_forecast_is_made_half_an_hour_before_the_lead() {
    let forecast = |time: &str| {
        with(morning(time), |s| s.closer().past = Ok(vec![level(s.now, 60, 640.0)]))
            .decide()
            .memory
            .forecast
    };
    let due = Some(Forecast { day: at(DAY), need: 9 });
    assert_eq!(forecast("07:25:59"), None);
    assert_eq!(forecast("07:26:00"), due, "34 minutes before; 640 x 1.3 need nine");
    assert_eq!(forecast("07:40:00"), due);
    let tick = with(morning("07:40:00"), |s| s.signal = Signal::Tick);
    assert_eq!(tick.decide().memory.forecast, None);
    let unread = with(morning("07:40:00"), |s| s.closer().past = Err("denied".into())).decide();
    assert_eq!(unread.memory.forecast, None);
    assert_eq!(unread.notes, ["no forecast of the day's first hour: denied"]);
}

#[test]
fn the_past_is_read_once_for_a_forecast() {
    let action = |time: &str, known: Option<&str>| {
        with(morning(time), |s| {
            s.observation.closer = None;
            s.memory.forecast = known.map(|day| Forecast { day: at(day), need: 3 });
        })
        .decide()
        .action
    };
    assert_eq!(action("07:40:00", None), Action::LookCloser);
    assert_eq!(action("07:40:00", Some("2026-11-20T08:00:00+09:00")), Action::LookCloser);
    assert_eq!(action("07:40:00", Some(DAY)), Action::Hold);
    assert_eq!(action("07:20:00", None), Action::Hold, "not due");
}

/// At this time six are asked for, and the first so many of them serve.
fn arriving(time: &str, serving: u32) -> Scene {
    with(morning(time), |s| {
        s.has(serving);
        s.sizes().desired = 6;
        s.sizes().min = 6;
        s.memory.applied_min = Some(6);
    })
}

/// One more boots since then.
fn boots(s: &mut Scene, n: u32, since: &str) {
    let mut booting = instance(n);
    booting.lifecycle = Lifecycle::Pending;
    s.observation.group.instances.push(booting);
    let first = at(&format!("2026-11-23T{since}+09:00"));
    let seen = crate::memory::Seen { first, in_service: None, settled: false, leaving: false };
    s.memory.instances.insert(id(n), seen);
}

#[test]
fn the_days_function_tells_how_the_day_stands() {
    let reason = |serving| arriving("08:00:00", serving).decide().reason;
    assert_eq!(reason(6), Reason::DayReady { serving: 6, floor: 6 });
    assert_eq!(reason(7), Reason::DayReady { serving: 7, floor: 6 });
    assert_eq!(reason(5), Reason::DayArriving { serving: 5, floor: 6, deadline: at(DAY) });
    let spike = with(arriving("12:00:00", 6), |s| s.spike(55.0));
    assert_eq!(spike.code(), "spike_warming", "a breach is more telling");
}

#[test]
fn a_deadline_that_will_be_missed_is_told() {
    let told = |scene: Scene| !scene.told().is_empty();
    for (name, scene, want) in [
        ("all serve", arriving("07:59:00", 6), false),
        ("a whole boot fits", arriving("07:58:00", 3), false),
        ("it does not fit any more", arriving("07:58:01", 3), true),
        ("the day began", arriving("08:10:00", 3), true),
        ("long ago", arriving("08:10:01", 3), false),
        ("by night", arriving("07:00:00", 3), false),
        (
            "the last one boots in time",
            with(arriving("07:59:30", 5), |s| {
                boots(s, 5, "07:58:00");
            }),
            false,
        ),
        (
            "a second too late",
            with(arriving("07:59:30", 5), |s| {
                boots(s, 5, "07:58:01");
            }),
            true,
        ),
        (
            "only one of two boots in time",
            with(arriving("07:59:30", 4), |s| {
                boots(s, 4, "07:58:00");
            }),
            true,
        ),
        (
            "one that boots for longer than measured",
            with(arriving("07:59:30", 5), |s| {
                boots(s, 5, "07:50:00");
            }),
            false,
        ),
    ] {
        assert_eq!(told(scene), want, "{name}");
    }
}

#[test]
fn a_missed_deadline_is_told_once_with_its_cause() {
    let key = format!("deadline-{}", at(DAY));
    let late = arriving("07:59:00", 4);
    assert_eq!(late.told(), [key.as_str()]);
    let subject = late.decide().notices.remove(0).subject;
    assert!(subject.starts_with("web: 2 of 6 will not be in service by"), "{subject}");
    let unread = with(arriving("07:59:00", 4), |s| {
        s.signal = Signal::Tick;
        s.observation.closer = None;
    });
    assert_eq!(unread.decide().action, Action::LookCloser, "the cause is looked for");
    let sent = with(unread, |s| {
        s.memory.notices.insert(key, s.now - mins(1));
    });
    assert!(sent.told().is_empty());
    assert_eq!(sent.decide().action, Action::Hold);
}

fn launch(ago: SignedDuration, kind: ActivityKind, result: ActivityResult) -> Activity {
    Activity {
        id: "a-1".into(),
        started: at("2026-11-23T07:59:00+09:00") - ago,
        ended: None,
        kind,
        result,
        zone: None,
        message: "no capacity".into(),
        desired_change: None,
    }
}

#[test]
fn the_cause_of_a_missed_deadline() {
    use ActivityKind::{Launch, Terminate};
    use ActivityResult::{Failed, Successful};
    let slow = "instances boot slower";
    let failed = "a launch failed at";
    let cases = [
        ("nothing failed", vec![], slow),
        ("a launch failed", vec![launch(mins(5), Launch, Failed)], failed),
        ("almost two hours ago", vec![launch(mins(120) - secs(1), Launch, Failed)], failed),
        ("two hours ago", vec![launch(mins(120), Launch, Failed)], slow),
        ("one succeeded", vec![launch(mins(5), Launch, Successful)], slow),
        ("a termination failed", vec![launch(mins(5), Terminate, Failed)], slow),
    ];
    let body = |scene: &Scene| scene.decide().notices.remove(0).body;
    for (name, activities, want) in cases {
        let scene = with(arriving("07:59:00", 4), |s| s.evidence().activities = activities);
        assert!(body(&scene).contains(&format!("Cause: {want}")), "{name}: {}", body(&scene));
    }
    let suspended = with(arriving("07:59:00", 4), |s| s.suspend("Launch"));
    assert!(body(&suspended).contains("Cause: the process Launch is suspended"));
    let unread = with(arriving("07:59:00", 4), |s| s.closer().evidence = Err("denied".into()));
    assert!(body(&unread).contains("could not be read: denied"));
}

#[test]
fn staying_up_is_the_reason_of_its_evening() {
    let scene = with(Scene::night(), |s| {
        let until = "2026-11-21T02:00".parse().unwrap();
        let reason = "launch".into();
        s.policy.calendar.exceptions.push(crate::calendar::StayUp { until, reason });
    });
    let bid = bid(&scene.inputs(), &scene.memory);
    assert_eq!((bid.floor, bid.reason.as_str()), (6, "stays up: launch"));
}

#[test]
fn an_undone_step_holds_until_the_window_ends_at_most_a_day() {
    let until = |now: &str| {
        let scene = with(Scene::night(), |s| {
            s.now = at(now);
            let (before, at) = (*s.sizes(), s.now - mins(5));
            let step = Lowering { at, before, min: 8, desired: Some(8), audited: true };
            s.memory.last_lowering = Some(step);
            let since = s.now;
            let veto = s.alarm("web-5xx");
            (veto.state, veto.since) = (AlarmState::Alarm, since);
        });
        scene.decide().memory.no_lowering_until
    };
    let monday = "2026-11-22T23:00:00+09:00";
    assert_eq!(until(monday), Some(at(DAY)), "the night ends");
    assert_eq!(until("2026-11-23T12:00:00+09:00"), Some(at("2026-11-23T22:00:00+09:00")));
    let friday = "2026-11-20T23:00:00+09:00";
    assert_eq!(until(friday), Some(at(friday) + mins(24 * 60)), "a weekend is long");
}
