//! How far an action may go: raises and their growth, the sizes of a lowering, bids, floors,
//! one step and its bake.

use super::*;
use crate::memory::{CapacitySample, Lowering};
use crate::scene::{alarm, level, mins, secs};
#[test]
fn raises() {
    let raise = |d: &mut Decision, min| d.action = Action::Raise { min };
    let cases: [Case; 7] = [
        ("up to the maximum", |_, d| d.action = Action::Raise { min: 60 }, &[]),
        (
            "above it",
            |_, d| d.action = Action::Raise { min: 61 },
            &["1: MinSize 61 above MaxSize 60"],
        ),
        ("to where it is", |_, d| d.action = Action::Raise { min: 5 }, &["8: a raise from 5 to 5"]),
        ("down", |_, d| d.action = Action::Raise { min: 4 }, &["8: a raise from 5 to 4"]),
        (
            "for other sizes",
            |s, _| s.sizes().desired = 11,
            &["8: the action is not for the sizes that were seen"],
        ),
        ("Launch suspended", |s, _| s.suspend("Launch"), &["3: a write while Launch is suspended"]),
        ("Terminate suspended", |s, _| s.suspend("Terminate"), &[]),
    ];
    table(low, &cases);
    assert_eq!(broken(low(), |_, d| raise(d, 7)), [""; 0]);
}
/// A step of a spike to `floor` at `desired`, with this growth (minutes ago, desired).
fn spike(floor: u32, desired: u32, growth: &[(SignedDuration, u32)]) -> Vec<String> {
    broken(low(), |s, d| {
        s.sizes().desired = desired;
        d.expected.desired = desired;
        let alarm = alarm("web-cpu");
        d.reason = Reason::SpikeStep { alarm, value: 71.0, threshold: 50.0, base: 1, floor };
        d.action = Action::Raise { min: floor };
        let sample = |(ago, desired): &(SignedDuration, u32)| CapacitySample {
            at: s.now - *ago,
            desired: *desired,
        };
        d.memory.growth = growth.iter().map(sample).collect();
    })
}
#[test]
fn a_steps_growth_is_limited() {
    let hours = mins(120);
    let cases = [
        ("three times as many", 6, 2, vec![(hours, 2)], None),
        ("one more", 7, 2, vec![(hours, 2)], Some(6)),
        ("what is desired already is no growth", 7, 7, vec![(hours, 2), (mins(9), 7)], None),
        ("nor is less", 7, 8, vec![(hours, 2), (mins(9), 8)], None),
        ("ten minutes ago is within", 7, 5, vec![(hours, 5), (mins(10), 2), (mins(9), 5)], Some(6)),
        ("before it only the last counts", 7, 5, vec![(hours, 2), (mins(11), 5)], None),
        ("and that is its start", 7, 5, vec![(hours, 2), (mins(10), 5)], Some(6)),
        (
            "five times as many in an hour",
            11,
            10,
            vec![(hours, 9), (mins(60), 2), (mins(30), 10)],
            Some(10),
        ),
        ("from nothing one", 7, 0, vec![(hours, 0)], Some(1)),
        ("nobody knows", 50, 2, vec![], None),
    ];
    for (name, floor, desired, growth, limit) in cases {
        let want: Vec<String> =
            limit.map(|limit| format!("6: {floor} above {limit}")).into_iter().collect();
        assert_eq!(spike(floor, desired, &growth), want, "{name}");
    }
}
#[test]
fn sizes_of_a_lowering() {
    table(
        Scene::night,
        &[
            ("the fleet's minimum", |s, _| s.policy.min = 8, &[]),
            ("below it", |_, d| lower(d, 0, 8), &["1: MinSize 0 below 1"]),
            (
                "the minimum upward",
                |_, d| lower(d, 11, 8),
                &["8: MinSize upward in a lowering", "1: desired below MinSize"],
            ),
            ("desired as it is", |_, d| lower(d, 8, 10), &["8: desired not downward"]),
            ("desired upward", |_, d| lower(d, 8, 11), &["8: desired not downward"]),
            ("desired below the minimum", |_, d| lower(d, 9, 8), &["1: desired below MinSize"]),
            ("the minimum alone", |_, d| lower(d, 8, None), &[]),
            ("nothing", |_, d| lower(d, 10, None), &["4: a lowering that lowers nothing"]),
            (
                "the minimum upward alone",
                |_, d| lower(d, 11, None),
                &["8: MinSize upward in a lowering", "4: a lowering that lowers nothing"],
            ),
            (
                "desired alone",
                |s, d| {
                    s.sizes().min = 8;
                    d.expected.min = 8;
                },
                &[],
            ),
            (
                "for other sizes",
                |s, _| s.sizes().max = 61,
                &["8: the action is not for the sizes that were seen"],
            ),
        ],
    );
}
#[test]
fn no_capacity_at_all_is_for_a_fleet_without_a_minimum() {
    let empty = |min: u32| {
        let mut scene = Scene::night();
        (scene.policy.min, scene.policy.night.floor) = (0, 0);
        scene.sizes().min = 1;
        scene.memory.applied_min = Some(1);
        scene.has(1);
        scene.closer().recent = Ok(level(scene.now, 100, 0.0));
        scene.closer().past = Ok(vec![]);
        assert_eq!(scene.decide().action, Action::Lower { min: 0, desired: Some(0) });
        broken(scene, |s, _| s.policy.min = min)
    };
    assert_eq!(empty(0), [""; 0]);
    assert!(empty(1).contains(&"1: zero capacity".to_owned()));
}
#[test]
fn a_lowering_stays_above_every_live_bid() {
    let given = |floor: u32, seconds: i64| {
        broken(Scene::night(), |s, d| d.bids.push(bid(Source::Undo, floor, seconds)(s)))
    };
    assert_eq!(given(9, 1), ["5: 8 below the undo bid of 9"]);
    assert_eq!(given(99, 1), ["5: 8 below the undo bid of 40"]);
    assert_eq!(given(8, 1), [""; 0]);
    assert_eq!(given(9, 0), [""; 0], "it is over");
    let stored = |floor: u32, seconds: i64| {
        broken(Scene::night(), |s, _| s.memory.bids.push(bid(Source::Undo, floor, seconds)(s)))
    };
    assert_eq!(stored(9, 1), ["5: below a bid in memory"]);
    assert_eq!(stored(8, 1), [""; 0]);
    assert_eq!(stored(9, 0), [""; 0]);
}
#[test]
fn a_lowering_stays_above_the_floors_of_schedule_and_operator() {
    table(
        Scene::night,
        &[
            ("the night's floor", |s, _| s.policy.night.floor = 8, &[]),
            ("below it", |s, _| s.policy.night.floor = 9, &["5: 8 below the schedule's floor"]),
            ("a tag", |s, _| s.tag("tidegate:floor", "8"), &[]),
            (
                "below it",
                |s, _| s.tag("tidegate:floor", " 9 "),
                &["5: 8 below the operator's floor of 9"],
            ),
            (
                "a tag that is over",
                |s, _| {
                    s.tag("tidegate:floor", "9");
                    s.tag("tidegate:until", &s.now.to_string());
                },
                &[],
            ),
        ],
    );
    table(
        Scene::day,
        &[
            (
                "the day's floor",
                |s, _| {
                    s.policy.day_floor = 8;
                    s.evidence().backstop.as_mut().unwrap().min = 8;
                },
                &[],
            ),
            (
                "below it",
                |s, _| {
                    s.policy.day_floor = 9;
                    s.evidence().backstop.as_mut().unwrap().min = 9;
                },
                &["5: 8 below the schedule's floor"],
            ),
        ],
    );
}
#[test]
fn a_lowering_takes_one_step_and_bakes() {
    fn lowered(s: &mut Scene, age: SignedDuration) {
        let (before, at) = (*s.sizes(), s.now - age);
        let step = Lowering { at, before, min: 10, desired: None, audited: true };
        s.memory.last_lowering = Some(step);
    }
    table(
        Scene::night,
        &[
            ("a shorter step", |_, d| lower(d, 9, 9), &[]),
            ("a longer one", |_, d| lower(d, 7, 7), &["5: a step from 10 to 7"]),
            ("of the minimum", |_, d| lower(d, 7, None), &["5: a step from 10 to 7"]),
            (
                "one of three",
                |s, d| {
                    s.has(3);
                    s.sizes().min = 3;
                    d.expected = *s.sizes();
                    lower(d, 2, 2);
                },
                &[],
            ),
            (
                "within the bake",
                |s, _| lowered(s, mins(10) - secs(1)),
                &["4: a second lowering within the bake"],
            ),
            ("baked", |s, _| lowered(s, mins(10)), &[]),
            (
                "a fresh termination",
                |s, _| {
                    s.memory.last_termination = Some(s.now - mins(10) + secs(1));
                },
                &["5: a termination still bakes"],
            ),
            ("a baked one", |s, _| s.memory.last_termination = Some(s.now - mins(10)), &[]),
        ],
    );
}
