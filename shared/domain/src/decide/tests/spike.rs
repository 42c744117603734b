//! Spikes: what counts as a breach, how far it raises, and what it leaves in memory.

use super::*;
use crate::decide::spike::warm_base;
use crate::group::Lifecycle;
use crate::memory::{CapacitySample, Seen};
use crate::metrics::{AlarmState, Comparison, Point};
use crate::scene::{alarm, mins, secs};

/// The spike alarm is in ALARM at this value; the minimum follows what is desired.
fn spiking(value: f64) -> Scene {
    with(Scene::day(), |s| {
        s.sizes().min = 10;
        s.memory.applied_min = Some(10);
        s.spike(value);
    })
}

fn step(value: f64, floor: u32) -> Reason {
    Reason::SpikeStep { alarm: alarm("web-cpu"), value, threshold: 50.0, base: 10, floor }
}

#[test]
fn the_band_of_the_excess_raises() {
    let warming = |value| Reason::SpikeWarming { alarm: alarm("web-cpu"), value, floor: 10 };
    for (value, want) in [
        (50.0, warming(50.0)),
        (59.9, warming(59.9)),
        (60.0, step(60.0, 11)),
        (71.0, step(71.0, 13)),
    ] {
        assert_eq!(spiking(value).decide().reason, want, "{value}");
    }
    assert_eq!(spiking(71.0).decide().action, Action::Raise { min: 13 });
    assert_eq!(spiking(49.9).code(), "spike_alarm", "in ALARM, but not breached now");
}

#[test]
fn at_the_ceiling_people_are_told() {
    let full = |desired: u32, value: f64| {
        with(spiking(value), |s| {
            s.has(desired);
            s.sizes().min = desired;
            s.memory.applied_min = Some(desired);
        })
    };
    let at_ceiling = full(40, 71.0);
    assert_eq!(at_ceiling.decide().reason, Reason::AtCeiling { ceiling: 40 });
    assert_eq!(at_ceiling.told(), ["ceiling"]);
    for (name, scene, want) in [
        ("one below it", full(39, 71.0), "spike_step"),
        ("above it by somebody's wish", full(45, 71.0), "at_ceiling"),
        ("nothing more is asked for", full(40, 55.0), "spike_warming"),
    ] {
        assert_eq!(scene.code(), want, "{name}");
    }
}

#[test]
fn a_breach_is_an_alarm_or_its_event() {
    fn high(s: &mut Scene) {
        s.cpu(62.0);
    }
    check(
        Scene::day,
        &[
            ("the alarm", |s| s.spike(62.0), "spike_step"),
            ("neither", high, "not_quiet"),
            (
                "its event before DescribeAlarms knows",
                |s| {
                    s.cpu(62.0);
                    s.event(AlarmState::Alarm, None);
                },
                "spike_step",
            ),
            (
                "the event that it is over",
                |s| {
                    s.cpu(62.0);
                    s.event(AlarmState::Ok, Some(62.0));
                },
                "raises_only",
            ),
            (
                "another alarm's event",
                |s| {
                    s.cpu(62.0);
                    s.event(AlarmState::Alarm, Some(62.0)).alarm = alarm("web-5xx");
                },
                "raises_only",
            ),
            (
                "an event that came out of order",
                |s| {
                    s.cpu(62.0);
                    s.event(AlarmState::Alarm, Some(62.0));
                    s.memory.alarm_times.insert(alarm("web-cpu"), s.now + secs(1));
                },
                "raises_only",
            ),
            (
                "a low-side alarm",
                |s| {
                    s.spike(40.0);
                    s.alarm("web-cpu").comparison = Comparison::Below;
                },
                "not_quiet",
            ),
        ],
    );
}

#[test]
fn without_metrics_an_event_counts_for_five_minutes() {
    let age = |age: SignedDuration| {
        with(Scene::day(), |s| {
            s.observation.spikes = Err("throttled".into());
            let at = s.now - age;
            s.event(AlarmState::Alarm, Some(62.0)).at = at;
        })
    };
    assert_eq!(age(mins(5)).decide().reason, step(62.0, 11));
    assert_eq!(age(mins(-5)).decide().reason, step(62.0, 11), "another clock");
    assert_eq!(age(mins(5) + secs(1)).code(), "raises_only");
    let unread = with(age(mins(0)), |s| s.observation.alarms = Err("throttled".into()));
    assert_eq!(unread.decide().reason, step(62.0, 11), "its own threshold is enough");
    let bare = with(age(mins(0)), |s| {
        s.event(AlarmState::Alarm, None);
    });
    assert_eq!(bare.code(), "spike_unknown");
}

#[test]
fn a_point_counts_for_five_minutes_after_its_period() {
    let point = |age: SignedDuration, value: f64| {
        with(spiking(0.0), |s| {
            let series = vec![Point { at: s.now - age, value }];
            s.observation.spikes = Ok([(alarm("web-cpu"), series)].into());
        })
    };
    for (age, want) in [
        (mins(1), "spike_step"),
        (mins(6), "spike_step"),
        (mins(6) + secs(1), "spike_unknown"),
        (mins(10), "spike_unknown"),
    ] {
        assert_eq!(point(age, 62.0).code(), want, "{age}");
    }
    let long = with(point(mins(10), 62.0), |s| {
        s.alarm("web-cpu").query.as_mut().unwrap().period_secs = 300;
    });
    assert_eq!(long.code(), "spike_step", "a period of five minutes");
    for (value, want) in [
        (f64::NAN, "spike_unknown"),
        (f64::INFINITY, "spike_unknown"),
        (-1.0, "spike_unknown"),
        (0.0, "spike_alarm"),
    ] {
        assert_eq!(point(mins(1), value).code(), want, "{value}");
    }
}

#[test]
fn what_stays_unknown_is_told_after_ten_minutes() {
    let unknown = |age: SignedDuration| {
        with(spiking(f64::NAN), |s| {
            s.memory.since.insert("unknown-web-cpu".into(), s.now - age);
        })
    };
    assert!(unknown(mins(10) - secs(1)).told().is_empty());
    assert_eq!(unknown(mins(10)).told(), ["unknown-web-cpu"]);
    let known = with(unknown(mins(10)), |s| s.cpu(62.0));
    assert!(known.decide().memory.since.is_empty());
}

#[test]
fn an_alarm_that_takes_no_steps_is_told() {
    type Break = fn(&mut Scene);
    let cases: [(&str, Break, &[&str]); 6] = [
        ("a good one", |_| {}, &[]),
        (
            "missing",
            |s| {
                s.observation.alarms.as_mut().unwrap().remove(&alarm("web-cpu"));
            },
            &["web: the spike alarm web-cpu does not exist: no steps"],
        ),
        (
            "a composite",
            |s| s.alarm("web-cpu").query = None,
            &["web: the spike alarm web-cpu has no metric or threshold: no steps"],
        ),
        (
            "an anomaly band",
            |s| s.alarm("web-cpu").threshold = None,
            &["web: the spike alarm web-cpu has no metric or threshold: no steps"],
        ),
        (
            "a low-side one",
            |s| s.alarm("web-cpu").comparison = Comparison::AtOrBelow,
            &["web: the spike alarm web-cpu does not watch the high side: no steps"],
        ),
        ("alarms that could not be read", |s| s.observation.alarms = Err("denied".into()), &[]),
    ];
    for (name, change, want) in cases {
        let subjects: Vec<String> =
            with(Scene::day(), change).decide().notices.into_iter().map(|n| n.subject).collect();
        assert_eq!(subjects, want, "{name}");
    }
    check(
        Scene::day,
        &[(
            "just above",
            |s| {
                s.alarm("web-cpu").comparison = Comparison::Above;
                s.spike(50.0);
            },
            "spike_alarm",
        )],
    );
}

#[test]
fn warm_is_what_is_in_service_for_the_warm_up() {
    let base = |change: fn(&mut Scene)| {
        let scene = with(Scene::day(), change);
        warm_base(&scene.inputs(), &scene.memory, secs(180))
    };
    fn first(s: &mut Scene) -> &mut Seen {
        s.memory.instances.first_entry().unwrap().into_mut()
    }
    fn asked_for(s: &mut Scene, seconds_ago: i64) {
        let sample = |ago, desired| CapacitySample { at: s.now - secs(ago), desired };
        s.memory.growth = vec![sample(7200, 4), sample(seconds_ago, 10)];
    }
    type Change = fn(&mut Scene);
    let cases: [(&str, Change, u32); 9] = [
        ("all", |_| {}, 10),
        (
            "one just warm",
            |s| {
                let since = Some(s.now - secs(180));
                first(s).in_service = since;
            },
            10,
        ),
        (
            "one not yet",
            |s| {
                let since = Some(s.now - secs(179));
                first(s).in_service = since;
            },
            9,
        ),
        (
            "one that was there when we came",
            |s| {
                first(s).settled = true;
                first(s).in_service = None;
            },
            10,
        ),
        (
            "one that we never saw",
            |s| {
                s.memory.instances.pop_first();
            },
            9,
        ),
        (
            "one that boots, whatever was seen",
            |s| {
                s.observation.group.instances[0].lifecycle = Lifecycle::Pending;
            },
            9,
        ),
        (
            "never more than is desired",
            |s| {
                s.sizes().desired = 7;
            },
            7,
        ),
        (
            "instances that cannot leave, more than were desired within the warm-up",
            |s| asked_for(s, 179),
            4,
        ),
        ("desired for the warm-up", |s| asked_for(s, 180), 10),
    ];
    for (name, change, want) in cases {
        assert_eq!(base(change), want, "{name}");
    }
}

/// Ten are desired and 71 is read; what was desired before, by minutes ago.
fn grown(before: &[(i64, u32)]) -> Scene {
    with(spiking(71.0), |s| {
        let sample = |(ago, desired): &(i64, u32)| CapacitySample {
            at: s.now - mins(*ago),
            desired: *desired,
        };
        s.memory.growth = before.iter().map(sample).collect();
    })
}

#[test]
fn growth_is_limited_by_the_least_capacity_of_the_window() {
    let limit = |before: &[(i64, u32)]| match grown(before).decide().reason {
        Reason::GrowthLimited { limit, .. } => Some(limit),
        Reason::SpikeStep { .. } => None,
        other => panic!("{other}"),
    };
    for (name, before, want) in [
        ("long as it is", &[(120, 10)][..], None),
        ("two at the start of the window: three times as many", &[(120, 2), (9, 10)], Some(6)),
        ("as many 11 minutes ago, ten since then", &[(120, 2), (11, 10)], Some(10)),
        ("a low 9 minutes ago", &[(120, 10), (9, 2), (8, 10)], Some(6)),
        ("exactly ten minutes ago", &[(120, 10), (10, 2), (8, 10)], Some(6)),
        ("a second before the window it is its start", &[(120, 2), (10, 10)], Some(6)),
        ("the hour: five times as many", &[(120, 10), (50, 2), (40, 10)], Some(10)),
    ] {
        assert_eq!(limit(before), want, "{name}");
    }
}

#[test]
fn growth_is_at_least_one_unit() {
    let scene = with(grown(&[(120, 10)]), |s| {
        s.policy.spikes[0].growth_10min_percent = 1;
    });
    assert_eq!(scene.decide().reason, step(71.0, 11));
    // Eleven are desired then, one of them boots: the limit is used up.
    let used = |value: f64| {
        with(spiking(value), |s| {
            s.sizes().desired = 11;
            s.sizes().min = 11;
            s.memory.applied_min = Some(11);
            s.policy.spikes[0].growth_10min_percent = 1;
        })
    };
    assert_eq!(used(71.0).code(), "growth_limited");
    assert_eq!(used(60.0).code(), "spike_warming", "the band asks for no more than the limit");
}

fn bid(source: Source, floor: u32, reason: &str, scene: &Scene) -> Bid {
    Bid { source, floor, until: Some(scene.now + mins(1)), reason: reason.into() }
}

#[test]
fn a_breach_leaves_one_bid_for_its_alarm() {
    let mut scene = spiking(71.0);
    let others =
        [bid(Source::Spike, 3, "api-cpu", &scene), bid(Source::Undo, 4, "web-cpu", &scene)];
    scene.memory.bids = others.to_vec();
    let until = Some(scene.now + mins(10));
    let ours = |floor| Bid { source: Source::Spike, floor, until, reason: "web-cpu".into() };
    assert_eq!(scene.decide().memory.bids, [&others[..], &[ours(13)]].concat());
    assert_eq!(scene.decide().memory.last_breach, Some(scene.now));
    for (before, after) in [(11, 13), (15, 15)] {
        scene.memory.bids = vec![bid(Source::Spike, before, "web-cpu", &scene)];
        assert_eq!(scene.decide().memory.bids, [ours(after)], "{before}");
    }
}

#[test]
fn quiet_counts_from_the_end_of_the_newest_breach() {
    let breached = |ago: i64| {
        with(Scene::night(), |s| {
            let at = s.now - mins(ago);
            let series = s.observation.spikes.as_mut().unwrap();
            let series = series.get_mut(&alarm("web-cpu")).unwrap();
            series.iter_mut().filter(|p| p.at <= at).for_each(|p| p.value = 50.0);
        })
    };
    let reason = breached(3).decide().reason;
    assert_eq!(reason, Reason::NotQuiet { until: Scene::night().now + mins(8) });
    assert_eq!(breached(10).code(), "not_quiet");
    assert_eq!(breached(11).code(), "night_step", "quiet for ten minutes");
}

#[test]
fn of_two_alarms_the_one_that_asks_for_more_is_named() {
    let scene = with(spiking(62.0), |s| {
        let mut second = s.policy.spikes[0].clone();
        second.alarm = alarm("web-queue");
        let mut twin = s.alarm("web-cpu").clone();
        twin.name = second.alarm.clone();
        s.observation.alarms.as_mut().unwrap().insert(second.alarm.clone(), twin);
        let series = vec![Point { at: s.now - mins(1), value: 71.0 }];
        s.observation.spikes.as_mut().unwrap().insert(second.alarm.clone(), series);
        s.policy.spikes.insert(0, second);
    });
    let Reason::SpikeStep { alarm, floor, .. } = scene.decide().reason else { panic!() };
    assert_eq!((alarm.as_str(), floor), ("web-queue", 13));
}
