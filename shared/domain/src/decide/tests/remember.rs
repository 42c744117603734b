//! What a look adds to the memory.

use super::*;
use crate::decide::remember::remember;
use crate::group::{Activity, ActivityKind, ActivityResult, Lifecycle, ScalingPolicy};
use crate::memory::{CapacitySample, Seen, SeenMode};
use crate::metrics::AlarmState;
use crate::scene::{alarm, at, id, instance, mins, secs};

fn remembered(scene: &Scene) -> Memory {
    remember(&scene.inputs(), &mut Vec::new())
}

fn notes(scene: &Scene) -> Vec<String> {
    let mut notes = Vec::new();
    remember(&scene.inputs(), &mut notes);
    notes
}

#[test]
fn what_is_over_is_forgotten() {
    let mut scene = Scene::night();
    let now = scene.now;
    let week = mins(7 * 24 * 60);
    scene.memory.notices =
        [("old".into(), now - week), ("new".into(), now - week + secs(1))].into_iter().collect();
    let bid = |until| Bid { source: Source::Undo, floor: 3, until, reason: String::new() };
    let bids = [bid(Some(now)), bid(Some(now + secs(1)))];
    scene.memory.bids = bids.to_vec();
    scene.memory.no_lowering_until = Some(now);
    let memory = remembered(&scene);
    assert_eq!(memory.notices.keys().collect::<Vec<_>>(), ["new"]);
    assert_eq!(memory.bids, bids[1..]);
    assert_eq!(memory.no_lowering_until, None);
    scene.memory.no_lowering_until = Some(now + secs(1));
    assert_eq!(remembered(&scene).no_lowering_until, Some(now + secs(1)));
}

/// Ten and ten were seen, this was about to be written, and these sizes are there now.
fn intended(min: u32, desired: Option<u32>, now: (u32, u32)) -> Scene {
    with(Scene::night(), |s| {
        let expected = *s.sizes();
        s.memory.intent = Some(Intent { min, desired, expected, at: s.now - mins(1) });
        s.memory.applied_min = Some(10);
        (s.sizes().min, s.sizes().desired) = now;
    })
}

#[test]
fn an_intent_that_the_group_shows_has_happened() {
    for (name, scene, applied, lowered) in [
        ("both", intended(8, Some(8), (8, 8)), 8, true),
        ("more than that", intended(8, Some(8), (8, 7)), 8, true),
        ("the minimum alone so far", intended(8, Some(8), (8, 9)), 8, false),
        ("nothing", intended(8, Some(8), (10, 10)), 10, false),
        ("desired alone was meant", intended(10, Some(8), (10, 8)), 10, true),
        ("floor mode", intended(8, None, (8, 10)), 8, true),
        ("a raise", intended(12, None, (12, 12)), 12, false),
        ("the same minimum", intended(10, None, (10, 10)), 10, false),
    ] {
        let memory = remembered(&scene);
        assert_eq!(memory.applied_min, Some(applied), "{name}");
        assert_eq!(memory.intent, None, "{name}");
        let intent = scene.memory.intent.clone().unwrap();
        let Intent { min, desired, expected, at } = intent;
        let step = Lowering { at, before: expected, min, desired, audited: false };
        assert_eq!(memory.last_lowering, lowered.then_some(step), "{name}");
        let doubt = desired.is_some() && !lowered;
        assert_eq!(memory.doubt, doubt.then_some(step), "{name}: it may still come");
    }
}

#[test]
fn whose_minimum_it_is() {
    let whose = |applied: Option<u32>, min: u32, lost: Option<u32>| {
        let scene = with(Scene::night(), |s| {
            s.memory.applied_min = applied;
            s.memory.operator_min = Some(3);
            s.memory.intent = lost.map(|before| Intent {
                min: 1,
                desired: None,
                expected: Sizes { min: before, ..*s.sizes() },
                at: s.now,
            });
            s.sizes().min = min;
        });
        let memory = remembered(&scene);
        (memory.applied_min, memory.operator_min, notes(&scene).len())
    };
    for (name, applied, min, lost, want) in [
        ("first look", None, 7, None, (Some(7), Some(3), 1)),
        ("ours", Some(7), 7, None, (Some(7), Some(3), 0)),
        ("our lowering was lost", Some(4), 7, Some(7), (Some(7), Some(3), 0)),
        ("another minimum than before it", Some(4), 7, Some(5), (Some(4), Some(7), 0)),
        ("the backstop's", Some(2), 6, None, (Some(6), Some(3), 0)),
        ("a person raised it", Some(2), 7, None, (Some(2), Some(7), 0)),
        ("a person lowered it", Some(9), 7, None, (Some(7), None, 1)),
        ("a person took theirs back", Some(2), 2, None, (Some(2), None, 0)),
    ] {
        assert_eq!(whose(applied, min, lost), want, "{name}");
    }
}

fn seen(scene: &Scene, n: u32) -> Option<Seen> {
    remembered(scene).instances.get(&id(n)).copied()
}

#[test]
fn instances_are_noted_when_they_are_first_seen() {
    let fresh = |lifecycle: Lifecycle, first_meeting: bool| {
        with(Scene::night(), |s| {
            s.memory.instances.clear();
            if first_meeting {
                s.memory.applied_min = None;
            }
            let mut new = instance(0);
            new.lifecycle = lifecycle;
            s.observation.group.instances = vec![new];
        })
    };
    let now = Scene::night().now;
    let note = |in_service: bool, settled: bool, leaving: bool| {
        let in_service = in_service.then_some(now);
        Some(Seen { first: now, in_service, settled, leaving })
    };
    for (name, lifecycle, first_meeting, want) in [
        ("in service", Lifecycle::InService, false, note(true, false, false)),
        ("there when we came", Lifecycle::InService, true, note(true, true, false)),
        ("booting when we came", Lifecycle::Pending, true, note(false, false, false)),
        ("booting", Lifecycle::Pending, false, note(false, false, false)),
        ("leaving", Lifecycle::Terminating, false, note(false, false, true)),
        ("warm pool", Lifecycle::WarmPool, false, None),
    ] {
        assert_eq!(seen(&fresh(lifecycle, first_meeting), 0), want, "{name}");
    }
}

#[test]
fn what_was_noted_of_an_instance_stays() {
    let old = Scene::night().now - mins(180);
    let known = Some(Seen { first: old, in_service: Some(old), settled: false, leaving: false });
    assert_eq!(seen(&Scene::night(), 0), known);
    let booted = with(Scene::night(), |s| {
        s.memory.instances.get_mut(&id(0)).unwrap().in_service = None;
    });
    assert_eq!(seen(&booted, 0).unwrap().in_service, Some(booted.now));
}

#[test]
fn a_termination_is_noted_once() {
    let leaves =
        |s: &mut Scene| s.observation.group.instances[0].lifecycle = Lifecycle::Terminating;
    let last = |scene: &Scene| remembered(scene).last_termination;
    let now = Scene::night().now;
    assert_eq!(last(&Scene::night()), None);
    assert_eq!(last(&with(Scene::night(), leaves)), Some(now));
    let still = with(Scene::night(), |s| {
        leaves(s);
        s.memory.instances.get_mut(&id(0)).unwrap().leaving = true;
    });
    assert_eq!(last(&still), None, "it was seen leaving before");
    let gone = |seen_leaving: bool| {
        with(Scene::night(), |s| {
            s.observation.group.instances.remove(0);
            s.memory.instances.get_mut(&id(0)).unwrap().leaving = seen_leaving;
        })
    };
    assert_eq!(last(&gone(false)), Some(now), "nobody saw it leave");
    assert_eq!(last(&gone(true)), None);
    assert_eq!(seen(&gone(true), 0), None, "and it is forgotten");
}

#[test]
fn growth_is_kept_for_an_hour_and_its_start() {
    let growth = |before: &[(SignedDuration, u32)]| {
        let scene = with(Scene::night(), |s| {
            let sample = |(ago, desired): &(SignedDuration, u32)| CapacitySample {
                at: s.now - *ago,
                desired: *desired,
            };
            s.memory.growth = before.iter().map(sample).collect();
        });
        let samples = remembered(&scene).growth;
        samples.iter().map(|g| g.desired).collect::<Vec<_>>()
    };
    for (name, before, want) in [
        ("the first look", &[][..], vec![10]),
        ("no change", &[(mins(5), 10)], vec![10]),
        ("a change", &[(mins(5), 9)], vec![9, 10]),
        ("one older than an hour tells its start", &[(mins(90), 8), (mins(5), 10)], vec![8, 10]),
        ("only the newest of those", &[(mins(95), 7), (mins(90), 8), (mins(5), 10)], vec![8, 10]),
        ("an hour is not older", &[(mins(95), 7), (mins(60), 8), (mins(5), 10)], vec![7, 8, 10]),
        ("a second more is", &[(mins(95), 7), (mins(60) + secs(1), 8), (mins(5), 10)], vec![8, 10]),
    ] {
        assert_eq!(growth(before), want, "{name}");
    }
}

#[test]
fn the_mode_is_noted_with_when_it_was_first_seen() {
    let mode = |scene: &Scene| remembered(scene).mode;
    let known = Scene::night();
    assert_eq!(mode(&known), known.memory.mode, "the same as before");
    let changed = with(Scene::night(), |s| {
        s.evidence().policies.push(ScalingPolicy { name: "cpu-50".into(), can_scale_in: true });
    });
    assert_eq!(mode(&changed), Some(SeenMode { mode: Mode::Floor, at: changed.now }));
    let unread = with(changed, |s| s.observation.closer = None);
    assert_eq!(mode(&unread), unread.memory.mode);
}

#[test]
fn launches_are_measured_once() {
    let started = at("2026-11-20T12:00:00Z");
    let activity = |n: u32, kind: ActivityKind, result: ActivityResult| Activity {
        id: format!("a-{n}"),
        started,
        ended: Some(started + secs(i64::from(n))),
        kind,
        result,
        zone: None,
        message: String::new(),
        desired_change: None,
    };
    let launch = |n| activity(n, ActivityKind::Launch, ActivityResult::Successful);
    let mut running = launch(103);
    running.ended = None;
    let measured = |activities: Vec<Activity>| {
        let scene = with(Scene::night(), |s| {
            s.evidence().activities = activities;
            let known = crate::memory::MeasuredLaunch { id: "a-100".into(), secs: 7 };
            s.memory.launches.push(known);
        });
        remembered(&scene).launches.iter().map(|l| l.secs).collect::<Vec<_>>()
    };
    for (name, activities, want) in [
        ("newest last", vec![launch(102), launch(101)], vec![7, 101, 102]),
        ("known", vec![launch(100)], vec![7]),
        ("not over", vec![running], vec![7]),
        ("a failure", vec![activity(104, ActivityKind::Launch, ActivityResult::Failed)], vec![7]),
        (
            "a termination",
            vec![activity(105, ActivityKind::Terminate, ActivityResult::Successful)],
            vec![7],
        ),
        ("the newest fifty are kept", (200..260).rev().map(launch).collect(), (210..260).collect()),
    ] {
        assert_eq!(measured(activities), want, "{name}");
    }
}

#[test]
fn an_older_event_than_the_newest_says_nothing() {
    let seen = |newest: i64| {
        let scene = with(Scene::day(), |s| {
            s.event(AlarmState::Alarm, None);
            s.memory.alarm_times.insert(alarm("web-cpu"), s.now + secs(newest));
        });
        let time = remembered(&scene).alarm_times.get(&alarm("web-cpu")).copied();
        (time.map(|at| at.duration_since(scene.now).as_secs()), notes(&scene).len())
    };
    assert_eq!(seen(-1), (Some(0), 0), "a newer one");
    assert_eq!(seen(0), (Some(0), 0), "the same again");
    assert_eq!(seen(1), (Some(1), 1), "an older one is noted");
    let first = with(Scene::day(), |s| {
        s.event(AlarmState::Alarm, None);
    });
    assert_eq!(remembered(&first).alarm_times.get(&alarm("web-cpu")), Some(&first.now));
}

#[test]
fn a_person_takes_their_minimum_back() {
    let theirs = |min: u32| {
        let scene = with(Scene::night(), |s| {
            s.memory.applied_min = Some(min);
            s.memory.operator_min = Some(9);
            s.sizes().min = min;
        });
        remembered(&scene).operator_min
    };
    assert_eq!((theirs(9), theirs(10), theirs(8)), (Some(9), Some(9), None));
}
