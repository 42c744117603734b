//! Everything that closes the gate, at its edges.

use super::*;
use crate::group::{ActivityKind, ActivityResult};
use crate::metrics::{AlarmState, Comparison};
use crate::scene::{activity, alarm, mins, secs};

#[test]
fn who_lowers_when() {
    check(
        Scene::night,
        &[
            ("on time", |_| {}, "night_step"),
            (
                "an event that tells no time",
                |s| s.signal = Signal::Night { scheduled: None },
                "night_step",
            ),
            (
                "half an hour late",
                |s| {
                    s.signal = Signal::Night { scheduled: Some(s.now - mins(30)) };
                },
                "night_step",
            ),
            (
                "a second more",
                |s| {
                    s.signal = Signal::Night { scheduled: Some(s.now - mins(30) - secs(1)) };
                },
                "late_wake_up",
            ),
            ("a tick", |s| s.signal = Signal::Tick, "night_function_lowers"),
            ("the day's schedule", |s| s.signal = Signal::Day, "raises_only"),
        ],
    );
    check(
        Scene::day,
        &[
            (
                "the night's schedule",
                |s| s.signal = Signal::Night { scheduled: Some(s.now) },
                "outside_night",
            ),
            (
                "an alarm",
                |s| {
                    s.event(AlarmState::Ok, None);
                },
                "raises_only",
            ),
            ("the day's schedule", |s| s.signal = Signal::Day, "day_ready"),
        ],
    );
    let late = with(Scene::night(), |s| {
        s.signal = Signal::Night { scheduled: Some(s.now - mins(45)) };
    });
    assert_eq!(late.decide().reason, Reason::LateWakeUp { minutes: 45 });
}
#[test]
fn what_cannot_be_trusted_lowers_nothing() {
    check(
        Scene::night,
        &[
            ("no table", |s| s.trust.no_memory = Some("throttled".into()), "no_control_table"),
            ("a bad policy", |s| s.trust.policy_fault = Some("version 9".into()), "policy_fault"),
        ],
    );
    let bad = with(Scene::night(), |s| s.trust.policy_fault = Some("version 9".into()));
    assert_eq!(bad.told(), ["policy-fault"]);
    assert!(Scene::night().told().is_empty());
}
#[test]
fn processes_that_recovery_needs() {
    for process in [
        "Launch",
        "Terminate",
        "HealthCheck",
        "ReplaceUnhealthy",
        "AddToLoadBalancer",
        "ScheduledActions",
        "AlarmNotification",
    ] {
        let scene = with(Scene::night(), |s| s.suspend(process));
        assert_eq!(scene.decide().reason, Reason::ProcessSuspended { process: process.into() });
    }
    check(Scene::night, &[("another one", |s| s.suspend("InstanceRefresh"), "night_step")]);
}
#[test]
fn spikes_and_undone_steps_hold() {
    check(
        Scene::night,
        &[
            ("a spike's bid", |s| push(s, Source::Spike, 1), "live_spike"),
            ("an undone step's bid", |s| push(s, Source::Undo, 1), "undone_before"),
            ("a raise that is given back", |s| push(s, Source::Race, 1), "undone_before"),
            (
                "an undone step",
                |s| s.memory.no_lowering_until = Some(s.now + secs(1)),
                "undone_before",
            ),
            ("that is over", |s| s.memory.no_lowering_until = Some(s.now), "night_step"),
            (
                "a breach a moment ago",
                |s| s.memory.last_breach = Some(s.now - mins(9)),
                "not_quiet",
            ),
            (
                "the quiet window is over",
                |s| s.memory.last_breach = Some(s.now - mins(10)),
                "night_step",
            ),
        ],
    );
}
#[test]
fn alarms_hold() {
    check(
        Scene::night,
        &[
            ("unread", |s| s.observation.alarms = Err("throttled".into()), "alarms_unavailable"),
            (
                "the spike alarm, though its metric is low",
                |s| {
                    s.alarm("web-cpu").state = AlarmState::Alarm;
                },
                "spike_alarm",
            ),
            ("a veto alarm", |s| s.alarm("web-5xx").state = AlarmState::Alarm, "veto_alarm"),
            ("the other one", |s| s.alarm("web-latency").state = AlarmState::Alarm, "veto_alarm"),
            (
                "a low-side one never",
                |s| {
                    s.alarm("web-5xx").state = AlarmState::Alarm;
                    s.alarm("web-5xx").comparison = Comparison::Below;
                },
                "night_step",
            ),
            (
                "a missing one",
                |s| {
                    s.observation.alarms.as_mut().unwrap().remove(&alarm("web-5xx"));
                },
                "veto_alarm_missing",
            ),
        ],
    );
    let missing = with(Scene::night(), |s| {
        s.observation.alarms.as_mut().unwrap().remove(&alarm("web-5xx"));
    });
    assert_eq!(missing.told(), ["no-alarm-web-5xx"]);
}
#[test]
fn a_veto_alarm_holds_for_a_quarter_of_an_hour_after_it_changed() {
    let recent = |age: SignedDuration, state: AlarmState| {
        let scene = with(Scene::night(), |s| {
            let since = s.now - age;
            let alarm = s.alarm("web-5xx");
            (alarm.since, alarm.state) = (since, state);
        });
        match scene.decide().reason {
            Reason::VetoAlarmRecent { minutes, .. } => Some(minutes),
            Reason::NightStep { .. } => None,
            other => panic!("{other}"),
        }
    };
    for (age, want) in [
        (mins(15), None),
        (mins(15) - secs(1), Some(14)),
        (mins(1), Some(1)),
        (mins(0), Some(0)),
        (mins(-5), Some(0)),
        (mins(-5) - secs(1), None),
    ] {
        assert_eq!(recent(age, AlarmState::Ok), want, "{age}");
        assert_eq!(recent(age, AlarmState::InsufficientData), want, "{age}");
    }
}
fn lowered(s: &mut Scene, age: SignedDuration, desired: Option<u32>) {
    let before = *s.sizes();
    let at = s.now - age;
    s.memory.last_lowering = Some(Lowering { at, before, min: 10, desired, audited: true });
}
#[test]
fn the_last_step_bakes() {
    check(
        Scene::night,
        &[
            ("a lowering", |s| lowered(s, mins(10) - secs(1), None), "baking"),
            ("baked", |s| lowered(s, mins(10), None), "night_step"),
            ("a termination", |s| s.memory.last_termination = Some(s.now - mins(9)), "baking"),
            (
                "its bake is over",
                |s| s.memory.last_termination = Some(s.now - mins(10)),
                "night_step",
            ),
            (
                "the later of both",
                |s| {
                    lowered(s, mins(30), None);
                    s.memory.last_termination = Some(s.now - mins(1));
                },
                "baking",
            ),
        ],
    );
}
#[test]
fn a_step_is_finished_when_its_instances_are_gone() {
    fn unfinished(s: &mut Scene) {
        s.sizes().desired = 9;
        s.memory.growth.clear();
    }
    check(
        Scene::night,
        &[
            (
                "ten in service, nine desired after our step",
                |s| {
                    unfinished(s);
                    lowered(s, mins(30), Some(9));
                },
                "step_unfinished",
            ),
            ("as many as desired", |s| lowered(s, mins(30), Some(10)), "night_step"),
            (
                "our step was on the minimum alone",
                |s| {
                    unfinished(s);
                    lowered(s, mins(30), None);
                },
                "night_step",
            ),
            ("it was no step of ours", unfinished, "night_step"),
        ],
    );
}
#[test]
fn a_refresh_defers_lowering_and_is_told_after_two_hours() {
    let refreshing = |age: SignedDuration| {
        with(Scene::night(), |s| {
            s.evidence().refresh = Some("InProgress".into());
            s.memory.since.insert("refresh".into(), s.now - age);
        })
    };
    assert_eq!(refreshing(mins(0)).code(), "refresh_running");
    assert!(refreshing(mins(120) - secs(1)).told().is_empty());
    assert_eq!(refreshing(mins(120)).told(), ["refresh"]);
    let over = with(refreshing(mins(120)), |s| s.evidence().refresh = None);
    assert!(over.decide().memory.since.is_empty(), "it is forgotten when it is over");
    let first = with(Scene::night(), |s| s.evidence().refresh = Some("Pending".into()));
    assert_eq!(first.decide().memory.since.get("refresh"), Some(&first.now));
}
#[test]
fn evidence_that_cannot_be_read_holds() {
    check(
        Scene::night,
        &[
            ("evidence", |s| s.closer().evidence = Err("denied".into()), "evidence_unavailable"),
            ("the load", |s| s.closer().recent = Err("denied".into()), "metrics_unavailable"),
            ("past weeks", |s| s.closer().past = Err("denied".into()), "metrics_unavailable"),
            (
                "hosts, while the load is there",
                |s| s.closer().healthy = Some(Err("no".into())),
                "night_step",
            ),
        ],
    );
    check(
        Scene::day,
        &[(
            "past weeks do not matter by day",
            |s| s.closer().past = Err("denied".into()),
            "settle_step",
        )],
    );
}

#[test]
fn a_failed_launch_holds_until_its_zone_launches_again() {
    use ActivityKind::{Launch, Terminate};
    use ActivityResult::{Failed, InProgress, Successful};
    let a = Some("a");
    let b = Some("b");
    let failed = activity(10, Launch, Failed, a);
    let nameless = activity(10, Launch, Failed, None);
    let cases = [
        ("a failure", vec![failed.clone()], true),
        ("a success", vec![activity(10, Launch, Successful, a)], false),
        ("one that goes on", vec![activity(10, Launch, InProgress, a)], false),
        ("a failed termination", vec![activity(10, Terminate, Failed, a)], false),
        ("healed", vec![activity(11, Launch, Successful, a), failed.clone()], false),
        ("a success before it", vec![failed.clone(), activity(9, Launch, Successful, a)], true),
        ("at the same time", vec![activity(10, Launch, Successful, a), failed.clone()], true),
        ("in another zone", vec![activity(11, Launch, Successful, b), failed.clone()], true),
        ("another attempt", vec![activity(11, Launch, InProgress, a), failed.clone()], true),
        ("a termination there", vec![activity(11, Terminate, Successful, a), failed], true),
        (
            "no zone, any success",
            vec![activity(11, Launch, Successful, b), nameless.clone()],
            false,
        ),
        ("no zone, no success", vec![nameless], true),
    ];
    for (name, activities, holds) in cases {
        let scene = with(Scene::night(), |s| s.evidence().activities = activities);
        assert_eq!(scene.code(), if holds { "launch_failed" } else { "night_step" }, "{name}");
    }
}
