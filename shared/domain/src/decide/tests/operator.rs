//! The operator's tags and a `MinSize` that a person set.

use super::*;
use crate::scene::{mins, secs};

const HOLD: &str = "tidegate:hold";
const FLOOR: &str = "tidegate:floor";
const UNTIL: &str = "tidegate:until";

/// By day with a minimum of two: a raise to six is due.
fn low() -> Scene {
    with(Scene::day(), |s| {
        s.sizes().min = 2;
        s.memory.applied_min = Some(2);
    })
}

#[test]
fn a_hold_tag_holds_what_it_says() {
    check(
        Scene::night,
        &[
            ("none", |s| s.tag(HOLD, "none"), "night_step"),
            ("no-scale-in", |s| s.tag(HOLD, "no-scale-in"), "operator_hold"),
            ("all", |s| s.tag(HOLD, " all "), "operator_hold"),
            ("anything else counts as no-scale-in", |s| s.tag(HOLD, "maybe"), "operator_hold"),
        ],
    );
    check(
        low,
        &[
            ("none", |s| s.tag(HOLD, "none"), "schedule_floor"),
            ("no-scale-in raises", |s| s.tag(HOLD, "no-scale-in"), "schedule_floor"),
            ("all", |s| s.tag(HOLD, "all"), "operator_hold"),
            ("anything else raises", |s| s.tag(HOLD, "maybe"), "schedule_floor"),
        ],
    );
}

#[test]
fn a_tag_counts_until_its_time() {
    let held = |until: &str| {
        with(Scene::night(), |s| {
            s.tag(HOLD, "all");
            s.tag(UNTIL, until);
        })
        .code()
    };
    let now = Scene::night().now;
    assert_eq!(held(&(now + secs(1)).to_string()), "operator_hold");
    assert_eq!(held(&now.to_string()), "night_step", "it is over");
    assert_eq!(held(&(now - mins(1)).to_string()), "night_step");
    assert_eq!(held("tomorrow"), "operator_hold", "nobody knows until when");
}

#[test]
fn a_floor_tag_is_a_bid() {
    let bids = |change: fn(&mut Scene)| {
        let decision = with(Scene::night(), change).decide();
        let ours = decision.bids.into_iter().find(|b| b.source == Source::Operator);
        (decision.action, ours.map(|b| (b.floor, b.until)))
    };
    let (action, bid) = bids(|s| s.tag(FLOOR, "12"));
    assert_eq!((action, bid), (Action::Raise { min: 12 }, Some((12, None))));
    let (action, bid) = bids(|s| {
        s.tag(FLOOR, "12");
        s.tag(UNTIL, &s.now.to_string());
    });
    assert_eq!((action, bid), (Action::Lower { min: 8, desired: Some(8) }, None), "it is over");
}

#[test]
fn what_cannot_be_read_is_told_and_holds() {
    for (key, value) in [(HOLD, "maybe"), (FLOOR, "twelve"), (UNTIL, "tomorrow")] {
        let scene = with(Scene::night(), |s| s.tag(key, value));
        let decision = scene.decide();
        assert_eq!(decision.reason.code(), "operator_hold", "{key}");
        assert_eq!(scene.told(), [format!("tag-{key}")]);
        let text = format!("the tag {key} = {value:?} cannot be read; it counts as no-scale-in");
        assert_eq!(decision.notes, [text]);
    }
}

#[test]
fn a_minimum_that_a_person_set_is_respected_and_told() {
    let raised = with(Scene::night(), |s| {
        s.sizes().min = 9;
        s.memory.applied_min = Some(7);
    });
    let decision = raised.decide();
    assert_eq!(decision.memory.operator_min, Some(9));
    let bid = decision.bids.iter().find(|b| b.source == Source::Operator).unwrap();
    assert_eq!((bid.floor, bid.until), (9, None));
    assert_eq!(raised.told(), ["operator-min-9"]);
    let told = |min: u32, applied: u32| {
        with(Scene::night(), |s| {
            s.sizes().min = min;
            s.memory.applied_min = Some(applied);
            s.memory.operator_min = Some(9);
        })
        .told()
    };
    assert_eq!(told(9, 7), ["operator-min-9"]);
    assert!(told(9, 9).is_empty(), "it is ours now");
    assert!(told(7, 7).is_empty(), "they took it back");
}
