//! The decision as a whole: which of several reasons wins, what it leaves behind.

use super::*;
use crate::memory::SeenMode;
use crate::metrics::AlarmState;
use crate::scene::{alarm, mins, secs};

#[test]
fn groups_about_which_nothing_can_be_decided() {
    check(
        Scene::day,
        &[
            ("being deleted", |s| s.observation.group.deleting = true, "group_deleting"),
            (
                "another unit",
                |s| s.observation.group.foreign_unit = Some("vcpu".into()),
                "unsupported_unit",
            ),
        ],
    );
}

#[test]
fn the_first_look_at_a_group_reads_its_mode() {
    fn unknown(s: &mut Scene) {
        s.memory.mode = None;
        s.has(6);
    }
    check(
        Scene::day,
        &[
            (
                "unknown and not read",
                |s| {
                    unknown(s);
                    s.observation.closer = None;
                },
                "need_evidence",
            ),
            (
                "known",
                |s| {
                    unknown(s);
                    s.memory.mode = Some(SeenMode { mode: Mode::Owner, at: s.now });
                    s.observation.closer = None;
                },
                "at_floor",
            ),
            ("just read", unknown, "at_floor"),
            (
                "it could not be remembered",
                |s| {
                    unknown(s);
                    s.observation.closer = None;
                    s.trust.no_memory = Some("throttled".into());
                },
                "at_floor",
            ),
        ],
    );
}

fn low(min: u32) -> Scene {
    with(Scene::day(), |s| {
        s.sizes().min = min;
        s.memory.applied_min = Some(min);
    })
}

#[test]
fn a_floor_above_the_minimum_raises() {
    assert_eq!(low(5).decide().action, Action::Raise { min: 6 });
    assert_eq!(low(6).decide().action, Action::Lower { min: 6, desired: Some(8) });
    assert_eq!(low(7).decide().action, Action::Lower { min: 7, desired: Some(8) });
}

#[test]
fn the_winning_bid_gives_the_reason_of_a_raise() {
    fn push(s: &mut Scene, source: Source, floor: u32) {
        let until = Some(s.now + mins(3));
        s.memory.bids.push(Bid { source, floor, until, reason: "x".into() });
    }
    check(
        || low(5),
        &[
            ("the schedule", |_| {}, "schedule_floor"),
            ("an earlier spike", |s| push(s, Source::Spike, 9), "spike_floor"),
            ("an undone step", |s| push(s, Source::Undo, 9), "spike_floor"),
            ("a raise that is given back", |s| push(s, Source::Race, 9), "spike_floor"),
            ("a tag", |s| s.tag("tidegate:floor", "9"), "operator_floor"),
            ("a breach that asks for more", |s| s.spike(62.0), "spike_step"),
            (
                "a breach under a tag",
                |s| {
                    s.spike(62.0);
                    s.tag("tidegate:floor", "12");
                },
                "operator_floor",
            ),
        ],
    );
}

#[test]
fn a_suspended_launch_is_told_instead_of_written() {
    let scene = with(low(5), |s| s.suspend("Launch"));
    assert_eq!(scene.code(), "cannot_scale");
    assert_eq!(scene.decide().action, Action::Hold);
    assert!(scene.told().contains(&"launch-suspended".to_owned()));
}

#[test]
fn a_hold_names_the_breach_before_the_veto() {
    // The step is at the minimum already, so nothing is raised.
    let stepped = with(low(10), |s| {
        s.spike(62.0);
        let until = Some(s.now + mins(3));
        let reason = "web-cpu".into();
        s.memory.bids.push(Bid { source: Source::Spike, floor: 11, until, reason });
        s.sizes().min = 11;
        s.memory.applied_min = Some(11);
    });
    let alarm = alarm("web-cpu");
    assert_eq!(stepped.decide().reason, Reason::SpikeWarming { alarm, value: 62.0, floor: 11 });
    let tick = with(Scene::day(), |s| s.has(6));
    assert_eq!(tick.code(), "at_floor", "how the day stands is for the day's function to tell");
}

#[test]
fn what_the_limits_cut_off_is_told() {
    let asked = |scene: Scene| {
        let decision = scene.decide();
        (decision.notes.len(), decision.notices.iter().any(|n| n.key == "limits"))
    };
    let tag = |floor: &'static str| with(Scene::day(), |s| s.tag("tidegate:floor", floor));
    assert_eq!(asked(tag("41")), (1, true));
    assert_eq!(asked(tag("40")), (0, false), "the ceiling itself");
    assert_eq!(asked(tag("39")), (0, false));
    let spike = with(low(10), |s| {
        let until = Some(s.now + mins(3));
        let reason = "web-cpu".into();
        s.memory.bids.push(Bid { source: Source::Spike, floor: 50, until, reason });
    });
    assert_eq!(asked(spike), (0, false), "a spike has words of its own");
}

#[test]
fn the_intent_is_what_is_about_to_be_written() {
    let raise = low(5);
    let expected = raise.observation.group.sizes;
    let at = raise.now;
    let intent = raise.decide().memory.intent;
    assert_eq!(intent, Some(Intent { min: 6, desired: None, expected, at }));
    let lower = Scene::night();
    let expected = lower.observation.group.sizes;
    let at = lower.now;
    let intent = lower.decide().memory.intent;
    assert_eq!(intent, Some(Intent { min: 8, desired: Some(8), expected, at }));
    let hold = with(Scene::night(), |s| s.signal = Signal::Tick);
    assert_eq!(hold.decide().memory.intent, None);
}

#[test]
fn memory_after_the_write() {
    let scene = Scene::night();
    let decision = scene.decide();
    let done = decision.memory_when_applied(scene.now + secs(2));
    assert_eq!((done.intent, done.applied_min), (None, Some(8)));
    let before = scene.observation.group.sizes;
    let at = scene.now + secs(2);
    let step = Lowering { at, before, min: 8, desired: Some(8), audited: false };
    assert_eq!(done.last_lowering, Some(step));
    let void = decision.memory_when_void();
    assert_eq!(void, Memory { intent: None, ..decision.memory.clone() });
    assert!(decision.memory.intent.is_some());
    let raised = low(5).decide().memory_when_applied(at);
    assert_eq!((raised.applied_min, raised.last_lowering), (Some(6), None));
    let held = with(Scene::night(), |s| s.signal = Signal::Tick).decide();
    assert_eq!(held.memory_when_applied(at), held.memory);
}

#[test]
fn a_notice_is_repeated_when_its_time_is_over() {
    let told = |age: SignedDuration| {
        with(Scene::night(), |s| {
            s.alarm("web-5xx").state = AlarmState::Ok;
            s.observation.alarms.as_mut().unwrap().remove(&alarm("web-5xx"));
            s.memory.notices.insert("no-alarm-web-5xx".into(), s.now - age);
        })
        .told()
    };
    assert!(told(mins(4 * 60) - secs(1)).is_empty());
    assert_eq!(told(mins(4 * 60)), ["no-alarm-web-5xx"]);
}

#[test]
fn the_last_reason_is_remembered_by_signal() {
    let last = |scene: Scene| scene.decide().memory.last_reasons;
    assert_eq!(last(Scene::night()), [("night".into(), "night_step".into())].into_iter().collect());
    let again = with(Scene::day(), |s| {
        s.observation.closer = None;
        s.memory.next_look = Some(s.now + mins(1));
    });
    assert!(last(again).is_empty(), "a look a moment ago is no news");
}
