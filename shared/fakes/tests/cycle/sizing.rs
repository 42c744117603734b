//! Sizing in the cycle: asked on every tick, kept every quarter of an hour, followed where the
//! policy says so; and what becomes of it when a call fails.

use crate::stage::{Stage, fleet, load, mins};
use jiff::Timestamp;
use tidegate_domain::bid::Source;
use tidegate_domain::group::ScalingPolicy;
use tidegate_domain::ledger::{ActionRecord, LedgerEntry};
use tidegate_domain::metrics::Window;
use tidegate_domain::policy::SizingMode;
use tidegate_domain::signal::Signal;
use tidegate_domain::sizing::Sizing;
use tidegate_fakes::{At, Call, Fault};

const NIGHT: &str = "2026-11-20T23:30:00+09:00";

/// A fleet of this size by night, with a load of 1000 (of which an instance serves 100) for
/// five days, whose policy follows sizing.
fn followed(size: u32) -> Stage {
    let mut stage = Stage::at(NIGHT, size, size);
    stage.policy.sizing.mode = SizingMode::On;
    stage.policy.sizing.capacity_confirmed = true;
    stage.policy.spikes.clear();
    let healthy = "AWS/ApplicationELB HealthyHostCount Minimum".parse().unwrap();
    stage.aws.put_level(&healthy, five_days(stage.now()), 10.0);
    stage.aws.put_level(&load(), five_days(stage.now()), 1_000.0);
    stage
}

fn five_days(now: Timestamp) -> Window {
    Window { from: now - mins(5 * 1440), until: now + mins(600) }
}

fn state(stage: &Stage) -> Sizing {
    Sizing::from_bytes(&stage.aws.sizing_of(&fleet()).unwrap().1).unwrap()
}

fn size(entry: &LedgerEntry) -> u32 {
    entry.sizing.as_ref().unwrap().size
}

#[test]
fn advice_is_told_and_changes_nothing() {
    let mut stage = followed(20);
    stage.policy.sizing.mode = SizingMode::Advise;
    let entry = stage.tick();
    let advice = entry.sizing.clone().unwrap();
    assert_eq!((advice.size, advice.acts), (11, false), "{}", advice.text);
    assert!(advice.text.contains("instance-hours"), "{}", advice.text);
    assert_eq!(entry.reason.code(), "night_function_lowers");
    assert!(entry.bids.iter().all(|bid| bid.source == Source::Schedule), "{:?}", entry.bids);
    assert_eq!(stage.sizes(), (20, 20));
}

#[test]
fn a_fleet_is_taken_to_what_it_needs_at_any_hour() {
    let stage = followed(20);
    let entry = stage.tick();
    assert_eq!(entry.reason.code(), "sizing_step", "{}", entry.text);
    assert_eq!(stage.sizes(), (16, 16), "a fifth at a time");
    let mut later: Vec<u32> = (0..40)
        .map(|_| {
            stage.minutes(1);
            stage.tick();
            stage.sizes().1
        })
        .collect();
    later.dedup();
    assert_eq!(later, [16, 13, 11]);
    let small = followed(6);
    let entry = small.tick();
    assert_eq!(entry.reason.code(), "sizing_floor", "{}", entry.text);
    assert_eq!(small.sizes(), (11, 11));
}

#[test]
fn nobody_follows_where_a_policy_of_the_group_scales_in() {
    let stage = followed(20);
    let policy = ScalingPolicy { name: "tracking".into(), can_scale_in: true };
    stage.aws.attach_policy(&fleet(), policy);
    let entry = stage.tick();
    assert!(!entry.sizing.unwrap().acts);
    assert_eq!(stage.sizes(), (20, 20));
}

#[test]
fn a_spike_is_met_by_the_guard_and_kept() {
    let stage = followed(11);
    stage.tick();
    let crowd = Window { from: stage.now(), until: stage.now() + mins(10) };
    stage.aws.put_level(&load(), crowd, 2_000.0);
    stage.minutes(2);
    let entry = stage.tick();
    assert_eq!(entry.reason.code(), "burst_floor", "{}", entry.text);
    assert!(entry.bids.iter().any(|bid| bid.source == Source::Burst));
    let met = stage.sizes().1;
    assert!(met > 20, "{met}");
    stage.minutes(8);
    let entry = stage.tick();
    assert_eq!(entry.reason.code(), "live_spike", "{}", entry.text);
    stage.minutes(30);
    stage.tick();
    assert!(stage.sizes().1 < met, "the burst is over");
}

#[test]
fn the_state_is_kept_every_quarter_and_read_by_every_tick() {
    let stage = followed(11);
    stage.tick();
    let (first, charged) = (stage.aws.sizing_of(&fleet()).unwrap(), state(&stage).charged());
    let history = 5 * 1440 - 1 + 2 * 240;
    assert_eq!((first.0, charged), (1, history), "five days, and hours of past weeks");
    for _ in 0..30 {
        stage.minutes(1);
        stage.tick();
    }
    assert_eq!(stage.count(Call::Sizing), 31);
    assert_eq!(stage.aws.sizing_of(&fleet()).unwrap().0, 3, "two quarters ended");
    stage.minutes(14);
    stage.tick();
    assert_eq!(state(&stage).charged(), charged + 44, "each minute once");
}

#[test]
fn a_metric_that_comes_late_is_waited_for() {
    let stage = followed(11);
    stage.tick();
    let missing = |state: &Sizing| state.next_minute().unwrap() - i64::from(state.charged());
    let before = missing(&state(&stage));
    stage.aws.set_delay(mins(3));
    for _ in 0..31 {
        stage.minutes(1);
        stage.tick();
    }
    assert_eq!(missing(&state(&stage)), before, "none was given up");
}

#[test]
fn without_the_metric_the_lease_stands_and_nothing_goes() {
    let stage = followed(20);
    stage.tick();
    stage.aws.inject(At::call(Call::Read).times(1_000), Fault::Throttled);
    for _ in 0..40 {
        stage.minutes(1);
        let entry = stage.tick();
        assert!(matches!(entry.action, ActionRecord::Hold), "{}", entry.text);
        assert!(entry.notes.iter().any(|note| note.contains("sizing does not advise")));
    }
    assert_eq!(stage.sizes(), (16, 16));
}

#[test]
fn a_state_that_cannot_be_kept_costs_nothing_but_work() {
    let stage = followed(20);
    stage.aws.inject(At::call(Call::PutSizing).times(9), Fault::Unavailable);
    let entry = stage.tick();
    assert_eq!((size(&entry), stage.sizes()), (11, (16, 16)));
    assert!(entry.notes.iter().any(|note| note.contains("is not kept")), "{:?}", entry.notes);
}

#[test]
fn a_damaged_state_is_learned_anew_and_a_newer_one_is_left_alone() {
    let stage = followed(20);
    stage.aws.garble_sizing(&fleet(), b"nonsense");
    let entry = stage.tick();
    assert_eq!(size(&entry), 11);
    assert!(entry.notes.iter().any(|note| note.contains("learns anew")), "{:?}", entry.notes);
    assert_eq!(stage.aws.sizing_of(&fleet()).unwrap().0, 2);
    let mut newer = stage.aws.sizing_of(&fleet()).unwrap().1;
    newer[3] = 200;
    stage.aws.garble_sizing(&fleet(), &newer);
    stage.minutes(20);
    let entry = stage.tick();
    assert!(entry.sizing.is_none() && entry.notes.iter().any(|n| n.contains("version 200")));
    assert_eq!(stage.aws.sizing_of(&fleet()).unwrap().1, newer);
}

#[test]
fn a_dry_run_advises_and_keeps_nothing() {
    let mut stage = followed(20);
    stage.dry_run = true;
    assert_eq!(size(&stage.tick()), 11);
    assert!(stage.aws.sizing_of(&fleet()).is_none());
    assert_eq!(stage.sizes(), (20, 20));
}

#[test]
fn only_a_tick_asks() {
    let stage = followed(20);
    for signal in [Signal::Day, stage.night_signal(), stage.alarm_signal(60.0)] {
        assert!(stage.wake(signal).unwrap().sizing.is_none());
    }
    let mut off = followed(20);
    off.policy.sizing.mode = SizingMode::Off;
    assert!(off.tick().sizing.is_none());
    assert_eq!((stage.count(Call::Sizing), off.count(Call::Sizing)), (0, 0));
}

#[test]
fn another_rule_is_told_once() {
    let stage = followed(11);
    stage.tick();
    let told = stage.aws.ledger_of(&fleet()).len();
    for _ in 0..5 {
        stage.minutes(1);
        stage.tick();
    }
    assert_eq!(stage.aws.ledger_of(&fleet()).len(), told, "the same rule, the same reason");
}
