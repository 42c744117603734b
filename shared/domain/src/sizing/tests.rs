//! Sizing as its users see it: what it learns, and the laws of its state.

use super::*;
use crate::arbiter::Limits;
use jiff::{SignedDuration, Timestamp};

/// 2020-01-06T00:00:00Z, a Monday.
const MONDAY: i64 = 26_304_480;
const RAILS: Rails = Rails { step_percent: 20, bake_mins: 10 };

fn terms(capacity: f64) -> Terms {
    let limits = Limits { min: 2, ceiling: 500 };
    Terms::new(capacity, SignedDuration::from_secs(180), limits, RAILS).unwrap()
}

/// A load of so many instances of 100 that goes up and down by half over the day.
fn day(minute: i64) -> f64 {
    let from_noon = (minute.rem_euclid(1440) - 720).abs() as f64 / 720.0;
    1_000.0 * (1.5 - from_noon)
}

/// Charged with `load` from Monday on.
fn learned(minutes: i64, load: impl Fn(i64) -> f64) -> Sizing {
    let mut sizing = Sizing::default();
    for minute in MONDAY..MONDAY + minutes {
        sizing.charge(minute, Some(load(minute)), None, &terms(100.0));
    }
    sizing
}

fn points(minutes: impl Iterator<Item = i64>, load: impl Fn(i64) -> f64) -> Vec<Point> {
    let at = |minute| Timestamp::from_second(minute * 60).unwrap();
    minutes.map(|minute| Point { at: at(minute), value: load(minute) }).collect()
}

#[test]
fn until_two_days_are_charged_the_headroom_is_wide() {
    let mut sizing = learned(2_879, |_| 1_000.0);
    let advice = sizing.advise(16, false, &terms(100.0));
    assert_eq!((advice.size, advice.rule), (16, Rule::FIRST));
    assert_eq!(advice.ground, Ground::Learning { charged: 2_879 });
    sizing.charge(MONDAY + 2_879, Some(1_000.0), None, &terms(100.0));
    let advice = sizing.advise(16, false, &terms(100.0));
    assert!(sizing.has_learned() && advice.size == 11, "{advice}");
}

#[test]
fn a_capacity_that_is_not_confirmed_keeps_the_first_rule() {
    let sizing = learned(4 * 1440, |_| 1_000.0);
    let guessed = terms(100.0).confirmed(false);
    let advice = sizing.advise(16, false, &guessed);
    assert_eq!((advice.size, advice.rule), (16, Rule::FIRST));
    assert_eq!(advice.ground, Ground::Unconfirmed);
    let advice = sizing.advise(16, false, &guessed.confirmed(true));
    assert!(advice.size == 11 && advice.rule != Rule::FIRST, "{advice}");
}

#[test]
fn the_fleet_as_it_stood_is_measured_like_a_rule() {
    let charged = |known: std::ops::Range<i64>, units: f64| {
        let mut sizing = Sizing::default();
        for n in 0..4 * 1440 {
            let stood = known.contains(&n).then_some(units);
            sizing.charge(MONDAY + n, Some(1_000.0), stood, &terms(100.0));
        }
        let advice = sizing.advise(11, false, &terms(100.0));
        let Ground::Record { chosen, stood, .. } = advice.ground else { panic!("{advice}") };
        stood.map(|stood| (stood.hours / chosen.hours, stood.unserved_percent))
    };
    let near = |got: Option<(f32, f32)>, want: (f32, f32)| {
        got.is_some_and(|got| (got.0 - want.0).abs() < 0.02 && (got.1 - want.1).abs() < 0.01)
    };
    let all = 0..4 * 1440;
    for (name, known, units, want) in [
        ("twice what is needed", all.clone(), 22.0, Some((2.0, 0.0))),
        ("a tenth too little", all.clone(), 9.0, Some((9.0 / 11.0, 10.0))),
        ("known of the last two days", 2880..4 * 1440, 22.0, Some((2.0, 0.0))),
        ("known of the first day", 0..1440, 22.0, None),
        ("never known", 0..0, 22.0, None),
        ("no capacity", all.clone(), -1.0, None),
        ("no number", all, f64::NAN, None),
    ] {
        let got = charged(known, units);
        assert!(want.map_or(got.is_none(), |want| near(got, want)), "{name}: {got:?}");
    }
}

#[test]
fn a_count_is_taken_for_the_quarter_of_an_hour_before_it() {
    let mut sizing = Sizing::default();
    let (loads, now) = (points(MONDAY..=MONDAY + 59, day), MONDAY + 61);
    let fleet = points(now..=now, |_| 7.0);
    sizing.catch_up(&loads, &fleet, MONDAY + 59, &terms(100.0));
    // From 46 to 59, seen at 61; forgotten once by a hair at the end of the hour.
    let stood = sizing.shadows.stood;
    assert!((stood.minutes - 14.0).abs() < 0.1, "{stood:?}");
    assert!((stood.billed / stood.minutes - 7.0).abs() < 1e-4, "{stood:?}");
}

#[test]
fn a_level_load_needs_the_least_headroom() {
    let advice = learned(4 * 1440, |_| 1_000.0).advise(11, false, &terms(100.0));
    assert!(advice.rule.headroom < 1.1, "{advice}");
    let Ground::Record { days, chosen, .. } = advice.ground else { panic!("{advice}") };
    assert!(days == 4.0 && chosen.unserved_percent < 0.2, "{advice}");
    // Eleven instances over what a window of four days, forgotten bit by bit, has kept: 63 %.
    assert!((chosen.hours - 11.0 * 96.0 * 0.632).abs() < 10.0, "{advice}");
}

#[test]
fn a_jump_at_the_same_time_of_every_day_is_known_after_some_days() {
    let jumps = |minute: i64| if minute.rem_euclid(1440) < 480 { 500.0 } else { 1_500.0 };
    let advice = learned(10 * 1440 + 470, jumps).advise(6, false, &terms(100.0));
    assert!(matches!(advice.rule.forecast, Forecast::Day | Forecast::Week), "{advice}");
    assert!(advice.size > 6, "ten minutes ahead it rises: {advice}");
}

#[test]
fn noise_is_held_above() {
    let noise = |minute: i64| 500.0 + (minute * 7919 % 1009) as f64;
    let advice = learned(4 * 1440, noise).advise(16, false, &terms(100.0));
    assert!((15..=20).contains(&advice.size), "most of what comes is below 1509: {advice}");
}

#[test]
fn a_dearer_price_gives_more_headroom_without_learning_anew() {
    let mut sizing = learned(6 * 1440, |m| day(m) + (m * 7919 % 301) as f64);
    let sizes = Dial::ALL.map(|dial| {
        let terms = terms(100.0).with_dial(dial);
        sizing.shadows.choose(&terms);
        sizing.advise(10, false, &terms).size
    });
    assert!(sizes.is_sorted() && sizes[0] < sizes[2], "{sizes:?}");
}

#[test]
fn the_guard_speaks_when_demand_is_above_everything_asked_for() {
    let mut sizing = learned(4 * 1440, |_| 1_000.0);
    let charge = |sizing: &mut Sizing, n: i64, load: f64| {
        sizing.charge(MONDAY + 4 * 1440 + n, Some(load), None, &terms(100.0));
    };
    charge(&mut sizing, 0, 2_000.0);
    let early = sizing.advise(20, false, &terms(100.0));
    assert!(early.burst, "it doubled: {early}");
    sizing.shadows.early = false;
    let asked_enough = sizing.advise(20, false, &terms(100.0));
    assert!(!asked_enough.burst, "{asked_enough}");
    let surprised = sizing.advise(11, false, &terms(100.0));
    assert_eq!((surprised.size, surprised.burst), (73, true), "five crowds of 10, and a quarter");
    charge(&mut sizing, 1, 2_100.0);
    let goes_on = sizing.advise(22, true, &terms(100.0));
    assert_eq!((goes_on.size, goes_on.burst), (30, true), "10 + (11 + 5) x 1.25");
    let arrived = sizing.advise(70, true, &terms(100.0));
    assert!(!arrived.burst, "enough is on its way: {arrived}");
}

#[test]
fn the_reserve_comes_on_top() {
    let sizing = learned(4 * 1440, |_| 1_000.0);
    let plain = sizing.advise(11, false, &terms(100.0));
    let reserved = sizing.advise(11, false, &terms(100.0).with_az_reserve(3));
    assert_eq!((plain.reserve, reserved.reserve), (0, plain.size.div_ceil(2)));
    assert_eq!(reserved.size, plain.size + reserved.reserve);
}

#[test]
fn a_missing_minute_changes_no_expectation_and_is_charged_to_nobody() {
    let before = learned(4 * 1440, |_| 1_000.0);
    for (name, load) in [("missing", None), ("NaN", Some(f64::NAN)), ("negative", Some(-1.0))] {
        let mut after = before.clone();
        (0..30).for_each(|n| after.charge(MONDAY + 4 * 1440 + n, load, None, &terms(100.0)));
        assert_eq!(after.charged(), before.charged(), "{name}");
        let sizes = [&before, &after].map(|s| s.advise(5, false, &terms(100.0)).size);
        assert_eq!(sizes[0], sizes[1], "{name}");
        let sizes = [&before, &after].map(|s| s.advise(25, false, &terms(100.0)).size);
        assert_eq!((sizes[0], sizes[1]), (11, 25), "{name}: nothing goes that is there");
    }
}

#[test]
fn what_is_older_than_minute_data_lives_is_not_caught_up() {
    let mut sizing = learned(3 * 1440, |_| 1_000.0);
    let far = MONDAY + 60 * 1440;
    sizing.catch_up(&points(far - 9..=far, |_| 300.0), &[], far, &terms(100.0));
    assert_eq!((sizing.next_minute(), sizing.charged()), (Some(far + 1), 3 * 1440 + 10));
    let mut empty = Sizing::default();
    empty.catch_up(&[], &[], far, &terms(100.0));
    assert_eq!(empty, Sizing::default(), "nothing to begin with");
}

#[test]
fn another_capacity_voids_what_was_charged_but_not_what_is_expected() {
    let mut sizing = learned(8 * 1440, day);
    let minute = MONDAY + 8 * 1440;
    sizing.charge(minute, Some(day(minute)), None, &terms(50.0));
    assert_eq!(sizing.charged(), 1);
    let advice = sizing.advise(10, false, &terms(50.0));
    assert_eq!(advice.rule, Rule::FIRST);
    assert_eq!(advice.size, 17, "500 x 1.6 at 50 each, held for 15 minutes of a falling load");
    let mut always = learned(8 * 1440 + 1, day).outlook.forecasts[0];
    always.iter_mut().for_each(|load| *load *= 2.0);
    for (kept, want) in sizing.outlook.forecasts[0].iter().zip(always) {
        assert!((kept / want - 1.0).abs() < 1e-4, "{kept} {want}");
    }
}

#[test]
fn a_state_is_small_and_comes_back_as_it_was() {
    let limits = Limits { min: 0, ceiling: u32::MAX };
    let hour = SignedDuration::from_secs(3_600);
    let huge = Terms::new(1e-3, hour, limits, RAILS).unwrap();
    let mut big = Sizing::default();
    for minute in MONDAY..MONDAY + 8 * 1440 {
        big.charge(minute, Some((minute * 7919 % 1009) as f64 * 1e6), None, &huge);
    }
    for (name, sizing) in [
        ("nothing", Sizing::default()),
        ("a minute", learned(1, day)),
        ("a week and a bit", learned(10_500, day)),
        ("huge", big),
    ] {
        let bytes = sizing.to_bytes();
        assert!(bytes.len() < 24_000, "{name}: {} bytes", bytes.len());
        assert!(Sizing::from_bytes(&bytes).unwrap() == sizing, "{name}");
    }
}

#[test]
fn what_is_no_state_is_refused() {
    let good = learned(200, day).to_bytes();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let longer: Vec<u8> = good.iter().copied().chain([0]).collect();
    for (name, bytes, want) in [
        ("nothing", vec![], StateFault::Damaged),
        ("something else", with(0, b'X'), StateFault::Damaged),
        ("a newer version", with(3, 2), StateFault::Version(2)),
        ("a capacity below zero", with(11, 0xc0), StateFault::Damaged),
        ("a minute in no calendar", with(18, 0x70), StateFault::Damaged),
        ("a rule that is none", with(33, 0xff), StateFault::Damaged),
        ("a load that is no number", with(39, 0xff), StateFault::Damaged),
        ("a byte more", longer, StateFault::Damaged),
    ] {
        assert_eq!(Sizing::from_bytes(&bytes).map(|_| ()), Err(want), "{name}");
    }
    for cut in 0..good.len() {
        assert!(Sizing::from_bytes(&good[..cut]).is_err(), "cut at {cut}");
    }
}

/// Numbers that look like chance and are the same in every run (xorshift64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 >> 1).unwrap() % n
    }
}

/// However minutes are delivered: one by one, in portions that overlap, out of order, twice, with
/// a restart after each.
#[test]
fn portions_do_not_matter() {
    for seed in 1..=24 {
        let mut chance = Chance(seed);
        let last = MONDAY + chance.below(200);
        let loads: BTreeMap<i64, f64> = (MONDAY..=last)
            .map(|minute| (minute, chance.below(5_500) as f64))
            .filter(|(_, load)| *load < 5_000.0)
            .collect();
        let mut plain = Sizing::default();
        let first = loads.keys().next().copied();
        for minute in first.into_iter().flat_map(|first| first..=last) {
            let known = (minute..=(minute + 15).min(last)).find(|m| m % 40 > 3);
            let stood = known.map(|m| (m % 7) as f64);
            plain.charge(minute, loads.get(&minute).copied(), stood, &terms(100.0));
        }
        let fleet = points((MONDAY..=last).filter(|m| m % 40 > 3), |m| (m % 7) as f64);
        let (mut portioned, mut until) = (Sizing::default(), MONDAY - 1);
        while until < last {
            let from = until - chance.below(30);
            until = last.min(until + 1 + chance.below(40));
            let seen = (from..=until).filter(|minute| loads.contains_key(minute));
            let mut seen = points(seen, |minute| loads[&minute]);
            seen.reverse();
            portioned.catch_up(&seen, &fleet, until, &terms(100.0));
            portioned = Sizing::from_bytes(&portioned.to_bytes()).unwrap();
        }
        assert!(portioned == plain, "seed {seed}");
        assert_eq!(plain.next_minute(), first.map(|_| last + 1), "seed {seed}");
    }
}

/// Bytes that are no state do no harm.
#[test]
fn any_bytes_are_read_or_refused() {
    let good = learned(150, day).to_bytes();
    let mut chance = Chance(7);
    let mut read = 0;
    for _ in 0..300 {
        let mut bytes = good.clone();
        let at = usize::try_from(chance.below(i64::try_from(good.len()).unwrap())).unwrap();
        bytes[at] = u8::try_from(chance.below(256)).unwrap();
        let Ok(mut sizing) = Sizing::from_bytes(&bytes) else { continue };
        read += 1;
        let next = sizing.next_minute().unwrap_or(0);
        sizing.charge(next, Some(1_000.0), None, &terms(100.0));
        let advice = sizing.advise(3, true, &terms(100.0));
        assert!((2..=500).contains(&advice.size), "byte {at}: {advice}");
    }
    assert!(read > 100, "most single bytes make another state: {read}");
}
