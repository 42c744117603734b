//! What a decision makes of sizing's advice.

use crate::bid::{Bid, Source};
use crate::decide::Action;
use crate::group::Mode;
use crate::invariants;
use crate::observation::Advised;
use crate::policy::SizingMode;
use crate::scene::{Scene, mins};
use crate::sizing::{Advice, Ground, Rule};

fn advice(size: u32) -> Advice {
    Advice {
        size,
        reserve: 0,
        burst: false,
        blind: false,
        rule: Rule::FIRST,
        ground: Ground::Learning { charged: 7 },
    }
}

/// By day over a floor of six, with ten in service and an advice that is followed.
fn followed(size: u32) -> Scene {
    let mut scene = Scene::day();
    scene.policy.sizing.mode = SizingMode::On;
    scene.observation.sizing = Some(Ok(Advised { advice: advice(size), trouble: None }));
    scene
}

fn bid(scene: &Scene, source: Source) -> Option<Bid> {
    scene.decide().memory.bids.into_iter().find(|bid| bid.source == source)
}

#[test]
fn the_advice_is_the_floor_and_the_need() {
    for (size, want, code) in [
        (14, Action::Raise { min: 14 }, "sizing_floor"),
        (10, Action::Raise { min: 10 }, "sizing_floor"),
        (9, Action::Raise { min: 9 }, "sizing_floor"),
        (6, Action::Lower { min: 6, desired: Some(8) }, "sizing_step"),
        (2, Action::Lower { min: 6, desired: Some(8) }, "sizing_step"),
    ] {
        let decision = followed(size).decide();
        assert_eq!((decision.action, decision.reason.code().as_str()), (want, code), "{size}");
    }
}

#[test]
fn advice_alone_decides_nothing() {
    let plain = Scene::day().decide();
    let mut advised = followed(20);
    advised.policy.sizing.mode = SizingMode::Advise;
    let mut floor = followed(20);
    floor.memory.mode.as_mut().unwrap().mode = Mode::Floor;
    floor.observation.closer = None;
    let (said, floor) = (advised.decide(), floor.decide());
    assert_eq!((said.action, said.reason), (plain.action, plain.reason));
    assert_eq!((said.bids, &said.memory.bids), (plain.bids, &plain.memory.bids));
    for record in [said.sizing.unwrap(), floor.sizing.unwrap()] {
        assert_eq!((record.size, record.acts), (20, false));
    }
}

#[test]
fn a_lease_is_renewed_in_time_and_not_every_minute() {
    let mut scene = followed(8);
    let first = bid(&scene, Source::Sizing).unwrap();
    assert_eq!(first.until, Some(scene.now + mins(15)));
    scene.memory.bids.push(first.clone());
    for (left, size, until) in [(15, 8, 15), (10, 8, 10), (9, 8, 15), (15, 7, 15), (1, 9, 15)] {
        scene.memory.bids[0].until = Some(scene.now + mins(left));
        let advised = Advised { advice: advice(size), trouble: None };
        scene.observation.sizing = Some(Ok(advised));
        let now = bid(&scene, Source::Sizing).unwrap();
        assert_eq!((now.floor, now.until), (size, Some(scene.now + mins(until))), "{left} {size}");
    }
}

#[test]
fn a_burst_stands_at_its_highest_and_stops_every_lowering() {
    let mut scene = followed(8);
    let burst = |scene: &mut Scene, size: u32| {
        let advice = Advice { burst: true, ..advice(size) };
        scene.observation.sizing = Some(Ok(Advised { advice, trouble: None }));
        let bid = bid(scene, Source::Burst).unwrap();
        scene.memory.bids = scene.decide().memory.bids;
        (bid.floor, bid.until.unwrap().duration_since(scene.now).as_mins())
    };
    assert_eq!(burst(&mut scene, 20), (20, 10));
    assert_eq!(burst(&mut scene, 15), (20, 10), "what was asked for stays asked for");
    scene.observation.sizing = Some(Ok(Advised { advice: advice(6), trouble: None }));
    scene.has(24);
    scene.sizes().min = 20;
    assert_eq!(scene.code(), "live_spike");
}

#[test]
fn what_sizing_left_goes_when_it_is_no_longer_followed() {
    let mut scene = followed(6);
    let until = Some(scene.now + mins(9));
    for source in [Source::Sizing, Source::Burst] {
        scene.memory.bids.push(Bid { source, floor: 9, until, reason: "a rule".into() });
    }
    scene.policy.sizing.mode = SizingMode::Off;
    scene.observation.sizing = None;
    let decision = scene.decide();
    assert!(decision.memory.bids.is_empty());
    assert!(matches!(decision.action, Action::Lower { .. }), "{}", decision.reason);
    assert_eq!(invariants::check(&scene.inputs(), &decision), []);
}

#[test]
fn a_tick_without_advice_stands_on_the_lease_and_the_old_proof() {
    let mut scene = followed(8);
    scene.memory.bids = scene.decide().memory.bids;
    scene.observation.sizing = Some(Err("throttled".into()));
    let decision = scene.decide();
    assert!(decision.notes.iter().any(|note| note.contains("throttled")), "{:?}", decision.notes);
    assert_eq!(decision.action, Action::Raise { min: 8 }, "the lease");
    let mut night = Scene::night();
    night.signal = crate::signal::Signal::Tick;
    night.policy.sizing.mode = SizingMode::On;
    night.observation.sizing = Some(Err("throttled".into()));
    assert_eq!(night.code(), "night_function_lowers");
}

#[test]
fn by_night_the_followed_tick_lowers_and_the_checker_agrees() {
    let mut night = followed(3);
    let other = Scene::night();
    (night.now, night.observation.closer) = (other.now, other.observation.closer);
    night.observation.alarms = other.observation.alarms;
    night.observation.spikes = other.observation.spikes;
    night.has(10);
    let decision = night.decide();
    assert_eq!(decision.reason.code(), "sizing_step", "{}", decision.reason);
    assert_eq!(invariants::check(&night.inputs(), &decision), []);
    let mut unasked = decision.clone();
    unasked.bids.retain(|bid| bid.source != Source::Sizing);
    let broken = invariants::check(&night.inputs(), &unasked);
    assert!(broken.iter().any(|violation| violation.number == 3), "{broken:?}");
}

#[test]
fn while_sizing_leads_the_night_and_the_forecast_leave_it_the_lead() {
    let until = |scene: &Scene, left| Some(scene.now + mins(left));
    for (left, code) in [(5, "sizing_lowers"), (0, "night_step")] {
        let mut night = Scene::night();
        night.policy.sizing.mode = SizingMode::On;
        let until = until(&night, left);
        let (source, reason) = (Source::Sizing, "a rule".to_owned());
        night.memory.bids.push(Bid { source, floor: 3, until, reason });
        assert_eq!(night.code(), code, "{left} minutes of the lease are left");
    }
    for (left, floor) in [(5, 6), (0, 9)] {
        let mut morning = Scene::morning();
        morning.now = crate::scene::at("2026-11-23T07:58:00+09:00");
        morning.policy.sizing.mode = SizingMode::On;
        let day = crate::scene::at("2026-11-23T08:00:00+09:00");
        morning.memory.forecast = Some(crate::memory::Forecast { day, need: 9 });
        let until = until(&morning, left);
        let (source, reason) = (Source::Sizing, "a rule".to_owned());
        morning.memory.bids.push(Bid { source, floor: 3, until, reason });
        assert_eq!(morning.decide().action, Action::Raise { min: floor }, "{left}");
    }
}
