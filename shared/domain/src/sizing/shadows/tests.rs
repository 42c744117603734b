//! Shadows minute by minute, and held against a plain version of the same controller.

use super::super::guard::BURST_MINS;
use super::super::rule::{HEADROOM, RULES, Rule};
use super::super::terms::Rails;
use super::*;
use crate::arbiter::Limits;
use jiff::SignedDuration;

const RAILS: Rails = Rails { step_percent: 20, bake_mins: 10 };

fn terms(boot_secs: i64) -> Terms {
    limited(boot_secs, RAILS, Limits { min: 1, ceiling: 1_000 })
}

fn limited(boot_secs: i64, rails: Rails, limits: Limits) -> Terms {
    Terms::new(1.0, SignedDuration::from_secs(boot_secs), limits, rails).unwrap()
}

/// Minutes of a constant forecast, without a burst.
fn expecting(units: f32) -> Demand {
    let held = [[units; HOLDS]; FORECASTS];
    Demand { newest: units, held, burst: None, steep: false, blind: false }
}

/// Everybody has asked for so many, and no burst goes on.
fn standing(size: f32) -> Shadows {
    let mut shadows = Shadows::new();
    let rows = shadows.rows.iter_mut().chain([&mut shadows.guards]);
    rows.for_each(|row| row.size = [size; HEADROOMS]);
    shadows
}

/// The size of the first rule, of headroom 1.02.
fn first(shadows: &Shadows) -> f32 {
    shadows.rows[0].size[0]
}

/// What serves the first rule's next minute: all of that it is charged for above it.
fn serving(shadows: &Shadows, terms: &Terms) -> f32 {
    let mut row = shadows.rows[0].clone();
    let before = row.unserved[0];
    row.charge(100.0, on_their_way(terms));
    100.0 - (row.unserved[0] - before)
}

#[test]
fn capacity_serves_a_delay_after_the_minute_that_asked_for_it() {
    for (boot_secs, delays) in [(60, 3..=3), (180, 5..=5), (600, 12..=14), (3_600, 62..=71)] {
        let (terms, mut shadows) = (terms(boot_secs), Shadows::new());
        (0..200).for_each(|minute| shadows.decide(minute, &expecting(10.0), &terms));
        assert_eq!(serving(&shadows, &terms), 11.0);
        // The first minute that asks for more is 200; it serves the minute 200 + delay.
        let served = (200..).find(|minute| {
            let more = serving(&shadows, &terms) > 11.0;
            shadows.decide(*minute, &expecting(20.0), &terms);
            more
        });
        let delay = served.unwrap() - 200;
        assert!(delays.contains(&delay), "boot {boot_secs}: {delay}");
    }
}

#[test]
fn a_shadow_goes_down_in_the_gates_steps() {
    let (terms, mut shadows) = (terms(180), standing(20.0));
    let decide = |shadows: &mut Shadows, blind: bool| {
        shadows.decide(1, &Demand { blind, ..expecting(4.0) }, &terms);
        first(shadows)
    };
    let sizes: Vec<f32> = (0..30).map(|_| decide(&mut shadows, false)).collect();
    assert_eq!(sizes, [[16.0; 10], [13.0; 10], [11.0; 10]].concat());
    assert_eq!(decide(&mut shadows, false), 9.0);
    (0..60).for_each(|_| _ = decide(&mut shadows, true));
    assert_eq!(first(&shadows), 9.0, "nothing goes while the metric is lost");
}

#[test]
fn a_burst_keeps_what_it_asked_for() {
    let (terms, mut shadows) = (terms(180), standing(10.0));
    let burst = |newest, units| Demand { newest, burst: Some(units), ..expecting(9.0) };
    shadows.decide(1, &burst(12.0, 30.0), &terms);
    assert_eq!((first(&shadows), shadows.rows[0].burst[0]), (30.0, f32::from(BURST_MINS)));
    let kept = (0..).find(|_| {
        shadows.decide(2, &burst(12.0, 20.0), &terms);
        first(&shadows) < 30.0
    });
    assert_eq!((kept, first(&shadows)), (Some(usize::from(BURST_MINS) - 1), 24.0));
}

#[test]
fn the_guard_speaks_of_demand_above_of_bursts_that_go_on_and_of_steep_rises() {
    for (name, newest, guard, steep, early, want) in [
        ("quiet", 9.0, 0.0, false, true, 10.0),
        ("as much as was asked for", 10.0, 20.0, false, true, 10.0),
        ("above", 10.1, 20.0, false, false, 20.0),
        ("a steep rise", 9.5, 20.0, true, true, 20.0),
        ("a steep rise to what is there", 9.5, 10.0, true, true, 10.0),
        ("a guard that waits", 9.5, 20.0, true, false, 10.0),
    ] {
        let mut shadows = Shadows { early, ..standing(10.0) };
        let demand = Demand { newest, burst: Some(guard), steep, ..expecting(9.0) };
        shadows.decide(1, &demand, &terms(180));
        assert_eq!(first(&shadows), want, "{name}");
        let guards = if steep { [10.0, guard] } else { [want, want] };
        assert_eq!(shadows.guards.size[..2], guards, "{name}");
    }
}

#[test]
fn what_is_not_served_is_charged_and_forgotten_over_days() {
    let (terms, mut shadows) = (terms(60), Shadows::new());
    (0..20).for_each(|minute| shadows.decide(minute, &expecting(10.0), &terms));
    shadows.charge(14.0, &terms);
    // The first rule asks for 10 x 1.02.
    assert_eq!((shadows.get(0).unserved, shadows.load), (3.0, 14.0));
    let day = 1440 / CHOICE_MINS;
    (0..4 * day).for_each(|_| shadows.choose(&terms));
    assert!((shadows.load / 14.0 - 0.368).abs() < 0.001, "{}", shadows.load);
}

#[test]
fn the_cheapest_rule_holds_and_a_tie_changes_nothing() {
    let mut shadows = Shadows { current: 7, ..Shadows::new() };
    shadows.choose(&terms(60));
    assert_eq!(shadows.current, 7);
    shadows.rows.iter_mut().for_each(|row| row.billed = [100.0; HEADROOMS]);
    let row = &mut shadows.rows[18];
    (row.billed[12], row.launches[12]) = (60.0, 1.0);
    (row.billed[13], row.unserved[13]) = (50.0, 0.1);
    shadows.choose(&terms(60).with_dial(super::super::Dial::Thrifty));
    assert_eq!(shadows.current, 300, "62 against 65");
    assert_eq!(shadows.next, 301);
}

#[test]
fn the_guard_waits_when_speaking_early_costs_more() {
    for (waiting, early, want) in
        [(100.0, 100.0, true), (100.0, 100.4, true), (100.0, 100.6, false)]
    {
        let mut shadows = Shadows::new();
        (shadows.guards.billed[0], shadows.guards.billed[EARLY]) = (waiting, early);
        shadows.choose(&terms(60));
        assert_eq!(shadows.early, want, "{early}");
    }
}

/// One controller, written for a reader.
#[derive(Clone, Default)]
struct Plain {
    size: u16,
    bake: u8,
    burst: u8,
    sums: Record,
    /// The size after every minute.
    sizes: Vec<u16>,
}

impl Plain {
    fn charge(&mut self, load: f32, terms: &Terms) {
        let (lag, delay) = (terms.lag_mins() as usize, terms.delay_mins() as usize);
        let ago = |n: usize| self.sizes.len().checked_sub(n).map_or(0, |at| self.sizes[at]);
        let serving = (lag..=delay).map(ago).min().unwrap();
        self.sums.unserved += (load - f32::from(serving)).max(0.0);
    }

    fn decide(&mut self, demand: &Demand, (units, headroom): (f32, f32), terms: &Terms) {
        let guard = demand.burst.map_or(0, |units| terms.size(units));
        let (before, mut asked) = (self.size, terms.size(units * headroom));
        self.bake = self.bake.saturating_sub(1);
        self.burst = self.burst.saturating_sub(1);
        let goes_on = self.burst > 0 || demand.steep;
        if demand.newest > f32::from(self.size) || (goes_on && guard > self.size) {
            self.burst = BURST_MINS;
        }
        if self.burst > 0 {
            asked = asked.max(guard).max(self.size);
        }
        if asked >= self.size {
            self.size = asked;
        } else if self.bake == 0 && !demand.blind {
            let rails = terms.rails();
            let step = (u32::from(self.size) * rails.step_percent / 100).max(1);
            let least = u32::from(self.size).saturating_sub(step);
            self.size = asked.max(u16::try_from(least).unwrap());
            self.bake = rails.bake_mins;
        }
        self.sums.billed += f32::from(self.size);
        self.sums.launches += f32::from(self.size.saturating_sub(before));
        self.sizes.push(self.size);
    }
}

/// Lanes do what sixteen controllers would do, to the last bit of every sum.
#[test]
fn lanes_are_plain_controllers_side_by_side() {
    let mut chance: u64 = 11;
    let mut below = |n: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        chance % n
    };
    let cases = [
        (Limits { min: 0, ceiling: 40 }, RAILS, 1.0),
        (Limits { min: 2, ceiling: u32::MAX }, Rails { step_percent: 7, bake_mins: 3 }, 500.0),
        (Limits { min: 9, ceiling: 9 }, Rails { step_percent: 100, bake_mins: 1 }, 0.2),
        (Limits { min: 1, ceiling: 65_000 }, Rails { step_percent: 900, bake_mins: 0 }, 9.0),
    ];
    for (limits, rails, scale) in cases {
        let terms = limited(180, rails, limits);
        let mut plain = vec![Plain::default(); RULES];
        let mut shadows = Shadows::new();
        for minute in 0..700 {
            let mut units = |most: u64| below(most) as f32 / 64.0 * scale;
            let load = units(3_000);
            shadows.charge(load, &terms);
            plain.iter_mut().for_each(|plain| plain.charge(load, &terms));
            let held = [(); FORECASTS].map(|()| [(); HOLDS].map(|()| units(3_000)));
            let (newest, burst) = (units(3_000), Some(units(9_000)));
            let burst = burst.filter(|_| below(3) == 0);
            let (steep, blind) = (below(40) == 0, below(9) == 0);
            let demand = Demand { newest, held, burst, steep, blind };
            shadows.decide(minute, &demand, &terms);
            for (n, plain) in plain.iter_mut().enumerate() {
                let units = held[n / HEADROOMS / HOLDS][n / HEADROOMS % HOLDS];
                plain.decide(&demand, (units, HEADROOM[n % HEADROOMS]), &terms);
            }
        }
        assert_eq!(Rule::all().count(), plain.len());
        for (n, plain) in plain.iter().enumerate() {
            let (row, lane) = (&shadows.rows[n / HEADROOMS], n % HEADROOMS);
            assert_eq!(row.size[lane], f32::from(plain.size), "{limits:?} {n}");
            assert_eq!(row.record(lane), plain.sums, "{limits:?} {n}");
        }
    }
}
