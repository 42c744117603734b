//! The checker on scenes: a decision that is sound, changed in one respect together with what
//! it was made from; exactly the invariants that this breaks are named.

use super::*;
use crate::bid::Bid;
use crate::group::{Activity, ScalingPolicy};
use crate::ids::AlarmName;
use crate::memory::{CapacitySample, Lowering};
use crate::metrics::{Comparison, Series};
use crate::scene::{Scene, alarm, at, level, mins, secs};

type Change = fn(&mut Scene, &mut Decision);
type Case = (&'static str, Change, &'static [&'static str]);

/// What the checker says of the scene's own decision after both were changed.
fn broken(mut scene: Scene, change: impl Fn(&mut Scene, &mut Decision)) -> Vec<String> {
    let mut decision = scene.decide();
    change(&mut scene, &mut decision);
    let found = check(&scene.inputs(), &decision);
    found.into_iter().map(|v| format!("{}: {}", v.number, v.what)).collect()
}

fn table(scene: fn() -> Scene, cases: &[Case]) {
    for (name, change, want) in cases {
        assert_eq!(broken(scene(), change), *want, "{name}");
    }
}

fn lower(d: &mut Decision, min: u32, desired: impl Into<Option<u32>>) {
    d.action = Action::Lower { min, desired: desired.into() };
}

#[test]
fn sound_decisions_pass() {
    table(
        Scene::night,
        &[
            ("a step at night", |_, _| {}, &[]),
            (
                "a hold breaks nothing",
                |s, d| {
                    d.action = Action::Hold;
                    s.suspend("Launch");
                },
                &[],
            ),
        ],
    );
    table(Scene::day, &[("a step by day", |_, _| {}, &[])]);
    table(low, &[("a raise", |_, _| {}, &[])]);
}

/// By day with a minimum of five: it is raised to six.
fn low() -> Scene {
    let mut scene = Scene::day();
    scene.sizes().min = 5;
    scene.memory.applied_min = Some(5);
    scene
}

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

fn bid(source: Source, floor: u32, seconds: i64) -> impl Fn(&Scene) -> Bid {
    move |s| Bid { source, floor, until: Some(s.now + secs(seconds)), reason: String::new() }
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

#[test]
fn vetoes_of_spikes_trust_and_undone_steps() {
    table(
        Scene::night,
        &[
            ("a live spike", |s, d| d.bids.push(bid(Source::Spike, 1, 1)(s)), &["3: a live spike"]),
            ("one that is over", |s, d| d.bids.push(bid(Source::Spike, 1, 0)(s)), &[]),
            ("another bid", |s, d| d.bids.push(bid(Source::Undo, 1, 1)(s)), &[]),
            ("no memory", |s, _| s.trust.no_memory = Some("x".into()), &["3: no lease or memory"]),
            (
                "a bad policy",
                |s, _| s.trust.policy_fault = Some("x".into()),
                &["3: an unusable policy"],
            ),
            (
                "a step was undone",
                |s, _| s.memory.no_lowering_until = Some(s.now + secs(1)),
                &["3: a step was undone"],
            ),
            ("its window is over", |s, _| s.memory.no_lowering_until = Some(s.now), &[]),
            (
                "a breach",
                |s, d| d.memory.last_breach = Some(s.now - mins(10) + secs(1)),
                &["3: the signal was breached within the stabilization window"],
            ),
            ("quiet again", |s, d| d.memory.last_breach = Some(s.now - mins(10)), &[]),
        ],
    );
}

#[test]
fn vetoes_of_processes() {
    for process in RECOVERY {
        let found = broken(Scene::night(), |s, _| s.suspend(process));
        assert_eq!(found, [format!("3: no {process}")]);
    }
    assert_eq!(broken(Scene::night(), |s, _| s.suspend("InstanceRefresh")), [""; 0]);
}

#[test]
fn vetoes_of_tags() {
    let hold = &["3: an operator's hold"];
    let cases: [(&str, &[(&str, &str)], bool); 8] = [
        ("none", &[("hold", "none")], false),
        ("no-scale-in", &[("hold", "no-scale-in")], true),
        ("anything else", &[("hold", "maybe")], true),
        ("an unreadable floor", &[("floor", "twelve")], true),
        ("an unreadable time", &[("until", "tomorrow")], true),
        ("a time alone", &[("until", "2027-01-01T00:00:00Z")], false),
        ("a hold that goes on", &[("hold", "all"), ("until", "2026-11-20T14:00:01Z")], true),
        ("a hold that is over", &[("hold", "all"), ("until", "2026-11-20T14:00:00Z")], false),
    ];
    for (name, tags, held) in cases {
        let found = broken(Scene::night(), |s, _| {
            tags.iter().for_each(|(key, value)| s.tag(&format!("tidegate:{key}"), value));
        });
        assert_eq!(found, if held { &hold[..] } else { &[] }, "{name}");
    }
}

#[test]
fn who_may_lower_when() {
    table(
        Scene::night,
        &[
            ("no time told", |s, _| s.signal = Signal::Night { scheduled: None }, &[]),
            (
                "half an hour late",
                |s, _| {
                    s.signal = Signal::Night { scheduled: Some(s.now - mins(30)) };
                },
                &[],
            ),
            (
                "later",
                |s, _| {
                    s.signal = Signal::Night { scheduled: Some(s.now - mins(30) - secs(1)) };
                },
                &["4: a late wake-up"],
            ),
            ("a tick", |s, _| s.signal = Signal::Tick, &["3: a tick's lowering by night"]),
            (
                "the day's schedule",
                |s, _| s.signal = Signal::Day,
                &["3: a signal that only raises"],
            ),
            (
                "an alarm",
                |s, _| {
                    s.event(AlarmState::Ok, None);
                },
                &["3: a signal that only raises"],
            ),
        ],
    );
    table(
        Scene::day,
        &[(
            "the nightly function",
            |s, _| s.signal = Signal::Night { scheduled: None },
            &["3: a nightly lowering by day"],
        )],
    );
}

fn forget(s: &mut Scene, name: &str) {
    let name: AlarmName = alarm(name);
    s.observation.alarms.as_mut().unwrap().remove(&name);
}

#[test]
fn vetoes_of_alarms() {
    table(
        Scene::night,
        &[
            (
                "unread",
                |s, _| s.observation.alarms = Err("x".into()),
                &["3: the veto alarms were not read"],
            ),
            (
                "the spike alarm",
                |s, _| s.alarm("web-cpu").state = AlarmState::Alarm,
                &["3: web-cpu is in ALARM"],
            ),
            ("it does not exist", |s, _| forget(s, "web-cpu"), &[]),
            (
                "a veto alarm",
                |s, _| s.alarm("web-5xx").state = AlarmState::Alarm,
                &["3: veto alarm web-5xx"],
            ),
            ("it does not exist", |s, _| forget(s, "web-5xx"), &["3: veto alarm web-5xx"]),
            (
                "on the low side",
                |s, _| {
                    s.alarm("web-5xx").state = AlarmState::Alarm;
                    s.alarm("web-5xx").comparison = Comparison::Below;
                },
                &[],
            ),
        ],
    );
    let changed = |age: SignedDuration| {
        !broken(Scene::night(), |s, _| s.alarm("web-5xx").since = s.now - age).is_empty()
    };
    let ages = [(mins(15), false), (mins(15) - secs(1), true), (mins(1), true), (mins(-5), true)];
    for (age, vetoes) in ages {
        assert_eq!(changed(age), vetoes, "{age}");
    }
    assert!(!changed(mins(-5) - secs(1)), "too far ahead to be clock skew");
}

/// The load's series changed, while nothing tells of healthy hosts.
fn load(mut scene: Scene, change: impl Fn(&mut Series)) -> Vec<String> {
    let decision = scene.decide();
    scene.closer().healthy = None;
    change(scene.closer().recent.as_mut().unwrap());
    let found = check(&scene.inputs(), &decision);
    found.into_iter().map(|v| format!("{}: {}", v.number, v.what)).collect()
}

/// The point of so many minutes ago.
fn of(series: &mut Series, minutes: usize) -> &mut f64 {
    let index = series.len() - minutes;
    &mut series[index].value
}

#[test]
fn a_lowering_stands_on_data() {
    let bad = "2: lowered on NaN, infinite or negative load";
    for (value, want) in [(f64::NAN, true), (f64::INFINITY, true), (-1.0, true), (0.0, false)] {
        let found = load(Scene::night(), |series| *of(series, 20) = value);
        assert_eq!(found.contains(&bad.to_owned()), want, "{value}: {found:?}");
    }
    table(
        Scene::night,
        &[
            (
                "no closer look",
                |s, _| s.observation.closer = None,
                &[
                    "2: lowered without reading the load",
                    "7: lowered without looking at the group's evidence",
                ],
            ),
            (
                "an unread load",
                |s, _| s.closer().recent = Err("x".into()),
                &["2: lowered on a load that could not be read"],
            ),
        ],
    );
}

fn minutes_ago(point: &Point, now: Timestamp) -> i64 {
    (now.as_second() - point.at.as_second()) / 60
}

#[test]
fn a_lowering_stands_on_fresh_data() {
    let age = |age: SignedDuration| {
        load(Scene::night(), |series| {
            let shift = age - mins(1);
            series.iter_mut().for_each(|p| p.at = p.at - shift);
        })
    };
    assert_eq!(age(mins(6)), [""; 0], "it ended five minutes ago");
    assert_eq!(age(mins(6) + secs(1)), ["2: lowered on load 7 minutes old"]);
    assert_eq!(load(Scene::night(), Vec::clear), ["2: lowered on missing load"]);
}

/// Nothing is published of the load; hosts are counted in the minutes that `keep` takes.
fn hosts(value: f64, keep: impl Fn(i64) -> bool) -> Vec<String> {
    broken(Scene::night(), |s, _| {
        let now = s.now;
        s.closer().recent = Ok(vec![]);
        let mut series = level(now, 100, value);
        series.retain(|p| keep(minutes_ago(p, now)));
        s.closer().healthy = Some(Ok(series));
    })
}

#[test]
fn no_load_is_none_where_hosts_are_healthy() {
    assert_eq!(hosts(1.0, |_| true), [""; 0]);
    assert_eq!(hosts(0.0, |_| true), ["2: lowered on missing load"]);
    assert_eq!(hosts(1.0, |age| age >= 6), [""; 0]);
    assert_eq!(hosts(1.0, |age| age >= 7), ["2: lowered on load 7 minutes old"]);
    assert_eq!(hosts(1.0, |age| age == 30 || age % 10 != 0), [""; 0]);
    assert_eq!(hosts(1.0, |age| age % 10 != 0), ["2: 3 minutes of load are missing"]);
}

#[test]
fn minutes_that_are_missing() {
    let without = |scene: Scene, ages: std::ops::RangeInclusive<i64>| {
        let now = scene.now;
        load(scene, |series| series.retain(|p| !ages.contains(&minutes_ago(p, now))))
    };
    let three = ["2: 3 minutes of load are missing"];
    assert_eq!(without(Scene::night(), 20..=21), [""; 0], "two may be");
    assert_eq!(without(Scene::night(), 20..=22), three);
    assert_eq!(without(Scene::night(), 29..=31), three, "the window's last");
    assert_eq!(without(Scene::night(), 30..=32), [""; 0], "one of them is before it");
    assert_eq!(without(Scene::day(), 9..=11), three);
    assert_eq!(without(Scene::day(), 10..=12), [""; 0], "by day ten minutes are judged");
    assert_eq!(without(Scene::night(), 1..=3), [""; 0], "a late metric is judged up to its newest");
    let healthy = broken(Scene::night(), |s, _| {
        let now = s.now;
        let series = s.closer().recent.as_mut().unwrap();
        series.retain(|p| !(20..=22).contains(&minutes_ago(p, now)));
    });
    assert_eq!(healthy, [""; 0], "with healthy hosts they are zeros");
}

const FELL: &str = "2: lowered on a load that fell to nothing with hosts in service";

#[test]
fn a_load_that_fell_to_nothing() {
    let recent = |values: [f64; 5]| {
        load(Scene::night(), |series| {
            (2..).zip(values).for_each(|(age, value)| *of(series, age) = value);
        })
    };
    assert_eq!(recent([0.0; 5]), [FELL]);
    assert_eq!(recent([9.9; 5]), [FELL]);
    assert_eq!(recent([10.0; 5]), [""; 0], "a tenth of the hour before");
    assert_eq!(recent([49.0, 0.0, 0.0, 0.0, 0.0]), [FELL]);
    assert_eq!(recent([50.0, 0.0, 0.0, 0.0, 0.0]), [""; 0], "the newest counts");
    assert_eq!(recent([0.0, 0.0, 0.0, 0.0, 50.0]), [""; 0], "the oldest counts");
    let hour = |age: usize| {
        load(Scene::night(), |series| {
            series.iter_mut().for_each(|p| p.value = 0.0);
            *of(series, age) = 6000.0;
        })
    };
    assert_eq!((hour(7), hour(66)), (vec![FELL.to_owned()], vec![FELL.to_owned()]));
    assert_eq!((hour(6), hour(67)), (vec![], vec![]), "not of the hour");
}

#[test]
fn who_fell_silent() {
    let fallen = |change: fn(&mut Scene)| {
        broken(Scene::night(), |s, _| {
            let series = s.closer().recent.as_mut().unwrap();
            (1..=6).for_each(|age| *of(series, age) = 0.0);
            change(s);
        })
    };
    assert_eq!(fallen(|_| {}), [FELL]);
    let nobody = |s: &mut Scene| {
        s.observation.group.instances.iter_mut().for_each(|i| i.healthy = false);
    };
    assert_eq!(fallen(nobody), [""; 0], "nobody serves");
    let gone = broken(Scene::night(), |s, _| {
        let now = s.now;
        s.closer().recent.as_mut().unwrap().retain(|p| minutes_ago(p, now) > 6);
    });
    assert_eq!(gone, [FELL], "with healthy hosts a missing minute is a zero");
    let young = load(Scene::night(), |series| drop(series.drain(..95)));
    assert!(!young.contains(&FELL.to_owned()), "no hour before: {young:?}");
}

#[test]
fn what_the_group_itself_says() {
    fn tracked(s: &mut Scene) {
        let policy = ScalingPolicy { name: "cpu-50".into(), can_scale_in: true };
        s.evidence().policies.push(policy);
    }
    table(
        Scene::night,
        &[
            (
                "unread",
                |s, _| s.closer().evidence = Err("x".into()),
                &["7: lowered without looking at the group's evidence"],
            ),
            (
                "a refresh",
                |s, _| s.evidence().refresh = Some("Pending".into()),
                &["3: an instance refresh"],
            ),
            ("floor mode", |s, _| tracked(s), &["8: desired lowered in floor mode"]),
            (
                "the minimum in floor mode",
                |s, d| {
                    tracked(s);
                    lower(d, 8, None);
                },
                &[],
            ),
            ("no backstop", |s, _| s.evidence().backstop = None, &["7: no backstop"]),
            (
                "one below the day",
                |s, _| s.evidence().backstop.as_mut().unwrap().min = 5,
                &["7: no backstop"],
            ),
            ("one above it", |s, _| s.evidence().backstop.as_mut().unwrap().min = 7, &[]),
        ],
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
fn launches_that_failed() {
    use ActivityKind::{Launch, Terminate};
    use ActivityResult::{Failed, InProgress, Successful};
    let (a, b) = (Some("a"), Some("b"));
    let failed = activity(10, Launch, Failed, a);
    let nameless = activity(10, Launch, Failed, None);
    let ok = |minute, zone| activity(minute, Launch, Successful, zone);
    let cases = [
        ("a failure", vec![failed.clone()], true),
        ("a success", vec![ok(10, a)], false),
        ("one that goes on", vec![activity(10, Launch, InProgress, a)], false),
        ("a failed termination", vec![activity(10, Terminate, Failed, a)], false),
        ("healed", vec![ok(11, a), failed.clone()], false),
        ("a success before it", vec![failed.clone(), ok(9, a)], true),
        ("at the same time", vec![ok(10, a), failed.clone()], true),
        ("in another zone", vec![ok(11, b), failed.clone()], true),
        ("an older failure too", vec![ok(11, a), activity(5, Launch, Failed, b), failed], true),
        ("no zone, any success", vec![ok(11, b), nameless.clone()], false),
        ("no zone, no success", vec![nameless], true),
    ];
    for (name, activities, unhealed) in cases {
        let found = broken(Scene::night(), |s, _| s.evidence().activities = activities.clone());
        let want: &[&str] =
            if unhealed { &["3: a launch failed and none succeeded there since"] } else { &[] };
        assert_eq!(found, want, "{name}");
    }
}
