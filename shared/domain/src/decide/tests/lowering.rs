//! The gate: how far one step goes, what is looked at before it, and the backstop.

use super::*;
use crate::decide::lowering::step_limit;
use crate::group::ScalingPolicy;
use crate::memory::SeenMode;
use crate::scene::{level, mins, secs};

fn lower(min: u32, desired: u32) -> Action {
    Action::Lower { min, desired: Some(desired) }
}
#[test]
fn nothing_is_lowered_while_what_was_asked_for_arrives() {
    use crate::group::Lifecycle;
    for (what, mode, want) in [
        (Lifecycle::Pending, Mode::Owner, "still_arriving"),
        (Lifecycle::Terminating, Mode::Owner, "still_arriving"),
        (Lifecycle::Pending, Mode::Floor, "night_step"),
        (Lifecycle::InService, Mode::Owner, "night_step"),
    ] {
        let scene = with(Scene::night(), |s| {
            s.memory.mode.as_mut().unwrap().mode = mode;
            if mode == Mode::Floor {
                let tracking = ScalingPolicy { name: "cpu".into(), can_scale_in: true };
                s.evidence().policies.push(tracking);
            }
            let last = s.observation.group.instances.last_mut().unwrap();
            last.lifecycle = what.clone();
            let seen = s.memory.instances.get_mut(&last.id).unwrap();
            seen.leaving = true;
        });
        assert_eq!(scene.code(), want, "{what:?} {mode:?}");
    }
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
