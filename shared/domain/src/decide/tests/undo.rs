//! Taking back: a step after which an alarm went off, and a raise that our write cut.

use super::*;
use crate::group::{Activity, ActivityKind, ActivityResult, DesiredChange};
use crate::metrics::{AlarmState, Comparison};
use crate::scene::{alarm, at, mins, secs};

/// We lowered from ten to eight this long ago.
fn lowered(age: SignedDuration, desired: Option<u32>) -> Scene {
    with(Scene::night(), |s| {
        let before = *s.sizes();
        let at = s.now - age;
        s.has(8);
        s.sizes().min = 8;
        s.memory.applied_min = Some(8);
        s.memory.last_lowering = Some(Lowering { at, before, min: 8, desired, audited: true });
    })
}

/// And this long ago a veto alarm went off.
fn blamed(age: SignedDuration, alarm_age: SignedDuration) -> Scene {
    with(lowered(age, Some(8)), |s| {
        let since = s.now - alarm_age;
        let veto = s.alarm("web-5xx");
        (veto.state, veto.since) = (AlarmState::Alarm, since);
    })
}

#[test]
fn a_step_is_undone_when_a_veto_alarm_goes_off_after_it() {
    let scene = blamed(mins(5), mins(1));
    let decision = scene.decide();
    let until = scene.now + mins(24 * 60);
    let alarm = alarm("web-5xx");
    assert_eq!(decision.reason, Reason::StepUndone { alarm, floor: 10, until });
    assert_eq!(decision.action, Action::Raise { min: 10 });
    assert_eq!(scene.told(), ["undo"]);
    assert_eq!(decision.memory.no_lowering_until, Some(until));
    let bid = decision.memory.bids.first().unwrap();
    assert_eq!((bid.source, bid.floor, bid.until), (Source::Undo, 10, Some(until)));
}

#[test]
fn only_an_alarm_after_our_step_is_blamed_on_it() {
    for (name, scene, want) in [
        ("within a quarter of an hour", blamed(mins(15), mins(1)), "step_undone"),
        ("later", blamed(mins(15) + secs(1), mins(1)), "veto_alarm"),
        ("just after the step", blamed(mins(5), mins(5) - secs(1)), "step_undone"),
        ("with the step", blamed(mins(5), mins(5)), "veto_alarm"),
        (
            "low side",
            with(blamed(mins(12), mins(1)), |s| {
                s.alarm("web-5xx").comparison = Comparison::Below;
            }),
            "night_step",
        ),
        (
            "back to OK",
            with(blamed(mins(12), mins(1)), |s| {
                s.alarm("web-5xx").state = AlarmState::Ok;
            }),
            "veto_alarm_recent",
        ),
        (
            "it was undone before",
            with(blamed(mins(5), mins(1)), |s| {
                s.memory.no_lowering_until = Some(s.now + mins(60));
            }),
            "undone_before",
        ),
        (
            "the spike alarm vetoes nothing here",
            with(lowered(mins(12), Some(8)), |s| {
                let since = s.now;
                let spike = s.alarm("web-cpu");
                (spike.state, spike.since) = (AlarmState::Alarm, since);
            }),
            "spike_alarm",
        ),
    ] {
        assert_eq!(scene.code(), want, "{name}");
    }
}

#[test]
fn what_a_step_took_is_what_comes_back() {
    let floor_mode = with(blamed(mins(5), mins(1)), |s| {
        let step = s.memory.last_lowering.as_mut().unwrap();
        step.desired = None;
        step.before.min = 9;
    });
    assert_eq!(floor_mode.decide().action, Action::Raise { min: 9 }, "the minimum");
}

/// Ten were desired, eight since our write; this was the change that Auto Scaling tells of.
fn cut(age: SignedDuration, after_step: SignedDuration, from: u32, to: u32) -> Scene {
    with(lowered(age, Some(8)), |s| {
        let step = s.memory.last_lowering.as_mut().unwrap();
        step.audited = false;
        let started = step.at + after_step;
        let activity = Activity {
            id: "a-1".into(),
            started,
            ended: None,
            kind: ActivityKind::Terminate,
            result: ActivityResult::Successful,
            zone: None,
            message: String::new(),
            desired_change: Some(DesiredChange { from, to }),
        };
        s.evidence().activities = vec![activity];
    })
}

#[test]
fn a_raise_that_our_write_cut_is_given_back() {
    let scene = cut(secs(60), secs(2), 12, 8);
    let decision = scene.decide();
    assert_eq!(decision.reason, Reason::RaiseGivenBack { floor: 12, cut_to: 8 });
    assert_eq!(decision.action, Action::Raise { min: 12 });
    assert_eq!(scene.told(), ["race"]);
    assert!(decision.memory.last_lowering.unwrap().audited);
    let bid = decision.memory.bids.first().unwrap();
    assert_eq!((bid.source, bid.floor, bid.until), (Source::Race, 12, Some(scene.now + mins(10))));
}

#[test]
fn only_the_change_of_our_write_counts() {
    for (name, scene, want) in [
        (
            "its answer was late and its clock is behind",
            cut(secs(60), secs(-15), 12, 8),
            "raise_given_back",
        ),
        ("it was before our write", cut(secs(60), secs(-16), 12, 8), "baking"),
        ("two minutes after", cut(secs(130), secs(120), 12, 8), "raise_given_back"),
        ("later", cut(secs(130), secs(121), 12, 8), "baking"),
        ("another change", cut(secs(60), secs(2), 12, 9), "baking"),
        ("nobody raised", cut(secs(60), secs(2), 10, 8), "baking"),
        ("one more", cut(secs(60), secs(2), 11, 8), "raise_given_back"),
        ("activities are not there yet", cut(secs(14), secs(2), 12, 8), "baking"),
        ("now they are", cut(secs(15), secs(2), 12, 8), "raise_given_back"),
        (
            "it was audited",
            with(cut(secs(60), secs(2), 12, 8), |s| {
                s.memory.last_lowering.as_mut().unwrap().audited = true;
            }),
            "baking",
        ),
        (
            "we wrote the minimum alone",
            with(cut(secs(60), secs(2), 12, 8), |s| {
                s.memory.last_lowering.as_mut().unwrap().desired = None;
            }),
            "baking",
        ),
    ] {
        assert_eq!(scene.code(), want, "{name}");
    }
}

#[test]
fn an_audit_reads_the_activities() {
    let unread =
        |age| with(cut(age, secs(2), 12, 8), |s| s.observation.closer = None).decide().action;
    assert_eq!((unread(secs(14)), unread(secs(15))), (Action::Hold, Action::LookCloser));
    let denied = with(cut(secs(60), secs(2), 12, 8), |s| {
        s.closer().evidence = Err("denied".into());
    });
    let step = denied.decide().memory.last_lowering.unwrap();
    assert!(!step.audited, "it is tried again");
}

#[test]
fn what_was_undone_is_told_once_for_each_lowering() {
    let told = |after_step: SignedDuration| {
        let scene = blamed(mins(5), mins(1));
        let mut memory = scene.decide().memory;
        let step = memory.last_lowering.unwrap();
        memory.notices.insert("undo".into(), step.at + after_step);
        with(scene, |s| s.memory = memory).told()
    };
    assert_eq!(told(secs(-1)), ["undo"], "that was an earlier one");
    assert!(told(secs(0)).is_empty());
    assert!(told(secs(1)).is_empty());
}

#[test]
fn an_alarm_and_a_cut_raise_of_one_step_are_told_apart() {
    // Ten minutes before the day, what is undone and what is given back stand until its beginning.
    let scene = with(cut(mins(5), secs(2), 12, 8), |s| {
        s.now = at("2026-11-23T07:50:00+09:00");
        let step = s.memory.last_lowering.as_mut().unwrap();
        step.at = s.now - mins(5);
        s.evidence().activities[0].started = s.now - mins(5);
        let since = s.now - mins(1);
        let veto = s.alarm("web-5xx");
        (veto.state, veto.since) = (AlarmState::Alarm, since);
    });
    let decision = scene.decide();
    assert_eq!(decision.action, Action::Raise { min: 12 });
    let until: Vec<_> = decision.memory.bids.iter().map(|b| (b.source, b.until)).collect();
    let day = Some(at("2026-11-23T08:00:00+09:00"));
    assert_eq!(until, [(Source::Undo, day), (Source::Race, day)]);
    assert_eq!(scene.told(), ["undo", "race"]);
}

/// A lowering whose answer was lost, this long ago; ours since then was audited.
fn doubtful(age: SignedDuration, from: u32) -> Scene {
    with(cut(secs(60), secs(2), 11, 8), |s| {
        let step = s.memory.last_lowering.as_mut().unwrap();
        let doubt = Lowering { at: s.now - age, desired: Some(9), ..*step };
        s.memory.doubt = Some(doubt);
        let mut activity = s.evidence().activities[0].clone();
        activity.started = s.now - age + secs(2);
        activity.desired_change = Some(DesiredChange { from, to: 9 });
        s.evidence().activities.insert(0, activity);
    })
}

#[test]
fn a_lowering_in_doubt_is_audited_too() {
    for (name, scene, floor, doubted) in [
        ("it cut more", doubtful(secs(90), 14), 14, false),
        ("it cut less", doubtful(secs(90), 10), 11, false),
        ("too early to tell", doubtful(secs(14), 14), 11, true),
        ("it alone", with(doubtful(secs(90), 14), |s| s.memory.last_lowering = None), 14, false),
    ] {
        let decision = scene.decide();
        let Reason::RaiseGivenBack { floor: given, .. } = decision.reason else {
            panic!("{name}: {}", decision.reason);
        };
        assert_eq!((given, decision.memory.doubt.is_some()), (floor, doubted), "{name}");
        assert_eq!(scene.told(), ["race"], "{name}");
    }
    let unread = with(doubtful(secs(90), 14), |s| s.closer().evidence = Err("denied".into()));
    assert!(unread.decide().memory.doubt.is_some(), "it is tried again");
    let unseen = with(doubtful(secs(90), 14), |s| {
        s.memory.last_lowering = None;
        s.observation.closer = None;
    });
    assert_eq!(unseen.decide().action, Action::LookCloser);
}
