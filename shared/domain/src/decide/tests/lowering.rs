//! The gate: open by night and by day, and everything that closes it, at its edges.

use super::*;
use crate::decide::lowering::step_limit;
use crate::group::{Activity, ActivityKind, ActivityResult, ScalingPolicy};
use crate::memory::SeenMode;
use crate::metrics::{AlarmState, Comparison};
use crate::scene::{alarm, at, level, mins, secs};

fn lower(min: u32, desired: u32) -> Action {
    Action::Lower { min, desired: Some(desired) }
}

#[test]
fn an_open_gate_lets_one_step_pass() {
    let night = Scene::night().decide();
    assert_eq!(night.action, lower(8, 8));
    assert_eq!(night.reason, Reason::NightStep { need: 2, target: 2, from: 10, to: 8 });
    assert_eq!((night.load, night.need), (Some(100.0), Some(2)));
    let day = Scene::day().decide();
    assert_eq!(day.action, lower(6, 8), "MinSize is at the day's floor already");
    assert_eq!(day.reason, Reason::SettleStep { need: 2, target: 6, from: 10, to: 8 });
}

#[test]
fn a_step_ends_at_what_floor_and_load_need() {
    let cases: [(&str, u32, f64, Action); 4] = [
        ("the step is shorter than the way", 10, 100.0, lower(8, 8)),
        ("the load ends it", 10, 650.0, lower(9, 9)),
        ("the floor ends it", 3, 0.0, lower(2, 2)),
        ("nothing is left", 2, 0.0, Action::Hold),
    ];
    for (name, size, load, want) in cases {
        let scene = with(Scene::night(), |s| {
            s.sizes().min = size;
            s.has(size);
            s.closer().recent = Ok(level(s.now, 100, load));
            s.closer().past = Ok(vec![]);
        });
        assert_eq!(scene.decide().action, want, "{name}");
    }
}

#[test]
fn a_step_takes_its_percentage_and_at_least_one() {
    for (from, percent, want) in [(10, 20, 2), (4, 20, 1), (50, 10, 5), (99, 20, 19), (1, 1, 1)] {
        assert_eq!(step_limit(from, percent), want, "{percent} % of {from}");
    }
}

#[test]
fn where_another_policy_trims_only_the_minimum_is_lowered() {
    let scene = with(Scene::night(), |s| s.evidence().policies.push(tracking()));
    assert_eq!(scene.decide().action, Action::Lower { min: 8, desired: None });
}

fn tracking() -> ScalingPolicy {
    ScalingPolicy { name: "cpu-50".into(), can_scale_in: true }
}

/// Nothing was read closer yet.
fn glance(mut scene: Scene) -> Scene {
    scene.observation.closer = None;
    scene
}

fn floor_mode(s: &mut Scene) {
    s.memory.mode = Some(SeenMode { mode: Mode::Floor, at: s.now });
}

#[test]
fn what_stands_above_the_floor_is_looked_at() {
    fn shrink(s: &mut Scene) {
        s.sizes().min = 2;
        s.has(2);
    }
    check(
        || glance(Scene::night()),
        &[
            ("ten over a floor of two", |_| {}, "need_evidence"),
            ("at the floor", shrink, "at_floor"),
            (
                "floor mode, looked at again by night",
                |s| {
                    floor_mode(s);
                    s.sizes().min = 2;
                },
                "need_evidence",
            ),
            (
                "a look a moment ago binds no night",
                |s| s.memory.next_look = Some(s.now + mins(4)),
                "need_evidence",
            ),
        ],
    );
    check(
        || glance(Scene::day()),
        &[
            ("ten over a floor of six", |_| {}, "need_evidence"),
            ("floor mode: desired is not ours", floor_mode, "at_floor"),
            (
                "floor mode: the minimum is",
                |s| {
                    floor_mode(s);
                    s.sizes().min = 7;
                    s.memory.applied_min = Some(7);
                },
                "need_evidence",
            ),
            (
                "a look a moment ago",
                |s| s.memory.next_look = Some(s.now + secs(1)),
                "looked_recently",
            ),
            ("the next look is due", |s| s.memory.next_look = Some(s.now), "need_evidence"),
        ],
    );
}

#[test]
fn after_a_look_that_held_the_next_waits_five_minutes() {
    let held = with(Scene::day(), |s| s.evidence().refresh = Some("InProgress".into()));
    assert_eq!(held.decide().memory.next_look, Some(held.now + mins(5)));
    let stepped = with(Scene::day(), |s| s.memory.next_look = Some(s.now));
    assert_eq!(stepped.decide().memory.next_look, None);
}

fn push(s: &mut Scene, source: Source, floor: u32) {
    let until = Some(s.now + mins(3));
    s.memory.bids.push(Bid { source, floor, until, reason: "web-cpu".into() });
}

#[test]
fn at_the_floor_the_bid_that_keeps_it_up_is_named() {
    check(
        Scene::day,
        &[
            (
                "a spike keeps ten",
                |s| {
                    push(s, Source::Spike, 10);
                    s.sizes().min = 10;
                    s.memory.applied_min = Some(10);
                },
                "live_spike",
            ),
            (
                "the schedule keeps six",
                |s| {
                    s.has(6);
                    push(s, Source::Spike, 6);
                },
                "at_floor",
            ),
        ],
    );
}

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

fn activity(
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

#[test]
fn the_need_is_judged_over_the_windows_minutes() {
    let peak = |scene: Scene, minutes_ago: usize| {
        with(scene, |s| {
            let series = s.closer().recent.as_mut().unwrap();
            let index = series.len() - minutes_ago;
            series[index].value = 900.0;
        })
        .decide()
        .load
    };
    // The newest minute that is judged began two minutes ago.
    assert_eq!(peak(Scene::night(), 31), Some(900.0));
    assert_eq!(peak(Scene::night(), 32), Some(100.0));
    assert_eq!(peak(Scene::day(), 11), Some(900.0), "by day the stabilization window");
    assert_eq!(peak(Scene::day(), 12), Some(100.0));
    let past = |scene: Scene| {
        with(scene, |s| s.closer().past = Ok(vec![level(s.now, 5, 700.0)])).decide().load
    };
    assert_eq!((past(Scene::night()), past(Scene::day())), (Some(700.0), Some(100.0)));
}

#[test]
fn a_load_that_fell_to_nothing_is_believed_only_where_nobody_serves() {
    fn fallen(s: &mut Scene) {
        let series = s.closer().recent.as_mut().unwrap();
        series.iter_mut().rev().take(6).for_each(|p| p.value = 0.0);
    }
    check(
        Scene::night,
        &[
            ("ten serve", fallen, "implausible_zero"),
            (
                "nobody serves",
                |s| {
                    fallen(s);
                    s.observation.group.instances.iter_mut().for_each(|i| i.healthy = false);
                },
                "night_step",
            ),
        ],
    );
}

#[test]
fn the_load_or_the_floor_needs_what_is_there() {
    check(
        Scene::night,
        &[
            (
                "the load",
                |s| s.closer().recent = Ok(level(s.now, 100, 769.0)),
                "load_needs_capacity",
            ),
            ("a little less", |s| s.closer().recent = Ok(level(s.now, 100, 692.0)), "night_step"),
            (
                "floor mode, the minimum is down",
                |s| {
                    s.evidence().policies.push(tracking());
                    s.sizes().min = 2;
                },
                "at_floor",
            ),
        ],
    );
}

#[test]
fn nothing_is_lowered_before_the_backstop_stands() {
    let missing = with(Scene::night(), |s| s.evidence().backstop = None).decide();
    assert_eq!(missing.reason, Reason::BackstopNeeded { min: 6 });
    let Action::WriteBackstop(wanted) = missing.action else { panic!("{:?}", missing.action) };
    assert_eq!(wanted.recurrence, "0 8 * * MON,TUE,WED,THU,FRI");
    assert_eq!(wanted.time_zone, "Asia/Seoul");
    check(
        Scene::night,
        &[
            ("another one", |s| s.evidence().backstop.as_mut().unwrap().min = 5, "backstop_needed"),
            (
                "it cannot be written",
                |s| {
                    s.evidence().backstop = None;
                    s.closer().backstop_error = Some("denied".into());
                },
                "backstop_failed",
            ),
            (
                "the error of a write that shows",
                |s| {
                    s.closer().backstop_error = Some("no answer".into());
                },
                "night_step",
            ),
        ],
    );
    let refused = with(Scene::night(), |s| {
        s.evidence().backstop = None;
        s.closer().backstop_error = Some("denied".into());
    });
    assert_eq!(refused.told(), ["backstop"]);
}

#[test]
fn a_load_that_stays_unknown_is_told_after_ten_minutes() {
    let unknown = |age: SignedDuration| {
        with(Scene::night(), |s| {
            s.closer().recent = Ok(vec![]);
            s.closer().healthy = None;
            s.memory.since.insert("load".into(), s.now - age);
        })
    };
    assert_eq!(unknown(mins(0)).code(), "data_missing");
    assert!(unknown(mins(10) - secs(1)).told().is_empty());
    assert_eq!(unknown(mins(10)).told(), ["load"]);
    let known = with(Scene::night(), |s| {
        s.memory.since.insert("load".into(), s.now - mins(60));
    });
    assert!(known.decide().memory.since.is_empty() && known.told().is_empty());
}
