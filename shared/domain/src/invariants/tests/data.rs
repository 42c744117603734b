//! What a lowering stands on: a load that is sane, fresh, without gaps, and did not fall silent.

use super::*;
use crate::metrics::Series;
use crate::scene::{level, mins, secs};
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
            series.iter_mut().for_each(|p| p.at -= shift);
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
    let late = |newest: usize| {
        load(Scene::night(), |series| {
            (newest..newest + 4).for_each(|age| *of(series, age) = 0.0);
            series.truncate(series.len() - newest + 1);
        })
    };
    assert_eq!(late(2), [""; 0], "the fifth minute was busy");
    assert_eq!(late(3), [FELL], "the fifth is missing");
    let young = load(Scene::night(), |series| drop(series.drain(..95)));
    assert!(!young.contains(&FELL.to_owned()), "no hour before: {young:?}");
}
